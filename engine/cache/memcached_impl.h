/* SPDX-License-Identifier: MIT */
/* Private to the Memcached backend. */
#ifndef CACHE_MEMCACHED_IMPL_H
#define CACHE_MEMCACHED_IMPL_H

#include "cache/backends.h"
#include "cache/memcached_wire.h"
#include "cache/ring.h"
#include "net/peer.h"

enum { MC_KEY_MAX = 250, MC_LINE = MC_KEY_MAX + 100 };

struct memcached_node {
    struct loop *loop;
    struct endpoint at;
    struct peer *peer;
};

struct memcached {
    struct cache cache;
    struct memcached_node *nodes;
    size_t n;
    struct ring *ring; /* NULL: one node */
};

static inline struct memcached *memcached_of(struct cache *c)
{
    return (struct memcached *)c;
}

struct mc_command {
    struct str line; /* without its end */
    struct str data; /* p NULL: none follows */
};

struct mc_call { /* what it points to stays until mc_wait() is over */
    struct memcached_node *node;
    const struct mc_command *commands;
    size_t n;
    struct mc_result *result; /* with room for a value of each command */
    bool again;               /* as in struct peer_call */
    struct peer_call call;    /* mc_post()'s */
};

/* As peer_post() and peer_finish(). */
int mc_post(struct mc_call *c, struct err *err);
int mc_wait(struct mc_call *c, struct err *err);
/* *err from a reply that is an error; gives -1. */
int mc_refused(struct memcached_node *node, const struct mc_result *r, const struct mc_value *v,
               struct err *err);
bool mc_is_error(const struct mc_value *v);
/* Is it that the value is larger than the server's items may be? */
bool mc_too_large(const struct mc_result *r, const struct mc_value *v);

int memcached_node_open(struct memcached_node *node, const struct cache_options *o,
                        const char *location, struct err *err);
void memcached_node_close(struct memcached_node *node);

/* ERR_INVALID for a key that Memcached does not take. */
int memcached_check_key(struct str key, struct err *err);
/* What Memcached wants to hear for a time that is more than 0: "0" for ever, seconds, or past
 * 30 days the time of the end. */
uint32_t memcached_expiry(int64_t ttl);

/* memcached_many.c */
int memcached_get_many(struct cache *c, const struct str *keys, size_t n, struct buf *values,
                       bool *found, struct err *err);
int memcached_set_many(struct cache *c, const struct str *keys, const struct str *values, size_t n,
                       int64_t ttl, bool *failed, struct err *err);
int memcached_remove_many(struct cache *c, const struct str *keys, size_t n, struct err *err);

#endif
