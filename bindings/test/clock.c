/* SPDX-License-Identifier: MIT */
/* perilune._testing: a clock that stands still. */
#include "bindings/lua/host.h"
#include "bindings/test/test.h"

#include "base/banned.h"

#include <lauxlib.h>

/* freeze(seconds since 1970 | nil): what the clock shows from now on; nil: it runs again.
 * Deadlines and waits have a clock of their own. */
static int l_freeze(lua_State *L)
{
    struct host *h = host_of(L);
    if (lua_isnoneornil(L, 1)) {
        h->frozen = 0;
        return 0;
    }
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds > 0 && seconds < 9e9, 1, "a moment between 1970 and 2255");
    h->frozen = (int64_t)(seconds * 1e6 + 0.5) * 1000;
    return 0;
}

void testing_open_clock(lua_State *L)
{
    lua_pushcfunction(L, l_freeze);
    lua_setfield(L, -2, "freeze");
}
