/* SPDX-License-Identifier: MIT */
/* Whatever a server sends is read as replies that lie within it, or refused; and a reply is
 * not there before its last byte. */
#include "cache/memcached_wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_make((const char *)data, size);
    struct err err;
    while (in.n) {
        struct mc_reply reply, less;
        int64_t taken = mc_parse(in, &reply, &err);
        if (taken <= 0)
            break;
        require((size_t)taken <= in.n);
        require(reply.data.n == 0 ||
                (reply.data.p > in.p && reply.data.p + reply.data.n < in.p + taken));
        require(reply.code != MC_VALUE || reply.data.n + 8 <= (size_t)taken);
        require(mc_parse(str_head(in, (size_t)taken - 1), &less, &err) == 0);
        in = str_skip(in, (size_t)taken);
    }
    return 0;
}
