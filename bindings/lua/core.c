/* SPDX-License-Identifier: MIT */
/* perilune._core: what the Lua half of the framework needs of its host. Private. */
#include "bindings/lua/embedded.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"

#include "base/banned.h"
#include "base/suggest.h"

#include <lauxlib.h>
#include <sys/stat.h>

/* loadfile(path, chunkname) -> function; or nil, message */
static int core_l_loadfile(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    const char *name = luaL_optstring(L, 2, path);
    if (libs_loadfile(L, path, lua_pushfstring(L, "@%s", name)) == LUA_OK)
        return 1;
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
}

/* call(fn, ...) -> true, values; or false, error object with traceback */
static int core_l_call(lua_State *L)
{
    int n = lua_gettop(L);
    luaL_checkany(L, 1);
    int ok = script_call(L, n - 1, LUA_MULTRET) == LUA_OK;
    lua_pushboolean(L, ok);
    lua_insert(L, 1);
    return lua_gettop(L);
}

/* Does `file` exist, as a regular file (or a folder)? */
static bool exists(const char *file, bool folder)
{
    struct stat st;
    return stat(file, &st) == 0 && (folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode));
}

static bool is_embedded(const char *name)
{
    for (const struct embedded_lua *e = embedded_lua; e->module; e++)
        if (strcmp(e->module, name) == 0)
            return true;
    return false;
}

/* module_exists(name): would require find a Lua module of the framework or the project? */
static int core_l_module_exists(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *dir = host_of(L)->options.project_dir;
    bool found = is_embedded(name);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    found = found || lua_getfield(L, -1, name) != LUA_TNIL;
    if (!found && dir) {
        const char *file = luaL_gsub(L, name, ".", "/");
        found = exists(lua_pushfstring(L, "%s/%s.lua", dir, file), false) ||
                exists(lua_pushfstring(L, "%s/%s/init.lua", dir, file), false);
    }
    lua_pushboolean(L, found);
    return 1;
}

/* package_path(name) -> absolute folder of an app of the project, or nil */
static int core_l_package_path(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *dir = host_of(L)->options.project_dir;
    if (!dir)
        return 0;
    const char *path = lua_pushfstring(L, "%s/%s", dir, luaL_gsub(L, name, ".", "/"));
    return exists(path, true);
}

static int core_l_package_exists(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    bool found = strncmp(name, "perilune.", 9) == 0 && is_embedded(name);
    lua_pushboolean(L, found || core_l_package_path(L));
    return 1;
}

/* suggest(name, list) -> "; did you mean 'x'?" or "" */
static int core_l_suggest(lua_State *L)
{
    struct suggest s;
    char text[256];
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    luaL_checktype(L, 2, LUA_TTABLE);
    suggest_init(&s, str_make(p, n));
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) == LUA_TSTRING; i++) {
        p = lua_tolstring(L, -1, &n); /* the list keeps it alive */
        suggest_add(&s, str_make(p, n));
        lua_pop(L, 1);
    }
    lua_pushstring(L, suggest_text(&s, text, sizeof text));
    return 1;
}

static const luaL_Reg functions[] = {
    {"module_exists", core_l_module_exists},
    {"package_exists", core_l_package_exists},
    {"package_path", core_l_package_path},
    {"suggest", core_l_suggest},
    {"loadfile", core_l_loadfile},
    {"call", core_l_call},
    {NULL, NULL},
};

static void set_string(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value); /* nil for NULL */
    lua_setfield(L, -2, name);
}

int luaopen_perilune__core(lua_State *L)
{
    const struct script_options *o = &host_of(L)->options;
    luaL_newlib(L, functions);
    set_string(L, "version", PERILUNE_VERSION);
    set_string(L, "project_dir", o->project_dir);
    set_string(L, "settings_file", o->settings_file);
    set_string(L, "moved_to", o->moved_to);
    set_string(L, "program", o->program);
    lua_pushinteger(L, o->verbosity);
    lua_setfield(L, -2, "verbosity");
    if (o->worker) {
        lua_pushinteger(L, o->worker);
        lua_setfield(L, -2, "worker");
    }
    lua_pushboolean(L, o->color);
    lua_setfield(L, -2, "color");
    lua_pushboolean(L, o->traceback);
    lua_setfield(L, -2, "show_traceback");
    return 1;
}
