/* SPDX-License-Identifier: MIT */
/* One connection to a server that answers requests in the order in which they came, as
 * those of Redis and Memcached do. Any number of fibers share it: what they ask within one
 * turn of the loop goes out with one write, and the answers find whoever waits for them.
 *
 * Order is everything. A request whose fiber has gone away keeps its place, and its answer
 * is read and dropped; a connection on which an answer is late, or makes no sense, is
 * closed, and everybody who waits on it is told so. There is no way to get another's answer.
 *
 * Owner: the worker. Closing and freeing are two things: a link that broke is closed, fails
 * everything, and stays as a shell until its owner frees it. */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct fiber;
struct link;
struct loop;

/* What a protocol is to a link. */
struct link_codec {
    void *(*open)(struct link *l);
    void (*close)(void *state);
    /* Takes bytes that came, all of them: fills link_result() and calls link_replied() at
     * the end of every reply. -1 with *err: that is not the protocol. */
    int (*feed)(void *state, const char *p, size_t n, struct err *err);
};

struct link_request { /* of the caller's; on its fiber's stack, as a rule */
    struct fiber *fiber;
    struct link *link; /* NULL: it is done */
    void *result;      /* what the codec fills */
    size_t place;      /* among all requests of the link */
    bool answered;     /* some of the reply has come */
    int status;        /* -1: it failed, with why */
    struct err why;
};

/* Takes the connected descriptor over. */
struct link *link_open(struct loop *loop, int fd, const struct link_codec *codec, struct err *err);
/* Ends the connection: requests fail with *why. Again: nothing. */
void link_close(struct link *l, const struct err *why);
void link_free(struct link *l); /* a closed one; NULL is allowed */
bool link_is_open(const struct link *l);

/* Requests under way; bytes that wait to be written. */
size_t link_pending(const struct link *l);
size_t link_backlog(const struct link *l);
/* Monotonic ns at which the oldest request under way was made; INT64_MAX: there is none. */
int64_t link_oldest(const struct link *l);

/* Where the bytes of a request are added; then link_post() at once, with no wait between. */
struct buf *link_out(struct link *l);
/* What was added is a request with so many replies, from 1. The link must be open. */
void link_post(struct link *l, struct link_request *r, uint32_t replies, void *result);
/* Until all replies are there: r->status. -1 with ERR_TIMEOUT or ERR_CANCELLED when the
 * fiber stops waiting: then the request is given up, and the link goes on. May wait. */
int link_wait(struct loop *loop, struct link_request *r, int64_t deadline, struct err *err);
/* Nobody wants the answer any more. */
void link_give_up(struct link_request *r);

/* For codecs: the result of the request that is being answered; NULL: nobody wants it.
 * Asked anew for every part of a reply. */
void *link_result(struct link *l);
/* A reply is whole. -1 with *err: nobody asked. */
int link_replied(struct link *l, struct err *err);

#endif
