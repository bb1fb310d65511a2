/* SPDX-License-Identifier: MIT */
/* Bump memory with one owner: everything is freed at once.  A request has one;
 * so has everything else that is built in many small pieces and dropped whole.
 * No pointer into an arena may be kept by something that lives longer: copy. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/mem.h"
#include "base/sanitizer.h"
#include "base/str.h"

#include <stdarg.h>

struct arena_block;
struct arena_defer;

struct arena { /* read-only to callers */
    char *next, *end;
    struct arena_block *blocks;
    struct arena_defer *defers;
    size_t block_size;
};

/* Allocates nothing yet; block_size 0 means 4 KiB less malloc's own bytes. */
void arena_init(struct arena *a, size_t block_size);
/* Runs the deferred functions, newest first, and frees everything but one block of
 * block_size, so that the next use need not allocate. */
void arena_reset(struct arena *a);
void arena_release(struct arena *a);

void *arena_alloc_slow(struct arena *a, size_t size);

/* Aligned for any type; contents undefined. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
    size_t step = (size + 15) & ~(size_t)15;
    if ((size_t)(a->end - a->next) < step || step < size || !a->next)
        return arena_alloc_slow(a, size);
    void *p = a->next;
    a->next += step;
    SANITIZER_UNPOISON(p, size);
    return p;
}

void *arena_zalloc(struct arena *a, size_t size);
/* NUL-ended copies. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline struct str arena_str(struct arena *a, struct str s)
{
    return str_make(arena_strndup(a, s.p, s.n), s.n);
}

/* Calls fn(data) at reset or release: for what the arena cannot free itself. */
void arena_defer(struct arena *a, void (*fn)(void *), void *data);

#endif
