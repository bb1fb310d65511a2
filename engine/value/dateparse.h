/* SPDX-License-Identifier: MIT */
/* Text to dates, times, moments and durations, as Django's dateparse: ISO 8601 in
 * the forms that Python's fromisoformat() takes, then a more lenient form with one
 * or two digits.  Linear in the input.
 *
 * All give 1 and *out; 0 when the text has another form; -1 with *err
 * (ERR_INVALID, or ERR_TOO_LARGE for a duration) when the form is right and the
 * value impossible, as 2026-02-30. */
#ifndef VALUE_DATEPARSE_H
#define VALUE_DATEPARSE_H

#include "value/datetime.h"

/* "2026-01-31", "20260131", "2026-W05-6", "2026-1-31" */
int dateparse_date(struct str s, struct date *out, struct err *err);
/* "12:30", "12:30:00.5", "123000", "T12"; a zone behind it is accepted and ignored. */
int dateparse_time(struct str s, struct daytime *out, struct err *err);
/* A date alone or with a time, a "Z" or an offset. */
int dateparse_datetime(struct str s, struct datetime *out, struct err *err);
/* "3 04:05:06.7", "3 days, 4:05:06", "P3DT4H5M6.7S", PostgreSQL's "3 days -04:05:06" */
int dateparse_duration(struct str s, struct duration *out, struct err *err);

#endif
