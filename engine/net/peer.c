/* SPDX-License-Identifier: MIT */
#include "net/peer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/vec.h"
#include "crypto/random.h"
#include "fiber/fiber.h"

#include <assert.h>

enum {
    BUSY_REQUESTS = 256,   /* under way on one connection: another would be welcome */
    BUSY_BYTES = 64 << 10, /* not yet written */
    PAUSE_FIRST = 50,      /* ms after the first failure */
    PAUSE_LAST = 1000,
};

struct peer {
    struct peer_options o;
    char *name;
    VEC(struct link *) links; /* closed ones go when somebody looks */
    struct fiber_cond tried;  /* an attempt to connect is over */
    unsigned connecting;      /* such attempts */
    unsigned failures;        /* one after the other, up to now */
    int64_t next_try;
    struct err why; /* the last one */
    struct loop_end end;
    bool ended; /* the loop is gone */
};

/* ---- health ---- */

static void failed(struct peer *p, const struct err *why)
{
    unsigned ms = PAUSE_FIRST;
    for (unsigned i = 0; i < p->failures && ms < PAUSE_LAST; i++)
        ms *= 2;
    /* Another try would cost somebody the whole timeout again. */
    if (why->code == ERR_TIMEOUT && ms * CLOCK_MS < 2 * p->o.timeout)
        ms = p->o.timeout < PAUSE_LAST * CLOCK_MS / 2 ? (unsigned)(2 * p->o.timeout / CLOCK_MS)
                                                      : PAUSE_LAST;
    if (ms > PAUSE_LAST)
        ms = PAUSE_LAST;
    ms = ms / 2 + random_below(ms / 2 + 1);
    p->failures++;
    p->why = *why;
    p->next_try = clock_monotonic() + ms * CLOCK_MS;
}

static int fail_fast(struct peer *p, struct err *err)
{
    int64_t left = (p->next_try - clock_monotonic()) / CLOCK_MS;
    *err = p->why;
    if (left > 0) {
        size_t n = strlen(err->msg);
        snprintf(err->msg + n, sizeof err->msg - n, " (next try in %lld ms)", (long long)left);
    }
    return err_prefix(err, "%s", p->name);
}

void peer_hang_up(struct peer *p, const struct err *why)
{
    for (size_t i = 0; i < p->links.n; i++)
        link_close(p->links.items[i], why);
}

/* It was asked and did not answer in time. */
static void silent(struct peer *p)
{
    struct err why;
    err_set(&why, ERR_TIMEOUT, "no answer within %g s", (double)p->o.timeout / 1e9);
    peer_hang_up(p, &why);
    failed(p, &why);
}

/* ---- connecting ---- */

static struct link *open_link(struct peer *p, int64_t deadline, struct err *err)
{
    int fd = endpoint_dial(p->o.loop, p->o.at, deadline, err);
    if (fd < 0)
        return NULL;
    struct link *l = link_open(p->o.loop, fd, p->o.codec, err);
    if (!l || p->o.hello(p->o.data, l, deadline, err) == 0)
        return l;
    link_close(l, err);
    link_free(l);
    return NULL;
}

/* Was it the caller that had no more time, not the server that was late? */
static bool own_haste(int64_t deadline, const struct err *err)
{
    return err->code == ERR_CANCELLED || (err->code == ERR_TIMEOUT && clock_monotonic() < deadline);
}

static struct link *connect_one(struct peer *p, int64_t deadline, struct err *err)
{
    p->connecting++;
    struct link *l = open_link(p, deadline, err);
    p->connecting--;
    if (l) {
        p->failures = 0;
        vec_push(&p->links, l);
    } else {
        bool hasty = own_haste(deadline, err);
        if (err->code == ERR_TIMEOUT && !hasty)
            err_set(err, ERR_TIMEOUT, "no answer within %g s", (double)p->o.timeout / 1e9);
        if (!hasty)
            failed(p, err);
        err_prefix(err, "%s", p->name);
    }
    fiber_cond_broadcast(&p->tried);
    return l;
}

/* ---- choosing ---- */

