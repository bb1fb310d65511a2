/* SPDX-License-Identifier: MIT */
/* objects:get{ pk = n } is what views do most: here it goes from the call to the instance
 * without a QuerySet, query code or a list of rows.
 *
 * A *getter* is the statement of such a query, ready to be bound.  A manager has one from its
 * second get() on if nobody has a say in it: no get_queryset() of the author's, no routers, a
 * key that is a whole number, columns of one table that no function of the author's
 * converts.  Whatever is not of that shape goes to the method in Lua. */
#include "bindings/orm/manager.h"
#include "bindings/orm/run.h"

#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/signals/signals.h"

#include "base/banned.h"
#include "db/databases.h"

#include <lauxlib.h>

struct orm_getter {
    const struct statement *statement;
    struct statements *statements;
    struct str alias;
    bool quiet; /* instances come without a state */
};
/* Its user values: the columns' names and behind them the class; the alias; the world. */
enum { GETTER_PARTS = 1, GETTER_ALIAS, GETTER_WORLD, GETTER_VALUES = GETTER_WORLD };

/* ---- making one ---- */

static bool binds_as_it_is(const struct statement_param *p)
{
    return p->source == PARAM_SLOT && p->type.storage == STORE_INT &&
           (p->type.bind == BIND_PLAIN || p->type.bind == BIND_MATCH);
}

static bool fits(const struct statement *st)
{
    if (st->empty || st->locks || st->n_params != 1 || !binds_as_it_is(&st->params[0]) ||
        !orm_row_stands_alone(st))
        return false;
    for (uint32_t i = 0; i < st->n_columns; i++)
        if (st->columns[i].type.hooked)
            return false;
    return true;
}

static int getter_gc(lua_State *L)
{
    struct orm_getter *g = lua_touserdata(L, 1);
    if (g->statement)
        statement_unref(g->statements, g->statement);
    g->statement = NULL;
    return 0;
}

/* getter(world, alias, query): the query is one of all rows with { pk = n }.  nil when it is
 * none that a getter could answer. */
static int l_getter(lua_State *L)
{
    struct orm_world *w = orm_world_check(L, 1);
    const struct code *query = orm_code_check(L, 3);
    struct code_builder *b = orm_builder(L);
    struct err err; /* such a query may not even make sense: a key of several columns */
    luaL_checktype(L, 2, LUA_TSTRING);
    lua_settop(L, 3);
    code_start_from(b, query);
    code_get(b);
    orm_code_push(L, b); /* 4 */
    struct statements *all = orm_world_statements(w, DIALECT_SQLITE);
    const struct statement *st = statements_get(all, orm_code_check(L, 4), &err);
    if (!st || !fits(st))
        return 0;
    struct orm_getter *g = lua_newuserdatauv(L, sizeof *g, GETTER_VALUES); /* 5 */
    *g = (struct orm_getter){.statements = all};
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setmetatable(L, 5);
    orm_push_keys(L, st);
    orm_world_push_class(L, 1, st->nodes[0].model);
    lua_rawseti(L, -2, (lua_Integer)st->n_columns + 1);
    lua_setiuservalue(L, 5, GETTER_PARTS);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 5, GETTER_ALIAS);
    g->alias.p = lua_tolstring(L, 2, &g->alias.n);
    g->quiet = str_eq(g->alias, STR("default"));
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 5, GETTER_WORLD);
    statement_ref(st);
    g->statement = st;
    return 1;
}

/* ---- the row ---- */

struct get_run {
    const struct orm_getter *getter;
    struct database *db;
    struct db_value key;
    struct arena scratch;
    struct db_cursor cursor;
    bool open;
};

