/* SPDX-License-Identifier: MIT */
/* C objects that live as long as their Lua handle, without finalizers.
 *
 * A __gc metamethod costs more than most objects are worth: the collector handles such
 * an object apart, calls a function for it, and frees its memory one cycle later.  Here
 * the handle stands in a weak table instead, under the number of a slot that has the C
 * object; now and then (keep_sweep, between requests) the objects of the slots whose
 * handles are gone are dropped. */
#ifndef BINDINGS_LUA_KEEP_H
#define BINDINGS_LUA_KEEP_H

#include <lua.h>
#include <stddef.h>

struct host;

struct keep_slot {
    void *object; /* NULL: free */
    void (*drop)(void *object);
    size_t next_free;
};

struct keep { /* of a host */
    struct keep_slot *slots;
    size_t n, cap, free;
    int table; /* weak values, in the registry */
};

void keep_open(lua_State *L, struct keep *k);
/* A slot for the userdata on top of the stack: what the caller puts there (object and
 * drop, right away, before anything may raise) is dropped once the userdata is garbage.
 * [-0, +0, may raise: then there is nothing to undo] */
struct keep_slot *keep_reserve(lua_State *L);
void keep_weigh_heavy(lua_State *L, size_t bytes);
/* `bytes` hang on a kept object, of which the collector does not know: it works as if they
 * were Lua's own. [-0, +0; runs finalizers] */
static inline void keep_weigh(lua_State *L, size_t bytes)
{
    if (bytes >= 8192) /* less is not worth a thought */
        keep_weigh_heavy(L, bytes);
}
/* Drops what is garbage, when the collector has looked since the last time. */
void keep_sweep(struct host *h);
/* Drops everything; before or after lua_close(). */
void keep_close(struct keep *k);

#endif
