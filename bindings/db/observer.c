/* SPDX-License-Identifier: MIT */
/* perilune._db, third part: what Lua is told of statements and connections.  It is told in
 * the middle of a statement of C: nothing that it raises gets out. */
#include "bindings/db/db.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/thread.h"

#include "base/banned.h"
#include "base/log.h"

#include <lauxlib.h>

static const char statement_key, connection_key; /* addresses in the registry */

static lua_State *running(struct host *h)
{
    struct script_thread *t = thread_current(h);
    return t ? t->running : NULL;
}

/* Calls fn, which gets the light userdata; what it raises is logged. */
static void tell(struct host *h, lua_CFunction fn, void *what)
{
    lua_State *L = running(h);
    struct err err;
    if (!L || !lua_checkstack(L, LUA_MINSTACK))
        return;
    lua_pushcfunction(L, fn);
    lua_pushlightuserdata(L, what);
    if (script_call(L, 1, 0) == LUA_OK)
        return;
    exception_to_line(L, -1, &err);
    lua_pop(L, 1);
    log_write(h->log, LOG_LEVEL_ERROR, "perilune.db", "%s", err.msg);
}

static void push_str(lua_State *L, struct str s)
{
    lua_pushlstring(L, s.p, s.n);
}

/* fn(alias, sql, params, ms, control, error, number of the fiber, how often it was run or nil) */
static int push_statement(lua_State *L)
{
    const struct db_event *e = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &statement_key);
    push_str(L, db_alias(e->db));
    push_str(L, e->sql);
    lua_createtable(L, (int)e->n, 0);
    for (unsigned i = 0; i < e->n; i++) {
        if (e->values[i].kind == DB_NULL)
            lua_pushlightuserdata(L, NULL);
        else
            db_push_value(L, &e->values[i], DB_AS_IS, tz_none());
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushnumber(L, e->ms);
    lua_pushboolean(L, e->control);
    if (e->err)
        lua_pushstring(L, e->err->msg);
    else
        lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)db_fiber_number(host_of(L)->options.databases));
    if (e->runs > 1)
        lua_pushinteger(L, (lua_Integer)e->runs);
    else
        lua_pushnil(L);
    lua_call(L, 8, 0);
    return 0;
}

static void on_statement(void *data, const struct db_event *e)
{
    tell(data, push_statement, (void *)e);
}

/* fn(alias) */
static int push_connection(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &connection_key);
    push_str(L, db_alias(lua_touserdata(L, 1)));
    lua_call(L, 1, 0);
    return 0;
}

static void on_connection(void *data, struct database *db)
{
    tell(data, push_connection, db);
}

/* observe(fn | nil) */
static int db_l_observe(lua_State *L)
{
    struct host *h = host_of(L);
    bool on = !lua_isnoneornil(L, 1);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &statement_key);
    databases_observe(h->options.databases, on ? on_statement : NULL, h);
    return 0;
}

/* on_connect(fn | nil) */
static int db_l_on_connect(lua_State *L)
{
    struct host *h = host_of(L);
    bool on = !lua_isnoneornil(L, 1);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &connection_key);
    databases_on_connect(h->options.databases, on ? on_connection : NULL, h);
    return 0;
}

/* fiber() -> a number that no other fiber has */
static int db_l_fiber(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)db_fiber_number(host_of(L)->options.databases));
    return 1;
}

void db_open_observer(lua_State *L)
{
    static const luaL_Reg functions[] = {{"observe", db_l_observe},
                                         {"on_connect", db_l_on_connect},
                                         {"fiber", db_l_fiber},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
