/* SPDX-License-Identifier: MIT */
/* http.QueryDict: a struct query of its own as a Lua value.  It owns its memory, so a
 * script may keep it as long as it likes. */
#ifndef BINDINGS_HTTP_QUERYDICT_H
#define BINDINGS_HTTP_QUERYDICT_H

#include "http/query.h"

#include <lua.h>

/* Once per Lua state, before anything is pushed. [-0, +0, may raise] */
void querydict_register(lua_State *L);

/* A QueryDict with a copy of the fields. [-0, +1, may raise] */
void querydict_push(lua_State *L, const struct query *fields, bool is_mutable);

/* A QueryDict of a query string.  Raises TooManyFieldsSent when it has more than
 * max_fields. [-0, +1, may raise] */
void querydict_push_parsed(lua_State *L, struct str text, size_t max_fields, bool is_mutable);

/* The fields of the QueryDict at idx, until it is changed or collected; NULL when it is
 * none. [-0, +0] */
const struct query *querydict_test(lua_State *L, int idx);

#endif
