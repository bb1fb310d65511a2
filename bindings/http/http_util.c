/* SPDX-License-Identifier: MIT */
/* perilune._http_util: URLs, dates, hosts and encodings in C, and in http_util_headers.c
 * what stands in headers.  Private; perilune.utils.http, .encoding and .cache are what
 * apps see. */
#include "bindings/http/http_util.h"

#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "base/clock.h"
#include "crypto/encode.h"
#include "http/base36.h"
#include "http/host.h"
#include "http/http_date.h"
#include "http/mime.h"
#include "http/percent.h"

static int64_t now_seconds(void)
{
    return clock_realtime() / CLOCK_SECOND;
}

/* ---- percent-encoding ---- */

/* f(text) -> text */
static int convert(lua_State *L, void (*f)(struct buf *, struct str))
{
    struct str s = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    f(out, s);
    return scratch_push(L, out);
}

static int util_l_iri_to_uri(lua_State *L)
{
    return convert(L, iri_to_uri);
}

static int util_l_uri_to_iri(lua_State *L)
{
    return convert(L, uri_to_iri);
}

static int util_l_escape_uri_path(lua_State *L)
{
    return convert(L, escape_uri_path);
}

static int util_l_repercent_broken_unicode(lua_State *L)
{
    return convert(L, repercent_broken_unicode);
}

static int util_l_filepath_to_uri(lua_State *L)
{
    return convert(L, filepath_to_uri);
}

static int util_l_escape_leading_slashes(lua_State *L)
{
    return convert(L, escape_leading_slashes);
}

/* quote(text, safe) -> text */
static int util_l_quote(lua_State *L)
{
    struct str s = scratch_arg(L, 1), safe = lua_isnoneornil(L, 2) ? STR("/") : scratch_arg(L, 2);
    struct buf *out = scratch(L);
    percent_quote(out, s, safe);
    return scratch_push(L, out);
}

/* quote_plus(text, safe) -> text */
static int util_l_quote_plus(lua_State *L)
{
    struct str s = scratch_arg(L, 1), safe = scratch_opt(L, 2);
    struct buf *out = scratch(L);
    percent_quote_plus(out, s, safe);
    return scratch_push(L, out);
}

