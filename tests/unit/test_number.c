/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "value/number.h"
#include "value/pow10.h"

#include <float.h>
#include <gmp.h>
#include <math.h>

static void check_text(double d, const char *want)
{
    char out[NUMBER_MAX];
    size_t n = number_write(d, out);
    assert_true(n <= sizeof out);
    assert_str(str_make(out, n), want);
}

static void writes_as_python_does(void **state)
{
    (void)state;
    check_text(0.0, "0.0");
    check_text(-0.0, "-0.0");
    check_text(1.0, "1.0");
    check_text(-17.0, "-17.0");
    check_text(0.1, "0.1");
    check_text(0.1 + 0.2, "0.30000000000000004");
    check_text(1.0 / 3.0, "0.3333333333333333");
    check_text(19.99, "19.99");
    check_text(123456.789, "123456.789");
    check_text(0.0001, "0.0001");
    check_text(0.00001, "1e-05");
    check_text(-1.5e-7, "-1.5e-07");
    check_text(1e15, "1000000000000000.0");
    check_text(1e16, "1e+16");
    check_text(1e22, "1e+22");
    check_text(1.25e100, "1.25e+100");
    check_text(9007199254740993.0, "9007199254740992.0");
    check_text(INFINITY, "inf");
    check_text(-INFINITY, "-inf");
    check_text(NAN, "nan");
}

static void writes_the_ends_of_the_range(void **state)
{
    (void)state;
    check_text(DBL_MAX, "1.7976931348623157e+308");
    check_text(DBL_MIN, "2.2250738585072014e-308");
    check_text(5e-324, "5e-324");
    check_text(-2.2250738585072011e-308, "-2.225073858507201e-308");
    /* the interval is narrower below a power of two */
    check_text(ldexp(1, -44), "5.684341886080802e-14");
    check_text(ldexp(1, 971), "1.99584030953472e+292");
}

static void adds_to_a_buffer(void **state)
{
    struct buf b = BUF_INIT;
    (void)state;
    buf_adds(&b, "x=");
    number_add(&b, -0.5);
    assert_str(buf_str(&b), "x=-0.5");
    assert_int_equal(strlen(b.data), b.n);
    buf_release(&b);
}

static double parse(const char *text)
{
    double d = -1;
    if (number_parse(str_from(text), &d) != 0)
        fail_msg("'%s' was refused", text);
    return d;
}

static void reads_the_nearest(void **state)
{
    (void)state;
    assert_true(parse("0") == 0 && !signbit(parse("0")));
    assert_true(parse("-0.0") == 0 && signbit(parse("-0.0")));
    assert_true(parse("1.5") == 1.5);
    assert_true(parse("+.5") == 0.5);
    assert_true(parse("5.") == 5);
    assert_true(parse("0.1") == 0.1);
    assert_true(parse("1e23") == 1e23);
    assert_true(parse("00012.5000e-1") == 1.25);
    assert_true(parse("179769313486231570000e288") == DBL_MAX);
    assert_true(parse("4.9e-324") == 5e-324);
    assert_true(parse("2.4e-324") == 0);
    assert_true(parse("1e-999999999999") == 0);
    assert_true(parse("0e999999999999") == 0);
    /* half way: to even, whatever way it is reached */
    assert_true(parse("9007199254740993") == 9007199254740992.0);
    assert_true(parse("9007199254740993.0") == 9007199254740992.0);
    assert_true(parse("9007199254740993.00000000000000000001") == 9007199254740994.0);
    assert_true(parse("9007199254740995") == 9007199254740996.0);
}

static void reads_long_numbers(void **state)
{
    struct buf b = BUF_INIT;
    (void)state;
    buf_adds(&b, "9007199254740993.");
    for (int i = 0; i < 5000; i++)
        buf_addc(&b, '0');
    assert_true(parse(b.data) == 9007199254740992.0);
    buf_addc(&b, '1'); /* far behind the point, and still more than half way */
    assert_true(parse(b.data) == 9007199254740994.0);
    buf_reset(&b);
    buf_adds(&b, "0.");
    for (int i = 0; i < 400; i++)
        buf_addc(&b, '0');
    buf_adds(&b, "15e401");
    assert_true(parse(b.data) == 1.5);
    buf_release(&b);
}

