/* SPDX-License-Identifier: MIT */
/* Single flight: inside a process, and between the flights of several that share a cache. */
#include "cache/flight.h"

#include "cache/cache.h"
#include "fiber_world.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY STR("mark")

static struct cache *cache;
static struct flights *one, *two; /* as two workers have them */

static void open_all(struct world *w)
{
    struct cache_options o = {.alias = "default", .owner = -1, .max_bytes = 1 << 20};
    cache = cache_open(cache_backend(STR("memory")), &o, &w->err);
    assert_non_null(cache);
    one = flights_new(cache, w->l);
    two = flights_new(cache, w->l);
}

static void close_all(void)
{
    flights_free(one);
    flights_free(two);
    cache_close(cache);
}

/* What flight_begin() says, as a letter of the trace. */
static enum flight_state begin(struct world *w, struct flights *f, int ms, struct flight **fl)
{
    static const char letters[] = "!MLAF";
    enum flight_state s = flight_begin(f, KEY, soon(ms), fl, &w->err);
    mark(w, "%c", letters[s + 1]);
    return s;
}

static void make(void *arg)
{
    struct world *w = arg;
    struct flight *fl;
    if (begin(w, one, 1000, &fl) == FLIGHT_MINE) {
        fiber_sleep(w->l, 0.02, &w->err);
        mark(w, ".");
        flight_end(fl, w->n > 0);
    }
}

static void wait_of_one(void *arg)
{
    struct flight *fl;
    begin(arg, one, 1000, &fl);
}

static void wait_of_two(void *arg)
{
    struct flight *fl;
    begin(arg, two, 1000, &fl);
}

static void run(struct world *w)
{
    fiber_spawn(w->l, make, w, false);
    fiber_spawn(w->l, wait_of_one, w, false);
    fiber_spawn(w->l, wait_of_two, w, false);
    fiber_spawn(w->l, wait_of_two, w, false);
    fiber_spawn(w->l, wait_of_one, w, false);
    loop_run(w->l);
}

static void one_makes_it(void **state)
{
    struct world *w = *state;
    open_all(w);
    w->n = 1;
    run(w);
    assert_trace(w, "M.LLLL");
    buf_reset(&w->trace);
    w->n = 1;
    run(w); /* it is over: another one */
    assert_trace(w, "M.LLLL");
    close_all();
}

static void what_is_not_kept_makes_no_line(void **state)
{
    struct world *w = *state;
    open_all(w);
    run(w);
    assert_trace(w, "M.FFFF");
    buf_reset(&w->trace);
    run(w); /* now nobody even waits */
    assert_trace(w, "FFFFF");
    close_all();
}

static void nobody_waits(void *arg)
{
    struct world *w = arg;
    struct flight *fl, *none;
    assert_int_equal(begin(w, one, 0, &fl), FLIGHT_MINE);
    begin(w, one, 0, &none);
    begin(w, two, 0, &none);
    int64_t start = clock_monotonic();
    begin(w, two, 30, &none); /* waits, and then does not wait any more */
    begin(w, one, 30, &none);
    assert_in_range((uint64_t)(clock_monotonic() - start), 50 * CLOCK_MS, 2000 * CLOCK_MS);
    flight_end(fl, true);
    assert_int_equal(begin(w, two, 0, &fl), FLIGHT_MINE);
    flight_drop(fl);
    begin(w, two, 0, &none); /* dropped: not kept */
}

static void patience(void **state)
{
    struct world *w = *state;
    open_all(w);
    fiber_spawn(w->l, nobody_waits, w, false);
    loop_run(w->l);
    assert_trace(w, "MAAFFMF");
    close_all();
}

/* A process adds the mark and dies. */
static void leave_a_mark(void)
{
    int ends[2], status;
    char c;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct err err;
        struct flight *fl;
        struct flights *f = flights_new(cache, NULL);
        c = flight_begin(f, KEY, 0, &fl, &err) == FLIGHT_MINE ? 'M' : '?';
        if (write(ends[1], &c, 1) != 1)
            _exit(1);
        pause();
    }
    assert_int_equal(read(ends[0], &c, 1), 1);
    assert_int_equal(c, 'M');
    close(ends[0]);
    close(ends[1]);
    struct err err;
    struct flight *fl;
    assert_int_equal(flight_begin(one, KEY, 0, &fl, &err), FLIGHT_AWAY); /* it lives */
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void the_dead_make_nothing(void **state)
{
    struct world *w = *state;
    struct flight *fl;
    open_all(w);
    leave_a_mark();
    assert_int_equal(flight_begin(two, KEY, 0, &fl, &w->err), FLIGHT_LANDED); /* look again */
    assert_int_equal(flight_begin(two, KEY, 0, &fl, &w->err), FLIGHT_MINE);
    flight_end(fl, true);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(one_makes_it),
        world_test(what_is_not_kept_makes_no_line),
        world_test(patience),
        world_test(the_dead_make_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
