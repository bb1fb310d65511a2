/* SPDX-License-Identifier: MIT */
/* Template errors as error objects. */
#include "bindings/lua/error.h"
#include "bindings/template/impl.h"

#include "base/banned.h"

int engine_call(struct lua_engine *e, lua_CFunction step, void *data, struct err *err)
{
    lua_State *L = running_thread(e);
    if (!lua_checkstack(L, 8))
        return err_set(err, ERR_TOO_LARGE, "cannot grow the Lua stack");
    lua_pushcfunction(L, step);
    lua_pushlightuserdata(L, data);
    if (script_call(L, 1, 0) == LUA_OK)
        return 0;
    exception_to_err(L, -1, err);
    err->code = ERR_SCRIPT;
    lua_rawseti(L, LUA_REGISTRYINDEX, e->error);
    return -1;
}

struct pushed {
    struct lua_engine *engine;
    struct template_error *error;
};

static void set_str(lua_State *L, const char *name, struct str s)
{
    if (!s.n)
        return;
    lua_pushlstring(L, s.p, s.n);
    lua_setfield(L, -2, name);
}

static void set_place(lua_State *L, const char *name, const struct template_place *at)
{
    set_str(L, name, at->name);
    set_str(L, "origin", at->origin);
    if (at->line) {
        lua_pushinteger(L, at->line);
        lua_setfield(L, -2, "line");
        lua_pushinteger(L, at->column);
        lua_setfield(L, -2, "column");
    }
}

/* The templates around, the innermost first. */
static void set_trail(lua_State *L, const struct template_error *e)
{
    lua_createtable(L, (int)e->ntrail, 0);
    for (unsigned i = 0; i < e->ntrail; i++) {
        lua_createtable(L, 0, 4);
        set_place(L, "name", &e->trail[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "trail");
}

/* Lines "origin (cause)". */
static void set_tried(lua_State *L, const struct template_error *e)
{
    struct str rest = buf_str(&e->tried), line;
    lua_Integer n = 0;
    lua_newtable(L);
    while (str_split(&rest, '\n', &line)) {
        if (!line.n)
            continue;
        lua_pushlstring(L, line.p, line.n);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "tried");
}

/* "shop/a.html:12: ", as the place of an error of Lua; the file as it is named from the
 * project. */
static void set_where(lua_State *L, const struct template_place *at)
{
    const char *dir = host_of(L)->options.project_dir;
    struct str file = at->origin.n && at->origin.p[0] == '/' ? at->origin : at->name;
    if (dir && str_starts(file, str_from(dir)) && file.n > strlen(dir))
        file = str_skip(file, strlen(dir) + 1);
    if (!file.n || !at->line)
        return;
    lua_pushlstring(L, file.p, file.n);
    lua_pushfstring(L, "%s:%d: ", lua_tostring(L, -1), (int)at->line);
    lua_remove(L, -2);
    lua_setfield(L, -2, "where");
}

/* The nearest template there is, where the Lua half wants to look for it. */
static void set_nearest(lua_State *L, const struct pushed *p)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, p->engine->callbacks);
    if (lua_getfield(L, -1, "nearest") == LUA_TFUNCTION) {
        lua_pushstring(L, p->error->text);
        lua_call(L, 1, 1);
        lua_setfield(L, -3, "hint");
        lua_pop(L, 1);
    } else {
        lua_pop(L, 2);
    }
}

/* What the Lua half knows to do about an error of syntax, which goes before what the parser
 * has guessed. */
static void set_syntax_hint(lua_State *L, const struct pushed *p)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, p->engine->callbacks);
    lua_getfield(L, -1, "syntax_hint");
    lua_pushstring(L, p->error->text);
    lua_call(L, 1, 1);
    if (lua_isstring(L, -1))
        lua_setfield(L, -3, "hint");
    else
        lua_pop(L, 1);
    lua_pop(L, 1);
}

/* (light struct pushed) -> error object */
static int step_push(lua_State *L)
{
    const struct pushed *p = lua_touserdata(L, 1);
    const struct template_error *e = p->error;
    if (e->kind) {
        exception_push(L, e->kind, e->text);
        if (!lua_istable(L, -1))
            return 1;
        set_where(L, &e->at);
        if (e->hint[0])
            set_str(L, "hint", str_from(e->hint));
        if (strcmp(e->kind, "TemplateDoesNotExist") == 0) {
            set_tried(L, e);
            set_nearest(L, p);
        } else if (strcmp(e->kind, "TemplateSyntaxError") == 0) {
            set_syntax_hint(L, p);
        }
    } else {
        lua_rawgeti(L, LUA_REGISTRYINDEX, p->engine->error);
        exception_wrap(L);
        if (!lua_istable(L, -1) || lua_getmetatable(L, -1) == 0)
            return 1;
        lua_pop(L, 1);
        lua_pushliteral(L, "line");
        if (lua_rawget(L, -2) != LUA_TNIL) { /* an inner render has told */
            lua_pop(L, 1);
            return 1;
        }
        lua_pop(L, 1);
    }
    set_place(L, "template_name", &e->at);
    set_trail(L, e);
    return 1;
}

void template_error_push(lua_State *L, struct lua_engine *e, struct template_error *err)
{
    struct pushed p = {e, err};
    if (lua_checkstack(L, 8)) {
        lua_pushcfunction(L, step_push);
        lua_pushlightuserdata(L, &p);
        (void)lua_pcall(L, 1, 1, 0); /* not enough memory: then that is the error */
    } else {
        lua_pushliteral(L, "cannot grow the Lua stack");
    }
    lua_pushboolean(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, e->error);
    template_error_release(err);
}
