/* SPDX-License-Identifier: MIT */
/* The Redis backend, many keys at once: all parts are sent before the first answer is waited
 * for. */
#include "cache/redis_impl.h"

#include "base/mem.h"
#include "cache/deal.h"

struct part {
    struct deal_part keys;
    struct redis_call call;
    struct redis_command one;
    struct redis_command *commands; /* NULL: `one` */
    struct redis_result result;
    struct buf text;
    bool posted;
};

struct many {
    struct deal deal;
    struct part *parts;
    size_t n;
    struct str *args;
};

/* `args`: how many arguments the commands have for each key. */
static void many_init(struct many *m, struct redis_cache *c, const struct str *keys, size_t n,
                      bool reading, size_t args)
{
    deal_init(&m->deal, c->n > 1 ? c->ring : NULL, c->n, keys, n);
    m->n = m->deal.nparts;
    m->parts = mem_zalloc((m->n + 1) * sizeof *m->parts);
    m->args = mem_alloc(mem_mul(n * args + m->n + 1, sizeof *m->args));
    for (size_t i = 0; i < m->n; i++) {
        struct part *p = &m->parts[i];
        p->keys = m->deal.parts[i];
        size_t node = p->keys.server;
        buf_init(&p->text);
        redis_result_init(&p->result, &p->text);
        p->call.redis = c->nodes[reading ? redis_cache_reader(c, node) : node];
        p->call.result = &p->result;
        p->call.again = true;
    }
}

static void many_release(struct many *m)
{
    for (size_t i = 0; i < m->n; i++) {
        struct part *p = &m->parts[i];
        redis_result_release(&p->result);
        buf_release(&p->text);
        free(p->commands);
    }
    free(m->parts);
    free(m->args);
    deal_release(&m->deal);
}

/* One command for all keys of a part: MGET, DEL. */
static void one_command(struct many *m, struct str name, const struct str *keys)
{
    struct str *args = m->args;
    for (size_t i = 0; i < m->n; i++) {
        struct part *p = &m->parts[i];
        p->one = (struct redis_command){args, p->keys.n + 1};
        p->call.commands = &p->one;
        p->call.n = 1;
        *args++ = name;
        for (size_t k = 0; k < p->keys.n; k++)
            *args++ = keys[m->deal.order[p->keys.first + k]];
    }
}

static void post_all(struct many *m, struct err *err, int *status)
{
    for (size_t i = 0; i < m->n; i++) {
        struct part *p = &m->parts[i];
        p->posted = redis_post(&p->call, err) == 0;
        if (!p->posted)
            *status = -1;
    }
}

/* Waits for a part; false, with *err and *status, when it failed as a whole. */
static bool done(struct part *p, struct err *err, int *status)
{
    if (!p->posted)
        return false;
    if (redis_wait(&p->call, err) != 0) {
        *status = -1;
        return false;
    }
    const struct redis_value *v = &p->result.values[0];
    if (p->call.n == 1 && v->type == REDIS_ERROR) {
        *status = redis_refused(p->call.redis, redis_text(&p->result, v), err);
        return false;
    }
    return true;
}

/* What a replica did not give. */
static bool ask_primary(struct redis_cache *c, struct part *p, struct err *err, int *status)
{
    if (c->ring || c->n == 1 || err->code == ERR_CANCELLED)
        return false;
    p->result.n = 0;
    buf_reset(&p->text);
    p->call.redis = c->nodes[0];
    p->posted = redis_post(&p->call, err) == 0;
    *status = p->posted ? 0 : -1;
    return done(p, err, status);
}

int redis_cache_get_many(struct cache *cache, const struct str *keys, size_t n, struct buf *values,
                         bool *found, struct err *err)
{
    struct redis_cache *c = redis_cache_of(cache);
    struct many m;
    int status = 0, count = 0;
    many_init(&m, c, keys, n, true, 1);
    one_command(&m, STR("MGET"), keys);
    post_all(&m, err, &status);
    status = 0;
    for (size_t i = 0; i < m.n; i++) {
        struct part *p = &m.parts[i];
        int one = p->posted ? 0 : -1;
        bool good = done(p, err, &one) || ask_primary(c, p, err, &one);
        if (one < 0)
            status = -1;
        if (!good)
            continue;
        for (size_t k = 0; k < p->keys.n && k + 1 < p->result.n; k++) {
            const struct redis_value *v = &p->result.values[k + 1];
            size_t at = m.deal.order[p->keys.first + k];
            if (v->type != REDIS_TEXT)
                continue;
            buf_addstr(&values[at], redis_text(&p->result, v));
            found[at] = true;
            count++;
        }
    }
    many_release(&m);
    return status < 0 ? -1 : count;
}

static void set_commands(struct many *m, const struct str *keys, const struct str *values,
                         struct str ms)
{
    struct str *args = m->args;
    for (size_t i = 0; i < m->n; i++) {
        struct part *p = &m->parts[i];
        p->commands = mem_alloc(p->keys.n * sizeof *p->commands);
        p->call.commands = p->commands;
        p->call.n = p->keys.n;
        for (size_t k = 0; k < p->keys.n; k++) {
            size_t at = m->deal.order[p->keys.first + k], nargs = 0;
            struct str *a = args;
            a[nargs++] = STR("SET");
            a[nargs++] = keys[at];
            a[nargs++] = values[at];
            if (ms.n) {
                a[nargs++] = STR("PX");
                a[nargs++] = ms;
            }
            p->commands[k] = (struct redis_command){a, nargs};
            args += nargs;
        }
    }
}

int redis_cache_set_many(struct cache *cache, const struct str *keys, const struct str *values,
                         size_t n, int64_t ttl, bool *failed, struct err *err)
{
    struct redis_cache *c = redis_cache_of(cache);
    struct many m;
    char ms[24];
    int status = 0, count = 0;
    if (ttl <= 0)
        return redis_cache_remove_many(cache, keys, n, err) < 0 ? -1 : 0;
    many_init(&m, c, keys, n, false, 5);
    set_commands(&m, keys, values, ttl == CACHE_FOREVER ? STR_NULL : redis_cache_ms(ttl, ms));
    post_all(&m, err, &status);
    for (size_t i = 0; i < m.n; i++) {
        struct part *p = &m.parts[i];
        if (!done(p, err, &status))
            continue;
        for (size_t k = 0; k < p->keys.n && k < p->result.n; k++) {
            const struct redis_value *v = &p->result.values[k];
            bool bad = v->type == REDIS_ERROR;
            if (bad)
                status = redis_refused(p->call.redis, redis_text(&p->result, v), err);
            failed[m.deal.order[p->keys.first + k]] = bad;
            count += !bad;
        }
    }
    many_release(&m);
    return status < 0 ? -1 : count;
}

int redis_cache_remove_many(struct cache *cache, const struct str *keys, size_t n, struct err *err)
{
    struct redis_cache *c = redis_cache_of(cache);
    struct many m;
    int status = 0, count = 0;
    many_init(&m, c, keys, n, false, 1);
    one_command(&m, STR("DEL"), keys);
    post_all(&m, err, &status);
    for (size_t i = 0; i < m.n; i++)
        if (done(&m.parts[i], err, &status))
            count += (int)m.parts[i].result.values[0].integer;
    many_release(&m);
    return status < 0 ? -1 : count;
}
