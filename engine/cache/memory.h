/* SPDX-License-Identifier: MIT */
/* The memory backend: one cache for all processes of a project on a machine.
 *
 * `location` is the folder of its file, which must be in memory to be worth anything
 * (/dev/shm by default); without a scope the cache is the process's own. */
#ifndef CACHE_MEMORY_H
#define CACHE_MEMORY_H

#include "cache/cache.h"

/* Is everything whole in the cache, which must be of this backend? For tests. */
bool cache_memory_check(struct cache *c, struct err *err);

#endif
