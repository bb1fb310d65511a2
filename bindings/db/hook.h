/* SPDX-License-Identifier: MIT */
/* Lua functions that wait for a commit. */
#ifndef BINDINGS_DB_HOOK_H
#define BINDINGS_DB_HOOK_H

#include "db/db.h"

#include <lua.h>

/* Pushes the function of a hook that on_commit() made. [-0, +1] */
void hook_push(lua_State *L, const struct db_hook *h);

#endif
