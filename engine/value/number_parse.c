/* SPDX-License-Identifier: MIT */
/* Text to the nearest double.  Three ways, the first that is certain wins: one exact
 * operation on doubles, a 64 by 128 bit product with known error bounds, GMP. */
#include "value/number.h"

#include "value/pow10.h"

#include <gmp.h>
#include <math.h>

enum {
    FAST_DIGITS = 19,   /* that fit a uint64_t */
    EXACT_DIGITS = 800, /* further ones only matter by not being 0 */
};

/* A decimal as it was read: digits[0..n) with leading zeros cut, times 10^exponent. */
struct scanned {
    bool negative;
    const char *digits; /* may have one '.' in it */
    size_t n;           /* digits, not counting that point */
    int64_t exponent;   /* of the last of them */
    uint64_t head;      /* the first FAST_DIGITS of them */
};

/* ---- scanning ---- */

static size_t digit_run(struct str s)
{
    size_t n = 0;
    while (n < s.n && char_is_digit(s.p[n]))
        n++;
    return n;
}

static int scan_exponent(struct str *s, int64_t *exponent)
{
    bool negative = false;
    int64_t e = 0;
    if (s->n == 0 || (*s->p != 'e' && *s->p != 'E'))
        return 0;
    *s = str_skip(*s, 1);
    if (s->n && (*s->p == '-' || *s->p == '+')) {
        negative = *s->p == '-';
        *s = str_skip(*s, 1);
    }
    size_t n = digit_run(*s);
    if (n == 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (e < INT32_MAX)
            e = e * 10 + (s->p[i] - '0');
    *s = str_skip(*s, n);
    *exponent += negative ? -e : e;
    return 0;
}

static int scan(struct str s, struct scanned *x)
{
    *x = (struct scanned){.negative = s.n && *s.p == '-'};
    if (s.n && (*s.p == '-' || *s.p == '+'))
        s = str_skip(s, 1);
    size_t whole = digit_run(s), all = whole, fraction = 0;
    const char *digits = s.p;
    s = str_skip(s, whole);
    if (s.n && *s.p == '.') {
        fraction = digit_run(str_skip(s, 1));
        s = str_skip(s, fraction + 1);
        all += fraction + 1;
    }
    if (whole + fraction == 0 || scan_exponent(&s, &x->exponent) != 0 || s.n)
        return -1;
    x->exponent -= (int64_t)fraction;
    while (all && (*digits == '0' || *digits == '.')) /* leading zeros */
        digits++, all--;
    x->digits = digits;
    for (size_t i = 0; i < all; i++)
        if (digits[i] != '.' && ++x->n <= FAST_DIGITS)
            x->head = x->head * 10 + (uint64_t)(digits[i] - '0');
    return 0;
}

/* ---- 1: one exact operation ---- */

static bool exact_operation(const struct scanned *x, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (x->n > FAST_DIGITS || x->head > UINT64_C(1) << 53 || x->exponent < -22 || x->exponent > 22)
        return false;
    double m = (double)x->head;
    *out = x->exponent < 0 ? m / powers[-x->exponent] : m * powers[x->exponent];
    return true;
}

/* ---- rounding, for 2 and 3 ---- */

/* m * 2^e to the nearest double; the top bit of m is set, and `sticky` says that the true
 * value is a little more. */
static double round_bits(uint64_t m, int64_t e, bool sticky)
{
    int drop = 11;
    if (e + 63 < -1022) { /* subnormal: fewer bits stay */
        int64_t more = -1022 - (e + 63);
        if (more > 53)
            return 0.0;
        drop += (int)more;
    }
    uint64_t kept = drop >= 64 ? 0 : m >> drop;
    uint64_t rest = drop >= 64 ? m : m & ((UINT64_C(1) << drop) - 1);
    uint64_t half = UINT64_C(1) << (drop - 1);
    if (rest > half || (rest == half && (sticky || (kept & 1))))
        kept++;
    return ldexp((double)kept, (int)e + drop); /* exact: kept has at most 53 bits and a carry */
}

/* ---- 2: a product with error bounds ---- */

struct wide { /* 192 bits */
    uint64_t hi, mid, lo;
};

/* False when the sum does not fit. */
static bool add(struct wide *a, unsigned __int128 b)
{
    unsigned __int128 low = (unsigned __int128)a->mid << 64 | a->lo;
    low += b;
    a->mid = (uint64_t)(low >> 64);
    a->lo = (uint64_t)low;
    return low >= b || ++a->hi;
}

static double round_wide(struct wide x, int64_t e)
{
    if (!(x.hi >> 63)) {
        x.hi = x.hi << 1 | x.mid >> 63;
        x.mid = x.mid << 1 | x.lo >> 63;
        x.lo <<= 1;
        e--;
    }
    return round_bits(x.hi, e, x.mid || x.lo);
}

/* When both bounds of the true value round to the same double, that is it. */
static bool certain_product(const struct scanned *x, double *out)
{
    int64_t q = x->exponent;
    if (x->n > FAST_DIGITS)
        q += (int64_t)x->n - FAST_DIGITS;
    if (q < POW10_MIN || q > POW10_MAX)
        return false;
    struct pow10 g = pow10_bits((int)q);
    int shift = __builtin_clzll(x->head);
    uint64_t w = x->head << shift;
    unsigned __int128 lo = (unsigned __int128)g.lo * w;
    unsigned __int128 hi = (unsigned __int128)g.hi * w + (uint64_t)(lo >> 64);
    int64_t e = pow10_log2((int)q) + 1 - shift;
    struct wide low = {(uint64_t)(hi >> 64), (uint64_t)hi, (uint64_t)lo}, high = low;
    if (!g.exact && !add(&high, w)) /* g is less than 1 below the true power */
        return false;
    if (x->n > FAST_DIGITS) { /* and w is less than 1 << shift below the true digits */
        if (!add(&high, (uint64_t)1 << shift))
            return false;
        for (int i = 0; i < 1 << shift; i++) /* 19 digits: shift is at most 4 */
            if (!add(&high, (unsigned __int128)g.hi << 64 | g.lo))
                return false;
    }
    *out = round_wide(low, e);
    return *out == round_wide(high, e);
}

/* ---- 3: exact ---- */

/* All digits as an integer, *exponent that of its last digit. */
static void read_digits(const struct scanned *x, mpz_t m, int64_t *exponent)
{
    char digits[EXACT_DIGITS + 2];
    size_t n = 0;
    bool more = false;
    const char *p = x->digits;
    for (size_t i = 0; i < x->n; p++) {
        if (*p == '.')
            continue;
        if (i++ < EXACT_DIGITS)
            digits[n++] = *p;
        else if (*p != '0')
            more = true;
    }
    *exponent = x->exponent + (int64_t)(x->n - n);
    if (more) { /* no half way between doubles has that many digits: any 1 will do */
        digits[n++] = '1';
        --*exponent;
    }
    digits[n] = '\0';
    mpz_set_str(m, digits, 10);
}

static double exact(const struct scanned *x)
{
    mpz_t num, den, rest;
    int64_t exponent;
    mpz_inits(num, den, rest, NULL);
    read_digits(x, num, &exponent);
    mpz_ui_pow_ui(den, 10, (unsigned long)(exponent < 0 ? -exponent : exponent));
    if (exponent >= 0) {
        mpz_mul(num, num, den);
        mpz_set_ui(den, 1);
    }
    /* a quotient of 64 or 65 bits */
    int64_t e = (int64_t)mpz_sizeinbase(num, 2) - (int64_t)mpz_sizeinbase(den, 2) - 64;
    if (e < 0)
        mpz_mul_2exp(num, num, (mp_bitcnt_t)-e);
    else
        mpz_mul_2exp(den, den, (mp_bitcnt_t)e);
    mpz_tdiv_qr(num, rest, num, den);
    bool sticky = mpz_sgn(rest) != 0;
    if (mpz_sizeinbase(num, 2) > 64) {
        sticky = sticky || mpz_odd_p(num);
        mpz_tdiv_q_2exp(num, num, 1);
        e++;
    }
    double d = round_bits(mpz_get_ui(num), e, sticky);
    mpz_clears(num, den, rest, NULL);
    return d;
}

int number_parse(struct str text, double *out)
{
    struct scanned x;
    double d = 0.0;
    if (scan(text, &x) != 0) {
        *out = NAN;
        return -1;
    }
    int64_t point = x.exponent + (int64_t)x.n;
    if (x.n && point > 310)
        d = INFINITY;
    else if (x.n && point > -330 && !exact_operation(&x, &d) && !certain_product(&x, &d))
        d = exact(&x);
    *out = x.negative ? -d : d;
    return isinf(d) ? -1 : 0;
}
