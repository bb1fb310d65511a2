/* SPDX-License-Identifier: MIT */
/* The loop: libuv's, with ready fibers run before it polls and after.
 *
 * An iteration of libuv is: timers, prepare, poll, check.  Fibers run in prepare
 * and in check; after each, settle() tells libuv what the fibers now wait for.
 * While one is ready an idle handle keeps poll from blocking, so that neither
 * fibers starve I/O nor I/O them. */
#include "fiber/impl.h"

#include <pthread.h>

static void do_nothing(uv_idle_t *idle)
{
    (void)idle;
}

static void settle(struct loop *l)
{
    if (l->ready_count)
        uv_idle_start(&l->idle, do_nothing);
    else
        uv_idle_stop(&l->idle);
    deadline_arm(l);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *l = prepare->data;
    bool ran = fiber_run_ready(l);

    settle(l);
    if (ran && l->one_turn)
        uv_idle_start(&l->idle, do_nothing);
}

static void on_check(uv_check_t *check)
{
    struct loop *l = check->data;

    l->now = clock_monotonic();
    fiber_run_ready(l);
    settle(l);
}

/* The handles that are there as long as the loop, and keep it from nothing. */
static int init_handles(struct loop *l)
{
    int rc = uv_loop_init(&l->uv);

    if (rc)
        return rc;
    uv_prepare_init(&l->uv, &l->prepare);
    uv_check_init(&l->uv, &l->check);
    uv_idle_init(&l->uv, &l->idle);
    uv_timer_init(&l->uv, &l->timer);
    uv_timer_init(&l->uv, &l->trim);
    l->prepare.data = l->check.data = l->timer.data = l->trim.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    uv_check_start(&l->check, on_check);
    uv_unref((uv_handle_t *)&l->prepare);
    uv_unref((uv_handle_t *)&l->check);
    uv_unref((uv_handle_t *)&l->trim);
    return 0;
}

static char *own_stack(void)
{
    pthread_attr_t attr;
    void *low = NULL;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        pthread_attr_getstack(&attr, &low, &size);
        pthread_attr_destroy(&attr);
    }
    return low;
}

struct loop *loop_new(const struct loop_options *o, struct err *err)
{
    struct loop *l = mem_zalloc(sizeof *l);
    int rc = init_handles(l);

    if (rc) {
        err_set(err, ERR_IO, "cannot make an event loop: %s", uv_strerror(rc));
        free(l);
        return NULL;
    }
    stack_pool_init(&l->pool, o);
    l->stack_low = own_stack();
    l->now = clock_monotonic();
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    assert(!l->current && l->fibers == 0 && l->unjoined == 0);
    while (l->ends) {
        struct loop_end *e = l->ends;
        l->ends = e->next;
        e->fn(e->data);
    }
    guard_release(l);
    poll_release(l);
    uv_close((uv_handle_t *)&l->prepare, NULL);
    uv_close((uv_handle_t *)&l->check, NULL);
    uv_close((uv_handle_t *)&l->idle, NULL);
    uv_close((uv_handle_t *)&l->timer, NULL);
    uv_close((uv_handle_t *)&l->trim, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&l->uv);
    assert(rc == 0); /* whoever added handles closes them first */
    (void)rc;
    stack_pool_release(l);
    vec_release(&l->deadlines);
    vec_release(&l->pollers);
    free(l);
}

void loop_run(struct loop *l)
{
    assert(!l->current);
    l->now = clock_monotonic();
    do {
        settle(l);
        uv_run(&l->uv, UV_RUN_DEFAULT);
    } while (!l->stopping && (l->ready_count || l->deadlines.n));
    l->stopping = false;
}

void loop_turn(struct loop *l, bool wait)
{
    assert(!l->current);
    l->now = clock_monotonic();
    settle(l);
    l->one_turn = true;
    uv_run(&l->uv, wait && !l->ready_count ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    l->one_turn = false;
    fiber_run_ready(l); /* libuv's last step may have been a timer */
}

void loop_stop(struct loop *l)
{
    l->stopping = true;
    uv_stop(&l->uv);
}

struct uv_loop_s *loop_uv(struct loop *l)
{
    return &l->uv;
}

size_t loop_fibers(const struct loop *l)
{
    return l->fibers;
}

int64_t loop_now(const struct loop *l)
{
    return l->now;
}

void loop_on_drop(struct loop *l, void (*drop)(void *data, void *script), void *data)
{
    l->drop = drop;
    l->drop_data = data;
}

void loop_at_end(struct loop *l, struct loop_end *e)
{
    e->next = l->ends;
    l->ends = e;
}

void loop_not_at_end(struct loop *l, struct loop_end *e)
{
    for (struct loop_end **p = &l->ends; *p; p = &(*p)->next)
        if (*p == e) {
            *p = e->next;
            return;
        }
}
