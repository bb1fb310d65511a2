/* SPDX-License-Identifier: MIT */
/* What a cache does with one key.
 *
 * open() (open.c) makes closures over a cache's handle of these functions, and they stand in
 * the cache's table themselves: `cache:get(key)` finds its function at once, and that needs
 * to look for nothing.
 *
 * Keys and values go through two buffers of the cache. While they are needed and others may
 * come (the backend waits, a key_function runs) the cache is `busy`, and they get buffers of
 * their own. A value is packed before the key is made, for packing may run others' code. */
#include "bindings/cache/impl.h"

#include "base/banned.h"

#include <math.h>

/* Reads the value under the key at index 2: pushes it, and gives whether it is there.
 * [-0, +0|1, may raise] May wait. */
static bool lookup(lua_State *L, struct lua_cache *c, lua_Integer version, bool *fresh)
{
    bool near = c->near && version == c->version;
    struct cache_copy copy;
    struct work w;
    struct err err;
    *fresh = true;
    if (near && lua_type(L, 2) == LUA_TSTRING && near_find(L, c, 2))
        return true;
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, version);
    cache_enter(c, &w);
    int status = near ? c->cache->ops->get_copy(c->cache, key, w.value, &copy, &err)
                      : cache_get(c->cache, key, w.value, &err);
    cache_leave(c, &w);
    if (status <= 0)
        return status < 0 ? cache_failed(L, c, &err) : false;
    near = near && cache_is_plain(buf_str(w.value));
    if (!cache_decode(L, c, &w, buf_str(w.value), 0, fresh))
        return false;
    if (near)
        near_keep(L, c, 2, &copy);
    return true;
}

/* ---- functions ---- */

/* get(self, key, default, options) */
static int cache_l_get(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    lua_Integer version = c->version;
    int n = lua_gettop(L);
    bool fresh;
    if (n == 2)
        lua_pushnil(L);
    else if (n < 2)
        lua_settop(L, 3);
    if (n > 3)
        version = cache_options_read(L, c, 4, false).version;
    if (lookup(L, c, version, &fresh) && fresh)
        return 1;
    lua_settop(L, 3); /* the default */
    return 1;
}

/* peek(self, key, options) -> found, value, fresh */
static int cache_l_peek(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    bool fresh;
    lua_settop(L, 3);
    lua_Integer version = cache_options_read(L, c, 3, false).version;
    if (!lookup(L, c, version, &fresh)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_pushboolean(L, 1);
    lua_insert(L, -2);
    lua_pushboolean(L, fresh);
    return 3;
}

static int store(lua_State *L, bool add)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    lua_settop(L, 4);
    struct options o = cache_options_read(L, c, 4, true);
    cache_work(L, c, &w);
    cache_encode(L, c, &w, 3, &o);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_set(c->cache, key, buf_str(w.value), o.ttl, add, &err);
    cache_leave(c, &w);
    lua_pushboolean(L, status < 0 ? cache_failed(L, c, &err) : status);
    return 1;
}

/* set(self, key, value, timeout or options) -> was it kept? */
static int cache_l_set(lua_State *L)
{
    return store(L, false);
}

static int cache_l_add(lua_State *L)
{
    return store(L, true);
}

static int cache_l_delete(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_remove(c->cache, key, &err);
    cache_leave(c, &w);
    lua_pushboolean(L, status < 0 ? cache_failed(L, c, &err) : status);
    return 1;
}

/* touch(self, key, timeout or options) -> is it there? */
static int cache_l_touch(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, true);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_touch(c->cache, key, o.ttl, &err);
    cache_leave(c, &w);
    lua_pushboolean(L, status < 0 ? cache_failed(L, c, &err) : status);
    return 1;
}

