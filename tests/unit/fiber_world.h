/* SPDX-License-Identifier: MIT */
/* What the fiber tests share: a loop, and a trace of what ran in which order. */
#ifndef TESTS_UNIT_FIBER_WORLD_H
#define TESTS_UNIT_FIBER_WORLD_H

#include "base/buf.h"
#include "fiber/fiber.h"
#include "test.h"

struct world {
    struct loop *l;
    struct buf trace;
    struct fiber *fiber; /* whatever the test wants to reach from inside */
    struct err err;
    int n;
};

static inline int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    buf_init(&w->trace);
    w->l = loop_new(NULL, &w->err);
    *state = w;
    return w->l ? 0 : -1;
}

static inline int world_teardown(void **state)
{
    struct world *w = *state;
    loop_free(w->l);
    buf_release(&w->trace);
    free(w);
    return 0;
}

#define world_test(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

#define mark(w, ...) buf_addf(&(w)->trace, __VA_ARGS__)
#define assert_trace(w, want) assert_string_equal((w)->trace.data, want)
#define assert_fails(call, e, want_code)                                                           \
    do {                                                                                           \
        (e)->code = ERR_OK;                                                                        \
        assert_int_equal(call, -1);                                                                \
        assert_string_equal(err_name((e)->code), err_name(want_code));                             \
    } while (0)

static inline int64_t soon(int ms)
{
    return clock_monotonic() + ms * CLOCK_MS;
}

#endif
