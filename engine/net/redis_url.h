/* SPDX-License-Identifier: MIT */
/* Where a Redis is and who asks it, as a URL. */
#ifndef NET_REDIS_URL_H
#define NET_REDIS_URL_H

#include "net/endpoint.h"

struct redis_url {
    struct endpoint at;
    char *user, *password; /* NULL: none */
    unsigned database;
};

/* Reads redis://[[user]:password@]host[:port][/database] and
 * unix://[[user]:password@]/path[?db=database], what redis-py reads, too; percent-encoded
 * where it has to be. ERR_CONFIG; the password is never in the text. */
int redis_url_parse(struct redis_url *u, struct str text, struct err *err);
void redis_url_release(struct redis_url *u);

#endif
