/* SPDX-License-Identifier: MIT */
/* The near cache: values as Lua has them, so that one that is asked for again and again is
 * neither read nor unpacked each time. Everybody who asks gets the same table.
 *
 * A value is kept with its cache_copy, which tells whether it is still the cache's; so it is
 * never older than what a look into the cache itself would give. Which value goes when there
 * are too many: the first that was not asked for since the hand came by (CLOCK). */
#include "bindings/cache/impl.h"
#include "bindings/value/pack.h"

#include "base/banned.h"
#include "base/hash.h"
#include "base/mem.h"

enum { HITS_KEPT = 256 };

/* UP_PLACES: key -> place, from 0; place + 1 -> key.  UP_VALUES: place + 1 -> value. */

struct near {
    uint32_t max, n, hand;
    uint32_t hits; /* the cache does not know of them yet */
    struct cache_copy *copies;
    bool *used;       /* since the hand came by */
    uint64_t *packed; /* a hash of each value as it came, when changes are to be noticed */
    struct buf buf;   /* for that */
};

struct near *near_new(uint32_t max, bool check)
{
    struct near *near = mem_zalloc(sizeof *near);
    near->max = max;
    near->copies = mem_zalloc(max * sizeof *near->copies);
    near->used = mem_zalloc(max * sizeof *near->used);
    near->packed = check ? mem_zalloc(max * sizeof *near->packed) : NULL;
    buf_init(&near->buf);
    return near;
}

void near_free(struct near *near)
{
    if (!near)
        return;
    buf_release(&near->buf);
    free(near->copies);
    free(near->used);
    free(near->packed);
    free(near);
}

static uint64_t hash_value(lua_State *L, struct near *near, int idx)
{
    int top = lua_gettop(L);
    buf_reset(&near->buf);
    const struct buf *own = pack_value(L, idx, &near->buf);
    uint64_t hash = hash_str(buf_str(own ? own : &near->buf));
    lua_settop(L, top);
    return hash;
}

/* The value on top, of that place, is as it came; or somebody has changed it. */
static void check_value(lua_State *L, struct lua_cache *c, lua_Integer place, int key)
{
    if (hash_value(L, c->near, lua_gettop(L)) != c->near->packed[place])
        exception_raise(L, "ValueError",
                        "cache '%s': the value under '%s' was changed after it came out of the "
                        "cache. With near_entries all get the same one: change a copy, and set "
                        "that",
                        c->alias, lua_tostring(L, key));
}

void near_flush(struct lua_cache *c)
{
    c->cache->ops->copy_hits(c->cache, c->near->hits);
    c->near->hits = 0;
}

/* Has the key at `key` a place? */
static bool find_place(lua_State *L, int key, lua_Integer *place)
{
    lua_pushvalue(L, key);
    bool found = lua_rawget(L, lua_upvalueindex(UP_PLACES)) == LUA_TNUMBER;
    *place = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return found;
}

bool near_find(lua_State *L, struct lua_cache *c, int key)
{
    struct near *near = c->near;
    lua_Integer place;
    if (!find_place(L, key, &place) || !cache_copy_holds(c->cache, &near->copies[place]))
        return false;
    lua_rawgeti(L, lua_upvalueindex(UP_VALUES), place + 1);
    if (near->packed)
        check_value(L, c, place, key);
    near->used[place] = true;
    if (++near->hits == HITS_KEPT)
        near_flush(c);
    return true;
}

/* A place for a new key: one that nobody has had, or somebody's. */
static lua_Integer new_place(lua_State *L, struct near *near)
{
    if (near->n < near->max)
        return near->n++;
    while (near->used[near->hand]) {
        near->used[near->hand] = false;
        near->hand = (near->hand + 1) % near->max;
    }
    lua_Integer place = near->hand;
    near->hand = (near->hand + 1) % near->max;
    if (lua_rawgeti(L, lua_upvalueindex(UP_PLACES), place + 1) != LUA_TNIL) {
        lua_pushnil(L);
        lua_rawset(L, lua_upvalueindex(UP_PLACES));
    } else {
        lua_pop(L, 1);
    }
    return place;
}

void near_keep(lua_State *L, struct lua_cache *c, int key, const struct cache_copy *copy)
{
    struct near *near = c->near;
    lua_Integer place;
    if (!find_place(L, key, &place))
        place = new_place(L, near);
    near->copies[place].expires = INT64_MIN; /* holds nothing: what follows may raise */
    lua_pushvalue(L, -1);
    lua_rawseti(L, lua_upvalueindex(UP_VALUES), place + 1);
    lua_pushvalue(L, key);
    lua_rawseti(L, lua_upvalueindex(UP_PLACES), place + 1);
    lua_pushvalue(L, key);
    lua_pushinteger(L, place);
    lua_rawset(L, lua_upvalueindex(UP_PLACES));
    if (near->packed)
        near->packed[place] = hash_value(L, near, lua_gettop(L));
    near->copies[place] = *copy;
}