static void reap(struct peer *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->links.n; i++) {
        struct link *l = p->links.items[i];
        if (link_is_open(l))
            p->links.items[kept++] = l;
        else
            link_free(l);
    }
    p->links.n = kept;
}

static bool busy(const struct link *l)
{
    return link_pending(l) >= BUSY_REQUESTS || link_backlog(l) >= BUSY_BYTES;
}

/* The open connection with the least to do. Those who asked may all have gone before the
 * server was late: so it is looked at here, too. */
static struct link *least_busy(struct peer *p)
{
    struct link *best = NULL;
    int64_t late = loop_now(p->o.loop) - p->o.timeout;
    for (size_t i = 0; i < p->links.n; i++) {
        struct link *l = p->links.items[i];
        if (link_oldest(l) < late) {
            silent(p);
            reap(p);
            return NULL;
        }
        if (!best || (busy(best) && link_pending(l) + link_backlog(l) / 64 <
                                        link_pending(best) + link_backlog(best) / 64))
            best = l;
    }
    return best;
}

static struct link *take(struct peer *p, int64_t deadline, struct err *err)
{
    for (;;) {
        reap(p);
        struct link *best = least_busy(p);
        size_t n = p->links.n + p->connecting;
        bool down = p->failures && (p->connecting || clock_monotonic() < p->next_try);
        if (best && (!busy(best) || n >= p->o.max_links || p->connecting || down))
            return best;
        if (down)
            return fail_fast(p, err), NULL;
        if (!best && p->connecting) {
            if (fiber_cond_wait(p->o.loop, &p->tried, deadline, err) != 0)
                return err_prefix(err, "%s", p->name), NULL;
            continue;
        }
        struct link *l = connect_one(p, deadline, err);
        if (l || !best || !p->failures)
            return l;
    }
}

/* ---- calls ---- */

static int send_on(struct peer_call *c, struct err *err)
{
    struct link *l = take(c->peer, c->deadline, err);
    if (!l)
        return -1;
    c->write(c->data, link_out(l));
    link_post(l, &c->request, c->replies, c->result);
    return 0;
}

int peer_post(struct peer_call *c, struct err *err)
{
    c->deadline = clock_monotonic() + c->peer->o.timeout;
    return send_on(c, err);
}

static int wait_for(struct peer_call *c, struct err *err)
{
    struct peer *p = c->peer;
    int status = link_wait(p->o.loop, &c->request, c->deadline, err);
    if (status != 0 && err->code == ERR_TIMEOUT && c->request.status == 0 &&
        clock_monotonic() >= c->deadline) {
        silent(p);
        *err = p->why;
    }
    return status == 0 ? 0 : err_prefix(err, "%s", p->name);
}

int peer_finish(struct peer_call *c, struct err *err)
{
    int status = wait_for(c, err);
    if (status == 0 || !c->again || err->code != ERR_CLOSED || c->request.answered)
        return status;
    return send_on(c, err) == 0 ? wait_for(c, err) : -1;
}

/* ---- life ---- */

static void at_end(void *data)
{
    struct peer *p = data;
    struct err why;
    err_set(&why, ERR_CLOSED, "the process ends");
    p->ended = true;
    peer_hang_up(p, &why);
    reap(p);
}

struct peer *peer_new(const struct peer_options *o)
{
    struct peer *p = mem_zalloc(sizeof *p);
    size_t size = strlen(o->kind) + strlen(o->at->name) + 8;
    p->o = *o;
    p->name = mem_alloc(size);
    snprintf(p->name, size, "%s at %s", o->kind, o->at->name);
    p->end = (struct loop_end){.fn = at_end, .data = p};
    loop_at_end(o->loop, &p->end);
    return p;
}

void peer_free(struct peer *p)
{
    if (!p)
        return;
    assert(!p->connecting);
    if (!p->ended) {
        at_end(p);
        loop_not_at_end(p->o.loop, &p->end);
    }
    vec_release(&p->links);
    free(p->name);
    free(p);
}

const char *peer_name(const struct peer *p)
{
    return p->name;
}
