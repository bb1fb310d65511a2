/* SPDX-License-Identifier: MIT */
/* Starting, ending, ordering, parking, joining, cancelling, deadlines. */
#include "fiber_world.h"

#include <uv.h>

/* ---- starting and order ---- */

static void says_a(void *arg)
{
    mark((struct world *)arg, "a");
}

static void starts_without_waiting(void **state)
{
    struct world *w = *state;
    assert_null(fiber_self(w->l));
    assert_null(fiber_start(w->l, says_a, w));
    assert_trace(w, "a");
    assert_int_equal(loop_fibers(w->l), 0);
    assert_null(fiber_self(w->l));
    loop_run(w->l); /* nothing to wait for: returns */
}

static void yields_twice(void *arg)
{
    struct world *w = arg;
    int me = w->n++;
    mark(w, "%d", me);
    assert_int_equal(fiber_yield(w->l, &w->err), 0);
    mark(w, "%d", me);
    assert_int_equal(fiber_yield(w->l, NULL), 0);
    mark(w, "%d", me);
}

static void runs_in_turns(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3; i++)
        assert_non_null(fiber_start(w->l, yields_twice, w));
    assert_int_equal(loop_fibers(w->l), 3);
    assert_trace(w, "012");
    loop_run(w->l);
    assert_trace(w, "012012012");
    assert_int_equal(loop_fibers(w->l), 0);
}

static void spawn_waits_for_the_loop(void **state)
{
    struct world *w = *state;
    fiber_spawn(w->l, says_a, w, false);
    assert_trace(w, "");
    assert_int_equal(loop_fibers(w->l), 1);
    loop_turn(w->l, true);
    assert_trace(w, "a");
}

static void inner(void *arg)
{
    struct world *w = arg;
    mark(w, "i");
    fiber_yield(w->l, NULL);
    mark(w, "I");
}

static void outer(void *arg)
{
    struct world *w = arg;
    struct fiber *self = fiber_self(w->l);
    mark(w, "o");
    assert_non_null(fiber_start(w->l, inner, w));
    assert_ptr_equal(fiber_self(w->l), self);
    assert_null(fiber_start(w->l, says_a, w));
    assert_ptr_equal(fiber_self(w->l), self);
    assert_ptr_equal(fiber_loop(self), w->l);
    mark(w, "O");
}

static void starts_inside_a_fiber(void **state)
{
    struct world *w = *state;
    assert_null(fiber_start(w->l, outer, w));
    assert_trace(w, "oiaO");
    loop_run(w->l);
    assert_trace(w, "oiaOI");
}

static void nest(void *arg)
{
    struct world *w = arg;
    if (++w->n < 50)
        fiber_start(w->l, nest, w);
    fiber_yield(w->l, NULL);
    w->n--;
}

static void starts_fifty_deep(void **state)
{
    struct world *w = *state;
    fiber_start(w->l, nest, w);
    assert_int_equal(w->n, 50);
    loop_run(w->l);
    assert_int_equal(w->n, 0);
}

static void yields_for_long(void *arg)
{
    struct world *w = arg;
    for (int i = 0; i < 5000 && w->n == 0; i++)
        fiber_yield(w->l, NULL);
    mark(w, "%s", w->n ? "let through" : "starved");
}

static void on_uv_timer(uv_timer_t *t)
{
    ((struct world *)t->data)->n = 1;
    uv_close((uv_handle_t *)t, NULL);
}

static void ready_fibers_do_not_starve_events(void **state)
{
    struct world *w = *state;
    uv_timer_t t = {.data = w};
    uv_timer_init(loop_uv(w->l), &t);
    uv_timer_start(&t, on_uv_timer, 0, 0);
    fiber_start(w->l, yields_for_long, w);
    loop_run(w->l);
    assert_trace(w, "let through");
}

static void stops(void *arg)
{
    struct world *w = arg;
    fiber_yield(w->l, NULL);
    loop_stop(w->l);
    mark(w, "s");
    fiber_sleep(w->l, 0.01, NULL);
    mark(w, "t");
}

