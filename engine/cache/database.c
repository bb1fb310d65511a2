/* SPDX-License-Identifier: MIT */
/* A cache in a table of a database, the one that Django's `createcachetable` makes:
 *
 *     cache_key varchar(255) primary key, value text, expires datetime, indexed
 *
 * A value is '~' and base64, or an integer as its decimal text.  Django keeps base64 of what
 * it pickled: that is none of ours, and as good as not there.
 *
 * Statements run where the fiber's others do: inside of a transaction what was kept goes
 * with it.  Each operation is one statement, or, to count, a comparison and an exchange: two
 * processes never undo each other's work.  Rows past their time stay until there is no
 * room. */
#include "cache/database_impl.h"

#include "base/clock.h"
#include "base/mem.h"

enum {
    DEFAULT_ENTRIES = 300,
    CULL_STEPS = 20,       /* how often it is looked whether the table is full, while it fills */
    COUNT_ATTEMPTS = 1000, /* others change the number each time that it was read */
};

/* ---- opening ---- */

static void database_close(struct cache *c)
{
    free(dbcache_of(c)->table);
    free(c);
}

static char *quoted(const char *name)
{
    struct buf b = BUF_INIT;
    buf_addc(&b, '"');
    for (; *name; name++)
        buf_adds(&b, *name == '"' ? "\"\"" : (char[]){*name, '\0'});
    buf_addc(&b, '"');
    return buf_detach(&b, NULL);
}

static struct cache *database_open(const struct cache_options *o, struct err *err)
{
    struct database_cache *c;
    if (!o->location || !*o->location) {
        err_set(err, ERR_CONFIG, "its option 'location' must name a table");
        return NULL;
    }
    if (!o->database) {
        err_set(err, ERR_CONFIG, "there are no databases");
        return NULL;
    }
    c = mem_zalloc(sizeof *c);
    c->choose = o->database;
    c->data = o->database_data;
    c->zone = o->zone.kind == TZ_NONE ? tz_utc() : o->zone;
    c->table = quoted(o->location);
    c->max_entries = o->max_entries ? o->max_entries : DEFAULT_ENTRIES;
    c->cull = o->cull;
    return &c->cache;
}

/* ---- one key ---- */

/* Gives `use` the column that the statement selects of the key's row when it is there and not
 * past its time, and what it gives; 0: it is not. */
static int read_live(struct database_cache *c, struct database *db, const char *text,
                     struct str key, int (*use)(void *data, const struct db_value *column),
                     void *data, struct err *err)
{
    struct db_cursor cur;
    struct db_raw *raw;
    char now[MOMENT_SIZE];
    struct db_value values[] = {db_text(key), dbcache_moment(c, 0, now)};
    if (!db || dbcache_query(c, db, text, values, 2, &cur, &raw, err) != 0)
        return -1;
    int status = db_step(&cur, err);
    if (status == 1)
        status = use(data, &cur.row[0]);
    db_close(&cur);
    db_raw_done(raw);
    return status;
}

static const char select_value[] = "SELECT value FROM $ WHERE cache_key = ? AND expires >= ?";

static int add_decoded(void *out, const struct db_value *column)
{
    return dbcache_decode(column, out);
}

static int database_get(struct cache *cache, struct str key, struct buf *out, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, false, err);
    int status = read_live(c, db, select_value, key, add_decoded, out, err);
    c->hits += status == 1;
    c->misses += status == 0;
    return status;
}

int dbcache_remove_row(struct database_cache *c, struct database *db, struct str key,
                       int64_t *changes, struct err *err)
{
    char now[MOMENT_SIZE];
    struct db_value values[] = {db_text(key), dbcache_moment(c, 0, now)};
    return dbcache_execute(c, db, "DELETE FROM $ WHERE cache_key = ? AND expires >= ?", values, 2,
                           changes, NULL, err);
}

static int database_remove(struct cache *cache, struct str key, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, true, err);
    int64_t changes = 0;
    if (!db || dbcache_remove_row(c, db, key, &changes, err) != 0)
        return -1;
    return changes > 0;
}

