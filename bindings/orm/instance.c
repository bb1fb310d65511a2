/* SPDX-License-Identifier: MIT */
/* New instances: the table, its state, and the values that are a column each. */
#include "bindings/orm/code.h"

#include "bindings/lua/null.h"

#include "base/banned.h"

#include <lauxlib.h>

enum { VALUES = 1, DESCRIPTORS, SIZE, OBJECT, UP_STATE = 1, UP_ADDING, UP_SHARED, UP_PLAIN };

static void add_state(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(UP_STATE));
    lua_createtable(L, 0, 3); /* there will be a database */
    lua_pushvalue(L, lua_upvalueindex(UP_ADDING));
    lua_pushboolean(L, true);
    lua_rawset(L, -3);
    lua_pushvalue(L, lua_upvalueindex(UP_SHARED));
    lua_pushboolean(L, false);
    lua_rawset(L, -3);
    lua_rawset(L, OBJECT);
}

/* Whether the name on top is that of a column. [-0, +0] */
static bool is_column(lua_State *L)
{
    bool plain = false;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, DESCRIPTORS) == LUA_TTABLE) {
        lua_pushvalue(L, lua_upvalueindex(UP_PLAIN));
        lua_rawget(L, -2);
        plain = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return plain;
}

/* instance(values or nil, descriptors, n) → a table with room for n keys that has a state and
 * those of the values that are columns; whether there are others */
static int l_instance(lua_State *L)
{
    bool others = false;
    luaL_checktype(L, DESCRIPTORS, LUA_TTABLE);
    lua_settop(L, SIZE);
    lua_createtable(L, 0, (int)luaL_checkinteger(L, SIZE));
    add_state(L);
    lua_pushnil(L);
    while (lua_istable(L, VALUES) && lua_next(L, VALUES)) {
        lua_pushvalue(L, -2); /* key, value, key */
        if (!is_column(L)) {
            others = true;
            lua_pop(L, 2);
            continue;
        }
        if (null_test(L, -2)) {
            lua_pop(L, 2);
            continue;
        }
        lua_rotate(L, -2, 1); /* key, key, value */
        lua_rawset(L, OBJECT);
    }
    lua_settop(L, OBJECT);
    lua_pushboolean(L, others);
    return 2;
}

void orm_open_instance(lua_State *L)
{
    lua_pushliteral(L, ORM_STATE);
    lua_pushliteral(L, "adding");
    lua_pushliteral(L, "shared");
    lua_pushliteral(L, "plain");
    lua_pushcclosure(L, l_instance, 4);
    lua_setfield(L, -2, "instance");
}
