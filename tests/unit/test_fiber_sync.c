/* SPDX-License-Identifier: MIT */
/* Mutexes, conditions, queues. */
#include "fiber_world.h"

struct shared {
    struct world *w;
    struct fiber_mutex m;
    struct fiber_cond c;
    struct fiber_queue *q;
    int inside;
};

#define SHARED(world)                                                                              \
    (struct shared)                                                                                \
    {                                                                                              \
        .w = (world), .m = FIBER_MUTEX_INIT                                                        \
    }

/* ---- mutex ---- */

static void locks_three_times(void *arg)
{
    struct shared *s = arg;
    struct loop *l = s->w->l;
    int me = s->w->n++;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fiber_mutex_lock(l, &s->m, CLOCK_NEVER, NULL), 0);
        assert_int_equal(s->inside++, 0);
        mark(s->w, "%d", me);
        fiber_yield(l, NULL);
        fiber_sleep(l, 0.001, NULL);
        s->inside--;
        fiber_mutex_unlock(l, &s->m);
    }
}

static void mutex_is_fair(void **state)
{
    struct shared s = SHARED(*state);
    for (int i = 0; i < 3; i++)
        fiber_start(s.w->l, locks_three_times, &s);
    loop_run(s.w->l);
    assert_trace(s.w, "012012012");
    assert_null(s.m.holder);
}

static void tries(void *arg)
{
    struct shared *s = arg;
    struct loop *l = s->w->l;
    struct err *e = &s->w->err;
    assert_false(fiber_mutex_trylock(l, &s->m));
    assert_fails(fiber_mutex_lock(l, &s->m, 0, e), e, ERR_TIMEOUT);
    assert_fails(fiber_mutex_lock(l, &s->m, soon(5), e), e, ERR_TIMEOUT);
    mark(s->w, "t");
    assert_fails(fiber_mutex_lock(l, &s->m, CLOCK_NEVER, e), e, ERR_CANCELLED);
    mark(s->w, "c");
    fiber_uncancel(fiber_self(l));
    assert_int_equal(fiber_mutex_lock(l, &s->m, CLOCK_NEVER, e), 0);
    mark(s->w, "l");
    fiber_mutex_unlock(l, &s->m);
}

static void is_cancelled_with_a_free_mutex(void *arg)
{
    struct shared *s = arg;
    struct loop *l = s->w->l;
    struct err *e = &s->w->err;
    assert_true(fiber_mutex_trylock(l, &s->m));
    fiber_cancel(fiber_self(l));
    fiber_mutex_unlock(l, &s->m);
    assert_fails(fiber_mutex_lock(l, &s->m, CLOCK_NEVER, e), e, ERR_CANCELLED);
    assert_null(s->m.holder);
}

static void holds(void *arg)
{
    struct shared *s = arg;
    assert_true(fiber_mutex_trylock(s->w->l, &s->m));
    fiber_sleep(s->w->l, 0.06, NULL);
    fiber_cancel(s->w->fiber);
    fiber_sleep(s->w->l, 0.01, NULL);
    fiber_mutex_unlock(s->w->l, &s->m);
}

static void mutex_has_deadline_and_cancel(void **state)
{
    struct shared s = SHARED(*state);
    fiber_start(s.w->l, holds, &s);
    s.w->fiber = fiber_start(s.w->l, tries, &s);
    fiber_start(s.w->l, locks_three_times, &s); /* stands behind the one that gives up */
    loop_run(s.w->l);
    assert_non_null(strstr(s.w->trace.data, "t"));
    assert_non_null(strstr(s.w->trace.data, "c"));
    assert_non_null(strstr(s.w->trace.data, "l"));
    assert_null(s.m.holder);
    assert_null(fiber_start(s.w->l, is_cancelled_with_a_free_mutex, &s));
}

static void is_given_it_when_cancelled(void *arg)
{
    struct shared *s = arg;
    /* It was handed over before the cancel: it is ours, and the next wait fails. */
    assert_int_equal(fiber_mutex_lock(s->w->l, &s->m, CLOCK_NEVER, NULL), 0);
    assert_fails(fiber_yield(s->w->l, &s->w->err), &s->w->err, ERR_CANCELLED);
    fiber_mutex_unlock(s->w->l, &s->m);
    mark(s->w, "g");
}

static void hands_over_and_cancels(void *arg)
{
    struct shared *s = arg;
    fiber_mutex_trylock(s->w->l, &s->m);
    fiber_yield(s->w->l, NULL);
    fiber_mutex_unlock(s->w->l, &s->m);
    fiber_cancel(s->w->fiber);
}

