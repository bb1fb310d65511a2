/* SPDX-License-Identifier: MIT */
#include "cache/shard_impl.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

enum { SPINS = 50 };

/* ---- the lock ---- */

static inline void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void empty(struct shard_view *v)
{
    struct shard *s = v->s;
    memset(v->buckets, 0, 2 * sizeof(uint32_t) * s->nbuckets);
    memset(s->fifo, 0, sizeof s->fifo);
    s->carved = s->free = s->nfree = 0;
}

/* The lock is held for less time than it takes to fall asleep and be woken. */
static int lock_soon(pthread_mutex_t *lock)
{
    for (int i = 0; i < SPINS; i++) {
        int error = pthread_mutex_trylock(lock);
        if (error != EBUSY)
            return error;
        for (int k = 0; k < 20; k++)
            cpu_relax();
    }
    return pthread_mutex_lock(lock);
}

void shard_take(struct shard_view *v)
{
    int error = lock_soon(&v->s->lock);
    if (error == EOWNERDEAD) {
        v->s->stats.recovered++;
        if (atomic_load(&v->s->sequence) & 1) {
            empty(v);
            atomic_fetch_add(&v->s->sequence, 1);
        }
        pthread_mutex_consistent(&v->s->lock);
    } else {
        assert(!error);
    }
}

void shard_give(struct shard_view *v)
{
    pthread_mutex_unlock(&v->s->lock);
}

/* ---- operations ---- */

static void write_item(struct shard_view *v, uint32_t block, struct str key, struct str value)
{
    struct cursor c = cursor_at_key(v, block);
    cursor_write(v, &c, key);
    cursor_write(v, &c, value);
}

static uint32_t new_item(struct shard_view *v, uint64_t hash, struct str key, struct str value,
                         int64_t expires, uint32_t n)
{
    uint32_t b = shard_take_block(v), more = 0;
    struct item *it = item_at(v, b);
    for (uint32_t i = 1; i < n; i++) {
        uint32_t next = shard_take_block(v);
        rest_at(v, next)->more = more;
        more = next;
    }
    *it = (struct item){.hash = hash,
                        .expires = expires,
                        .next = *bucket_of(v, hash),
                        .more = more,
                        .value_n = (uint32_t)value.n,
                        .key_n = (uint16_t)key.n};
    *bucket_of(v, hash) = b;
    write_item(v, b, key, value);
    return b;
}

static _Atomic uint32_t *changes_of(const struct shard_view *v, uint64_t hash)
{
    return &v->changes[(hash >> 40) & (SHARD_CHANGES - 1)];
}

/* No copy of a value with that hash holds any more. */
static void changed(struct shard_view *v, uint64_t hash)
{
    if (v->s->watched)
        atomic_fetch_add_explicit(changes_of(v, hash), 1, memory_order_release);
}

static int set(struct shard_view *v, uint64_t hash, struct str key, struct str value, int64_t now,
               int64_t expires, uint32_t old)
{
    uint32_t n = blocks_for(key.n + value.n);
    enum shard_queue queue = QUEUE_SMALL;
    uint8_t frequency = 0;
    if (old) {
        struct item *it = item_at(v, old);
        if (blocks_of(it) == n) {
            it->value_n = (uint32_t)value.n;
            it->expires = expires;
            write_item(v, old, key, value);
            return 1;
        }
        queue = it->queue;
        frequency = it->frequency;
        shard_drop(v, old);
    }
    if (n > v->s->nblocks / 2 || !shard_make_room(v, n, now))
        return 0;
    uint32_t *trace = trace_slot(v, hash);
    if (!old && *trace == trace_of(hash)) {
        *trace = 0;
        queue = QUEUE_MAIN;
    }
    uint32_t b = new_item(v, hash, key, value, expires, n);
    item_at(v, b)->frequency = frequency;
    shard_enqueue(v, b, queue);
    return 1;
}

/* ---- reading without the lock ---- */

enum { CHAIN_MAX = 8, HITS_KEPT = 256 };

