/* SPDX-License-Identifier: MIT */
/* A growing buffer that belongs to a library of C functions, so that none of them
 * holds memory of its own while Lua may raise.  It is the first upvalue of each:
 *
 *     static int x_l_f(lua_State *L) { struct buf *out = scratch(L); …; return scratch_push(L,
 * out); } scratch_newlib(L, functions);
 */
#ifndef BINDINGS_LUA_SCRATCH_H
#define BINDINGS_LUA_SCRATCH_H

#include "base/buf.h"

#include <lauxlib.h>

/* A table of the functions, with one scratch buffer among them. [-0, +1, may raise] */
void scratch_newlib(lua_State *L, const luaL_Reg *functions);

/* The buffer, empty; of the running function only, until it returns. [-0, +0] */
struct buf *scratch(lua_State *L);

/* Pushes the content as a string and gives 1. [-0, +1, may raise] */
int scratch_push(lua_State *L, struct buf *b);

/* Argument `arg`, a string (or number), as bytes. [-0, +0, may raise] */
struct str scratch_arg(lua_State *L, int arg);
/* STR_NULL for nil and none. */
struct str scratch_opt(lua_State *L, int arg);

#endif
