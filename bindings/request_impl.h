/* SPDX-License-Identifier: MIT */
/* Shared by request.c and request_parts.c. */
#ifndef BINDINGS_REQUEST_IMPL_H
#define BINDINGS_REQUEST_IMPL_H

#include "request.h"

/* The value kept under `key` in the object at index 1, built (and pushed) by build() at the
 * first look. [-0, +1] */
int request_cached(lua_State *L, const char *key, int (*build)(lua_State *L, struct request *r),
                   struct request *r);

int request_get_headers(lua_State *L, void *self);
int request_get_meta(lua_State *L, void *self);
int request_get_content_type(lua_State *L, void *self);
int request_get_body(lua_State *L, void *self);
int request_set_id(lua_State *L, void *self);
int request_l_get_host(lua_State *L);
int request_l_is_secure(lua_State *L);
int request_l_json(lua_State *L);
void request_headers_register(lua_State *L);

#endif
