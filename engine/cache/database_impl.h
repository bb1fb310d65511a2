/* SPDX-License-Identifier: MIT */
/* Private to the database backend.
 *
 * database_row.c   statements, and what the columns hold
 * database.c       the operations on one key and on everything
 * database_many.c  those on many keys */
#ifndef CACHE_DATABASE_IMPL_H
#define CACHE_DATABASE_IMPL_H

#include "cache/backends.h"

#include "db/databases.h"

struct database_cache {
    struct cache cache;
    struct database *(*choose)(void *data, bool write, struct err *err);
    void *data;
    struct tz zone;
    char *table; /* quoted */
    uint64_t max_entries, until_cull;
    unsigned cull;
    uint64_t hits, misses, sets, evictions; /* of this process */
};

static inline struct database_cache *dbcache_of(struct cache *c)
{
    return (struct database_cache *)c;
}

/* Runs the text, with the table's name in place of each $, and stands before its first row. */
int dbcache_query(struct database_cache *c, struct database *db, const char *text,
                  const struct db_value *values, unsigned n, struct db_cursor *cur,
                  struct db_raw **raw, struct err *err);
/* Reads to the end, so that *changes is known; *number is the first column of the first row
 * when there is one. Both may be NULL. */
int dbcache_execute(struct database_cache *c, struct database *db, const char *text,
                    const struct db_value *values, unsigned n, int64_t *changes, int64_t *number,
                    struct err *err);

enum { MOMENT_SIZE = 48 };
/* The moment `ttl` from now as the column has it, in `out`. */
struct db_value dbcache_moment(const struct database_cache *c, int64_t ttl, char out[MOMENT_SIZE]);
/* What is left until the moment that the column has. */
int64_t dbcache_left_until(const struct database_cache *c, struct str text);

/* Adds the value as the column has it. */
void dbcache_encode(struct buf *out, struct str value);
/* Adds the value to `out`; false: it is none of ours. */
bool dbcache_decode(const struct db_value *v, struct buf *out);

/* database.c */

int dbcache_remove_row(struct database_cache *c, struct database *db, struct str key,
                       int64_t *changes, struct err *err);
/* Makes room now and then: the table may be fuller than it should by a twentieth. */
int dbcache_make_room(struct database_cache *c, struct database *db, struct err *err);
/* 1, or 0: `add`, and it is there. */
int dbcache_put(struct database_cache *c, struct database *db, struct str key, struct str value,
                int64_t ttl, bool add, struct err *err);

/* database_many.c: as struct cache_ops has them. */
int dbcache_get_many(struct cache *c, const struct str *keys, size_t n, struct buf *values,
                     bool *found, struct err *err);
int dbcache_set_many(struct cache *c, const struct str *keys, const struct str *values, size_t n,
                     int64_t ttl, bool *failed, struct err *err);
int dbcache_remove_many(struct cache *c, const struct str *keys, size_t n, struct err *err);

#endif
