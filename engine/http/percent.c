/* SPDX-License-Identifier: MIT */
#include "http/percent.h"

#include "base/utf8.h"

static const char hex_digits[] = "0123456789ABCDEF";

/* The byte that s, which starts with '%', encodes; -1 when it does not. */
static int escaped_byte(struct str s)
{
    if (s.n < 3)
        return -1;
    int high = char_hex(s.p[1]), low = char_hex(s.p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Writes at most s.n bytes to `out`. */
static size_t decode(char *out, struct str s, bool plus, unsigned *found)
{
    char *o = out;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int byte = escaped_byte(str_skip(s, i));
            if (byte < 0) {
                *found |= PERCENT_BAD;
            } else {
                c = (char)byte;
                i += 2;
            }
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            *found |= PERCENT_NUL;
        *o++ = c;
    }
    return (size_t)(o - out);
}

unsigned percent_decode(struct buf *out, struct str s, bool plus)
{
    unsigned found = 0;
    if (s.n == 0)
        return 0;
    buf_reserve(out, s.n);
    out->n += decode(out->data + out->n, s, plus, &found);
    out->data[out->n] = '\0';
    return found;
}

struct str percent_decode_text(struct arena *a, struct str s, bool plus, unsigned *found)
{
    unsigned seen = 0;
    char *text = arena_alloc(a, s.n + 1);
    struct str decoded = str_make(text, decode(text, s, plus, &seen));

    text[decoded.n] = '\0';
    if (found)
        *found = seen;
    if (!utf8_valid(decoded)) {
        struct buf fixed = BUF_INIT;
        utf8_add_replaced(&fixed, decoded);
        decoded = arena_str(a, buf_str(&fixed));
        buf_release(&fixed);
    }
    return decoded;
}

/* ---- encoding ---- */

/* Characters that stand for themselves, one bit each. */
struct charset {
    uint64_t bits[4];
};

static void charset_add(struct charset *set, struct str chars)
{
    for (size_t i = 0; i < chars.n; i++) {
        unsigned char c = (unsigned char)chars.p[i];
        set->bits[c >> 6] |= UINT64_C(1) << (c & 63);
    }
}

static bool charset_has(const struct charset *set, char c)
{
    unsigned char u = (unsigned char)c;
    return set->bits[u >> 6] >> (u & 63) & 1;
}

static struct charset unreserved_and(struct str safe)
{
    /* "-.", digits, upper, "_", lower, "~" */
    struct charset set = {{UINT64_C(0x03ff600000000000), UINT64_C(0x47fffffe87fffffe), 0, 0}};
    charset_add(&set, safe);
    return set;
}

static void add_escaped(struct buf *out, char c)
{
    unsigned char u = (unsigned char)c;
    char escaped[3] = {'%', hex_digits[u >> 4], hex_digits[u & 15]};
    buf_add(out, escaped, 3);
}

static void quote(struct buf *out, struct str s, const struct charset *safe, bool plus)
{
    size_t start = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (charset_has(safe, s.p[i]))
            continue;
        buf_add(out, s.p + start, i - start);
        if (plus && s.p[i] == ' ')
            buf_addc(out, '+');
        else
            add_escaped(out, s.p[i]);
        start = i + 1;
    }
    buf_add(out, s.p + start, s.n - start);
}

void percent_quote(struct buf *out, struct str s, struct str safe)
{
    struct charset set = unreserved_and(safe);
    quote(out, s, &set, false);
}

void percent_quote_plus(struct buf *out, struct str s, struct str safe)
{
    struct charset set = unreserved_and(safe);
    quote(out, s, &set, !charset_has(&set, ' '));
}

void iri_to_uri(struct buf *out, struct str iri)
{
    percent_quote(out, iri, STR("/#%[]=:;$&()+,!?*@'~"));
}

void escape_uri_path(struct buf *out, struct str path)
{
    percent_quote(out, path, STR("/:@&+$,-_.!~*'()"));
}

void repercent_broken_unicode(struct buf *out, struct str path)
{
    while (path.n) {
        uint32_t cp;
        size_t n = utf8_decode(path, &cp);
        if (n)
            buf_add(out, path.p, n);
        else
            add_escaped(out, path.p[0]);
        path = str_skip(path, n ? n : 1);
    }
}

void uri_to_iri(struct buf *out, struct str uri)
{
    struct buf bytes = BUF_INIT;
    size_t start = 0;
    for (size_t i = 0; i < uri.n; i++) {
        int byte = uri.p[i] == '%' ? escaped_byte(str_skip(uri, i)) : -1;
        bool decoded =
            byte >= 0x80 || (byte > 0 && (char_is_alpha((char)byte) || strchr("-._~", byte)));
        if (!decoded)
            continue;
        buf_add(&bytes, uri.p + start, i - start);
        buf_addc(&bytes, (char)byte);
        i += 2;
        start = i + 1;
    }
    buf_add(&bytes, uri.p + start, uri.n - start);
    repercent_broken_unicode(out, buf_str(&bytes));
    buf_release(&bytes);
}

void filepath_to_uri(struct buf *out, struct str path)
{
    struct str part;
    bool first = true;
    while (str_split(&path, '\\', &part)) {
        if (!first)
            buf_addc(out, '/');
        percent_quote(out, part, STR("/~!*()'"));
        first = false;
    }
}

void escape_leading_slashes(struct buf *out, struct str url)
{
    if (url.n >= 2 && url.p[0] == '/' && url.p[1] == '/') {
        buf_adds(out, "/%2F");
        url = str_skip(url, 2);
    }
    buf_addstr(out, url);
}
