/* SPDX-License-Identifier: MIT */
/* perilune._html: HTML utilities in C.  Private; perilune.utils.html is what apps see. */
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"
#include "bindings/value/safestring.h"

#include "base/banned.h"
#include "value/html.h"
#include "value/url.h"

/* Argument 1, a string or a safe string. */
static struct str check_text(lua_State *L)
{
    struct str safe = safestring_test(L, 1);
    return safe.p ? safe : scratch_arg(L, 1);
}

static int convert(lua_State *L, void (*f)(struct buf *, struct str))
{
    struct str s = check_text(L);
    struct buf *out = scratch(L);
    f(out, s);
    return scratch_push(L, out);
}

/* escape(text) -> safe string */
static int html_l_escape(lua_State *L)
{
    struct str s = check_text(L);
    if (!html_needs_escape(s)) {
        lua_pushlstring(L, s.p, s.n);
    } else {
        struct buf *out = scratch(L);
        html_escape(out, s);
        scratch_push(L, out);
    }
    safestring_mark(L);
    return 1;
}

/* escapejs(text) -> safe string */
static int html_l_escapejs(lua_State *L)
{
    convert(L, html_escapejs);
    safestring_mark(L);
    return 1;
}

/* escape_json(text) -> text */
static int html_l_escape_json(lua_State *L)
{
    return convert(L, html_escape_json);
}

static int html_l_unescape(lua_State *L)
{
    return convert(L, html_unescape);
}

static int html_l_strip_spaces(lua_State *L)
{
    return convert(L, html_strip_spaces);
}

static int html_l_smart_urlquote(lua_State *L)
{
    return convert(L, url_smart_quote);
}

/* strip_tags(text) -> text; raises SuspiciousOperation */
static int html_l_strip_tags(lua_State *L)
{
    struct err e;
    struct str s = check_text(L);
    struct buf *out = scratch(L);
    if (html_strip_tags(out, s, &e) < 0)
        return exception_raise(L, "SuspiciousOperation", "%s", e.msg);
    return scratch_push(L, out);
}

/* urlize(text, trim_url_limit or nil, nofollow, autoescape, http) -> text */
static int html_l_urlize(lua_State *L)
{
    struct str s = check_text(L);
    lua_Integer limit = luaL_optinteger(L, 2, -1);
    bool limited = !lua_isnoneornil(L, 2);
    struct html_urlize o = {
        .trim_url_limit = limited && limit < 0 ? 0 : limit,
        .nofollow = lua_toboolean(L, 3),
        .autoescape = lua_toboolean(L, 4),
        .safe = safestring_test(L, 1).p != NULL,
        .http = lua_toboolean(L, 5),
    };
    struct buf *out = scratch(L);
    html_urlize(out, s, &o);
    return scratch_push(L, out);
}

static const luaL_Reg functions[] = {
    {"escape", html_l_escape},
    {"escapejs", html_l_escapejs},
    {"escape_json", html_l_escape_json},
    {"unescape", html_l_unescape},
    {"strip_spaces", html_l_strip_spaces},
    {"smart_urlquote", html_l_smart_urlquote},
    {"strip_tags", html_l_strip_tags},
    {"urlize", html_l_urlize},
    {NULL, NULL},
};

int luaopen_perilune__html(lua_State *L)
{
    scratch_newlib(L, functions);
    return 1;
}
