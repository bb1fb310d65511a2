/* SPDX-License-Identifier: MIT */
#include "value/text.h"

#include "value/unicode.h"

/* Lower case s reduced to word characters, with runs of hyphens and white space
 * as one hyphen. */
static void slug_reduce(struct buf *out, struct str s)
{
    bool dash = false;
    while (s.n > 0) {
        uint32_t cp;
        size_t n = unicode_next(s, &cp);
        if (cp == '-' || unicode_is_space(cp)) {
            dash = true;
        } else if (unicode_is_word(cp)) {
            if (dash)
                buf_addc(out, '-');
            dash = false;
            buf_add(out, s.p, n);
        }
        s = str_skip(s, n);
    }
}

/* The same for ASCII in any case. */
static void slug_reduce_ascii(struct buf *out, struct str s)
{
    bool dash = false;
    buf_reserve(out, s.n);
    char *to = out->data + out->n;
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[i]);
        if (char_is_alpha(c) || char_is_digit(c) || c == '_') {
            if (dash)
                *to++ = '-';
            dash = false;
            *to++ = c;
        } else if (c == '-' || unicode_is_space((unsigned char)c)) {
            dash = true;
        }
    }
    *to = '\0';
    out->n = (size_t)(to - out->data);
}

/* Takes hyphens and underscores off both ends of what was added from `start` on. */
static void slug_strip(struct buf *out, size_t start)
{
    size_t first = start;
    while (out->n > start && (out->data[out->n - 1] == '-' || out->data[out->n - 1] == '_'))
        buf_cut(out, out->n - 1);
    while (first < out->n && (out->data[first] == '-' || out->data[first] == '_'))
        first++;
    if (first > start) {
        memmove(out->data + start, out->data + first, out->n - first);
        buf_cut(out, out->n - (first - start));
    }
}

void text_slugify(struct buf *out, struct str s, bool allow_unicode)
{
    struct buf form = BUF_INIT, lower = BUF_INIT;
    size_t start = out->n;
    if (unicode_is_ascii(s)) {
        slug_reduce_ascii(out, s);
        slug_strip(out, start);
        return;
    }
    unicode_normalize(&form, s, allow_unicode ? UNICODE_NFKC : UNICODE_NFKD);
    if (!allow_unicode) {
        size_t kept = 0;
        for (size_t i = 0; i < form.n; i++)
            if (!((unsigned char)form.data[i] & 0x80))
                form.data[kept++] = form.data[i];
        buf_cut(&form, kept);
    }
    unicode_lower(&lower, buf_str(&form));
    slug_reduce(out, buf_str(&lower));
    slug_strip(out, start);
    buf_release(&form);
    buf_release(&lower);
}

int text_valid_filename(struct buf *out, struct str name, struct err *err)
{
    size_t start = out->n;
    for (struct str s = unicode_strip(name); s.n > 0;) {
        uint32_t cp;
        size_t n = unicode_next(s, &cp);
        if (cp == ' ')
            buf_addc(out, '_');
        else if (cp == '-' || cp == '.' || unicode_is_word(cp))
            buf_add(out, s.p, n);
        s = str_skip(s, n);
    }
    struct str made = str_skip(buf_str(out), start);
    if (made.n > 0 && !str_eq(made, STR(".")) && !str_eq(made, STR("..")))
        return 0;
    buf_cut(out, start);
    return err_set(err, ERR_DENIED, "Could not derive file name from '%.*s'",
                   STR_ARG(str_head(name, utf8_offset(name, 60))));
}

void text_capfirst(struct buf *out, struct str s)
{
    uint32_t cp;
    if (s.n == 0)
        return;
    size_t n = unicode_next(s, &cp);
    unicode_upper(out, str_head(s, n));
    buf_addstr(out, str_skip(s, n));
}

