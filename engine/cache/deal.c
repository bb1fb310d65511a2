/* SPDX-License-Identifier: MIT */
#include "cache/deal.h"

#include "base/mem.h"

enum { PART = 512 }; /* keys */

static void add_parts(struct deal *d, size_t server, size_t first, size_t n)
{
    for (size_t at = 0; at < n; at += PART)
        d->parts[d->nparts++] =
            (struct deal_part){server, first + at, n - at < PART ? n - at : PART};
}

void deal_init(struct deal *d, const struct ring *ring, size_t nservers, const struct str *keys,
               size_t n)
{
    size_t k = 0;
    d->order = mem_alloc((n + 1) * sizeof *d->order);
    d->parts = mem_alloc((n / PART + nservers + 1) * sizeof *d->parts);
    d->nparts = 0;
    if (!ring) {
        for (size_t i = 0; i < n; i++)
            d->order[i] = i;
        add_parts(d, 0, 0, n);
        return;
    }
    size_t *server = mem_alloc((n + 1) * sizeof *server);
    for (size_t i = 0; i < n; i++)
        server[i] = ring_find(ring, keys[i]);
    for (size_t j = 0; j < nservers; j++) {
        size_t first = k;
        for (size_t i = 0; i < n; i++)
            if (server[i] == j)
                d->order[k++] = i;
        add_parts(d, j, first, k - first);
    }
    free(server);
}

void deal_release(struct deal *d)
{
    free(d->order);
    free(d->parts);
}
