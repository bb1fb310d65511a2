/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 on sockets: the only user of libmicrohttpd, which runs in external-epoll
 * mode under the worker's loop.
 *
 * A request reaches the handler when its header has passed the guard (guard.h) and
 * its body has arrived; the handler runs in a fiber of its own and may wait.  The
 * server has its own deadlines against slow clients, since libmicrohttpd's only
 * timer is one of inactivity.
 *
 * Owner: the worker. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/err.h"
#include "base/str.h"
#include "http/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct log;
struct loop;
struct http_server;
struct request;
struct response;

/* How the last request of a connection ended, for logs. */
struct http_outcome {
    int status;
    uint64_t bytes; /* of the body */
    bool aborted;   /* the client went away, or a deadline passed */
    bool refused;   /* the guard answered: no handler ran */
};

struct http_handler {
    /* Gives the response (one reference); never NULL. In the request's fiber; may wait. */
    struct response *(*handle)(void *data, struct request *r);
    /* After the last byte, or when the client is lost; still with the whole request.
     * Must not wait. May be NULL. */
    void (*done)(void *data, struct request *r, const struct http_outcome *o);
    void *data;
};

struct http_server_options {
    struct http_limits limits;
    uint64_t body_max_bytes;  /* of a multipart body with its files */
    double request_deadline;  /* < 0: none */
    struct str server_header; /* n 0: no Server field */
};
struct http_server_options http_server_defaults(void);

struct http_server *http_server_new(struct loop *l, const struct http_server_options *o,
                                    const struct http_handler *h, struct log *log, struct err *err);
/* Accepts from a listening, non-blocking socket (not owned); several are allowed. */
int http_server_listen(struct http_server *s, int fd, struct err *err);
/* Stops accepting; what runs or comes within a second may finish, and is told
 * "Connection: close"; idle connections are closed when that second is over without a
 * request. http_server_busy() is false when all is done. */
void http_server_drain(struct http_server *s);
bool http_server_busy(const struct http_server *s);
/* Ends every connection at once and frees the server; fibers still running are
 * cancelled and waited for by the caller's loop before this is called. */
void http_server_free(struct http_server *s);

struct http_server_stats {
    size_t connections;
    size_t requests; /* running now */
    uint64_t accepted, served, refused, timed_out;
};
struct http_server_stats http_server_stats(const struct http_server *s);

#endif
