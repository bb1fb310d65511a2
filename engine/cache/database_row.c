/* SPDX-License-Identifier: MIT */
#include "cache/database_impl.h"

#include "base/clock.h"
#include "crypto/encode.h"
#include "value/dateparse.h"

/* ---- statements ---- */

/* A table that is missing is what happens first. */
static int explain(struct err *err)
{
    size_t n = strlen(err->msg);
    if (strstr(err->msg, "no such table") || strstr(err->msg, "does not exist"))
        snprintf(err->msg + n, sizeof err->msg - n, "; run `perilune createcachetable`");
    return -1;
}

int dbcache_query(struct database_cache *c, struct database *db, const char *text,
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

int dbcache_execute(struct database_cache *c, struct database *db, const char *text,
                    const struct db_value *values, unsigned n, int64_t *changes, int64_t *number,
                    struct err *err)
{
    struct db_cursor cur;
    struct db_raw *raw;
    int status;
    if (dbcache_query(c, db, text, values, n, &cur, &raw, err) != 0)
        return -1;
    while ((status = db_step(&cur, err)) == 1)
        if (number && cur.row[0].kind == DB_INT)
            *number = cur.row[0].i;
    if (status == 0 && changes)
        *changes = cur.changes;
    db_raw_done(raw);
    return status;
}

/* ---- times ---- */

struct db_value dbcache_moment(const struct database_cache *c, int64_t ttl, char out[MOMENT_SIZE])
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

int64_t dbcache_left_until(const struct database_cache *c, struct str text)
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

void dbcache_encode(struct buf *out, struct str value)
{
    int64_t integer;
    if (cache_integer(value, &integer)) {
        buf_addstr(out, value);
        return;
    }
    buf_addc(out, '~');
    base64_encode(out, value, BASE64_STANDARD);
}

bool dbcache_decode(const struct db_value *v, struct buf *out)
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
