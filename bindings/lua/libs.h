/* SPDX-License-Identifier: MIT */
/* The C modules that `require` finds: one line each in libs.c. */
#ifndef BINDINGS_LUA_LIBS_H
#define BINDINGS_LUA_LIBS_H

#include <lua.h>

/* Opens the standard libraries as far as apps may have them, and the searchers for
 * embedded, project and C modules. May raise. */
void libs_open(lua_State *L);

/* Loads a Lua source file as text under a chunk name relative to the project
 * ("@shop/views.lua"): LUA_OK with the function, or a status with the message. */
int libs_loadfile(lua_State *L, const char *path, const char *chunkname);

int luaopen_perilune__client(lua_State *L);
int luaopen_perilune__core(lua_State *L);
int luaopen_perilune_null(lua_State *L);
int luaopen_perilune_json(lua_State *L);
int luaopen_perilune_decimal(lua_State *L);
int luaopen_perilune__csp(lua_State *L);
int luaopen_perilune__db(lua_State *L);
int luaopen_perilune__fiber(lua_State *L);
int luaopen_perilune__file(lua_State *L);
int luaopen_perilune__fs(lua_State *L);
int luaopen_perilune__http_util(lua_State *L);
int luaopen_perilune__inspect(lua_State *L);
int luaopen_perilune__module(lua_State *L);
int luaopen_perilune__log(lua_State *L);
int luaopen_perilune__orm(lua_State *L);
int luaopen_perilune__cache(lua_State *L);
int luaopen_perilune__pack(lua_State *L);
int luaopen_perilune__pages(lua_State *L);
int luaopen_perilune__pipeline(lua_State *L);
int luaopen_perilune__querydict(lua_State *L);
int luaopen_perilune__readline(lua_State *L);
int luaopen_perilune__request(lua_State *L);
int luaopen_perilune__response(lua_State *L);
int luaopen_perilune__settings(lua_State *L);
int luaopen_perilune__signals(lua_State *L);
int luaopen_perilune__system(lua_State *L);
int luaopen_perilune__testing(lua_State *L);
int luaopen_perilune__time(lua_State *L);
int luaopen_perilune__urls(lua_State *L);
int luaopen_perilune__crypto(lua_State *L);
int luaopen_perilune__html(lua_State *L);
int luaopen_perilune__regex(lua_State *L);
int luaopen_perilune__gzip(lua_State *L);
int luaopen_perilune__template(lua_State *L);
int luaopen_perilune__text(lua_State *L);
int luaopen_perilune__validate(lua_State *L);
int luaopen_perilune_utils_safestring(lua_State *L);

#endif
