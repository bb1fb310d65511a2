/* SPDX-License-Identifier: MIT */
/* get(), first(), exists() and count(): code, statement and answer in one call.  The code lies on
 * the C stack: no Lua value is made but the answer. */
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

/* What the query in argument 3 is run for; get() may have conditions. */
enum ask { ASK_GET, ASK_FIRST, ASK_EXISTS, ASK_COUNT };

static void build(lua_State *L, const struct code *query, enum ask ask, struct code_builder *b)
{
    bool sliced = query->high >= 0 || query->low > 0;
    code_start_from(b, query);
    if (ask == ASK_FIRST)
        code_first(b, false);
    else if (ask == ASK_EXISTS)
        code_exists(b);
    else if (ask == ASK_COUNT)
        code_count(b);
    if (ask != ASK_GET)
        return;
    if (lua_gettop(L) >= CONDITIONS) {
        code_filter(b, false);
        orm_write_conditions(L, CONDITIONS, b, CODE_AND, false, "get");
    }
    if (!sliced)
        code_get(b);
}

static const struct code *code_of(lua_State *L, enum ask ask, struct get_code *out)
{
    const struct code *query = orm_code_check(L, 3);
    if (query->kind != CODE_QUERY)
        exception_raise(L, "TypeError", "a query is wanted, not an expression");
    struct code_builder *b = orm_builder(L);
    build(L, query, ask, b);
    if (code_builder_size(b) <= CODE_ROOM)
        return code_finish(b, out->room);
    orm_code_push(L, b);
    lua_replace(L, 3); /* stays there until the end */
    return orm_code_check(L, 3);
}

/* ---- the row ---- */

/* What the row under the cursor becomes; arguments 1 and 2 are world and alias. */
static void push_row(lua_State *L, struct orm_run *run)
{
    const struct statement *st = run->statement;
    struct orm_reader *r = &run->reader;
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->prepared->keys);
    int keys = lua_gettop(L);
    if (r->rows == ORM_ROWS_FLAT || !orm_row_stands_alone(st)) {
        orm_reader_open(L, r, st, 1, keys);
        orm_reader_push(L, r, run->cursor.row);
        return;
    }
    bool quiet = orm_rows_are_quiet(L, st, false, 2);
    orm_world_push_class(L, 1, st->nodes[0].model);
    orm_push_alone(L, r, st, run->cursor.row, keys, quiet ? 0 : 2);
}

/* (world, alias, code, flat, run) → row or nil, number of rows (1 when they are not to be
 * counted), hooks */
static int row_inner(lua_State *L, bool counted)
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
        if (orm_run_step(L, run)) {
            push_row(L, run);
            n = 1;
            while (counted && orm_run_step(L, run))
                n++;
        } else {
            lua_pushnil(L);
        }
    }
    lua_pushinteger(L, n);
    orm_push_hooks(L, st, 1);
    return 3;
}

static int get_inner(lua_State *L)
{
    return row_inner(L, true);
}

static int first_inner(lua_State *L)
{
    return row_inner(L, false);
}

static int ask(lua_State *L, enum ask what, lua_CFunction inner, int results)
{
    struct orm_run run;
    struct get_code code;
    code.code = code_of(L, what, &code);
    lua_settop(L, 4);
    orm_run_begin(L, &run, code.code);
    return orm_run_protected(L, &run, inner, results);
}

/* get_row(world, alias, query, flat, conditions…) → the first row or nil, how many there are
 * (of a query that is not sliced 21 at most), what is to be converted (orm_push_hooks) */
static int l_get_row(lua_State *L)
{
    return ask(L, ASK_GET, get_inner, 3);
}

/* first_row(world, alias, query, flat): the same for first() */
static int l_first_row(lua_State *L)
{
    return ask(L, ASK_FIRST, first_inner, 3);
}

/* ---- answers that are no rows ---- */

/* (world, alias, code, nil, run) → boolean */
static int exists_inner(lua_State *L)
{
    struct orm_run *run = lua_touserdata(L, -1);
    bool row = false;
    if (!run->statement->empty) {
        orm_run_start(L, run);
        row = orm_run_step(L, run);
    }
    lua_pushboolean(L, row);
    return 1;
}

/* (world, alias, code, nil, run) → number */
static int count_inner(lua_State *L)
{
    struct orm_run *run = lua_touserdata(L, -1);
    lua_Integer n = 0;
    if (!run->statement->empty) {
        orm_run_start(L, run);
        if (orm_run_step(L, run) && run->cursor.row[0].kind == DB_INT)
            n = run->cursor.row[0].i;
    }
    lua_pushinteger(L, n);
    return 1;
}

/* any_rows(world, alias, query) → whether it has rows */
static int l_any_rows(lua_State *L)
{
    return ask(L, ASK_EXISTS, exists_inner, 1);
}

/* count_rows(world, alias, query) → how many */
static int l_count_rows(lua_State *L)
{
    return ask(L, ASK_COUNT, count_inner, 1);
}

enum { UP_DB = 1, UP_MODEL, UP_CODE };

/* is_bare(queryset) → whether it has nothing but a model, code and perhaps a database; the
 * latter.  Short strings are one object each: to compare them is to compare where they lie. */
static int l_is_bare(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    const char *db = lua_tostring(L, lua_upvalueindex(UP_DB)),
               *model = lua_tostring(L, lua_upvalueindex(UP_MODEL)),
               *code = lua_tostring(L, lua_upvalueindex(UP_CODE));
    lua_pushboolean(L, true);
    lua_pushnil(L); /* 3: the database */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        if (key == db)
            lua_copy(L, -1, 3);
        else if (key != model && key != code)
            return lua_pushboolean(L, false), 1;
        lua_pop(L, 1);
    }
    return 2;
}

static const luaL_Reg functions[] = {
    {"get_row", l_get_row},
    {"first_row", l_first_row},
    {"any_rows", l_any_rows},
    {"count_rows", l_count_rows},
    {NULL, NULL},
};

void orm_open_get(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    lua_pushliteral(L, "_db");
    lua_pushliteral(L, "_model");
    lua_pushliteral(L, "_code");
    lua_pushcclosure(L, l_is_bare, 3);
    lua_setfield(L, -2, "is_bare");
}
