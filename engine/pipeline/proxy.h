/* SPDX-License-Identifier: MIT */
/* What proxies in front of the server say about a request, as far as they are believed.
 *
 * X-Forwarded-For and X-Forwarded-Proto are read when the peer is one of
 * settings.trusted_proxies: addresses, networks ("10.0.0.0/8") and "unix:" for a unix
 * socket.  The client is the rightmost address that is no trusted proxy: what stands left
 * of it, the client may have written itself.
 *
 * settings.secure_proxy_ssl_header is Django's: once set, that header alone says whether a
 * request came by https, whoever the peer is.  So the proxy must always set or strip it. */
#ifndef PIPELINE_PROXY_H
#define PIPELINE_PROXY_H

#include "base/err.h"

struct proxy; /* owner: the worker; immutable */
struct request;
struct settings;

/* *out is NULL when the settings leave nothing to do. -1 with ERR_CONFIG. */
int proxy_open(struct proxy **out, const struct settings *s, struct err *err);
void proxy_close(struct proxy *p); /* NULL is allowed */

/* Sets remote_addr, secure_transport and proxied; once, before the pipeline. */
void proxy_apply(const struct proxy *p, struct request *r);

#endif
