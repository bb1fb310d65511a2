/* SPDX-License-Identifier: MIT */
/* What the files of perilune.decimal share. */
#ifndef BINDINGS_VALUE_DECIMAL_IMPL_H
#define BINDINGS_VALUE_DECIMAL_IMPL_H

#include "bindings/value/decimal.h"

/* Argument `arg`, a decimal. [-0, +0, may raise] */
const struct decimal *decimal_check(lua_State *L, int arg);
/* A value of a wrong type, for messages: "the float 0.1", "nil". [-0, +n, may raise] */
const char *decimal_describe(lua_State *L, int idx);
/* Raises OverflowError for ERR_TOO_LARGE, else ValueError. */
int decimal_raise(lua_State *L, const struct err *err);

/* decimal_arith.c: metamethods and methods */
int decimal_m_add(lua_State *L);
int decimal_m_sub(lua_State *L);
int decimal_m_mul(lua_State *L);
int decimal_m_div(lua_State *L);
int decimal_m_idiv(lua_State *L);
int decimal_m_mod(lua_State *L);
int decimal_m_pow(lua_State *L);
int decimal_l_divmod(lua_State *L);
int decimal_m_unm(lua_State *L);
int decimal_l_abs(lua_State *L);
int decimal_l_normalize(lua_State *L);
int decimal_l_sqrt(lua_State *L);
int decimal_m_eq(lua_State *L);
int decimal_m_lt(lua_State *L);
int decimal_m_le(lua_State *L);
int decimal_l_compare(lua_State *L);
int decimal_l_equal(lua_State *L);

#endif
