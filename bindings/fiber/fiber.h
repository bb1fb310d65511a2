/* SPDX-License-Identifier: MIT */
/* What the two files of perilune._fiber share. */
#ifndef BINDINGS_FIBER_FIBER_H
#define BINDINGS_FIBER_FIBER_H

#include <lua.h>
#include <stdint.h>

struct loop;

/* The loop, for a function that waits; raises outside of a fiber. [-0, +0, may raise] */
struct loop *fiber_check(lua_State *L);
/* The deadline of optional argument `arg`, seconds; none: CLOCK_NEVER. [-0, +0, may raise] */
int64_t fiber_check_timeout(lua_State *L, int arg);

/* Adds condition and queue to the module table at the top. [-0, +0, may raise] */
void fiber_open_shared(lua_State *L);

#endif
