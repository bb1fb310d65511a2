/* SPDX-License-Identifier: MIT */
#include "value/duration.h"

#include <assert.h>
#include <math.h>

static duration_micros floor_div(duration_micros a, duration_micros b)
{
    duration_micros q = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

static duration_micros round_div(duration_micros a, duration_micros b)
{
    if (b < 0) {
        a = -a;
        b = -b;
    }
    duration_micros q = floor_div(a, b), r = a - q * b;
    if (r > b - r || (r == b - r && q % 2 != 0))
        q++;
    return q;
}

duration_micros duration_total(struct duration d)
{
    return (duration_micros)d.days * DURATION_DAY + d.seconds * DURATION_SECOND + d.microseconds;
}

static int out_of_range(struct err *err)
{
    return err_set(err, ERR_TOO_LARGE, "a duration must be within %d days", DURATION_MAX_DAYS);
}

int duration_from_total(duration_micros us, struct duration *out, struct err *err)
{
    duration_micros days = floor_div(us, DURATION_DAY);
    if (days < -DURATION_MAX_DAYS || days > DURATION_MAX_DAYS)
        return out_of_range(err);
    int64_t rest = (int64_t)(us - days * DURATION_DAY);
    out->days = (int)days;
    out->seconds = (int)(rest / DURATION_SECOND);
    out->microseconds = (int)(rest % DURATION_SECOND);
    return 0;
}

int duration_to_int64(struct duration d, int64_t *us, struct err *err)
{
    duration_micros total = duration_total(d);
    if (total < INT64_MIN || total > INT64_MAX)
        return err_set(err, ERR_TOO_LARGE,
                       "the microseconds of %d days do not fit into a 64-bit integer", d.days);
    *us = (int64_t)total;
    return 0;
}

double duration_seconds(struct duration d)
{
    return (double)duration_total(d) / 1e6;
}

void duration_sum_int(struct duration_sum *s, int64_t n, int64_t unit)
{
    s->us += (duration_micros)n * unit;
}

int duration_sum_double(struct duration_sum *s, double n, int64_t unit, struct err *err)
{
    if (isnan(n))
        return err_set(err, ERR_INVALID, "a duration cannot be made of NaN");
    /* The smallest unit gives the widest range; beyond it nothing could bring the sum back. */
    if (isinf(n) || fabs(n) > 1e23)
        return out_of_range(err);
    /* Whole units are exact; what is behind the point becomes microseconds and a rest. */
    double whole, part = modf(n, &whole), us;
    if (fabs(whole) * (double)unit > 1e30)
        return out_of_range(err);
    s->us += (duration_micros)whole * unit;
    part = modf(part * (double)unit, &us);
    s->us += (duration_micros)us;
    s->rest += part;
    return 0;
}

int duration_sum_end(const struct duration_sum *s, struct duration *out, struct err *err)
{
    double whole, part = modf(s->rest, &whole);
    duration_micros us = s->us + (duration_micros)whole;
    bool odd = us % 2 != 0;
    if (part > 0.5 || (part == 0.5 && odd))
        us++;
    else if (part < -0.5 || (part == -0.5 && odd))
        us--;
    return duration_from_total(us, out, err);
}

int duration_compare(struct duration a, struct duration b)
{
    if (a.days != b.days)
        return a.days < b.days ? -1 : 1;
    if (a.seconds != b.seconds)
        return a.seconds < b.seconds ? -1 : 1;
    return (a.microseconds > b.microseconds) - (a.microseconds < b.microseconds);
}

int duration_add(struct duration a, struct duration b, struct duration *out, struct err *err)
{
    return duration_from_total(duration_total(a) + duration_total(b), out, err);
}

int duration_sub(struct duration a, struct duration b, struct duration *out, struct err *err)
{
    return duration_from_total(duration_total(a) - duration_total(b), out, err);
}

int duration_neg(struct duration d, struct duration *out, struct err *err)
{
    return duration_from_total(-duration_total(d), out, err);
}

int duration_mul(struct duration d, int64_t n, struct duration *out, struct err *err)
{
    duration_micros product;
    if (__builtin_mul_overflow(duration_total(d), (duration_micros)n, &product))
        return out_of_range(err);
    return duration_from_total(product, out, err);
}

/* total * m * 2^e, or total / (m * 2^e), rounded half to even. */
static int scale(duration_micros total, duration_micros m, int e, struct duration *out,
                 struct err *err)
{
    duration_micros product;
    if (total == 0 || m == 0)
        return duration_from_total(0, out, err);
    if (__builtin_mul_overflow(total, m, &product)) {
        /* Only spans of millions of years times a number with all its bits in use come
         * here; the bit or two lost is far below a microsecond's share of the product. */
        m /= 16;
        e += 4;
        product = total * m;
    }
    for (; e > 0; e--)
        if (__builtin_mul_overflow(product, (duration_micros)2, &product))
            return out_of_range(err);
    if (e < -260)
        return duration_from_total(0, out, err);
    for (; e < -125; e++)
        product /= 2;
    return duration_from_total(round_div(product, (duration_micros)1 << -e), out, err);
}

/* n = *m * 2^*e with an odd *m (or 0). */
static int split(double n, int64_t *m, int *e, struct err *err)
{
    if (!isfinite(n))
        return err_set(err, ERR_INVALID, "a duration cannot be multiplied or divided by %s",
                       isnan(n) ? "NaN" : "infinity");
    *m = (int64_t)ldexp(frexp(n, e), 53);
    *e -= 53;
    while (*m != 0 && *m % 2 == 0) {
        *m /= 2;
        ++*e;
    }
    return 0;
}

int duration_mul_double(struct duration d, double n, struct duration *out, struct err *err)
{
    int64_t m;
    int e;
    if (split(n, &m, &e, err))
        return -1;
    return scale(duration_total(d), m, e, out, err);
}

static int by_zero(struct err *err)
{
    return err_set(err, ERR_INVALID, "division of a duration by zero");
}

int duration_div(struct duration d, int64_t n, struct duration *out, struct err *err)
{
    if (n == 0)
        return by_zero(err);
    return duration_from_total(round_div(duration_total(d), n), out, err);
}

int duration_div_double(struct duration d, double n, struct duration *out, struct err *err)
{
    int64_t m;
    int e;
    if (n == 0)
        return by_zero(err);
    if (split(n, &m, &e, err))
        return -1;
    /* total / (m * 2^e) = total * 2^-e / m */
    duration_micros top = duration_total(d), bottom = m;
    for (; e < 0; e++)
        if (__builtin_mul_overflow(top, (duration_micros)2, &top))
            return duration_mul_double(d, 1 / n, out, err);
    for (; e > 0; e--)
        if (__builtin_mul_overflow(bottom, (duration_micros)2, &bottom))
            return duration_from_total(0, out, err);
    return duration_from_total(round_div(top, bottom), out, err);
}

int duration_floordiv(struct duration d, int64_t n, struct duration *out, struct err *err)
{
    if (n == 0)
        return by_zero(err);
    return duration_from_total(floor_div(duration_total(d), n), out, err);
}

int duration_ratio(struct duration a, struct duration b, double *out, struct err *err)
{
    duration_micros top = duration_total(a), bottom = duration_total(b), exact = (int64_t)1 << 53;
    if (bottom == 0)
        return by_zero(err);
    if (-exact < top && top < exact && -exact < bottom && bottom < exact)
        *out = (double)top / (double)bottom; /* rounded once */
    else
        *out = (double)((long double)top / (long double)bottom);
    return 0;
}

int duration_quotient(struct duration a, struct duration b, int64_t *out, struct err *err)
{
    duration_micros bottom = duration_total(b);
    if (bottom == 0)
        return by_zero(err);
    duration_micros q = floor_div(duration_total(a), bottom);
    if (q < INT64_MIN || q > INT64_MAX)
        return err_set(err, ERR_TOO_LARGE,
                       "the quotient of the durations does not fit into a 64-bit integer");
    *out = (int64_t)q;
    return 0;
}

int duration_mod(struct duration a, struct duration b, struct duration *out, struct err *err)
{
    duration_micros top = duration_total(a), bottom = duration_total(b);
    if (bottom == 0)
        return by_zero(err);
    return duration_from_total(top - floor_div(top, bottom) * bottom, out, err);
}

static void add_fraction(struct buf *out, struct duration d)
{
    if (d.microseconds)
        buf_addf(out, ".%06d", d.microseconds);
}

void duration_add_string(struct buf *out, struct duration d)
{
    if (d.days)
        buf_addf(out, "%d ", d.days);
    buf_addf(out, "%02d:%02d:%02d", d.seconds / 3600, d.seconds / 60 % 60, d.seconds % 60);
    add_fraction(out, d);
}

void duration_add_iso(struct buf *out, struct duration d)
{
    if (d.days < 0) {
        buf_addc(out, '-');
        int failed = duration_neg(d, &d, NULL);
        assert(!failed); /* the negative end of the range is the shorter one */
        (void)failed;
    }
    buf_addf(out, "P%dDT", d.days);
    buf_addf(out, "%02dH%02dM%02d", d.seconds / 3600, d.seconds / 60 % 60, d.seconds % 60);
    add_fraction(out, d);
    buf_addc(out, 'S');
}

void duration_add_words(struct buf *out, struct duration d)
{
    if (d.days)
        buf_addf(out, "%d day%s, ", d.days, d.days == 1 || d.days == -1 ? "" : "s");
    buf_addf(out, "%d:%02d:%02d", d.seconds / 3600, d.seconds / 60 % 60, d.seconds % 60);
    add_fraction(out, d);
}
