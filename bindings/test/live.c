/* SPDX-License-Identifier: MIT */
/* perilune._testing: a server in this process. Servers are light userdata, which embedded Lua
 * keeps to itself. */
#include "bindings/fiber/fiber.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/test/test.h"

#include "app/live.h"
#include "base/banned.h"

#include <lauxlib.h>

/* serve() -> server, port */
static int l_serve(lua_State *L)
{
    struct host *h = host_of(L);
    struct err err;
    fiber_check(L);
    luaL_checkstack(L, 2, NULL);
    if (!h->app || !h->app->pipeline)
        return exception_raise(L, "ImproperlyConfigured", "there is no project that could answer");
    struct live *l = live_open(h->app, &err);
    if (!l)
        return exception_raise_err(L, &err);
    lua_pushlightuserdata(L, l);
    lua_pushinteger(L, live_port(l));
    return 2;
}

/* end_serving(server) -> false when a request does not end. May wait. */
static int l_end_serving(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TLIGHTUSERDATA);
    fiber_check(L);
    lua_pushboolean(L, live_close(lua_touserdata(L, 1)));
    return 1;
}

void testing_open_live(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"serve", l_serve}, {"end_serving", l_end_serving}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