void text_phone2numeric(struct buf *out, struct str s)
{
    static const char digits[] = "22233344455566677778889999";
    size_t start = out->n;
    unicode_lower(out, s);
    for (size_t i = start; i < out->n; i++)
        if (out->data[i] >= 'a' && out->data[i] <= 'z')
            out->data[i] = digits[out->data[i] - 'a'];
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

void text_camel_case_to_spaces(struct buf *out, struct str s)
{
    struct buf spaced = BUF_INIT, lower = BUF_INIT;
    for (size_t i = 0; i < s.n; i++) {
        bool after_lower = i > 0 && s.p[i - 1] >= 'a' && s.p[i - 1] <= 'z';
        /* The end of text, and the line end before it, are no following letter. */
        bool last = i + 1 == s.n || (i + 2 == s.n && s.p[i + 1] == '\n');
        if (is_upper(s.p[i]) && (after_lower || (!last && !is_upper(s.p[i + 1]))))
            buf_addc(&spaced, ' ');
        buf_addc(&spaced, s.p[i]);
    }
    unicode_lower(&lower, unicode_strip(buf_str(&spaced)));
    buf_addstr(out, buf_str(&lower));
    buf_release(&spaced);
    buf_release(&lower);
}

/* ---- truncation ---- */

#define PLACEHOLDER STR("%(truncated_text)s")
#define ELLIPSIS STR("\xe2\x80\xa6")

void text_add_truncation(struct buf *out, struct str text, struct str truncate)
{
    struct str mark = truncate.p ? truncate : ELLIPSIS;
    if (str_find(mark, PLACEHOLDER) == mark.n) {
        buf_addstr(out, text);
        if (!str_ends(text, mark))
            buf_addstr(out, mark);
        return;
    }
    while (mark.n > 0) {
        if (str_starts(mark, PLACEHOLDER)) {
            buf_addstr(out, text);
            mark = str_skip(mark, PLACEHOLDER.n);
        } else {
            buf_addc(out, mark.p[0]);
            mark = str_skip(mark, str_starts(mark, STR("%%")) ? 2 : 1);
        }
    }
}

static bool has_placeholder(struct str mark)
{
    return mark.p && str_find(mark, PLACEHOLDER) < mark.n;
}

size_t text_truncate_room(size_t length, struct str truncate)
{
    struct buf made = BUF_INIT;
    struct str mark = truncate.p ? truncate : ELLIPSIS;
    if (has_placeholder(truncate)) {
        text_add_truncation(&made, STR(""), truncate);
        mark = buf_str(&made);
    }
    while (mark.n > 0 && length > 0) {
        uint32_t cp;
        mark = str_skip(mark, unicode_next(mark, &cp));
        if (!unicode_is_combining(cp))
            length--;
    }
    buf_release(&made);
    return length;
}

void text_truncate_chars(struct buf *out, struct str s, size_t length, struct str truncate)
{
    if (length == 0)
        return;
    struct buf form = BUF_INIT;
    struct str text = s;
    if (!unicode_is_ascii(s)) {
        unicode_normalize(&form, s, UNICODE_NFC);
        text = buf_str(&form);
    }
    size_t room = text_truncate_room(length, truncate), counted = 0, cut = text.n;
    for (size_t i = 0; i < text.n && counted <= length;) {
        uint32_t cp;
        size_t n = unicode_next(str_skip(text, i), &cp);
        if (!unicode_is_combining(cp) && ++counted == room + 1)
            cut = i;
        i += n;
    }
    if (counted > length)
        text_add_truncation(out, str_head(text, cut), truncate);
    else
        buf_addstr(out, text);
    buf_release(&form);
}

/* The next word of *rest, which is cut off; false at the end. */
static bool next_word(struct str *rest, struct str *word)
{
    for (size_t n; (n = unicode_space(*rest)) > 0;)
        *rest = str_skip(*rest, n);
    size_t i = 0;
    for (uint32_t cp; i < rest->n;) {
        size_t n = unicode_next(str_skip(*rest, i), &cp);
        if (unicode_is_space(cp))
            break;
        i += n;
    }
    *word = str_head(*rest, i);
    *rest = str_skip(*rest, i);
    return i > 0;
}

/* Adds the first words with a space between them; gives whether there are more. */
static bool add_words(struct buf *out, struct str s, size_t length)
{
    struct str word;
    size_t count = 0;
    bool more;
    while ((more = next_word(&s, &word)) && count < length) {
        if (count++ > 0)
            buf_addc(out, ' ');
        buf_addstr(out, word);
    }
    return more;
}

void text_truncate_words(struct buf *out, struct str s, size_t length, struct str truncate)
{
    size_t start = out->n;
    if (length == 0 || !add_words(out, s, length))
        return;
    if (!has_placeholder(truncate)) {
        struct str mark = truncate.p ? truncate : ELLIPSIS;
        if (!str_ends(str_skip(buf_str(out), start), mark))
            buf_addstr(out, mark);
        return;
    }
    struct buf words = BUF_INIT;
    buf_addstr(&words, str_skip(buf_str(out), start));
    buf_cut(out, start);
    text_add_truncation(out, buf_str(&words), truncate);
    buf_release(&words);
}
