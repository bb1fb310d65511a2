/* SPDX-License-Identifier: MIT */
/* get(): code, statement and row in one call.  The code lies on the C stack: no Lua value is
 * made but the instance. */
#include "bindings/orm/run.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

#include <lauxlib.h>

enum { CONDITIONS = 5, CODE_ROOM = 512 }; /* the argument from which on there are some */

struct get_code {
    const struct code *code;
    _Alignas(8) char room[CODE_ROOM];
};

/* ---- code ---- */

static void build(lua_State *L, const struct code *query, struct code_builder *b)
{
    bool sliced = query->high >= 0 || query->low > 0;
    code_start_from(b, query);
    if (lua_gettop(L) >= CONDITIONS) {
        code_filter(b, false);
        orm_write_conditions(L, CONDITIONS, b, CODE_AND, false, "get");
    }
    if (!sliced)
        code_get(b);
}

static const struct code *code_of(lua_State *L, struct get_code *out)
{
    const struct code *query = orm_code_check(L, 3);
    if (query->kind != CODE_QUERY)
        exception_raise(L, "TypeError", "a query is wanted, not an expression");
    struct code_builder *b = orm_builder(L);
    build(L, query, b);
    if (code_builder_size(b) <= CODE_ROOM)
        return code_finish(b, out->room);
    orm_code_push(L, b);
    lua_replace(L, 3); /* stays there until the end */
    return orm_code_check(L, 3);
}

/* ---- the row ---- */

/* (world, alias, code, flat, run) → row or nil, number of rows, hooks */
static int get_inner(lua_State *L)
{
    struct orm_run *run = lua_touserdata(L, -1);
    const struct statement *st = run->statement;
    struct orm_reader *r = &run->reader;
    lua_Integer n = 0;
    lua_settop(L, 4);
    *r = (struct orm_reader){.dialect = run->dialect,
                             .scratch = &run->scratch,
                             .rows = lua_toboolean(L, 4) ? ORM_ROWS_FLAT : ORM_ROWS_PLAIN};
    if (st->empty) {
        lua_pushnil(L);
    } else {
        orm_run_start(L, run);
        lua_rawgeti(L, LUA_REGISTRYINDEX, run->prepared->keys);
        orm_reader_open(L, r, st, 1, 5);
        if (orm_run_step(L, run)) {
            orm_reader_push(L, r, run->cursor.row);
            n = 1;
            while (orm_run_step(L, run))
                n++;
        } else {
            lua_pushnil(L);
        }
    }
    lua_pushinteger(L, n);
    orm_push_hooks(L, st, 1);
    return 3;
}

/* get_row(world, alias, query, flat, conditions…) → the first row or nil, how many there are
 * (of a query that is not sliced 21 at most), what is to be converted (orm_push_hooks) */
static int l_get_row(lua_State *L)
{
    struct orm_run run;
    struct get_code code;
    code.code = code_of(L, &code);
    lua_settop(L, 4);
    orm_run_begin(L, &run, code.code);
    return orm_run_protected(L, &run, get_inner, 3);
}

void orm_open_get(lua_State *L)
{
    lua_pushcfunction(L, l_get_row);
    lua_setfield(L, -2, "get_row");
}
