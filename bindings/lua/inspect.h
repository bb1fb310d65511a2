/* SPDX-License-Identifier: MIT */
/* Where an error came from, for error pages and logs. */
#ifndef BINDINGS_LUA_INSPECT_H
#define BINDINGS_LUA_INSPECT_H

#include <lua.h>

/* Pushes "shop/views.lua:12: ", the innermost running function of the project from
 * `level` on, no further out than where the engine entered Lua; or nil.
 * [-0, +1, may raise for lack of memory] */
void inspect_where(lua_State *L, int level);

/* Pushes "shop/views.lua:12", where the function at idx is defined; "" when it is not
 * Lua. [-0, +1, may raise] */
const char *inspect_defined(lua_State *L, int idx);

/* As luaL_traceback() of the running thread, but of a stack that recursion made thousands
 * of levels deep only the innermost: to find the others takes Lua longer than all else.
 * [-0, +1, may raise for lack of memory] */
void inspect_traceback(lua_State *L, const char *message, int level);

/* Lets the collector set with on_error() look at the stack of the error object at index 1
 * of a message handler. [-0, +0] Never raises. */
void inspect_collect(lua_State *L);

#endif
