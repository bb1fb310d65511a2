/* SPDX-License-Identifier: MIT */
/* Lua's allocator: what one state may use at most, and small objects out of free lists.
 *
 * Lua tells the size of what it gives back, so a small block needs no header and goes to
 * the list of its size class; blocks are cut from chunks that stay until the state is
 * closed.  Anything larger is malloc's. */
#ifndef BINDINGS_LUA_MEMORY_H
#define BINDINGS_LUA_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

enum { MEMORY_SMALL = 256, MEMORY_CLASSES = MEMORY_SMALL / 16 };

struct memory_chunk;

struct memory {         /* read-only to callers, but for `limit` */
    size_t used, limit; /* bytes as Lua counts them */
    void *free[MEMORY_CLASSES];
    char *next, *end; /* uncut rest of the newest chunk */
    struct memory_chunk *chunks;
    size_t chunked; /* bytes of all chunks */
    bool exhausted; /* a request for memory failed, after a collection too; the owner resets it */
    size_t refused; /* the size asked for when the limit was last met */
};

void memory_init(struct memory *m);
/* After lua_close(). */
void memory_release(struct memory *m);
/* Much more was cut into small blocks than is in use, and cannot be given back: it is time
 * for another process. Ask after a full collection. */
bool memory_spent(const struct memory *m);
/* The lua_Alloc; data is a struct memory. NULL past the limit. */
void *memory_allocate(void *data, void *block, size_t old, size_t size);

#endif
