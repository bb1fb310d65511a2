/* SPDX-License-Identifier: MIT */
/* Running queries: code to statement to rows.  A shape that was seen before costs a look-up;
 * binding and stepping go straight to engine/db. */
#include "bindings/orm/run.h"

#include "bindings/db/db.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"
#include "base/hash.h"
#include "db/databases.h"

#include <lauxlib.h>

enum { ROWS_EXPECTED = 128 }; /* a list is not made larger than that beforehand */

void orm_prepared_drop(void *prepared, void *world)
{
    struct orm_prepared *p = prepared;
    struct orm_world *w = world;
    luaL_unref(w->L, LUA_REGISTRYINDEX, p->keys);
    free(p);
}

/* ---- what a run needs ---- */

void orm_push_keys(lua_State *L, const struct statement *st)
{
    lua_createtable(L, (int)st->n_columns, 0);
    for (uint32_t i = 0; i < st->n_columns; i++) {
        const struct statement_column *c = &st->columns[i];
        struct str name = c->place == COLUMN_FIELD ? c->field->attname : c->name;
        lua_pushlstring(L, name.p ? name.p : "", name.n);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* What is kept with a statement; made at its first run. */
static struct orm_prepared *prepare(lua_State *L, const struct statement *st)
{
    if (st->prepared)
        return st->prepared;
    orm_push_keys(L, st);
    int keys = luaL_ref(L, LUA_REGISTRYINDEX);
    struct orm_prepared *p = mem_alloc(sizeof *p);
    *p = (struct orm_prepared){.keys = keys, .peers = orm_reader_wants_peers(st)};
    ((struct statement *)st)->prepared = p; /* the one field that is the runner's */
    return p;
}

/* The Lua side knows the nearest name. Raises. */
static void unknown_database(lua_State *L, struct str alias)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, "perilune._databases") == LUA_TTABLE) {
        lua_getfield(L, -1, "get");
        lua_pushlstring(L, alias.p, alias.n);
        lua_call(L, 1, 0);
    }
    exception_raise(L, "ImproperlyConfigured", "there is no database '%.*s'", STR_ARG(alias));
}

struct database *orm_find_database(lua_State *L, struct str alias)
{
    struct databases *dbs = host_of(L)->options.databases;
    struct database *db = dbs ? databases_find(dbs, alias) : NULL;
    if (!db)
        unknown_database(L, alias);
    return db;
}

void orm_run_begin(lua_State *L, struct orm_run *run, const struct code *code)
{
    struct err err;
    struct str alias;
    run->world = orm_world_check(L, 1);
    alias.p = luaL_checklstring(L, 2, &alias.n);
    run->db = orm_find_database(L, alias);
    if (code->database && code->database != hash_str(alias))
        exception_raise(L, "ValueError",
                        "Subqueries aren't allowed across different databases: a query inside "
                        "is of another one than '%.*s'. Force it to be evaluated: its to_list()",
                        STR_ARG(alias));
    run->code = code;
    run->dialect = &dialect_sqlite;
    run->statements = orm_world_statements(run->world, run->dialect->id);
    run->statement = statements_get(run->statements, run->code, &err);
    run->open = false;
    run->values = run->few;
    run->result = (struct db_result){0, 0};
    if (!run->statement)
        exception_raise_err(L, &err);
}

/* From here on the run holds things: everything that may raise is inside run_protected(). */
static void hold(struct orm_run *run)
{
    arena_init(&run->scratch, 0);
    statement_ref(run->statement);
}

static void end(struct orm_run *run)
{
    if (run->open && run->cursor.many) { /* the values of the last run may be gone */
        run->cursor.nparams = 0;
        db_many_close(&run->cursor);
    } else if (run->open) {
        db_close(&run->cursor);
    }
    arena_release(&run->scratch);
    statement_unref(run->statements, run->statement);
}

static int bind(struct orm_run *run, const struct convert_zone *zone, struct err *err)
{
    const struct statement *st = run->statement;
    if (st->n_params > ORM_FEW_PARAMS)
        run->values = arena_alloc(&run->scratch, st->n_params * sizeof *run->values);
    return statement_bind(st, run->code, run->dialect, zone, &run->scratch, run->values, err);
}

