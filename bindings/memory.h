/* SPDX-License-Identifier: MIT */
/* Lua's allocator: what one state may use at most, and small objects out of free lists.
 *
 * Lua tells the size of what it gives back, so a small block needs no header and goes to
 * the list of its size class; blocks are cut from chunks that stay until the state is
 * closed.  Anything larger is malloc's. */
#ifndef BINDINGS_MEMORY_H
#define BINDINGS_MEMORY_H

#include <stddef.h>

enum { MEMORY_SMALL = 256, MEMORY_CLASSES = MEMORY_SMALL / 16 };

struct memory_chunk;

struct memory {         /* read-only to callers, but for `limit` */
    size_t used, limit; /* bytes as Lua counts them */
    void *free[MEMORY_CLASSES];
    char *next, *end; /* uncut rest of the newest chunk */
    struct memory_chunk *chunks;
};

void memory_init(struct memory *m);
/* After lua_close(). */
void memory_release(struct memory *m);
/* The lua_Alloc; data is a struct memory. NULL past the limit. */
void *memory_allocate(void *data, void *block, size_t old, size_t size);

#endif
