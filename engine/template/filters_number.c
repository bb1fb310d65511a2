/* SPDX-License-Identifier: MIT */
/* Filters that calculate. */
#include "template/filters.h"
#include "value/numberformat.h"

#include "base/banned.h"

/* ---- add ---- */

/* a + b of integers, exact to 1,000 digits. */
static int add_integers(struct render *r, struct tval a, struct tval b, struct tval *out)
{
    struct decimal left, right;
    struct err err;
    int64_t sum;
    if (a.type == TVAL_INT && b.type == TVAL_INT && !__builtin_add_overflow(a.u.i, b.u.i, &sum)) {
        *out = tval_int(sum);
        return 0;
    }
    filter_as_decimal(a, &left);
    filter_as_decimal(b, &right);
    if (decimal_add(&left, &left, &right, &err))
        return render_fail(r, "OverflowError", "add: %s", err.msg);
    *out = filter_decimal(r, &left);
    return 0;
}

static int add_text(struct render *r, struct tval *v, struct tval arg)
{
    size_t start = r->scratch.n;
    bool safe = tval_is_safe(*v) && tval_is_safe(arg);
    buf_addstr(&r->scratch, tval_text(*v));
    buf_addstr(&r->scratch, tval_text(arg));
    *v = render_cut(r, start, safe);
    return 0;
}

/* A moment or timedelta, and a timedelta; 1 when they do not go together. */
static int add_time(struct render *r, struct tval *v, struct tval by)
{
    if (by.type != TVAL_TIMEDELTA) {
        struct tval swap = *v;
        *v = by;
        by = swap;
    }
    if (by.type != TVAL_TIMEDELTA)
        return 1;
    if (v->type == TVAL_TIMEDELTA) {
        struct duration *sum = render_alloc(r, sizeof *sum);
        if (duration_add(*v->u.duration, *by.u.duration, sum, NULL))
            return 1;
        v->u.duration = sum;
        return 0;
    }
    if (v->type != TVAL_MOMENT || v->u.moment->kind == MOMENT_TIME)
        return 1;
    struct moment *m = render_alloc(r, sizeof *m);
    *m = *v->u.moment;
    v->u.moment = m;
    if (m->kind == MOMENT_DATE)
        return date_add(m->value.date, *by.u.duration, &m->value.date, NULL) ? 1 : 0;
    return datetime_add(&m->value, *by.u.duration, &m->value, NULL) ? 1 : 0;
}

/* Two lists one behind the other; 1 when one of them is none. */
static int add_lists(struct render *r, struct tval *v, struct tval arg)
{
    struct tseq seqs[2];
    struct tval values[2] = {*v, arg};
    for (int k = 0; k < 2; k++) {
        if (values[k].type != TVAL_LIST && values[k].type != TVAL_OBJECT)
            return 1;
        int got = render_sequence(r, values[k], &seqs[k]);
        if (got || seqs[k].map)
            return got ? got : 1;
    }
    struct tval *items = render_alloc(r, (seqs[0].n + seqs[1].n) * sizeof *items);
    struct tlist *list = render_alloc(r, sizeof *list);
    *list = (struct tlist){.items = items};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < seqs[k].n; i++)
            if (render_check(r) || render_item(r, &seqs[k], i, &items[list->n++]))
                return -1;
    *v = tval_list(list);
    return 0;
}

static bool is_number(struct tval v)
{
    return v.type == TVAL_INT || v.type == TVAL_BOOL || v.type == TVAL_DOUBLE ||
           v.type == TVAL_DECIMAL;
}

/* What int() refuses: a NaN and another number. */
static int add_other(struct render *r, struct tval *v, struct tval arg)
{
    double a, b;
    int got = 1;
    if (tval_is_str(*v) && tval_is_str(arg))
        return add_text(r, v, arg);
    if (is_number(*v) && is_number(arg) && filter_double(*v, &a) == CONVERT_OK &&
        filter_double(arg, &b) == CONVERT_OK) {
        *v = tval_double(a + b);
        return 0;
    }
    if (v->type == TVAL_TIMEDELTA || arg.type == TVAL_TIMEDELTA)
        got = add_time(r, v, arg);
    else
        got = add_lists(r, v, arg);
    if (got > 0)
        *v = filter_empty();
    return got < 0 ? -1 : 0;
}

FILTER(add)
{
    (void)f;
    struct tval a, b;
    enum convert first = filter_int(r, *v, &a), second = CONVERT_OK;
    if (first == CONVERT_OK)
        second = filter_int(r, *arg, &b);
    if (first == CONVERT_OVERFLOW)
        return filter_raise_int(r, *v, first);
    if (second == CONVERT_OVERFLOW)
        return filter_raise_int(r, *arg, second);
    if (first != CONVERT_OK || second != CONVERT_OK)
        return add_other(r, v, *arg);
    return add_integers(r, a, b, v);
}

/* ---- digits ---- */

/* Whether the digits of a whole number are divisible by n, which is not 0. */
static bool digits_divisible(const struct decimal *a, int64_t n)
{
    char text[DECIMAL_TEXT_MAX];
    uint64_t by = n < 0 ? -(uint64_t)n : (uint64_t)n;
    unsigned __int128 rest = 0;
    size_t size = decimal_write_fixed(a, text);
    for (size_t i = 0; i < size; i++)
        if (char_is_digit(text[i]))
            rest = (rest * 10 + (unsigned)(text[i] - '0')) % by;
    return rest == 0;
}

