/* SPDX-License-Identifier: MIT */
/* Conditions: what filter(), exclude(), get() and Q() take. */
#include "bindings/orm/code.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

#include <lauxlib.h>

enum { KEYS_MAX = 64 }; /* lookups of one table */

/* "pk", "pk__gt", "cells__pk__in": keys may be of several columns, and then are lists. */
static bool of_key(struct str key)
{
    static const struct str lookups[] = {STR_INIT("__in"), STR_INIT("__gt"),  STR_INIT("__gte"),
                                         STR_INIT("__lt"), STR_INIT("__lte"), STR_INIT("__exact")};
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
        if (str_ends(key, lookups[i])) {
            key = str_head(key, key.n - lookups[i].n);
            break;
        }
    return str_eq(key, STR("pk")) || str_ends(key, STR("__pk"));
}

/* Lookups that take a list of values. */
static bool takes_list(struct str key)
{
    static const struct str names[] = {STR_INIT("in"), STR_INIT("range"), STR_INIT("has_keys"),
                                       STR_INIT("has_any_keys"), STR_INIT("overlap")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = names[i].n;
        if (str_ends(key, names[i]) && key.n > n + 2 && key.p[key.n - n - 1] == '_' &&
            key.p[key.n - n - 2] == '_')
            return true;
    }
    return of_key(key);
}

/* How the table at idx is to be taken, if it is one. */
static enum orm_table table_of(lua_State *L, struct str key, int idx)
{
    if (lua_type(L, idx) != LUA_TTABLE || !takes_list(key))
        return ORM_TABLE_JSON;
    return str_ends(key, STR("__in")) && of_key(key) ? ORM_TABLE_LISTS : ORM_TABLE_LIST;
}

/* The key, then the value at idx. */
static void write_lookup(lua_State *L, struct str key, int idx, struct code_builder *b,
                         const char *what)
{
    code_lookup(b, key);
    orm_write_operand(L, idx, b, table_of(L, key, idx), key.n < 100 ? key.p : what);
}

static void sort(struct str *keys, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && str_cmp(keys[j - 1], keys[j]) > 0; j--) {
            struct str key = keys[j];
            keys[j] = keys[j - 1];
            keys[j - 1] = key;
        }
}

/* Keys of the table at idx that are text, sorted; they live in the table. */
static size_t collect_keys(lua_State *L, int idx, struct str keys[KEYS_MAX], const char *what)
{
    size_t n = 0;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            if (n == KEYS_MAX)
                exception_raise(L, "ValueError",
                                "%s: more than %d conditions in one table; "
                                "combine several Q{…}",
                                what, KEYS_MAX);
            keys[n].p = lua_tolstring(L, -1, &keys[n].n);
            n++;
        } else if (!lua_isinteger(L, -1)) {
            exception_raise(L, "TypeError", "%s: names of lookups are strings, not a %s", what,
                            luaL_typename(L, -1));
        }
    }
    sort(keys, n);
    return n;
}

static uint32_t write_one(lua_State *L, int idx, struct code_builder *b, const char *what);

/* Conditions at 1..n of the table, then its lookups by name. */
static uint32_t write_table(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    struct str keys[KEYS_MAX];
    uint32_t count = 0;
    size_t n = collect_keys(L, idx, keys, what);
    lua_Unsigned items = lua_rawlen(L, idx);
    luaL_checkstack(L, 8, what);
    for (lua_Unsigned i = 1; i <= items; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i);
        count += write_one(L, lua_gettop(L), b, what);
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < n; i++) {
        lua_pushlstring(L, keys[i].p, keys[i].n);
        lua_rawget(L, idx);
        write_lookup(L, keys[i], lua_gettop(L), b, what);
        lua_pop(L, 1);
        count++;
    }
    return count;
}

static uint32_t write_one(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    const struct code *c = orm_code_test(L, idx);
    if (c && (c->kind == CODE_CONDITION || c->kind == CODE_EXPRESSION)) {
        code_append(b, c);
        return 1;
    }
    if (lua_type(L, idx) == LUA_TTABLE && !lua_getmetatable(L, idx))
        return write_table(L, idx, b, what);
    exception_raise(L, "TypeError",
                    "%s: a condition is a table of lookups, as in %s{ pk = 1 }, a Q or an "
                    "expression, not a %s",
                    what, what, c ? "query" : luaL_typename(L, idx));
    return 0;
}

static int nothing(lua_State *L, const char *what)
{
    return exception_raise(L, "ValueError",
                           "%s has no condition: a nil in a table vanishes; use perilune.null or "
                           "name__isnull = true to ask for NULL, all() to ask for everything",
                           what);
}

/* filter("name", value) */
static void write_pair(lua_State *L, int first, struct code_builder *b, const char *what)
{
    size_t n;
    const char *p = lua_tolstring(L, first, &n);
    if (lua_gettop(L) < first + 1 || lua_isnil(L, first + 1))
        exception_raise(L, "ValueError",
                        "%s(\"%s\", nil): a nil is no value; use perilune.null, or %s__isnull = "
                        "true",
                        what, p, p);
    write_lookup(L, str_make(p, n), first + 1, b, what);
}

void orm_write_conditions(lua_State *L, int first, struct code_builder *b, enum code_connector how,
                          bool negated, const char *what)
{
    int top = lua_gettop(L);
    uint32_t count = 0;
    if (top < first)
        nothing(L, what);
    size_t mark = code_q(b, how, negated);
    if (lua_type(L, first) == LUA_TSTRING) {
        write_pair(L, first, b, what);
        if (top > first + 1)
            exception_raise(L, "TypeError", "%s(name, value) takes nothing else", what);
        count = 1;
    } else {
        for (int i = first; i <= top; i++)
            count += write_one(L, i, b, what);
    }
    if (count == 0)
        nothing(L, what);
    code_close(b, mark, count);
}
