/* SPDX-License-Identifier: MIT */
/* perilune._db: databases and their statements, for perilune.db.  A database is a light
 * userdata there, which embedded Lua keeps to itself. */
#include "bindings/db/db.h"

#include "bindings/fiber/fiber.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/option.h"
#include "bindings/value/time_values.h"

#include "app/app.h"
#include "base/banned.h"

#include <lauxlib.h>

struct database *db_arg(lua_State *L, int idx)
{
    luaL_checktype(L, idx, LUA_TLIGHTUSERDATA);
    fiber_check(L);
    return lua_touserdata(L, idx);
}

/* ---- databases ---- */

static struct str str_option(lua_State *L, const char *name, struct str fallback)
{
    struct str s = fallback;
    if (lua_getfield(L, 1, name) == LUA_TSTRING)
        s.p = lua_tolstring(L, -1, &s.n); /* stays in the table */
    lua_pop(L, 1);
    return s;
}

static double number_option(lua_State *L, const char *name, double fallback)
{
    double d = fallback;
    if (lua_getfield(L, 1, name) == LUA_TNUMBER)
        d = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return d;
}

/* add{ alias =, engine =, name = … }: all of them checked already -> the database */
static int db_l_add(lua_State *L)
{
    struct db_options o = db_options_defaults();
    struct database *db;
    struct err err;
    luaL_checktype(L, 1, LUA_TTABLE);
    o.alias = str_option(L, "alias", o.alias);
    o.engine = str_option(L, "engine", o.engine);
    o.name = str_option(L, "name", o.name);
    o.transaction_mode = str_option(L, "transaction_mode", o.transaction_mode);
    o.journal_mode = str_option(L, "journal_mode", o.journal_mode);
    o.synchronous = str_option(L, "synchronous", o.synchronous);
    o.init_command = str_option(L, "init_command", o.init_command);
    o.timeout = number_option(L, "timeout", o.timeout);
    o.statement_timeout = number_option(L, "statement_timeout", o.statement_timeout);
    o.cache_size = (int64_t)number_option(L, "cache_size", (double)o.cache_size);
    o.mmap_size = (int64_t)number_option(L, "mmap_size", (double)o.mmap_size);
    o.pool.max_size = (unsigned)number_option(L, "max_size", o.pool.max_size);
    o.pool.min_size = (unsigned)number_option(L, "min_size", o.pool.min_size);
    o.pool.max_age = number_option(L, "max_age", o.pool.max_age);
    o.pool.timeout = number_option(L, "pool_timeout", o.pool.timeout);
    lua_getfield(L, 1, "atomic_requests");
    o.atomic_requests = lua_toboolean(L, -1);
    db = databases_add(host_of(L)->options.databases, &o, &err);
    if (!db)
        return exception_raise_err(L, &err);
    lua_pushlightuserdata(L, db);
    return 1;
}

static int db_l_find(lua_State *L)
{
    size_t n;
    const char *alias = luaL_checklstring(L, 1, &n);
    struct database *db = databases_find(host_of(L)->options.databases, str_make(alias, n));
    if (!db)
        return 0;
    lua_pushlightuserdata(L, db);
    return 1;
}

