/* SPDX-License-Identifier: MIT */
/* Functions of dates and times, on the texts in which Django stores them:
 * "2024-02-29 13:05:07[.000120]", "2024-02-29", "01:02:03[.000450]". */
#include "db/sqlite_functions.h"
#include "db/sqlite_impl.h"

#include "base/mem.h"
#include "value/datetime.h"

/* ---- reading ---- */

static bool take_number(struct str *s, int *out)
{
    size_t n = 0;
    int v = 0;
    for (; n < s->n && n < 6 && char_is_digit(s->p[n]); n++)
        v = v * 10 + (s->p[n] - '0');
    *s = str_skip(*s, n);
    *out = v;
    return n > 0;
}

static bool take_char(struct str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

static bool take_date(struct str *s, struct date *out)
{
    int y, m, d;
    return take_number(s, &y) && take_char(s, '-') && take_number(s, &m) && take_char(s, '-') &&
           take_number(s, &d) && date_make(y, m, d, out, NULL) == 0;
}

/* Six digits of a fraction; the rest is cut. */
static bool take_micros(struct str *s, int *out)
{
    int digits = 0;
    *out = 0;
    if (!take_char(s, '.'))
        return true;
    for (; s->n && char_is_digit(s->p[0]); *s = str_skip(*s, 1))
        if (digits < 6) {
            *out = *out * 10 + (s->p[0] - '0');
            digits++;
        }
    for (; digits < 6; digits++)
        *out *= 10;
    return true;
}

static bool take_time(struct str *s, struct daytime *out)
{
    int h, m, sec, us;
    return take_number(s, &h) && take_char(s, ':') && take_number(s, &m) && take_char(s, ':') &&
           take_number(s, &sec) && take_micros(s, &us) &&
           daytime_make(h, m, sec, us, out, NULL) == 0;
}

/* A date (at midnight) or a moment; an offset behind it is dropped, as Django drops it. */
static bool read_moment(struct str s, struct datetime *out, bool *only_date)
{
    struct daytime midnight = {0, 0, 0, 0};
    *out = (struct datetime){.time = midnight};
    *only_date = false;
    if (!take_date(&s, &out->date))
        return false;
    if (!s.n) {
        *only_date = true;
        return true;
    }
    if (!take_char(&s, ' '))
        return false;
    while (take_char(&s, ' '))
        ;
    if (!take_time(&s, &out->time))
        return false;
    return !s.n || s.p[0] == '+' || s.p[0] == '-';
}

static bool read_time(struct str s, struct daytime *out)
{
    return take_time(&s, out) && !s.n;
}

/* ---- zones ---- */

/* The zone that argument i names; kept while the statement runs when it is constant. */
static bool zone_of(sqlite3_context *ctx, sqlite3_value **args, int i, struct tz *out)
{
    struct tz *kept = sqlite3_get_auxdata(ctx, i);
    struct err err;
    if (kept) {
        *out = *kept;
        return true;
    }
    struct databases *all = function_databases(ctx);
    if (!all->zones)
        all->zones = zones_new(NULL);
    if (zones_get(all->zones, function_text(args[i]), out, &err) != 0) {
        sqlite3_result_error(ctx, err.msg, -1);
        return false;
    }
    kept = mem_alloc(sizeof *kept);
    *kept = *out;
    sqlite3_set_auxdata(ctx, i, kept, free);
    return true;
}

static bool same_text(sqlite3_value *a, sqlite3_value *b)
{
    return str_eq(function_text(a), function_text(b));
}

/* From the zone of the connection to that of the query: arguments i and i + 1, or NULL. */
static bool to_zone(sqlite3_context *ctx, sqlite3_value **args, int i, struct datetime *d)
{
    struct tz from = tz_utc(), to;
    struct err err;
    bool has_from = sqlite3_value_type(args[i + 1]) != SQLITE_NULL;
    if (sqlite3_value_type(args[i]) == SQLITE_NULL || (has_from && same_text(args[i], args[i + 1])))
        return true;
    if ((has_from && !zone_of(ctx, args, i + 1, &from)) || !zone_of(ctx, args, i, &to))
        return false;
    d->tz = from;
    if (datetime_astimezone(d, to, d, &err) == 0)
        return true;
    sqlite3_result_error(ctx, err.msg, -1);
    return false;
}

/* The moment of argument `at`, in the zone of the query; zones < 0: there are none.
 * false: the result is set, NULL mostly. */
static bool moment_of(sqlite3_context *ctx, sqlite3_value **args, int at, int zones,
                      struct datetime *out)
{
    bool only_date;
    sqlite3_result_null(ctx);
    if (sqlite3_value_type(args[at]) != SQLITE_TEXT ||
        !read_moment(function_text(args[at]), out, &only_date))
        return false;
    return zones < 0 || to_zone(ctx, args, zones, out);
}

/* ---- parts ---- */

enum part {
    YEAR,
    QUARTER,
    MONTH,
    WEEK,
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    MICROSECOND,
    WEEK_DAY,
    ISO_WEEK_DAY,
    ISO_YEAR,
    NO_PART
};

static enum part part_of(sqlite3_context *ctx, sqlite3_value *v)
{
    static const struct str names[] = {
        STR_INIT("year"),     STR_INIT("quarter"),      STR_INIT("month"),
        STR_INIT("week"),     STR_INIT("day"),          STR_INIT("hour"),
        STR_INIT("minute"),   STR_INIT("second"),       STR_INIT("microsecond"),
        STR_INIT("week_day"), STR_INIT("iso_week_day"), STR_INIT("iso_year")};
    struct str name = function_text(v);
    char text[96];
    for (int i = 0; i < NO_PART; i++)
        if (str_eq(name, names[i]))
            return (enum part)i;
    snprintf(text, sizeof text, "Unsupported lookup type: '%.*s'", (int)(name.n < 40 ? name.n : 40),
             name.p);
    sqlite3_result_error(ctx, text, -1);
    return NO_PART;
}

static int extract(enum part part, const struct datetime *d)
{
    int year, week, day;
    switch (part) {
    case YEAR:
        return d->date.year;
    case QUARTER:
        return (d->date.month + 2) / 3;
    case MONTH:
        return d->date.month;
    case DAY:
        return d->date.day;
    case HOUR:
        return d->time.hour;
    case MINUTE:
        return d->time.minute;
    case SECOND:
        return d->time.second;
    case MICROSECOND:
        return d->time.microsecond;
    case WEEK_DAY: /* Sunday 1 */
        return (date_weekday(d->date) + 1) % 7 + 1;
    case ISO_WEEK_DAY:
        return date_weekday(d->date) + 1;
    default:
        date_iso_week(d->date, &year, &week, &day);
        return part == WEEK ? week : year;
    }
}

/* The first day of its year, quarter, month, week; the day itself for what is smaller. */
static struct date first_day(enum part part, struct date d)
{
    struct duration back = {.days = -date_weekday(d)};
    if (part == WEEK) {
        date_add(d, back, &d, NULL); /* year 1 begins on a Monday */
        return d;
    }
    if (part == YEAR)
        d.month = 1;
    else if (part == QUARTER)
        d.month -= (d.month - 1) % 3;
    if (part <= MONTH)
        d.day = 1;
    return d;
}

static struct daytime first_moment(enum part part, struct daytime t)
{
    t.microsecond = 0;
    if (part < SECOND)
        t.second = 0;
    if (part < MINUTE)
        t.minute = 0;
    if (part < HOUR)
        t.hour = 0;
    return t;
}

static bool truncates_to(sqlite3_context *ctx, sqlite3_value *v, enum part *out, enum part from,
                         enum part last)
{
    *out = part_of(ctx, v);
    if (*out != NO_PART && (*out < from || *out > last)) {
        sqlite3_result_error(ctx, "Unsupported lookup type for truncation", -1);
        *out = NO_PART;
    }
    return *out != NO_PART;
}

/* ---- results ---- */

enum { TEXT_MAX = 64 };
#define TEXT_HERE(name)                                                                            \
    char name##_room[TEXT_MAX];                                                                    \
    struct buf name = {name##_room, 0, sizeof name##_room} /* it never grows */

static void give_date(sqlite3_context *ctx, struct date d)
{
    TEXT_HERE(text);
    date_add_iso(&text, d);
    function_result(ctx, buf_str(&text));
}

static void give_time(sqlite3_context *ctx, struct daytime t)
{
    TEXT_HERE(text);
    daytime_add_iso(&text, t);
    function_result(ctx, buf_str(&text));
}

static void give_moment(sqlite3_context *ctx, struct datetime d)
{
    TEXT_HERE(text);
    d.tz = tz_none();
    datetime_add_iso(&text, &d, ' ');
    function_result(ctx, buf_str(&text));
}

/* ---- functions ---- */

/* django_date_extract(part, value) */
static void date_extract(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d;
    enum part part;
    (void)n;
    if (moment_of(ctx, args, 1, -1, &d) && (part = part_of(ctx, args[0])) != NO_PART)
        sqlite3_result_int(ctx, extract(part, &d));
}

/* django_datetime_extract(part, value, zone, zone of the connection) */
static void datetime_extract(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d;
    enum part part;
    (void)n;
    if (moment_of(ctx, args, 1, 2, &d) && (part = part_of(ctx, args[0])) != NO_PART)
        sqlite3_result_int(ctx, extract(part, &d));
}

static void date_trunc(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d;
    enum part part;
    (void)n;
    if (moment_of(ctx, args, 1, 2, &d) && truncates_to(ctx, args[0], &part, YEAR, DAY))
        give_date(ctx, first_day(part, d.date));
}

static void datetime_trunc(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d;
    enum part part;
    (void)n;
    if (!moment_of(ctx, args, 1, 2, &d) || !truncates_to(ctx, args[0], &part, YEAR, SECOND))
        return;
    d.date = first_day(part, d.date);
    d.time = first_moment(part, d.time);
    give_moment(ctx, d);
}

/* The same, and the moment it is in the zone of the connection again: as a column of moments
 * it can be read, compared and truncated on. */
static void moment_trunc(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d;
    struct tz from = tz_utc(), to;
    struct err err;
    enum part part;
    (void)n;
    if (!moment_of(ctx, args, 1, 2, &d) || !truncates_to(ctx, args[0], &part, YEAR, SECOND))
        return;
    d.date = first_day(part, d.date);
    d.time = first_moment(part, d.time);
    if (sqlite3_value_type(args[2]) != SQLITE_NULL && !same_text(args[2], args[3])) {
        if (!zone_of(ctx, args, 3, &from) || !zone_of(ctx, args, 2, &to))
            return;
        d.tz = to;
        if (datetime_astimezone(&d, from, &d, &err) != 0) {
            sqlite3_result_error(ctx, err.msg, -1);
            return;
        }
    }
    give_moment(ctx, d);
}

static void cast_date(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d;
    (void)n;
    if (moment_of(ctx, args, 0, 1, &d))
        give_date(ctx, d.date);
}

static void cast_time(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d;
    (void)n;
    if (moment_of(ctx, args, 0, 1, &d))
        give_time(ctx, d.time);
}

/* django_time_extract(part, time) */
static void time_extract(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d = {.date = {1, 1, 1}};
    enum part part;
    (void)n;
    if (!function_null(2, args) && read_time(function_text(args[1]), &d.time) &&
        (part = part_of(ctx, args[0])) != NO_PART) {
        if (part < HOUR || part > MICROSECOND)
            sqlite3_result_error(ctx, "Unsupported lookup type of a time", -1);
        else
            sqlite3_result_int(ctx, extract(part, &d));
    }
}

/* django_time_trunc(part, time or moment, zone, zone of the connection) */
static void time_trunc(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime d = {.date = {1, 1, 1}};
    bool only_date;
    enum part part;
    struct str text = function_text(args[1]);
    (void)n;
    if (sqlite3_value_type(args[1]) == SQLITE_NULL)
        return;
    if (read_moment(text, &d, &only_date)) {
        if (!to_zone(ctx, args, 2, &d))
            return;
    } else if (!read_time(text, &d.time)) {
        return;
    }
    if (truncates_to(ctx, args[0], &part, HOUR, SECOND))
        give_time(ctx, first_moment(part, d.time));
}

static int64_t micros_of(struct daytime t)
{
    return ((t.hour * 60 + t.minute) * INT64_C(60) + t.second) * DURATION_SECOND + t.microsecond;
}

static void time_diff(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct daytime a, b;
    if (function_null(n, args))
        return;
    if (!read_time(function_text(args[0]), &a) || !read_time(function_text(args[1]), &b))
        sqlite3_result_error(ctx, "django_time_diff: not a time", -1);
    else
        sqlite3_result_int64(ctx, micros_of(a) - micros_of(b));
}

static void timestamp_diff(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct datetime a, b;
    bool date;
    if (function_null(n, args))
        return;
    if (!read_moment(function_text(args[0]), &a, &date) ||
        !read_moment(function_text(args[1]), &b, &date))
        sqlite3_result_error(ctx, "django_timestamp_diff: not a date or datetime", -1);
    else
        sqlite3_result_int64(ctx, datetime_epoch_micros(&a) - datetime_epoch_micros(&b));
}

/* ---- django_format_dtdelta ---- */

struct operand {
    bool moment, only_date;
    struct datetime d;
    struct duration by;
};

static bool operand_of(sqlite3_value *v, struct operand *o)
{
    if (sqlite3_value_type(v) == SQLITE_INTEGER) {
        o->moment = false;
        return duration_from_total(sqlite3_value_int64(v), &o->by, NULL) == 0;
    }
    o->moment = true;
    return sqlite3_value_type(v) == SQLITE_TEXT &&
           read_moment(function_text(v), &o->d, &o->only_date);
}

static int add_moment(sqlite3_context *ctx, struct operand *to, struct duration by, struct err *err)
{
    if (to->only_date) {
        if (date_add(to->d.date, by, &to->d.date, err) != 0)
            return -1;
        give_date(ctx, to->d.date);
    } else {
        if (datetime_add(&to->d, by, &to->d, err) != 0)
            return -1;
        give_moment(ctx, to->d);
    }
    return 0;
}

static int give_words(sqlite3_context *ctx, struct duration d)
{
    TEXT_HERE(text);
    duration_add_words(&text, d);
    function_result(ctx, buf_str(&text));
    return 0;
}

static int add_or_subtract(sqlite3_context *ctx, bool minus, struct operand *a, struct operand *b,
                           struct err *err)
{
    struct duration d = b->by;
    if (a->moment && b->moment) {
        if (!minus)
            return err_set(err, ERR_INVALID, "two dates cannot be added");
        return datetime_diff(&a->d, &b->d, &d, err) == 0 ? give_words(ctx, d) : -1;
    }
    if (b->moment)
        return minus ? err_set(err, ERR_INVALID, "a date cannot be taken from a duration")
                     : add_moment(ctx, b, a->by, err);
    if (a->moment)
        return (minus && duration_neg(d, &d, err) != 0) ? -1 : add_moment(ctx, a, d, err);
    if ((minus ? duration_sub(a->by, b->by, &d, err) : duration_add(a->by, b->by, &d, err)) != 0)
        return -1;
    return give_words(ctx, d);
}

static void multiply(sqlite3_context *ctx, sqlite3_value *a, sqlite3_value *b)
{
    int64_t product;
    if (sqlite3_value_numeric_type(a) == SQLITE_INTEGER &&
        sqlite3_value_numeric_type(b) == SQLITE_INTEGER &&
        !__builtin_mul_overflow(sqlite3_value_int64(a), sqlite3_value_int64(b), &product))
        sqlite3_result_int64(ctx, product);
    else
        sqlite3_result_double(ctx, sqlite3_value_double(a) * sqlite3_value_double(b));
}

static void divide(sqlite3_context *ctx, sqlite3_value *a, sqlite3_value *b)
{
    if (sqlite3_value_double(b) == 0)
        sqlite3_result_error(ctx, "django_format_dtdelta: division by zero", -1);
    else
        sqlite3_result_double(ctx, sqlite3_value_double(a) / sqlite3_value_double(b));
}

/* django_format_dtdelta(connector, a, b): moments as text, durations as microseconds */
static void format_dtdelta(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct operand a, b;
    struct err err;
    struct str connector;
    if (function_null(n, args))
        return;
    connector = str_trim(function_text(args[0]));
    if (str_eq(connector, STR("*"))) {
        multiply(ctx, args[1], args[2]);
    } else if (!str_eq(connector, STR("+")) && !str_eq(connector, STR("-"))) {
        divide(ctx, args[1], args[2]);
    } else if (operand_of(args[1], &a) && operand_of(args[2], &b) &&
               add_or_subtract(ctx, connector.p[0] == '-', &a, &b, &err) != 0) {
        sqlite3_result_error(ctx, err.msg, -1);
    }
}

const struct sqlite_function sqlite_date_functions[] = {
    {.name = "django_date_extract", .nargs = 2, .call = date_extract},
    {.name = "django_date_trunc", .nargs = 4, .call = date_trunc},
    {.name = "django_datetime_cast_date", .nargs = 3, .call = cast_date},
    {.name = "django_datetime_cast_time", .nargs = 3, .call = cast_time},
    {.name = "django_datetime_extract", .nargs = 4, .call = datetime_extract},
    {.name = "django_datetime_trunc", .nargs = 4, .call = datetime_trunc},
    {.name = "perilune_datetime_trunc", .nargs = 4, .call = moment_trunc},
    {.name = "django_time_extract", .nargs = 2, .call = time_extract},
    {.name = "django_time_trunc", .nargs = 4, .call = time_trunc},
    {.name = "django_time_diff", .nargs = 2, .call = time_diff},
    {.name = "django_timestamp_diff", .nargs = 2, .call = timestamp_diff},
    {.name = "django_format_dtdelta", .nargs = 3, .call = format_dtdelta},
    {0},
};
