/* SPDX-License-Identifier: MIT */
/* The onion's Lua layers.  One protected call per entry: everything that may raise
 * happens inside of it, and what comes out is a response or r->exception. */
#include "bindings/http/pipeline.h"

#include "bindings/cache/page.h"
#include "bindings/http/request.h"
#include "bindings/http/response.h"
#include "bindings/http/urls.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/inspect.h"

#include "app/app.h"
#include "base/banned.h"
#include "base/log.h"
#include "fiber/fiber.h"

#include <lauxlib.h>
#include <stdint.h>

struct lua_view {
    struct view view; /* first */
    struct host *host;
    int function;
    int nparams;         /* arguments that the function declares: those it does not are not made */
    struct pages *pages; /* of a view in cache.page(): `inner` makes what they do not have */
    struct view *inner;
};

/* What a middleware factory made: a function, or an object with methods. */
struct lua_layer {
    struct middleware_ops ops; /* first; its own, for the hooks that are there */
    struct host *host;
    int call;   /* the function, or object.call */
    int object; /* LUA_NOREF for a function */
    int view_hook, exception_hook, template_hook;
};

/* One entry into Lua; passed by address. */
struct entry {
    struct request *request;
    struct response *response; /* in and out */
    const struct view *view;
    const char *what, *who; /* "view", "shop.views.detail" */
    int function, object;
    int nargs;        /* of a view: 0 to 2 */
    bool no_response; /* the view returned, but nothing */
};

/* Running time for hooks, error page and outer layers of a request that has used up its
 * own. Less than what the master waits before it takes a worker for hung. */
#define GRACE_SECONDS 0.2

/* Runs `step` with the entry under the handler; NULL with r->exception on failure. */
static struct response *enter(struct host *h, lua_CFunction step, struct entry *e)
{
    lua_State *L = host_thread(h);
    if (!L || !lua_checkstack(L, 8))
        return request_raise(e->request, EXCEPTION_ERROR, "Error", "not enough memory");
    /* script_call() by hand: this is the way into every view */
    lua_pushcfunction(L, exception_handler);
    lua_pushcfunction(L, step);
    lua_pushlightuserdata(L, e);
    if (lua_pcall(L, 1, 0, -3) != LUA_OK) {
        response_unref(e->response);
        e->response = NULL;
        thread_hold(h);
        request_exception_from_lua(L, e->request, &(struct origin){e->what, e->who, e->function});
        thread_release(h);
        thread_grace(h, GRACE_SECONDS);
    }
    lua_pop(L, 1);
    return e->response;
}

/* Pushes function and, for an object, self. [-0, +1|2] */
static int push_callee(lua_State *L, const struct entry *e)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->function);
    if (e->object == LUA_NOREF)
        return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->object);
    return 1;
}

/* Raises about what was called, "shop.views.detail (shop/views.lua:12)", and the value on
 * top that it gave. */
static int raise_about(lua_State *L, const struct entry *e, const char *class, const char *fmt)
{
    const char *given =
        lua_isboolean(L, -1) && !lua_toboolean(L, -1) ? "false" : luaL_typename(L, -1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->function);
    const char *place = inspect_defined(L, -1);
    bool library = str_starts(str_from(e->who), STR("perilune/")); /* a wrapper's place */
    const char *who = strcmp(e->who, place) == 0 || !place[0] ? e->who
                      : library                               ? place
                                : lua_pushfstring(L, "%s (%s)", e->who, place);
    exception_push(L, class, lua_pushfstring(L, fmt, who, given));
    if (place[0]) {
        lua_pushfstring(L, "%s: ", place);
        lua_setfield(L, -2, "where");
    }
    return lua_error(L);
}

/* The result on top as the entry's response. */
static void take(lua_State *L, struct entry *e)
{
    int type = lua_type(L, -1);
    if (type == LUA_TNUMBER || type == LUA_TFUNCTION || type == LUA_TTHREAD ||
        (type == LUA_TBOOLEAN && lua_toboolean(L, -1)))
        raise_about(L, e, "TypeError",
                    "%s gave a %s; a response, a string (HTML) or a table (JSON) is wanted");
    /* The object is for Lua layers further out. */
    struct request *r = host_of(L)->lua_layers ? e->request : NULL;
    e->response = response_from_value(L, -1, r, e->who);
}

/* ---- views ---- */

