/* SPDX-License-Identifier: MIT */
#include "bindings/lua/libs.h"

#include "bindings/lua/contain.h"
#include "bindings/lua/embedded.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/null.h"
#include "bindings/lua/require.h"
#include "bindings/value/decimal.h"
#include "bindings/value/json.h"
#include "bindings/value/pack.h"

#include "base/banned.h"

#include <lauxlib.h>
#include <lualib.h>

static const luaL_Reg modules[] = {
    {"perilune._client", luaopen_perilune__client},
    {"perilune._core", luaopen_perilune__core},
    {"perilune.null", luaopen_perilune_null},
    {"perilune.json", luaopen_perilune_json},
    {"perilune.decimal", luaopen_perilune_decimal},
    {"perilune._csp", luaopen_perilune__csp},
    {"perilune._db", luaopen_perilune__db},
    {"perilune._fiber", luaopen_perilune__fiber},
    {"perilune._file", luaopen_perilune__file},
    {"perilune._fs", luaopen_perilune__fs},
    {"perilune._http_util", luaopen_perilune__http_util},
    {"perilune._inspect", luaopen_perilune__inspect},
    {"perilune._module", luaopen_perilune__module},
    {"perilune._orm", luaopen_perilune__orm},
    {"perilune._log", luaopen_perilune__log},
    {"perilune._cache", luaopen_perilune__cache},
    {"perilune._pack", luaopen_perilune__pack},
    {"perilune._pages", luaopen_perilune__pages},
    {"perilune._pipeline", luaopen_perilune__pipeline},
    {"perilune._querydict", luaopen_perilune__querydict},
    {"perilune._readline", luaopen_perilune__readline},
    {"perilune._request", luaopen_perilune__request},
    {"perilune._response", luaopen_perilune__response},
    {"perilune._settings", luaopen_perilune__settings},
    {"perilune._signals", luaopen_perilune__signals},
    {"perilune._system", luaopen_perilune__system},
    {"perilune._testing", luaopen_perilune__testing},
    {"perilune._time", luaopen_perilune__time},
    {"perilune._urls", luaopen_perilune__urls},
    {"perilune._crypto", luaopen_perilune__crypto},
    {"perilune._gzip", luaopen_perilune__gzip},
    {"perilune._html", luaopen_perilune__html},
    {"perilune._regex", luaopen_perilune__regex},
    {"perilune._template", luaopen_perilune__template},
    {"perilune._text", luaopen_perilune__text},
    {"perilune._validate", luaopen_perilune__validate},
    {"perilune.utils.safestring", luaopen_perilune_utils_safestring},
    {NULL, NULL},
};

static const luaL_Reg standard[] = {
    {LUA_GNAME, luaopen_base},
    {LUA_LOADLIBNAME, luaopen_package},
    {LUA_COLIBNAME, luaopen_coroutine},
    {LUA_TABLIBNAME, luaopen_table},
    {LUA_IOLIBNAME, luaopen_io},
    {LUA_OSLIBNAME, luaopen_os},
    {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math},
    {LUA_UTF8LIBNAME, luaopen_utf8},
    {LUA_DBLIBNAME, luaopen_debug},
    {NULL, NULL},
};

/* ---- loading: text only ---- */

int libs_loadfile(lua_State *L, const char *path, const char *chunkname)
{
    FILE *f = fopen(path, "rb");
    luaL_Buffer b;
    size_t n;
    if (!f) {
        lua_pushfstring(L, "cannot open '%s'", path);
        return LUA_ERRFILE;
    }
    luaL_buffinit(L, &b);
    do {
        char *p = luaL_prepbuffer(&b); /* raises only for lack of memory */
        n = fread(p, 1, LUAL_BUFFERSIZE, f);
        luaL_addsize(&b, n);
    } while (n == LUAL_BUFFERSIZE);
    fclose(f);
    luaL_pushresult(&b);
    const char *text = lua_tolstring(L, -1, &n);
    if (n > 1 && text[0] == '#') { /* a first line for the shell keeps its line number */
        const char *eol = memchr(text, '\n', n);
        n -= (size_t)((eol ? eol : text + n) - text);
        text = eol ? eol : text;
    }
    int status = luaL_loadbufferx(L, text, n, chunkname, "t");
    lua_remove(L, -2);
    return status;
}

/* load(chunk, name, mode, env) with mode fixed to "t" */
static int text_load(lua_State *L)
{
    int top = lua_gettop(L);
    if (top > 4)
        lua_settop(L, top = 4);
    if (top >= 3 || top < 1) {
        if (!lua_isnoneornil(L, 3) && !strchr(luaL_checkstring(L, 3), 't'))
            return exception_raise(L, "ValueError", "load: only source is loaded, never bytecode");
    } else {
        lua_settop(L, 3);
    }
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    top = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, LUA_MULTRET);
    return lua_gettop(L);
}

