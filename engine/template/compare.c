/* SPDX-License-Identifier: MIT */
/* Values compared as Python does: numbers of all kinds with one another, everything else with
 * its own kind. */
#include "template/impl.h"

#include <math.h>

static enum tval_order order_of(int sign)
{
    return sign < 0 ? TVAL_LESS : sign > 0 ? TVAL_GREATER : TVAL_EQUAL;
}

static bool is_number(struct tval v)
{
    return v.type == TVAL_BOOL || v.type == TVAL_INT || v.type == TVAL_DOUBLE ||
           v.type == TVAL_DECIMAL;
}

static bool to_integer(struct tval v, int64_t *out)
{
    if (v.type == TVAL_BOOL)
        *out = v.u.b;
    else if (v.type == TVAL_INT)
        *out = v.u.i;
    else
        return false;
    return true;
}

/* A number exactly; false for infinities and NaN. */
static bool to_decimal(struct tval v, struct decimal *out)
{
    int64_t i;
    if (to_integer(v, &i)) {
        decimal_from_int64(out, i);
        return true;
    }
    if (v.type == TVAL_DECIMAL) {
        memcpy(out, v.u.decimal, decimal_size(v.u.decimal));
        return true;
    }
    return decimal_from_double(out, v.u.d, NULL) == 0;
}

static enum tval_order compare_special(struct tval a, struct tval b)
{
    double x = a.type == TVAL_DOUBLE && !isfinite(a.u.d) ? a.u.d : 0;
    double y = b.type == TVAL_DOUBLE && !isfinite(b.u.d) ? b.u.d : 0;
    if (isnan(x) || isnan(y))
        return TVAL_UNORDERED;
    return order_of((x > y) - (x < y));
}

static enum tval_order compare_numbers(struct tval a, struct tval b)
{
    int64_t i, j;
    struct decimal x, y;
    if (to_integer(a, &i) && to_integer(b, &j))
        return order_of((i > j) - (i < j));
    if (a.type == TVAL_DOUBLE && b.type == TVAL_DOUBLE) {
        if (isnan(a.u.d) || isnan(b.u.d))
            return TVAL_UNORDERED;
        return order_of((a.u.d > b.u.d) - (a.u.d < b.u.d));
    }
    if (!to_decimal(a, &x) || !to_decimal(b, &y))
        return compare_special(a, b);
    return order_of(decimal_compare(&x, &y));
}

static enum tval_order compare_moments(const struct moment *a, const struct moment *b)
{
    int order;
    if (a->kind != b->kind)
        return TVAL_UNORDERED;
    if (a->kind == MOMENT_DATE)
        return order_of(date_compare(a->value.date, b->value.date));
    if (a->kind == MOMENT_TIME)
        return order_of(daytime_compare(a->value.time, b->value.time));
    if (datetime_compare(&a->value, &b->value, &order, NULL) < 0)
        return TVAL_UNORDERED;
    return order_of(order);
}

static int compare_lists(struct render *r, const struct tlist *a, const struct tlist *b,
                         enum tval_order *out)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (render_compare(r, a->items[i], b->items[i], out) < 0)
            return -1;
        if (*out != TVAL_EQUAL)
            return 0;
    }
    *out = order_of((a->n > b->n) - (a->n < b->n));
    return 0;
}

int render_compare(struct render *r, struct tval a, struct tval b, enum tval_order *out)
{
    *out = TVAL_UNORDERED;
    if (a.type == TVAL_OBJECT || b.type == TVAL_OBJECT)
        return r->ops->compare(r, a, b, out);
    if (is_number(a) && is_number(b)) {
        *out = compare_numbers(a, b);
        return 0;
    }
    if (a.type != b.type)
        return 0;
    switch ((enum tval_type)a.type) {
    case TVAL_UNDEFINED:
    case TVAL_NONE:
        *out = TVAL_EQUAL;
        return 0;
    case TVAL_STR:
        *out = order_of(str_cmp(tval_text(a), tval_text(b)));
        return 0;
    case TVAL_MOMENT:
        *out = compare_moments(a.u.moment, b.u.moment);
        return 0;
    case TVAL_TIMEDELTA:
        *out = order_of(duration_compare(*a.u.duration, *b.u.duration));
        return 0;
    case TVAL_LIST:
        return compare_lists(r, a.u.list, b.u.list, out);
    default:
        *out = a.u.p == b.u.p ? TVAL_EQUAL : TVAL_UNORDERED;
        return 0;
    }
}
