/* SPDX-License-Identifier: MIT */
/* perilune._validate: the scanners under perilune.validators and perilune.utils.ipv6.
 * Private.  Everything that is not a string is not valid. */
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "base/utf8.h"
#include "value/ip.h"
#include "value/validate.h"

/* Argument 1 when it is a string, else p NULL. */
static struct str text(lua_State *L)
{
    size_t n;
    if (lua_type(L, 1) != LUA_TSTRING)
        return STR_NULL;
    const char *p = lua_tolstring(L, 1, &n);
    return str_make(p, n);
}

static int answer(lua_State *L, bool valid)
{
    lua_pushboolean(L, valid);
    return 1;
}

static int validate_l_ipv4(lua_State *L)
{
    unsigned char a[4];
    struct str s = text(L);
    return answer(L, s.p && ip_parse_v4(s, a));
}

static int validate_l_ipv6(lua_State *L)
{
    unsigned char a[16];
    struct str s = text(L);
    return answer(L, s.p && ip_parse_v6(s, a));
}

/* clean_ipv6(text, unpack_ipv4) -> text in its short form, or nil */
static int validate_l_clean_ipv6(lua_State *L)
{
    unsigned char a[16];
    struct str s = text(L);
    if (!s.p || !ip_parse_v6(s, a)) {
        luaL_pushfail(L);
        return 1;
    }
    struct buf *out = scratch(L);
    if (lua_toboolean(L, 2) && ip_is_v4_mapped(a))
        ip_add_v4(out, a + 12);
    else
        ip_add_v6(out, a);
    return scratch_push(L, out);
}

static int validate_l_email_user(lua_State *L)
{
    struct str s = text(L);
    return answer(L, s.p && validate_email_user(s));
}

static int validate_l_email_domain(lua_State *L)
{
    struct str s = text(L);
    return answer(L, s.p && validate_email_domain(s));
}

/* domain(text, unicode) */
static int validate_l_domain(lua_State *L)
{
    struct str s = text(L);
    return answer(L, s.p && validate_domain(s, lua_toboolean(L, 2), true));
}

static int validate_l_url(lua_State *L)
{
    struct str s = text(L);
    return answer(L, s.p && validate_url(s));
}

/* slug(text, unicode) */
static int validate_l_slug(lua_State *L)
{
    struct str s = text(L);
    return answer(L, s.p && validate_slug(s, lua_toboolean(L, 2)));
}

/* integers(text, separator, negative) */
static int validate_l_integers(lua_State *L)
{
    struct str s = text(L);
    return answer(L, s.p && validate_integers(s, scratch_arg(L, 2), lua_toboolean(L, 3)));
}

static const luaL_Reg functions[] = {
    {"ipv4", validate_l_ipv4},
    {"ipv6", validate_l_ipv6},
    {"clean_ipv6", validate_l_clean_ipv6},
    {"email_user", validate_l_email_user},
    {"email_domain", validate_l_email_domain},
    {"domain", validate_l_domain},
    {"url", validate_l_url},
    {"slug", validate_l_slug},
    {"integers", validate_l_integers},
    {NULL, NULL},
};

int luaopen_perilune__validate(lua_State *L)
{
    scratch_newlib(L, functions);
    return 1;
}