static int step_view(lua_State *L)
{
    struct entry *e = lua_touserdata(L, 1);
    int around = host_of(L)->around_views;
    if (around)
        lua_rawgeti(L, LUA_REGISTRYINDEX, around);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->function);
    if (e->nargs > 0)
        request_push(L, e->request);
    if (e->nargs > 1)
        urls_push_params(L, e->request->match);
    lua_call(L, e->nargs + (around != 0), 1);
    take(L, e);
    if (!e->response) {
        e->no_response = true;
        return raise_about(L, e, "ValueError",
                           "the view %s didn't return a response. It returned %s instead.");
    }
    return 0;
}

static struct response *call_view(const struct view *v, struct request *r)
{
    const struct lua_view *lv = (const struct lua_view *)v;
    struct entry e = {.request = r,
                      .what = "view",
                      .who = v->name,
                      .function = lv->function,
                      .nargs = lv->nparams};
    if (!enter(lv->host, step_view, &e))
        r->exception.final = e.no_response;
    return e.response;
}

/* A page that is there is sent without entering Lua. */
static struct response *call_page_view(const struct view *v, struct request *r)
{
    const struct lua_view *lv = (const struct lua_view *)v;
    return pages_view(lv->pages, lv->inner, r);
}

/* Arguments that the function on top may look at, at most 2; pops it. [-1, +0] */
static int declared_params(lua_State *L)
{
    lua_Debug ar;
    if (!lua_isfunction(L, -1)) { /* an object with __call */
        lua_pop(L, 1);
        return 2;
    }
    lua_getinfo(L, ">u", &ar);
    return ar.isvararg || ar.nparams > 2 ? 2 : ar.nparams;
}

struct view *lua_view_new(lua_State *L, int idx, const char *name)
{
    struct host *h = host_of(L);
    struct lua_view *v = arena_zalloc(&h->arena, sizeof *v);
    v->view.call = call_view;
    v->view.name = arena_strdup(&h->arena, name);
    v->host = h;
    lua_pushvalue(L, idx);
    v->nparams = declared_params(L);
    lua_pushvalue(L, idx);
    v->function = luaL_ref(L, LUA_REGISTRYINDEX);
    v->pages = page_unwrap(L, idx);
    if (v->pages) {
        v->view.call = call_page_view;
        v->inner = lua_view_new(L, lua_gettop(L), name);
        lua_pop(L, 1);
    }
    return &v->view;
}

void lua_view_push(lua_State *L, const struct view *v)
{
    if (v->call == call_view || v->call == call_page_view)
        lua_rawgeti(L, LUA_REGISTRYINDEX, ((const struct lua_view *)v)->function);
    else
        lua_pushnil(L);
}

/* ---- layers ---- */

static int step_call(lua_State *L)
{
    struct entry *e = lua_touserdata(L, 1);
    int self = push_callee(L, e);
    request_push(L, e->request);
    lua_call(L, 1 + self, 1);
    take(L, e);
    if (!e->response)
        return raise_about(L, e, "ValueError",
                           "middleware %s returned %s; it must return a response (the one of "
                           "get_response(request), or its own)");
    return 0;
}

static struct response *layer_call(void *self, struct request *r, const struct layer *next)
{
    struct lua_layer *l = self;
    struct entry e = {.request = r,
                      .what = "middleware",
                      .who = l->ops.name,
                      .function = l->call,
                      .object = l->object};
    (void)next; /* get_response has it as an upvalue */
    return enter(l->host, step_call, &e);
}

static int step_view_hook(lua_State *L)
{
    struct entry *e = lua_touserdata(L, 1);
    int self = push_callee(L, e);
    request_push(L, e->request);
    lua_view_push(L, e->view);
    urls_push_params(L, e->request->match);
    lua_call(L, 3 + self, 1);
    take(L, e);
    return 0;
}

static struct response *layer_view(void *self, struct request *r, const struct view *view)
{
    struct lua_layer *l = self;
    struct entry e = {.request = r,
                      .view = view,
                      .what = "process_view of",
                      .who = l->ops.name,
                      .function = l->view_hook,
                      .object = l->object};
    return enter(l->host, step_view_hook, &e);
}

static int step_exception_hook(lua_State *L)
{
    struct entry *e = lua_touserdata(L, 1);
    int self = push_callee(L, e);
    request_push(L, e->request);
    request_exception_push(L, e->request);
    lua_call(L, 2 + self, 1);
    take(L, e);
    return 0;
}

