/* SPDX-License-Identifier: MIT */
/* Private to shard*.c: how items lie in the blocks of a shard.
 *
 * shard_blocks.c  the layout, and who has which block
 * shard_items.c   items in their buckets and queues, and which of them has to go
 * shard.c         what a cache does with them, and the lock
 * shard_check.c   is it all as it should be? */
#ifndef CACHE_SHARD_IMPL_H
#define CACHE_SHARD_IMPL_H

#include "cache/shard.h"

enum { SHARD_FREQUENCY_MAX = 3 };

struct item {
    uint64_t hash;
    int64_t expires;
    uint32_t next;         /* in its bucket */
    uint32_t newer, older; /* in its queue */
    uint32_t more;         /* the next block of the chain */
    uint32_t value_n;
    uint16_t key_n;
    uint8_t frequency; /* hits since it came into its queue, up to SHARD_FREQUENCY_MAX */
    uint8_t queue;
    char data[];
};

struct rest { /* a further block of an item, or a free one */
    uint32_t more;
    char data[];
};

enum {
    HEAD_ROOM = SHARD_BLOCK - offsetof(struct item, data),
    REST_ROOM = SHARD_BLOCK - offsetof(struct rest, data),
};

static inline struct item *item_at(const struct shard_view *v, uint32_t block)
{
    return (struct item *)(void *)(v->blocks + (size_t)(block - 1) * SHARD_BLOCK);
}

static inline struct rest *rest_at(const struct shard_view *v, uint32_t block)
{
    return (struct rest *)(void *)(v->blocks + (size_t)(block - 1) * SHARD_BLOCK);
}

static inline uint32_t blocks_for(size_t bytes)
{
    return bytes <= HEAD_ROOM ? 1 : 1 + (uint32_t)((bytes - HEAD_ROOM + REST_ROOM - 1) / REST_ROOM);
}

static inline uint32_t blocks_of(const struct item *it)
{
    return blocks_for((size_t)it->key_n + it->value_n);
}

static inline uint32_t shard_in_use(const struct shard *s)
{
    return s->fifo[QUEUE_SMALL].blocks + s->fifo[QUEUE_MAIN].blocks;
}

static inline uint32_t *bucket_of(const struct shard_view *v, uint64_t hash)
{
    return &v->buckets[hash & (v->s->nbuckets - 1)];
}

/* The trace of an item that went: its slot, and what stands in it. */
static inline uint32_t *trace_slot(const struct shard_view *v, uint64_t hash)
{
    return &v->traces[(hash >> 8) & (v->s->nbuckets - 1)];
}

static inline uint32_t trace_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

/* What comes between the two is a change that must not be seen half done. */
static inline void shard_begin(struct shard_view *v)
{
    unsigned n = atomic_load_explicit(&v->s->sequence, memory_order_relaxed);
    atomic_store_explicit(&v->s->sequence, n + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

static inline void shard_end(struct shard_view *v)
{
    unsigned n = atomic_load_explicit(&v->s->sequence, memory_order_relaxed);
    atomic_store_explicit(&v->s->sequence, n + 1, memory_order_release);
}

/* ---- key and value in the chain ---- */

struct cursor {
    char *p;
    size_t room;
    uint32_t more;
};

static inline struct cursor cursor_at_key(const struct shard_view *v, uint32_t block)
{
    struct item *it = item_at(v, block);
    return (struct cursor){it->data, HEAD_ROOM, it->more};
}

/* The next run of at most n bytes. */
static inline char *cursor_run(const struct shard_view *v, struct cursor *c, size_t n, size_t *run)
{
    if (!c->room) {
        struct rest *r = rest_at(v, c->more);
        *c = (struct cursor){r->data, REST_ROOM, r->more};
    }
    char *p = c->p;
    *run = n < c->room ? n : c->room;
    c->p += *run;
    c->room -= *run;
    return p;
}

static inline void cursor_skip(const struct shard_view *v, struct cursor *c, size_t n)
{
    for (size_t run; n; n -= run)
        cursor_run(v, c, n, &run);
}

static inline void cursor_write(const struct shard_view *v, struct cursor *c, struct str s)
{
    for (size_t run; s.n; s = str_skip(s, run)) {
        char *to = cursor_run(v, c, s.n, &run);
        memcpy(to, s.p, run);
    }
}

static inline void cursor_read(const struct shard_view *v, struct cursor *c, size_t n,
                               struct buf *out)
{
    buf_reserve(out, n);
    for (size_t run; n; n -= run) {
        const char *from = cursor_run(v, c, n, &run);
        buf_add(out, from, run);
    }
}

static inline bool has_key(const struct shard_view *v, uint32_t block, struct str key)
{
    const struct item *it = item_at(v, block);
    struct cursor c = cursor_at_key(v, block);
    if (it->key_n != key.n)
        return false;
    for (size_t run; key.n; key = str_skip(key, run)) {
        const char *part = cursor_run(v, &c, key.n, &run);
        if (memcmp(part, key.p, run) != 0)
            return false;
    }
    return true;
}

/* shard.c: the lock; the one who gets it after a dead process finds the shard whole. */
void shard_take(struct shard_view *v);
void shard_give(struct shard_view *v);

/* shard_blocks.c */

/* Can n blocks be had without taking anything away? */
bool shard_available(struct shard_view *v, uint32_t n);
uint32_t shard_take_block(struct shard_view *v); /* one that is available */
/* All n blocks of a chain whose first is not in use any more. */
void shard_give_blocks(struct shard_view *v, uint32_t first, uint32_t n);

/* shard_items.c; under the lock, and what changes something between shard_begin() and
 * shard_end(). Numbers are those of an item's first block; 0: none. */

void shard_enqueue(struct shard_view *v, uint32_t block, enum shard_queue which);
/* Takes the item out of everything and frees its blocks. */
void shard_drop(struct shard_view *v, uint32_t block);
/* The item with that key, if it is there and not past its time. Drops one that is, by itself. */
uint32_t shard_find_live(struct shard_view *v, uint64_t hash, struct str key, int64_t now);
/* Makes n blocks available, and room for an item more; false: not even an empty shard has
 * them. */
bool shard_make_room(struct shard_view *v, uint32_t n, int64_t now);

#endif
