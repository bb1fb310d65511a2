/* SPDX-License-Identifier: MIT */
#include "value/decimal_impl.h"

typedef unsigned __int128 u128;

static int division_by_zero(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "decimal %s by zero", what);
}

/* ---- sums ---- */

/* Gives both coefficients the exponent that is returned.  What lies so far below the other
 * number that it can only matter by not being 0 becomes a 1 there, which keeps the numbers
 * short. */
static int64_t align(struct nat *high, int64_t high_exponent, struct nat *low, int64_t low_exponent)
{
    int64_t digits = nat_digits(high), gap = digits - DECIMAL_PRECISION - 2;
    int64_t horizon = high_exponent + (gap < -1 ? gap : -1);
    if (low_exponent + (int64_t)nat_digits(low) - 1 < horizon) {
        nat_set(low, 1);
        low_exponent = horizon;
    }
    nat_mul_pow10(high, (unsigned)(high_exponent - low_exponent));
    return low_exponent;
}

/* a + 0: a with the exponent of the sum, as far as the precision allows. */
static int add_zero(struct decimal *out, const struct decimal *a, bool negative, int zero_exponent,
                    struct err *err)
{
    struct nat c;
    nat_from(&c, a);
    int64_t exponent = a->exponent;
    int64_t least = exponent - DECIMAL_PRECISION - 1;
    int64_t wanted = zero_exponent < least ? least : zero_exponent;
    if (wanted < exponent) {
        nat_mul_pow10(&c, (unsigned)(exponent - wanted));
        exponent = wanted;
    }
    return decimal_finish(out, negative, &c, exponent, DECIMAL_PRECISION, err);
}

/* The sum of two short coefficients; false when they are not. */
static bool add_short(struct decimal *out, const struct decimal *a, bool a_negative,
                      const struct decimal *b, bool b_negative, int *result, struct err *err)
{
    struct nat sum;
    int gap = a->exponent - b->exponent;
    if (a->n != 1 || b->n != 1 || gap > LIMB_DIGITS || gap < -LIMB_DIGITS)
        return false;
    u128 x = (u128)a->limbs[0] * limb_pow10(gap > 0 ? (unsigned)gap : 0);
    u128 y = (u128)b->limbs[0] * limb_pow10(gap < 0 ? (unsigned)-gap : 0);
    bool negative = x == y ? a_negative && b_negative : x > y ? a_negative : b_negative;
    nat_set(&sum, a_negative == b_negative ? x + y : x > y ? x - y : y - x);
    *result = decimal_finish(out, negative, &sum, gap > 0 ? b->exponent : a->exponent,
                             DECIMAL_PRECISION, err);
    return true;
}

static int add_signed(struct decimal *out, const struct decimal *a, bool a_negative,
                      const struct decimal *b, bool b_negative, struct err *err)
{
    struct nat x, y;
    int64_t exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
    bool negative = a_negative;
    int result;
    if (add_short(out, a, a_negative, b, b_negative, &result, err))
        return result;
    if (a->n == 0 && b->n == 0) {
        nat_set(&x, 0);
        return decimal_finish(out, a_negative && b_negative, &x, exponent, DECIMAL_PRECISION, err);
    }
    if (b->n == 0)
        return add_zero(out, a, a_negative, b->exponent, err);
    if (a->n == 0)
        return add_zero(out, b, b_negative, a->exponent, err);
    nat_from(&x, a);
    nat_from(&y, b);
    if (a->exponent > b->exponent)
        exponent = align(&x, a->exponent, &y, b->exponent);
    else if (b->exponent > a->exponent)
        exponent = align(&y, b->exponent, &x, a->exponent);
    if (a_negative == b_negative) {
        nat_add(&x, &y);
        return decimal_finish(out, negative, &x, exponent, DECIMAL_PRECISION, err);
    }
    int order = nat_compare(&x, &y);
    if (order >= 0) {
        nat_sub(&x, &y);
        return decimal_finish(out, negative && order, &x, exponent, DECIMAL_PRECISION, err);
    }
    nat_sub(&y, &x);
    return decimal_finish(out, !negative, &y, exponent, DECIMAL_PRECISION, err);
}