static int count(lua_State *L, lua_Integer sign)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    int64_t result = 0, by;
    lua_settop(L, 4);
    if (!lua_isnil(L, 3) && !lua_isinteger(L, 3))
        return exception_raise(L, "TypeError",
                               "a cache counts in integers: 'by' must be one, not %s",
                               luaL_tolstring(L, 3, NULL));
    by = lua_isnil(L, 3) ? 1 : lua_tointeger(L, 3);
    if (by == INT64_MIN)
        by = -INT64_MAX;
    struct options o = cache_options_read(L, c, 4, false);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_incr(c->cache, key, sign * by, &result, &err);
    cache_leave(c, &w);
    if (status < 0 && err.code == ERR_INVALID)
        return exception_raise(L, "ValueError", "key '%s': %s", lua_tostring(L, 2), err.msg);
    if (status < 0 && cache_failed(L, c, &err) == 0)
        return 0;
    if (status == 0)
        return exception_raise(L, "ValueError", "key '%s' is not in the cache", lua_tostring(L, 2));
    lua_pushinteger(L, result);
    return 1;
}

/* incr(self, key, by, options) -> the new value; ValueError when there is none */
static int cache_l_incr(lua_State *L)
{
    return count(L, 1);
}

static int cache_l_decr(lua_State *L)
{
    return count(L, -1);
}

static int cache_l_has_key(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    bool fresh;
    lua_settop(L, 3);
    lua_Integer version = cache_options_read(L, c, 3, false).version;
    lua_pushboolean(L, lookup(L, c, version, &fresh) && fresh);
    return 1;
}

/* ttl(self, key, options) -> seconds, math.huge for ever, nil when it is not there */
static int cache_l_ttl(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    int64_t ttl = 0;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_ttl(c->cache, key, &ttl, &err);
    cache_leave(c, &w);
    if (status < 0)
        cache_failed(L, c, &err);
    if (status <= 0)
        return 0;
    lua_pushnumber(L, ttl == CACHE_FOREVER ? HUGE_VAL : (double)ttl / 1e9);
    return 1;
}

static int cache_l_clear(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct err err;
    lua_pushboolean(L, cache_clear(c->cache, &err) < 0 ? cache_failed(L, c, &err) : 1);
    return 1;
}

/* cache_push_key(self, key, version) -> the whole key */
static int cache_l_make_key(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    lua_pushlstring(L, key.p, key.n);
    return 1;
}

/* ---- figures ---- */

static int cache_l_stats(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct cache_stats s;
    struct err err;
    if (c->near)
        near_flush(c);
    if (cache_stats(c->cache, &s, &err) < 0)
        cache_failed(L, c, &err);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"hits", s.hits},           {"misses", s.misses},   {"sets", s.sets},
        {"evictions", s.evictions}, {"expired", s.expired}, {"recovered", s.recovered},
        {"items", s.items},         {"bytes", s.bytes},     {"max_bytes", s.max_bytes},
    };
    lua_createtable(L, 0, 12);
    for (size_t i = 0; s.counted && i < sizeof rows / sizeof *rows; i++) {
        lua_pushinteger(L, (lua_Integer)rows[i].value);
        lua_setfield(L, -2, rows[i].name);
    }
    lua_pushstring(L, c->cache->ops->name);
    lua_setfield(L, -2, "backend");
    return 1;
}

const luaL_Reg cache_methods[] = {
    {"get", cache_l_get},
    {"_peek", cache_l_peek},
    {"_begin", cache_l_begin},
    {"_land", cache_l_land},
    {"set", cache_l_set},
    {"add", cache_l_add},
    {"delete", cache_l_delete},
    {"touch", cache_l_touch},
    {"incr", cache_l_incr},
    {"decr", cache_l_decr},
    {"has_key", cache_l_has_key},
    {"ttl", cache_l_ttl},
    {"clear", cache_l_clear},
    {"make_key", cache_l_make_key},
    {"get_many", cache_l_get_many},
    {"set_many", cache_l_set_many},
    {"delete_many", cache_l_delete_many},
    {"keys", cache_l_keys},
    {"delete_pattern", cache_l_delete_pattern},
    {"invalidate_tags", cache_l_invalidate_tags},
    {"stats", cache_l_stats},
    {NULL, NULL},
};
