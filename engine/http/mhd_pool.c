/* SPDX-License-Identifier: MIT */
/* libmicrohttpd clears the whole memory pool of a connection after every request, for
 * tidiness: nothing reads those bytes before they are written again.  With a pool large
 * enough for the headers that our settings allow, this costs as much as half a request
 * (docs/decisions/0005-libmicrohttpd-pool.md has the figures).
 *
 * Where the library is linked statically in the one version whose pool is known
 * (cmake/Dependencies.cmake), the linker puts this function in place of its own
 * (--wrap=MHD_pool_reset); it does the same but for the clearing.  A connection's pool
 * holds bytes of that connection only. */
#include "http/mhd_pool.h"

#include "base/banned.h"

struct MemoryPool { /* of libmicrohttpd 0.9.75 */
    char *memory;
    size_t size;
    size_t pos; /* first free byte */
    size_t end; /* behind the last free byte */
};

void *__wrap_MHD_pool_reset(struct MemoryPool *p, void *keep, size_t copy_bytes, size_t new_size)
{
    if (keep && copy_bytes && keep != p->memory)
        memmove(p->memory, keep, copy_bytes);
    p->pos = (new_size + 15) & ~(size_t)15;
    p->end = p->size;
    return p->memory;
}
