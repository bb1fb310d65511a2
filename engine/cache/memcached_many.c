/* SPDX-License-Identifier: MIT */
/* The Memcached backend, many keys at once: a command for each, all sent before the first
 * answer is waited for. */
#include "cache/deal.h"
#include "cache/memcached_impl.h"

#include "base/mem.h"

#include <inttypes.h>

struct part {
    struct deal_part keys;
    struct mc_call call;
    struct mc_result result;
    struct buf text;
    bool posted;
};

struct many {
    struct deal deal;
    struct part *parts;
    size_t n;
    struct buf lines;            /* of all commands */
    struct mc_command *commands; /* in the order of the deal */
    struct mc_value *values;
};

/* Adds the line of a command. `data` NULL: none of them has any. */
static void add_line(struct many *m, const char *name, struct str key, const struct str *data,
                     uint32_t expiry)
{
    if (data)
        buf_addf(&m->lines, "%s %.*s %zu T%" PRIu32, name, STR_ARG(key), data->n, expiry);
    else
        buf_addf(&m->lines, "%s %.*s%s", name, STR_ARG(key), name[1] == 'g' ? " v" : "");
}

/* Commands NAME for all keys, with `data` for each, or NULL. */
static void make_commands(struct many *m, const char *name, const struct str *keys, size_t n,
                          const struct str *data, uint32_t expiry)
{
    size_t *ends = mem_alloc((n + 1) * sizeof *ends);
    m->commands = mem_zalloc((n + 1) * sizeof *m->commands);
    m->values = mem_alloc((n + 1) * sizeof *m->values);
    for (size_t i = 0; i < n; i++) {
        size_t at = m->deal.order[i];
        add_line(m, name, keys[at], data ? &data[at] : NULL, expiry);
        ends[i] = m->lines.n;
    }
    for (size_t i = 0, start = 0; i < n; start = ends[i++]) {
        m->commands[i].line = str_make(m->lines.data + start, ends[i] - start);
        if (!data)
            continue;
        m->commands[i].data = data[m->deal.order[i]];
        if (!m->commands[i].data.p)
            m->commands[i].data = STR("");
    }
    free(ends);
}

static void post_all(struct many *m, struct memcached *mc, struct err *err, int *status)
{
    for (size_t i = 0; i < m->n; i++) {
        struct part *p = &m->parts[i];
        p->keys = m->deal.parts[i];
        buf_init(&p->text);
        p->result = (struct mc_result){
            .text = &p->text, .values = m->values + p->keys.first, .cap = p->keys.n};
        p->call.node = &mc->nodes[p->keys.server];
        p->call.commands = m->commands + p->keys.first;
        p->call.n = p->keys.n;
        p->call.result = &p->result;
        p->call.again = true;
        p->posted = mc_post(&p->call, err) == 0;
        if (!p->posted)
            *status = -1;
    }
}

/* Sends the commands; -1 when a key is one that cannot be. */
static int many_init(struct many *m, struct memcached *mc, const char *name, const struct str *keys,
                     size_t n, const struct str *data, uint32_t expiry, struct err *err,
                     int *status)
{
    for (size_t i = 0; i < n; i++)
        if (memcached_check_key(keys[i], err) != 0)
            return -1;
    *m = (struct many){.lines = BUF_INIT};
    deal_init(&m->deal, mc->ring, mc->n, keys, n);
    m->n = m->deal.nparts;
    m->parts = mem_zalloc((m->n + 1) * sizeof *m->parts);
    make_commands(m, name, keys, n, data, expiry);
    post_all(m, mc, err, status);
    return 0;
}

static void many_release(struct many *m)
{
    for (size_t i = 0; i < m->n; i++)
        buf_release(&m->parts[i].text);
    free(m->parts);
    free(m->commands);
    free(m->values);
    buf_release(&m->lines);
    deal_release(&m->deal);
}

/* What one key was answered: gives 1 when that counts, and -1 with *err when the server refused. */
typedef int (*answer_fn)(void *data, const struct part *p, const struct mc_value *v, size_t at,
                         struct err *err);

/* Waits for all parts, and has `fn` look at every answer. Gives how many counted, -1 after a
 * failure; `status` is that of many_init(). */
static int gather(struct many *m, answer_fn fn, void *data, int status, struct err *err)
{
    int count = 0;
    for (size_t i = 0; i < m->n; i++) {
        struct part *p = &m->parts[i];
        if (!p->posted)
            continue;
        if (mc_wait(&p->call, err) != 0) {
            status = -1;
            continue;
        }
        for (size_t k = 0; k < p->keys.n; k++) {
            int one = fn(data, p, &p->result.values[k], m->deal.order[p->keys.first + k], err);
            if (one < 0)
                status = -1;
            else
                count += one;
        }
    }
    many_release(m);
    return status < 0 ? -1 : count;
}

struct getting {
    struct buf *values;
    bool *found;
};

static int got(void *data, const struct part *p, const struct mc_value *v, size_t at,
               struct err *err)
{
    struct getting *g = data;
    if (mc_is_error(v))
        return mc_refused(p->call.node, &p->result, v, err);
    if (v->code != MC_VALUE)
        return 0;
    buf_addstr(&g->values[at], mc_text(&p->result, v));
    return g->found[at] = true;
}

int memcached_get_many(struct cache *c, const struct str *keys, size_t n, struct buf *values,
                       bool *found, struct err *err)
{
    struct many m;
    int status = 0;
    if (many_init(&m, memcached_of(c), "mg", keys, n, NULL, 0, err, &status) != 0)
        return -1;
    return gather(&m, got, &(struct getting){values, found}, status, err);
}

struct setting {
    struct cache *cache;
    const struct str *keys;
    bool *failed;
};

/* What is too large for the server is not kept, and what was there goes. */
static int stored(void *data, const struct part *p, const struct mc_value *v, size_t at,
                  struct err *err)
{
    struct setting *s = data;
    s->failed[at] = v->code != MC_DONE;
    if (mc_too_large(&p->result, v))
        return s->cache->ops->remove(s->cache, s->keys[at], err) < 0 ? -1 : 0;
    if (mc_is_error(v))
        return mc_refused(p->call.node, &p->result, v, err);
    return !s->failed[at];
}

int memcached_set_many(struct cache *c, const struct str *keys, const struct str *values, size_t n,
                       int64_t ttl, bool *failed, struct err *err)
{
    struct many m;
    int status = 0;
    if (ttl <= 0)
        return memcached_remove_many(c, keys, n, err) < 0 ? -1 : 0;
    if (many_init(&m, memcached_of(c), "ms", keys, n, values, memcached_expiry(ttl), err,
                  &status) != 0)
        return -1;
    return gather(&m, stored, &(struct setting){c, keys, failed}, status, err);
}

static int removed(void *data, const struct part *p, const struct mc_value *v, size_t at,
                   struct err *err)
{
    (void)data, (void)at;
    return mc_is_error(v) ? mc_refused(p->call.node, &p->result, v, err) : v->code == MC_DONE;
}

int memcached_remove_many(struct cache *c, const struct str *keys, size_t n, struct err *err)
{
    struct many m;
    int status = 0;
    if (many_init(&m, memcached_of(c), "md", keys, n, NULL, 0, err, &status) != 0)
        return -1;
    return gather(&m, removed, NULL, status, err);
}
