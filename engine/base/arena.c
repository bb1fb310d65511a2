/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include "base/sanitizer.h"

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
    *a = (struct arena){.block_size = block_size ? block_size : 4096 - 64};
}

void *arena_alloc_slow(struct arena *a, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if ((size_t)(a->end - a->next) < size || !a->next) {
        size_t room = size > a->block_size ? size : a->block_size;
        struct arena_block *b = mem_alloc(sizeof *b + room);
        b->size = room;
        SANITIZER_POISON(b->bytes, room);
        if (size > a->block_size / 2 && a->blocks) {
            /* A large piece gets a block behind the current one, which stays in use. */
            b->older = a->blocks->older;
            a->blocks->older = b;
            SANITIZER_UNPOISON(b->bytes, size);
            return b->bytes;
        }
        b->older = a->blocks;
        a->blocks = b;
        a->next = b->bytes;
        a->end = b->bytes + room;
    }
    void *p = a->next;
    a->next += size;
    SANITIZER_UNPOISON(p, size);
    return p;
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
    run_defers(a);
    while (a->blocks && a->blocks->older) {
        struct arena_block *b = a->blocks;
        a->blocks = b->older;
        free_block(b);
    }
    if (a->blocks) {
        a->next = a->blocks->bytes;
        a->end = a->next + a->blocks->size;
        SANITIZER_POISON(a->next, a->blocks->size);
    }
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
