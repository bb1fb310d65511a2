/* SPDX-License-Identifier: MIT */
#include "bindings/orm/code.h"

#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "base/banned.h"

#include <lauxlib.h>

extern const struct class orm_code_class;

struct orm_builders { /* one per Lua state, which owns it */
    struct code_builder builder;
    struct buf json;
    uint64_t turn;
};

static const char builders_key = 'b';

const struct code *orm_code_test(lua_State *L, int idx)
{
    return lua_type(L, idx) == LUA_TUSERDATA ? class_test(L, idx, &orm_code_class) : NULL;
}

const struct code *orm_code_check(lua_State *L, int arg)
{
    return class_check(L, arg, &orm_code_class);
}

/* ---- the builder ---- */

struct code_builder *orm_builder(lua_State *L)
{
    struct orm_builders *b = host_of(L)->builders;
    b->turn++;
    return &b->builder;
}

uint64_t orm_builder_turn(lua_State *L)
{
    return host_of(L)->builders->turn;
}

struct buf *orm_json_buffer(lua_State *L)
{
    struct orm_builders *b = host_of(L)->builders;
    buf_reset(&b->json);
    return &b->json;
}

const struct code *orm_code_make(lua_State *L, struct code_builder *b)
{
    uint64_t turn = orm_builder_turn(L);
    void *memory = class_new(L, &orm_code_class, code_builder_size(b));
    /* Making it may have collected garbage, and a finalizer may have built a query. */
    if (orm_builder_turn(L) != turn)
        exception_raise(L, "RuntimeError", "a __gc metamethod must not build queries");
    return code_finish(b, memory);
}

int orm_code_push(lua_State *L, struct code_builder *b)
{
    orm_code_make(L, b);
    return 1;
}

static int builders_gc(lua_State *L)
{
    struct orm_builders *b = lua_touserdata(L, 1);
    code_builder_release(&b->builder);
    buf_release(&b->json);
    return 0;
}

void orm_open_code(lua_State *L)
{
    class_register(L, &orm_code_class);
    struct orm_builders *b = lua_newuserdatauv(L, sizeof *b, 0);
    code_builder_init(&b->builder);
    buf_init(&b->json);
    b->turn = 0;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, builders_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &builders_key);
    host_of(L)->builders = b;
}

/* ---- composing with operators ---- */

static const char *const operators[CODE_OPERATORS] = {
    [CODE_ADD] = "+",         [CODE_SUB] = "-",          [CODE_MUL] = "*",
    [CODE_DIV] = "/",         [CODE_MOD] = "%",          [CODE_POW] = "^",
    [CODE_BITAND] = "bitand", [CODE_BITOR] = "bitor",    [CODE_BITXOR] = "bitxor",
    [CODE_SHIFT_LEFT] = "<<", [CODE_SHIFT_RIGHT] = ">>",
};

static const char *const kinds[] = {"query",    "condition", "expression",
                                    "ordering", "insert",    "row update"};

static bool is_operand(lua_State *L, int idx)
{
    const struct code *c = orm_code_test(L, idx);
    return !c || c->kind == CODE_EXPRESSION;
}

static int combine(lua_State *L, enum code_operator op)
{
    if (!is_operand(L, 1) || !is_operand(L, 2))
        return exception_raise(L, "TypeError",
                               "'%s' combines expressions; conditions combine with &, | and ~",
                               operators[op]);
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_EXPRESSION);
    code_combined(b, op);
    orm_write_operand(L, 1, b, ORM_TABLE_JSON, operators[op]);
    orm_write_operand(L, 2, b, ORM_TABLE_JSON, operators[op]);
    return orm_code_push(L, b);
}

#define OPERATOR(name, op)                                                                         \
    static int name(lua_State *L)                                                                  \
    {                                                                                              \
        return combine(L, op);                                                                     \
    }
OPERATOR(code_m_add, CODE_ADD)
OPERATOR(code_m_sub, CODE_SUB)
OPERATOR(code_m_mul, CODE_MUL)
OPERATOR(code_m_div, CODE_DIV)
OPERATOR(code_m_mod, CODE_MOD)
OPERATOR(code_m_pow, CODE_POW)
OPERATOR(code_m_shl, CODE_SHIFT_LEFT)
OPERATOR(code_m_shr, CODE_SHIFT_RIGHT)
OPERATOR(code_l_bitand, CODE_BITAND)
OPERATOR(code_l_bitor, CODE_BITOR)
OPERATOR(code_l_bitxor, CODE_BITXOR)
OPERATOR(code_l_bitleftshift, CODE_SHIFT_LEFT)
OPERATOR(code_l_bitrightshift, CODE_SHIFT_RIGHT)

/* -F("x") is F("x") * -1, as in Django. */
static int code_m_unm(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushinteger(L, -1);
    return combine(L, CODE_MUL);
}

/* F("a") .. " " .. F("b") */
static int code_m_concat(lua_State *L)
{
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_EXPRESSION);
    size_t mark = code_function(b, STR("Concat"));
    orm_write_operand(L, 1, b, ORM_TABLE_JSON, "..");
    orm_write_operand(L, 2, b, ORM_TABLE_JSON, "..");
    code_close(b, mark, 2);
    return orm_code_push(L, b);
}

/* F("name"):slice(first, last): characters counted from 1, the last one included; to the end
 * without it. */
