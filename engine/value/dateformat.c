/* SPDX-License-Identifier: MIT */
#include "value/dateformat.h"

static const struct str weekdays[] = {
    STR_INIT("Monday"), STR_INIT("Tuesday"),  STR_INIT("Wednesday"), STR_INIT("Thursday"),
    STR_INIT("Friday"), STR_INIT("Saturday"), STR_INIT("Sunday"),
};

static const struct str months[] = {
    STR_INIT("January"),   STR_INIT("February"), STR_INIT("March"),    STR_INIT("April"),
    STR_INIT("May"),       STR_INIT("June"),     STR_INIT("July"),     STR_INIT("August"),
    STR_INIT("September"), STR_INIT("October"),  STR_INIT("November"), STR_INIT("December"),
};

static const struct str months_ap[] = {
    STR_INIT("Jan."),  STR_INIT("Feb."), STR_INIT("March"), STR_INIT("April"),
    STR_INIT("May"),   STR_INIT("June"), STR_INIT("July"),  STR_INIT("Aug."),
    STR_INIT("Sept."), STR_INIT("Oct."), STR_INIT("Nov."),  STR_INIT("Dec."),
};

struct str dateformat_weekday(int weekday)
{
    return weekdays[weekday];
}

struct str dateformat_month(int month)
{
    return months[month - 1];
}

struct str dateformat_month_ap(int month)
{
    return months_ap[month - 1];
}

struct formatter {
    struct buf *out;
    const struct moment *m;
    struct tz zone;      /* the default, for naive moments */
    struct tz_info info; /* in force, when has_zone; both are found when they are asked for */
    bool has_zone;       /* a moment whose clock shows its time exactly once */
    bool knows_zone;
};

/* n >= 0 with leading zeros. */
static void add_padded(struct buf *out, int n, unsigned width)
{
    char digits[8];
    for (unsigned i = width; i-- > 0; n /= 10)
        digits[i] = (char)('0' + n % 10);
    buf_add(out, digits, width);
}

static void add_meridiem(struct buf *out, int hour)
{
    buf_adds(out, hour > 11 ? "p.m." : "a.m.");
}

/* "1", "1:30" */
static void add_short_time(struct buf *out, struct daytime t)
{
    buf_addint(out, t.hour % 12 ? t.hour % 12 : 12);
    if (t.minute) {
        buf_addc(out, ':');
        add_padded(out, t.minute, 2);
    }
}

static void add_friendly_time(struct buf *out, struct daytime t)
{
    if (t.minute == 0 && (t.hour == 0 || t.hour == 12)) {
        buf_adds(out, t.hour ? "noon" : "midnight");
        return;
    }
    add_short_time(out, t);
    buf_addc(out, ' ');
    add_meridiem(out, t.hour);
}

static void add_bare_offset(struct buf *out, int offset)
{
    int abs = offset < 0 ? -offset : offset;
    buf_addc(out, offset < 0 ? '-' : '+');
    add_padded(out, abs / 3600, 2);
    add_padded(out, abs / 60 % 60, 2);
}

static void add_time_letter(struct formatter *f, char letter)
{
    struct daytime t = f->m->value.time;
    int hour12 = t.hour % 12 ? t.hour % 12 : 12;
    switch (letter) {
    case 'a':
        add_meridiem(f->out, t.hour);
        break;
    case 'A':
        buf_adds(f->out, t.hour > 11 ? "PM" : "AM");
        break;
    case 'f':
        add_short_time(f->out, t);
        break;
    case 'g':
        buf_addint(f->out, hour12);
        break;
    case 'G':
        buf_addint(f->out, t.hour);
        break;
    case 'h':
        add_padded(f->out, hour12, 2);
        break;
    case 'H':
        add_padded(f->out, t.hour, 2);
        break;
    case 'i':
        add_padded(f->out, t.minute, 2);
        break;
    case 's':
        add_padded(f->out, t.second, 2);
        break;
    case 'u':
        add_padded(f->out, t.microsecond, 6);
        break;
    case 'P':
        add_friendly_time(f->out, t);
        break;
    }
}