/* The current zone, with its name in the scratch memory. [-0, +0, may raise] */
static struct convert_zone zone_of(lua_State *L, struct orm_run *run)
{
    struct convert_zone zone = {.tz = time_current_zone(L),
                                .fallback = time_default_zone(L),
                                .naive = !run->world->orm->use_tz};
    struct buf *name = orm_json_buffer(L);
    tz_add_name(name, zone.tz);
    zone.tz_name = arena_str(&run->scratch, buf_str(name));
    return zone;
}

static bool wants_zone(const struct statement *st)
{
    for (uint32_t i = 0; i < st->n_params; i++) {
        const struct statement_param *p = &st->params[i];
        if (p->source == PARAM_ZONE || p->type.storage == STORE_DATETIME ||
            p->type.storage == STORE_DATE)
            return true;
    }
    return false;
}

struct convert_zone orm_run_prepare(lua_State *L, struct orm_run *run)
{
    run->prepared = prepare(L, run->statement);
    if (wants_zone(run->statement))
        return zone_of(L, run);
    return (struct convert_zone){
        .tz = tz_utc(), .tz_name = STR("UTC"), .naive = !run->world->orm->use_tz};
}

int orm_run_fail(lua_State *L, const struct orm_run *run, const struct err *err)
{
    db_push_error(L, err, run->statement->sql, run->values, run->statement->n_params);
    return lua_error(L);
}

void orm_run_start(lua_State *L, struct orm_run *run)
{
    struct err err;
    struct convert_zone zone = orm_run_prepare(L, run);
    if (run->statement->locks && !db_in_atomic(run->db))
        exception_raise(L, "TransactionManagementError",
                        "select_for_update cannot be used outside of a transaction");
    if (bind(run, &zone, &err) != 0)
        exception_raise_err(L, &err);
    if (db_query(run->db, run->statement->db, run->values, run->statement->n_params, &run->cursor,
                 &err) != 0)
        orm_run_fail(L, run, &err);
    run->open = true;
}

int orm_run_step(lua_State *L, struct orm_run *run)
{
    struct err err;
    int got = db_step(&run->cursor, &err);
    if (got == 1)
        return 1;
    run->open = false;
    if (got < 0)
        orm_run_fail(L, run, &err);
    run->result = (struct db_result){run->cursor.changes, run->cursor.last_id};
    return 0;
}

int orm_run_protected(lua_State *L, struct orm_run *run, lua_CFunction inner, int results)
{
    int n = lua_gettop(L);
    lua_pushcfunction(L, inner);
    lua_insert(L, 1);
    lua_pushlightuserdata(L, run);
    hold(run);
    int status = lua_pcall(L, n + 1, results, 0);
    end(run);
    if (status != LUA_OK)
        return lua_error(L);
    return results;
}

/* ---- rows ---- */

/* What EXPLAIN gives has columns of the database's own choice. */
static int explain_rows(lua_State *L, struct orm_run *run)
{
    static const struct column_type plain = {.storage = STORE_UNKNOWN};
    lua_newtable(L);
    for (lua_Integer n = 1; orm_run_step(L, run); n++) {
        lua_createtable(L, (int)run->cursor.ncolumns, 1);
        for (unsigned c = 0; c < run->cursor.ncolumns; c++) {
            orm_push_column(L, &run->reader, &plain, &run->cursor.row[c]);
            lua_rawseti(L, -2, (lua_Integer)c + 1);
        }
        lua_pushinteger(L, run->cursor.ncolumns);
        lua_setfield(L, -2, "n");
        lua_rawseti(L, -2, n);
    }
    return 1;
}

/* (world, alias, code, flat, run) → list */
static int rows_inner(lua_State *L)
{
    struct orm_run *run = lua_touserdata(L, -1);
    const struct statement *st = run->statement;
    struct orm_reader *r = &run->reader;
    lua_settop(L, 4);
    if (st->empty) {
        lua_newtable(L);
        return 1;
    }
    *r = (struct orm_reader){.dialect = run->dialect,
                             .scratch = &run->scratch,
                             .rows = lua_toboolean(L, 4) ? ORM_ROWS_FLAT : ORM_ROWS_PLAIN};
    orm_run_start(L, run);
    if (st->kind == STATEMENT_EXPLAIN)
        return explain_rows(L, run);
    r->quiet = orm_rows_are_quiet(L, st, run->prepared->peers, 2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->prepared->keys);
    orm_reader_open(L, r, st, 1, lua_gettop(L));
    orm_reader_list(L, r, run->prepared->rows);
    while (orm_run_step(L, run))
        orm_reader_row(L, r, run->cursor.row);
    run->prepared->rows = r->n < ROWS_EXPECTED ? (uint32_t)r->n : ROWS_EXPECTED;
    if (run->prepared->peers)
        orm_reader_peers(L, r);
    lua_pushvalue(L, r->list);
    orm_push_hooks(L, st, 1);
    return 2;
}

