/* SPDX-License-Identifier: MIT */
#include "cache/memory.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cache/backends.h"
#include "cache/segment.h"
#include "cache/shard.h"

#include <sys/random.h>
#include <unistd.h>

enum {
    LAYOUT = 5, /* one more whenever what is in the segment changes */
    SHARDS_MAX = 16,
    SHARD_MIN = 1 << 20, /* bytes, so that large values fit */
    ENTRIES_MIN = 64,    /* of a shard, when entries are limited */
    DEFAULT_BYTES = 64 << 20,
    LEAST_BYTES = 64 << 10,
    RESERVE = 256 << 10, /* memory is asked for in steps */
    KEY_MAX = UINT16_MAX,
};

struct shared { /* the segment; shards follow, each at a multiple of SHARD_BLOCK */
    uint64_t key[2];
    _Atomic uint32_t changes[]; /* SHARD_CHANGES of each shard */
};

struct memory {
    struct cache cache;
    struct segment segment;
    uint64_t key[2];
    unsigned nshards; /* a power of two */
    uint32_t nblocks; /* of each */
    uint32_t max_items;
    struct shard_view shards[];
};

static size_t shards_offset(unsigned nshards)
{
    size_t n = sizeof(struct shared) + nshards * SHARD_CHANGES * sizeof(uint32_t);
    return (n + SHARD_BLOCK - 1) / SHARD_BLOCK * SHARD_BLOCK;
}

static struct memory *of(struct cache *c)
{
    return (struct memory *)c;
}

/* ---- opening ---- */

static unsigned count_shards(uint64_t bytes, uint64_t entries)
{
    unsigned n = 1;
    while (n < SHARDS_MAX && bytes / (n * 2) >= SHARD_MIN &&
           (!entries || entries / (n * 2) >= ENTRIES_MIN))
        n *= 2;
    return n;
}

static bool reserve(void *data, const struct shard_view *v, uint32_t blocks)
{
    struct memory *m = data;
    struct shard *s = v->s;
    uint32_t step = s->reserved + RESERVE / SHARD_BLOCK;
    size_t from = (size_t)(v->blocks - (char *)m->segment.memory);
    if (step < blocks)
        step = blocks;
    if (step > s->nblocks)
        step = s->nblocks;
    if (!segment_reserve(&m->segment, from + (size_t)s->reserved * SHARD_BLOCK,
                         (size_t)(step - s->reserved) * SHARD_BLOCK))
        return false;
    s->reserved = step;
    return true;
}

static void map_shards(struct memory *m)
{
    struct shared *shared = m->segment.memory;
    char *at = (char *)shared + shards_offset(m->nshards);
    m->cache.changes = shared->changes;
    for (unsigned i = 0; i < m->nshards; i++, at += shard_size(m->nblocks)) {
        shard_map(&m->shards[i], at, m->nblocks);
        m->shards[i].data = m;
        m->shards[i].changes = shared->changes + i * SHARD_CHANGES;
        m->shards[i].reserve = m->segment.fd >= 0 ? reserve : NULL;
    }
}

/* The segment is new and empty. */
static int fill(void *data, void *memory, struct err *err)
{
    struct memory *m = data;
    struct shared *shared = memory;
    size_t tables = shard_size(m->nblocks) - (size_t)m->nblocks * SHARD_BLOCK;
    if (!segment_reserve(&m->segment, 0, shards_offset(m->nshards)))
        return err_set_errno(err, "there is no room for it in '%s'", m->segment.path);
    if (getrandom(shared->key, sizeof shared->key, 0) != sizeof shared->key)
        return err_set_errno(err, "cannot draw random numbers");
    map_shards(m);
    for (unsigned i = 0; i < m->nshards; i++) {
        struct shard_view *v = &m->shards[i];
        if (!segment_reserve(&m->segment, (size_t)((char *)v->s - (char *)memory), tables))
            return err_set_errno(err, "there is no room for it in '%s'", m->segment.path);
        if (shard_init(v, m->nblocks, m->max_items, err) != 0)
            return -1;
    }
    return 0;
}

