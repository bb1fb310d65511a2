/* SPDX-License-Identifier: MIT */
#include "bindings/lua/null.h"

#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"

#include <lauxlib.h>

/* The metatable is that of all light userdata; others only come from C modules. */

static int null_tostring(lua_State *L)
{
    if (null_test(L, 1))
        lua_pushliteral(L, "null");
    else
        lua_pushfstring(L, "userdata: %p", lua_touserdata(L, 1));
    return 1;
}

static int null_index(lua_State *L)
{
    return exception_raise(L, "TypeError", "%s has no fields, so no '%s'; compare with == first",
                           null_test(L, 1) ? "perilune.null" : "a light userdata",
                           luaL_tolstring(L, 2, NULL));
}

void null_open(lua_State *L)
{
    static const luaL_Reg metamethods[] = {
        {"__tostring", null_tostring},
        {"__index", null_index},
        {"__newindex", null_index},
        {NULL, NULL},
    };
    null_push(L);
    luaL_newlib(L, metamethods);
    lua_pushliteral(L, "perilune.null");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "perilune.null");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

int luaopen_perilune_null(lua_State *L)
{
    null_push(L);
    return 1;
}
