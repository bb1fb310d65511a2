/* SPDX-License-Identifier: MIT */
/* perilune._regex: compiled regular expressions.  Private.
 *
 *     local r = regex.compile([[^(\d+)\Z]], "i")     flags of i m s x a
 *     r:search(text, start)  r:match(…)  r:fullmatch(…)  --> match or nil
 *     r:test(text) --> boolean    r:sub(with, text, limit) --> text, count
 *     match[0], match[1], match.name; match.start and match.finish, 1-based
 */
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "value/regex.h"

struct expression {
    struct regex *regex;
    size_t flags;
};

static const struct class regex_class;

static struct regex *check_regex(lua_State *L)
{
    return ((struct expression *)class_check(L, 1, &regex_class))->regex;
}

/* Pushes the groups of the last match of text as a table. [-0, +1, may raise] */
static int push_match(lua_State *L, const struct regex *r, struct str s)
{
    size_t start, end, groups = regex_group_count(r);
    lua_createtable(L, (int)groups, 3);
    for (size_t i = 0; i <= groups; i++) {
        const char *name = regex_group_name(r, i);
        if (!regex_group(r, i, &start, &end))
            continue;
        lua_pushlstring(L, s.p + start, end - start);
        if (name) {
            lua_pushvalue(L, -1);
            lua_setfield(L, -3, name);
        }
        lua_rawseti(L, -2, (lua_Integer)i);
    }
    regex_group(r, 0, &start, &end);
    lua_pushinteger(L, (lua_Integer)start + 1);
    lua_setfield(L, -2, "start");
    lua_pushinteger(L, (lua_Integer)end);
    lua_setfield(L, -2, "finish");
    return 1;
}

static int run(lua_State *L, enum regex_mode mode)
{
    struct regex *r = check_regex(L);
    struct err e;
    struct str s = scratch_arg(L, 2);
    lua_Integer from = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, from >= 1, 3, "must be 1 or more");
    int found = regex_run(r, s, (size_t)from - 1, mode, &e);
    if (found < 0)
        return exception_raise_err(L, &e);
    if (found)
        return push_match(L, r, s);
    lua_pushnil(L);
    return 1;
}

static int regex_l_search(lua_State *L)
{
    return run(L, REGEX_SEARCH);
}

static int regex_l_match(lua_State *L)
{
    return run(L, REGEX_MATCH);
}

static int regex_l_fullmatch(lua_State *L)
{
    return run(L, REGEX_FULLMATCH);
}

/* test(text) -> whether it matches somewhere; nil when that took too many steps */
static int regex_l_test(lua_State *L)
{
    struct regex *r = check_regex(L);
    int found = regex_run(r, scratch_arg(L, 2), 0, REGEX_SEARCH, NULL);
    if (found < 0)
        luaL_pushfail(L);
    else
        lua_pushboolean(L, found);
    return 1;
}

/* Methods have no scratch buffer of their library: sub makes one. */
static int buffer_gc(lua_State *L)
{
    buf_release(lua_touserdata(L, 1));
    return 0;
}

/* sub(with, text, limit) -> text, count */
static int regex_l_sub(lua_State *L)
{
    struct regex *r = check_regex(L);
    struct err e;
    struct str with = scratch_arg(L, 2), s = scratch_arg(L, 3);
    lua_Integer limit = luaL_optinteger(L, 4, 0);
    luaL_argcheck(L, limit >= 0, 4, "must not be negative");
    struct buf *out = lua_newuserdatauv(L, sizeof *out, 0);
    buf_init(out);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, buffer_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    int64_t count = regex_sub(r, out, s, with, (size_t)limit, &e);
    if (count < 0)
        return exception_raise_err(L, &e);
    lua_pushlstring(L, out->data, out->n);
    buf_release(out);
    lua_pushinteger(L, count);
    return 2;
}

static int get_groups(lua_State *L, void *object)
{
    const struct expression *x = object;
    lua_pushinteger(L, (lua_Integer)regex_group_count(x->regex));
    return 1;
}

static int regex_gc(lua_State *L)
{
    struct expression *x = class_test(L, 1, &regex_class);
    if (x) {
        regex_free(x->regex);
        class_detach(lua_touserdata(L, 1)); /* a finalizer may still hold it */
    }
    return 0;
}

static const struct class regex_class = {
    .name = "perilune._regex.Regex",
    .fields =
        (const struct class_field[]){
            {"groups", get_groups, NULL},
            {NULL, NULL, NULL},
        },
    .methods =
        (const luaL_Reg[]){
            {"search", regex_l_search},
            {"match", regex_l_match},
            {"fullmatch", regex_l_fullmatch},
            {"test", regex_l_test},
            {"sub", regex_l_sub},
            {NULL, NULL},
        },
    .metamethods =
        (const luaL_Reg[]){
            {"__gc", regex_gc},
            {NULL, NULL},
        },
};

static unsigned check_flags(lua_State *L, int arg)
{
    static const char letters[] = "imsxa"; /* in the order of the bits */
    unsigned flags = 0;
    for (const char *p = luaL_optstring(L, arg, ""); *p; p++) {
        const char *at = strchr(letters, *p);
        if (!at)
            luaL_argerror(L, arg, lua_pushfstring(L, "unknown flag '%c'; known are i m s x a", *p));
        flags |= 1u << (at - letters);
    }
    return flags;
}

/* compile(pattern, flags) -> expression; raises SyntaxError */
static int regex_l_compile(lua_State *L)
{
    struct err e;
    struct str pattern = scratch_arg(L, 1);
    unsigned flags = check_flags(L, 2);
    struct expression *x = class_new(L, &regex_class, sizeof *x);
    x->flags = flags;
    x->regex = regex_new(pattern, flags, &e);
    if (!x->regex)
        return exception_raise_err(L, &e);
    return 1;
}

/* escape(text) -> pattern that matches it literally */
static int regex_l_escape(lua_State *L)
{
    luaL_Buffer b;
    struct str s = scratch_arg(L, 1);
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\0') {
            luaL_addstring(&b, "\\x00");
            continue;
        }
        if (!((unsigned char)c & 0x80) && !char_is_alpha(c) && !char_is_digit(c) && c != '_')
            luaL_addchar(&b, '\\');
        luaL_addchar(&b, c);
    }
    luaL_pushresult(&b);
    return 1;
}

static const luaL_Reg functions[] = {
    {"compile", regex_l_compile},
    {"escape", regex_l_escape},
    {NULL, NULL},
};

int luaopen_perilune__regex(lua_State *L)
{
    class_register(L, &regex_class);
    luaL_newlib(L, functions);
    return 1;
}
