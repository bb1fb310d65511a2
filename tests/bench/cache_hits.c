/* SPDX-License-Identifier: MIT */
/* The hit rate of the memory cache beside that of LRU with room for as many items, on keys
 * drawn from a Zipf distribution, alone and with scans in between.
 *
 *     bench_cache_hits [SEED] */
#include "cache/cache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 200000, REQUESTS = 2000000, SCAN_EVERY = 200000, SCAN_KEYS = 50000 };

/* ---- LRU over key numbers ---- */

struct lru {
    int *newer, *older; /* by key; -1: none, -2: not in it */
    int newest, oldest, n, room;
};

static void lru_unlink(struct lru *l, int k)
{
    *(l->newer[k] >= 0 ? &l->older[l->newer[k]] : &l->newest) = l->older[k];
    *(l->older[k] >= 0 ? &l->newer[l->older[k]] : &l->oldest) = l->newer[k];
    l->newer[k] = -2;
    l->n--;
}

static bool lru_ask(struct lru *l, int k)
{
    bool hit = l->newer[k] != -2;
    if (hit)
        lru_unlink(l, k);
    else if (l->n == l->room)
        lru_unlink(l, l->oldest);
    l->newer[k] = -1;
    l->older[k] = l->newest;
    *(l->newest >= 0 ? &l->newer[l->newest] : &l->oldest) = k;
    l->newest = k;
    l->n++;
    return hit;
}

/* ---- keys ---- */

static uint64_t state;

static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / (double)(1ull << 53);
}

static double *zipf_table(double exponent)
{
    double *sums = malloc(KEYS * sizeof *sums), sum = 0;
    for (int i = 0; i < KEYS; i++)
        sums[i] = sum += 1 / pow(i + 1, exponent);
    for (int i = 0; i < KEYS; i++)
        sums[i] /= sum;
    return sums;
}

static int zipf(const double *sums)
{
    double u = uniform();
    int low = 0, high = KEYS - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (sums[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool cache_ask(struct cache *c, int k)
{
    char key[32];
    struct err err;
    struct buf b = BUF_INIT;
    struct str name = str_make(key, (size_t)snprintf(key, sizeof key, ":1:key:%d", k));
    bool hit = cache_get(c, name, &b, &err) > 0;
    if (!hit)
        cache_set(c, name, STR("a value"), CACHE_FOREVER, false, &err);
    buf_release(&b);
    return hit;
}

static void run(double exponent, double share, bool scans)
{
    struct err err;
    struct cache_stats stats;
    struct cache_options o = {
        .alias = "bench", .owner = -1, .max_bytes = (uint64_t)(KEYS * share * 137)};
    struct cache *c = cache_open(cache_backend(STR("memory")), &o, &err);
    double *sums = zipf_table(exponent);
    size_t all = KEYS + (size_t)REQUESTS / SCAN_EVERY * SCAN_KEYS;
    struct lru l = {malloc(all * sizeof(int)), malloc(all * sizeof(int)), -1, -1, 0, 0};
    long asked = 0, ours = 0, theirs = 0;
    int scanned = KEYS;
    for (size_t i = 0; i < all; i++)
        l.newer[i] = -2;
    cache_stats(c, &stats, &err);
    l.room = (int)(stats.max_bytes / 128);
    for (int i = 0; i < REQUESTS; i++) {
        int k = zipf(sums);
        bool mine = cache_ask(c, k), other = lru_ask(&l, k);
        if (i >= REQUESTS / 4) {
            asked++;
            ours += mine;
            theirs += other;
        }
        for (int j = 0; scans && i % SCAN_EVERY == 0 && j < SCAN_KEYS; j++, scanned++) {
            cache_ask(c, scanned);
            lru_ask(&l, scanned);
        }
    }
    printf("zipf %.1f, room for %4.1f %% of the keys%s: %.1f %%, LRU %.1f %%\n", exponent,
           100.0 * l.room / KEYS, scans ? ", scans" : "       ",
           100.0 * (double)ours / (double)asked, 100.0 * (double)theirs / (double)asked);
    free(sums);
    free(l.newer);
    free(l.older);
    cache_close(c);
}

int main(int argc, char **argv)
{
    state = argc > 1 ? strtoull(argv[1], NULL, 0) : 88172645463325252u;
    for (int scans = 0; scans < 2; scans++)
        for (int e = 0; e < 3; e++)
            for (int s = 0; s < 3; s++)
                run(0.8 + 0.2 * e, (const double[]){0.01, 0.05, 0.2}[s], scans);
    return 0;
}
