/* SPDX-License-Identifier: MIT */
/* perilune._text: text utilities in C.  Private; perilune.utils.text is what apps see. */
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "value/html.h"
#include "value/text.h"
#include "value/unicode.h"

/* f(text) -> text for everything that cannot fail. */
static int convert(lua_State *L, void (*f)(struct buf *, struct str))
{
    struct str s = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    f(out, s);
    return scratch_push(L, out);
}

static int text_l_capfirst(lua_State *L)
{
    return convert(L, text_capfirst);
}

static int text_l_phone2numeric(lua_State *L)
{
    return convert(L, text_phone2numeric);
}

static int text_l_camel_case_to_spaces(lua_State *L)
{
    return convert(L, text_camel_case_to_spaces);
}

static int text_l_lower(lua_State *L)
{
    return convert(L, unicode_lower);
}

static int text_l_upper(lua_State *L)
{
    return convert(L, unicode_upper);
}

/* slugify(text, allow_unicode) -> text */
static int text_l_slugify(lua_State *L)
{
    struct str s = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    text_slugify(out, s, lua_toboolean(L, 2));
    return scratch_push(L, out);
}

/* get_valid_filename(name) -> text; raises SuspiciousFileOperation */
static int text_l_valid_filename(lua_State *L)
{
    struct err e;
    struct str s = scratch_arg(L, 1);
    struct buf *out = scratch(L);
    if (text_valid_filename(out, s, &e) < 0)
        return exception_raise(L, "SuspiciousFileOperation", "%s", e.msg);
    return scratch_push(L, out);
}

/* wrap(text, width) -> text */
static int text_l_wrap(lua_State *L)
{
    struct str s = scratch_arg(L, 1);
    lua_Integer width = luaL_checkinteger(L, 2);
    if (width <= 0)
        return exception_raise(L, "ValueError", "invalid width %lld (must be > 0)",
                               (long long)width);
    struct buf *out = scratch(L);
    text_wrap(out, s, (size_t)width);
    return scratch_push(L, out);
}

/* truncate(text, n, words, html, mark) -> text; mark nil: an ellipsis */
static int text_l_truncate(lua_State *L)
{
    struct err e;
    struct str s = scratch_arg(L, 1), mark = scratch_opt(L, 5);
    lua_Integer n = luaL_checkinteger(L, 2);
    bool words = lua_toboolean(L, 3), html = lua_toboolean(L, 4);
    struct buf *out = scratch(L);
    size_t length = n > 0 ? (size_t)n : 0;
    int result = 0;
    if (html && words)
        result = html_truncate_words(out, s, length, mark, &e);
    else if (html)
        result = html_truncate_chars(out, s, length, mark, &e);
    else if (words)
        text_truncate_words(out, s, length, mark);
    else
        text_truncate_chars(out, s, length, mark);
    if (result < 0)
        return exception_raise(L, "SuspiciousOperation", "%s", e.msg);
    return scratch_push(L, out);
}

/* normalize(text, "NFC" | "NFD" | "NFKC" | "NFKD") -> text */
static int text_l_normalize(lua_State *L)
{
    static const char *const forms[] = {"NFC", "NFD", "NFKC", "NFKD", NULL};
    struct str s = scratch_arg(L, 1);
    enum unicode_form form = (enum unicode_form)luaL_checkoption(L, 2, "NFC", forms);
    struct buf *out = scratch(L);
    unicode_normalize(out, s, form);
    return scratch_push(L, out);
}

/* strip(text) -> text without white space at both ends */
static int text_l_strip(lua_State *L)
{
    struct str s = unicode_strip(scratch_arg(L, 1));
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

/* length(text) -> characters */
static int text_l_length(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)utf8_len(scratch_arg(L, 1)));
    return 1;
}

/* The splitter lives in a userdata: pushing its parts may raise. */
static int splitter_gc(lua_State *L)
{
    text_splitter_release(lua_touserdata(L, 1));
    return 0;
}

/* smart_split(text) -> list of parts */
static int text_l_smart_split(lua_State *L)
{
    struct str s = scratch_arg(L, 1), bit;
    struct text_splitter *t = lua_newuserdatauv(L, sizeof *t, 0);
    text_splitter_init(t, s);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, splitter_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_newtable(L);
    for (lua_Integer i = 1; text_splitter_next(t, &bit); i++) {
        lua_pushlstring(L, bit.p, bit.n);
        lua_rawseti(L, -2, i);
    }
    text_splitter_release(t);
    return 1;
}

static const luaL_Reg functions[] = {
    {"capfirst", text_l_capfirst},
    {"phone2numeric", text_l_phone2numeric},
    {"camel_case_to_spaces", text_l_camel_case_to_spaces},
    {"lower", text_l_lower},
    {"upper", text_l_upper},
    {"slugify", text_l_slugify},
    {"valid_filename", text_l_valid_filename},
    {"wrap", text_l_wrap},
    {"truncate", text_l_truncate},
    {"normalize", text_l_normalize},
    {"strip", text_l_strip},
    {"length", text_l_length},
    {"smart_split", text_l_smart_split},
    {NULL, NULL},
};

int luaopen_perilune__text(lua_State *L)
{
    scratch_newlib(L, functions);
    return 1;
}
