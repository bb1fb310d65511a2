/* SPDX-License-Identifier: MIT */
/* perilune._http_util: what stands in headers. */
#include "bindings/http/http_util.h"

#include "bindings/lua/error.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "http/accept.h"
#include "http/cache_control.h"
#include "http/conditional.h"
#include "http/cookie.h"
#include "http/disposition.h"

static void push_str(lua_State *L, struct str s)
{
    lua_pushlstring(L, s.p, s.n);
}

/* parse_header_parameters(line, max_length) -> value, parameters; false for a length: no limit */
int util_l_parse_header_parameters(lua_State *L)
{
    struct header_params h;
    struct err err;
    struct str line = scratch_arg(L, 1);
    bool unlimited = lua_isboolean(L, 2) && !lua_toboolean(L, 2);
    lua_Integer max = unlimited ? 0 : luaL_optinteger(L, 2, HEADER_PARAMS_MAX);
    luaL_argcheck(L, unlimited || max > 0, 2, "must be positive");
    if (header_params_parse(&h, http_util_arena(L), line, unlimited ? SIZE_MAX : (size_t)max, &err))
        return exception_raise(L, "ValueError", "%s", err.msg);
    push_str(L, h.value);
    lua_createtable(L, 0, (int)h.n);
    for (size_t i = 0; i < h.n; i++) {
        push_str(L, h.items[i].name);
        push_str(L, h.items[i].value);
        lua_rawset(L, -3);
    }
    return 2;
}

/* content_disposition(as_attachment, filename) -> text or nil */
int util_l_content_disposition(lua_State *L)
{
    struct str name = scratch_opt(L, 2);
    struct buf *out = scratch(L);
    return content_disposition(out, lua_toboolean(L, 1), name) ? scratch_push(L, out) : 0;
}

