/* SPDX-License-Identifier: MIT */
/* Slow clients.  Four times a second every connection is held against the deadline of
 * what it is doing; past it the socket is shut down, which libmicrohttpd sees.
 *
 *     IDLE      -> keepalive_timeout, unless bytes came: then it is a header
 *     HEADER    -> header_timeout for all of it
 *     BODY      -> body_timeout between pieces, body_min_rate over all after 20 s
 *     HANDLING  -> request_deadline; a client that hung up cancels its request
 *     SENDING   -> response_timeout without the client taking anything
 *
 * While the server drains, IDLE and HEADER have a second at most.  They have that long
 * because the next request of a busy client is on its way: closing at once would lose it,
 * answering it with "Connection: close" does not.
 *
 * A body can also be stuck: a line of a chunk that is longer than its buffer makes
 * libmicrohttpd wait for room that never comes; then bytes wait in the kernel although
 * nothing reads them.
 *
 * libmicrohttpd does not tell when the first byte of a header arrives or how far a
 * response got; the kernel does (TCP_INFO), and only those connections are asked. */
#include "http/server_impl.h"

#include "base/clock.h"
#include "fiber/fiber.h"
#include "fiber/watch.h"

#include <linux/tcp.h>
#include <sys/ioctl.h>

enum { RATE_AFTER = 20, DRAIN_AFTER = 1, WATCH_AFTER_MS = 400, STUCK_SWEEPS = 3, IDLE_EVERY = 8 };

void connection_stage(struct connection *c, enum stage stage)
{
    c->stage = stage;
    c->since = c->progress = loop_now(c->server->loop);
    c->bytes = 0;
}

void connection_shut(struct connection *c)
{
    c->closing = true;
    shutdown(c->fd, SHUT_RDWR);
}

/* No response has begun on this connection: it may be told why it ends. */
static void say_and_shut(struct connection *c, const char *status)
{
    char text[160];
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status);
    ssize_t sent = send(c->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* the shutdown says it too */
    connection_shut(c);
}

static bool tcp_info(const struct connection *c, struct tcp_info *info)
{
    socklen_t len = sizeof *info;
    memset(info, 0, sizeof *info);
    return !c->listener->is_unix && getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0;
}

static bool past(int64_t now, int64_t since, double seconds)
{
    return seconds >= 0 && (double)(now - since) > seconds * (double)CLOCK_SECOND;
}

static bool header_has_begun(struct connection *c, int64_t now)
{
    struct tcp_info info;
    int64_t last;
    if (!tcp_info(c, &info))
        return false;
    last = now - (int64_t)info.tcpi_last_data_recv * CLOCK_MS;
    return last > c->since + 5 * CLOCK_MS;
}

static bool unread(const struct connection *c)
{
    int n = 0;
    return ioctl(c->fd, FIONREAD, &n) == 0 && n > 0;
}

static bool body_too_slow(const struct connection *c, int64_t now)
{
    const struct http_limits *l = &c->server->options.limits;
    double elapsed = (double)(now - c->since) / (double)CLOCK_SECOND;
    return past(now, c->progress, l->body_timeout) ||
           (elapsed > RATE_AFTER && (double)c->bytes < l->body_min_rate * elapsed);
}

/* Seen at several sweeps in a row, so that a worker that was busy is not taken for it. */
static bool body_stuck(struct connection *c)
{
    if (c->bytes != c->bytes_seen || !unread(c)) {
        c->bytes_seen = c->bytes;
        c->stuck = 0;
        return false;
    }
    return ++c->stuck >= STUCK_SWEEPS;
}

static bool sending_stalled(struct connection *c, int64_t now)
{
    struct tcp_info info;
    if (tcp_info(c, &info) && info.tcpi_bytes_acked != c->bytes) {
        c->bytes = info.tcpi_bytes_acked;
        c->progress = now;
    }
    return past(now, c->progress, c->server->options.limits.response_timeout);
}