static void find_zone(struct formatter *f)
{
    const struct datetime *d = &f->m->value;
    f->knows_zone = true;
    if (f->m->kind != MOMENT_DATETIME)
        return;
    struct tz tz = d->tz.kind == TZ_NONE ? f->zone : d->tz;
    f->has_zone = !datetime_ambiguous_or_imaginary(d, tz);
    tz_at_local(tz, datetime_local_seconds(d), d->fold, &f->info);
}

static void add_zone_letter(struct formatter *f, char letter)
{
    if (!f->knows_zone)
        find_zone(f);
    if (!f->has_zone)
        return;
    switch (letter) {
    case 'e': /* naive ones have no name of their own */
        if (f->m->value.tz.kind != TZ_NONE)
            buf_adds(f->out, f->info.abbr);
        break;
    case 'I':
        buf_addc(f->out, f->info.dst ? '1' : '0');
        break;
    case 'O':
        add_bare_offset(f->out, f->info.offset);
        break;
    case 'T':
        buf_adds(f->out, f->info.abbr);
        break;
    case 'Z':
        buf_addint(f->out, f->info.offset);
        break;
    }
}

static const char *ordinal_suffix(int day)
{
    if (day / 10 == 1)
        return "th";
    return day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : day % 10 == 3 ? "rd" : "th";
}

/* The moment as one in a zone: dates at midnight, naive ones in the default zone. */
static struct datetime whole(const struct formatter *f)
{
    struct datetime d = f->m->value;
    if (f->m->kind == MOMENT_DATE)
        d = (struct datetime){.date = d.date};
    if (d.tz.kind == TZ_NONE)
        d.tz = f->zone;
    return d;
}

/* "Sat, 31 Jan 2026 12:00:00 +0100" */
static void add_rfc5322(struct formatter *f)
{
    struct tz_info info;
    struct datetime d = whole(f);
    datetime_tz_info(&d, &info);
    buf_addf(f->out, "%.3s, %02d %.3s %04d %02d:%02d:%02d ", weekdays[date_weekday(d.date)].p,
             d.date.day, months[d.date.month - 1].p, d.date.year, d.time.hour, d.time.minute,
             d.time.second);
    add_bare_offset(f->out, info.offset);
}

static void add_epoch(struct formatter *f)
{
    struct datetime d = whole(f);
    buf_addint(f->out, datetime_epoch_micros(&d) / DURATION_SECOND); /* towards zero, as int() */
}

static void add_name_letter(struct formatter *f, char letter)
{
    struct date d = f->m->value.date;
    struct str month = months[d.month - 1];
    switch (letter) {
    case 'b':
        buf_addc(f->out, char_lower(month.p[0]));
        buf_add(f->out, month.p + 1, 2);
        break;
    case 'D':
        buf_add(f->out, weekdays[date_weekday(d)].p, 3);
        break;
    case 'E':
    case 'F':
        buf_addstr(f->out, month);
        break;
    case 'l':
        buf_addstr(f->out, weekdays[date_weekday(d)]);
        break;
    case 'M':
        buf_add(f->out, month.p, 3);
        break;
    case 'N':
        buf_addstr(f->out, months_ap[d.month - 1]);
        break;
    }
}

static void add_date_letter(struct formatter *f, char letter)
{
    struct date d = f->m->value.date;
    int year = 0, week = 0, day = 0;
    if (strchr("oWw", letter))
        date_iso_week(d, &year, &week, &day);
    switch (letter) {
    case 'c':
        if (f->m->kind == MOMENT_DATE)
            date_add_iso(f->out, d);
        else if (f->m->kind == MOMENT_TIME)
            daytime_add_iso(f->out, f->m->value.time);
        else
            datetime_add_iso(f->out, &f->m->value, 'T');
        break;
    case 'd':
        add_padded(f->out, d.day, 2);
        break;
    case 'j':
        buf_addint(f->out, d.day);
        break;
    case 'L':
        buf_adds(f->out, date_is_leap(d.year) ? "True" : "False");
        break;
    case 'm':
        add_padded(f->out, d.month, 2);
        break;
    case 'n':
        buf_addint(f->out, d.month);
        break;
    case 'o':
        buf_addint(f->out, year);
        break;
    case 'r':
        add_rfc5322(f);
        break;
    case 'S':
        buf_adds(f->out, ordinal_suffix(d.day));
        break;
    case 't':
        buf_addint(f->out, date_month_days(d.year, d.month));
        break;
    case 'U':
        add_epoch(f);
        break;
    case 'w':
        buf_addint(f->out, day % 7);
        break;
    case 'W':
        buf_addint(f->out, week);
        break;
    case 'y':
        add_padded(f->out, d.year % 100, 2);
        break;
    case 'Y':
        add_padded(f->out, d.year, 4);
        break;
    case 'z':
        buf_addint(f->out, date_yearday(d));
        break;
    }
}

