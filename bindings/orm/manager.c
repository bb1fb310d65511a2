/* SPDX-License-Identifier: MIT */
#include "bindings/orm/manager.h"

#include "base/banned.h"

#include <lauxlib.h>

void *orm_kept_of(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TTABLE)
        return NULL;
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(ORM_UP_KEPT)) == LUA_TUSERDATA)
        return lua_touserdata(L, -1);
    lua_pop(L, 1);
    return NULL;
}

int orm_call_method(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(ORM_UP_METHOD));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}
