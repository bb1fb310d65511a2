/* SPDX-License-Identifier: MIT */
/* Properties, comparison, and the way from and to binary numbers. */
#include "value/decimal_impl.h"

#include "value/number.h"

#include <math.h>

void decimal_from_int64(struct decimal *out, int64_t v)
{
    out->exponent = 0;
    out->negative = v < 0;
    out->n = v != 0;
    out->limbs[0] = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

int decimal_from_double(struct decimal *out, double d, struct err *err)
{
    struct nat c;
    int e;
    if (!isfinite(d))
        return err_set(err, ERR_INVALID, "%s is not a finite number",
                       isnan(d) ? "NaN" : "an infinity");
    uint64_t m = (uint64_t)ldexp(frexp(fabs(d), &e), 53);
    e -= 53;
    if (m == 0)
        e = 0;
    for (; m && !(m & 1) && e < 0; e++)
        m >>= 1;
    nat_set(&c, m);
    for (int i = 0; i < e; i++) /* at most 971 */
        nat_mul_limb(&c, 2);
    for (int i = 0; i > e; i--) /* m / 2^k = m * 5^k / 10^k */
        nat_mul_limb(&c, 5);
    return decimal_finish(out, signbit(d), &c, e < 0 ? e : 0, DECIMAL_DIGITS_MAX, err);
}

unsigned decimal_digits(const struct decimal *d)
{
    struct nat c;
    nat_from(&c, d);
    return nat_digits(&c);
}

int decimal_adjusted(const struct decimal *d)
{
    return d->exponent + (int)decimal_digits(d) - 1;
}

bool decimal_is_integer(const struct decimal *d)
{
    struct nat c;
    if (d->exponent >= 0 || d->n == 0)
        return true;
    nat_from(&c, d);
    unsigned places = (unsigned)-d->exponent;
    return nat_strip(&c, places) == places;
}

int decimal_to_int64(const struct decimal *d, int64_t *out, struct err *err)
{
    struct nat c;
    nat_from(&c, d);
    if (d->n == 0) {
        *out = 0;
        return 0;
    }
    if (!decimal_is_integer(d))
        return err_set(err, ERR_INVALID, "the decimal is not a whole number");
    if (decimal_adjusted(d) < LIMB_DIGITS) {
        if (d->exponent < 0)
            nat_cut(&c, (unsigned)-d->exponent);
        else
            nat_mul_pow10(&c, (unsigned)d->exponent);
        uint64_t v = c.limb[0];
        if (v <= (uint64_t)INT64_MAX + d->negative) {
            *out = d->negative ? (int64_t)(0 - v) : (int64_t)v;
            return 0;
        }
    }
    return err_set(err, ERR_TOO_LARGE, "the decimal does not fit an integer of 64 bits");
}

int decimal_to_double(const struct decimal *d, double *out, struct err *err)
{
    char text[DECIMAL_TEXT_MAX];
    if (number_parse(str_make(text, decimal_write(d, text)), out) != 0)
        return err_set(err, ERR_TOO_LARGE, "the decimal is too large for a float");
    return 0;
}

static int compare_magnitude(const struct decimal *a, const struct decimal *b)
{
    struct nat x, y;
    nat_from(&x, a);
    nat_from(&y, b);
    if (a->exponent != b->exponent) {
        int ea = a->exponent + (int)nat_digits(&x), eb = b->exponent + (int)nat_digits(&y);
        if (ea != eb)
            return ea < eb ? -1 : 1;
        if (a->exponent > b->exponent) /* as many digits as the other has */
            nat_mul_pow10(&x, (unsigned)(a->exponent - b->exponent));
        else
            nat_mul_pow10(&y, (unsigned)(b->exponent - a->exponent));
    }
    return nat_compare(&x, &y);
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    int sign_a = a->n == 0 ? 0 : a->negative ? -1 : 1;
    int sign_b = b->n == 0 ? 0 : b->negative ? -1 : 1;
    if (sign_a != sign_b)
        return sign_a < sign_b ? -1 : 1;
    return sign_a == 0 ? 0 : sign_a * compare_magnitude(a, b);
}
