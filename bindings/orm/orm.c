/* SPDX-License-Identifier: MIT */
/* perilune._orm: the engine's models and queries, for perilune.models and the migrations.
 * Private: what authors use is in perilune/models.lua. */
#include "bindings/orm/code.h"

#include "bindings/lua/libs.h"

#include <lauxlib.h>

int luaopen_perilune__orm(lua_State *L)
{
    orm_open_code(L);
    lua_createtable(L, 0, 64);
    orm_open_expressions(L);
    orm_open_queries(L);
    orm_open_insert(L);
    orm_open_world(L);
    orm_open_run(L);
    orm_open_write(L);
    orm_open_rows(L);
    orm_open_get(L);
    orm_open_begin(L);
    orm_open_by_key(L);
    orm_open_members(L);
    orm_open_source(L);
    orm_open_instance(L);
    orm_open_survey(L);
    return 1;
}
