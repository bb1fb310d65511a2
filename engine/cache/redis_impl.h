/* SPDX-License-Identifier: MIT */
/* Private to the Redis backend. */
#ifndef CACHE_REDIS_IMPL_H
#define CACHE_REDIS_IMPL_H

#include "cache/backends.h"
#include "cache/ring.h"
#include "net/redis.h"

struct redis_cache {
    struct cache cache;
    struct redis **nodes;
    size_t n;
    struct ring *ring; /* NULL: nodes[0] is the primary, the others are its replicas */
    size_t turn;       /* the replica that is asked next */
};

static inline struct redis_cache *redis_cache_of(struct cache *c)
{
    return (struct redis_cache *)c;
}

/* The node that a key is written to. */
size_t redis_cache_node(const struct redis_cache *c, struct str key);
/* A node to read from what that one has: itself, or one of its replicas. */
size_t redis_cache_reader(struct redis_cache *c, size_t node);

/* Milliseconds for PX and PEXPIRE, never 0, as decimal text in *out. */
struct str redis_cache_ms(int64_t ttl, char out[24]);

/* redis_many.c */
int redis_cache_get_many(struct cache *c, const struct str *keys, size_t n, struct buf *values,
                         bool *found, struct err *err);
int redis_cache_set_many(struct cache *c, const struct str *keys, const struct str *values,
                         size_t n, int64_t ttl, bool *failed, struct err *err);
int redis_cache_remove_many(struct cache *c, const struct str *keys, size_t n, struct err *err);

/* redis_admin.c: of a whole server */
int redis_cache_clear(struct cache *c, struct err *err);
int redis_cache_keys(struct cache *c, struct str pattern, void (*fn)(void *data, struct str key),
                     void *data, struct err *err);
int redis_cache_stats(struct cache *c, struct cache_stats *out, struct err *err);

#endif
