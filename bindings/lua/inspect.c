/* SPDX-License-Identifier: MIT */
/* perilune._inspect: the project's own code, told from everything else. */
#include "bindings/lua/inspect.h"

#include "bindings/lua/embedded.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"

#include "base/banned.h"

#include <dirent.h>
#include <lauxlib.h>
#include <sys/stat.h>

static const char collector; /* its address is a key of the registry */
static const char wrapped_key;

/* ---- the stack ---- */

/* Chunks of the project have names relative to its folder; its settings may not. */
static bool of_project(lua_State *L, const lua_Debug *ar)
{
    const struct script_options *o = &host_of(L)->options;
    const char *file = ar->source + 1;
    if (ar->source[0] != '@' || ar->currentline <= 0)
        return false;
    if (file[0] == '/')
        return o->settings_file && strcmp(file, o->settings_file) == 0;
    for (const struct embedded_lua *e = embedded_lua; e->module; e++)
        if (strcmp(e->file, file) == 0)
            return false;
    return true;
}

/* A C function that C called: the engine's way into Lua. What a tail call reached has no
 * name either. */
static bool is_entry(const lua_Debug *ar)
{
    return ar->what[0] == 'C' && !ar->namewhat[0] && !ar->istailcall;
}

void inspect_where(lua_State *L, int level)
{
    lua_Debug ar;
    for (int last = level + 100; level < last && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Slnt", &ar);
        if (of_project(L, &ar)) {
            lua_pushfstring(L, "%s:%d: ", ar.source + 1, ar.currentline);
            return;
        }
        if (is_entry(&ar))
            break;
    }
    lua_pushnil(L);
}

enum { DEEP = 4000, DEEP_SHOWN = 20 };

/* "\n\tshop/views.lua:12: in function 'name'" [-0, +0, may raise] */
static void add_level(lua_State *L, luaL_Buffer *b, lua_Debug *ar)
{
    lua_getinfo(L, "Slnt", ar);
    if (ar->currentline > 0)
        lua_pushfstring(L, "\n\t%s:%d: in ", ar->short_src, ar->currentline);
    else
        lua_pushfstring(L, "\n\t%s: in ", ar->short_src);
    luaL_addvalue(b);
    if (ar->namewhat[0])
        lua_pushfstring(L, "%s '%s'", ar->namewhat, ar->name);
    else if (ar->what[0] == 'L')
        lua_pushfstring(L, "function <%s:%d>", ar->short_src, ar->linedefined);
    else
        lua_pushstring(L, ar->what[0] == 'm' ? "main chunk" : "?");
    luaL_addvalue(b);
}

void inspect_traceback(lua_State *L, const char *message, int level)
{
    luaL_Buffer b;
    lua_Debug ar;
    if (!lua_getstack(L, DEEP, &ar)) {
        luaL_traceback(L, L, message, level);
        return;
    }
    luaL_buffinit(L, &b);
    if (message) {
        luaL_addstring(&b, message);
        luaL_addchar(&b, '\n');
    }
    luaL_addstring(&b, "stack traceback:");
    for (int last = level + DEEP_SHOWN; level < last && lua_getstack(L, level, &ar); level++)
        add_level(L, &b, &ar);
    lua_pushfstring(L, "\n\t...\t(and more than %d levels further out)", DEEP - DEEP_SHOWN);
    luaL_addvalue(&b);
    luaL_pushresult(&b);
}

/* The view inside of the library's wrappers. [-1, +1] */
static void unwrap(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &wrapped_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    lua_insert(L, -2);
    for (int depth = 0; depth < 16; depth++) {
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) == LUA_TNIL) {
            lua_pop(L, 1);
            break;
        }
        lua_replace(L, -2);
    }
    lua_remove(L, -2);
}

const char *inspect_defined(lua_State *L, int idx)
{
    lua_Debug ar;
    lua_pushvalue(L, idx);
    if (luaL_getmetafield(L, -1, "__call") != LUA_TNIL)
        lua_remove(L, -2);
    unwrap(L);
    if (!lua_isfunction(L, -1) || lua_iscfunction(L, -1)) {
        lua_pop(L, 1);
        return lua_pushliteral(L, "");
    }
    lua_getinfo(L, ">S", &ar);
    if (ar.source[0] == '@')
        return lua_pushfstring(L, "%s:%d", ar.source + 1, ar.linedefined);
    return lua_pushfstring(L, "%s:%d", ar.short_src, ar.linedefined);
}

