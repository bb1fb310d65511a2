/* SPDX-License-Identifier: MIT */
/* The daemon under the loop: accepting, running libmicrohttpd, stopping.
 *
 * Two rules of libmicrohttpd's external-epoll mode shape this file: after every
 * MHD_run() it may have more to do although its epoll set is quiet (ask
 * MHD_get_timeout), and it must not be stopped while a connection is suspended. */
#include "http/server_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "fiber/fiber.h"
#include "fiber/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 32, RUN_ROUNDS = 4 };

struct http_server_options http_server_defaults(void)
{
    struct http_server_options o = {
        .body_max_bytes = UINT64_C(100) << 20,
        .request_deadline = -1,
        .server_header = STR("perilune"),
    };
    http_limits_default(&o.limits);
    return o;
}

/* ---- running libmicrohttpd ---- */

static void run_daemon(struct http_server *s)
{
    for (int i = 0; i < RUN_ROUNDS; i++) {
        MHD_UNSIGNED_LONG_LONG ms;
        s->run_again = false;
        MHD_run(s->daemon);
        if (!s->run_again && (MHD_get_timeout(s->daemon, &ms) != MHD_YES || ms > 0))
            return;
    }
    http_server_nudge(s); /* let others of the loop have a turn first */
}

void http_server_nudge(struct http_server *s)
{
    s->run_again = true;
    spin_set(s->spin, true);
}

static void on_ready(void *data, int events)
{
    (void)events;
    run_daemon(data);
}

static void before_wait(void *data)
{
    struct http_server *s = data;
    if (s->run_again)
        run_daemon(s);
    if (!s->run_again)
        spin_set(s->spin, false);
}

/* ---- connections ---- */

static void count_address(struct http_server *s, const char *address, int change)
{
    struct str key = str_from(address);
    uintptr_t n = (uintptr_t)map_get(s->per_ip, key) + (uintptr_t)change;
    if (n == 0)
        map_remove(s->per_ip, key);
    else
        map_set(s->per_ip, key, (void *)n);
}

static void connection_free(struct http_server *s, struct connection *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        s->connections = c->next;
    if (c->next)
        c->next->prev = c->prev;
    if (s->per_ip && c->address[0])
        count_address(s, c->address, -1);
    watch_close(c->hangup);
    s->stats.connections--;
    free(c);
}

/* libmicrohttpd calls it when a connection starts and when it has ended. */
static void on_connection(void *cls, struct MHD_Connection *mhd, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *s = cls;
    (void)mhd;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED && *slot) {
        struct connection *c = *slot;
        if (c->exchange)
            c->exchange->connection = NULL;
        connection_free(s, c);
        *slot = NULL;
        for (struct http_listener *l = s->listeners; s->accept_paused && l; l = l->next)
            watch_events(l->watch, FIBER_READ);
        s->accept_paused = false;
    } else if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *slot = s->connections; /* the one just put in front by adopt() */
    }
}

static void peer_name(const struct http_listener *l, const struct sockaddr_storage *a, char *out)
{
    const void *from = a->ss_family == AF_INET6
                           ? (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)a)->sin_addr;
    out[0] = '\0';
    if (l->is_unix)
        return;
    if (a->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)from))
        inet_ntop(AF_INET, (const char *)from + 12, out, INET6_ADDRSTRLEN);
    else
        inet_ntop(a->ss_family, from, out, INET6_ADDRSTRLEN);
}

static bool over_limit(struct http_server *s, const char *address)
{
    return s->per_ip && address[0] &&
           (uintptr_t)map_get(s->per_ip, str_from(address)) >=
               s->options.limits.max_connections_per_ip;
}

static void adopt(struct http_listener *l, int fd, const struct sockaddr_storage *a, socklen_t len)
{
    struct http_server *s = l->server;
    struct connection *c = mem_zalloc(sizeof *c);
    int one = 1;

    peer_name(l, a, c->address);
    c->address_length = (unsigned char)strlen(c->address);
    if (over_limit(s, c->address)) {
        s->stats.refused++;
        close(fd);
        free(c);
        return;
    }
    if (!l->is_unix)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (a->ss_family == AF_INET)
        c->port = ntohs(((const struct sockaddr_in *)a)->sin_port);
    else if (a->ss_family == AF_INET6)
        c->port = ntohs(((const struct sockaddr_in6 *)a)->sin6_port);
    c->server = s;
    c->listener = l;
    c->fd = fd;
    c->next = s->connections;
    if (c->next)
        c->next->prev = c;
    s->connections = c;
    s->stats.connections++;
    s->stats.accepted++;
    if (s->per_ip && c->address[0])
        count_address(s, c->address, 1);
    connection_stage(c, STAGE_HEADER); /* a client that says nothing has the header's time */
    if (MHD_add_connection(s->daemon, fd, (const struct sockaddr *)a, len) != MHD_YES) {
        /* It has closed fd; when it got as far as telling us, `c` is gone too. */
        if (s->connections == c && c->stage == STAGE_HEADER)
            connection_free(s, c);
    }
    http_server_nudge(s);
}

static void pause_accepting(struct http_server *s, const char *why)
{
    int64_t now = loop_now(s->loop);
    for (struct http_listener *l = s->listeners; l; l = l->next)
        watch_events(l->watch, 0);
    s->accept_paused = true;
    if (now - s->accept_warned > 10 * CLOCK_SECOND) { /* one line, not thousands */
        s->accept_warned = now;
        log_write(s->log, LOG_LEVEL_WARNING, "perilune.server",
                  "no more connections are accepted for now: %s", why);
    }
}

