/* SPDX-License-Identifier: MIT */
/* Master and workers as real processes on loopback: server_helper.h has the tiny
 * server.  Every case runs in a process of its own, several at a time. */
#include "server_helper.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sanitizer.h"

#define START_SERVER(...)                                                                          \
    struct server server, *s = &server;                                                            \
    server_init(s);                                                                                \
    __VA_ARGS__;                                                                                   \
    server_start(s, true)

/* Another process than `old` answers as worker `id`. */
static bool replaced(const struct server *s, int id, int old)
{
    struct who w = server_who(s);
    return w.pid && w.id == id && w.pid != old;
}

static int pid_of(const struct server *s, int id)
{
    struct who w = {0};
    AWAIT((w = server_who(s)).pid && w.id == id);
    return w.pid;
}

static int count_in_log(const struct server *s, const char *text)
{
    int n = 0;
    for (const char *p = server_log(s); (p = strstr(p, text)) != NULL; p++)
        n++;
    return n;
}

/* ---- start and stop ---- */

static void test_start_and_drain(void **state)
{
    int slow;
    (void)state;
    START_SERVER(s->o.pid_file = s->pid_file);
    char ready[160], pid[16];
    FILE *f;

    snprintf(ready, sizeof ready,
             "perilune " PERILUNE_VERSION " listening on http://127.0.0.1:%d (2 workers, pid %d)",
             s->port, (int)s->pid);
    assert_true(server_logged(s, ready));
    f = fopen(s->pid_file, "re");
    assert_non_null(f);
    assert_non_null(fgets(pid, sizeof pid, f));
    fclose(f);
    assert_int_equal(atoi(pid), s->pid);
    assert_int_not_equal(pid_of(s, 0), pid_of(s, 1));

    slow = server_begin(s, "slow 400\n");
    kill(s->pid, SIGTERM);
    AWAIT(server_send(s, "who\n") < 0); /* refuses new ones while it drains */
    assert_string_equal(server_answer(slow), "slow");
    assert_int_equal(server_wait(s, 15), 0);
    assert_int_not_equal(access(s->pid_file, F_OK), 0);
    server_release(s);
}

static void test_grace_ends(void **state)
{
    int64_t start;
    int slow;
    (void)state;
    START_SERVER(s->o.graceful_timeout = 0.3);

    slow = server_begin(s, "slow 60000\n");
    start = clock_monotonic();
    kill(s->pid, SIGQUIT);
    assert_int_equal(server_wait(s, 15), 0);
    assert_true(seconds_since(start) >= 0.3 && seconds_since(start) < 0.3 + 1 + 2);
    assert_true(server_logged(s, "did not finish within 0.3 s"));
    assert_string_equal(server_answer(slow), "s");
    server_release(s);
}

static void test_second_signal_stops_at_once(void **state)
{
    int64_t start = clock_monotonic();
    int slow;
    (void)state;
    START_SERVER(s->o.graceful_timeout = 60);

    slow = server_begin(s, "slow 60000\n");
    kill(s->pid, SIGTERM);
    AWAIT(server_logged(s, "stopping: workers finish"));
    kill(s->pid, SIGINT);
    assert_int_equal(server_wait(s, 15), 0);
    assert_true(seconds_since(start) < 12);
    server_answer(slow);
    server_release(s);
}

/* ---- first start that fails ---- */

static void test_app_does_not_load(void **state)
{
    struct server server, *s = &server;
    (void)state;

    server_init(s);
    s->o.pid_file = s->pid_file;
    server_code(s, "!views.lua:3: unexpected symbol");
    server_start(s, false);
    assert_int_equal(server_wait(s, 15), 1);
    assert_true(server_logged(s, "CRITICAL test: fatal: views.lua:3: unexpected symbol"));
    assert_int_equal(count_in_log(s, "views.lua:3"), 1);
    assert_false(server_logged(s, "listening"));
    assert_int_not_equal(access(s->pid_file, F_OK), 0);

    server_code(s, "crash");
    server_start(s, false);
    assert_int_equal(server_wait(s, 15), 1);
    assert_true(server_logged(s, "signal 9 (Killed)"));
    assert_true(server_logged(s, "before it was ready"));

    server_code(s, "sleep");
    s->o.ready_timeout = 0.2;
    server_start(s, false);
    assert_int_equal(server_wait(s, 15), 1);
    assert_true(server_logged(s, "fatal: not ready within 0.2 s (ready_timeout)"));
    server_release(s);
}

