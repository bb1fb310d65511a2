/* SPDX-License-Identifier: MIT */
/* Memcached as a cache. Its times are whole seconds, its numbers know no sign (ours do, so
 * that most counting is compare and swap), and nobody can list its keys. */
#include "cache/memcached_impl.h"

#include "base/clock.h"
#include "base/mem.h"

#include <inttypes.h>

enum { TRIES = 64 /* of compare and swap */ };

/* ---- keys and times ---- */

int memcached_check_key(struct str key, struct err *err)
{
    if (key.n > MC_KEY_MAX)
        return err_set(err, ERR_INVALID,
                       "memcached takes no key of more than 250 bytes; '%.*s…' has %zu",
                       STR_ARG(str_head(key, 60)), key.n);
    if (!key.n)
        return err_set(err, ERR_INVALID, "memcached takes no empty key");
    for (size_t i = 0; i < key.n; i++) {
        unsigned char ch = (unsigned char)key.p[i];
        if (ch <= ' ' || ch == 127)
            return err_set(err, ERR_INVALID,
                           "memcached takes no key with spaces or control characters: '%.*s' is "
                           "followed by byte %u",
                           STR_ARG(str_head(key, i)), ch);
    }
    return 0;
}

uint32_t memcached_expiry(int64_t ttl)
{
    const int64_t month = 30 * 24 * 3600;
    int64_t seconds;
    if (ttl == CACHE_FOREVER)
        return 0;
    seconds = ttl / CLOCK_SECOND + (ttl % CLOCK_SECOND != 0);
    if (seconds <= month)
        return (uint32_t)seconds;
    seconds += clock_realtime() / CLOCK_SECOND;
    return seconds > INT32_MAX ? 0 : (uint32_t)seconds;
}

static struct memcached_node *node_of(struct memcached *m, struct str key)
{
    return &m->nodes[m->ring ? ring_find(m->ring, key) : 0];
}

/* ---- one command, one reply ---- */

struct one {
    char line[MC_LINE];
    struct mc_command command;
    struct mc_value value;
    struct mc_result result;
    struct memcached_node *node;
};

/* Runs "NAME KEY FLAGS"; the reply is in o->value, its data at the end of `text`. */
static int run(struct memcached *m, struct one *o, const char *name, struct str key,
               const char *flags, struct str data, bool again, struct buf *text, struct err *err)
{
    struct mc_call call;
    if (memcached_check_key(key, err) != 0)
        return -1;
    int n = snprintf(o->line, sizeof o->line, "%s %.*s %s", name, STR_ARG(key), flags);
    o->node = node_of(m, key);
    o->command = (struct mc_command){str_make(o->line, (size_t)n), data};
    o->result = (struct mc_result){.text = text, .values = &o->value, .cap = 1};
    call.node = o->node;
    call.commands = &o->command;
    call.n = 1;
    call.result = &o->result;
    call.again = again;
    return mc_post(&call, err) == 0 ? mc_wait(&call, err) : -1;
}

/* The same for a command whose data nobody wants; errors that came as replies fail. */
static int plain(struct memcached *m, struct one *o, const char *name, struct str key,
                 const char *flags, struct str data, bool again, struct err *err)
{
    struct buf text = BUF_INIT;
    int status = run(m, o, name, key, flags, data, again, &text, err);
    if (status == 0 && mc_is_error(&o->value) && !mc_too_large(&o->result, &o->value))
        status = mc_refused(o->node, &o->result, &o->value, err);
    buf_release(&text);
    return status;
}

/* ---- operations ---- */

static int memcached_get(struct cache *c, struct str key, struct buf *out, struct err *err)
{
    struct one o;
    size_t start = out->n;
    int status = run(memcached_of(c), &o, "mg", key, "v", STR_NULL, true, out, err);
    if (status == 0 && mc_is_error(&o.value))
        status = mc_refused(o.node, &o.result, &o.value, err);
    if (status == 0)
        status = o.value.code == MC_VALUE;
    if (status <= 0)
        buf_cut(out, start);
    return status;
}

