/* SPDX-License-Identifier: MIT */
/* Option tables of functions in C: one pass, unknown names are errors. */
#ifndef BINDINGS_LUA_OPTION_H
#define BINDINGS_LUA_OPTION_H

#include "base/str.h"

#include <lua.h>

/* Goes through the table at idx; first with nil on top, then with the key there:
 *
 *     static const char *const names[] = {"status", "headers", NULL};
 *     lua_pushnil(L);
 *     while ((i = option_next(L, idx, names, "Response")) >= 0) {
 *         …the value of names[i] is on top…
 *         lua_pop(L, 1);
 *     }
 *
 * -1 at the end.  Raises TypeError on a name that is not among them, with the nearest.
 * [-1, +2|0, may raise] */
int option_next(lua_State *L, int idx, const char *const *names, const char *what);

/* The value on top when it is a string; raises TypeError. It lives as
 * long as it is in the table. [-0, +0, may raise] */
struct str option_str(lua_State *L, const char *name);
/* Raises TypeError unless the argument is a table or nil; gives whether it is a table. */
bool option_table(lua_State *L, int arg, const char *what);

#endif
