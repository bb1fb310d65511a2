/* SPDX-License-Identifier: MIT */
/* Running the modules of a project: circles are found before they overflow the stack. */
#ifndef BINDINGS_LUA_REQUIRE_H
#define BINDINGS_LUA_REQUIRE_H

#include <lua.h>

/* The function on top, a module's, as the loader that require() calls: it raises
 * ImportError when the module is being loaded already, further down the same stack.
 * [-1, +1, may raise] */
void require_guard(lua_State *L);

#endif
