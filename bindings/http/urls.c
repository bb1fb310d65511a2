/* SPDX-License-Identifier: MIT */
/* perilune._urls: trees for perilune.urls, which reads the declarations. */
#include "bindings/http/urls.h"

#include "bindings/http/pipeline.h"
#include "bindings/http/urls_impl.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"

#include "app/app.h"
#include "base/banned.h"
#include "http/percent.h"

#include <lauxlib.h>

static int tree_gc(lua_State *L)
{
    struct lua_urls *u = class_test(L, 1, &urls_class);
    if (!u)
        return 0;
    for (size_t i = 0; i < u->refs.n; i++)
        luaL_unref(L, LUA_REGISTRYINDEX, u->refs.items[i]);
    vec_release(&u->refs);
    vec_release(&u->lists);
    url_tree_free(u->tree);
    u->tree = NULL;
    class_detach(lua_touserdata(L, 1));
    return 0;
}

int urls_hold(lua_State *L, struct lua_urls *u)
{
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    vec_push(&u->refs, ref);
    return ref;
}

/* new() -> tree */
static int urls_l_new(lua_State *L)
{
    struct lua_urls *u = class_new(L, &urls_class, sizeof *u);
    u->host = host_of(L);
    u->tree = url_tree_new();
    vec_push(&u->lists, url_tree_root(u->tree));
    return 1;
}

/* tree:list() -> number of a new list; 1 is the root */
static int urls_l_list(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    vec_push(&u->lists, url_list_new(u->tree));
    lua_pushinteger(L, (lua_Integer)u->lists.n);
    return 1;
}

static struct url_list *check_list(lua_State *L, const struct lua_urls *u, int idx)
{
    lua_Integer n = luaL_checkinteger(L, idx);
    luaL_argcheck(L, n >= 1 && (size_t)n <= u->lists.n, idx, "no such list");
    return u->lists.items[n - 1];
}

/* ---- values ---- */

/* Is there a text for it that means something? */
static bool has_text(lua_State *L, int idx)
{
    int type = lua_type(L, idx);
    if (type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN || type == LUA_TNIL)
        return true;
    if (luaL_getmetafield(L, idx, "__tostring") == LUA_TNIL)
        return false;
    lua_pop(L, 1);
    return true;
}

/* Text of a value in a URL (p NULL when it has none), and whether it counts as a string.
 * Pushes the text. */
static struct str push_text(lua_State *L, int idx, bool *quoted)
{
    size_t n;
    const char *p;
    lua_Integer number;
    int whole;
    idx = lua_absindex(L, idx);
    if (!has_text(L, idx)) {
        *quoted = false;
        lua_pushnil(L);
        return STR_NULL;
    }
    *quoted = lua_type(L, idx) == LUA_TSTRING;
    if (lua_type(L, idx) == LUA_TBOOLEAN)
        lua_pushstring(L, lua_toboolean(L, idx) ? "True" : "False");
    else if (lua_type(L, idx) == LUA_TNUMBER && (number = lua_tointegerx(L, idx, &whole), whole))
        lua_pushfstring(L, "%I", number); /* 3.0 is 3 */
    else
        luaL_tolstring(L, idx, NULL);
    p = lua_tolstring(L, -1, &n);
    return str_make(p, n);
}

/* ---- adding ---- */

/* The string field of the table at 3, anchored by the table; p NULL when it is nil. */
static struct str field(lua_State *L, const char *name)
{
    size_t n = 0;
    const char *p = NULL;
    if (lua_getfield(L, 3, name) == LUA_TSTRING)
        p = lua_tolstring(L, -1, &n);
    lua_pop(L, 1);
    return str_make(p, n);
}

/* The extra values, lists of names and of values at 4 and 5. Texts stay on the stack, the
 * array in a userdata there. */
