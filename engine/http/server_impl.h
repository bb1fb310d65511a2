/* SPDX-License-Identifier: MIT */
/* Shared by server.c, exchange.c, guard.c, send.c and deadlines.c only. */
#ifndef HTTP_SERVER_IMPL_H
#define HTTP_SERVER_IMPL_H

#include "base/buf.h"
#include "base/vec.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/response.h"
#include "http/server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

struct fiber;
struct form;

/* What a connection is doing, for its deadline. */
enum stage {
    STAGE_IDLE,     /* kept alive, nothing came yet */
    STAGE_HEADER,   /* in the middle of a header */
    STAGE_BODY,     /* header done, body coming */
    STAGE_HANDLING, /* the fiber runs or waits */
    STAGE_SENDING,  /* the response goes out */
};

struct connection {
    struct http_server *server;
    struct connection *prev, *next; /* of all connections */
    int fd;
    enum stage stage;
    int64_t since;             /* monotonic: begin of the stage */
    int64_t progress;          /* monotonic: last byte seen in it */
    uint64_t bytes;            /* of the body, or acknowledged by the client */
    uint64_t bytes_seen;       /* of the body, at the last sweep */
    unsigned stuck;            /* sweeps with unread bytes and none read */
    struct exchange *exchange; /* of the request in hand */
    struct watch *hangup;      /* while a request waits long */
    struct http_listener *listener;
    unsigned served;
    bool closing; /* shut down by us */
    uint16_t port;
    unsigned char address_length;
    char address[INET6_ADDRSTRLEN];
};

/* One request and its response.  Freed when libmicrohttpd has completed it and its
 * fiber has ended, whichever is last. */
struct exchange {
    struct request request; /* first: &x->request is x */
    struct arena arena;
    struct http_server *server;
    struct connection *connection;
    struct MHD_Connection *mhd; /* NULL once completed */
    struct fiber *fiber;        /* while it lives */
    struct exchange *next_free;

    struct response *response; /* once there is one */
    int refused;               /* status of the guard's answer, 0: none */
    const char *why;           /* of the refusal */

    struct str authority; /* of an absolute target; p NULL: none */
    uint64_t content_length;
    bool has_body, chunked;
    struct buf body;
    uint64_t body_received;
    uint64_t dropped;
    struct form *form; /* multipart only */

    bool suspended; /* in libmicrohttpd */
    bool queued;    /* response handed over */
    bool aborted;

    struct reply reply; /* what libmicrohttpd gets, with this text for its fields */
    struct buf head;

    /* streamed body: filled by the fiber, drained by libmicrohttpd */
    struct buf chunk;
    size_t chunk_sent;
    uint64_t streamed;
    bool streaming; /* the response is one, also when all of it has been made */
    bool stream_ended, stream_failed, producer_waits;
};

struct http_listener {
    struct http_listener *next;
    struct http_server *server;
    struct watch *watch;
    int fd;
    bool is_unix;
    uint16_t port;
    char name[INET6_ADDRSTRLEN];
};

struct http_server {
    struct loop *loop;
    struct log *log;
    struct http_server_options options;
    struct http_handler handler;
    struct MHD_Daemon *daemon;
    struct watch *watch;   /* on the daemon's epoll set */
    struct hook *hook;     /* runs the daemon when it has more to do */
    struct spin *spin;     /* on while run_again */
    struct timer *sweeper; /* deadlines */
    struct http_listener *listeners;
    struct connection *connections;
    struct exchange *free_exchanges;
    unsigned sweeps;
    int64_t swept;      /* time of the last sweep */
    bool replies;       /* reply.h knows the library */
    struct buf head;    /* what all responses begin with */
    time_t head_second; /* when it was made */
    size_t free_count;
    struct http_server_stats stats;
    struct map *per_ip; /* address -> count, when limited */
    bool run_again;     /* the daemon has something ready */
    bool draining, stopping;
    int spare_fd; /* given up to refuse politely when descriptors run out */
    bool accept_paused;
    int64_t accept_warned;
};

/* server.c: libmicrohttpd runs again on the loop's next turn. */
void http_server_nudge(struct http_server *s);

/* exchange.c */
void *exchange_begin(void *server, const char *uri, struct MHD_Connection *c);
enum MHD_Result exchange_handle(void *server, struct MHD_Connection *c, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *size, void **slot);
void exchange_completed(void *server, struct MHD_Connection *c, void **slot,
                        enum MHD_RequestTerminationCode code);
/* The client is gone or a deadline passed: its fiber's waits fail. */
void exchange_abort(struct exchange *x);
void exchange_resume(struct exchange *x);
void exchange_free_pool(struct http_server *s);

/* guard.c: 0, or -1 with x->refused and x->why set */
int guard_target(struct exchange *x, const char *uri);
int guard_header(struct exchange *x, const char *method, const char *version);

/* body.c: takes what arrives; -1 with x->refused set */
int body_begin(struct exchange *x);
int body_feed(struct exchange *x, const char *data, size_t size);
int body_end(struct exchange *x);

/* send.c: hands x->response to libmicrohttpd. */
enum MHD_Result send_response(struct exchange *x);
enum MHD_Result send_refusal(struct exchange *x);
/* Pulls a streamed body until its end; in the fiber. */
void send_produce(struct exchange *x);

/* deadlines.c */
#define SWEEP_SECONDS 0.25
void deadlines_sweep(void *server);
void connection_stage(struct connection *c, enum stage stage);
/* Ends the connection: libmicrohttpd sees the shutdown and cleans up. */
void connection_shut(struct connection *c);

#endif