static void stop_leaves_the_rest(void **state)
{
    struct world *w = *state;
    fiber_start(w->l, stops, w);
    loop_run(w->l);
    assert_trace(w, "s");
    loop_run(w->l);
    assert_trace(w, "st");
    loop_stop(w->l); /* remembered */
    fiber_spawn(w->l, says_a, w, false);
    loop_run(w->l);
    assert_trace(w, "st");
    loop_run(w->l);
    assert_trace(w, "sta");
}

static void a_turn_that_ran_does_not_wait(void **state)
{
    struct world *w = *state;
    uv_timer_t t = {.data = w};
    int64_t before = clock_monotonic();
    uv_timer_init(loop_uv(w->l), &t);
    uv_timer_start(&t, on_uv_timer, 60000, 0);
    fiber_spawn(w->l, says_a, w, false);
    loop_turn(w->l, true);
    assert_trace(w, "a");
    loop_turn(w->l, false);
    assert_true(clock_monotonic() - before < 30 * CLOCK_SECOND);
    uv_close((uv_handle_t *)&t, NULL);
    loop_run(w->l);
}

/* ---- sleeping ---- */

struct sleeper {
    struct world *w;
    double seconds;
    char name;
};

static void sleeps(void *arg)
{
    struct sleeper *s = arg;
    int64_t before = clock_monotonic();
    assert_int_equal(fiber_sleep(s->w->l, s->seconds, NULL), 0);
    assert_true(clock_monotonic() - before >= (int64_t)(s->seconds * 1e9));
    mark(s->w, "%c", s->name);
}

static void sleepers_wake_in_order(void **state)
{
    struct world *w = *state;
    struct sleeper s[] = {
        {w, 0.03, 'd'}, {w, 0.01, 'b'}, {w, 0.02, 'c'}, {w, 0, 'a'}, {w, -1, 'A'}};
    for (size_t i = 0; i < 5; i++)
        fiber_start(w->l, sleeps, &s[i]);
    loop_run(w->l);
    assert_trace(w, "aAbcd");
}

static void sleeps_at_random(void *arg)
{
    struct world *w = arg;
    w->n++;
    fiber_sleep(w->l, 0.001 * (rand() % 50), NULL);
    w->n--;
}

static void heap_holds_any_order(void **state)
{
    struct world *w = *state;
    srand(1);
    for (int i = 0; i < 500; i++)
        fiber_start(w->l, sleeps_at_random, w);
    assert_int_equal(w->n, 500);
    loop_run(w->l);
    assert_int_equal(w->n, 0);
}

/* ---- park and wake ---- */

static void parks(void *arg)
{
    struct world *w = arg;
    w->fiber = fiber_self(w->l);
    mark(w, "p");
    assert_int_equal(fiber_park(w->l, CLOCK_NEVER, &w->err), 0);
    mark(w, "w");
}

static void wake_resumes_later(void **state)
{
    struct world *w = *state;
    struct fiber *f = fiber_start(w->l, parks, w);
    loop_run(w->l); /* nobody could wake it: returns */
    assert_int_equal(loop_fibers(w->l), 1);
    fiber_wake(f);
    fiber_wake(f);
    assert_trace(w, "p");
    loop_run(w->l);
    assert_trace(w, "pw");
}

static void wakes_itself_first(void *arg)
{
    struct world *w = arg;
    fiber_wake(fiber_self(w->l));
    fiber_wake(fiber_self(w->l)); /* one is remembered, not two */
    assert_int_equal(fiber_park(w->l, CLOCK_NEVER, NULL), 0);
    mark(w, "1");
    assert_fails(fiber_park(w->l, soon(5), &w->err), &w->err, ERR_TIMEOUT);
    mark(w, "2");
}

static void early_wake_is_not_lost(void **state)
{
    struct world *w = *state;
    fiber_start(w->l, wakes_itself_first, w);
    assert_trace(w, "1");
    loop_run(w->l);
    assert_trace(w, "12");
}

