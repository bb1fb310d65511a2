/* SPDX-License-Identifier: MIT */
/* What the functions give, against results of Python's decimal module. */
#include "test.h"

#include "value/decimal.h"

#include <math.h>

static struct decimal dec(const char *text)
{
    struct decimal d;
    struct err e;
    if (decimal_parse(&d, str_from(text), &e) != 0)
        fail_msg("'%s': %s", text, e.msg);
    return d;
}

static void check_is(const struct decimal *d, const char *want)
{
    struct buf b = BUF_INIT;
    decimal_add_text(&b, d);
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

typedef int binary_fn(struct decimal *, const struct decimal *, const struct decimal *,
                      struct err *);
typedef int unary_fn(struct decimal *, const struct decimal *, struct err *);

static void check2(binary_fn *fn, const char *a, const char *b, const char *want)
{
    struct decimal x = dec(a), y = dec(b), out;
    struct err e = {0};
    if (fn(&out, &x, &y, &e) != 0)
        fail_msg("%s, %s: %s", a, b, e.msg);
    check_is(&out, want);
    assert_int_equal(fn(&x, &x, &y, &e), 0); /* in place */
    check_is(&x, want);
}

static void check1(unary_fn *fn, const char *a, const char *want)
{
    struct decimal x = dec(a), out;
    struct err e = {0};
    if (fn(&out, &x, &e) != 0)
        fail_msg("%s: %s", a, e.msg);
    check_is(&out, want);
}

static void keeps_what_it_reads(void **state)
{
    static const char *const same[] = {"0",
                                       "10.50",
                                       "-0.001",
                                       "1E+3",
                                       "1E-7",
                                       "1.23E+10",
                                       "-0",
                                       "0.00",
                                       "0E+2",
                                       "0E-7",
                                       "0.000001",
                                       "12345678901234567890",
                                       "12345678901234567890123456789012345678901234567890.5",
                                       "9.99E+1000",
                                       "1E-1000"};
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct decimal d = dec(same[i]);
        check_is(&d, same[i]);
    }
    struct decimal d = dec("  +0012.5e1\n");
    check_is(&d, "125");
    d = dec(".5");
    check_is(&d, "0.5");
    d = dec("5.");
    check_is(&d, "5");
    d = dec("1e5");
    check_is(&d, "1E+5");
    d = dec("0.0000001");
    check_is(&d, "1E-7");
    d = dec("123E-10");
    check_is(&d, "1.23E-8");
}

static void check_refused(const char *text, enum err_code code, const char *why)
{
    struct decimal d;
    struct err e = {0};
    if (decimal_parse(&d, str_from(text), &e) == 0)
        fail_msg("'%s' was read", text);
    assert_int_equal(e.code, code);
    if (!strstr(e.msg, why))
        fail_msg("'%s': %s", text, e.msg);
}

