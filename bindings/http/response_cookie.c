/* SPDX-License-Identifier: MIT */
/* Cookies on their way out: set_cookie(), delete_cookie() and response.cookies. */
#include "bindings/http/response_impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/option.h"
#include "bindings/value/text_value.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"
#include "http/cookie.h"

#include <math.h>

static struct str check_name(lua_State *L)
{
    struct str s;
    if (lua_type(L, 2) != LUA_TSTRING)
        exception_raise(L, "TypeError", "the name of a cookie is a string, not a %s",
                        luaL_typename(L, 2));
    s.p = lua_tolstring(L, 2, &s.n);
    return s;
}

/* ---- options ---- */

enum { MAX_AGE, EXPIRES, PATH, DOMAIN, SECURE, HTTPONLY, SAMESITE };
static const char *const set_names[] = {"max_age", "expires",  "path",     "domain",
                                        "secure",  "httponly", "samesite", NULL};
static const char *const delete_names[] = {"path", "domain", "samesite", NULL};
static const int delete_numbers[] = {PATH, DOMAIN, SAMESITE};

struct reading {
    struct cookie_options o;
    int64_t now; /* microseconds since 1970 */
    bool dated;  /* `expires` was a datetime, `until` seconds from now */
    int64_t until;
};

/* Seconds, a fraction cut off, or a timedelta. */
static int64_t read_max_age(lua_State *L)
{
    const struct duration *d = time_test_timedelta(L, -1);
    lua_Number seconds;
    if (d)
        return (int64_t)duration_seconds(*d);
    if (lua_type(L, -1) != LUA_TNUMBER)
        exception_raise(L, "TypeError",
                        "option 'max_age' is a number of seconds or a timedelta, not a %s",
                        luaL_typename(L, -1));
    seconds = lua_tonumber(L, -1);
    if (!(fabs(seconds) < 1e15))
        exception_raise(L, "ValueError", "option 'max_age' is out of range");
    return (int64_t)seconds;
}