static void sleeps_then_parks(void *arg)
{
    struct world *w = arg;
    int64_t before = clock_monotonic();
    assert_int_equal(fiber_sleep(w->l, 0.02, NULL), 0);
    assert_true(clock_monotonic() - before >= 20 * CLOCK_MS);
    mark(w, "s");
    assert_int_equal(fiber_park(w->l, 0, &w->err), 0); /* even past the deadline: it is there */
    mark(w, "p");
}

static void other_waits_do_not_notice_a_wake(void **state)
{
    struct world *w = *state;
    fiber_wake(fiber_start(w->l, sleeps_then_parks, w));
    loop_run(w->l);
    assert_trace(w, "sp");
}

static void wakes_the_other(void *arg)
{
    struct world *w = arg;
    fiber_wake(w->fiber);
    mark(w, "k");
}

static void wakes_from_a_fiber(void **state)
{
    struct world *w = *state;
    fiber_start(w->l, parks, w);
    fiber_start(w->l, wakes_the_other, w);
    assert_trace(w, "pk");
    loop_run(w->l);
    assert_trace(w, "pkw");
}

/* ---- join ---- */

static void joins(void *arg)
{
    struct world *w = arg;
    assert_int_equal(fiber_join(w->fiber, CLOCK_NEVER, NULL), 0);
    mark(w, "j");
}

static void join_waits_for_the_end(void **state)
{
    struct world *w = *state;
    w->fiber = fiber_spawn(w->l, yields_twice, w, true);
    fiber_start(w->l, joins, w);
    loop_run(w->l);
    assert_trace(w, "000j");
}

static void join_after_the_end(void **state)
{
    struct world *w = *state;
    w->fiber = fiber_spawn(w->l, says_a, w, true);
    loop_run(w->l);
    assert_int_equal(loop_fibers(w->l), 0);
    fiber_start(w->l, joins, w);
    assert_trace(w, "aj");
}

static void joins_in_a_hurry(void *arg)
{
    struct world *w = arg;
    assert_fails(fiber_join(w->fiber, soon(5), &w->err), &w->err, ERR_TIMEOUT);
    assert_string_equal(w->err.msg, "timed out: waiting for a fiber to end");
    mark(w, "t");
    assert_fails(fiber_join(w->fiber, 0, &w->err), &w->err, ERR_TIMEOUT);
    fiber_wake(w->fiber);
    assert_int_equal(fiber_join(w->fiber, CLOCK_NEVER, NULL), 0);
    mark(w, "j");
}

static void join_has_a_deadline(void **state)
{
    struct world *w = *state;
    w->fiber = fiber_spawn(w->l, parks, w, true);
    fiber_start(w->l, joins_in_a_hurry, w);
    loop_run(w->l);
    assert_trace(w, "ptwj");
}

static void joiner_gives_up_as_the_other_ends(void *arg)
{
    struct world *w = arg;
    assert_fails(fiber_join(w->fiber, CLOCK_NEVER, &w->err), &w->err, ERR_CANCELLED);
    fiber_uncancel(fiber_self(w->l));
    assert_int_equal(fiber_join(w->fiber, 0, NULL), 0); /* it has ended meanwhile */
}

static void cancelled_join_leaves_it_joinable(void **state)
{
    struct world *w = *state;
    struct fiber *joiner;
    w->fiber = fiber_spawn(w->l, parks, w, true);
    loop_run(w->l);
    joiner = fiber_start(w->l, joiner_gives_up_as_the_other_ends, w);
    fiber_wake(w->fiber);
    fiber_cancel(joiner);
    loop_run(w->l);
    assert_int_equal(loop_fibers(w->l), 0);
}

static void detach_frees(void **state)
{
    struct world *w = *state;
    struct fiber *ended = fiber_spawn(w->l, says_a, w, true);
    loop_run(w->l);
    fiber_detach(ended);
    fiber_detach(fiber_spawn(w->l, says_a, w, true));
    loop_run(w->l);
    assert_trace(w, "aa");
}

/* ---- cancel ---- */

