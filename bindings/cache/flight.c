/* SPDX-License-Identifier: MIT */
/* Single flight for get_or_set(), which is Lua's (perilune/_cache_flight.lua).
 *
 * Lua names a flight by its key: what is under way belongs to the cache, and a coroutine that
 * is never resumed can hold on to nothing that goes. */
#include "bindings/cache/impl.h"

#include "base/banned.h"
#include "base/clock.h"
#include "cache/flight.h"

struct flights *cache_flights(struct lua_cache *c)
{
    if (!c->flights && strcmp(c->cache->ops->name, "dummy") != 0)
        c->flights = flights_new(c->cache, c->host->loop);
    return c->flights;
}

/* begin(self, key, seconds, version) -> "mine", "landed", "away" or "free". May wait. */
int cache_l_begin(lua_State *L)
{
    static const char *const names[] = {"mine", "landed", "away", "free"};
    struct lua_cache *c = cache_self(L);
    struct flights *f = cache_flights(c);
    double seconds = luaL_checknumber(L, 3);
    lua_Integer version = luaL_optinteger(L, 4, c->version);
    enum flight_state state = FLIGHT_FREE;
    struct flight *flight;
    struct work w;
    struct err err;
    if (f) {
        cache_work(L, c, &w);
        struct str key = cache_push_key(L, c, &w, 2, version);
        cache_enter(c, &w);
        state = flight_begin(f, key, seconds > 0 ? clock_deadline(seconds) : 0, &flight, &err);
        cache_leave(c, &w);
    }
    if (state == FLIGHT_FAILED) {
        cache_failed(L, c, &err);
        state = FLIGHT_FREE;
    }
    lua_pushstring(L, names[state]);
    return 1;
}

/* land(self, key, kept, version): ends the flight that was "mine". May wait. */
int cache_l_land(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    bool kept = lua_toboolean(L, 3);
    lua_Integer version = luaL_optinteger(L, 4, c->version);
    struct work w;
    if (!c->flights)
        return 0;
    cache_work(L, c, &w);
    struct flight *flight = flight_find(c->flights, cache_push_key(L, c, &w, 2, version));
    cache_enter(c, &w);
    if (flight)
        flight_end(flight, kept);
    cache_leave(c, &w);
    return 0;
}
