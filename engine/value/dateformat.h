/* SPDX-License-Identifier: MIT */
/* Dates and times as text by a format: Django's language of single letters (the
 * `date` filter) and strftime's of percent signs.  English names. */
#ifndef VALUE_DATEFORMAT_H
#define VALUE_DATEFORMAT_H

#include "value/datetime.h"

enum moment_kind { MOMENT_DATE, MOMENT_TIME, MOMENT_DATETIME };

/* What is formatted: of a date only value.date is looked at, of a time only value.time. */
struct moment {
    enum moment_kind kind;
    struct datetime value;
};

/* Adds m by a format like "N j, Y"; a backslash takes the meaning from a letter.
 * A naive moment is taken to be in `zone`, the default time zone.  ERR_INVALID when
 * the format asks for something that m has not (the hour of a date); *out is then
 * as it was. */
int dateformat_add(struct buf *out, struct str format, const struct moment *m, struct tz zone,
                   struct err *err);

/* Adds m by a format like "%Y-%m-%d".  As in Python a date has midnight as its time
 * and a time 1900-01-01 as its date; years have four digits; "%-d" drops the padding.
 * ERR_INVALID for a directive that does not exist. */
int dateformat_strftime(struct buf *out, struct str format, const struct moment *m,
                        struct err *err);

/* English names for whoever else needs them: weekday from Monday 0, month from 1. */
struct str dateformat_weekday(int weekday);
struct str dateformat_month(int month);
struct str dateformat_month_ap(int month); /* Associated Press: "Jan.", "March" */

#endif
