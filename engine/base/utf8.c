/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

size_t utf8_decode(struct str s, uint32_t *cp)
{
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t c = p[0], min;
    size_t n;

    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    if (c >= 0xc2 && c < 0xe0)
        n = 2, min = 0x80, c &= 0x1f;
    else if (c >= 0xe0 && c < 0xf0)
        n = 3, min = 0x800, c &= 0x0f;
    else if (c >= 0xf0 && c < 0xf5)
        n = 4, min = 0x10000, c &= 0x07;
    else
        return 0;
    if (s.n < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < min || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *cp = c;
    return n;
}

size_t utf8_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

void utf8_add(struct buf *b, uint32_t cp)
{
    char out[4];
    buf_add(b, out, utf8_encode(cp, out));
}

/* Length of the run of ASCII bytes at the start, eight at a time. */
static size_t ascii_run(struct str s)
{
    size_t i = 0;
    uint64_t w;
    for (; i + 8 <= s.n; i += 8) {
        memcpy(&w, s.p + i, 8);
        if (w & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < s.n && !(s.p[i] & 0x80))
        i++;
    return i;
}

bool utf8_valid(struct str s)
{
    while (s.n) {
        s = str_skip(s, ascii_run(s));
        if (s.n) {
            uint32_t cp;
            size_t n = utf8_decode(s, &cp);
            if (n == 0)
                return false;
            s = str_skip(s, n);
        }
    }
    return true;
}

static size_t step(struct str s)
{
    uint32_t cp;
    size_t n = utf8_decode(s, &cp);
    return n ? n : 1;
}

size_t utf8_len(struct str s)
{
    size_t len = 0;
    while (s.n) {
        size_t run = ascii_run(s);
        len += run;
        s = str_skip(s, run);
        if (s.n) {
            s = str_skip(s, step(s));
            len++;
        }
    }
    return len;
}

size_t utf8_offset(struct str s, size_t n)
{
    struct str rest = s;
    while (n && rest.n) {
        rest = str_skip(rest, step(rest));
        n--;
    }
    return s.n - rest.n;
}

/* Length of the longest start of a valid sequence: what one U+FFFD stands for. */
static size_t bad_len(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t want = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2, i = 1;
    unsigned char lo = 0x80, hi = 0xbf;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 1;
    if (p[0] == 0xe0)
        lo = 0xa0;
    else if (p[0] == 0xed)
        hi = 0x9f;
    else if (p[0] == 0xf0)
        lo = 0x90;
    else if (p[0] == 0xf4)
        hi = 0x8f;
    for (; i < want && i < s.n; i++, lo = 0x80, hi = 0xbf)
        if (p[i] < lo || p[i] > hi)
            break;
    return i;
}

void utf8_add_replaced(struct buf *b, struct str s)
{
    while (s.n) {
        size_t run = ascii_run(s);
        uint32_t cp;
        if (run == 0) {
            run = utf8_decode(s, &cp);
            if (run == 0) {
                buf_adds(b, "\xef\xbf\xbd");
                s = str_skip(s, bad_len(s));
                continue;
            }
        }
        buf_add(b, s.p, run);
        s = str_skip(s, run);
    }
}
