/* SPDX-License-Identifier: MIT */
#include "bindings/lua/require.h"

#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/inspect.h"

#include "base/banned.h"

#include <lauxlib.h>

static const char chains; /* its address is a key of the registry */

/* Pushes the list of the modules that the running fiber is loading. [-0, +1, may raise] */
static void push_chain(lua_State *L)
{
    struct script_thread *t = thread_current(host_of(L));
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &chains) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &chains);
    }
    if (lua_rawgetp(L, -1, t) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, -3, t);
    }
    lua_remove(L, -2);
}

/* The module ends, or raises: the last of the chain goes. */
static int leave(lua_State *L)
{
    struct script_thread *t = thread_current(host_of(L));
    push_chain(L);
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    lua_pushnil(L);
    lua_rawseti(L, -2, n);
    if (n <= 1) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &chains);
        lua_pushnil(L);
        lua_rawsetp(L, -2, t);
    }
    return 0;
}

static int raise_circle(lua_State *L, int chain, lua_Integer from, const char *name)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (lua_Integer n = (lua_Integer)lua_rawlen(L, chain); from <= n; from++) {
        lua_rawgeti(L, chain, from);
        luaL_addvalue(&b);
        luaL_addstring(&b, " -> ");
    }
    luaL_addstring(&b, name);
    luaL_pushresult(&b);
    exception_push(L, "ImportError",
                   lua_pushfstring(L,
                                   "circular require: %s; move what both need into a module of its "
                                   "own, or require inside the function that uses it",
                                   lua_tostring(L, -1)));
    lua_pushliteral(L, "where");
    inspect_where(L, 1);
    lua_rawset(L, -3);
    return lua_error(L);
}

/* (name, path); upvalue: the module's function */
static int run_module(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 2);
    push_chain(L);
    lua_Integer n = (lua_Integer)lua_rawlen(L, 3);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 3, i);
        if (strcmp(lua_tostring(L, -1), name) == 0)
            return raise_circle(L, 3, i, name);
        lua_pop(L, 1);
    }
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, leave);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, 1);
    lua_rawseti(L, 3, n + 1);
    lua_toclose(L, 4);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

void require_guard(lua_State *L)
{
    lua_pushcclosure(L, run_module, 1);
}