static int db_l_engines(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; db_engines[i]; i++) {
        lua_pushstring(L, db_engines[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int db_l_vendor(lua_State *L)
{
    lua_pushstring(L, db_vendor(db_arg(L, 1)));
    return 1;
}

static int db_l_close(lua_State *L)
{
    db_close_idle(db_arg(L, 1));
    return 0;
}

static int db_l_stats(lua_State *L)
{
    struct db_stats s;
    db_stats(db_arg(L, 1), &s);
    lua_createtable(L, 0, 10);
#define STAT(name)                                                                                 \
    lua_pushinteger(L, (lua_Integer)s.name);                                                       \
    lua_setfield(L, -2, #name)
    STAT(prepared);
    STAT(hits);
    STAT(evicted);
    STAT(snapshots);
    STAT(busy_waits);
    STAT(checkpoints);
    STAT(connects);
    STAT(rollbacks);
    STAT(open);
    STAT(wal_frames);
#undef STAT
    return 1;
}

/* rollbacks(database): how many there were, of transactions and of savepoints */
static int db_l_rollbacks(lua_State *L)
{
    struct db_stats s;
    db_stats(db_arg(L, 1), &s);
    lua_pushinteger(L, (lua_Integer)s.rollbacks);
    return 1;
}

/* ---- statements ---- */

enum { VALUES_HERE = 16 };

/* One statement, released whatever its body raises. */
struct call {
    struct database *db;
    struct db_raw *raw;
    struct db_cursor cursor;
    struct db_value room[VALUES_HERE], *values;
    struct db_result result;
    struct tz zone;
    bool rows;
};

static int wrong_count(lua_State *L, const struct call *c, lua_Integer given)
{
    struct err err;
    err_set(&err, ERR_DB_PROGRAMMING,
            "incorrect number of parameters: the SQL has %u placeholders, and %lld are given",
            c->raw->parameters, (long long)given);
    db_push_error(L, &err, c->raw->text, NULL, 0);
    return lua_error(L);
}

static void read_named(lua_State *L, int params, struct call *c)
{
    for (unsigned i = 0; i < c->raw->parameters; i++) {
        struct str name = c->raw->names[i];
        lua_pushlstring(L, name.p, name.n);
        if (lua_gettable(L, params) == LUA_TNIL)
            exception_raise(L, "ProgrammingError", "there is no parameter '%.*s'", STR_ARG(name));
        db_bind_value(L, -1, i + 1, c->zone, &c->values[i]);
        lua_remove(L, -2);
    }
}

static void read_positions(lua_State *L, int params, struct call *c)
{
    lua_Integer given = lua_istable(L, params) ? (lua_Integer)lua_rawlen(L, params) : 0;
    if (given > (lua_Integer)c->raw->parameters)
        wrong_count(L, c, given);
    for (unsigned i = 0; i < c->raw->parameters; i++) {
        if (!lua_istable(L, params) ||
            (lua_rawgeti(L, params, (lua_Integer)i + 1) == LUA_TNIL && given <= (lua_Integer)i))
            wrong_count(L, c, given);
        db_bind_value(L, -1, i + 1, c->zone, &c->values[i]);
        lua_remove(L, -2);
    }
}

/* The values of the table (or nil) at `params`; what they point to stays on the stack. */
static void read_values(lua_State *L, int params, struct call *c)
{
    unsigned n = c->raw->parameters;
    luaL_checkstack(L, (int)n + 16, "too many parameters");
    c->values = c->room;
    if (n > VALUES_HERE)
        c->values = lua_newuserdatauv(L, n * sizeof *c->values, 0);
    if (c->raw->names && lua_istable(L, params))
        read_named(L, params, c);
    else
        read_positions(L, params, c);
}

static int fail(lua_State *L, const struct call *c, const struct err *err)
{
    db_push_error(L, err, c->raw->text, c->values, c->raw->parameters);
    return lua_error(L);
}

/* Pushes the list of rows, tables by the names of the columns, and the list of the names. */
static void read_rows(lua_State *L, struct call *c)
{
    unsigned n = c->cursor.ncolumns;
    const struct db_column *columns = db_columns(&c->cursor, NULL);
    int status, names, list;
    lua_Integer at = 0;
    struct err err;
    luaL_checkstack(L, (int)n + 8, "too many columns");
    names = lua_gettop(L);
    for (unsigned i = 0; columns && i < n; i++)
        lua_pushlstring(L, columns[i].name.p, columns[i].name.n);
    lua_newtable(L);
    list = lua_gettop(L);
    while ((status = db_step(&c->cursor, &err)) == 1) {
        lua_createtable(L, 0, (int)n);
        for (unsigned i = 0; i < n; i++) {
            const struct db_value *v = &c->cursor.row[i];
            if (v->kind == DB_NULL)
                continue;
            lua_pushvalue(L, names + (int)i + 1);
            db_push_value(L, v, columns[i].convert, c->zone);
            lua_rawset(L, -3);
        }
        lua_rawseti(L, list, ++at);
    }
    if (status < 0)
        fail(L, c, &err);
    lua_createtable(L, (int)n, 0);
    for (unsigned i = 0; columns && i < n; i++) {
        lua_pushvalue(L, names + (int)i + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* (light call, params) -> rows, names of the columns */
static int body(lua_State *L)
{
    struct call *c = lua_touserdata(L, 1);
    struct err err;
    read_values(L, 2, c);
    if (c->rows) {
        if (db_query(c->db, &c->raw->sql, c->values, c->raw->parameters, &c->cursor, &err) != 0)
            return fail(L, c, &err);
        read_rows(L, c);
        return 2;
    }
    if (db_execute(c->db, &c->raw->sql, c->values, c->raw->parameters, &c->result, &err) != 0)
        return fail(L, c, &err);
    return 0;
}

/* (database, sql, params, zone) */
static void run(lua_State *L, struct call *c)
{
    size_t n;
    struct err err;
    int status;
    const char *sql;
    c->db = db_arg(L, 1);
    sql = luaL_checklstring(L, 2, &n);
    lua_settop(L, 4);
    c->zone = lua_isnil(L, 4) ? tz_none() : time_zone_arg(L, 4);
    c->raw = db_raw_get(c->db, str_make(sql, n), &err);
    if (!c->raw) {
        db_push_error(L, &err, str_make(sql, n), NULL, 0);
        lua_error(L);
    }
    lua_pushcfunction(L, body); /* allocates nothing */
    lua_pushlightuserdata(L, c);
    lua_pushvalue(L, 3);
    status = lua_pcall(L, 2, c->rows ? 2 : 0, 0);
    db_close(&c->cursor);
    db_raw_done(c->raw);
    if (status != LUA_OK)
        lua_error(L);
}

/* query(database, sql, params, zone) -> list of rows, names of the columns (when there are rows).
 * May wait. */
static int db_l_query(lua_State *L)
{
    struct call c = {.rows = true};
    run(L, &c);
    return 2;
}

/* execute(database, sql, params, zone) -> rows changed, key of the last one. May wait. */
static int db_l_execute(lua_State *L)
{
    struct call c = {.rows = false};
    run(L, &c);
    lua_pushinteger(L, c.result.changes);
    lua_pushinteger(L, c.result.last_id);
    return 2;
}

static const luaL_Reg functions[] = {
    {"add", db_l_add},
    {"find", db_l_find},
    {"engines", db_l_engines},
    {"vendor", db_l_vendor},
    {"close", db_l_close},
    {"stats", db_l_stats},
    {"query", db_l_query},
    {"execute", db_l_execute},
    {"rollbacks", db_l_rollbacks},
    {NULL, NULL},
};

int luaopen_perilune__db(lua_State *L)
{
    luaL_newlib(L, functions);
    db_open_transactions(L);
    db_open_observer(L);
    return 1;
}
