/* SPDX-License-Identifier: MIT */
/* Waiting for file descriptors, and work in threads. */
#include "fiber_world.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

struct io {
    struct world *w;
    int fd;
    int other;
    struct io *peer;
    struct fiber *fiber;
};

static void make_pipe(struct io *reader, struct io *writer, struct world *w)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    *reader = (struct io){.w = w, .fd = fds[0]};
    *writer = (struct io){.w = w, .fd = fds[1]};
}

static void make_pair(struct io *a, struct io *b, struct world *w)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *a = (struct io){.w = w, .fd = fds[0]};
    *b = (struct io){.w = w, .fd = fds[1]};
}

static void close_both(struct io *a, struct io *b)
{
    close(a->fd);
    close(b->fd);
}

static void reads_to_the_end(void *arg)
{
    struct io *io = arg;
    char text[8];
    for (;;) {
        int got = fiber_wait_fd(io->w->l, io->fd, FIBER_READ, CLOCK_NEVER, &io->w->err);
        assert_int_equal(got, FIBER_READ);
        ssize_t n = read(io->fd, text, sizeof text);
        assert_true(n >= 0);
        if (n == 0)
            break;
        mark(io->w, "%.*s", (int)n, text);
    }
    mark(io->w, "end");
}

static void writes_three(void *arg)
{
    struct io *io = arg;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fiber_wait_fd(io->w->l, io->fd, FIBER_WRITE, CLOCK_NEVER, NULL),
                         FIBER_WRITE);
        assert_int_equal(write(io->fd, "abc", 3), 3);
        fiber_sleep(io->w->l, 0.002, NULL);
    }
    close(io->fd);
}

static void pipe_carries_text(void **state)
{
    struct world *w = *state;
    struct io r, p;
    make_pipe(&r, &p, w);
    fiber_start(w->l, reads_to_the_end, &r);
    fiber_start(w->l, writes_three, &p);
    loop_run(w->l);
    assert_trace(w, "abcabcabcend");
    close(r.fd);
}

/* A megabyte through a socket pair, each side reading and writing with a fiber each:
 * on both descriptors one fiber waits to read while another waits to write. */
enum { MEGABYTE = 1024 * 1024 };

static void pumps_out(void *arg)
{
    struct io *io = arg;
    char block[4096] = {0};
    for (size_t sent = 0; sent < MEGABYTE;) {
        ssize_t n = write(io->fd, block, sizeof block);
        if (n > 0)
            sent += (size_t)n;
        else
            assert_int_equal(fiber_wait_fd(io->w->l, io->fd, FIBER_WRITE, CLOCK_NEVER, NULL),
                             FIBER_WRITE);
    }
    mark(io->w, "w");
}

static void pumps_in(void *arg)
{
    struct io *io = arg;
    char block[1000];
    for (size_t got = 0; got < MEGABYTE;) {
        ssize_t n = read(io->fd, block, sizeof block);
        if (n > 0)
            got += (size_t)n;
        else
            assert_int_equal(fiber_wait_fd(io->w->l, io->fd, FIBER_READ, CLOCK_NEVER, NULL),
                             FIBER_READ);
    }
    mark(io->w, "r");
}

static void two_fibers_on_one_descriptor(void **state)
{
    struct world *w = *state;
    struct io a, b;
    make_pair(&a, &b, w);
    fiber_start(w->l, pumps_in, &a);
    fiber_start(w->l, pumps_out, &a);
    fiber_start(w->l, pumps_out, &b);
    fiber_start(w->l, pumps_in, &b);
    loop_run(w->l);
    assert_int_equal(w->trace.n, 4);
    close_both(&a, &b);
}

static void waits_to_read(void *arg)
{
    struct io *io = arg;
    int got = fiber_wait_fd(io->w->l, io->fd, FIBER_READ, CLOCK_NEVER, &io->w->err);
    mark(io->w, "%d", got);
}

static void waits_to_write(void *arg)
{
    struct io *io = arg;
    int got = fiber_wait_fd(io->w->l, io->fd, FIBER_WRITE, CLOCK_NEVER, &io->w->err);
    mark(io->w, "%d", got);
}

static void every_reader_is_told(void **state)
{
    struct world *w = *state;
    struct io r, p;
    make_pipe(&r, &p, w);
    for (int i = 0; i < 3; i++)
        fiber_start(w->l, waits_to_read, &r);
    assert_int_equal(write(p.fd, "x", 1), 1);
    loop_run(w->l);
    assert_trace(w, "111");
    close_both(&r, &p);
}

static void waits_for_both(void *arg)
{
    struct io *io = arg;
    const int both = FIBER_READ | FIBER_WRITE;
    assert_int_equal(fiber_wait_fd(io->w->l, io->fd, both, CLOCK_NEVER, NULL), FIBER_WRITE);
    assert_int_equal(write(io->peer->fd, "x", 1), 1);
    assert_int_equal(fiber_wait_fd(io->w->l, io->fd, both, CLOCK_NEVER, NULL), both);
    mark(io->w, "b");
}

