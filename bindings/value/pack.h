/* SPDX-License-Identifier: MIT */
/* Lua values to bytes and back (value/pack.h).
 *
 * nil, perilune.null, booleans, numbers, strings, safe strings, decimals, dates, times,
 * datetimes, timedeltas, and tables of those. What is a table with a class can take part: a
 * metamethod __pack(self) gives a name and a value in its place, and what perilune._pack
 * registered under that name makes it into the object again. */
#ifndef BINDINGS_VALUE_PACK_H
#define BINDINGS_VALUE_PACK_H

#include "base/buf.h"
#include "base/err.h"

#include <lua.h>
#include <stdbool.h>

/* Adds the value at idx; *extended is set when a __pack had a part in it. Raises TypeError
 * with the place for what is not data, so `out` must belong to something that survives
 * that. May wait in __pack, and only there is `out` used by others. [-0, +0, may raise] */
void pack_value(lua_State *L, int idx, struct buf *out, bool *extended);

/* Pushes the value: 0, or -1 with *err and nothing pushed when the bytes are damaged. They
 * must stay where they are: on the Lua stack when __pack had a part in them, for then this
 * may wait. [-0, +1|0, may raise] */
int unpack_value(lua_State *L, struct str data, struct err *err);

#endif
