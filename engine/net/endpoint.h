/* SPDX-License-Identifier: MIT */
/* Where a server listens, and connecting to it without blocking the loop. */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct loop;

struct endpoint {  /* read-only to callers */
    char *host;    /* a name or a number; NULL: a socket file */
    char *path;    /* of that */
    uint16_t port; /* of a host */
    char *name;    /* "127.0.0.1:6379", "[::1]:6379", "/run/redis.sock": for messages */
};

/* Reads "host", "host:port", "[::1]:port", "/path" or "unix:/path". */
int endpoint_parse(struct endpoint *e, struct str text, uint16_t default_port, struct err *err);
void endpoint_release(struct endpoint *e);

/* A connected descriptor, non-blocking, without delay; -1 when no address of the host
 * answers by the deadline (monotonic ns). May wait. */
int endpoint_dial(struct loop *l, const struct endpoint *e, int64_t deadline, struct err *err);

#endif
