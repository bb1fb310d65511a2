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
#include "cache/backends.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/encode.h"
#include "db/databases.h"
#include "value/dateparse.h"

enum {
    DEFAULT_ENTRIES = 300,
    CHUNK = 128,         /* keys of one statement, a power of two */
    CULL_STEPS = 20,     /* how often it is looked whether the table is full, while it fills */
    COUNT_ATTEMPTS = 50, /* others change the number each time that it was read */
};

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

static struct database_cache *of(struct cache *c)
{
    return (struct database_cache *)c;
}

/* ---- statements ---- */

/* A table that is missing is what happens first. */
static int explain(struct err *err)
{
    size_t n = strlen(err->msg);
    if (strstr(err->msg, "no such table") || strstr(err->msg, "does not exist"))
        snprintf(err->msg + n, sizeof err->msg - n, "; run `perilune createcachetable`");
    return -1;
}

/* Runs the text, with the table's name in place of each $, and stands before its first row. */
static int query(struct database_cache *c, struct database *db, const char *text,
                 const struct db_value *values, unsigned n, struct db_cursor *cur,
                 struct db_raw **raw, struct err *err)
{
    struct buf sql = BUF_INIT;
    for (; *text; text++) {
        if (*text == '$')
            buf_adds(&sql, c->table);
        else
            buf_addc(&sql, *text);
    }
    *raw = db_raw_get(db, buf_str(&sql), err);
    buf_release(&sql);
    if (!*raw)
        return -1;
    if (db_query(db, &(*raw)->sql, values, n, cur, err) == 0)
        return 0;
    db_raw_done(*raw);
    return explain(err);
}

/* Reads to the end, so that *changes is known; *number is the first column of the first row
 * when there is one. */
static int execute(struct database_cache *c, struct database *db, const char *text,
                   const struct db_value *values, unsigned n, int64_t *changes, int64_t *number,
                   struct err *err)
{
    struct db_cursor cur;
    struct db_raw *raw;
    int status;
    if (query(c, db, text, values, n, &cur, &raw, err) != 0)
        return -1;
    while ((status = db_step(&cur, err)) == 1)
        if (number && cur.row[0].kind == DB_INT)
            *number = cur.row[0].i;
    if (status == 0 && changes)
        *changes = cur.changes;
    db_raw_done(raw);
    return status;
}

/* Adds "?, ?, …". */
static void add_marks(struct buf *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_adds(b, i ? ", ?" : "?");
}

/* ---- times ---- */

enum { MOMENT_SIZE = 48 };

/* The moment `ttl` from now as the column has it. */
static struct db_value moment(const struct database_cache *c, int64_t ttl, char out[MOMENT_SIZE])
{
    struct datetime d;
    struct buf b = BUF_INIT;
    int64_t now = clock_realtime();
    if (ttl >= INT64_MAX - now ||
        datetime_from_epoch_micros((now + ttl) / 1000, c->zone, &d, NULL) != 0)
        return db_text(STR("9999-12-31 23:59:59"));
    d.tz = tz_none();
    datetime_add_iso(&b, &d, ' ');
    size_t n = b.n < MOMENT_SIZE ? b.n : MOMENT_SIZE;
    memcpy(out, b.data, n);
    buf_release(&b);
    return db_text(str_make(out, n));
}

/* What is left until the moment that the column has. */
static int64_t left_until(const struct database_cache *c, struct str text)
{
    struct datetime d;
    if (str_starts(text, STR("9999-")))
        return CACHE_FOREVER;
    if (dateparse_datetime(text, &d, NULL) != 1)
        return 0;
    if (d.tz.kind == TZ_NONE)
        d.tz = c->zone;
    return datetime_epoch_micros(&d) * 1000 - clock_realtime();
}

/* ---- values ---- */

static void encode(struct buf *out, struct str value)
{
    int64_t integer;
    if (cache_integer(value, &integer)) {
        buf_addstr(out, value);
        return;
    }
    buf_addc(out, '~');
    base64_encode(out, value, BASE64_STANDARD);
}

/* Adds the value to `out`; false: it is none of ours. */
static bool decode(const struct db_value *v, struct buf *out)
{
    int64_t integer;
    if (v->kind != DB_TEXT)
        return false;
    if (str_starts(v->s, STR("~")))
        return base64_decode(out, str_skip(v->s, 1), BASE64_STANDARD, NULL) == 0;
    if (!cache_integer(v->s, &integer))
        return false;
    buf_addstr(out, v->s);
    return true;
}

/* ---- opening ---- */

