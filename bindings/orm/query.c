/* SPDX-License-Identifier: MIT */
/* Calls on queries: each takes a query and gives a longer one.  Names are checked by
 * whoever calls (check()), options by perilune.models. */
#include "bindings/orm/code.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

#include <lauxlib.h>

static struct str check_str(lua_State *L, int arg)
{
    size_t n;
    const char *p = luaL_checklstring(L, arg, &n);
    return str_make(p, n);
}

/* Begins with the query in argument 1. */
static struct code_builder *start(lua_State *L)
{
    const struct code *c = orm_code_check(L, 1);
    if (c->kind != CODE_QUERY)
        exception_raise(L, "TypeError", "a query is wanted, not an expression");
    struct code_builder *b = orm_builder(L);
    code_start_from(b, c);
    return b;
}

/* Arguments from `first` on as names; gives their number. */
static uint32_t count_names(lua_State *L, int first)
{
    int top = lua_gettop(L);
    for (int i = first; i <= top; i++)
        if (lua_type(L, i) != LUA_TSTRING)
            exception_raise(L, "TypeError", "names of fields are strings, not a %s%s",
                            luaL_typename(L, i),
                            lua_istable(L, i) ? ": (\"a\", \"b\"), not { \"a\", \"b\" }" : "");
    return top >= first ? (uint32_t)(top - first + 1) : 0;
}

static void write_names(lua_State *L, int first, struct code_builder *b)
{
    int top = lua_gettop(L);
    for (int i = first; i <= top; i++)
        code_name(b, check_str(L, i));
}

/* all(model id) */
static int l_all(lua_State *L)
{
    lua_Integer id = luaL_checkinteger(L, 1);
    struct code_builder *b = orm_builder(L);
    code_start_query(b, (uint32_t)id);
    return orm_code_push(L, b);
}

/* filter(query, exclude, what, conditions…); what: the method's name, for errors */
static int l_filter(lua_State *L)
{
    bool exclude = lua_toboolean(L, 2);
    const char *what = luaL_checkstring(L, 3);
    struct code_builder *b = start(L);
    code_filter(b, exclude);
    orm_write_conditions(L, 4, b, CODE_AND, false, what);
    return orm_code_push(L, b);
}

/* Names of the table at idx with expressions, in the order in which they were written. */
struct named {
    struct str name;
    uint64_t created;
};
enum { NAMED_MAX = 128 };

static bool before(const struct named *a, const struct named *b)
{
    return a->created != b->created ? a->created < b->created : str_cmp(a->name, b->name) < 0;
}

static uint32_t collect_named(lua_State *L, int idx, struct named out[NAMED_MAX], const char *what)
{
    uint32_t n = 0;
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        const struct code *c = orm_code_test(L, -1);
        struct named item = {.created = c ? c->created : UINT64_MAX};
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            exception_raise(L, "TypeError", "%s: names are strings, not a %s", what,
                            luaL_typename(L, -1));
        if (n == NAMED_MAX)
            exception_raise(L, "ValueError", "%s: more than %d names in one call", what, NAMED_MAX);
        item.name.p = lua_tolstring(L, -1, &item.name.n);
        uint32_t at = n++;
        for (; at > 0 && before(&item, &out[at - 1]); at--)
            out[at] = out[at - 1];
        out[at] = item;
    }
    return n;
}

/* Name and expression of each: strings are names of fields. */
static void write_named(lua_State *L, int idx, const struct named *names, uint32_t n,
                        struct code_builder *b)
{
    for (uint32_t i = 0; i < n; i++) {
        code_name(b, names[i].name);
        lua_pushlstring(L, names[i].name.p, names[i].name.n);
        lua_rawget(L, idx);
        orm_write_expression(L, -1, b, names[i].name.p);
        lua_pop(L, 1);
    }
}

/* annotate(query, alias, { name = expression }) */
static int l_annotate(lua_State *L)
{
    struct named names[NAMED_MAX];
    bool alias = lua_toboolean(L, 2);
    uint32_t n = collect_named(L, 3, names, alias ? "alias" : "annotate");
    struct code_builder *b = start(L);
    code_annotate(b, n, alias);
    write_named(L, 3, names, n, b);
    return orm_code_push(L, b);
}

/* aggregation(query, { name = expression }) */
static int l_aggregation(lua_State *L)
{
    struct named names[NAMED_MAX];
    uint32_t n = collect_named(L, 2, names, "aggregate");
    struct code_builder *b = start(L);
    code_aggregation(b, n);
    write_named(L, 2, names, n, b);
    return orm_code_push(L, b);
}

