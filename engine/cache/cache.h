/* SPDX-License-Identifier: MIT */
/* Caches: bytes under a key for a while.
 *
 * A backend is a table of functions; whoever uses a cache goes through the functions
 * below.  Keys are whole already (prefix, version and all), and values are bytes that the
 * cache does not look into, but for one rule that makes cache_incr() possible everywhere:
 * an integer is stored as its decimal text, and nothing else begins with a digit or '-'.
 *
 * Functions give 1 (or 0: not there, not done), and -1 with *err when the cache itself
 * failed.  All of them may wait.
 *
 * Owner: the worker; what the memory backend keeps is shared by all processes that have it
 * open. */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "value/timezone.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cache;
struct database;
struct log;
struct loop;

/* Nanoseconds that a value is to be kept; 0 and less: it is gone at once. */
#define CACHE_FOREVER INT64_MAX

struct cache_options {
    const char *alias;    /* "default" */
    const char *scope;    /* tells projects on one machine apart; NULL: shared with nobody */
    int64_t owner;        /* the user whose shared memory it is; -1: that of the process */
    const char *location; /* of the backend: a folder, a table …; NULL: its default */
    bool attach;          /* of the memory backend: only one that another process has open */
    uint64_t max_bytes;   /* 0: the backend's default */
    uint64_t max_entries; /* 0: no limit */
    unsigned cull;        /* past max_entries one in so many goes; 0: all of them */
    /* Of the database backend: where it reads or writes, asked each time, for the answer may
     * change; NULL with *err.  The zone of the times in its table; TZ_NONE: UTC. */
    struct database *(*database)(void *data, bool write, struct err *err);
    void *database_data;
    struct tz zone;
    /* Of servers: where they are; the longest time that a call may take, ns; connections at
     * once to each of them. */
    const char *const *servers;
    size_t nservers;
    int64_t timeout;
    unsigned max_connections;
    bool sharding; /* each Redis has a share of the keys; otherwise all but the first are
                      replicas of that one */
    struct loop *loop;
    struct log *log;
};

struct cache_stats {
    uint64_t hits, misses, sets;
    uint64_t evictions; /* for lack of room */
    uint64_t expired;   /* found past their time */
    uint64_t recovered; /* times that a process died while it used the cache */
    uint64_t items, bytes, max_bytes;
    bool counted; /* the backend counts; otherwise all are 0 */
};

/* What somebody keeps of a value, and how he knows that it is still the cache's: nobody has
 * set, removed or touched it since. */
struct cache_copy {
    uint32_t watch;  /* which of the cache's counts of changes */
    uint32_t number; /* that it had; another one: the value may have changed */
    int64_t expires; /* CLOCK_NEVER, or monotonic ns */
};

struct cache_ops {
    const char *name; /* "memory" */
    struct cache *(*open)(const struct cache_options *o, struct err *err);
    void (*close)(struct cache *c);
    int (*get)(struct cache *c, struct str key, struct buf *out, struct err *err);
    int (*set)(struct cache *c, struct str key, struct str value, int64_t ttl, bool add,
               struct err *err);
    int (*remove)(struct cache *c, struct str key, struct err *err);
    int (*touch)(struct cache *c, struct str key, int64_t ttl, struct err *err);
    int (*incr)(struct cache *c, struct str key, int64_t by, int64_t *result, struct err *err);
    int (*ttl)(struct cache *c, struct str key, int64_t *ttl, struct err *err);
    int (*clear)(struct cache *c, struct err *err);
    /* Calls fn for keys that match the pattern; NULL: this backend cannot. */
    int (*keys)(struct cache *c, struct str pattern, void (*fn)(void *data, struct str key),
                void *data, struct err *err);
    int (*stats)(struct cache *c, struct cache_stats *out, struct err *err);
    /* Several at once; NULL: one after the other. As cache_get_many() and cache_set_many(). */
    int (*get_many)(struct cache *c, const struct str *keys, size_t n, struct buf *values,
                    bool *found, struct err *err);
    int (*set_many)(struct cache *c, const struct str *keys, const struct str *values, size_t n,
                    int64_t ttl, bool *failed, struct err *err);
    int (*remove_many)(struct cache *c, const struct str *keys, size_t n, struct err *err);
    /* In one step; NULL: looks first, and then removes. */
    int (*remove_if)(struct cache *c, struct str key, struct str value, struct err *err);
    /* As get, for those who keep the value; both NULL: others may change values unseen. */
    int (*get_copy)(struct cache *c, struct str key, struct buf *out, struct cache_copy *copy,
                    struct err *err);
    void (*copy_hits)(struct cache *c, uint64_t n); /* copies have answered n times */
};

