/* SPDX-License-Identifier: MIT */
/* The class perilune.time.timedelta. */
#include "bindings/lua/error.h"
#include "bindings/value/time_impl.h"

static const struct duration *self(lua_State *L)
{
    return class_check(L, 1, &time_timedelta_class);
}

/* ---- fields ---- */

#define FIELD(name)                                                                                \
    static int get_##name(lua_State *L, void *object)                                              \
    {                                                                                              \
        lua_pushinteger(L, ((const struct duration *)object)->name);                               \
        return 1;                                                                                  \
    }
FIELD(days)
FIELD(seconds)
FIELD(microseconds)

static const struct class_field fields[] = {
    {"days", get_days, NULL},
    {"seconds", get_seconds, NULL},
    {"microseconds", get_microseconds, NULL},
    {NULL, NULL, NULL},
};

/* ---- making ---- */

int time_l_timedelta(lua_State *L)
{
    /* In the order of Python's arguments. */
    static const int64_t units[] = {DURATION_DAY,  DURATION_SECOND, 1, 1000, DURATION_MINUTE,
                                    DURATION_HOUR, DURATION_WEEK};
    struct time_part p[] = {{.name = "days"},         {.name = "seconds"}, {.name = "microseconds"},
                            {.name = "milliseconds"}, {.name = "minutes"}, {.name = "hours"},
                            {.name = "weeks"},        {.name = NULL}};
    struct duration_sum sum = {0};
    struct duration d;
    struct err err;
    time_read_parts(L, "timedelta", 1, p, NULL);
    for (size_t i = 0; p[i].name; i++) {
        if (p[i].set && !p[i].is_float)
            duration_sum_int(&sum, p[i].i, units[i]);
        else if (p[i].set && duration_sum_double(&sum, p[i].d, units[i], &err))
            return time_raise(L, &err);
    }
    if (duration_sum_end(&sum, &d, &err))
        return time_raise(L, &err);
    time_push_timedelta(L, d);
    return 1;
}

/* ---- methods ---- */

static int l_total_seconds(lua_State *L)
{
    lua_pushnumber(L, duration_seconds(*self(L)));
    return 1;
}

static int push_result(lua_State *L, int failed, const struct duration *d, const struct err *err)
{
    if (failed)
        return time_raise(L, err);
    time_push_timedelta(L, *d);
    return 1;
}

static int l_unm(lua_State *L)
{
    struct duration d;
    struct err err;
    return push_result(L, duration_neg(*self(L), &d, &err), &d, &err);
}

static int l_abs(lua_State *L)
{
    if (self(L)->days < 0)
        return l_unm(L);
    lua_settop(L, 1);
    return 1;
}

/* The whole of it as an integer. */
static int l_total_microseconds(lua_State *L)
{
    int64_t us;
    struct err err;
    if (duration_to_int64(*self(L), &us, &err))
        return time_raise(L, &err);
    lua_pushinteger(L, us);
    return 1;
}

static int push_text(lua_State *L, void (*add)(struct buf *, struct duration))
{
    const struct duration *d = self(L);
    struct buf *text = time_text(L);
    add(text, *d);
    return time_push_text(L, text);
}

static int l_isoformat(lua_State *L)
{
    return push_text(L, duration_add_iso);
}

static int l_words(lua_State *L)
{
    return push_text(L, duration_add_words);
}

static int l_tostring(lua_State *L)
{
    return push_text(L, duration_add_string);
}

static const luaL_Reg methods[] = {
    {"total_seconds", l_total_seconds},
    {"total_microseconds", l_total_microseconds},
    {"abs", l_abs},
    {"isoformat", l_isoformat},
    {"words", l_words},
    {NULL, NULL},
};

/* ---- operators ---- */

/* timedelta + datetime comes here as well when the timedelta stands first. */
static int l_add(lua_State *L)
{
    const struct duration *a = time_test_timedelta(L, 1), *b = time_test_timedelta(L, 2);
    struct duration d;
    struct err err;
    if (a && b)
        return push_result(L, duration_add(*a, *b, &d, &err), &d, &err);
    if (a && (time_test_datetime(L, 2) || time_test_date(L, 2))) {
        luaL_getmetafield(L, 2, "__add");
        lua_insert(L, 1);
        lua_call(L, 2, 1);
        return 1;
    }
    return time_bad_operands(L, "add");
}

