/* SPDX-License-Identifier: MIT */
/* Dates, times, datetimes and durations as Lua values: immutable userdata, equal by
 * value.  For every binding that gives or takes them; perilune.time itself is in
 * time.c and time_*.c. */
#ifndef BINDINGS_VALUE_TIME_VALUES_H
#define BINDINGS_VALUE_TIME_VALUES_H

#include "bindings/lua/class.h"

#include "value/dateformat.h"

#include <lua.h>

extern const struct class time_date_class, time_time_class, time_datetime_class,
    time_timedelta_class;

/* [-0, +1, may raise] */
void time_push_date(lua_State *L, struct date d);
void time_push_time(lua_State *L, struct daytime t);
void time_push_datetime(lua_State *L, const struct datetime *d);
void time_push_timedelta(lua_State *L, struct duration d);

/* The value at idx when it is of that kind, else NULL; good while it is on the stack. */
const struct date *time_test_date(lua_State *L, int idx);
const struct daytime *time_test_time(lua_State *L, int idx);
const struct datetime *time_test_datetime(lua_State *L, int idx);
const struct duration *time_test_timedelta(lua_State *L, int idx);
/* A date, time or datetime; false when the value is none of them. */
bool time_test_moment(lua_State *L, int idx, struct moment *m);

/* The present in UTC, by the clock that tests may have set. May raise. */
void time_now(lua_State *L, struct datetime *out);

/* settings.time_zone, and what time.activate() chose in this fiber. May raise. */
struct tz time_default_zone(lua_State *L);
struct tz time_current_zone(lua_State *L);
/* The zone a value names: an IANA name or an offset; raises ValueError on another. */
struct tz time_zone_arg(lua_State *L, int idx);

/* What time.activate() chose in the running fiber, TZ_NONE for nothing.  Whoever starts
 * a fiber for Lua sets it first: none, or that of the fiber it came from; Lua threads go
 * from fiber to fiber, and the zone would go with them.  L is any thread of the state.
 * Setting a zone may raise (memory); TZ_NONE never does. */
struct tz time_active_zone(lua_State *L);
void time_set_active_zone(lua_State *L, struct tz tz);

#endif