/* rows(world, alias, code, flat) → list of instances, or of what values() names; nil or a list
 * of what is to be converted in them (orm_push_hooks) */
static int l_rows(lua_State *L)
{
    struct orm_run run;
    lua_settop(L, 4);
    orm_run_begin(L, &run, orm_code_check(L, 3));
    return orm_run_protected(L, &run, rows_inner, 2);
}

/* ---- single results ---- */

static void push_empty(lua_State *L, const struct statement *st)
{
    switch (st->kind) {
    case STATEMENT_COUNT:
        lua_pushinteger(L, 0);
        break;
    case STATEMENT_EXISTS:
        lua_pushboolean(L, false);
        break;
    default:
        lua_newtable(L);
    }
}

/* A NULL of an aggregate that has a value of its own for no rows (Count). */
static void push_when_empty(lua_State *L, const struct statement *st, uint32_t i)
{
    const struct value *v = st->when_empty ? &st->when_empty[i] : NULL;
    if (v && v->kind == VALUE_INT)
        lua_pushinteger(L, v->i);
    else if (v && v->kind == VALUE_DOUBLE)
        lua_pushnumber(L, v->d);
    else if (v && v->kind == VALUE_TEXT)
        lua_pushlstring(L, v->text.p, v->text.n);
    else
        lua_pushnil(L);
}

/* row NULL: there is none. */
static void push_aggregates(lua_State *L, struct orm_run *run, const struct db_value *row)
{
    const struct statement *st = run->statement;
    bool nulls = false;
    lua_createtable(L, 0, (int)st->n_columns);
    for (uint32_t i = 0; i < st->n_columns; i++) {
        const struct statement_column *c = &st->columns[i];
        if (c->place == COLUMN_HIDDEN)
            continue;
        lua_pushlstring(L, c->name.p, c->name.n);
        if (row && row[i].kind != DB_NULL)
            orm_push_column(L, &run->reader, &c->type, &row[i]);
        else
            push_when_empty(L, st, i);
        nulls = nulls || lua_isnil(L, -1);
        lua_rawset(L, -3);
    }
    if (nulls) {
        orm_push_nulls(L, st);
        lua_setmetatable(L, -2);
    }
}

/* (world, alias, code, run) → number, boolean or table */
static int single_inner(lua_State *L)
{
    struct orm_run *run = lua_touserdata(L, -1);
    const struct statement *st = run->statement;
    run->reader = (struct orm_reader){.dialect = run->dialect, .scratch = &run->scratch};
    if (st->empty) {
        if (st->kind == STATEMENT_AGGREGATE)
            push_aggregates(L, run, NULL);
        else
            push_empty(L, st);
        return 1;
    }
    orm_run_start(L, run);
    bool row = orm_run_step(L, run);
    if (st->kind == STATEMENT_EXISTS)
        lua_pushboolean(L, row);
    else if (st->kind == STATEMENT_AGGREGATE)
        push_aggregates(L, run, row ? run->cursor.row : NULL);
    else
        lua_pushinteger(L, row && run->cursor.row[0].kind == DB_INT ? run->cursor.row[0].i : 0);
    if (st->kind != STATEMENT_AGGREGATE)
        return 1;
    orm_push_hooks(L, st, 1);
    return 2;
}

/* single(world, alias, code) → the count, whether there are rows, or the aggregates and what
 * is to be converted in them */
static int l_single(lua_State *L)
{
    struct orm_run run;
    lua_settop(L, 3);
    orm_run_begin(L, &run, orm_code_check(L, 3));
    return orm_run_protected(L, &run, single_inner, 2);
}

/* ---- changes ---- */

