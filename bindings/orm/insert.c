/* SPDX-License-Identifier: MIT */
/* Rows to insert, as code. */
#include "bindings/orm/code.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

#include <lauxlib.h>

/* Names of the list at idx; nil has none. */
static uint32_t write_list(lua_State *L, int idx, struct code_builder *b)
{
    uint32_t n = lua_isnoneornil(L, idx) ? 0 : (uint32_t)lua_rawlen(L, idx);
    for (uint32_t i = 1; i <= n; i++) {
        struct str name;
        lua_rawgeti(L, idx, i);
        name.p = luaL_checklstring(L, -1, &name.n);
        code_name(b, name);
        lua_pop(L, 1);
    }
    return n;
}

static uint32_t list_length(lua_State *L, int idx)
{
    return lua_isnoneornil(L, idx) ? 0 : (uint32_t)lua_rawlen(L, idx);
}

/* Whether every item of every row is a scalar: then the rows go into cells in one go. */
static bool plain_rows(lua_State *L, int rows, uint32_t n_rows, uint32_t n_fields)
{
    struct value v;
    bool plain = true;
    for (uint32_t i = 1; i <= n_rows && plain; i++) {
        lua_rawgeti(L, rows, i);
        luaL_checktype(L, -1, LUA_TTABLE);
        for (uint32_t j = 1; j <= n_fields && plain; j++) {
            lua_rawgeti(L, -1, j);
            plain = orm_to_value(L, -1, &v);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    return plain;
}

static void write_row(lua_State *L, struct code_builder *b, uint32_t n_fields, bool plain)
{
    for (uint32_t j = 1; j <= n_fields; j++) {
        struct value v;
        lua_rawgeti(L, -1, j);
        if (plain && orm_to_value(L, -1, &v))
            code_slot(b, &v);
        else
            orm_write_operand(L, -1, b, ORM_TABLE_JSON, "a value to insert");
        lua_pop(L, 1);
    }
}

static const char *const hows[] = {"plain", "ignore", "update", NULL};

/* insert(model id, names, rows, how, unique names, update names) → code
 * rows: lists of values in the order of the names, nil for NULL; how: nil, "ignore",
 * "update"; with "returning" after it when keys are wanted back */
static int l_insert(lua_State *L)
{
    lua_Integer model = luaL_checkinteger(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    unsigned flags = (unsigned)luaL_checkoption(L, 4, "plain", hows);
    lua_settop(L, 7);
    if (lua_toboolean(L, 7))
        flags |= CODE_INSERT_RETURNING;
    uint32_t n_fields = list_length(L, 2), n_rows = list_length(L, 3);
    bool plain = plain_rows(L, 3, n_rows, n_fields);

    struct code_builder *b = orm_builder(L);
    code_start_insert(b, (uint32_t)model, n_rows, n_fields, flags, list_length(L, 5),
                      list_length(L, 6));
    write_list(L, 2, b);
    write_list(L, 5, b);
    write_list(L, 6, b);
    if (plain)
        code_rows(b);
    for (uint32_t i = 1; i <= n_rows; i++) {
        lua_rawgeti(L, 3, i);
        write_row(L, b, n_fields, plain);
        lua_pop(L, 1);
    }
    return orm_code_push(L, b);
}

/* insert_each(model id, names, how, unique names, update names, returning) → code of one row
 * without values, for write() */
static int l_insert_each(lua_State *L)
{
    lua_Integer model = luaL_checkinteger(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    unsigned flags = (unsigned)luaL_checkoption(L, 3, "plain", hows) | CODE_INSERT_EACH;
    lua_settop(L, 6);
    if (lua_toboolean(L, 6))
        flags |= CODE_INSERT_RETURNING;
    struct code_builder *b = orm_builder(L);
    code_start_insert(b, (uint32_t)model, 1, list_length(L, 2), flags, list_length(L, 4),
                      list_length(L, 5));
    write_list(L, 2, b);
    write_list(L, 4, b);
    write_list(L, 5, b);
    code_rows(b);
    return orm_code_push(L, b);
}

/* update_each(model id, names, names of the key, returning) → code of one row without values, for
 * write() */
static int l_update_each(lua_State *L)
{
    lua_Integer model = luaL_checkinteger(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    struct code_builder *b = orm_builder(L);
    code_start_row_update(b, (uint32_t)model, list_length(L, 2), list_length(L, 3),
                          lua_toboolean(L, 4));
    write_list(L, 2, b);
    write_list(L, 3, b);
    return orm_code_push(L, b);
}

void orm_open_insert(lua_State *L)
{
    static const luaL_Reg functions[] = {{"insert", l_insert},
                                         {"insert_each", l_insert_each},
                                         {"update_each", l_update_each},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
