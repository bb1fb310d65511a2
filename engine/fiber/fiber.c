/* SPDX-License-Identifier: MIT */
/* Starting, ending, parking and waking fibers. */
#include "fiber/impl.h"

enum { RUN_AT_LEAST = 128 }; /* resumptions before the loop looks at its events again */

/* ---- lists ---- */

void fiber_list_push(struct fiber_list *list, struct fiber *f)
{
    f->list = list;
    f->next = NULL;
    f->prev = list->last;
    if (list->last)
        list->last->next = f;
    else
        list->first = f;
    list->last = f;
}

void fiber_list_remove(struct fiber *f)
{
    struct fiber_list *list = f->list;

    if (f->prev)
        f->prev->next = f->next;
    else
        list->first = f->next;
    if (f->next)
        f->next->prev = f->prev;
    else
        list->last = f->prev;
    f->list = NULL;
}

/* ---- life ---- */

static struct fiber *begin(struct loop *l, fiber_fn *fn, void *arg, bool joinable)
{
    struct fiber *f = stack_take(l);

    f->fn = fn;
    f->arg = arg;
    f->list = NULL;
    f->deadline = CLOCK_NEVER;
    f->joining = (struct fiber_list){NULL, NULL};
    f->name = NULL;
    f->timer = 0;
    f->woken = f->cancelled = false;
    f->joinable = joinable;
    f->slots[FIBER_REQUEST] = f->slots[FIBER_DB] = NULL;
    f->on_leave = NULL;
    l->fibers++;
    return f;
}

static void end(struct loop *l, struct fiber *f)
{
    l->fibers--;
    if (!f->joinable) {
        stack_give(l, f);
        return;
    }
    l->unjoined++;
    if (f->joining.first)
        fiber_ready(f->joining.first, ERR_OK);
}

struct fiber *fiber_start(struct loop *l, fiber_fn *fn, void *arg)
{
    struct fiber *f = begin(l, fn, arg, false);

    if (switch_into(l, f))
        return f;
    end(l, f);
    return NULL;
}

static void queue_ready(struct loop *l, struct fiber *f)
{
    f->state = FIBER_READY;
    fiber_list_push(&l->ready, f);
    l->ready_count++;
}

struct fiber *fiber_spawn(struct loop *l, fiber_fn *fn, void *arg, bool joinable)
{
    struct fiber *f = begin(l, fn, arg, joinable);

    queue_ready(l, f);
    return f;
}

/* A fiber that is made ready meanwhile stands behind those that were: what runs
 * here is bounded, whatever the fibers do. */
bool fiber_run_ready(struct loop *l)
{
    size_t n = l->ready_count;

    if (!n)
        return false;
    for (n = n > RUN_AT_LEAST ? n : RUN_AT_LEAST; n && l->ready_count; n--) {
        struct fiber *f = l->ready.first;
        fiber_list_remove(f);
        l->ready_count--;
        if (!switch_into(l, f))
            end(l, f);
    }
    return true;
}

struct fiber *fiber_self(const struct loop *l)
{
    return l->current;
}

struct loop *fiber_loop(const struct fiber *f)
{
    return f->loop;
}

void **fiber_slot(struct fiber *f, int which)
{
    return &f->slots[which];
}

void fiber_set_name(struct fiber *f, const char *name)
{
    f->name = name;
}

size_t fiber_stack_left(const struct loop *l)
{
    const char *here = __builtin_frame_address(0);
    const char *low = l->current ? l->current->low : l->stack_low;

    return here > low ? (size_t)(here - low) : 0;
}

void fiber_on_leave(struct fiber *f, void (*fn)(void *data, bool ended), void *data)
{
    f->on_leave = fn;
    f->on_leave_data = data;
}

/* ---- waiting ---- */

enum err_code fiber_suspend(struct loop *l, enum fiber_wait wait, int64_t deadline)
{
    struct fiber *f = l->current;
    enum err_code why = ERR_OK;

    if (deadline > f->deadline)
        deadline = f->deadline;
    if (f->cancelled)
        why = ERR_CANCELLED;
    else if (deadline <= l->now)
        why = ERR_TIMEOUT;
    if (why) {
        if (f->list)
            fiber_list_remove(f);
        return why;
    }
    if (f->on_leave)
        f->on_leave(f->on_leave_data, false);
    if (deadline != CLOCK_NEVER)
        deadline_add(l, f, deadline);
    f->wait = (uint8_t)wait;
    f->state = FIBER_PARKED;
    switch_back(f);
    return f->outcome;
}