/* For those who hold rows that were read before. */
void orm_note_change(struct orm_world *w, const struct model *m)
{
    if (!w->changes)
        w->changes = mem_zalloc(mem_mul(w->orm->n_models, sizeof *w->changes));
    w->changes[m->concrete->id]++;
}

/* (world, alias, code, flat, run) → changes, last id, rows of RETURNING or nil */
static int change_inner(lua_State *L)
{
    struct orm_run *run = lua_touserdata(L, -1);
    const struct statement *st = run->statement;
    struct orm_reader *r = &run->reader;
    lua_settop(L, 4);
    if (!st->empty) {
        orm_note_change(run->world, st->model);
        *r = (struct orm_reader){.dialect = run->dialect,
                                 .scratch = &run->scratch,
                                 .rows = lua_toboolean(L, 4) ? ORM_ROWS_FLAT : ORM_ROWS_PLAIN};
        orm_run_start(L, run);
        lua_rawgeti(L, LUA_REGISTRYINDEX, run->prepared->keys);
        orm_reader_open(L, r, st, 1, lua_gettop(L));
        orm_reader_list(L, r, 0);
        while (orm_run_step(L, run))
            orm_reader_row(L, r, run->cursor.row);
    }
    lua_pushinteger(L, run->result.changes);
    lua_pushinteger(L, run->result.last_id);
    if (st->n_columns && !st->empty)
        lua_pushvalue(L, r->list);
    else
        lua_pushnil(L);
    orm_push_hooks(L, st, 1);
    return 4;
}

/* change(world, alias, code, flat): INSERT, UPDATE, DELETE → changes, last id, rows, what is to
 * be converted in them (orm_push_hooks); flat: the first column of each */
static int l_change(lua_State *L)
{
    struct orm_run run;
    lua_settop(L, 4);
    orm_run_begin(L, &run, orm_code_check(L, 3));
    return orm_run_protected(L, &run, change_inner, 4);
}

/* ---- as text ---- */

/* sql(world, alias, code) → SQL, list of parameters, whether the rows are in an order */
static int sql_inner(lua_State *L)
{
    struct orm_run *run = lua_touserdata(L, -1);
    const struct statement *st = run->statement;
    struct err err;
    struct convert_zone zone = zone_of(L, run);
    lua_settop(L, 3);
    if (bind(run, &zone, &err) != 0)
        return exception_raise_err(L, &err);
    lua_pushlstring(L, st->sql.p ? st->sql.p : "", st->sql.n);
    lua_createtable(L, (int)st->n_params, 0);
    for (uint32_t i = 0; i < st->n_params; i++) {
        const struct db_value *v = &run->values[i];
        if (v->kind == DB_INT)
            lua_pushinteger(L, v->i);
        else if (v->kind == DB_DOUBLE)
            lua_pushnumber(L, v->d);
        else if (v->kind == DB_NULL)
            lua_pushlightuserdata(L, NULL);
        else
            lua_pushlstring(L, v->s.p, v->s.n);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushboolean(L, st->ordered || st->empty);
    return 3;
}

static int l_sql(lua_State *L)
{
    struct orm_run run;
    lua_settop(L, 3);
    orm_run_begin(L, &run, orm_code_check(L, 3));
    return orm_run_protected(L, &run, sql_inner, 3);
}

/* text(world, alias, code) → the SQL with its values written in, for people */
static int text_inner(lua_State *L)
{
    struct orm_run *run = lua_touserdata(L, -1);
    struct err err;
    struct convert_zone zone = zone_of(L, run);
    struct buf *out = orm_json_buffer(L);
    if (statement_text(run->statement, run->code, run->dialect, &zone, out, &err) != 0)
        return exception_raise_err(L, &err);
    lua_pushlstring(L, out->data, out->n);
    return 1;
}

static int l_text(lua_State *L)
{
    struct orm_run run;
    lua_settop(L, 3);
    orm_run_begin(L, &run, orm_code_check(L, 3));
    return orm_run_protected(L, &run, text_inner, 1);
}

static const luaL_Reg functions[] = {
    {"rows", l_rows}, {"single", l_single}, {"change", l_change},
    {"sql", l_sql},   {"text", l_text},     {NULL, NULL},
};

void orm_open_run(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
