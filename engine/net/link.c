/* SPDX-License-Identifier: MIT */
#include "net/link.h"

#include "base/mem.h"
#include "fiber/fiber.h"
#include "fiber/watch.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_SIZE = 1 << 16,
    READS = 4,           /* at most so many before the loop looks at others */
    OUT_KEEP = 1 << 17,  /* capacity that an empty buffer keeps */
    RING_FIRST = 1 << 4, /* requests; a power of two, as all sizes of the ring */
};

struct pending {
    struct link_request *request; /* NULL: given up */
    int64_t since;
    uint32_t left; /* replies */
};

struct link {
    struct loop *loop;
    const struct link_codec *codec;
    void *state; /* the codec's */
    struct watch *watch;
    int fd;               /* -1: closed */
    bool flushing;        /* a fiber is on its way that writes */
    bool writable_wanted; /* the socket is full */
    bool freed;           /* while `flushing`: that fiber frees it */
    struct buf out;
    size_t sent; /* of it */
    struct pending *ring;
    size_t size, first, next; /* of the ring; numbers of the oldest and of the next request */
};

static struct pending *at(const struct link *l, size_t number)
{
    return &l->ring[number & (l->size - 1)];
}

/* ---- requests ---- */

static void finish(struct link_request *r, int status, const struct err *why)
{
    r->link = NULL;
    r->status = status;
    if (status != 0)
        r->why = *why;
    fiber_wake(r->fiber);
}

static void grow(struct link *l)
{
    size_t size = l->size ? l->size * 2 : RING_FIRST;
    struct pending *ring = mem_alloc(mem_mul(size, sizeof *ring));
    for (size_t i = l->first; i != l->next; i++)
        ring[i & (size - 1)] = *at(l, i);
    free(l->ring);
    l->ring = ring;
    l->size = size;
}

struct buf *link_out(struct link *l)
{
    return &l->out;
}

static void flush_soon(struct link *l);

void link_post(struct link *l, struct link_request *r, uint32_t replies, void *result)
{
    assert(l->fd >= 0 && replies > 0);
    if (l->next - l->first == l->size)
        grow(l);
    r->fiber = fiber_self(l->loop);
    r->link = l;
    r->result = result;
    r->place = l->next;
    r->answered = false;
    r->status = 0;
    *at(l, l->next++) = (struct pending){r, loop_now(l->loop), replies};
    flush_soon(l);
}

void link_give_up(struct link_request *r)
{
    if (!r->link)
        return;
    at(r->link, r->place)->request = NULL;
    r->link = NULL;
}

int link_wait(struct loop *loop, struct link_request *r, int64_t deadline, struct err *err)
{
    while (r->link)
        if (fiber_park(loop, deadline, err) != 0) {
            if (!r->link)
                break; /* it came all the same */
            link_give_up(r);
            return -1;
        }
    if (r->status != 0)
        *err = r->why;
    return r->status;
}

void *link_result(struct link *l)
{
    struct link_request *r = l->first != l->next ? at(l, l->first)->request : NULL;
    if (!r)
        return NULL;
    r->answered = true;
    return r->result;
}

int link_replied(struct link *l, struct err *err)
{
    struct pending *p = at(l, l->first);
    if (l->first == l->next)
        return err_set(err, ERR_IO, "an answer that nobody asked for");
    if (--p->left > 0)
        return 0;
    l->first++;
    if (p->request)
        finish(p->request, 0, NULL);
    return 0;
}

size_t link_pending(const struct link *l)
{
    return l->next - l->first;
}

size_t link_backlog(const struct link *l)
{
    return l->out.n - l->sent;
}

int64_t link_oldest(const struct link *l)
{
    return l->first != l->next ? at(l, l->first)->since : INT64_MAX;
}

/* ---- writing ---- */

static void broken(struct link *l, const char *what)
{
    struct err why;
    int error = errno;
    err_set_errno(&why, "%s", what);
    if (error == ECONNRESET || error == EPIPE)
        err_set(&why, ERR_CLOSED, "the connection was reset");
    link_close(l, &why);
}

static void want_writable(struct link *l, bool yes)
{
    if (l->writable_wanted == yes)
        return;
    l->writable_wanted = yes;
    watch_events(l->watch, FIBER_READ | (yes ? FIBER_WRITE : 0));
}

static void flush(struct link *l)
{
    while (l->sent < l->out.n) {
        ssize_t n = send(l->fd, l->out.data + l->sent, l->out.n - l->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            want_writable(l, true);
            return;
        }
        if (n < 0) {
            broken(l, "cannot send");
            return;
        }
        l->sent += (size_t)n;
    }
    want_writable(l, false);
    l->sent = 0;
    if (l->out.cap > OUT_KEEP)
        buf_release(&l->out);
    else
        buf_reset(&l->out);
}

/* A fiber of its own that stands behind those that are ready: so it finds what they all
 * have to say. */
static void flush_later(void *data)
{
    struct link *l = data;
    l->flushing = false;
    if (l->freed)
        link_free(l);
    else if (l->fd >= 0)
        flush(l);
}

static void flush_soon(struct link *l)
{
    if (l->flushing || l->writable_wanted)
        return;
    l->flushing = true;
    fiber_spawn(l->loop, flush_later, l, false);
}

/* ---- reading ---- */

static void take(struct link *l)
{
    char bytes[READ_SIZE];
    struct err why;
    for (int i = 0; i < READS && l->fd >= 0; i++) {
        ssize_t n = recv(l->fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            broken(l, "cannot receive");
            return;
        }
        if (n < 0)
            return;
        if (n == 0) {
            err_set(&why, ERR_CLOSED, "the server closed the connection");
            link_close(l, &why);
            return;
        }
        if (l->codec->feed(l->state, bytes, (size_t)n, &why) != 0) {
            link_close(l, &why);
            return;
        }
        if ((size_t)n < sizeof bytes)
            return;
    }
}

static void on_ready(void *data, int events)
{
    struct link *l = data;
    if (events & FIBER_WRITE)
        flush(l);
    if (l->fd >= 0 && events & (FIBER_READ | WATCH_HANGUP))
        take(l);
}

/* ---- life ---- */

struct link *link_open(struct loop *loop, int fd, const struct link_codec *codec, struct err *err)
{
    struct link *l = mem_zalloc(sizeof *l);
    l->loop = loop;
    l->codec = codec;
    l->fd = fd;
    buf_init(&l->out);
    l->watch = watch_open(loop, fd, FIBER_READ, on_ready, l, err);
    if (!l->watch) {
        close(fd);
        free(l);
        return NULL;
    }
    watch_background(l->watch); /* who waits has a deadline, which keeps the loop running */
    l->state = codec->open(l);
    return l;
}

void link_close(struct link *l, const struct err *why)
{
    if (l->fd < 0)
        return;
    watch_close(l->watch);
    close(l->fd);
    l->watch = NULL;
    l->fd = -1;
    buf_release(&l->out);
    l->sent = 0;
    while (l->first != l->next) {
        struct link_request *r = at(l, l->first++)->request;
        if (r)
            finish(r, -1, why);
    }
}

void link_free(struct link *l)
{
    if (!l)
        return;
    assert(l->fd < 0);
    l->freed = true;
    if (l->flushing)
        return;
    l->codec->close(l->state);
    free(l->ring);
    free(l);
}

bool link_is_open(const struct link *l)
{
    return l->fd >= 0;
}