/* unquote(text, plus) -> text with invalid UTF-8 replaced */
static int util_l_unquote(lua_State *L)
{
    struct arena *a = http_util_arena(L);
    struct str s = percent_decode_text(a, scratch_arg(L, 1), lua_toboolean(L, 2), NULL);
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

/* ---- base 36, base 64 ---- */

static int util_l_int_to_base36(lua_State *L)
{
    char out[BASE36_SIZE];
    lua_Integer n = luaL_checkinteger(L, 1);
    if (n < 0)
        return exception_raise(L, "ValueError", "Negative base36 conversion input.");
    struct str s = base36_encode((uint64_t)n, out);
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

static int util_l_base36_to_int(lua_State *L)
{
    struct err err;
    int64_t n;
    if (lua_type(L, 1) != LUA_TSTRING)
        return exception_raise(L, "TypeError", "base36_to_int takes a string, not a %s",
                               luaL_typename(L, 1));
    if (base36_decode(scratch_arg(L, 1), &n, &err))
        return exception_raise(L, "ValueError", "%s", err.msg);
    lua_pushinteger(L, n);
    return 1;
}

static int util_l_base64_encode(lua_State *L)
{
    struct str s = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    base64_encode(out, s, BASE64_URL_PLAIN);
    return scratch_push(L, out);
}

static int util_l_base64_decode(lua_State *L)
{
    struct err err;
    struct str s = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    if (base64_decode(out, s, BASE64_URL_PLAIN, &err))
        return exception_raise(L, "ValueError", "%s", err.msg);
    return scratch_push(L, out);
}

/* ---- dates ---- */

/* http_date(seconds | nil) -> text */
static int util_l_http_date(lua_State *L)
{
    char out[HTTP_DATE_SIZE];
    int64_t seconds = now_seconds();
    if (!lua_isnoneornil(L, 1)) {
        lua_Number n = luaL_checknumber(L, 1);
        if (!(n > -1e15 && n < 1e15))
            return exception_raise(L, "ValueError", "http_date: no such time");
        seconds = (int64_t)n - ((lua_Number)(int64_t)n > n); /* floor */
    }
    struct str s = http_date(seconds, out);
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

/* parse_http_date(text, now) -> seconds, or nil */
static int util_l_parse_http_date(lua_State *L)
{
    int64_t seconds;
    struct str s = scratch_arg(L, 1);
    if (!http_date_parse(s, luaL_optinteger(L, 2, now_seconds()), &seconds))
        return 0;
    lua_pushinteger(L, seconds);
    return 1;
}

/* ---- hosts ---- */

/* The strings of the list at idx, in the arena; they live as long as the list. */
static struct str *string_list(lua_State *L, int idx, size_t *n)
{
    *n = 0;
    if (lua_isnoneornil(L, idx))
        return NULL;
    luaL_checktype(L, idx, LUA_TTABLE);
    size_t count = lua_rawlen(L, idx);
    struct str *list = arena_alloc(http_util_arena(L), (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        if (lua_rawgeti(L, idx, (lua_Integer)i + 1) != LUA_TSTRING)
            luaL_argerror(L, idx, "a list of strings expected");
        list[i] = scratch_arg(L, -1);
        lua_pop(L, 1);
    }
    *n = count;
    return list;
}

/* url_has_allowed_host_and_scheme(url, hosts, require_https) -> boolean */
static int util_l_url_is_safe(lua_State *L)
{
    size_t n;
    struct str url = scratch_opt(L, 1);
    struct str *hosts = string_list(L, 2, &n);
    lua_pushboolean(L, url_has_allowed_host_and_scheme(url, hosts, n, lua_toboolean(L, 3)));
    return 1;
}

static int util_l_is_same_domain(lua_State *L)
{
    struct str host = scratch_arg(L, 1), pattern = scratch_opt(L, 2);
    lua_pushboolean(L, host_is_same_domain(host, pattern));
    return 1;
}

/* split_domain_port(host) -> domain, port; both "" for what is no host */
static int util_l_split_domain_port(lua_State *L)
{
    struct str domain, port;
    host_split(http_util_arena(L), scratch_arg(L, 1), &domain, &port);
    lua_pushlstring(L, domain.p, domain.n);
    lua_pushlstring(L, port.p, port.n);
    return 2;
}

/* validate_host(domain, patterns) -> boolean */
static int util_l_validate_host(lua_State *L)
{
    size_t n;
    struct str domain = scratch_arg(L, 1);
    struct str *patterns = string_list(L, 2, &n);
    lua_pushboolean(L, host_allowed(domain, patterns, n));
    return 1;
}

/* guess_type(name) -> type, encoding; nil for what is unknown */
static int util_l_guess_type(lua_State *L)
{
    struct mime m = mime_guess(scratch_arg(L, 1));
    lua_pushlstring(L, m.type.p, m.type.n);
    lua_pushlstring(L, m.encoding.p, m.encoding.n);
    if (!m.type.p) {
        lua_pushnil(L);
        lua_replace(L, -3);
    }
    if (!m.encoding.p) {
        lua_pushnil(L);
        lua_replace(L, -2);
    }
    return 2;
}

/* ---- the library ---- */

static const char arena_key = 0;

static int arena_gc(lua_State *L)
{
    arena_release(lua_touserdata(L, 1));
    return 0;
}

static void push_arena(lua_State *L)
{
    struct arena *a = lua_newuserdatauv(L, sizeof *a, 0);
    arena_init(a, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, arena_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
}

struct arena *http_util_arena(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &arena_key);
    struct arena *a = lua_touserdata(L, -1);
    lua_pop(L, 1);
    arena_reset(a);
    return a;
}

static const luaL_Reg functions[] = {
    {"base36_to_int", util_l_base36_to_int},
    {"base64_decode", util_l_base64_decode},
    {"base64_encode", util_l_base64_encode},
    {"escape_leading_slashes", util_l_escape_leading_slashes},
    {"escape_uri_path", util_l_escape_uri_path},
    {"filepath_to_uri", util_l_filepath_to_uri},
    {"guess_type", util_l_guess_type},
    {"http_date", util_l_http_date},
    {"int_to_base36", util_l_int_to_base36},
    {"iri_to_uri", util_l_iri_to_uri},
    {"is_same_domain", util_l_is_same_domain},
    {"parse_http_date", util_l_parse_http_date},
    {"quote", util_l_quote},
    {"quote_plus", util_l_quote_plus},
    {"repercent_broken_unicode", util_l_repercent_broken_unicode},
    {"split_domain_port", util_l_split_domain_port},
    {"unquote", util_l_unquote},
    {"uri_to_iri", util_l_uri_to_iri},
    {"url_is_safe", util_l_url_is_safe},
    {"validate_host", util_l_validate_host},
    /* http_util_headers.c */
    {"cache_control", util_l_cache_control},
    {"conditional", util_l_conditional},
    {"content_disposition", util_l_content_disposition},
    {"has_vary", util_l_has_vary},
    {"max_age", util_l_max_age},
    {"parse_accept_language", util_l_parse_accept_language},
    {"parse_cookie", util_l_parse_cookie},
    {"parse_etags", util_l_parse_etags},
    {"parse_header_parameters", util_l_parse_header_parameters},
    {"preferred_type", util_l_preferred_type},
    {"quote_etag", util_l_quote_etag},
    {"vary", util_l_vary},
    {NULL, NULL},
};

int luaopen_perilune__http_util(lua_State *L)
{
    push_arena(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &arena_key);
    scratch_newlib(L, functions);
    return 1;
}
