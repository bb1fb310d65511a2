/* SPDX-License-Identifier: MIT */
/* Natural numbers on the stack, for the files of decimal: wide enough for every
 * intermediate result of numbers of 1,000 digits, so that nothing is allocated. */
#ifndef VALUE_DECIMAL_IMPL_H
#define VALUE_DECIMAL_IMPL_H

#include "value/decimal.h"

#include <assert.h>
#include <gmp.h>

static_assert(sizeof(mp_limb_t) == sizeof(uint64_t) && GMP_NUMB_BITS == 64, "limbs of 64 bits");

enum {
    NAT_DIGITS = 2120, /* two coefficients side by side, and a precision */
    NAT_LIMBS = 112,
    LIMB_DIGITS = 19 /* 10^19 fits a limb */
};

struct nat {
    mp_size_t n; /* the last limb is not 0 */
    mp_limb_t limb[NAT_LIMBS];
};

/* What a cut took away, against half a unit of the last digit kept. */
enum tail { TAIL_ZERO, TAIL_BELOW_HALF, TAIL_HALF, TAIL_ABOVE_HALF };

mp_limb_t limb_pow10(unsigned k); /* k <= LIMB_DIGITS */

void nat_from(struct nat *a, const struct decimal *d);
void nat_set(struct nat *a, unsigned __int128 v);
int nat_compare(const struct nat *a, const struct nat *b);
unsigned nat_digits(const struct nat *a); /* 1 for 0 */
void nat_add_limb(struct nat *a, mp_limb_t v);
void nat_add(struct nat *a, const struct nat *b);
void nat_sub(struct nat *a, const struct nat *b); /* a >= b */
void nat_mul_limb(struct nat *a, mp_limb_t v);
void nat_mul(struct nat *out, const struct nat *a, const struct nat *b); /* out is neither */
/* Cuts to a / b; *rest (which is neither) is what remains.  b > 0. */
void nat_divide(struct nat *a, const struct nat *b, struct nat *rest);
void nat_mul_pow10(struct nat *a, unsigned k);
/* Takes the last k digits off. */
enum tail nat_cut(struct nat *a, unsigned k);
mp_limb_t nat_mod_limb(const struct nat *a, mp_limb_t v);
/* Takes trailing zeros off, at most `most`; gives their number. a > 0. */
unsigned nat_strip(struct nat *a, unsigned most);

/* Does `tail` move a coefficient to the next one? */
bool decimal_rounds_up(enum decimal_rounding rounding, enum tail tail, bool negative,
                       const struct nat *kept);

/* *out = c * 10^exponent, rounded half to even to `precision` digits and checked against
 * the limits.  Changes *c. */
int decimal_finish(struct decimal *out, bool negative, struct nat *c, int64_t exponent,
                   unsigned precision, struct err *err);

#endif