static void hand_over_beats_cancel(void **state)
{
    struct shared s = SHARED(*state);
    fiber_start(s.w->l, hands_over_and_cancels, &s);
    s.w->fiber = fiber_start(s.w->l, is_given_it_when_cancelled, &s);
    loop_run(s.w->l);
    assert_trace(s.w, "g");
    assert_null(s.m.holder);
}

/* ---- condition ---- */

static void waits_for_the_condition(void *arg)
{
    struct shared *s = arg;
    int me = s->w->n++;
    assert_int_equal(fiber_cond_wait(s->w->l, &s->c, CLOCK_NEVER, NULL), 0);
    mark(s->w, "%d", me);
}

static void condition_wakes_one_or_all(void **state)
{
    struct shared s = SHARED(*state);
    fiber_cond_signal(&s.c); /* nobody: lost, as conditions are */
    for (int i = 0; i < 4; i++)
        fiber_start(s.w->l, waits_for_the_condition, &s);
    loop_run(s.w->l);
    assert_trace(s.w, "");
    fiber_cond_signal(&s.c);
    loop_run(s.w->l);
    assert_trace(s.w, "0");
    fiber_cond_broadcast(&s.c);
    loop_run(s.w->l);
    assert_trace(s.w, "0123");
}

static void gives_up_the_condition(void *arg)
{
    struct shared *s = arg;
    struct err *e = &s->w->err;
    assert_fails(fiber_cond_wait(s->w->l, &s->c, soon(5), e), e, ERR_TIMEOUT);
    assert_fails(fiber_cond_wait(s->w->l, &s->c, CLOCK_NEVER, e), e, ERR_CANCELLED);
    assert_fails(fiber_cond_wait(s->w->l, &s->c, CLOCK_NEVER, e), e, ERR_CANCELLED);
    mark(s->w, "u");
}

static void condition_has_deadline_and_cancel(void **state)
{
    struct shared s = SHARED(*state);
    struct fiber *f = fiber_start(s.w->l, gives_up_the_condition, &s);
    fiber_start(s.w->l, waits_for_the_condition, &s);
    fiber_wake(f); /* is not noticed */
    loop_run(s.w->l);
    fiber_cancel(f);
    loop_run(s.w->l);
    assert_trace(s.w, "u");
    fiber_cond_signal(&s.c); /* those who gave up are out of the line */
    loop_run(s.w->l);
    assert_trace(s.w, "u0");
}

/* ---- queue ---- */

static char items[100]; /* only their addresses matter */

static void puts_ten(void *arg)
{
    struct shared *s = arg;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fiber_queue_put(s->q, &items[i], CLOCK_NEVER, NULL), 0);
        mark(s->w, "p");
    }
    fiber_queue_close(s->q);
}

static void gets_all(void *arg)
{
    struct shared *s = arg;
    void *item;
    int n = 0;
    while (fiber_queue_get(s->q, &item, CLOCK_NEVER, &s->w->err) == 0) {
        assert_ptr_equal(item, &items[n++]);
        mark(s->w, "g");
    }
    assert_int_equal(s->w->err.code, ERR_CLOSED);
    assert_int_equal(n, 10);
    assert_int_equal(fiber_queue_length(s->q), 0);
    mark(s->w, "e");
}

static void unbounded_queue_never_waits_to_put(void **state)
{
    struct shared s = SHARED(*state);
    s.q = fiber_queue_new(s.w->l, 0);
    assert_null(fiber_start(s.w->l, puts_ten, &s));
    assert_int_equal(fiber_queue_length(s.q), 10);
    assert_null(fiber_start(s.w->l, gets_all, &s));
    assert_trace(s.w, "ppppppppppgggggggggge");
    fiber_queue_free(s.q);
}

static void bounded_queue_waits(void **state)
{
    struct shared s = SHARED(*state);
    s.q = fiber_queue_new(s.w->l, 3);
    assert_non_null(fiber_start(s.w->l, puts_ten, &s));
    assert_trace(s.w, "ppp");
    fiber_start(s.w->l, gets_all, &s);
    loop_run(s.w->l);
    assert_int_equal(s.w->trace.n, 21);
    fiber_queue_free(s.q);
}

static void getter_waits_first(void **state)
{
    struct shared s = SHARED(*state);
    s.q = fiber_queue_new(s.w->l, 1);
    fiber_start(s.w->l, gets_all, &s);
    assert_trace(s.w, "");
    fiber_start(s.w->l, puts_ten, &s);
    loop_run(s.w->l);
    assert_int_equal(s.w->trace.n, 21);
    fiber_queue_free(s.q);
    fiber_queue_free(NULL);
}

static void gets_one(void *arg)
{
    struct shared *s = arg;
    void *item = NULL;
    int me = s->w->n++;
    if (fiber_queue_get(s->q, &item, CLOCK_NEVER, &s->w->err) == 0)
        mark(s->w, "%d:%d ", me, (int)((char *)item - items));
    else
        mark(s->w, "%d:%s ", me, err_name(s->w->err.code));
}

