/* SPDX-License-Identifier: MIT */
/* URL trees of Lua routes.  Views are struct view (lua_view_new); values of custom
 * converters and extra values are Lua values held by the registry: the former until
 * the arena of the match goes, the latter as long as the tree.
 *
 * The `ctx` of url_resolve() and its kin is the request, or NULL: then converters only
 * say whether they accept the text. */
#ifndef BINDINGS_HTTP_URLS_H
#define BINDINGS_HTTP_URLS_H

#include "http/urls.h"

#include <lua.h>

/* A table of the match's parameters: captured values by name, unnamed ones by number.
 * Empty when m is NULL. [-0, +1, may raise] */
void urls_push_params(lua_State *L, const struct url_match *m);

/* What urls.resolve() gives (request.resolver_match); nil when m is NULL. [-0, +1, may raise] */
void urls_push_match(lua_State *L, const struct url_match *m);

#endif
