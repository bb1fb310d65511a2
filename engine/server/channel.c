/* SPDX-License-Identifier: MIT */
#include "server/master.h"

#include <errno.h>
#include <sys/socket.h>

void channel_send(int fd, const struct message *msg)
{
    size_t n = offsetof(struct message, text) + strlen(msg->text) + 1;
    if (fd >= 0)
        (void)send(fd, msg, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int channel_receive(int fd, struct message *msg)
{
    ssize_t n;

    do
        n = recv(fd, msg, sizeof *msg, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= (ssize_t)offsetof(struct message, text))
        return -1;
    msg->text[(size_t)n - offsetof(struct message, text) - 1] = '\0';
    return 1;
}