/* As Django: what is past its time goes, and when that is not enough, the first keys. */
static int cull(struct database_cache *c, struct database *db, struct err *err)
{
    char now[MOMENT_SIZE];
    struct db_value value = dbcache_moment(c, 0, now);
    int64_t count = 0, changes = 0;
    if (dbcache_execute(c, db, "SELECT COUNT(*) FROM $", NULL, 0, NULL, &count, err) != 0)
        return -1;
    if (count < (int64_t)c->max_entries)
        return 0;
    if (!c->cull)
        return dbcache_execute(c, db, "DELETE FROM $", NULL, 0, NULL, NULL, err);
    if (dbcache_execute(c, db, "DELETE FROM $ WHERE expires < ?", &value, 1, &changes, NULL, err) !=
        0)
        return -1;
    count -= changes;
    if (count < (int64_t)c->max_entries)
        return 0;
    value = db_int(count / c->cull);
    changes = 0;
    if (dbcache_execute(
            c, db,
            "DELETE FROM $ WHERE cache_key < (SELECT cache_key FROM $ ORDER BY cache_key "
            "LIMIT 1 OFFSET ?)",
            &value, 1, &changes, NULL, err) != 0)
        return -1;
    c->evictions += (uint64_t)changes;
    return 0;
}

int dbcache_make_room(struct database_cache *c, struct database *db, struct err *err)
{
    if (c->until_cull > 1) {
        c->until_cull--;
        return 0;
    }
    c->until_cull = c->max_entries / CULL_STEPS;
    return cull(c, db, err);
}

int dbcache_put(struct database_cache *c, struct database *db, struct str key, struct str value,
                int64_t ttl, bool add, struct err *err)
{
    char now[MOMENT_SIZE], expires[MOMENT_SIZE];
    struct buf text = BUF_INIT;
    int64_t changes = 0;
    dbcache_encode(&text, value);
    struct db_value values[] = {db_text(key), db_text(buf_str(&text)),
                                dbcache_moment(c, ttl, expires), dbcache_moment(c, 0, now)};
    int status =
        dbcache_execute(c, db,
                        add ? "INSERT INTO $ (cache_key, value, expires) VALUES (?, ?, ?) "
                              "ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, "
                              "expires = excluded.expires WHERE $.expires < ?"
                            : "INSERT INTO $ (cache_key, value, expires) VALUES (?, ?, ?) "
                              "ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, "
                              "expires = excluded.expires",
                        values, add ? 4 : 3, &changes, NULL, err);
    buf_release(&text);
    if (status != 0)
        return -1;
    c->sets += changes > 0;
    return changes > 0;
}

static int database_set(struct cache *cache, struct str key, struct str value, int64_t ttl,
                        bool add, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, true, err);
    if (!db)
        return -1;
    if (ttl <= 0)
        return add ? 0 : dbcache_remove_row(c, db, key, NULL, err);
    if (dbcache_make_room(c, db, err) != 0)
        return -1;
    return dbcache_put(c, db, key, value, ttl, add, err);
}

static int database_touch(struct cache *cache, struct str key, int64_t ttl, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, true, err);
    char now[MOMENT_SIZE], expires[MOMENT_SIZE];
    int64_t changes = 0;
    if (!db)
        return -1;
    if (ttl <= 0)
        return database_remove(cache, key, err);
    struct db_value values[] = {dbcache_moment(c, ttl, expires), db_text(key),
                                dbcache_moment(c, 0, now)};
    if (dbcache_execute(c, db, "UPDATE $ SET expires = ? WHERE cache_key = ? AND expires >= ?",
                        values, 3, &changes, NULL, err) != 0)
        return -1;
    return changes > 0;
}

static int add_text(void *out, const struct db_value *column)
{
    if (column->kind == DB_TEXT)
        buf_addstr(out, column->s);
    return 1;
}

/* 1 with the integer that is there and its text, 0: nothing is. */
static int read_integer(struct database_cache *c, struct database *db, struct str key,
                        struct buf *text, int64_t *value, struct err *err)
{
    buf_reset(text);
    int status = read_live(c, db, select_value, key, add_text, text, err);
    if (status == 1 && !cache_integer(buf_str(text), value))
        return err_set(err, ERR_INVALID, "the value is not an integer");
    return status;
}

/* The new value is written where the old one still is; else somebody else was faster, and
 * it begins anew. */