static struct response *layer_exception(void *self, struct request *r)
{
    struct lua_layer *l = self;
    struct entry e = {.request = r,
                      .what = "process_exception of",
                      .who = l->ops.name,
                      .function = l->exception_hook,
                      .object = l->object};
    return enter(l->host, step_exception_hook, &e);
}

static int step_template_hook(lua_State *L)
{
    struct entry *e = lua_touserdata(L, 1);
    int self = push_callee(L, e);
    request_push(L, e->request);
    response_push(L, e->request, e->response);
    lua_call(L, 2 + self, 1);
    struct response *given = e->response;
    e->response = NULL;
    response_unref(given); /* its object on the stack keeps it */
    take(L, e);
    if (!e->response)
        return raise_about(
            L, e, "ValueError",
            "process_template_response of %s returned %s; it must return a response");
    return 0;
}

static struct response *layer_template(void *self, struct request *r, struct response *response)
{
    struct lua_layer *l = self;
    struct entry e = {.request = r,
                      .response = response,
                      .what = "process_template_response of",
                      .who = l->ops.name,
                      .function = l->template_hook,
                      .object = l->object};
    return enter(l->host, step_template_hook, &e);
}

/* get_response(request) -> response; upvalue: the rest of the chain */
static int get_response(lua_State *L)
{
    const struct layer *next = lua_touserdata(L, lua_upvalueindex(1));
    struct request *r = request_check(L, 1);
    struct response *response = middleware_next(next, r);
    struct memory *m = &host_of(L)->memory;
    size_t limit = m->limit;
    m->limit = SIZE_MAX; /* what is held here must not be lost for the lack of a small object */
    response_push(L, r, response);
    m->limit = limit;
    response_unref(response);
    request_push(L, r);
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, REQUEST_RESPONSE);
    lua_pop(L, 1);
    return 1;
}

static int hook(lua_State *L, const char *name)
{
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        return LUA_NOREF;
    }
    if (!lua_isfunction(L, -1))
        exception_raise(L, "ImproperlyConfigured", "its '%s' must be a function, not a %s", name,
                        luaL_typename(L, -1));
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* wrap(name, factory, settings): may raise what the factory raises */
static int pipeline_l_wrap(lua_State *L)
{
    struct host *h = host_of(L);
    struct pipeline *p = h->app->pipeline;
    struct lua_layer *l;
    h->lua_layers = true;
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    lua_pushlightuserdata(L, (void *)pipeline_inner(p));
    lua_pushcclosure(L, get_response, 1);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 1);
    if (!lua_isfunction(L, -1) && !lua_istable(L, -1) && !luaL_getmetafield(L, -1, "__call"))
        return exception_raise(L, "ImproperlyConfigured",
                               "its factory returned %s; it must return a function(request) or an "
                               "object with a call method",
                               luaL_typename(L, -1));
    lua_settop(L, 4);
    l = arena_zalloc(&h->arena, sizeof *l);
    l->host = h;
    l->object = LUA_NOREF;
    l->ops = (struct middleware_ops){.name = arena_strdup(&h->arena, name), .call = layer_call};
    if (lua_istable(L, 4)) {
        l->view_hook = hook(L, "process_view");
        l->exception_hook = hook(L, "process_exception");
        l->template_hook = hook(L, "process_template_response");
        l->call = hook(L, "call");
        if (l->call == LUA_NOREF)
            return exception_raise(L, "ImproperlyConfigured",
                                   "the table that its factory returned has no 'call' method");
        if (l->view_hook != LUA_NOREF)
            l->ops.process_view = layer_view;
        if (l->exception_hook != LUA_NOREF)
            l->ops.process_exception = layer_exception;
        if (l->template_hook != LUA_NOREF)
            l->ops.process_template_response = layer_template;
        l->object = luaL_ref(L, LUA_REGISTRYINDEX);
    } else {
        l->call = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    pipeline_wrap_open(p, &l->ops, l);
    return 0;
}

