/* SPDX-License-Identifier: MIT */
/* Redis as a cache: one value per key, with Redis' own expiry. Integers are decimal text,
 * as Django's backend has them, too. */
#include "cache/redis_impl.h"

#include "base/mem.h"

enum { DEFAULT_TIMEOUT_MS = 500, DEFAULT_CONNECTIONS = 2 };

/* ---- which node ---- */

size_t redis_cache_node(const struct redis_cache *c, struct str key)
{
    return c->ring && c->n > 1 ? ring_find(c->ring, key) : 0;
}

size_t redis_cache_reader(struct redis_cache *c, size_t node)
{
    if (c->ring || c->n == 1)
        return node;
    c->turn = c->turn + 1 < c->n ? c->turn + 1 : 1;
    return c->turn;
}

/* ---- one command, one reply ---- */

/* The reply is in *result; -1 for an error that Redis replied, too. */
static int run(struct redis *r, const struct str *args, size_t n, bool again,
               struct redis_result *result, struct err *err)
{
    size_t start = result->text->n;
    int status = redis_do(r, args, n, again, result, err);
    if (status == 0 && result->values[0].type == REDIS_ERROR)
        status = redis_refused(r, redis_text(result, &result->values[0]), err);
    if (status != 0)
        buf_cut(result->text, start);
    return status;
}

/* A command that changes something and replies a number (or nil: INT64_MIN). */
static int count(struct redis_cache *c, struct str key, const struct str *args, size_t n,
                 bool again, int64_t *out, struct err *err)
{
    struct redis_result result;
    struct buf text = BUF_INIT;
    redis_result_init(&result, &text);
    int status = run(c->nodes[redis_cache_node(c, key)], args, n, again, &result, err);
    if (status == 0)
        *out = result.values[0].type == REDIS_NIL ? INT64_MIN : result.values[0].integer;
    redis_result_release(&result);
    buf_release(&text);
    return status;
}

struct str redis_cache_ms(int64_t ttl, char out[24])
{
    int n = snprintf(out, 24, "%lld", (long long)(ttl / 1000000 + (ttl % 1000000 != 0)));
    return str_make(out, (size_t)n);
}

/* ---- operations ---- */

/* A replica that does not answer is no reason to give up: the primary has it, too. */
static int redis_get(struct cache *cache, struct str key, struct buf *out, struct err *err)
{
    struct redis_cache *c = redis_cache_of(cache);
    struct str args[] = {STR("GET"), key};
    struct redis_result result;
    size_t node = redis_cache_node(c, key), reader = redis_cache_reader(c, node);
    redis_result_init(&result, out);
    int status = run(c->nodes[reader], args, 2, true, &result, err);
    if (status != 0 && reader != node && err->code != ERR_CANCELLED) {
        result.n = 0;
        status = run(c->nodes[node], args, 2, true, &result, err);
    }
    if (status == 0)
        status = result.values[0].type == REDIS_TEXT;
    redis_result_release(&result);
    return status;
}

static int redis_remove(struct cache *cache, struct str key, struct err *err)
{
    struct str args[] = {STR("DEL"), key};
    int64_t n;
    return count(redis_cache_of(cache), key, args, 2, true, &n, err) != 0 ? -1 : n > 0;
}

static int redis_remove_if(struct cache *cache, struct str key, struct str value, struct err *err)
{
    static const struct str script =
        STR_INIT("if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end "
                 "return redis.call('del', KEYS[1])");
    struct str args[] = {STR("EVAL"), script, STR("1"), key, value};
    int64_t n;
    return count(redis_cache_of(cache), key, args, 5, false, &n, err) != 0 ? -1 : n > 0;
}

static int redis_set(struct cache *cache, struct str key, struct str value, int64_t ttl, bool add,
                     struct err *err)
{
    char ms[24];
    struct str args[6] = {STR("SET"), key, value};
    size_t n = 3;
    int64_t reply = 0;
    if (ttl <= 0)
        return !add && redis_remove(cache, key, err) < 0 ? -1 : 0;
    if (ttl != CACHE_FOREVER) {
        args[n++] = STR("PX");
        args[n++] = redis_cache_ms(ttl, ms);
    }
    if (add)
        args[n++] = STR("NX");
    if (count(redis_cache_of(cache), key, args, n, !add, &reply, err) != 0)
        return -1;
    return reply != INT64_MIN; /* nil: NX and there was one */
}

/* PERSIST says 0 for a key that has no time, too. */
static int persist(struct redis_cache *c, struct str key, struct err *err)
{
    struct str persist[] = {STR("PERSIST"), key}, exists[] = {STR("EXISTS"), key};
    struct redis_command commands[] = {{persist, 2}, {exists, 2}};
    struct redis *r = c->nodes[redis_cache_node(c, key)];
    struct redis_result result;
    struct buf text = BUF_INIT;
    struct redis_call call = {
        .redis = r, .commands = commands, .n = 2, .result = &result, .again = true};
    redis_result_init(&result, &text);
    int status = redis_post(&call, err) == 0 ? redis_wait(&call, err) : -1;
    for (size_t i = 0; status == 0 && i < 2; i++)
        if (result.values[i].type == REDIS_ERROR)
            status = redis_refused(r, redis_text(&result, &result.values[i]), err);
    if (status == 0)
        status = result.values[1].integer > 0;
    redis_result_release(&result);
    buf_release(&text);
    return status;
}

