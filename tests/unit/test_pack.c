/* SPDX-License-Identifier: MIT */
#include "value/pack.h"

#include "test.h"

#include <math.h>

static struct buf b;
static struct pack_reader r;
static struct err err;

static int setup(void **state)
{
    (void)state;
    buf_init(&b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&b);
    return 0;
}

static void start(void)
{
    pack_reader_init(&r, buf_str(&b));
}

static void next(enum pack_type type)
{
    assert_int_equal(type, pack_next(&r, &err));
}

static void integers(void **state)
{
    static const int64_t values[] = {0,   1,   127,       128,       -1,        -64,
                                     -65, 255, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    static const size_t sizes[] = {1, 1, 1, 3, 2, 2, 3, 3, 6, 6, 11, 11};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buf_reset(&b);
        pack_add_int(&b, values[i]);
        assert_int_equal(sizes[i], b.n);
        start();
        next(PACK_INT);
        assert_true(r.integer == values[i]);
        next(PACK_END);
    }
}

static void doubles(void **state)
{
    static const double values[] = {0.0, -0.0, 1.5, 1e300, -1e-300, INFINITY, -INFINITY};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buf_reset(&b);
        pack_add_double(&b, values[i]);
        start();
        next(PACK_DOUBLE);
        assert_memory_equal(&values[i], &r.number, sizeof r.number);
    }
    buf_reset(&b);
    pack_add_double(&b, NAN);
    start();
    next(PACK_DOUBLE);
    assert_true(isnan(r.number));
}

static void strings(void **state)
{
    char text[3000];
    (void)state;
    memset(text, 'x', sizeof text);
    text[3] = '\0';
    for (size_t n = 0; n < sizeof text; n = n * 2 + 1) {
        buf_reset(&b);
        pack_add_string(&b, str_make(text, n));
        pack_add_safe(&b, str_make(text, n));
        assert_true(n >= 64 || b.n == 1 + n + 2 + n);
        start();
        next(PACK_STRING);
        assert_true(str_eq(r.text, str_make(text, n)));
        next(PACK_SAFE);
        assert_true(str_eq(r.text, str_make(text, n)));
        next(PACK_END);
    }
}

static void simple(void **state)
{
    (void)state;
    pack_add_simple(&b, PACK_NIL);
    pack_add_simple(&b, PACK_NULL);
    pack_add_simple(&b, PACK_TRUE);
    pack_add_simple(&b, PACK_FALSE);
    start();
    next(PACK_NIL);
    next(PACK_NULL);
    next(PACK_TRUE);
    next(PACK_FALSE);
    next(PACK_END);
    next(PACK_END);
}

static void decimals(void **state)
{
    struct decimal d, back;
    (void)state;
    assert_int_equal(0, decimal_parse(&d, STR("-1234567890123456789012345.6700"), &err));
    pack_add_decimal(&b, &d);
    start();
    next(PACK_DECIMAL);
    assert_int_equal(0, decimal_parse(&back, r.text, &err));
    assert_int_equal(0, decimal_compare(&d, &back));
    assert_int_equal(d.exponent, back.exponent);
}

static void times(void **state)
{
    struct datetime d = {.date = {2024, 2, 29}, .time = {23, 59, 59, 999999}, .fold = 1};
    struct duration t = {-3, 86399, 7};
    (void)state;
    pack_add_date(&b, d.date);
    pack_add_time(&b, d.time);
    pack_add_datetime(&b, &d);
    d.tz = tz_utc();
    pack_add_datetime(&b, &d);
    assert_int_equal(0, tz_fixed(-5400, TZ_FIXED, &d.tz, &err));
    pack_add_datetime(&b, &d);
    pack_add_timedelta(&b, t);
    start();
    next(PACK_DATE);
    assert_int_equal(0, date_compare(d.date, r.moment.date));
    next(PACK_TIME);
    assert_int_equal(0, daytime_compare(d.time, r.moment.time));
    next(PACK_DATETIME);
    assert_int_equal(0, r.text.n);
    assert_int_equal(1, r.moment.fold);
    next(PACK_DATETIME);
    assert_str(r.text, "UTC");
    next(PACK_DATETIME);
    assert_str(r.text, "UTC-01:30");
    assert_int_equal(0, date_compare(d.date, r.moment.date));
    assert_int_equal(0, daytime_compare(d.time, r.moment.time));
    next(PACK_TIMEDELTA);
    assert_int_equal(-3, r.duration.days);
    assert_int_equal(86399, r.duration.seconds);
    assert_int_equal(7, r.duration.microseconds);
    next(PACK_END);
}

