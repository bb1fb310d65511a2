/* SPDX-License-Identifier: MIT */
/* The class perilune.time.datetime. */
#include "bindings/lua/error.h"
#include "bindings/value/time_impl.h"

#include <math.h>

static const struct datetime *self(lua_State *L)
{
    return class_check(L, 1, &time_datetime_class);
}

/* ---- fields ---- */

#define FIELD(name, expression)                                                                    \
    static int get_##name(lua_State *L, void *object)                                              \
    {                                                                                              \
        const struct datetime *d = object;                                                         \
        lua_pushinteger(L, expression);                                                            \
        return 1;                                                                                  \
    }
FIELD(year, d->date.year)
FIELD(month, d->date.month)
FIELD(day, d->date.day)
FIELD(hour, d->time.hour)
FIELD(minute, d->time.minute)
FIELD(second, d->time.second)
FIELD(microsecond, d->time.microsecond)
FIELD(fold, d->fold)
FIELD(weekday, date_weekday(d->date))
FIELD(isoweekday, date_weekday(d->date) + 1)

static int get_tz(lua_State *L, void *object)
{
    const struct datetime *d = object;
    struct buf *text = time_text(L);
    if (d->tz.kind == TZ_NONE)
        return 0;
    tz_add_name(text, d->tz);
    return time_push_text(L, text);
}

static const struct class_field fields[] = {
    {"year", get_year, NULL},
    {"month", get_month, NULL},
    {"day", get_day, NULL},
    {"hour", get_hour, NULL},
    {"minute", get_minute, NULL},
    {"second", get_second, NULL},
    {"microsecond", get_microsecond, NULL},
    {"fold", get_fold, NULL},
    {"weekday", get_weekday, NULL},
    {"isoweekday", get_isoweekday, NULL},
    {"tz", get_tz, NULL},
    {NULL, NULL, NULL},
};

/* ---- making ---- */

static int push_made(lua_State *L, const struct time_part *p, const struct time_zone_part *zone)
{
    struct datetime d = {.tz = zone->tz, .fold = zone->fold};
    struct err err;
    if (date_make(p[0].i, p[1].i, p[2].i, &d.date, &err) ||
        daytime_make(p[3].i, p[4].i, p[5].i, p[6].i, &d.time, &err))
        return time_raise(L, &err);
    time_push_datetime(L, &d);
    return 1;
}

int time_l_datetime(lua_State *L)
{
    struct time_part p[] = {{.name = "year"},        {.name = "month"},  {.name = "day"},
                            {.name = "hour"},        {.name = "minute"}, {.name = "second"},
                            {.name = "microsecond"}, {.name = NULL}};
    struct time_zone_part zone = {0};
    time_read_integers(L, "datetime", 1, p, &zone);
    if (!p[0].set || !p[1].set || !p[2].set)
        return exception_raise(L, "TypeError", "datetime needs year, month and day");
    return push_made(L, p, &zone);
}

static int l_replace(lua_State *L)
{
    const struct datetime *d = self(L);
    struct time_part p[] = {{.name = "year", .i = d->date.year},
                            {.name = "month", .i = d->date.month},
                            {.name = "day", .i = d->date.day},
                            {.name = "hour", .i = d->time.hour},
                            {.name = "minute", .i = d->time.minute},
                            {.name = "second", .i = d->time.second},
                            {.name = "microsecond", .i = d->time.microsecond},
                            {.name = NULL}};
    struct time_zone_part zone = {.tz = d->tz, .fold = d->fold};
    time_read_integers(L, "datetime", 2, p, &zone);
    return push_made(L, p, &zone);
}

/* combine(date, time, tz) */
int time_l_combine(lua_State *L)
{
    const struct date *date = class_check(L, 1, &time_date_class);
    const struct daytime *time = class_check(L, 2, &time_time_class);
    struct datetime d = {.date = *date, .time = *time};
    if (!lua_isnoneornil(L, 3))
        d.tz = time_zone_arg(L, 3);
    time_push_datetime(L, &d);
    return 1;
}

/* fromtimestamp(seconds, tz): in the default zone, aware, when tz is left out */
int time_l_fromtimestamp(lua_State *L)
{
    struct datetime d;
    struct err err;
    lua_Number seconds = luaL_checknumber(L, 1);
    struct tz tz = lua_isnoneornil(L, 2) ? time_default_zone(L) : time_zone_arg(L, 2);
    int64_t us;
    if (lua_isinteger(L, 1)) {
        if (__builtin_mul_overflow(lua_tointeger(L, 1), DURATION_SECOND, &us))
            return exception_raise(L, "OverflowError", "timestamp %lld is out of range",
                                   lua_tointeger(L, 1));
    } else if (isfinite(seconds) && fabs(seconds) < 1e12) {
        double whole = floor(seconds);
        us = (int64_t)whole * DURATION_SECOND + (int64_t)nearbyint((seconds - whole) * 1e6);
    } else {
        return exception_raise(L, "OverflowError", "timestamp %g is out of range", seconds);
    }
    if (datetime_from_epoch_micros(us, tz, &d, &err))
        return time_raise(L, &err);
    time_push_datetime(L, &d);
    return 1;
}

/* ---- methods ---- */

/* A naive datetime is taken to be in the default zone. */
static int l_astimezone(lua_State *L)
{
    struct datetime d = *self(L), out;
    struct err err;
    struct tz tz = lua_isnoneornil(L, 2) ? time_default_zone(L) : time_zone_arg(L, 2);
    if (d.tz.kind == TZ_NONE)
        d.tz = time_default_zone(L);
    if (datetime_astimezone(&d, tz, &out, &err))
        return time_raise(L, &err);
    time_push_datetime(L, &out);
    return 1;
}

