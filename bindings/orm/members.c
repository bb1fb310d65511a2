/* SPDX-License-Identifier: MIT */
/* What instances and QuerySets do not have themselves: nearly always a method of their class,
 * which is found here without a call of Lua.  Everything else has a function in Lua to ask. */
#include "bindings/orm/run.h"

#include <lauxlib.h>
#include <limits.h>

enum { UP_CLASS = 1, UP_OTHER, UP_THIRD };

/* other(self, key), on behalf of whoever asked: errors name their line. */
static int ask_other(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(UP_OTHER));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

/* (self, key) of a QuerySet: a method, or a row of those that were read, as ipairs() asks for */
static int queryset_member(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING) {
        lua_Integer i = lua_tointeger(L, 2);
        lua_pushvalue(L, lua_upvalueindex(UP_THIRD));
        if (i < 1 || !lua_isinteger(L, 2) || lua_rawget(L, 1) != LUA_TTABLE)
            return ask_other(L);
        lua_rawgeti(L, -1, i);
        return 1;
    }
    lua_pushvalue(L, 2);
    if (lua_gettable(L, lua_upvalueindex(UP_CLASS)) != LUA_TNIL)
        return 1;
    return ask_other(L);
}

/* (self, key) of an instance: what is behind a name that has a descriptor comes first */
static int instance_member(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(UP_THIRD));
    if (lua_rawget(L, lua_upvalueindex(UP_CLASS)) != LUA_TTABLE)
        return ask_other(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return ask_other(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(UP_CLASS)) != LUA_TNIL)
        return 1;
    return ask_other(L);
}

/* queryset_index(class, other) → the __index of its QuerySets */
static int l_queryset_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushliteral(L, "_result");
    lua_pushcclosure(L, queryset_member, 3);
    return 1;
}

/* instance_index(class, other) → the __index of its instances */
static int l_instance_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushliteral(L, "_descriptors");
    lua_pushcclosure(L, instance_member, 3);
    return 1;
}

/* copy_list(list) → another list of the same items; they need no metamethods */
static int l_copy_list(lua_State *L)
{
    lua_Unsigned n = lua_rawlen(L, 1);
    lua_createtable(L, n < INT_MAX ? (int)n : 0, 0);
    for (lua_Unsigned i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i);
        lua_rawseti(L, -2, (lua_Integer)i);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"queryset_index", l_queryset_index},
    {"instance_index", l_instance_index},
    {"copy_list", l_copy_list},
    {NULL, NULL},
};

void orm_open_members(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
