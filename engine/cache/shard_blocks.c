/* SPDX-License-Identifier: MIT */
#include "cache/shard_impl.h"

#include <errno.h>

/* ---- layout ---- */

static uint32_t buckets_for(uint32_t nblocks)
{
    uint32_t n = 16;
    while (n < nblocks / 2)
        n *= 2;
    return n;
}

static size_t tables_size(uint32_t nblocks)
{
    size_t n = sizeof(struct shard) + 2 * sizeof(uint32_t) * buckets_for(nblocks);
    return (n + SHARD_BLOCK - 1) / SHARD_BLOCK * SHARD_BLOCK;
}

size_t shard_size(uint32_t nblocks)
{
    return tables_size(nblocks) + (size_t)nblocks * SHARD_BLOCK;
}

uint32_t shard_fit(size_t size)
{
    uint32_t n = (uint32_t)(size / SHARD_BLOCK);
    while (n && shard_size(n) > size)
        n -= n / 64 + 1;
    return n;
}

void shard_map(struct shard_view *v, void *at, uint32_t nblocks)
{
    v->s = at;
    v->buckets = (uint32_t *)(void *)((char *)at + sizeof(struct shard));
    v->traces = v->buckets + buckets_for(nblocks);
    v->blocks = (char *)at + tables_size(nblocks);
}

int shard_init(struct shard_view *v, uint32_t nblocks, uint32_t max_items, struct err *err)
{
    struct shard *s = v->s;
    pthread_mutexattr_t a;
    int error = pthread_mutexattr_init(&a);
    if (!error)
        error = pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    if (!error)
        error = pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    if (!error)
        error = pthread_mutex_init(&s->lock, &a);
    pthread_mutexattr_destroy(&a);
    if (error) {
        errno = error;
        return err_set_errno(err, "cannot make a lock between processes");
    }
    s->nblocks = nblocks;
    s->nbuckets = buckets_for(nblocks);
    s->max_items = max_items;
    s->reserved = v->reserve ? 0 : nblocks;
    return 0;
}

/* ---- blocks ---- */

bool shard_available(struct shard_view *v, uint32_t n)
{
    struct shard *s = v->s;
    uint32_t fresh, wanted;
    if (s->nfree >= n)
        return true;
    fresh = s->reserved - s->carved;
    if (s->nfree + fresh >= n)
        return true;
    wanted = s->carved + n - s->nfree;
    if (wanted > s->nblocks || !v->reserve)
        return false;
    return v->reserve(v->data, v, wanted); /* raises s->reserved */
}

uint32_t shard_take_block(struct shard_view *v)
{
    struct shard *s = v->s;
    uint32_t b = s->free;
    if (!b)
        return ++s->carved;
    s->free = rest_at(v, b)->more;
    s->nfree--;
    return b;
}

void shard_give_blocks(struct shard_view *v, uint32_t first, uint32_t n)
{
    struct shard *s = v->s;
    uint32_t more = item_at(v, first)->more;
    rest_at(v, first)->more = s->free;
    s->free = first;
    for (uint32_t i = 1; i < n; i++) {
        uint32_t b = more;
        more = rest_at(v, b)->more;
        rest_at(v, b)->more = s->free;
        s->free = b;
    }
    s->nfree += n;
}
