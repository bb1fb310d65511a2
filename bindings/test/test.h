/* SPDX-License-Identifier: MIT */
/* perilune._testing: what perilune.test cannot do in Lua.  One file for each part, whose
 * functions go into the module's table. */
#ifndef BINDINGS_TEST_TEST_H
#define BINDINGS_TEST_TEST_H

#include <lua.h>

/* Each adds its functions to the table at the top. [-0, +0, may raise] */
void testing_open_database(lua_State *L); /* blocks that are never kept */
void testing_open_clock(lua_State *L);    /* time that stands still */
void testing_open_coverage(lua_State *L); /* lines that ran */
void testing_open_live(lua_State *L);     /* a server in this process */
void testing_open_request(lua_State *L);  /* requests through the pipeline, without a socket */

#endif