static void read_expires(lua_State *L, struct reading *in)
{
    const struct datetime *when = time_test_datetime(L, -1);
    if (when) {
        /* A second more, since what is left of one is cut off. */
        int64_t us = datetime_epoch_micros(when) - in->now + 1000000;
        in->until = us < 0 ? 0 : us / 1000000;
        in->dated = true;
        return;
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        exception_raise(L, "TypeError", "option 'expires' is a datetime or a string, not a %s",
                        luaL_typename(L, -1));
    in->o.expires = option_str(L, "expires");
}

static struct str text_or_none(lua_State *L, const char *name)
{
    return lua_isboolean(L, -1) && !lua_toboolean(L, -1) ? STR("") : option_str(L, name);
}

static void read_option(lua_State *L, int which, struct reading *in)
{
    struct cookie_options *o = &in->o;
    switch (which) {
    case MAX_AGE:
        o->max_age = read_max_age(L);
        o->has_max_age = true;
        break;
    case EXPIRES:
        read_expires(L, in);
        break;
    case PATH:
        o->path = text_or_none(L, "path");
        break;
    case DOMAIN:
        o->domain = text_or_none(L, "domain");
        break;
    case SECURE:
        o->secure = lua_toboolean(L, -1);
        break;
    case HTTPONLY:
        o->httponly = lua_toboolean(L, -1);
        break;
    default:
        o->samesite = text_or_none(L, "samesite");
        break;
    }
}

static struct cookie_options read_options(lua_State *L, int idx, const char *const *names,
                                          const int *numbers, const char *what, int64_t now)
{
    struct reading in = {.now = now};
    int which;
    if (!option_table(L, idx, what))
        return in.o;
    lua_pushnil(L);
    while ((which = option_next(L, idx, names, what)) >= 0) {
        read_option(L, numbers ? numbers[which] : which, &in);
        lua_pop(L, 1);
    }
    if (in.dated && in.o.has_max_age)
        exception_raise(L, "ValueError", "'expires' and 'max_age' can't be used together.");
    if (in.dated) {
        in.o.max_age = in.until;
        in.o.has_max_age = true;
    }
    return in.o;
}

/* ---- setting ---- */

static int64_t now_micros(lua_State *L)
{
    struct datetime now;
    time_now(L, &now);
    return datetime_epoch_micros(&now);
}

/* set_cookie(name, value, options) */
int response_l_set_cookie(lua_State *L)
{
    struct response *r = response_check(L, 1);
    struct str name = check_name(L), value = STR("");
    struct err err;
    lua_settop(L, 4);
    if (!lua_isnil(L, 3))
        value = text_value(L, 3, "the value of a cookie");
    int64_t now = now_micros(L); /* may run code; nothing does from here on */
    struct cookie_options o = read_options(L, 4, set_names, NULL, "set_cookie", now);
    if (cookie_set(r, name, value, &o, now / 1000000, &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

/* delete_cookie(name, options) */
int response_l_delete_cookie(lua_State *L)
{
    struct response *r = response_check(L, 1);
    struct str name = check_name(L);
    struct err err;
    lua_settop(L, 3);
    struct cookie_options o = read_options(L, 3, delete_names, delete_numbers, "delete_cookie", 0);
    if (cookie_delete(r, name, &o, &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

/* ---- response.cookies: objects that look at those of the response ---- */

enum { OWNER = 1 }; /* user value: the response's object */

static const struct class cookie_class, cookies_class;

static int push_str(lua_State *L, struct str s)
{
    lua_pushlstring(L, s.p ? s.p : "", s.n);
    return 1;
}

static int get_key(lua_State *L, void *self)
{
    return push_str(L, ((struct cookie *)self)->name);
}

static int get_value(lua_State *L, void *self)
{
    return push_str(L, ((struct cookie *)self)->value);
}

static int get_path(lua_State *L, void *self)
{
    return push_str(L, ((struct cookie *)self)->options.path);
}

static int get_domain(lua_State *L, void *self)
{
    return push_str(L, ((struct cookie *)self)->options.domain);
}

static int get_expires(lua_State *L, void *self)
{
    return push_str(L, ((struct cookie *)self)->options.expires);
}

static int get_samesite(lua_State *L, void *self)
{
    return push_str(L, ((struct cookie *)self)->options.samesite);
}

static int get_max_age(lua_State *L, void *self)
{
    const struct cookie *c = self;
    if (!c->options.has_max_age)
        return 0;
    lua_pushinteger(L, c->options.max_age);
    return 1;
}

static int get_secure(lua_State *L, void *self)
{
    lua_pushboolean(L, ((struct cookie *)self)->options.secure);
    return 1;
}

static int get_httponly(lua_State *L, void *self)
{
    lua_pushboolean(L, ((struct cookie *)self)->options.httponly);
    return 1;
}

/* As it stands in Set-Cookie. */
static int cookie_tostring(lua_State *L)
{
    const struct cookie *c = class_check(L, 1, &cookie_class);
    struct buf line = BUF_INIT;
    lua_getiuservalue(L, 1, OWNER);
    struct response *r = response_check(L, -1);
    cookie_render(&line, c);
    struct str text = arena_str(&r->arena, buf_str(&line));
    buf_release(&line);
    return push_str(L, text);
}

static const struct class cookie_class = {
    .name = "perilune.http.Cookie",
    .user_values = 1,
    .fields = (const struct class_field[]){{"key", get_key, NULL},
                                           {"value", get_value, NULL},
                                           {"path", get_path, NULL},
                                           {"domain", get_domain, NULL},
                                           {"expires", get_expires, NULL},
                                           {"max_age", get_max_age, NULL},
                                           {"samesite", get_samesite, NULL},
                                           {"secure", get_secure, NULL},
                                           {"httponly", get_httponly, NULL},
                                           {NULL, NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__tostring", cookie_tostring}, {NULL, NULL}},
};

/* The cookie's object; that of all cookies is at index 1. [-0, +1] */
static void push_cookie(lua_State *L, struct cookie *c)
{
    class_push(L, &cookie_class, c);
    lua_getiuservalue(L, 1, OWNER);
    lua_setiuservalue(L, -2, OWNER);
}

static int cookies_index(lua_State *L, void *self)
{
    struct str name;
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    name.p = lua_tolstring(L, 2, &name.n);
    struct cookie *c = cookie_find(self, name);
    if (!c)
        return 0;
    push_cookie(L, c);
    return 1;
}

static int cookies_readonly(lua_State *L, void *self)
{
    (void)self;
    return exception_raise(L, "TypeError",
                           "cookies are set by response:set_cookie() and delete_cookie()");
}

/* pairs(): name, cookie in the order they were set */
static int cookies_next(lua_State *L)
{
    struct response *r = class_check(L, 1, &cookies_class);
    struct cookie *c = r->cookies;
    lua_Integer n = lua_tointeger(L, lua_upvalueindex(1));
    for (lua_Integer i = 0; c && i < n; i++)
        c = c->next;
    if (!c)
        return 0;
    lua_pushinteger(L, n + 1);
    lua_replace(L, lua_upvalueindex(1));
    push_str(L, c->name);
    push_cookie(L, c);
    return 2;
}

static int cookies_pairs(lua_State *L)
{
    class_check(L, 1, &cookies_class);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, cookies_next, 1);
    lua_pushvalue(L, 1);
    return 2;
}

static int cookies_len(lua_State *L)
{
    struct response *r = class_check(L, 1, &cookies_class);
    lua_Integer n = 0;
    for (const struct cookie *c = r->cookies; c; c = c->next)
        n++;
    lua_pushinteger(L, n);
    return 1;
}

static const struct class cookies_class = {
    .name = "perilune.http.Cookies",
    .user_values = 1,
    .metamethods =
        (const luaL_Reg[]){{"__pairs", cookies_pairs}, {"__len", cookies_len}, {NULL, NULL}},
    .index = cookies_index,
    .newindex = cookies_readonly,
};

void response_cookies_register(lua_State *L)
{
    class_register(L, &cookie_class);
    class_register(L, &cookies_class);
}

int response_get_cookies(lua_State *L, void *self)
{
    if (lua_getiuservalue(L, 1, RESPONSE_COOKIES) == LUA_TUSERDATA)
        return 1;
    lua_pop(L, 1);
    class_push(L, &cookies_class, self);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, OWNER);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, RESPONSE_COOKIES);
    return 1;
}
