/* SPDX-License-Identifier: MIT */
/* Private to engine/cache: one part of the memory backend.
 *
 * A shard is a run of bytes that several processes have mapped, each at an address of its
 * own; so there are numbers in it, no pointers. It is a lock, counters, a table of buckets
 * and blocks of BLOCK bytes. An item is a chain of blocks: a header, then key and value.
 * Blocks of one size make freeing and taking trivial, and there is nothing that could
 * become fragmented.
 *
 * What has to go is chosen by S3-FIFO: a new item goes into a small queue; what is asked
 * for again before it comes to the end of it moves on to the main queue, the rest goes, and
 * only a trace is kept by which it gets into the main queue directly when it comes back
 * soon. A long scan passes through the small queue and pushes nothing else out.
 *
 * A process may be killed anywhere. The lock is robust; `sequence` is odd while the structure
 * is not whole, and whoever takes over the lock of a dead holder empties the shard then.
 *
 * What is asked for often is read without the lock, so that processes that read the same
 * things do not wait for each other: an item of one block is copied, and the copy is good
 * when the sequence was even and is the same afterwards. */
#ifndef CACHE_SHARD_H
#define CACHE_SHARD_H

#include "cache/cache.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SHARD_BLOCK = 128, SHARD_CHANGES = 1024 };

enum shard_queue { QUEUE_SMALL, QUEUE_MAIN, QUEUES };

struct shard_fifo {
    uint32_t newest, oldest; /* blocks; 0: none */
    uint32_t blocks, items;
};

struct shard { /* owner: the segment; all but `lock` under the lock */
    /* One cache line: what a hit and a value that takes the place of another write here. */
    _Alignas(64) pthread_mutex_t lock;
    uint64_t hits, sets;
    atomic_uint sequence;
    uint32_t nblocks;  /* 1 .. nblocks; 0 is none */
    uint32_t nbuckets; /* a power of two */
    uint32_t max_items;
    uint32_t carved;   /* blocks 1..carved have been in use */
    uint32_t reserved; /* blocks 1..reserved have memory behind them */
    uint32_t free;     /* chain of free blocks */
    uint32_t nfree;    /* in that chain */
    uint32_t watched;  /* somebody has copies: changes are counted */
    struct shard_fifo fifo[QUEUES];
    struct cache_stats stats; /* misses, evictions, expired, recovered */
    /* uint32_t buckets[nbuckets], traces[nbuckets]; blocks */
};

/* A process's view of a shard. */
struct shard_view {
    struct shard *s;
    uint32_t *buckets, *traces;
    /* By hash, how often keys with it were set, removed or touched: struct cache_copy. Counted
     * before it happens: who reads a value under the lock and the number with it will not
     * miss what comes after, even when the writer dies over it. */
    _Atomic uint32_t *changes; /* SHARD_CHANGES of them */
    char *blocks;              /* block 1 is at the start */
    uint32_t hits; /* without the lock, of this process; added to the shard's now and then */
    /* Memory for block numbers up to `blocks`; false: there is none. NULL: it is all there. */
    bool (*reserve)(void *data, const struct shard_view *v, uint32_t blocks);
    void *data;
};

/* Bytes of a shard with that many blocks. */
size_t shard_size(uint32_t nblocks);
/* The most blocks that fit into `size` bytes. */
uint32_t shard_fit(size_t size);
/* Makes the view of the memory at `at`. */
void shard_map(struct shard_view *v, void *at, uint32_t nblocks);
/* An empty shard in zeroed memory. */
int shard_init(struct shard_view *v, uint32_t nblocks, uint32_t max_items, struct err *err);

/* `now`: monotonic ns; `expires`: the same, or CLOCK_NEVER. As the functions of cache.h;
 * they take and give back the lock. */
int shard_get(struct shard_view *v, uint64_t hash, struct str key, int64_t now, struct buf *out);
/* copy->watch is the place in `changes`. */
int shard_get_copy(struct shard_view *v, uint64_t hash, struct str key, int64_t now,
                   struct buf *out, struct cache_copy *copy);
int shard_set(struct shard_view *v, uint64_t hash, struct str key, struct str value, int64_t now,
              int64_t expires, bool add);
int shard_remove(struct shard_view *v, uint64_t hash, struct str key, int64_t now);
int shard_touch(struct shard_view *v, uint64_t hash, struct str key, int64_t now, int64_t expires);
int shard_incr(struct shard_view *v, uint64_t hash, struct str key, int64_t now, int64_t by,
               int64_t *result, struct err *err);
int shard_expires(struct shard_view *v, uint64_t hash, struct str key, int64_t now,
                  int64_t *expires);
void shard_clear(struct shard_view *v);
/* Adds the keys that match, each with its length (uint32_t) before it. */
void shard_keys(struct shard_view *v, int64_t now, struct str pattern, struct buf *out);
void shard_stats(struct shard_view *v, struct cache_stats *sum);
void shard_add_hits(struct shard_view *v, uint64_t n);

/* Is the structure whole? For tests: walks all of it under the lock. */
bool shard_check(struct shard_view *v, struct err *err);

#endif
