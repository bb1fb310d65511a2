/* SPDX-License-Identifier: MIT */
/* The Redis backend: what concerns the keys of a whole server. */
#include "cache/redis_impl.h"

#include "base/map.h"

/* Where a command for all keys goes: to each shard, or to the primary alone. */
static size_t owners(const struct redis_cache *c)
{
    return c->ring ? c->n : 1;
}

static int ask(struct redis *r, const struct str *args, size_t n, struct redis_result *result,
               struct err *err)
{
    if (redis_do(r, args, n, true, result, err) != 0)
        return -1;
    if (result->values[0].type == REDIS_ERROR)
        return redis_refused(r, redis_text(result, &result->values[0]), err);
    return 0;
}

/* The whole database, as Django's backend does it; the memory is freed in the background. */
int redis_cache_clear(struct cache *cache, struct err *err)
{
    struct redis_cache *c = redis_cache_of(cache);
    struct str args[] = {STR("FLUSHDB"), STR("ASYNC")};
    int status = 1;
    for (size_t i = 0; i < owners(c); i++) {
        struct redis_result result;
        struct buf text = BUF_INIT;
        redis_result_init(&result, &text);
        if (ask(c->nodes[i], args, 2, &result, err) != 0)
            status = -1;
        redis_result_release(&result);
        buf_release(&text);
    }
    return status;
}

/* ---- keys ---- */

/* A pattern of Redis that matches at least what ours does: its classes and its backslash
 * mean something else. */
static void loosen(struct buf *out, struct str pattern)
{
    for (size_t i = 0; i < pattern.n; i++) {
        char ch = pattern.p[i];
        size_t j = i + 1;
        if (ch == '\\') {
            buf_adds(out, "\\\\");
            continue;
        }
        if (ch != '[') {
            buf_addc(out, ch);
            continue;
        }
        if (j < pattern.n && (pattern.p[j] == '!' || pattern.p[j] == '^'))
            j++;
        if (j < pattern.n)
            j++; /* a ] that comes first is one of them */
        while (j < pattern.n && pattern.p[j] != ']')
            j++;
        if (j >= pattern.n) {
            buf_adds(out, "\\[");
        } else {
            buf_addc(out, '?');
            i = j;
        }
    }
}

struct search {
    struct str pattern; /* ours */
    struct str redis;
    void (*fn)(void *data, struct str key);
    void *data;
    struct map seen; /* SCAN may give a key twice */
    int n;
};

static void found(struct search *s, struct str key)
{
    if (!cache_glob(s->pattern, key) || map_has(&s->seen, key))
        return;
    map_set(&s->seen, key, s);
    s->fn(s->data, key);
    s->n++;
}

/* One step; the cursor is text. 1: there is more. */
static int scan_step(struct redis *r, struct search *s, struct buf *cursor, struct err *err)
{
    struct str args[] = {STR("SCAN"), buf_str(cursor), STR("MATCH"),
                         s->redis,    STR("COUNT"),    STR("1000")};
    struct redis_result result;
    struct buf text = BUF_INIT;
    redis_result_init(&result, &text);
    int status = ask(r, args, 6, &result, err);
    if (status == 0 && (result.n < 3 || result.values[1].type != REDIS_TEXT))
        status = err_set(err, ERR_IO, "%s: that is no reply to SCAN", redis_name(r));
    for (size_t i = 3; status == 0 && i < result.n; i++)
        found(s, redis_text(&result, &result.values[i]));
    if (status == 0) {
        buf_reset(cursor);
        buf_addstr(cursor, redis_text(&result, &result.values[1]));
        status = !str_eq(buf_str(cursor), STR("0"));
    }
    redis_result_release(&result);
    buf_release(&text);
    return status;
}

int redis_cache_keys(struct cache *cache, struct str pattern,
                     void (*fn)(void *data, struct str key), void *data, struct err *err)
{
    struct redis_cache *c = redis_cache_of(cache);
    struct buf redis = BUF_INIT, cursor = BUF_INIT;
    struct search s = {.pattern = pattern, .fn = fn, .data = data, .seen = MAP_INIT};
    int status = 0;
    loosen(&redis, pattern);
    s.redis = buf_str(&redis);
    for (size_t i = 0; i < owners(c) && status == 0; i++) {
        buf_reset(&cursor);
        buf_adds(&cursor, "0");
        do
            status = scan_step(c->nodes[i], &s, &cursor, err);
        while (status > 0);
    }
    map_release(&s.seen, NULL);
    buf_release(&redis);
    buf_release(&cursor);
    return status < 0 ? -1 : s.n;
}

/* ---- figures ---- */

/* The number behind "name" in the lines of INFO; 0 when it is not there. */
static uint64_t figure(struct str info, struct str name)
{
    struct str line;
    while (str_split(&info, '\n', &line)) {
        uint64_t n = 0;
        size_t end = name.n;
        if (!str_starts(line, name))
            continue;
        while (end < line.n && char_is_digit(line.p[end]))
            end++;
        str_to_uint64(str_make(line.p + name.n, end - name.n), &n);
        return n;
    }
    return 0;
}

static int add_stats(struct redis *r, struct cache_stats *out, struct err *err)
{
    struct str info[] = {STR("INFO"), STR("all")}, size[] = {STR("DBSIZE")};
    struct redis_result result;
    struct buf text = BUF_INIT;
    redis_result_init(&result, &text);
    int status = ask(r, info, 2, &result, err);
    if (status == 0) {
        struct str t = redis_text(&result, &result.values[0]);
        out->hits += figure(t, STR("keyspace_hits:"));
        out->misses += figure(t, STR("keyspace_misses:"));
        out->sets += figure(t, STR("cmdstat_set:calls="));
        out->evictions += figure(t, STR("evicted_keys:"));
        out->expired += figure(t, STR("expired_keys:"));
        out->bytes += figure(t, STR("used_memory:"));
        out->max_bytes += figure(t, STR("maxmemory:"));
        result.n = 0;
        status = ask(r, size, 1, &result, err);
    }
    if (status == 0)
        out->items += (uint64_t)result.values[0].integer;
    redis_result_release(&result);
    buf_release(&text);
    return status;
}

/* Of the server, whoever uses it; the items are those of the database. */
int redis_cache_stats(struct cache *cache, struct cache_stats *out, struct err *err)
{
    struct redis_cache *c = redis_cache_of(cache);
    for (size_t i = 0; i < owners(c); i++)
        if (add_stats(c->nodes[i], out, err) != 0)
            return -1;
    out->counted = true;
    return 1;
}
