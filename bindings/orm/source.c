/* SPDX-License-Identifier: MIT */
/* Expressions as tables that perilune._models.source makes Lua of:
 *
 *     { op = "lookup", text = "price__gte", { op = "value", value = 0 } } */
#include "bindings/orm/code.h"
#include "bindings/orm/rows.h"

#include "bindings/lua/error.h"

#include "base/banned.h"
#include "orm/code_read.h"

#include <lauxlib.h>

static const char *const names[] = {
    [PART_VALUE] = "value",       [PART_LIST] = "list",
    [PART_OPERANDS] = "operands", [PART_Q] = "q",
    [PART_LOOKUP] = "lookup",     [PART_F] = "f",
    [PART_OUTER] = "outer",       [PART_STAR] = "star",
    [PART_COMBINED] = "combined", [PART_OUTPUT] = "output",
    [PART_CAST] = "cast",         [PART_FUNCTION] = "function",
    [PART_NAME] = "name",         [PART_AGGREGATE] = "aggregate",
    [PART_CASE] = "case",         [PART_NOT] = "not",
    [PART_COMPARE] = "compare",   [PART_ORDER] = "order",
    [PART_ORDER_BY] = "order_by", [PART_RAW] = "raw",
    [PART_COLLATE] = "collate",   [PART_DEFAULT] = "default",
    [PART_WINDOW] = "window",
};

/* How many parts belong to it. */
static uint32_t children(const struct code_part *p)
{
    switch (p->kind) {
    case PART_LOOKUP:
    case PART_OUTPUT:
    case PART_CAST:
    case PART_NOT:
    case PART_ORDER:
    case PART_COLLATE:
        return 1;
    case PART_COMBINED:
    case PART_COMPARE:
        return 2;
    case PART_CASE:
        return 2 * p->n + p->has_default;
    case PART_AGGREGATE:
        return p->n + !!(p->arg & CODE_AGG_FILTER) + !!(p->arg & CODE_AGG_DEFAULT) +
               !!(p->arg & CODE_AGG_ORDER);
    default:
        return p->n;
    }
}

static void set_type(lua_State *L, const struct code_type *t)
{
    lua_createtable(L, 0, 4);
    lua_pushlstring(L, t->name.p, t->name.n);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, t->max_length);
    lua_setfield(L, -2, "max_length");
    lua_pushinteger(L, t->max_digits);
    lua_setfield(L, -2, "max_digits");
    lua_pushinteger(L, t->decimal_places);
    lua_setfield(L, -2, "decimal_places");
    lua_setfield(L, -2, "type");
}

static void set_frame(lua_State *L, const struct code_frame *f)
{
    static const char *const exclusions[] = {
        [CODE_EXCLUDE_CURRENT_ROW] = "CURRENT ROW",
        [CODE_EXCLUDE_GROUP] = "GROUP",
        [CODE_EXCLUDE_TIES] = "TIES",
        [CODE_EXCLUDE_NO_OTHERS] = "NO OTHERS",
    };
    lua_createtable(L, 0, 4);
    lua_pushboolean(L, f->kind == CODE_FRAME_ROWS);
    lua_setfield(L, -2, "rows");
    if (f->has_start) {
        lua_pushinteger(L, f->start);
        lua_setfield(L, -2, "start");
    }
    if (f->has_end) {
        lua_pushinteger(L, f->end);
        lua_setfield(L, -2, "finish");
    }
    if (f->exclusion != CODE_EXCLUDE_NOTHING) {
        lua_pushstring(L, exclusions[f->exclusion]);
        lua_setfield(L, -2, "exclusion");
    }
    lua_setfield(L, -2, "frame");
}

static void set_part(lua_State *L, const struct code_part *p)
{
    lua_createtable(L, (int)children(p), 6);
    lua_pushstring(L, names[p->kind]);
    lua_setfield(L, -2, "op");
    lua_pushinteger(L, p->arg);
    lua_setfield(L, -2, "arg");
    lua_pushinteger(L, p->n);
    lua_setfield(L, -2, "n");
    lua_pushboolean(L, p->negated);
    lua_setfield(L, -2, "negated");
    lua_pushboolean(L, p->has_default);
    lua_setfield(L, -2, "has_default");
    if (p->text.p) {
        lua_pushlstring(L, p->text.p, p->text.n);
        lua_setfield(L, -2, "text");
    }
    if (p->kind == PART_VALUE) {
        orm_push_value(L, &p->value);
        lua_setfield(L, -2, "value");
    }
    if (p->kind == PART_OUTPUT || p->kind == PART_CAST)
        set_type(L, &p->type);
    if (p->kind == PART_WINDOW && p->frame.kind != CODE_FRAME_NONE)
        set_frame(L, &p->frame);
}

enum { DEPTH_MAX = 100 };

/* Pushes the next part with its own; false when it cannot be read. */
static bool push_tree(lua_State *L, struct code_reader *r, unsigned depth)
{
    struct code_part p;
    if (depth > DEPTH_MAX || code_read(r, &p) <= 0)
        return false;
    luaL_checkstack(L, 6, "expression");
    set_part(L, &p);
    for (uint32_t i = 1; i <= children(&p); i++) {
        if (!push_tree(L, r, depth + 1))
            return false;
        lua_rawseti(L, -2, i);
    }
    return true;
}

/* tree(code) → table; nil when it holds a query */
static int l_tree(lua_State *L)
{
    struct code_reader r;
    code_reader_init(&r, orm_code_check(L, 1));
    if (push_tree(L, &r, 0))
        return 1;
    lua_pushnil(L);
    return 1;
}

void orm_open_source(lua_State *L)
{
    lua_pushcfunction(L, l_tree);
    lua_setfield(L, -2, "tree");
}
