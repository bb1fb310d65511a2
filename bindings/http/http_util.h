/* SPDX-License-Identifier: MIT */
/* Private to http_util*.c: the arena that all functions of the library share, and
 * those of the second file. */
#ifndef BINDINGS_HTTP_HTTP_UTIL_H
#define BINDINGS_HTTP_HTTP_UTIL_H

#include "base/arena.h"

#include <lua.h>

/* Empty, and the running function's until it returns: nothing in it waits. [-0, +0] */
struct arena *http_util_arena(lua_State *L);

int util_l_cache_control(lua_State *L);
int util_l_conditional(lua_State *L);
int util_l_content_disposition(lua_State *L);
int util_l_has_vary(lua_State *L);
int util_l_max_age(lua_State *L);
int util_l_parse_accept_language(lua_State *L);
int util_l_parse_cookie(lua_State *L);
int util_l_parse_etags(lua_State *L);
int util_l_parse_header_parameters(lua_State *L);
int util_l_preferred_type(lua_State *L);
int util_l_quote_etag(lua_State *L);
int util_l_vary(lua_State *L);

#endif
