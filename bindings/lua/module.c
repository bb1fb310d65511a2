/* SPDX-License-Identifier: MIT */
/* Functions, views and commands of C modules.  A call is made from neutral values and its
 * results are read out of them again (app/module_call.h): a module never sees the Lua
 * stack, and no Lua error crosses its frames. */
#include "bindings/lua/module.h"

#include "bindings/http/request.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"

#include "app/app.h"
#include "app/module_call.h"
#include "app/modules.h"
#include "base/banned.h"
#include "http/request.h"

#include <lauxlib.h>

/* ---- calls ---- */

struct frame { /* a userdata: whatever raises, __gc releases the call */
    struct pln_call call;
    lua_Integer count[CALL_DEPTH_MAX + 1]; /* items of each open table */
    bool key[CALL_DEPTH_MAX + 1];          /* a key waits for its value */
    struct call_arg args[];
};

static int frame_gc(lua_State *L)
{
    struct frame *f = lua_touserdata(L, 1);
    module_call_release(&f->call);
    return 0;
}

static void read_arg(lua_State *L, int idx, struct call_arg *a)
{
    *a = (struct call_arg){.type = PLN_OTHER, .type_name = luaL_typename(L, idx)};
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
        a->type = PLN_NIL;
        break;
    case LUA_TBOOLEAN:
        a->type = PLN_BOOL;
        a->boolean = lua_toboolean(L, idx);
        break;
    case LUA_TNUMBER:
        a->type = lua_isinteger(L, idx) ? PLN_INT : PLN_NUMBER;
        a->integer = lua_isinteger(L, idx) ? lua_tointeger(L, idx) : 0;
        a->number = lua_tonumber(L, idx);
        break;
    case LUA_TSTRING:
        a->type = PLN_STRING;
        a->text.p = lua_tolstring(L, idx, &a->text.n); /* the stack keeps it alive */
        break;
    default:
        break;
    }
}

/* [-0, +1; a table that begins is pushed, too] */
static void push_value(lua_State *L, const struct call_value *v)
{
    switch (v->step) {
    case CALL_BOOL:
        lua_pushboolean(L, v->boolean);
        break;
    case CALL_INT:
        lua_pushinteger(L, v->integer);
        break;
    case CALL_NUMBER:
        lua_pushnumber(L, v->number);
        break;
    case CALL_STRING:
    case CALL_KEY:
        lua_pushlstring(L, v->text.p, v->text.n);
        break;
    case CALL_TABLE:
        lua_newtable(L);
        break;
    case CALL_NIL:
    case CALL_END:
        lua_pushnil(L);
        break;
    }
}

/* The value on top into the table that is open. */
static void store(lua_State *L, struct frame *f, unsigned depth)
{
    if (depth == 0)
        return; /* a result: stays on the stack */
    if (f->key[depth]) {
        f->key[depth] = false;
        lua_rawset(L, -3);
    } else {
        lua_rawseti(L, -2, ++f->count[depth]);
    }
}

/* Pushes the results; gives their number. */
static int push_results(lua_State *L, struct frame *f)
{
    int top = lua_gettop(L);
    unsigned depth = 0;
    luaL_checkstack(L, (int)f->call.top_results + 3 * CALL_DEPTH_MAX, "too many results");
    for (size_t i = 0; i < f->call.results.n; i++) {
        const struct call_value *v = &f->call.results.items[i];
        if (v->step == CALL_END) {
            store(L, f, --depth);
            continue;
        }
        push_value(L, v);
        if (v->step == CALL_TABLE) {
            depth++;
            f->count[depth] = 0;
            f->key[depth] = false;
        } else if (v->step == CALL_KEY) {
            f->key[depth] = true;
        } else {
            store(L, f, depth);
        }
    }
    return lua_gettop(L) - top;
}

/* upvalues: function, environment, name of the module, metatable of frames. May wait. */
static int module_l_call(lua_State *L)
{
    int n = lua_gettop(L);
    struct frame *f = lua_newuserdatauv(L, sizeof *f + (size_t)n * sizeof(struct call_arg), 0);
    module_call_init(&f->call);
    lua_pushvalue(L, lua_upvalueindex(4));
    lua_setmetatable(L, -2);
    for (int i = 0; i < n; i++)
        read_arg(L, i + 1, &f->args[i]);
    f->call.function = lua_touserdata(L, lua_upvalueindex(1));
    f->call.module = lua_tostring(L, lua_upvalueindex(3));
    f->call.args = f->args;
    f->call.nargs = n;
    if (module_call_run(&f->call, lua_touserdata(L, lua_upvalueindex(2))) != 0)
        return exception_raise(L, f->call.error_name, "%s", f->call.error_message);
    return push_results(L, f);
}

/* ---- require ---- */

/* upvalues: number of the module */
static int module_l_open(lua_State *L)
{
    const struct modules *m = host_of(L)->app->modules;
    size_t i = (size_t)lua_tointeger(L, lua_upvalueindex(1));
    const struct pln_module *d = modules_at(m, i);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, frame_gc);
    lua_setfield(L, -2, "__gc");
    for (const struct pln_function *f = d->functions; f && f->name; f++) {
        lua_pushlightuserdata(L, (void *)f);
        lua_pushlightuserdata(L, modules_env(m, i));
        lua_pushstring(L, d->name);
        lua_pushvalue(L, -4);
        lua_pushcclosure(L, module_l_call, 4);
        lua_setfield(L, -3, f->name);
    }
    lua_pop(L, 1);
    if (d->version) {
        lua_pushstring(L, d->version);
        lua_setfield(L, -2, "_VERSION");
    }
    return 1;
}