void fiber_ready(struct fiber *f, enum err_code outcome)
{
    assert(f->state == FIBER_PARKED);
    if (f->list)
        fiber_list_remove(f);
    if (f->timer)
        deadline_remove(f->loop, f);
    f->outcome = (uint8_t)outcome;
    queue_ready(f->loop, f);
}

void fiber_interrupt(struct fiber *f, enum err_code why)
{
    if (f->wait == WAIT_WORK)
        work_interrupt(f, why);
    else
        fiber_ready(f, why);
}

int fiber_result(enum err_code code, struct err *err, const char *fmt, ...)
{
    va_list ap;

    if (code == ERR_OK)
        return 0;
    va_start(ap, fmt);
    err_vset(err, code, fmt, ap);
    va_end(ap);
    return err_prefix(err, code == ERR_TIMEOUT  ? "timed out"
                           : code == ERR_CLOSED ? "closed"
                                                : "cancelled");
}

int fiber_park(struct loop *l, int64_t deadline, struct err *err)
{
    struct fiber *f = l->current;

    assert(f);
    if (f->woken && !f->cancelled) {
        f->woken = false;
        return 0;
    }
    return fiber_result(fiber_suspend(l, WAIT_PARK, deadline), err, "waiting to be woken");
}

void fiber_wake(struct fiber *f)
{
    if (f->state == FIBER_PARKED && f->wait == WAIT_PARK)
        fiber_ready(f, ERR_OK);
    else
        f->woken = true;
}

int fiber_yield(struct loop *l, struct err *err)
{
    struct fiber *f = l->current;

    assert(f);
    if (!f->cancelled && f->deadline > l->now) {
        if (f->on_leave)
            f->on_leave(f->on_leave_data, false);
        queue_ready(l, f);
        switch_back(f);
    }
    enum err_code why = f->cancelled ? ERR_CANCELLED : f->deadline <= l->now ? ERR_TIMEOUT : ERR_OK;
    return fiber_result(why, err, "yielding");
}

int fiber_sleep(struct loop *l, double seconds, struct err *err)
{
    assert(l->current);
    if (!(seconds > 0))
        return fiber_yield(l, err);
    int64_t when = clock_deadline(seconds);
    enum err_code code = fiber_suspend(l, WAIT_EVENT, when);
    if (code == ERR_TIMEOUT && when <= l->current->deadline)
        return 0;
    return fiber_result(code, err, "sleeping");
}

int fiber_join(struct fiber *f, int64_t deadline, struct err *err)
{
    struct loop *l = f->loop;
    enum err_code code = l->current->cancelled ? ERR_CANCELLED : ERR_OK;

    assert(f->joinable && !f->joining.first && f != l->current);
    if (!code && f->state != FIBER_ENDED) {
        fiber_list_push(&f->joining, l->current);
        code = fiber_suspend(l, WAIT_EVENT, deadline);
    }
    if (code)
        return fiber_result(code, err, "waiting for a fiber to end");
    fiber_detach(f);
    return 0;
}

void fiber_detach(struct fiber *f)
{
    assert(f->joinable && !f->joining.first);
    f->joinable = false;
    if (f->state == FIBER_ENDED) {
        f->loop->unjoined--;
        stack_give(f->loop, f);
    }
}

/* ---- cancelling, deadlines ---- */

void fiber_cancel(struct fiber *f)
{
    f->cancelled = true;
    if (f->state == FIBER_PARKED)
        fiber_interrupt(f, ERR_CANCELLED);
}

void loop_cancel(struct loop *l)
{
    for (size_t i = 0; i < l->pool.all.n; i++) {
        struct fiber *f = l->pool.all.items[i];
        if (f->state != FIBER_IDLE && f->state != FIBER_ENDED)
            fiber_cancel(f);
    }
}

void fiber_uncancel(struct fiber *f)
{
    f->cancelled = false;
}

bool fiber_cancelled(const struct fiber *f)
{
    return f->cancelled;
}

int64_t fiber_deadline(struct loop *l, int64_t deadline)
{
    int64_t before = l->current->deadline;

    if (deadline < before)
        l->current->deadline = deadline;
    return before;
}

void fiber_deadline_restore(struct loop *l, int64_t before)
{
    l->current->deadline = before;
}
