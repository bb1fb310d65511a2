/* SPDX-License-Identifier: MIT */
/* Python's int() and float() of any value. */
#include "template/filters.h"
#include "value/html.h"
#include "value/numtext.h"

#include "base/banned.h"

#include <inttypes.h>
#include <math.h>

struct tval filter_decimal(struct render *r, const struct decimal *d)
{
    struct decimal *copy = render_alloc(r, decimal_size(d));
    memcpy(copy, d, decimal_size(d));
    return (struct tval){.type = TVAL_DECIMAL, .u.decimal = copy};
}

void filter_as_decimal(struct tval v, struct decimal *out)
{
    if (v.type == TVAL_DECIMAL)
        memcpy(out, v.u.decimal, decimal_size(v.u.decimal));
    else
        decimal_from_int64(out, v.u.i);
}

/* The whole part of d as an integer. */
static enum convert int_of_decimal(struct render *r, const struct decimal *d, struct tval *out)
{
    struct decimal whole;
    int64_t i;
    if (decimal_quantize(&whole, d, 0, DECIMAL_DOWN, DECIMAL_DIGITS_MAX, NULL))
        return CONVERT_OVERFLOW;
    if (decimal_to_int64(&whole, &i, NULL) == 0)
        *out = tval_int(i);
    else
        *out = filter_decimal(r, &whole);
    return CONVERT_OK;
}

static enum convert int_of_double(struct render *r, double d, struct tval *out)
{
    struct decimal exact;
    if (isnan(d))
        return CONVERT_VALUE;
    if (isinf(d))
        return CONVERT_OVERFLOW;
    if (fabs(d) < 9e18) {
        *out = tval_int((int64_t)d);
        return CONVERT_OK;
    }
    decimal_from_double(&exact, d, NULL);
    return int_of_decimal(r, &exact, out);
}

static enum convert int_of_text(struct render *r, struct str s, struct tval *out)
{
    struct decimal d;
    int64_t i;
    enum numtext found = numtext_int(s, &i);
    if (found == NUMTEXT_NUMBER) {
        *out = tval_int(i);
        return CONVERT_OK;
    }
    if (found == NUMTEXT_LARGE && numtext_decimal(s, &d) == NUMTEXT_NUMBER)
        return int_of_decimal(r, &d, out);
    return CONVERT_VALUE;
}

enum convert filter_int(struct render *r, struct tval v, struct tval *out)
{
    switch (v.type) {
    case TVAL_INT:
        *out = v;
        return CONVERT_OK;
    case TVAL_BOOL:
        *out = tval_int(v.u.b);
        return CONVERT_OK;
    case TVAL_DOUBLE:
        return int_of_double(r, v.u.d, out);
    case TVAL_DECIMAL:
        return int_of_decimal(r, v.u.decimal, out);
    case TVAL_STR:
        return int_of_text(r, tval_text(v), out);
    default:
        return CONVERT_TYPE;
    }
}

int filter_raise_int(struct render *r, struct tval v, enum convert why)
{
    if (why == CONVERT_TYPE)
        return render_fail(r, "TypeError",
                           "int() argument must be a string, a bytes-like object or a real "
                           "number, not '%s'",
                           tval_type_name(v));
    if (why == CONVERT_OVERFLOW)
        return render_fail(r, "OverflowError", "cannot convert float infinity to integer");
    if (v.type == TVAL_DOUBLE)
        return render_fail(r, "ValueError", "cannot convert float NaN to integer");
    struct buf repr = BUF_INIT;
    int failed = render_add_repr(r, v, &repr);
    if (!failed)
        failed = render_fail(r, "ValueError", "invalid literal for int() with base 10: %.*s",
                             STR_ARG(str_head(buf_str(&repr), 200)));
    buf_release(&repr);
    return failed;
}

int filter_need_int(struct render *r, struct tval v, int64_t *out)
{
    struct tval i;
    enum convert got = filter_int(r, v, &i);
    if (got != CONVERT_OK)
        return filter_raise_int(r, v, got);
    if (i.type == TVAL_INT)
        *out = i.u.i;
    else
        *out = i.u.decimal->negative ? INT64_MIN : INT64_MAX;
    return 0;
}

int filter_need_width(struct render *r, const struct filter *f, struct tval v, int64_t *out)
{
    if (filter_need_int(r, v, out))
        return -1;
    if (*out > FILTER_WIDTH_MAX)
        return render_fail(r, "OverflowError",
                           "the argument of the filter '%s' is limited to %d characters, not "
                           "%" PRId64,
                           f->name, FILTER_WIDTH_MAX, *out);
    return 0;
}

enum convert filter_double(struct tval v, double *out)
{
    switch (v.type) {
    case TVAL_INT:
        *out = (double)v.u.i;
        return CONVERT_OK;
    case TVAL_BOOL:
        *out = v.u.b;
        return CONVERT_OK;
    case TVAL_DOUBLE:
        *out = v.u.d;
        return CONVERT_OK;
    case TVAL_DECIMAL:
        return decimal_to_double(v.u.decimal, out, NULL) ? CONVERT_OVERFLOW : CONVERT_OK;
    case TVAL_STR:
        return numtext_double(tval_text(v), out) == NUMTEXT_NUMBER ? CONVERT_OK : CONVERT_VALUE;
    default:
        return CONVERT_TYPE;
    }
}

const struct template_formats *filter_plain_formats(const struct render *r)
{
    return r->settings_formats ? r->settings_formats : &template_formats_plain;
}

int filter_add_escaped(struct render *r, struct tval v)
{
    if (v.type == TVAL_INT) {
        buf_addint(&r->scratch, v.u.i);
        return 0;
    }
    if (render_str(r, v, &v))
        return -1;
    if (tval_is_safe(v))
        buf_addstr(&r->scratch, tval_text(v));
    else
        html_escape(&r->scratch, tval_text(v));
    return 0;
}

int filter_arg_text(struct render *r, const struct tval *arg, struct str *out)
{
    struct tval text;
    if (render_str(r, *arg, &text))
        return -1;
    *out = tval_text(text);
    return 0;
}
