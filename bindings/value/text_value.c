/* SPDX-License-Identifier: MIT */
#include "bindings/value/text_value.h"

#include "bindings/lua/error.h"

#include <lauxlib.h>

static bool has_text(lua_State *L, int idx)
{
    if (luaL_getmetafield(L, idx, "__tostring") == LUA_TNIL)
        return false;
    lua_pop(L, 1);
    return true;
}

struct str text_value(lua_State *L, int idx, const char *what)
{
    struct str s;
    if (lua_type(L, idx) != LUA_TSTRING && lua_type(L, idx) != LUA_TNUMBER) {
        idx = lua_absindex(L, idx);
        if (!has_text(L, idx))
            exception_raise(L, "TypeError", "%s is a string, not a %s", what,
                            luaL_typename(L, idx));
        luaL_tolstring(L, idx, NULL);
        lua_replace(L, idx);
    }
    s.p = lua_tolstring(L, idx, &s.n);
    return s;
}
