/* SPDX-License-Identifier: MIT */
/* The database backend, many keys at once. */
#include "cache/database_impl.h"

enum { CHUNK = 128 /* keys of one statement, a power of two */ };

/* Adds "?, ?, …". */
static void add_marks(struct buf *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_adds(b, i ? ", ?" : "?");
}

struct chunk {
    struct db_value values[CHUNK + 1]; /* the keys, and now */
    unsigned n, padded;
    char now[MOMENT_SIZE];
};

/* The next keys. Their number in the statement is a power of two, so that there are few
 * statements: the last key fills it up. */
static void next_chunk(const struct database_cache *c, const struct str *keys, size_t n,
                       struct chunk *k)
{
    k->n = n < CHUNK ? (unsigned)n : CHUNK;
    for (k->padded = 1; k->padded < k->n; k->padded *= 2)
        ;
    for (unsigned i = 0; i < k->padded; i++)
        k->values[i] = db_text(keys[i < k->n ? i : k->n - 1]);
    k->values[k->padded] = dbcache_moment(c, 0, k->now);
}

static void add_condition(struct buf *sql, const struct chunk *k)
{
    buf_adds(sql, " FROM $ WHERE cache_key IN (");
    add_marks(sql, k->padded);
    buf_adds(sql, ") AND expires >= ?");
}

static int get_chunk(struct database_cache *c, struct database *db, const struct chunk *k,
                     const struct str *keys, struct buf *values, bool *found, struct err *err)
{
    struct buf sql = BUF_INIT;
    struct db_cursor cur;
    struct db_raw *raw;
    int count = 0, status;
    buf_adds(&sql, "SELECT cache_key, value");
    add_condition(&sql, k);
    status = dbcache_query(c, db, sql.data, k->values, k->padded + 1, &cur, &raw, err);
    buf_release(&sql);
    if (status != 0)
        return -1;
    while ((status = db_step(&cur, err)) == 1) {
        for (unsigned i = 0; i < k->n; i++)
            if (!found[i] && str_eq(keys[i], cur.row[0].s) &&
                dbcache_decode(&cur.row[1], &values[i])) {
                found[i] = true;
                count++;
            }
    }
    db_raw_done(raw);
    return status < 0 ? -1 : count;
}

int dbcache_get_many(struct cache *cache, const struct str *keys, size_t n, struct buf *values,
                     bool *found, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, false, err);
    struct chunk k;
    int count = 0;
    if (!db)
        return -1;
    for (size_t i = 0; i < n; i++)
        found[i] = false;
    for (size_t at = 0; at < n; at += k.n) {
        next_chunk(c, keys + at, n - at, &k);
        int some = get_chunk(c, db, &k, keys + at, values + at, found + at, err);
        if (some < 0)
            return -1;
        count += some;
    }
    c->hits += (uint64_t)count;
    c->misses += n - (uint64_t)count;
    return count;
}

static int set_each(struct database_cache *c, struct database *db, const struct str *keys,
                    const struct str *values, size_t n, int64_t ttl, bool *failed, struct err *err)
{
    int count = 0;
    for (size_t i = 0; i < n; i++) {
        int status = ttl <= 0 ? dbcache_remove_row(c, db, keys[i], NULL, err)
                     : dbcache_make_room(c, db, err) != 0
                         ? -1
                         : dbcache_put(c, db, keys[i], values[i], ttl, false, err);
        if (status < 0)
            return -1;
        failed[i] = status == 0;
        count += status;
    }
    return count;
}

/* In one transaction: a commit costs more than many rows. */
int dbcache_set_many(struct cache *cache, const struct str *keys, const struct str *values,
                     size_t n, int64_t ttl, bool *failed, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, true, err);
    struct db_hooks hooks;
    struct err late;
    if (!db || db_atomic_enter(db, DB_ATOMIC_NO_SAVEPOINT, err) != 0)
        return -1;
    int count = set_each(c, db, keys, values, n, ttl, failed, err);
    int status = db_atomic_leave(db, count >= 0, &hooks, count >= 0 ? err : &late);
    db_hooks_release(&hooks);
    return status < 0 ? -1 : count;
}

int dbcache_remove_many(struct cache *cache, const struct str *keys, size_t n, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, true, err);
    struct buf sql = BUF_INIT;
    struct chunk k;
    int64_t count = 0, changes = 0;
    int status = db ? 0 : -1;
    for (size_t at = 0; status == 0 && at < n; at += k.n) {
        next_chunk(c, keys + at, n - at, &k);
        buf_reset(&sql);
        buf_adds(&sql, "DELETE");
        add_condition(&sql, &k);
        status = dbcache_execute(c, db, sql.data, k.values, k.padded + 1, &changes, NULL, err);
        count += changes;
    }
    buf_release(&sql);
    return status < 0 ? -1 : (int)count;
}