static int memcached_remove(struct cache *c, struct str key, struct err *err)
{
    struct one o;
    if (plain(memcached_of(c), &o, "md", key, "", STR_NULL, true, err) != 0)
        return -1;
    return o.value.code == MC_DONE;
}

static int memcached_remove_if(struct cache *c, struct str key, struct str value, struct err *err)
{
    struct memcached *m = memcached_of(c);
    struct one o;
    struct buf text = BUF_INIT;
    char flags[32];
    int status = run(m, &o, "mg", key, "v c", STR_NULL, true, &text, err);
    if (status == 0 && mc_is_error(&o.value))
        status = mc_refused(o.node, &o.result, &o.value, err);
    bool same = status == 0 && o.value.code == MC_VALUE && str_eq(buf_str(&text), value);
    buf_release(&text);
    if (!same)
        return status;
    snprintf(flags, sizeof flags, "C%" PRIu64, o.value.cas);
    if (plain(m, &o, "md", key, flags, STR_NULL, false, err) != 0)
        return -1;
    return o.value.code == MC_DONE;
}

/* "SIZE T<expiry> <more>" */
static int store(struct memcached *m, struct one *o, struct str key, struct str value,
                 uint32_t expiry, const char *more, bool again, struct err *err)
{
    char flags[80];
    snprintf(flags, sizeof flags, "%zu T%" PRIu32 " %s", value.n, expiry, more);
    if (!value.p)
        value.p = "";
    return plain(m, o, "ms", key, flags, value, again, err);
}

static int memcached_set(struct cache *c, struct str key, struct str value, int64_t ttl, bool add,
                         struct err *err)
{
    struct one o;
    if (ttl <= 0)
        return !add && memcached_remove(c, key, err) < 0 ? -1 : 0;
    if (store(memcached_of(c), &o, key, value, memcached_expiry(ttl), add ? "ME" : "", !add, err) !=
        0)
        return -1;
    if (o.value.code == MC_SERVER_ERROR) /* too large: what is old must not stay */
        return !add && memcached_remove(c, key, err) < 0 ? -1 : 0;
    return o.value.code == MC_DONE;
}

static int memcached_touch(struct cache *c, struct str key, int64_t ttl, struct err *err)
{
    struct one o;
    char flags[16];
    if (ttl <= 0)
        return memcached_remove(c, key, err);
    snprintf(flags, sizeof flags, "T%" PRIu32, memcached_expiry(ttl));
    if (plain(memcached_of(c), &o, "mg", key, flags, STR_NULL, true, err) != 0)
        return -1;
    return o.value.code == MC_DONE;
}

static int memcached_ttl(struct cache *c, struct str key, int64_t *ttl, struct err *err)
{
    struct one o;
    if (plain(memcached_of(c), &o, "mg", key, "t", STR_NULL, true, err) != 0)
        return -1;
    *ttl = o.value.ttl < 0 ? CACHE_FOREVER : o.value.ttl * CLOCK_SECOND;
    return o.value.code == MC_DONE;
}

/* ---- counting ---- */

static int too_much(int64_t value, int64_t by, struct err *err)
{
    return err_set(err, ERR_INVALID, "%" PRId64 " and %" PRId64 " are more than 64 bits hold",
                   value, by);
}

