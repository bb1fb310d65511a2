/* SPDX-License-Identifier: MIT */
/* perilune.null: one value that is none, for JSON's null and SQL's NULL where a Lua table
 * could not hold a nil.  It is the light userdata NULL, which costs nothing to push and to
 * recognize, and which is cjson's and other C modules' null too. */
#ifndef BINDINGS_LUA_NULL_H
#define BINDINGS_LUA_NULL_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* [-0, +1] */
static inline void null_push(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
}

/* [-0, +0] */
static inline bool null_test(lua_State *L, int idx)
{
    return lua_type(L, idx) == LUA_TLIGHTUSERDATA && !lua_touserdata(L, idx);
}

/* Gives the value its name and its errors; once per state. [-0, +0, may raise] */
void null_open(lua_State *L);

#endif
