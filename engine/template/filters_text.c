/* SPDX-License-Identifier: MIT */
/* Filters of strings: case, padding, words. */
#include "template/filters.h"
#include "value/numtext.h"
#include "value/text.h"
#include "value/unicode.h"

#include "base/banned.h"

FILTER(addslashes)
{
    (void)f, (void)arg;
    struct str s = tval_text(*v);
    size_t start = r->scratch.n, run = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\' && s.p[i] != '"' && s.p[i] != '\'')
            continue;
        buf_add(&r->scratch, s.p + run, i - run);
        buf_addc(&r->scratch, '\\');
        run = i;
    }
    if (run == 0 && r->scratch.n == start) { /* nothing to escape */
        *v = tval_str(s);
        return 0;
    }
    buf_add(&r->scratch, s.p + run, s.n - run);
    *v = render_cut(r, start, false);
    return 0;
}

/* ---- case ---- */

FILTER(capfirst)
{
    (void)f, (void)arg;
    struct str s = tval_text(*v);
    size_t start = r->scratch.n;
    *v = tval_str(s);
    if (s.n == 0 || (!((unsigned char)s.p[0] & 0x80) && char_upper(s.p[0]) == s.p[0]))
        return 0;
    text_capfirst(&r->scratch, s);
    *v = render_cut(r, start, false);
    return 0;
}

/* Changes the ASCII text s letter by letter. */
static struct tval change_ascii(struct render *r, struct str s, char (*change)(char))
{
    size_t i = 0;
    while (i < s.n && change(s.p[i]) == s.p[i])
        i++;
    if (i == s.n)
        return tval_str(s);
    char *to = render_alloc(r, s.n);
    memcpy(to, s.p, i);
    for (; i < s.n; i++)
        to[i] = change(s.p[i]);
    return tval_str(str_make(to, s.n));
}

FILTER(lower)
{
    (void)f, (void)arg;
    struct str s = tval_text(*v);
    size_t start = r->scratch.n;
    if (unicode_is_ascii(s)) {
        *v = change_ascii(r, s, char_lower);
        return 0;
    }
    unicode_lower(&r->scratch, s);
    *v = render_cut(r, start, false);
    return 0;
}

FILTER(upper)
{
    (void)f, (void)arg;
    struct str s = tval_text(*v);
    size_t start = r->scratch.n;
    if (unicode_is_ascii(s)) {
        *v = change_ascii(r, s, char_upper);
        return 0;
    }
    unicode_upper(&r->scratch, s);
    *v = render_cut(r, start, false);
    return 0;
}

/* Python's title case makes "They'Re" and "3Rd"; both are taken back.  The replacement of
 * apostrophes looks at what stood there before, and so goes from left to right without
 * looking back. */
static void mend_title(char *p, size_t n)
{
    for (size_t i = 2; i < n; i++)
        if (p[i - 1] == '\'' && p[i] >= 'A' && p[i] <= 'Z' && p[i - 2] >= 'a' && p[i - 2] <= 'z') {
            p[i] = char_lower(p[i]);
            i += 2; /* matches do not overlap */
        }
    for (size_t i = 1; i < n; i++) {
        uint32_t cp;
        if (p[i] < 'A' || p[i] > 'Z')
            continue;
        unicode_last(str_make(p, i), &cp);
        if (unicode_digit(cp) >= 0)
            p[i] = char_lower(p[i]);
    }
}

FILTER(title)
{
    (void)f, (void)arg;
    size_t start = r->scratch.n;
    unicode_title(&r->scratch, tval_text(*v));
    mend_title(r->scratch.data + start, r->scratch.n - start);
    *v = render_cut(r, start, false);
    return 0;
}

FILTER(phone2numeric)
{
    (void)f, (void)arg;
    size_t start = r->scratch.n;
    if (!tval_is_str(*v))
        return render_fail(r, "AttributeError", "'%s' object has no attribute 'lower'",
                           tval_type_name(*v));
    text_phone2numeric(&r->scratch, tval_text(*v));
    *v = render_cut(r, start, false);
    return 0;
}

FILTER(slugify)
{
    (void)f, (void)arg;
    size_t start = r->scratch.n;
    text_slugify(&r->scratch, tval_text(*v), false);
    *v = render_cut(r, start, false);
    return 0;
}

/* ---- padding ---- */

static int pad(struct render *r, struct tval *v, int64_t left, int64_t right)
{
    struct str s = tval_text(*v);
    if (left + right == 0) {
        *v = tval_str(s);
        return 0;
    }
    char *p = render_alloc(r, s.n + (size_t)(left + right));
    memset(p, ' ', (size_t)left);
    memcpy(p + left, s.p, s.n);
    memset(p + left + s.n, ' ', (size_t)right);
    *v = tval_str(str_make(p, s.n + (size_t)(left + right)));
    return 0;
}

/* Characters that are missing to the width that the filter was given; -1 on errors. */
static int64_t missing(struct render *r, const struct filter *f, struct tval v,
                       const struct tval *arg, int64_t *width)
{
    if (filter_need_width(r, f, *arg, width))
        return -1;
    int64_t n = (int64_t)utf8_len(tval_text(v));
    return *width > n ? *width - n : 0;
}

FILTER(ljust)
{
    int64_t width, n = missing(r, f, *v, arg, &width);
    return n < 0 ? -1 : pad(r, v, 0, n);
}

FILTER(rjust)
{
    int64_t width, n = missing(r, f, *v, arg, &width);
    return n < 0 ? -1 : pad(r, v, n, 0);
}

FILTER(center)
{
    int64_t width, n = missing(r, f, *v, arg, &width);
    if (n < 0)
        return -1;
    int64_t left = n / 2 + (n & width & 1); /* which side gets more is Python's choice */
    return pad(r, v, left, n - left);
}

/* ---- parts of text ---- */

FILTER(cut)
{
    (void)f;
    if (!tval_is_str(*arg))
        return render_fail(r, "TypeError", "replace() argument 1 must be str, not %s",
                           tval_type_name(*arg));
    struct str s = tval_text(*v), part = tval_text(*arg);
    /* Without its semicolons a reference is no safe HTML any more. */
    bool safe = tval_is_safe(*v) && !str_eq(part, STR(";"));
    size_t start = r->scratch.n, at = part.n ? str_find(s, part) : s.n;
    if (at == s.n) {
        *v = safe ? tval_safe(s) : tval_str(s);
        return 0;
    }
    while (at < s.n) {
        buf_addstr(&r->scratch, str_head(s, at));
        s = str_skip(s, at + part.n);
        at = str_find(s, part);
    }
    buf_addstr(&r->scratch, s);
    *v = render_cut(r, start, safe);
    return 0;
}

FILTER(wordcount)
{
    (void)r, (void)f, (void)arg;
    struct str s = tval_text(*v);
    int64_t words = 0;
    bool inside = false;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        i += unicode_next(str_skip(s, i), &cp);
        bool space = unicode_is_space(cp);
        words += !space && !inside;
        inside = !space;
    }
    *v = tval_int(words);
    return 0;
}

FILTER(wordwrap)
{
    (void)f;
    int64_t width;
    size_t start = r->scratch.n;
    if (filter_need_int(r, *arg, &width))
        return -1;
    if (width <= 0 && v->n > 0)
        return render_fail(r, "ValueError", "invalid width %lld (must be > 0)", (long long)width);
    if (v->n > 0)
        text_wrap(&r->scratch, tval_text(*v), (size_t)width);
    *v = render_cut(r, start, false);
    return 0;
}
