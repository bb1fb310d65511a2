/* SPDX-License-Identifier: MIT */
/* Responses as Lua sees them. */
#ifndef BINDINGS_HTTP_RESPONSE_H
#define BINDINGS_HTTP_RESPONSE_H

#include "http/request.h"
#include "http/response.h"

#include <lua.h>

/* Pushes an object for the response and takes a reference of its own; the object that
 * came from Lua when r (may be NULL) still has it in hand. [-0, +1, may raise] */
void response_push(lua_State *L, struct request *r, struct response *response);
struct response *response_check(lua_State *L, int arg);

/* The response that the value at idx stands for (a response, a string: HTML, a table:
 * JSON) with a reference for the caller; NULL when it is nil or false. Raises on anything
 * else, naming `who`. [-0, +0, may raise] */
struct response *response_from_value(lua_State *L, int idx, struct request *r, const char *who);

int luaopen_perilune__response(lua_State *L);

#endif
