/* SPDX-License-Identifier: MIT */
/* The type of a request's body, and the types that its client would like to have. */
#include "bindings/http/request_impl.h"
#include "bindings/lua/error.h"

#include "base/banned.h"
#include "http/accept.h"

/* ---- Content-Type ---- */

static struct header_params parse_type(const struct request *r)
{
    struct str line = headers_get(&r->headers, STR("content-type"));
    struct header_params h = {.value = STR("")};
    struct err err;
    if (line.p && header_params_parse(&h, r->arena, line, SIZE_MAX, &err) != 0)
        h = (struct header_params){.value = STR("")};
    return h;
}

int request_get_content_type(lua_State *L, void *self)
{
    return request_push_str(L, parse_type(self).value);
}

int request_get_content_params(lua_State *L, void *self)
{
    struct header_params h = parse_type(self);
    lua_createtable(L, 0, (int)h.n);
    for (size_t i = 0; i < h.n; i++) {
        request_push_str(L, h.items[i].name);
        request_push_str(L, h.items[i].value);
        lua_rawset(L, -3);
    }
    return 1;
}

struct str request_encoding(struct request *r)
{
    struct header_params h = parse_type(r);
    struct str charset = header_params_get(&h, STR("charset"));
    if (!charset.n)
        return STR("utf-8");
    char *lower = arena_strndup(r->arena, charset.p, charset.n);
    for (size_t i = 0; i < charset.n; i++)
        lower[i] = char_lower(lower[i]);
    return str_eq(charset, STR("utf8")) ? STR("utf-8") : str_make(lower, charset.n);
}

int request_get_encoding(lua_State *L, void *self)
{
    return request_push_str(L, request_encoding(self));
}

/* ---- Accept ---- */

/* Parsed once, in the request's memory; index 1 is its object. */
static void build_accept(lua_State *L, struct request *r)
{
    struct accept *acc = arena_alloc(r->arena, sizeof *acc);
    accept_parse(acc, r->arena, headers_get(&r->headers, STR("accept")));
    lua_pushlightuserdata(L, acc);
}

static const struct accept *accepted(lua_State *L, struct request *r)
{
    const struct accept *acc;
    request_cached(L, REQUEST_ACCEPT, build_accept, r);
    acc = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return acc;
}

/* accepts(media type) -> boolean */
int request_l_accepts(lua_State *L)
{
    struct request *r = request_check(L, 1);
    struct str type;
    type.p = luaL_checklstring(L, 2, &type.n);
    lua_pushboolean(L, accept_find(accepted(L, r), r->arena, type) != NULL);
    return 1;
}

/* get_preferred_type{ media types } -> the one liked best, or nil */
int request_l_get_preferred_type(lua_State *L)
{
    struct request *r = request_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t n = lua_rawlen(L, 2);
    if (n > 1000)
        return exception_raise(L, "ValueError", "get_preferred_type() takes 1000 types at most");
    struct str *types = lua_newuserdatauv(L, (n + 1) * sizeof *types, 0);
    for (size_t i = 0; i < n; i++) {
        if (lua_rawgeti(L, 2, (lua_Integer)i + 1) != LUA_TSTRING)
            return exception_raise(L, "TypeError", "media type %d is a %s, not a string",
                                   (int)i + 1, luaL_typename(L, -1));
        types[i].p = lua_tolstring(L, -1, &types[i].n); /* the table keeps it alive */
        lua_pop(L, 1);
    }
    int best = n ? accept_preferred(accepted(L, r), r->arena, types, n) : -1;
    if (best < 0)
        lua_pushnil(L);
    else
        lua_rawgeti(L, 2, best + 1);
    return 1;
}
