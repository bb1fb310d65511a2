/* SPDX-License-Identifier: MIT */
/* perilune._pages: views whose responses are kept, and the caches that keep them.
 *
 * What cache.page() gives is a function, so that it goes wherever a view goes.  Given to a
 * route, the engine looks for the page before it enters Lua (bindings/http/pipeline.c); called
 * by Lua, wrapped into something else, it does the same itself. */
#include "bindings/cache/page.h"

#include "bindings/cache/impl.h"
#include "bindings/http/request.h"
#include "bindings/http/response.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/keep.h"
#include "bindings/value/time_values.h"

#include "app/app.h"
#include "base/banned.h"
#include "base/mem.h"
#include "pipeline/middleware.h"
#include "pipeline/pipeline.h"
#include "settings/settings.h"

#include <math.h>

static const struct class pages_class = {.name = "perilune.cache.Pages"};

/* ---- the caches ---- */

struct key_call {
    const struct lua_cache *cache;
    struct str key;
    struct buf *out;
};

/* key_function(key, prefix, version) */
static int call_key_function(lua_State *L)
{
    struct key_call *k = lua_touserdata(L, 1);
    struct str key;
    lua_rawgeti(L, LUA_REGISTRYINDEX, k->cache->key_ref);
    lua_pushlstring(L, k->key.p, k->key.n);
    lua_pushstring(L, k->cache->prefix);
    lua_pushinteger(L, k->cache->version);
    lua_call(L, 3, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
        return exception_raise(L, "TypeError", "key_function of cache '%s' gave a %s, not a string",
                               k->cache->alias, luaL_typename(L, -1));
    key.p = lua_tolstring(L, -1, &key.n);
    buf_addstr(k->out, key);
    return 0;
}

static int make_key(void *data, struct str key, struct buf *out, struct err *err)
{
    const struct lua_cache *c = data;
    lua_State *L = host_thread(c->host);
    struct key_call call = {c, key, out};
    if (!L || !lua_checkstack(L, 8))
        return err_set(err, ERR_SCRIPT, "not enough memory");
    lua_pushcfunction(L, call_key_function);
    lua_pushlightuserdata(L, &call);
    if (script_call(L, 1, 0) != LUA_OK) {
        exception_to_line(L, -1, err);
        lua_pop(L, 1);
        return -1;
    }
    return 0;
}

static bool forgive(void *data, const struct err *err)
{
    return cache_forgive(data, err);
}

/* The cache behind a table of perilune.cache. [-0, +0] */
static struct lua_cache *cache_of(lua_State *L, int idx)
{
    struct handle *h = NULL;
    lua_pushliteral(L, "get");
    if (lua_rawget(L, idx) == LUA_TFUNCTION && lua_getupvalue(L, -1, UP_HANDLE)) {
        h = lua_touserdata(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return h ? h->object : NULL;
}

struct find_place {
    struct str alias;
    const struct page_place *place;
};

/* require("perilune.cache").caches[alias] */
static int find_place(lua_State *L)
{
    struct find_place *f = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.cache");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "caches");
    lua_pushlstring(L, f->alias.p, f->alias.n);
    lua_gettable(L, -2);
    lua_getfield(L, -1, "get"); /* the default cache opens at the first look */
    lua_pop(L, 1);
    struct lua_cache *c = cache_of(L, lua_gettop(L));
    if (!c)
        return exception_raise(L, "ImproperlyConfigured", "the cache '%s' cannot keep pages",
                               f->alias.p);
    if (c->key_function && !c->key_ref) {
        lua_getfield(L, -1, "get");
        lua_getupvalue(L, -1, UP_KEY_FUNCTION);
        c->key_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    c->place = (struct page_place){
        .cache = c->cache,
        .flights = cache_flights(c),
        .base = buf_str(&c->base),
        .compress = c->compress,
        .make_key = c->key_function ? make_key : NULL,
        .forgive = forgive,
        .data = c,
    };
    f->place = &c->place;
    return 0;
}

static const struct page_place *place(void *data, struct str alias, struct err *err)
{
    lua_State *L = host_thread(data);
    struct find_place f = {.alias = alias};
    if (!L || !lua_checkstack(L, 8)) {
        err_set(err, ERR_SCRIPT, "not enough memory");
        return NULL;
    }
    lua_pushcfunction(L, find_place);
    lua_pushlightuserdata(L, &f);
    if (script_call(L, 1, 0) != LUA_OK) {
        exception_to_line(L, -1, err);
        lua_pop(L, 1);
        return NULL;
    }
    return f.place;
}

/* ---- language and time zone ---- */

static char language_key; /* its address, for "LANGUAGE_CODE" in the registry */

/* The field LANGUAGE_CODE that a middleware attached. Allocates nothing, so that it cannot
 * raise. */
static void read_language(lua_State *L, struct request *r, struct str *language)
{
    int top = lua_gettop(L);
    request_push(L, r);
    if (lua_getiuservalue(L, -1, 1) == LUA_TTABLE) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &language_key);
        if (lua_rawget(L, -2) == LUA_TSTRING) {
            struct str text;
            text.p = lua_tolstring(L, -1, &text.n);
            *language = arena_str(r->arena, text);
        }
    }
    lua_settop(L, top);
}

static void locale(void *data, struct request *r, struct str *language, struct str *zone)
{
    lua_State *L = host_thread(data);
    if (!L || !lua_checkstack(L, 16))
        return;
    if (r->script)
        read_language(L, r, language);
    struct tz tz = time_active_zone(L);
    if (tz.kind == TZ_NONE)
        return;
    struct buf name = BUF_INIT;
    tz_add_name(&name, tz);
    *zone = arena_str(r->arena, buf_str(&name));
    buf_release(&name);
}

const struct page_host *page_host_of(struct host *h)
{
    if (!h->pages) {
        struct page_host *p = arena_alloc(&h->arena, sizeof *p);
        *p = (struct page_host){place, locale, h};
        h->pages = p;
    }
    return h->pages;
}

/* ---- views ---- */

struct call {
    struct response *response;
};

/* call, view, request, … */
static int step_view(lua_State *L)
{
    struct call *c = lua_touserdata(L, 1);
    lua_call(L, lua_gettop(L) - 2, 1);
    c->response = response_from_value(L, -1, NULL, "a view in cache.page");
    return 0;
}

/* Raises what stands in the request; another exception may have been there before. */
static int raise_again(lua_State *L, struct request *r, struct exception before)
{
    struct exception e = r->exception;
    r->exception = before;
    if (e.from_script) /* its object is gone; text and class are left */
        return exception_raise(L, "Error", "%s", e.message);
    return exception_raise(L, e.name, "%s", e.message);
}

static int push_response(lua_State *L, struct response *response)
{
    struct memory *m = &host_of(L)->memory;
    size_t limit = m->limit;
    m->limit = SIZE_MAX; /* what is held here must not be lost for the lack of a small object */
    response_push(L, NULL, response);
    m->limit = limit;
    response_unref(response);
    return 1;
}

/* view(request, …); upvalues: handle, the view inside */
static int page_l_view(lua_State *L)
{
    const struct handle *h = lua_touserdata(L, lua_upvalueindex(1));
    struct request *r = request_check(L, 1);
    struct exception before = r->exception;
    struct page_visit *visit;
    struct call c = {NULL};
    r->exception.kind = EXCEPTION_NONE;
    struct response *page = pages_open(h->object, r, &visit);
    if (page) {
        r->exception = before;
        return push_response(L, page);
    }
    if (r->exception.kind != EXCEPTION_NONE)
        return raise_again(L, r, before);
    r->exception = before;
    luaL_checkstack(L, 8, NULL);
    lua_pushcfunction(L, step_view);
    lua_insert(L, 1);
    lua_pushlightuserdata(L, &c);
    lua_insert(L, 2);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 3);
    if (script_call(L, lua_gettop(L) - 1, 0) != LUA_OK) {
        pages_close(visit, NULL);
        return lua_error(L);
    }
    pages_close(visit, c.response);
    return c.response ? push_response(L, c.response) : 0;
}

struct pages *page_unwrap(lua_State *L, int idx)
{
    if (lua_tocfunction(L, idx) != page_l_view)
        return NULL;
    lua_getupvalue(L, idx, 1);
    const struct handle *h = lua_touserdata(L, -1);
    lua_pop(L, 1); /* stays in the function */
    lua_getupvalue(L, idx, 2);
    return h->object;
}

/* ---- making them ---- */

static void drop(void *object)
{
    pages_free(object);
}

static struct middleware_env environment(lua_State *L, const char *what)
{
    struct host *h = host_of(L);
    if (!h->settings)
        exception_raise(L, "ImproperlyConfigured", "%s needs the settings of a project", what);
    return (struct middleware_env){
        .settings = h->settings,
        .log = h->log,
        .pages = page_host_of(h),
        .debug = settings_bool(h->settings, SETTING_debug),
    };
}

static struct str text_field(lua_State *L, int idx, const char *name)
{
    struct str s = STR_NULL;
    if (lua_getfield(L, idx, name) == LUA_TSTRING)
        s.p = lua_tolstring(L, -1, &s.n);
    lua_pop(L, 1); /* stays in the table */
    return s;
}

static int64_t seconds_field(lua_State *L, int idx, const char *name, int64_t otherwise)
{
    double s;
    if (lua_getfield(L, idx, name) == LUA_TNIL) {
        lua_pop(L, 1);
        return otherwise;
    }
    s = ceil(lua_tonumber(L, -1));
    lua_pop(L, 1);
    return s >= 9e9 ? PAGES_TIMEOUT_FOREVER : (int64_t)s;
}

/* A handle for new pages with what the table at idx says: timeout cache key_prefix vary stale
 * wait; all checked. [-0, +1, may raise] */
static struct pages *push_pages(lua_State *L, int idx, const char *what)
{
    struct middleware_env env = environment(L, what);
    struct pages_options o = {
        .timeout = seconds_field(L, idx, "timeout", PAGES_TIMEOUT_NONE),
        .alias = text_field(L, idx, "cache"),
        .prefix = text_field(L, idx, "key_prefix"),
        .stale = seconds_field(L, idx, "stale", 0),
    };
    lua_getfield(L, idx, "wait");
    o.wait = lua_tonumber(L, -1);
    lua_pop(L, 1);
    struct str *vary = NULL;
    if (lua_getfield(L, idx, "vary") == LUA_TTABLE) {
        o.nvary = lua_rawlen(L, -1);
        vary = lua_newuserdatauv(L, (o.nvary + 1) * sizeof *vary, 0);
        for (size_t i = 0; i < o.nvary; i++) {
            lua_rawgeti(L, -2, (lua_Integer)i + 1);
            vary[i].p = luaL_checklstring(L, -1, &vary[i].n);
            lua_pop(L, 1);
        }
        lua_remove(L, -2);
    }
    o.vary = vary; /* on the stack, its names in the table */
    struct handle *h = class_push(L, &pages_class, NULL);
    struct keep_slot *slot = keep_reserve(L);
    struct pages *p = pages_new(&env, &o);
    *slot = (struct keep_slot){.object = p, .drop = drop};
    h->object = p;
    lua_remove(L, -2);
    return p;
}

/* wrap(options, view) -> view */
static int page_l_wrap(lua_State *L)
{
    lua_settop(L, 2);
    push_pages(L, 1, "cache.page");
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, page_l_view, 2);
    return 1;
}