/* "perilune-1000-": what the segments of a user's projects begin with. */
static void segment_prefix(struct buf *b, const struct cache_options *o)
{
    buf_addf(b, "perilune-%u-", (unsigned)(o->owner < 0 ? geteuid() : (uid_t)o->owner));
}

/* "perilune-1000-0123456789abcdef-default": the user, the scope, the alias. */
static char *segment_name(const struct cache_options *o)
{
    static const uint64_t key[2] = {0x706572696c756e65, 0x6361636865730000};
    struct buf b = BUF_INIT;
    segment_prefix(&b, o);
    buf_addf(&b, "%016llx-", (unsigned long long)hash_keyed(str_from(o->scope), key));
    for (const char *p = o->alias; *p; p++)
        buf_addc(&b, char_is_alpha(*p) || char_is_digit(*p) ? *p : '_');
    return buf_detach(&b, NULL);
}

/* Where a segment is made, those are removed whose processes, of whatever project, were all killed.
 */
static void sweep(const char *folder, const struct cache_options *o)
{
    struct buf prefix = BUF_INIT;
    segment_prefix(&prefix, o);
    segment_sweep(folder, prefix.data);
    buf_release(&prefix);
}

static struct cache *memory_open(const struct cache_options *o, struct err *err)
{
    uint64_t bytes = o->max_bytes ? o->max_bytes : DEFAULT_BYTES;
    unsigned n = count_shards(bytes, o->max_entries);
    struct memory *m;
    if (bytes < LEAST_BYTES || bytes / n > (uint64_t)UINT32_MAX * SHARD_BLOCK / 2) {
        err_set(err, ERR_CONFIG, "max_bytes is %llu; it must be from %d to some hundred gigabytes",
                (unsigned long long)bytes, LEAST_BYTES);
        return NULL;
    }
    m = mem_zalloc(sizeof *m + n * sizeof *m->shards);
    m->nshards = n;
    m->nblocks = shard_fit((size_t)(bytes / n - shards_offset(n) / n - 1));
    m->max_items = (uint32_t)((o->max_entries + n - 1) / n);
    if (o->max_entries && m->max_items * n > o->max_entries && o->max_entries >= n)
        m->max_items = (uint32_t)(o->max_entries / n);
    char *name = o->scope ? segment_name(o) : NULL;
    uint64_t layout = (uint64_t)LAYOUT << 48 | (uint64_t)m->max_items << 8 | n;
    const char *folder = o->location ? o->location : "/dev/shm";
    int status =
        segment_open(&m->segment, folder, name, shards_offset(n) + n * shard_size(m->nblocks),
                     layout, o->owner, o->attach ? NULL : fill, m, err);
    free(name);
    if (status != 0) {
        free(m);
        return NULL;
    }
    if (m->segment.made)
        sweep(folder, o);
    memcpy(m->key, ((struct shared *)m->segment.memory)->key, sizeof m->key);
    map_shards(m);
    return &m->cache;
}

static void memory_close(struct cache *c)
{
    segment_close(&of(c)->segment);
    free(c);
}

/* ---- operations ---- */

static int64_t expiry(int64_t now, int64_t ttl)
{
    return ttl >= CLOCK_NEVER - now ? CLOCK_NEVER : now + ttl;
}

static struct shard_view *shard_of(struct memory *m, struct str key, uint64_t *hash)
{
    *hash = hash_keyed(key, m->key);
    return &m->shards[*hash >> 32 & (m->nshards - 1)];
}

static int memory_get(struct cache *c, struct str key, struct buf *out, struct err *err)
{
    uint64_t hash;
    struct shard_view *v = shard_of(of(c), key, &hash);
    (void)err;
    return shard_get(v, hash, key, clock_monotonic(), out);
}

static int memory_get_copy(struct cache *c, struct str key, struct buf *out,
                           struct cache_copy *copy, struct err *err)
{
    uint64_t hash;
    struct shard_view *v = shard_of(of(c), key, &hash);
    (void)err;
    int status = shard_get_copy(v, hash, key, clock_monotonic(), out, copy);
    if (status > 0)
        copy->watch += (uint32_t)(v - of(c)->shards) * SHARD_CHANGES;
    return status;
}

