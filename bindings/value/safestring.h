/* SPDX-License-Identifier: MIT */
/* perilune.utils.safestring: text that is HTML already.  A value of its own type, so
 * that nothing but mark_safe makes one, and any string function gives plain text. */
#ifndef BINDINGS_VALUE_SAFESTRING_H
#define BINDINGS_VALUE_SAFESTRING_H

#include "base/str.h"

#include <lua.h>

/* The text of the safe string at idx; p NULL when the value is none. Good while the
 * value is on the stack. [-0, +0, may raise] */
struct str safestring_test(lua_State *L, int idx);

/* Turns the string on top of the stack into a safe one. [-1, +1, may raise] */
void safestring_mark(lua_State *L);

/* Pushes their metatable; the text is user value 1. [-0, +1] */
void safestring_push_metatable(lua_State *L);

int luaopen_perilune_utils_safestring(lua_State *L);

#endif
