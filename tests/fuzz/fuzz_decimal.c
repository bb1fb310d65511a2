/* SPDX-License-Identifier: MIT */
/* "operator a b": parsed numbers keep their value through text and double, and results
 * stay within the limits and obey the laws of arithmetic. */
#include "value/decimal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check(const struct decimal *d)
{
    struct buf text = BUF_INIT;
    struct decimal again;
    struct err e;
    int64_t i;
    double number;
    require(decimal_digits(d) <= DECIMAL_DIGITS_MAX);
    for (int fixed = 0; fixed < 2; fixed++) {
        buf_reset(&text);
        if (fixed)
            decimal_add_fixed(&text, d);
        else
            decimal_add_text(&text, d);
        if (decimal_parse(&again, buf_str(&text), &e) == 0) {
            require(decimal_compare(d, &again) == 0);
            require(fixed || (again.exponent == d->exponent && again.negative == d->negative));
        } else { /* 1E+1000 written out has a digit too many; 0E-1999 an exponent too small */
            require(fixed || decimal_is_zero(d));
        }
    }
    if (decimal_to_int64(d, &i, &e) == 0) {
        decimal_from_int64(&again, i);
        require(decimal_compare(d, &again) == 0);
    }
    decimal_to_double(d, &number, &e);
    if (decimal_normalize(&again, d, &e) == 0 && decimal_digits(d) <= DECIMAL_PRECISION)
        require(decimal_compare(d, &again) == 0);
    buf_release(&text);
}

static void check_division(const struct decimal *a, const struct decimal *b)
{
    struct decimal q, r, back;
    struct err e;
    if (decimal_div(&q, a, b, &e) == 0)
        check(&q);
    if (decimal_divmod(&q, &r, a, b, &e) != 0)
        return;
    check(&q);
    check(&r);
    if (decimal_digits(a) < 14 && decimal_digits(b) < 14 && decimal_digits(&q) < 14 &&
        decimal_mul(&back, &q, b, &e) == 0 && decimal_add(&back, &back, &r, &e) == 0 &&
        decimal_digits(&r) < 14)
        require(decimal_compare(&back, a) == 0);
}

static void check_pair(const struct decimal *a, const struct decimal *b, uint8_t op)
{
    struct decimal x, y;
    struct err e;
    require(decimal_compare(a, b) == -decimal_compare(b, a));
    if (decimal_add(&x, a, b, &e) == 0 && decimal_add(&y, b, a, &e) == 0) {
        check(&x);
        require(decimal_compare(&x, &y) == 0);
    }
    if (decimal_sub(&x, a, b, &e) == 0)
        check(&x);
    if (decimal_mul(&x, a, b, &e) == 0)
        check(&x);
    check_division(a, b);
    if (decimal_quantize(&x, a, b->exponent, (enum decimal_rounding)(op % 8), 1 + op * 3u, &e) == 0)
        check(&x);
    if (decimal_sqrt(&x, a, &e) == 0)
        check(&x);
    if (decimal_power(&x, a, (int8_t)op, &e) == 0)
        check(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decimal a, b;
    struct str first, rest;
    struct err e;
    if (size < 9)
        return 0;
    double d;
    memcpy(&d, data + 1, sizeof d);
    if (decimal_from_double(&a, d, &e) == 0)
        check(&a);
    rest = str_make((const char *)data + 1, size - 1);
    str_split(&rest, '|', &first);
    if (decimal_parse(&a, first, &e) != 0)
        return 0;
    check(&a);
    if (rest.p && decimal_parse(&b, rest, &e) == 0)
        check_pair(&a, &b, data[0]);
    return 0;
}
