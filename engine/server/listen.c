/* SPDX-License-Identifier: MIT */
#include "server/listen.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int set_fd_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC)
               ? -1
               : 0;
}

static void set_option(int fd, int level, int option)
{
    /* A kernel that lacks one of these serves all the same. */
    (void)setsockopt(fd, level, option, &(int){1}, sizeof(int));
}

/* ---- names ---- */

static int name_inet(struct listener *l, const struct sockaddr *sa, socklen_t len)
{
    char host[INET6_ADDRSTRLEN + 20], port[8];

    if (getnameinfo(sa, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
        return -1;
    snprintf(l->name, sizeof l->name, sa->sa_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s",
             host, port);
    return 0;
}

static void name_unix(struct listener *l, const struct sockaddr_un *un, socklen_t len)
{
    size_t n = len > offsetof(struct sockaddr_un, sun_path)
                   ? len - offsetof(struct sockaddr_un, sun_path)
                   : 0;

    l->local = true;
    if (n && un->sun_path[0] == '\0') /* abstract */
        snprintf(l->name, sizeof l->name, "unix:@%.*s", (int)n - 1, un->sun_path + 1);
    else
        snprintf(l->name, sizeof l->name, "unix:%.*s", (int)strnlen(un->sun_path, n), un->sun_path);
}

static int name_by_socket(struct listener *l, struct err *err)
{
    union {
        struct sockaddr sa;
        struct sockaddr_un un;
        struct sockaddr_storage all;
    } addr = {0};
    socklen_t len = sizeof addr;

    if (getsockname(l->fd, &addr.sa, &len))
        return err_set_errno(err, "cannot read the address of socket %d", l->fd);
    if (addr.sa.sa_family == AF_UNIX)
        name_unix(l, &addr.un, len);
    else if (name_inet(l, &addr.sa, len))
        return err_set(err, ERR_INVALID, "socket %d is neither an internet nor a unix socket",
                       l->fd);
    return 0;
}

/* ---- internet sockets ---- */

static int bind_error(struct err *err, struct str spec, const char *port)
{
    switch (errno) {
    case EADDRINUSE:
        return err_set(err, ERR_EXISTS,
                       "cannot listen on '%.*s': the address is in use; `ss -ltnp 'sport = :%s'` "
                       "shows by whom",
                       STR_ARG(spec), port);
    case EACCES:
        return err_set(err, ERR_DENIED,
                       "cannot listen on '%.*s': permission denied; a port below 1024 needs root, "
                       "CAP_NET_BIND_SERVICE or a socket that systemd opens",
                       STR_ARG(spec));
    case EADDRNOTAVAIL:
        return err_set(err, ERR_NOT_FOUND,
                       "cannot listen on '%.*s': this machine has no such address; `ip address` "
                       "lists those it has",
                       STR_ARG(spec));
    default:
        return err_set_errno(err, "cannot listen on '%.*s'", STR_ARG(spec));
    }
}

static int spec_error(struct err *err, struct str spec, const char *why)
{
    return err_set(err, ERR_INVALID,
                   "bad address '%.*s': %s; it is ADDR:PORT, [IPV6]:PORT or unix:PATH",
                   STR_ARG(spec), why);
}

/* Cuts spec into host (no brackets; may be empty) and port. */
static int split_spec(struct str spec, struct str *host, struct str *port, struct err *err)
{
    size_t colon = spec.n;
    uint64_t number;

    while (colon && spec.p[colon - 1] != ':')
        colon--;
    *host = colon ? str_head(spec, colon - 1) : STR("127.0.0.1");
    *port = str_skip(spec, colon);
    if (!str_to_uint64(*port, &number))
        return spec_error(err, spec, "the port is missing or not a number");
    if (number > 65535)
        return spec_error(err, spec, "ports end at 65535");
    if (str_starts(*host, STR("["))) {
        if (!str_ends(*host, STR("]")))
            return spec_error(err, spec, "the bracket is not closed before the port");
        *host = str_make(host->p + 1, host->n - 2);
    } else if (str_has(*host, ':')) {
        return spec_error(err, spec, "an IPv6 address stands in brackets");
    }
    return 0;
}

static int open_inet(struct listener *l, struct str spec, const struct listen_options *o,
                     struct err *err)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct str host, port;
    char name[256], service[8];
    int rc, failed;

    if (split_spec(spec, &host, &port, err))
        return -1;
    if (host.n >= sizeof name)
        return spec_error(err, spec, "the host name is too long");
    snprintf(name, sizeof name, "%.*s", STR_ARG(host));
    snprintf(service, sizeof service, "%.*s", STR_ARG(port));
    if (!host.n)
        hints.ai_family = AF_INET;
    rc = getaddrinfo(host.n ? name : NULL, service, &hints, &found);
    if (rc)
        return err_set(err, ERR_NOT_FOUND, "cannot listen on '%.*s': host '%s': %s", STR_ARG(spec),
                       name, gai_strerror(rc));
    l->fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd >= 0) {
        set_option(l->fd, SOL_SOCKET, SO_REUSEADDR);
        set_option(l->fd, IPPROTO_TCP, TCP_NODELAY); /* accepted sockets inherit it */
        if (found->ai_family == AF_INET6)
            set_option(l->fd, IPPROTO_IPV6, IPV6_V6ONLY);
    }
    failed =
        l->fd < 0 || bind(l->fd, found->ai_addr, found->ai_addrlen) || listen(l->fd, o->backlog);
    if (failed)
        bind_error(err, spec, service);
    freeaddrinfo(found);
    return failed ? -1 : name_by_socket(l, err);
}

