/* SPDX-License-Identifier: MIT */
#include "cache/shard_impl.h"

enum { SMALL_SHARE = 10 /* per cent of the blocks in use */ };

/* ---- queues ---- */

void shard_enqueue(struct shard_view *v, uint32_t block, enum shard_queue which)
{
    struct item *it = item_at(v, block);
    struct shard_fifo *f = &v->s->fifo[which];
    it->queue = (uint8_t)which;
    it->newer = 0;
    it->older = f->newest;
    if (f->newest)
        item_at(v, f->newest)->newer = block;
    else
        f->oldest = block;
    f->newest = block;
    f->blocks += blocks_of(it);
    f->items++;
}

static void shard_dequeue(struct shard_view *v, uint32_t block)
{
    struct item *it = item_at(v, block);
    struct shard_fifo *f = &v->s->fifo[it->queue];
    if (it->newer)
        item_at(v, it->newer)->older = it->older;
    else
        f->newest = it->older;
    if (it->older)
        item_at(v, it->older)->newer = it->newer;
    else
        f->oldest = it->newer;
    f->blocks -= blocks_of(it);
    f->items--;
}

/* ---- items ---- */

static uint32_t shard_find(const struct shard_view *v, uint64_t hash, struct str key)
{
    uint32_t b = *bucket_of(v, hash);
    while (b && !(item_at(v, b)->hash == hash && has_key(v, b, key)))
        b = item_at(v, b)->next;
    return b;
}

void shard_drop(struct shard_view *v, uint32_t block)
{
    struct item *it = item_at(v, block);
    uint32_t *link = bucket_of(v, it->hash);
    while (*link != block)
        link = &item_at(v, *link)->next;
    *link = it->next;
    shard_dequeue(v, block);
    shard_give_blocks(v, block, blocks_of(it));
}

uint32_t shard_find_live(struct shard_view *v, uint64_t hash, struct str key, int64_t now)
{
    uint32_t b = shard_find(v, hash, key);
    if (!b || item_at(v, b)->expires > now)
        return b;
    shard_begin(v);
    shard_drop(v, b);
    v->s->stats.expired++;
    shard_end(v);
    return 0;
}

/* ---- making room ---- */

/* Takes one item away, or moves one on; both queues come to an end that way. */
static void evict_step(struct shard_view *v, int64_t now)
{
    struct shard *s = v->s;
    bool small = s->fifo[QUEUE_SMALL].items && ((uint64_t)s->fifo[QUEUE_SMALL].blocks * 100 >=
                                                    (uint64_t)shard_in_use(s) * SMALL_SHARE ||
                                                !s->fifo[QUEUE_MAIN].items);
    uint32_t b = s->fifo[small ? QUEUE_SMALL : QUEUE_MAIN].oldest;
    struct item *it = item_at(v, b);
    if (it->expires <= now) {
        s->stats.expired++;
        shard_drop(v, b);
    } else if (it->frequency > (small ? 1 : 0)) {
        shard_dequeue(v, b);
        it->frequency = small ? 0 : (uint8_t)(it->frequency - 1);
        shard_enqueue(v, b, QUEUE_MAIN);
    } else {
        if (small)
            *trace_slot(v, it->hash) = trace_of(it->hash);
        s->stats.evictions++;
        shard_drop(v, b);
    }
}

bool shard_make_room(struct shard_view *v, uint32_t n, int64_t now)
{
    struct shard *s = v->s;
    while (
        !shard_available(v, n) ||
        (s->max_items && s->fifo[QUEUE_SMALL].items + s->fifo[QUEUE_MAIN].items >= s->max_items)) {
        if (!shard_in_use(s))
            return false;
        evict_step(v, now);
    }
    return true;
}
