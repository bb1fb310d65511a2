/* SPDX-License-Identifier: MIT */
/* Where a request is for: path, host, and the URL of it all. */
#include "bindings/http/request_impl.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/value/text_value.h"

#include "base/banned.h"
#include "http/percent.h"
#include "http/url_join.h"
#include "pipeline/redirect.h"
#include "pipeline/request_host.h"
#include "settings/settings.h"
#include "value/url.h"

/* ---- path ---- */

struct str request_script_name(lua_State *L)
{
    const struct settings *s = host_of(L)->settings;
    struct str name = s ? settings_str(s, SETTING_force_script_name) : STR_NULL;
    while (name.n && name.p[name.n - 1] == '/')
        name.n--;
    return name.p ? name : STR("");
}

int request_get_path(lua_State *L, void *self)
{
    const struct request *r = self;
    struct str prefix = request_script_name(L);
    lua_pushlstring(L, r->path.p, r->path.n);
    if (prefix.n) {
        lua_pushlstring(L, prefix.p, prefix.n);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return 1;
}

static int push_full_path(lua_State *L, struct request *r, struct str prefix, bool slash)
{
    struct buf b = BUF_INIT;
    escape_uri_path(&b, prefix);
    request_full_path(r, slash, &b);
    return request_push_buf(L, r, &b);
}

int request_get_full_path(lua_State *L, void *self)
{
    return push_full_path(L, self, request_script_name(L), false);
}

/* The argument of get_full_path(): true, or { force_append_slash = true }. */
static bool slash_wanted(lua_State *L)
{
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "force_append_slash");
        lua_rawget(L, 2); /* without metamethods, so without a wait */
        lua_replace(L, 2);
    }
    return lua_toboolean(L, 2);
}

int request_l_get_full_path(lua_State *L)
{
    struct request *r = request_check(L, 1);
    return push_full_path(L, r, request_script_name(L), slash_wanted(L));
}

int request_l_get_full_path_info(lua_State *L)
{
    struct request *r = request_check(L, 1);
    return push_full_path(L, r, STR(""), slash_wanted(L));
}

/* ---- host ---- */

int request_l_is_secure(lua_State *L)
{
    lua_pushboolean(L, request_check(L, 1)->secure_transport);
    return 1;
}

static const struct settings *need_settings(lua_State *L, const char *what)
{
    const struct settings *s = host_of(L)->settings;
    if (!s)
        exception_raise(L, "ImproperlyConfigured", "%s needs the settings of a project", what);
    return s;
}

/* The host, checked against allowed_hosts; raises DisallowedHost. */
static struct str check_host(lua_State *L, struct request *r, const char *what)
{
    const struct settings *s = need_settings(L, what);
    struct exception before = r->exception; /* one may be in flight */
    struct str host;
    if (request_host(r, s, &host) != 0) {
        const char *message = r->exception.message;
        r->exception = before;
        exception_raise(L, "DisallowedHost", "%s", message);
    }
    return host;
}

int request_l_get_host(lua_State *L)
{
    struct request *r = request_check(L, 1);
    return request_push_str(L, check_host(L, r, "get_host()"));
}

int request_l_get_port(lua_State *L)
{
    struct request *r = request_check(L, 1);
    return request_push_str(L, request_port(r, need_settings(L, "get_port()")));
}

/* ---- the whole URL ---- */

/* A path that joining would leave as it is, which is what most calls give. */
static bool is_plain_path(const struct url *u)
{
    return !u->scheme.n && !u->netloc.n && str_starts(u->path, STR("/")) &&
           str_find(u->path, STR("/./")) == u->path.n &&
           str_find(u->path, STR("/../")) == u->path.n;
}

/* The location as it stands on the page of this request. */
static int join(struct buf *out, lua_State *L, struct request *r, struct str base,
                struct str location, const struct url *u, struct err *err)
{
    if (is_plain_path(u)) {
        buf_addstr(out, base);
        buf_addstr(out, str_starts(location, STR("//")) ? str_skip(location, 2) : location);
        return 0;
    }
    struct buf page = BUF_INIT;
    buf_addstr(&page, base);
    escape_uri_path(&page, request_script_name(L));
    escape_uri_path(&page, r->path);
    int rc = url_join(out, buf_str(&page), location, err);
    buf_release(&page);
    return rc;
}

/* build_absolute_uri(location) -> URL; of the request itself without a location */
int request_l_build_absolute_uri(lua_State *L)
{
    struct request *r = request_check(L, 1);
    struct buf joined = BUF_INIT, out = BUF_INIT;
    struct str location, base;
    struct url u;
    struct err err;
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        lua_pushliteral(L, "//");
        request_get_full_path(L, r);
        lua_concat(L, 2);
        lua_replace(L, 2);
    }
    location = text_value(L, 2, "the location of build_absolute_uri()");
    r = request_check(L, 1); /* it may have ended while __tostring waited */
    if (url_split(location, &u, &err) != 0)
        return exception_raise(L, "ValueError", "%s: '%s'", err.msg, location.p);
    if (u.scheme.n && u.netloc.n) {
        iri_to_uri(&out, location);
        return request_push_buf(L, r, &out);
    }
    base = check_host(L, r, "build_absolute_uri()");
    base = str_from(
        arena_printf(r->arena, "%s://%.*s", r->secure_transport ? "https" : "http", STR_ARG(base)));
    if (join(&joined, L, r, base, location, &u, &err) != 0) {
        buf_release(&joined);
        return exception_raise(L, "ValueError", "%s: '%s'", err.msg, location.p);
    }
    iri_to_uri(&out, buf_str(&joined));
    buf_release(&joined);
    return request_push_buf(L, r, &out);
}
