/* SPDX-License-Identifier: MIT */
/* Mutexes and conditions.  A mutex goes from hand to hand: whoever unlocks it gives
 * it to the first in the line, so that nobody who comes later gets in between. */
#include "fiber/impl.h"

int fiber_mutex_lock(struct loop *l, struct fiber_mutex *m, int64_t deadline, struct err *err)
{
    struct fiber *f = l->current;
    enum err_code code = ERR_OK;

    assert(f && m->holder != f);
    if (f->cancelled) {
        code = ERR_CANCELLED;
    } else if (!m->holder) {
        m->holder = f;
    } else {
        fiber_list_push(&m->waiting, f);
        code = fiber_suspend(l, WAIT_EVENT, deadline);
    }
    return fiber_result(code, err, "waiting for a mutex");
}

bool fiber_mutex_trylock(struct loop *l, struct fiber_mutex *m)
{
    assert(l->current);
    if (m->holder)
        return false;
    m->holder = l->current;
    return true;
}

void fiber_mutex_unlock(struct loop *l, struct fiber_mutex *m)
{
    assert(m->holder && m->holder == l->current);
    (void)l;
    m->holder = m->waiting.first;
    if (m->holder)
        fiber_ready(m->holder, ERR_OK);
}

int fiber_cond_wait(struct loop *l, struct fiber_cond *c, int64_t deadline, struct err *err)
{
    assert(l->current);
    fiber_list_push(&c->waiting, l->current);
    return fiber_result(fiber_suspend(l, WAIT_EVENT, deadline), err, "waiting for a condition");
}

void fiber_cond_signal(struct fiber_cond *c)
{
    if (c->waiting.first)
        fiber_ready(c->waiting.first, ERR_OK);
}

void fiber_cond_broadcast(struct fiber_cond *c)
{
    while (c->waiting.first)
        fiber_ready(c->waiting.first, ERR_OK);
}
