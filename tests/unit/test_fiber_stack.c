/* SPDX-License-Identifier: MIT */
/* Stacks: depth, reuse, slots, overflow, ten thousand of them, what a switch keeps. */
#include "base/sanitizer.h"
#include "fiber_world.h"

#include <fenv.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef SANITIZER_THREAD
enum { MANY = 2000 }; /* it cannot count more stacks than 8000, and each is dear to it */
#else
enum { MANY = 10000 };
#endif

/* ---- depth ---- */

struct depth {
    struct world *w;
    size_t left[2];                    /* at the top and at the bottom */
    int (*again)(struct depth *, int); /* recurse, so that no compiler makes a loop of it */
};

static int recurse(struct depth *d, int n)
{
    volatile char frame[512];
    frame[0] = frame[511] = (char)n;
    if (n == 0) {
        d->left[1] = fiber_stack_left(d->w->l);
        fiber_sleep(d->w->l, 0.001, NULL); /* deep inside, too */
        return 0;
    }
    return d->again(d, n - 1) + 1 + (frame[0] != frame[511]);
}

static void goes_deep(void *arg)
{
    struct depth *d = arg;
    d->left[0] = fiber_stack_left(d->w->l);
    d->again = recurse;
    assert_int_equal(recurse(d, 300), 300);
    mark(d->w, "d");
}

static void recursion_sees_its_stack_shrink(void **state)
{
    struct world *w = *state;
    struct depth d[3] = {{.w = w}, {.w = w}, {.w = w}};
    size_t own = fiber_stack_left(w->l);
    assert_true(own > 100 * 1024);
    for (int i = 0; i < 3; i++)
        fiber_start(w->l, goes_deep, &d[i]);
    loop_run(w->l);
    assert_trace(w, "ddd");
    for (int i = 0; i < 3; i++) {
        assert_true(d[i].left[0] > 900 * 1024 && d[i].left[0] < 1024 * 1024);
        /* Not the arrays: a compiler or a sanitizer may have put them elsewhere. */
        assert_true(d[i].left[0] - d[i].left[1] > 300 * 16UL);
    }
    assert_true(fiber_stack_left(w->l) == own);
}

static void measures(void *arg)
{
    struct depth *d = arg;
    d->left[0] = fiber_stack_left(d->w->l);
}

static void size_is_an_option(void **state)
{
    struct world *w = *state;
    struct loop_options o = {.stack_size = 4 * 1024 * 1024 + 1};
    struct loop *first = w->l;
    struct depth d = {.w = w};
    w->l = loop_new(&o, &w->err);
    fiber_start(w->l, goes_deep, &d);
    loop_run(w->l);
    assert_true(d.left[0] > 3 * 1024 * 1024);
    loop_free(w->l);
    o.stack_size = 1; /* too little for anything: the least is taken */
    w->l = loop_new(&o, &w->err);
    fiber_start(w->l, measures, &d);
    assert_true(d.left[0] > 60 * 1024 && d.left[0] < 70 * 1024);
    loop_free(w->l);
    w->l = first;
}

/* ---- reuse and slots ---- */

struct visit {
    struct world *w;
    uintptr_t stack;
    void *script, *request;
    void *leave;
    int ms;
};

static void visits(void *arg)
{
    struct visit *v = arg;
    struct fiber *self = fiber_self(v->w->l);
    v->stack = (uintptr_t)self;
    v->script = *fiber_slot(self, FIBER_SCRIPT);
    v->request = *fiber_slot(self, FIBER_REQUEST);
    if (v->leave)
        *fiber_slot(self, FIBER_SCRIPT) = v->leave;
    *fiber_slot(self, FIBER_REQUEST) = v;
    if (v->ms)
        fiber_sleep(v->w->l, v->ms / 1000.0, NULL);
    assert_ptr_equal(*fiber_slot(self, FIBER_REQUEST), v);
}

static void stack_and_script_are_used_again(void **state)
{
    struct world *w = *state;
    struct visit a = {.w = w, .leave = w}, b = {.w = w}, c = {.w = w, .ms = 1}, d = {.w = w};
    fiber_start(w->l, visits, &a);
    fiber_start(w->l, visits, &b);
    assert_int_equal(a.stack, b.stack);
    assert_null(a.script);
    assert_ptr_equal(b.script, w);
    assert_null(b.request);
    fiber_start(w->l, visits, &c);
    fiber_start(w->l, visits, &d); /* the first is in use */
    assert_int_equal(c.stack, a.stack);
    assert_true(d.stack != a.stack);
    assert_null(d.script);
    loop_run(w->l);
    fiber_start(w->l, visits, &b); /* last in, first out */
    assert_int_equal(b.stack, a.stack);
}