static void says_which_events_are_there(void **state)
{
    struct world *w = *state;
    struct io a, b;
    make_pair(&a, &b, w);
    a.peer = &b;
    fiber_start(w->l, waits_for_both, &a);
    assert_trace(w, "b"); /* they were there: no wait */
    close_both(&a, &b);
}

static void hang_up_is_an_event(void **state)
{
    struct world *w = *state;
    struct io r, p;
    make_pipe(&r, &p, w);
    fiber_start(w->l, waits_to_read, &r);
    close(p.fd); /* EPOLLHUP */
    loop_run(w->l);
    assert_trace(w, "1");
    fiber_start(w->l, waits_to_read, &r); /* already there */
    assert_trace(w, "11");
    close(r.fd);

    buf_reset(&w->trace);
    make_pipe(&r, &p, w);
    while (write(p.fd, "0123456789abcdef", 16) > 0)
        ;
    fiber_start(w->l, waits_to_write, &p);
    close(r.fd); /* EPOLLERR */
    loop_run(w->l);
    assert_trace(w, "2");
    fiber_start(w->l, waits_to_write, &p);
    assert_trace(w, "22");
    close(p.fd);
}

static void waits_in_vain(void *arg)
{
    struct io *io = arg;
    struct err *e = &io->w->err;
    int64_t limit = soon(10);
    assert_fails(fiber_wait_fd(io->w->l, io->fd, FIBER_READ, limit, e), e, ERR_TIMEOUT);
    assert_true(clock_monotonic() >= limit);
    assert_non_null(strstr(e->msg, "timed out: waiting to read from file descriptor"));
    assert_fails(fiber_wait_fd(io->w->l, io->fd, FIBER_READ, 0, e), e, ERR_TIMEOUT);
    assert_fails(fiber_wait_fd(io->w->l, io->fd, FIBER_READ, CLOCK_NEVER, e), e, ERR_CANCELLED);
    mark(io->w, "v");
}

static void cancels_after(void *arg)
{
    struct io *io = arg;
    fiber_sleep(io->w->l, 0.03, NULL);
    fiber_cancel(io->fiber);
}

static void descriptor_wait_has_deadline_and_cancel(void **state)
{
    struct world *w = *state;
    struct io r, p;
    make_pipe(&r, &p, w);
    r.fiber = fiber_start(w->l, waits_in_vain, &r);
    fiber_wake(r.fiber); /* is not noticed */
    fiber_start(w->l, cancels_after, &r);
    loop_run(w->l);
    assert_trace(w, "v");
    /* the descriptor still works for the next */
    fiber_start(w->l, waits_to_read, &r);
    assert_int_equal(write(p.fd, "x", 1), 1);
    loop_run(w->l);
    assert_trace(w, "v1");
    close_both(&r, &p);
}

static void one_of_two_gives_up(void **state)
{
    struct world *w = *state;
    struct io r, p;
    struct fiber *first;
    make_pipe(&r, &p, w);
    first = fiber_start(w->l, waits_to_read, &r);
    fiber_start(w->l, waits_to_read, &r);
    fiber_cancel(first);
    loop_turn(w->l, false);
    assert_trace(w, "-1");
    assert_int_equal(write(p.fd, "x", 1), 1);
    loop_run(w->l);
    assert_trace(w, "-11");
    close_both(&r, &p);
}

static void number_is_used_again(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 20; i++) { /* without telling anybody, as libraries do */
        struct io r, p;
        make_pipe(&r, &p, w);
        fiber_start(w->l, waits_to_read, &r);
        assert_int_equal(write(p.fd, "x", 1), 1);
        loop_run(w->l);
        close_both(&r, &p);
    }
    assert_int_equal(w->trace.n, 20);
}

static void forget_wakes_those_who_wait(void **state)
{
    struct world *w = *state;
    struct io r, p;
    make_pipe(&r, &p, w);
    fiber_forget_fd(w->l, r.fd); /* unknown: nothing happens */
    fiber_forget_fd(w->l, -1);
    fiber_start(w->l, waits_to_read, &r);
    fiber_start(w->l, waits_to_read, &r);
    fiber_forget_fd(w->l, r.fd);
    close_both(&r, &p);
    loop_run(w->l);
    assert_trace(w, "-1-1");
    assert_int_equal(w->err.code, ERR_CLOSED);
}

static void waits_for_nonsense(void *arg)
{
    struct io *io = arg;
    struct err *e = &io->w->err;
    assert_fails(fiber_wait_fd(io->w->l, -1, FIBER_READ, CLOCK_NEVER, e), e, ERR_INVALID);
    assert_fails(fiber_wait_fd(io->w->l, 987654, FIBER_READ, CLOCK_NEVER, e), e, ERR_INVALID);
    assert_string_equal(e->msg, "cannot wait for file descriptor 987654: it is not open");
    /* what epoll does not take is always ready */
    assert_int_equal(fiber_wait_fd(io->w->l, io->fd, FIBER_READ, CLOCK_NEVER, e), FIBER_READ);
    mark(io->w, "n");
}

