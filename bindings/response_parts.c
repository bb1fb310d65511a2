/* SPDX-License-Identifier: MIT */
/* The parts of a response: header fields, JSON bodies, streamed bodies. */
#include "response_impl.h"

#include "class.h"
#include "error.h"
#include "host.h"

#include "base/banned.h"

static struct str check_str(lua_State *L, int arg)
{
    size_t n;
    const char *p = luaL_checklstring(L, arg, &n);
    return str_make(p, n);
}

/* ---- header fields: an object whose user value is the response's, which lives as long ---- */

static int headers_index(lua_State *L, void *self)
{
    struct response *r = self;
    struct str v;
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    v = headers_get(&r->headers, check_str(L, 2));
    if (!v.p)
        return 0;
    lua_pushlstring(L, v.p, v.n);
    return 1;
}

static int headers_newindex(lua_State *L, void *self)
{
    struct response *r = self;
    struct str name = check_str(L, 2);
    if (lua_isnil(L, 3)) {
        headers_remove(&r->headers, name);
    } else {
        size_t n;
        const char *p = luaL_tolstring(L, 3, &n);
        response_set_header(L, r, name, str_make(p, n));
    }
    return 0;
}

static const struct class headers_class;

static int headers_l_get(lua_State *L)
{
    struct response *r = class_check(L, 1, &headers_class);
    struct str v = headers_get(&r->headers, check_str(L, 2));
    lua_settop(L, 3);
    if (v.p)
        lua_pushlstring(L, v.p, v.n);
    return 1;
}

static int headers_l_has(lua_State *L)
{
    struct response *r = class_check(L, 1, &headers_class);
    lua_pushboolean(L, headers_has(&r->headers, check_str(L, 2)));
    return 1;
}

static int headers_l_setdefault(lua_State *L)
{
    struct response *r = class_check(L, 1, &headers_class);
    struct err err;
    if (headers_setdefault(&r->headers, check_str(L, 2), check_str(L, 3), &err) != 0)
        return exception_raise(L, "BadHeaderError", "%s", err.msg);
    return 0;
}

static int headers_next(lua_State *L)
{
    struct response *r = class_check(L, 1, &headers_class);
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
    .name = "perilune.http.ResponseHeaders",
    .user_values = 1,
    .methods = (const luaL_Reg[]){{"get", headers_l_get},
                                  {"has", headers_l_has},
                                  {"setdefault", headers_l_setdefault},
                                  {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__pairs", headers_pairs}, {NULL, NULL}},
    .index = headers_index,
    .newindex = headers_newindex,
};

void response_headers_register(lua_State *L)
{
    class_register(L, &headers_class);
}

int response_get_headers(lua_State *L, void *self)
{
    if (lua_getiuservalue(L, 1, RESPONSE_HEADERS) == LUA_TUSERDATA)
        return 1;
    lua_pop(L, 1);
    class_push(L, &headers_class, self);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, RESPONSE_HEADERS);
    return 1;
}

static int response_l_has_header(lua_State *L)
{
    lua_pushboolean(L, headers_has(&response_check(L, 1)->headers, check_str(L, 2)));
    return 1;
}

const luaL_Reg response_methods[] = {
    {"has_header", response_l_has_header},
    {NULL, NULL},
};

/* ---- JSON ---- */

struct response *response_from_table(lua_State *L, int idx)
{
    struct response *r;
    size_t n;
    const char *p;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.json");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "encode");
    lua_pushvalue(L, idx);
    lua_call(L, 1, 1);
    p = lua_tolstring(L, -1, &n);
    r = response_new(200);
    headers_put(&r->headers, STR("Content-Type"), STR("application/json"));
    response_set_body(r, str_make(p, n));
    lua_pop(L, 2);
    return r;
}

/* ---- streams ---- */

struct stream {
    struct host *host;
    int iterator; /* in the registry */
};

static int pull_once(lua_State *L)
{
    struct buf *out = lua_touserdata(L, 1);
    size_t n;
    const char *p;
    lua_pushvalue(L, 2);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    p = luaL_tolstring(L, -1, &n);
    buf_add(out, p, n);
    lua_pushboolean(L, 1);
    return 1;
}

static int stream_pull(void *data, struct buf *out, struct err *err)
{
    struct stream *s = data;
    lua_State *L = host_thread(s->host);
    int more;
    if (!L || !lua_checkstack(L, 8))
        return err_set(err, ERR_SCRIPT, "not enough memory");
    lua_pushcfunction(L, pull_once);
    lua_pushlightuserdata(L, out);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->iterator);
    if (script_call(L, 2, 1) != LUA_OK) {
        exception_to_err(L, -1, err);
        lua_pop(L, 1);
        return -1;
    }
    more = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return more;
}

static void stream_close(void *data)
{
    struct stream *s = data;
    if (s->host->L)
        luaL_unref(s->host->L, LUA_REGISTRYINDEX, s->iterator);
    free(s);
}

int response_l_stream(lua_State *L)
{
    struct stream *s;
    struct response *r = response_check(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    s = mem_alloc(sizeof *s);
    *s = (struct stream){host_of(L), ref};
    response_set_stream(r, (struct response_source){stream_pull, stream_close, s});
    lua_settop(L, 1);
    return 1;
}
