/* SPDX-License-Identifier: MIT */
/* Work that blocks, in libuv's thread pool.  The request lies on the stack of the
 * fiber, which therefore stays until the pool has let go of it. */
#include "fiber/impl.h"

struct work { /* fiber->waiting */
    uv_work_t req;
    struct fiber *fiber;
    void (*fn)(void *arg);
    void *arg;
    enum err_code outcome; /* why it was taken back before it began */
};

static void run(uv_work_t *req)
{
    struct work *w = req->data;
    w->fn(w->arg);
}

static void done(uv_work_t *req, int status)
{
    struct work *w = req->data;
    fiber_ready(w->fiber, status ? w->outcome : ERR_OK);
}

/* libuv refuses to take back what a thread has begun: then we wait for it. */
void work_interrupt(struct fiber *f, enum err_code why)
{
    struct work *w = f->waiting;

    if (uv_cancel((uv_req_t *)&w->req) == 0)
        w->outcome = why;
}

int fiber_blocking(struct loop *l, void (*fn)(void *arg), void *arg, struct err *err)
{
    struct fiber *f = l->current;
    struct work w = {.req.data = &w, .fiber = f, .fn = fn, .arg = arg};
    static const char what[] = "waiting for a thread";
    int rc;

    assert(f);
    if (f->cancelled)
        return fiber_result(ERR_CANCELLED, err, what);
    if (f->deadline <= l->now)
        return fiber_result(ERR_TIMEOUT, err, what);
    rc = uv_queue_work(&l->uv, &w.req, run, done);
    if (rc)
        return err_set(err, ERR_IO, "cannot hand work to a thread: %s", uv_strerror(rc));
    f->waiting = &w;
    return fiber_result(fiber_suspend(l, WAIT_WORK, CLOCK_NEVER), err, what);
}
