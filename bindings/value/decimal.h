/* SPDX-License-Identifier: MIT */
/* perilune.decimal: exact decimals as Lua values. */
#ifndef BINDINGS_VALUE_DECIMAL_H
#define BINDINGS_VALUE_DECIMAL_H

#include "value/decimal.h"

#include <lua.h>

/* Makes the class; once per state, before the others. [-0, +0, may raise] */
void decimal_open(lua_State *L);

/* Pushes the metatable of decimals. [-0, +1] */
void decimal_push_metatable(lua_State *L);

/* Pushes a copy of *d. [-0, +1, may raise for lack of memory] */
void decimal_push(lua_State *L, const struct decimal *d);

/* The decimal at idx, good while the value is on the stack; NULL when it is none. Only
 * decimal_size() bytes are there. [-0, +0] */
const struct decimal *decimal_test(lua_State *L, int idx);

/* The value at idx as a decimal: a decimal itself, or an integer, which is put into *room.
 * NULL for anything else, floats among it. [-0, +0] */
const struct decimal *decimal_operand(lua_State *L, int idx, struct decimal *room);

#endif