void inspect_collect(lua_State *L)
{
    lua_Hook hook = lua_gethook(L);
    int mask = lua_gethookmask(L), count = lua_gethookcount(L);
    if (!lua_checkstack(L, 4))
        return;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &collector) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return;
    }
    lua_sethook(L, NULL, 0, 0); /* the time limit, should that be the error, is put off */
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        lua_pop(L, 1);
    lua_sethook(L, hook, mask, count);
}

/* on_error(fn | nil): fn(err) is called where an error is raised, before the stack unwinds */
static int inspect_l_on_error(lua_State *L)
{
    lua_settop(L, 1);
    if (!lua_isnil(L, 1))
        luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &collector);
    return 0;
}

/* ---- the modules of the project ---- */

enum { MAX_DEPTH = 6, MAX_MODULES = 2000, MAX_NAME = 200 };

struct walk { /* a userdata: the open folder is closed whatever happens */
    DIR *dirs[MAX_DEPTH];
};

static int walk_close(lua_State *L)
{
    struct walk *w = lua_touserdata(L, 1);
    for (int i = 0; i < MAX_DEPTH; i++)
        if (w->dirs[i])
            closedir(w->dirs[i]);
    *w = (struct walk){0};
    return 0;
}

static void add_name(lua_State *L, int list, const char *name, size_t n)
{
    lua_pushlstring(L, name, n);
    lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Adds the modules below `dir`, whose names begin with `prefix` ("shop."). May raise. */
static void list_folder(lua_State *L, struct walk *w, int list, const char *dir, const char *prefix,
                        int depth)
{
    struct dirent *e;
    if (depth >= MAX_DEPTH || !(w->dirs[depth] = opendir(dir)))
        return;
    luaL_checkstack(L, 6, NULL);
    while ((e = readdir(w->dirs[depth])) && lua_rawlen(L, list) < MAX_MODULES) {
        size_t n = strlen(e->d_name);
        int top = lua_gettop(L);
        if (e->d_name[0] == '.' || n > MAX_NAME)
            continue;
        if (n > 4 && strcmp(e->d_name + n - 4, ".lua") == 0) {
            if (strcmp(e->d_name, "init.lua") == 0 && prefix[0]) {
                add_name(L, list, prefix, strlen(prefix) - 1);
            } else {
                const char *name = lua_pushfstring(L, "%s%s", prefix, e->d_name);
                add_name(L, list, name, strlen(name) - 4);
            }
        } else if (!strchr(e->d_name, '.')) {
            const char *sub = lua_pushfstring(L, "%s/%s", dir, e->d_name);
            if (is_folder(sub))
                list_folder(L, w, list, sub, lua_pushfstring(L, "%s%s.", prefix, e->d_name),
                            depth + 1);
        }
        lua_settop(L, top);
    }
    closedir(w->dirs[depth]);
    w->dirs[depth] = NULL;
}

/* modules() -> list of the names that require() knows: of the project and the framework */
static int inspect_l_modules(lua_State *L)
{
    const char *dir = host_of(L)->options.project_dir;
    struct walk *w;
    lua_settop(L, 0);
    lua_newtable(L);
    for (const struct embedded_lua *e = embedded_lua; e->module; e++)
        if (!strstr(e->module, "._"))
            add_name(L, 1, e->module, strlen(e->module));
    w = lua_newuserdatauv(L, sizeof *w, 0);
    *w = (struct walk){0};
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, walk_close);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    if (dir)
        list_folder(L, w, 1, dir, "", 0);
    lua_settop(L, 1);
    return 1;
}

/* wrapped(table): what wrappers of views wrap, for errors, which name the author's function */
static int inspect_l_wrapped(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &wrapped_key);
    return 0;
}

static const luaL_Reg functions[] = {
    {"on_error", inspect_l_on_error},
    {"wrapped", inspect_l_wrapped},
    {"modules", inspect_l_modules},
    {NULL, NULL},
};

int luaopen_perilune__inspect(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
