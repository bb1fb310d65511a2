/* SPDX-License-Identifier: MIT */
/* Stacks: mapped once, used again last in first out, so that the next fiber finds
 * its pages warm.  Lowest address first, a mapping is guard, stack, struct fiber. */
#include "fiber/impl.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_STACK
#define MAP_STACK 0
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

enum {
    STACK_DEFAULT = 1024 * 1024,
    STACK_LEAST = 64 * 1024, /* on top of the guard */
    STACK_KEEP = 256,
    TRIM_KEEPS = 16 * 1024, /* bytes at the top that every fiber touches anyway */
    IDLE_MS = 5000,
};

void stack_pool_init(struct stack_pool *p, const struct loop_options *o)
{
    size_t size = o ? o->stack_size : 0;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (!size)
        size = STACK_DEFAULT;
    if (size < STACK_GUARD + STACK_LEAST)
        size = STACK_GUARD + STACK_LEAST;
    p->size = (size + page - 1) / page * page;
    p->keep = o && o->keep ? o->keep : STACK_KEEP;
    p->idle_ms = o && o->idle_ms ? o->idle_ms : IDLE_MS;
}

static struct fiber *map(struct loop *l)
{
    size_t size = l->pool.size;
    char *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED || mprotect(base, STACK_GUARD, PROT_NONE) != 0) {
        fprintf(stderr,
                "perilune: cannot map a stack for fiber %zu: %s (two mappings a fiber: raise "
                "vm.max_map_count, or lower max_connections)\n",
                l->fibers + 1, strerror(errno));
        abort();
    }
    struct fiber *f = (struct fiber *)(void *)(base + size - sizeof *f);
    f = (struct fiber *)((uintptr_t)f & ~(uintptr_t)63);
    f->loop = l;
    f->place = l->pool.all.n;
    vec_push(&l->pool.all, f);
    switch_init(f, base + STACK_GUARD, (char *)f);
    return f;
}

static void unmap(struct loop *l, struct fiber *f)
{
    void *script = f->slots[FIBER_SCRIPT];
    struct fiber *last = vec_pop(&l->pool.all);

    if (script && l->drop)
        l->drop(l->drop_data, script);
    l->pool.all.items[f->place] = last;
    last->place = f->place;
    switch_release(f);
    munmap(f->low - STACK_GUARD, l->pool.size);
}

struct fiber *stack_take(struct loop *l)
{
    struct stack_pool *p = &l->pool;

    if (!p->idle.n)
        return map(l);
    struct fiber *f = vec_pop(&p->idle);
    if (p->idle.n < p->untouched)
        p->untouched = p->idle.n;
    if (p->idle.n < p->trimmed)
        p->trimmed = p->idle.n;
    return f;
}

void stack_give(struct loop *l, struct fiber *f)
{
    struct stack_pool *p = &l->pool;

    f->state = FIBER_IDLE;
    if (p->idle.n >= p->keep) {
        unmap(l, f);
        return;
    }
    vec_push(&p->idle, f);
    if (!p->timer_runs) {
        p->timer_runs = true;
        uv_timer_start(&l->trim, stack_trim, p->idle_ms, 0);
    }
}

/* The stack of a fiber that ended holds nothing below its entry frame. */
static void give_pages_back(struct fiber *f)
{
#ifdef MADV_DONTNEED
    char *end = (char *)((uintptr_t)(f + 1) & ~(uintptr_t)(TRIM_KEEPS - 1)) - TRIM_KEEPS;
    if (end > f->low)
        madvise(f->low, (size_t)(end - f->low), MADV_DONTNEED);
#else
    (void)f;
#endif
}

void stack_trim(uv_timer_t *timer)
{
    struct loop *l = timer->data;
    struct stack_pool *p = &l->pool;

    for (; p->trimmed < p->untouched; p->trimmed++)
        give_pages_back(p->idle.items[p->trimmed]);
    p->untouched = p->idle.n;
    p->timer_runs = p->trimmed < p->idle.n;
    if (p->timer_runs)
        uv_timer_start(timer, stack_trim, p->idle_ms, 0);
}

void stack_pool_release(struct loop *l)
{
    while (l->pool.idle.n)
        unmap(l, vec_pop(&l->pool.idle));
    vec_release(&l->pool.idle);
    vec_release(&l->pool.all);
}
