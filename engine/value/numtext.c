/* SPDX-License-Identifier: MIT */
#include "value/numtext.h"

#include "value/number.h"
#include "value/unicode.h"

#include <math.h>
#include <utf8proc.h>

static bool is_digit(uint32_t cp)
{
    return utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_ND;
}

/* Digits stand in rows of ten, and rows side by side. */
int unicode_digit(uint32_t cp)
{
    if (cp < 0x80)
        return char_is_digit((char)cp) ? (int)cp - '0' : -1;
    if (!is_digit(cp))
        return -1;
    if (cp >= 0x1D7CE && cp <= 0x1D7FF) /* five rows */
        return (int)((cp - 0x1D7CE) % 10);
    uint32_t first = cp;
    while (first > 0 && cp - first < 9 && is_digit(first - 1))
        first--;
    return (int)(cp - first);
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] & 0x80 || s.p[i] == '_')
            return false;
    return true;
}

/* Digits of all scripts as ASCII ones and without underscores; false when one of those does
 * not stand between digits (unless `loose`), or another character is no ASCII. */
static bool plain(struct buf *out, struct str s, bool loose)
{
    bool after_digit = false;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp, next;
        i += unicode_next(str_skip(s, i), &cp);
        int digit = unicode_digit(cp);
        if (cp == '_') {
            bool before_digit = i < s.n && (unicode_next(str_skip(s, i), &next), //
                                            unicode_digit(next) >= 0);
            if (!loose && !(after_digit && before_digit))
                return false;
        } else if (digit >= 0) {
            buf_addc(out, (char)('0' + digit));
        } else if (cp >= 0x80) {
            return false;
        } else {
            buf_addc(out, (char)cp);
        }
        after_digit = digit >= 0;
    }
    return true;
}

/* Whether s is [+-] digits. */
static bool is_int(struct str s)
{
    size_t i = s.n > 0 && (s.p[0] == '+' || s.p[0] == '-');
    if (i == s.n)
        return false;
    while (i < s.n && char_is_digit(s.p[i]))
        i++;
    return i == s.n;
}

static enum numtext read_int(struct str s, int64_t *out)
{
    if (!is_int(s))
        return NUMTEXT_NONE;
    return str_to_int64(s, out) ? NUMTEXT_NUMBER : NUMTEXT_LARGE;
}

static struct str without_sign(struct str s)
{
    return str_skip(s, s.n > 0 && (s.p[0] == '+' || s.p[0] == '-'));
}

static enum numtext read_double(struct str s, double *out)
{
    struct str name = without_sign(s);
    bool negative = s.n > 0 && s.p[0] == '-';
    if (number_parse(s, out) == 0)
        return NUMTEXT_NUMBER;
    if (str_ieq(name, STR("inf")) || str_ieq(name, STR("infinity")))
        *out = negative ? -INFINITY : INFINITY;
    else if (str_ieq(name, STR("nan")))
        *out = negative ? -NAN : NAN;
    else if (!isinf(*out)) /* an infinity: the text was right */
        return NUMTEXT_NONE;
    return NUMTEXT_NUMBER;
}

/* "nan", "snan" and digits behind them */
static bool is_nan(struct str s)
{
    if (s.n > 0 && char_lower(s.p[0]) == 's')
        s = str_skip(s, 1);
    if (!str_ieq(str_head(s, 3), STR("nan")))
        return false;
    s = str_skip(s, 3);
    return s.n == 0 || (char_is_digit(s.p[0]) && is_int(s));
}

static enum numtext read_decimal(struct str s, struct decimal *out)
{
    struct err err;
    struct str name = without_sign(s);
    if (str_ieq(name, STR("inf")) || str_ieq(name, STR("infinity")) || is_nan(name))
        return NUMTEXT_SPECIAL;
    if (decimal_parse(out, s, &err) == 0)
        return NUMTEXT_NUMBER;
    return err.code == ERR_TOO_LARGE ? NUMTEXT_LARGE : NUMTEXT_NONE;
}

enum numtext numtext_int(struct str s, int64_t *out)
{
    s = unicode_strip(s);
    if (is_plain(s))
        return read_int(s, out);
    struct buf b = BUF_INIT;
    enum numtext found = plain(&b, s, false) ? read_int(buf_str(&b), out) : NUMTEXT_NONE;
    buf_release(&b);
    return found;
}

enum numtext numtext_double(struct str s, double *out)
{
    s = unicode_strip(s);
    if (is_plain(s))
        return read_double(s, out);
    struct buf b = BUF_INIT;
    enum numtext found = plain(&b, s, false) ? read_double(buf_str(&b), out) : NUMTEXT_NONE;
    buf_release(&b);
    return found;
}

enum numtext numtext_decimal(struct str s, struct decimal *out)
{
    s = unicode_strip(s);
    if (is_plain(s))
        return read_decimal(s, out);
    struct buf b = BUF_INIT;
    enum numtext found = plain(&b, s, true) ? read_decimal(buf_str(&b), out) : NUMTEXT_NONE;
    buf_release(&b);
    return found;
}
