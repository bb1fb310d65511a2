/* SPDX-License-Identifier: MIT */
/* Waiting for file descriptors.
 *
 * libuv allows one poll handle a descriptor, so all fibers that wait for one share
 * a struct poller, which polls for the union of what they want.  The handle is
 * stopped, and the descriptor out of epoll, as soon as nobody waits: a descriptor
 * may be closed and its number used again without telling us.  The stopped handle
 * is kept for the next wait, because making one costs four system calls. */
#include "fiber/impl.h"

#include <errno.h>
#include <poll.h>

struct poller {
    uv_poll_t poll;
    struct loop *loop;
    int fd;
    int active; /* events that the handle polls for */
    struct fiber_list waiting;
};

struct fd_wait { /* fiber->waiting */
    int events, got;
};

_Static_assert(FIBER_READ == (int)UV_READABLE && FIBER_WRITE == (int)UV_WRITABLE, "libuv's bits");

/* What is there already; -1 when the descriptor is not open.  Afterwards libuv,
 * which aborts when epoll refuses a descriptor, can safely have it: files that
 * epoll refuses are always ready. */
static int ready_now(int fd, int events, struct err *err)
{
    struct pollfd p = {.fd = fd};
    int n, got = 0;

    if (events & FIBER_READ)
        p.events |= POLLIN;
    if (events & FIBER_WRITE)
        p.events |= POLLOUT;
    do
        n = poll(&p, 1, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_set_errno(err, "cannot wait for file descriptor %d", fd);
    if (p.revents & POLLNVAL || fd < 0)
        return err_set(err, ERR_INVALID, "cannot wait for file descriptor %d: it is not open", fd);
    if (p.revents & (POLLERR | POLLHUP))
        return events;
    if (p.revents & POLLIN)
        got |= FIBER_READ;
    if (p.revents & POLLOUT)
        got |= FIBER_WRITE;
    return got;
}

static int update(struct poller *p);

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct poller *p = poll->data;

    /* On an error libuv has stopped the handle: the waiters go and read what it is. */
    if (status < 0) {
        p->active = 0;
        events = FIBER_READ | FIBER_WRITE;
    }
    for (struct fiber *f = p->waiting.first, *next; f; f = next) {
        struct fd_wait *wait = f->waiting;
        next = f->next;
        wait->got = wait->events & events;
        if (wait->got)
            fiber_ready(f, ERR_OK);
    }
    update(p);
}

/* Polls for what the fibers in `waiting` want. 0, or a libuv error. */
static int update(struct poller *p)
{
    int events = 0, rc;

    for (struct fiber *f = p->waiting.first; f; f = f->next)
        events |= ((struct fd_wait *)f->waiting)->events;
    if (events == p->active)
        return 0;
    p->active = events;
    if (!events)
        return uv_poll_stop(&p->poll);
    rc = uv_poll_start(&p->poll, events, on_event);
    if (rc)
        p->active = 0;
    return rc;
}

static struct poller *poller_of(struct loop *l, int fd, struct err *err)
{
    struct poller *p;
    int rc;

    while (l->pollers.n <= (size_t)fd)
        vec_push(&l->pollers, NULL);
    p = l->pollers.items[fd];
    if (p)
        return p;
    p = mem_zalloc(sizeof *p);
    rc = uv_poll_init(&l->uv, &p->poll, fd);
    if (rc) {
        free(p);
        err_set(err, ERR_IO, "cannot wait for file descriptor %d: %s", fd, uv_strerror(rc));
        return NULL;
    }
    p->poll.data = p;
    p->loop = l;
    p->fd = fd;
    l->pollers.items[fd] = p;
    return p;
}

static int wait_for(struct poller *p, int events, int64_t deadline, struct err *err)
{
    struct loop *l = p->loop;
    struct fd_wait wait = {events, 0};
    enum err_code code;
    int rc;

    l->current->waiting = &wait;
    fiber_list_push(&p->waiting, l->current);
    rc = update(p);
    if (rc) {
        fiber_list_remove(l->current);
        return err_set(err, ERR_IO, "cannot wait for file descriptor %d: %s", p->fd,
                       uv_strerror(rc));
    }
    code = fiber_suspend(l, WAIT_EVENT, deadline);
    if (code == ERR_OK)
        return wait.got;
    update(p);
    return fiber_result(code, err, "waiting to %s file descriptor %d",
                        events == FIBER_READ    ? "read from"
                        : events == FIBER_WRITE ? "write to"
                                                : "read from or write to",
                        p->fd);
}

int fiber_wait_fd(struct loop *l, int fd, int events, int64_t deadline, struct err *err)
{
    struct poller *p;
    int got;

    assert(l->current && events && !(events & ~(FIBER_READ | FIBER_WRITE)));
    if (l->current->cancelled)
        return fiber_result(ERR_CANCELLED, err, "waiting for file descriptor %d", fd);
    got = ready_now(fd, events, err);
    if (got)
        return got;
    p = poller_of(l, fd, err);
    return p ? wait_for(p, events, deadline, err) : -1;
}

void fiber_forget_fd(struct loop *l, int fd)
{
    struct poller *p = fd >= 0 && (size_t)fd < l->pollers.n ? l->pollers.items[fd] : NULL;

    if (!p)
        return;
    while (p->waiting.first)
        fiber_ready(p->waiting.first, ERR_CLOSED);
    update(p);
}

static void on_close(uv_handle_t *handle)
{
    free(handle->data);
}

void poll_release(struct loop *l)
{
    for (size_t i = 0; i < l->pollers.n; i++)
        if (l->pollers.items[i])
            uv_close((uv_handle_t *)&l->pollers.items[i]->poll, on_close);
}
