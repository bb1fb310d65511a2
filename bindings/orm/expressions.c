/* SPDX-License-Identifier: MIT */
/* Functions that make expressions and conditions.  perilune.models gives them Django's names
 * and checks its options; here a text argument is the name of a field. */
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

static int size_field(lua_State *L, int idx, const char *name)
{
    lua_getfield(L, idx, name);
    int n = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return n;
}

/* The output_field at idx, { name =, max_length =, max_digits =, decimal_places = }; false
 * for nil.  Its texts live in the table. */
static bool to_type(lua_State *L, int idx, struct code_type *t)
{
    if (lua_isnoneornil(L, idx))
        return false;
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_getfield(L, idx, "name");
    *t = (struct code_type){.name = check_str(L, -1)};
    lua_pop(L, 1);
    t->max_length = size_field(L, idx, "max_length");
    t->max_digits = size_field(L, idx, "max_digits");
    t->decimal_places = size_field(L, idx, "decimal_places");
    return true;
}

/* Begins an expression whose result has the type at idx, if there is one. */
static struct code_builder *start(lua_State *L, int type)
{
    struct code_type t;
    bool typed = to_type(L, type, &t);
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_EXPRESSION);
    if (typed)
        code_output(b, &t);
    return b;
}

/* f(name) */
static int l_f(lua_State *L)
{
    struct str name = check_str(L, 1);
    struct code_builder *b = start(L, 2);
    code_f(b, name);
    return orm_code_push(L, b);
}

/* outer(name, depth) */
static int l_outer(lua_State *L)
{
    struct str name = check_str(L, 1);
    lua_Integer depth = luaL_optinteger(L, 2, 1);
    luaL_argcheck(L, depth >= 1 && depth <= 32, 2, "between 1 and 32");
    struct code_builder *b = start(L, 3);
    code_outer(b, name, (uint32_t)depth);
    return orm_code_push(L, b);
}

/* value(v, type) */
static int l_value(lua_State *L)
{
    struct code_builder *b = start(L, 2);
    orm_write_operand(L, 1, b, ORM_TABLE_JSON, "Value");
    return orm_code_push(L, b);
}

/* q(connector, negated, conditions…) */
static int l_q(lua_State *L)
{
    static const char *const names[] = {"AND", "OR", "XOR", NULL};
    enum code_connector how = (enum code_connector)luaL_checkoption(L, 1, NULL, names);
    bool negated = lua_toboolean(L, 2);
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_CONDITION);
    orm_write_conditions(L, 3, b, how, negated, "Q");
    return orm_code_push(L, b);
}

/* An argument of a function: an expression, or { word = "year" } for what is no value. */
static void write_argument(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    if (lua_type(L, idx) == LUA_TTABLE && lua_getfield(L, idx, "word") == LUA_TSTRING) {
        code_name(b, check_str(L, -1)); /* lives in the table */
        lua_pop(L, 1);
        return;
    }
    if (lua_type(L, idx) == LUA_TTABLE)
        lua_pop(L, 1);
    orm_write_expression(L, idx, b, what);
}

/* func(name, type, arguments…) */
static int l_func(lua_State *L)
{
    struct str name = check_str(L, 1);
    int top = lua_gettop(L);
    struct code_builder *b = start(L, 2);
    size_t mark = code_function(b, name);
    for (int i = 3; i <= top; i++)
        write_argument(L, i, b, name.p);
    code_close(b, mark, (uint32_t)(top > 2 ? top - 2 : 0));
    return orm_code_push(L, b);
}

/* The single condition at idx. */
static void write_condition(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    lua_pushvalue(L, idx);
    orm_write_conditions(L, lua_gettop(L), b, CODE_AND, false, what);
    lua_pop(L, 1);
}

static void write_order(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    if (lua_type(L, idx) == LUA_TSTRING)
        code_name(b, check_str(L, idx));
    else
        orm_write_operand(L, idx, b, ORM_TABLE_JSON, what);
}

/* The items of the list at idx, each by `write`; nil has none. */
static uint32_t write_items(lua_State *L, int idx, struct code_builder *b, const char *what,
                            void (*write)(lua_State *, int, struct code_builder *, const char *))
{
    lua_Unsigned n = lua_isnoneornil(L, idx) ? 0 : lua_rawlen(L, idx);
    for (lua_Unsigned i = 1; i <= n; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i);
        write(L, lua_gettop(L), b, what);
        lua_pop(L, 1);
    }
    return (uint32_t)n;
}

static uint32_t list_length(lua_State *L, int idx)
{
    return lua_isnoneornil(L, idx) ? 0 : (uint32_t)lua_rawlen(L, idx);
}

