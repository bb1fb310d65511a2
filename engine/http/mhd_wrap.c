/* SPDX-License-Identifier: MIT */
/* Functions of libmicrohttpd that ours take the place of.
 *
 * It clears the memory pool of a connection after every request, and what is
 * left of its read buffer before every response, for tidiness: nothing reads those bytes
 * before they are written again.  With a pool large
 * enough for the headers that our settings allow, this costs as much as half a request
 * (docs/decisions/0005-libmicrohttpd-pool.md has the figures).
 *
 * Where the library is linked statically in the one version whose pool is known
 * (cmake/Dependencies.cmake), the linker puts these functions in place of its own
 * (--wrap); they do the same but for the clearing.  A connection's pool holds bytes of
 * that connection only.
 *
 * It writes numbers with a division by each power of ten that fits 64 bits: two dozen
 * divisions for each Content-Length.
 *
 * And it accepts any chunk size that fits 64 bits, then waits for that many bytes: sizes
 * that no limit allows are made to look like an overflow, which it answers with 413. */
#include "http/mhd_wrap.h"

#include "base/banned.h"

struct MemoryPool { /* of libmicrohttpd 0.9.75 */
    char *memory;
    size_t size;
    size_t pos; /* first free byte */
    size_t end; /* behind the last free byte */
};

static size_t aligned(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

void *__wrap_MHD_pool_reset(struct MemoryPool *p, void *keep, size_t copy_bytes, size_t new_size)
{
    if (keep && copy_bytes && keep != p->memory)
        memmove(p->memory, keep, copy_bytes);
    p->pos = aligned(new_size);
    p->end = p->size;
    return p->memory;
}

void *__wrap_MHD_pool_reallocate(struct MemoryPool *p, void *block, size_t size, size_t new_size)
{
    if (!block || new_size >= size)
        return __real_MHD_pool_reallocate(p, block, size, new_size);
    /* It shrinks where it is; the last block gives its room back. */
    size_t at = (size_t)((char *)block - p->memory);
    if (p->pos == aligned(at + size))
        p->pos = aligned(at + new_size);
    return block;
}

/* A tebibyte: more than any body may have. */
#define CHUNK_MAX (UINT64_C(1) << 40)

size_t __wrap_MHD_strx_to_uint64_n_(const char *text, size_t n, uint64_t *out)
{
    size_t digits = __real_MHD_strx_to_uint64_n_(text, n, out);
    if (digits && *out > CHUNK_MAX)
        return 0; /* as on overflow */
    return digits;
}

size_t __wrap_MHD_uint64_to_str(uint64_t value, char *out, size_t room)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    if (n > room)
        return 0;
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}
