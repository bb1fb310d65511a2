/* SPDX-License-Identifier: MIT */
/* Redis: commands out, replies in. Of hiredis it is the reader; connections are links
 * (net/link.h), which all fibers of the worker share.
 *
 * Owner: the worker. */
#ifndef NET_REDIS_H
#define NET_REDIS_H

#include "net/peer.h"
#include "net/redis_result.h"

struct redis;

struct redis_options {
    struct loop *loop;
    struct str location; /* net/redis_url.h */
    int64_t timeout;     /* ns, of each call */
    unsigned max_connections;
};

/* Connects when it is first used. */
struct redis *redis_open(const struct redis_options *o, struct err *err);
void redis_close(struct redis *r); /* NULL is allowed */
/* "redis at 127.0.0.1:6379" */
const char *redis_name(const struct redis *r);
/* The place and the number of the database: "127.0.0.1:6379/0", for sharding. */
const char *redis_place(const struct redis *r);

struct redis_command { /* of bytes, whatever they are */
    const struct str *args;
    size_t n;
};
void redis_command_add(struct buf *out, const struct str *args, size_t n);

struct redis_call { /* what it points to stays until redis_wait() is over */
    struct redis *redis;
    const struct redis_command *commands;
    size_t n; /* from 1: sent as one, with a reply each */
    struct redis_result *result;
    bool again;            /* as in struct peer_call */
    struct peer_call call; /* redis_post()'s */
};

/* As peer_post() and peer_finish(); errors that Redis replied are among the replies. May
 * wait. */
int redis_post(struct redis_call *c, struct err *err);
int redis_wait(struct redis_call *c, struct err *err);
/* One command. May wait. */
int redis_do(struct redis *r, const struct str *args, size_t n, bool again,
             struct redis_result *result, struct err *err);

/* *err from an error that Redis replied, with what to do about it; gives -1. */
int redis_refused(struct redis *r, struct str text, struct err *err);

#endif