static int database_incr(struct cache *cache, struct str key, int64_t by, int64_t *result,
                         struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, true, err);
    struct buf old = BUF_INIT, new = BUF_INIT;
    int64_t value = 0, changes = 0;
    int status = db ? 1 : -1;
    for (int i = 0; status == 1 && changes == 0; i++) {
        status = read_integer(c, db, key, &old, &value, err);
        if (status != 1)
            break;
        if (__builtin_add_overflow(value, by, result)) {
            status = err_set(err, ERR_INVALID, "%lld and %lld are more than 64 bits hold",
                             (long long)value, (long long)by);
            break;
        }
        if (i == COUNT_ATTEMPTS) {
            status = err_set(err, ERR_DB_OPERATIONAL, "others change the value all the time");
            break;
        }
        buf_reset(&new);
        buf_addint(&new, *result);
        struct db_value values[] = {db_text(buf_str(&new)), db_text(key), db_text(buf_str(&old))};
        if (dbcache_execute(c, db, "UPDATE $ SET value = ? WHERE cache_key = ? AND value = ?",
                            values, 3, &changes, NULL, err) != 0)
            status = -1;
    }
    buf_release(&old);
    buf_release(&new);
    return status;
}

struct left {
    const struct database_cache *cache;
    int64_t ttl;
};

static int note_left(void *data, const struct db_value *column)
{
    struct left *left = data;
    left->ttl = column->kind == DB_TEXT ? dbcache_left_until(left->cache, column->s) : 0;
    return 1;
}

static int database_ttl(struct cache *cache, struct str key, int64_t *ttl, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, false, err);
    struct left left = {.cache = c};
    int status = read_live(c, db, "SELECT expires FROM $ WHERE cache_key = ? AND expires >= ?", key,
                           note_left, &left, err);
    if (status == 1)
        *ttl = left.ttl;
    return status;
}

/* ---- everything ---- */

static int database_clear(struct cache *cache, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, true, err);
    return db && dbcache_execute(c, db, "DELETE FROM $", NULL, 0, NULL, NULL, err) == 0 ? 1 : -1;
}

static int database_keys(struct cache *cache, struct str pattern,
                         void (*fn)(void *data, struct str key), void *data, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, false, err);
    struct db_cursor cur;
    struct db_raw *raw;
    char now[MOMENT_SIZE];
    struct db_value value = dbcache_moment(c, 0, now);
    int n = 0, status;
    if (!db || dbcache_query(c, db, "SELECT cache_key FROM $ WHERE expires >= ? ORDER BY cache_key",
                             &value, 1, &cur, &raw, err) != 0)
        return -1;
    while ((status = db_step(&cur, err)) == 1) {
        if (!cache_glob(pattern, cur.row[0].s))
            continue;
        fn(data, cur.row[0].s);
        n++;
    }
    db_raw_done(raw);
    return status < 0 ? -1 : n;
}

static int database_stats(struct cache *cache, struct cache_stats *out, struct err *err)
{
    struct database_cache *c = dbcache_of(cache);
    struct database *db = c->choose(c->data, false, err);
    struct db_cursor cur;
    struct db_raw *raw;
    char now[MOMENT_SIZE];
    struct db_value value = dbcache_moment(c, 0, now);
    if (!db ||
        dbcache_query(c, db,
                      "SELECT COUNT(*), COALESCE(SUM(LENGTH(cache_key) + LENGTH(value)), 0) FROM $ "
                      "WHERE expires >= ?",
                      &value, 1, &cur, &raw, err) != 0)
        return -1;
    int status = db_step(&cur, err);
    *out = (struct cache_stats){.hits = c->hits,
                                .misses = c->misses,
                                .sets = c->sets,
                                .evictions = c->evictions,
                                .counted = true};
    if (status == 1) {
        out->items = (uint64_t)cur.row[0].i;
        out->bytes = (uint64_t)cur.row[1].i;
    }
    db_close(&cur);
    db_raw_done(raw);
    return status < 0 ? -1 : 1;
}

const struct cache_ops cache_database = {
    .name = "database",
    .open = database_open,
    .close = database_close,
    .get = database_get,
    .set = database_set,
    .remove = database_remove,
    .touch = database_touch,
    .incr = database_incr,
    .ttl = database_ttl,
    .clear = database_clear,
    .keys = database_keys,
    .stats = database_stats,
    .get_many = dbcache_get_many,
    .set_many = dbcache_set_many,
    .remove_many = dbcache_remove_many,
};