static void bad_descriptors_are_errors(void **state)
{
    struct world *w = *state;
    struct io file = {.w = w, .fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
    fiber_start(w->l, waits_for_nonsense, &file);
    assert_trace(w, "n");
    close(file.fd);
}

/* ---- work in threads ---- */

struct job {
    struct world *w;
    pthread_t thread;
    atomic_bool begun;
    bool done;
    int ms;
};

static void job_runs(void *arg)
{
    struct job *j = arg;
    struct timespec t = {0, j->ms * 1000000L};
    atomic_store(&j->begun, true);
    nanosleep(&t, NULL);
    j->thread = pthread_self();
    j->done = true;
}

static void has_a_job(void *arg)
{
    struct job *j = arg;
    assert_int_equal(fiber_blocking(j->w->l, job_runs, j, &j->w->err), 0);
    assert_true(j->done);
    assert_false(pthread_equal(j->thread, pthread_self()));
    mark(j->w, "b");
}

static void ticks(void *arg)
{
    struct world *w = arg;
    mark(w, "t");
    fiber_sleep(w->l, 0.001, NULL);
    mark(w, "t");
}

static void blocking_work_blocks_one_fiber(void **state)
{
    struct world *w = *state;
    struct job j = {.w = w, .ms = 50};
    fiber_start(w->l, has_a_job, &j);
    fiber_start(w->l, ticks, w);
    loop_run(w->l);
    assert_trace(w, "ttb");
}

static void has_a_job_that_cannot_stop(void *arg)
{
    struct job *j = arg;
    fiber_deadline(j->w->l, soon(5));
    assert_int_equal(fiber_blocking(j->w->l, job_runs, j, &j->w->err), 0);
    assert_true(j->done);
    assert_fails(fiber_yield(j->w->l, &j->w->err), &j->w->err, ERR_CANCELLED);
    mark(j->w, "B");
}

static void cancel_waits_for_begun_work(void **state)
{
    struct world *w = *state;
    struct job j = {.w = w, .ms = 30};
    struct fiber *f = fiber_start(w->l, has_a_job_that_cannot_stop, &j);
    struct timespec t = {0, 1000000};
    while (!atomic_load(&j.begun))
        nanosleep(&t, NULL);
    fiber_cancel(f);
    loop_run(w->l);
    assert_trace(w, "B");
}

static void has_a_job_in_vain(void *arg)
{
    struct job *j = arg;
    struct err *e = &j->w->err;
    if (fiber_blocking(j->w->l, job_runs, j, e) == 0)
        mark(j->w, "+");
    else
        mark(j->w, e->code == ERR_CANCELLED ? "-" : "?");
    assert_true(!j->done == (e->code == ERR_CANCELLED));
    e->code = ERR_OK;
}

/* More work than the pool has threads: what has not begun can be taken back. */
static void cancel_takes_back_what_has_not_begun(void **state)
{
    struct world *w = *state;
    enum { JOBS = 200 };
    struct job *jobs = calloc(JOBS, sizeof *jobs);
    struct fiber *fibers[JOBS];
    for (int i = 0; i < JOBS; i++) {
        jobs[i].w = w;
        jobs[i].ms = 20;
        fibers[i] = fiber_start(w->l, has_a_job_in_vain, &jobs[i]);
    }
    fiber_cancel(fibers[JOBS - 1]);
    for (int i = 0; i < JOBS - 1; i++)
        fiber_cancel(fibers[i]);
    loop_run(w->l);
    assert_int_equal(w->trace.n, JOBS);
    assert_non_null(strchr(w->trace.data, '-'));
    assert_null(strchr(w->trace.data, '?'));
    free(jobs);
}

static void is_cancelled_or_late_before_its_job(void *arg)
{
    struct job *j = arg;
    struct err *e = &j->w->err;
    int64_t before = fiber_deadline(j->w->l, 0);
    assert_fails(fiber_blocking(j->w->l, job_runs, j, e), e, ERR_TIMEOUT);
    fiber_deadline_restore(j->w->l, before);
    fiber_cancel(fiber_self(j->w->l));
    assert_fails(fiber_blocking(j->w->l, job_runs, j, e), e, ERR_CANCELLED);
    assert_false(j->done);
    mark(j->w, "l");
}

static void no_work_for_the_late(void **state)
{
    struct world *w = *state;
    struct job j = {.w = w};
    fiber_start(w->l, is_cancelled_or_late_before_its_job, &j);
    assert_trace(w, "l");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(pipe_carries_text),
        world_test(two_fibers_on_one_descriptor),
        world_test(every_reader_is_told),
        world_test(says_which_events_are_there),
        world_test(hang_up_is_an_event),
        world_test(descriptor_wait_has_deadline_and_cancel),
        world_test(one_of_two_gives_up),
        world_test(number_is_used_again),
        world_test(forget_wakes_those_who_wait),
        world_test(bad_descriptors_are_errors),
        world_test(blocking_work_blocks_one_fiber),
        world_test(cancel_waits_for_begun_work),
        world_test(cancel_takes_back_what_has_not_begun),
        world_test(no_work_for_the_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
