/* SPDX-License-Identifier: MIT */
/* Filters of dates and times. */
#include "template/filters.h"
#include "value/timesince.h"

#include "base/banned.h"

/* ---- date and time ---- */

/* What a format's name stands for; other texts are formats themselves. */
static struct str format_named(const struct template_formats *f, struct str name)
{
    const struct {
        const char *name;
        struct str format;
    } names[] = {
        {"DATE_FORMAT", f->date},
        {"DATETIME_FORMAT", f->datetime},
        {"TIME_FORMAT", f->time},
        {"SHORT_DATE_FORMAT", f->short_date},
        {"SHORT_DATETIME_FORMAT", f->short_datetime},
        {"YEAR_MONTH_FORMAT", f->year_month},
        {"MONTH_DAY_FORMAT", f->month_day},
    };
    if (!str_ends(name, STR("_FORMAT")))
        return name;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, str_from(names[i].name)))
            return names[i].format;
    return name;
}

/* The argument as a format, `standard` when there is none or it is false. */
static int format_of(struct render *r, const struct tval *arg, struct str standard, struct str *out)
{
    bool given = arg && tval_is_str(*arg) && arg->n > 0;
    *out = standard;
    if (arg && !tval_is_str(*arg) && render_truth(r, *arg, &given))
        return -1;
    if (!given)
        return 0;
    if (filter_arg_text(r, arg, out))
        return -1;
    *out = format_named(r->formats, *out);
    return 0;
}

/* Whether the format asks for anything at all: what does not can be shown of any value. */
static bool has_letters(struct str format, const char *letters)
{
    for (size_t i = 0; i < format.n; i++)
        if (format.p[i] && strchr(letters, format.p[i]) && (i == 0 || format.p[i - 1] != '\\'))
            return true;
    return false;
}

/* What the format makes of a value that is no moment: its text, when it has no letters. */
static int show_nothing(struct render *r, struct tval *v, struct str format)
{
    static const struct moment none = {.kind = MOMENT_TIME};
    size_t start = r->scratch.n;
    if (!has_letters(format, "aAbcdDEfFgGhHijlLmMnNoPrsStuUwWyYz"))
        dateformat_add(&r->scratch, format, &none, r->default_zone, NULL);
    *v = render_cut(r, start, false);
    return 0;
}

static bool is_blank(struct tval v)
{
    return v.type == TVAL_NONE || (tval_is_str(v) && v.n == 0);
}

FILTER(date)
{
    (void)f;
    struct str format;
    struct err err;
    size_t start = r->scratch.n;
    if (is_blank(*v)) {
        *v = filter_empty();
        return 0;
    }
    if (format_of(r, arg, r->formats->date, &format))
        return -1;
    if (v->type != TVAL_MOMENT)
        return show_nothing(r, v, format);
    const struct moment *m = v->u.moment;
    if (dateformat_add(&r->scratch, format, m, r->default_zone, &err)) {
        if (m->kind == MOMENT_DATE) /* the others have no such part, which is no error */
            return render_fail(r, "TypeError", "%s", err.msg);
    }
    *v = render_cut(r, start, false);
    return 0;
}

FILTER(time)
{
    (void)f;
    struct str format;
    size_t start = r->scratch.n;
    if (is_blank(*v)) {
        *v = filter_empty();
        return 0;
    }
    if (format_of(r, arg, r->formats->time, &format))
        return -1;
    if (v->type != TVAL_MOMENT || v->u.moment->kind == MOMENT_DATE)
        return show_nothing(r, v, format);
    /* Only what a time of day has, whatever the value. */
    if (has_letters(format, "bcdDEFIjlLmMnNorStUwWyYz") ||
        dateformat_add(&r->scratch, format, v->u.moment, r->default_zone, NULL))
        *v = filter_empty();
    else
        *v = render_cut(r, start, false);
    return 0;
}

/* ---- timesince and timeuntil ---- */

struct datetime filter_now(struct render *r, struct tz tz)
{
    struct datetime utc, now;
    r->ops->now(r, &utc);
    utc.tz = tz_utc();
    if (datetime_astimezone(&utc, tz.kind == TZ_NONE ? r->default_zone : tz, &now, NULL))
        now = utc;
    if (tz.kind == TZ_NONE)
        now.tz = tz_none();
    return now;
}

/* A date as midnight; other things are an error. */
static int as_datetime(struct render *r, struct tval v, struct datetime *out)
{
    if (v.type != TVAL_MOMENT || v.u.moment->kind == MOMENT_TIME)
        return render_fail(r, "AttributeError", "'%s' object has no attribute 'year'",
                           tval_type_name(v));
    *out = v.u.moment->value;
    if (v.u.moment->kind == MOMENT_DATE)
        *out = (struct datetime){.date = v.u.moment->value.date};
    return 0;
}

static int since(struct render *r, struct tval *v, const struct tval *arg, bool reversed)
{
    struct datetime d, now;
    bool yes;
    size_t start = r->scratch.n;
    if (render_truth(r, *v, &yes))
        return -1;
    if (!yes) {
        *v = filter_empty();
        return 0;
    }
    if (as_datetime(r, *v, &d))
        return -1;
    if (arg && render_truth(r, *arg, &yes))
        return -1;
    if (!arg || !yes)
        now = filter_now(r, d.tz);
    else if (as_datetime(r, *arg, &now))
        return -1;
    else if (now.tz.kind != TZ_NONE && d.tz.kind != TZ_NONE)
        datetime_astimezone(&now, d.tz, &now, NULL);
    if (timesince_add(&r->scratch, reversed ? &now : &d, reversed ? &d : &now, 2, NULL))
        buf_cut(&r->scratch, start); /* one is naive and the other aware */
    *v = render_cut(r, start, false);
    return 0;
}

FILTER(timesince)
{
    (void)f;
    return since(r, v, arg, false);
}

FILTER(timeuntil)
{
    (void)f;
    return since(r, v, arg, true);
}
