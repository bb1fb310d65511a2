/* SPDX-License-Identifier: MIT */
/* Small responses that are equal share one libmicrohttpd object.
 *
 * Making such an object costs libmicrohttpd a dozen allocations; a constant answer (a
 * health check, a redirect, "not found", most of what a small API says) is the same
 * bytes over and over.  The second time that fields and body are seen they are kept, and
 * from then on a comparison finds them.  All are forgotten once a second, because the
 * Date field is part of them.  Private to the server. */
#ifndef HTTP_SHARED_H
#define HTTP_SHARED_H

#include "base/str.h"

struct MHD_Response;
struct response;
struct shared;

struct shared *shared_new(struct str server_header);
void shared_free(struct shared *s); /* NULL is allowed */

/* The object for r, borrowed: queue it before the next call. NULL when r is not of the
 * kind that is shared, or new. */
struct MHD_Response *shared_get(struct shared *s, const struct response *r);

#endif
