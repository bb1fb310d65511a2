/* SPDX-License-Identifier: MIT */
/* Responses whose body is a Lua value as JSON.  The text is written into a buffer that all
 * use one after the other; whoever writes takes it away meanwhile, since metamethods of the
 * value may raise, wait, or make a response themselves. */
#include "bindings/http/response_impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"

#include "base/banned.h"

enum {
    KEEP_MAX = 65536, /* what one large text leaves behind is given back */
    COPY_MAX = 2048,  /* larger texts become the body as they are */
};

/* Addresses: the registry's keys of the buffer at rest, and of its metatable. */
static const char buffer_key = 0, metatable_key = 0;

static int buffer_gc(lua_State *L)
{
    buf_release(lua_touserdata(L, 1));
    return 0;
}

/* An empty buffer on top of the stack, which owns it. [-0, +1, may raise] */
static struct buf *new_buffer(lua_State *L)
{
    struct buf *b = lua_newuserdatauv(L, sizeof *b, 0);
    buf_init(b);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    return b;
}

void response_json_open(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, buffer_gc);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
    new_buffer(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &buffer_key);
}

static struct buf *take_buffer(lua_State *L)
{
    struct buf *b;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &buffer_key) != LUA_TUSERDATA) {
        lua_pop(L, 1);
        return new_buffer(L);
    }
    lua_pushboolean(L, 0); /* not nil, which would free the slot */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &buffer_key);
    b = lua_touserdata(L, -1);
    buf_reset(b);
    return b;
}

/* Puts the buffer on top of the stack back. [-1, +0] */
static void give_buffer(lua_State *L)
{
    struct buf *b = lua_touserdata(L, -1);
    if (b->cap > KEEP_MAX)
        buf_release(b);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &buffer_key);
}

static void set_body(struct response *r, struct buf *b)
{
    size_t n;
    if (b->n <= COPY_MAX) {
        response_set_body(r, buf_str(b));
        return;
    }
    char *text = buf_detach(b, &n);
    response_set_owned_body(r, str_make(text, n), free, text);
}

/* [-0, +0, may raise] */
static void write_json(lua_State *L, int idx, struct buf *out, const struct json_style *style)
{
    struct err err;
    if (json_encode(L, idx, out, style, &err) != 0)
        json_raise(L, &err);
}

struct response *response_from_table(lua_State *L, int idx)
{
    struct buf *b = take_buffer(L);
    write_json(L, idx, b, &JSON_STYLE_COMPACT);
    struct response *r = response_new(200);
    headers_put(&r->headers, STR("Content-Type"), STR("application/json"));
    set_body(r, b);
    give_buffer(L);
    return r;
}

/* JsonResponse(value, options) */
int response_l_json(lua_State *L)
{
    struct response_options o = {.status = 200, .json = JSON_STYLE_COMPACT};
    luaL_checkany(L, 1);
    lua_settop(L, 2);
    response_read_options(L, 2, "JsonResponse", true, &o);
    if (o.safe && (!lua_istable(L, 1) || lua_rawlen(L, 1) > 0))
        return exception_raise(L, "TypeError",
                               "with safe = true, JsonResponse takes an object (a table with named "
                               "fields) alone, not a %s",
                               lua_istable(L, 1) ? "list" : luaL_typename(L, 1));
    struct response *r = response_push_new(L, o.status);
    response_apply_options(L, r, &o, STR("application/json"));
    struct buf *b = take_buffer(L);
    write_json(L, 1, b, &o.json);
    set_body(r, b);
    give_buffer(L);
    return 1;
}
