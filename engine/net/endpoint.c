/* SPDX-License-Identifier: MIT */
#include "net/endpoint.h"

#include "base/mem.h"
#include "fiber/fiber.h"
#include "fiber/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- reading ---- */

static int set_path(struct endpoint *e, struct str path, struct err *err)
{
    if (path.n >= sizeof((struct sockaddr_un *)0)->sun_path)
        return err_set(err, ERR_CONFIG, "the path '%.*s' is too long for a socket", STR_ARG(path));
    e->path = mem_strndup(path.p, path.n);
    e->name = mem_strdup(e->path);
    return 0;
}

/* Cuts the port off; 0 when it is no port. */
static uint16_t take_port(struct str *text, uint16_t fallback)
{
    uint64_t port;
    size_t i = text->n;
    if (str_starts(*text, STR("["))) {
        size_t end = str_index(*text, ']');
        if (end + 1 == text->n)
            return fallback;
        i = end + 1;
        if (i > text->n || text->p[i] != ':')
            return 0;
    } else {
        i = str_index(*text, ':');
        if (i == text->n || str_has(str_skip(*text, i + 1), ':')) /* none, or bare IPv6 */
            return fallback;
    }
    if (!str_to_uint64(str_skip(*text, i + 1), &port) || port > UINT16_MAX)
        return 0;
    *text = str_head(*text, i);
    return (uint16_t)port;
}

int endpoint_parse(struct endpoint *e, struct str text, uint16_t default_port, struct err *err)
{
    struct str host = text;
    *e = (struct endpoint){0};
    if (str_starts(text, STR("unix:")))
        text = str_skip(text, 5);
    if (str_starts(text, STR("/")))
        return set_path(e, text, err);
    e->port = take_port(&host, default_port);
    if (e->port == 0)
        return err_set(err, ERR_CONFIG, "'%.*s' has no port from 1 to 65535", STR_ARG(text));
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
        host = str_make(host.p + 1, host.n - 2);
    for (size_t i = 0; i < host.n; i++)
        if ((unsigned char)host.p[i] <= ' ' || str_has(STR("/@[]?#"), host.p[i]))
            return err_set(err, ERR_CONFIG, "'%.*s' is no host", STR_ARG(text));
    if (host.n == 0 || host.n > 253)
        return err_set(err, ERR_CONFIG, "'%.*s' names no host", STR_ARG(text));
    e->host = mem_strndup(host.p, host.n);
    size_t size = host.n + 16;
    e->name = mem_alloc(size);
    snprintf(e->name, size, str_has(host, ':') ? "[%s]:%u" : "%s:%u", e->host, e->port);
    return 0;
}

void endpoint_release(struct endpoint *e)
{
    free(e->host);
    free(e->path);
    free(e->name);
    *e = (struct endpoint){0};
}

/* ---- connecting ---- */

static void set_options(int fd, int family)
{
    int on = 1;
    if (family == AF_UNIX)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* The outcome of a connect() under way. */
static int finish(struct loop *l, int fd, int64_t deadline, struct err *err)
{
    int error = 0;
    socklen_t n = sizeof error;
    if (fiber_wait_fd(l, fd, FIBER_WRITE, deadline, err) < 0)
        return -1;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (!error)
        return 0;
    errno = error;
    return err_set_errno(err, "cannot connect");
}

static int dial(struct loop *l, const struct sockaddr *address, socklen_t size, int64_t deadline,
                struct err *err)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int status = 0;
    if (fd < 0)
        return err_set_errno(err, "cannot make a socket");
    set_options(fd, address->sa_family);
    /* EAGAIN: a socket file whose server has too many waiting. */
    if (connect(fd, address, size) != 0)
        status = errno == EINPROGRESS ? finish(l, fd, deadline, err)
                                      : err_set_errno(err, "cannot connect");
    if (status == 0)
        return fd;
    close(fd);
    return -1;
}

static int dial_path(struct loop *l, const char *path, int64_t deadline, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    return dial(l, (const struct sockaddr *)&address, sizeof address, deadline, err);
}

int endpoint_dial(struct loop *l, const struct endpoint *e, int64_t deadline, struct err *err)
{
    struct addrinfo *list;
    int fd = -1;
    if (e->path)
        return dial_path(l, e->path, deadline, err);
    if (fiber_resolve(l, e->host, e->port, deadline, &list, err) != 0)
        return -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = dial(l, a->ai_addr, a->ai_addrlen, deadline, err);
        if (fd < 0 && (err->code == ERR_TIMEOUT || err->code == ERR_CANCELLED))
            break;
    }
    resolve_free(list);
    return fd;
}
