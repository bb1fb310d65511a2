/* SPDX-License-Identifier: MIT */
/* Requests that no client sent: for tests, and for whatever else calls a view by itself.
 * Such a request lives as long as its object. */
#include "bindings/http/request_impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/keep.h"
#include "bindings/value/text_value.h"

#include "app/worker.h"
#include "base/banned.h"
#include "base/clock.h"
#include "http/limits.h"

struct made {
    struct request request; /* first */
    struct arena arena;
    struct http_limits limits;
};

static void drop(void *object)
{
    struct made *m = object;
    arena_release(&m->arena);
    free(m);
}

/* Its address is the registry's key of the objects by request; the values are weak. */
static const char objects_key = 0;

static void push_objects(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &objects_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &objects_key);
}

void request_push_made(lua_State *L, struct request *r)
{
    push_objects(L);
    lua_rawgetp(L, -1, r);
    lua_remove(L, -2);
}

/* An empty request behind a new object on top. [-0, +1, may raise] */
static struct request *push_new(lua_State *L)
{
    struct host *h = host_of(L);
    push_objects(L);
    struct handle *handle = request_handle(L);
    struct keep_slot *slot = keep_reserve(L);
    struct made *m = mem_zalloc(sizeof *m);
    *slot = (struct keep_slot){.object = m, .drop = drop};
    arena_init(&m->arena, 0);
    if (h->settings)
        m->limits = worker_http_options(h->settings).limits;
    else
        http_limits_default(&m->limits);
    struct request *r = &m->request;
    r->arena = &m->arena;
    r->limits = &m->limits;
    r->loop = h->loop;
    r->started = clock_monotonic();
    headers_init(&r->headers, r->arena);
    handle->object = r;
    r->script = handle;
    lua_pushvalue(L, -1);
    lua_rawsetp(L, -3, r);
    lua_remove(L, -2);
    return r;
}

/* The field of the options at index 1 in the request's memory. */
static struct str text_field(lua_State *L, struct request *r, const char *name,
                             const char *fallback)
{
    struct str s = str_from(fallback);
    if (lua_getfield(L, 1, name) != LUA_TNIL)
        s = text_value(L, -1, name);
    s = arena_str(r->arena, s);
    lua_pop(L, 1);
    return s;
}

static uint16_t port_field(lua_State *L, const char *name, lua_Integer fallback)
{
    lua_getfield(L, 1, name);
    lua_Integer port = luaL_optinteger(L, -1, fallback);
    luaL_argcheck(L, port >= 0 && port <= 65535, 1, "a port is from 0 to 65535");
    lua_pop(L, 1);
    return (uint16_t)port;
}

static void add_header(lua_State *L, struct request *r, int name, int value)
{
    struct err err;
    struct str n = text_value(L, name, "the name of a header field");
    struct str v = text_value(L, value, "the value of a header field");
    if (headers_add(&r->headers, n, v, &err) != 0)
        exception_raise(L, "BadHeaderError", "%s", err.msg);
}

/* { name = value } or a list of { name, value } */
static void read_headers(lua_State *L, struct request *r)
{
    if (lua_getfield(L, 1, "headers") != LUA_TNIL) {
        int headers = lua_gettop(L);
        luaL_checktype(L, headers, LUA_TTABLE);
        for (lua_pushnil(L); lua_next(L, headers); lua_settop(L, headers + 1)) {
            if (lua_istable(L, -1)) {
                lua_rawgeti(L, -1, 1);
                lua_rawgeti(L, -2, 2);
            } else {
                lua_pushvalue(L, -2); /* a copy: its text may replace it */
                lua_insert(L, -2);
            }
            add_header(L, r, -2, -1);
        }
    }
    lua_settop(L, 2);
}

static void read_target(lua_State *L, struct request *r)
{
    r->path = text_field(L, r, "path", "/");
    r->query_string = text_field(L, r, "query_string", "");
    r->raw_path = r->path;
    r->target = r->query_string.n ? str_from(arena_printf(r->arena, "%.*s?%.*s", STR_ARG(r->path),
                                                          STR_ARG(r->query_string)))
                                  : r->path;
}

/* make{ method =, path =, query_string =, headers =, body =, secure =, remote_addr =,
 * server_name =, server_port =, remote_port =, version = } -> request */
int request_l_make(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct request *r = push_new(L);
    r->method_name = text_field(L, r, "method", "GET");
    r->method = http_method_parse(r->method_name);
    read_target(L, r);
    r->body = text_field(L, r, "body", "");
    r->version = text_field(L, r, "version", "HTTP/1.1");
    r->remote_addr = r->peer_addr = text_field(L, r, "remote_addr", "127.0.0.1");
    r->server_name = text_field(L, r, "server_name", "testserver");
    lua_getfield(L, 1, "secure");
    r->secure_transport = lua_toboolean(L, -1);
    lua_pop(L, 1);
    r->server_port = port_field(L, "server_port", r->secure_transport ? 443 : 80);
    r->remote_port = port_field(L, "remote_port", 0);
    read_headers(L, r);
    return 1;
}

/* finish(request): it ends now, as one of a client does once it is answered */
int request_l_finish(lua_State *L)
{
    struct request *r = request_check(L, 1);
    request_detach(L, r);
    return 0;
}
