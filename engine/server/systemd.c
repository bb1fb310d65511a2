/* SPDX-License-Identifier: MIT */
#include "server/systemd.h"

#include "base/banned.h"
#include "base/clock.h"
#include "base/str.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

size_t systemd_sockets(int *first)
{
    uint64_t pid = 0, n = 0;
    bool ours = str_to_uint64(str_from(getenv("LISTEN_PID")), &pid) && pid == (uint64_t)getpid() &&
                str_to_uint64(str_from(getenv("LISTEN_FDS")), &n) && n < 1024;

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    *first = FIRST_FD;
    return ours ? (size_t)n : 0;
}

void notifier_open(struct notifier *n)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct str path = str_from(getenv("NOTIFY_SOCKET"));
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n);

    n->fd = -1;
    if (path.n == 0 || path.n >= sizeof un.sun_path || (path.p[0] != '/' && path.p[0] != '@'))
        return;
    memcpy(un.sun_path, path.p, path.n);
    if (un.sun_path[0] == '@') /* abstract */
        un.sun_path[0] = '\0';
    unsetenv("NOTIFY_SOCKET");
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (n->fd >= 0 && connect(n->fd, (struct sockaddr *)&un, len))
        notifier_close(n);
}

void notifier_close(struct notifier *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

void notifier_send(const struct notifier *n, const char *state)
{
    if (n->fd >= 0)
        (void)send(n->fd, state, strlen(state), MSG_NOSIGNAL);
}

void notifier_reloading(const struct notifier *n)
{
    char text[64];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)(clock_monotonic() / 1000));
    notifier_send(n, text);
}
