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

/* Waits for a part; false when it failed as a whole. */
static bool done(struct part *p, struct err *err, int *status)
{
    if (!p->posted)
        return false;
    if (mc_wait(&p->call, err) == 0)
        return true;
    *status = -1;
    return false;
}

int memcached_get_many(struct cache *c, const struct str *keys, size_t n, struct buf *values,
                       bool *found, struct err *err)
{
    struct many m;
    int status = 0, count = 0;
    if (many_init(&m, memcached_of(c), "mg", keys, n, NULL, 0, err, &status) != 0)
        return -1;
    for (size_t i = 0; i < m.n; i++) {
        struct part *p = &m.parts[i];
        if (!done(p, err, &status))
            continue;
        for (size_t k = 0; k < p->keys.n; k++) {
            const struct mc_value *v = &p->result.values[k];
            size_t at = m.deal.order[p->keys.first + k];
            if (mc_is_error(v))
                status = mc_refused(p->call.node, &p->result, v, err);
            if (v->code != MC_VALUE)
                continue;
            buf_addstr(&values[at], mc_text(&p->result, v));
            found[at] = true;
            count++;
        }
    }
    many_release(&m);
    return status < 0 ? -1 : count;
}

int memcached_set_many(struct cache *c, const struct str *keys, const struct str *values, size_t n,
                       int64_t ttl, bool *failed, struct err *err)
{
    struct many m;
    int status = 0, count = 0;
    if (ttl <= 0)
        return memcached_remove_many(c, keys, n, err) < 0 ? -1 : 0;
    if (many_init(&m, memcached_of(c), "ms", keys, n, values, memcached_expiry(ttl), err,
                  &status) != 0)
        return -1;
    for (size_t i = 0; i < m.n; i++) {
        struct part *p = &m.parts[i];
        if (!done(p, err, &status))
            continue;
        for (size_t k = 0; k < p->keys.n; k++) {
            const struct mc_value *v = &p->result.values[k];
            size_t at = m.deal.order[p->keys.first + k];
            bool large = mc_too_large(&p->result, v);
            if (mc_is_error(v) && !large)
                status = mc_refused(p->call.node, &p->result, v, err);
            if (large && c->ops->remove(c, keys[at], err) < 0)
                status = -1;
            failed[at] = v->code != MC_DONE;
            count += !failed[at];
        }
    }
    many_release(&m);
    return status < 0 ? -1 : count;
}

int memcached_remove_many(struct cache *c, const struct str *keys, size_t n, struct err *err)
{
    struct many m;
    int status = 0, count = 0;
    if (many_init(&m, memcached_of(c), "md", keys, n, NULL, 0, err, &status) != 0)
        return -1;
    for (size_t i = 0; i < m.n; i++) {
        struct part *p = &m.parts[i];
        if (!done(p, err, &status))
            continue;
        for (size_t k = 0; k < p->keys.n; k++) {
            const struct mc_value *v = &p->result.values[k];
            if (mc_is_error(v))
                status = mc_refused(p->call.node, &p->result, v, err);
            count += v->code == MC_DONE;
        }
    }
    many_release(&m);
    return status < 0 ? -1 : count;
}
