/* SPDX-License-Identifier: MIT */
/* {% load humanize %} */
#include "template/filters.h"
#include "value/number.h"
#include "value/numberformat.h"
#include "value/numtext.h"
#include "value/timesince.h"

#include "base/banned.h"

#define NBSP "\xc2\xa0"

/* int(v) for filters that leave alone what is none: 0, 1 when it stays, or -1. */
static int whole(struct render *r, struct tval v, struct tval *out)
{
    enum convert got = filter_int(r, v, out);
    return got == CONVERT_OVERFLOW ? filter_raise_int(r, v, got) : got != CONVERT_OK;
}

static FILTER(apnumber)
{
    (void)f, (void)arg;
    static const struct str words[] = {
        STR_INIT("one"), STR_INIT("two"),   STR_INIT("three"), STR_INIT("four"), STR_INIT("five"),
        STR_INIT("six"), STR_INIT("seven"), STR_INIT("eight"), STR_INIT("nine"),
    };
    struct tval n;
    int stays = whole(r, *v, &n);
    if (stays)
        return stays < 0 ? -1 : 0;
    *v = n.type == TVAL_INT && n.u.i > 0 && n.u.i < 10 ? tval_str(words[n.u.i - 1]) : n;
    return 0;
}

static FILTER(ordinal)
{
    (void)f, (void)arg;
    struct tval n;
    struct decimal d;
    char text[DECIMAL_TEXT_MAX];
    static const char *const suffixes[] = {"th", "st", "nd", "rd", "th",
                                           "th", "th", "th", "th", "th"};
    int stays = whole(r, *v, &n);
    if (stays)
        return stays < 0 ? -1 : 0;
    filter_as_decimal(n, &d);
    size_t size = decimal_write_fixed(&d, text), start = r->scratch.n;
    bool negative = d.negative && !decimal_is_zero(&d);
    bool teen = size > 1 && text[size - 2] == '1';
    buf_add(&r->scratch, text, size);
    if (!negative)
        buf_adds(&r->scratch, teen ? "th" : suffixes[text[size - 1] - '0']);
    *v = render_cut(r, start, !negative);
    return 0;
}

/* ---- numbers ---- */

static struct number_style commas(const struct render *r)
{
    return (struct number_style){.decimal_separator = r->formats->decimal_separator,
                                 .thousand_separator = r->formats->thousand_separator,
                                 .grouping = r->formats->grouping,
                                 .decimal_pos = -1};
}

/* Commas into the digits that the text begins with, whatever follows. */
static int plain_commas(struct render *r, struct tval *v)
{
    if (render_str(r, *v, v))
        return -1;
    struct str s = tval_text(*v);
    struct number_style style = {STR("."), STR(","), 3, -1};
    size_t start = r->scratch.n, end = s.n > 0 && s.p[0] == '-';
    while (end < s.n && char_is_digit(s.p[end]))
        end++;
    if (end == 0 || !char_is_digit(s.p[end - 1])) {
        *v = tval_str(s);
        return 0;
    }
    numberformat_text(&r->scratch, str_head(s, end), &style);
    buf_addstr(&r->scratch, str_skip(s, end));
    *v = render_cut(r, start, false);
    return 0;
}

static FILTER(intcomma)
{
    (void)f;
    struct decimal d;
    struct number_style style = commas(r);
    size_t start = r->scratch.n;
    bool localized = true;
    if (arg && render_truth(r, *arg, &localized))
        return -1;
    if (!localized)
        return plain_commas(r, v);
    if (v->type == TVAL_INT)
        numberformat_int(&r->scratch, v->u.i, &style);
    else if (v->type == TVAL_BOOL)
        numberformat_int(&r->scratch, v->u.b, &style);
    else if (v->type == TVAL_DOUBLE)
        numberformat_double(&r->scratch, v->u.d, &style);
    else if (v->type == TVAL_DECIMAL)
        filter_as_decimal(*v, &d), numberformat_decimal(&r->scratch, &d, &style);
    else if (tval_is_str(*v) && numtext_decimal(tval_text(*v), &d) == NUMTEXT_NUMBER)
        numberformat_decimal(&r->scratch, &d, &style);
    else
        return plain_commas(r, v);
    *v = render_cut(r, start, false);
    return 0;
}

static const struct {
    int exponent;
    const char *word;
} large_numbers[] = {
    {6, "million"},      {9, "billion"},     {12, "trillion"},   {15, "quadrillion"},
    {18, "quintillion"}, {21, "sextillion"}, {24, "septillion"}, {27, "octillion"},
    {30, "nonillion"},   {33, "decillion"},  {100, "googol"},
};

