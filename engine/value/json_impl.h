/* SPDX-License-Identifier: MIT */
/* What writer and reader of JSON share: finding the next byte that is not plain. */
#ifndef VALUE_JSON_IMPL_H
#define VALUE_JSON_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Plain: printable ASCII but for the quote and the backslash. */
static inline bool json_is_plain(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 0x20 && u < 0x7f && u != '"' && u != '\\';
}

/* Does a byte of w that is not plain exist? */
static inline bool json_word_has_special(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t quote = w ^ ones * '"', backslash = w ^ ones * '\\', del = w ^ ones * 0x7f;
    return ((w | (w - ones * 0x20) | (quote - ones) | (backslash - ones) | (del - ones)) & high) !=
           0;
}

/* Length of the plain run at the start of p[0..n). */
static inline size_t json_plain_run(const char *p, size_t n)
{
    size_t i = 0;
#ifdef __SSE2__
    const __m128i space = _mm_set1_epi8(0x20), quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\'), del = _mm_set1_epi8(0x7f);
    for (; i + 16 <= n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i bad =
            _mm_or_si128(/* signed: bytes beyond ASCII are below the space too */
                         _mm_or_si128(_mm_cmplt_epi8(v, space), _mm_cmpeq_epi8(v, del)),
                         _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
        int mask = _mm_movemask_epi8(bad);
        if (mask)
            return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    uint64_t w;
    for (; i + 8 <= n; i += 8) {
        memcpy(&w, p + i, 8);
        if (json_word_has_special(w))
            break;
    }
    if (i < n && i + 8 > n && n >= 4) { /* the last bytes at once, some of them again */
        uint32_t first, last;
        memcpy(&first, p + (n >= 8 ? n - 8 : 0), 4);
        memcpy(&last, p + n - 4, 4);
        if (!json_word_has_special((uint64_t)first << 32 | last))
            return n;
    }
    while (i < n && json_is_plain(p[i]))
        i++;
    return i;
}

#endif
