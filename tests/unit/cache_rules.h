/* SPDX-License-Identifier: MIT */
/* What every backend of a cache must do, and the means to say so. */
#ifndef TESTS_UNIT_CACHE_RULES_H
#define TESTS_UNIT_CACHE_RULES_H

#include "cache/cache.h"

#include "base/clock.h"
#include "test.h"

#include <unistd.h>

#define SECOND INT64_C(1000000000)

static struct err err;

/* What a backend is known not to do. */
struct rules {
    int64_t brief; /* the shortest time that it can keep something for, and be asked in between */
    int64_t past;  /* after which that is over for certain */
    bool keys;     /* it lists its keys */
    bool odd_keys; /* it takes any bytes as a key */
};

static __attribute__((unused))
const struct rules all_rules = {SECOND / 50, SECOND / 50, true, true};

static inline int set(struct cache *c, const char *key, const char *value, int64_t ttl)
{
    return cache_set(c, str_from(key), str_from(value), ttl, false, &err);
}

/* What is under the key is `want`; NULL: nothing. */
static inline void expect(struct cache *c, const char *key, const char *want)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, "<");
    int found = cache_get(c, str_from(key), &b, &err);
    assert_int_equal(want != NULL, found);
    if (want)
        assert_str(str_skip(buf_str(&b), 1), want);
    else
        assert_int_equal(1, b.n);
    buf_release(&b);
}

static inline void count_key(void *data, struct str key)
{
    struct buf *b = data;
    buf_addstr(b, key);
    buf_addc(b, ' ');
}

static inline void wait_past(int64_t ns)
{
    int64_t until = clock_monotonic() + ns;
    while (clock_monotonic() <= until)
        usleep(500);
}

/* Sets a value that is kept only briefly, and finds it. When that took so long that it may be
 * gone (the machine has much else to do), it is set once more. */
static inline void expect_brief(struct cache *c, const char *key, int64_t brief)
{
    struct buf b = BUF_INIT;
    int64_t start;
    int found;
    do {
        start = clock_monotonic();
        set(c, key, "x", brief);
        buf_reset(&b);
        found = cache_get(c, str_from(key), &b, &err);
    } while (clock_monotonic() - start >= brief / 2);
    assert_int_equal(1, found);
    assert_str(buf_str(&b), "x");
    buf_release(&b);
}

/* The same with one that is then kept longer. */
static inline void touch_brief(struct cache *c, const char *key, int64_t brief)
{
    int64_t start;
    int found;
    do {
        start = clock_monotonic();
        set(c, key, "x", brief);
        found = cache_touch(c, str_from(key), 60 * SECOND, &err);
    } while (clock_monotonic() - start >= brief / 2);
    assert_int_equal(1, found);
}