static void refuses(void **state)
{
    static const char *const bad[] = {"",    ".",    "-",    "+-1", "1e",  "1e+", "e5", "1.2.3",
                                      "1,5", " 1.5", "1.5 ", "0x1", "nan", "inf", "1_0"};
    double d = 0;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(number_parse(str_from(bad[i]), &d), -1);
        assert_true(isnan(d));
    }
    assert_int_equal(number_parse(STR("1e309"), &d), -1);
    assert_true(isinf(d));
    assert_int_equal(number_parse(STR("-1.7976931348623159e308"), &d), -1);
    assert_true(isinf(d) && d < 0);
    assert_int_equal(number_parse(STR("1e99999999999999999999"), &d), -1);
}

/* A small generator: the same numbers in every run. */
static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void agrees_with_libc(void **state)
{
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next(&seed);
        double d, back;
        char text[64];
        memcpy(&d, &bits, sizeof d);
        if (!isfinite(d))
            continue;
        if (i % 3 == 1) /* amounts */
            d = (double)(int64_t)(bits % 10000000) / 100;
        if (i % 3 == 2) /* subnormal numbers */
            d = ldexp(d, -1022);
        text[number_write(d, text)] = '\0';
        if (strtod(text, NULL) != d || parse(text) != d)
            fail_msg("%a is written as %s", d, text);
        for (int digits = 14; digits < 22; digits++) {
            snprintf(text, sizeof text, "%.*e", digits, d);
            number_parse(str_from(text), &back);
            if (back != strtod(text, NULL))
                fail_msg("%s is read as %a", text, back);
        }
    }
}

/* The first 128 bits of num / den. */
static void first_bits(mpz_t out, const mpz_t num, const mpz_t den)
{
    long shift = 130 + (long)mpz_sizeinbase(den, 2) - (long)mpz_sizeinbase(num, 2);
    if (shift >= 0) {
        mpz_mul_2exp(out, num, (mp_bitcnt_t)shift);
        mpz_tdiv_q(out, out, den);
    } else {
        mpz_tdiv_q_2exp(out, num, (mp_bitcnt_t)-shift);
    }
    mpz_tdiv_q_2exp(out, out, mpz_sizeinbase(out, 2) - 128);
}

static void powers_are_exact(void **state)
{
    mpz_t one, power, bits, got;
    (void)state;
    mpz_inits(one, power, bits, got, NULL);
    mpz_set_ui(one, 1);
    for (int k = POW10_MIN; k <= POW10_MAX; k++) {
        struct pow10 p = pow10_bits(k);
        mpz_ui_pow_ui(power, 10, (unsigned long)abs(k));
        first_bits(bits, k < 0 ? one : power, k < 0 ? power : one);
        mpz_set_ui(got, p.hi);
        mpz_mul_2exp(got, got, 64);
        mpz_add_ui(got, got, p.lo);
        if (mpz_cmp(got, bits) != 0)
            fail_msg("10^%d", k);
        long log2 = k < 0 ? -(long)mpz_sizeinbase(power, 2) : (long)mpz_sizeinbase(power, 2) - 1;
        assert_int_equal(pow10_log2(k), log2);
        mpz_ui_pow_ui(power, 5, (unsigned long)abs(k));
        assert_int_equal(p.exact, k >= 0 && mpz_sizeinbase(power, 2) <= 128);
    }
    mpz_clears(one, power, bits, got, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_as_python_does), cmocka_unit_test(writes_the_ends_of_the_range),
        cmocka_unit_test(adds_to_a_buffer),      cmocka_unit_test(reads_the_nearest),
        cmocka_unit_test(reads_long_numbers),    cmocka_unit_test(refuses),
        cmocka_unit_test(agrees_with_libc),      cmocka_unit_test(powers_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
