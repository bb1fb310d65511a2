/* SPDX-License-Identifier: MIT */
/* Looking a shard over, for tests. */
#include "cache/shard_impl.h"

static bool check_queue(struct shard_view *v, int q, uint8_t *seen, struct err *err)
{
    const struct shard_fifo *f = &v->s->fifo[q];
    uint32_t items = 0, blocks = 0, before = 0;
    for (uint32_t b = f->oldest; b; b = item_at(v, b)->newer) {
        const struct item *it = item_at(v, b);
        uint32_t n = blocks_of(it), more = it->more;
        if (b > v->s->carved || seen[b] || it->older != before || it->queue != q)
            return err_set(err, ERR_INVALID, "item %u of queue %d is wrong", b, q), false;
        seen[b] = 1;
        for (uint32_t i = 1; i < n; i++, more = rest_at(v, more)->more) {
            if (!more || more > v->s->carved || seen[more])
                return err_set(err, ERR_INVALID, "the chain of item %u is wrong", b), false;
            seen[more] = 1;
        }
        uint32_t found = *bucket_of(v, it->hash);
        while (found && found != b)
            found = item_at(v, found)->next;
        if (!found)
            return err_set(err, ERR_INVALID, "item %u is in no bucket", b), false;
        before = b;
        items++;
        blocks += n;
    }
    if (f->newest != before || f->items != items || f->blocks != blocks)
        return err_set(err, ERR_INVALID, "the counts of queue %d are wrong", q), false;
    return true;
}

bool shard_check(struct shard_view *v, struct err *err)
{
    struct shard *s = v->s;
    uint8_t *seen = mem_zalloc((size_t)s->nblocks + 1);
    uint32_t nfree = 0, in_buckets = 0;
    shard_take(v);
    bool good = check_queue(v, QUEUE_SMALL, seen, err) && check_queue(v, QUEUE_MAIN, seen, err);
    for (uint32_t b = s->free; good && b; b = rest_at(v, b)->more, nfree++) {
        good = b <= s->carved && !seen[b];
        seen[good ? b : 0] = 1;
    }
    for (uint32_t i = 0; good && i < s->nbuckets; i++)
        for (uint32_t b = v->buckets[i]; b; b = item_at(v, b)->next)
            in_buckets++;
    if (good && (nfree != s->nfree || nfree + shard_in_use(s) != s->carved ||
                 in_buckets != s->fifo[QUEUE_SMALL].items + s->fifo[QUEUE_MAIN].items)) {
        err_set(err, ERR_INVALID, "%u free, %u in use of %u blocks", nfree, shard_in_use(s),
                s->carved);
        good = false;
    }
    shard_give(v);
    free(seen);
    return good;
}