static void database_close(struct cache *c)
{
    free(of(c)->table);
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

static int database_get(struct cache *cache, struct str key, struct buf *out, struct err *err)
{
    struct database_cache *c = of(cache);
    struct database *db = c->choose(c->data, false, err);
    struct db_cursor cur;
    struct db_raw *raw;
    char now[MOMENT_SIZE];
    struct db_value values[] = {db_text(key), moment(c, 0, now)};
    if (!db || query(c, db, "SELECT value FROM $ WHERE cache_key = ? AND expires >= ?", values, 2,
                     &cur, &raw, err) != 0)
        return -1;
    int status = db_step(&cur, err);
    if (status == 1)
        status = decode(&cur.row[0], out);
    db_close(&cur);
    db_raw_done(raw);
    c->hits += status == 1;
    c->misses += status == 0;
    return status;
}

static int remove_rows(struct database_cache *c, struct database *db, struct str key,
                       int64_t *changes, struct err *err)
{
    char now[MOMENT_SIZE];
    struct db_value values[] = {db_text(key), moment(c, 0, now)};
    return execute(c, db, "DELETE FROM $ WHERE cache_key = ? AND expires >= ?", values, 2, changes,
                   NULL, err);
}

static int database_remove(struct cache *cache, struct str key, struct err *err)
{
    struct database_cache *c = of(cache);
    struct database *db = c->choose(c->data, true, err);
    int64_t changes = 0;
    if (!db || remove_rows(c, db, key, &changes, err) != 0)
        return -1;
    return changes > 0;
}

/* As Django: what is past its time goes, and when that is not enough, the first keys. */
static int cull(struct database_cache *c, struct database *db, struct err *err)
{
    char now[MOMENT_SIZE];
    struct db_value value = moment(c, 0, now);
    int64_t count = 0, changes = 0;
    if (execute(c, db, "SELECT COUNT(*) FROM $", NULL, 0, NULL, &count, err) != 0)
        return -1;
    if (count < (int64_t)c->max_entries)
        return 0;
    if (!c->cull)
        return execute(c, db, "DELETE FROM $", NULL, 0, NULL, NULL, err);
    if (execute(c, db, "DELETE FROM $ WHERE expires < ?", &value, 1, &changes, NULL, err) != 0)
        return -1;
    count -= changes;
    if (count < (int64_t)c->max_entries)
        return 0;
    value = db_int(count / c->cull);
    changes = 0;
    if (execute(c, db,
                "DELETE FROM $ WHERE cache_key < (SELECT cache_key FROM $ ORDER BY cache_key "
                "LIMIT 1 OFFSET ?)",
                &value, 1, &changes, NULL, err) != 0)
        return -1;
    c->evictions += (uint64_t)changes;
    return 0;
}

/* Makes room now and then: the table may be fuller than it should by a twentieth. */
static int make_room(struct database_cache *c, struct database *db, struct err *err)
{
    if (c->until_cull > 1) {
        c->until_cull--;
        return 0;
    }
    c->until_cull = c->max_entries / CULL_STEPS;
    return cull(c, db, err);
}

static int put(struct database_cache *c, struct database *db, struct str key, struct str value,
               int64_t ttl, bool add, struct err *err)
{
    char now[MOMENT_SIZE], expires[MOMENT_SIZE];
    struct buf text = BUF_INIT;
    int64_t changes = 0;
    encode(&text, value);
    struct db_value values[] = {db_text(key), db_text(buf_str(&text)), moment(c, ttl, expires),
                                moment(c, 0, now)};
    int status = execute(c, db,
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
    struct database_cache *c = of(cache);
    struct database *db = c->choose(c->data, true, err);
    if (!db)
        return -1;
    if (ttl <= 0)
        return add ? 0 : remove_rows(c, db, key, NULL, err);
    if (make_room(c, db, err) != 0)
        return -1;
    return put(c, db, key, value, ttl, add, err);
}

static int database_touch(struct cache *cache, struct str key, int64_t ttl, struct err *err)
{
    struct database_cache *c = of(cache);
    struct database *db = c->choose(c->data, true, err);
    char now[MOMENT_SIZE], expires[MOMENT_SIZE];
    int64_t changes = 0;
    if (!db)
        return -1;
    if (ttl <= 0)
        return database_remove(cache, key, err);
    struct db_value values[] = {moment(c, ttl, expires), db_text(key), moment(c, 0, now)};
    if (execute(c, db, "UPDATE $ SET expires = ? WHERE cache_key = ? AND expires >= ?", values, 3,
                &changes, NULL, err) != 0)
        return -1;
    return changes > 0;
}

/* 1 with the integer that is there and its text, 0: nothing is. */
static int read_integer(struct database_cache *c, struct database *db, struct str key,
                        struct buf *text, int64_t *value, struct err *err)
{
    struct db_cursor cur;
    struct db_raw *raw;
    char now[MOMENT_SIZE];
    struct db_value values[] = {db_text(key), moment(c, 0, now)};
    if (query(c, db, "SELECT value FROM $ WHERE cache_key = ? AND expires >= ?", values, 2, &cur,
              &raw, err) != 0)
        return -1;
    int status = db_step(&cur, err);
    buf_reset(text);
    if (status == 1 && cur.row[0].kind == DB_TEXT)
        buf_addstr(text, cur.row[0].s);
    db_close(&cur);
    db_raw_done(raw);
    if (status == 1 && !cache_integer(buf_str(text), value))
        return err_set(err, ERR_INVALID, "the value is not an integer");
    return status;
}

/* The new value is written where the old one still is; else somebody else was faster, and
 * it begins anew. */
static int database_incr(struct cache *cache, struct str key, int64_t by, int64_t *result,
                         struct err *err)
{
    struct database_cache *c = of(cache);
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
        if (execute(c, db, "UPDATE $ SET value = ? WHERE cache_key = ? AND value = ?", values, 3,
                    &changes, NULL, err) != 0)
            status = -1;
    }
    buf_release(&old);
    buf_release(&new);
    return status;
}

static int database_ttl(struct cache *cache, struct str key, int64_t *ttl, struct err *err)
{
    struct database_cache *c = of(cache);
    struct database *db = c->choose(c->data, false, err);
    struct db_cursor cur;
    struct db_raw *raw;
    char now[MOMENT_SIZE];
    struct db_value values[] = {db_text(key), moment(c, 0, now)};
    if (!db || query(c, db, "SELECT expires FROM $ WHERE cache_key = ? AND expires >= ?", values, 2,
                     &cur, &raw, err) != 0)
        return -1;
    int status = db_step(&cur, err);
    if (status == 1)
        *ttl = cur.row[0].kind == DB_TEXT ? left_until(c, cur.row[0].s) : 0;
    db_close(&cur);
    db_raw_done(raw);
    return status;
}

/* ---- many keys ---- */

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
    k->values[k->padded] = moment(c, 0, k->now);
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
    status = query(c, db, sql.data, k->values, k->padded + 1, &cur, &raw, err);
    buf_release(&sql);
    if (status != 0)
        return -1;
    while ((status = db_step(&cur, err)) == 1) {
        for (unsigned i = 0; i < k->n; i++)
            if (!found[i] && str_eq(keys[i], cur.row[0].s) && decode(&cur.row[1], &values[i])) {
                found[i] = true;
                count++;
            }
    }
    db_raw_done(raw);
    return status < 0 ? -1 : count;
}