/* (run, getter) → instance, or nothing */
static int get_inner(lua_State *L)
{
    struct get_run *run = lua_touserdata(L, 1);
    const struct statement *st = run->getter->statement;
    struct orm_reader r = {.dialect = &dialect_sqlite, .scratch = &run->scratch};
    struct err err;
    if (db_query(run->db, st->db, &run->key, 1, &run->cursor, &err) != 0)
        return exception_raise_err(L, &err);
    run->open = true;
    int got = db_step(&run->cursor, &err);
    if (got < 0)
        exception_raise_err(L, &err);
    if (got == 0)
        return 0;
    lua_getiuservalue(L, 2, GETTER_ALIAS); /* 3 */
    lua_getiuservalue(L, 2, GETTER_PARTS); /* 4 */
    lua_rawgeti(L, 4, (lua_Integer)st->n_columns + 1);
    orm_push_alone(L, &r, st, run->cursor.row, 4, run->getter->quiet ? 0 : 3);
    return 1;
}

static void tell_post_init(lua_State *L, int instance)
{
    lua_getmetatable(L, instance);
    if (signals_has(L, SIGNAL_post_init, -1)) {
        lua_createtable(L, 0, 1);
        lua_pushvalue(L, instance);
        lua_setfield(L, -2, "instance");
        signals_send(L, SIGNAL_post_init, lua_gettop(L) - 1);
    }
    lua_pop(L, 1);
}

enum { UP_PK = ORM_UP_METHOD + 1, UP_MISSING, UPVALUES = UP_MISSING };

/* Whether the conditions are { pk = a whole number } and nothing else. */
static bool is_key(lua_State *L, int idx, int64_t *key)
{
    bool found = false;
    if (lua_gettop(L) != idx || lua_type(L, idx) != LUA_TTABLE)
        return false;
    lua_pushnil(L);
    if (lua_next(L, idx) && lua_isinteger(L, -1) &&
        lua_topointer(L, -2) == lua_topointer(L, lua_upvalueindex(UP_PK))) {
        *key = lua_tointeger(L, -1);
        lua_pop(L, 1);
        found = !lua_next(L, idx) && !lua_getmetatable(L, idx);
    }
    lua_settop(L, idx);
    return found;
}

/* With the getter on top. */
static int run_getter(lua_State *L, struct orm_getter *g, int64_t key)
{
    int getter = lua_gettop(L);
    struct get_run run;
    run.getter = g;
    run.db = orm_find_database(L, g->alias);
    run.key = db_int(key);
    run.open = false;
    lua_pushcfunction(L, get_inner);
    lua_pushlightuserdata(L, &run);
    lua_pushvalue(L, getter);
    arena_init(&run.scratch, 0);
    int status = lua_pcall(L, 2, 1, 0);
    if (run.open)
        db_close(&run.cursor);
    arena_release(&run.scratch);
    if (status != LUA_OK)
        return lua_error(L);
    if (lua_isnil(L, -1)) {
        lua_pushvalue(L, lua_upvalueindex(UP_MISSING));
        lua_pushvalue(L, 1);
        lua_call(L, 1, 0);
        return luaL_error(L, "not reached");
    }
    if (signals_builtin(host_of(L)->options.signals, SIGNAL_post_init)->live)
        tell_post_init(L, lua_gettop(L));
    return 1;
}

/* manager:get(conditions…) */
static int l_get(lua_State *L)
{
    struct orm_getter *g;
    int64_t key;
    if (is_key(L, 2, &key) && (g = orm_kept_of(L)))
        return run_getter(L, g, key);
    return orm_call_method(L);
}

/* get_method(getters, method, missing): what managers have for get(). `method` does
 * what a getter cannot and may put one into `getters`; `missing` raises DoesNotExist. */
static int l_get_method(lua_State *L)
{
    lua_settop(L, 3);
    lua_pushliteral(L, "pk");
    lua_insert(L, UP_PK);
    lua_pushcclosure(L, l_get, UPVALUES);
    return 1;
}

void orm_open_by_key(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, getter_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, "perilune.models.Getter");
    lua_setfield(L, -2, "__name");
    lua_pushcclosure(L, l_getter, 1);
    lua_setfield(L, -2, "getter");
    lua_pushcfunction(L, l_get_method);
    lua_setfield(L, -2, "get_method");
}