static int redis_touch(struct cache *cache, struct str key, int64_t ttl, struct err *err)
{
    struct redis_cache *c = redis_cache_of(cache);
    char ms[24];
    struct str args[] = {STR("PEXPIRE"), key, STR("")};
    int64_t n;
    if (ttl == CACHE_FOREVER)
        return persist(c, key, err);
    if (ttl <= 0)
        return redis_remove(cache, key, err);
    args[2] = redis_cache_ms(ttl, ms);
    return count(c, key, args, 3, true, &n, err) != 0 ? -1 : n > 0;
}

/* INCRBY would make a key that is not there; looking first would be two steps. */
static int redis_incr(struct cache *cache, struct str key, int64_t by, int64_t *result,
                      struct err *err)
{
    static const struct str script =
        STR_INIT("if redis.call('exists', KEYS[1]) == 0 then return false end "
                 "return redis.pcall('incrby', KEYS[1], ARGV[1])");
    char text[24];
    struct str args[] = {STR("EVAL"), script, STR("1"), key, STR("")};
    args[4] = str_make(text, (size_t)snprintf(text, sizeof text, "%lld", (long long)by));
    if (count(redis_cache_of(cache), key, args, 5, false, result, err) != 0) {
        struct str why = str_from(err->msg);
        if (str_find(why, STR("not an integer")) < why.n ||
            str_find(why, STR("wrong kind of value")) < why.n)
            return err_set(err, ERR_INVALID, "the value is not an integer");
        if (str_find(why, STR("overflow")) < why.n)
            return err_set(err, ERR_INVALID, "the value and %lld are more than 64 bits hold",
                           (long long)by);
        return -1;
    }
    return *result != INT64_MIN;
}

static int redis_ttl(struct cache *cache, struct str key, int64_t *ttl, struct err *err)
{
    struct str args[] = {STR("PTTL"), key};
    int64_t ms;
    if (count(redis_cache_of(cache), key, args, 2, true, &ms, err) != 0)
        return -1;
    *ttl = ms < 0 || ms > CACHE_FOREVER / 1000000 ? CACHE_FOREVER : ms * 1000000;
    return ms != -2;
}

/* ---- life ---- */

static void redis_close_cache(struct cache *cache)
{
    struct redis_cache *c = redis_cache_of(cache);
    for (size_t i = 0; i < c->n; i++)
        redis_close(c->nodes[i]);
    ring_free(c->ring);
    free(c->nodes);
    free(c);
}

static int open_nodes(struct redis_cache *c, const struct cache_options *o, struct err *err)
{
    static const char *const here[] = {"redis://127.0.0.1:6379/0"};
    const char *const *servers = o->nservers ? o->servers : here;
    size_t n = o->nservers ? o->nservers : 1;
    struct redis_options ro = {
        .loop = o->loop,
        .timeout = o->timeout ? o->timeout : DEFAULT_TIMEOUT_MS * INT64_C(1000000),
        .max_connections = o->max_connections ? o->max_connections : DEFAULT_CONNECTIONS,
    };
    c->nodes = mem_zalloc(n * sizeof(struct redis *));
    for (; c->n < n; c->n++) {
        ro.location = str_from(servers[c->n]);
        c->nodes[c->n] = redis_open(&ro, err);
        if (!c->nodes[c->n])
            return -1;
        for (size_t i = 0; i < c->n; i++)
            if (strcmp(redis_place(c->nodes[i]), redis_place(c->nodes[c->n])) == 0) {
                c->n++;
                return err_set(err, ERR_CONFIG, "'%s' stands in its location twice",
                               redis_place(c->nodes[i]));
            }
    }
    return 0;
}

static struct cache *redis_open_cache(const struct cache_options *o, struct err *err)
{
    struct redis_cache *c = mem_zalloc(sizeof *c);
    if (open_nodes(c, o, err) != 0) {
        redis_close_cache(&c->cache);
        return NULL;
    }
    if (o->sharding) {
        struct str *places = mem_alloc(c->n * sizeof *places);
        for (size_t i = 0; i < c->n; i++)
            places[i] = str_from(redis_place(c->nodes[i]));
        c->ring = ring_new(places, c->n);
        free(places);
    }
    return &c->cache;
}

const struct cache_ops cache_redis = {
    .name = "redis",
    .open = redis_open_cache,
    .close = redis_close_cache,
    .get = redis_get,
    .set = redis_set,
    .remove = redis_remove,
    .touch = redis_touch,
    .incr = redis_incr,
    .ttl = redis_ttl,
    .clear = redis_cache_clear,
    .keys = redis_cache_keys,
    .stats = redis_cache_stats,
    .get_many = redis_cache_get_many,
    .set_many = redis_cache_set_many,
    .remove_many = redis_cache_remove_many,
    .remove_if = redis_remove_if,
};
