/* SPDX-License-Identifier: MIT */
/* Numbers from text and back with separators; how long ago. */
#include "test.h"

#include "value/numberformat.h"
#include "value/numtext.h"
#include "value/timesince.h"

#include <math.h>

static void test_int(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum numtext found;
        int64_t value;
    } rows[] = {
        {"12", NUMTEXT_NUMBER, 12},
        {" \t-12\n", NUMTEXT_NUMBER, -12},
        {"+1_000_000", NUMTEXT_NUMBER, 1000000},
        {"\xef\xbc\x91\xef\xbc\x92\xd9\xa3", NUMTEXT_NUMBER, 123}, /* fullwidth 12, Arabic 3 */
        {"\xf0\x9d\x9f\x98\xf0\x9d\x9f\x99", NUMTEXT_NUMBER, 1},   /* mathematical 0 and 1 */
        {"\xc2\xa0"
         "7\xe2\x80\x83",
         NUMTEXT_NUMBER, 7},
        {"9223372036854775807", NUMTEXT_NUMBER, INT64_MAX},
        {"9223372036854775808", NUMTEXT_LARGE, 0},
        {"", NUMTEXT_NONE, 0},
        {"-", NUMTEXT_NONE, 0},
        {"1__0", NUMTEXT_NONE, 0},
        {"_1", NUMTEXT_NONE, 0},
        {"1_", NUMTEXT_NONE, 0},
        {"1.0", NUMTEXT_NONE, 0},
        {"0x1f", NUMTEXT_NONE, 0},
        {"1 2", NUMTEXT_NONE, 0},
        {"\xc2\xb2", NUMTEXT_NONE, 0}, /* superscript two */
        {"1\xff", NUMTEXT_NONE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t got = 0;
        assert_int_equal(numtext_int(str_from(rows[i].text), &got), rows[i].found);
        if (rows[i].found == NUMTEXT_NUMBER)
            assert_true(got == rows[i].value);
    }
}

static void test_double(void **state)
{
    (void)state;
    double d;
    assert_int_equal(numtext_double(STR(" 1_0.5e1 "), &d), NUMTEXT_NUMBER);
    assert_true(d == 105);
    assert_int_equal(numtext_double(STR("-Infinity"), &d), NUMTEXT_NUMBER);
    assert_true(isinf(d) && d < 0);
    assert_int_equal(numtext_double(STR("nan"), &d), NUMTEXT_NUMBER);
    assert_true(isnan(d));
    assert_int_equal(numtext_double(STR("1e999"), &d), NUMTEXT_NUMBER);
    assert_true(isinf(d));
    static const char *const none[] = {"", "1e", "e1", "1_e1", "infi", "1.5.2", "--1", "0x1p3"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(numtext_double(str_from(none[i]), &d), NUMTEXT_NONE);
}

static void test_decimal(void **state)
{
    (void)state;
    struct decimal d;
    char text[DECIMAL_TEXT_MAX];
    assert_int_equal(numtext_decimal(STR(" 1__2.5_0 "), &d), NUMTEXT_NUMBER);
    assert_str(str_make(text, decimal_write(&d, text)), "12.50");
    assert_int_equal(numtext_decimal(STR("-Inf"), &d), NUMTEXT_SPECIAL);
    assert_int_equal(numtext_decimal(STR("sNaN123"), &d), NUMTEXT_SPECIAL);
    assert_int_equal(numtext_decimal(STR("1e400000"), &d), NUMTEXT_LARGE);
    assert_int_equal(numtext_decimal(STR("nano"), &d), NUMTEXT_NONE);
    assert_int_equal(numtext_decimal(STR("1,5"), &d), NUMTEXT_NONE);
}

static void check_decimal(const char *number, const struct number_style *style, const char *want)
{
    struct buf out = BUF_INIT;
    struct decimal d;
    assert_int_equal(decimal_parse(&d, str_from(number), NULL), 0);
    numberformat_decimal(&out, &d, style);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void check_double(double number, const struct number_style *style, const char *want)
{
    struct buf out = BUF_INIT;
    numberformat_double(&out, number, style);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void check_int(int64_t number, const struct number_style *style, const char *want)
{
    struct buf out = BUF_INIT;
    numberformat_int(&out, number, style);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void test_numberformat(void **state)
{
    (void)state;
    struct number_style all = {STR("."), STR(","), 0, -1}, two = {STR("."), STR(","), 0, 2};
    struct number_style grouped = {STR(","), STR("."), 3, -1}, fours = {STR("."), STR("--"), 4, 0};
    check_int(1234, &all, "1234");
    check_int(1234, &two, "1234.00");
    check_int(123, &grouped, "123");
    check_int(1234567, &grouped, "1.234.567");
    check_int(INT64_MIN, &grouped, "-9.223.372.036.854.775.808");
    check_int(12345678, &fours, "1234--5678");
    check_double(1.239, &two, "1.23");
    check_double(0.5, &grouped, "0,5");
    check_double(1e16, &grouped, "10.000.000.000.000.000");
    check_double(1.5e-9, &all, "0.0000000015");
    check_double(-1e-9, &two, "0.00");
    check_double((double)INFINITY, &two, "inf.00");
    check_decimal("1234567.891", &grouped, "1.234.567,891");
    check_decimal("-0.001", &two, "0.00");
    check_decimal("-0.01", &two, "-0.01");
    check_decimal("1E+3", &grouped, "1.000");
    check_decimal("1E+250", &two, "1.00e+250");
    check_decimal("-1.25E-300", &all, "-1.25e-300");
}

static struct datetime at(int year, int month, int day, int hour, int minute)
{
    return (struct datetime){.date = {year, month, day}, .time = {hour, minute, 0, 0}};
}

static void check_since(struct datetime d, struct datetime now, unsigned depth, const char *want)
{
    struct buf out = BUF_INIT;
    assert_int_equal(timesince_add(&out, &d, &now, depth, NULL), 0);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

#define NB "\xc2\xa0"

static void test_timesince(void **state)
{
    (void)state;
    struct datetime now = at(2026, 3, 31, 12, 0), aware = now;
    struct err err;
    struct buf out = BUF_INIT;
    check_since(now, now, 2, "0" NB "minutes");
    check_since(at(2027, 1, 1, 0, 0), now, 2, "0" NB "minutes");
    check_since(at(2026, 3, 31, 11, 59), now, 2, "1" NB "minute");
    check_since(at(2026, 3, 31, 9, 30), now, 2, "2" NB "hours, 30" NB "minutes");
    check_since(at(2026, 3, 22, 9, 0), now, 2, "1" NB "week, 2" NB "days");
    check_since(at(2026, 3, 22, 9, 0), now, 3, "1" NB "week, 2" NB "days, 3" NB "hours");
    check_since(at(2024, 2, 29, 12, 0), now, 2, "2" NB "years, 1" NB "month");
    check_since(at(2024, 2, 29, 12, 0), now, 1, "2" NB "years");
    check_since(at(2025, 3, 31, 12, 1), now, 2, "11" NB "months, 4" NB "weeks");
    check_since(at(2025, 3, 29, 12, 0), now, 2, "1" NB "year");
    aware.tz = tz_utc();
    assert_int_equal(timesince_add(&out, &now, &aware, 2, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int),       cmocka_unit_test(test_double),
        cmocka_unit_test(test_decimal),   cmocka_unit_test(test_numberformat),
        cmocka_unit_test(test_timesince),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
