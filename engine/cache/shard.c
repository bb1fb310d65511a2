/* SPDX-License-Identifier: MIT */
#include "cache/shard.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

enum { FREQUENCY_MAX = 3, SMALL_SHARE = 10 /* per cent of the blocks in use */, SPINS = 50 };

struct item {
    uint64_t hash;
    int64_t expires;
    uint32_t next;         /* in its bucket */
    uint32_t newer, older; /* in its queue */
    uint32_t more;         /* the next block of the chain */
    uint32_t value_n;
    uint16_t key_n;
    uint8_t frequency; /* hits since it came into its queue, up to FREQUENCY_MAX */
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

static struct item *item_at(const struct shard_view *v, uint32_t block)
{
    return (struct item *)(void *)(v->blocks + (size_t)(block - 1) * SHARD_BLOCK);
}

static struct rest *rest_at(const struct shard_view *v, uint32_t block)
{
    return (struct rest *)(void *)(v->blocks + (size_t)(block - 1) * SHARD_BLOCK);
}

static uint32_t blocks_for(size_t bytes)
{
    return bytes <= HEAD_ROOM ? 1 : 1 + (uint32_t)((bytes - HEAD_ROOM + REST_ROOM - 1) / REST_ROOM);
}

static uint32_t blocks_of(const struct item *it)
{
    return blocks_for((size_t)it->key_n + it->value_n);
}

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

static void take(struct shard_view *v)
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

static void give(struct shard_view *v)
{
    pthread_mutex_unlock(&v->s->lock);
}

/* What comes between the two is a change that must not be seen half done. */
static void begin(struct shard_view *v)
{
    unsigned n = atomic_load_explicit(&v->s->sequence, memory_order_relaxed);
    atomic_store_explicit(&v->s->sequence, n + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

static void end(struct shard_view *v)
{
    unsigned n = atomic_load_explicit(&v->s->sequence, memory_order_relaxed);
    atomic_store_explicit(&v->s->sequence, n + 1, memory_order_release);
}

/* ---- blocks ---- */

static uint32_t in_use(const struct shard *s)
{
    return s->fifo[QUEUE_SMALL].blocks + s->fifo[QUEUE_MAIN].blocks;
}

/* Blocks that can be had without taking anything away. */
static bool available(struct shard_view *v, uint32_t n)
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

static uint32_t take_block(struct shard_view *v)
{
    struct shard *s = v->s;
    uint32_t b = s->free;
    if (!b)
        return ++s->carved;
    s->free = rest_at(v, b)->more;
    s->nfree--;
    return b;
}

/* All blocks of a chain whose first is not in use any more. */
static void give_blocks(struct shard_view *v, uint32_t first, uint32_t n)
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

/* ---- key and value in the chain ---- */

struct cursor {
    char *p;
    size_t room;
    uint32_t more;
};

static struct cursor cursor_at_key(const struct shard_view *v, uint32_t block)
{
    struct item *it = item_at(v, block);
    return (struct cursor){it->data, HEAD_ROOM, it->more};
}

/* The next run of at most n bytes. */
static char *cursor_run(const struct shard_view *v, struct cursor *c, size_t n, size_t *run)
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

static void cursor_skip(const struct shard_view *v, struct cursor *c, size_t n)
{
    for (size_t run; n; n -= run)
        cursor_run(v, c, n, &run);
}

static void cursor_write(const struct shard_view *v, struct cursor *c, struct str s)
{
    for (size_t run; s.n; s = str_skip(s, run)) {
        char *to = cursor_run(v, c, s.n, &run);
        memcpy(to, s.p, run);
    }
}

static void cursor_read(const struct shard_view *v, struct cursor *c, size_t n, struct buf *out)
{
    buf_reserve(out, n);
    for (size_t run; n; n -= run) {
        const char *from = cursor_run(v, c, n, &run);
        buf_add(out, from, run);
    }
}

static bool has_key(const struct shard_view *v, uint32_t block, struct str key)
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

/* ---- queues ---- */

static void enqueue(struct shard_view *v, uint32_t block, enum shard_queue which)
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

static void dequeue(struct shard_view *v, uint32_t block)
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

static uint32_t *bucket_of(const struct shard_view *v, uint64_t hash)
{
    return &v->buckets[hash & (v->s->nbuckets - 1)];
}

/* The trace of an item that went: its slot, and what stands in it. */
static uint32_t *trace_slot(const struct shard_view *v, uint64_t hash)
{
    return &v->traces[(hash >> 8) & (v->s->nbuckets - 1)];
}

static uint32_t trace_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

static uint32_t find(const struct shard_view *v, uint64_t hash, struct str key)
{
    uint32_t b = *bucket_of(v, hash);
    while (b && !(item_at(v, b)->hash == hash && has_key(v, b, key)))
        b = item_at(v, b)->next;
    return b;
}

static void drop(struct shard_view *v, uint32_t block)
{
    struct item *it = item_at(v, block);
    uint32_t *link = bucket_of(v, it->hash);
    while (*link != block)
        link = &item_at(v, *link)->next;
    *link = it->next;
    dequeue(v, block);
    give_blocks(v, block, blocks_of(it));
}

/* The item with that key, if it is there and not past its time. Drops one that is. */
static uint32_t find_live(struct shard_view *v, uint64_t hash, struct str key, int64_t now)
{
    uint32_t b = find(v, hash, key);
    if (!b || item_at(v, b)->expires > now)
        return b;
    begin(v);
    drop(v, b);
    v->s->stats.expired++;
    end(v);
    return 0;
}

/* ---- making room ---- */

/* Takes one item away, or moves one on; both queues come to an end that way. */
static void evict_step(struct shard_view *v, int64_t now)
{
    struct shard *s = v->s;
    bool small = s->fifo[QUEUE_SMALL].items && ((uint64_t)s->fifo[QUEUE_SMALL].blocks * 100 >=
                                                    (uint64_t)in_use(s) * SMALL_SHARE ||
                                                !s->fifo[QUEUE_MAIN].items);
    uint32_t b = s->fifo[small ? QUEUE_SMALL : QUEUE_MAIN].oldest;
    struct item *it = item_at(v, b);
    if (it->expires <= now) {
        s->stats.expired++;
        drop(v, b);
    } else if (it->frequency > (small ? 1 : 0)) {
        dequeue(v, b);
        it->frequency = small ? 0 : (uint8_t)(it->frequency - 1);
        enqueue(v, b, QUEUE_MAIN);
    } else {
        if (small)
            *trace_slot(v, it->hash) = trace_of(it->hash);
        s->stats.evictions++;
        drop(v, b);
    }
}

static bool make_room(struct shard_view *v, uint32_t n, int64_t now)
{
    struct shard *s = v->s;
    while (
        !available(v, n) ||
        (s->max_items && s->fifo[QUEUE_SMALL].items + s->fifo[QUEUE_MAIN].items >= s->max_items)) {
        if (!in_use(s))
            return false;
        evict_step(v, now);
    }
    return true;
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
    uint32_t b = take_block(v), more = 0;
    struct item *it = item_at(v, b);
    for (uint32_t i = 1; i < n; i++) {
        uint32_t next = take_block(v);
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
        drop(v, old);
    }
    if (n > v->s->nblocks / 2 || !make_room(v, n, now))
        return 0;
    uint32_t *trace = trace_slot(v, hash);
    if (!old && *trace == trace_of(hash)) {
        *trace = 0;
        queue = QUEUE_MAIN;
    }
    uint32_t b = new_item(v, hash, key, value, expires, n);
    item_at(v, b)->frequency = frequency;
    enqueue(v, b, queue);
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
    take(v);
    v->s->hits += v->hits;
    give(v);
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
    if (it->expires <= now || it->frequency < FREQUENCY_MAX || it->key_n != key.n ||
        (size_t)it->key_n + it->value_n > HEAD_ROOM || memcmp(it->data, key.p, key.n) != 0)
        return false;
    buf_add(out, it->data + it->key_n, it->value_n);
    count_hit(v);
    return true;
}

int shard_get(struct shard_view *v, uint64_t hash, struct str key, int64_t now, struct buf *out)
{
    if (get_unlocked(v, hash, key, now, out))
        return 1;
    take(v);
    uint32_t b = find_live(v, hash, key, now);
    if (b) {
        struct item *it = item_at(v, b);
        struct cursor c = cursor_at_key(v, b);
        if (it->frequency < FREQUENCY_MAX)
            it->frequency++;
        cursor_skip(v, &c, it->key_n);
        cursor_read(v, &c, it->value_n, out);
        v->s->hits++;
    } else {
        v->s->misses++;
    }
    give(v);
    return b != 0;
}

int shard_set(struct shard_view *v, uint64_t hash, struct str key, struct str value, int64_t now,
              int64_t expires, bool add)
{
    int done = 0;
    take(v);
    uint32_t b = find_live(v, hash, key, now);
    if (!(add && b)) {
        begin(v);
        if (expires > now)
            done = set(v, hash, key, value, now, expires, b);
        else if (b)
            drop(v, b);
        v->s->stats.sets += done > 0;
        end(v);
    }
    give(v);
    return done;
}

int shard_remove(struct shard_view *v, uint64_t hash, struct str key, int64_t now)
{
    take(v);
    uint32_t b = find_live(v, hash, key, now);
    if (b) {
        begin(v);
        drop(v, b);
        end(v);
    }
    give(v);
    return b != 0;
}

int shard_touch(struct shard_view *v, uint64_t hash, struct str key, int64_t now, int64_t expires)
{
    take(v);
    uint32_t b = find_live(v, hash, key, now);
    if (b) {
        begin(v);
        if (expires > now)
            item_at(v, b)->expires = expires;
        else
            drop(v, b);
        end(v);
    }
    give(v);
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
        begin(v);
        status = set(v, hash, key, buf_str(&text), now, it->expires, b);
        end(v);
    }
    buf_release(&text);
    return status;
}

int shard_incr(struct shard_view *v, uint64_t hash, struct str key, int64_t now, int64_t by,
               int64_t *result, struct err *err)
{
    int status = 0;
    take(v);
    uint32_t b = find_live(v, hash, key, now);
    if (b)
        status = add_to(v, hash, key, now, b, by, result, err);
    give(v);
    return status;
}

int shard_expires(struct shard_view *v, uint64_t hash, struct str key, int64_t now,
                  int64_t *expires)
{
    take(v);
    uint32_t b = find_live(v, hash, key, now);
    if (b)
        *expires = item_at(v, b)->expires;
    give(v);
    return b != 0;
}

void shard_clear(struct shard_view *v)
{
    take(v);
    begin(v);
    empty(v);
    end(v);
    give(v);
}

void shard_keys(struct shard_view *v, int64_t now, struct str pattern, struct buf *out)
{
    struct buf key = BUF_INIT;
    take(v);
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
    give(v);
    buf_release(&key);
}

void shard_stats(struct shard_view *v, struct cache_stats *sum)
{
    take(v);
    struct shard *s = v->s;
    s->hits += v->hits;
    v->hits = 0;
    sum->hits += s->hits;
    sum->misses += s->misses;
    sum->sets += s->stats.sets;
    sum->evictions += s->stats.evictions;
    sum->expired += s->stats.expired;
    sum->recovered += s->stats.recovered;
    sum->items += s->fifo[QUEUE_SMALL].items + s->fifo[QUEUE_MAIN].items;
    sum->bytes += (uint64_t)in_use(s) * SHARD_BLOCK;
    give(v);
}

/* ---- looking it over ---- */

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
    take(v);
    bool good = check_queue(v, QUEUE_SMALL, seen, err) && check_queue(v, QUEUE_MAIN, seen, err);
    for (uint32_t b = s->free; good && b; b = rest_at(v, b)->more, nfree++) {
        good = b <= s->carved && !seen[b];
        seen[good ? b : 0] = 1;
    }
    for (uint32_t i = 0; good && i < s->nbuckets; i++)
        for (uint32_t b = v->buckets[i]; b; b = item_at(v, b)->next)
            in_buckets++;
    if (good && (nfree != s->nfree || nfree + in_use(s) != s->carved ||
                 in_buckets != s->fifo[QUEUE_SMALL].items + s->fifo[QUEUE_MAIN].items)) {
        err_set(err, ERR_INVALID, "%u free, %u in use of %u blocks", nfree, in_use(s), s->carved);
        good = false;
    }
    give(v);
    free(seen);
    return good;
}
