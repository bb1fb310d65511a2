/* SPDX-License-Identifier: MIT */
/* Numbers and booleans on their way in; texts of errors are Django's. */
#include "orm/convert_impl.h"
#include "value/number.h"

#include <math.h>

struct decimal convert_decimal_of(struct value v)
{
    struct decimal d;
    memset(&d, 0, offsetof(struct decimal, limbs));
    memcpy(&d, v.text.p, v.text.n < sizeof d ? v.text.n : sizeof d);
    return d;
}

bool convert_compares(const struct param_type *t)
{
    return t->bind == BIND_MATCH || t->bind == BIND_FLOOR || t->bind == BIND_CEIL;
}

/* A number that is not an integer. */
static int int_of_double(const struct param_type *t, struct value v, double d, struct value *out,
                         struct err *err)
{
    double whole = t->bind == BIND_CEIL ? ceil(d) : t->bind == BIND_FLOOR ? floor(d) : trunc(d);
    bool fits = whole >= -9223372036854775808.0 && whole < 9223372036854775808.0;
    if (!isfinite(d) || (!fits && !convert_compares(t)))
        return convert_fail_number(t, v, err);
    if (fits && (whole == d || t->bind != BIND_MATCH))
        value_set_int(out, (int64_t)whole);
    else
        *out = (struct value){.kind = VALUE_DOUBLE, .d = d};
    return 0;
}

/* "99999999999999999999": whole, but more than an integer holds. */
static bool is_whole(struct str s, double *d)
{
    struct str digits = str_starts(s, STR("-")) || str_starts(s, STR("+")) ? str_skip(s, 1) : s;
    bool yes = digits.n > 0;
    for (size_t i = 0; i < digits.n && yes; i++)
        yes = char_is_digit(digits.p[i]);
    return yes && number_parse(s, d) == 0;
}

int convert_int(const struct param_type *t, struct value v, struct value *out, struct err *err)
{
    int64_t i;
    double d;
    switch (v.kind) {
    case VALUE_TRUE:
    case VALUE_FALSE:
        value_set_int(out, v.kind == VALUE_TRUE);
        return 0;
    case VALUE_INT:
        *out = v;
        return 0;
    case VALUE_DECIMAL: {
        struct decimal x = convert_decimal_of(v);
        if (decimal_to_double(&x, &d, NULL) < 0)
            return convert_fail_number(t, v, err);
        break;
    }
    case VALUE_DOUBLE:
        d = v.d;
        break;
    case VALUE_TEXT:
        if (str_to_int64(str_trim(v.text), &i)) {
            value_set_int(out, i);
            return 0;
        }
        if (!convert_compares(t) || !is_whole(str_trim(v.text), &d))
            return convert_fail_number(t, v, err);
        break;
    default:
        return convert_fail_number(t, v, err);
    }
    return int_of_double(t, v, d, out, err);
}

int convert_float(const struct param_type *t, struct value v, struct value *out, struct err *err)
{
    double d;
    switch (v.kind) {
    case VALUE_TRUE:
    case VALUE_FALSE:
        d = v.kind == VALUE_TRUE;
        break;
    case VALUE_INT:
        d = (double)v.i;
        break;
    case VALUE_DOUBLE:
        d = v.d;
        break;
    case VALUE_DECIMAL: {
        struct decimal x = convert_decimal_of(v);
        if (decimal_to_double(&x, &d, NULL) < 0)
            return convert_fail_number(t, v, err);
        break;
    }
    case VALUE_TEXT:
        if (number_parse(str_trim(v.text), &d) < 0)
            return convert_fail_number(t, v, err);
        break;
    default:
        return convert_fail_number(t, v, err);
    }
    if (!isfinite(d))
        return convert_fail_number(t, v, err);
    *out = (struct value){.kind = VALUE_DOUBLE, .d = d};
    return 0;
}

/* As Django formats it: rounded to the places of the field, never with an exponent. */
int convert_decimal(const struct param_type *t, struct value v, struct arena *scratch,
                    struct value *out, struct err *err)
{
    struct decimal d;
    int bad = 0;
    switch (v.kind) {
    case VALUE_INT:
        decimal_from_int64(&d, v.i);
        break;
    case VALUE_DECIMAL:
        d = convert_decimal_of(v);
        break;
    case VALUE_DOUBLE:
        bad = decimal_from_double(&d, v.d, NULL);
        if (bad == 0)
            bad = decimal_round_digits(&d, &d, t->max_digits ? (unsigned)t->max_digits : 28,
                                       DECIMAL_HALF_EVEN, NULL);
        break;
    case VALUE_TEXT:
        bad = decimal_parse(&d, v.text, NULL);
        break;
    default:
        bad = -1;
    }
    if (bad < 0)
        return convert_fail(t, v, "must be a decimal number.", err);
    if (t->max_digits &&
        decimal_quantize(&d, &d, -t->decimal_places, DECIMAL_HALF_EVEN, (unsigned)t->max_digits,
                         NULL) < 0 &&
        !convert_compares(t)) {
        char place[CONVERT_PLACE];
        return err_set(err, ERR_INVALID,
                       "%s: Ensure that there are no more than %d digits before the decimal point.",
                       convert_place(t, place), t->max_digits - t->decimal_places);
    }
    char text[DECIMAL_TEXT_MAX];
    size_t n = decimal_write_fixed(&d, text);
    value_set_text(out, arena_str(scratch, str_make(text, n)));
    return 0;
}

int convert_bool(const struct param_type *t, struct value v, struct value *out, struct err *err)
{
    static const char *const yes[] = {"t", "True", "true", "1"};
    static const char *const no[] = {"f", "False", "false", "0"};
    if (v.kind == VALUE_TRUE || v.kind == VALUE_FALSE) {
        value_set_int(out, v.kind == VALUE_TRUE);
        return 0;
    }
    if (v.kind == VALUE_INT && (v.i == 0 || v.i == 1)) {
        *out = v;
        return 0;
    }
    for (int i = 0; v.kind == VALUE_TEXT && i < 4; i++)
        if (str_eq(v.text, str_from(yes[i])) || str_eq(v.text, str_from(no[i]))) {
            value_set_int(out, str_eq(v.text, str_from(yes[i])));
            return 0;
        }
    return convert_fail(t, v, "must be either True or False.", err);
}
