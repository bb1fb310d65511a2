/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include "base/banned.h"

#include <pthread.h>
#include <sys/random.h>

/* The one mutable thing that is process-wide: written once, before any use. */
static uint64_t key0, key1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
    uint64_t k[2];
    if (getrandom(k, sizeof k, 0) != sizeof k)
        abort();
    key0 = k[0];
    key1 = k[1];
}

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define ROUND                                                                                      \
    do {                                                                                           \
        v0 += v1, v1 = ROTL(v1, 13), v1 ^= v0, v0 = ROTL(v0, 32);                                  \
        v2 += v3, v3 = ROTL(v3, 16), v3 ^= v2;                                                     \
        v0 += v3, v3 = ROTL(v3, 21), v3 ^= v0;                                                     \
        v2 += v1, v1 = ROTL(v1, 17), v1 ^= v2, v2 = ROTL(v2, 32);                                  \
    } while (0)

/* Lowers the ASCII letters among eight bytes at once. */
static uint64_t lower8(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low7 = w & (ones * 0x7f);
    uint64_t ge_a = low7 + ones * (0x80 - 'A');
    uint64_t gt_z = low7 + ones * (0x80 - 'Z' - 1);
    return w | ((((ge_a ^ gt_z) & ~w) & (ones * 0x80)) >> 2);
}

/* The last 0 to 7 bytes, without a call for so few. */
static inline uint64_t read_tail(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    if (n >= 4) { /* what both halves have is the same in both */
        uint32_t low, high;
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
        return low | (uint64_t)high << 8 * (n - 4);
    }
    return n ? u[0] | (uint64_t)u[n / 2] << 8 * (n / 2) | (uint64_t)u[n - 1] << 8 * (n - 1) : 0;
}

static inline uint64_t hash(struct str s, bool lower, uint64_t k0, uint64_t k1)
{
    uint64_t v0 = k0 ^ UINT64_C(0x736f6d6570736575), v1 = k1 ^ UINT64_C(0x646f72616e646f6d);
    uint64_t v2 = k0 ^ UINT64_C(0x6c7967656e657261), v3 = k1 ^ UINT64_C(0x7465646279746573);
    size_t n = s.n;
    const char *p = s.p;
    uint64_t m;

    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&m, p, 8);
        if (lower)
            m = lower8(m);
        v3 ^= m;
        ROUND;
        v0 ^= m;
    }
    m = read_tail(p, n);
    if (lower)
        m = lower8(m);
    m |= (uint64_t)s.n << 56;
    v3 ^= m;
    ROUND;
    v0 ^= m;
    v2 ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}

uint64_t hash_str(struct str s)
{
    pthread_once(&once, draw_key);
    return hash(s, false, key0, key1);
}

uint64_t hash_istr(struct str s)
{
    pthread_once(&once, draw_key);
    return hash(s, true, key0, key1);
}

uint64_t hash_keyed(struct str s, const uint64_t key[2])
{
    return hash(s, false, key[0], key[1]);
}