static uint32_t read_block_number(const uint32_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* Copies the head block of the item with that hash. What is read may be changing: nothing in
 * it is believed but that there is memory behind the number of a block in use. */
static bool copy_item(const struct shard_view *v, uint64_t hash, char copy[SHARD_BLOCK])
{
    uint32_t carved = read_block_number(&v->s->carved);
    uint32_t b = read_block_number(bucket_of(v, hash));
    for (int i = 0; i < CHAIN_MAX && b && b <= carved; i++) {
        const struct item *it = item_at(v, b);
        if (__atomic_load_n(&it->hash, __ATOMIC_RELAXED) == hash) {
            memcpy(copy, it, SHARD_BLOCK);
            return true;
        }
        b = read_block_number(&it->next);
    }
    return false;
}

static void count_hit(struct shard_view *v)
{
    if (++v->hits < HITS_KEPT)
        return;
    shard_take(v);
    v->s->hits += v->hits;
    shard_give(v);
    v->hits = 0;
}

/* Is it there, for certain? Everything that is not plain is left to the lock: an item of
 * several blocks, one past its time, one whose frequency is to be raised. */
static bool get_unlocked(struct shard_view *v, uint64_t hash, struct str key, int64_t now,
                         struct buf *out)
{
    _Alignas(struct item) char copy[SHARD_BLOCK];
    const struct item *it = (const struct item *)(const void *)copy;
    unsigned n = atomic_load_explicit(&v->s->sequence, memory_order_acquire);
    if (n & 1 || !copy_item(v, hash, copy))
        return false;
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&v->s->sequence, memory_order_relaxed) != n)
        return false;
    if (it->expires <= now || it->frequency < SHARD_FREQUENCY_MAX || it->key_n != key.n ||
        (size_t)it->key_n + it->value_n > HEAD_ROOM || memcmp(it->data, key.p, key.n) != 0)
        return false;
    buf_add(out, it->data + it->key_n, it->value_n);
    count_hit(v);
    return true;
}

/* The item with that key, if it is there, with its value: a hit; or a miss. Under the lock. */
static uint32_t find_value(struct shard_view *v, uint64_t hash, struct str key, int64_t now,
                           struct buf *out)
{
    uint32_t b = shard_find_live(v, hash, key, now);
    if (!b) {
        v->s->stats.misses++;
        return 0;
    }
    struct item *it = item_at(v, b);
    struct cursor c = cursor_at_key(v, b);
    if (it->frequency < SHARD_FREQUENCY_MAX)
        it->frequency++;
    cursor_skip(v, &c, it->key_n);
    cursor_read(v, &c, it->value_n, out);
    v->s->hits++;
    return b;
}

int shard_get(struct shard_view *v, uint64_t hash, struct str key, int64_t now, struct buf *out)
{
    if (get_unlocked(v, hash, key, now, out))
        return 1;
    shard_take(v);
    uint32_t b = find_value(v, hash, key, now, out);
    shard_give(v);
    return b != 0;
}

int shard_get_copy(struct shard_view *v, uint64_t hash, struct str key, int64_t now,
                   struct buf *out, struct cache_copy *copy)
{
    shard_take(v);
    v->s->watched = 1;
    uint32_t b = find_value(v, hash, key, now, out);
    if (b) {
        const _Atomic uint32_t *count = changes_of(v, hash);
        copy->watch = (uint32_t)(count - v->changes);
        copy->number = atomic_load_explicit(count, memory_order_relaxed);
        copy->expires = item_at(v, b)->expires;
    }
    shard_give(v);
    return b != 0;
}

int shard_set(struct shard_view *v, uint64_t hash, struct str key, struct str value, int64_t now,
              int64_t expires, bool add)
{
    int done = 0;
    shard_take(v);
    uint32_t b = shard_find_live(v, hash, key, now);
    if (!(add && b)) {
        changed(v, hash);
        shard_begin(v);
        if (expires > now)
            done = set(v, hash, key, value, now, expires, b);
        else if (b)
            shard_drop(v, b);
        v->s->sets += done > 0;
        shard_end(v);
    }
    shard_give(v);
    return done;
}

int shard_remove(struct shard_view *v, uint64_t hash, struct str key, int64_t now)
{
    shard_take(v);
    changed(v, hash); /* somebody may have a copy of what has been pushed out */
    uint32_t b = shard_find_live(v, hash, key, now);
    if (b) {
        shard_begin(v);
        shard_drop(v, b);
        shard_end(v);
    }
    shard_give(v);
    return b != 0;
}