/* wrap_builtin(name) -> true; false when it took itself out; nil when there is none */
static int pipeline_l_wrap_builtin(lua_State *L)
{
    struct host *h = host_of(L);
    const struct middleware_env *env = pipeline_env(h->app->pipeline);
    const struct middleware_ops *ops = middleware_find(env, str_from(luaL_checkstring(L, 1)));
    struct err err;
    if (!ops)
        return 0;
    if (pipeline_wrap(h->app->pipeline, ops, &err) != 0) {
        if (err.code != ERR_NOT_USED)
            return exception_raise_err(L, &err);
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* builtins() -> list of names, those of C modules among them */
static int pipeline_l_builtins(lua_State *L)
{
    const struct middleware_ops *const *registered =
        pipeline_env(host_of(L)->app->pipeline)->registered;
    lua_Integer n = 0;
    lua_newtable(L);
    for (int i = 0; middleware_builtins[i]; i++) {
        lua_pushstring(L, middleware_builtins[i]->name);
        lua_rawseti(L, -2, ++n);
    }
    for (; registered && *registered; registered++) {
        lua_pushstring(L, (*registered)->name);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* chain() -> names of the layers that run, outermost first */
static int pipeline_l_chain(lua_State *L)
{
    const struct pipeline *p = host_of(L)->app->pipeline;
    size_t n = pipeline_names(p, NULL, 0);
    const char **names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0);
    pipeline_names(p, names, n);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- template responses ---- */

static int step_render(lua_State *L)
{
    struct entry *e = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.template.response");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "_render");
    response_push(L, e->request, e->response);
    lua_call(L, 1, 0);
    return 0;
}

int lua_render_response(struct response *response, void *data, struct err *err)
{
    struct host *h = data;
    struct fiber *f = fiber_self(h->loop);
    struct request *r = f ? *fiber_slot(f, FIBER_REQUEST) : NULL;
    struct entry e = {.request = r, .response = response, .what = "the response of"};
    if (!r)
        return err_set(err, ERR_SCRIPT, "a template response is rendered in a request");
    e.who = ((const struct view *)r->match->view)->name;
    response_ref(response);
    if (!enter(h, step_render, &e))
        return err_set(err, ERR_SCRIPT, "%s", r->exception.message);
    response_unref(response);
    return 0;
}

/* ---- error pages ---- */

static int step_error(lua_State *L)
{
    struct entry *e = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune._errors");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "response");
    request_push(L, e->request);
    lua_pushinteger(L, e->object); /* the status */
    request_exception_push(L, e->request);
    lua_call(L, 3, 1);
    take(L, e);
    return 0;
}

static struct response *error_page(void *data, struct request *r, int status)
{
    char who[32];
    struct entry e = {.request = r, .what = "error handler", .who = who, .object = status};
    snprintf(who, sizeof who, "handler%d", status);
    thread_grace(data, GRACE_SECONDS);
    enter(data, step_error, &e);
    if (e.response && e.response->status == 200) /* a string, or a response without one */
        e.response->status = status;
    return e.response;
}

static int step_load_page(lua_State *L)
{
    struct entry *e = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune._errors");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "load_page");
    request_push(L, e->request);
    lua_pushstring(L, e->who);
    lua_call(L, 2, 1);
    take(L, e);
    return 0;
}

struct response *lua_load_page(struct host *h, struct request *r, const char *why)
{
    struct entry e = {.request = r, .what = "page", .who = why};
    return enter(h, step_load_page, &e);
}

/* match(request) -> what the resolver found, as urls.resolve() gives it, or nil */
static int pipeline_l_match(lua_State *L)
{
    urls_push_match(L, request_check(L, 1)->match);
    return 1;
}

struct pipeline_host lua_pipeline_host(struct host *h)
{
    return (struct pipeline_host){.error = error_page, .data = h};
}

/* around_views(fn | nil): fn(view, request, params) calls every view from now on */
static int pipeline_l_around_views(lua_State *L)
{
    struct host *h = host_of(L);
    lua_settop(L, 1);
    if (h->around_views)
        luaL_unref(L, LUA_REGISTRYINDEX, h->around_views);
    h->around_views = 0;
    if (!lua_isnil(L, 1))
        h->around_views = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* renew(): an empty chain without routes, for perilune._project to fill again */
static int pipeline_l_renew(lua_State *L)
{
    struct host *h = host_of(L);
    host_prepare(h, h->app);
    return 0;
}

static const luaL_Reg functions[] = {
    {"renew", pipeline_l_renew},       {"around_views", pipeline_l_around_views},
    {"wrap", pipeline_l_wrap},         {"wrap_builtin", pipeline_l_wrap_builtin},
    {"builtins", pipeline_l_builtins}, {"chain", pipeline_l_chain},
    {"match", pipeline_l_match},       {NULL, NULL},
};

int luaopen_perilune__pipeline(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
