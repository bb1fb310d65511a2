/* SPDX-License-Identifier: MIT */
/* One Lua state and what belongs to it.  A worker has one host; so has a command.
 *
 * Every fiber has a Lua thread of its own, pooled with the fiber's stack; Lua is
 * entered with script_call only, so that a fiber may wait anywhere inside of it. */
#ifndef BINDINGS_LUA_HOST_H
#define BINDINGS_LUA_HOST_H

#include "app/script.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/vec.h"
#include "bindings/lua/keep.h"
#include "bindings/lua/memory.h"
#include "bindings/lua/thread.h"

#include <lua.h>
#include <stddef.h>

struct coverage;
struct fiber;
struct loop;
struct orm_builders;
struct page_host;
struct pipeline;
struct settings;
struct unpack_names;

struct host {
    lua_State *L; /* the main thread: start and commands; requests have their own */
    struct loop *loop;
    struct log *log;
    struct app *app;           /* once load() has run */
    struct settings *settings; /* NULL outside of a project */
    struct script_options options;
    struct arena arena; /* process-long */
    struct memory memory;
    struct keep keep;                 /* C objects behind handles */
    VEC(struct pipeline *) pipelines; /* that were replaced: what Lua made of them may live */
    VEC(int) request_places;          /* free: request.c */
    bool lua_layers;                  /* layers of the onion are in Lua */
    struct script_thread main_thread; /* outside of fibers */
    struct unpack_names *names;       /* keys that were unpacked: value/unpack.c */
    struct orm_builders *builders;    /* of query code: orm/code.c */
    int around_views;                 /* a function that calls them; 0: none does */
    int64_t frozen;                /* for tests: ns since 1970 that the clock shows; 0: it runs */
    struct coverage *coverage;     /* for tests: lines that ran; NULL */
    const struct page_host *pages; /* page_host_of() */
};

static inline struct host *host_of(lua_State *L)
{
    return *(struct host **)lua_getextraspace(L);
}

/* What the author's code is to take for the time, in ns since 1970. */
static inline int64_t host_realtime(const struct host *h)
{
    return h->frozen ? h->frozen : clock_realtime();
}

void coverage_free(struct coverage *c); /* bindings/test/coverage.c; NULL is allowed */

/* The Lua thread of the running fiber (the main thread outside of one). Its stack is
 * the fiber's own: leave it as you found it. Gives NULL when memory is out. */
lua_State *host_thread(struct host *h);

/* Calls the function below its nargs arguments, with the error-object handler: the
 * only way from C into Lua.  LUA_OK with nresults values pushed, or a status with the
 * error object pushed; function and arguments are gone in both cases.  Never raises. */
int script_call(lua_State *L, int nargs, int nresults);

/* Makes the app's pipeline, empty: what perilune._project.load() fills. One that was there is
 * put aside. */
void host_prepare(struct host *h, struct app *app);

/* Path of `name` below the project directory (as it is when absolute), in the arena. */
const char *host_path(struct host *h, struct arena *a, const char *name);

#endif
