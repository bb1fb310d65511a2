/* SPDX-License-Identifier: MIT */
/* Caches: many keys at once, and keys by pattern. */
#include "bindings/cache/impl.h"
#include "bindings/value/pack.h"

#include "base/banned.h"
#include "base/mem.h"

enum { MANY_MAX = 1 << 20 };

/* ---- several ---- */

/* What belongs to a call for many keys: on the Lua stack, so that an error frees it. */
struct many {
    size_t n;
    size_t *ends; /* of each key in `keys` */
    struct buf keys;
    struct str *names;
    struct buf *values;
    struct str *texts;
    bool *flags;
};

static int many_gc(lua_State *L)
{
    struct many *m = lua_touserdata(L, 1);
    for (size_t i = 0; m->values && i < m->n; i++)
        buf_release(&m->values[i]);
    buf_release(&m->keys);
    free(m->ends);
    free(m->names);
    free(m->values);
    free(m->texts);
    free(m->flags);
    return 0;
}

/* Argument 2 of a function for several keys. */
static void check_table(lua_State *L, const char *what)
{
    if (!lua_istable(L, 2))
        exception_raise(L, "TypeError", "cache: %s is wanted for many keys, not a %s", what,
                        luaL_typename(L, 2));
}

static struct many *many_new(lua_State *L, size_t n)
{
    if (n > MANY_MAX)
        exception_raise(L, "ValueError", "%d keys at once; %d are the most", (int)n, MANY_MAX);
    struct many *m = lua_newuserdatauv(L, sizeof *m, 0);
    *m = (struct many){.keys = BUF_INIT};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, many_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    m->ends = mem_zalloc((n + 1) * sizeof *m->ends);
    m->names = mem_zalloc((n + 1) * sizeof *m->names);
    m->values = mem_alloc((n + 1) * sizeof *m->values);
    m->texts = mem_zalloc((n + 1) * sizeof *m->texts);
    m->flags = mem_zalloc((n + 1) * sizeof *m->flags);
    for (size_t i = 0; i <= n; i++)
        buf_init(&m->values[i]);
    m->n = n;
    return m;
}

static void many_add_key(lua_State *L, struct lua_cache *c, struct many *m, size_t i, int idx,
                         lua_Integer version)
{
    struct work w = {.key = &m->keys};
    cache_push_key(L, c, &w, idx, version);
    m->ends[i] = m->keys.n;
}

static void many_finish_keys(struct many *m)
{
    for (size_t i = 0; i < m->n; i++) {
        size_t start = i ? m->ends[i - 1] : 0;
        m->names[i] = str_make(m->keys.data + start, m->ends[i] - start);
    }
}

/* The keys of the list at index 2. */
static struct many *read_keys(lua_State *L, struct lua_cache *c, lua_Integer version)
{
    check_table(L, "a list of keys");
    size_t n = (size_t)lua_rawlen(L, 2);
    struct many *m = many_new(L, n);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        many_add_key(L, c, m, i, lua_gettop(L), version);
        lua_pop(L, 1);
    }
    many_finish_keys(m);
    return m;
}

/* One after the other, through the buffers of the cache: a backend that has nothing to gain
 * from knowing them all needs no memory for that. */
static int get_each(lua_State *L, struct lua_cache *c, lua_Integer version)
{
    check_table(L, "a list of keys");
    lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
    bool near = c->near && version == c->version;
    struct cache_copy copy;
    lua_createtable(L, 0, n < 1024 ? (int)n : 1024);
    int place = unpack_begin(L);
    int result = place - 1, top = place + 1;
    for (lua_Integer i = 1; i <= n; i++) {
        struct work w;
        struct err err;
        bool fresh = true;
        cache_work(L, c, &w); /* its buffers, when they are new ones, stay below the key */
        int key = w.own ? top + 1 : top + 2, text = key;
        if (lua_rawgeti(L, 2, i) == LUA_TNUMBER) {
            lua_pushvalue(L, key);
            text++; /* it becomes text, as a key of the cache */
        } else if (near && lua_type(L, key) == LUA_TSTRING && near_find(L, c, key)) {
            lua_rawset(L, result);
            lua_settop(L, top);
            continue;
        }
        struct str name = cache_push_key(L, c, &w, text, version);
        cache_enter(c, &w);
        int status = near ? c->cache->ops->get_copy(c->cache, name, w.value, &copy, &err)
                          : cache_get(c->cache, name, w.value, &err);
        cache_leave(c, &w);
        if (status < 0)
            cache_failed(L, c, &err);
        if (lua_gettop(L) != key)
            lua_settop(L, key);
        bool keep = near && text == key && status > 0 && cache_is_plain(buf_str(w.value));
        if (status > 0 && cache_decode(L, c, &w, buf_str(w.value), place, &fresh) && fresh) {
            if (keep)
                near_keep(L, c, key, &copy);
            lua_rawset(L, result);
        }
        if (lua_gettop(L) != top)
            lua_settop(L, top);
    }
    lua_settop(L, result);
    return 1;
}

/* get_many(self, keys, options) -> { key = value } of those that are there */
int cache_l_get_many(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct err err;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    if (!c->cache->ops->get_many)
        return get_each(L, c, o.version);
    struct many *m = read_keys(L, c, o.version);
    lua_newtable(L);
    int place = unpack_begin(L), result = place - 1, top = place + 1;
    if (cache_get_many(c->cache, m->names, m->n, m->values, m->flags, &err) < 0)
        cache_failed(L, c, &err); /* what came all the same is given */
    for (size_t i = 0; i < m->n; i++) {
        struct work w;
        bool fresh = true;
        if (!m->flags[i])
            continue;
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        cache_work(L, c, &w);
        if (cache_decode(L, c, &w, buf_str(&m->values[i]), place, &fresh) && fresh) {
            lua_pushvalue(L, top + 1);
            lua_insert(L, -2);
            lua_rawset(L, result);
        }
        lua_settop(L, top);
    }
    lua_settop(L, result);
    return 1;
}

