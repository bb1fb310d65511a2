/* SPDX-License-Identifier: MIT */
/* perilune._core: what the Lua half of the framework needs of its host. Private. */
#include "error.h"
#include "host.h"
#include "libs.h"

#include "base/banned.h"

#include <lauxlib.h>

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

static const luaL_Reg functions[] = {
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
    set_string(L, "program", o->program);
    lua_pushinteger(L, o->verbosity);
    lua_setfield(L, -2, "verbosity");
    lua_pushboolean(L, o->color);
    lua_setfield(L, -2, "color");
    lua_pushboolean(L, o->traceback);
    lua_setfield(L, -2, "show_traceback");
    return 1;
}
