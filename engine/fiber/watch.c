/* SPDX-License-Identifier: MIT */
#include "fiber/watch.h"

#include "base/mem.h"
#include "fiber/fiber.h"

#include <uv.h>

/* libuv frees a handle's memory only after its close callback, on a later turn. */
static void free_handle(uv_handle_t *h)
{
    free(h->data);
}

struct watch {
    uv_poll_t poll;
    void (*fn)(void *, int);
    void *data;
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int out = 0;
    if (events & UV_READABLE)
        out |= FIBER_READ;
    if (events & UV_WRITABLE)
        out |= FIBER_WRITE;
    if (status < 0 || events & UV_DISCONNECT)
        out |= WATCH_HANGUP;
    w->fn(w->data, out);
}

void watch_events(struct watch *w, int events)
{
    int want = 0;
    if (events & FIBER_READ)
        want |= UV_READABLE;
    if (events & FIBER_WRITE)
        want |= UV_WRITABLE;
    if (events & WATCH_HANGUP)
        want |= UV_DISCONNECT;
    if (want)
        uv_poll_start(&w->poll, want, on_poll);
    else
        uv_poll_stop(&w->poll);
}

struct watch *watch_open(struct loop *l, int fd, int events, void (*fn)(void *data, int events),
                         void *data, struct err *err)
{
    struct watch *w = mem_zalloc(sizeof *w);
    int rc = uv_poll_init(loop_uv(l), &w->poll, fd);
    if (rc != 0) {
        err_set(err, ERR_IO, "cannot watch descriptor %d: %s", fd, uv_strerror(rc));
        free(w);
        return NULL;
    }
    w->poll.data = w;
    w->fn = fn;
    w->data = data;
    watch_events(w, events);
    return w;
}

void watch_background(struct watch *w)
{
    uv_unref((uv_handle_t *)&w->poll);
}

void watch_close(struct watch *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->poll, free_handle);
}

struct timer {
    uv_timer_t timer;
    void (*fn)(void *);
    void *data;
};

static void on_timer(uv_timer_t *timer)
{
    struct timer *t = timer->data;
    t->fn(t->data);
}

struct timer *timer_open(struct loop *l, double seconds, bool keep, void (*fn)(void *data),
                         void *data)
{
    struct timer *t = mem_zalloc(sizeof *t);
    uint64_t ms = seconds * 1000 < 1 ? 1 : (uint64_t)(seconds * 1000);
    uv_timer_init(loop_uv(l), &t->timer);
    t->timer.data = t;
    t->fn = fn;
    t->data = data;
    uv_timer_start(&t->timer, on_timer, ms, ms);
    if (!keep)
        uv_unref((uv_handle_t *)&t->timer);
    return t;
}

void timer_close(struct timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->timer, free_handle);
}

struct hook {
    union {
        uv_handle_t any;
        uv_prepare_t prepare;
        uv_check_t check;
    } handle;
    void (*fn)(void *);
    void *data;
};

static void on_prepare(uv_prepare_t *p)
{
    struct hook *h = p->data;
    h->fn(h->data);
}

static void on_check(uv_check_t *c)
{
    struct hook *h = c->data;
    h->fn(h->data);
}

struct hook *hook_open(struct loop *l, bool before, void (*fn)(void *data), void *data)
{
    struct hook *h = mem_zalloc(sizeof *h);
    h->fn = fn;
    h->data = data;
    if (before) {
        uv_prepare_init(loop_uv(l), &h->handle.prepare);
        uv_prepare_start(&h->handle.prepare, on_prepare);
    } else {
        uv_check_init(loop_uv(l), &h->handle.check);
        uv_check_start(&h->handle.check, on_check);
    }
    h->handle.any.data = h;
    uv_unref(&h->handle.any);
    return h;
}

void hook_close(struct hook *h)
{
    if (h)
        uv_close(&h->handle.any, free_handle);
}

struct spin {
    uv_idle_t idle;
    bool on;
};

static void nothing(uv_idle_t *idle)
{
    (void)idle;
}

struct spin *spin_open(struct loop *l)
{
    struct spin *s = mem_zalloc(sizeof *s);
    uv_idle_init(loop_uv(l), &s->idle);
    s->idle.data = s;
    return s;
}

void spin_set(struct spin *s, bool on)
{
    if (on == s->on)
        return;
    s->on = on;
    if (on)
        uv_idle_start(&s->idle, nothing);
    else
        uv_idle_stop(&s->idle);
}

void spin_close(struct spin *s)
{
    if (s)
        uv_close((uv_handle_t *)&s->idle, free_handle);
}
