/* SPDX-License-Identifier: MIT */
#include "value/dateparse.h"

/* ---- scanning: each takes its part off the front of *s, or leaves *s alone ---- */

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

/* min to max digits, as many as there are */
static bool take_digits(struct str *s, size_t min, size_t max, int *out)
{
    size_t n = 0;
    int value = 0;
    for (; n < max && n < s->n && char_is_digit(s->p[n]); n++)
        value = value * 10 + (s->p[n] - '0');
    if (n < min)
        return false;
    *s = str_skip(*s, n);
    *out = value;
    return true;
}

static void skip_digits(struct str *s, size_t max)
{
    size_t n = 0;
    while (n < max && n < s->n && char_is_digit(s->p[n]))
        n++;
    *s = str_skip(*s, n);
}

/* ".5" or ",5" as microseconds; digits behind the sixth are dropped, up to `more` of them. */
static bool take_fraction(struct str *s, size_t more, int *us)
{
    static const int scale[] = {0, 100000, 10000, 1000, 100, 10, 1};
    struct str rest = *s;
    if (!take_char(&rest, '.') && !take_char(&rest, ','))
        return false;
    size_t before = rest.n;
    if (!take_digits(&rest, 1, 6, us))
        return false;
    *us *= scale[before - rest.n];
    skip_digits(&rest, more);
    *s = rest;
    return true;
}

/* ---- ISO 8601, as fromisoformat() ---- */

/* Exactly the whole of s; false also for dates that do not exist. */
static bool iso_date(struct str s, struct date *out)
{
    int year, a, b;
    if ((s.n != 7 && s.n != 8 && s.n != 10) || !take_digits(&s, 4, 4, &year))
        return false;
    bool dashes = take_char(&s, '-');
    if (take_char(&s, 'W')) {
        if (!take_digits(&s, 2, 2, &a))
            return false;
        b = 1;
        if (s.n && ((dashes && !take_char(&s, '-')) || !take_digits(&s, 1, 1, &b)))
            return false;
        return s.n == 0 && date_from_iso_week(year, a, b, out, NULL) == 0;
    }
    return take_digits(&s, 2, 2, &a) && (!dashes || take_char(&s, '-')) &&
           take_digits(&s, 2, 2, &b) && s.n == 0 && date_make(year, a, b, out, NULL) == 0;
}

/* "hh[[:]mm[[:]ss[.f]]]", the whole of s */
static bool iso_clock(struct str s, int part[4])
{
    memset(part, 0, 4 * sizeof *part);
    if (!take_digits(&s, 2, 2, &part[0]))
        return false;
    bool colons = s.n && *s.p == ':';
    for (int i = 1; i < 3 && s.n && *s.p != '.' && *s.p != ','; i++)
        if ((colons && !take_char(&s, ':')) || !take_digits(&s, 2, 2, &part[i]))
            return false;
    return s.n == 0 || (take_fraction(&s, s.n, &part[3]) && s.n == 0);
}

static size_t zone_index(struct str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != '+' && s.p[i] != '-' && s.p[i] != 'Z')
        i++;
    return i;
}

static bool iso_zone(struct str s, struct tz *out)
{
    int part[4];
    *out = tz_none();
    if (s.n == 0)
        return true;
    if (*s.p == 'Z') {
        *out = tz_utc();
        return s.n == 1;
    }
    if (!iso_clock(str_skip(s, 1), part) || part[3] != 0)
        return false; /* offsets go by whole seconds here */
    int offset = part[0] * 3600 + part[1] * 60 + part[2];
    if (offset == 0) {
        *out = tz_utc();
        return true;
    }
    return tz_fixed(*s.p == '-' ? -offset : offset, TZ_FIXED, out, NULL) == 0;
}

static bool iso_time(struct str s, struct daytime *out, struct tz *tz)
{
    int part[4];
    size_t zone = zone_index(s);
    return iso_clock(str_head(s, zone), part) && iso_zone(str_skip(s, zone), tz) &&
           daytime_make(part[0], part[1], part[2], part[3], out, NULL) == 0;
}

/* How long the date at the front is; s.n >= 7.  Where a dash after a week could
 * begin either its day or the time, digits behind decide. */
