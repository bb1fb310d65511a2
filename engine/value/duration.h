/* SPDX-License-Identifier: MIT */
/* Spans of time with a resolution of one microsecond: Python's timedelta.
 *
 * A duration is a value; it is always normal (seconds and microseconds count
 * upwards from a possibly negative number of days) and lies within
 * +-999999999 days.  Whatever would leave that range fails with ERR_TOO_LARGE. */
#ifndef VALUE_DURATION_H
#define VALUE_DURATION_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define DURATION_MAX_DAYS 999999999
#define DURATION_SECOND INT64_C(1000000) /* the units, in microseconds */
#define DURATION_MINUTE (60 * DURATION_SECOND)
#define DURATION_HOUR (60 * DURATION_MINUTE)
#define DURATION_DAY (24 * DURATION_HOUR)
#define DURATION_WEEK (7 * DURATION_DAY)

struct duration {
    int days;         /* -999999999 .. 999999999 */
    int seconds;      /* 0 .. 86399 */
    int microseconds; /* 0 .. 999999 */
};

/* All of the range takes 77 bits. */
typedef __int128 duration_micros;

duration_micros duration_total(struct duration d);
int duration_from_total(duration_micros us, struct duration *out, struct err *err);
/* The microseconds, when they fit into 64 bits (some 292 thousand years). */
int duration_to_int64(struct duration d, int64_t *us, struct err *err);
double duration_seconds(struct duration d);

/* ---- adding up parts: {days = 1.5, hours = -2} ---- */

struct duration_sum { /* private; starts as {0} */
    duration_micros us;
    double rest; /* fractions of a microsecond */
};

void duration_sum_int(struct duration_sum *s, int64_t n, int64_t unit);
/* Fails on NaN, infinities and what is out of range by itself. */
int duration_sum_double(struct duration_sum *s, double n, int64_t unit, struct err *err);
/* Fractions of all parts together are rounded half to even. */
int duration_sum_end(const struct duration_sum *s, struct duration *out, struct err *err);

/* ---- arithmetic ---- */

int duration_compare(struct duration a, struct duration b); /* <0, 0, >0 */
int duration_add(struct duration a, struct duration b, struct duration *out, struct err *err);
int duration_sub(struct duration a, struct duration b, struct duration *out, struct err *err);
int duration_neg(struct duration d, struct duration *out, struct err *err);
int duration_mul(struct duration d, int64_t n, struct duration *out, struct err *err);
int duration_mul_double(struct duration d, double n, struct duration *out, struct err *err);
/* Rounded half to even; dividing by zero fails with ERR_INVALID, here and below. */
int duration_div(struct duration d, int64_t n, struct duration *out, struct err *err);
int duration_div_double(struct duration d, double n, struct duration *out, struct err *err);
/* Rounded down. */
int duration_floordiv(struct duration d, int64_t n, struct duration *out, struct err *err);
/* a / b, a // b and a % b (which has the sign of b). */
int duration_ratio(struct duration a, struct duration b, double *out, struct err *err);
int duration_quotient(struct duration a, struct duration b, int64_t *out, struct err *err);
int duration_mod(struct duration a, struct duration b, struct duration *out, struct err *err);

/* ---- text ---- */

/* "[-]D HH:MM:SS[.ffffff]", without the days when there are none: what forms and
 * databases without an interval type use. */
void duration_add_string(struct buf *out, struct duration d);
/* "[-]P1DT02H03M04[.000005]S" */
void duration_add_iso(struct buf *out, struct duration d);
/* "-1 day, 2:03:04[.000005]": Python's str(), what a template prints. */
void duration_add_words(struct buf *out, struct duration d);

#endif
