/* SPDX-License-Identifier: MIT */
/* Arithmetic and comparison of decimals with decimals and integers. */
#include "bindings/lua/error.h"
#include "bindings/value/decimal_impl.h"

#include <lauxlib.h>

typedef int binary_fn(struct decimal *, const struct decimal *, const struct decimal *,
                      struct err *);
typedef int unary_fn(struct decimal *, const struct decimal *, struct err *);

/* ---- operands ---- */

/* `verb` as in "cannot add a decimal and …". Never returns. */
static int bad_operand(lua_State *L, int idx, const char *verb)
{
    const char *what = decimal_describe(L, idx);
    if (lua_type(L, idx) == LUA_TNUMBER)
        return exception_raise(L, "TypeError",
                               "cannot %s a decimal and %s: floats are not exact; write the "
                               "number in quotes, decimal \"%s\", or use :to_number()",
                               verb, what, what + strlen("the float "));
    if (lua_type(L, idx) == LUA_TSTRING)
        return exception_raise(L, "TypeError", "cannot %s a decimal and %s; write decimal \"…\"",
                               verb, what);
    return exception_raise(L, "TypeError", "cannot %s a decimal and %s", verb, what);
}

static const struct decimal *operand(lua_State *L, int idx, struct decimal *room, const char *verb)
{
    const struct decimal *d = decimal_operand(L, idx, room);
    if (!d)
        bad_operand(L, idx, verb);
    return d;
}

/* ---- arithmetic ---- */

static int binary(lua_State *L, binary_fn *fn, const char *verb)
{
    struct decimal a_room, b_room, out;
    struct err err;
    const struct decimal *a = operand(L, 1, &a_room, verb), *b = operand(L, 2, &b_room, verb);
    if (fn(&out, a, b, &err) != 0)
        return decimal_raise(L, &err);
    decimal_push(L, &out);
    return 1;
}

static int division(lua_State *L, binary_fn *fn, const char *verb)
{
    struct decimal room;
    const struct decimal *b = decimal_operand(L, 2, &room);
    if (b && decimal_is_zero(b) && decimal_operand(L, 1, &room))
        return exception_raise(L, "ZeroDivisionError", "cannot divide a decimal by zero");
    return binary(L, fn, verb);
}

static int quotient(struct decimal *out, const struct decimal *a, const struct decimal *b,
                    struct err *err)
{
    return decimal_divmod(out, NULL, a, b, err);
}

static int rest(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err)
{
    return decimal_divmod(NULL, out, a, b, err);
}

int decimal_m_add(lua_State *L)
{
    return binary(L, decimal_add, "add");
}

int decimal_m_sub(lua_State *L)
{
    return binary(L, decimal_sub, "subtract");
}

int decimal_m_mul(lua_State *L)
{
    return binary(L, decimal_mul, "multiply");
}

int decimal_m_div(lua_State *L)
{
    return division(L, decimal_div, "divide");
}

int decimal_m_idiv(lua_State *L)
{
    return division(L, quotient, "divide");
}

int decimal_m_mod(lua_State *L)
{
    return division(L, rest, "divide");
}

int decimal_m_pow(lua_State *L)
{
    struct decimal a_room, b_room, out;
    struct err err;
    int64_t n;
    const struct decimal *a = operand(L, 1, &a_room, "raise to a power");
    const struct decimal *b = operand(L, 2, &b_room, "raise to a power");
    if (decimal_to_int64(b, &n, &err) != 0)
        return exception_raise(L, "ValueError",
                               "the exponent of a decimal is a whole number within 64 bits");
    if (decimal_is_zero(a) && n < 0)
        return exception_raise(L, "ZeroDivisionError", "cannot divide a decimal by zero");
    if (decimal_power(&out, a, n, &err) != 0)
        return decimal_raise(L, &err);
    decimal_push(L, &out);
    return 1;
}

/* divmod(other) -> quotient, rest */
int decimal_l_divmod(lua_State *L)
{
    lua_settop(L, 2);
    return decimal_m_idiv(L) + decimal_m_mod(L);
}

static int unary(lua_State *L, unary_fn *fn)
{
    struct decimal out;
    struct err err;
    if (fn(&out, decimal_check(L, 1), &err) != 0)
        return decimal_raise(L, &err);
    decimal_push(L, &out);
    return 1;
}

int decimal_m_unm(lua_State *L)
{
    return unary(L, decimal_neg);
}

int decimal_l_abs(lua_State *L)
{
    return unary(L, decimal_abs);
}

int decimal_l_normalize(lua_State *L)
{
    return unary(L, decimal_normalize);
}

int decimal_l_sqrt(lua_State *L)
{
    return unary(L, decimal_sqrt);
}

/* ---- comparison ---- */

static int compare(lua_State *L)
{
    struct decimal a_room, b_room;
    const struct decimal *a = operand(L, 1, &a_room, "compare");
    return decimal_compare(a, operand(L, 2, &b_room, "compare"));
}

int decimal_m_eq(lua_State *L)
{
    const struct decimal *a = decimal_test(L, 1), *b = decimal_test(L, 2);
    lua_pushboolean(L, a && b && decimal_compare(a, b) == 0);
    return 1;
}

int decimal_m_lt(lua_State *L)
{
    lua_pushboolean(L, compare(L) < 0);
    return 1;
}

int decimal_m_le(lua_State *L)
{
    lua_pushboolean(L, compare(L) <= 0);
    return 1;
}

/* compare(other) -> -1, 0 or 1 */
int decimal_l_compare(lua_State *L)
{
    lua_pushinteger(L, compare(L));
    return 1;
}

/* equal(a, b): by value, where == between a decimal and a number is always false */
int decimal_l_equal(lua_State *L)
{
    lua_pushboolean(L, compare(L) == 0);
    return 1;
}
