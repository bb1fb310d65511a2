/* SPDX-License-Identifier: MIT */
#include "http/http_date.h"

#include "base/mem.h"
#include "value/datetime.h"

static const char days[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

#define DAY_SECONDS 86400
#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01 */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31 23:59:59 */

struct str http_date(int64_t seconds, char out[HTTP_DATE_SIZE])
{
    struct date d = {1, 1, 1};
    if (seconds < FIRST_SECOND)
        seconds = FIRST_SECOND;
    if (seconds > LAST_SECOND)
        seconds = LAST_SECOND;
    int64_t day = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
    unsigned in_day = (unsigned)(seconds - day * DAY_SECONDS);

    date_from_ordinal(day + DATE_ORDINAL_1970, &d, NULL);
    snprintf(out, HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[date_weekday(d)],
             (unsigned)d.day % 100, months[d.month - 1], (unsigned)d.year % 10000,
             in_day / 3600 % 24, in_day / 60 % 60, in_day % 60);
    return str_make(out, HTTP_DATE_SIZE - 1);
}

/* ---- reading: each step takes what it reads off the text ---- */

struct fields {
    int year, month, day, hour, minute, second;
};

static bool take(struct str *s, const char *literal)
{
    struct str want = str_from(literal);
    if (s->n < want.n || memcmp(s->p, want.p, want.n) != 0)
        return false;
    *s = str_skip(*s, want.n);
    return true;
}

static bool take_number(struct str *s, size_t digits, int *out)
{
    *out = 0;
    if (s->n < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!char_is_digit(s->p[i]))
            return false;
        *out = *out * 10 + (s->p[i] - '0');
    }
    *s = str_skip(*s, digits);
    return true;
}

/* The name of a day: which one does not matter, as nobody agrees when it is wrong. */
static bool take_letters(struct str *s, size_t min, size_t max)
{
    size_t n = 0;
    while (n < s->n && char_is_alpha(s->p[n]))
        n++;
    *s = str_skip(*s, n);
    return n >= min && n <= max;
}

static bool take_month(struct str *s, int *out)
{
    struct str name = str_head(*s, 3);
    for (int i = 0; i < 12; i++) {
        if (str_ieq(name, str_make(months[i], 3))) {
            *s = str_skip(*s, 3);
            *out = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_time(struct str *s, struct fields *d)
{
    return take_number(s, 2, &d->hour) && take(s, ":") && take_number(s, 2, &d->minute) &&
           take(s, ":") && take_number(s, 2, &d->second);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool parse_imf(struct str s, struct fields *d)
{
    return take_letters(&s, 3, 3) && take(&s, ", ") && take_number(&s, 2, &d->day) &&
           take(&s, " ") && take_month(&s, &d->month) && take(&s, " ") &&
           take_number(&s, 4, &d->year) && take(&s, " ") && take_time(&s, d) && take(&s, " GMT") &&
           s.n == 0;
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool parse_rfc850(struct str s, struct fields *d)
{
    return take_letters(&s, 6, 9) && take(&s, ", ") && take_number(&s, 2, &d->day) &&
           take(&s, "-") && take_month(&s, &d->month) && take(&s, "-") &&
           take_number(&s, 2, &d->year) && take(&s, " ") && take_time(&s, d) && take(&s, " GMT") &&
           s.n == 0;
}

/* Sun Nov  6 08:49:37 1994 */
static bool parse_asctime(struct str s, struct fields *d)
{
    return take_letters(&s, 3, 3) && take(&s, " ") && take_month(&s, &d->month) && take(&s, " ") &&
           take_number(&s, take(&s, " ") ? 1 : 2, &d->day) && take(&s, " ") && take_time(&s, d) &&
           take(&s, " ") && take_number(&s, 4, &d->year) && s.n == 0;
}

static int full_year(int year, int64_t now)
{
    struct date today = {1970, 1, 1};
    if (year >= 100)
        return year;
    date_from_ordinal(now / DAY_SECONDS + DATE_ORDINAL_1970, &today, NULL);
    int this_year = today.year % 100, century = today.year - this_year;
    return year - this_year > 50 ? year + century - 100 : year + century;
}

bool http_date_parse(struct str text, int64_t now, int64_t *seconds)
{
    struct fields f;
    struct date day;
    if (!parse_imf(text, &f) && !parse_rfc850(text, &f) && !parse_asctime(text, &f))
        return false;
    if (f.hour > 23 || f.minute > 59 || f.second > 59 ||
        date_make(full_year(f.year, now), f.month, f.day, &day, NULL))
        return false;
    int minutes = f.hour * 60 + f.minute;
    *seconds =
        (date_ordinal(day) - DATE_ORDINAL_1970) * DAY_SECONDS + (int64_t)minutes * 60 + f.second;
    return true;
}
