/* SPDX-License-Identifier: MIT */
/* Private to engine/cache: the backends, one file and one line each. */
#ifndef CACHE_BACKENDS_H
#define CACHE_BACKENDS_H

#include "cache/cache.h"

extern const struct cache_ops cache_memory, cache_file, cache_database, cache_dummy, cache_redis,
    cache_memcached;

#endif
