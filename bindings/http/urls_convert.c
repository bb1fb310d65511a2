/* SPDX-License-Identifier: MIT */
/* Converters written in Lua. A ValueError means that the value does not fit; any other
 * error ends the resolving and reaches the caller as it is. */
#include "bindings/http/urls_impl.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "bindings/http/request.h"

#include "base/banned.h"

#include <lauxlib.h>

static const char call_mark; /* its address tells a struct urls_call from a request */

struct lua_converter { /* in the host's arena: trees are few and stay */
    struct host *host;
    int to_value, to_url; /* registry references */
};

struct held { /* a converted value, until the arena of the match goes */
    struct host *host;
    int ref;
};

void urls_call_init(lua_State *L, struct urls_call *c)
{
    *c = (struct urls_call){.L = L, .error = LUA_NOREF};
    arena_init(&c->arena, 0);
    c->request.arena = &c->arena;
    c->request.app = (void *)&call_mark;
}

static bool is_call(const struct request *r)
{
    return r && r->app == &call_mark;
}

void urls_call_end(lua_State *L, struct urls_call *c, bool failed, const struct err *err)
{
    int ref = c->error;
    arena_release(&c->arena);
    if (!failed)
        return;
    if (ref == LUA_NOREF) {
        exception_raise_err(L, err);
        return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    luaL_unref(L, LUA_REGISTRYINDEX, ref);
    lua_error(L);
}

/* The thread to run a converter on: the caller's own, or that of the request's fiber. */
static lua_State *thread_of(const struct lua_converter *c, struct request *r, struct err *err)
{
    lua_State *L = is_call(r) ? ((struct urls_call *)r)->L : host_thread(c->host);
    if (L && lua_checkstack(L, 10))
        return L;
    err_set(err, ERR_SCRIPT, "not enough memory for a URL converter");
    return NULL;
}

/* ---- failing ---- */

static int keep_error(lua_State *L)
{
    struct urls_call *c = lua_touserdata(L, 1);
    lua_settop(L, 2);
    c->error = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* The error object on top: 0 for a ValueError, else -1 with the object handed on. [-1, +0] */
static int failed(lua_State *L, struct request *r, struct err *err)
{
    if (exception_is(L, -1, "ValueError")) {
        lua_pop(L, 1);
        return 0;
    }
    exception_to_err(L, -1, err ? err : &(struct err){.code = ERR_OK});
    if (is_call(r)) {
        lua_pushcfunction(L, keep_error);
        lua_insert(L, -2);
        lua_pushlightuserdata(L, r);
        lua_insert(L, -2);
        if (lua_pcall(L, 2, 0, 0) != LUA_OK)
            lua_pop(L, 1);
    } else if (r) {
        request_exception_from_lua(L, r, NULL);
    } else {
        lua_pop(L, 1);
    }
    return -1;
}

/* ---- to_value ---- */

struct conversion { /* passed by address into the protected call */
    const struct lua_converter *converter;
    struct str text;
    struct request *request; /* NULL: nobody wants the value */
    struct url_value *out;
    bool fits;
};

static void let_go(void *data)
{
    struct held *h = data;
    if (h->host->L)
        luaL_unref(h->host->L, LUA_REGISTRYINDEX, h->ref);
}

static int step_to_value(lua_State *L)
{
    struct conversion *c = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->converter->to_value);
    lua_pushlstring(L, c->text.p, c->text.n);
    lua_call(L, 1, 1);
    c->fits = !lua_isnil(L, -1);
    if (!c->fits || !c->request)
        return 0;
    struct held *h = arena_alloc(c->request->arena, sizeof *h);
    *h = (struct held){c->converter->host, luaL_ref(L, LUA_REGISTRYINDEX)};
    arena_defer(c->request->arena, let_go, h);
    c->out->integer = h->ref;
    return 0;
}

static int to_value(void *data, void *ctx, struct str text, struct url_value *out, struct err *err)
{
    const struct lua_converter *converter = data;
    struct conversion c = {converter, text, ctx, out, false};
    lua_State *L = thread_of(converter, ctx, err);
    if (!L)
        return -1;
    lua_pushcfunction(L, step_to_value);
    lua_pushlightuserdata(L, &c);
    return script_call(L, 1, 0) == LUA_OK ? c.fits : failed(L, ctx, err);
}

/* ---- to_url ---- */

struct writing {
    const struct lua_converter *converter;
    struct str text; /* of a value that is not on this stack; else p NULL */
    struct buf *out;
    bool fits;
};

/* (writing, value) */
static int step_to_url(lua_State *L)
{
    struct writing *w = lua_touserdata(L, 1);
    size_t n;
    lua_rawgeti(L, LUA_REGISTRYINDEX, w->converter->to_url);
    if (w->text.p)
        lua_pushlstring(L, w->text.p, w->text.n);
    else
        lua_pushvalue(L, 2);
    lua_call(L, 1, 1);
    w->fits = !lua_isnil(L, -1);
    if (!w->fits)
        return 0;
    if (!lua_isstring(L, -1))
        return exception_raise(L, "TypeError",
                               "to_url of a URL converter returned a %s; it must return a string",
                               luaL_typename(L, -1));
    const char *text = lua_tolstring(L, -1, &n);
    buf_add(w->out, text, n);
    return 0;
}

static int to_url(void *data, void *ctx, const struct url_value *v, struct buf *out,
                  struct err *err)
{
    const struct lua_converter *converter = data;
    bool here = is_call(ctx);
    struct writing w = {converter, here ? STR_NULL : v->text, out, false};
    lua_State *L = thread_of(converter, ctx, err);
    if (!L)
        return -1;
    lua_pushcfunction(L, step_to_url);
    lua_pushlightuserdata(L, &w);
    if (here)
        lua_pushvalue(L, (int)v->integer);
    else
        lua_pushnil(L);
    return script_call(L, 2, 0) == LUA_OK ? w.fits : failed(L, ctx, err);
}

/* ---- registering ---- */

int urls_l_converter(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    struct err err;
    size_t name_size, regex_size;
    const char *name = luaL_checklstring(L, 2, &name_size);
    const char *regex = luaL_checklstring(L, 3, &regex_size);
    struct lua_converter *c = arena_zalloc(&u->host->arena, sizeof *c);
    c->host = u->host;
    lua_pushvalue(L, 4);
    c->to_value = urls_hold(L, u);
    lua_pushvalue(L, 5);
    c->to_url = urls_hold(L, u);
    struct url_converter converter = {.name = str_make(name, name_size),
                                      .regex = str_make(regex, regex_size),
                                      .to_value = to_value,
                                      .to_url = to_url,
                                      .data = c};
    if (url_tree_converter(u->tree, &converter, &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}
