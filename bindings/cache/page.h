/* SPDX-License-Identifier: MIT */
/* cache.page() between the engine and Lua. */
#ifndef BINDINGS_CACHE_PAGE_H
#define BINDINGS_CACHE_PAGE_H

#include "pipeline/pages.h"

#include <lua.h>

struct host;

/* What pages need of the host; lives as long as it. */
const struct page_host *page_host_of(struct host *h);

/* Is the value at idx a view that cache.page() made? Pushes the view inside of it then, and
 * gives the pages, which live as long as the value. [-0, +0|1] */
struct pages *page_unwrap(lua_State *L, int idx);

int luaopen_perilune__pages(lua_State *L);

#endif
