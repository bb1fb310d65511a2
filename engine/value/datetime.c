/* SPDX-License-Identifier: MIT */
#include "value/datetime.h"

enum { DAYS_400 = 146097, DAYS_100 = 36524, DAYS_4 = 1461, DAYS_1 = 365 };

static const int days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

bool date_is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int date_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && date_is_leap(year) ? 29 : days[month - 1];
}

int date_make(int64_t year, int64_t month, int64_t day, struct date *out, struct err *err)
{
    if (year < DATE_MIN_YEAR || year > DATE_MAX_YEAR)
        return err_set(err, ERR_INVALID, "year %lld is out of range 1..9999", (long long)year);
    if (month < 1 || month > 12)
        return err_set(err, ERR_INVALID, "month must be in 1..12, not %lld", (long long)month);
    if (day < 1 || day > date_month_days((int)year, (int)month))
        return err_set(err, ERR_INVALID, "day is out of range for month: %04lld-%02lld-%02lld",
                       (long long)year, (long long)month, (long long)day);
    *out = (struct date){(int)year, (int)month, (int)day};
    return 0;
}

int date_yearday(struct date d)
{
    return days_before[d.month - 1] + (d.month > 2 && date_is_leap(d.year)) + d.day;
}

int64_t date_ordinal(struct date d)
{
    int64_t y = d.year - 1;
    /* Divisions round down only for y >= 0; year 0 and below come from zone rules. */
    int64_t cycles = y < 0 ? -1 : 0;
    y -= cycles * 400;
    return cycles * DAYS_400 + y * 365 + y / 4 - y / 100 + y / 400 + date_yearday(d);
}

int date_from_ordinal(int64_t ordinal, struct date *out, struct err *err)
{
    int64_t n = ordinal - 1;
    if (n < 0 || n >= date_ordinal((struct date){DATE_MAX_YEAR + 1, 1, 1}) - 1)
        return err_set(err, ERR_TOO_LARGE, "the date is out of the years 1 to 9999");
    int rest = (int)(n % DAYS_400), year = (int)(n / DAYS_400) * 400 + 1;
    /* The last day of a century or of four years is in a leap year: not one more. */
    int n100 = rest / DAYS_100 - (rest / DAYS_100 == 4);
    rest -= n100 * DAYS_100;
    int n4 = rest / DAYS_4;
    rest -= n4 * DAYS_4;
    int n1 = rest / DAYS_1 - (rest / DAYS_1 == 4);
    rest -= n1 * DAYS_1;
    year += n100 * 100 + n4 * 4 + n1;
    int month = rest / 32 + 1; /* or the one after it */
    if (month < 12 && rest >= days_before[month] + (month >= 2 && date_is_leap(year)))
        month++;
    rest -= days_before[month - 1] + (month > 2 && date_is_leap(year));
    *out = (struct date){year, month, rest + 1};
    return 0;
}

int date_weekday(struct date d)
{
    return (int)((date_ordinal(d) + 6) % 7);
}

/* Ordinal of the Monday that starts week 1: the week with the year's first Thursday. */
static int64_t iso_year_start(int year)
{
    struct date first = {year, 1, 1};
    int weekday = date_weekday(first);
    return date_ordinal(first) - weekday + (weekday > 3 ? 7 : 0);
}

void date_iso_week(struct date d, int *year, int *week, int *day)
{
    int64_t n = date_ordinal(d);
    *year = d.year;
    if (n < iso_year_start(d.year))
        --*year;
    else if (n >= iso_year_start(d.year + 1))
        ++*year;
    /* 0001-01-01 is a Monday, so that year 0 is never asked for. */
    *week = (int)((n - iso_year_start(*year)) / 7) + 1;
    *day = date_weekday(d) + 1;
}

int date_from_iso_week(int year, int week, int day, struct date *out, struct err *err)
{
    if (year < DATE_MIN_YEAR || year > DATE_MAX_YEAR)
        return err_set(err, ERR_INVALID, "year %d is out of range 1..9999", year);
    int weeks = (int)((iso_year_start(year + 1) - iso_year_start(year)) / 7);
    if (week < 1 || week > weeks)
        return err_set(err, ERR_INVALID, "week must be in 1..%d in %d, not %d", weeks, year, week);
    if (day < 1 || day > 7)
        return err_set(err, ERR_INVALID, "day of the week must be in 1..7, not %d", day);
    return date_from_ordinal(iso_year_start(year) + (week - 1) * 7 + day - 1, out, err);
}

int date_compare(struct date a, struct date b)
{
    int64_t x = date_ordinal(a), y = date_ordinal(b);
    return (x > y) - (x < y);
}

int date_add(struct date d, struct duration by, struct date *out, struct err *err)
{
    return date_from_ordinal(date_ordinal(d) + by.days, out, err);
}

struct duration date_diff(struct date a, struct date b)
{
    return (struct duration){(int)(date_ordinal(a) - date_ordinal(b)), 0, 0};
}

static int check_part(const char *name, int64_t n, int max, struct err *err)
{
    if (n >= 0 && n <= max)
        return 0;
    return err_set(err, ERR_INVALID, "%s must be in 0..%d, not %lld", name, max, (long long)n);
}

