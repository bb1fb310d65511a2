/* SPDX-License-Identifier: MIT */
/* Eight bytes of a text at once, as a 64-bit number. */
#ifndef BASE_BYTES8_H
#define BASE_BYTES8_H

#include <stdint.h>
#include <string.h>

#define BYTES8(c) (UINT64_C(0x0101010101010101) * (unsigned char)(c))

static inline uint64_t bytes8_load(const char *p)
{
    uint64_t w;
    memcpy(&w, p, 8);
    return w;
}

/* Not 0 when one of the bytes is c, or below c (at most 128). */
static inline uint64_t bytes8_below(uint64_t w, unsigned char c)
{
    return (w - BYTES8(c)) & ~w & BYTES8(0x80);
}

static inline uint64_t bytes8_has(uint64_t w, char c)
{
    return bytes8_below(w ^ BYTES8(c), 1);
}

#endif