static void memory_copy_hits(struct cache *c, uint64_t n)
{
    shard_add_hits(&of(c)->shards[0], n);
}

static int memory_set(struct cache *c, struct str key, struct str value, int64_t ttl, bool add,
                      struct err *err)
{
    uint64_t hash;
    struct shard_view *v = shard_of(of(c), key, &hash);
    int64_t now = clock_monotonic();
    if (key.n > KEY_MAX)
        return err_set(err, ERR_INVALID, "a key of %zu bytes; %d is the most", key.n, KEY_MAX);
    return shard_set(v, hash, key, value, now, expiry(now, ttl), add);
}

static int memory_remove(struct cache *c, struct str key, struct err *err)
{
    uint64_t hash;
    struct shard_view *v = shard_of(of(c), key, &hash);
    (void)err;
    return shard_remove(v, hash, key, clock_monotonic());
}

static int memory_touch(struct cache *c, struct str key, int64_t ttl, struct err *err)
{
    uint64_t hash;
    struct shard_view *v = shard_of(of(c), key, &hash);
    int64_t now = clock_monotonic();
    (void)err;
    return shard_touch(v, hash, key, now, expiry(now, ttl));
}

static int memory_incr(struct cache *c, struct str key, int64_t by, int64_t *result,
                       struct err *err)
{
    uint64_t hash;
    struct shard_view *v = shard_of(of(c), key, &hash);
    return shard_incr(v, hash, key, clock_monotonic(), by, result, err);
}

static int memory_ttl(struct cache *c, struct str key, int64_t *ttl, struct err *err)
{
    uint64_t hash;
    struct shard_view *v = shard_of(of(c), key, &hash);
    int64_t now = clock_monotonic(), expires;
    (void)err;
    if (!shard_expires(v, hash, key, now, &expires))
        return 0;
    *ttl = expires == CLOCK_NEVER ? CACHE_FOREVER : expires - now;
    return 1;
}

static int memory_clear(struct cache *c, struct err *err)
{
    struct memory *m = of(c);
    (void)err;
    for (unsigned i = 0; i < m->nshards; i++)
        shard_clear(&m->shards[i]);
    return 1;
}

static int memory_keys(struct cache *c, struct str pattern, void (*fn)(void *data, struct str key),
                       void *data, struct err *err)
{
    struct memory *m = of(c);
    struct buf keys = BUF_INIT;
    int n = 0;
    (void)err;
    for (unsigned i = 0; i < m->nshards; i++) {
        buf_reset(&keys);
        shard_keys(&m->shards[i], clock_monotonic(), pattern, &keys);
        for (size_t at = 0; at < keys.n; n++) {
            uint32_t length;
            memcpy(&length, keys.data + at, sizeof length);
            fn(data, str_make(keys.data + at + sizeof length, length));
            at += sizeof length + length;
        }
    }
    buf_release(&keys);
    return n;
}

static int memory_stats(struct cache *c, struct cache_stats *out, struct err *err)
{
    struct memory *m = of(c);
    (void)err;
    for (unsigned i = 0; i < m->nshards; i++)
        shard_stats(&m->shards[i], out);
    out->max_bytes = (uint64_t)m->nshards * m->nblocks * SHARD_BLOCK;
    out->counted = true;
    return 1;
}

bool cache_memory_check(struct cache *c, struct err *err)
{
    struct memory *m = of(c);
    for (unsigned i = 0; i < m->nshards; i++)
        if (!shard_check(&m->shards[i], err))
            return err_prefix(err, "shard %u", i), false;
    return true;
}

const struct cache_ops cache_memory = {
    .name = "memory",
    .open = memory_open,
    .close = memory_close,
    .get = memory_get,
    .get_copy = memory_get_copy,
    .copy_hits = memory_copy_hits,
    .set = memory_set,
    .remove = memory_remove,
    .touch = memory_touch,
    .incr = memory_incr,
    .ttl = memory_ttl,
    .clear = memory_clear,
    .keys = memory_keys,
    .stats = memory_stats,
};
