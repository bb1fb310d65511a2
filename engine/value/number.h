/* SPDX-License-Identifier: MIT */
/* Doubles as decimal text and back, exactly: the shortest digits that read back as the
 * same double, and the double nearest to any digits.  Independent of the locale. */
#ifndef VALUE_NUMBER_H
#define VALUE_NUMBER_H

#include "base/buf.h"
#include "base/str.h"

/* A finite double as digits * 10^exponent, digits without trailing zeros (0 for 0). */
struct number_digits {
    uint64_t digits; /* at most 17 digits */
    int exponent;
    bool negative;
};

/* The shortest digits that read back as d; of several, those nearest to it.  d is finite. */
struct number_digits number_shortest(double d);

enum { NUMBER_MAX = 26 }; /* bytes that number_write writes at most */

/* Writes d as Python's repr does: "1.0", "0.1", "1e+22", "-1.5e-07", "inf", "nan".
 * Gives the length; no NUL. */
size_t number_write(double d, char out[NUMBER_MAX]);
void number_add(struct buf *b, double d);

/* The double nearest to `text`, ties to even: [+-] digits [. digits] [(e|E) [+-] digits],
 * with at least one digit before the exponent.  0, or -1 when the text has another form or
 * the number is too large for a double (then *out is an infinity; otherwise NaN).  Numbers
 * too small become 0.  Linear in its input. */
int number_parse(struct str text, double *out);

#endif
