/* SPDX-License-Identifier: MIT */
/* Outgoing HTTP requests: over libcurl, driven by the loop, so that only the fiber that
 * asked waits.  Connections are kept and used again.
 *
 * Owner of a client: the worker, one for its loop.  It is cheap while nothing is sent:
 * libcurl is loaded into the process by the first client that is made. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/headers.h"

struct client;
struct loop;

/* NULL with ERR_IO when libcurl is not on this machine. */
struct client *client_new(struct loop *l, struct err *err);
/* No request is under way; the loop may be gone already.  NULL is allowed. */
void client_free(struct client *c);

struct client_request { /* everything is borrowed until client_send() returns */
    struct str method;  /* a token; names of methods have upper case */
    struct str url;     /* absolute, http or https */
    const struct headers *headers;
    struct str body;             /* p NULL: none */
    const char *user, *password; /* Basic authentication; NULL: none */
    const char *proxy;           /* URL; "": none; NULL: as the environment says */
    const char *ca_file;         /* who vouches for servers; NULL: the system's list */
    double timeout;              /* seconds for all of it, redirects included; < 0: none */
    double connect_timeout;      /* seconds for one connection */
    size_t max_bytes;            /* of the body, unpacked */
    unsigned redirects;          /* to follow; 0: a redirect is the answer */
    bool insecure;               /* TLS without a look at the certificate */
    bool public_only;            /* refuse addresses that are not public (client_address.h) */
};

/* Timeouts of 30 and 10 s, 10 MiB, 5 redirects, and a GET of nothing. */
struct client_request client_request_defaults(void);

struct client_response { /* read-only to callers */
    int status;
    struct headers headers; /* of the last answer; content codings are undone already */
    struct buf body;
    struct buf url; /* where the answer came from, without user and password */
    struct arena arena;
};

void client_response_init(struct client_response *rs);
void client_response_release(struct client_response *rs);

/* Sends it, follows redirects and takes the whole answer, whatever its status; *rs is
 * fresh.  An answer 303, or 301 and 302 to a POST, is followed with GET; credentials and
 * cookies do not go to another origin.  -1 with
 *   ERR_INVALID    the URL or a header cannot be sent
 *   ERR_DENIED     `public_only` and the address is not public
 *   ERR_TIMEOUT    `timeout`, `connect_timeout` or the fiber's deadline
 *   ERR_TOO_LARGE  more than `max_bytes`, or than 256 KiB of header
 *   ERR_CANCELLED  the fiber was cancelled
 *   ERR_IO         no connection, a broken one or a nonsensical answer
 * and a reason that names neither method nor URL: client_url_mask() does.  May wait. */
int client_send(struct client *c, const struct client_request *rq, struct client_response *rs,
                struct err *err);

/* Any text that may be a URL as it may stand in a message: a password in it masked,
 * escaped for one line and cut. */
void client_url_mask(struct buf *out, struct str url);

#endif
