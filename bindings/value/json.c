/* SPDX-License-Identifier: MIT */
/* perilune.json: encode, decode, array, is_array. */
#include "bindings/value/json.h"

#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/null.h"

#include "base/suggest.h"
#include "value/json.h"

#include <lauxlib.h>

enum { INDENT_MAX = 16, KEEP_MAX = 65536 };

/* ---- the buffer of encode() ----
 *
 * It rests in the first upvalue of encode (the second is its metatable).  A call takes it
 * out and puts it back when all went well: __tojson may encode too, may wait, may raise. */

static int buffer_gc(lua_State *L)
{
    buf_release(lua_touserdata(L, 1));
    return 0;
}

/* An empty buffer, on top of the stack. [-0, +1, may raise] */
static struct buf *take_buffer(lua_State *L)
{
    struct buf *b = lua_touserdata(L, lua_upvalueindex(1));
    if (b) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushnil(L);
        lua_replace(L, lua_upvalueindex(1));
        buf_reset(b);
        return b;
    }
    b = lua_newuserdatauv(L, sizeof *b, 0);
    buf_init(b);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_setmetatable(L, -2);
    return b;
}

/* Puts the buffer at idx back. */
static void give_buffer(lua_State *L, int idx)
{
    struct buf *b = lua_touserdata(L, idx);
    if (b->cap > KEEP_MAX)
        buf_release(b);
    lua_pushvalue(L, idx);
    lua_replace(L, lua_upvalueindex(1));
}

/* ---- options ---- */

/* The options are the table at stack index 2; every name must be in `names`. */
static void check_options(lua_State *L, const char *function, const char *const *names)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
        struct suggest s;
        char text[128];
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        bool known = false;
        suggest_init(&s, str_from(name));
        for (const char *const *n = names; *n; n++) {
            known = known || strcmp(name, *n) == 0;
            suggest_add(&s, str_from(*n));
        }
        if (!known)
            exception_raise(L, "TypeError", "json.%s: unknown option '%s'%s", function, name,
                            suggest_text(&s, text, sizeof text));
    }
}

static int bad_option(lua_State *L, const char *name, const char *wanted)
{
    return exception_raise(L, "TypeError", "option '%s' is %s, not %s", name, wanted,
                           luaL_tolstring(L, -1, NULL));
}

static void read_flag(lua_State *L, const char *name, bool *flag)
{
    if (lua_getfield(L, 2, name) != LUA_TNIL) {
        if (!lua_isboolean(L, -1))
            bad_option(L, name, "a boolean");
        *flag = lua_toboolean(L, -1);
    }
    lua_pop(L, 1);
}

static void read_depth(lua_State *L, unsigned *depth)
{
    if (lua_getfield(L, 2, "max_depth") != LUA_TNIL) {
        lua_Integer n = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (n < 1 || n > JSON_DEPTH_MAX)
            bad_option(L, "max_depth", "a number from 1 to 1024");
        *depth = (unsigned)n;
    }
    lua_pop(L, 1);
}

static void read_indent(lua_State *L, struct json_style *style)
{
    if (lua_getfield(L, 2, "indent") != LUA_TNIL) {
        lua_Integer n = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
        if (n < 0 || n > INDENT_MAX)
            bad_option(L, "indent", "a number of spaces from 0 to 16");
        style->indent = (int)n;
        style->key = ": ";
    }
    lua_pop(L, 1);
}

/* Leaves two strings on the stack, or nils: the style points at them. [-0, +2, may raise] */
static void read_separators(lua_State *L, struct json_style *style)
{
    lua_getfield(L, 2, "separators");
    int at = lua_gettop(L);
    if (lua_isnil(L, at)) {
        lua_pushnil(L);
        return;
    }
    if (!lua_istable(L, at) || lua_rawgeti(L, at, 1) != LUA_TSTRING ||
        lua_rawgeti(L, at, 2) != LUA_TSTRING) {
        lua_settop(L, at);
        bad_option(L, "separators", "a table of two strings such as { \", \", \": \" }");
    }
    lua_remove(L, at);
    style->item = lua_tostring(L, at);
    style->key = lua_tostring(L, at + 1);
}

static void read_style(lua_State *L, struct json_style *style)
{
    static const char *const names[] = {"ensure_ascii", "indent", "separators", "sort_keys", NULL};
    check_options(L, "encode", names);
    read_indent(L, style);
    read_separators(L, style);
    read_flag(L, "ensure_ascii", &style->ascii);
    read_flag(L, "sort_keys", &style->sort_keys);
}

/* ---- functions ---- */

/* encode(value [, options]) -> text */
static int json_l_encode(lua_State *L)
{
    struct json_style style = JSON_STYLE_COMPACT;
    struct err err;
    luaL_checkany(L, 1);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        read_style(L, &style);
    struct buf *b = take_buffer(L);
    int at = lua_gettop(L), rc = json_encode(L, 1, b, &style, &err);
    if (rc == 0)
        lua_pushlstring(L, b->data, b->n);
    give_buffer(L, at);
    return rc == 0 ? 1 : json_raise(L, &err);
}

/* decode(text [, options]) -> value */
static int json_l_decode(lua_State *L)
{
    static const char *const names[] = {"max_depth", NULL};
    unsigned depth = JSON_DEPTH_DEFAULT;
    struct err err;
    struct str text;
    luaL_checktype(L, 1, LUA_TSTRING);
    text.p = lua_tolstring(L, 1, &text.n);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) {
        check_options(L, "decode", names);
        read_depth(L, &depth);
    }
    if (json_decode(L, text, depth, &err) != 0)
        return exception_raise(L, "ValueError", "invalid JSON: %s", err.msg);
    return 1;
}

/* array([table]) -> the same table, a list even when it is empty */
static int json_l_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (lua_getmetatable(L, 1) && !json_pop_array_mark(L))
        return exception_raise(L, "TypeError",
                               "json.array: the table has a metatable, which would be lost");
    json_push_array_mark(L);
    lua_setmetatable(L, 1);
    return 1;
}

/* is_array(value) -> boolean */
static int json_l_is_array(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, lua_istable(L, 1) && lua_getmetatable(L, 1) && json_pop_array_mark(L));
    return 1;
}

int luaopen_perilune_json(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"decode", json_l_decode},
        {"array", json_l_array},
        {"is_array", json_l_is_array},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_pushnil(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, buffer_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcclosure(L, json_l_encode, 2);
    lua_setfield(L, -2, "encode");
    null_push(L);
    lua_setfield(L, -2, "null");
    return 1;
}
