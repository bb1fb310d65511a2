/* SPDX-License-Identifier: MIT */
/* The shortest digits of a double, after Raffaele Giulietti's Schubfach: scale the
 * interval of the reals that round to d by a power of ten in which at most two
 * integers lie next to d, and choose. */
#include "value/number.h"

#include "value/pow10.h"

#include <math.h>

enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1075, EXPONENT_MIN = -1074 };

static uint64_t bits_of(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

/* g * c / 2^128, "rounded to odd": the last bit is set when anything was cut off, so that
 * comparisons with it come out as with the exact product. */
static uint64_t scale(struct pow10 g, uint64_t c)
{
    unsigned __int128 x = (unsigned __int128)g.lo * c;
    unsigned __int128 y = (unsigned __int128)g.hi * c + (uint64_t)(x >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* floor(log10(2^q)), and floor(log10(3/4 * 2^q)) below a power of two, where the
 * interval is narrower on its lower side. */
static int log10_pow2(int q, bool narrow)
{
    return (q * 1262611 - (narrow ? 524031 : 0)) >> 22;
}

/* c * 2^q -> digits and exponent, not yet without trailing zeros */
static struct number_digits shortest(uint64_t c, int q, bool narrow)
{
    bool odd = c & 1; /* the ends of the interval belong to even mantissas */
    int k = log10_pow2(q, narrow);
    struct pow10 g = pow10_bits(-k);
    int h = q + pow10_log2(-k) + 1;
    if (!g.exact && ++g.lo == 0) /* rounded up, as the method wants it */
        g.hi++;
    uint64_t low = scale(g, (4 * c - (narrow ? 1 : 2)) << h);
    uint64_t mid = scale(g, (4 * c) << h);
    uint64_t high = scale(g, (4 * c + 2) << h);
    low += odd;
    high -= odd;

    uint64_t s = mid / 4;
    if (s >= 10) { /* one digit less, when exactly one such number is inside */
        uint64_t t = s / 10;
        bool below = low <= 40 * t, above = 40 * t + 40 <= high;
        if (below != above)
            return (struct number_digits){t + above, k + 1, false};
    }
    bool below = low <= 4 * s, above = 4 * s + 4 <= high;
    if (below != above)
        return (struct number_digits){s + above, k, false};
    uint64_t half = 4 * s + 2;
    bool up = mid > half || (mid == half && (s & 1));
    return (struct number_digits){s + up, k, false};
}

struct number_digits number_shortest(double d)
{
    uint64_t bits = bits_of(d), fraction = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
    int exponent = (int)(bits >> MANTISSA_BITS & 0x7ff);
    struct number_digits n = {0, 0, bits >> 63};
    if (exponent == 0 && fraction == 0)
        return n;
    uint64_t c = exponent ? fraction | UINT64_C(1) << MANTISSA_BITS : fraction;
    int q = exponent ? exponent - EXPONENT_BIAS : EXPONENT_MIN;
    bool negative = n.negative;
    if (q <= 0 && q > -53 && !(c & ((UINT64_C(1) << -q) - 1)))
        n = (struct number_digits){c >> -q, 0, false}; /* an integer below 2^53 */
    else
        n = shortest(c, q, fraction == 0 && exponent > 1);
    n.negative = negative;
    while (n.digits % 10 == 0) {
        n.digits /= 10;
        n.exponent++;
    }
    return n;
}

static size_t write_digits(uint64_t digits, char *out)
{
    char t[20];
    size_t n = 0;
    do
        t[n++] = (char)('0' + digits % 10);
    while (digits /= 10);
    for (size_t i = 0; i < n; i++)
        out[i] = t[n - 1 - i];
    return n;
}

static size_t write_zeros(char *out, int n)
{
    if (n <= 0)
        return 0;
    memset(out, '0', (size_t)n);
    return (size_t)n;
}

/* d.ddde+xx */
static size_t write_scientific(char *out, size_t n, int point)
{
    int e = point - 1;
    if (n > 1) {
        memmove(out + 2, out + 1, n - 1);
        out[1] = '.';
        n++;
    }
    out[n++] = 'e';
    out[n++] = e < 0 ? '-' : '+';
    e = e < 0 ? -e : e;
    if (e < 10)
        out[n++] = '0';
    return n + write_digits((uint64_t)e, out + n);
}

size_t number_write(double d, char out[NUMBER_MAX])
{
    size_t sign = 0, n;
    if (!isfinite(d)) {
        const char *name = isnan(d) ? "nan" : d < 0 ? "-inf" : "inf";
        memcpy(out, name, strlen(name));
        return strlen(name);
    }
    struct number_digits x = number_shortest(d);
    if (x.negative)
        out[sign++] = '-';
    out += sign;
    n = write_digits(x.digits, out);
    int point = (int)n + x.exponent; /* digits before the decimal point */
    if (point > 16 || point < -3)
        return sign + write_scientific(out, n, point);
    if (point <= 0) { /* 0.000ddd */
        size_t lead = 2 + (size_t)-point;
        memmove(out + lead, out, n);
        memset(out, '0', lead);
        out[1] = '.';
        return sign + lead + n;
    }
    if ((size_t)point < n) { /* dd.dd */
        memmove(out + point + 1, out + point, n - (size_t)point);
        out[point] = '.';
        return sign + n + 1;
    }
    n += write_zeros(out + n, x.exponent);
    memcpy(out + n, ".0", 2);
    return sign + n + 2;
}

void number_add(struct buf *b, double d)
{
    buf_reserve(b, NUMBER_MAX);
    b->n += number_write(d, b->data + b->n);
    b->data[b->n] = '\0';
}
