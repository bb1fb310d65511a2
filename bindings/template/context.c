/* SPDX-License-Identifier: MIT */
/* The context of a running render as tags in Lua see it: context.name, context.name = v. */
#include "bindings/template/impl.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

static const struct class context_class;

struct lua_render *context_check(lua_State *L, int arg)
{
    return class_check(L, arg, &context_class);
}

void context_push_handle(lua_State *L, struct lua_render *lr)
{
    if (lr->handle) {
        lua_pushvalue(lr->S, STORE_HANDLE); /* room: value_room() before every step */
        lua_xmove(lr->S, L, 1);
        return;
    }
    struct handle *h = class_push(L, &context_class, lr);
    lua_pushvalue(L, -1);
    lua_xmove(L, lr->S, 1);
    lua_replace(lr->S, STORE_HANDLE);
    lr->handle = h;
}

int context_raise(lua_State *L, struct lua_render *lr)
{
    template_error_push(L, lr->e, &lr->r.error);
    return lua_error(L);
}

static const struct name *name_arg(lua_State *L, struct lua_render *lr, int idx)
{
    struct str name;
    if (lua_type(L, idx) != LUA_TSTRING)
        exception_raise(L, "TypeError", "the name of a variable is a string, not a %s",
                        luaL_typename(L, idx));
    name.p = lua_tolstring(L, idx, &name.n);
    return template_engine_name(lr->e->engine, name);
}

/* Pushes the variable's value; nil when there is none, which it says. */
static bool push_variable(lua_State *L, struct lua_render *lr, const struct name *name)
{
    struct render_mark mark = render_mark(&lr->r);
    struct tval v;
    if (context_get(&lr->r, name, &v) != 0)
        context_raise(L, lr);
    value_push(L, lr, v); /* on failure the node that is rendered lets its values go */
    render_reset(&lr->r, mark);
    return v.type != TVAL_UNDEFINED;
}

/* The value at idx for the engine. */
static struct tval value_arg(lua_State *L, struct lua_render *lr, int idx)
{
    struct tval v;
    if (value_room(lr, 4) != 0)
        context_raise(L, lr);
    lua_pushvalue(L, idx);
    lua_xmove(L, lr->S, 1);
    value_take(lr, TVAL_NONE, &v);
    return v;
}

static void set_variable(lua_State *L, struct lua_render *lr, const struct name *name, int idx)
{
    struct render_mark mark = render_mark(&lr->r);
    int rc = context_set(&lr->r, name, value_arg(L, lr, idx));
    render_reset(&lr->r, mark);
    if (rc != 0)
        context_raise(L, lr);
}

static int context_index(lua_State *L, void *object)
{
    push_variable(L, object, name_arg(L, object, 2));
    return 1;
}

static int context_newindex(lua_State *L, void *object)
{
    set_variable(L, object, name_arg(L, object, 2), 3);
    return 0;
}

/* context:get(name, default) */
static int context_l_get(lua_State *L)
{
    struct lua_render *lr = context_check(L, 1);
    lua_settop(L, 3);
    if (!push_variable(L, lr, name_arg(L, lr, 2)))
        lua_pushvalue(L, 3);
    return 1;
}

/* context:has(name) */
static int context_l_has(lua_State *L)
{
    struct lua_render *lr = context_check(L, 1);
    lua_pushboolean(L, push_variable(L, lr, name_arg(L, lr, 2)));
    return 1;
}

/* context:set(name, value): in the innermost scope; set_upward where it is set already */
static int context_l_set(lua_State *L)
{
    struct lua_render *lr = context_check(L, 1);
    lua_settop(L, 3);
    set_variable(L, lr, name_arg(L, lr, 2), 3);
    return 0;
}

static int context_l_set_upward(lua_State *L)
{
    struct lua_render *lr = context_check(L, 1);
    lua_settop(L, 3);
    const struct name *name = name_arg(L, lr, 2);
    struct render_mark mark = render_mark(&lr->r);
    int rc = context_set_upward(&lr->r, name, value_arg(L, lr, 3));
    render_reset(&lr->r, mark);
    if (rc != 0)
        context_raise(L, lr);
    return 0;
}

static void set_all(lua_State *L, struct lua_render *lr, int table)
{
    luaL_checktype(L, table, LUA_TTABLE);
    lua_settop(L, table);
    for (lua_pushnil(L); lua_next(L, table); lua_settop(L, table + 1))
        set_variable(L, lr, name_arg(L, lr, table + 1), table + 2);
}

/* context:push(values): a new innermost scope */
static int context_l_push(lua_State *L)
{
    struct lua_render *lr = context_check(L, 1);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    context_push(&lr->r);
    lr->scopes++;
    if (!lua_isnoneornil(L, 2))
        set_all(L, lr, 2);
    lua_settop(L, 1);
    return 1;
}

