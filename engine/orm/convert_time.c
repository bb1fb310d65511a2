/* SPDX-License-Identifier: MIT */
/* Dates, times and moments: text in SQLite, moments in UTC without an offset. */
#include "orm/convert_impl.h"
#include "value/dateparse.h"

#include <stdio.h>

static int64_t date_micros(int64_t ordinal)
{
    return (ordinal - DATE_ORDINAL_1970) * DURATION_DAY;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int convert_date(const struct param_type *t, struct value v, const struct convert_zone *zone,
                 int64_t *ordinal, struct err *err)
{
    struct date d;
    struct datetime when;
    switch (v.kind) {
    case VALUE_DATE:
        *ordinal = v.i;
        return 0;
    case VALUE_NAIVE:
        *ordinal = floor_div(v.i, DURATION_DAY) + DATE_ORDINAL_1970;
        return 0;
    case VALUE_DATETIME:
        if (datetime_from_epoch_micros(
                v.i, zone->fallback.kind == TZ_NONE ? tz_utc() : zone->fallback, &when, err) < 0)
            return -1;
        *ordinal = date_ordinal(when.date);
        return 0;
    case VALUE_TEXT:
        if (dateparse_date(v.text, &d, err) == 1) {
            *ordinal = date_ordinal(d);
            return 0;
        }
        /* fall through */
    default:
        return convert_fail(t, v, "has an invalid date format. It must be in YYYY-MM-DD format.",
                            err);
    }
}

/* A moment of the clock in `tz`, which is that of the setting for values without a zone, and the
 * current one for the bounds of years. */
static int from_local(int64_t local_micros, const struct convert_zone *zone, struct tz tz,
                      int64_t *micros, struct err *err)
{
    struct datetime naive;
    if (zone->naive) {
        *micros = local_micros;
        return 0;
    }
    if (datetime_from_epoch_micros(local_micros, tz_none(), &naive, err) < 0)
        return -1;
    naive.tz = tz.kind == TZ_NONE ? tz_utc() : tz;
    *micros = datetime_epoch_micros(&naive);
    return 0;
}

static int fail_aware(const struct param_type *t, struct err *err)
{
    char place[CONVERT_PLACE];
    return err_set(err, ERR_INVALID,
                   "%s: SQLite backend does not support timezone-aware datetimes when USE_TZ is "
                   "False (the setting use_tz): give one without a zone, time.make_naive(…).",
                   convert_place(t, place));
}

int convert_moment(const struct param_type *t, struct value v, const struct convert_zone *zone,
                   int64_t *micros, struct err *err)
{
    struct datetime when;
    switch (v.kind) {
    case VALUE_DATETIME:
        if (zone->naive)
            return fail_aware(t, err);
        *micros = v.i;
        return 0;
    case VALUE_NAIVE:
        return from_local(v.i, zone, zone->fallback, micros, err);
    case VALUE_DATE:
        return from_local(date_micros(v.i), zone, zone->fallback, micros, err);
    case VALUE_TEXT:
        if (dateparse_datetime(v.text, &when, err) == 1) {
            if (when.tz.kind == TZ_NONE)
                return from_local(datetime_epoch_micros(&when), zone, zone->fallback, micros, err);
            if (zone->naive)
                return fail_aware(t, err);
            *micros = datetime_epoch_micros(&when);
            return 0;
        }
        /* fall through */
    default:
        return convert_fail(t, v,
                            "has an invalid format. It must be in YYYY-MM-DD "
                            "HH:MM[:ss[.uuuuuu]][TZ] format.",
                            err);
    }
}

int convert_daytime(const struct param_type *t, struct value v, int64_t *micros, struct err *err)
{
    struct daytime d;
    if (v.kind == VALUE_TIME) {
        *micros = v.i;
        return 0;
    }
    if (v.kind == VALUE_NAIVE || v.kind == VALUE_DATETIME) {
        *micros = v.i - floor_div(v.i, DURATION_DAY) * DURATION_DAY;
        return 0;
    }
    if (v.kind == VALUE_TEXT && dateparse_time(v.text, &d, err) == 1) {
        *micros = ((d.hour * INT64_C(60) + d.minute) * 60 + d.second) * 1000000 + d.microsecond;
        return 0;
    }
    return convert_fail(t, v, "has an invalid format. It must be in HH:MM[:ss[.uuuuuu]] format.",
                        err);
}

/* ---- text ---- */

static char *two(char *p, int n)
{
    p[0] = (char)('0' + n / 10);
    p[1] = (char)('0' + n % 10);
    return p + 2;
}

static char *write_date(char *p, int64_t ordinal)
{
    struct date d;
    if (date_from_ordinal(ordinal, &d, NULL) < 0)
        d = (struct date){1, 1, 1};
    p = two(p, d.year / 100);
    p = two(p, d.year % 100);
    *p++ = '-';
    p = two(p, d.month);
    *p++ = '-';
    return two(p, d.day);
}

static char *write_time(char *p, int64_t micros)
{
    int64_t seconds = micros / 1000000;
    int rest = (int)(micros % 1000000);
    p = two(p, (int)(seconds / 3600));
    *p++ = ':';
    p = two(p, (int)(seconds / 60 % 60));
    *p++ = ':';
    p = two(p, (int)(seconds % 60));
    if (rest) {
        *p++ = '.';
        p = two(p, rest / 10000);
        p = two(p, rest / 100 % 100);
        p = two(p, rest % 100);
    }
    return p;
}

struct str convert_date_text(int64_t ordinal, struct arena *scratch)
{
    char *p = arena_alloc(scratch, 16);
    return str_make(p, (size_t)(write_date(p, ordinal) - p));
}

struct str convert_time_text(int64_t micros, struct arena *scratch)
{
    char *p = arena_alloc(scratch, 16);
    return str_make(p, (size_t)(write_time(p, micros) - p));
}

struct str convert_moment_text(int64_t micros, struct arena *scratch)
{
    char *p = arena_alloc(scratch, 32);
    int64_t day = floor_div(micros, DURATION_DAY);
    char *end = write_date(p, day + DATE_ORDINAL_1970);
    *end++ = ' ';
    end = write_time(end, micros - day * DURATION_DAY);
    return str_make(p, (size_t)(end - p));
}

/* ---- years ---- */

static int year_bounds(const struct param_type *t, int64_t year, int64_t *first, int64_t *last,
                       struct err *err)
{
    struct date a, b;
    bool iso = t->bind == BIND_ISO_FIRST || t->bind == BIND_ISO_LAST;
    if (year < DATE_MIN_YEAR || year > DATE_MAX_YEAR)
        return err_set(err, ERR_INVALID, "year %lld is out of range", (long long)year);
    if (!iso) {
        a = (struct date){(int)year, 1, 1};
        b = (struct date){(int)year, 12, 31};
        *first = date_ordinal(a);
        *last = date_ordinal(b);
        return 0;
    }
    if (date_from_iso_week((int)year, 1, 1, &a, err) < 0)
        return -1;
    *first = date_ordinal(a);
    if (year == DATE_MAX_YEAR)
        *last = date_ordinal((struct date){DATE_MAX_YEAR, 12, 31});
    else if (date_from_iso_week((int)year + 1, 1, 1, &b, err) < 0)
        return -1;
    else
        *last = date_ordinal(b) - 1;
    return 0;
}

int convert_year(const struct param_type *t, int64_t year, const struct convert_zone *zone,
                 struct arena *scratch, struct value *out, struct err *err)
{
    int64_t first, last, micros;
    if (year_bounds(t, year, &first, &last, err) < 0)
        return -1;
    bool end = t->bind == BIND_YEAR_LAST || t->bind == BIND_ISO_LAST;
    out->kind = VALUE_TEXT;
    if (t->storage != STORE_DATETIME) {
        out->text = convert_date_text(end ? last : first, scratch);
        return 0;
    }
    int64_t local = end ? date_micros(last) + DURATION_DAY - 1 : date_micros(first);
    if (from_local(local, zone, zone->tz, &micros, err) < 0)
        return -1;
    out->text = convert_moment_text(micros, scratch);
    return 0;
}

/* ---- back ---- */

static bool digits(const char *p, int n, int *out)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (!char_is_digit(p[i]))
            return false;
        v = v * 10 + (p[i] - '0');
    }
    *out = v;
    return true;
}

