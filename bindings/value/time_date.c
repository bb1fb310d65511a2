/* SPDX-License-Identifier: MIT */
/* The classes perilune.time.date and perilune.time.time. */
#include "bindings/lua/error.h"
#include "bindings/value/time_impl.h"

/* ---- date ---- */

static const struct date *date_self(lua_State *L)
{
    return class_check(L, 1, &time_date_class);
}

#define DATE_FIELD(name, expression)                                                               \
    static int date_get_##name(lua_State *L, void *object)                                         \
    {                                                                                              \
        const struct date *d = object;                                                             \
        lua_pushinteger(L, expression);                                                            \
        return 1;                                                                                  \
    }
DATE_FIELD(year, d->year)
DATE_FIELD(month, d->month)
DATE_FIELD(day, d->day)
DATE_FIELD(weekday, date_weekday(*d))
DATE_FIELD(isoweekday, date_weekday(*d) + 1)

static const struct class_field date_fields[] = {
    {"year", date_get_year, NULL},
    {"month", date_get_month, NULL},
    {"day", date_get_day, NULL},
    {"weekday", date_get_weekday, NULL},
    {"isoweekday", date_get_isoweekday, NULL},
    {NULL, NULL, NULL},
};

static int push_date(lua_State *L, struct time_part *p)
{
    struct date d;
    struct err err;
    if (date_make(p[0].i, p[1].i, p[2].i, &d, &err))
        return time_raise(L, &err);
    time_push_date(L, d);
    return 1;
}

int time_l_date(lua_State *L)
{
    struct time_part p[] = {{.name = "year"}, {.name = "month"}, {.name = "day"}, {.name = NULL}};
    time_read_integers(L, "date", 1, p, NULL);
    if (!p[0].set || !p[1].set || !p[2].set)
        return exception_raise(L, "TypeError", "date needs year, month and day");
    return push_date(L, p);
}

static int date_l_replace(lua_State *L)
{
    const struct date *d = date_self(L);
    struct time_part p[] = {{.name = "year", .i = d->year},
                            {.name = "month", .i = d->month},
                            {.name = "day", .i = d->day},
                            {.name = NULL}};
    time_read_integers(L, "date", 2, p, NULL);
    return push_date(L, p);
}

int time_push_isocalendar(lua_State *L, struct date d)
{
    int year, week, day;
    date_iso_week(d, &year, &week, &day);
    lua_pushinteger(L, year);
    lua_pushinteger(L, week);
    lua_pushinteger(L, day);
    return 3;
}

static int date_l_isocalendar(lua_State *L)
{
    return time_push_isocalendar(L, *date_self(L));
}

static int date_l_toordinal(lua_State *L)
{
    lua_pushinteger(L, date_ordinal(*date_self(L)));
    return 1;
}

static int date_l_isoformat(lua_State *L)
{
    const struct date *d = date_self(L);
    struct buf *text = time_text(L);
    date_add_iso(text, *d);
    return time_push_text(L, text);
}

int time_l_strftime(lua_State *L)
{
    struct moment m;
    struct err err;
    size_t n;
    if (!time_test_moment(L, 1, &m))
        return luaL_typeerror(L, 1, "date, time or datetime");
    const char *format = luaL_checklstring(L, 2, &n);
    struct buf *text = time_text(L);
    if (dateformat_strftime(text, str_make(format, n), &m, &err))
        return time_raise(L, &err);
    return time_push_text(L, text);
}

static const luaL_Reg date_methods[] = {
    {"replace", date_l_replace},     {"isocalendar", date_l_isocalendar},
    {"toordinal", date_l_toordinal}, {"isoformat", date_l_isoformat},
    {"strftime", time_l_strftime},   {NULL, NULL},
};

static int push_moved_date(lua_State *L, const struct date *d, const struct duration *by)
{
    struct date sum;
    struct err err;
    if (date_add(*d, *by, &sum, &err))
        return time_raise(L, &err);
    time_push_date(L, sum);
    return 1;
}

static int date_l_add(lua_State *L)
{
    int other = time_test_date(L, 1) ? 2 : 1;
    const struct date *d = time_test_date(L, 3 - other);
    const struct duration *by = time_test_timedelta(L, other);
    return d && by ? push_moved_date(L, d, by) : time_bad_operands(L, "add");
}

static int date_l_sub(lua_State *L)
{
    const struct date *a = time_test_date(L, 1), *b = time_test_date(L, 2);
    const struct duration *by = time_test_timedelta(L, 2);
    if (a && b) {
        time_push_timedelta(L, date_diff(*a, *b));
        return 1;
    }
    if (!a || !by)
        return time_bad_operands(L, "subtract");
    struct duration back = {-by->days, 0, 0}; /* days alone count, as in an addition */
    return push_moved_date(L, a, &back);
}