int decimal_add(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err)
{
    return add_signed(out, a, a->negative, b, b->negative, err);
}

int decimal_sub(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err)
{
    return add_signed(out, a, a->negative, b, !b->negative, err);
}

int decimal_abs(struct decimal *out, const struct decimal *a, struct err *err)
{
    struct nat c;
    nat_from(&c, a);
    return decimal_finish(out, false, &c, a->exponent, DECIMAL_PRECISION, err);
}

int decimal_neg(struct decimal *out, const struct decimal *a, struct err *err)
{
    struct nat c;
    nat_from(&c, a);
    return decimal_finish(out, !a->negative && a->n, &c, a->exponent, DECIMAL_PRECISION, err);
}

/* ---- products ---- */

static int multiply(struct decimal *out, const struct decimal *a, const struct decimal *b,
                    unsigned precision, struct err *err)
{
    struct nat x, y, product;
    bool negative = a->negative != b->negative;
    int64_t exponent = (int64_t)a->exponent + b->exponent;
    if (a->n <= 1 && b->n <= 1) {
        nat_set(&product, a->n && b->n ? (u128)a->limbs[0] * b->limbs[0] : 0);
    } else {
        nat_from(&x, a);
        nat_from(&y, b);
        nat_mul(&product, &x, &y);
    }
    return decimal_finish(out, negative, &product, exponent, precision, err);
}

int decimal_mul(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err)
{
    return multiply(out, a, b, DECIMAL_PRECISION, err);
}

/* ---- quotients ---- */

static int divide(struct decimal *out, const struct decimal *a, const struct decimal *b,
                  unsigned precision, struct err *err)
{
    struct nat x, y, rest;
    bool negative = a->negative != b->negative;
    int64_t ideal = (int64_t)a->exponent - b->exponent, exponent;
    if (b->n == 0)
        return division_by_zero(err, "division");
    nat_from(&x, a);
    nat_from(&y, b);
    if (a->n == 0)
        return decimal_finish(out, negative, &x, ideal, precision, err);
    /* one digit more than the precision, at least */
    int shift = (int)nat_digits(&y) - (int)nat_digits(&x) + (int)precision + 1;
    if (shift >= 0)
        nat_mul_pow10(&x, (unsigned)shift);
    else
        nat_mul_pow10(&y, (unsigned)-shift);
    exponent = ideal - shift;
    nat_divide(&x, &y, &rest);
    if (rest.n) {
        if (nat_mod_limb(&x, 5) == 0) /* neither exact nor half way, so it must not look so */
            nat_add_limb(&x, 1);
    } else if (exponent < ideal) {
        exponent += nat_strip(&x, (unsigned)(ideal - exponent));
    }
    return decimal_finish(out, negative, &x, exponent, precision, err);
}

int decimal_div(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err)
{
    return divide(out, a, b, DECIMAL_PRECISION, err);
}

int decimal_divmod(struct decimal *quotient, struct decimal *rest, const struct decimal *a,
                   const struct decimal *b, struct err *err)
{
    struct nat x, y, remains;
    struct decimal q;
    bool a_negative = a->negative, negative = a->negative != b->negative;
    int64_t exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
    if (b->n == 0)
        return division_by_zero(err, quotient ? "division" : "remainder");
    nat_from(&x, a);
    nat_from(&y, b);
    int gap = a->n ? decimal_adjusted(a) - decimal_adjusted(b) : -2;
    if (gap <= -2) { /* |a| < |b| */
        remains = x;
        x.n = 0;
        if (remains.n && a->exponent - exponent > DECIMAL_PRECISION + 1)
            exponent = a->exponent - DECIMAL_PRECISION - 1; /* rounded to the same in the end */
        if (remains.n)
            nat_mul_pow10(&remains, (unsigned)(a->exponent - exponent));
    } else if (gap <= DECIMAL_PRECISION) {
        if (a->exponent > b->exponent)
            nat_mul_pow10(&x, (unsigned)(a->exponent - b->exponent));
        else
            nat_mul_pow10(&y, (unsigned)(b->exponent - a->exponent));
        nat_divide(&x, &y, &remains);
    }
    if (gap > DECIMAL_PRECISION || nat_digits(&x) > DECIMAL_PRECISION)
        return err_set(err, ERR_TOO_LARGE, "the quotient of // or %% has more than %d digits",
                       DECIMAL_PRECISION);
    if (decimal_finish(&q, negative, &x, 0, DECIMAL_PRECISION, err) != 0 ||
        (rest && decimal_finish(rest, a_negative, &remains, exponent, DECIMAL_PRECISION, err) != 0))
        return -1;
    if (quotient)
        memcpy(quotient, &q, decimal_size(&q));
    return 0;
}