static void test_some_load(void **state)
{
    (void)state;
    START_SERVER(server_code(s, "first"); s->o.workers = 3);

    assert_true(server_logged(s, "2 of 3 workers did not start: only the first loads"));
    assert_true(server_logged(s, "(1 worker, pid"));
    server_code(s, "v2");
    AWAIT(strcmp(server_who(s).code, "v2") == 0);
    server_stop(s);
    server_release(s);
}

/* ---- deaths ---- */

static void test_respawn(void **state)
{
    int64_t start;
    int victim, other;
    (void)state;
    START_SERVER();

    victim = pid_of(s, 0);
    other = pid_of(s, 1);
    start = clock_monotonic();
    kill(victim, SIGSEGV);
    AWAIT(replaced(s, 0, victim));
    print_message("respawn after a signal: %.0f ms\n", seconds_since(start) * 1000);
    assert_true(seconds_since(start) < 1);
    assert_true(server_logged(s, "signal 11 (Segmentation fault)"));
    assert_true(server_logged(s, "its last request was 'GET /who'"));

    assert_string_equal(server_ask(s, "crash\n"), "");
    AWAIT(server_logged(s, "while busy with 'GET /crash'; starting another"));
    assert_string_equal(server_ask(s, "fail\n"), "ok");
    AWAIT(server_logged(s, "failed: out of cheese while busy with 'GET /fail'"));
    AWAIT(pid_of(s, 0) && pid_of(s, 1));
    (void)other;
    server_stop(s);
    server_release(s);
}

static void test_neighbours_live(void **state)
{
    int other, slow;
    (void)state;
    START_SERVER(s->o.workers = 1);

    other = pid_of(s, 0);
    slow = server_begin(s, "slow 300\n");
    server_code(s, "!broken");
    kill(s->pid, SIGHUP);
    AWAIT(server_logged(s, "reload failed"));
    assert_string_equal(server_answer(slow), "slow");
    assert_int_equal(pid_of(s, 0), other);
    server_stop(s);
    server_release(s);
}

static void test_crash_loop_backs_off(void **state)
{
    int64_t start;
    int loads;
    double gap;
    (void)state;
    START_SERVER(s->o.workers = 1; s->o.respawn_delay = 0.05; s->o.respawn_delay_max = 0.2);

    server_code(s, "!broken");
    kill(pid_of(s, 0), SIGKILL);
    AWAIT(server_logged(s, "not by the master: did the kernel run out of memory?"));
    AWAIT(s->probe->loads >= 6); /* the first; then after 0, 50, 100, 200, 200 ms */
    for (int i = 2; i < 6; i++) {
        static const double least[] = {0, 0, 0.05, 0.1, 0.2, 0.2};
        gap = (double)(s->probe->load_at[i] - s->probe->load_at[i - 1]) / (double)CLOCK_SECOND;
        assert_true(gap >= least[i]);
    }
    assert_true(server_logged(s, "failed: broken; starting another in 0.1 s"));
    start = clock_monotonic();
    loads = s->probe->loads;
    sleep_ms(500);
    assert_true(s->probe->loads - loads <= seconds_since(start) / 0.2 + 1);
    server_code(s, "v2");
    AWAIT(server_who(s).pid);
    server_stop(s);
    server_release(s);
}

/* Ten deaths in the window keep the seat slow, however short the first delay is. */
static void test_burst_stays_slow(void **state)
{
    int loads;
    (void)state;
    START_SERVER(s->o.workers = 1; s->o.respawn_delay = 0.000001; s->o.respawn_delay_max = 5);

    server_code(s, "!broken");
    kill(pid_of(s, 0), SIGKILL);
    AWAIT(server_logged(s, "starting another in 5.0 s"));
    loads = s->probe->loads;
    assert_int_equal(loads, 10); /* the first, and nine replacements: ten deaths */
    sleep_ms(300);
    assert_int_equal(s->probe->loads, loads);
    server_stop(s);
    server_release(s);
}

static void test_master_killed(void **state)
{
    pid_t workers[8];
    int64_t start;
    int slow;
    size_t n;
    (void)state;
    START_SERVER(s->o.workers = 3);

#ifndef SANITIZER_THREAD       /* which runs no signal handler in a loop without calls */
    server_begin(s, "hang\n"); /* one that cannot notice */
#endif
    slow = server_begin(s, "slow 300\n");
    n = children_of(s->pid, workers, 8);
    assert_int_equal(n, 3);
    start = clock_monotonic();
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
    assert_string_equal(server_answer(slow), "slow"); /* there is time to finish */
    for (size_t i = 0; i < n; i++)
        AWAIT(process_gone(workers[i]));
    print_message("orphans gone after %.0f ms\n", seconds_since(start) * 1000);
    assert_true(seconds_since(start) < 2 + 1);
    assert_int_equal(server_send(s, "who\n"), -1);
    server_release(s);
}