static void on_drop(void *data, void *script)
{
    struct world *w = data;
    mark(w, "%d ", (int)((char *)script - (char *)w));
}

static void scripts_of_stacks_thrown_away_are_dropped(void **state)
{
    struct world *w = *state;
    struct loop_options o = {.keep = 2};
    struct loop *first = w->l;
    struct visit v[4];
    w->l = loop_new(&o, &w->err);
    loop_on_drop(w->l, on_drop, w);
    for (int i = 0; i < 4; i++) {
        v[i] = (struct visit){.w = w, .leave = (char *)w + i + 1, .ms = 2 * (i + 1)};
        fiber_start(w->l, visits, &v[i]);
    }
    loop_run(w->l);
    assert_trace(w, "3 4 "); /* two are kept */
    loop_free(w->l);
    assert_trace(w, "3 4 2 1 ");
    w->l = first;
}

/* ---- what a switch keeps ---- */

static void counts_in_floating_point(void *arg)
{
    struct world *w = arg;
    int me = w->n++;
    double sum = me;
    long a = me, b = me + 1, c = me + 2, d = me + 3, e = me + 4, f = me + 5;
    fesetround(me % 2 ? FE_UPWARD : FE_TONEAREST);
    for (int i = 0; i < 100; i++) {
        sum += 0.5;
        a += b, b += c, c += d, d += e, e += f, f += 1;
        fiber_yield(w->l, NULL);
        assert_int_equal(fegetround(), me % 2 ? FE_UPWARD : FE_TONEAREST);
        f -= 1, e -= f, d -= e, c -= d, b -= c, a -= b;
    }
    assert_true(sum == me + 50.0);
    assert_int_equal(a, me);
    assert_int_equal(b + c + d + e + f, 5 * me + 15);
    fesetround(FE_TONEAREST);
    mark(w, "k");
}

static void switch_keeps_registers_and_rounding(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 4; i++)
        fiber_start(w->l, counts_in_floating_point, w);
    assert_int_equal(fegetround(), FE_TONEAREST);
    loop_run(w->l);
    assert_trace(w, "kkkk");
}

static void jumps(void *arg)
{
    struct world *w = arg;
    jmp_buf here;
    volatile int n = 0;
    if (setjmp(here) == 0 || n < 3) {
        n++;
        fiber_yield(w->l, NULL);
        longjmp(here, 1);
    }
    mark(w, "%d", n);
}

static void longjmp_stays_on_its_stack(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3; i++)
        fiber_start(w->l, jumps, w);
    loop_run(w->l);
    assert_trace(w, "333");
}

/* ---- many ---- */

static long resident_kib(void)
{
    char line[128];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib;
}

static void sleeps(void *arg)
{
    struct world *w = arg;
    w->n++;
    fiber_sleep(w->l, 0.2 + (w->n % 100) / 1000.0, NULL);
    w->n--;
}

static void ten_thousand_sleep_at_once(void **state)
{
    struct world *w = *state;
    long before = resident_kib();
    for (int i = 0; i < MANY; i++)
        fiber_start(w->l, sleeps, w);
    assert_int_equal(w->n, MANY);
    assert_int_equal(loop_fibers(w->l), MANY);
    print_message("%d sleeping fibers: %ld KiB resident, %.1f KiB each\n", MANY,
                  resident_kib() - before, (double)(resident_kib() - before) / MANY);
    loop_run(w->l);
    assert_int_equal(w->n, 0);
    assert_int_equal(loop_fibers(w->l), 0);
}

/* Touches 256 KiB of its stack, more than resident_kib() could miss. */
static void touches_much(void *arg)
{
    struct world *w = arg;
    volatile char block[256 * 1024];
    for (size_t i = 0; i < sizeof block; i += 1024)
        block[i] = 1;
    fiber_yield(w->l, NULL);
    w->n += block[0];
}

static void sleeps_a_little(void *arg)
{
    fiber_sleep(((struct world *)arg)->l, 0.1, NULL);
}

static void long_idle_stacks_give_their_pages_back(void **state)
{
    struct world *w = *state;
    struct loop_options o = {.idle_ms = 10};
    struct loop *first = w->l;
    w->l = loop_new(&o, &w->err);
    for (int i = 0; i < 100; i++)
        fiber_start(w->l, touches_much, w);
    long used = resident_kib();
    loop_run(w->l);
    assert_int_equal(w->n, 100);
    fiber_start(w->l, sleeps_a_little, w); /* idle stacks keep no loop running */
    loop_run(w->l);
    assert_true(used - resident_kib() > 100 * 200);
    for (int i = 0; i < 100; i++) /* they can be used again */
        fiber_start(w->l, touches_much, w);
    loop_run(w->l);
    assert_int_equal(w->n, 200);
    loop_free(w->l);
    w->l = first;
}