int daytime_make(int64_t hour, int64_t minute, int64_t second, int64_t microsecond,
                 struct daytime *out, struct err *err)
{
    if (check_part("hour", hour, 23, err) || check_part("minute", minute, 59, err) ||
        check_part("second", second, 59, err) ||
        check_part("microsecond", microsecond, 999999, err))
        return -1;
    *out = (struct daytime){(int)hour, (int)minute, (int)second, (int)microsecond};
    return 0;
}

static int64_t daytime_micros(struct daytime t)
{
    return (int64_t)(t.hour * 3600 + t.minute * 60 + t.second) * DURATION_SECOND + t.microsecond;
}

int daytime_compare(struct daytime a, struct daytime b)
{
    int64_t x = daytime_micros(a), y = daytime_micros(b);
    return (x > y) - (x < y);
}

int64_t datetime_local_seconds(const struct datetime *d)
{
    return (date_ordinal(d->date) - DATE_ORDINAL_1970) * 86400 + d->time.hour * 3600 +
           d->time.minute * 60 + d->time.second;
}

static int64_t local_micros(const struct datetime *d)
{
    return datetime_local_seconds(d) * DURATION_SECOND + d->time.microsecond;
}

void datetime_tz_info(const struct datetime *d, struct tz_info *out)
{
    tz_at_local(d->tz, datetime_local_seconds(d), d->fold, out);
}

int64_t datetime_epoch_micros(const struct datetime *d)
{
    struct tz_info info = {0};
    if (d->tz.kind != TZ_NONE)
        datetime_tz_info(d, &info);
    return local_micros(d) - info.offset * DURATION_SECOND;
}

/* Sets date and time from microseconds on the clock since 1970. */
static int set_local(struct datetime *d, int64_t us, struct err *err)
{
    int64_t days = us / DURATION_DAY - (us % DURATION_DAY < 0), rest = us - days * DURATION_DAY;
    if (date_from_ordinal(days + DATE_ORDINAL_1970, &d->date, err))
        return -1;
    int seconds = (int)(rest / DURATION_SECOND);
    d->time = (struct daytime){seconds / 3600, seconds / 60 % 60, seconds % 60,
                               (int)(rest % DURATION_SECOND)};
    return 0;
}

int datetime_from_epoch_micros(int64_t us, struct tz tz, struct datetime *out, struct err *err)
{
    struct datetime d = {.tz = tz};
    struct tz_info info = {0}, first;
    int64_t utc = us / DURATION_SECOND - (us % DURATION_SECOND < 0);
    if (tz.kind != TZ_NONE) {
        tz_at_utc(tz, utc, &info);
        tz_at_local(tz, utc + info.offset, 0, &first);
        d.fold = first.offset != info.offset;
    }
    if (__builtin_add_overflow(us, info.offset * DURATION_SECOND, &us))
        return err_set(err, ERR_TOO_LARGE, "the date is out of the years 1 to 9999");
    if (set_local(&d, us, err))
        return -1;
    *out = d;
    return 0;
}

int datetime_astimezone(const struct datetime *d, struct tz tz, struct datetime *out,
                        struct err *err)
{
    return datetime_from_epoch_micros(datetime_epoch_micros(d), tz, out, err);
}

int datetime_add(const struct datetime *d, struct duration by, struct datetime *out,
                 struct err *err)
{
    struct datetime sum = {.tz = d->tz};
    duration_micros us = local_micros(d) + duration_total(by);
    if (us > INT64_MAX || us < INT64_MIN)
        return err_set(err, ERR_TOO_LARGE, "the date is out of the years 1 to 9999");
    if (set_local(&sum, (int64_t)us, err))
        return -1;
    *out = sum;
    return 0;
}

/* Both moments on one scale: the clock of their zone, or UTC. */
static int on_one_scale(const struct datetime *a, const struct datetime *b, int64_t *x, int64_t *y,
                        struct err *err)
{
    if ((a->tz.kind == TZ_NONE) != (b->tz.kind == TZ_NONE))
        return err_set(err, ERR_INVALID,
                       "a datetime without a time zone does not go with one that has one");
    bool same = tz_same(a->tz, b->tz);
    *x = same ? local_micros(a) : datetime_epoch_micros(a);
    *y = same ? local_micros(b) : datetime_epoch_micros(b);
    return 0;
}

int datetime_diff(const struct datetime *a, const struct datetime *b, struct duration *out,
                  struct err *err)
{
    int64_t x, y;
    if (on_one_scale(a, b, &x, &y, err))
        return -1;
    return duration_from_total((duration_micros)x - y, out, err);
}

int datetime_compare(const struct datetime *a, const struct datetime *b, int *out, struct err *err)
{
    int64_t x, y;
    if (on_one_scale(a, b, &x, &y, err))
        return -1;
    *out = (x > y) - (x < y);
    return 0;
}

bool datetime_equal(const struct datetime *a, const struct datetime *b)
{
    int order;
    return datetime_compare(a, b, &order, NULL) == 0 && order == 0;
}

bool datetime_ambiguous_or_imaginary(const struct datetime *d, struct tz tz)
{
    struct tz_info first, second;
    tz_at_local(tz, datetime_local_seconds(d), 0, &first);
    tz_at_local(tz, datetime_local_seconds(d), 1, &second);
    return first.offset != second.offset;
}
