/* SPDX-License-Identifier: MIT */
/* Fibers: functions with a C stack of their own, so that code may wait anywhere
 * without the thread waiting.
 *
 * One thread runs one loop; the loop runs fibers until each waits or ends.  A
 * wait parks the fiber and goes back to the loop, which resumes it when the file
 * descriptor is ready, the time has come, or somebody woke it.  Nothing else
 * switches: between two waits a fiber is alone in its thread.
 *
 * Every function that may wait says so ("May wait."), fails with ERR_TIMEOUT past its
 * deadline (monotonic ns, CLOCK_NEVER for none) and with ERR_CANCELLED once somebody
 * cancelled the fiber, and may only be called from a fiber.  The deadline of
 * fiber_deadline() is in force inside every wait of the fiber.
 *
 * Owner: the worker (one loop each).  Not thread-safe: work handed to fiber_blocking()
 * must not call anything here. */
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
    size_t stack_size; /* bytes of address space a fiber, guard included; 0: 1 MiB.  Only
                          touched pages cost memory, and long idle stacks give them back */
    size_t keep;       /* stacks kept for reuse, 0: 256 */
    unsigned idle_ms;  /* a kept stack not used for as long gives its pages back, 0: 5000 */
};

struct loop *loop_new(const struct loop_options *o, struct err *err); /* o may be NULL */
/* Every fiber must have ended (and been joined), every handle added to loop_uv() been
 * closed: anything else is a bug and asserts.  NULL is allowed. */
void loop_free(struct loop *l);
/* Until loop_stop(), or until nothing is left to wait for: no fiber is ready or waits
 * for time, a descriptor or a thread, and no handle of others is active.  Fibers that
 * wait for each other only are left as they are: loop_fibers() counts them. */
void loop_run(struct loop *l);
/* One turn: runs what is ready; waits for the first event when nothing was and `wait`. */
void loop_turn(struct loop *l, bool wait);
/* Makes loop_run(), or the next one, return after this turn. */
void loop_stop(struct loop *l);
/* fiber_cancel() for every fiber there is, so that the next loop_run() lets them end:
 * the way to stop for good. */
void loop_cancel(struct loop *l);
/* For those who add handles of their own (server, files, processes). */
struct uv_loop_s *loop_uv(struct loop *l);
/* Fibers that have started and not ended. */
size_t loop_fibers(const struct loop *l);
/* Monotonic ns as of this turn of the loop: no clock read. */
int64_t loop_now(const struct loop *l);

/* For objects that may outlive the loop: loop_free() calls fn(data) first, to close the
 * handles that they have with it, and forgets the entry. In memory of the caller's. */
struct loop_end {
    void (*fn)(void *data);
    void *data;
    struct loop_end *next; /* the loop's */
};
void loop_at_end(struct loop *l, struct loop_end *e);
void loop_not_at_end(struct loop *l, struct loop_end *e);

/* From now on a fiber of this thread that runs over its stack says so in one line on
 * stderr, "perilune: fiber stack overflow in NAME: ...", before the process dies of the
 * signal.  Takes SIGSEGV and SIGBUS and the thread's alternate signal stack until
 * loop_free(); other faults go to the handlers that were there before. */
int loop_guard_stacks(struct loop *l, struct err *err);
/* The guarded loop of the calling thread, or NULL.  With fiber_self() and fiber_slot(),
 * all plain reads, a signal handler in the loop's thread learns what it interrupted. */
struct loop *loop_of_thread(void);

/* ---- fibers ---- */

typedef void fiber_fn(void *arg);

/* Runs fn(arg) in a fiber at once, up to its first wait.  Gives the fiber, or
 * NULL when it has ended already.  May be called from the loop or from a fiber. */
struct fiber *fiber_start(struct loop *l, fiber_fn *fn, void *arg);
/* The same, but first run by the loop, after the fibers that are ready now.  Gives the
 * fiber; valid until it ends, or until fiber_join or fiber_detach when `joinable`. */
struct fiber *fiber_spawn(struct loop *l, fiber_fn *fn, void *arg, bool joinable);

/* The running fiber, or NULL on the loop's own stack. */
struct fiber *fiber_self(const struct loop *l);
struct loop *fiber_loop(const struct fiber *f);
/* What loop_guard_stacks() calls it ("GET /path"); borrowed until the fiber ends. */
void fiber_set_name(struct fiber *f, const char *name);