int shard_touch(struct shard_view *v, uint64_t hash, struct str key, int64_t now, int64_t expires)
{
    shard_take(v);
    uint32_t b = shard_find_live(v, hash, key, now);
    if (b) {
        changed(v, hash);
        shard_begin(v);
        if (expires > now)
            item_at(v, b)->expires = expires;
        else
            shard_drop(v, b);
        shard_end(v);
    }
    shard_give(v);
    return b != 0;
}

static int add_to(struct shard_view *v, uint64_t hash, struct str key, int64_t now, uint32_t b,
                  int64_t by, int64_t *result, struct err *err)
{
    struct item *it = item_at(v, b);
    struct cursor c = cursor_at_key(v, b);
    struct buf text = BUF_INIT;
    int64_t value;
    int status = -1;
    cursor_skip(v, &c, it->key_n);
    cursor_read(v, &c, it->value_n <= 20 ? it->value_n : 0, &text);
    if (!cache_integer(buf_str(&text), &value)) {
        err_set(err, ERR_INVALID, "the value is not an integer");
    } else if (__builtin_add_overflow(value, by, result)) {
        err_set(err, ERR_INVALID, "%" PRId64 " and %" PRId64 " are more than 64 bits hold", value,
                by);
    } else {
        buf_reset(&text);
        buf_addint(&text, *result);
        changed(v, hash);
        shard_begin(v);
        status = set(v, hash, key, buf_str(&text), now, it->expires, b);
        shard_end(v);
    }
    buf_release(&text);
    return status;
}

int shard_incr(struct shard_view *v, uint64_t hash, struct str key, int64_t now, int64_t by,
               int64_t *result, struct err *err)
{
    int status = 0;
    shard_take(v);
    uint32_t b = shard_find_live(v, hash, key, now);
    if (b)
        status = add_to(v, hash, key, now, b, by, result, err);
    shard_give(v);
    return status;
}

int shard_expires(struct shard_view *v, uint64_t hash, struct str key, int64_t now,
                  int64_t *expires)
{
    shard_take(v);
    uint32_t b = shard_find_live(v, hash, key, now);
    if (b)
        *expires = item_at(v, b)->expires;
    shard_give(v);
    return b != 0;
}

void shard_clear(struct shard_view *v)
{
    shard_take(v);
    for (int i = 0; v->s->watched && i < SHARD_CHANGES; i++)
        atomic_fetch_add_explicit(&v->changes[i], 1, memory_order_release);
    shard_begin(v);
    empty(v);
    shard_end(v);
    shard_give(v);
}

void shard_keys(struct shard_view *v, int64_t now, struct str pattern, struct buf *out)
{
    struct buf key = BUF_INIT;
    shard_take(v);
    for (int q = 0; q < QUEUES; q++) {
        for (uint32_t b = v->s->fifo[q].oldest; b; b = item_at(v, b)->newer) {
            const struct item *it = item_at(v, b);
            struct cursor c = cursor_at_key(v, b);
            uint32_t n = it->key_n;
            if (it->expires <= now)
                continue;
            buf_reset(&key);
            cursor_read(v, &c, n, &key);
            if (!cache_glob(pattern, buf_str(&key)))
                continue;
            buf_add(out, &n, sizeof n);
            buf_addstr(out, buf_str(&key));
        }
    }
    shard_give(v);
    buf_release(&key);
}

void shard_stats(struct shard_view *v, struct cache_stats *sum)
{
    shard_take(v);
    struct shard *s = v->s;
    s->hits += v->hits;
    v->hits = 0;
    sum->hits += s->hits;
    sum->misses += s->stats.misses;
    sum->sets += s->sets;
    sum->evictions += s->stats.evictions;
    sum->expired += s->stats.expired;
    sum->recovered += s->stats.recovered;
    sum->items += s->fifo[QUEUE_SMALL].items + s->fifo[QUEUE_MAIN].items;
    sum->bytes += (uint64_t)shard_in_use(s) * SHARD_BLOCK;
    shard_give(v);
}

void shard_add_hits(struct shard_view *v, uint64_t n)
{
    shard_take(v);
    v->s->hits += n;
    shard_give(v);
}
