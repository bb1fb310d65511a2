/* SPDX-License-Identifier: MIT */
/* Numbers from text as Python's int(), float() and Decimal() read them: white space around,
 * underscores between digits, digits of any script.  Linear in the input. */
#ifndef VALUE_NUMTEXT_H
#define VALUE_NUMTEXT_H

#include "value/decimal.h"

enum numtext {
    NUMTEXT_NONE,    /* not a number */
    NUMTEXT_NUMBER,  /* *out is set */
    NUMTEXT_LARGE,   /* a number past what the type holds: int64_t, or the limits of decimal.h */
    NUMTEXT_SPECIAL, /* an infinity or NaN, of Decimal() */
};

enum numtext numtext_int(struct str s, int64_t *out);
/* Infinities and NaN are numbers, and so is what becomes one (1e999). */
enum numtext numtext_double(struct str s, double *out);
enum numtext numtext_decimal(struct str s, struct decimal *out);

/* The value of a digit of any script; -1 when cp is none. */
int unicode_digit(uint32_t cp);

#endif
