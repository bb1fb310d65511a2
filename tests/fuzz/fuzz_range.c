/* SPDX-License-Identifier: MIT */
/* Range headers: eight bytes are the size, the rest is the header.  Entity tags too. */
#include "http/conditional.h"
#include "http/range.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct range_set set;
    uint64_t length, total = 0;
    struct str tag;

    if (size < sizeof length)
        return 0;
    memcpy(&length, data, sizeof length);
    struct str header = str_make((const char *)data + sizeof length, size - sizeof length);
    enum range_result result = range_parse(&set, header, length);
    assert((result == RANGE_PARTIAL) == (set.n > 0));
    for (size_t i = 0; i < set.n; i++) {
        const struct range *r = &set.items[i];
        assert(r->length > 0 && r->start < length && r->length <= length - r->start);
        total += r->length;
        assert(total <= length); /* they do not overlap */
    }
    range_if_range_passes(header, STR("\"x\""), 0, 0);
    while (etag_next(&header, &tag))
        assert(etag_valid(tag));
    return 0;
}