static int database_get_many(struct cache *cache, const struct str *keys, size_t n,
                             struct buf *values, bool *found, struct err *err)
{
    struct database_cache *c = of(cache);
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
        int status = ttl <= 0                     ? remove_rows(c, db, keys[i], NULL, err)
                     : make_room(c, db, err) != 0 ? -1
                                                  : put(c, db, keys[i], values[i], ttl, false, err);
        if (status < 0)
            return -1;
        failed[i] = status == 0;
        count += status;
    }
    return count;
}

/* In one transaction: a commit costs more than many rows. */
static int database_set_many(struct cache *cache, const struct str *keys, const struct str *values,
                             size_t n, int64_t ttl, bool *failed, struct err *err)
{
    struct database_cache *c = of(cache);
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

static int database_remove_many(struct cache *cache, const struct str *keys, size_t n,
                                struct err *err)
{
    struct database_cache *c = of(cache);
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
        status = execute(c, db, sql.data, k.values, k.padded + 1, &changes, NULL, err);
        count += changes;
    }
    buf_release(&sql);
    return status < 0 ? -1 : (int)count;
}

/* ---- everything ---- */

static int database_clear(struct cache *cache, struct err *err)
{
    struct database_cache *c = of(cache);
    struct database *db = c->choose(c->data, true, err);
    return db && execute(c, db, "DELETE FROM $", NULL, 0, NULL, NULL, err) == 0 ? 1 : -1;
}

static int database_keys(struct cache *cache, struct str pattern,
                         void (*fn)(void *data, struct str key), void *data, struct err *err)
{
    struct database_cache *c = of(cache);
    struct database *db = c->choose(c->data, false, err);
    struct db_cursor cur;
    struct db_raw *raw;
    char now[MOMENT_SIZE];
    struct db_value value = moment(c, 0, now);
    int n = 0, status;
    if (!db || query(c, db, "SELECT cache_key FROM $ WHERE expires >= ? ORDER BY cache_key", &value,
                     1, &cur, &raw, err) != 0)
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
    struct database_cache *c = of(cache);
    struct database *db = c->choose(c->data, false, err);
    struct db_cursor cur;
    struct db_raw *raw;
    char now[MOMENT_SIZE];
    struct db_value value = moment(c, 0, now);
    if (!db || query(c, db,
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
    .get_many = database_get_many,
    .set_many = database_set_many,
    .remove_many = database_remove_many,
};