/* parse_etags(text) -> list */
int util_l_parse_etags(lua_State *L)
{
    struct str rest = scratch_arg(L, 1), tag;
    lua_Integer n = 0;
    lua_newtable(L);
    if (etag_any(rest)) {
        lua_pushliteral(L, "*");
        lua_rawseti(L, -2, 1);
        return 1;
    }
    while (etag_next(&rest, &tag)) {
        push_str(L, tag);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

int util_l_quote_etag(lua_State *L)
{
    struct str s = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    etag_quote(out, s);
    return scratch_push(L, out);
}

/* parse_cookie(header) -> map, in which the last of equal names counts */
int util_l_parse_cookie(lua_State *L)
{
    struct query q;
    struct err err;
    struct str header = scratch_arg(L, 1);
    query_init(&q, http_util_arena(L));
    if (cookies_parse(&q, header, &err))
        return exception_raise(L, "BadRequest", "%s", err.msg);
    lua_createtable(L, 0, (int)q.keys);
    for (uint32_t i = 0; i < q.n; i++) {
        push_str(L, q.fields[i].key);
        push_str(L, q.fields[i].value);
        lua_rawset(L, -3);
    }
    return 1;
}

/* ---- what the client likes ---- */

/* parse_accept_language(header) -> list of { tag, quality }, best first */
int util_l_parse_accept_language(lua_State *L)
{
    struct accept_language languages[64];
    struct str header = scratch_opt(L, 1);
    size_t n = accept_language_parse(languages, 64, http_util_arena(L), header);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_createtable(L, 2, 0);
        push_str(L, languages[i].tag);
        lua_rawseti(L, -2, 1);
        lua_pushnumber(L, languages[i].quality);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* preferred_type(Accept or nil, list of types) -> number of the best one, or nil */
int util_l_preferred_type(lua_State *L)
{
    struct accept acc;
    struct str header = scratch_opt(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
    for (lua_Integer i = 1; i <= n; i++) { /* checked before the arena is in use */
        lua_rawgeti(L, 2, i);
        luaL_checkstring(L, -1);
        lua_pop(L, 1);
    }
    struct arena *a = http_util_arena(L);
    struct str *types = arena_alloc(a, (size_t)(n + 1) * sizeof *types);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 2, i);
        types[i - 1] = arena_str(a, scratch_arg(L, -1));
        lua_pop(L, 1);
    }
    accept_parse(&acc, a, header);
    int best = accept_preferred(&acc, a, types, (size_t)n);
    if (best < 0)
        return 0;
    lua_pushinteger(L, best + 1);
    return 1;
}

/* ---- caches ---- */

/* A list of headers with the one that is given, unless it is nil. */
static void one_header(struct headers *h, struct arena *a, struct str name, struct str value)
{
    headers_init(h, a);
    if (value.p && header_value_valid(value))
        headers_put(h, name, value);
}

static int push_header(lua_State *L, const struct headers *h, struct str name, int rc,
                       const struct err *err)
{
    if (rc)
        return exception_raise(L, "BadHeaderError", "%s", err->msg);
    push_str(L, headers_get(h, name));
    return 1;
}

/* cache_control(value or nil, { { name, value or true }, … }) -> value */
int util_l_cache_control(lua_State *L)
{
    struct headers h;
    struct err err;
    struct str value = scratch_opt(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t n = lua_rawlen(L, 2);
    struct arena *a = http_util_arena(L);
    struct cache_directive *d = arena_alloc(a, (n + 1) * sizeof *d);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        d[i].name = arena_str(a, scratch_arg(L, -2));
        d[i].value = lua_isboolean(L, -1) ? STR_NULL : arena_str(a, scratch_arg(L, -1));
        lua_pop(L, 3);
    }
    one_header(&h, a, STR("Cache-Control"), value);
    int rc = cache_control_patch(&h, d, n, &err);
    return push_header(L, &h, STR("Cache-Control"), rc, &err);
}

/* max_age(Cache-Control or nil) -> seconds or nil */
int util_l_max_age(lua_State *L)
{
    struct headers h;
    int64_t seconds;
    struct str value = scratch_opt(L, 1);
    one_header(&h, http_util_arena(L), STR("Cache-Control"), value);
    if (!cache_control_max_age(&h, &seconds))
        return 0;
    lua_pushinteger(L, seconds);
    return 1;
}

/* vary(value or nil, list of names) -> value */
int util_l_vary(lua_State *L)
{
    struct headers h;
    struct err err;
    struct str value = scratch_opt(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t n = lua_rawlen(L, 2);
    struct arena *a = http_util_arena(L);
    struct str *names = arena_alloc(a, (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        names[i] = arena_str(a, scratch_arg(L, -1));
        lua_pop(L, 1);
    }
    one_header(&h, a, STR("Vary"), value);
    int rc = vary_patch(&h, names, n, &err);
    return push_header(L, &h, STR("Vary"), rc, &err);
}

/* has_vary(value or nil, name) -> boolean */
int util_l_has_vary(lua_State *L)
{
    struct headers h;
    struct str value = scratch_opt(L, 1), name = scratch_arg(L, 2);
    one_header(&h, http_util_arena(L), STR("Vary"), value);
    lua_pushboolean(L, vary_has(&h, name));
    return 1;
}

/* ---- conditional requests ---- */

/* conditional(safe, headers, etag, last_modified, now) -> nil, 304 or 412; headers is a map
 * with those of If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since there are */
int util_l_conditional(lua_State *L)
{
    static const char *const names[] = {"If-Match", "If-None-Match", "If-Modified-Since",
                                        "If-Unmodified-Since"};
    struct headers h;
    bool safe = lua_toboolean(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct str etag = scratch_opt(L, 3);
    int64_t changed = luaL_optinteger(L, 4, LAST_MODIFIED_NONE), now = luaL_checkinteger(L, 5);
    headers_init(&h, http_util_arena(L));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (lua_getfield(L, 2, names[i]) == LUA_TSTRING)
            headers_add(&h, str_from(names[i]), scratch_arg(L, -1), NULL);
        lua_pop(L, 1);
    }
    switch (conditional_check(&h, safe, etag, changed, now)) {
    case CONDITIONAL_NOT_MODIFIED:
        lua_pushinteger(L, 304);
        return 1;
    case CONDITIONAL_FAILED:
        lua_pushinteger(L, 412);
        return 1;
    case CONDITIONAL_PASS:
        break;
    }
    return 0;
}