static void read_extra(lua_State *L, struct lua_urls *u, struct url_spec *spec)
{
    size_t n = lua_istable(L, 4) ? lua_rawlen(L, 4) : 0;
    luaL_argcheck(L, n <= 1000, 4, "too many kwargs");
    luaL_checkstack(L, (int)n * 3 + 8, "too many kwargs");
    struct url_param *list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
    spec->extra = list;
    spec->n_extra = n;
    for (size_t i = 0; i < n; i++) {
        size_t size;
        lua_rawgeti(L, 4, (lua_Integer)i + 1);
        const char *name = luaL_checklstring(L, -1, &size);
        list[i] = (struct url_param){.name = str_make(name, size), .value = {.kind = URL_EXTRA}};
        lua_rawgeti(L, 5, (lua_Integer)i + 1);
        list[i].value.text = push_text(L, -1, &list[i].value.quoted);
        lua_pushvalue(L, -2);
        list[i].value.integer = urls_hold(L, u);
    }
}

/* tree:add(list, { pattern =, is_regex =, name =, view =, view_name =, include =, app_name =,
 * namespace =, where = }, kwarg_names, kwarg_values) */
static int urls_l_add(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    struct url_list *list = check_list(L, u, 2);
    struct err err;
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 5);
    struct url_spec spec = {.pattern = field(L, "pattern"),
                            .name = field(L, "name"),
                            .view_label = field(L, "view_name"),
                            .app_name = field(L, "app_name"),
                            .ns = field(L, "namespace"),
                            .where = field(L, "where")};
    lua_getfield(L, 3, "is_regex");
    spec.is_regex = lua_toboolean(L, -1);
    lua_getfield(L, 3, "view");
    spec.view = lua_touserdata(L, -1);
    if (lua_getfield(L, 3, "include") != LUA_TNIL)
        spec.include = check_list(L, u, lua_gettop(L));
    read_extra(L, u, &spec);
    if (url_add(list, &spec, &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

/* tree:compile() */
static int urls_l_compile(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    struct err err;
    if (url_tree_compile(u->tree, &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

/* ---- reversing ---- */

/* Parameters from the list of values at 4 and that of names at 5 (nil: by position). They
 * are in the userdata that is pushed; texts and values stay on the stack. */
static void read_params(lua_State *L, struct url_reverse *q)
{
    size_t n = lua_rawlen(L, 4);
    bool named = lua_istable(L, 5);
    luaL_argcheck(L, n <= 1000, 4, "too many parameters");
    luaL_checkstack(L, (int)n * 3 + 8, "too many parameters");
    struct url_param *params = lua_newuserdatauv(L, (n + 1) * sizeof *params, 0);
    q->params = params;
    q->n_params = n;
    for (size_t i = 0; i < n; i++) {
        size_t size = 0;
        const char *name = NULL;
        params[i] = (struct url_param){.value = {.kind = URL_STR}};
        if (named) {
            lua_rawgeti(L, 5, (lua_Integer)i + 1);
            name = lua_tolstring(L, -1, &size);
        }
        params[i].name = str_make(name, size);
        lua_rawgeti(L, 4, (lua_Integer)i + 1);
        params[i].value.integer = lua_gettop(L);
        params[i].value.text = push_text(L, -1, &params[i].value.quoted);
    }
}

static struct str optional(lua_State *L, int idx)
{
    size_t n = 0;
    const char *p = luaL_optlstring(L, idx, NULL, &n);
    return str_make(p, n);
}

static int step_push_text(lua_State *L)
{
    const struct buf *b = lua_touserdata(L, 1);
    lua_pushlstring(L, b->data, b->n);
    return 1;
}

/* tree:reverse(name | view, label, values, names | nil, current_app, script_prefix)
 * -> url; or nil, text of the NoReverseMatch */
static int urls_l_reverse(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    struct url_reverse q = {.view_label = optional(L, 3),
                            .current_app = optional(L, 6),
                            .script_prefix = optional(L, 7)};
    struct buf out = BUF_INIT;
    struct urls_call c;
    struct err err;
    luaL_checktype(L, 4, LUA_TTABLE);
    lua_settop(L, 7);
    if (lua_islightuserdata(L, 2))
        q.view = lua_touserdata(L, 2);
    else
        q.name = optional(L, 2);
    read_params(L, &q);
    urls_call_init(L, &c);
    int rc = url_reverse(u->tree, &q, &c, &out, &err);
    bool told = rc == 0 || err.code == ERR_NOT_FOUND;
    lua_pushcfunction(L, step_push_text);
    lua_pushlightuserdata(L, &out);
    int status = lua_pcall(L, 1, 1, 0);
    buf_release(&out);
    urls_call_end(L, &c, !told, &err);
    if (status != LUA_OK)
        return lua_error(L);
    if (rc == 0)
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* ---- the rest ---- */

/* tree:serve(): the routes of the running project */
static int urls_l_serve(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    if (u->host->app && u->host->app->pipeline)
        pipeline_routes(u->host->app->pipeline, u->tree);
    return 0;
}

struct warnings {
    lua_State *L;
    const char *id;
    struct str text, where;
    int status;
};

/* (warnings, list) */
static int step_add_warning(lua_State *L)
{
    const struct warnings *w = lua_touserdata(L, 1);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, w->id);
    lua_setfield(L, -2, "id");
    lua_pushlstring(L, w->text.p, w->text.n);
    lua_setfield(L, -2, "text");
    lua_pushlstring(L, w->where.p, w->where.n);
    lua_setfield(L, -2, "where");
    lua_rawseti(L, 2, (lua_Integer)lua_rawlen(L, 2) + 1);
    return 0;
}

static void add_warning(void *data, const char *id, struct str text, struct str where)
{
    struct warnings *w = data;
    if (w->status != LUA_OK)
        return;
    w->id = id;
    w->text = text;
    w->where = where;
    lua_pushcfunction(w->L, step_add_warning);
    lua_pushlightuserdata(w->L, w);
    lua_pushvalue(w->L, 3);
    w->status = lua_pcall(w->L, 2, 0, 0);
}

/* tree:check(append_slash) -> list of { id =, text =, where = } */
static int urls_l_check(lua_State *L)
{
    struct lua_urls *u = class_check(L, 1, &urls_class);
    struct warnings w = {.L = L, .status = LUA_OK};
    lua_settop(L, 2);
    lua_newtable(L);
    luaL_checkstack(L, 8, NULL);
    url_tree_check(u->tree, lua_toboolean(L, 2), add_warning, &w);
    return w.status == LUA_OK ? 1 : lua_error(L);
}

/* view(fn, name, no_append_slash) -> the view as a light userdata */
static int urls_l_view(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2);
    struct view *v = lua_view_new(L, 1, name);
    v->no_append_slash = lua_toboolean(L, 3);
    lua_pushlightuserdata(L, v);
    return 1;
}

/* text(value) -> as it stands in a URL; nil when it has no text */
static int urls_l_text(lua_State *L)
{
    bool quoted;
    luaL_checkany(L, 1);
    push_text(L, 1, &quoted);
    return 1;
}

/* quote_plus(text) -> encoded for a query string */
static int urls_l_quote_plus(lua_State *L)
{
    struct buf out = BUF_INIT;
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    percent_quote_plus(&out, str_make(p, n), STR(""));
    lua_pushcfunction(L, step_push_text);
    lua_pushlightuserdata(L, &out);
    int status = lua_pcall(L, 1, 1, 0);
    buf_release(&out);
    return status == LUA_OK ? 1 : lua_error(L);
}

static const luaL_Reg methods[] = {
    {"list", urls_l_list},
    {"add", urls_l_add},
    {"converter", urls_l_converter},
    {"compile", urls_l_compile},
    {"resolve", urls_l_resolve},
    {"reverse", urls_l_reverse},
    {"tried", urls_l_tried},
    {"routes", urls_l_routes},
    {"check", urls_l_check},
    {"serve", urls_l_serve},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {{"__gc", tree_gc}, {NULL, NULL}};

const struct class urls_class = {
    .name = "perilune.urls.Tree",
    .methods = methods,
    .metamethods = metamethods,
};

static const luaL_Reg functions[] = {
    {"new", urls_l_new},   {"view", urls_l_view},
    {"text", urls_l_text}, {"quote_plus", urls_l_quote_plus},
    {NULL, NULL},
};

int luaopen_perilune__urls(lua_State *L)
{
    class_register(L, &urls_class);
    luaL_newlib(L, functions);
    return 1;
}