static int l_sub(lua_State *L)
{
    const struct duration *a = time_test_timedelta(L, 1), *b = time_test_timedelta(L, 2);
    struct duration d;
    struct err err;
    if (!a || !b)
        return time_bad_operands(L, "subtract");
    return push_result(L, duration_sub(*a, *b, &d, &err), &d, &err);
}

static int l_mul(lua_State *L)
{
    int number = time_test_timedelta(L, 1) ? 2 : 1;
    const struct duration *a = time_test_timedelta(L, 3 - number);
    struct duration d;
    struct err err;
    if (!a || lua_type(L, number) != LUA_TNUMBER)
        return time_bad_operands(L, "multiply");
    int failed = lua_isinteger(L, number)
                     ? duration_mul(*a, lua_tointeger(L, number), &d, &err)
                     : duration_mul_double(*a, lua_tonumber(L, number), &d, &err);
    return push_result(L, failed, &d, &err);
}

/* Raises when operand 2, a timedelta or a number, is zero. */
static void check_divisor(lua_State *L)
{
    const struct duration *b = time_test_timedelta(L, 2);
    if (b ? duration_total(*b) == 0 : lua_type(L, 2) == LUA_TNUMBER && lua_tonumber(L, 2) == 0)
        exception_raise(L, "ZeroDivisionError", "division of a timedelta by zero");
}

static int l_div(lua_State *L)
{
    const struct duration *a = time_test_timedelta(L, 1), *b = time_test_timedelta(L, 2);
    struct duration d;
    struct err err;
    double ratio;
    check_divisor(L);
    if (a && b) {
        if (duration_ratio(*a, *b, &ratio, &err))
            return time_raise(L, &err);
        lua_pushnumber(L, ratio);
        return 1;
    }
    if (!a || lua_type(L, 2) != LUA_TNUMBER)
        return time_bad_operands(L, "divide");
    int failed = lua_isinteger(L, 2) ? duration_div(*a, lua_tointeger(L, 2), &d, &err)
                                     : duration_div_double(*a, lua_tonumber(L, 2), &d, &err);
    return push_result(L, failed, &d, &err);
}

static int l_idiv(lua_State *L)
{
    const struct duration *a = time_test_timedelta(L, 1), *b = time_test_timedelta(L, 2);
    struct duration d;
    struct err err;
    int64_t quotient;
    check_divisor(L);
    if (a && b) {
        if (duration_quotient(*a, *b, &quotient, &err))
            return time_raise(L, &err);
        lua_pushinteger(L, quotient);
        return 1;
    }
    if (!a || !lua_isinteger(L, 2))
        return time_bad_operands(L, "divide");
    return push_result(L, duration_floordiv(*a, lua_tointeger(L, 2), &d, &err), &d, &err);
}

static int l_mod(lua_State *L)
{
    const struct duration *a = time_test_timedelta(L, 1), *b = time_test_timedelta(L, 2);
    struct duration d;
    struct err err;
    check_divisor(L);
    if (!a || !b)
        return time_bad_operands(L, "take the remainder of");
    return push_result(L, duration_mod(*a, *b, &d, &err), &d, &err);
}

static int l_eq(lua_State *L)
{
    const struct duration *a = time_test_timedelta(L, 1), *b = time_test_timedelta(L, 2);
    lua_pushboolean(L, a && b && duration_compare(*a, *b) == 0);
    return 1;
}

static int order(lua_State *L)
{
    const struct duration *a = time_test_timedelta(L, 1), *b = time_test_timedelta(L, 2);
    return a && b ? duration_compare(*a, *b) : time_bad_operands(L, "compare");
}

static int l_lt(lua_State *L)
{
    lua_pushboolean(L, order(L) < 0);
    return 1;
}

static int l_le(lua_State *L)
{
    lua_pushboolean(L, order(L) <= 0);
    return 1;
}

static const luaL_Reg metamethods[] = {
    {"__add", l_add},   {"__sub", l_sub}, {"__mul", l_mul},           {"__div", l_div},
    {"__idiv", l_idiv}, {"__mod", l_mod}, {"__unm", l_unm},           {"__eq", l_eq},
    {"__lt", l_lt},     {"__le", l_le},   {"__tostring", l_tostring}, {"__tojson", l_isoformat},
    {NULL, NULL},
};

const struct class time_timedelta_class = {
    .name = "perilune.time.timedelta",
    .fields = fields,
    .methods = methods,
    .metamethods = metamethods,
};
