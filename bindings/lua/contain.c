/* SPDX-License-Identifier: MIT */
/* Standard functions that would harm everybody a worker serves.  Commands and scripts,
 * which are alone in their process, have them as they are. */
#include "bindings/lua/contain.h"

#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "base/banned.h"

#include <lauxlib.h>
#include <string.h>

static bool serving(lua_State *L)
{
    return host_of(L)->options.serving;
}

/* Calls the function in upvalue 1 with all arguments. [-n, +m, may raise] */
static int pass_on(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int contained_exit(lua_State *L)
{
    if (!serving(L))
        return pass_on(L);
    return exception_raise(L, "Error",
                           "os.exit would end the worker and every request in it; return a "
                           "response or raise an error");
}

static int contained_collectgarbage(lua_State *L)
{
    static const char *const harmless[] = {"collect", "count", "step", "isrunning", NULL};
    const char *option = luaL_optstring(L, 1, "collect");
    if (!serving(L))
        return pass_on(L);
    for (const char *const *h = harmless; *h; h++)
        if (strcmp(option, *h) == 0)
            return pass_on(L);
    return exception_raise(L, "Error",
                           "collectgarbage('%s') would change how the whole worker collects its "
                           "garbage",
                           option);
}

/* Replaces field `name` of the table on top. [-0, +0, may raise] */
static void replace(lua_State *L, const char *name, lua_CFunction f)
{
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, f, 1);
    lua_setfield(L, -2, name);
}

void contain_open(lua_State *L)
{
    lua_pushglobaltable(L);
    replace(L, "collectgarbage", contained_collectgarbage);
    lua_getfield(L, -1, "os");
    replace(L, "exit", contained_exit);
    lua_pop(L, 2);
}
