/* SPDX-License-Identifier: MIT */
/* What a service manager gives and wants, in systemd's protocol and without its
 * library: sockets it has opened (LISTEN_FDS), and news of our state
 * (NOTIFY_SOCKET).  Both are no-ops when nobody asked. */
#ifndef SERVER_SYSTEMD_H
#define SERVER_SYSTEMD_H

#include "base/err.h"

#include <stddef.h>

struct notifier {
    int fd; /* -1: nobody wants to know */
};

/* How many sockets were passed to this process, beginning at descriptor *first.
 * Takes the variables out of the environment: they are not for our children. */
size_t systemd_sockets(int *first);

/* Takes NOTIFY_SOCKET out of the environment. A socket that cannot be reached
 * is as none. */
void notifier_open(struct notifier *n);
void notifier_close(struct notifier *n);
/* Lines as sd_notify(3) names them: "READY=1". */
void notifier_send(const struct notifier *n, const char *state);
/* RELOADING=1 with the time that Type=notify-reload wants beside it. */
void notifier_reloading(const struct notifier *n);

#endif
