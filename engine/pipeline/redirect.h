/* SPDX-License-Identifier: MIT */
/* Where a request is, as a URL, and sending it elsewhere. */
#ifndef PIPELINE_REDIRECT_H
#define PIPELINE_REDIRECT_H

#include "base/buf.h"
#include "http/request.h"
#include "http/response.h"

/* Adds path and query as they may stand in a URL, with a slash at the end of the path
 * when there is none and `slash`: Django's get_full_path(). */
void request_full_path(const struct request *r, bool slash, struct buf *out);

/* A 301 to `url`, which may hold more than ASCII. Never NULL; one reference. */
struct response *redirect_permanent(struct str url);

#endif
