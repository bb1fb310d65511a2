/* SPDX-License-Identifier: MIT */
/* objects:filter{ … }, exclude{ … } and all() are how most queries begin: here the QuerySet is
 * made without a call of Lua.
 *
 * What that takes is the same each time, and is kept for a manager as its *beginning*: the code
 * of all rows of its model, the world that checks the conditions, the metatable of its
 * QuerySets.  Managers whose get_queryset() is an author's, and models with a get_prep_value(),
 * have none; they use the method in Lua. */
#include "bindings/orm/code.h"
#include "bindings/orm/manager.h"
#include "bindings/orm/world.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

#include <lauxlib.h>

struct orm_beginning {
    struct statements *statements;
    const struct code *all;
};
/* Its user values.  The first two are there to stay alive. */
enum { PART_WORLD = 1, PART_ALL, PART_CLASS, PART_MODEL, PART_USING, PARTS = PART_USING };

enum {
    UP_HOW = ORM_UP_METHOD + 1, /* its place among hows */
    UP_WHAT,
    UP_MODEL,
    UP_CODE,
    UP_DB,
    UPVALUES = UP_DB,
    MEMBERS = 3, /* room for those of a QuerySet and for its rows */
};

enum how { FILTER, EXCLUDE, ALL };
static const char *const hows[] = {"filter", "exclude", "all", NULL};

/* beginning(world, code of all rows, metatable, model, database or nil) */
static int l_beginning(lua_State *L)
{
    struct orm_world *w = orm_world_check(L, 1);
    const struct code *all = orm_code_check(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, PARTS);
    struct orm_beginning *b = lua_newuserdatauv(L, sizeof *b, PARTS);
    *b = (struct orm_beginning){orm_world_statements(w, DIALECT_SQLITE), all};
    for (int i = PART_WORLD; i <= PARTS; i++) {
        lua_pushvalue(L, i);
        lua_setiuservalue(L, -2, i);
    }
    return 1;
}

/* The QuerySet of the code on top, from the beginning at 1. [-0, +1, may raise] */
static void push_queryset(lua_State *L)
{
    int code = lua_gettop(L);
    lua_createtable(L, 0, MEMBERS);
    lua_pushvalue(L, lua_upvalueindex(UP_MODEL));
    lua_getiuservalue(L, 1, PART_MODEL);
    lua_rawset(L, -3);
    lua_pushvalue(L, lua_upvalueindex(UP_CODE));
    lua_pushvalue(L, code);
    lua_rawset(L, -3);
    if (lua_getiuservalue(L, 1, PART_USING) != LUA_TNIL) {
        lua_pushvalue(L, lua_upvalueindex(UP_DB));
        lua_insert(L, -2);
        lua_rawset(L, -3);
    } else {
        lua_pop(L, 1);
    }
    lua_getiuservalue(L, 1, PART_CLASS);
    lua_setmetatable(L, -2);
}

/* The code of all rows with the conditions from argument 2 on. [-0, +1, may raise] */
static void push_restricted(lua_State *L, const struct orm_beginning *begin, bool exclude)
{
    struct err err;
    struct code_builder *b = orm_builder(L);
    code_start_from(b, begin->all);
    code_filter(b, exclude);
    orm_write_conditions(L, 2, b, CODE_AND, false, lua_tostring(L, lua_upvalueindex(UP_WHAT)));
    const struct code *code = orm_code_make(L, b);
    if (statements_check(begin->statements, code, &err) != 0)
        exception_raise_err(L, &err);
}

/* manager:filter(conditions…), manager:exclude(conditions…), manager:all() */
static int l_begin(lua_State *L)
{
    enum how how = (enum how)lua_tointeger(L, lua_upvalueindex(UP_HOW));
    const struct orm_beginning *begin = orm_kept_of(L);
    if (!begin)
        return orm_call_method(L);
    if (how == ALL && lua_gettop(L) > 2 && !lua_isnil(L, 2)) { /* an error */
        lua_pop(L, 1);
        return orm_call_method(L);
    }
    lua_replace(L, 1);
    if (how == ALL)
        lua_getiuservalue(L, 1, PART_ALL);
    else
        push_restricted(L, begin, how == EXCLUDE);
    push_queryset(L);
    return 1;
}

/* begin_method(beginnings, method, name): what managers have for filter(), exclude() and all().
 * `method` does what a beginning cannot and may put one into `beginnings`. */
static int l_begin_method(lua_State *L)
{
    int how = luaL_checkoption(L, 3, NULL, hows);
    lua_settop(L, ORM_UP_METHOD);
    lua_pushinteger(L, how);
    lua_pushstring(L, hows[how]);
    lua_pushliteral(L, "_model");
    lua_pushliteral(L, "_code");
    lua_pushliteral(L, "_db");
    lua_pushcclosure(L, l_begin, UPVALUES);
    return 1;
}

void orm_open_begin(lua_State *L)
{
    lua_pushcfunction(L, l_beginning);
    lua_setfield(L, -2, "beginning");
    lua_pushcfunction(L, l_begin_method);
    lua_setfield(L, -2, "begin_method");
}
