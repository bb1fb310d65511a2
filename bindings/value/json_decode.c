/* SPDX-License-Identifier: MIT */
/* Tokens to tables.  The items of a container are collected on the Lua stack until it
 * ends, so that most tables are made with the size they need. */
#include "bindings/value/json.h"

#include "bindings/lua/null.h"

#include "value/json.h"

#include <lauxlib.h>

enum { FEW_ITEMS = 64, FEW_MEMBERS = 32 };

struct decoder {
    lua_State *L;
    struct err *err;
    int mark; /* stack index of the metatable of lists */
    struct json_reader reader;
};

static int push_value(struct decoder *d, enum json_token t);

static void push_text(struct decoder *d)
{
    struct str text = d->reader.text;
    if (!d->reader.escaped) {
        lua_pushlstring(d->L, text.p, text.n);
        return;
    }
    luaL_Buffer b;
    char *p = luaL_buffinitsize(d->L, &b, text.n);
    luaL_pushresultsize(&b, json_unescape(text, p));
}

/* Puts a list of the n values on top into `slot`. [-n, +0] */
static void make_list(lua_State *L, int slot, int n)
{
    lua_createtable(L, n, 0);
    lua_replace(L, slot);
    for (int i = n; i > 0; i--)
        lua_rawseti(L, slot, i);
}

static int push_list(struct decoder *d)
{
    lua_State *L = d->L;
    enum json_token t;
    lua_Integer n = 0;
    lua_pushnil(L); /* becomes the list */
    int slot = lua_gettop(L);
    while ((t = json_next(&d->reader, d->err)) != JSON_ARRAY_END) {
        if (push_value(d, t) != 0)
            return -1;
        n++;
        if (n == FEW_ITEMS)
            make_list(L, slot, FEW_ITEMS);
        else if (n > FEW_ITEMS)
            lua_rawseti(L, slot, n);
    }
    if (n < FEW_ITEMS)
        make_list(L, slot, (int)n);
    lua_pushvalue(L, d->mark);
    lua_setmetatable(L, slot);
    return 0;
}

/* Puts an object of the n pairs on top into `slot`; in their order, as the last one of
 * equal keys is to win. [-2n, +0] */
static void make_object(lua_State *L, int slot, int n)
{
    lua_createtable(L, 0, n);
    lua_replace(L, slot);
    for (int i = 0; i < n; i++) {
        lua_pushvalue(L, slot + 1 + 2 * i);
        lua_pushvalue(L, slot + 2 + 2 * i);
        lua_rawset(L, slot);
    }
    lua_settop(L, slot);
}

static int push_object(struct decoder *d)
{
    lua_State *L = d->L;
    enum json_token t;
    int n = 0;
    lua_pushnil(L); /* becomes the object */
    int slot = lua_gettop(L);
    while ((t = json_next(&d->reader, d->err)) != JSON_OBJECT_END) {
        if (t == JSON_ERROR)
            return -1;
        push_text(d);
        if (push_value(d, json_next(&d->reader, d->err)) != 0)
            return -1;
        if (n == FEW_MEMBERS)
            lua_rawset(L, slot);
        else if (++n == FEW_MEMBERS)
            make_object(L, slot, n);
    }
    if (n < FEW_MEMBERS)
        make_object(L, slot, n);
    return 0;
}

/* Pushes the value that begins with token t; on failure the stack is the caller's to cut. */
static int push_value(struct decoder *d, enum json_token t)
{
    lua_State *L = d->L;
    if (!lua_checkstack(L, 6)) /* a slot, key, value, two copies, a buffer's box */
        luaL_error(L, "stack overflow (decoding JSON)");
    switch (t) {
    case JSON_NULL:
        null_push(L);
        return 0;
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(L, t == JSON_TRUE);
        return 0;
    case JSON_INT:
        lua_pushinteger(L, d->reader.integer);
        return 0;
    case JSON_DOUBLE:
        lua_pushnumber(L, d->reader.number);
        return 0;
    case JSON_STRING:
        push_text(d);
        return 0;
    case JSON_ARRAY:
        return push_list(d);
    case JSON_OBJECT:
        return push_object(d);
    default: /* JSON_ERROR: the reader gives nothing else where a value may stand */
        return -1;
    }
}

int json_decode(lua_State *L, struct str text, unsigned max_depth, struct err *err)
{
    struct decoder d;
    int top = lua_gettop(L);
    d.L = L;
    d.err = err;
    luaL_checkstack(L, 4, "decoding JSON");
    json_push_array_mark(L);
    d.mark = top + 1;
    json_reader_init(&d.reader, text, max_depth);
    if (push_value(&d, json_next(&d.reader, err)) != 0 || json_next(&d.reader, err) != JSON_END) {
        lua_settop(L, top);
        return -1;
    }
    lua_replace(L, d.mark);
    return 0;
}
