/* SPDX-License-Identifier: MIT */
/* Listening sockets from what a user writes: "ADDR:PORT", "PORT" (of 127.0.0.1),
 * ":PORT" (all of IPv4), "[IPV6]:PORT" (IPv6 alone), "unix:PATH". */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>
#include <time.h>

struct listener { /* read-only to callers */
    int fd;
    bool local;     /* a unix socket */
    char name[136]; /* "http://127.0.0.1:8000", "unix:/run/app.sock" */
    /* Of the socket file, when it is ours to remove: ino is not 0. */
    dev_t dev;
    ino_t ino;
    struct timespec made; /* a number may be used again */
};

struct listen_options {
    int backlog;
    mode_t mode; /* of a unix socket */
    uid_t uid;   /* its owner; (uid_t)-1: as it is */
    gid_t gid;
};

/* Bound, listening, non-blocking, close-on-exec; port 0 picks a free one, which
 * is in l->name.  A socket file that nobody answers on is replaced.  A host name
 * stands for its first address. */
int listener_open(struct listener *l, struct str spec, const struct listen_options *o,
                  struct err *err);
/* A listening socket that somebody else opened: l owns fd from now on, unless this fails. */
int listener_adopt(struct listener *l, int fd, struct err *err);
/* Closes the socket; the file of a unix socket stays. */
void listener_close(struct listener *l);
/* Removes the file of a unix socket that listener_open() made, unless another
 * server has put its own there since. */
void listener_unlink(struct listener *l);

#endif
