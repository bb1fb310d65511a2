/* SPDX-License-Identifier: MIT */
/* Lua values to bytes and back (value/pack.h).
 *
 * nil, perilune.null, booleans, numbers, strings, safe strings, decimals, dates, times,
 * datetimes, timedeltas, and tables of those. What is a table with a class can take part: a
 * metamethod __pack(self, memo) gives a name and a value in its place, and what perilune._pack
 * registered under that name makes it into the object again. It may give three more things:
 * a table, a list of keys, and a table of other members; then the value is packed as a list
 * { value, table[key 1], …, table[key n], others }.
 *
 * Objects with a __pack keep their identity: one that stands in several places comes out as
 * one, and they may refer to each other in circles. Plain tables must not. `memo` is a table
 * for all objects of one packing, keys that are such objects are taken. */
#ifndef BINDINGS_VALUE_PACK_H
#define BINDINGS_VALUE_PACK_H

#include "base/buf.h"
#include "base/err.h"

#include <lua.h>
#include <stdbool.h>

/* Once per state, before the others. [-0, +0, may raise] */
void pack_open(lua_State *L);

/* Adds the value at idx to `out`, and gives NULL. When a __pack had a part in it, others may
 * have used `out` meanwhile: then everything, what was in `out` before included, is in a
 * buffer that is on top of the stack, and that is given. Raises TypeError with the place for
 * what is not data, so `out` must belong to something that survives that. May wait in __pack.
 * [-0, +0|1, may raise] */
struct buf *pack_value(lua_State *L, int idx, struct buf *out);

/* Pushes the value: 0, or -1 with *err and nothing pushed when the bytes are damaged, or are
 * objects that do not exist any more. They must stay where they are: on the Lua stack when
 * __pack had a part in them, for then this may wait. [-0, +1|0, may raise] */
int unpack_value(lua_State *L, struct str data, struct err *err);

/* For many of them: unpack_begin() pushes what unpack_next() needs for each, two slots, and
 * gives their place. */
int unpack_begin(lua_State *L);
int unpack_next(lua_State *L, int place, struct str data, struct err *err);

#endif