/* One try of compare and swap: 2 when somebody was faster. */
static int swap(struct memcached *m, struct str key, int64_t by, int64_t *result, struct err *err)
{
    struct one o;
    struct buf text = BUF_INIT;
    char more[32];
    int64_t value = 0;
    int status = run(m, &o, "mg", key, "v c t", STR_NULL, true, &text, err);
    if (status == 0 && mc_is_error(&o.value))
        status = mc_refused(o.node, &o.result, &o.value, err);
    bool there = status == 0 && o.value.code == MC_VALUE;
    bool number = there && cache_integer(buf_str(&text), &value);
    buf_release(&text);
    if (!there)
        return status;
    if (!number)
        return err_set(err, ERR_INVALID, "the value is not an integer");
    if (__builtin_add_overflow(value, by, result))
        return too_much(value, by, err);
    int64_t left = o.value.ttl < 0    ? CACHE_FOREVER
                   : o.value.ttl == 0 ? CLOCK_SECOND
                                      : o.value.ttl * CLOCK_SECOND;
    snprintf(more, sizeof more, "C%" PRIu64, o.value.cas);
    buf_addint(&text, *result);
    status = store(m, &o, key, buf_str(&text), memcached_expiry(left), more, false, err);
    buf_release(&text);
    if (status != 0)
        return -1;
    return o.value.code == MC_CHANGED ? 2 : o.value.code == MC_DONE;
}

/* Upwards the server can do it alone, as long as the value has no sign: 2 when it cannot. */
static int add_there(struct memcached *m, struct str key, int64_t by, int64_t *result,
                     struct err *err)
{
    struct one o;
    struct buf text = BUF_INIT;
    char flags[40];
    snprintf(flags, sizeof flags, "v D%" PRId64, by);
    int status = run(m, &o, "ma", key, flags, STR_NULL, false, &text, err);
    if (status == 0 && o.value.code == MC_CLIENT_ERROR &&
        str_find(buf_str(&text), STR("non-numeric")) < text.n) {
        status = 2;
    } else if (status == 0 && mc_is_error(&o.value)) {
        status = mc_refused(o.node, &o.result, &o.value, err);
    } else if (status == 0 && o.value.code == MC_VALUE) {
        status = 1;
        if (!str_to_int64(buf_str(&text), result)) { /* past our integers: take it back */
            snprintf(flags, sizeof flags, "MD D%" PRId64, by);
            status = plain(m, &o, "ma", key, flags, STR_NULL, false, err);
            if (status == 0)
                status = err_set(err, ERR_INVALID,
                                 "the value and %" PRId64 " are more than 64 bits hold", by);
        }
    }
    buf_release(&text);
    return status;
}

static int memcached_incr(struct cache *c, struct str key, int64_t by, int64_t *result,
                          struct err *err)
{
    struct memcached *m = memcached_of(c);
    int status = by >= 0 ? add_there(m, key, by, result, err) : 2;
    for (int i = 0; status == 2 && i < TRIES; i++)
        status = swap(m, key, by, result, err);
    if (status == 2)
        return err_set(err, ERR_IO, "others change the value all the time");
    return status;
}

/* ---- of all servers ---- */

/* A command without a key. */
static int order(struct memcached_node *node, struct str line, struct buf *text, struct err *err)
{
    struct mc_command command = {line, STR_NULL};
    struct mc_value value;
    struct mc_result result = {.text = text, .values = &value, .cap = 1};
    struct mc_call call;
    call.node = node;
    call.commands = &command;
    call.n = 1;
    call.result = &result;
    call.again = true;
    if (mc_post(&call, err) != 0 || mc_wait(&call, err) != 0)
        return -1;
    return mc_is_error(&value) ? mc_refused(node, &result, &value, err) : 0;
}

static int memcached_clear(struct cache *c, struct err *err)
{
    struct memcached *m = memcached_of(c);
    struct buf text = BUF_INIT;
    int status = 1;
    for (size_t i = 0; i < m->n; i++)
        if (order(&m->nodes[i], STR("flush_all"), &text, err) != 0)
            status = -1;
    buf_release(&text);
    return status;
}

