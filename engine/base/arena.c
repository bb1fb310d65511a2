/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdint.h>

struct arena_block {
    struct arena_block *older;
    size_t size; /* of the bytes that follow */
    _Alignas(16) char bytes[];
};

struct arena_defer {
    struct arena_defer *older;
    void (*fn)(void *);
    void *data;
};

void arena_init(struct arena *a, size_t block_size)
{
    if (block_size == 0)
        block_size = 4096 - 64;
    *a = (struct arena){.block_size = (block_size + 15) & ~(size_t)15};
}

static struct arena_block *block_new(size_t room)
{
    struct arena_block *b;
    if (room > SIZE_MAX / 2)
        mem_mul(room, 2); /* ends the process, as every size that cannot be */
    b = mem_alloc(sizeof *b + room);
    b->size = room;
    SANITIZER_POISON(b->bytes, room);
    return b;
}

/* When the current block has no room. */
void *arena_alloc_slow(struct arena *a, size_t size)
{
    if (size > a->block_size / 2) {
        /* A large piece gets a block of its own behind the current one, which stays in use. */
        struct arena_block *b = block_new(size), **at = a->blocks ? &a->blocks->older : &a->blocks;
        b->older = *at;
        *at = b;
        SANITIZER_UNPOISON(b->bytes, size);
        return b->bytes;
    }
    struct arena_block *b = block_new(a->block_size);
    b->older = a->blocks;
    a->blocks = b;
    a->next = b->bytes;
    a->end = b->bytes + b->size;
    return arena_alloc(a, size);
}

static void run_defers(struct arena *a)
{
    while (a->defers) {
        struct arena_defer *d = a->defers;
        a->defers = d->older;
        d->fn(d->data);
    }
}

static void free_block(struct arena_block *b)
{
    SANITIZER_UNPOISON(b->bytes, b->size);
    free(b);
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = NULL;
    run_defers(a);
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->older;
        if (!kept && b->size == a->block_size)
            kept = b;
        else
            free_block(b);
    }
    a->next = a->end = NULL;
    if (!kept)
        return;
    kept->older = NULL;
    a->blocks = kept;
    a->next = kept->bytes;
    a->end = kept->bytes + kept->size;
    SANITIZER_POISON(kept->bytes, kept->size);
}

void arena_release(struct arena *a)
{
    run_defers(a);
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->older;
        free_block(b);
    }
    arena_init(a, a->block_size);
}

void *arena_zalloc(struct arena *a, size_t size)
{
    void *p = arena_alloc(a, size);
    memset(p, 0, size);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    if (n)
        memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    size_t size = n < 0 ? 1 : (size_t)n + 1;
    char *p = arena_alloc(a, size);
    p[0] = '\0';
    vsnprintf(p, size, fmt, again);
    va_end(again);
    va_end(ap);
    return p;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *data)
{
    struct arena_defer *d = arena_alloc(a, sizeof *d);
    *d = (struct arena_defer){a->defers, fn, data};
    a->defers = d;
}
