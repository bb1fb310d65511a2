/* SPDX-License-Identifier: MIT */
/* Which hosts a request or a redirect may name. */
#ifndef HTTP_HOST_H
#define HTTP_HOST_H

#include "base/arena.h"
#include "base/err.h"

/* Splits "Example.com.:8000" into "example.com" (lower case, no dot at the end, in
 * the arena) and "8000" (or ""); false, with both empty, when it is not a host. */
bool host_split(struct arena *a, struct str host, struct str *domain, struct str *port);

/* Whether a lower-case host is the pattern, or under it when that starts with a dot. */
bool host_is_same_domain(struct str host, struct str pattern);
/* Whether a domain fits one of the patterns; "*" fits all. */
bool host_allowed(struct str domain, const struct str *patterns, size_t n);

/* Whether the Host of a request is allowed.  Without patterns and in debug mode
 * these are .localhost, 127.0.0.1 and [::1].  Fails with ERR_DENIED and the cure:
 * Django's DisallowedHost. */
int host_check(struct arena *a, struct str host, const struct str *patterns, size_t n, bool debug,
               struct err *err);

/* Whether a redirect to `url` stays on one of the hosts, with http or https (only
 * https when `require_https`), whatever browsers make of it. */
bool url_has_allowed_host_and_scheme(struct str url, const struct str *hosts, size_t n,
                                     bool require_https);

#endif