/* update(query, { name = value }, list of names whose columns come back or nil, name of the
 * model for messages) */
static int l_update(lua_State *L)
{
    struct named names[NAMED_MAX];
    uint32_t n = collect_named(L, 2, names, "update");
    const char *model = luaL_optstring(L, 4, "update");
    struct code_builder *b = start(L);
    code_update(b, n);
    for (uint32_t i = 0; i < n; i++) {
        const char *what = lua_pushfstring(L, "%s.%s", model, names[i].name.p);
        code_name(b, names[i].name);
        lua_pushlstring(L, names[i].name.p, names[i].name.n);
        lua_rawget(L, 2);
        orm_write_operand(L, -1, b, ORM_TABLE_JSON, what);
        lua_pop(L, 2);
    }
    if (lua_istable(L, 3)) {
        uint32_t returning = (uint32_t)lua_rawlen(L, 3);
        code_returning(b, returning);
        for (uint32_t i = 1; i <= returning; i++) {
            lua_rawgeti(L, 3, i);
            code_name(b, check_str(L, -1));
            lua_pop(L, 1);
        }
    }
    return orm_code_push(L, b);
}

/* order_by(query, names or expressions…) */
static int l_order_by(lua_State *L)
{
    int top = lua_gettop(L);
    struct code_builder *b = start(L);
    code_order_by(b, (uint32_t)(top - 1));
    for (int i = 2; i <= top; i++) {
        if (lua_type(L, i) == LUA_TSTRING)
            code_name(b, check_str(L, i));
        else if (orm_code_test(L, i))
            orm_write_operand(L, i, b, ORM_TABLE_JSON, "order_by");
        else
            return exception_raise(
                L, "TypeError",
                "order_by takes names and expressions, as in (\"name\", \"-price\"), not a %s",
                luaL_typename(L, i));
    }
    return orm_code_push(L, b);
}

/* is_plain(query) → whether it is nothing but all rows of a model */
static int l_is_plain(lua_State *L)
{
    lua_pushboolean(L, code_is_plain(orm_code_check(L, 1)));
    return 1;
}

/* values(query, list, names…) */
static int l_values(lua_State *L)
{
    bool list = lua_toboolean(L, 2);
    uint32_t n = count_names(L, 3);
    struct code_builder *b = start(L);
    code_values(b, n, list);
    write_names(L, 3, b);
    return orm_code_push(L, b);
}

#define NAMES_CALL(function, call)                                                                 \
    static int function(lua_State *L)                                                              \
    {                                                                                              \
        uint32_t n = count_names(L, 2);                                                            \
        struct code_builder *b = start(L);                                                         \
        call;                                                                                      \
        write_names(L, 2, b);                                                                      \
        return orm_code_push(L, b);                                                                \
    }
NAMES_CALL(l_distinct, code_distinct(b, n))
NAMES_CALL(l_only, code_only(b, n))
NAMES_CALL(l_defer, code_defer(b, n))
NAMES_CALL(l_select_related, code_select_related(b, n ? CODE_RELATED_NAMES : CODE_RELATED_ALL, n))
NAMES_CALL(l_earliest, code_earliest(b, n, false))
NAMES_CALL(l_latest, code_earliest(b, n, true))

#define PLAIN_CALL(function, call)                                                                 \
    static int function(lua_State *L)                                                              \
    {                                                                                              \
        struct code_builder *b = start(L);                                                         \
        call;                                                                                      \
        return orm_code_push(L, b);                                                                \
    }
PLAIN_CALL(l_reverse, code_reverse(b))
PLAIN_CALL(l_none, code_none(b))
PLAIN_CALL(l_no_related, code_select_related(b, CODE_RELATED_NONE, 0))
PLAIN_CALL(l_exists, code_exists(b))
PLAIN_CALL(l_last, code_first(b, true))
PLAIN_CALL(l_delete, code_delete(b))

/* get(query, conditions…): with none the query's own rows; of a slice all of them. */
static int l_get(lua_State *L)
{
    const struct code *c = orm_code_check(L, 1);
    bool sliced = c->high >= 0 || c->low > 0;
    bool filtered = lua_gettop(L) > 1;
    struct code_builder *b = start(L);
    if (filtered) {
        code_filter(b, false);
        orm_write_conditions(L, 2, b, CODE_AND, false, "get");
    }
    if (!sliced)
        code_get(b);
    return orm_code_push(L, b);
}

