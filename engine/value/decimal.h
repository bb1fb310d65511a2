/* SPDX-License-Identifier: MIT */
/* Exact decimal numbers: sign, coefficient of up to 1,000 digits, power of ten.  Finite
 * only, so every value compares and prints.
 *
 * Values and results are those of Python's decimal module with its default context: what
 * is read is kept to the last digit, 1.50 stays 1.50, and + - * / and the others round
 * their result to 28 digits, half to even.  Where Python signals, the functions fail
 * (division by zero, an exponent out of range).
 *
 * A plain struct without memory of its own: copy it, drop it.  An amount of money takes
 * one limb, and only decimal_size() bytes of the struct have to be kept or copied. */
#ifndef VALUE_DECIMAL_H
#define VALUE_DECIMAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DECIMAL_PRECISION = 28,      /* digits of results */
    DECIMAL_DIGITS_MAX = 1000,   /* digits of any value */
    DECIMAL_EXPONENT_MAX = 1000, /* of the first digit, both ways: 1E-1000 to 9.99…E+1000 */
    DECIMAL_LIMBS = 52
};

struct decimal {      /* read-only to callers; zeroed: the number 0 */
    int32_t exponent; /* the value is coefficient * 10^exponent */
    uint16_t n;       /* limbs in use; the last of them is not 0, none for 0 */
    bool negative;    /* -0 exists and equals 0 */
    uint64_t limbs[DECIMAL_LIMBS];
};

/* Bytes at the start of *d that hold all of it: a copy of them is as good as *d for
 * `const` parameters. */
static inline size_t decimal_size(const struct decimal *d)
{
    return offsetof(struct decimal, limbs) + d->n * sizeof *d->limbs;
}

static inline bool decimal_is_zero(const struct decimal *d)
{
    return d->n == 0;
}

/* In every function `out` may be one of the operands. */

/* ---- from and to other types ---- */

/* "10.50", "-.5", "1E+3", with ASCII spaces around.  -1 with ERR_INVALID for anything else,
 * NaN and infinities among it, and with ERR_TOO_LARGE past the limits.  Linear. */
int decimal_parse(struct decimal *out, struct str text, struct err *err);
void decimal_from_int64(struct decimal *out, int64_t v);
/* All digits of d: 0.1 is 0.1000000000000000055…  -1 for NaN and infinities. */
int decimal_from_double(struct decimal *out, double d, struct err *err);

enum { DECIMAL_TEXT_MAX = DECIMAL_DIGITS_MAX * 2 + DECIMAL_EXPONENT_MAX };

/* Python's str(): 10.50, 1E+3, 1E-7.  Gives the length; no NUL. */
size_t decimal_write(const struct decimal *d, char out[DECIMAL_TEXT_MAX]);
/* Never an exponent: 1000, 0.0000001. */
size_t decimal_write_fixed(const struct decimal *d, char out[DECIMAL_TEXT_MAX]);
void decimal_add_text(struct buf *b, const struct decimal *d);
void decimal_add_fixed(struct buf *b, const struct decimal *d);

/* Whole numbers within 64 bits; -1 otherwise. */
int decimal_to_int64(const struct decimal *d, int64_t *out, struct err *err);
/* The nearest double; -1 past the largest one. */
int decimal_to_double(const struct decimal *d, double *out, struct err *err);

/* ---- properties ---- */

unsigned decimal_digits(const struct decimal *d); /* of the coefficient, 1 for 0 */
/* The exponent of the first digit: 2 for 123.45. */
int decimal_adjusted(const struct decimal *d);
bool decimal_is_integer(const struct decimal *d);
/* By value, less than, equal to or greater than 0: 1.0 equals 1.00. */
int decimal_compare(const struct decimal *a, const struct decimal *b);

/* ---- arithmetic, to 28 digits ---- */

int decimal_add(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err);
int decimal_sub(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err);
int decimal_mul(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err);
int decimal_div(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *err);
/* The quotient cut at the point (towards 0, so -7 // 2 is -3) and what remains, which has
 * the sign of a; either may be NULL.  -1 also when the quotient has more than 28 digits. */
int decimal_divmod(struct decimal *quotient, struct decimal *rest, const struct decimal *a,
                   const struct decimal *b, struct err *err);
int decimal_power(struct decimal *out, const struct decimal *a, int64_t exponent, struct err *err);
int decimal_sqrt(struct decimal *out, const struct decimal *a, struct err *err);
int decimal_neg(struct decimal *out, const struct decimal *a, struct err *err);
int decimal_abs(struct decimal *out, const struct decimal *a, struct err *err);
/* Without trailing zeros: 100 is 1E+2. */
int decimal_normalize(struct decimal *out, const struct decimal *a, struct err *err);

/* ---- rounding ---- */

enum decimal_rounding {
    DECIMAL_HALF_EVEN,
    DECIMAL_HALF_UP,
    DECIMAL_HALF_DOWN,
    DECIMAL_UP, /* away from 0 */
    DECIMAL_DOWN,
    DECIMAL_CEILING,
    DECIMAL_FLOOR,
    DECIMAL_05UP, /* away from 0 when the last digit kept is 0 or 5 */
};

/* "ROUND_HALF_UP" …; -1 names the nearest. */
int decimal_rounding_parse(struct str name, enum decimal_rounding *out, struct err *err);

/* a with the given exponent: -2 for two decimal places.  -1 when that takes more than
 * `precision` digits (up to DECIMAL_DIGITS_MAX). */
int decimal_quantize(struct decimal *out, const struct decimal *a, int exponent,
                     enum decimal_rounding rounding, unsigned precision, struct err *err);
/* a rounded to `precision` digits, as it is when it has no more. */
int decimal_round_digits(struct decimal *out, const struct decimal *a, unsigned precision,
                         enum decimal_rounding rounding, struct err *err);

#endif