static size_t iso_date_length(struct str s)
{
    if (s.n == 7)
        return 7;
    if (s.p[4] == '-') {
        if (s.p[5] != 'W')
            return 10;
        if (s.n > 8 && s.p[8] == '-')
            return s.n > 10 && char_is_digit(s.p[10]) ? 8 : 10;
        return 8;
    }
    if (s.p[4] != 'W')
        return 8;
    size_t end = 7;
    while (end < s.n && char_is_digit(s.p[end]))
        end++;
    if (end < 9)
        return end;
    return end % 2 == 0 ? 7 : 8;
}

/* Bytes of the character at the front: any one may stand between date and time. */
static size_t char_length(struct str s)
{
    unsigned char c = s.n ? (unsigned char)*s.p : 0;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static bool iso_datetime(struct str s, struct datetime *out)
{
    struct datetime d = {0};
    if (s.n < 7)
        return false;
    size_t length = iso_date_length(s);
    if (length > s.n || !iso_date(str_head(s, length), &d.date))
        return false;
    s = str_skip(s, length);
    if (s.n) {
        size_t sep = char_length(s);
        if (sep >= s.n || !iso_time(str_skip(s, sep), &d.time, &d.tz))
            return false;
    }
    *out = d;
    return true;
}

/* ---- the lenient forms ---- */

/* A line end may stand behind everything. */
static bool at_end(struct str s)
{
    return s.n == 0 || (s.n == 1 && *s.p == '\n');
}

static bool take_loose_date(struct str *s, int part[3])
{
    return take_digits(s, 4, 4, &part[0]) && take_char(s, '-') && take_digits(s, 1, 2, &part[1]) &&
           take_char(s, '-') && take_digits(s, 1, 2, &part[2]);
}

static bool take_loose_time(struct str *s, int part[4])
{
    memset(part, 0, 4 * sizeof *part);
    if (!take_digits(s, 1, 2, &part[0]) || !take_char(s, ':') || !take_digits(s, 1, 2, &part[1]))
        return false;
    if (!take_char(s, ':'))
        return true;
    if (!take_digits(s, 1, 2, &part[2]))
        return false;
    take_fraction(s, 6, &part[3]);
    return true;
}

/* "[ ]Z", "+hh", "+hhmm", "+hh:mm", or nothing */
static bool take_loose_zone(struct str *s, struct tz *out, int64_t *offset)
{
    int h, m = 0;
    *out = tz_none();
    *offset = 0;
    if (at_end(*s))
        return true;
    while (s->n && (*s->p == ' ' || (*s->p >= '\t' && *s->p <= '\r')))
        *s = str_skip(*s, 1);
    if (at_end(*s))
        return true;
    if (take_char(s, 'Z')) {
        *out = tz_utc();
        return true;
    }
    int sign = take_char(s, '-') ? -1 : 1;
    if ((sign > 0 && !take_char(s, '+')) || !take_digits(s, 2, 2, &h))
        return false;
    bool colon = take_char(s, ':');
    if (!take_digits(s, 2, 2, &m) && colon)
        return false;
    out->kind = TZ_FIXED_BARE;
    *offset = sign * (h * 3600 + m * 60);
    return true;
}

int dateparse_date(struct str s, struct date *out, struct err *err)
{
    int part[3];
    if (iso_date(s, out))
        return 1;
    if (!take_loose_date(&s, part) || !at_end(s))
        return 0;
    return date_make(part[0], part[1], part[2], out, err) ? -1 : 1;
}

int dateparse_time(struct str s, struct daytime *out, struct err *err)
{
    int part[4];
    struct tz ignored;
    struct str iso = s;
    take_char(&iso, 'T');
    if (iso_time(iso, out, &ignored))
        return 1;
    if (!take_loose_time(&s, part) || !at_end(s))
        return 0;
    return daytime_make(part[0], part[1], part[2], part[3], out, err) ? -1 : 1;
}

int dateparse_datetime(struct str s, struct datetime *out, struct err *err)
{
    struct datetime d = {0};
    int date[3], time[4];
    int64_t offset;
    if (iso_datetime(s, out))
        return 1;
    if (!take_loose_date(&s, date) || !(take_char(&s, 'T') || take_char(&s, ' ')) ||
        !take_loose_time(&s, time) || !take_loose_zone(&s, &d.tz, &offset) || !at_end(s))
        return 0;
    if (date_make(date[0], date[1], date[2], &d.date, err) ||
        daytime_make(time[0], time[1], time[2], time[3], &d.time, err) ||
        (d.tz.kind == TZ_FIXED_BARE && tz_fixed(offset, TZ_FIXED_BARE, &d.tz, err)))
        return -1;
    *out = d;
    return 1;
}
