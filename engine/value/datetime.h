/* SPDX-License-Identifier: MIT */
/* Dates, times of day and moments of the proleptic Gregorian calendar, years 1 to
 * 9999, to the microsecond: Python's date, time and datetime.
 *
 * All are plain values.  A datetime with tz.kind TZ_NONE is naive; arithmetic is
 * done on its own clock, as Python does it (adding a day gives the same time of
 * the next day, whatever the zone's offset does).  Functions that make one fail
 * with ERR_INVALID for fields out of range, ERR_TOO_LARGE when a result would
 * leave the years 1 to 9999. */
#ifndef VALUE_DATETIME_H
#define VALUE_DATETIME_H

#include "value/duration.h"
#include "value/timezone.h"

enum { DATE_MIN_YEAR = 1, DATE_MAX_YEAR = 9999 };

#define DATE_ORDINAL_1970 719163

struct date {
    int year, month, day; /* from 1 */
};

struct daytime {
    int hour, minute, second, microsecond;
};

struct datetime {
    struct date date;
    struct daytime time;
    struct tz tz;
    int fold; /* 1: the second of two equal times on the zone's clock */
};

/* ---- dates ---- */

bool date_is_leap(int year);
int date_month_days(int year, int month);
int date_make(int64_t year, int64_t month, int64_t day, struct date *out, struct err *err);
/* Days, 0001-01-01 being 1; works for any year. */
int64_t date_ordinal(struct date d);
int date_from_ordinal(int64_t ordinal, struct date *out, struct err *err);
int date_weekday(struct date d); /* Monday 0 .. Sunday 6 */
int date_yearday(struct date d); /* 1 .. 366 */
/* Year, week (1 .. 53) and day (Monday 1 .. Sunday 7) of ISO 8601. */
void date_iso_week(struct date d, int *year, int *week, int *day);
int date_from_iso_week(int year, int week, int day, struct date *out, struct err *err);
int date_compare(struct date a, struct date b);
/* Whole days of the duration; the rest is ignored. */
int date_add(struct date d, struct duration by, struct date *out, struct err *err);
struct duration date_diff(struct date a, struct date b);

/* ---- times of day ---- */

int daytime_make(int64_t hour, int64_t minute, int64_t second, int64_t microsecond,
                 struct daytime *out, struct err *err);
int daytime_compare(struct daytime a, struct daytime b);

/* ---- moments ---- */

/* Seconds since 1970 on its own clock. */
int64_t datetime_local_seconds(const struct datetime *d);
/* Offset, daylight saving and name of the zone; d is aware. */
void datetime_tz_info(const struct datetime *d, struct tz_info *out);
/* Microseconds since 1970-01-01 UTC; a naive d is taken for UTC. */
int64_t datetime_epoch_micros(const struct datetime *d);
/* tz of kind TZ_NONE gives a naive datetime in UTC. */
int datetime_from_epoch_micros(int64_t us, struct tz tz, struct datetime *out, struct err *err);
/* The same instant on another clock; d is aware. */
int datetime_astimezone(const struct datetime *d, struct tz tz, struct datetime *out,
                        struct err *err);
int datetime_add(const struct datetime *d, struct duration by, struct datetime *out,
                 struct err *err);
/* By their clocks within one zone, else by the instants.  ERR_INVALID when one is
 * naive and the other aware. */
int datetime_diff(const struct datetime *a, const struct datetime *b, struct duration *out,
                  struct err *err);
int datetime_compare(const struct datetime *a, const struct datetime *b, int *out, struct err *err);
/* Whether both are naive or both aware, and they are the same moment. */
bool datetime_equal(const struct datetime *a, const struct datetime *b);
/* Whether the clock of tz shows this time twice, or never. */
bool datetime_ambiguous_or_imaginary(const struct datetime *d, struct tz tz);

/* ---- text ---- */

void date_add_iso(struct buf *out, struct date d);
void daytime_add_iso(struct buf *out, struct daytime t);
/* "2026-01-31T12:00:00[.ffffff][+01:00]"; sep is the 'T'. */
void datetime_add_iso(struct buf *out, const struct datetime *d, char sep);
/* As JSON has them: milliseconds, and Z for UTC. */
void daytime_add_json(struct buf *out, struct daytime t);
void datetime_add_json(struct buf *out, const struct datetime *d);

#endif