static void add_figures(struct str lines, struct cache_stats *out)
{
    const struct {
        struct str name;
        uint64_t *sum;
    } rows[] = {
        {STR("get_hits"), &out->hits},       {STR("get_misses"), &out->misses},
        {STR("cmd_set"), &out->sets},        {STR("evictions"), &out->evictions},
        {STR("get_expired"), &out->expired}, {STR("curr_items"), &out->items},
        {STR("bytes"), &out->bytes},         {STR("limit_maxbytes"), &out->max_bytes},
    };
    struct str line;
    while (lines.n && str_split(&lines, '\n', &line)) {
        size_t space = str_index(line, ' ');
        uint64_t n;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (str_eq(str_head(line, space), rows[i].name) &&
                str_to_uint64(str_skip(line, space + 1), &n))
                *rows[i].sum += n;
    }
}

static int memcached_stats(struct cache *c, struct cache_stats *out, struct err *err)
{
    struct memcached *m = memcached_of(c);
    int status = 1;
    for (size_t i = 0; i < m->n && status == 1; i++) {
        struct buf text = BUF_INIT;
        if (order(&m->nodes[i], STR("stats"), &text, err) != 0)
            status = -1;
        else
            add_figures(buf_str(&text), out);
        buf_release(&text);
    }
    out->counted = status == 1;
    return status;
}

/* ---- life ---- */

static void memcached_close(struct cache *c)
{
    struct memcached *m = memcached_of(c);
    for (size_t i = 0; i < m->n; i++)
        memcached_node_close(&m->nodes[i]);
    ring_free(m->ring);
    free(m->nodes);
    free(m);
}

/* As libmemcached names its points: the port only when it is not the usual one. */
static void ring_name(const struct memcached_node *node, struct buf *out)
{
    if (node->at.path)
        buf_addf(out, "%s:0", node->at.path);
    else if (node->at.port == 11211)
        buf_adds(out, node->at.host);
    else
        buf_addf(out, "%s:%u", node->at.host, node->at.port);
}

static void make_ring(struct memcached *m)
{
    struct str *names = mem_alloc(m->n * sizeof *names);
    struct buf *texts = mem_alloc(m->n * sizeof *texts);
    for (size_t i = 0; i < m->n; i++) {
        buf_init(&texts[i]);
        ring_name(&m->nodes[i], &texts[i]);
        names[i] = buf_str(&texts[i]);
    }
    m->ring = ring_new(names, m->n);
    for (size_t i = 0; i < m->n; i++)
        buf_release(&texts[i]);
    free(texts);
    free(names);
}

static int open_nodes(struct memcached *m, const struct cache_options *o, struct err *err)
{
    static const char *const here[] = {"127.0.0.1"};
    const char *const *servers = o->nservers ? o->servers : here;
    size_t n = o->nservers ? o->nservers : 1;
    m->nodes = mem_zalloc(n * sizeof *m->nodes);
    for (; m->n < n; m->n++) {
        if (memcached_node_open(&m->nodes[m->n], o, servers[m->n], err) != 0)
            return -1;
        for (size_t i = 0; i < m->n; i++)
            if (strcmp(m->nodes[i].at.name, m->nodes[m->n].at.name) == 0)
                return m->n++, err_set(err, ERR_CONFIG, "'%s' stands in its location twice",
                                       m->nodes[i].at.name);
    }
    return 0;
}

static struct cache *memcached_open(const struct cache_options *o, struct err *err)
{
    struct memcached *m = mem_zalloc(sizeof *m);
    if (open_nodes(m, o, err) != 0) {
        memcached_close(&m->cache);
        return NULL;
    }
    if (m->n > 1)
        make_ring(m);
    return &m->cache;
}

const struct cache_ops cache_memcached = {
    .name = "memcached",
    .open = memcached_open,
    .close = memcached_close,
    .get = memcached_get,
    .set = memcached_set,
    .remove = memcached_remove,
    .touch = memcached_touch,
    .incr = memcached_incr,
    .ttl = memcached_ttl,
    .clear = memcached_clear,
    .stats = memcached_stats,
    .get_many = memcached_get_many,
    .set_many = memcached_set_many,
    .remove_many = memcached_remove_many,
    .remove_if = memcached_remove_if,
};
