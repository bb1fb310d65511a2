/* SPDX-License-Identifier: MIT */
#include "bindings/value/safestring.h"

#include <lauxlib.h>
#include <string.h>

/* The metatable stands in the registry under this address. */
static const char registry_key = 0;

/* A userdata without bytes whose user value is the string. */
struct str safestring_test(lua_State *L, int idx)
{
    size_t n;
    if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx))
        return STR_NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
    int same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!same)
        return STR_NULL;
    lua_getiuservalue(L, idx, 1);
    const char *p = lua_tolstring(L, -1, &n); /* stays with the userdata */
    lua_pop(L, 1);
    return str_make(p, n);
}

void safestring_mark(lua_State *L)
{
    lua_newuserdatauv(L, 0, 1);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
    lua_setmetatable(L, -2);
}

void safestring_push_metatable(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
}

static bool is_safe(lua_State *L, int idx)
{
    return safestring_test(L, idx).p != NULL;
}

/* Pushes the text of a safe string, or what tostring makes of another value. [-0, +1] */
static void push_text(lua_State *L, int idx)
{
    if (is_safe(L, idx))
        lua_getiuservalue(L, idx, 1);
    else
        luaL_tolstring(L, idx, NULL);
}

/* mark_safe(value) -> safe string */
static int safestring_l_mark_safe(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (is_safe(L, 1))
        return 1;
    push_text(L, 1);
    safestring_mark(L);
    return 1;
}

/* is_safe(value) -> boolean */
static int safestring_l_is_safe(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, is_safe(L, 1));
    return 1;
}

static int safestring_tostring(lua_State *L)
{
    push_text(L, 1);
    return 1;
}

/* safe .. safe is safe; anything else is plain text. */
static int safestring_concat(lua_State *L)
{
    bool safe = is_safe(L, 1) && is_safe(L, 2);
    for (int i = 1; i <= 2; i++)
        if (!is_safe(L, i) && !lua_isstring(L, i))
            return luaL_error(L, "attempt to concatenate a %s value with a safe string",
                              luaL_typename(L, i));
    push_text(L, 1);
    push_text(L, 2);
    lua_concat(L, 2);
    if (safe)
        safestring_mark(L);
    return 1;
}

static int safestring_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)safestring_test(L, 1).n);
    return 1;
}

static int safestring_eq(lua_State *L)
{
    struct str a = safestring_test(L, 1), b = safestring_test(L, 2);
    lua_pushboolean(L, a.p && b.p && str_eq(a, b));
    return 1;
}

static int safestring_lt(lua_State *L)
{
    push_text(L, 1);
    push_text(L, 2);
    lua_pushboolean(L, lua_compare(L, -2, -1, LUA_OPLT));
    return 1;
}

static int safestring_le(lua_State *L)
{
    push_text(L, 1);
    push_text(L, 2);
    lua_pushboolean(L, lua_compare(L, -2, -1, LUA_OPLE));
    return 1;
}

/* A method of strings, called on the text: the first upvalue is its function. */
static int safestring_method(lua_State *L)
{
    int n = lua_gettop(L);
    luaL_checkany(L, 1);
    push_text(L, 1);
    lua_replace(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, n, LUA_MULTRET);
    return lua_gettop(L);
}

/* Pushes a table of the string library's functions that take safe strings too. [-0, +1] */
static void push_methods(lua_State *L)
{
    lua_newtable(L);
    lua_getglobal(L, "string");
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        if (lua_isfunction(L, -1))
            lua_pushcclosure(L, safestring_method, 1);
        lua_rawset(L, -5);
    }
    lua_pop(L, 1);
}

static const luaL_Reg metamethods[] = {
    {"__tostring", safestring_tostring},
    {"__tojson", safestring_tostring},
    {"__concat", safestring_concat},
    {"__len", safestring_len},
    {"__eq", safestring_eq},
    {"__lt", safestring_lt},
    {"__le", safestring_le},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"mark_safe", safestring_l_mark_safe},
    {"SafeString", safestring_l_mark_safe},
    {"is_safe", safestring_l_is_safe},
    {NULL, NULL},
};

int luaopen_perilune_utils_safestring(lua_State *L)
{
    luaL_newlib(L, metamethods);
    push_methods(L);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "SafeString");
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "SafeString");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &registry_key);
    luaL_newlib(L, functions);
    return 1;
}