/* set_many(self, { key = value }, timeout or options) -> list of the keys not kept */
int cache_l_set_many(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct err err;
    size_t n = 0, i = 0;
    lua_settop(L, 3);
    check_table(L, "a table key = value");
    struct options o = cache_options_read(L, c, 3, true);
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1))
        n++;
    struct many *m = many_new(L, n);
    lua_createtable(L, (int)n, 0);
    int keys = lua_gettop(L);
    lua_pushnil(L);
    while (i < n && lua_next(L, 2)) {
        struct work w = {.key = &m->keys, .value = &m->values[i], .own = !c->busy};
        int value = lua_gettop(L);
        cache_encode(L, c, &w, value, &o);
        lua_pushvalue(L, value - 1);
        many_add_key(L, c, m, i, lua_gettop(L), o.version);
        lua_settop(L, value - 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, keys, (lua_Integer)++i);
    }
    m->n = i;
    many_finish_keys(m);
    for (size_t k = 0; k < i; k++)
        m->texts[k] = buf_str(&m->values[k]);
    lua_settop(L, keys);
    lua_newtable(L);
    if (cache_set_many(c->cache, m->names, m->texts, m->n, o.ttl, m->flags, &err) < 0)
        cache_failed(L, c, &err);
    for (size_t k = 0, out = 0; k < m->n; k++) {
        if (!m->flags[k])
            continue;
        lua_rawgeti(L, keys, (lua_Integer)k + 1);
        lua_rawseti(L, -2, (lua_Integer)++out);
    }
    return 1;
}

/* delete_many(self, keys, options) -> how many there were */
int cache_l_delete_many(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct err err;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    struct many *m = read_keys(L, c, o.version);
    int n = cache_remove_many(c->cache, m->names, m->n, &err);
    lua_pushinteger(L, n < 0 ? cache_failed(L, c, &err) : n);
    return 1;
}

/* ---- patterns ---- */

static void collect_key(void *data, struct str key)
{
    struct buf *b = data;
    uint32_t n = (uint32_t)key.n;
    buf_add(b, &n, sizeof n);
    buf_addstr(b, key);
}

/* Pushes the list of whole keys that match the pattern at index 2, each without the first
 * `skip` bytes. [-0, +1, may raise] */
static void push_keys(lua_State *L, struct lua_cache *c, struct work *w, struct str pattern,
                      size_t skip)
{
    struct err err;
    lua_Integer i = 0;
    lua_newtable(L);
    cache_enter(c, w);
    int status = cache_keys(c->cache, pattern, collect_key, w->value, &err);
    cache_leave(c, w);
    if (status < 0)
        cache_failed(L, c, &err);
    for (size_t at = 0; status > 0 && at < w->value->n;) {
        uint32_t n;
        memcpy(&n, w->value->data + at, sizeof n);
        at += sizeof n;
        lua_pushlstring(L, w->value->data + at + skip, n - skip);
        lua_rawseti(L, -2, ++i);
        at += n;
    }
}

/* The pattern for whole keys of a version, and the length of what stands before the keys. */
static struct str whole_pattern(lua_State *L, struct lua_cache *c, struct work *w,
                                lua_Integer version, size_t *skip)
{
    struct str pattern = lua_isnil(L, 2) ? STR("*") : cache_key_text(L, 2);
    *skip = 0;
    if (!c->key_function) { /* what stands before is no pattern */
        struct buf plain = BUF_INIT;
        buf_addf(&plain, "%s:%lld:", c->prefix, (long long)version);
        *skip = plain.n;
        for (size_t i = 0; i < plain.n; i++) {
            bool special = plain.data[i] == '*' || plain.data[i] == '?' || plain.data[i] == '[';
            buf_adds(w->key, special ? "[" : "");
            buf_addc(w->key, plain.data[i]);
            buf_adds(w->key, special ? "]" : "");
        }
        buf_release(&plain);
    }
    buf_addstr(w->key, pattern);
    return buf_str(w->key);
}

/* keys(self, pattern, options) -> list, in no order */
int cache_l_keys(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    size_t skip;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    cache_work(L, c, &w);
    struct str pattern = whole_pattern(L, c, &w, o.version, &skip);
    push_keys(L, c, &w, pattern, skip);
    return 1;
}

/* delete_pattern(self, pattern, options) -> how many there were */
int cache_l_delete_pattern(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    size_t skip;
    lua_Integer n = 0;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    if (lua_isnil(L, 2)) /* all keys go with clear() */
        return exception_raise(L, "TypeError", "delete_pattern: the pattern is missing");
    cache_work(L, c, &w);
    struct str pattern = whole_pattern(L, c, &w, o.version, &skip);
    cache_enter(c, &w);
    int status = cache_keys(c->cache, pattern, collect_key, w.value, &err);
    for (size_t at = 0; status > 0 && at < w.value->n;) {
        uint32_t length;
        memcpy(&length, w.value->data + at, sizeof length);
        at += sizeof length;
        int removed = cache_remove(c->cache, str_make(w.value->data + at, length), &err);
        if (removed < 0)
            status = -1;
        else
            n += removed;
        at += length;
    }
    cache_leave(c, &w);
    if (status < 0)
        cache_failed(L, c, &err);
    lua_pushinteger(L, n);
    return 1;
}