/* ---- powers ---- */

/* a^n by squaring; `precision` is high enough for the errors of all steps. */
static int power_natural(struct decimal *out, const struct decimal *a, uint64_t n,
                         unsigned precision, struct err *err)
{
    struct decimal base;
    if (decimal_round_digits(&base, a, precision, DECIMAL_HALF_EVEN, err) != 0)
        return -1;
    decimal_from_int64(out, 1);
    for (uint64_t bit = UINT64_C(1) << (63 - __builtin_clzll(n)); bit; bit >>= 1) {
        if (multiply(out, out, out, precision, err) != 0)
            return -1;
        if ((n & bit) && multiply(out, out, &base, precision, err) != 0)
            return -1;
    }
    return 0;
}

int decimal_power(struct decimal *out, const struct decimal *a, int64_t exponent, struct err *err)
{
    struct decimal power, one;
    uint64_t n = exponent < 0 ? 0 - (uint64_t)exponent : (uint64_t)exponent;
    unsigned precision = DECIMAL_PRECISION + 24; /* 20 digits of n, and some */
    decimal_from_int64(&one, 1);
    if (a->n == 0 && exponent <= 0)
        return exponent ? division_by_zero(err, "division")
                        : err_set(err, ERR_INVALID, "0 to the power of 0 is not defined");
    if (n == 0 || a->n == 0) {
        bool negative = a->negative && (n & 1);
        decimal_from_int64(out, n == 0);
        out->negative = negative;
        return 0;
    }
    if ((exponent < 0 && divide(&power, &one, a, precision, err) != 0) ||
        power_natural(&power, exponent < 0 ? &power : a, n, precision, err) != 0)
        return err_prefix(err, "power %lld", (long long)exponent);
    return decimal_round_digits(out, &power, DECIMAL_PRECISION, DECIMAL_HALF_EVEN, err);
}

int decimal_sqrt(struct decimal *out, const struct decimal *a, struct err *err)
{
    struct nat c, root, rest, ten;
    int64_t exponent = (a->exponent - (a->exponent & 1)) / 2; /* rounded down */
    if (a->negative && a->n)
        return err_set(err, ERR_INVALID, "a negative decimal has no square root");
    nat_from(&c, a);
    if (a->n == 0)
        return decimal_finish(out, a->negative, &c, exponent, DECIMAL_PRECISION, err);
    int digits = (int)nat_digits(&c);
    if (a->exponent & 1)
        nat_mul_limb(&c, 10);
    int shift = DECIMAL_PRECISION + 1 - (a->exponent & 1 ? digits / 2 + 1 : (digits + 1) / 2);
    bool exact = true;
    if (shift >= 0) {
        nat_mul_pow10(&c, 2 * (unsigned)shift);
    } else {
        nat_set(&ten, 1);
        nat_mul_pow10(&ten, 2 * (unsigned)-shift);
        nat_divide(&c, &ten, &rest);
        exact = rest.n == 0;
    }
    root.n = (c.n + 1) / 2;
    exact = mpn_sqrtrem(root.limb, NULL, c.limb, c.n) == 0 && exact;
    if (!exact) {
        if (nat_mod_limb(&root, 5) == 0)
            nat_add_limb(&root, 1);
        exponent -= shift;
    } else if (shift >= 0) {
        nat_cut(&root, (unsigned)shift);
    } else {
        nat_mul_pow10(&root, (unsigned)-shift);
    }
    return decimal_finish(out, false, &root, exponent, DECIMAL_PRECISION, err);
}
