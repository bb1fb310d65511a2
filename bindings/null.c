/* SPDX-License-Identifier: MIT */
/* perilune.null: one value that is none, for JSON's null and SQL's NULL where a Lua table
 * could not hold a nil. */
#include "class.h"
#include "error.h"
#include "json.h"
#include "libs.h"

static int to_string(lua_State *L)
{
    lua_pushliteral(L, "null");
    return 1;
}

static int no_field(lua_State *L, void *self)
{
    (void)self;
    return exception_raise(L, "TypeError", "perilune.null has no fields ('%s' was asked for)",
                           luaL_tolstring(L, 2, NULL));
}

static const struct class null_class = {
    .name = "perilune.null",
    .metamethods = (const luaL_Reg[]){{"__tostring", to_string}, {NULL, NULL}},
    .index = no_field,
    .newindex = no_field,
};

static char key; /* its address names the value in the registry */

void null_push(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    class_register(L, &null_class);
    class_push(L, &null_class, &key);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

bool null_test(lua_State *L, int idx)
{
    return lua_type(L, idx) == LUA_TUSERDATA && class_test(L, idx, &null_class);
}

int luaopen_perilune_null(lua_State *L)
{
    null_push(L);
    return 1;
}
