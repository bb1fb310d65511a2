/* SPDX-License-Identifier: MIT */
/* The header fields of a request: request.headers and request.META. */
#include "bindings/http/request_impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"

#include "base/banned.h"

/* ---- header fields ---- */

/* "user_agent" finds "User-Agent" as well: templates cannot write the dash.  A field with
 * "_" in its own name is never found: it could pass for another. */
static struct str normal_name(struct str name, char dashed[128])
{
    if (name.n >= 128 || !str_has(name, '_'))
        return name;
    for (size_t i = 0; i < name.n; i++)
        dashed[i] = name.p[i] == '_' ? '-' : name.p[i];
    return str_make(dashed, name.n);
}

/* Fields of one name are one, as everywhere in HTTP. [-0, +0|1] */
static int push_header(lua_State *L, const struct request *r, struct str name)
{
    char dashed[128];
    int n = 0;
    name = normal_name(name, dashed);
    for (unsigned i = 0; i < r->headers.n; i++) {
        const struct header *h = &r->headers.items[i];
        if (h->name.n != name.n || !str_ieq(h->name, name))
            continue;
        luaL_checkstack(L, 4, NULL);
        if (n) {
            lua_pushstring(L, str_ieq(name, STR("cookie")) ? "; " : ", ");
            n++;
        }
        lua_pushlstring(L, h->value.p, h->value.n);
        n++;
    }
    if (n > 1)
        lua_concat(L, n);
    return n > 0;
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

/* get(name, default) */
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
    char dashed[128];
    lua_pushboolean(L, headers_has(&r->headers, normal_name(check_str(L, 2), dashed)));
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

static int headers_len(lua_State *L)
{
    struct request *r = class_check(L, 1, &headers_class);
    lua_pushinteger(L, (lua_Integer)r->headers.n);
    return 1;
}

static const struct class headers_class = {
    .name = "perilune.http.RequestHeaders",
    .user_values = 1, /* the request's object, which must not go before */
    .methods = (const luaL_Reg[]){{"get", headers_l_get}, {"has", headers_l_has}, {NULL, NULL}},
    .metamethods =
        (const luaL_Reg[]){{"__pairs", headers_pairs}, {"__len", headers_len}, {NULL, NULL}},
    .index = headers_index,
    .newindex = headers_readonly,
};

void request_headers_register(lua_State *L)
{
    class_register(L, &headers_class);
}

static void build_headers(lua_State *L, struct request *r)
{
    class_push(L, &headers_class, r); /* ended by request_detach() */
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
}

int request_get_headers(lua_State *L, void *self)
{
    return request_cached(L, REQUEST_HEADERS, build_headers, self);
}

/* ---- META: the names of CGI ---- */

static void set_meta(lua_State *L, const char *key, struct str value)
{
    request_push_str(L, value.p ? value : STR(""));
    lua_setfield(L, -2, key);
}

/* "HTTP_USER_AGENT"; empty for a name that cannot be one, or that could be taken for
 * another. */
static const char *meta_key(struct str name, char key[160])
{
    bool plain = str_ieq(name, STR("content-type")) || str_ieq(name, STR("content-length"));
    size_t at = plain ? 0 : 5;
    if (name.n + 6 > 160 || str_has(name, '_'))
        return "";
    memcpy(key, "HTTP_", 5);
    for (size_t j = 0; j < name.n; j++)
        key[at + j] = name.p[j] == '-' ? '_' : char_upper(name.p[j]);
    key[at + name.n] = '\0';
    return key;
}

static void set_meta_header(lua_State *L, const struct header *h)
{
    char space[160];
    const char *key = meta_key(h->name, space);
    if (!key[0])
        return;
    lua_pushlstring(L, h->value.p, h->value.n);
    if (lua_getfield(L, -2, key) == LUA_TSTRING) { /* the same field again: joined */
        lua_insert(L, -2);
        lua_pushstring(L, strcmp(key, "HTTP_COOKIE") == 0 ? "; " : ",");
        lua_insert(L, -2);
        lua_concat(L, 3);
    } else {
        lua_pop(L, 1);
    }
    lua_setfield(L, -2, key);
}

static void build_meta(lua_State *L, struct request *r)
{
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, 12 + (int)r->headers.n);
    set_meta(L, "REQUEST_METHOD", r->method_name);
    set_meta(L, "PATH_INFO", r->path);
    set_meta(L, "SCRIPT_NAME", request_script_name(L));
    set_meta(L, "QUERY_STRING", r->query_string);
    set_meta(L, "REMOTE_ADDR", r->remote_addr);
    set_meta(L, "SERVER_NAME", r->server_name);
    set_meta(L, "SERVER_PROTOCOL", r->version);
    lua_pushfstring(L, "%d", (int)r->server_port);
    lua_setfield(L, -2, "SERVER_PORT");
    lua_pushfstring(L, "%d", (int)r->remote_port);
    lua_setfield(L, -2, "REMOTE_PORT");
    for (unsigned i = 0; i < r->headers.n; i++)
        set_meta_header(L, &r->headers.items[i]);
}

int request_get_meta(lua_State *L, void *self)
{
    return request_cached(L, REQUEST_META, build_meta, self);
}
