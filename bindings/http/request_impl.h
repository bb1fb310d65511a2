/* SPDX-License-Identifier: MIT */
/* Shared by request*.c and upload.c. */
#ifndef BINDINGS_HTTP_REQUEST_IMPL_H
#define BINDINGS_HTTP_REQUEST_IMPL_H

#include "base/buf.h"
#include "bindings/http/request.h"

#include <lauxlib.h>

/* User values behind those of request.h: what was asked for once and is kept. */
enum {
    REQUEST_HEADERS = REQUEST_VALUES + 1,
    REQUEST_META,
    REQUEST_GET,
    REQUEST_POST,
    REQUEST_FILES,
    REQUEST_COOKIES,
    REQUEST_JSON,
    REQUEST_MATCH,
    REQUEST_ACCEPT,
    REQUEST_ALL_VALUES = REQUEST_ACCEPT,
};

/* The value kept in the slot of the object at index 1, pushed by build() at the first
 * look; a nil is not kept. [-0, +1, may raise] */
int request_cached(lua_State *L, int slot, void (*build)(lua_State *L, struct request *r),
                   struct request *r);

static inline int request_push_str(lua_State *L, struct str s)
{
    if (s.p)
        lua_pushlstring(L, s.p, s.n);
    else
        lua_pushnil(L);
    return 1;
}

/* An object that stands for no request yet. [-0, +1, may raise] */
struct handle *request_handle(lua_State *L);

/* Pushes the content of b and releases it: it goes through the request's memory, so that
 * nothing is held when Lua raises. [-0, +1, may raise] */
int request_push_buf(lua_State *L, struct request *r, struct buf *b);

/* request_parts.c: header fields, META */
int request_get_headers(lua_State *L, void *self);
int request_get_meta(lua_State *L, void *self);
void request_headers_register(lua_State *L);

/* request_uri.c: where the request is for */
int request_get_path(lua_State *L, void *self);
int request_get_full_path(lua_State *L, void *self);
int request_l_get_full_path(lua_State *L);
int request_l_get_full_path_info(lua_State *L);
int request_l_get_host(lua_State *L);
int request_l_get_port(lua_State *L);
int request_l_is_secure(lua_State *L);
int request_l_build_absolute_uri(lua_State *L);
/* settings.force_script_name without a slash at its end, or "". */
struct str request_script_name(lua_State *L);

/* request_data.c: what came with it */
int request_get_body(lua_State *L, void *self);
int request_get_query(lua_State *L, void *self);
int request_get_post(lua_State *L, void *self);
int request_get_cookies(lua_State *L, void *self);
int request_l_json(lua_State *L);
/* Parses a form body that nobody has parsed yet; gives r->form, NULL when there is none.
 * May raise. */
struct form *request_form(lua_State *L, struct request *r);

/* request_types.c: content types, own and wanted */
int request_get_content_type(lua_State *L, void *self);
int request_get_content_params(lua_State *L, void *self);
int request_get_encoding(lua_State *L, void *self);
int request_l_accepts(lua_State *L);
int request_l_get_preferred_type(lua_State *L);
/* The charset of the body, or "utf-8"; lower case, in the request's memory. */
struct str request_encoding(struct request *r);

/* request_make.c: requests that no client sent */
int request_l_make(lua_State *L);
int request_l_finish(lua_State *L);
/* The object of a request made by make(). [-0, +1] */
void request_push_made(lua_State *L, struct request *r);

/* upload.c */
int request_get_files(lua_State *L, void *self);
void request_files_register(lua_State *L);

#endif