/* ---- unix sockets ---- */

/* Makes room for the socket file: 0 when there is nothing (any more) at that path. */
static int clear_path(const struct sockaddr_un *un, struct str spec, struct err *err)
{
    struct stat st;
    int fd, rc;

    if (lstat(un->sun_path, &st))
        return errno == ENOENT ? 0 : err_set_errno(err, "cannot listen on '%.*s'", STR_ARG(spec));
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_EXISTS,
                       "cannot listen on '%.*s': '%s' exists and is not a socket; move it away or "
                       "use another path",
                       STR_ARG(spec), un->sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_errno(err, "cannot make a socket");
    rc = connect(fd, (const struct sockaddr *)un, sizeof *un) ? errno : 0;
    close(fd);
    /* Refused: the file of a server that is gone.  Anything else (EAGAIN: a full
     * backlog; EACCES: somebody else's) may well be a server that lives. */
    if (rc == ECONNREFUSED && unlink(un->sun_path) == 0)
        return 0;
    if (rc == 0 || rc == EAGAIN)
        return err_set(err, ERR_EXISTS,
                       "cannot listen on '%.*s': another server answers there; `ss -lxp | grep "
                       "%s` shows which",
                       STR_ARG(spec), un->sun_path);
    errno = rc == ECONNREFUSED ? errno : rc;
    return err_set_errno(err, "cannot replace the socket '%s'", un->sun_path);
}

static int open_unix(struct listener *l, struct str spec, const struct listen_options *o,
                     struct err *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct str path = str_skip(spec, STR("unix:").n);
    struct stat st;

    if (path.n == 0)
        return spec_error(err, spec, "the path is missing");
    if (path.n >= sizeof un.sun_path)
        return err_set(err, ERR_TOO_LARGE,
                       "cannot listen on '%.*s': the path has %zu bytes, and a unix socket's at "
                       "most %zu; use a shorter one",
                       STR_ARG(spec), path.n, sizeof un.sun_path - 1);
    memcpy(un.sun_path, path.p, path.n);
    if (clear_path(&un, spec, err))
        return -1;
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || bind(l->fd, (const struct sockaddr *)&un, sizeof un))
        return err_set_errno(err, "cannot listen on '%.*s'", STR_ARG(spec));
    if (lstat(un.sun_path, &st) == 0) {
        l->dev = st.st_dev;
        l->ino = st.st_ino;
        l->made = st.st_mtim;
    }
    name_unix(l, &un, sizeof un);
    /* Nobody can connect before listen(): mode and owner are right from the start. */
    if (((o->uid != (uid_t)-1 || o->gid != (gid_t)-1) && chown(un.sun_path, o->uid, o->gid)) ||
        chmod(un.sun_path, o->mode))
        return err_set_errno(err, "cannot set mode and owner of the socket '%s'", un.sun_path);
    if (listen(l->fd, o->backlog))
        return err_set_errno(err, "cannot listen on '%.*s'", STR_ARG(spec));
    return 0;
}

/* ---- both ---- */

int listener_open(struct listener *l, struct str spec, const struct listen_options *o,
                  struct err *err)
{
    int rc;

    *l = (struct listener){.fd = -1};
    spec = str_trim(spec);
    rc = str_starts(spec, STR("unix:")) ? open_unix(l, spec, o, err) : open_inet(l, spec, o, err);
    if (rc) {
        listener_unlink(l);
        listener_close(l);
    }
    return rc;
}

int listener_adopt(struct listener *l, int fd, struct err *err)
{
    int listening = 0;
    socklen_t len = sizeof listening;

    *l = (struct listener){.fd = fd};
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len))
        return err_set_errno(err, "cannot use inherited file descriptor %d as a socket", fd);
    if (!listening)
        return err_set(err, ERR_INVALID, "inherited socket %d does not listen", fd);
    if (set_fd_flags(fd))
        return err_set_errno(err, "cannot set up inherited socket %d", fd);
    return name_by_socket(l, err);
}

void listener_close(struct listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

void listener_unlink(struct listener *l)
{
    const char *path = l->name + STR("unix:").n;
    struct stat st;

    if (l->ino && lstat(path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino &&
        st.st_mtim.tv_sec == l->made.tv_sec && st.st_mtim.tv_nsec == l->made.tv_nsec)
        unlink(path);
    l->ino = 0;
}
