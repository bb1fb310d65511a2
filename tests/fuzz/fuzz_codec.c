/* SPDX-License-Identifier: MIT */
/* What stands in a cache may be anything: it is read as one of ours or refused, and what is
 * one of ours has its parts within its bytes. */
#include "cache/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static bool within(struct str part, struct str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str stored = str_make((const char *)data, size), name, version, tags;
    struct buf plain = BUF_INIT;
    struct codec c;
    if (!codec_read(stored, &c))
        return 0;
    if (c.is_integer) {
        buf_addint(&plain, c.integer);
        require(plain.n <= 20);
        buf_release(&plain);
        return 0;
    }
    require(within(c.tags, stored) && within(c.packed, stored));
    for (tags = c.tags; tags.n;)
        require(codec_next_tag(&tags, &name, &version) && within(name, stored) && version.n == 8);
    if ((c.flags & CODEC_ZIP) && c.size <= 1 << 20 && codec_unzip(&c, &plain, NULL) == 0)
        require(plain.n == c.size);
    buf_release(&plain);
    return 0;
}