static int code_l_slice(lua_State *L)
{
    const struct code *c = orm_code_check(L, 1);
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_optinteger(L, 3, LUA_MAXINTEGER);
    if (c->kind != CODE_EXPRESSION)
        return exception_raise(L, "TypeError", "slice(first, last) is of a text, not of a %s",
                               kinds[c->kind]);
    if (first < 1 || (!lua_isnoneornil(L, 3) && last < first))
        return exception_raise(L, "ValueError",
                               "slice(first, last): characters are counted from 1, and the last "
                               "one is not before the first (%lld, %lld)",
                               (long long)first, (long long)last);
    struct value v = {.kind = VALUE_INT, .i = first};
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_EXPRESSION);
    size_t mark = code_function(b, STR("Slice"));
    code_append(b, c);
    code_value(b, &v);
    if (!lua_isnoneornil(L, 3)) {
        v.i = last - first + 1;
        code_value(b, &v);
    }
    code_close(b, mark, lua_isnoneornil(L, 3) ? 2 : 3);
    return orm_code_push(L, b);
}

static int connect(lua_State *L, enum code_connector how, const char *sign)
{
    const struct code *left = orm_code_test(L, 1), *right = orm_code_test(L, 2);
    if (!left || !right || left->kind == CODE_QUERY || right->kind == CODE_QUERY)
        return exception_raise(L, "TypeError", "'%s' combines two conditions (Q, Exists …)%s", sign,
                               lua_istable(L, 1) || lua_istable(L, 2)
                                   ? "; a table of lookups becomes one by Q{…}"
                                   : "");
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_CONDITION);
    size_t mark = code_q(b, how, false);
    code_append(b, left);
    code_append(b, right);
    code_close(b, mark, 2);
    return orm_code_push(L, b);
}

static int code_m_band(lua_State *L)
{
    return connect(L, CODE_AND, "&");
}

static int code_m_bor(lua_State *L)
{
    return connect(L, CODE_OR, "|");
}

static int code_m_bxor(lua_State *L)
{
    return connect(L, CODE_XOR, "~");
}

static int code_m_bnot(lua_State *L)
{
    const struct code *c = orm_code_check(L, 1);
    struct code_builder *b = orm_builder(L);
    code_start(b, c->kind);
    if (c->kind == CODE_CONDITION) {
        size_t mark = code_q(b, CODE_AND, true);
        code_append(b, c);
        code_close(b, mark, 1);
    } else if (c->kind == CODE_EXPRESSION) {
        code_not(b);
        code_append(b, c);
    } else {
        return exception_raise(L, "TypeError", "'~' negates conditions, not queries");
    }
    return orm_code_push(L, b);
}

/* ---- ordering ---- */

static int order(lua_State *L, unsigned flags)
{
    const struct code *c = orm_code_check(L, 1);
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "nulls_first");
        lua_getfield(L, 2, "nulls_last");
        if (lua_toboolean(L, -1) && lua_toboolean(L, -2))
            return exception_raise(L, "ValueError",
                                   "nulls_first and nulls_last are mutually exclusive");
        flags |= lua_toboolean(L, -2) ? CODE_NULLS_FIRST : 0u;
        flags |= lua_toboolean(L, -1) ? CODE_NULLS_LAST : 0u;
    }
    struct code_builder *b = orm_builder(L);
    code_start(b, CODE_EXPRESSION);
    code_order(b, flags);
    code_append(b, c);
    return orm_code_push(L, b);
}

static int code_l_asc(lua_State *L)
{
    return order(L, 0);
}

static int code_l_desc(lua_State *L)
{
    return order(L, CODE_DESC);
}

/* ---- looking at it ---- */

static int code_m_tostring(lua_State *L)
{
    const struct code *c = orm_code_check(L, 1);
    lua_pushfstring(L, "%s %p", kinds[c->kind], (const void *)c);
    return 1;
}

static int get_kind(lua_State *L, void *object)
{
    lua_pushstring(L, kinds[((const struct code *)object)->kind]);
    return 1;
}

static int get_hash(lua_State *L, void *object)
{
    lua_pushinteger(L, (lua_Integer)((const struct code *)object)->hash);
    return 1;
}

static int get_created(lua_State *L, void *object)
{
    lua_pushinteger(L, (lua_Integer)((const struct code *)object)->created);
    return 1;
}

static int get_low(lua_State *L, void *object)
{
    lua_pushinteger(L, (lua_Integer)((const struct code *)object)->low);
    return 1;
}

static int get_high(lua_State *L, void *object)
{
    lua_pushinteger(L, (lua_Integer)((const struct code *)object)->high);
    return 1;
}

const struct class orm_code_class = {
    .name = "perilune.models.Expression",
    .fields =
        (const struct class_field[]){
            {"kind", get_kind, NULL},
            {"hash", get_hash, NULL},
            {"created", get_created, NULL},
            {"low", get_low, NULL},
            {"high", get_high, NULL},
            {NULL, NULL, NULL},
        },
    .methods =
        (const luaL_Reg[]){
            {"asc", code_l_asc},
            {"desc", code_l_desc},
            {"slice", code_l_slice},
            {"bitand", code_l_bitand},
            {"bitor", code_l_bitor},
            {"bitxor", code_l_bitxor},
            {"bitleftshift", code_l_bitleftshift},
            {"bitrightshift", code_l_bitrightshift},
            {NULL, NULL},
        },
    .metamethods =
        (const luaL_Reg[]){
            {"__add", code_m_add},
            {"__sub", code_m_sub},
            {"__mul", code_m_mul},
            {"__div", code_m_div},
            {"__mod", code_m_mod},
            {"__pow", code_m_pow},
            {"__shl", code_m_shl},
            {"__shr", code_m_shr},
            {"__unm", code_m_unm},
            {"__concat", code_m_concat},
            {"__band", code_m_band},
            {"__bor", code_m_bor},
            {"__bxor", code_m_bxor},
            {"__bnot", code_m_bnot},
            {"__tostring", code_m_tostring},
            {NULL, NULL},
        },
};