/* "2024-02-29 13:05:07[.000120]": what this module and Django write. */
static bool fast_moment(struct str s, int64_t *micros)
{
    int y, mo, d, h, mi, sec, us = 0;
    const char *p = s.p;
    if ((s.n != 19 && s.n != 26) || p[4] != '-' || p[7] != '-' || p[10] != ' ' || p[13] != ':' ||
        p[16] != ':' || (s.n == 26 && p[19] != '.'))
        return false;
    if (!digits(p, 4, &y) || !digits(p + 5, 2, &mo) || !digits(p + 8, 2, &d) ||
        !digits(p + 11, 2, &h) || !digits(p + 14, 2, &mi) || !digits(p + 17, 2, &sec) ||
        (s.n == 26 && !digits(p + 20, 6, &us)))
        return false;
    if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > date_month_days(y, mo) || h > 23 || mi > 59 ||
        sec > 59)
        return false;
    int64_t day = date_ordinal((struct date){y, mo, d}) - DATE_ORDINAL_1970;
    *micros = (((day * 24 + h) * 60 + mi) * 60 + sec) * INT64_C(1000000) + us;
    return true;
}

int convert_read_time(enum storage storage, struct str text, struct value *out, struct err *err)
{
    struct date d;
    struct daytime t;
    struct datetime when;
    switch (storage) {
    case STORE_DATETIME:
        out->kind = VALUE_DATETIME;
        if (fast_moment(text, &out->i))
            return 0;
        if (dateparse_datetime(text, &when, err) == 1) {
            out->i = datetime_epoch_micros(&when);
            return 0;
        }
        break;
    case STORE_DATE:
        if (dateparse_date(str_head(text, 10), &d, err) == 1) {
            *out = (struct value){.kind = VALUE_DATE, .i = date_ordinal(d)};
            return 0;
        }
        break;
    default:
        if (dateparse_time(text, &t, err) == 1) {
            *out = (struct value){
                .kind = VALUE_TIME,
                .i = ((t.hour * INT64_C(60) + t.minute) * 60 + t.second) * 1000000 + t.microsecond};
            return 0;
        }
    }
    return err_set(err, ERR_INVALID, "the database holds '%.*s', which is no %s",
                   STR_ARG(str_head(text, 60)),
                   storage == STORE_DATETIME ? "datetime"
                   : storage == STORE_DATE   ? "date"
                                             : "time");
}