/* ---- reload ---- */

static void test_reload(void **state)
{
    int old0, old1, slow;
    (void)state;
    START_SERVER();

    old0 = pid_of(s, 0);
    old1 = pid_of(s, 1);
    slow = server_begin(s, "slow 800\n");
    server_code(s, "v2");
    kill(s->pid, SIGHUP);
    for (int i = 0; i < 1000 && !server_logged(s, "generation 2 serves"); i++)
        assert_true(server_who(s).pid); /* no connection is lost on the way */
    AWAIT(server_logged(s, "generation 2 serves"));
    AWAIT(process_gone(old0) || process_gone(old1));
    for (int i = 0; i < 20; i++) {
        struct who w = server_who(s);
        assert_string_equal(w.code, "v2");
        assert_int_equal(w.generation, 2);
    }
    assert_string_equal(server_answer(slow), "slow"); /* an old one finishes */
    AWAIT(process_gone(old0) && process_gone(old1));

    server_code(s, "v3");
    assert_string_equal(server_ask(s, "reload\n"), "ok"); /* a worker asks */
    AWAIT(strcmp(server_who(s).code, "v3") == 0);
    server_stop(s);
    server_release(s);
}

static void test_bad_reload_keeps_old(void **state)
{
    int old0, old1;
    (void)state;
    START_SERVER();

    old0 = pid_of(s, 0);
    old1 = pid_of(s, 1);
    server_code(s, "!boom at shop/views.lua:7");
    kill(s->pid, SIGHUP);
    AWAIT(server_logged(s, "reload failed: boom at shop/views.lua:7; the old code serves on"));
    AWAIT(s->probe->reload_failures == 2);

    server_code(s, "sleep");
    s->o.ready_timeout = 20;
    kill(s->pid, SIGHUP);
    AWAIT(count_in_log(s, "reloading:") == 2);
    kill(s->pid, SIGTERM); /* a reload on its way does not delay the end */
    assert_int_equal(server_wait(s, 15), 0);
    assert_true(process_gone(old0) && process_gone(old1));

    server_code(s, "v1");
    s->o.ready_timeout = 0.3;
    unlink(s->log);
    server_start(s, true);
    old0 = pid_of(s, 0);
    server_code(s, "sleep");
    kill(s->pid, SIGHUP);
    AWAIT(server_logged(s, "reload failed: not ready within 0.3 s (ready_timeout)"));
    assert_int_equal(pid_of(s, 0), old0);

    server_code(s, "v2"); /* and a good one still works */
    kill(s->pid, SIGHUP);
    AWAIT(strcmp(server_who(s).code, "v2") == 0);
    server_stop(s);
    server_release(s);
}

static void test_reloads_coalesce(void **state)
{
    (void)state;
    START_SERVER();

    server_code(s, "+200");
    for (int i = 0; i < 20; i++) {
        kill(s->pid, SIGHUP);
        sleep_ms(5);
    }
    AWAIT(count_in_log(s, "serves, old workers finish") >= 2);
    sleep_ms(100);
    /* One began at once, and what came while it ran is one more. */
    assert_in_range(count_in_log(s, "reloading:"), 2, 3);
    assert_in_range(s->probe->loads, 6, 8);
    server_stop(s);
    server_release(s);
}

/* ---- watchdog ---- */

static void test_hanging_worker(void **state)
{
    int64_t start;
    int fd;
    (void)state;
    START_SERVER(s->o.hang_timeout = 0.4; s->o.workers = 1);

    sleep_ms(600); /* idle for longer than the limit */
    assert_int_equal(s->probe->loads, 1);
    start = clock_monotonic();
    fd = server_begin(s, "hang\n");
    assert_string_equal(server_answer(fd), "h");
    print_message("hanging worker (limit 400 ms) gone after %.0f ms\n",
                  seconds_since(start) * 1000);
    assert_true(seconds_since(start) >= 0.35 && seconds_since(start) < 0.4 + 3);
    AWAIT(server_logged(s, "hangs: busy with 'GET /hang' for "));
    AWAIT(server_logged(s, "signal 6 (Aborted) while busy with 'GET /hang'"));

    fd = server_begin(s, "hang!\n"); /* deaf to SIGABRT */
    assert_string_equal(server_answer(fd), "h");
    AWAIT(server_logged(s, "while busy with 'GET /hang!'"));
    AWAIT(server_who(s).pid);
    server_stop(s);
    server_release(s);
}

