/* SPDX-License-Identifier: MIT */
/* perilune._db, second part: blocks, savepoints, and functions to call after the commit. */
#include "bindings/db/db.h"
#include "bindings/db/hook.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/mem.h"

#include <lauxlib.h>

/* ---- functions to call after the commit ---- */

struct callback { /* data of a db_hook */
    struct host *host;
    int ref;
};

static void drop(void *data)
{
    struct callback *cb = data;
    luaL_unref(cb->host->L, LUA_REGISTRYINDEX, cb->ref);
    free(cb);
}

void hook_push(lua_State *L, const struct db_hook *h)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, ((const struct callback *)h->data)->ref);
}

/* Pops the error of a robust function into the log. */
static void log_error(lua_State *L)
{
    struct err err;
    struct host *h = host_of(L);
    exception_to_line(L, -1, &err);
    lua_pop(L, 1);
    log_write(h->log, LOG_LEVEL_ERROR, "perilune.db", "error in a robust on_commit function: %s",
              err.msg);
}

/* Calls the function on top; false with its error on top. */
static bool call(lua_State *L, bool robust)
{
    if (script_call(L, 0, 0) == LUA_OK)
        return true;
    if (!robust)
        return false;
    log_error(L);
    return true;
}

static void run_hooks(lua_State *L, struct db_hooks *hooks)
{
    struct db_hook h;
    luaL_checkstack(L, 4, NULL);
    while (db_hooks_next(hooks, &h)) {
        struct callback *cb = h.data;
        lua_rawgeti(L, LUA_REGISTRYINDEX, cb->ref);
        drop(cb);
        if (call(L, h.robust))
            continue;
        db_hooks_release(hooks); /* those behind it do not run */
        lua_error(L);
    }
    db_hooks_release(hooks);
}

/* on_commit(database, fn, robust): now, when there is no transaction */
static int db_l_on_commit(lua_State *L)
{
    struct database *db = db_arg(L, 1);
    struct callback *cb;
    struct db_hook h;
    luaL_checkany(L, 2);
    h.robust = lua_toboolean(L, 3);
    lua_settop(L, 2);
    if (!db_in_atomic(db)) {
        if (!call(L, h.robust))
            return lua_error(L);
        return 0;
    }
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    cb = mem_alloc(sizeof *cb);
    *cb = (struct callback){host_of(L), ref};
    h.data = cb;
    h.drop = drop;
    db_on_commit(db, &h, NULL);
    return 0;
}

/* ---- blocks ---- */

/* atomic(database, durable, savepoint, fn, ...) -> what fn gives. May wait. */
static int db_l_atomic(lua_State *L)
{
    struct database *db = db_arg(L, 1);
    unsigned flags = (lua_toboolean(L, 2) ? DB_ATOMIC_DURABLE : 0u) |
                     (lua_toboolean(L, 3) ? 0u : DB_ATOMIC_NO_SAVEPOINT);
    struct db_hooks hooks;
    struct err err;
    int nargs = lua_gettop(L) - 4;
    bool ok;
    luaL_checkany(L, 4);
    luaL_checkstack(L, 8, NULL);
    if (db_atomic_enter(db, flags, &err) != 0)
        return db_raise(L, &err);
    ok = script_call(L, nargs, LUA_MULTRET) == LUA_OK;
    if (db_atomic_leave(db, ok, &hooks, &err) != 0)
        return ok ? db_raise(L, &err) : lua_error(L);
    if (!ok)
        return lua_error(L);
    run_hooks(L, &hooks);
    return lua_gettop(L) - 3;
}

static int db_l_in_atomic(lua_State *L)
{
    lua_pushboolean(L, db_in_atomic(db_arg(L, 1)));
    return 1;
}

static int db_l_get_rollback(lua_State *L)
{
    bool rollback;
    struct err err;
    if (db_get_rollback(db_arg(L, 1), &rollback, &err) != 0)
        return db_raise(L, &err);
    lua_pushboolean(L, rollback);
    return 1;
}

static int db_l_set_rollback(lua_State *L)
{
    struct err err;
    if (db_set_rollback(db_arg(L, 1), lua_toboolean(L, 2), &err) != 0)
        return db_raise(L, &err);
    return 0;
}

/* savepoint(database) -> id; nil outside of a transaction. May wait. */
static int db_l_savepoint(lua_State *L)
{
    struct err err;
    int64_t id = db_savepoint(db_arg(L, 1), &err);
    if (id < 0)
        return db_raise(L, &err);
    if (id == 0)
        return 0;
    lua_pushinteger(L, id);
    return 1;
}

static int end_savepoint(lua_State *L, int (*end)(struct database *, int64_t, struct err *))
{
    struct err err;
    struct database *db = db_arg(L, 1);
    if (lua_isnil(L, 2) && !db_in_atomic(db)) /* what savepoint() gave outside */
        return 0;
    if (end(db, luaL_checkinteger(L, 2), &err) != 0)
        return db_raise(L, &err);
    return 0;
}

static int db_l_savepoint_commit(lua_State *L)
{
    return end_savepoint(L, db_savepoint_commit);
}

static int db_l_savepoint_rollback(lua_State *L)
{
    return end_savepoint(L, db_savepoint_rollback);
}

/* pinned(database, fn): fn runs with one connection held. May wait. */
static int db_l_pinned(lua_State *L)
{
    struct database *db = db_arg(L, 1);
    struct err err;
    int status;
    lua_settop(L, 2);
    luaL_checkstack(L, 8, NULL);
    if (db_pin(db, &err) != 0)
        return db_raise(L, &err);
    status = script_call(L, 0, LUA_MULTRET);
    db_unpin(db);
    return status == LUA_OK ? lua_gettop(L) - 1 : lua_error(L);
}

void db_open_transactions(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"on_commit", db_l_on_commit},
        {"atomic", db_l_atomic},
        {"in_atomic", db_l_in_atomic},
        {"get_rollback", db_l_get_rollback},
        {"set_rollback", db_l_set_rollback},
        {"savepoint", db_l_savepoint},
        {"savepoint_commit", db_l_savepoint_commit},
        {"savepoint_rollback", db_l_savepoint_rollback},
        {"pinned", db_l_pinned},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
