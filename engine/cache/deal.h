/* SPDX-License-Identifier: MIT */
/* Private to engine/cache: many keys dealt out to the servers that have them, in parts that
 * keep none of them busy for long. */
#ifndef CACHE_DEAL_H
#define CACHE_DEAL_H

#include "cache/ring.h"

struct deal_part {
    size_t server;
    size_t first, n; /* of order[] */
};

struct deal {
    size_t *order; /* the numbers of the keys, by server */
    struct deal_part *parts;
    size_t nparts;
};

/* `ring` NULL: the first server has everything. */
void deal_init(struct deal *d, const struct ring *ring, size_t nservers, const struct str *keys,
               size_t n);
void deal_release(struct deal *d);

#endif
