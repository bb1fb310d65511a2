/* SPDX-License-Identifier: MIT */
#include "value/dateformat.h"

struct directive {
    struct buf *out;
    const struct datetime *d;
    bool bare; /* "%-d": without padding */
};

static void add_number(const struct directive *f, int n, int width, char pad)
{
    if (f->bare)
        buf_addint(f->out, n);
    else
        buf_addf(f->out, pad == ' ' ? "%*d" : "%0*d", width, n);
}

static void add_zone(const struct directive *f, bool name, const char *colon)
{
    struct tz_info info;
    if (f->d->tz.kind == TZ_NONE)
        return;
    datetime_tz_info(f->d, &info);
    int abs = info.offset < 0 ? -info.offset : info.offset;
    if (name) {
        buf_adds(f->out, info.abbr);
        return;
    }
    buf_addf(f->out, "%c%02d%s%02d", info.offset < 0 ? '-' : '+', abs / 3600, colon, abs / 60 % 60);
    if (abs % 60)
        buf_addf(f->out, "%s%02d", colon, abs % 60);
}

/* Weeks that start on `first` (0 Monday, 6 Sunday); days before the first are in week 0. */
static int week_of_year(struct date d, int first)
{
    return (date_yearday(d) + 6 - (date_weekday(d) - first + 7) % 7) / 7;
}

static bool add_date_directive(const struct directive *f, char c)
{
    struct date d = f->d->date;
    struct str weekday = dateformat_weekday(date_weekday(d)), month = dateformat_month(d.month);
    int year, week, day;
    date_iso_week(d, &year, &week, &day);
    switch (c) {
    case 'a':
        buf_add(f->out, weekday.p, 3);
        return true;
    case 'A':
        buf_addstr(f->out, weekday);
        return true;
    case 'b':
    case 'h':
        buf_add(f->out, month.p, 3);
        return true;
    case 'B':
        buf_addstr(f->out, month);
        return true;
    case 'C':
        add_number(f, d.year / 100, 2, '0');
        return true;
    case 'd':
        add_number(f, d.day, 2, '0');
        return true;
    case 'e':
        add_number(f, d.day, 2, ' ');
        return true;
    case 'g':
        add_number(f, year % 100, 2, '0');
        return true;
    case 'G':
        add_number(f, year, 4, '0');
        return true;
    case 'j':
        add_number(f, date_yearday(d), 3, '0');
        return true;
    case 'm':
        add_number(f, d.month, 2, '0');
        return true;
    case 'u':
        buf_addint(f->out, day);
        return true;
    case 'U':
        add_number(f, week_of_year(d, 6), 2, '0');
        return true;
    case 'V':
        add_number(f, week, 2, '0');
        return true;
    case 'w':
        buf_addint(f->out, day % 7);
        return true;
    case 'W':
        add_number(f, week_of_year(d, 0), 2, '0');
        return true;
    case 'y':
        add_number(f, d.year % 100, 2, '0');
        return true;
    case 'Y':
        add_number(f, d.year, 4, '0');
        return true;
    }
    return false;
}

static bool add_time_directive(const struct directive *f, char c)
{
    struct daytime t = f->d->time;
    int hour12 = t.hour % 12 ? t.hour % 12 : 12;
    switch (c) {
    case 'f':
        buf_addf(f->out, "%06d", t.microsecond);
        return true;
    case 'H':
        add_number(f, t.hour, 2, '0');
        return true;
    case 'I':
        add_number(f, hour12, 2, '0');
        return true;
    case 'k':
        add_number(f, t.hour, 2, ' ');
        return true;
    case 'l':
        add_number(f, hour12, 2, ' ');
        return true;
    case 'M':
        add_number(f, t.minute, 2, '0');
        return true;
    case 'p':
        buf_adds(f->out, t.hour > 11 ? "PM" : "AM");
        return true;
    case 'P':
        buf_adds(f->out, t.hour > 11 ? "pm" : "am");
        return true;
    case 's':
        buf_addint(f->out, datetime_epoch_micros(f->d) / DURATION_SECOND);
        return true;
    case 'S':
        add_number(f, t.second, 2, '0');
        return true;
    case 'z':
        add_zone(f, false, "");
        return true;
    case 'Z':
        add_zone(f, true, "");
        return true;
    case 'n':
        buf_addc(f->out, '\n');
        return true;
    case 't':
        buf_addc(f->out, '\t');
        return true;
    case '%':
        buf_addc(f->out, '%');
        return true;
    }
    return false;
}

/* Directives that stand for several others, as in the C locale. */
static struct str expansion(char c)
{
    switch (c) {
    case 'c':
        return STR("%a %b %e %H:%M:%S %Y");
    case 'D':
    case 'x':
        return STR("%m/%d/%y");
    case 'F':
        return STR("%Y-%m-%d");
    case 'r':
        return STR("%I:%M:%S %p");
    case 'R':
        return STR("%H:%M");
    case 'T':
    case 'X':
        return STR("%H:%M:%S");
    }
    return STR_NULL;
}

static bool add_directive(const struct directive *f, char c)
{
    struct directive part = *f;
    struct str several = expansion(c);
    part.bare = false;
    if (!several.p)
        return add_date_directive(f, c) || add_time_directive(f, c);
    for (size_t i = 0; i < several.n; i++) {
        if (several.p[i] == '%')
            add_directive(&part, several.p[++i]); /* one level deep: none of these is in another */
        else
            buf_addc(f->out, several.p[i]);
    }
    return true;
}

int dateformat_strftime(struct buf *out, struct str format, const struct moment *m, struct err *err)
{
    struct datetime d = m->value;
    if (m->kind == MOMENT_DATE)
        d = (struct datetime){.date = d.date};
    else if (m->kind == MOMENT_TIME)
        d = (struct datetime){.date = {1900, 1, 1}, .time = d.time};
    size_t start = out->n;
    for (size_t i = 0; i < format.n; i++) {
        if (format.p[i] != '%') {
            buf_addc(out, format.p[i]);
            continue;
        }
        size_t from = i++;
        struct directive f = {out, &d, i < format.n && format.p[i] == '-'};
        bool colon = i < format.n && format.p[i] == ':';
        i += f.bare || colon;
        char c = i < format.n ? format.p[i] : '\0';
        if (colon && c == 'z') {
            add_zone(&f, false, ":");
        } else if (colon || !add_directive(&f, c)) {
            buf_cut(out, start);
            return err_set(err, ERR_INVALID, "unknown directive '%.*s' in the format '%.*s'",
                           (int)(i < format.n ? i - from + 1 : format.n - from), format.p + from,
                           (int)(format.n < 100 ? format.n : 100), format.p);
        }
    }
    return 0;
}
