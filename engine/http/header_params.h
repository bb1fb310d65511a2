/* SPDX-License-Identifier: MIT */
/* A header value with parameters: `text/html; charset="utf-8"; title*=UTF-8''a%20b`,
 * with the encoding and the continuations of RFC 2231. */
#ifndef HTTP_HEADER_PARAMS_H
#define HTTP_HEADER_PARAMS_H

#include "base/arena.h"
#include "base/err.h"

#define HEADER_PARAMS_MAX 10000 /* bytes of a value that is looked at */

struct header_param {
    struct str name;  /* lower case, without the "*" of RFC 2231 */
    struct str value; /* unquoted and decoded, UTF-8 */
};

struct header_params { /* strings are NUL-ended and in the arena */
    struct str value;  /* the part before the first ";", lower case */
    struct header_param *items;
    size_t n;
};

/* Fails with ERR_TOO_LARGE on more than `max` bytes (0: HEADER_PARAMS_MAX).
 * What is malformed is left out or taken as it stands, as browsers need it. */
int header_params_parse(struct header_params *out, struct arena *a, struct str line, size_t max,
                        struct err *err);
/* The last parameter of that (lower-case) name; p NULL when there is none. */
struct str header_params_get(const struct header_params *h, struct str name);

#endif
