/* SPDX-License-Identifier: MIT */
/* Private: see mhd_wrap.c. */
#ifndef HTTP_MHD_WRAP_H
#define HTTP_MHD_WRAP_H

#include <stddef.h>
#include <stdint.h>

struct MemoryPool;

/* Takes the pool back to `new_size` bytes in use, the first copy_bytes of which are those
 * at `keep`; gives the pool's memory. */
void *__wrap_MHD_pool_reset(struct MemoryPool *p, void *keep, size_t copy_bytes, size_t new_size);

/* Makes `block` of `size` bytes larger or smaller; NULL when there is no room. */
void *__wrap_MHD_pool_reallocate(struct MemoryPool *p, void *block, size_t size, size_t new_size);
void *__real_MHD_pool_reallocate(struct MemoryPool *p, void *block, size_t size, size_t new_size);

/* The hexadecimal number that `text` begins with; gives its digits, 0 when there are none
 * or the number is too large. */
size_t __wrap_MHD_strx_to_uint64_n_(const char *text, size_t n, uint64_t *out);
size_t __real_MHD_strx_to_uint64_n_(const char *text, size_t n, uint64_t *out);

/* Writes the number in decimal, without a NUL; gives its length, 0 when there is no room. */
size_t __wrap_MHD_uint64_to_str(uint64_t value, char *out, size_t room);

#endif