static void tables(void **state)
{
    (void)state;
    pack_add_table(&b, 3, 0, false);
    assert_int_equal(1, b.n);
    for (int i = 0; i < 3; i++)
        pack_add_int(&b, i);
    pack_add_table(&b, 0, 0, true);
    pack_add_table(&b, 0, 1, false);
    pack_add_string(&b, STR("key"));
    pack_add_extension(&b, STR("orm.instance"));
    pack_add_int(&b, 1);
    pack_add_reference(&b, 300);
    start();
    next(PACK_TABLE);
    assert_int_equal(3, r.items);
    for (int i = 0; i < 3; i++)
        next(PACK_INT);
    next(PACK_LIST);
    assert_int_equal(0, r.items);
    next(PACK_TABLE);
    assert_int_equal(0, r.items);
    assert_int_equal(1, r.members);
    next(PACK_STRING);
    next(PACK_EXTENSION);
    assert_str(r.text, "orm.instance");
    next(PACK_INT);
    next(PACK_REFERENCE);
    assert_int_equal(300, r.integer);
    next(PACK_END);
}

/* A table whose counts are known only at its end is written as one whose are known before. */
static void tables_from_their_end(void **state)
{
    static const struct {
        uint32_t items, members;
        bool list;
    } rows[] = {{0, 0, false}, {0, 0, true},    {15, 0, false},  {16, 0, false},
                {3, 2, false}, {127, 0, false}, {128, 1, false}, {20000, 300, true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf other = BUF_INIT;
        uint32_t n = rows[i].items + 2 * rows[i].members;
        buf_reset(&b);
        pack_add_int(&b, 7);
        pack_add_int(&other, 7);
        size_t at = pack_begin_table(&b);
        pack_add_table(&other, rows[i].items, rows[i].members, rows[i].list);
        for (uint32_t k = 0; k < n; k++) {
            pack_add_int(&b, k);
            pack_add_int(&other, k);
        }
        pack_end_table(&b, at, rows[i].items, rows[i].members, rows[i].list);
        pack_add_string(&b, STR("after"));
        pack_add_string(&other, STR("after"));
        if (!str_eq(buf_str(&b), buf_str(&other)))
            fail_msg("row %zu", i);
        buf_release(&other);
    }
}

/* Every end of what was written, and bytes that nobody writes. */
static void damaged(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        {"\x85hell", 5},     /* a string cut off */
        {"\xc3\x01\x02", 3}, /* three items, two bytes */
        {"\xd0", 1},         /* no tag */
        {"\xff", 1},
        {"\xd5", 1},                                          /* an integer without bytes */
        {"\xd5\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}, /* 65 bits */
        {"\xd5\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
        {"\xd6\x01\x02\x03", 4},             /* half a double */
        {"\xd7\xff\xff\xff\xff\x0fx", 7},    /* 4 GiB of string */
        {"\xde\xff\xff\xff\xff\x0f\x00", 7}, /* 4 G of items */
        {"\xde\x00\x02\x01\x01", 5},         /* two members in two bytes */
        {"\xda\x00\x01\x01", 4},             /* year 0 */
        {"\xda\xe8\x0f\x02\x1e", 5},         /* 30 February 2024 */
        {"\xdb\x80\xc0\xdd\xee\xc1\x02", 7}, /* a day of more than 24 hours */
        {"\xdd\x00\x80\xa3\x05\x00", 6},     /* 86400 seconds */
        {"\xe0\x01x", 3},                    /* an extension of nothing */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pack_reader_init(&r, str_make(rows[i].bytes, rows[i].n));
        err.code = ERR_OK;
        if (pack_next(&r, &err) != PACK_ERROR || err.code != ERR_SYNTAX)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(integers), TEST(doubles), TEST(strings), TEST(simple),
        TEST(decimals), TEST(times),   TEST(tables),  TEST(tables_from_their_end),
        TEST(damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
