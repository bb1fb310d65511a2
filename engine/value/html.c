/* SPDX-License-Identifier: MIT */
#include "value/html.h"

#include "value/unicode.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- escaping, by runs ---- */

static const struct escape {
    char text[7];
    unsigned char n;
} escapes[256] = {
    ['&'] = {"&amp;", 5},  ['<'] = {"&lt;", 4},    ['>'] = {"&gt;", 4},
    ['"'] = {"&quot;", 6}, ['\''] = {"&#x27;", 6},
};

#ifdef __SSE2__
/* Which of 16 bytes are escaped, as bits. */
static unsigned escaped_bits(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i a =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('&')), _mm_cmpeq_epi8(v, _mm_set1_epi8('<')));
    __m128i b =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('>')), _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    __m128i c = _mm_cmpeq_epi8(v, _mm_set1_epi8('\''));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(a, b), c));
}
#endif

/* Index of the first byte at or behind i that is escaped, n when there is none. */
static size_t next_escaped(const char *p, size_t i, size_t n)
{
#ifdef __SSE2__
    for (; i + 16 <= n; i += 16) {
        unsigned bits = escaped_bits(p + i);
        if (bits)
            return i + (size_t)__builtin_ctz(bits);
    }
#endif
    while (i < n && !escapes[(unsigned char)p[i]].n)
        i++;
    return i;
}

bool html_needs_escape(struct str s)
{
    return next_escaped(s.p, 0, s.n) < s.n;
}

void html_escape(struct buf *out, struct str s)
{
    size_t i = next_escaped(s.p, 0, s.n), run = 0;
    buf_reserve(out, s.n);
    for (; i < s.n; i = next_escaped(s.p, run, s.n)) {
        const struct escape *e = &escapes[(unsigned char)s.p[i]];
        buf_add(out, s.p + run, i - run);
        buf_add(out, e->text, e->n);
        run = i + 1;
    }
    buf_add(out, s.p + run, s.n - run);
}

static void add_u(struct buf *out, uint32_t cp)
{
    static const char digits[] = "0123456789ABCDEF";
    char six[6] = {
        '\\',           'u', digits[cp >> 12 & 15], digits[cp >> 8 & 15], digits[cp >> 4 & 15],
        digits[cp & 15]};
    buf_add(out, six, sizeof six);
}

static bool escaped_in_js(uint32_t cp)
{
    static const bool marks[128] = {
        ['\\'] = true, ['\''] = true, ['"'] = true, ['>'] = true, ['<'] = true, ['&'] = true,
        ['='] = true,  ['-'] = true,  [';'] = true, ['`'] = true, [0x7F] = true};
    if (cp < 0x80)
        return cp < 0x20 || marks[cp];
    return cp <= 0x9F || cp == 0x2028 || cp == 0x2029;
}

void html_escapejs(struct buf *out, struct str s)
{
    size_t run = 0;
    for (size_t i = 0, n; i < s.n; i += n) {
        uint32_t cp;
        n = unicode_next(str_skip(s, i), &cp);
        if (!escaped_in_js(cp))
            continue;
        buf_add(out, s.p + run, i - run);
        add_u(out, cp);
        run = i + n;
    }
    buf_add(out, s.p + run, s.n - run);
}

void html_escape_json(struct buf *out, struct str json)
{
    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];
        if (c == '<' || c == '>' || c == '&')
            add_u(out, (unsigned char)c);
        else
            buf_addc(out, c);
    }
}

void html_strip_spaces(struct buf *out, struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        buf_addc(out, s.p[i]);
        if (s.p[i++] != '>')
            continue;
        size_t end = i;
        for (size_t n; (n = unicode_space(str_skip(s, end))) > 0;)
            end += n;
        if (end == s.n || s.p[end] != '<')
            buf_add(out, s.p + i, end - i);
        i = end;
    }
}

/* ---- references ---- */

struct reference {
    char name[32];
    char text[7];
    bool bare; /* also known without its semicolon, as browsers of old took it */
};

/* Sorted by name, bytewise. */
static const struct reference references[] = {
#include "value/html_references.inc"
};

#define REFERENCE_COUNT (sizeof references / sizeof *references)

static const struct reference *reference_find(struct str name)
{
    size_t low = 0, high = REFERENCE_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(str_from(references[middle].name), name);
        if (order == 0)
            return &references[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* What browsers made of Windows-1252 written as numbers 0x80 to 0x9F. */
static const uint16_t windows[32] = {
    0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
    0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178,
};

static void add_numbered(struct buf *out, uint32_t cp)
{
    if (cp >= 0x80 && cp <= 0x9F)
        utf8_add(out, windows[cp - 0x80]);
    else if (cp == 0 || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        utf8_add(out, 0xFFFD);
    else if ((cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\f' && cp != '\r') || cp == 0x7F ||
             (cp >= 0xFDD0 && cp <= 0xFDEF) || (cp & 0xFFFE) == 0xFFFE)
        return; /* no character at all */
    else
        utf8_add(out, cp);
}

/* "&#" digits [";"]: its bytes, or 0. */
static size_t reference_number(struct buf *out, struct str s)
{
    bool hex = s.n > 2 && (s.p[2] == 'x' || s.p[2] == 'X');
    size_t start = hex ? 3 : 2, i = start;
    uint32_t cp = 0;
    for (; i < s.n; i++) {
        int digit = char_hex(s.p[i]);
        if (digit < 0 || (!hex && digit > 9))
            break;
        if (cp <= 0x10FFFF)
            cp = cp * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (i == start)
        return 0;
    add_numbered(out, cp);
    return i < s.n && s.p[i] == ';' ? i + 1 : i;
}

size_t html_reference(struct buf *out, struct str s)
{
    if (s.n > 1 && s.p[1] == '#')
        return reference_number(out, s);
    /* Up to 32 characters of a name; none of the names known is longer than 31 bytes. */
    size_t n = 1;
    while (n < s.n && n <= 32 && !memchr("\t\n\f <&#;", s.p[n], 8))
        n++;
    struct str name = str_make(s.p + 1, n - 1);
    const struct reference *r = reference_find(name);
    if (r && n < s.n && s.p[n] == ';') {
        buf_adds(out, r->text);
        return n + 1;
    }
    for (; name.n > 1; name.n--) {
        r = reference_find(name);
        if (r && r->bare) {
            buf_adds(out, r->text);
            return name.n + 1;
        }
    }
    return 0;
}

void html_unescape(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t n = str_index(s, '&');
        buf_addstr(out, str_head(s, n));
        s = str_skip(s, n);
        if (s.n == 0)
            return;
        n = html_reference(out, s);
        if (n == 0) {
            buf_addc(out, '&');
            n = 1;
        }
        s = str_skip(s, n);
    }
}