/* ---- keys ---- */

static int push_key(lua_State *L, struct request *r, struct exception before, int status,
                    struct buf *key, const struct err *err)
{
    if (status < 0) {
        buf_release(key);
        if (r->exception.kind != EXCEPTION_NONE)
            return raise_again(L, r, before);
        return exception_raise_err(L, err);
    }
    struct str s = arena_str(r->arena, buf_str(key)); /* nothing is held when Lua raises */
    buf_release(key);
    r->exception = before;
    if (status == 0)
        return 0;
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

/* key(options, request, method) -> the key of its page, or nil */
static int page_l_key(lua_State *L)
{
    struct request *r = request_check(L, 2);
    struct exception before = r->exception;
    struct buf key = BUF_INIT;
    struct err err;
    struct str method = STR("GET");
    if (!lua_isnoneornil(L, 3))
        method.p = luaL_checklstring(L, 3, &method.n);
    lua_settop(L, 3);
    struct pages *p = push_pages(L, 1, "get_cache_key");
    r->exception.kind = EXCEPTION_NONE;
    int status = pages_key(p, r, method, &key, &err);
    return push_key(L, r, before, status, &key, &err);
}

/* learn(options, request, response) -> the key; `timeout` of the options is needed */
static int page_l_learn(lua_State *L)
{
    struct request *r = request_check(L, 2);
    const struct response *response = response_check(L, 3);
    struct exception before = r->exception;
    struct buf key = BUF_INIT;
    struct err err;
    lua_settop(L, 3);
    struct pages *p = push_pages(L, 1, "learn_cache_key");
    r->exception.kind = EXCEPTION_NONE;
    int status = pages_learn(p, r, response, seconds_field(L, 1, "timeout", 0), &key, &err);
    return push_key(L, r, before, status, &key, &err);
}

int luaopen_perilune__pages(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"wrap", page_l_wrap},
        {"key", page_l_key},
        {"learn", page_l_learn},
        {NULL, NULL},
    };
    class_register(L, &pages_class);
    lua_pushliteral(L, "LANGUAGE_CODE");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &language_key);
    luaL_newlib(L, functions);
    return 1;
}