/* ---- overflow, in a child process ---- */

static int bottomless(volatile int *n)
{
    volatile char frame[1000];
    frame[0] = (char)++*n;
    if (*n < 0)
        return 0;
    int deeper = bottomless(n);
    return frame[0] + deeper;
}

static void overflows(void *arg)
{
    struct world *w = arg;
    volatile int n = 0;
    fiber_set_name(fiber_self(w->l), "GET /deep\n");
    fiber_yield(w->l, NULL);
    mark(w, "%d", bottomless(&n));
}

/* Runs fn in a child whose stderr is read; gives the signal that killed it. */
static int child(struct world *w, void (*fn)(struct world *), char *text, size_t size)
{
    int fds[2], status;
    size_t n = 0;
    ssize_t got;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        fn(w);
        _exit(0);
    }
    close(fds[1]);
    while (n < size - 1 && (got = read(fds[0], text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void child_overflows(struct world *w)
{
    if (loop_guard_stacks(w->l, &w->err) != 0)
        _exit(1);
    fiber_start(w->l, overflows, w);
    loop_run(w->l);
}

static void overflow_says_so_and_dies(void **state)
{
    char text[4096];
    int sig = child(*state, child_overflows, text, sizeof text);
    assert_true(sig == SIGSEGV || sig == SIGBUS);
    assert_string_equal(text, "perilune: fiber stack overflow in GET /deep?: recursion too deep "
                              "for its stack; the worker is replaced\n");
}

static void before_us(int sig)
{
    static const char said[] = "the handler before\n";
    if (write(STDERR_FILENO, said, sizeof said - 1) > 0)
        signal(sig, SIG_DFL);
}

static void faults(void *arg)
{
    volatile int *nowhere = (int *)16;
    (void)arg;
    *nowhere = 1;
}

static void child_faults(struct world *w)
{
    signal(SIGSEGV, before_us);
    loop_guard_stacks(w->l, &w->err);
    fiber_start(w->l, faults, w);
}

static void child_is_sent_a_signal(struct world *w)
{
    signal(SIGSEGV, SIG_DFL);
    loop_guard_stacks(w->l, &w->err);
    raise(SIGSEGV);
}

static void other_faults_go_where_they_went(void **state)
{
    char text[4096];
    assert_int_equal(child(*state, child_faults, text, sizeof text), SIGSEGV);
    assert_string_equal(text, "the handler before\n");
    assert_int_equal(child(*state, child_is_sent_a_signal, text, sizeof text), SIGSEGV);
    assert_string_equal(text, "");
}

/* ---- for signal handlers ---- */

/* A handler has nothing else to write to. */
static void *volatile seen;

static void on_alarm(int sig)
{
    struct loop *l = loop_of_thread();
    struct fiber *f = l ? fiber_self(l) : NULL;
    (void)sig;
    seen = f ? *fiber_slot(f, FIBER_REQUEST) : NULL;
}

static void is_interrupted(void *arg)
{
    struct world *w = arg;
    *fiber_slot(fiber_self(w->l), FIBER_REQUEST) = w;
    raise(SIGUSR1);
    assert_ptr_equal(seen, w);
    fiber_yield(w->l, NULL);
    raise(SIGUSR1);
    assert_ptr_equal(seen, w);
}

static void a_signal_handler_knows_the_fiber(void **state)
{
    struct world *w = *state;
    assert_null(loop_of_thread());
    assert_int_equal(loop_guard_stacks(w->l, &w->err), 0);
    assert_ptr_equal(loop_of_thread(), w->l);
    signal(SIGUSR1, on_alarm);
    fiber_start(w->l, is_interrupted, w);
    seen = w;
    raise(SIGUSR1);
    assert_null(seen);
    loop_run(w->l);
    signal(SIGUSR1, SIG_DFL);
    loop_free(w->l);
    assert_null(loop_of_thread());
    w->l = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(recursion_sees_its_stack_shrink),
        world_test(size_is_an_option),
        world_test(stack_and_script_are_used_again),
        world_test(scripts_of_stacks_thrown_away_are_dropped),
        world_test(switch_keeps_registers_and_rounding),
        world_test(longjmp_stays_on_its_stack),
        world_test(ten_thousand_sleep_at_once),
        world_test(long_idle_stacks_give_their_pages_back),
        world_test(overflow_says_so_and_dies),
        world_test(other_faults_go_where_they_went),
        world_test(a_signal_handler_knows_the_fiber),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
