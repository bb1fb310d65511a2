/* SPDX-License-Identifier: MIT */
/* Powers of ten as 128-bit binary fractions: what number.c needs to read and write
 * doubles with integer arithmetic alone. */
#ifndef VALUE_POW10_H
#define VALUE_POW10_H

#include <stdbool.h>
#include <stdint.h>

enum { POW10_MIN = -351, POW10_MAX = 350 };

struct pow10 {
    uint64_t hi, lo; /* the first 128 bits of 10^k; the top bit is set */
    bool exact;      /* there are no further bits */
};

/* 10^k for k from POW10_MIN to POW10_MAX.  Its value is hi:lo * 2^(pow10_log2(k) - 127). */
struct pow10 pow10_bits(int k);

/* floor(log2(10^k)) for |k| <= 1233 */
static inline int pow10_log2(int k)
{
    return (k * 1741647) >> 19;
}

#endif