FILTER(divisibleby)
{
    (void)f;
    struct tval a, b;
    struct decimal left, right, rest;
    struct err err;
    enum convert got = filter_int(r, *v, &a);
    if (got != CONVERT_OK)
        return filter_raise_int(r, *v, got);
    if ((got = filter_int(r, *arg, &b)) != CONVERT_OK)
        return filter_raise_int(r, *arg, got);
    if (b.type == TVAL_INT && b.u.i == 0)
        return render_fail(r, "ZeroDivisionError", "integer modulo by zero");
    if (a.type == TVAL_INT && b.type == TVAL_INT) {
        *v = tval_bool(b.u.i == -1 || a.u.i % b.u.i == 0);
        return 0;
    }
    filter_as_decimal(a, &left);
    if (b.type == TVAL_INT) {
        *v = tval_bool(digits_divisible(&left, b.u.i));
        return 0;
    }
    filter_as_decimal(b, &right);
    if (decimal_divmod(NULL, &rest, &left, &right, &err))
        return render_fail(r, "OverflowError", "divisibleby: %s", err.msg);
    *v = tval_bool(decimal_is_zero(&rest));
    return 0;
}

FILTER(get_digit)
{
    (void)f;
    struct tval at, value;
    struct decimal whole;
    char text[DECIMAL_TEXT_MAX];
    enum convert got = filter_int(r, *arg, &at);
    if (got != CONVERT_OK)
        return got == CONVERT_VALUE ? 0 : filter_raise_int(r, *arg, got);
    if ((got = filter_int(r, *v, &value)) != CONVERT_OK)
        return got == CONVERT_VALUE ? 0 : filter_raise_int(r, *v, got);
    *v = value;
    if (at.type == TVAL_DECIMAL ? at.u.decimal->negative : at.u.i < 1)
        return 0;
    filter_as_decimal(value, &whole);
    size_t n = decimal_write_fixed(&whole, text);
    if (at.type == TVAL_DECIMAL || (uint64_t)at.u.i > n) {
        *v = tval_int(0);
        return 0;
    }
    char digit = text[n - (size_t)at.u.i];
    if (digit == '-')
        return render_fail(r, "ValueError", "invalid literal for int() with base 10: '-'");
    *v = tval_int(digit - '0');
    return 0;
}

/* ---- filesizeformat ---- */

#define NBSP "\xc2\xa0"

static struct number_style style_of(const struct render *r)
{
    const struct template_formats *formats = r->formats;
    return (struct number_style){
        .decimal_separator = formats->decimal_separator,
        .thousand_separator = formats->thousand_separator,
        .grouping = formats->use_thousand_separator ? formats->grouping : 0,
        .decimal_pos = 1,
    };
}

/* n / 2^shift, rounded half to even to one place. */
static void add_size(struct render *r, uint64_t n, unsigned shift)
{
    unsigned __int128 tenths = (unsigned __int128)n * 10;
    uint64_t q = (uint64_t)(tenths >> shift);
    uint64_t rest = (uint64_t)(tenths & ((UINT64_C(1) << shift) - 1));
    uint64_t half = UINT64_C(1) << (shift - 1);
    char text[24];
    size_t at = sizeof text;
    struct number_style style = style_of(r);
    q += rest > half || (rest == half && q & 1);
    text[--at] = (char)('0' + q % 10);
    text[--at] = '.';
    do
        text[--at] = (char)('0' + (q /= 10) % 10);
    while (q >= 10);
    numberformat_text(&r->scratch, str_make(text + at, sizeof text - at), &style);
}

/* Beyond 64 bits. */
static void add_huge(struct render *r, const struct decimal *d)
{
    struct decimal size;
    struct number_style style = style_of(r);
    double n = 0;
    decimal_to_double(d, &n, NULL);
    decimal_from_double(&size, (n < 0 ? -n : n) / (double)(INT64_C(1) << 50), NULL);
    decimal_quantize(&size, &size, -1, DECIMAL_HALF_EVEN, DECIMAL_DIGITS_MAX, NULL);
    numberformat_decimal(&r->scratch, &size, &style);
}

static void add_bytes(struct render *r, uint64_t n)
{
    static const char *const units[] = {"KB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    if (n < 1024) {
        buf_addint(&r->scratch, (int64_t)n);
        buf_adds(&r->scratch, n == 1 ? NBSP "byte" : NBSP "bytes");
        return;
    }
    while (unit < 4 && n >> (10 * (unit + 2)))
        unit++;
    add_size(r, n, 10 * (unsigned)(unit + 1));
    buf_adds(&r->scratch, NBSP);
    buf_adds(&r->scratch, units[unit]);
}

FILTER(filesizeformat)
{
    (void)f, (void)arg;
    struct tval bytes;
    size_t start = r->scratch.n;
    enum convert got = filter_int(r, *v, &bytes);
    if (got == CONVERT_OVERFLOW)
        return filter_raise_int(r, *v, got);
    if (got != CONVERT_OK)
        bytes = tval_int(0);
    bool negative = bytes.type == TVAL_INT ? bytes.u.i < 0 : bytes.u.decimal->negative;
    if (negative)
        buf_addc(&r->scratch, '-');
    if (bytes.type == TVAL_INT) {
        add_bytes(r, negative ? -(uint64_t)bytes.u.i : (uint64_t)bytes.u.i);
    } else {
        add_huge(r, bytes.u.decimal);
        buf_adds(&r->scratch, NBSP "PB");
    }
    *v = render_cut(r, start, false);
    return 0;
}
