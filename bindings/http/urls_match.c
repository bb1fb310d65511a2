/* SPDX-License-Identifier: MIT */
/* Matches as Lua tables. */
#include "bindings/http/pipeline.h"
#include "bindings/http/urls_impl.h"
#include "bindings/lua/error.h"

#include "base/banned.h"

#include <lauxlib.h>

static void push_str(lua_State *L, struct str s)
{
    if (s.p)
        lua_pushlstring(L, s.p, s.n);
    else
        lua_pushnil(L);
}

/* ---- parameters ---- */

static void push_value(lua_State *L, const struct url_value *v)
{
    if (v->kind == URL_INT)
        lua_pushinteger(L, v->integer);
    else if (v->kind == URL_CUSTOM || v->kind == URL_EXTRA)
        lua_rawgeti(L, LUA_REGISTRYINDEX, v->integer);
    else
        push_str(L, v->text);
}

enum { WITH_NAMED = 1, WITH_UNNAMED = 2 };

static void push_params(lua_State *L, const struct url_match *m, int which)
{
    lua_Integer number = 0;
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, m ? (int)m->n_params : 0);
    for (unsigned i = 0; m && i < m->n_params; i++) {
        const struct url_param *p = &m->params[i];
        if (p->name.p && (which & WITH_NAMED)) {
            push_str(L, p->name);
            push_value(L, &p->value);
            lua_rawset(L, -3);
        } else if (!p->name.p && (which & WITH_UNNAMED)) {
            push_value(L, &p->value);
            lua_rawseti(L, -2, ++number);
        }
    }
}

void urls_push_params(lua_State *L, const struct url_match *m)
{
    push_params(L, m, WITH_NAMED | WITH_UNNAMED);
}

/* ---- the match ---- */

static void set_str(lua_State *L, const char *name, struct str s)
{
    push_str(L, s);
    lua_setfield(L, -2, name);
}

static void set_list(lua_State *L, const char *name, const struct str *items, size_t n)
{
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        push_str(L, items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, name);
}

struct told { /* a match put into words, before Lua is asked for memory */
    const struct url_match *match;
    struct str route, view_name, ns, *app_names, *namespaces;
    size_t n_app_names, n_namespaces;
};

static void tell(struct told *t, const struct url_match *m, struct arena *a)
{
    t->match = m;
    t->route = url_match_route(m, a);
    t->view_name = url_match_view_name(m, a);
    t->ns = url_match_namespace(m, a);
    t->n_app_names = url_match_app_names(m, a, &t->app_names);
    t->n_namespaces = url_match_namespaces(m, a, &t->namespaces);
}

/* [-0, +1, may raise] */
static void push_told(lua_State *L, const struct told *t)
{
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, 11);
    lua_view_push(L, t->match->view);
    lua_setfield(L, -2, "view");
    set_str(L, "url_name", t->match->url_name);
    set_str(L, "view_name", t->view_name);
    set_str(L, "namespace", t->ns);
    set_str(L, "route", t->route);
    set_list(L, "app_names", t->app_names, t->n_app_names);
    set_list(L, "namespaces", t->namespaces, t->n_namespaces);
    set_str(L, "where", url_route_where(t->match->route));
}

/* Fills the table on top. */
static void set_params(lua_State *L, const struct url_match *m)
{
    urls_push_params(L, m);
    lua_setfield(L, -2, "params");
    push_params(L, m, WITH_NAMED);
    lua_setfield(L, -2, "kwargs");
    push_params(L, m, WITH_UNNAMED);
    lua_setfield(L, -2, "args");
}

static int step_push_match(lua_State *L)
{
    const struct told *t = lua_touserdata(L, 1);
    push_told(L, t);
    set_params(L, t->match);
    return 1;
}

/* Calls step(told) with nothing held but the arena. [-0, +1]; LUA_OK or a status. */
static int protected(lua_State *L, lua_CFunction step, void *data)
{
    lua_pushcfunction(L, step);
    lua_pushlightuserdata(L, data);
    return lua_pcall(L, 1, 1, 0);
}

void urls_push_match(lua_State *L, const struct url_match *m)
{
    struct told t;
    struct arena a;
    luaL_checkstack(L, 4, NULL);
    if (!m) {
        lua_pushnil(L);
        return;
    }
    arena_init(&a, 0);
    tell(&t, m, &a);
    int status = protected(L, step_push_match, &t);
    arena_release(&a);
    if (status != LUA_OK)
        lua_error(L);
}

/* ---- for Lua ---- */

static struct str check_path(lua_State *L, int arg)
{
    size_t n;
    const char *p = luaL_checklstring(L, arg, &n);
    return str_make(p, n);
}

/* tree:resolve(path) -> match, or nil */
int urls_l_resolve(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    struct str path = check_path(L, 2);
    const struct url_match *m = NULL;
    struct urls_call c;
    struct err err;
    luaL_checkstack(L, 8, NULL);
    urls_call_init(L, &c);
    int rc = url_resolve(u->tree, path, &c.arena, &c, &m, &err), status = LUA_OK;
    if (rc == 1) {
        struct told t;
        tell(&t, m, &c.arena);
        status = protected(L, step_push_match, &t);
    } else {
        lua_pushnil(L);
    }
    urls_call_end(L, &c, rc < 0, &err);
    return status == LUA_OK ? 1 : lua_error(L);
}

struct tries {
    const struct url_tried *list;
    size_t n;
};

static int step_push_tried(lua_State *L)
{
    const struct tries *t = lua_touserdata(L, 1);
    lua_createtable(L, (int)t->n, 0);
    for (size_t i = 0; i < t->n; i++) {
        lua_createtable(L, 0, 2);
        set_str(L, "name", t->list[i].name);
        set_list(L, "patterns", t->list[i].patterns, t->list[i].n);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* tree:tried(path) -> list of { patterns = {…}, name = } */
int urls_l_tried(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    struct str path = check_path(L, 2);
    struct arena a;
    struct tries t;
    luaL_checkstack(L, 8, NULL);
    arena_init(&a, 0);
    t.n = url_tried(u->tree, path, &a, NULL, &t.list);
    int status = protected(L, step_push_tried, &t);
    arena_release(&a);
    return status == LUA_OK ? 1 : lua_error(L);
}

struct listing {
    lua_State *L;
    int status;
};

/* (told, list) */
static int step_add_route(lua_State *L)
{
    const struct told *t = lua_touserdata(L, 1);
    push_told(L, t);
    lua_rawseti(L, 2, (lua_Integer)lua_rawlen(L, 2) + 1);
    return 0;
}

static void add_route(void *data, const struct url_match *m, struct arena *a)
{
    struct listing *l = data;
    struct told t;
    if (l->status != LUA_OK)
        return;
    tell(&t, m, a);
    lua_pushcfunction(l->L, step_add_route);
    lua_pushlightuserdata(l->L, &t);
    lua_pushvalue(l->L, 2);
    l->status = lua_pcall(l->L, 2, 0, 0);
}

/* tree:routes() -> list of all views, in order */
int urls_l_routes(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    struct listing l = {L, LUA_OK};
    lua_settop(L, 1);
    lua_newtable(L);
    luaL_checkstack(L, 8, NULL);
    url_tree_walk(u->tree, add_route, &l);
    return l.status == LUA_OK ? 1 : lua_error(L);
}
