/* SPDX-License-Identifier: MIT */
/* A cache that keeps nothing: for development, and to switch a cache off. */
#include "cache/backends.h"

#include "base/mem.h"

static struct cache *dummy_open(const struct cache_options *o, struct err *err)
{
    (void)o, (void)err;
    return mem_zalloc(sizeof(struct cache));
}

static void dummy_close(struct cache *c)
{
    free(c);
}

static int dummy_get(struct cache *c, struct str key, struct buf *out, struct err *err)
{
    (void)c, (void)key, (void)out, (void)err;
    return 0;
}

/* As Django's: it says that it was kept. */
static int dummy_set(struct cache *c, struct str key, struct str value, int64_t ttl, bool add,
                     struct err *err)
{
    (void)c, (void)key, (void)value, (void)ttl, (void)add, (void)err;
    return 1;
}

static int dummy_remove(struct cache *c, struct str key, struct err *err)
{
    (void)c, (void)key, (void)err;
    return 0;
}

static int dummy_touch(struct cache *c, struct str key, int64_t ttl, struct err *err)
{
    (void)c, (void)key, (void)ttl, (void)err;
    return 0;
}

static int dummy_incr(struct cache *c, struct str key, int64_t by, int64_t *result, struct err *err)
{
    (void)c, (void)key, (void)by, (void)result, (void)err;
    return 0;
}

static int dummy_ttl(struct cache *c, struct str key, int64_t *ttl, struct err *err)
{
    (void)c, (void)key, (void)ttl, (void)err;
    return 0;
}

static int dummy_clear(struct cache *c, struct err *err)
{
    (void)c, (void)err;
    return 1;
}

static int dummy_keys(struct cache *c, struct str pattern, void (*fn)(void *data, struct str key),
                      void *data, struct err *err)
{
    (void)c, (void)pattern, (void)fn, (void)data, (void)err;
    return 0;
}

const struct cache_ops cache_dummy = {
    .name = "dummy",
    .open = dummy_open,
    .close = dummy_close,
    .get = dummy_get,
    .set = dummy_set,
    .remove = dummy_remove,
    .touch = dummy_touch,
    .incr = dummy_incr,
    .ttl = dummy_ttl,
    .clear = dummy_clear,
    .keys = dummy_keys,
};
