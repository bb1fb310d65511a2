/* SPDX-License-Identifier: MIT */
/* A server that is used over and over: its connections, made when they are needed, and what
 * is known of its health.
 *
 * Nobody waits for it longer than `timeout`. When it does not answer in that time, or cannot
 * be reached, whoever comes next is told so at once, until the time for the next try has
 * come; then one caller tries, and the others are still told at once. The pause doubles from
 * failure to failure, up to a second (after a timeout it is at once twice that, so that few
 * callers pay for it), and is drawn at random from its upper half, so that
 * workers do not come back all together.
 *
 * Owner: the worker. */
#ifndef NET_PEER_H
#define NET_PEER_H

#include "net/endpoint.h"
#include "net/link.h"

struct peer;

struct peer_options {
    struct loop *loop;
    const char *kind;          /* "redis", for messages */
    const struct endpoint *at; /* borrowed as long as the peer is there */
    const struct link_codec *codec;
    /* The first words on a new connection, at least one of which is answered. -1: this is
     * as good as no connection; the error does not name the server. May wait. */
    int (*hello)(void *data, struct link *l, int64_t deadline, struct err *err);
    void *data;
    int64_t timeout;    /* ns; of connecting, and of every call */
    unsigned max_links; /* connections at once, from 1 */
};

struct peer *peer_new(const struct peer_options *o);
/* Closes what is open; whoever waits fails. NULL is allowed. May be called after the loop's
 * end. */
void peer_free(struct peer *p);

/* For messages: "redis at 127.0.0.1:6379". */
const char *peer_name(const struct peer *p);

struct peer_call { /* of the caller's, who fills the first part; what it points to stays */
    struct peer *peer;
    void (*write)(void *data, struct buf *out); /* adds the bytes of the request */
    void *data;
    uint32_t replies; /* from 1 */
    void *result;     /* for the codec */
    bool again;       /* doing it twice does no harm: it is tried once more when the connection
                         breaks before anything is answered */
    /* peer_post()'s: */
    struct link_request request;
    int64_t deadline;
};

/* Sends the request; a fiber may have several under way, at one peer or at several. -1:
 * there is nothing to wait for. May wait. */
int peer_post(struct peer_call *c, struct err *err);
/* Until all replies are there; to be called for everything that was posted, even when the
 * caller has lost interest. May wait. */
int peer_finish(struct peer_call *c, struct err *err);
/* Everything that is open is closed: whoever waits fails with *why, which does not name the
 * server. For one that says that it is not the right one any more. */
void peer_hang_up(struct peer *p, const struct err *why);

#endif
