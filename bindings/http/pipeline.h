/* SPDX-License-Identifier: MIT */
/* Views and middleware written in Lua, as the pipeline sees them. */
#ifndef BINDINGS_HTTP_PIPELINE_H
#define BINDINGS_HTTP_PIPELINE_H

#include "pipeline/pipeline.h"

#include <lua.h>

struct host;

/* A view for the function at idx, known as `name`; lives as long as the host. May raise. */
struct view *lua_view_new(lua_State *L, int idx, const char *name);
/* Pushes the function of a Lua view; nil for a view in C. [-0, +1] */
void lua_view_push(lua_State *L, const struct view *v);

/* struct response.render of template responses; data is the host. May wait. */
int lua_render_response(struct response *response, void *data, struct err *err);

/* Error pages: perilune._errors, which asks handler400 .. handler500 of the root urls. */
struct pipeline_host lua_pipeline_host(struct host *h);

/* The page that says why the project does not load; NULL when it cannot be made. */
struct response *lua_load_page(struct host *h, struct request *r, const char *why);

int luaopen_perilune__pipeline(lua_State *L);

#endif