static void cancelled_in(void *arg)
{
    struct world *w = arg;
    struct fiber *self = fiber_self(w->l);
    assert_fails(fiber_sleep(w->l, 60, &w->err), &w->err, ERR_CANCELLED);
    assert_string_equal(w->err.msg, "cancelled: sleeping");
    assert_true(fiber_cancelled(self));
    /* sticky */
    assert_fails(fiber_yield(w->l, &w->err), &w->err, ERR_CANCELLED);
    assert_fails(fiber_park(w->l, CLOCK_NEVER, &w->err), &w->err, ERR_CANCELLED);
    assert_fails(fiber_sleep(w->l, 0, &w->err), &w->err, ERR_CANCELLED);
    assert_fails(fiber_wait_fd(w->l, 0, FIBER_READ, CLOCK_NEVER, &w->err), &w->err, ERR_CANCELLED);
    fiber_uncancel(self);
    assert_int_equal(fiber_yield(w->l, &w->err), 0);
    mark(w, "c");
}

static void cancel_is_sticky(void **state)
{
    struct world *w = *state;
    struct fiber *f = fiber_start(w->l, cancelled_in, w);
    fiber_cancel(f);
    fiber_cancel(f);
    assert_trace(w, "");
    loop_run(w->l);
    assert_trace(w, "c");
}

static void cancels_itself(void *arg)
{
    struct world *w = arg;
    fiber_wake(fiber_self(w->l));
    fiber_cancel(fiber_self(w->l));
    assert_fails(fiber_park(w->l, CLOCK_NEVER, &w->err), &w->err, ERR_CANCELLED);
    fiber_uncancel(fiber_self(w->l));
    assert_int_equal(fiber_park(w->l, CLOCK_NEVER, &w->err), 0); /* the wake is still there */
    mark(w, "x");
}

static void cancel_before_the_wait(void **state)
{
    struct world *w = *state;
    assert_null(fiber_start(w->l, cancels_itself, w));
    assert_trace(w, "x");
}

static void woken_then_cancelled(void *arg)
{
    struct world *w = arg;
    assert_int_equal(fiber_park(w->l, CLOCK_NEVER, &w->err), 0); /* the wake came first */
    assert_fails(fiber_yield(w->l, &w->err), &w->err, ERR_CANCELLED);
    mark(w, "y");
}

static void cancel_of_a_ready_fiber_waits_for_its_next_wait(void **state)
{
    struct world *w = *state;
    struct fiber *f = fiber_start(w->l, woken_then_cancelled, w);
    fiber_wake(f);
    fiber_cancel(f);
    loop_run(w->l);
    assert_trace(w, "y");
}

static void cancel_before_the_first_run(void **state)
{
    struct world *w = *state;
    fiber_cancel(fiber_spawn(w->l, cancelled_in, w, false));
    loop_run(w->l);
    assert_trace(w, "c");
}

static void is_stopped_for_good(void *arg)
{
    struct world *w = arg;
    struct err e = {.code = ERR_OK};
    assert_fails(fiber_park(w->l, CLOCK_NEVER, &e), &e, ERR_CANCELLED);
    mark(w, "x");
}

static void stopping_for_good_cancels_all(void **state)
{
    struct world *w = *state;
    struct fiber *ended = fiber_spawn(w->l, says_a, w, true);
    loop_cancel(w->l); /* before its first run: it does not wait, so it does not notice */
    loop_run(w->l);
    for (int i = 0; i < 3; i++)
        fiber_start(w->l, is_stopped_for_good, w);
    fiber_spawn(w->l, is_stopped_for_good, w, false);
    loop_cancel(w->l);
    loop_run(w->l);
    assert_trace(w, "axxxx");
    assert_int_equal(loop_fibers(w->l), 0);
    fiber_detach(ended);
    loop_cancel(w->l); /* nobody is there */
    fiber_start(w->l, parks, w);
    fiber_wake(w->fiber);
    loop_run(w->l);
    assert_trace(w, "axxxxpw"); /* those who come later are not cancelled */
}

/* ---- deadlines ---- */

