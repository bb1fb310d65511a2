/* SPDX-License-Identifier: MIT */
/* Every number is m * 2^e with a whole m.  The sums of the numbers and of their squares are
 * kept as whole numbers, in units of 2^unit and 2^(2 unit) of the smallest e so far; then
 * (n * squares - sum^2) / n^2 is a fraction of whole numbers, rounded at the very end. */
#include "value/variance.h"

#include "base/mem.h"

#include <gmp.h>
#include <math.h>

struct variance {
    mpz_t sum, squares;
    mpz_t m, a, b, rest; /* room for calculations */
    long unit;
    int64_t n, odd; /* numbers; infinities and NaNs among them */
};

struct variance *variance_new(void)
{
    struct variance *v = mem_zalloc(sizeof *v);
    mpz_inits(v->sum, v->squares, v->m, v->a, v->b, v->rest, NULL);
    return v;
}

void variance_free(struct variance *v)
{
    if (!v)
        return;
    mpz_clears(v->sum, v->squares, v->m, v->a, v->b, v->rest, NULL);
    free(v);
}

/* v->m * 2^e into the sums, or out of them. */
static void count(struct variance *v, long e, int sign)
{
    v->n += sign;
    if (mpz_sgn(v->m) == 0)
        return;
    if (e < v->unit) {
        mpz_mul_2exp(v->sum, v->sum, (unsigned long)(v->unit - e));
        mpz_mul_2exp(v->squares, v->squares, 2 * (unsigned long)(v->unit - e));
        v->unit = e;
    }
    mpz_mul_2exp(v->m, v->m, (unsigned long)(e - v->unit));
    if (sign > 0) {
        mpz_add(v->sum, v->sum, v->m);
        mpz_addmul(v->squares, v->m, v->m);
    } else {
        mpz_sub(v->sum, v->sum, v->m);
        mpz_submul(v->squares, v->m, v->m);
    }
}

static void count_int(struct variance *v, int64_t x, int sign)
{
    mpz_set_si(v->m, (long)x);
    count(v, 0, sign);
}

static void count_double(struct variance *v, double x, int sign)
{
    int e;
    double m;
    if (!isfinite(x)) {
        v->n += sign;
        v->odd += sign;
        return;
    }
    m = frexp(x, &e); /* 53 bits behind the point */
    mpz_set_si(v->m, (long)ldexp(m, 53));
    e -= 53;
    if (mpz_sgn(v->m) != 0) { /* small numbers stay small */
        unsigned long zeros = mpz_scan1(v->m, 0);
        mpz_tdiv_q_2exp(v->m, v->m, zeros);
        e += (int)zeros;
    }
    count(v, e, sign);
}

void variance_add_int(struct variance *v, int64_t x)
{
    count_int(v, x, 1);
}

void variance_add(struct variance *v, double x)
{
    count_double(v, x, 1);
}

void variance_remove_int(struct variance *v, int64_t x)
{
    count_int(v, x, -1);
}

void variance_remove(struct variance *v, double x)
{
    count_double(v, x, -1);
}

/* v->a and v->b are the fraction, in units of 2^(2 unit); false when there is none. */
static bool fraction(struct variance *v, bool sample)
{
    if (v->odd || v->n < (sample ? 2 : 1))
        return false;
    mpz_mul_ui(v->a, v->squares, (unsigned long)v->n);
    mpz_submul(v->a, v->sum, v->sum);
    mpz_set_ui(v->b, (unsigned long)v->n);
    mpz_mul_ui(v->b, v->b, (unsigned long)(v->n - sample));
    return true;
}

/* a / b * 2^shift, cut, as v->a; true when nothing was cut off. */
static bool divide(struct variance *v, long shift)
{
    if (shift > 0)
        mpz_mul_2exp(v->a, v->a, (unsigned long)shift);
    else
        mpz_mul_2exp(v->b, v->b, (unsigned long)-shift);
    mpz_tdiv_qr(v->a, v->rest, v->a, v->b);
    return mpz_sgn(v->rest) == 0;
}

/* v->a * 2^e, rounded to nearest; `exact` is false when something was cut off below. */
static double rounded(struct variance *v, bool exact, long e)
{
    long drop = (long)mpz_sizeinbase(v->a, 2) - 62;
    if (drop > 0) {
        exact = exact && (long)mpz_scan1(v->a, 0) >= drop;
        mpz_tdiv_q_2exp(v->a, v->a, (unsigned long)drop);
        e += drop;
    }
    /* The lowest of 62 bits stands for all below it: 53 are kept. */
    uint64_t bits = mpz_get_ui(v->a) | !exact;
    return ldexp((double)bits, (int)e);
}

static long shift_for(const struct variance *v, long bits)
{
    return bits - ((long)mpz_sizeinbase(v->a, 2) - (long)mpz_sizeinbase(v->b, 2));
}

bool variance_result(struct variance *v, bool sample, double *out)
{
    long shift;
    bool exact;
    if (!fraction(v, sample))
        return false;
    shift = shift_for(v, 66);
    exact = divide(v, shift);
    *out = mpz_sgn(v->a) ? rounded(v, exact, 2 * v->unit - shift) : 0;
    return true;
}

bool variance_deviation(struct variance *v, bool sample, double *out)
{
    long shift;
    bool exact;
    if (!fraction(v, sample))
        return false;
    shift = shift_for(v, 132) & ~1L; /* even, for half of it is left */
    exact = divide(v, shift);
    mpz_sqrtrem(v->a, v->rest, v->a);
    exact = exact && mpz_sgn(v->rest) == 0;
    *out = mpz_sgn(v->a) ? rounded(v, exact, v->unit - shift / 2) : 0;
    return true;
}
