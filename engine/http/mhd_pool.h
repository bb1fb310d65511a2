/* SPDX-License-Identifier: MIT */
/* Private: see mhd_pool.c. */
#ifndef HTTP_MHD_POOL_H
#define HTTP_MHD_POOL_H

#include <stddef.h>

struct MemoryPool;

/* Takes the pool back to `new_size` bytes in use, the first copy_bytes of which are those
 * at `keep`; gives the pool's memory. */
void *__wrap_MHD_pool_reset(struct MemoryPool *p, void *keep, size_t copy_bytes, size_t new_size);

/* Makes `block` of `size` bytes larger or smaller; NULL when there is no room. */
void *__wrap_MHD_pool_reallocate(struct MemoryPool *p, void *block, size_t size, size_t new_size);
void *__real_MHD_pool_reallocate(struct MemoryPool *p, void *block, size_t size, size_t new_size);

#endif
