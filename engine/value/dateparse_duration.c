/* SPDX-License-Identifier: MIT */
/* Three grammars for durations, tried in this order:
 *
 *   standard    [-]days SPACE [day[s], ] [-] [[hours:]minutes:]seconds[.f]
 *   ISO 8601    [+-]P[daysD][T[hoursH][minutesM][secondsS]], each with a fraction
 *   PostgreSQL  [[-]days SPACE day[s][ ]] [[+-]hours:mm:ss[.f]]
 */
#include "value/dateparse.h"

/* Beyond this many digits a number is out of any range. */
enum { MAX_DIGITS = 15 };

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

static bool take_word(struct str *s, struct str word)
{
    if (!str_starts(*s, word))
        return false;
    *s = str_skip(*s, word.n);
    return true;
}

/* All digits there are; a number that is too long for the purpose becomes 1e15. */
static bool take_number(struct str *s, int64_t *out)
{
    size_t n = 0, used = 0;
    *out = 0;
    for (; n < s->n && char_is_digit(s->p[n]); n++) {
        if (*out || s->p[n] != '0')
            used++;
        if (used <= MAX_DIGITS)
            *out = *out * 10 + (s->p[n] - '0');
    }
    if (used > MAX_DIGITS)
        *out = INT64_C(1000000000000000);
    *s = str_skip(*s, n);
    return n > 0;
}

/* ".5" of a second as microseconds: six digits count, `more` may follow. */
static bool take_micros(struct str *s, const char *points, size_t more, int64_t *us)
{
    struct str rest = *s;
    if (rest.n == 0 || !strchr(points, *rest.p) || !*rest.p)
        return false;
    rest = str_skip(rest, 1);
    size_t n = 0;
    *us = 0;
    for (; n < 6 + more && n < rest.n && char_is_digit(rest.p[n]); n++)
        if (n < 6)
            *us = *us * 10 + (rest.p[n] - '0');
    if (n == 0)
        return false;
    for (size_t i = n; i < 6; i++)
        *us *= 10;
    *s = str_skip(rest, n);
    return true;
}

static bool at_end(struct str s)
{
    return s.n == 0 || (s.n == 1 && *s.p == '\n');
}

/* The sign stands in front of the clock part; days have their own. */
struct parts {
    int64_t days, hours, minutes, seconds, micros;
    bool negative;
};

static int total(const struct parts *p, struct duration *out, struct err *err)
{
    struct duration_sum sum = {0};
    int sign = p->negative ? -1 : 1;
    duration_sum_int(&sum, p->days, DURATION_DAY);
    if (duration_sum_end(&sum, out, err)) /* the hours shall not bring back too many days */
        return -1;
    duration_sum_int(&sum, sign * p->hours, DURATION_HOUR);
    duration_sum_int(&sum, sign * p->minutes, DURATION_MINUTE);
    duration_sum_int(&sum, sign * p->seconds, DURATION_SECOND);
    duration_sum_int(&sum, sign * p->micros, 1);
    return duration_sum_end(&sum, out, err) ? -1 : 1;
}

/* "[-]days " */
static bool take_days(struct str *s, int64_t *days)
{
    struct str rest = *s;
    bool negative = take_char(&rest, '-');
    if (!take_number(&rest, days) || !take_char(&rest, ' '))
        return false;
    if (negative)
        *days = -*days;
    *s = rest;
    return true;
}

static bool standard(struct str s, struct parts *p)
{
    int64_t n[3];
    int count = 0;
    *p = (struct parts){0};
    if (take_days(&s, &p->days))
        (void)(take_word(&s, STR("days, ")) || take_word(&s, STR("day, ")));
    else
        p->days = 0;
    p->negative = take_char(&s, '-');
    do {
        if (count == 3 || !take_number(&s, &n[count++]))
            return false;
    } while (take_char(&s, ':'));
    p->seconds = n[count - 1];
    p->minutes = count > 1 ? n[count - 2] : 0;
    p->hours = count > 2 ? n[0] : 0;
    take_micros(&s, ".,", 6, &p->micros);
    return at_end(s);
}

static bool postgres(struct str s, struct parts *p)
{
    *p = (struct parts){0};
    if (take_days(&s, &p->days)) {
        if (!take_word(&s, STR("day")))
            return false;
        take_char(&s, 's');
        take_char(&s, ' ');
    } else {
        p->days = 0;
    }
    if (at_end(s))
        return true;
    p->negative = take_char(&s, '-');
    if (!p->negative)
        take_char(&s, '+');
    size_t before = 0;
    if (!take_number(&s, &p->hours) || !take_char(&s, ':'))
        return false;
    before = s.n;
    if (!take_number(&s, &p->minutes) || before - s.n != 2 || !take_char(&s, ':'))
        return false;
    before = s.n;
    if (!take_number(&s, &p->seconds) || before - s.n != 2)
        return false;
    take_micros(&s, ".", 0, &p->micros);
    return at_end(s);
}

/* "12", "1.5", "1,5" and the letter of its unit; leaves *s alone when it is another. */
static bool take_iso_part(struct str *s, char unit, double *out)
{
    struct str rest = *s;
    int64_t whole, fraction = 0;
    double scale = 1;
    if (!take_number(&rest, &whole))
        return false;
    if (take_char(&rest, '.') || take_char(&rest, ',')) {
        size_t n = 0;
        for (; n < rest.n && char_is_digit(rest.p[n]); n++) {
            if (n < MAX_DIGITS) {
                fraction = fraction * 10 + (rest.p[n] - '0');
                scale *= 10;
            }
        }
        if (n == 0)
            return false;
        rest = str_skip(rest, n);
    }
    if (!take_char(&rest, unit))
        return false;
    *out = (double)whole + (double)fraction / scale;
    *s = rest;
    return true;
}

static bool iso(struct str s, double n[4], bool *negative)
{
    memset(n, 0, 4 * sizeof *n);
    *negative = take_char(&s, '-');
    if (!*negative)
        take_char(&s, '+');
    if (!take_char(&s, 'P'))
        return false;
    take_iso_part(&s, 'D', &n[0]);
    if (take_char(&s, 'T')) {
        take_iso_part(&s, 'H', &n[1]);
        take_iso_part(&s, 'M', &n[2]);
        take_iso_part(&s, 'S', &n[3]);
    }
    return at_end(s);
}

static int iso_total(const double n[4], bool negative, struct duration *out, struct err *err)
{
    static const int64_t units[] = {DURATION_DAY, DURATION_HOUR, DURATION_MINUTE, DURATION_SECOND};
    struct duration_sum sum = {0};
    for (int i = 0; i < 4; i++)
        if (duration_sum_double(&sum, negative ? -n[i] : n[i], units[i], err))
            return -1;
    return duration_sum_end(&sum, out, err) ? -1 : 1;
}

int dateparse_duration(struct str s, struct duration *out, struct err *err)
{
    struct parts p;
    double n[4];
    bool negative;
    if (standard(s, &p))
        return total(&p, out, err);
    if (iso(s, n, &negative))
        return iso_total(n, negative, out, err);
    if (postgres(s, &p))
        return total(&p, out, err);
    return 0;
}
