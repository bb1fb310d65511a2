/* SPDX-License-Identifier: MIT */
/* Shared by response.c and response_parts.c. */
#ifndef BINDINGS_RESPONSE_IMPL_H
#define BINDINGS_RESPONSE_IMPL_H

#include "response.h"

#include <lauxlib.h>

/* User values: attached fields, the object of the header fields. */
enum { RESPONSE_FIELDS = 1, RESPONSE_HEADERS, RESPONSE_VALUES = RESPONSE_HEADERS };

extern const struct class response_class;
extern const luaL_Reg response_methods[];

/* May raise BadHeaderError. */
void response_set_header(lua_State *L, struct response *r, struct str name, struct str value);
/* A status from 100 to 599; raises ValueError. */
int response_check_status(lua_State *L, int arg);
int response_get_headers(lua_State *L, void *self);
void response_headers_register(lua_State *L);
/* A JSON response from the table at idx, with a reference. May raise. */
struct response *response_from_table(lua_State *L, int idx);
/* stream(iterator, options) -> response */
int response_l_stream(lua_State *L);

#endif
