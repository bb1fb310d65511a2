/* SPDX-License-Identifier: MIT */
/* perilune._testing: transactions of tests. */
#include "bindings/db/db.h"
#include "bindings/db/hook.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/test/test.h"

#include "base/banned.h"

#include <lauxlib.h>

/* block(database, fn, keep) -> what fn gives: in a block that things which are durable may stand
 * in. It is rolled back when fn raises, and otherwise too unless `keep`. May wait. */
static int l_block(lua_State *L)
{
    struct database *db = db_arg(L, 1);
    struct db_hooks hooks;
    struct err err;
    lua_settop(L, 3);
    bool keep = lua_toboolean(L, 3);
    lua_settop(L, 2);
    luaL_checkstack(L, 8, NULL);
    if (db_atomic_enter(db, DB_ATOMIC_TEST, &err) != 0)
        return db_raise(L, &err);
    int status = script_call(L, 0, LUA_MULTRET);
    int left = db_atomic_leave(db, keep && status == LUA_OK, &hooks, &err);
    if (status != LUA_OK)
        return lua_error(L);
    return left == 0 ? lua_gettop(L) - 1 : db_raise(L, &err);
}

/* share(boolean): every fiber has the transactions of this one, until it is taken back */
static int l_share(lua_State *L)
{
    db_share(host_of(L)->options.databases, lua_toboolean(L, 1));
    return 0;
}

/* hooks(database) -> how many functions wait for the commit */
static int l_hooks(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)db_hooks_count(db_arg(L, 1)));
    return 1;
}

/* (light hooks) -> list of { fn, robust } */
static int list_hooks(lua_State *L)
{
    struct db_hooks *hooks = lua_touserdata(L, 1);
    lua_createtable(L, (int)hooks->n, 0);
    for (size_t i = 0; i < hooks->n; i++) {
        lua_createtable(L, 2, 0);
        hook_push(L, &hooks->items[i]);
        lua_rawseti(L, -2, 1);
        lua_pushboolean(L, hooks->items[i].robust);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* take_hooks(database, first) -> { { fn, robust }, … }: those behind the `first` ones, which
 * are not called any more */
static int l_take_hooks(lua_State *L)
{
    struct database *db = db_arg(L, 1);
    struct db_hooks hooks;
    lua_Integer first = luaL_checkinteger(L, 2);
    luaL_argcheck(L, first >= 0, 2, "a number of hooks");
    lua_pushcfunction(L, list_hooks);
    hooks = db_hooks_take(db, (size_t)first);
    lua_pushlightuserdata(L, &hooks);
    int status = script_call(L, 1, 1);
    db_hooks_release(&hooks);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* mirror(database, other): its alias stands for the other one */
static int l_mirror(lua_State *L)
{
    database_mirror(db_arg(L, 1), db_arg(L, 2));
    return 0;
}

/* unresolved(database) -> would its commit be refused for a reference to a row that is gone? */
static int l_unresolved(lua_State *L)
{
    lua_pushboolean(L, db_unresolved(db_arg(L, 1)));
    return 1;
}

void testing_open_database(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"block", l_block},
        {"share", l_share},
        {"hooks", l_hooks},
        {"take_hooks", l_take_hooks},
        {"unresolved", l_unresolved},
        {"mirror", l_mirror},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
