/* SPDX-License-Identifier: MIT */
/* POSIX TZ rules, with the extensions of RFC 8536 (hours up to 167, negative times). */
#include "value/datetime.h"
#include "value/timezone_impl.h"

static bool take(struct str *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

static bool take_int(struct str *s, int min, int max, int *out)
{
    int n = 0;
    size_t digits = 0;
    for (; digits < s->n && digits < 3 && char_is_digit(s->p[digits]); digits++)
        n = n * 10 + (s->p[digits] - '0');
    if (digits == 0 || n < min || n > max)
        return false;
    *s = str_skip(*s, digits);
    *out = n;
    return true;
}

/* "EST" or "<+0330>" */
static bool take_abbr(struct str *s, char out[TZ_ABBR_SIZE])
{
    bool quoted = take(s, '<');
    size_t n = 0;
    while (n < s->n && (char_is_alpha(s->p[n]) ||
                        (quoted && (char_is_digit(s->p[n]) || s->p[n] == '+' || s->p[n] == '-'))))
        n++;
    if (n < 3 || n >= TZ_ABBR_SIZE)
        return false;
    memcpy(out, s->p, n);
    out[n] = '\0';
    *s = str_skip(*s, n);
    return !quoted || take(s, '>');
}

/* "[+-]hh[:mm[:ss]]" */
static bool take_time(struct str *s, int max_hours, int *out)
{
    int sign = take(s, '-') ? -1 : 1, h = 0, m = 0, sec = 0;
    if (sign > 0)
        take(s, '+');
    if (!take_int(s, 0, max_hours, &h) || (take(s, ':') && !take_int(s, 0, 59, &m)) ||
        (take(s, ':') && !take_int(s, 0, 59, &sec)))
        return false;
    *out = sign * (h * 3600 + m * 60 + sec);
    return true;
}

static bool take_date(struct str *s, struct tz_rule_date *d)
{
    bool ok;
    d->time = 7200;
    if (take(s, 'M')) {
        d->form = 'M';
        ok = take_int(s, 1, 12, &d->month) && take(s, '.') && take_int(s, 1, 5, &d->week) &&
             take(s, '.') && take_int(s, 0, 6, &d->day);
    } else if (take(s, 'J')) {
        d->form = 'J';
        ok = take_int(s, 1, 365, &d->day);
    } else {
        d->form = '0';
        ok = take_int(s, 0, 365, &d->day);
    }
    return ok && (!take(s, '/') || take_time(s, 167, &d->time));
}

static bool take_rule(struct str *s, struct tz_rule *r)
{
    int west;
    *r = (struct tz_rule){0};
    if (!take_abbr(s, r->std.abbr) || !take_time(s, 24, &west))
        return false;
    r->std.offset = -west; /* POSIX counts westwards */
    if (s->n == 0)
        return true;
    r->has_dst = r->dst.dst = true;
    if (!take_abbr(s, r->dst.abbr))
        return false;
    r->dst.offset = r->std.offset + 3600;
    if (s->n && *s->p != ',') {
        if (!take_time(s, 24, &west))
            return false;
        r->dst.offset = -west;
    }
    return take(s, ',') && take_date(s, &r->start) && take(s, ',') && take_date(s, &r->end) &&
           s->n == 0;
}

int tz_rule_parse(struct tz_rule *r, struct str s, struct err *err)
{
    struct str rest = s;
    if (!take_rule(&rest, r))
        return err_set(err, ERR_INVALID, "'%.*s' is no POSIX time zone rule",
                       (int)(s.n < 80 ? s.n : 80), s.p);
    return 0;
}

/* Seconds since 1970 on the clock that is left at that moment. */
static int64_t rule_date_at(const struct tz_rule_date *d, int year)
{
    int64_t first = date_ordinal((struct date){year, 1, 1}) - DATE_ORDINAL_1970, day;
    if (d->form == 'J') {
        day = first + d->day - 1 + (date_is_leap(year) && d->day >= 60);
    } else if (d->form == '0') {
        day = first + d->day;
    } else {
        int64_t month = date_ordinal((struct date){year, d->month, 1}) - DATE_ORDINAL_1970;
        int weekday = (int)(((month + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday; 0: Sunday */
        int in_month = 1 + (d->day - weekday + 7) % 7 + (d->week - 1) * 7;
        if (in_month > date_month_days(year, d->month))
            in_month -= 7;
        day = month + in_month - 1;
    }
    return day * 86400 + d->time;
}

static int year_of(int64_t seconds)
{
    int64_t day = seconds / 86400 - (seconds % 86400 < 0);
    struct date d;
    if (date_from_ordinal(day + DATE_ORDINAL_1970, &d, NULL))
        return seconds < 0 ? DATE_MIN_YEAR : DATE_MAX_YEAR;
    return d.year;
}

/* Both ways to ask come down to this: `t` is in daylight saving time when it lies
 * between start and end, which in the south is around the turn of the year. */
static const struct tz_info *rule_at(const struct tz_rule *r, int64_t t, int64_t start, int64_t end)
{
    bool dst = start < end ? start <= t && t < end : !(end <= t && t < start);
    return dst ? &r->dst : &r->std;
}

const struct tz_info *tz_rule_at_utc(const struct tz_rule *r, int64_t utc)
{
    if (!r->has_dst)
        return &r->std;
    int year = year_of(utc + r->std.offset);
    return rule_at(r, utc, rule_date_at(&r->start, year) - r->std.offset,
                   rule_date_at(&r->end, year) - r->dst.offset);
}

const struct tz_info *tz_rule_at_local(const struct tz_rule *r, int64_t local, int fold)
{
    if (!r->has_dst)
        return &r->std;
    /* Around a change the two clocks disagree for a while: fold 0 holds on to the
     * offset before it until the later clock has passed, fold 1 gives it up with
     * the earlier one. */
    int diff = r->dst.offset - r->std.offset;
    int64_t start = rule_date_at(&r->start, year_of(local));
    int64_t end = rule_date_at(&r->end, year_of(local));
    if ((fold == 0) == (diff > 0))
        start += diff;
    else
        end -= diff;
    return rule_at(r, local, start, end);
}
