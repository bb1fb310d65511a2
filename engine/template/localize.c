/* SPDX-License-Identifier: MIT */
/* Values as readers of a language and a time zone see them, and {{ v }}. */
#include "template/impl.h"

#include "value/html.h"
#include "value/numberformat.h"

#include <math.h>

/* ---- moments ---- */

struct tval render_localtime(struct render *r, struct tval v)
{
    struct moment *local;
    if (v.type != TVAL_MOMENT || v.flags & TVAL_ZONED || !r->use_tz ||
        v.u.moment->kind != MOMENT_DATETIME || v.u.moment->value.tz.kind == TZ_NONE)
        return v;
    local = render_alloc(r, sizeof *local);
    local->kind = MOMENT_DATETIME;
    if (datetime_astimezone(&v.u.moment->value, r->zone, &local->value, NULL) < 0)
        return v;
    v.u.moment = local;
    v.flags = 0;
    return v;
}

static const struct template_formats *date_formats(const struct render *r)
{
    return r->use_l10n ? r->formats : r->settings_formats;
}

int moment_add(struct render *r, struct buf *out, struct str format, const struct moment *m)
{
    const struct template_formats *f = date_formats(r);
    const struct {
        struct str name, format;
    } named[] = {
        {STR("DATE_FORMAT"), f->date},
        {STR("TIME_FORMAT"), f->time},
        {STR("DATETIME_FORMAT"), f->datetime},
        {STR("SHORT_DATE_FORMAT"), f->short_date},
        {STR("SHORT_DATETIME_FORMAT"), f->short_datetime},
        {STR("YEAR_MONTH_FORMAT"), f->year_month},
        {STR("MONTH_DAY_FORMAT"), f->month_day},
    };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (str_eq(format, named[i].name))
            format = named[i].format;
    return dateformat_add(out, format, m, r->default_zone, NULL);
}

static void add_moment(struct render *r, struct buf *out, const struct moment *m)
{
    const struct template_formats *f = date_formats(r);
    struct str format = m->kind == MOMENT_DATE   ? f->date
                        : m->kind == MOMENT_TIME ? f->time
                                                 : f->datetime;
    dateformat_add(out, format, m, r->default_zone, NULL);
}

/* ---- numbers ---- */

static struct number_style number_style(const struct render *r)
{
    const struct template_formats *f = r->formats;
    return (struct number_style){
        .decimal_separator = f->decimal_separator,
        .thousand_separator = f->thousand_separator,
        .grouping = f->use_thousand_separator ? f->grouping : 0,
        .decimal_pos = -1,
    };
}

/* false: v is no number, or there is no localisation. */
static bool add_number(struct render *r, struct tval v, struct buf *out)
{
    struct number_style style = number_style(r);
    if (!r->use_l10n)
        return false;
    if (v.type == TVAL_INT)
        numberformat_int(out, v.u.i, &style);
    else if (v.type == TVAL_DOUBLE)
        numberformat_double(out, v.u.d, &style);
    else if (v.type == TVAL_DECIMAL)
        numberformat_decimal(out, v.u.decimal, &style);
    else
        return false;
    return true;
}

/* ---- localisation ---- */

/* Adds v when localisation makes a text of it; false: it stays what it is. */
static bool add_localized(struct render *r, struct tval v, struct buf *out)
{
    if (v.type != TVAL_MOMENT)
        return add_number(r, v, out);
    add_moment(r, out, v.u.moment);
    return true;
}

int render_localize(struct render *r, struct tval v, struct tval *out)
{
    size_t start = r->scratch.n;
    *out = v;
    if (add_localized(r, v, &r->scratch))
        *out = render_cut(r, start, v.type != TVAL_MOMENT);
    return 0;
}

/* Escapes what was added to out since `start`. */
static void escape_tail(struct render *r, size_t start)
{
    struct str added = str_skip(buf_str(r->out), start);
    if (!html_needs_escape(added))
        return;
    struct render_mark m = render_mark(r);
    added = render_copy(r, added);
    buf_cut(r->out, start);
    html_escape(r->out, added);
    render_reset(r, m);
}

static int add_other(struct render *r, struct tval v)
{
    size_t start = r->out->n;
    bool safe = false;
    if (v.type == TVAL_MOMENT)
        v = render_localtime(r, v);
    if (add_localized(r, v, r->out)) {
        safe = v.type != TVAL_MOMENT;
    } else if (render_add_str(r, v, r->out, &safe) < 0) {
        buf_cut(r->out, start);
        return -1;
    }
    if (r->autoescape && !safe)
        escape_tail(r, start);
    return 0;
}

int render_value(struct render *r, struct tval v)
{
    if (v.type == TVAL_STR) {
        if (r->autoescape && !(v.flags & TVAL_SAFE))
            html_escape(r->out, tval_text(v));
        else
            buf_add(r->out, v.u.p, v.n);
        return 0;
    }
    if (v.type == TVAL_INT && !r->formats->use_thousand_separator) {
        buf_addint(r->out, v.u.i);
        return 0;
    }
    return add_other(r, v);
}

struct tval render_cut_output(struct render *r, size_t start, bool safe)
{
    struct str s = render_copy(r, str_skip(buf_str(r->out), start));
    buf_cut(r->out, start);
    return safe ? tval_safe(s) : tval_str(s);
}

int render_value_capture(struct render *r, struct tval v, struct tval *out)
{
    size_t start = r->out->n;
    bool safe = r->autoescape || tval_is_safe(v);
    if (render_value(r, v) < 0)
        return -1;
    *out = render_cut_output(r, start, safe);
    return 0;
}
