/* SPDX-License-Identifier: MIT */
/* Private to engine/cache: which of several servers has a key.
 *
 * Consistent hashing as libmemcached does it with its KETAMA_WEIGHTED behaviour and equal
 * weights, so that clients in other languages find the same keys on the same servers: each
 * server has 160 points on a circle of 32 bits, and a key belongs to the next point. When a
 * server is added or taken away only its share of the keys moves. */
#ifndef CACHE_RING_H
#define CACHE_RING_H

#include "base/str.h"

struct ring;

/* The names of the servers, in any order but without doubles; n from 1. */
struct ring *ring_new(const struct str *names, size_t n);
void ring_free(struct ring *r);
/* The index of the server's name. */
size_t ring_find(const struct ring *r, struct str key);

#endif
