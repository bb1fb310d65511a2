/* SPDX-License-Identifier: MIT */
/* A Lua table of names and lists of strings, as the engine's settings have it. */
#ifndef BINDINGS_LUA_STRS_MAP_H
#define BINDINGS_LUA_STRS_MAP_H

#include "settings/settings.h"

#include <lua.h>

/* Reads the table at idx, in the order of its keys: a value is a list of strings, a string
 * (a list of one), `true` (the name alone), `false` or null (as if it were not there).  The map
 * lives in what is pushed; the texts are those of the table.  -1 with ERR_CONFIG that
 * begins with `what`.  [-0, +2 or more, may raise] */
int strs_map_read(lua_State *L, int idx, const char *what, struct strs_map *out, struct err *err);

#endif
