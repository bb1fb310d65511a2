/* SPDX-License-Identifier: MIT */
/* perilune.decimal.  A value is a userdata with the number inside, 40 bytes for a price.
 * Integers mix with decimals; floats do not, because 0.1 is not what it says. */
#include "bindings/value/decimal_impl.h"

#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"

#include <lauxlib.h>

static const struct class decimal_class;

void decimal_push(lua_State *L, const struct decimal *d)
{
    size_t size = decimal_size(d);
    memcpy(class_new(L, &decimal_class, size), d, size);
}

const struct decimal *decimal_test(lua_State *L, int idx)
{
    return class_test(L, idx, &decimal_class);
}

const struct decimal *decimal_operand(lua_State *L, int idx, struct decimal *room)
{
    if (lua_isinteger(L, idx)) {
        decimal_from_int64(room, lua_tointeger(L, idx));
        return room;
    }
    return decimal_test(L, idx);
}

const struct decimal *decimal_check(lua_State *L, int arg)
{
    return class_check(L, arg, &decimal_class);
}

/* ---- errors ---- */

const char *decimal_describe(lua_State *L, int idx)
{
    switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
        lua_pushvalue(L, idx);
        return lua_pushfstring(L, "the float %s", lua_tostring(L, -1));
    case LUA_TSTRING:
        return lua_pushfstring(L, "the string '%s'", lua_tostring(L, idx));
    case LUA_TNIL:
    case LUA_TNONE:
        return lua_pushliteral(L, "nil");
    default:
        if (luaL_getmetafield(L, idx, "__name") == LUA_TSTRING)
            return lua_pushfstring(L, "a %s", lua_tostring(L, -1));
        return lua_pushfstring(L, "a %s", luaL_typename(L, idx));
    }
}

int decimal_raise(lua_State *L, const struct err *err)
{
    return exception_raise(L, err->code == ERR_TOO_LARGE ? "OverflowError" : "ValueError", "%s",
                           err->msg);
}

/* ---- text and numbers ---- */

static int decimal_m_tostring(lua_State *L)
{
    char text[DECIMAL_TEXT_MAX];
    lua_pushlstring(L, text, decimal_write(decimal_check(L, 1), text));
    return 1;
}