/* aggregate(name, type, options, arguments…); options: distinct, filter, default, order_by
 * (a list) */
static int l_aggregate(lua_State *L)
{
    enum { FILTER = 1, DEFAULT, ORDER }; /* above the arguments */
    struct str name = check_str(L, 1);
    int top = lua_gettop(L);
    luaL_checktype(L, 3, LUA_TTABLE);
    unsigned flags = 0;
    lua_getfield(L, 3, "distinct");
    flags |= lua_toboolean(L, -1) ? CODE_AGG_DISTINCT : 0u;
    lua_settop(L, top);
    flags |= lua_getfield(L, 3, "filter") != LUA_TNIL ? CODE_AGG_FILTER : 0u;
    flags |= lua_getfield(L, 3, "default") != LUA_TNIL ? CODE_AGG_DEFAULT : 0u;
    flags |= lua_getfield(L, 3, "order_by") != LUA_TNIL ? CODE_AGG_ORDER : 0u;

    struct code_builder *b = start(L, 2);
    size_t mark = code_aggregate(b, name, flags);
    for (int i = 4; i <= top; i++) {
        if (lua_type(L, i) == LUA_TSTRING && str_eq(check_str(L, i), STR("*")))
            code_star(b);
        else
            write_argument(L, i, b, name.p);
    }
    code_close(b, mark, (uint32_t)(top - 3));
    if (flags & CODE_AGG_FILTER)
        write_condition(L, top + FILTER, b, name.p);
    if (flags & CODE_AGG_DEFAULT)
        orm_write_operand(L, top + DEFAULT, b, ORM_TABLE_JSON, name.p);
    if (flags & CODE_AGG_ORDER) {
        code_order_by(b, list_length(L, top + ORDER));
        write_items(L, top + ORDER, b, name.p, write_order);
    }
    return orm_code_push(L, b);
}

/* case(whens, default or nil, type); whens: a list of { condition, result } */
static int l_case(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    uint32_t n = list_length(L, 1);
    bool has_default = !lua_isnoneornil(L, 2);
    struct code_builder *b = start(L, 3);
    code_case(b, n, has_default);
    for (uint32_t i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, i);
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        int at = lua_gettop(L);
        write_condition(L, at - 1, b, "When");
        orm_write_expression(L, at, b, "When");
        lua_pop(L, 3);
    }
    if (has_default)
        orm_write_expression(L, 2, b, "Case");
    return orm_code_push(L, b);
}

/* case_by_key(keys, results, type): Case(When(pk = key, then = result), …), each result a value
 * of the type or an expression */
static int l_case_by_key(lua_State *L)
{
    struct code_type t;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    bool typed = to_type(L, 3, &t);
    uint32_t n = list_length(L, 1);
    struct code_builder *b = start(L, 3);
    code_case(b, n, false);
    for (uint32_t i = 1; i <= n; i++) {
        size_t mark = code_q(b, CODE_AND, false);
        code_lookup(b, STR("pk"));
        lua_rawgeti(L, 1, i);
        orm_write_operand(L, -1, b, ORM_TABLE_JSON, "pk");
        code_close(b, mark, 1);
        lua_rawgeti(L, 2, i);
        if (typed && !orm_code_test(L, -1))
            code_output(b, &t);
        orm_write_operand(L, -1, b, ORM_TABLE_JSON, "bulk_update");
        lua_pop(L, 2);
    }
    return orm_code_push(L, b);
}

/* cast(expression, type) */
static int l_cast(lua_State *L)
{
    struct code_type t;
    if (!to_type(L, 2, &t))
        return exception_raise(L, "TypeError", "Cast needs a field to cast to");
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_EXPRESSION);
    code_cast(b, &t);
    orm_write_expression(L, 1, b, "Cast");
    return orm_code_push(L, b);
}

/* wrap(expression, type) */
static int l_wrap(lua_State *L)
{
    struct code_builder *b = start(L, 2);
    orm_write_expression(L, 1, b, "ExpressionWrapper");
    return orm_code_push(L, b);
}

static int query(lua_State *L, enum code_query_use use, int type)
{
    const struct code *c = orm_code_check(L, 1);
    if (c->kind != CODE_QUERY)
        return exception_raise(L, "TypeError", "a subquery is a QuerySet, not an expression");
    struct code_builder *b = start(L, type);
    code_query(b, use, c);
    return orm_code_push(L, b);
}

/* subquery(code, type) */
static int l_subquery(lua_State *L)
{
    return query(L, CODE_AS_SUBQUERY, 2);
}