/* d / 10^exponent as Python's division of integers rounds it, to one place. */
static void add_large(struct render *r, const struct decimal *d, int exponent, const char *word)
{
    double n = 0;
    char text[DECIMAL_TEXT_MAX];
    struct decimal scaled = *d;
    struct number_style style = {.decimal_separator = r->formats->decimal_separator,
                                 .thousand_separator = r->formats->thousand_separator,
                                 .grouping =
                                     r->formats->use_thousand_separator ? r->formats->grouping : 0,
                                 .decimal_pos = 1};
    scaled.exponent -= exponent;
    decimal_to_double(&scaled, &n, NULL);
    numtext_decimal(str_make(text, number_write(n, text)), &scaled);
    decimal_quantize(&scaled, &scaled, -1, DECIMAL_HALF_UP, DECIMAL_DIGITS_MAX, NULL);
    numberformat_text(&r->scratch, str_make(text, decimal_write_fixed(&scaled, text)), &style);
    buf_addf(&r->scratch, " %s", word);
}

static FILTER(intword)
{
    (void)f, (void)arg;
    struct tval n;
    struct decimal d;
    size_t start = r->scratch.n;
    int stays = whole(r, *v, &n);
    if (stays)
        return stays < 0 ? -1 : 0;
    *v = n;
    filter_as_decimal(n, &d);
    int adjusted = decimal_adjusted(&d);
    if (decimal_is_zero(&d) || adjusted < 6)
        return 0;
    for (size_t i = 0; i < sizeof large_numbers / sizeof *large_numbers; i++) {
        if (adjusted >= large_numbers[i].exponent + 3)
            continue;
        add_large(r, &d, large_numbers[i].exponent, large_numbers[i].word);
        *v = render_cut(r, start, false);
        break;
    }
    return 0;
}

/* ---- moments ---- */

static FILTER(naturalday)
{
    if (v->type != TVAL_MOMENT || v->u.moment->kind == MOMENT_TIME)
        return 0;
    const struct moment *m = v->u.moment;
    struct datetime now = filter_now(r, m->kind == MOMENT_DATETIME ? m->value.tz : tz_none());
    int64_t days = date_ordinal(m->value.date) - date_ordinal(now.date);
    if (days >= -1 && days <= 1) {
        *v = tval_str(days == 0 ? STR("today") : days > 0 ? STR("tomorrow") : STR("yesterday"));
        return 0;
    }
    struct moment *day = render_alloc(r, sizeof *day);
    *day = (struct moment){.kind = MOMENT_DATE, .value.date = m->value.date};
    *v = (struct tval){.type = TVAL_MOMENT, .u.moment = day};
    return filter_date(r, f, v, arg);
}

/* "a minute ago", "2 minutes from now" */
static void add_count(struct buf *out, int64_t n, const char *one, const char *unit)
{
    if (n == 1)
        buf_adds(out, one);
    else
        buf_addf(out, "%lld" NBSP "%ss", (long long)n, unit);
}

/* What lies between two moments of one day. */
static void add_short(struct buf *out, int64_t seconds)
{
    if (seconds < 60)
        add_count(out, seconds, "a second", "second");
    else if (seconds < 3600)
        add_count(out, seconds / 60, "a minute", "minute");
    else
        add_count(out, seconds / 3600, "an hour", "hour");
}

static FILTER(naturaltime)
{
    (void)f, (void)arg;
    struct duration delta;
    struct err err;
    size_t start = r->scratch.n;
    if (v->type != TVAL_MOMENT || v->u.moment->kind == MOMENT_TIME)
        return 0;
    if (v->u.moment->kind == MOMENT_DATE)
        return render_fail(r, "AttributeError",
                           "'datetime.date' object has no attribute 'utcoffset'");
    struct datetime d = v->u.moment->value;
    struct datetime now = filter_now(r, d.tz.kind == TZ_NONE ? tz_none() : tz_utc());
    if (datetime_diff(&now, &d, &delta, &err))
        return render_fail(r, "TypeError", "%s", err.msg);
    bool past = delta.days >= 0 && (delta.days || delta.seconds || delta.microseconds);
    if (!past)
        duration_neg(delta, &delta, NULL);
    if (delta.days == 0 && delta.seconds == 0) {
        *v = tval_str(STR("now"));
        return 0;
    }
    if (d.tz.kind != TZ_NONE)
        datetime_astimezone(&now, d.tz, &now, NULL);
    if (delta.days != 0)
        timesince_add(&r->scratch, past ? &d : &now, past ? &now : &d, 2, NULL);
    else
        add_short(&r->scratch, delta.seconds);
    buf_adds(&r->scratch, past ? " ago" : " from now");
    *v = render_cut(r, start, false);
    return 0;
}

const struct filter template_humanize_filters[] = {
    {"apnumber", filter_apnumber, FILTER_SAFE, 0, 0, NULL},
    {"intcomma", filter_intcomma, FILTER_SAFE, 0, 1, NULL},
    {"intword", filter_intword, 0, 0, 0, NULL},
    {"naturalday", filter_naturalday, FILTER_LOCALTIME, 0, 1, NULL},
    {"naturaltime", filter_naturaltime, 0, 0, 0, NULL},
    {"ordinal", filter_ordinal, FILTER_SAFE, 0, 0, NULL},
    {0},
};
