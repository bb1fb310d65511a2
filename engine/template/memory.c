/* SPDX-License-Identifier: MIT */
/* Memory of a render: blocks from which values are cut, released back to a mark.  Blocks
 * stay for the next values, so that a loop allocates in its first turn only. */
#include "template/impl.h"

#include "base/sanitizer.h"

enum { BLOCK_SIZE = 16384 - 64, LARGE = BLOCK_SIZE / 2 };

struct block {
    struct block *older, *newer;
    _Alignas(16) char bytes[BLOCK_SIZE];
};

struct owned { /* before a large value, or pointing to what a buffer held */
    struct owned *older;
    void *p;
};

struct render_memory {
    char *next, *end;
    struct block *block, *first;
    struct owned *owned;
};

static struct render_memory *memory_of(struct render *r)
{
    if (!r->memory)
        r->memory = mem_zalloc(sizeof *r->memory);
    return r->memory;
}

static void use_block(struct render_memory *m, struct block *b)
{
    m->block = b;
    m->next = b->bytes;
    m->end = b->bytes + BLOCK_SIZE;
}

static void next_block(struct render_memory *m)
{
    struct block *b = m->block ? m->block->newer : m->first;
    if (!b) {
        b = mem_alloc(sizeof *b);
        SANITIZER_POISON(b->bytes, BLOCK_SIZE);
        b->older = m->block;
        b->newer = NULL;
        if (m->block)
            m->block->newer = b;
        else
            m->first = b;
    }
    use_block(m, b);
}

static void own(struct render *r, struct render_memory *m, void *p)
{
    struct owned *o = render_alloc(r, sizeof *o);
    *o = (struct owned){m->owned, p};
    m->owned = o;
}

void *render_alloc(struct render *r, size_t size)
{
    struct render_memory *m = memory_of(r);
    size_t step = (size + 15) & ~(size_t)15;
    if (step < size || size > LARGE) {
        void *p = mem_alloc(size);
        own(r, m, p);
        return p;
    }
    if ((size_t)(m->end - m->next) < step || !m->next)
        next_block(m);
    void *p = m->next;
    m->next += step;
    SANITIZER_UNPOISON(p, size);
    return p;
}

struct render_mark render_mark(struct render *r)
{
    struct render_memory *m = r->memory;
    if (!m)
        return (struct render_mark){.made = r->made};
    return (struct render_mark){m->next, m->block, m->owned, r->made};
}

void render_reset(struct render *r, struct render_mark mark)
{
    struct render_memory *m = r->memory;
    if (r->made != mark.made)
        r->ops->release(r, mark.made);
    if (!m || (m->next == mark.next && m->owned == mark.owned))
        return;
    while (m->owned != mark.owned) {
        free(m->owned->p);
        m->owned = m->owned->older;
    }
    m->block = mark.block;
    m->next = mark.next;
    m->end = m->block ? m->block->bytes + BLOCK_SIZE : NULL;
#ifdef SANITIZER_ADDRESS
    for (struct block *b = m->block ? m->block->newer : m->first; b; b = b->newer)
        SANITIZER_POISON(b->bytes, BLOCK_SIZE);
    if (m->block)
        SANITIZER_POISON(m->next, (size_t)(m->end - m->next));
#endif
}

void memory_free(struct render *r)
{
    struct render_memory *m = r->memory;
    if (!m)
        return;
    render_reset(r, (struct render_mark){.made = r->made});
    for (struct block *b = m->first, *newer; b; b = newer) {
        newer = b->newer;
        SANITIZER_UNPOISON(b->bytes, BLOCK_SIZE);
        free(b);
    }
    free(m);
    r->memory = NULL;
}

struct str render_copy(struct render *r, struct str s)
{
    char *p = render_alloc(r, s.n);
    if (s.n)
        memcpy(p, s.p, s.n);
    return str_make(p, s.n);
}

static struct tval text_value(struct str s, bool safe)
{
    return safe ? tval_safe(s) : tval_str(s);
}

struct tval render_cut(struct render *r, size_t start, bool safe)
{
    struct str s = str_skip(buf_str(&r->scratch), start);
    s = render_copy(r, s);
    buf_cut(&r->scratch, start);
    return text_value(s, safe);
}

struct tval render_take(struct render *r, struct buf *b, bool safe)
{
    struct str s = buf_str(b);
    if (s.n <= LARGE) {
        s = render_copy(r, s);
        buf_reset(b);
        return text_value(s, safe);
    }
    own(r, memory_of(r), buf_detach(b, NULL));
    return text_value(s, safe);
}
