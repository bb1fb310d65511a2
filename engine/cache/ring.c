/* SPDX-License-Identifier: MIT */
#include "cache/ring.h"

#include "base/mem.h"
#include "crypto/digest.h"

enum { POINTS = 160, POINTS_OF_HASH = 4, NAME_MAX_BYTES = 512 };

struct point {
    uint32_t at;
    uint32_t server;
};

struct ring {
    size_t n; /* points */
    struct point points[];
};

static uint32_t number(const unsigned char *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static int compare(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->server < y->server ? -1 : x->server > y->server;
}

static void add_points(struct ring *r, struct str name, uint32_t server)
{
    char text[NAME_MAX_BYTES];
    struct digest d;
    for (unsigned i = 0; i < POINTS / POINTS_OF_HASH; i++) {
        int n = snprintf(text, sizeof text, "%.*s-%u", STR_ARG(str_head(name, 400)), i);
        digest_md5(str_make(text, (size_t)n), &d);
        for (int k = 0; k < POINTS_OF_HASH; k++)
            r->points[r->n++] = (struct point){number(d.bytes + (size_t)(4 * k)), server};
    }
}

struct ring *ring_new(const struct str *names, size_t n)
{
    struct ring *r = mem_zalloc(sizeof *r + mem_mul(n * POINTS, sizeof *r->points));
    for (size_t i = 0; i < n; i++)
        add_points(r, names[i], (uint32_t)i);
    qsort(r->points, r->n, sizeof *r->points, compare);
    return r;
}

void ring_free(struct ring *r)
{
    free(r);
}

size_t ring_find(const struct ring *r, struct str key)
{
    struct digest d;
    size_t low = 0, high = r->n;
    digest_md5(key, &d);
    uint32_t at = number(d.bytes);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->points[mid].at < at)
            low = mid + 1;
        else
            high = mid;
    }
    return r->points[low < r->n ? low : 0].server;
}
