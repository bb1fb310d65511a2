/* SPDX-License-Identifier: MIT */
/* The body of a request that comes from a form, parsed while it arrives:
 * application/x-www-form-urlencoded or multipart/form-data.  However the body is
 * cut into pieces, the result is the same.
 *
 *     struct form *f = form_new(arena, limits, content_type, &err);
 *     while (piece) form_feed(f, piece, &err);
 *     form_end(f, &err);
 *
 * Owner: the arena; its end closes and frees everything, temporary files too. */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "http/header_params.h"
#include "http/limits.h"
#include "http/query.h"

/* A file of a form.  Its content is in memory while all files of the form together
 * are small (file_upload_max_memory_size), else in a temporary file without a name
 * that nobody else can open. */
struct upload {              /* read-only to callers */
    struct str field;        /* name of the form's field */
    struct str name;         /* file name without any path, printable, 1 to 255 bytes */
    struct str content_type; /* as the client says, lower case, or "" */
    struct str charset;      /* parameter of content_type; p NULL: none */
    struct header_params type_params;
    uint64_t size;
    struct buf memory; /* the content, when fd is -1 */
    int fd;
};

struct form { /* read-only to callers */
    struct query fields;
    struct upload **files; /* in order; several may have one field */
    size_t n_files;
    struct form_parser *parser; /* private */
};

/* Whether that Content-Type is one that form_new() parses. */
bool form_content_type(struct str content_type);

/* A form without content; one of another type stays empty whatever it is fed.
 * Fails with ERR_INVALID on a multipart type without a usable boundary. */
struct form *form_new(struct arena *a, const struct http_limits *limits, struct str content_type,
                      struct err *err);

/* Takes the next piece.  Fails with ERR_TOO_LARGE past a limit, ERR_INVALID on what
 * cannot be decoded, ERR_IO when a temporary file fails; it goes on failing then.
 * Writes to disk without yielding. */
int form_feed(struct form *f, struct str piece, struct err *err);
/* The body is complete: only now are the last field and file there.  A file without
 * the boundary behind it is dropped. */
int form_end(struct form *f, struct err *err);

/* Class of the last failure: "TooManyFieldsSent", "TooManyFilesSent",
 * "RequestDataTooBig", "MultiPartParserError" or "OSError". */
const char *form_error_class(const struct form *f);

/* Reads up to n bytes of the content from `offset`; 0 at its end, -1 on failure. */
ptrdiff_t upload_read(const struct upload *u, uint64_t offset, void *to, size_t n, struct err *err);

#endif
