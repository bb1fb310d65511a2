/* SPDX-License-Identifier: MIT */
/* perilune._client: one outgoing request, as perilune.http.client has checked it. */
#include "bindings/fiber/fiber.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "http/client.h"
#include "http/mime.h"

/* ---- what lives as long as a call or the state ---- */

struct pool {              /* upvalue 1 of send() */
    struct client *client; /* made at the first request */
};

struct exchange {
    struct client_response response;
    struct headers headers; /* of the request */
    struct buf message;
    struct arena arena;
    bool open;
};

static const struct class pool_class, exchange_class;

static int pool_gc(lua_State *L)
{
    struct pool *p = class_test(L, 1, &pool_class);
    if (p)
        client_free(p->client);
    if (p)
        p->client = NULL;
    return 0;
}

static const struct class pool_class = {
    .name = "perilune.http.client.Pool",
    .metamethods = (const luaL_Reg[]){{"__gc", pool_gc}, {NULL, NULL}},
};

static void exchange_close(struct exchange *x)
{
    if (!x->open)
        return;
    x->open = false;
    client_response_release(&x->response);
    buf_release(&x->message);
    arena_release(&x->arena);
}

static int exchange_gc(lua_State *L)
{
    struct exchange *x = class_test(L, 1, &exchange_class);
    if (x)
        exchange_close(x);
    return 0;
}

static const struct class exchange_class = {
    .name = "perilune.http.client.Exchange",
    .metamethods = (const luaL_Reg[]){{"__gc", exchange_gc}, {NULL, NULL}},
};

static struct exchange *exchange_push(lua_State *L)
{
    struct exchange *x = class_new(L, &exchange_class, sizeof *x);
    client_response_init(&x->response);
    buf_init(&x->message);
    arena_init(&x->arena, 0);
    headers_init(&x->headers, &x->arena);
    x->open = true;
    return x;
}

/* ---- the request, a table at index 1 ---- */

static struct str text_field(lua_State *L, const char *name)
{
    struct str s = STR_NULL;
    if (lua_getfield(L, 1, name) != LUA_TNIL)
        s.p = lua_tolstring(L, -1, &s.n); /* stays in the table */
    lua_pop(L, 1);
    return s;
}

static double number_field(lua_State *L, const char *name, double fallback)
{
    double n = fallback;
    if (lua_getfield(L, 1, name) != LUA_TNIL)
        n = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return n;
}

static bool flag_field(lua_State *L, const char *name)
{
    bool yes;
    lua_getfield(L, 1, name);
    yes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
}

/* headers = { name, value, name, value … } */
static int take_headers(lua_State *L, struct headers *h, struct err *err)
{
    lua_Integer n;
    int status = 0;
    lua_getfield(L, 1, "headers");
    n = luaL_len(L, -1);
    for (lua_Integer i = 1; status == 0 && i < n; i += 2) {
        struct str name, value;
        lua_rawgeti(L, -1, i);
        lua_rawgeti(L, -2, i + 1);
        name.p = lua_tolstring(L, -2, &name.n);
        value.p = lua_tolstring(L, -1, &value.n);
        status = headers_add(h, name, value, err);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    return status;
}

static struct client_request take_request(lua_State *L, const struct headers *headers)
{
    struct client_request rq = client_request_defaults();
    rq.method = text_field(L, "method");
    rq.url = text_field(L, "url");
    rq.headers = headers;
    rq.body = text_field(L, "body");
    rq.user = text_field(L, "user").p;
    rq.password = text_field(L, "password").p;
    rq.proxy = text_field(L, "proxy").p;
    rq.ca_file = text_field(L, "ca_file").p;
    rq.timeout = number_field(L, "timeout", rq.timeout);
    rq.connect_timeout = number_field(L, "connect_timeout", rq.connect_timeout);
    rq.max_bytes = (size_t)number_field(L, "max_bytes", (double)rq.max_bytes);
    rq.redirects = (unsigned)number_field(L, "redirects", rq.redirects);
    rq.insecure = flag_field(L, "insecure");
    rq.public_only = flag_field(L, "public_only");
    return rq;
}

/* ---- the answer ---- */

/* { status =, url =, body =, headers = { name, value … } } [-0, +1, may raise] */
static int push_response(lua_State *L, struct exchange *x)
{
    const struct client_response *rs = &x->response;
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, rs->status);
    lua_setfield(L, -2, "status");
    lua_pushlstring(L, rs->url.data, rs->url.n);
    lua_setfield(L, -2, "url");
    lua_pushlstring(L, rs->body.data, rs->body.n);
    lua_setfield(L, -2, "body");
    lua_createtable(L, (int)rs->headers.n * 2, 0);
    for (unsigned i = 0; i < rs->headers.n; i++) {
        const struct header *f = &rs->headers.items[i];
        lua_pushlstring(L, f->name.p, f->name.n);
        lua_rawseti(L, -2, 2 * (lua_Integer)i + 1);
        lua_pushlstring(L, f->value.p, f->value.n);
        lua_rawseti(L, -2, 2 * (lua_Integer)i + 2);
    }
    lua_setfield(L, -2, "headers");
    exchange_close(x);
    return 1;
}

static const char *class_of(enum err_code code)
{
    switch (code) {
    case ERR_INVALID:
    case ERR_DENIED:
        return "ValueError";
    case ERR_TIMEOUT:
        return "TimeoutError";
    case ERR_TOO_LARGE:
        return "TooLargeError";
    case ERR_CANCELLED:
        return "CancelledError";
    default:
        return "ConnectionError";
    }
}

/* nil, class, URL that may be shown, reason */
static int push_failure(lua_State *L, struct exchange *x, struct str url, const struct err *e)
{
    client_url_mask(&x->message, url);
    luaL_pushfail(L);
    lua_pushstring(L, class_of(e->code));
    lua_pushlstring(L, x->message.data, x->message.n);
    lua_pushstring(L, e->msg);
    exchange_close(x);
    return 4;
}

/* send(request) -> response; or nil, name of the error's class, URL without a password,
 * reason. May wait. */
static int client_l_send(lua_State *L)
{
    struct pool *p = ((struct handle *)lua_touserdata(L, lua_upvalueindex(1)))->object;
    struct loop *l = fiber_check(L);
    struct exchange *x;
    struct client_request rq;
    struct err e;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    x = exchange_push(L);
    rq = take_request(L, &x->headers);
    if (take_headers(L, &x->headers, &e) != 0 || (!p->client && !(p->client = client_new(l, &e))) ||
        client_send(p->client, &rq, &x->response, &e) != 0)
        return push_failure(L, x, rq.url, &e);
    return push_response(L, x);
}

/* mime_type(filename) -> type, or nil */
static int client_l_mime_type(lua_State *L)
{
    struct mime m = mime_guess(scratch_arg(L, 1));
    if (!m.type.p)
        return 0;
    lua_pushlstring(L, m.type.p, m.type.n);
    return 1;
}

int luaopen_perilune__client(lua_State *L)
{
    class_register(L, &pool_class);
    class_register(L, &exchange_class);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, client_l_mime_type);
    lua_setfield(L, -2, "mime_type");
    class_new(L, &pool_class, sizeof(struct pool));
    lua_pushcclosure(L, client_l_send, 1);
    lua_setfield(L, -2, "send");
    return 1;
}
