/* SPDX-License-Identifier: MIT */
/* What changes a QueryDict. Arguments are checked before anything is changed. */
#include "bindings/http/querydict_impl.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

#include <lualib.h>

static struct querydict *self_mutable(lua_State *L)
{
    struct querydict *d = querydict_self(L);
    if (!d->is_mutable)
        exception_raise(L, "AttributeError",
                        "this QueryDict is immutable; q:copy() gives one that can be changed");
    return d;
}

/* Raises unless the value at idx is a list of strings and numbers. */
static void check_list(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TTABLE)
        exception_raise(L, "TypeError", "the values of a QueryDict are a list, not a %s",
                        luaL_typename(L, idx));
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, idx); i <= n; i++) {
        lua_rawgeti(L, idx, i);
        querydict_text(L, -1, "value");
        lua_pop(L, 1);
    }
}

/* Adds the strings of a list that was checked. */
static void add_list(lua_State *L, struct query *q, struct str key, int idx)
{
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, idx); i <= n; i++) {
        lua_rawgeti(L, idx, i);
        query_add(q, key, querydict_text(L, -1, "value"));
        lua_pop(L, 1);
    }
}

static void set_list(lua_State *L, struct query *q, struct str key, int idx)
{
    check_list(L, idx);
    query_set_list(q, key, NULL, 0);
    add_list(L, q, key, idx);
}

static void check_value(lua_State *L, int idx)
{
    if (lua_type(L, idx) == LUA_TTABLE)
        check_list(L, idx);
    else
        querydict_text(L, idx, "value");
}

/* q.key = "value", a list, or nil */
int querydict_newindex(lua_State *L, void *self)
{
    struct querydict *d = self_mutable(L);
    struct str key = querydict_text(L, 2, "key");
    (void)self;
    if (lua_isnil(L, 3))
        query_remove(&d->fields, key);
    else if (lua_type(L, 3) == LUA_TTABLE)
        set_list(L, &d->fields, key, 3);
    else
        query_set(&d->fields, key, querydict_text(L, 3, "value"));
    querydict_tidy(d);
    return 0;
}

int querydict_l_setlist(lua_State *L)
{
    struct querydict *d = self_mutable(L);
    set_list(L, &d->fields, querydict_text(L, 2, "key"), 3);
    querydict_tidy(d);
    return 0;
}

int querydict_l_appendlist(lua_State *L)
{
    struct querydict *d = self_mutable(L);
    struct str key = querydict_text(L, 2, "key");
    query_add(&d->fields, key, querydict_text(L, 3, "value"));
    querydict_tidy(d);
    return 0;
}

/* setdefault(key, value) -> the value that the key has now */
int querydict_l_setdefault(lua_State *L)
{
    struct querydict *d = self_mutable(L);
    struct str key = querydict_text(L, 2, "key");
    if (!query_has(&d->fields, key))
        query_set(&d->fields, key, querydict_text(L, 3, "value"));
    struct str value = query_get(&d->fields, key);
    if (!value.p)
        return 0;
    lua_pushlstring(L, value.p, value.n);
    return 1;
}

/* setlistdefault(key, list) -> the list that the key has now */
int querydict_l_setlistdefault(lua_State *L)
{
    struct querydict *d = self_mutable(L);
    struct str key = querydict_text(L, 2, "key");
    lua_settop(L, 3);
    if (!query_has(&d->fields, key)) {
        if (lua_isnil(L, 3)) {
            lua_newtable(L);
            lua_replace(L, 3);
        }
        set_list(L, &d->fields, key, 3);
    }
    querydict_push_list(L, &d->fields, query_first(&d->fields, key));
    return 1;
}

/* pop(key, default) -> list; KeyError without a default */
int querydict_l_pop(lua_State *L)
{
    struct querydict *d = self_mutable(L);
    struct str key = querydict_text(L, 2, "key");
    const struct query_field *f = query_first(&d->fields, key);
    if (!f) {
        if (lua_gettop(L) < 3)
            return exception_raise(L, "KeyError", "%.*s", STR_ARG(str_head(key, 200)));
        lua_settop(L, 3);
        return 1;
    }
    querydict_push_list(L, &d->fields, f);
    query_remove(&d->fields, key);
    querydict_tidy(d);
    return 1;
}

/* popitem() -> key, list of the newest key; KeyError when there is none */
int querydict_l_popitem(lua_State *L)
{
    struct querydict *d = self_mutable(L);
    const struct query_field *newest = NULL;
    for (uint32_t i = d->fields.n; i-- > 0 && !newest;)
        if (d->fields.fields[i].last)
            newest = &d->fields.fields[i];
    if (!newest)
        return exception_raise(L, "KeyError", "popitem(): the QueryDict is empty");
    lua_pushlstring(L, newest->key.p, newest->key.n);
    querydict_push_list(L, &d->fields, newest);
    query_remove(&d->fields, newest->key);
    querydict_tidy(d);
    return 2;
}

int querydict_l_clear(lua_State *L)
{
    struct querydict *d = self_mutable(L);
    query_clear(&d->fields);
    querydict_tidy(d);
    return 0;
}

/* Puts the keys of the table at idx, sorted, into a list on the top: the order of a
 * Lua table is no order. */
static void push_sorted_keys(lua_State *L, int idx)
{
    lua_Integer n = 0;
    lua_newtable(L);
    int keys = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        check_value(L, lua_gettop(L));
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            exception_raise(L, "TypeError", "the key of a QueryDict is a string, not a %s",
                            luaL_typename(L, -1));
        lua_pushvalue(L, -1);
        lua_rawseti(L, keys, ++n);
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, LUA_TABLIBNAME);
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, keys);
    lua_call(L, 1, 0);
    lua_settop(L, keys);
}

/* Adds the values of a table of strings and lists, its keys in order. */
static void add_table(lua_State *L, struct query *q, int idx)
{
    push_sorted_keys(L, idx);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, keys); i <= n; i++) {
        lua_rawgeti(L, keys, i);
        struct str key = querydict_text(L, keys + 1, "key");
        lua_pushvalue(L, keys + 1);
        lua_rawget(L, idx);
        if (lua_type(L, keys + 2) == LUA_TTABLE)
            add_list(L, q, key, keys + 2);
        else
            query_add(q, key, querydict_text(L, keys + 2, "value"));
        lua_settop(L, keys);
    }
}

/* update(other): adds to the lists, as Django's does */
int querydict_l_update(lua_State *L)
{
    struct querydict *d = self_mutable(L);
    const struct query *other = querydict_test(L, 2);
    lua_settop(L, 2);
    if (other)
        query_add_all(&d->fields, other);
    else if (lua_type(L, 2) == LUA_TTABLE)
        add_table(L, &d->fields, 2);
    else
        return exception_raise(L, "TypeError", "update() takes a QueryDict or a table, not a %s",
                               luaL_typename(L, 2));
    querydict_tidy(d);
    return 0;
}