static int l_timestamp(lua_State *L)
{
    struct datetime d = *self(L);
    if (d.tz.kind == TZ_NONE)
        d.tz = time_default_zone(L);
    lua_pushnumber(L, (lua_Number)datetime_epoch_micros(&d) / 1e6);
    return 1;
}

static int l_isoformat(lua_State *L)
{
    const struct datetime *d = self(L);
    size_t n;
    const char *sep = luaL_optlstring(L, 2, "T", &n);
    luaL_argcheck(L, n == 1, 2, "the separator must be one character");
    struct buf *text = time_text(L);
    datetime_add_iso(text, d, *sep);
    return time_push_text(L, text);
}

static int l_tostring(lua_State *L)
{
    const struct datetime *d = self(L);
    struct buf *text = time_text(L);
    datetime_add_iso(text, d, 'T');
    return time_push_text(L, text);
}

static int l_tojson(lua_State *L)
{
    const struct datetime *d = self(L);
    struct buf *text = time_text(L);
    datetime_add_json(text, d);
    return time_push_text(L, text);
}

static int l_date(lua_State *L)
{
    time_push_date(L, self(L)->date);
    return 1;
}

static int l_time(lua_State *L)
{
    time_push_time(L, self(L)->time);
    return 1;
}

static int l_isocalendar(lua_State *L)
{
    return time_push_isocalendar(L, self(L)->date);
}

static int l_toordinal(lua_State *L)
{
    lua_pushinteger(L, date_ordinal(self(L)->date));
    return 1;
}

static bool zone_info(lua_State *L, struct tz_info *info)
{
    const struct datetime *d = self(L);
    if (d->tz.kind == TZ_NONE)
        return false;
    datetime_tz_info(d, info);
    return true;
}

static int l_utcoffset(lua_State *L)
{
    struct tz_info info;
    struct duration d;
    if (!zone_info(L, &info))
        return 0;
    if (duration_from_total(info.offset * DURATION_SECOND, &d, NULL) == 0)
        time_push_timedelta(L, d);
    return 1;
}

static int l_tzname(lua_State *L)
{
    struct tz_info info;
    if (!zone_info(L, &info))
        return 0;
    lua_pushstring(L, info.abbr);
    return 1;
}

static int l_is_dst(lua_State *L)
{
    struct tz_info info;
    if (!zone_info(L, &info))
        return 0;
    lua_pushboolean(L, info.dst);
    return 1;
}

static const luaL_Reg methods[] = {
    {"astimezone", l_astimezone},
    {"replace", l_replace},
    {"strftime", time_l_strftime},
    {"isoformat", l_isoformat},
    {"date", l_date},
    {"time", l_time},
    {"timestamp", l_timestamp},
    {"isocalendar", l_isocalendar},
    {"toordinal", l_toordinal},
    {"utcoffset", l_utcoffset},
    {"tzname", l_tzname},
    {"is_dst", l_is_dst},
    {NULL, NULL},
};

/* ---- operators ---- */

static int push_moved(lua_State *L, const struct datetime *d, const struct duration *by)
{
    struct datetime sum;
    struct err err;
    if (datetime_add(d, *by, &sum, &err))
        return time_raise(L, &err);
    time_push_datetime(L, &sum);
    return 1;
}

static int l_add(lua_State *L)
{
    int other = time_test_datetime(L, 1) ? 2 : 1;
    const struct datetime *d = time_test_datetime(L, 3 - other);
    const struct duration *by = time_test_timedelta(L, other);
    return d && by ? push_moved(L, d, by) : time_bad_operands(L, "add");
}

static int mixed(lua_State *L, const char *verb)
{
    return exception_raise(L, "TypeError",
                           "cannot %s a naive and an aware datetime; give the naive one a zone "
                           "with time.make_aware()",
                           verb);
}

static int l_sub(lua_State *L)
{
    const struct datetime *a = time_test_datetime(L, 1), *b = time_test_datetime(L, 2);
    const struct duration *by = time_test_timedelta(L, 2);
    struct duration d;
    struct err err;
    if (a && b) {
        if (datetime_diff(a, b, &d, &err))
            return mixed(L, "subtract");
        time_push_timedelta(L, d);
        return 1;
    }
    if (!a || !by)
        return time_bad_operands(L, "subtract");
    if (duration_neg(*by, &d, &err))
        return time_raise(L, &err);
    return push_moved(L, a, &d);
}

static int l_eq(lua_State *L)
{
    const struct datetime *a = time_test_datetime(L, 1), *b = time_test_datetime(L, 2);
    lua_pushboolean(L, a && b && datetime_equal(a, b));
    return 1;
}

static int order(lua_State *L)
{
    const struct datetime *a = time_test_datetime(L, 1), *b = time_test_datetime(L, 2);
    int result = 0;
    if (!a || !b)
        return time_bad_operands(L, "compare");
    if (datetime_compare(a, b, &result, NULL))
        return mixed(L, "compare");
    return result;
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
    {"__add", l_add}, {"__sub", l_sub},           {"__eq", l_eq},         {"__lt", l_lt},
    {"__le", l_le},   {"__tostring", l_tostring}, {"__tojson", l_tojson}, {NULL, NULL},
};

const struct class time_datetime_class = {
    .name = "perilune.time.datetime",
    .fields = fields,
    .methods = methods,
    .metamethods = metamethods,
};