static void on_accept(void *data, int events)
{
    struct http_listener *l = data;
    struct http_server *s = l->server;
    (void)events;
    for (int i = 0; i < ACCEPT_BATCH && !s->draining; i++) {
        struct sockaddr_storage a;
        socklen_t len = sizeof a;
        if (s->options.limits.max_connections &&
            s->stats.connections >= s->options.limits.max_connections) {
            pause_accepting(s, "setting max_connections is reached");
            return;
        }
        int fd = accept4(l->fd, (struct sockaddr *)&a, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            adopt(l, fd, &a, len);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(s, strerror(errno));
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

int http_server_listen(struct http_server *s, int fd, struct err *err)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    struct http_listener *l = mem_zalloc(sizeof *l);
    l->server = s;
    l->fd = fd;
    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
        free(l);
        return err_set_errno(err, "cannot listen on descriptor %d", fd);
    }
    l->is_unix = a.ss_family == AF_UNIX;
    peer_name(l, &a, l->name);
    if (a.ss_family == AF_INET)
        l->port = ntohs(((struct sockaddr_in *)&a)->sin_port);
    else if (a.ss_family == AF_INET6)
        l->port = ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
    l->watch = watch_open(s->loop, fd, FIBER_READ, on_accept, l, err);
    if (!l->watch) {
        free(l);
        return -1;
    }
    l->next = s->listeners;
    s->listeners = l;
    return 0;
}

/* ---- life ---- */

__attribute__((format(printf, 2, 0))) static void mhd_log(void *cls, const char *fmt, va_list ap)
{
    struct http_server *s = cls;
    log_vwrite(s->log, LOG_LEVEL_DEBUG, "perilune.http", fmt, ap);
}

/* Decoding is ours: libmicrohttpd's stops at %00. */
static size_t keep_escapes(void *cls, struct MHD_Connection *c, char *text)
{
    (void)cls, (void)c;
    return strlen(text);
}

/* Room for the largest header that the limits allow, with libmicrohttpd's own list of
 * fields.  It clears this pool after every request, which is why it is no larger. */
static size_t pool_size(const struct http_limits *l)
{
    size_t size = l->request_header_max_bytes + l->request_uri_max_bytes +
                  l->request_header_max_count * 64 + 1536;
    return size;
}

static struct MHD_Daemon *start_daemon(struct http_server *s)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
            MHD_USE_TURBO,
        0, NULL, NULL, exchange_handle, s, MHD_OPTION_EXTERNAL_LOGGER, mhd_log,
        s, /* first: it logs its own start */
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        pool_size(&s->options.limits), MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)4096,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_STRICT_FOR_CLIENT, 0,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, s, MHD_OPTION_URI_LOG_CALLBACK, exchange_begin,
        s, MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, s, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

struct http_server *http_server_new(struct loop *l, const struct http_server_options *o,
                                    const struct http_handler *h, struct log *log, struct err *err)
{
    struct http_server *s = mem_zalloc(sizeof *s);
    const union MHD_DaemonInfo *info;
    s->loop = l;
    s->log = log;
    s->options = *o;
    s->handler = *h;
    s->accept_warned = INT64_MIN / 2;
    if (o->limits.max_connections_per_ip) {
        s->per_ip = mem_alloc(sizeof *s->per_ip);
        map_init(s->per_ip);
    }
    s->spin = spin_open(l);
    s->replies = reply_usable();
    buf_init(&s->head);
    s->daemon = start_daemon(s);
    info = s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        err_set(err, ERR_IO, "cannot start libmicrohttpd");
        goto fail;
    }
    s->watch = watch_open(l, info->epoll_fd, FIBER_READ, on_ready, s, err);
    if (!s->watch)
        goto fail;
    s->hook = hook_open(l, true, before_wait, s);
    s->swept = clock_monotonic();
    s->sweeper = timer_open(l, SWEEP_SECONDS, false, deadlines_sweep, s);
    return s;
fail:
    http_server_free(s);
    return NULL;
}

/* Who stands in line: closing the last descriptor of the socket would turn them away. */
static void accept_waiting(struct http_listener *l)
{
    uint64_t before;
    do {
        before = l->server->stats.accepted;
        on_accept(l, 0);
    } while (l->server->stats.accepted != before);
}

void http_server_drain(struct http_server *s)
{
    for (struct http_listener *l = s->listeners; l; l = l->next)
        accept_waiting(l);
    for (struct http_listener *l = s->listeners; l; l = l->next) {
        watch_close(l->watch);
        l->watch = NULL;
    }
    s->accept_paused = false; /* there is nothing left to go on with */
    s->draining = true;
    deadlines_sweep(s);
    http_server_nudge(s);
}

bool http_server_busy(const struct http_server *s)
{
    return s->stats.connections > 0 || s->stats.requests > 0;
}

struct http_server_stats http_server_stats(const struct http_server *s)
{
    return s->stats;
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    s->stopping = true;
    if (s->daemon) {
        for (struct connection *c = s->connections; c; c = c->next) {
            connection_shut(c);
            if (c->exchange && c->exchange->suspended)
                exchange_resume(c->exchange);
        }
        MHD_run(s->daemon);
        MHD_stop_daemon(s->daemon);
    }
    watch_close(s->watch);
    hook_close(s->hook);
    spin_close(s->spin);
    timer_close(s->sweeper);
    for (struct http_listener *l = s->listeners, *next; l; l = next) {
        next = l->next;
        watch_close(l->watch);
        free(l);
    }
    if (s->per_ip)
        map_release(s->per_ip, NULL);
    free(s->per_ip);
    exchange_free_pool(s);
    buf_release(&s->head);
    free(s);
}
