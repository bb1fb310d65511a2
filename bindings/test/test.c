/* SPDX-License-Identifier: MIT */
#include "bindings/test/test.h"

#include "bindings/lua/libs.h"

int luaopen_perilune__testing(lua_State *L)
{
    lua_newtable(L);
    testing_open_clock(L);
    testing_open_coverage(L);
    testing_open_database(L);
    testing_open_live(L);
    testing_open_request(L);
    return 1;
}