/* context:pop() */
static int context_l_pop(lua_State *L)
{
    struct lua_render *lr = context_check(L, 1);
    if (lr->scopes == lr->scopes_floor)
        return exception_raise(L, "ContextPopException",
                               "context:pop() without a context:push() of the same tag");
    lr->scopes--;
    context_pop(&lr->r);
    return 0;
}

/* context:update(values): a new scope with them, as Django's */
static int context_l_update(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    return context_l_push(L);
}

struct flat {
    lua_State *L;
    struct lua_render *lr;
};

/* What an inner scope has hides what an outer one has. */
static int add_variable(void *data, const struct name *n, struct tval v)
{
    struct flat *f = data;
    lua_pushlstring(f->L, n->text.p, n->text.n);
    lua_pushvalue(f->L, -1);
    if (lua_rawget(f->L, -3) == LUA_TNIL) {
        lua_pop(f->L, 1);
        value_push(f->L, f->lr, v);
        lua_rawset(f->L, -3);
    } else {
        lua_pop(f->L, 2);
    }
    return 0;
}

static void add_table(lua_State *L, struct lua_render *lr, int slot)
{
    int out = lua_gettop(L);
    luaL_checkstack(L, 6, NULL);
    lua_pushvalue(lr->S, slot);
    lua_xmove(lr->S, L, 1);
    for (lua_pushnil(L); lua_istable(L, out + 1) && lua_next(L, out + 1);) {
        lua_pushvalue(L, -2);
        if (lua_rawget(L, out) == LUA_TNIL) {
            lua_pushvalue(L, -3);
            lua_pushvalue(L, -3);
            lua_rawset(L, out);
        }
        lua_settop(L, out + 2);
    }
    lua_settop(L, out);
}

/* context:flatten() -> table of all variables */
static int context_l_flatten(lua_State *L)
{
    struct lua_render *lr = context_check(L, 1);
    struct flat f = {L, lr};
    lua_settop(L, 1);
    lua_newtable(L);
    context_each(&lr->r, add_variable, &f);
    if (value_room(lr, 4) != 0)
        return context_raise(L, lr);
    if (!lr->hidden) {
        add_table(L, lr, STORE_CONTEXT);
        add_table(L, lr, STORE_EXTRA);
    }
    return 1;
}

static int context_pairs(lua_State *L)
{
    context_l_flatten(L);
    lua_getglobal(L, "next");
    lua_insert(L, -2);
    lua_pushnil(L);
    return 3;
}

static int get_request(lua_State *L, void *object)
{
    struct lua_render *lr = object;
    if (!lua_checkstack(lr->S, 1))
        return luaL_error(L, "too many values at once");
    lua_pushvalue(lr->S, STORE_REQUEST);
    lua_xmove(lr->S, L, 1);
    return 1;
}

static int get_autoescape(lua_State *L, void *object)
{
    lua_pushboolean(L, ((struct lua_render *)object)->r.autoescape);
    return 1;
}

static int set_autoescape(lua_State *L, void *object)
{
    ((struct lua_render *)object)->r.autoescape = lua_toboolean(L, 3);
    return 0;
}

static int get_use_tz(lua_State *L, void *object)
{
    lua_pushboolean(L, ((struct lua_render *)object)->r.use_tz);
    return 1;
}

static int get_use_l10n(lua_State *L, void *object)
{
    lua_pushboolean(L, ((struct lua_render *)object)->r.use_l10n);
    return 1;
}

static int get_template_name(lua_State *L, void *object)
{
    struct str name = template_name(((struct lua_render *)object)->r.template);
    lua_pushlstring(L, name.p, name.n);
    return 1;
}

static const struct class context_class = {
    .name = "perilune.template.Context",
    .fields = (const struct class_field[]){{"request", get_request, NULL},
                                           {"autoescape", get_autoescape, set_autoescape},
                                           {"use_tz", get_use_tz, NULL},
                                           {"use_l10n", get_use_l10n, NULL},
                                           {"template_name", get_template_name, NULL},
                                           {NULL, NULL, NULL}},
    .methods = (const luaL_Reg[]){{"get", context_l_get},
                                  {"has", context_l_has},
                                  {"set", context_l_set},
                                  {"set_upward", context_l_set_upward},
                                  {"push", context_l_push},
                                  {"pop", context_l_pop},
                                  {"update", context_l_update},
                                  {"flatten", context_l_flatten},
                                  {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__pairs", context_pairs}, {NULL, NULL}},
    .index = context_index,
    .newindex = context_newindex,
};

void context_open(lua_State *L)
{
    class_register(L, &context_class);
}
