/* SPDX-License-Identifier: MIT */
#include "cache/cache.h"

#include "cache/backends.h"

const struct cache_ops *const cache_backends[] = {
    &cache_memory, &cache_redis, &cache_memcached, &cache_file, &cache_database, &cache_dummy, NULL,
};

const struct cache_ops *cache_backend(struct str name)
{
    for (const struct cache_ops *const *p = cache_backends; *p; p++)
        if (str_eq(str_from((*p)->name), name))
            return *p;
    return NULL;
}

struct cache *cache_open(const struct cache_ops *ops, const struct cache_options *o,
                         struct err *err)
{
    struct cache *c = ops->open(o, err);
    if (!c) {
        err_prefix(err, "cache '%s' (%s)", o->alias, ops->name);
        return NULL;
    }
    c->ops = ops;
    return c;
}

void cache_close(struct cache *c)
{
    if (c)
        c->ops->close(c);
}

int cache_remove_if(struct cache *c, struct str key, struct str value, struct err *err)
{
    struct buf b = BUF_INIT;
    if (c->ops->remove_if)
        return c->ops->remove_if(c, key, value, err);
    int status = cache_get(c, key, &b, err);
    bool same = status > 0 && str_eq(buf_str(&b), value);
    buf_release(&b);
    return status < 0 ? -1 : same ? cache_remove(c, key, err) : 0;
}

int cache_keys(struct cache *c, struct str pattern, void (*fn)(void *data, struct str key),
               void *data, struct err *err)
{
    if (!c->ops->keys)
        return err_set(err, ERR_INVALID, "a cache of the backend '%s' cannot list its keys",
                       c->ops->name);
    return c->ops->keys(c, pattern, fn, data, err);
}

int cache_stats(struct cache *c, struct cache_stats *out, struct err *err)
{
    *out = (struct cache_stats){0};
    return c->ops->stats ? c->ops->stats(c, out, err) : 0;
}

int cache_get_many(struct cache *c, const struct str *keys, size_t n, struct buf *values,
                   bool *found, struct err *err)
{
    int count = 0;
    memset(found, 0, n * sizeof *found);
    if (c->ops->get_many)
        return c->ops->get_many(c, keys, n, values, found, err);
    for (size_t i = 0; i < n; i++) {
        int status = cache_get(c, keys[i], &values[i], err);
        if (status < 0)
            return -1;
        found[i] = status > 0;
        count += status;
    }
    return count;
}

int cache_set_many(struct cache *c, const struct str *keys, const struct str *values, size_t n,
                   int64_t ttl, bool *failed, struct err *err)
{
    int count = 0;
    memset(failed, true, n * sizeof *failed);
    if (c->ops->set_many)
        return c->ops->set_many(c, keys, values, n, ttl, failed, err);
    for (size_t i = 0; i < n; i++) {
        int status = cache_set(c, keys[i], values[i], ttl, false, err);
        if (status < 0)
            return -1;
        failed[i] = status == 0;
        count += status;
    }
    return count;
}

int cache_remove_many(struct cache *c, const struct str *keys, size_t n, struct err *err)
{
    int count = 0;
    if (c->ops->remove_many)
        return c->ops->remove_many(c, keys, n, err);
    for (size_t i = 0; i < n; i++) {
        int status = cache_remove(c, keys[i], err);
        if (status < 0)
            return -1;
        count += status;
    }
    return count;
}

/* ---- patterns ---- */

/* The length of the step at p: 1, or that of "[...]" when it is closed. */
static size_t step_length(struct str p, size_t i)
{
    size_t j = i + 1;
    if (p.p[i] != '[')
        return 1;
    if (j < p.n && (p.p[j] == '!' || p.p[j] == '^'))
        j++;
    if (j < p.n)
        j++; /* a ] that comes first is one of them */
    while (j < p.n && p.p[j] != ']')
        j++;
    return j < p.n ? j + 1 - i : 1;
}

static bool step_matches(struct str p, size_t i, size_t n, char c)
{
    if (n == 1)
        return p.p[i] == '?' || p.p[i] == c;
    size_t j = i + 1, end = i + n - 1;
    bool negated = p.p[j] == '!' || p.p[j] == '^', in = false;
    for (j += negated; j < end; j++) {
        if (j + 2 < end && p.p[j + 1] == '-') {
            in |= (unsigned char)c >= (unsigned char)p.p[j] &&
                  (unsigned char)c <= (unsigned char)p.p[j + 2];
            j += 2;
        } else {
            in |= p.p[j] == c;
        }
    }
    return in != negated;
}

/* What stood before the last * never has to be matched again. */
bool cache_glob(struct str p, struct str s)
{
    size_t i = 0, j = 0, star = SIZE_MAX, from = 0;
    while (j < s.n) {
        size_t n = i < p.n ? step_length(p, i) : 0;
        if (n && p.p[i] == '*') {
            star = i++;
            from = j;
        } else if (n && step_matches(p, i, n, s.p[j])) {
            i += n;
            j++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            j = ++from;
        } else {
            return false;
        }
    }
    while (i < p.n && p.p[i] == '*')
        i++;
    return i == p.n;
}

bool cache_integer(struct str value, int64_t *out)
{
    return value.n && value.n <= 20 && (char_is_digit(value.p[0]) || value.p[0] == '-') &&
           str_to_int64(value, out);
}
