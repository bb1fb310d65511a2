/* SPDX-License-Identifier: MIT */
/* The host that a request is for, as Django's get_host() gives it. */
#ifndef PIPELINE_REQUEST_HOST_H
#define PIPELINE_REQUEST_HOST_H

#include "http/request.h"

struct settings;

/* "example.com:8000", checked against allowed_hosts once per request; -1 after
 * request_raise("DisallowedHost"). In the request's memory. */
int request_host(struct request *r, const struct settings *s, struct str *host);

/* The same for who asks at every request: what passed the last time passes without a look.
 * Owner: the layer, as its settings; starts zeroed. */
struct host_memo {
    size_t n;
    char text[256];
};
int request_host_memo(struct host_memo *m, struct request *r, const struct settings *s,
                      struct str *host);

/* The port, of X-Forwarded-Port when that is to be believed. In the request's memory. */
struct str request_port(const struct request *r, const struct settings *s);

#endif
