/* SPDX-License-Identifier: MIT */
/* What the files of perilune.time (time.c, time_*.c) share. */
#ifndef BINDINGS_VALUE_TIME_IMPL_H
#define BINDINGS_VALUE_TIME_IMPL_H

#include "bindings/value/time_values.h"

/* The state's one scratch buffer, empty. It is no one's for long: nothing that may
 * raise, wait or ask for it again comes between filling it and pushing it. */
struct buf *time_text(lua_State *L);
/* Pushes its content. [-0, +1, may raise] */
int time_push_text(lua_State *L, const struct buf *text);
/* Raises OverflowError, ValueError, or what else fits e. */
int time_raise(lua_State *L, const struct err *e);

/* One field given to a constructor or to replace(). */
struct time_part {
    const char *name;
    bool set, is_float;
    int64_t i; /* the number when it is an integer */
    double d;
};

struct time_zone_part {
    bool set;
    struct tz tz;
    int fold;
};

/* Fills parts (ended by a NULL name) from the arguments from `first` on: numbers in
 * order, a table of names last.  zone NULL: there is no `tz` and `fold`.  Raises TypeError. */
void time_read_parts(lua_State *L, const char *what, int first, struct time_part *parts,
                     struct time_zone_part *zone);
/* The same for fields that are whole numbers. */
void time_read_integers(lua_State *L, const char *what, int first, struct time_part *parts,
                        struct time_zone_part *zone);
/* Raises a TypeError that names both operands. */
int time_bad_operands(lua_State *L, const char *verb);

/* Pushes year, week and day of the week. [-0, +3] */
int time_push_isocalendar(lua_State *L, struct date d);

int time_l_date(lua_State *L);
int time_l_time(lua_State *L);
int time_l_datetime(lua_State *L);
int time_l_timedelta(lua_State *L);
int time_l_combine(lua_State *L);
int time_l_fromtimestamp(lua_State *L);
int time_l_strftime(lua_State *L); /* a method of three classes */

/* activate(zone or nil); active() gives its name or nil */
int time_l_activate(lua_State *L);
int time_l_active(lua_State *L);
int time_l_set_default(lua_State *L);
int time_l_set_clock(lua_State *L);

#endif
