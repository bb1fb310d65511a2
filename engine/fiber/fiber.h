/* SPDX-License-Identifier: MIT */
/* Fibers: functions with a C stack of their own, so that code may wait anywhere
 * without the thread waiting.
 *
 * One thread runs one loop; the loop runs fibers until each waits or ends.  A
 * wait parks the fiber and goes back to the loop, which resumes it when the file
 * descriptor is ready, the time has come, or somebody woke it.  Nothing else
 * switches: between two waits a fiber is alone in its thread.
 *
 * Every function that may wait says so, fails with ERR_TIMEOUT past its deadline
 * (monotonic ns, CLOCK_NEVER for none) and with ERR_CANCELLED once somebody
 * cancelled the fiber, and may only be called from a fiber.  Deadlines of
 * fiber_deadline() are in force inside every wait of the fiber.
 *
 * Owner: the worker (one loop each).  Not thread-safe, but for fiber_blocking(). */
#ifndef FIBER_FIBER_H
#define FIBER_FIBER_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct fiber;
struct uv_loop_s;

/* ---- loop ---- */

struct loop_options {
    size_t
        stack_size; /* bytes of address space a fiber, 0: 1 MiB; only touched pages cost memory */
    size_t keep;    /* stacks kept for reuse, 0: 256 */
};

struct loop *loop_new(const struct loop_options *o, struct err *err); /* o may be NULL */
/* Every fiber must have ended. */
void loop_free(struct loop *l);
/* Until loop_stop(), or until nothing is left to wait for. */
void loop_run(struct loop *l);
/* One turn: runs what is ready; waits for the first event when `wait`. */
void loop_turn(struct loop *l, bool wait);
void loop_stop(struct loop *l);
/* For those who add handles of their own (server, files, processes). */
struct uv_loop_s *loop_uv(struct loop *l);
/* Fibers that have started and not ended. */
size_t loop_fibers(const struct loop *l);
/* Monotonic ns as of this turn of the loop: no clock read. */
int64_t loop_now(const struct loop *l);

/* ---- fibers ---- */

typedef void fiber_fn(void *arg);

/* Runs fn(arg) in a fiber at once, up to its first wait.  Gives the fiber, or
 * NULL when it has ended already.  May be called from the loop or from a fiber. */
struct fiber *fiber_start(struct loop *l, fiber_fn *fn, void *arg);
/* The same, first run on the loop's next turn. Gives the fiber; valid until it ends,
 * or until fiber_join when `joinable`. */
struct fiber *fiber_spawn(struct loop *l, fiber_fn *fn, void *arg, bool joinable);

/* The running fiber, or NULL on the loop's own stack. */
struct fiber *fiber_self(const struct loop *l);
struct loop *fiber_loop(const struct fiber *f);

/* Two pointers for the layers above: [0] the script's thread, [1] the request.
 * They are NULL in a new fiber, but for [0], which stays with the pooled stack
 * from one fiber to the next. `drop` runs when a stack with a [0] is thrown away. */
enum { FIBER_SCRIPT, FIBER_REQUEST, FIBER_SLOTS };
void **fiber_slot(struct fiber *f, int which);
void loop_on_drop(struct loop *l, void (*drop)(void *data, void *script), void *data);

/* Bytes of stack left: deep recursion checks this before it goes deeper. */
size_t fiber_stack_left(const struct loop *l);

/* ---- waiting (all may wait) ---- */

enum { FIBER_READ = 1, FIBER_WRITE = 2 };
/* Which of the events are there (bits), or -1. */
int fiber_wait_fd(struct loop *l, int fd, int events, int64_t deadline, struct err *err);
/* 0, or -1 with ERR_CANCELLED. */
int fiber_sleep(struct loop *l, double seconds, struct err *err);
/* Lets every other fiber that is ready run first. */
int fiber_yield(struct loop *l, struct err *err);
/* Parks until fiber_wake(); a wake that came first is not lost. */
int fiber_park(struct loop *l, int64_t deadline, struct err *err);
/* Makes the fiber ready (from any fiber or from the loop). */
void fiber_wake(struct fiber *f);
/* Waits for a joinable fiber and frees it; -1 leaves it joinable. */
int fiber_join(struct fiber *f, int64_t deadline, struct err *err);
/* The fiber's current wait, or its next one, fails with ERR_CANCELLED; sticky
 * until fiber_uncancel(). */
void fiber_cancel(struct fiber *f);
void fiber_uncancel(struct fiber *f);
bool fiber_cancelled(const struct fiber *f);
/* Narrows the deadline of all waits of this fiber; gives the one before, to be
 * put back. */
int64_t fiber_deadline(struct loop *l, int64_t deadline);

/* Runs fn(arg) in a thread of the pool (hashing, file system) and waits for it.
 * Once started it cannot be stopped: the call returns when fn has returned. */
int fiber_blocking(struct loop *l, void (*fn)(void *arg), void *arg, struct err *err);

/* ---- between fibers ---- */

struct fiber_list { /* FIFO of parked fibers */
    struct fiber *first, *last;
};

struct fiber_mutex {
    struct fiber *holder;
    struct fiber_list waiting;
};
#define FIBER_MUTEX_INIT                                                                           \
    {                                                                                              \
        NULL,                                                                                      \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }
/* In order of arrival. Not recursive. */
int fiber_mutex_lock(struct loop *l, struct fiber_mutex *m, int64_t deadline, struct err *err);
bool fiber_mutex_trylock(struct loop *l, struct fiber_mutex *m);
void fiber_mutex_unlock(struct loop *l, struct fiber_mutex *m);

/* A condition: wait parks, signal wakes the first, broadcast all. */
struct fiber_cond {
    struct fiber_list waiting;
};
int fiber_cond_wait(struct loop *l, struct fiber_cond *c, int64_t deadline, struct err *err);
void fiber_cond_signal(struct fiber_cond *c);
void fiber_cond_broadcast(struct fiber_cond *c);

/* A queue of pointers with room for `cap` (0: unbounded). */
struct fiber_queue;
struct fiber_queue *fiber_queue_new(struct loop *l, size_t cap);
void fiber_queue_free(struct fiber_queue *q); /* nobody waits, items are forgotten */
int fiber_queue_put(struct fiber_queue *q, void *item, int64_t deadline, struct err *err);
int fiber_queue_get(struct fiber_queue *q, void **item, int64_t deadline, struct err *err);
/* Puts fail with ERR_CLOSED; gets too, once it is empty. */
void fiber_queue_close(struct fiber_queue *q);

#endif