enum letter_class { LETTER_TEXT, LETTER_TIME, LETTER_ZONE, LETTER_NAME, LETTER_DATE };

static enum letter_class letter_class(char c)
{
    static const unsigned char classes[128] = {
        ['a'] = LETTER_TIME, ['A'] = LETTER_TIME, ['f'] = LETTER_TIME, ['g'] = LETTER_TIME,
        ['G'] = LETTER_TIME, ['h'] = LETTER_TIME, ['H'] = LETTER_TIME, ['i'] = LETTER_TIME,
        ['s'] = LETTER_TIME, ['u'] = LETTER_TIME, ['P'] = LETTER_TIME, ['e'] = LETTER_ZONE,
        ['I'] = LETTER_ZONE, ['O'] = LETTER_ZONE, ['T'] = LETTER_ZONE, ['Z'] = LETTER_ZONE,
        ['b'] = LETTER_NAME, ['D'] = LETTER_NAME, ['E'] = LETTER_NAME, ['F'] = LETTER_NAME,
        ['l'] = LETTER_NAME, ['M'] = LETTER_NAME, ['N'] = LETTER_NAME, ['c'] = LETTER_DATE,
        ['d'] = LETTER_DATE, ['j'] = LETTER_DATE, ['L'] = LETTER_DATE, ['m'] = LETTER_DATE,
        ['n'] = LETTER_DATE, ['o'] = LETTER_DATE, ['r'] = LETTER_DATE, ['S'] = LETTER_DATE,
        ['t'] = LETTER_DATE, ['U'] = LETTER_DATE, ['w'] = LETTER_DATE, ['W'] = LETTER_DATE,
        ['y'] = LETTER_DATE, ['Y'] = LETTER_DATE, ['z'] = LETTER_DATE,
    };
    return (unsigned char)c < 128 ? (enum letter_class)classes[(unsigned char)c] : LETTER_TEXT;
}

static int add_letter(struct formatter *f, char letter, enum letter_class class, struct err *err)
{
    bool of_time = class == LETTER_TIME || class == LETTER_ZONE;
    if (f->m->kind == MOMENT_DATE && of_time && letter != 'I') /* there it is empty, as in Django */
        return err_set(err, ERR_INVALID,
                       "The format for date objects may not contain time-related format "
                       "specifiers (found '%c').",
                       letter);
    if (f->m->kind == MOMENT_TIME && !of_time && letter != 'c')
        return err_set(err, ERR_INVALID,
                       "the format for a time may not contain the date letter '%c'; write '\\%c' "
                       "for the letter itself",
                       letter, letter);
    if (class == LETTER_TIME)
        add_time_letter(f, letter);
    else if (class == LETTER_ZONE)
        add_zone_letter(f, letter);
    else if (class == LETTER_NAME)
        add_name_letter(f, letter);
    else
        add_date_letter(f, letter);
    return 0;
}

int dateformat_add(struct buf *out, struct str format, const struct moment *m, struct tz zone,
                   struct err *err)
{
    struct formatter f = {.out = out, .m = m, .zone = zone};
    size_t start = out->n;
    for (size_t i = 0; i < format.n; i++) {
        char c = format.p[i];
        /* A letter behind any backslash is text, even when that one is escaped itself. */
        bool escaped = i > 0 && format.p[i - 1] == '\\';
        enum letter_class class = escaped ? LETTER_TEXT : letter_class(c);
        if (class != LETTER_TEXT) {
            if (add_letter(&f, c, class, err)) {
                buf_cut(out, start);
                return -1;
            }
            continue;
        }
        if (c == '\\' && i + 1 < format.n && format.p[i + 1] != '\n')
            c = format.p[++i];
        buf_addc(out, c);
    }
    return 0;
}
