/* SPDX-License-Identifier: MIT */
#include "value/unicode.h"

#include "base/mem.h"
#include <utf8proc.h>

/* Sorting marks takes the square of their number, so runs are cut. */
#define MARKS_MAX 128

bool unicode_is_ascii(struct str s)
{
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= s.n; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            return false;
    }
    while (i < s.n && !((unsigned char)s.p[i] & 0x80))
        i++;
    return i == s.n;
}

/* Valid UTF-8 with at most MARKS_MAX marks in a row. */
static void normalize_piece(struct buf *out, struct str s, utf8proc_option_t options)
{
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t n = s.n == 0 ? 0
                                  : utf8proc_map((const utf8proc_uint8_t *)s.p,
                                                 (utf8proc_ssize_t)s.n, &made, options);
    if (n > 0)
        buf_add(out, made, (size_t)n);
    free(made);
}

void unicode_normalize(struct buf *out, struct str s, enum unicode_form form)
{
    static const int options[] = {
        [UNICODE_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [UNICODE_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
        [UNICODE_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
        [UNICODE_NFKD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
    };
    if (unicode_is_ascii(s)) {
        buf_addstr(out, s);
        return;
    }
    struct buf valid = BUF_INIT;
    utf8_add_replaced(&valid, s);
    s = buf_str(&valid);
    size_t start = 0, marks = 0;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        i += unicode_next(str_skip(s, i), &cp);
        marks = unicode_is_combining(cp) ? marks + 1 : 0;
        if (marks == MARKS_MAX) {
            normalize_piece(out, str_make(s.p + start, i - start),
                            (utf8proc_option_t)options[form]);
            start = i;
            marks = 0;
        }
    }
    normalize_piece(out, str_skip(s, start), (utf8proc_option_t)options[form]);
    buf_release(&valid);
}

bool unicode_is_word(uint32_t cp)
{
    if (cp < 0x80)
        return char_is_alpha((char)cp) || char_is_digit((char)cp) || cp == '_';
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

bool unicode_is_space(uint32_t cp)
{
    if (cp < 0x80)
        return cp == ' ' || (cp >= 0x09 && cp <= 0x0D) || (cp >= 0x1C && cp <= 0x1F);
    return cp == 0x85 || cp == 0xA0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) ||
           cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

bool unicode_is_combining(uint32_t cp)
{
    return cp >= 0x300 && utf8proc_get_property((utf8proc_int32_t)cp)->combining_class != 0;
}

size_t unicode_last(struct str s, uint32_t *cp)
{
    size_t back = 1;
    while (back < 4 && back < s.n && ((unsigned char)s.p[s.n - back] & 0xC0) == 0x80)
        back++;
    if (unicode_next(str_skip(s, s.n - back), cp) == back)
        return back;
    *cp = 0xFFFD;
    return 1;
}

struct str unicode_strip(struct str s)
{
    uint32_t cp;
    for (size_t n; (n = unicode_space(s)) > 0;)
        s = str_skip(s, n);
    while (s.n > 0) {
        size_t n = unicode_last(s, &cp);
        if (!unicode_is_space(cp))
            break;
        s.n -= n;
    }
    return s;
}
