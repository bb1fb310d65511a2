/* SPDX-License-Identifier: MIT */
/* What fibers cost, in ns: run it on the release preset, `bench_fiber [ROUNDS]`. */
#include "fiber/fiber.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bench {
    struct loop *l;
    struct fiber *a, *b;
    long rounds;
    int fds[2];
};

static void nothing(void *arg)
{
    (void)arg;
}

static void report(const char *what, int64_t since, long n)
{
    printf("%-52s %8.1f ns\n", what, (double)(clock_monotonic() - since) / (double)n);
}

static void bench_start(struct bench *b)
{
    fiber_start(b->l, nothing, NULL);
    int64_t since = clock_monotonic();
    for (long i = 0; i < b->rounds; i++)
        fiber_start(b->l, nothing, NULL);
    report("start and finish without a wait", since, b->rounds);
}

static void starts(void *arg)
{
    bench_start(arg);
}

static void ping(void *arg)
{
    struct bench *b = arg;
    for (long i = 0; i < b->rounds; i++) {
        fiber_park(b->l, CLOCK_NEVER, NULL);
        fiber_wake(b->b);
    }
}

static void pong(void *arg)
{
    struct bench *b = arg;
    for (long i = 0; i < b->rounds; i++) {
        fiber_wake(b->a);
        fiber_park(b->l, CLOCK_NEVER, NULL);
    }
}

static void ping_with_deadline(void *arg)
{
    struct bench *b = arg;
    for (long i = 0; i < b->rounds; i++) {
        fiber_park(b->l, b->rounds * CLOCK_SECOND, NULL);
        fiber_wake(b->b);
    }
}

static void bench_wake(struct bench *b, fiber_fn *fn, const char *what)
{
    b->a = fiber_start(b->l, fn, b);
    b->b = fiber_start(b->l, pong, b);
    int64_t since = clock_monotonic();
    loop_run(b->l);
    report(what, since, 2 * b->rounds);
}

static void yields(void *arg)
{
    struct bench *b = arg;
    for (long i = 0; i < b->rounds / 1000; i++)
        fiber_yield(b->l, NULL);
}

static void bench_yield(struct bench *b)
{
    for (int i = 0; i < 1000; i++)
        fiber_start(b->l, yields, b);
    int64_t since = clock_monotonic();
    loop_run(b->l);
    report("yield, 1000 fibers in turn", since, b->rounds);
}

static void reads(void *arg)
{
    struct bench *b = arg;
    char c;
    for (long i = 0; i < b->rounds / 100; i++) {
        fiber_wait_fd(b->l, b->fds[0], FIBER_READ, CLOCK_NEVER, NULL);
        if (read(b->fds[0], &c, 1) != 1)
            abort();
    }
}

static void writes(void *arg)
{
    struct bench *b = arg;
    for (long i = 0; i < b->rounds / 100; i++) {
        if (write(b->fds[1], "x", 1) != 1)
            abort();
        fiber_yield(b->l, NULL);
        fiber_yield(b->l, NULL);
        fiber_yield(b->l, NULL);
    }
}

static void bench_read(struct bench *b)
{
    if (pipe(b->fds) != 0)
        abort();
    fiber_start(b->l, reads, b);
    fiber_start(b->l, writes, b);
    int64_t since = clock_monotonic();
    loop_run(b->l);
    report("one byte through a pipe, waited for", since, b->rounds / 100);
    close(b->fds[0]);
    close(b->fds[1]);
}

int main(int argc, char **argv)
{
    struct bench b = {.rounds = argc > 1 ? atol(argv[1]) : 2000000};
    struct loop_options o = {.keep = 2000};
    b.l = loop_new(&o, NULL);
    bench_start(&b);
    fiber_start(b.l, starts, &b);
    bench_wake(&b, ping, "wake, park and switch, two fibers");
    bench_wake(&b, ping_with_deadline, "the same, half of them with a deadline");
    bench_yield(&b);
    bench_read(&b);
    loop_free(b.l);
    return 0;
}