/* exists(code) */
static int l_exists(lua_State *L)
{
    lua_settop(L, 1);
    return query(L, CODE_AS_EXISTS, 2);
}

/* The frame at idx: { rows =, start =, finish =, exclusion = }; nil: none. */
static struct code_frame to_frame(lua_State *L, int idx)
{
    static const char *const exclusions[] = {"NO OTHERS_", "CURRENT ROW", "GROUP",
                                             "TIES",       "NO OTHERS",   NULL};
    struct code_frame f = {.kind = CODE_FRAME_NONE};
    if (lua_isnoneornil(L, idx))
        return f;
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_getfield(L, idx, "rows");
    f.kind = lua_toboolean(L, -1) ? CODE_FRAME_ROWS : CODE_FRAME_RANGE;
    f.has_start = lua_getfield(L, idx, "start") != LUA_TNIL;
    f.start = (int32_t)lua_tointeger(L, -1);
    f.has_end = lua_getfield(L, idx, "finish") != LUA_TNIL;
    f.end = (int32_t)lua_tointeger(L, -1);
    if (lua_getfield(L, idx, "exclusion") != LUA_TNIL)
        f.exclusion = (enum code_exclusion)luaL_checkoption(L, -1, NULL, exclusions);
    lua_pop(L, 4);
    return f;
}

static void write_text(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    orm_write_expression(L, idx, b, what);
}

static void write_order_expression(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    if (lua_type(L, idx) == LUA_TSTRING) { /* "-price" */
        struct str s = check_str(L, idx);
        bool desc = str_starts(s, STR("-"));
        code_order(b, desc ? CODE_DESC : 0);
        code_f(b, str_skip(s, desc ? 1 : 0));
    } else {
        orm_write_operand(L, idx, b, ORM_TABLE_JSON, what);
    }
}

/* window(expression, partition list, order list, frame, type, whether rows stand as the query
 * orders them: no order list then) */
static int l_window(lua_State *L)
{
    struct code_frame frame = to_frame(L, 4);
    frame.query_order = lua_toboolean(L, 6);
    struct code_builder *b = start(L, 5);
    code_window(b, list_length(L, 2), list_length(L, 3), &frame);
    orm_write_operand(L, 1, b, ORM_TABLE_JSON, "Window");
    write_items(L, 2, b, "Window", write_text);
    write_items(L, 3, b, "Window", write_order_expression);
    return orm_code_push(L, b);
}

static void write_parameter(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    orm_write_operand(L, idx, b, ORM_TABLE_JSON, what);
}

/* raw(sql, parameters, type) */
static int l_raw(lua_State *L)
{
    struct str sql = check_str(L, 1);
    struct code_builder *b = start(L, 3);
    code_raw(b, sql, list_length(L, 2));
    write_items(L, 2, b, "RawSQL", write_parameter);
    return orm_code_push(L, b);
}

/* collate(expression, name) */
static int l_collate(lua_State *L)
{
    struct str name = check_str(L, 2);
    lua_settop(L, 2);
    struct code_builder *b = start(L, 3);
    code_collate(b, name);
    orm_write_expression(L, 1, b, "Collate");
    return orm_code_push(L, b);
}

/* compare(lookup, left, right): GreaterThan(F("a"), 5) */
static int l_compare(lua_State *L)
{
    struct str lookup = check_str(L, 1);
    lua_settop(L, 3);
    struct code_builder *b = start(L, 4);
    code_compare(b, lookup);
    orm_write_expression(L, 2, b, lookup.p);
    orm_write_operand(L, 3, b, ORM_TABLE_LIST, lookup.p);
    return orm_code_push(L, b);
}

static int l_default(lua_State *L)
{
    lua_settop(L, 0);
    struct code_builder *b = start(L, 1);
    code_default(b);
    return orm_code_push(L, b);
}

/* ordering(list): a model's Meta.ordering */
static int l_ordering(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_ORDERING);
    code_order_by(b, list_length(L, 1));
    write_items(L, 1, b, "ordering", write_order);
    return orm_code_push(L, b);
}

static const luaL_Reg functions[] = {
    {"f", l_f},
    {"outer", l_outer},
    {"value", l_value},
    {"q", l_q},
    {"func", l_func},
    {"aggregate", l_aggregate},
    {"case", l_case},
    {"case_by_key", l_case_by_key},
    {"cast", l_cast},
    {"wrap", l_wrap},
    {"subquery", l_subquery},
    {"exists", l_exists},
    {"window", l_window},
    {"raw", l_raw},
    {"collate", l_collate},
    {"compare", l_compare},
    {"default", l_default},
    {"ordering", l_ordering},
    {NULL, NULL},
};

void orm_open_expressions(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