void module_preload(lua_State *L)
{
    const struct app *app = host_of(L)->app;
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    for (size_t i = 0; app && i < modules_count(app->modules); i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, module_l_open, 1);
        lua_setfield(L, -2, modules_at(app->modules, i)->name);
    }
    lua_pop(L, 1);
}

/* ---- perilune._module ---- */

static const struct modules *loaded(lua_State *L)
{
    const struct app *app = host_of(L)->app;
    return app ? app->modules : NULL;
}

/* modules() -> list of { name =, version = } */
static int module_l_modules(lua_State *L)
{
    const struct modules *m = loaded(L);
    lua_newtable(L);
    for (size_t i = 0; i < modules_count(m); i++) {
        lua_createtable(L, 0, 2);
        lua_pushstring(L, modules_at(m, i)->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, modules_at(m, i)->version);
        lua_setfield(L, -2, "version");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* view(name) -> the view of a C module as a light userdata, or nil */
static int module_l_view(lua_State *L)
{
    const struct app *app = host_of(L)->app;
    struct view *v = app ? app_find_view(app, str_from(luaL_checkstring(L, 1))) : NULL;
    if (!v)
        return 0;
    lua_pushlightuserdata(L, v);
    return 1;
}

/* views() -> list of names, for suggestions */
static int module_l_views(lua_State *L)
{
    const struct modules *m = loaded(L);
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t i = 0; i < modules_count(m); i++)
        for (const struct pln_view *v = modules_at(m, i)->views; v && v->name; v++) {
            lua_pushstring(L, v->name);
            lua_rawseti(L, -2, ++n);
        }
    return 1;
}

/* commands() -> list of { name =, help =, module = } */
static int module_l_commands(lua_State *L)
{
    const struct modules *m = loaded(L);
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t i = 0; i < modules_count(m); i++)
        for (const struct pln_command *c = modules_at(m, i)->commands; c && c->name; c++) {
            lua_createtable(L, 0, 3);
            lua_pushstring(L, c->name);
            lua_setfield(L, -2, "name");
            lua_pushstring(L, c->help ? c->help : "");
            lua_setfield(L, -2, "help");
            lua_pushstring(L, modules_at(m, i)->name);
            lua_setfield(L, -2, "module");
            lua_rawseti(L, -2, ++n);
        }
    return 1;
}

/* run(name, ...) -> exit status of the command, nil when there is none of that name.
 * May wait. */
static int module_l_run(lua_State *L)
{
    int argc = lua_gettop(L);
    struct pln_env *env;
    const struct pln_command *c =
        modules_command(loaded(L), str_from(luaL_checkstring(L, 1)), &env);
    if (!c)
        return 0;
    const char **argv = lua_newuserdatauv(L, (size_t)(argc + 1) * sizeof *argv, 0);
    for (int i = 0; i < argc; i++)
        argv[i] = luaL_checkstring(L, i + 1);
    argv[argc] = NULL;
    lua_pushinteger(L, c->run(env, argc, argv));
    return 1;
}

static const luaL_Reg functions[] = {
    {"modules", module_l_modules},   {"view", module_l_view}, {"views", module_l_views},
    {"commands", module_l_commands}, {"run", module_l_run},   {NULL, NULL},
};

int luaopen_perilune__module(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}

/* ---- attributes of requests ---- */

struct attribute {
    struct request *request;
    const char *name;
    struct str value; /* in or out */
};

static int get_attribute(lua_State *L)
{
    struct attribute *a = lua_touserdata(L, 1);
    size_t n;
    request_push(L, a->request);
    switch (lua_getfield(L, -1, a->name)) {
    case LUA_TBOOLEAN:
        a->value = lua_toboolean(L, -1) ? STR("true") : STR("false");
        break;
    case LUA_TSTRING:
    case LUA_TNUMBER: {
        const char *p = lua_tolstring(L, -1, &n);
        a->value = arena_str(a->request->arena, str_make(p, n));
        break;
    }
    default:
        break;
    }
    return 0;
}

static int set_attribute(lua_State *L)
{
    const struct attribute *a = lua_touserdata(L, 1);
    request_push(L, a->request);
    if (a->value.p)
        lua_pushlstring(L, a->value.p, a->value.n);
    else
        lua_pushnil(L);
    lua_setfield(L, -2, a->name);
    return 0;
}

static int run_attribute(struct host *h, lua_CFunction step, struct attribute *a)
{
    lua_State *L = host_thread(h);
    if (!L || !lua_checkstack(L, 4))
        return -1;
    lua_pushcfunction(L, step);
    lua_pushlightuserdata(L, a);
    if (script_call(L, 1, 0) == LUA_OK)
        return 0;
    lua_pop(L, 1);
    return -1;
}

struct str module_request_attribute(struct script *s, struct request *r, const char *name)
{
    struct attribute a = {r, name, STR_NULL};
    run_attribute((struct host *)s, get_attribute, &a);
    return a.value;
}

int module_request_set_attribute(struct script *s, struct request *r, const char *name,
                                 struct str value)
{
    struct attribute a = {r, name, value};
    return run_attribute((struct host *)s, set_attribute, &a);
}