static int text_loadfile(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    bool has_env = lua_gettop(L) >= 3;
    const char *path = host_path(host_of(L), &host_of(L)->arena, name);
    if (libs_loadfile(L, path, lua_pushfstring(L, "@%s", name)) != LUA_OK) {
        luaL_pushfail(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_env) {
        lua_pushvalue(L, 3);
        lua_setupvalue(L, -2, 1);
    }
    return 1;
}

static int text_dofile(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *path = host_path(host_of(L), &host_of(L)->arena, name);
    if (libs_loadfile(L, path, lua_pushfstring(L, "@%s", name)) != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, LUA_MULTRET);
    return lua_gettop(L) - 2;
}

/* ---- searchers ---- */

static int search_embedded(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    for (const struct embedded_lua *e = embedded_lua; e->module; e++) {
        if (strcmp(e->module, name) != 0)
            continue;
        if (luaL_loadbufferx(L, e->source, e->length, lua_pushfstring(L, "@%s", e->file), "t"))
            return lua_error(L);
        lua_pushfstring(L, "%s", e->file);
        return 2;
    }
    lua_pushfstring(L, "no embedded module '%s'", name);
    return 1;
}

/* Modules of the project first, then those installed on the machine. */
static int search_project(lua_State *L)
{
    static const char *const installed[] = {"/usr/local/share/lua/5.4", "/usr/share/lua/5.4"};
    struct host *h = host_of(L);
    const char *name = luaL_checkstring(L, 1);
    luaL_Buffer tried;
    if (strchr(name, '/') || strchr(name, '\\') || strstr(name, ".."))
        return luaL_error(L, "module name '%s' is not valid: use dots between its parts", name);
    const char *file = luaL_gsub(L, name, ".", "/");

    luaL_buffinit(L, &tried);
    for (size_t i = 0; i < 6; i++) {
        const char *dir = i < 2 ? h->options.project_dir : installed[i / 2 - 1];
        if (!dir)
            continue;
        const char *path = lua_pushfstring(L, i % 2 ? "%s/%s/init.lua" : "%s/%s.lua", dir, file);
        FILE *f = fopen(path, "rb");
        if (!f) {
            lua_pushfstring(L, "%sno file '%s'", i ? "\n\t" : "", path);
            lua_remove(L, -2);
            luaL_addvalue(&tried);
            continue;
        }
        fclose(f);
        const char *chunk = i < 2 ? lua_pushfstring(L, "@%s", path + strlen(dir) + 1)
                                  : lua_pushfstring(L, "@%s", path);
        if (libs_loadfile(L, path, chunk) != LUA_OK)
            return lua_error(L);
        require_guard(L);
        lua_pushstring(L, path);
        return 2;
    }
    luaL_pushresult(&tried);
    return 1;
}

static void set_searchers(lua_State *L)
{
    struct host *h = host_of(L);
    const char *dir = h->options.project_dir;
    lua_getglobal(L, "package");
    lua_pushfstring(L,
                    "%s%s/usr/local/lib/lua/5.4/?.so;/usr/lib/x86_64-linux-gnu/lua/5.4/?.so;"
                    "/usr/lib/aarch64-linux-gnu/lua/5.4/?.so",
                    dir ? dir : "", dir ? "/?.so;" : "");
    lua_setfield(L, -2, "cpath");
    lua_pushfstring(L, "%s%s/usr/local/share/lua/5.4/?.lua;/usr/share/lua/5.4/?.lua",
                    dir ? dir : "", dir ? "/?.lua;" : "");
    lua_setfield(L, -2, "path");
    /* [1] preload, [2] was Lua files, [3] C libraries, [4] all-in-one C libraries */
    lua_getfield(L, -1, "searchers");
    lua_rawgeti(L, -1, 3);
    lua_rawseti(L, -2, 4);
    lua_pushcfunction(L, search_embedded);
    lua_rawseti(L, -2, 2);
    lua_pushcfunction(L, search_project);
    lua_rawseti(L, -2, 3);
    lua_pop(L, 2);
}

/* ---- globals ---- */

static int undeclared(lua_State *L)
{
    const char *name = luaL_tolstring(L, 2, NULL);
    return exception_raise(L, "Error",
                           "assignment to undeclared global '%s'; write 'local %s' (modules share "
                           "values by returning them)",
                           name, name);
}

/* null = True would be null = nil, and nobody would say so. */
static int absent(lua_State *L)
{
    static const char *const words[][2] = {{"True", "true"}, {"False", "false"}, {"None", "nil"}};
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(name, words[i][0]) == 0)
            return exception_raise(L, "Error", "there is no variable '%s'; in Lua it is %s", name,
                                   words[i][1]);
    lua_pushnil(L);
    return 1;
}

static void remove_fields(lua_State *L, const char *lib, const char *const *names)
{
    lua_getglobal(L, lib);
    for (; *names; names++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *names);
    }
    lua_pop(L, 1);
}

static void limit_globals(lua_State *L)
{
    /* debug.sethook would switch the time limit off; the others break the guarantees
     * that handles and strings rely on. */
    static const char *const debug_names[] = {
        "sethook", "setmetatable", "getregistry", "setuservalue", "setcstacklimit", "debug", NULL};
    static const char *const os_names[] = {"setlocale", NULL};
    remove_fields(L, "debug", debug_names);
    remove_fields(L, "os", os_names);

    lua_getglobal(L, "load");
    lua_pushcclosure(L, text_load, 1);
    lua_setglobal(L, "load");
    lua_pushcfunction(L, text_loadfile);
    lua_setglobal(L, "loadfile");
    lua_pushcfunction(L, text_dofile);
    lua_setglobal(L, "dofile");

    contain_open(L);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushliteral(L, "string");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);

    lua_pushglobaltable(L);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, undeclared);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, absent);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "globals");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void libs_open(lua_State *L)
{
    lua_pushboolean(L, 1); /* LUA_PATH and LUA_CPATH are not ours */
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    for (const luaL_Reg *r = standard; r->name; r++) {
        luaL_requiref(L, r->name, r->func, 1);
        lua_pop(L, 1);
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    luaL_setfuncs(L, modules, 0);
    lua_pop(L, 1);
    set_searchers(L);
    limit_globals(L);
    thread_open_coroutines(L);
    null_open(L);
    decimal_open(L);
    json_open(L);
    pack_open(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.exceptions"); /* everything raises */
    lua_call(L, 1, 0);
}
