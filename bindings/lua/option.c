/* SPDX-License-Identifier: MIT */
#include "bindings/lua/option.h"

#include "bindings/lua/error.h"

#include "base/banned.h"
#include "base/suggest.h"

#include <lauxlib.h>

static void unknown(lua_State *L, const char *const *names, const char *what)
{
    struct suggest s;
    char text[128];
    if (lua_type(L, -2) != LUA_TSTRING)
        exception_raise(L, "TypeError", "the options of %s are { name = value }, not a list", what);
    const char *key = lua_tostring(L, -2);
    suggest_init(&s, str_from(key));
    for (; *names; names++)
        suggest_add(&s, str_from(*names));
    exception_raise(L, "TypeError", "%s has no option '%s'%s", what, key,
                    suggest_text(&s, text, sizeof text));
}

int option_next(lua_State *L, int idx, const char *const *names, const char *what)
{
    if (!lua_next(L, idx))
        return -1;
    if (lua_type(L, -2) == LUA_TSTRING) {
        const char *key = lua_tostring(L, -2);
        for (int i = 0; names[i]; i++)
            if (key[0] == names[i][0] && strcmp(key, names[i]) == 0)
                return i;
    }
    unknown(L, names, what);
    return -1;
}

struct str option_str(lua_State *L, const char *name)
{
    struct str s;
    if (lua_type(L, -1) != LUA_TSTRING)
        exception_raise(L, "TypeError", "option '%s' is a string, not a %s", name,
                        luaL_typename(L, -1));
    s.p = lua_tolstring(L, -1, &s.n);
    return s;
}

bool option_table(lua_State *L, int arg, const char *what)
{
    if (lua_isnoneornil(L, arg))
        return false;
    if (!lua_istable(L, arg))
        exception_raise(L, "TypeError", "the options of %s are a table, not a %s", what,
                        luaL_typename(L, arg));
    return true;
}
