/* SPDX-License-Identifier: MIT */
/* The headers that tell caches what they may do: Cache-Control, Expires, Vary. */
#ifndef HTTP_CACHE_CONTROL_H
#define HTTP_CACHE_CONTROL_H

#include "http/headers.h"

struct cache_directive {
    struct str name;  /* "max-age", also "max_age" */
    struct str value; /* p NULL: a directive without a value */
};

/* Merges directives into Cache-Control: the smaller max-age wins, public and private
 * replace each other, field names of no-cache add up.  Fails on what may not stand
 * in a header. */
int cache_control_patch(struct headers *h, const struct cache_directive *d, size_t n,
                        struct err *err);
/* The max-age of Cache-Control; false when there is none or it is no number. */
bool cache_control_max_age(const struct headers *h, int64_t *seconds);
/* Expires (unless it is there) and max-age so many seconds after `now`; less than 0 is 0. */
int cache_control_expire(struct headers *h, int64_t seconds, int64_t now, struct err *err);
/* Expires now, and every directive against keeping it. */
int cache_control_never(struct headers *h, int64_t now, struct err *err);

/* Adds names to Vary that are not there yet, without case; "*" stands for all. */
int vary_patch(struct headers *h, const struct str *names, size_t n, struct err *err);
bool vary_has(const struct headers *h, struct str name);

#endif
