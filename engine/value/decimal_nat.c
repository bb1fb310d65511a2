/* SPDX-License-Identifier: MIT */
#include "value/decimal_impl.h"

mp_limb_t limb_pow10(unsigned k)
{
    static const mp_limb_t powers[] = {
        UINT64_C(1),
        UINT64_C(10),
        UINT64_C(100),
        UINT64_C(1000),
        UINT64_C(10000),
        UINT64_C(100000),
        UINT64_C(1000000),
        UINT64_C(10000000),
        UINT64_C(100000000),
        UINT64_C(1000000000),
        UINT64_C(10000000000),
        UINT64_C(100000000000),
        UINT64_C(1000000000000),
        UINT64_C(10000000000000),
        UINT64_C(100000000000000),
        UINT64_C(1000000000000000),
        UINT64_C(10000000000000000),
        UINT64_C(100000000000000000),
        UINT64_C(1000000000000000000),
        UINT64_C(10000000000000000000),
    };
    return powers[k];
}

static void trim(struct nat *a)
{
    while (a->n && a->limb[a->n - 1] == 0)
        a->n--;
}

void nat_from(struct nat *a, const struct decimal *d)
{
    a->n = d->n;
    memcpy(a->limb, d->limbs, d->n * sizeof *d->limbs);
}

void nat_set(struct nat *a, unsigned __int128 v)
{
    a->n = 2;
    a->limb[0] = (mp_limb_t)v;
    a->limb[1] = (mp_limb_t)(v >> 64);
    trim(a);
}

int nat_compare(const struct nat *a, const struct nat *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return a->n ? mpn_cmp(a->limb, b->limb, a->n) : 0;
}

static unsigned limb_digits(mp_limb_t v)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
    unsigned d = bits * 1233 >> 12; /* log10(2): right, or one too few */
    return d + (v >= limb_pow10(d)) + (v == 0);
}

unsigned nat_digits(const struct nat *a)
{
    if (a->n <= 1)
        return limb_digits(a->n ? a->limb[0] : 0);
    struct nat power;
    unsigned bits = (unsigned)a->n * 64 - (unsigned)__builtin_clzll(a->limb[a->n - 1]);
    unsigned d = (unsigned)((uint64_t)(bits - 1) * 30103 / 100000); /* of 2^(bits-1), less one */
    nat_set(&power, 1);
    nat_mul_pow10(&power, d + 1);
    return d + 1 + (nat_compare(a, &power) >= 0);
}

void nat_add_limb(struct nat *a, mp_limb_t v)
{
    mp_limb_t carry = a->n ? mpn_add_1(a->limb, a->limb, a->n, v) : v;
    if (carry)
        a->limb[a->n++] = carry;
}

void nat_add(struct nat *a, const struct nat *b)
{
    mp_limb_t carry;
    if (a->n < b->n) {
        memset(a->limb + a->n, 0, (size_t)(b->n - a->n) * sizeof *a->limb);
        a->n = b->n;
    }
    if (b->n == 0)
        return;
    carry = mpn_add(a->limb, a->limb, a->n, b->limb, b->n);
    if (carry)
        a->limb[a->n++] = carry;
}

void nat_sub(struct nat *a, const struct nat *b)
{
    if (b->n)
        mpn_sub(a->limb, a->limb, a->n, b->limb, b->n);
    trim(a);
}

void nat_mul_limb(struct nat *a, mp_limb_t v)
{
    mp_limb_t carry = a->n ? mpn_mul_1(a->limb, a->limb, a->n, v) : 0;
    assert(a->n < NAT_LIMBS);
    if (carry)
        a->limb[a->n++] = carry;
    trim(a);
}

void nat_mul(struct nat *out, const struct nat *a, const struct nat *b)
{
    if (a->n < b->n) {
        const struct nat *t = a;
        a = b;
        b = t;
    }
    out->n = b->n ? a->n + b->n : 0;
    assert(out->n <= NAT_LIMBS);
    if (b->n)
        mpn_mul(out->limb, a->limb, a->n, b->limb, b->n);
    trim(out);
}

void nat_divide(struct nat *a, const struct nat *b, struct nat *rest)
{
    mp_limb_t quotient[NAT_LIMBS + 1];
    if (a->n < b->n) {
        *rest = *a;
        a->n = 0;
        return;
    }
    mpn_tdiv_qr(quotient, rest->limb, 0, a->limb, a->n, b->limb, b->n);
    rest->n = b->n;
    trim(rest);
    a->n = a->n - b->n + 1;
    memcpy(a->limb, quotient, (size_t)a->n * sizeof *quotient);
    trim(a);
}

void nat_mul_pow10(struct nat *a, unsigned k)
{
    for (; k > LIMB_DIGITS; k -= LIMB_DIGITS)
        nat_mul_limb(a, limb_pow10(LIMB_DIGITS));
    nat_mul_limb(a, limb_pow10(k));
}

static mp_limb_t divide_limb(struct nat *a, mp_limb_t v)
{
    mp_limb_t rest = a->n ? mpn_divrem_1(a->limb, 0, a->limb, a->n, v) : 0;
    trim(a);
    return rest;
}

enum tail nat_cut(struct nat *a, unsigned k)
{
    bool more = false; /* something was cut before the last digit */
    if (k == 0)
        return TAIL_ZERO;
    for (k--; k && a->n;) {
        unsigned step = k < LIMB_DIGITS ? k : LIMB_DIGITS;
        more |= divide_limb(a, limb_pow10(step)) != 0;
        k -= step;
    }
    mp_limb_t digit = divide_limb(a, 10);
    if (digit > 5 || (digit == 5 && more))
        return TAIL_ABOVE_HALF;
    if (digit == 5)
        return TAIL_HALF;
    return digit || more ? TAIL_BELOW_HALF : TAIL_ZERO;
}

mp_limb_t nat_mod_limb(const struct nat *a, mp_limb_t v)
{
    return a->n ? mpn_mod_1(a->limb, a->n, v) : 0;
}

unsigned nat_strip(struct nat *a, unsigned most)
{
    unsigned stripped = 0;
    for (unsigned step = 16; step; step /= 2) {
        while (most - stripped >= step && nat_mod_limb(a, limb_pow10(step)) == 0) {
            divide_limb(a, limb_pow10(step));
            stripped += step;
        }
    }
    return stripped;
}
