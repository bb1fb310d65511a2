/* SPDX-License-Identifier: MIT */
/* The Lua threads of fibers, and the limit of running time.
 *
 * Every fiber that enters Lua has a thread of its own, which stays with the fiber's
 * pooled stack.  A timer of CPU time ticks in a signal handler; when the running fiber
 * has used up its budget, the handler arms a hook that raises TimeLimitExceeded at the
 * next instruction, and at every one after that: a pcall cannot swallow it, and a
 * coroutine made or resumed later has it too.  What waits uses nothing. */
#ifndef BINDINGS_LUA_THREAD_H
#define BINDINGS_LUA_THREAD_H

#include "base/err.h"

#include <lua.h>
#include <signal.h>

struct host;

struct script_thread { /* in FIBER_SCRIPT of the fiber */
    lua_State *L;
    lua_State *running;         /* L, or the coroutine that runs on it */
    volatile sig_atomic_t left; /* ticks; 0: no limit */
    volatile sig_atomic_t fired;
    volatile sig_atomic_t held; /* thread_hold() */
};

/* The thread of the running fiber, made at the first time; that of the main stack
 * outside of fibers. NULL when memory is out. */
struct script_thread *thread_current(struct host *h);

/* `seconds` of running time from now for the running fiber; 0: no limit. */
void thread_limit(struct host *h, double seconds);

/* When less than `seconds` are left, or none: so many from now, for what is still to be
 * done. Does nothing without a limit. */
void thread_grace(struct host *h, double seconds);

/* Between the two the limit does not strike: short work of the engine's own, in Lua. */
void thread_hold(struct host *h);
void thread_release(struct host *h);

/* Starts the clock: once per process. */
int thread_watch(struct host *h, struct err *err);

/* Sets coroutine.resume, wrap and close to versions that keep `running`. May raise. */
void thread_open_coroutines(lua_State *L);

/* The C function of what coroutine.wrap() makes. */
lua_CFunction thread_wrapped(void);

/* To be called by the host: the loop throws a stack's thread away. */
void thread_drop(void *host, void *thread);

#endif