/* dates(query, field, kind, desc) and datetimes(query, field, kind, desc, zone) */
static int l_dates(lua_State *L)
{
    struct str field = check_str(L, 2), kind = check_str(L, 3);
    bool desc = lua_toboolean(L, 4);
    struct code_builder *b = start(L);
    code_dates(b, field, kind, desc);
    return orm_code_push(L, b);
}

static int l_datetimes(lua_State *L)
{
    struct str field = check_str(L, 2), kind = check_str(L, 3);
    bool desc = lua_toboolean(L, 4);
    struct str zone = lua_isnoneornil(L, 5) ? STR("") : check_str(L, 5);
    struct code_builder *b = start(L);
    code_datetimes(b, field, kind, desc, zone);
    return orm_code_push(L, b);
}

/* slice(query, start, stop): from 0, stop excluded or nil */
static int l_slice(lua_State *L)
{
    struct err err;
    lua_Integer from = luaL_checkinteger(L, 2), to = luaL_optinteger(L, 3, -1);
    struct code_builder *b = start(L);
    if (code_slice(b, from, to, &err) != 0)
        return exception_raise_err(L, &err);
    return orm_code_push(L, b);
}

/* combine(query, kind, queries…) */
static int l_combine(lua_State *L)
{
    static const char *const kinds[] = {"union", "union_all", "intersection", "difference", NULL};
    enum code_combinator kind = (enum code_combinator)luaL_checkoption(L, 2, NULL, kinds);
    int top = lua_gettop(L);
    for (int i = 3; i <= top; i++)
        orm_code_check(L, i);
    struct code_builder *b = start(L);
    code_combine(b, kind, (uint32_t)(top - 2));
    for (int i = 3; i <= top; i++)
        code_query(b, CODE_AS_LIST, orm_code_check(L, i));
    return orm_code_push(L, b);
}

/* lock(query, nowait, skip_locked, no_key, names…) */
static int l_lock(lua_State *L)
{
    unsigned flags = (lua_toboolean(L, 2) ? CODE_LOCK_NOWAIT : 0u) |
                     (lua_toboolean(L, 3) ? CODE_LOCK_SKIP : 0u) |
                     (lua_toboolean(L, 4) ? CODE_LOCK_NO_KEY : 0u);
    uint32_t n = count_names(L, 5);
    struct code_builder *b = start(L);
    code_lock(b, flags, n);
    write_names(L, 5, b);
    return orm_code_push(L, b);
}

/* filtered_relation(query, alias, relation, conditions…) */
static int l_filtered_relation(lua_State *L)
{
    struct str alias = check_str(L, 2), relation = check_str(L, 3);
    struct code_builder *b = start(L);
    code_filtered_relation(b, alias, relation);
    orm_write_conditions(L, 4, b, CODE_AND, false, "FilteredRelation");
    return orm_code_push(L, b);
}

/* explain(query, format, name, value, …): pairs, sorted by name */
static int l_explain(lua_State *L)
{
    struct str format = lua_isnoneornil(L, 2) ? STR("") : check_str(L, 2);
    uint32_t n = count_names(L, 3);
    struct code_builder *b = start(L);
    code_explain(b, format, n / 2);
    write_names(L, 3, b);
    return orm_code_push(L, b);
}

static const luaL_Reg functions[] = {
    {"all", l_all},
    {"filter", l_filter},
    {"annotate", l_annotate},
    {"aggregation", l_aggregation},
    {"update", l_update},
    {"order_by", l_order_by},
    {"values", l_values},
    {"is_plain", l_is_plain},
    {"distinct", l_distinct},
    {"only", l_only},
    {"defer", l_defer},
    {"select_related", l_select_related},
    {"no_related", l_no_related},
    {"earliest", l_earliest},
    {"latest", l_latest},
    {"reverse", l_reverse},
    {"none", l_none},
    {"has_rows", l_exists},
    {"get", l_get},
    {"last", l_last},
    {"delete", l_delete},
    {"dates", l_dates},
    {"datetimes", l_datetimes},
    {"slice", l_slice},
    {"combine", l_combine},
    {"lock", l_lock},
    {"filtered_relation", l_filtered_relation},
    {"explain", l_explain},
    {NULL, NULL},
};

void orm_open_queries(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
