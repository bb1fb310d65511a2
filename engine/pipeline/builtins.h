/* SPDX-License-Identifier: MIT */
/* The built-in layers, one file each. Private to the module. */
#ifndef PIPELINE_BUILTINS_H
#define PIPELINE_BUILTINS_H

#include "pipeline/middleware.h"

extern const struct middleware_ops middleware_security;        /* security.c */
extern const struct middleware_ops middleware_common;          /* common.c */
extern const struct middleware_ops middleware_clickjacking;    /* clickjacking.c */
extern const struct middleware_ops middleware_csp;             /* csp.c */
extern const struct middleware_ops middleware_gzip;            /* gzip.c */
extern const struct middleware_ops middleware_conditional_get; /* conditional_get.c */
extern const struct middleware_ops middleware_request_id;      /* request_id.c */
extern const struct middleware_ops middleware_timing;          /* timing.c */
/* page_layers.c */
extern const struct middleware_ops middleware_cache, middleware_fetch_from_cache,
    middleware_update_cache;

/* A header field that the layer worked out when it was made: costs a look and a store.
 * Leaves a field of that name alone; `value` n 0: nothing to say. */
static inline void layer_header(struct response *response, struct str name, struct str value)
{
    if (value.n && !headers_has(&response->headers, name))
        headers_put(&response->headers, name, value);
}

#endif
