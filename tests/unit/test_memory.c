/* SPDX-License-Identifier: MIT */
/* Lua's allocator: contents kept, sizes counted, the limit held. */
#include "bindings/lua/memory.h"

#include "test.h"

#include "base/sanitizer.h"

static void fill(unsigned char *p, size_t n, unsigned char seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(seed + i);
}

static void assert_filled(const unsigned char *p, size_t n, unsigned char seed)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(p[i], (unsigned char)(seed + i));
}

/* Blocks of every size, grown and shrunk in all directions, never overlap. */
static void test_contents(void **state)
{
    enum { BLOCKS = 400, ROUNDS = 40000 };
    struct memory m;
    unsigned char *block[BLOCKS] = {NULL};
    size_t size[BLOCKS] = {0}, used = 0;
    unsigned random = 12345;
    (void)state;

    memory_init(&m);
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1103515245 + 12345;
        size_t b = (random >> 16) % BLOCKS, old = size[b];
        random = random * 1103515245 + 12345;
        size_t want = (random >> 16) % 4 ? (random >> 18) % 300 : (random >> 18) % 3000;
        unsigned char *p = memory_allocate(&m, block[b], block[b] ? old : 5, want);
        if (want == 0) {
            assert_null(p);
        } else {
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            assert_filled(p, old < want ? old : want, (unsigned char)b);
            fill(p, want, (unsigned char)b);
        }
        used = used - (block[b] ? old : 0) + want;
        block[b] = p;
        size[b] = want;
        assert_int_equal(m.used, used);
    }
    for (size_t b = 0; b < BLOCKS; b++) {
        if (block[b]) {
            assert_filled(block[b], size[b], (unsigned char)b);
            memory_allocate(&m, block[b], size[b], 0);
        }
    }
    assert_int_equal(m.used, 0);
    memory_release(&m);
}

static void test_limit(void **state)
{
    struct memory m;
    void *a, *b;
    (void)state;
    memory_init(&m);
    m.limit = 1000;
    a = memory_allocate(&m, NULL, 0, 600);
    assert_non_null(a);
    assert_null(memory_allocate(&m, NULL, 0, 401));
    assert_null(memory_allocate(&m, a, 600, 1001)); /* and the block is as it was */
    assert_int_equal(m.used, 600);
    b = memory_allocate(&m, NULL, 0, 400);
    assert_non_null(b);
    a = memory_allocate(&m, a, 600, 10); /* shrinking never fails */
    assert_non_null(a);
    memory_allocate(&m, a, 10, 0);
    memory_allocate(&m, b, 400, 0);
    assert_int_equal(m.used, 0);
    memory_release(&m);
}

/* What is given back is used again: no growth. */
static void test_reuse(void **state)
{
    struct memory m;
    void *first;
    (void)state;
    memory_init(&m);
    first = memory_allocate(&m, NULL, 0, 48);
    memory_allocate(&m, first, 48, 0);
    for (int i = 0; i < 100; i++) {
        void *p = memory_allocate(&m, NULL, 0, 40);
#if !defined(__SANITIZE_ADDRESS__)
        assert_ptr_equal(p, first);
#endif
        memory_allocate(&m, p, 40, 0);
    }
    memory_release(&m);
}

/* The same size twice: Lua has collected in between and it was of no use. */
static void test_exhausted(void **state)
{
    struct memory m;
    void *p;
    (void)state;

    memory_init(&m);
    m.limit = 1000;
    assert_null(memory_allocate(&m, NULL, 0, 2000));
    assert_false(m.exhausted);
    p = memory_allocate(&m, NULL, 0, 900);
    assert_null(memory_allocate(&m, NULL, 0, 300));
    assert_false(m.exhausted);
    assert_null(memory_allocate(&m, NULL, 0, 300));
    assert_true(m.exhausted);
    memory_allocate(&m, p, 900, 0);
    memory_release(&m);
    assert_false(m.exhausted);
}

/* Small blocks that were given back stay with the allocator, and it says so. */
static void test_spent(void **state)
{
    enum { BLOCKS = 1 << 20, SIZE = 64 };
    struct memory m;
    void **block = malloc(BLOCKS * sizeof *block);
    (void)state;

    memory_init(&m);
    for (size_t i = 0; i < BLOCKS; i++)
        block[i] = memory_allocate(&m, NULL, 0, SIZE);
    assert_false(memory_spent(&m));
    for (size_t i = 0; i < BLOCKS; i++)
        memory_allocate(&m, block[i], SIZE, 0);
#ifndef SANITIZER_ADDRESS /* there nothing is cut */
    assert_true(memory_spent(&m));
#endif
    assert_int_equal(m.used, 0);
    memory_release(&m);
    assert_false(memory_spent(&m));
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents), cmocka_unit_test(test_limit),
        cmocka_unit_test(test_reuse),    cmocka_unit_test(test_exhausted),
        cmocka_unit_test(test_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
