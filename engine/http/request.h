/* SPDX-License-Identifier: MIT */
/* A request as it came in: read-only for everybody but the server and the fields
 * that say so.  Everything costs nothing until it is asked for: query, form,
 * cookies and files are parsed at the first look.
 *
 * Owner: the server, from the end of the header to the end of the response.  All
 * its memory is in its arena; whoever keeps anything longer copies it. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "http/headers.h"

struct loop;
struct response;
struct query;       /* http/query.h: ordered multi-map of strings */
struct form;        /* http/form.h: fields and files of a body */
struct url_match;   /* http/urls.h */
struct http_limits; /* http/limits.h */

/* Token of the method; METHOD_OTHER has its text in `method_name` only. */
enum http_method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_TRACE,
    METHOD_CONNECT,
    METHOD_OTHER,
};

/* An error on its way from the view outwards; what the pipeline turns into a response. */
enum exception_kind {
    EXCEPTION_NONE,
    EXCEPTION_NOT_FOUND,         /* Http404, Resolver404 */
    EXCEPTION_PERMISSION_DENIED, /* 403 */
    EXCEPTION_BAD_REQUEST,       /* 400 */
    EXCEPTION_SUSPICIOUS,        /* 400, logged to perilune.security.<name> */
    EXCEPTION_TOO_LARGE,         /* 413 */
    EXCEPTION_TIMEOUT,           /* 504: a limit or a deadline ended it */
    EXCEPTION_ERROR,             /* everything else: 500 */
};

struct exception {
    enum exception_kind kind;
    const char *name;      /* class: "Http404", "DisallowedHost", "Error" */
    const char *message;   /* one line, or more */
    const char *where;     /* "shop/views.lua:12" of the author's code, when message does not say */
    const char *traceback; /* or NULL */
    bool from_script;      /* the script holds the error object of this request */
    bool final;            /* process_exception hooks are not asked (a view without a response) */
};

/* Is what comes out a page that caches further out have still to keep? */
enum page_update { PAGE_UPDATE_UNSET, PAGE_UPDATE_NO, PAGE_UPDATE_YES };

struct request {
    /* read-only */
    enum http_method method;
    struct str method_name;
    struct str target;       /* raw, as sent: "/a%20b?x=1" */
    struct str path;         /* decoded once, UTF-8 checked: "/a b" */
    struct str raw_path;     /* the part of target before '?' */
    struct str query_string; /* the part after it, raw */
    struct str version;      /* "HTTP/1.1" */
    struct headers headers;
    struct str remote_addr; /* of the peer, or what a trusted proxy says */
    struct str peer_addr;   /* of the peer itself; "unix:" for a unix socket */
    uint16_t remote_port, server_port;
    struct str server_name;
    bool secure_transport; /* TLS ends here, or a trusted proxy says https */
    struct str body;       /* the whole body when it was kept in memory */
    int64_t started;       /* monotonic ns */

    struct arena *arena;
    struct loop *loop;
    const struct http_limits *limits;

    /* set by the layers that own them */
    const struct url_match *match; /* after the resolver */
    struct str id;                 /* request_id middleware */
    struct exception exception;    /* in flight; kind NONE when there is none */
    struct str host;               /* request_host(): checked; p NULL until asked for */
    struct str csp_nonce;          /* csp_nonce(): n 0 until asked for */
    bool proxied;                  /* the peer is a trusted proxy */
    enum page_update page_update;  /* pipeline/pages.h */
    bool form_consumed;            /* the body went through the form parser and is not in `body` */
    struct query *get;             /* parsed lazily */
    struct form *form;             /* parsed lazily */
    void *script;                  /* the script's object for it */
    void *connection;              /* the server's own */
    void *app;                     /* what the pipeline runs under */
};

/* Records the exception and gives NULL, so that `return request_raise(…)` ends a step. */
struct response *request_raise(struct request *r, enum exception_kind kind, const char *name,
                               const char *fmt, ...) __attribute__((cold, format(printf, 4, 5)));

enum http_method http_method_parse(struct str name);
/* A string that stays; not of METHOD_OTHER. */
struct str http_method_name(enum http_method method);

#endif