static void test_stopped_worker(void **state)
{
    int victim;
    (void)state;
    START_SERVER(s->o.hang_timeout = 0.4);

    victim = pid_of(s, 1);
    kill(victim, SIGSTOP);
    AWAIT(server_logged(s, "has been stopped by a signal"));
    AWAIT(replaced(s, 1, victim));

    victim = pid_of(s, 0);
    kill(victim, SIGSTOP);
    sleep_ms(100);
    kill(victim, SIGCONT); /* in time */
    sleep_ms(500);
    assert_int_equal(pid_of(s, 0), victim);
    server_stop(s);
    server_release(s);
}

/* ---- recycling ---- */

static void test_recycle(void **state)
{
    int old;
    (void)state;
    START_SERVER(s->o.workers = 1);

    for (int round = 0; round < 3; round++) {
        old = server_who(s).pid;
        assert_string_equal(server_ask(s, "recycle\n"), "ok");
        for (int i = 0; i < 2000 && !process_gone(old); i++)
            assert_true(server_who(s).pid);
        AWAIT(process_gone(old));
    }
    old = server_who(s).pid;
    kill(old, SIGTERM); /* a worker told to go asks the same */
    for (int i = 0; i < 2000 && !process_gone(old); i++)
        assert_true(server_who(s).pid);
    AWAIT(process_gone(old));

    old = server_who(s).pid;
    assert_string_equal(server_ask(s, "quit\n"), "ok"); /* without notice */
    AWAIT(replaced(s, 0, old));
    assert_true(server_logged(s, "ended to be recycled; starting another"));
    assert_false(server_logged(s, "ERROR"));

    old = server_who(s).pid; /* code that does not load keeps the one that asked */
    server_code(s, "!broken");
    server_ask(s, "recycle\n");
    AWAIT(count_in_log(s, "failed: broken") >= 2);
    assert_int_equal(server_who(s).pid, old);
    server_code(s, "v2");
    AWAIT(strcmp(server_who(s).code, "v2") == 0);
    server_stop(s);
    server_release(s);
}

/* ---- what workers have ---- */

static void test_shared_memory_and_files(void **state)
{
    char first[32], ends[16];
    (void)state;
    START_SERVER();

    assert_int_equal(s->probe->shares, 1);
    for (int i = 1; i <= 30; i++)
        assert_int_equal(atoi(server_ask(s, "count\n")), 100 + i);
    kill(s->pid, SIGHUP);
    AWAIT(server_logged(s, "generation 2 serves"));
    AWAIT(server_who(s).generation == 2);
    assert_int_equal(atoi(server_ask(s, "count\n")), 131);

    /* Every worker has the same descriptors, whatever went before, and none passes exec. */
    snprintf(first, sizeof first, "%s", server_ask(s, "fds\n"));
    snprintf(ends, sizeof ends, " %d", inherited_fds());
    assert_string_equal(first + strcspn(first, " "), ends);
    for (int i = 0; i < 10; i++)
        assert_string_equal(server_ask(s, "fds\n"), first);
    server_stop(s);
    server_release(s);
}

static void test_reopen(void **state)
{
    (void)state;
    START_SERVER();

    kill(s->pid, SIGUSR1);
    AWAIT(s->probe->master_reopens == 1 && s->probe->worker_reopens == 2);
    assert_true(server_who(s).pid);
    server_stop(s);
    server_release(s);
}

static void test_user(void **state)
{
    struct who w;
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can change the user of workers\n");
        skip();
    }
    START_SERVER(s->o.user = "65534"; s->o.group = "65534"; s->o.workers = 1; chmod(s->dir, 0755));

    w = server_who(s);
    assert_int_equal(w.uid, 65534);
    kill(s->pid, SIGKILL); /* the change of user does not lose the bond to the master */
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
    AWAIT(process_gone(w.pid));
    server_release(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_drain),
        cmocka_unit_test(test_grace_ends),
        cmocka_unit_test(test_second_signal_stops_at_once),
        cmocka_unit_test(test_app_does_not_load),
        cmocka_unit_test(test_some_load),
        cmocka_unit_test(test_respawn),
        cmocka_unit_test(test_neighbours_live),
        cmocka_unit_test(test_crash_loop_backs_off),
        cmocka_unit_test(test_burst_stays_slow),
        cmocka_unit_test(test_master_killed),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_bad_reload_keeps_old),
        cmocka_unit_test(test_reloads_coalesce),
        cmocka_unit_test(test_hanging_worker),
        cmocka_unit_test(test_stopped_worker),
        cmocka_unit_test(test_recycle),
        cmocka_unit_test(test_shared_memory_and_files),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_user),
    };
    return run_parallel(tests, sizeof tests / sizeof *tests, 4);
}