static int decimal_m_concat(lua_State *L)
{
    for (int i = 1; i <= 2; i++)
        if (!decimal_test(L, i) && !lua_isstring(L, i))
            return exception_raise(L, "TypeError", "cannot concatenate a decimal and %s",
                                   decimal_describe(L, i));
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

static int decimal_l_to_number(lua_State *L)
{
    double d;
    struct err err;
    if (decimal_to_double(decimal_check(L, 1), &d, &err) != 0)
        return decimal_raise(L, &err);
    lua_pushnumber(L, d);
    return 1;
}

static int decimal_l_to_integer(lua_State *L)
{
    int64_t i;
    struct err err;
    if (decimal_to_int64(decimal_check(L, 1), &i, &err) != 0)
        return decimal_raise(L, &err);
    lua_pushinteger(L, i);
    return 1;
}

/* ---- rounding ---- */

static enum decimal_rounding check_rounding(lua_State *L, int arg)
{
    enum decimal_rounding rounding = DECIMAL_HALF_EVEN;
    struct err err;
    if (!lua_isnoneornil(L, arg) &&
        decimal_rounding_parse(str_from(luaL_checkstring(L, arg)), &rounding, &err) != 0)
        decimal_raise(L, &err);
    return rounding;
}

/* quantize(exponent [, rounding]): with the decimal places of `exponent`, "0.01" */
static int decimal_l_quantize(lua_State *L)
{
    struct decimal room, out;
    struct err err;
    const struct decimal *d = decimal_check(L, 1), *like = decimal_operand(L, 2, &room);
    enum decimal_rounding rounding = check_rounding(L, 3);
    if (!like && lua_type(L, 2) == LUA_TSTRING) {
        if (decimal_parse(&room, str_from(lua_tostring(L, 2)), &err) != 0)
            return decimal_raise(L, &err);
        like = &room;
    }
    if (!like)
        return exception_raise(L, "TypeError",
                               "quantize wants a decimal or a string such as \"0.01\", not %s",
                               decimal_describe(L, 2));
    if (decimal_quantize(&out, d, like->exponent, rounding, DECIMAL_PRECISION, &err) != 0)
        return decimal_raise(L, &err);
    decimal_push(L, &out);
    return 1;
}

static int check_places(lua_State *L, int arg, lua_Integer fallback)
{
    lua_Integer places = luaL_optinteger(L, arg, fallback);
    luaL_argcheck(L, places >= -DECIMAL_DIGITS_MAX && places <= DECIMAL_DIGITS_MAX, arg,
                  "decimal places are from -1000 to 1000");
    return (int)places;
}

/* round([places [, rounding]]): 0 places, half to even, when left out */
static int decimal_l_round(lua_State *L)
{
    struct decimal out;
    struct err err;
    int places = check_places(L, 2, 0);
    if (decimal_quantize(&out, decimal_check(L, 1), -places, check_rounding(L, 3),
                         DECIMAL_PRECISION, &err) != 0)
        return decimal_raise(L, &err);
    decimal_push(L, &out);
    return 1;
}

/* to_fixed([places [, rounding]]) -> text without an exponent */
static int decimal_l_to_fixed(lua_State *L)
{
    char text[DECIMAL_TEXT_MAX];
    struct decimal room;
    struct err err;
    const struct decimal *d = decimal_check(L, 1);
    if (!lua_isnoneornil(L, 2)) {
        int places = check_places(L, 2, 0);
        if (decimal_quantize(&room, d, -places, check_rounding(L, 3), DECIMAL_DIGITS_MAX, &err) !=
            0)
            return decimal_raise(L, &err);
        d = &room;
    }
    lua_pushlstring(L, text, decimal_write_fixed(d, text));
    return 1;
}

/* ---- properties ---- */

static int decimal_l_is_zero(lua_State *L)
{
    lua_pushboolean(L, decimal_is_zero(decimal_check(L, 1)));
    return 1;
}

static int decimal_l_is_negative(lua_State *L)
{
    const struct decimal *d = decimal_check(L, 1);
    lua_pushboolean(L, d->negative && !decimal_is_zero(d));
    return 1;
}

static int decimal_l_is_integer(lua_State *L)
{
    lua_pushboolean(L, decimal_is_integer(decimal_check(L, 1)));
    return 1;
}

static int decimal_l_sign(lua_State *L)
{
    const struct decimal *d = decimal_check(L, 1);
    lua_pushinteger(L, decimal_is_zero(d) ? 0 : d->negative ? -1 : 1);
    return 1;
}

static int decimal_l_digits(lua_State *L)
{
    lua_pushinteger(L, decimal_digits(decimal_check(L, 1)));
    return 1;
}

static int decimal_l_exponent(lua_State *L)
{
    lua_pushinteger(L, decimal_check(L, 1)->exponent);
    return 1;
}

static int decimal_l_adjusted(lua_State *L)
{
    lua_pushinteger(L, decimal_adjusted(decimal_check(L, 1)));
    return 1;
}

static const struct class decimal_class = {
    .name = "perilune.decimal.Decimal",
    .methods =
        (const luaL_Reg[]){
            {"abs", decimal_l_abs},
            {"adjusted", decimal_l_adjusted},
            {"compare", decimal_l_compare},
            {"digits", decimal_l_digits},
            {"divmod", decimal_l_divmod},
            {"exponent", decimal_l_exponent},
            {"is_integer", decimal_l_is_integer},
            {"is_negative", decimal_l_is_negative},
            {"is_zero", decimal_l_is_zero},
            {"normalize", decimal_l_normalize},
            {"quantize", decimal_l_quantize},
            {"round", decimal_l_round},
            {"sign", decimal_l_sign},
            {"sqrt", decimal_l_sqrt},
            {"to_fixed", decimal_l_to_fixed},
            {"to_integer", decimal_l_to_integer},
            {"to_number", decimal_l_to_number},
            {NULL, NULL},
        },
    .metamethods =
        (const luaL_Reg[]){
            {"__add", decimal_m_add},
            {"__sub", decimal_m_sub},
            {"__mul", decimal_m_mul},
            {"__div", decimal_m_div},
            {"__idiv", decimal_m_idiv},
            {"__mod", decimal_m_mod},
            {"__pow", decimal_m_pow},
            {"__unm", decimal_m_unm},
            {"__eq", decimal_m_eq},
            {"__lt", decimal_m_lt},
            {"__le", decimal_m_le},
            {"__concat", decimal_m_concat},
            {"__tostring", decimal_m_tostring},
            {"__tojson", decimal_m_tostring},
            {NULL, NULL},
        },
};

/* ---- the module ---- */

/* decimal(value): of a string, an integer, a float (all of its binary digits), a decimal */
static int decimal_l_call(lua_State *L)
{
    struct decimal out;
    struct err err;
    int rc;
    if (decimal_test(L, 2)) {
        lua_settop(L, 2);
        return 1;
    }
    if (lua_isinteger(L, 2)) {
        decimal_from_int64(&out, lua_tointeger(L, 2));
        rc = 0;
    } else if (lua_type(L, 2) == LUA_TNUMBER) {
        rc = decimal_from_double(&out, lua_tonumber(L, 2), &err);
    } else if (lua_type(L, 2) == LUA_TSTRING) {
        size_t n;
        const char *p = lua_tolstring(L, 2, &n);
        rc = decimal_parse(&out, str_make(p, n), &err);
    } else {
        return exception_raise(L, "TypeError", "a decimal is made of a string or a number, not %s",
                               decimal_describe(L, 2));
    }
    if (rc != 0)
        return exception_raise(L, "ValueError", "%s", err.msg);
    decimal_push(L, &out);
    return 1;
}

/* is(value) -> boolean */
static int decimal_l_is(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, decimal_test(L, 1) != NULL);
    return 1;
}

void decimal_open(lua_State *L)
{
    class_register(L, &decimal_class);
}

void decimal_push_metatable(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &decimal_class);
}

int luaopen_perilune_decimal(lua_State *L)
{
    static const char *const roundings[] = {"ROUND_HALF_EVEN", "ROUND_HALF_UP", "ROUND_HALF_DOWN",
                                            "ROUND_UP",        "ROUND_DOWN",    "ROUND_CEILING",
                                            "ROUND_FLOOR",     "ROUND_05UP"};
    static const luaL_Reg functions[] = {
        {"is", decimal_l_is},
        {"equal", decimal_l_equal},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    for (size_t i = 0; i < sizeof roundings / sizeof *roundings; i++) {
        lua_pushstring(L, roundings[i]);
        lua_setfield(L, -2, roundings[i]);
    }
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, decimal_l_call);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
    return 1;
}