/* Closes the cache. */
static inline void check_backend(struct cache *c, const struct rules *r)
{
    int64_t n, ttl;
    struct buf b = BUF_INIT;
    expect(c, "a", NULL);
    assert_int_equal(1, set(c, "a", "1", 60 * SECOND));
    expect(c, "a", "1");
    assert_int_equal(1, set(c, "a", "a longer value than before", CACHE_FOREVER));
    expect(c, "a", "a longer value than before");
    assert_int_equal(1, cache_ttl(c, STR("a"), &ttl, &err));
    assert_true(ttl == CACHE_FOREVER);
    if (r->odd_keys) {
        assert_int_equal(1, set(c, "", "empty key", SECOND * 60));
        expect(c, "", "empty key");
    }
    assert_int_equal(1, set(c, "empty", "", SECOND * 60));
    expect(c, "empty", "");

    assert_int_equal(0, cache_set(c, STR("a"), STR("x"), 60 * SECOND, true, &err));
    expect(c, "a", "a longer value than before");
    assert_int_equal(1, cache_set(c, STR("new"), STR("x"), 60 * SECOND, true, &err));
    expect(c, "new", "x");

    assert_int_equal(1, cache_remove(c, STR("a"), &err));
    assert_int_equal(0, cache_remove(c, STR("a"), &err));
    expect(c, "a", NULL);

    assert_int_equal(1, set(c, "a", "1", 60 * SECOND));
    assert_int_equal(0, cache_remove_if(c, STR("a"), STR("2"), &err));
    expect(c, "a", "1");
    assert_int_equal(1, cache_remove_if(c, STR("a"), STR("1"), &err));
    assert_int_equal(0, cache_remove_if(c, STR("a"), STR("1"), &err));
    expect(c, "a", NULL);

    assert_int_equal(1, set(c, "a", "1", 60 * SECOND));
    assert_int_equal(0, set(c, "a", "2", 0)); /* not kept; what was there is gone */
    expect(c, "a", NULL);
    assert_int_equal(0, set(c, "a", "2", -5));
    expect(c, "a", NULL);

    expect_brief(c, "short", r->brief);
    wait_past(r->past);
    expect(c, "short", NULL);
    assert_int_equal(0, cache_touch(c, STR("short"), SECOND, &err));
    assert_int_equal(1, cache_set(c, STR("short"), STR("y"), SECOND, true, &err));

    touch_brief(c, "touched", r->brief);
    wait_past(r->past);
    expect(c, "touched", "x");
    assert_int_equal(1, cache_ttl(c, STR("touched"), &ttl, &err));
    assert_true(ttl > 50 * SECOND && ttl <= 60 * SECOND);
    assert_int_equal(1, cache_touch(c, STR("touched"), 0, &err));
    expect(c, "touched", NULL);
    assert_int_equal(0, cache_ttl(c, STR("touched"), &ttl, &err));

    assert_int_equal(0, cache_incr(c, STR("n"), 1, &n, &err));
    set(c, "n", "9", 60 * SECOND);
    assert_int_equal(1, cache_incr(c, STR("n"), 1, &n, &err));
    assert_int_equal(10, n);
    assert_int_equal(1, cache_incr(c, STR("n"), -25, &n, &err));
    assert_int_equal(-15, n);
    expect(c, "n", "-15");
    assert_int_equal(1, cache_ttl(c, STR("n"), &ttl, &err));
    assert_true(ttl > 50 * SECOND && ttl <= 60 * SECOND); /* as it was */
    set(c, "n", "x", 60 * SECOND);
    assert_int_equal(-1, cache_incr(c, STR("n"), 1, &n, &err));
    assert_int_equal(ERR_INVALID, err.code);
    set(c, "n", "9223372036854775807", 60 * SECOND);
    assert_int_equal(-1, cache_incr(c, STR("n"), 1, &n, &err));
    expect(c, "n", "9223372036854775807");

    struct str keys[] = {STR("m1"), STR("m2"), STR("m3")},
               values[] = {STR("1"), STR("2"), STR("3")};
    bool flags[3];
    struct buf got[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
    assert_int_equal(2, cache_set_many(c, keys, values, 2, 60 * SECOND, flags, &err));
    assert_int_equal(2, cache_get_many(c, keys, 3, got, flags, &err));
    assert_true(flags[0] && flags[1] && !flags[2]);
    assert_str(buf_str(&got[1]), "2");
    for (int i = 0; i < 3; i++)
        buf_release(&got[i]);
    assert_int_equal(2, cache_remove_many(c, keys, 3, &err));

    assert_int_equal(1, cache_clear(c, &err));
    expect(c, "new", NULL);
    if (!r->keys) {
        assert_int_equal(-1, cache_keys(c, STR("*"), count_key, &b, &err));
        assert_int_equal(ERR_INVALID, err.code);
    }
    set(c, "product:1", "x", 60 * SECOND);
    set(c, "product:2", "x", 60 * SECOND);
    set(c, "order:1", "x", 60 * SECOND);
    set(c, "product:old", "x", r->keys ? 1 : 60 * SECOND);
    wait_past(2000000);
    if (r->keys) {
        assert_int_equal(2, cache_keys(c, STR("product:*"), count_key, &b, &err));
        assert_true(str_find(buf_str(&b), STR("product:1 ")) < b.n);
        assert_true(str_find(buf_str(&b), STR("product:2 ")) < b.n);
        assert_int_equal(3, cache_keys(c, STR("*"), count_key, &b, &err));
    }
    buf_release(&b);

    for (size_t size = 1; size < 70000; size = size * 3 / 2 + 1) { /* every form of a chain */
        char *text = mem_alloc(size + 1);
        for (size_t i = 0; i < size; i++)
            text[i] = (char)('a' + (i * 7 + size) % 26);
        text[size] = '\0';
        assert_int_equal(1, set(c, "large", text, 60 * SECOND));
        expect(c, "large", text);
        if (size < 5000 && r->odd_keys) {
            assert_int_equal(1, set(c, text, text, 60 * SECOND)); /* as a key */
            expect(c, text, text);
        }
        free(text);
    }
    cache_close(c);
}

#endif
