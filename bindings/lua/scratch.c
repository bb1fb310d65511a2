/* SPDX-License-Identifier: MIT */
#include "bindings/lua/scratch.h"

/* What one large text leaves behind is given back. */
#define KEEP_MAX 65536

static int scratch_gc(lua_State *L)
{
    buf_release(lua_touserdata(L, 1));
    return 0;
}

void scratch_newlib(lua_State *L, const luaL_Reg *functions)
{
    lua_newtable(L);
    struct buf *b = lua_newuserdatauv(L, sizeof *b, 0);
    buf_init(b);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, scratch_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    luaL_setfuncs(L, functions, 1);
}

struct buf *scratch(lua_State *L)
{
    struct buf *b = lua_touserdata(L, lua_upvalueindex(1));
    if (b->cap > KEEP_MAX)
        buf_release(b);
    else
        buf_reset(b);
    return b;
}

int scratch_push(lua_State *L, struct buf *b)
{
    lua_pushlstring(L, b->data, b->n);
    return 1;
}

struct str scratch_arg(lua_State *L, int arg)
{
    size_t n;
    const char *p = luaL_checklstring(L, arg, &n);
    return str_make(p, n);
}

struct str scratch_opt(lua_State *L, int arg)
{
    return lua_isnoneornil(L, arg) ? STR_NULL : scratch_arg(L, arg);
}