static void has_a_deadline(void *arg)
{
    struct world *w = arg;
    int64_t limit = soon(60), before = fiber_deadline(w->l, limit);
    assert_true(before == CLOCK_NEVER);
    assert_true(fiber_deadline(w->l, CLOCK_NEVER) == limit); /* narrows only */
    assert_true(fiber_deadline(w->l, limit + CLOCK_SECOND) == limit);
    assert_int_equal(fiber_sleep(w->l, 0.001, &w->err), 0);
    assert_fails(fiber_sleep(w->l, 60, &w->err), &w->err, ERR_TIMEOUT);
    assert_true(clock_monotonic() >= limit);
    assert_fails(fiber_park(w->l, CLOCK_NEVER, &w->err), &w->err, ERR_TIMEOUT);
    assert_fails(fiber_yield(w->l, &w->err), &w->err, ERR_TIMEOUT);
    fiber_deadline_restore(w->l, before);
    assert_int_equal(fiber_sleep(w->l, 0.001, &w->err), 0);
    mark(w, "d");
}

static void deadline_is_in_every_wait(void **state)
{
    struct world *w = *state;
    fiber_start(w->l, has_a_deadline, w);
    loop_run(w->l);
    assert_trace(w, "d");
}

static void parks_until(void *arg)
{
    struct world *w = arg;
    int64_t limit = soon(10);
    assert_fails(fiber_park(w->l, limit, &w->err), &w->err, ERR_TIMEOUT);
    assert_true(clock_monotonic() >= limit);
    assert_true(loop_now(w->l) >= limit);
    mark(w, "t");
}

static void park_has_a_deadline(void **state)
{
    struct world *w = *state;
    fiber_start(w->l, parks_until, w);
    loop_run(w->l);
    assert_trace(w, "t");
}

/* ---- leaving ---- */

static void yields_once(void *arg)
{
    struct world *w = arg;
    fiber_yield(w->l, NULL);
}

static void on_leave(void *data, bool ended)
{
    struct world *w = data;
    mark(w, ended ? "end " : "wait ");
    if (ended)
        fiber_yield(w->l, NULL); /* it may, then */
}

static void leaves(void *arg)
{
    struct world *w = arg;
    fiber_on_leave(fiber_self(w->l), on_leave, w);
    mark(w, "a ");
    fiber_yield(w->l, NULL);
    mark(w, "b ");
    fiber_sleep(w->l, 0.001, NULL);
    fiber_cancel(fiber_self(w->l));
    fiber_sleep(w->l, 1, NULL); /* waits for nothing */
    fiber_uncancel(fiber_self(w->l));
    mark(w, "c ");
}

static void leaving_is_told(void **state)
{
    struct world *w = *state;
    fiber_start(w->l, leaves, w);
    loop_run(w->l);
    assert_trace(w, "a wait b wait c end wait ");
    fiber_start(w->l, yields_once, w); /* the next fiber on that stack is not asked */
    loop_run(w->l);
    assert_trace(w, "a wait b wait c end wait ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(leaving_is_told),
        world_test(starts_without_waiting),
        world_test(runs_in_turns),
        world_test(spawn_waits_for_the_loop),
        world_test(starts_inside_a_fiber),
        world_test(starts_fifty_deep),
        world_test(ready_fibers_do_not_starve_events),
        world_test(stop_leaves_the_rest),
        world_test(a_turn_that_ran_does_not_wait),
        world_test(sleepers_wake_in_order),
        world_test(heap_holds_any_order),
        world_test(wake_resumes_later),
        world_test(early_wake_is_not_lost),
        world_test(other_waits_do_not_notice_a_wake),
        world_test(wakes_from_a_fiber),
        world_test(join_waits_for_the_end),
        world_test(join_after_the_end),
        world_test(join_has_a_deadline),
        world_test(cancelled_join_leaves_it_joinable),
        world_test(detach_frees),
        world_test(cancel_is_sticky),
        world_test(cancel_before_the_wait),
        world_test(cancel_of_a_ready_fiber_waits_for_its_next_wait),
        world_test(cancel_before_the_first_run),
        world_test(stopping_for_good_cancels_all),
        world_test(deadline_is_in_every_wait),
        world_test(park_has_a_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
