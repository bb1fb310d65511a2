/* SPDX-License-Identifier: MIT */
/* C modules as Lua sees them: require("geo") gives their functions. */
#ifndef BINDINGS_LUA_MODULE_H
#define BINDINGS_LUA_MODULE_H

#include "app/script.h"
#include "base/str.h"

#include <lua.h>

/* Makes the modules of the host's app known to require. May raise. */
void module_preload(lua_State *L);

/* Of struct script_ops. Never raise. */
struct str module_request_attribute(struct script *s, struct request *r, const char *name);
int module_request_set_attribute(struct script *s, struct request *r, const char *name,
                                 struct str value);

#endif
