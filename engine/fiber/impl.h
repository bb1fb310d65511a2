/* SPDX-License-Identifier: MIT */
/* What the files of fiber/ share.  Nobody else includes it.
 *
 * Life of a fiber (state):
 *
 *     IDLE ──take──▶ RUNNING ──suspend──▶ PARKED ──fiber_ready──▶ READY ──┐
 *      ▲    (spawn: READY)  ◀──────────────────────────── run_ready ◀────┘
 *      └──── recycle ──── ENDED ◀──fn returned── RUNNING
 *
 * RUNNING is also a fiber that started another one and waits for that one's first
 * wait: `back` chains them, down to the loop's own stack (NULL).  A fiber stands in
 * at most one fiber_list, `list`: the ready queue while READY, that of what it
 * waits for while PARKED. */
#ifndef FIBER_IMPL_H
#define FIBER_IMPL_H

#include "base/sanitizer.h"
#include "base/vec.h"
#include "fiber/context.h"
#include "fiber/fiber.h"

#include <assert.h>
#include <uv.h>

enum fiber_state { FIBER_IDLE, FIBER_READY, FIBER_RUNNING, FIBER_PARKED, FIBER_ENDED };

enum fiber_wait {
    WAIT_PARK,  /* in fiber_park: fiber_wake resumes it */
    WAIT_EVENT, /* for something that calls fiber_ready */
    WAIT_WORK,  /* in the thread pool: can be interrupted only while it has not begun */
};

struct fiber { /* lies at the top of its own stack */
    struct context context;
    struct loop *loop;
    struct fiber *back; /* who goes on when this one stops; NULL: the loop's stack */
    fiber_fn *fn;
    void *arg;
    struct fiber *prev, *next; /* in list */
    struct fiber_list *list;
    int64_t deadline;          /* of every wait, fiber_deadline() */
    void *waiting;             /* what the kind of wait needs, on the stack of the fiber */
    struct fiber_list joining; /* one at most waits for the end of this one */
    const char *name;
    uint32_t timer;  /* place in the heap of deadlines + 1, 0: not there */
    uint8_t state;   /* enum fiber_state */
    uint8_t wait;    /* enum fiber_wait, while PARKED */
    uint8_t outcome; /* enum err_code of the last wait */
    bool woken;      /* a wake came while it was not in fiber_park */
    bool cancelled, joinable;
    void *slots[FIBER_SLOTS];
    void (*on_leave)(void *data, bool ended); /* NULL: nobody asked */
    void *on_leave_data;
    size_t place; /* in stack_pool.all */
    char *low;    /* lowest byte of the stack, just above the guard */
#ifdef SANITIZER_ADDRESS
    void *fake_stack;
#endif
#ifdef SANITIZER_THREAD
    void *tsan;
#endif
    unsigned valgrind_id;
};

/* Stacks.  Those in `idle` wait for their next fiber, last in first out. */
struct stack_pool {
    VEC(struct fiber *) all; /* every mapped one; a fiber knows its place */
    VEC(struct fiber *) idle;
    unsigned idle_ms;
    size_t size, keep; /* bytes of one mapping, guard included */
    size_t untouched;  /* the first so many of idle were not used since the last trim */
    size_t trimmed;    /* the first so many of idle have given their pages back */
    bool timer_runs;
};

struct deadline {
    int64_t when;
    uint64_t number; /* equal times in order of arrival */
    struct fiber *fiber;
};

struct guard;  /* guard.c: signal handlers before ours, and the stack of ours */
struct poller; /* poll.c: a file descriptor that somebody waits for, or did */

struct loop {
    struct context context; /* of the loop's own stack */
    struct fiber *current;
    struct fiber_list ready;
    size_t ready_count;
    size_t fibers, unjoined;
    int64_t now;
    bool stopping;
    bool one_turn; /* in loop_turn: a turn that ran a fiber does not wait */

    struct stack_pool pool;
    VEC(struct deadline) deadlines; /* binary heap, earliest first */
    uint64_t deadline_number;
    uint64_t armed;               /* ms that the timer is set for */
    VEC(struct poller *) pollers; /* by file descriptor, NULL where nobody waited yet */

    void (*drop)(void *data, void *script);
    void *drop_data;
    struct loop_end *ends;

    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;   /* active while fibers are ready: the loop does not block */
    uv_timer_t timer; /* for the earliest of deadlines */
    uv_timer_t trim;

    char *stack_low;     /* of the loop's own stack */
    struct guard *guard; /* NULL without loop_guard_stacks() */
#ifdef SANITIZER_ADDRESS
    void *fake_stack;
    const void *asan_low;
    size_t asan_size;
#endif
#ifdef SANITIZER_THREAD
    void *tsan;
#endif
};

enum { STACK_GUARD = 64 * 1024 }; /* wider than any frame: nothing steps over it */

/* ---- stack.c ---- */

void stack_pool_init(struct stack_pool *p, const struct loop_options *o); /* o may be NULL */
/* Throws every idle stack away. */
void stack_pool_release(struct loop *l);
/* An idle fiber on its stack; ends the process when there is no memory for one. */
struct fiber *stack_take(struct loop *l);
/* The fiber has ended, and somebody else's stack is in use. */
void stack_give(struct loop *l, struct fiber *f);
/* uv_timer: gives back the pages of stacks that have been idle for a while. */
void stack_trim(uv_timer_t *timer);

/* ---- switch.c ---- */

/* Prepares a new stack so that running the fiber calls its fn. */
void switch_init(struct fiber *f, char *low, char *top);
void switch_release(struct fiber *f);
/* Runs f until it waits or ends; false when it ended. */
bool switch_into(struct loop *l, struct fiber *f);
/* Back to whoever switched into the running fiber. */
void switch_back(struct fiber *f);

/* ---- fiber.c ---- */

/* Parks the running fiber, which may stand in a list already, until fiber_ready.
 * Gives ERR_OK or the reason why it went on without what it waited for; then the
 * fiber is out of the list.  Does not park when that is known beforehand. */
enum err_code fiber_suspend(struct loop *l, enum fiber_wait wait, int64_t deadline);
/* Ends the wait of a parked fiber: out of its list, into the ready queue. */
void fiber_ready(struct fiber *f, enum err_code outcome);
/* Ends it early with ERR_TIMEOUT or ERR_CANCELLED, as far as the wait allows. */
void fiber_interrupt(struct fiber *f, enum err_code why);
/* Runs what is ready now, but not for ever; false when nothing was. */
bool fiber_run_ready(struct loop *l);
/* "timed out: <what it did>"; gives -1.  0 for ERR_OK. */
int fiber_result(enum err_code code, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void fiber_list_push(struct fiber_list *list, struct fiber *f);
void fiber_list_remove(struct fiber *f);

/* ---- deadline.c ---- */

void deadline_add(struct loop *l, struct fiber *f, int64_t when);
void deadline_remove(struct loop *l, struct fiber *f);
/* Sets the uv timer for the earliest. */
void deadline_arm(struct loop *l);

/* ---- poll.c, blocking.c, guard.c ---- */

void poll_release(struct loop *l);
void guard_release(struct loop *l);
void work_interrupt(struct fiber *f, enum err_code why);

#endif
