/* SPDX-License-Identifier: MIT */
/* A response on its way out: status, header fields, cookies, and a body that is
 * bytes in memory, a part of a file, or pulled from a source piece by piece.
 *
 * Owner: reference-counted, because the script, the pipeline and the server may
 * hold it at once; not thread-safe.  It may outlive the request. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/headers.h"

enum response_body { RESPONSE_BYTES, RESPONSE_FILE, RESPONSE_STREAM };

/* Where a streamed body comes from. */
struct response_source {
    /* Adds the next piece to `out`: 1 more may come, 0 that was the end, -1 failed.
     * May wait: it is called in the request's fiber. */
    int (*pull)(void *data, struct buf *out, struct err *err);
    /* Called exactly once, when the body is done with (also after a failure or a
     * client that went away). */
    void (*close)(void *data);
    void *data;
};

struct cookie;     /* http/cookie.h */
struct csp_policy; /* pipeline/csp.h */

struct response {  /* fields are the caller's to read and set, unless marked */
    unsigned refs; /* private */
    int status;
    struct str reason; /* p NULL: the standard phrase */
    struct headers headers;
    struct arena arena; /* lives as long as the response */

    enum response_body kind;     /* private, as is all below: set through functions */
    struct str bytes;            /* RESPONSE_BYTES */
    void (*release)(void *data); /* frees `bytes`, when not in the arena */
    void *release_data;
    int fd; /* RESPONSE_FILE: -1 when closed */
    uint64_t file_offset, file_length;
    struct response_source source;

    struct cookie *cookies; /* newest last; http/cookie.h */

    /* A template response is rendered after the template-response hooks. */
    int (*render)(struct response *r, void *data, struct err *err);
    void *render_data;

    bool ranges;           /* file_response_finish() has still to answer them */
    bool sent;             /* somebody may still be sending these bytes: they stay */
    bool close_connection; /* answer with "Connection: close" */
    bool head_only;        /* length as announced, no body sent (HEAD) */
    bool csrf_exempt, xframe_exempt, cache_hit; /* marks of middlewares */
    const struct csp_policy *csp[2];            /* instead of those of the settings; never freed */
    void *script;                               /* the script's own object for it, or NULL */
};

/* Status 200, no body, no header. One reference, yours. */
struct response *response_new(int status);
void response_ref(struct response *r);
void response_unref(struct response *r); /* NULL is allowed */

/* A body from bytes: copied into the arena / borrowed for ever (literals) / owned:
 * release(data) is called when they are no longer needed. Each drops the body that was. */
void response_set_body(struct response *r, struct str bytes);
void response_set_static_body(struct response *r, struct str bytes);
void response_set_owned_body(struct response *r, struct str bytes, void (*release)(void *),
                             void *data);
/* Takes the descriptor; sends `length` bytes from `offset`. */
void response_set_file(struct response *r, int fd, uint64_t offset, uint64_t length);
void response_set_stream(struct response *r, struct response_source source);
/* Drops the body (closing what it holds) and leaves an empty one. Bytes that are on their
 * way to a client stay where they are until the response goes. */
void response_clear_body(struct response *r);

/* Length of the body when it is known before sending; false for a stream. */
bool response_length(const struct response *r, uint64_t *length);

/* A response with a short body: "text/plain; charset=utf-8" unless content_type says otherwise. */
struct response *response_text(int status, struct str content_type, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "Not Found" for 404; "Unknown Status Code" when there is none. */
const char *http_reason(int status);

#endif
