/* SPDX-License-Identifier: MIT */
#include "bindings/lua/memory.h"

#include "base/mem.h"
#include "base/sanitizer.h"

#include <stdint.h>
#include <sys/mman.h>

enum {
    CHUNK = 32768,
    HUGE = 2 << 20,       /* of a large page */
    LARGE_FROM = 4 << 20, /* bytes of small objects from which on they get those */
#ifdef SANITIZER_ADDRESS
    SMALLEST_BIG = 0, /* every object is watched on its own */
#else
    SMALLEST_BIG = MEMORY_SMALL,
#endif
};

struct memory_chunk {
    struct memory_chunk *older;
    _Alignas(16) char bytes[];
};

/* Objects of a large heap lie far apart: where each is on a page of its own, finding the page
 * takes longer than reading it does.  NULL: no memory. */
static struct memory_chunk *new_chunk(const struct memory *m, size_t *size)
{
    struct memory_chunk *c = NULL;
    *size = m->chunked < LARGE_FROM ? CHUNK + sizeof *c : HUGE;
    if (*size != HUGE)
        return malloc(*size);
    c = aligned_alloc(HUGE, HUGE);
    if (c)
        madvise(c, HUGE, MADV_HUGEPAGE); /* or not: it is memory all the same */
    return c;
}

void memory_init(struct memory *m)
{
    *m = (struct memory){.limit = SIZE_MAX};
}

void memory_release(struct memory *m)
{
    while (m->chunks) {
        struct memory_chunk *c = m->chunks;
        m->chunks = c->older;
        free(c);
    }
    memory_init(m);
}

static inline size_t class_of(size_t size)
{
    return (size - 1) / 16;
}

static void *cut(struct memory *m, size_t size)
{
    void *p;
    if ((size_t)(m->end - m->next) < size || !m->next) {
        size_t bytes;
        struct memory_chunk *c = new_chunk(m, &bytes);
        if (!c)
            return NULL;
        bytes -= sizeof *c;
        c->older = m->chunks;
        m->chunks = c;
        m->chunked += bytes;
        /* What is left of the last chunk serves smaller classes. */
        while (m->next && m->end - m->next >= 16) {
            size_t left = (size_t)(m->end - m->next);
            size_t piece = left > MEMORY_SMALL ? MEMORY_SMALL : left & ~(size_t)15;
            *(void **)(void *)m->next = m->free[class_of(piece)];
            m->free[class_of(piece)] = m->next;
            m->next += piece;
        }
        m->next = c->bytes;
        m->end = c->bytes + bytes;
    }
    p = m->next;
    m->next += size;
    return p;
}

static void *take(struct memory *m, size_t size)
{
    size_t c;
    void *p;
    if (size > SMALLEST_BIG)
        return malloc(size);
    c = class_of(size);
    p = m->free[c];
    if (!p)
        return cut(m, (c + 1) * 16);
    m->free[c] = *(void **)p;
    return p;
}

static void give(struct memory *m, void *p, size_t size)
{
    if (size > SMALLEST_BIG) {
        free(p);
        return;
    }
    size_t c = class_of(size);
    *(void **)p = m->free[c];
    m->free[c] = p;
}

bool memory_spent(const struct memory *m)
{
    const size_t waste = 32 << 20;
    return m->chunked > waste && m->chunked - waste > m->used;
}

/* Lua collects its garbage and asks for the same once more before it gives up. */
static void *refuse(struct memory *m, size_t size)
{
    m->exhausted = m->exhausted || m->refused == size;
    m->refused = size;
    return NULL;
}

/* Whatever is not as simple as below. */
static __attribute__((noinline)) void *allocate_other(struct memory *m, void *block, size_t old,
                                                      size_t size)
{
    void *p;
    if (size == 0) {
        if (old) {
            give(m, block, old);
            m->used -= old;
        }
        return NULL;
    }
    if (size > old && m->used + (size - old) > m->limit)
        return refuse(m, size);
    if (old > SMALLEST_BIG && size > SMALLEST_BIG) {
        p = realloc(block, size);
    } else if (old && old <= SMALLEST_BIG && size <= SMALLEST_BIG &&
               class_of(old) == class_of(size)) {
        p = block;
    } else {
        p = take(m, size);
        if (p && old) {
            memcpy(p, block, old < size ? old : size);
            give(m, block, old);
        }
    }
    if (p)
        m->used = m->used - old + size;
    return p;
}

/* Nearly every call is for a small object or of one that dies, and Lua makes a dozen of them for
 * each row of a table: these ways are short and call nothing. */
void *memory_allocate(void *data, void *block, size_t old, size_t size)
{
    struct memory *m = data;
    if (size == 0) {
        if (!block)
            return NULL; /* a part that a table does not have */
        if (old && old <= SMALLEST_BIG) {
            *(void **)block = m->free[class_of(old)];
            m->free[class_of(old)] = block;
            m->used -= old;
            return NULL;
        }
    } else if (!block) {
        old = 0; /* it is the kind of object */
        if (size <= SMALLEST_BIG && m->used + size <= m->limit) {
            void **p = m->free[class_of(size)];
            if (p) {
                m->free[class_of(size)] = *p;
                m->used += size;
                return p;
            }
        }
    }
    return allocate_other(m, block, old, size);
}
