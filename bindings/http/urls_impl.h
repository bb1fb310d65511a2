/* SPDX-License-Identifier: MIT */
/* Shared by urls.c, urls_match.c and urls_convert.c. */
#ifndef BINDINGS_HTTP_URLS_IMPL_H
#define BINDINGS_HTTP_URLS_IMPL_H

#include "bindings/http/urls.h"
#include "bindings/lua/class.h"

#include "base/vec.h"
#include "http/request.h"

struct host;

struct lua_urls { /* behind the handle of a perilune.urls.Tree */
    struct url_tree *tree;
    struct host *host;
    VEC(struct url_list *) lists; /* by number - 1; the first is the root */
    VEC(int) refs;                /* of the registry, let go with the tree */
};

extern const struct class urls_class;

/* Holds the value on top for as long as the tree lives. [-1, +0, may raise] */
int urls_hold(lua_State *L, struct lua_urls *u);

/* Where Lua itself resolves or reverses there is no request; this stands in for one, with
 * the arena for converted values and a place for the error object. */
struct urls_call {
    struct request request; /* first; `app` marks it */
    struct arena arena;
    lua_State *L;
    int error; /* registry reference, or LUA_NOREF */
};

/* While it is in use, the parameters of url_reverse() have the place of their value on the
 * stack of L in `integer`. */
void urls_call_init(lua_State *L, struct urls_call *c);
/* Frees what the call holds and raises the error of a converter (or else that of err) when
 * `failed`. [-0, +0] */
void urls_call_end(lua_State *L, struct urls_call *c, bool failed, const struct err *err);

/* tree:converter(name, regex, to_value, to_url) */
int urls_l_converter(lua_State *L);

int urls_l_resolve(lua_State *L);
int urls_l_tried(lua_State *L);
int urls_l_routes(lua_State *L);

#endif