static int date_l_eq(lua_State *L)
{
    const struct date *a = time_test_date(L, 1), *b = time_test_date(L, 2);
    lua_pushboolean(L, a && b && date_compare(*a, *b) == 0);
    return 1;
}

static int date_order(lua_State *L)
{
    const struct date *a = time_test_date(L, 1), *b = time_test_date(L, 2);
    return a && b ? date_compare(*a, *b) : time_bad_operands(L, "compare");
}

static int date_l_lt(lua_State *L)
{
    lua_pushboolean(L, date_order(L) < 0);
    return 1;
}

static int date_l_le(lua_State *L)
{
    lua_pushboolean(L, date_order(L) <= 0);
    return 1;
}

static const luaL_Reg date_metamethods[] = {
    {"__add", date_l_add},
    {"__sub", date_l_sub},
    {"__eq", date_l_eq},
    {"__lt", date_l_lt},
    {"__le", date_l_le},
    {"__tostring", date_l_isoformat},
    {"__tojson", date_l_isoformat},
    {NULL, NULL},
};

const struct class time_date_class = {
    .name = "perilune.time.date",
    .fields = date_fields,
    .methods = date_methods,
    .metamethods = date_metamethods,
};

/* ---- time ---- */

static const struct daytime *time_self(lua_State *L)
{
    return class_check(L, 1, &time_time_class);
}

#define TIME_FIELD(name)                                                                           \
    static int time_get_##name(lua_State *L, void *object)                                         \
    {                                                                                              \
        lua_pushinteger(L, ((const struct daytime *)object)->name);                                \
        return 1;                                                                                  \
    }
TIME_FIELD(hour)
TIME_FIELD(minute)
TIME_FIELD(second)
TIME_FIELD(microsecond)

static const struct class_field time_fields[] = {
    {"hour", time_get_hour, NULL},
    {"minute", time_get_minute, NULL},
    {"second", time_get_second, NULL},
    {"microsecond", time_get_microsecond, NULL},
    {NULL, NULL, NULL},
};

static int push_time(lua_State *L, struct time_part *p)
{
    struct daytime t;
    struct err err;
    if (daytime_make(p[0].i, p[1].i, p[2].i, p[3].i, &t, &err))
        return time_raise(L, &err);
    time_push_time(L, t);
    return 1;
}

int time_l_time(lua_State *L)
{
    struct time_part p[] = {{.name = "hour"},
                            {.name = "minute"},
                            {.name = "second"},
                            {.name = "microsecond"},
                            {.name = NULL}};
    time_read_integers(L, "time", 1, p, NULL);
    return push_time(L, p);
}

static int time_l_replace(lua_State *L)
{
    const struct daytime *t = time_self(L);
    struct time_part p[] = {{.name = "hour", .i = t->hour},
                            {.name = "minute", .i = t->minute},
                            {.name = "second", .i = t->second},
                            {.name = "microsecond", .i = t->microsecond},
                            {.name = NULL}};
    time_read_integers(L, "time", 2, p, NULL);
    return push_time(L, p);
}

static int time_l_isoformat(lua_State *L)
{
    const struct daytime *t = time_self(L);
    struct buf *text = time_text(L);
    daytime_add_iso(text, *t);
    return time_push_text(L, text);
}

static int time_l_tojson(lua_State *L)
{
    const struct daytime *t = time_self(L);
    struct buf *text = time_text(L);
    daytime_add_json(text, *t);
    return time_push_text(L, text);
}

static int time_l_eq(lua_State *L)
{
    const struct daytime *a = time_test_time(L, 1), *b = time_test_time(L, 2);
    lua_pushboolean(L, a && b && daytime_compare(*a, *b) == 0);
    return 1;
}

static int time_order(lua_State *L)
{
    const struct daytime *a = time_test_time(L, 1), *b = time_test_time(L, 2);
    return a && b ? daytime_compare(*a, *b) : time_bad_operands(L, "compare");
}

static int time_l_lt(lua_State *L)
{
    lua_pushboolean(L, time_order(L) < 0);
    return 1;
}

static int time_l_le(lua_State *L)
{
    lua_pushboolean(L, time_order(L) <= 0);
    return 1;
}

static const luaL_Reg time_methods[] = {
    {"replace", time_l_replace},
    {"isoformat", time_l_isoformat},
    {"strftime", time_l_strftime},
    {NULL, NULL},
};

static const luaL_Reg time_metamethods[] = {
    {"__eq", time_l_eq},         {"__lt", time_l_lt},
    {"__le", time_l_le},         {"__tostring", time_l_isoformat},
    {"__tojson", time_l_tojson}, {NULL, NULL},
};

const struct class time_time_class = {
    .name = "perilune.time.time",
    .fields = time_fields,
    .methods = time_methods,
    .metamethods = time_metamethods,
};