static void refuses_other_text(void **state)
{
    static const char *const bad[] = {"",      " ",        ".",     "-",   "e5",   "1e",
                                      "1e+",   "1 2",      "1_000", "1,5", "0x10", "--1",
                                      "1.2.3", "\xd9\xa1", "1e5.0", "ten"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_refused(bad[i], ERR_INVALID, "is not a decimal number");
    check_refused("NaN", ERR_INVALID, "'NaN' is no finite number; a decimal is always finite");
    check_refused("-Infinity", ERR_INVALID, "is no finite number");
    check_refused("inf", ERR_INVALID, "is no finite number");
}

static void limits_what_it_reads(void **state)
{
    struct buf b = BUF_INIT;
    struct decimal d;
    struct err e;
    (void)state;
    for (int i = 0; i < 5000; i++)
        buf_addc(&b, '0');
    for (int i = 0; i < 1000; i++)
        buf_addc(&b, '7');
    d = dec(b.data);
    assert_int_equal(decimal_digits(&d), 1000);
    buf_addc(&b, '7');
    check_refused(b.data, ERR_TOO_LARGE, "a decimal is limited to 1000 digits, this one has 1001");
    check_refused("1E+1001", ERR_TOO_LARGE, "the exponent of a decimal is limited to 1000: E+1001");
    check_refused("10E+1000", ERR_TOO_LARGE, "E+1001");
    check_refused("0.1E-1000", ERR_TOO_LARGE, "E-1001");
    check_refused("1E+99999999999999999999", ERR_TOO_LARGE, "limited");
    check_refused("0E-1001", ERR_TOO_LARGE, "limited");
    d = dec("9.999E+1000");
    assert_int_equal(decimal_mul(&d, &d, &d, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    check_is(&d, "9.999E+1000"); /* a failure leaves the result alone */
    d = dec("1E-600");
    assert_int_equal(decimal_mul(&d, &d, &d, &e), -1);
    buf_release(&b);
}

static void adds(void **state)
{
    (void)state;
    check2(decimal_add, "10.50", "1", "11.50");
    check2(decimal_add, "0.1", "0.2", "0.3");
    check2(decimal_add, "1.10", "-1.1", "0.00");
    check2(decimal_add, "-1", "1", "0");
    check2(decimal_add, "-0", "-0.0", "-0.0");
    check2(decimal_add, "-0", "0", "0");
    check2(decimal_add, "5", "0.000", "5.000");
    check2(decimal_add, "0E+3", "7", "7");
    check2(decimal_add, "1E+3", "1", "1001");
    check2(decimal_add, "9999999999999999999", "1", "10000000000000000000");
    check2(decimal_add, "18446744073709551615", "18446744073709551615", "36893488147419103230");
    check2(decimal_add, "9999999999999999999999999999", "1", "1.000000000000000000000000000E+28");
    check2(decimal_add, "1E+28", "5", "1.000000000000000000000000000E+28");
    check2(decimal_add, "1E+28", "5.01", "1.000000000000000000000000001E+28");
    check2(decimal_add, "1E+1000", "1E-1000", "1.000000000000000000000000000E+1000");
    check2(decimal_add, "1E+1000", "-1E-1000", "1.000000000000000000000000000E+1000");
    check2(decimal_sub, "3", "10.5", "-7.5");
    check2(decimal_sub, "1", "0.9999999999999999999999999999999", "1E-31");
    check2(decimal_sub, "-2", "-2", "0");
}

static void multiplies(void **state)
{
    (void)state;
    check2(decimal_mul, "19.99", "3", "59.97");
    check2(decimal_mul, "1.10", "1.10", "1.2100");
    check2(decimal_mul, "-2", "0", "-0");
    check2(decimal_mul, "-2.5", "-4", "10.0");
    check2(decimal_mul, "12345678901234567890", "98765432109876543210",
           "1.219326311370217952237463801E+39");
    check2(decimal_mul, "0.00000000000000000001", "3", "3E-20");
    check2(decimal_mul, "99999999999999999999999999999999", "9",
           "9.000000000000000000000000000E+32");
}

static void divides(void **state)
{
    (void)state;
    check2(decimal_div, "10", "4", "2.5");
    check2(decimal_div, "1", "3", "0.3333333333333333333333333333");
    check2(decimal_div, "2", "3", "0.6666666666666666666666666667");
    check2(decimal_div, "-1", "8", "-0.125");
    check2(decimal_div, "100", "10", "10");
    check2(decimal_div, "1E+3", "10", "1E+2");
    check2(decimal_div, "2.40", "2", "1.20");
    check2(decimal_div, "0", "-5.00", "-0E+2");
    check2(decimal_div, "1", "1024", "0.0009765625");
    check2(decimal_div, "1E+40", "3E-5", "3.333333333333333333333333333E+44");
    check2(decimal_div, "99999999999999999999999999999999999999", "9",
           "1.111111111111111111111111111E+37");
}

static int quotient(struct decimal *out, const struct decimal *a, const struct decimal *b,
                    struct err *e)
{
    return decimal_divmod(out, NULL, a, b, e);
}

static int rest(struct decimal *out, const struct decimal *a, const struct decimal *b,
                struct err *e)
{
    return decimal_divmod(NULL, out, a, b, e);
}

static void divides_whole(void **state)
{
    (void)state;
    check2(quotient, "7", "2", "3");
    check2(quotient, "-7", "2", "-3"); /* towards 0, unlike integers in Lua */
    check2(quotient, "1.5", "0.4", "3");
    check2(quotient, "0.1", "5", "0");
    check2(rest, "7", "2", "1");
    check2(rest, "-7", "2", "-1");
    check2(rest, "7", "-2", "1");
    check2(rest, "1.50", "0.4", "0.30");
    check2(rest, "0.1", "5", "0.1");
    check2(rest, "5", "5.00", "0.00");
    check2(rest, "1E+20", "3", "1");
}

static void check_fails(binary_fn *fn, const char *a, const char *b, const char *why)
{
    struct decimal x = dec(a), y = dec(b), out;
    struct err e = {0};
    assert_int_equal(fn(&out, &x, &y, &e), -1);
    if (!strstr(e.msg, why))
        fail_msg("%s", e.msg);
}

static void says_what_cannot_be(void **state)
{
    struct decimal d = dec("0"), two = dec("2");
    struct err e = {0};
    (void)state;
    check_fails(decimal_div, "1", "0.00", "decimal division by zero");
    check_fails(decimal_div, "0", "0", "decimal division by zero");
    check_fails(quotient, "1", "0", "decimal division by zero");
    check_fails(rest, "1", "0", "decimal remainder by zero");
    check_fails(quotient, "1E+30", "1", "the quotient of // or % has more than 28 digits");
    assert_int_equal(decimal_power(&d, &d, 0, &e), -1);
    assert_int_equal(decimal_power(&d, &d, -1, &e), -1);
    assert_int_equal(decimal_power(&d, &two, 100000, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    d = dec("-1");
    assert_int_equal(decimal_sqrt(&d, &d, &e), -1);
}

static void compares_by_value(void **state)
{
    static const char *const rising[] = {"-1E+1000", "-10",
                                         "-1.01",    "-1",
                                         "-1E-1000", "0",
                                         "1E-1000",  "0.99999999999999999999",
                                         "1",        "1.000000000000000000000000000000000001",
                                         "9.9",      "10",
                                         "1E+30",    "1E+1000"};
    enum { N = sizeof rising / sizeof *rising };
    (void)state;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            struct decimal a = dec(rising[i]), b = dec(rising[j]);
            assert_int_equal(decimal_compare(&a, &b), i < j ? -1 : i > j);
        }
    }
    struct decimal a = dec("1.0"), b = dec("1.000");
    assert_int_equal(decimal_compare(&a, &b), 0);
    a = dec("1E+2"), b = dec("100.00");
    assert_int_equal(decimal_compare(&a, &b), 0);
    a = dec("-0"), b = dec("0E+5");
    assert_int_equal(decimal_compare(&a, &b), 0);
}

static void rounds_in_every_way(void **state)
{
    static const char *const names[] = {"ROUND_HALF_EVEN", "ROUND_HALF_UP", "ROUND_HALF_DOWN",
                                        "ROUND_UP",        "ROUND_DOWN",    "ROUND_CEILING",
                                        "ROUND_FLOOR",     "ROUND_05UP"};
    static const struct {
        const char *number, *want[8];
    } rows[] = {
        {"1.25", {"1.2", "1.3", "1.2", "1.3", "1.2", "1.3", "1.2", "1.2"}},
        {"1.35", {"1.4", "1.4", "1.3", "1.4", "1.3", "1.4", "1.3", "1.3"}},
        {"-1.25", {"-1.2", "-1.3", "-1.2", "-1.3", "-1.2", "-1.2", "-1.3", "-1.2"}},
        {"1.5001", {"1.5", "1.5", "1.5", "1.6", "1.5", "1.6", "1.5", "1.6"}},
        {"1.96", {"2.0", "2.0", "2.0", "2.0", "1.9", "2.0", "1.9", "1.9"}},
        {"-0.04", {"-0.0", "-0.0", "-0.0", "-0.1", "-0.0", "-0.0", "-0.1", "-0.1"}},
        {"7", {"7.0", "7.0", "7.0", "7.0", "7.0", "7.0", "7.0", "7.0"}},
    };
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int j = 0; j < 8; j++) {
            struct decimal d = dec(rows[i].number);
            enum decimal_rounding rounding;
            assert_int_equal(decimal_rounding_parse(str_from(names[j]), &rounding, &e), 0);
            assert_int_equal(decimal_quantize(&d, &d, -1, rounding, 28, &e), 0);
            check_is(&d, rows[i].want[j]);
        }
    }
    enum decimal_rounding rounding;
    assert_int_equal(decimal_rounding_parse(STR("ROUND_HALFUP"), &rounding, &e), -1);
    assert_string_equal(e.msg, "unknown rounding 'ROUND_HALFUP'; did you mean 'ROUND_HALF_UP'?");
}

static void quantizes(void **state)
{
    struct decimal d = dec("123.456"), out;
    struct err e = {0};
    (void)state;
    assert_int_equal(decimal_quantize(&out, &d, 1, DECIMAL_HALF_EVEN, 28, &e), 0);
    check_is(&out, "1.2E+2");
    assert_int_equal(decimal_quantize(&out, &d, 5, DECIMAL_HALF_EVEN, 28, &e), 0);
    check_is(&out, "0E+5");
    assert_int_equal(decimal_quantize(&out, &d, -25, DECIMAL_HALF_EVEN, 28, &e), 0);
    check_is(&out, "123.4560000000000000000000000");
    assert_int_equal(decimal_quantize(&out, &d, -26, DECIMAL_HALF_EVEN, 28, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_int_equal(decimal_quantize(&out, &d, -26, DECIMAL_HALF_EVEN, 29, &e), 0);
    assert_int_equal(decimal_quantize(&out, &d, -997, DECIMAL_HALF_EVEN, 1000, &e), 0);
    d = dec("99.5");
    assert_int_equal(decimal_quantize(&out, &d, 0, DECIMAL_HALF_UP, 2, &e), -1);
    d = dec("0");
    assert_int_equal(decimal_quantize(&out, &d, -2, DECIMAL_HALF_UP, 1, &e), 0);
    check_is(&out, "0.00");
    d = dec("123456");
    assert_int_equal(decimal_round_digits(&out, &d, 3, DECIMAL_HALF_EVEN, &e), 0);
    check_is(&out, "1.23E+5");
    d = dec("999.6");
    assert_int_equal(decimal_round_digits(&out, &d, 3, DECIMAL_HALF_EVEN, &e), 0);
    check_is(&out, "1.00E+3");
}

static void changes_form(void **state)
{
    (void)state;
    check1(decimal_normalize, "100", "1E+2");
    check1(decimal_normalize, "1.500", "1.5");
    check1(decimal_normalize, "-0.000", "-0");
    check1(decimal_normalize, "1E+5", "1E+5");
    check1(decimal_normalize, "12345678901234567890000000000000000000000000",
           "1.234567890123456789E+43");
    check1(decimal_neg, "1.50", "-1.50");
    check1(decimal_neg, "0", "0");
    check1(decimal_neg, "-0", "0");
    check1(decimal_abs, "-7.1", "7.1");
    check1(decimal_abs, "12345678901234567890123456789.5", "1.234567890123456789012345679E+28");
}

static void writes_without_exponent(void **state)
{
    static const char *const rows[][2] = {{"1E+3", "1000"},     {"1E-7", "0.0000001"},
                                          {"-12.50", "-12.50"}, {"0E+5", "0"},
                                          {"0.00", "0.00"},     {"1.5E+3", "1500"}};
    struct buf b = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decimal d = dec(rows[i][0]);
        buf_reset(&b);
        decimal_add_fixed(&b, &d);
        assert_str(buf_str(&b), rows[i][1]);
    }
    buf_release(&b);
}

static void check_power(const char *a, int64_t n, const char *want)
{
    struct decimal d = dec(a);
    struct err e = {0};
    if (decimal_power(&d, &d, n, &e) != 0)
        fail_msg("%s", e.msg);
    check_is(&d, want);
}

static void raises_and_roots(void **state)
{
    (void)state;
    check_power("2", 10, "1024");
    check_power("1.10", 2, "1.2100");
    check_power("-3", 3, "-27");
    check_power("2", -1, "0.5");
    check_power("4", -2, "0.0625");
    check_power("10", -3, "0.001");
    check_power("3", -1, "0.3333333333333333333333333333");
    check_power("7", 0, "1");
    check_power("0.00", 5, "0");
    check_power("-0", 3, "-0");
    check_power("1.05", 30, "4.321942375150662009157288199");
    check_power("1.0000001", 10000000, "2.718281692544966271198550226");
    check1(decimal_sqrt, "2", "1.414213562373095048801688724");
    check1(decimal_sqrt, "16", "4");
    check1(decimal_sqrt, "0.0625", "0.25");
    check1(decimal_sqrt, "1.00", "1.0");
    check1(decimal_sqrt, "1E+3", "31.62277660168379331998893544");
    check1(decimal_sqrt, "0.00", "0.0");
    check1(decimal_sqrt, "-0", "-0");
}

static void goes_to_integers_and_back(void **state)
{
    static const char *const out_of_range[] = {"9223372036854775808", "-9223372036854775809",
                                               "1E+19", "1E+1000"};
    struct decimal d;
    struct err e = {0};
    int64_t i;
    (void)state;
    decimal_from_int64(&d, INT64_MIN);
    check_is(&d, "-9223372036854775808");
    assert_int_equal(decimal_to_int64(&d, &i, &e), 0);
    assert_true(i == INT64_MIN);
    d = dec("9223372036854775807.000");
    assert_int_equal(decimal_to_int64(&d, &i, &e), 0);
    assert_true(i == INT64_MAX);
    d = dec("12E+3");
    assert_int_equal(decimal_to_int64(&d, &i, &e), 0);
    assert_int_equal(i, 12000);
    d = dec("0E+900");
    assert_int_equal(decimal_to_int64(&d, &i, &e), 0);
    assert_int_equal(i, 0);
    for (size_t k = 0; k < sizeof out_of_range / sizeof *out_of_range; k++) {
        d = dec(out_of_range[k]);
        assert_int_equal(decimal_to_int64(&d, &i, &e), -1);
        assert_int_equal(e.code, ERR_TOO_LARGE);
    }
    d = dec("1.5");
    assert_int_equal(decimal_to_int64(&d, &i, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_false(decimal_is_integer(&d));
    d = dec("1E-1000");
    assert_false(decimal_is_integer(&d));
    assert_int_equal(decimal_to_int64(&d, &i, &e), -1);
}

static void goes_to_doubles_and_back(void **state)
{
    struct decimal d;
    struct err e = {0};
    double number;
    (void)state;
    assert_int_equal(decimal_from_double(&d, 0.1, &e), 0);
    check_is(&d, "0.1000000000000000055511151231257827021181583404541015625");
    assert_int_equal(decimal_from_double(&d, -2.5, &e), 0);
    check_is(&d, "-2.5");
    assert_int_equal(decimal_from_double(&d, 1e22, &e), 0);
    check_is(&d, "10000000000000000000000");
    assert_int_equal(decimal_from_double(&d, -0.0, &e), 0);
    check_is(&d, "-0");
    assert_int_equal(decimal_from_double(&d, 5e-324, &e), 0);
    assert_int_equal(decimal_digits(&d), 751);
    assert_int_equal(decimal_to_double(&d, &number, &e), 0);
    assert_true(number == 5e-324);
    assert_int_equal(decimal_from_double(&d, 1.7976931348623157e308, &e), 0);
    assert_int_equal(decimal_to_double(&d, &number, &e), 0);
    assert_true(number == 1.7976931348623157e308);
    assert_int_equal(decimal_from_double(&d, NAN, &e), -1);
    assert_int_equal(decimal_from_double(&d, -INFINITY, &e), -1);
    d = dec("19.99");
    assert_int_equal(decimal_to_double(&d, &number, &e), 0);
    assert_true(number == 19.99);
    d = dec("1E+400");
    assert_int_equal(decimal_to_double(&d, &number, &e), -1);
}

static void knows_its_size(void **state)
{
    struct decimal d = dec("19.99"), copy, sum;
    struct err e = {0};
    (void)state;
    assert_int_equal(decimal_size(&d), 16);
    memset(&copy, 0xff, sizeof copy);
    memcpy(&copy, &d, decimal_size(&d));
    assert_int_equal(decimal_add(&sum, &copy, &copy, &e), 0);
    check_is(&sum, "39.98");
    memset(&copy, 0, sizeof copy);
    check_is(&copy, "0");
    assert_int_equal(decimal_adjusted(&d), 1);
    d = dec("0.00");
    assert_int_equal(decimal_digits(&d), 1);
    assert_int_equal(decimal_adjusted(&d), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_it_reads),
        cmocka_unit_test(refuses_other_text),
        cmocka_unit_test(limits_what_it_reads),
        cmocka_unit_test(adds),
        cmocka_unit_test(multiplies),
        cmocka_unit_test(divides),
        cmocka_unit_test(divides_whole),
        cmocka_unit_test(says_what_cannot_be),
        cmocka_unit_test(compares_by_value),
        cmocka_unit_test(rounds_in_every_way),
        cmocka_unit_test(quantizes),
        cmocka_unit_test(changes_form),
        cmocka_unit_test(writes_without_exponent),
        cmocka_unit_test(raises_and_roots),
        cmocka_unit_test(goes_to_integers_and_back),
        cmocka_unit_test(goes_to_doubles_and_back),
        cmocka_unit_test(knows_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