struct cache { /* first in each backend's own */
    const struct cache_ops *ops;
    const _Atomic uint32_t *changes; /* for struct cache_copy, with get_copy */
};

static inline bool cache_copy_holds(const struct cache *c, const struct cache_copy *copy)
{
    return atomic_load_explicit(&c->changes[copy->watch], memory_order_acquire) == copy->number &&
           (copy->expires == CLOCK_NEVER || clock_monotonic() < copy->expires);
}

/* The backends there are, ending with NULL. */
extern const struct cache_ops *const cache_backends[];
/* By name; NULL when there is none. */
const struct cache_ops *cache_backend(struct str name);

struct cache *cache_open(const struct cache_ops *ops, const struct cache_options *o,
                         struct err *err);
void cache_close(struct cache *c); /* NULL is allowed */

/* Adds the value to `out`. */
static inline int cache_get(struct cache *c, struct str key, struct buf *out, struct err *err)
{
    return c->ops->get(c, key, out, err);
}

/* Keeps the value for ttl; with `add` only when there is none. 0: it was there, or the
 * value is too large (what was there is gone then, unless `add`). */
static inline int cache_set(struct cache *c, struct str key, struct str value, int64_t ttl,
                            bool add, struct err *err)
{
    return c->ops->set(c, key, value, ttl, add, err);
}

static inline int cache_remove(struct cache *c, struct str key, struct err *err)
{
    return c->ops->remove(c, key, err);
}

/* Removes it if that is its value: what others have put there stays. */
int cache_remove_if(struct cache *c, struct str key, struct str value, struct err *err);

/* Keeps what is there for ttl from now. */
static inline int cache_touch(struct cache *c, struct str key, int64_t ttl, struct err *err)
{
    return c->ops->touch(c, key, ttl, err);
}

/* Adds `by` to an integer at once, whatever others do meanwhile; its time stays. ERR_INVALID
 * when the value is something else or would leave 64 bits. */
static inline int cache_incr(struct cache *c, struct str key, int64_t by, int64_t *result,
                             struct err *err)
{
    return c->ops->incr(c, key, by, result, err);
}

/* The time that is left, or CACHE_FOREVER. */
static inline int cache_ttl(struct cache *c, struct str key, int64_t *ttl, struct err *err)
{
    return c->ops->ttl(c, key, ttl, err);
}

/* Removes everything. */
static inline int cache_clear(struct cache *c, struct err *err)
{
    return c->ops->clear(c, err);
}

/* ERR_INVALID when the backend cannot. The key is good for the call of fn only, which must
 * not use the cache. */
int cache_keys(struct cache *c, struct str pattern, void (*fn)(void *data, struct str key),
               void *data, struct err *err);
int cache_stats(struct cache *c, struct cache_stats *out, struct err *err);

/* Value i goes to values[i], initialized by the caller, when found[i]; gives how many were.
 * After -1 there may be some all the same: other servers have them. */
int cache_get_many(struct cache *c, const struct str *keys, size_t n, struct buf *values,
                   bool *found, struct err *err);
/* Gives how many were kept, with failed[i] for the others; after -1, too. */
int cache_set_many(struct cache *c, const struct str *keys, const struct str *values, size_t n,
                   int64_t ttl, bool *failed, struct err *err);
/* Gives how many there were. */
int cache_remove_many(struct cache *c, const struct str *keys, size_t n, struct err *err);

/* Does the key match the pattern: * any text, ? one byte, [a-z] one of those? Linear in
 * both, one after the other. */
bool cache_glob(struct str pattern, struct str key);

/* The integer that a value is, as cache_incr() has it. */
bool cache_integer(struct str value, int64_t *out);

#endif
