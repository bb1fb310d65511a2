/* SPDX-License-Identifier: MIT */
/* Values that stand for a text, as arguments. */
#ifndef BINDINGS_VALUE_TEXT_VALUE_H
#define BINDINGS_VALUE_TEXT_VALUE_H

#include "base/str.h"

#include <lua.h>

/* The text of a string, a number, or an object with __tostring, which replaces the value
 * at idx and keeps the text alive.  Raises TypeError on anything else ("table: 0x55d0" is
 * never what was meant): "<what> is a string, not a table".  [-0, +0, may raise] May wait:
 * __tostring is the author's. */
struct str text_value(lua_State *L, int idx, const char *what);

#endif
