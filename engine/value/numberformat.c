/* SPDX-License-Identifier: MIT */
#include "value/numberformat.h"

#include "value/number.h"

#define PLAIN_MAX 200 /* digits */

static void add_zeros(struct buf *out, int64_t n)
{
    if (n <= 0)
        return;
    buf_reserve(out, (size_t)n);
    memset(out->data + out->n, '0', (size_t)n);
    out->n += (size_t)n;
    out->data[out->n] = '\0';
}

static void add_grouped(struct buf *out, struct str digits, const struct number_style *style)
{
    size_t size = style->grouping;
    if (size == 0 || digits.n <= size) {
        buf_addstr(out, digits);
        return;
    }
    size_t first = digits.n % size ? digits.n % size : size;
    buf_addstr(out, str_head(digits, first));
    for (size_t i = first; i < digits.n; i += size) {
        buf_addstr(out, style->thousand_separator);
        buf_add(out, digits.p + i, size);
    }
}

void numberformat_text(struct buf *out, struct str text, const struct number_style *style)
{
    if (text.n > 0 && text.p[0] == '-') {
        buf_addc(out, '-');
        text = str_skip(text, 1);
    }
    size_t point = str_index(text, '.');
    struct str frac = str_skip(text, point + 1);
    if (style->decimal_pos >= 0)
        frac = str_head(frac, (size_t)style->decimal_pos);
    int64_t missing = style->decimal_pos - (int64_t)frac.n;
    add_grouped(out, str_head(text, point), style);
    if (frac.n > 0 || missing > 0)
        buf_addstr(out, style->decimal_separator);
    buf_addstr(out, frac);
    add_zeros(out, missing);
}

void numberformat_int(struct buf *out, int64_t n, const struct number_style *style)
{
    char text[24];
    size_t at = sizeof text;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do
        text[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (n < 0)
        text[--at] = '-';
    numberformat_text(out, str_make(text + at, sizeof text - at), style);
}

/* Whether nothing of n would be seen: it is then 0, without a sign. */
static bool is_too_small(const struct decimal *n, const struct number_style *style)
{
    int64_t places = style->decimal_pos > 1 ? style->decimal_pos : 1;
    return style->decimal_pos >= 0 && (decimal_is_zero(n) || decimal_adjusted(n) < -places);
}

/* 1234E+300 as 1.234e+303 */
static void add_exponent_form(struct buf *out, const struct decimal *n,
                              const struct number_style *style)
{
    char text[DECIMAL_TEXT_MAX];
    struct decimal coefficient = *n;
    int power = decimal_is_zero(n) ? n->exponent : decimal_adjusted(n);
    coefficient.exponent -= power;
    numberformat_text(out, str_make(text, decimal_write_fixed(&coefficient, text)), style);
    buf_addf(out, "e%+d", power);
}

void numberformat_decimal(struct buf *out, const struct decimal *n,
                          const struct number_style *style)
{
    char text[DECIMAL_TEXT_MAX];
    if (is_too_small(n, style)) {
        numberformat_text(out, STR("0"), style);
        return;
    }
    int exponent = n->exponent < 0 ? -n->exponent : n->exponent;
    if (exponent + (int)decimal_digits(n) > PLAIN_MAX)
        add_exponent_form(out, n, style);
    else
        numberformat_text(out, str_make(text, decimal_write_fixed(n, text)), style);
}

void numberformat_double(struct buf *out, double n, const struct number_style *style)
{
    char text[NUMBER_MAX];
    struct decimal exact;
    struct str s = str_make(text, number_write(n, text));
    if (str_has(s, 'e') && decimal_parse(&exact, s, NULL) == 0)
        numberformat_decimal(out, &exact, style);
    else
        numberformat_text(out, s, style);
}
