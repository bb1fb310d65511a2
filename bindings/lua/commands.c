/* SPDX-License-Identifier: MIT */
#include "bindings/lua/commands.h"

#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/module.h"

#include "base/banned.h"

#include <lauxlib.h>

struct arguments {
    int argc;
    char **argv;
};

/* perilune.commands.main(argv) -> status */
static int enter(lua_State *L)
{
    const struct arguments *a = lua_touserdata(L, 1);
    module_preload(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.commands");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "main");
    lua_createtable(L, a->argc, 0);
    for (int i = 0; i < a->argc; i++) {
        lua_pushstring(L, a->argv[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_call(L, 1, 1);
    return 1;
}

int commands_run(struct host *h, int argc, char **argv)
{
    lua_State *L = host_thread(h);
    struct arguments a = {argc, argv};
    int status = 1;
    lua_pushcfunction(L, enter);
    lua_pushlightuserdata(L, &a);
    if (script_call(L, 1, 1) == LUA_OK) {
        status = (int)lua_tointeger(L, -1);
    } else {
        struct err err;
        exception_to_err(L, -1, &err);
        fprintf(stderr, "perilune: %s\n", err.msg);
    }
    lua_pop(L, 1);
    return status;
}
