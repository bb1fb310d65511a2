/* SPDX-License-Identifier: MIT */
/* perilune._time: the functions of perilune.time that are C; its Lua half is
 * perilune/time.lua. */
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"
#include "bindings/value/time_impl.h"

#include "base/clock.h"
#include "fiber/fiber.h"
#include "value/dateparse.h"

#include <errno.h>
#include <math.h>
#include <time.h>

/* ---- clocks ---- */

static int time_l_now(lua_State *L)
{
    struct datetime d;
    time_now(L, &d);
    time_push_datetime(L, &d);
    return 1;
}

static int time_l_monotonic(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)clock_monotonic() / 1e9);
    return 1;
}

/* sleep(seconds): waits in the fiber; where there is none, the process waits. */
static int time_l_sleep(lua_State *L)
{
    lua_Number seconds = luaL_checknumber(L, 1);
    struct host *h = host_of(L);
    struct err err;
    if (!(seconds >= 0) || seconds > 1e9)
        return exception_raise(L, "ValueError", "sleep: seconds must be in 0..1e9, not %g",
                               seconds);
    if (h->loop && fiber_self(h->loop)) {
        if (fiber_sleep(h->loop, seconds, &err))
            return exception_raise_err(L, &err);
        return 0;
    }
    struct timespec left = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
    while (nanosleep(&left, &left) && errno == EINTR)
        continue;
    return 0;
}

/* ---- zones ---- */

static int push_zone_name(lua_State *L, struct tz tz)
{
    struct buf *text = time_text(L);
    tz_add_name(text, tz);
    return time_push_text(L, text);
}

static int time_l_default_zone(lua_State *L)
{
    return push_zone_name(L, time_default_zone(L));
}

static int time_l_current_zone(lua_State *L)
{
    return push_zone_name(L, time_current_zone(L));
}

/* zone(name): the name as it is kept, or a ValueError */
static int time_l_zone(lua_State *L)
{
    return push_zone_name(L, time_zone_arg(L, 1));
}

/* ambiguous_or_imaginary(datetime, tz) */
static int time_l_ambiguous(lua_State *L)
{
    const struct datetime *d = class_check(L, 1, &time_datetime_class);
    struct tz tz = time_zone_arg(L, 2);
    lua_pushboolean(L, datetime_ambiguous_or_imaginary(d, tz));
    return 1;
}

/* ---- text ---- */

/* format(value, format) */
static int time_l_format(lua_State *L)
{
    struct moment m;
    struct err err;
    size_t n;
    if (!time_test_moment(L, 1, &m))
        return luaL_typeerror(L, 1, "date, time or datetime");
    const char *format = luaL_checklstring(L, 2, &n);
    struct tz tz = time_default_zone(L);
    struct buf *text = time_text(L);
    if (dateformat_add(text, str_make(format, n), &m, tz, &err))
        return exception_raise(L, "TypeError", "%s", err.msg);
    return time_push_text(L, text);
}

static struct str text_arg(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    return str_make(s, n);
}

static int time_l_parse_date(lua_State *L)
{
    struct date d;
    struct err err;
    int rc = dateparse_date(text_arg(L), &d, &err);
    if (rc < 0)
        return time_raise(L, &err);
    if (rc > 0)
        time_push_date(L, d);
    return rc;
}

static int time_l_parse_time(lua_State *L)
{
    struct daytime t;
    struct err err;
    int rc = dateparse_time(text_arg(L), &t, &err);
    if (rc < 0)
        return time_raise(L, &err);
    if (rc > 0)
        time_push_time(L, t);
    return rc;
}

static int time_l_parse_datetime(lua_State *L)
{
    struct datetime d;
    struct err err;
    int rc = dateparse_datetime(text_arg(L), &d, &err);
    if (rc < 0)
        return time_raise(L, &err);
    if (rc > 0)
        time_push_datetime(L, &d);
    return rc;
}

static int time_l_parse_duration(lua_State *L)
{
    struct duration d;
    struct err err;
    int rc = dateparse_duration(text_arg(L), &d, &err);
    if (rc < 0)
        return time_raise(L, &err);
    if (rc > 0)
        time_push_timedelta(L, d);
    return rc;
}

/* kind(value): "date", "time", "datetime", "timedelta", or nil */
static int time_l_kind(lua_State *L)
{
    luaL_checkany(L, 1);
    if (time_test_datetime(L, 1))
        lua_pushliteral(L, "datetime");
    else if (time_test_date(L, 1))
        lua_pushliteral(L, "date");
    else if (time_test_time(L, 1))
        lua_pushliteral(L, "time");
    else if (time_test_timedelta(L, 1))
        lua_pushliteral(L, "timedelta");
    else
        return 0;
    return 1;
}

static const luaL_Reg functions[] = {
    {"now", time_l_now},
    {"monotonic", time_l_monotonic},
    {"sleep", time_l_sleep},
    {"date", time_l_date},
    {"time", time_l_time},
    {"datetime", time_l_datetime},
    {"timedelta", time_l_timedelta},
    {"combine", time_l_combine},
    {"fromtimestamp", time_l_fromtimestamp},
    {"format", time_l_format},
    {"parse_date", time_l_parse_date},
    {"parse_time", time_l_parse_time},
    {"parse_datetime", time_l_parse_datetime},
    {"parse_duration", time_l_parse_duration},
    {"kind", time_l_kind},
    {"zone", time_l_zone},
    {"ambiguous_or_imaginary", time_l_ambiguous},
    {"default_zone", time_l_default_zone},
    {"current_zone", time_l_current_zone},
    {"active", time_l_active},
    {"activate", time_l_activate},
    {"set_default", time_l_set_default},
    {"set_clock", time_l_set_clock},
    {NULL, NULL},
};

int luaopen_perilune__time(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
