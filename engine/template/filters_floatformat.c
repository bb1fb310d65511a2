/* SPDX-License-Identifier: MIT */
/* floatformat: a number rounded (half up, by its decimal digits) to some places. */
#include "template/filters.h"
#include "value/number.h"
#include "value/numberformat.h"
#include "value/numtext.h"

#include "base/banned.h"

#include <math.h>

enum {
    DIGITS_MAX = 200,     /* digits and zeros of an input; longer ones stay as they are */
    PLACES_MAX = 1000000, /* zeros that may be asked for */
};

/* "2gu" in its parts. */
struct format {
    int64_t places;
    bool group, plain; /* g, u */
};

/* The argument without its suffixes, empty for the default. */
static struct str take_suffixes(struct str s, struct format *out)
{
    bool both = str_ends(s, STR("gu")) || str_ends(s, STR("ug"));
    out->group = both || str_ends(s, STR("g"));
    out->plain = both || str_ends(s, STR("u"));
    return str_head(s, s.n - (both ? 2 : out->group || out->plain));
}

/* 1 when it is no number of places. */
static int parse(struct render *r, const struct tval *arg, struct format *out)
{
    *out = (struct format){.places = -1};
    struct tval places;
    if (!arg)
        return 0;
    places = *arg;
    if (tval_is_str(places)) {
        struct str rest = take_suffixes(tval_text(places), out);
        if (rest.n == 0)
            return 0;
        places = tval_str(rest);
    }
    struct tval i;
    enum convert got = filter_int(r, places, &i);
    if (got == CONVERT_VALUE)
        return 1;
    if (got != CONVERT_OK)
        return filter_raise_int(r, places, got);
    if (i.type == TVAL_DECIMAL)
        i = tval_int(i.u.decimal->negative ? -INT64_MAX : INT64_MAX);
    out->places = i.u.i > -INT64_MAX ? i.u.i : -INT64_MAX;
    return 0;
}

/* The digits that a double is shown with. */
static enum numtext decimal_of_double(double d, struct decimal *out)
{
    if (!isfinite(d))
        return NUMTEXT_SPECIAL;
    struct number_digits n = number_shortest(d);
    out->negative = n.negative;
    out->n = n.digits != 0;
    out->exponent = n.exponent;
    out->limbs[0] = n.digits;
    return NUMTEXT_NUMBER;
}

/* Decimal(str(v)), or of float(v). */
static enum numtext as_decimal(struct tval v, struct decimal *out)
{
    double d;
    switch (v.type) {
    case TVAL_INT:
        decimal_from_int64(out, v.u.i);
        return NUMTEXT_NUMBER;
    case TVAL_BOOL:
        decimal_from_int64(out, v.u.b);
        return NUMTEXT_NUMBER;
    case TVAL_DECIMAL:
        filter_as_decimal(v, out);
        return NUMTEXT_NUMBER;
    case TVAL_DOUBLE:
        return decimal_of_double(v.u.d, out);
    case TVAL_STR: {
        enum numtext got = numtext_decimal(tval_text(v), out);
        if (got != NUMTEXT_NONE || numtext_double(tval_text(v), &d) != NUMTEXT_NUMBER)
            return got;
        return decimal_of_double(d, out);
    }
    default:
        return NUMTEXT_NONE;
    }
}

static struct number_style style_of(const struct render *r, const struct format *format,
                                    int64_t places)
{
    const struct template_formats *formats = format->plain ? filter_plain_formats(r) : r->formats;
    bool grouped = format->group || (!format->plain && formats->use_thousand_separator);
    return (struct number_style){
        .decimal_separator = formats->decimal_separator,
        .thousand_separator = formats->thousand_separator,
        .grouping = grouped ? formats->grouping : 0,
        .decimal_pos = places,
    };
}

static int64_t magnitude(int64_t n)
{
    return n < 0 ? -n : n;
}

/* Rounds what has at most 19 digits; false when d is not of that kind. */
static bool round_small(struct decimal *d, int64_t places)
{
    int64_t cut = -(int64_t)d->exponent - places;
    if (d->n > 1 || cut > 18)
        return false;
    if (cut <= 0)
        return true;
    uint64_t power = 1;
    for (int64_t i = 0; i < cut; i++)
        power *= 10;
    uint64_t digits = d->n ? d->limbs[0] : 0, rest = digits % power;
    digits = digits / power + (rest >= power - rest);
    d->limbs[0] = digits;
    d->n = digits != 0;
    d->exponent += (int32_t)cut;
    return true;
}

/* decimal_write_fixed() for what has at most 19 digits and a point among or before them. */
static size_t write_small(const struct decimal *d, char *out)
{
    char digits[24];
    size_t n = 0, places = (size_t)-d->exponent, size = 0;
    for (uint64_t rest = d->n ? d->limbs[0] : 0; rest || n <= places; rest /= 10)
        digits[n++] = (char)('0' + rest % 10);
    if (d->negative)
        out[size++] = '-';
    while (n > 0) {
        out[size++] = digits[--n];
        if (n == places && n > 0)
            out[size++] = '.';
    }
    return size;
}

static size_t write_fixed(const struct decimal *d, char *out)
{
    bool small = d->n <= 1 && d->exponent <= 0 && d->exponent > -20;
    return small ? write_small(d, out) : decimal_write_fixed(d, out);
}

static int add_rounded(struct render *r, struct decimal *d, const struct format *format)
{
    char text[DECIMAL_TEXT_MAX];
    bool whole = d->exponent >= 0 || decimal_is_integer(d);
    int64_t places = whole && format->places <= 0 ? 0 : magnitude(format->places);
    if (places > PLACES_MAX)
        return render_fail(r, "OverflowError", "floatformat: at most %d places can be shown",
                           PLACES_MAX);
    struct number_style style = style_of(r, format, places);
    /* Places behind the digits that are there are only zeros. */
    if (!round_small(d, places) && -(int64_t)d->exponent > places)
        decimal_quantize(d, d, (int)-places, DECIMAL_HALF_UP, DECIMAL_DIGITS_MAX, NULL);
    if (decimal_is_zero(d))
        d->negative = false;
    numberformat_text(&r->scratch, str_make(text, write_fixed(d, text)), &style);
    return 0;
}

static bool is_long(const struct decimal *d)
{
    int64_t exponent = magnitude(d->exponent);
    return exponent > DIGITS_MAX / 2 || d->n > 1 ? exponent + decimal_digits(d) > DIGITS_MAX
                                                 : false;
}

FILTER(floatformat)
{
    (void)f;
    struct format format;
    struct decimal d;
    size_t start = r->scratch.n;
    if (arg && tval_is_str(*arg) && arg->n == 0)
        return render_fail(r, "IndexError", "string index out of range");
    enum numtext got = as_decimal(*v, &d);
    if (got == NUMTEXT_NONE && v->type == TVAL_OBJECT) {
        struct tval text;
        if (render_str(r, *v, &text))
            return -1;
        got = as_decimal(text, &d);
    }
    if (got == NUMTEXT_NONE) {
        *v = filter_empty();
        return 0;
    }
    int odd = parse(r, arg, &format);
    if (odd < 0)
        return -1;
    if (odd || got != NUMTEXT_NUMBER || is_long(&d)) {
        if (render_str(r, *v, v))
            return -1;
        *v = tval_str(tval_text(*v));
        return 0;
    }
    if (add_rounded(r, &d, &format))
        return -1;
    *v = render_cut(r, start, true);
    return 0;
}
