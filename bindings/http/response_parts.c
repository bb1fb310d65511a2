/* SPDX-License-Identifier: MIT */
/* The header fields of a response, its methods, and writing to its body. */
#include "bindings/http/response_impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/value/text_value.h"

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

static struct str value_arg(lua_State *L, int arg)
{
    return text_value(L, arg, "the value of a header field");
}

static int headers_newindex(lua_State *L, void *self)
{
    struct response *r = self;
    struct str name = check_str(L, 2);
    if (lua_isnil(L, 3))
        headers_remove(&r->headers, name);
    else
        response_set_header(L, r, name, value_arg(L, 3));
    return 0;
}

static const struct class headers_class;

/* get(name, default) */
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

static int set_default(lua_State *L, struct response *r)
{
    struct err err;
    struct str name = check_str(L, 2);
    if (headers_setdefault(&r->headers, name, value_arg(L, 3), &err) != 0)
        return exception_raise(L, "BadHeaderError", "%s", err.msg);
    return 0;
}

static int headers_l_setdefault(lua_State *L)
{
    return set_default(L, class_check(L, 1, &headers_class));
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

static int headers_len(lua_State *L)
{
    struct response *r = class_check(L, 1, &headers_class);
    lua_pushinteger(L, (lua_Integer)r->headers.n);
    return 1;
}

static const struct class headers_class = {
    .name = "perilune.http.ResponseHeaders",
    .user_values = 1,
    .methods = (const luaL_Reg[]){{"get", headers_l_get},
                                  {"has", headers_l_has},
                                  {"setdefault", headers_l_setdefault},
                                  {NULL, NULL}},
    .metamethods =
        (const luaL_Reg[]){{"__pairs", headers_pairs}, {"__len", headers_len}, {NULL, NULL}},
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

/* ---- methods ---- */

static int l_has_header(lua_State *L)
{
    lua_pushboolean(L, headers_has(&response_check(L, 1)->headers, check_str(L, 2)));
    return 1;
}

static int l_setdefault(lua_State *L)
{
    return set_default(L, response_check(L, 1));
}

/* A body that is written to has a buffer of its own, so that many small pieces cost no
 * more than one large. */
static void free_buffer(void *data)
{
    struct buf *b = data;
    buf_release(b);
    free(b);
}

static struct buf *body_buffer(struct response *r)
{
    if (r->release == free_buffer && !r->sent)
        return r->release_data;
    struct buf *b = mem_alloc(sizeof *b);
    buf_init(b);
    buf_addstr(b, r->bytes);
    response_set_owned_body(r, buf_str(b), free_buffer, b);
    return b;
}

/* write(text): adds to the content; gives the response */
static int l_write(lua_State *L)
{
    struct response *r = response_check(L, 1);
    struct str text = text_value(L, 2, "what is written to a response");
    if (r->kind != RESPONSE_BYTES)
        return exception_raise(L, "AttributeError", "a streaming response cannot be written to");
    struct buf *b = body_buffer(r);
    buf_addstr(b, text);
    r->bytes = buf_str(b);
    lua_settop(L, 1);
    return 1;
}

/* set_signed_cookie(key, value, options): Lua's, as are signatures */
static int l_set_signed_cookie(lua_State *L)
{
    response_check(L, 1);
    lua_settop(L, 4);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune._http_cookies");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "set_signed_cookie");
    lua_replace(L, -2);
    lua_insert(L, 1);
    lua_call(L, 4, 0);
    return 0;
}

const luaL_Reg response_methods[] = {
    {"delete_cookie", response_l_delete_cookie},
    {"has_header", l_has_header},
    {"set_cookie", response_l_set_cookie},
    {"set_signed_cookie", l_set_signed_cookie},
    {"setdefault", l_setdefault},
    {"write", l_write},
    {NULL, NULL},
};