static void puts_one(void *arg)
{
    struct shared *s = arg;
    int me = s->w->n++;
    if (fiber_queue_put(s->q, &items[me], CLOCK_NEVER, &s->w->err) == 0)
        mark(s->w, "%d ", me);
    else
        mark(s->w, "%d:%s ", me, err_name(s->w->err.code));
}

static void lines_are_served_in_order(void **state)
{
    struct shared s = SHARED(*state);
    struct fiber *second;
    s.q = fiber_queue_new(s.w->l, 1);
    fiber_start(s.w->l, gets_one, &s);
    second = fiber_start(s.w->l, gets_one, &s);
    fiber_start(s.w->l, gets_one, &s);
    fiber_cancel(second);
    fiber_start(s.w->l, puts_one, &s); /* item 3 to fiber 0 */
    fiber_start(s.w->l, puts_one, &s); /* item 4 to fiber 2 */
    loop_run(s.w->l);
    assert_trace(s.w, "3 4 1:cancelled 0:3 2:4 ");

    buf_reset(&s.w->trace);
    fiber_start(s.w->l, puts_one, &s); /* 5: room for it */
    fiber_start(s.w->l, puts_one, &s); /* 6 and 7 wait */
    fiber_start(s.w->l, puts_one, &s);
    for (int i = 0; i < 3; i++)
        fiber_start(s.w->l, gets_one, &s);
    loop_run(s.w->l);
    assert_trace(s.w, "5 8:5 9:6 10:7 6 7 ");
    fiber_queue_free(s.q);
}

static void close_ends_all_waits(void **state)
{
    struct shared s = SHARED(*state);
    s.q = fiber_queue_new(s.w->l, 1);
    for (int i = 0; i < 3; i++)
        fiber_start(s.w->l, puts_one, &s);
    fiber_queue_close(s.q);
    loop_run(s.w->l);
    fiber_start(s.w->l, gets_one, &s); /* what was in it can still be had */
    fiber_start(s.w->l, gets_one, &s);
    fiber_start(s.w->l, puts_one, &s);
    assert_trace(s.w, "0 1:closed 2:closed 3:0 4:closed 5:closed ");
    fiber_queue_free(s.q);

    buf_reset(&s.w->trace);
    s.q = fiber_queue_new(s.w->l, 1);
    fiber_start(s.w->l, gets_one, &s);
    fiber_queue_close(s.q);
    fiber_queue_close(s.q);
    loop_run(s.w->l);
    assert_trace(s.w, "6:closed ");
    fiber_queue_free(s.q);
}

static void tries_the_queue(void *arg)
{
    struct shared *s = arg;
    struct err *e = &s->w->err;
    void *item;
    assert_fails(fiber_queue_get(s->q, &item, 0, e), e, ERR_TIMEOUT);
    assert_int_equal(fiber_queue_put(s->q, items, 0, e), 0);
    assert_fails(fiber_queue_put(s->q, items, 0, e), e, ERR_TIMEOUT);
    assert_fails(fiber_queue_put(s->q, items, soon(5), e), e, ERR_TIMEOUT);
    assert_int_equal(fiber_queue_length(s->q), 1);
    fiber_cancel(fiber_self(s->w->l));
    assert_fails(fiber_queue_get(s->q, &item, 0, e), e, ERR_CANCELLED);
    assert_fails(fiber_queue_put(s->q, items, 0, e), e, ERR_CANCELLED);
    fiber_uncancel(fiber_self(s->w->l));
    assert_int_equal(fiber_queue_get(s->q, &item, 0, e), 0);
    assert_fails(fiber_queue_get(s->q, &item, soon(5), e), e, ERR_TIMEOUT);
    mark(s->w, "q");
}

static void queue_has_deadline_and_cancel(void **state)
{
    struct shared s = SHARED(*state);
    s.q = fiber_queue_new(s.w->l, 1);
    fiber_start(s.w->l, tries_the_queue, &s);
    loop_run(s.w->l);
    assert_trace(s.w, "q");
    fiber_queue_free(s.q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(mutex_is_fair),
        world_test(mutex_has_deadline_and_cancel),
        world_test(hand_over_beats_cancel),
        world_test(condition_wakes_one_or_all),
        world_test(condition_has_deadline_and_cancel),
        world_test(unbounded_queue_never_waits_to_put),
        world_test(bounded_queue_waits),
        world_test(getter_waits_first),
        world_test(lines_are_served_in_order),
        world_test(close_ends_all_waits),
        world_test(queue_has_deadline_and_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
