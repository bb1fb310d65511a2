/* SPDX-License-Identifier: MIT */
/* os.exit and collectgarbage as far as a worker allows them. */
#ifndef BINDINGS_LUA_CONTAIN_H
#define BINDINGS_LUA_CONTAIN_H

#include <lua.h>

/* After the standard libraries, before globals are closed. May raise. */
void contain_open(lua_State *L);

#endif
