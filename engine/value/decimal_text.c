/* SPDX-License-Identifier: MIT */
/* Decimals as text, in Python's notation. */
#include "value/decimal_impl.h"

/* ---- reading ---- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct str trim_space(struct str s)
{
    while (s.n && is_space(s.p[0]))
        s = str_skip(s, 1);
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

static int not_a_number(struct str text, struct err *err)
{
    struct str s = trim_space(text);
    if (s.n && (*s.p == '-' || *s.p == '+'))
        s = str_skip(s, 1);
    if (str_ieq(s, STR("nan")) || str_ieq(s, STR("snan")) || str_ieq(s, STR("inf")) ||
        str_ieq(s, STR("infinity")))
        return err_set(err, ERR_INVALID, "'%.*s' is no finite number; a decimal is always finite",
                       STR_ARG(text));
    return err_set(err, ERR_INVALID, "'%.*s%s' is not a decimal number",
                   STR_ARG(str_head(text, 80)), text.n > 80 ? "..." : "");
}

/* Reads the digits of the coefficient; gives what follows them. *places counts those after
 * the point, *any is set when there was a digit.  At most `room` significant digits are
 * written to `out`, *n counts all of them. */
static struct str read_coefficient(struct str s, unsigned char *out, size_t room, size_t *n,
                                   int64_t *places, bool *any)
{
    bool point = false;
    for (; s.n; s = str_skip(s, 1)) {
        if (*s.p == '.' && !point) {
            point = true;
            continue;
        }
        if (!char_is_digit(*s.p))
            break;
        *any = true;
        *places += point;
        if (*n == 0 && *s.p == '0')
            continue;
        if (*n < room)
            out[*n] = (unsigned char)(*s.p - '0');
        ++*n;
    }
    return s;
}

/* The exponent after the coefficient, capped far past the limits; -1 on another form. */
static int read_exponent(struct str s, int64_t *exponent)
{
    bool negative = false;
    int64_t e = 0;
    if (s.n == 0)
        return 0;
    if (*s.p != 'e' && *s.p != 'E')
        return -1;
    s = str_skip(s, 1);
    if (s.n && (*s.p == '-' || *s.p == '+')) {
        negative = *s.p == '-';
        s = str_skip(s, 1);
    }
    if (s.n == 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (!char_is_digit(s.p[i]))
            return -1;
        if (e < INT32_MAX)
            e = e * 10 + (s.p[i] - '0');
    }
    *exponent += negative ? -e : e;
    return 0;
}

static void nat_from_digits(struct nat *c, const unsigned char *digits, size_t n)
{
    if (n <= LIMB_DIGITS) {
        uint64_t v = 0;
        for (size_t i = 0; i < n; i++)
            v = v * 10 + digits[i];
        c->limb[0] = v;
        c->n = v != 0;
        return;
    }
    c->n = mpn_set_str(c->limb, digits, n, 10);
}

int decimal_parse(struct decimal *out, struct str text, struct err *err)
{
    unsigned char digits[DECIMAL_DIGITS_MAX];
    struct str s = trim_space(text);
    struct nat c;
    size_t n = 0;
    int64_t places = 0, exponent = 0;
    bool any = false, negative = s.n && *s.p == '-';

    if (negative || (s.n && *s.p == '+'))
        s = str_skip(s, 1);
    s = read_coefficient(s, digits, sizeof digits, &n, &places, &any);
    if (!any || read_exponent(s, &exponent) != 0)
        return not_a_number(text, err);
    if (n > DECIMAL_DIGITS_MAX)
        return err_set(err, ERR_TOO_LARGE, "a decimal is limited to %d digits, this one has %zu",
                       DECIMAL_DIGITS_MAX, n);
    exponent -= places;
    if (n == 0 && (exponent > DECIMAL_EXPONENT_MAX || exponent < -DECIMAL_EXPONENT_MAX))
        return err_set(err, ERR_TOO_LARGE, "the exponent of a decimal is limited to %d: E%+lld",
                       DECIMAL_EXPONENT_MAX, (long long)exponent);
    nat_from_digits(&c, digits, n);
    return decimal_finish(out, negative, &c, exponent, DECIMAL_DIGITS_MAX, err);
}

/* ---- writing ---- */

/* The digits of the coefficient as characters; gives their number. */
static size_t write_digits(const struct decimal *d, char *out)
{
    if (d->n <= 1) {
        uint64_t v = d->n ? d->limbs[0] : 0;
        char t[20];
        size_t n = 0;
        do
            t[n++] = (char)('0' + v % 10);
        while (v /= 10);
        for (size_t i = 0; i < n; i++)
            out[i] = t[n - 1 - i];
        return n;
    }
    mp_limb_t limbs[DECIMAL_LIMBS + 1]; /* mpn_get_str destroys its input */
    unsigned char t[DECIMAL_DIGITS_MAX + 2];
    memcpy(limbs, d->limbs, d->n * sizeof *limbs);
    size_t n = mpn_get_str(t, 10, limbs, d->n), lead = 0;
    while (lead + 1 < n && t[lead] == 0)
        lead++;
    for (size_t i = lead; i < n; i++)
        out[i - lead] = (char)('0' + t[i]);
    return n - lead;
}

static char *put(char *o, const char *p, size_t n)
{
    memcpy(o, p, n);
    return o + n;
}

static char *put_zeros(char *o, int64_t n)
{
    memset(o, '0', (size_t)n);
    return o + n;
}

/* The digits with `point` of them before the decimal point; gives the end. */
static char *write_plain(char *o, const char *digits, size_t n, int64_t point)
{
    if (point <= 0) {
        o = put_zeros(put(o, "0.", 2), -point);
        return put(o, digits, n);
    }
    if (point >= (int64_t)n)
        return put_zeros(put(o, digits, n), point - (int64_t)n);
    o = put(o, digits, (size_t)point);
    *o++ = '.';
    return put(o, digits + point, n - (size_t)point);
}

size_t decimal_write(const struct decimal *d, char out[DECIMAL_TEXT_MAX])
{
    char digits[DECIMAL_DIGITS_MAX + 2], *o = out;
    size_t n = write_digits(d, digits);
    int64_t point = d->exponent + (int64_t)n;
    if (d->negative)
        *o++ = '-';
    if (d->exponent <= 0 && point > -6)
        return (size_t)(write_plain(o, digits, n, point) - out);
    o = write_plain(o, digits, n, 1);
    return (size_t)(o - out) + (size_t)snprintf(o, 8, "E%+d", (int)point - 1);
}

size_t decimal_write_fixed(const struct decimal *d, char out[DECIMAL_TEXT_MAX])
{
    char digits[DECIMAL_DIGITS_MAX + 2], *o = out;
    size_t n = write_digits(d, digits);
    if (d->negative)
        *o++ = '-';
    int64_t point = d->n == 0 && d->exponent > 0 ? 1 : d->exponent + (int64_t)n;
    return (size_t)(write_plain(o, digits, n, point) - out);
}

void decimal_add_text(struct buf *b, const struct decimal *d)
{
    char text[DECIMAL_TEXT_MAX];
    buf_add(b, text, decimal_write(d, text));
}

void decimal_add_fixed(struct buf *b, const struct decimal *d)
{
    char text[DECIMAL_TEXT_MAX];
    buf_add(b, text, decimal_write_fixed(d, text));
}
