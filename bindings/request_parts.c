/* SPDX-License-Identifier: MIT */
/* The parts of a request that take work: header fields, META, body, host. */
#include "request_impl.h"

#include "class.h"
#include "error.h"
#include "host.h"

#include "app/app.h"
#include "base/banned.h"
#include "base/log.h"
#include "http/limits.h"
#include "pipeline/request_host.h"
#include "settings/settings.h"

/* ---- header fields ---- */

/* "user_agent" finds "User-Agent" as well: templates cannot write the dash. */
static struct str find_header(const struct request *r, struct str name)
{
    struct str v = headers_get(&r->headers, name);
    char dashed[128];
    if (v.p || name.n >= sizeof dashed || !str_has(name, '_'))
        return v;
    for (size_t i = 0; i < name.n; i++)
        dashed[i] = name.p[i] == '_' ? '-' : name.p[i];
    return headers_get(&r->headers, str_make(dashed, name.n));
}

static int push_header(lua_State *L, const struct request *r, struct str name)
{
    struct str v = find_header(r, name);
    if (!v.p)
        return 0;
    lua_pushlstring(L, v.p, v.n);
    return 1;
}

static struct str check_str(lua_State *L, int arg)
{
    size_t n;
    const char *p = luaL_checklstring(L, arg, &n);
    return str_make(p, n);
}

static int headers_index(lua_State *L, void *self)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    return push_header(L, self, check_str(L, 2));
}

static const struct class headers_class;

static int headers_l_get(lua_State *L)
{
    struct request *r = class_check(L, 1, &headers_class);
    if (push_header(L, r, check_str(L, 2)))
        return 1;
    lua_settop(L, 3);
    return 1;
}

static int headers_l_has(lua_State *L)
{
    struct request *r = class_check(L, 1, &headers_class);
    lua_pushboolean(L, find_header(r, check_str(L, 2)).p != NULL);
    return 1;
}

static int headers_readonly(lua_State *L, void *self)
{
    (void)self;
    return exception_raise(L, "TypeError", "the header fields of a request are read-only");
}

/* pairs(): name, value in the order they came */
static int headers_next(lua_State *L)
{
    struct request *r = class_check(L, 1, &headers_class);
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(1));
    if (i >= (lua_Integer)r->headers.n)
        return 0;
    const struct header *h = &r->headers.items[i];
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(1));
    lua_pushlstring(L, h->name.p, h->name.n);
    lua_pushlstring(L, h->value.p, h->value.n);
    return 2;
}

static int headers_pairs(lua_State *L)
{
    class_check(L, 1, &headers_class);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, headers_next, 1);
    lua_pushvalue(L, 1);
    return 2;
}

static const struct class headers_class = {
    .name = "perilune.http.RequestHeaders",
    .methods = (const luaL_Reg[]){{"get", headers_l_get}, {"has", headers_l_has}, {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__pairs", headers_pairs}, {NULL, NULL}},
    .index = headers_index,
    .newindex = headers_readonly,
};

void request_headers_register(lua_State *L)
{
    class_register(L, &headers_class);
}

static int build_headers(lua_State *L, struct request *r)
{
    /* It has no life of its own: request_detach ends it with the request. */
    class_push(L, &headers_class, r);
    return 1;
}

int request_get_headers(lua_State *L, void *self)
{
    return request_cached(L, "headers", build_headers, self);
}

/* ---- META: the names of CGI ---- */

static void set_meta(lua_State *L, const char *key, struct str value)
{
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, key);
}

static int build_meta(lua_State *L, struct request *r)
{
    char key[160] = "HTTP_";
    lua_createtable(L, 0, 12 + (int)r->headers.n);
    set_meta(L, "REQUEST_METHOD", r->method_name);
    set_meta(L, "PATH_INFO", r->path);
    set_meta(L, "SCRIPT_NAME", STR(""));
    set_meta(L, "QUERY_STRING", r->query_string);
    set_meta(L, "REMOTE_ADDR", r->remote_addr);
    set_meta(L, "SERVER_NAME", r->server_name);
    set_meta(L, "SERVER_PROTOCOL", r->version);
    lua_pushfstring(L, "%d", (int)r->server_port);
    lua_setfield(L, -2, "SERVER_PORT");
    lua_pushfstring(L, "%d", (int)r->remote_port);
    lua_setfield(L, -2, "REMOTE_PORT");
    for (unsigned i = 0; i < r->headers.n; i++) {
        const struct header *h = &r->headers.items[i];
        bool plain =
            str_ieq(h->name, STR("content-type")) || str_ieq(h->name, STR("content-length"));
        size_t at = plain ? 0 : 5;
        if (h->name.n + 6 > sizeof key)
            continue;
        for (size_t j = 0; j < h->name.n; j++)
            key[at + j] = h->name.p[j] == '-' ? '_' : char_upper(h->name.p[j]);
        key[at + h->name.n] = '\0';
        lua_pushlstring(L, h->value.p, h->value.n);
        if (lua_getfield(L, -2, key) == LUA_TSTRING) { /* the same field again: joined */
            lua_insert(L, -2);
            lua_pushliteral(L, ",");
            lua_insert(L, -2);
            lua_concat(L, 3);
        } else {
            lua_pop(L, 1);
        }
        lua_setfield(L, -2, key);
        memcpy(key, "HTTP_", 5);
    }
    return 1;
}

int request_get_meta(lua_State *L, void *self)
{
    return request_cached(L, "META", build_meta, self);
}

/* ---- others ---- */

/* "text/html" of "text/html; charset=utf-8" */
int request_get_content_type(lua_State *L, void *self)
{
    struct str v = headers_get(&((struct request *)self)->headers, STR("content-type"));
    v = v.p ? str_trim(str_head(v, str_index(v, ';'))) : STR("");
    lua_pushlstring(L, v.p, v.n);
    return 1;
}

int request_get_body(lua_State *L, void *self)
{
    struct request *r = self;
    if (r->form_consumed)
        return exception_raise(L, "RawPostDataException",
                               "the body of a multipart request is not kept: read request.POST and "
                               "request.FILES");
    lua_pushlstring(L, r->body.p ? r->body.p : "", r->body.n);
    return 1;
}

int request_set_id(lua_State *L, void *self)
{
    struct request *r = self;
    r->id = arena_str(r->arena, check_str(L, 3));
    return 0;
}

int request_l_is_secure(lua_State *L)
{
    lua_pushboolean(L, request_check(L, 1)->secure_transport);
    return 1;
}

/* The host of the request, checked against allowed_hosts. */
int request_l_get_host(lua_State *L)
{
    struct request *r = request_check(L, 1);
    struct host *h = host_of(L);
    struct exception before = r->exception; /* one may be in flight */
    struct str host;
    if (!h->settings)
        return exception_raise(L, "ImproperlyConfigured", "get_host needs a project's settings");
    if (request_host(r, h->settings, &host) != 0) {
        const char *message = r->exception.message;
        r->exception = before;
        return exception_raise(L, "DisallowedHost", "%s", message);
    }
    lua_pushlstring(L, host.p, host.n);
    return 1;
}

/* json() -> value; BadRequest on anything that is not JSON */
int request_l_json(lua_State *L)
{
    struct request *r = request_check(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.json");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "decode");
    request_get_body(L, r);
    lua_createtable(L, 0, 1);
    lua_pushinteger(L, (lua_Integer)r->limits->json_max_depth);
    lua_setfield(L, -2, "max_depth");
    if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
        struct err err;
        exception_to_err(L, -1, &err);
        return exception_raise(L, "BadRequest", "the body is no valid JSON: %s", err.msg);
    }
    return 1;
}
