/* SPDX-License-Identifier: MIT */
/* Methods of managers that are done in C while nobody has a say in them (by_key.c, begin.c).
 *
 * Such a method is a closure whose first upvalues are those below.  `kept` is a table of the
 * Lua side, by manager: what answers the method, false when there is no such thing, nil when
 * nobody has asked yet.  The method in Lua does everything else, and fills the table. */
#ifndef BINDINGS_ORM_MANAGER_H
#define BINDINGS_ORM_MANAGER_H

#include <lua.h>

enum { ORM_UP_KEPT = 1, ORM_UP_METHOD };

/* What is kept for the manager in argument 1, a userdata left on top; NULL and nothing left when
 * there is none. [-0, +1|0] */
void *orm_kept_of(lua_State *L);
/* Calls the method in Lua with all arguments. [-all, +1, may raise]  May wait. */
int orm_call_method(lua_State *L);

#endif