/* Pointers for the layers above: [0] the script's thread, [1] the request, [2] what it has
 * of databases.
 * They are NULL in a new fiber, but for [0], which stays with the pooled stack
 * from one fiber to the next. `drop` runs when a stack with a [0] is thrown away. */
enum { FIBER_SCRIPT, FIBER_REQUEST, FIBER_DB, FIBER_SLOTS };
void **fiber_slot(struct fiber *f, int which);
void loop_on_drop(struct loop *l, void (*drop)(void *data, void *script), void *data);

/* From now on fn(data, false) runs in the fiber before each of its waits, and fn(data, true)
 * once its function has returned: what must not be held while others run is let go there.
 * One for each fiber; only at the end may it wait itself. */
void fiber_on_leave(struct fiber *f, void (*fn)(void *data, bool ended), void *data);

/* Bytes left of the stack in use, the loop's own included: deep recursion checks this
 * before it goes deeper. */
size_t fiber_stack_left(const struct loop *l);

/* ---- waiting ----
 *
 * Cancellation is looked at first, even when there is nothing to wait for; a deadline
 * only when there is.  A deadline in the past therefore means "without waiting". */

enum { FIBER_READ = 1, FIBER_WRITE = 2 };
/* Which of the events are there (bits), or -1.  Any number of fibers may wait for one
 * descriptor.  Errors and hang-ups count as every event asked for: the read or write
 * tells.  The descriptor becomes non-blocking.  May wait. */
int fiber_wait_fd(struct loop *l, int fd, int events, int64_t deadline, struct err *err);
/* Call it before closing a descriptor that fibers may be waiting for: they fail with
 * ERR_CLOSED.  Nothing needs to be done for one that nobody waits for. */
void fiber_forget_fd(struct loop *l, int fd);
/* 0, or -1 with ERR_CANCELLED, or with ERR_TIMEOUT when fiber_deadline() comes first.
 * 0 and less yields.  Never early, up to 1 ms late.  May wait. */
int fiber_sleep(struct loop *l, double seconds, struct err *err);
/* Lets every other fiber that is ready run first.  May wait. */
int fiber_yield(struct loop *l, struct err *err);
/* Parks until fiber_wake().  A wake that came first is not lost: one is remembered, and
 * the park returns at once; so ask again, in a loop, for what you wait for.  May wait. */
int fiber_park(struct loop *l, int64_t deadline, struct err *err);
/* Ends the fiber's fiber_park, the current one or the next (from any fiber or from the
 * loop).  Other kinds of wait do not notice. */
void fiber_wake(struct fiber *f);
/* Waits for a joinable fiber and frees it; -1 leaves it joinable.  One fiber at a time
 * may join another.  May wait. */
int fiber_join(struct fiber *f, int64_t deadline, struct err *err);
/* Nobody will join it: it frees itself when it ends, or now. */
void fiber_detach(struct fiber *f);
/* The fiber's current wait, or its next one, fails with ERR_CANCELLED; sticky
 * until fiber_uncancel(). */
void fiber_cancel(struct fiber *f);
void fiber_uncancel(struct fiber *f);
bool fiber_cancelled(const struct fiber *f);
/* Narrows the deadline of all waits of the running fiber; gives the one before. */
int64_t fiber_deadline(struct loop *l, int64_t deadline);
/* Puts it back. */
void fiber_deadline_restore(struct loop *l, int64_t before);

/* Runs fn(arg) in a thread of the pool (hashing, file system) and waits for it.
 * Once started it cannot be stopped: the call returns 0 when fn has returned, and -1
 * only when fn was never called.  May wait. */
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
/* In order of arrival: unlocking gives it to the first in the line.  Not recursive.
 * May wait. */
int fiber_mutex_lock(struct loop *l, struct fiber_mutex *m, int64_t deadline, struct err *err);
bool fiber_mutex_trylock(struct loop *l, struct fiber_mutex *m);
void fiber_mutex_unlock(struct loop *l, struct fiber_mutex *m);

/* A condition: wait parks, signal wakes the first, broadcast all.  It needs no mutex:
 * between two waits a fiber is alone.  May wait. */
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
/* First in, first out; waiting putters and getters are served in order.  May wait. */
int fiber_queue_put(struct fiber_queue *q, void *item, int64_t deadline, struct err *err);
int fiber_queue_get(struct fiber_queue *q, void **item, int64_t deadline, struct err *err);
size_t fiber_queue_length(const struct fiber_queue *q);
/* Puts fail with ERR_CLOSED, those that wait included; gets too, once it is empty. */
void fiber_queue_close(struct fiber_queue *q);

#endif
