/* SPDX-License-Identifier: MIT */
/* What views in Lua cost: rawmhd with a Lua 5.4 in it and no framework.  The views are those
 * of ../../app, and what they call does no more than the answer needs: no routes, no
 * request, no models, no transactions but one, names and types that are known beforehand, JSON
 * without a look at what it writes.  What Perilune needs beyond this is the framework.
 *
 * usage: RAWLUA_VIEWS=views.lua rawlua PORT DATABASE */
#define OTHER_TESTS
#include "../rawmhd/rawmhd.c"

#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>

static lua_State *L;
static struct state *state; /* of the one server, for the functions below */

/* ---- what views call ---- */

static void set_int(const char *name, int v)
{
    lua_pushinteger(L, v);
    lua_setfield(L, -2, name);
}

/* get{ pk = id } → { id =, randomnumber = } with a class */
static int l_get(lua_State *l)
{
    lua_getfield(l, 1, "pk");
    int id = (int)lua_tointeger(l, -1), number = world(state, id);
    lua_createtable(l, 0, 2);
    set_int("id", id);
    set_int("randomnumber", number);
    lua_pushvalue(l, lua_upvalueindex(1));
    lua_setmetatable(l, -2);
    return 1;
}

/* update(list of those): writes them */
static int l_update(lua_State *l)
{
    lua_Integer n = (lua_Integer)lua_rawlen(l, 1);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(l, 1, i);
        lua_getfield(l, -1, "randomnumber");
        sqlite3_bind_int(state->write_world, 1, (int)lua_tointeger(l, -1));
        lua_getfield(l, -2, "id");
        sqlite3_bind_int(state->write_world, 2, (int)lua_tointeger(l, -1));
        run(state, state->write_world);
        lua_settop(l, 1);
    }
    return 0;
}

static int l_begin(lua_State *l)
{
    run(state, lua_toboolean(l, 1) ? state->begin_write : state->begin);
    return 0;
}

static int l_commit(lua_State *l)
{
    (void)l;
    run(state, state->commit);
    return 0;
}

/* kept(list of ids) → list of { id =, randomNumber = } */
static int l_kept(lua_State *l)
{
    lua_Integer n = (lua_Integer)lua_rawlen(l, 1);
    lua_createtable(l, (int)n, 0);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(l, 1, i);
        int id = (int)lua_tointeger(l, -1);
        lua_createtable(l, 0, 2);
        set_int("id", id);
        set_int("randomNumber", state->kept[id]);
        lua_rawseti(l, 2, i);
        lua_settop(l, 2);
    }
    return 1;
}

/* fortunes() → list of { id =, message = } with a class */
static int l_fortunes(lua_State *l)
{
    sqlite3_stmt *st = state->read_fortunes;
    lua_newtable(l);
    for (lua_Integer i = 1; sqlite3_step(st) == SQLITE_ROW; i++) {
        lua_createtable(l, 0, 2);
        set_int("id", sqlite3_column_int(st, 0));
        lua_pushlstring(l, (const char *)sqlite3_column_text(st, 1),
                        (size_t)sqlite3_column_bytes(st, 1));
        lua_setfield(l, -2, "message");
        lua_pushvalue(l, lua_upvalueindex(1));
        lua_setmetatable(l, -2);
        lua_rawseti(l, -2, i);
    }
    sqlite3_reset(st);
    return 1;
}

/* render(fortunes): the page, into the answer */
static int l_render(lua_State *l)
{
    lua_Integer n = (lua_Integer)lua_rawlen(l, 1);
    add_text(state, "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>"
                    "<tr><th>id</th><th>message</th></tr>");
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(l, 1, i);
        lua_getfield(l, -1, "id");
        lua_getfield(l, -2, "message");
        add_text(state, "<tr><td>");
        add_int(state, (int)lua_tointeger(l, -2));
        add_text(state, "</td><td>");
        add_escaped(state, lua_tostring(l, -1));
        add_text(state, "</td></tr>");
        lua_settop(l, 1);
    }
    add_text(state, "</table></body></html>");
    return 0;
}

static void write_value(lua_State *l, int idx)
{
    bool list = lua_type(l, idx) == LUA_TTABLE && lua_rawlen(l, idx), first = true;
    if (lua_isinteger(l, idx)) {
        add_int(state, (int)lua_tointeger(l, idx));
    } else if (lua_type(l, idx) == LUA_TSTRING) {
        add_text(state, "\"");
        add_text(state, lua_tostring(l, idx));
        add_text(state, "\"");
    } else {
        add_text(state, list ? "[" : "{");
        lua_pushnil(l);
        while (lua_next(l, idx)) {
            if (!first)
                add_text(state, ",");
            first = false;
            if (!list) {
                add_text(state, "\"");
                add_text(state, lua_tostring(l, -2));
                add_text(state, "\":");
            }
            write_value(l, idx + 2);
            lua_settop(l, idx + 1);
        }
        add_text(state, list ? "]" : "}");
    }
}

/* json(value): into the answer */
static int l_json(lua_State *l)
{
    lua_settop(l, 1);
    write_value(l, 1);
    return 0;
}

/* ---- the views ---- */

static void open_tests(struct state *s)
{
    static const luaL_Reg functions[] = {
        {"get", l_get},       {"update", l_update}, {"begin", l_begin},
        {"commit", l_commit}, {"kept", l_kept},     {"fortunes", l_fortunes},
        {"render", l_render}, {"json", l_json},     {NULL, NULL}};
    const char *views = getenv("RAWLUA_VIEWS");
    state = s;
    L = luaL_newstate();
    luaL_openlibs(L);
    lua_gc(L, LUA_GCGEN, 0, 0);
    lua_newtable(L);
    lua_newtable(L); /* the class */
    luaL_setfuncs(L, functions, 1);
    lua_setglobal(L, "raw");
    if (!views || luaL_loadfile(L, views) || lua_pcall(L, 0, 1, 0)) {
        fprintf(stderr, "rawlua: RAWLUA_VIEWS: %s\n", views ? lua_tostring(L, -1) : "not set");
        exit(1);
    }
}

/* The table of views stands at 1. */
static void view(const char *name, int n)
{
    lua_getfield(L, 1, name);
    lua_pushinteger(L, n);
    if (lua_pcall(L, 1, 0, 0)) {
        fprintf(stderr, "rawlua: %s\n", lua_tostring(L, -1));
        exit(1);
    }
}

static const char *lua_json(struct MHD_Connection *c, struct state *s)
{
    (void)c, (void)s;
    view("json", 0);
    return "application/json";
}

static const char *lua_world(struct MHD_Connection *c, struct state *s)
{
    (void)c, (void)s;
    view("db", 0);
    return "application/json";
}

static const char *lua_queries(struct MHD_Connection *c, struct state *s)
{
    (void)s;
    view("queries", count(c, "queries"));
    return "application/json";
}

static const char *lua_updates(struct MHD_Connection *c, struct state *s)
{
    (void)s;
    view("updates", count(c, "queries"));
    return "application/json";
}

static const char *lua_cached(struct MHD_Connection *c, struct state *s)
{
    (void)s;
    view("cached", count(c, "count"));
    return "application/json";
}

static const char *lua_page(struct MHD_Connection *c, struct state *s)
{
    (void)c, (void)s;
    view("fortunes", 0);
    return "text/html; charset=utf-8";
}

static const struct test all[] = {
    {"/json", lua_json},
    {"/db", lua_world},
    {"/queries", lua_queries},
    {"/updates", lua_updates},
    {"/fortunes", lua_page},
    {"/cached-queries", lua_cached},
    {NULL, NULL},
};
static const struct test *const tests = all;