static void on_hangup(void *data, int events)
{
    struct connection *c = data;
    if (events & WATCH_HANGUP) {
        watch_events(c->hangup, 0);
        if (c->exchange)
            exchange_abort(c->exchange);
    }
}

static void look_after_handling(struct connection *c, int64_t now)
{
    struct exchange *x = c->exchange;
    if (!x)
        return;
    if (past(now, c->since, c->server->options.request_deadline)) {
        x->refused = 504;
        x->why = "the request took longer than setting request_deadline allows";
        exchange_abort(x);
    } else if (!c->hangup && now - c->since > WATCH_AFTER_MS * CLOCK_MS) {
        c->hangup = watch_open(c->server->loop, c->fd, WATCH_HANGUP, on_hangup, c, NULL);
    }
}

/* Not when bytes wait to be read: then it was the worker that took its time.  A client that
 * sends byte by byte does not live on that for ever. */
static bool silent_for(const struct connection *c, int64_t now, double seconds)
{
    return past(now, c->since, seconds) && (!unread(c) || past(now, c->since, 2 * seconds));
}

static bool expired(struct connection *c, int64_t now)
{
    const struct http_limits *l = &c->server->options.limits;
    switch (c->stage) {
    case STAGE_IDLE:
        if (c->server->sweeps % IDLE_EVERY == 0 && header_has_begun(c, now))
            connection_stage(c, STAGE_HEADER);
        return silent_for(c, now, l->keepalive_timeout) ||
               (c->server->draining && silent_for(c, now, DRAIN_AFTER));
    case STAGE_HEADER:
        return silent_for(c, now, l->header_timeout) ||
               (c->server->draining && silent_for(c, now, DRAIN_AFTER));
    case STAGE_BODY:
        if (body_stuck(c)) {
            say_and_shut(c, "413 Content Too Large");
            return true;
        }
        return body_too_slow(c, now);
    case STAGE_SENDING:
        return sending_stalled(c, now);
    case STAGE_HANDLING:
        look_after_handling(c, now);
        break;
    }
    return false;
}

/* libmicrohttpd can miss the shutdown of a connection whose buffer is full: it reads what
 * came before, has no room for the rest, and forgets the error.  Its own timer gets it. */
static void insist(struct connection *c)
{
    struct exchange *x = c->exchange;
    if (c->stage == STAGE_BODY && x && x->mhd && !x->suspended)
        MHD_set_connection_option(x->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
}

/* Time in which the loop did not turn, because a request took the CPU, is not the clients':
 * what they sent meanwhile could not be read, and nothing was sent to them. */
static void forgive(struct connection *c, int64_t now, int64_t gap)
{
    if (c->stage == STAGE_HANDLING)
        return; /* request_deadline is on the clock */
    c->since = c->since + gap < now ? c->since + gap : now;
    c->progress = c->progress + gap < now ? c->progress + gap : now;
}

/* How much later this sweep is than it should be, when that is worth a thought. */
static int64_t gap_before(struct http_server *s, int64_t now)
{
    const int64_t period = (int64_t)(SWEEP_SECONDS * (double)CLOCK_SECOND);
    int64_t gap = now - s->swept - period;
    s->swept = now;
    return gap > period ? gap : 0;
}

void deadlines_sweep(void *server)
{
    struct http_server *s = server;
    int64_t now = clock_monotonic(), gap = gap_before(s, now);
    s->sweeps++;
    for (struct connection *c = s->connections, *next; c; c = next) {
        next = c->next;
        if (gap)
            forgive(c, now, gap);
        if (c->closing) {
            insist(c);
        } else if (expired(c, now)) {
            s->stats.timed_out++;
            if (c->stage == STAGE_BODY && !c->closing)
                say_and_shut(c, "408 Request Timeout");
            connection_shut(c);
            if (c->exchange && c->stage == STAGE_SENDING)
                exchange_abort(c->exchange);
        }
    }
}
