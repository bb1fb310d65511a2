/* SPDX-License-Identifier: MIT */
/* Durations, dates, times of day and moments: fields, arithmetic, limits, text. */
#include "test.h"

#include "value/datetime.h"

#include <math.h>

static struct duration dur(int days, int seconds, int us)
{
    return (struct duration){days, seconds, us};
}

static void assert_duration(struct duration got, int days, int seconds, int us)
{
    if (got.days != days || got.seconds != seconds || got.microseconds != us)
        fail_msg("got %d d %d s %d us, want %d %d %d", got.days, got.seconds, got.microseconds,
                 days, seconds, us);
}

static struct datetime at(int y, int mo, int d, int h, int mi, int s, int us)
{
    return (struct datetime){.date = {y, mo, d}, .time = {h, mi, s, us}};
}

#define assert_added(call, want)                                                                   \
    do {                                                                                           \
        struct buf out = BUF_INIT;                                                                 \
        call;                                                                                      \
        assert_string_equal(out.data, want);                                                       \
        buf_release(&out);                                                                         \
    } while (0)

static void duration_is_normal(void **state)
{
    (void)state;
    struct duration d;
    assert_int_equal(duration_from_total(-1, &d, NULL), 0);
    assert_duration(d, -1, 86399, 999999);
    assert_true(duration_total(d) == -1);
    assert_int_equal(duration_from_total(DURATION_DAY + 1, &d, NULL), 0);
    assert_duration(d, 1, 0, 1);
}

static void duration_limits(void **state)
{
    (void)state;
    struct err err;
    struct duration max = dur(DURATION_MAX_DAYS, 86399, 999999),
                    min = dur(-DURATION_MAX_DAYS, 0, 0), tick = dur(0, 0, 1), d;
    assert_int_equal(duration_add(max, tick, &d, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(duration_sub(min, tick, &d, &err), -1);
    assert_int_equal(duration_neg(min, &d, &err), 0);
    assert_duration(d, DURATION_MAX_DAYS, 0, 0);
    assert_int_equal(duration_neg(max, &d, &err), -1);
    assert_int_equal(duration_mul(max, INT64_MAX, &d, &err), -1);
    assert_int_equal(duration_mul_double(max, 1e300, &d, &err), -1);
    int64_t us;
    assert_int_equal(duration_to_int64(max, &us, &err), -1);
    assert_int_equal(duration_to_int64(dur(-1, 86399, 999999), &us, &err), 0);
    assert_int_equal(us, -1);
}

static void duration_from_parts(void **state)
{
    (void)state;
    struct duration_sum sum = {0};
    struct duration d;
    struct err err;
    duration_sum_int(&sum, 30, DURATION_DAY);
    duration_sum_int(&sum, -1, DURATION_HOUR);
    assert_int_equal(duration_sum_double(&sum, 0.5, DURATION_MINUTE, &err), 0);
    assert_int_equal(duration_sum_end(&sum, &d, &err), 0);
    assert_duration(d, 29, 82830, 0);

    /* Fractions of a microsecond add up before they are rounded, half to even. */
    static const struct {
        double a, b;
        int want;
    } halves[] = {{0.5, 0, 0},     {1.5, 0, 2},   {2.5, 0, 2},
                  {0.25, 0.25, 0}, {0.5, 0.5, 1}, {0.6, 0, 1}};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        sum = (struct duration_sum){0};
        duration_sum_double(&sum, halves[i].a, 1, &err);
        duration_sum_double(&sum, halves[i].b, 1, &err);
        assert_int_equal(duration_sum_end(&sum, &d, &err), 0);
        assert_int_equal(d.microseconds, halves[i].want);
    }
    assert_int_equal(duration_sum_double(&sum, (double)NAN, 1, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(duration_sum_double(&sum, (double)INFINITY, 1, &err), -1);
    assert_int_equal(duration_sum_double(&sum, 1e22, DURATION_WEEK, &err), -1);
    sum = (struct duration_sum){0};
    duration_sum_int(&sum, INT64_MAX, DURATION_WEEK);
    assert_int_equal(duration_sum_end(&sum, &d, &err), -1);
}

static void duration_arithmetic(void **state)
{
    (void)state;
    struct duration d;
    struct err err;
    double ratio;
    int64_t n;
    assert_int_equal(duration_mul_double(dur(1, 0, 0), -0.5, &d, &err), 0);
    assert_duration(d, -1, 43200, 0);
    assert_int_equal(duration_div(dur(0, 0, 5), 2, &d, &err), 0);
    assert_duration(d, 0, 0, 2);
    assert_int_equal(duration_div(dur(0, 0, 7), -2, &d, &err), 0);
    assert_duration(d, -1, 86399, 999996);
    assert_int_equal(duration_floordiv(dur(0, 0, 7), -2, &d, &err), 0);
    assert_duration(d, -1, 86399, 999996);
    assert_int_equal(duration_div_double(dur(1, 0, 0), 0.1, &d, &err), 0);
    assert_duration(d, 10, 0, 0);
    assert_int_equal(duration_div_double(dur(DURATION_MAX_DAYS, 0, 0), 1e-300, &d, &err), -1);
    assert_int_equal(duration_div_double(dur(1, 0, 0), 1e300, &d, &err), 0);
    assert_duration(d, 0, 0, 0);
    assert_int_equal(duration_ratio(dur(1, 0, 0), dur(0, 3600, 0), &ratio, &err), 0);
    assert_true(ratio == 24.0);
    assert_int_equal(duration_quotient(dur(-1, 0, 1), dur(0, 3600, 0), &n, &err), 0);
    assert_int_equal(n, -24);
    assert_int_equal(duration_mod(dur(-1, 0, 1), dur(0, 3600, 0), &d, &err), 0);
    assert_duration(d, 0, 0, 1);
    assert_int_equal(duration_mod(dur(0, 5000, 0), dur(-1, 82800, 0), &d, &err), 0);
    assert_duration(d, -1, 84200, 0);
    assert_int_equal(duration_div(dur(1, 0, 0), 0, &d, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(duration_ratio(dur(1, 0, 0), dur(0, 0, 0), &ratio, &err), -1);
    assert_int_equal(duration_mul_double(dur(1, 0, 0), (double)NAN, &d, &err), -1);
}

static void duration_text(void **state)
{
    (void)state;
    assert_added(duration_add_string(&out, dur(0, 5025, 7)), "01:23:45.000007");
    assert_added(duration_add_string(&out, dur(-2, 5025, 0)), "-2 01:23:45");
    assert_added(duration_add_iso(&out, dur(0, 0, 0)), "P0DT00H00M00S");
    assert_added(duration_add_iso(&out, dur(-1, 86399, 999999)), "-P0DT00H00M00.000001S");
    assert_added(duration_add_iso(&out, dur(-DURATION_MAX_DAYS, 0, 0)), "-P999999999DT00H00M00S");
    assert_added(duration_add_words(&out, dur(-1, 5025, 0)), "-1 day, 1:23:45");
    assert_added(duration_add_words(&out, dur(3, 0, 5)), "3 days, 0:00:00.000005");
}

static void dates_are_checked(void **state)
{
    (void)state;
    struct date d;
    struct err err;
    assert_int_equal(date_make(2024, 2, 29, &d, &err), 0);
    assert_int_equal(date_make(2023, 2, 29, &d, &err), -1);
    assert_string_equal(err.msg, "day is out of range for month: 2023-02-29");
    assert_int_equal(date_make(1900, 2, 29, &d, &err), -1);
    assert_int_equal(date_make(2000, 2, 29, &d, &err), 0);
    assert_int_equal(date_make(0, 1, 1, &d, &err), -1);
    assert_int_equal(date_make(10000, 1, 1, &d, &err), -1);
    assert_int_equal(date_make(2026, 13, 1, &d, &err), -1);
    assert_string_equal(err.msg, "month must be in 1..12, not 13");
    assert_int_equal(date_make(2026, 1, INT64_MIN, &d, &err), -1);
    struct daytime t;
    assert_int_equal(daytime_make(24, 0, 0, 0, &t, &err), -1);
    assert_string_equal(err.msg, "hour must be in 0..23, not 24");
    assert_int_equal(daytime_make(23, 59, 59, 1000000, &t, &err), -1);
    assert_int_equal(daytime_make(23, 59, 60, 0, &t, &err), -1);
}

static void every_date_has_its_number(void **state)
{
    (void)state;
    struct date d;
    int64_t n = 1;
    for (int year = 1; year <= 9999; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= date_month_days(year, month); day++, n++) {
                if (day != 1 && day < 27)
                    continue; /* the ends of months are where it can go wrong */
                struct date want = {year, month, day};
                if (date_ordinal(want) != n || date_from_ordinal(n, &d, NULL) ||
                    date_compare(d, want) != 0)
                    fail_msg("%d-%d-%d", year, month, day);
            }
    assert_int_equal(n, 3652060);
    assert_int_equal(date_from_ordinal(n, &d, NULL), -1);
    assert_int_equal(date_from_ordinal(0, &d, NULL), -1);
    assert_int_equal(date_from_ordinal(INT64_MIN + 1, &d, NULL), -1);
    assert_int_equal(date_ordinal((struct date){1970, 1, 1}), DATE_ORDINAL_1970);
}

static void weeks(void **state)
{
    (void)state;
    static const struct {
        struct date date;
        int year, week, day;
    } cases[] = {
        {{2021, 1, 3}, 2020, 53, 7},  {{2021, 1, 4}, 2021, 1, 1}, {{2019, 12, 30}, 2020, 1, 1},
        {{2026, 6, 15}, 2026, 25, 1}, {{1, 1, 1}, 1, 1, 1},       {{9999, 12, 31}, 9999, 52, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int y, w, d;
        struct date back;
        date_iso_week(cases[i].date, &y, &w, &d);
        assert_int_equal(y, cases[i].year);
        assert_int_equal(w, cases[i].week);
        assert_int_equal(d, cases[i].day);
        assert_int_equal(date_from_iso_week(y, w, d, &back, NULL), 0);
        assert_int_equal(date_compare(back, cases[i].date), 0);
    }
    struct date d;
    assert_int_equal(date_from_iso_week(2021, 53, 1, &d, NULL), -1);
    assert_int_equal(date_from_iso_week(2020, 53, 8, &d, NULL), -1);
    assert_int_equal(date_from_iso_week(9999, 52, 7, &d, NULL), -1); /* 10000-01-02 */
    assert_int_equal(date_weekday((struct date){2026, 1, 31}), 5);
    assert_int_equal(date_yearday((struct date){2024, 12, 31}), 366);
}

static void moments_move(void **state)
{
    (void)state;
    struct datetime a = at(2024, 2, 28, 23, 59, 59, 999999), b;
    struct duration d;
    struct err err;
    struct date day;
    int order;
    assert_int_equal(datetime_add(&a, dur(0, 0, 1), &b, &err), 0);
    assert_added(datetime_add_iso(&out, &b, 'T'), "2024-02-29T00:00:00");
    assert_int_equal(datetime_diff(&b, &a, &d, &err), 0);
    assert_duration(d, 0, 0, 1);
    assert_int_equal(datetime_diff(&a, &b, &d, &err), 0);
    assert_duration(d, -1, 86399, 999999);
    assert_int_equal(datetime_compare(&a, &b, &order, &err), 0);
    assert_int_equal(order, -1);
    a = at(9999, 12, 31, 23, 59, 59, 999999);
    assert_int_equal(datetime_add(&a, dur(0, 0, 1), &b, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(datetime_add(&a, dur(DURATION_MAX_DAYS, 0, 0), &b, &err), -1);
    a = at(1, 1, 1, 0, 0, 0, 0);
    assert_int_equal(datetime_add(&a, dur(-1, 86399, 999999), &b, &err), -1);
    assert_int_equal(date_add(a.date, dur(-1, 0, 0), &day, &err), -1);
    assert_int_equal(date_add(a.date, dur(0, 86399, 0), &day, &err), 0);
    assert_int_equal(date_compare(day, a.date), 0);
    assert_int_equal(date_diff((struct date){2024, 3, 1}, (struct date){2024, 2, 1}).days, 29);
}

static void moments_and_zones(void **state)
{
    (void)state;
    struct datetime naive = at(2026, 1, 31, 12, 0, 0, 0), utc = naive, east = naive, back;
    struct duration d;
    struct err err;
    int order;
    utc.tz = tz_utc();
    assert_int_equal(tz_fixed(2 * 3600, TZ_FIXED, &east.tz, &err), 0);
    assert_int_equal(datetime_compare(&naive, &utc, &order, &err), -1);
    assert_int_equal(datetime_diff(&naive, &utc, &d, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(datetime_equal(&naive, &utc));
    assert_false(datetime_equal(&east, &utc));
    assert_int_equal(datetime_diff(&utc, &east, &d, &err), 0);
    assert_duration(d, 0, 7200, 0);
    assert_int_equal(datetime_astimezone(&east, tz_utc(), &back, &err), 0);
    assert_true(datetime_equal(&east, &back));
    assert_int_equal(back.time.hour, 10);
    assert_int_equal(tz_fixed(86400, TZ_FIXED, &east.tz, &err), -1);

    /* The edges of the calendar. */
    struct datetime first = at(1, 1, 1, 0, 0, 0, 0);
    first.tz = tz_utc();
    struct tz west;
    assert_int_equal(tz_fixed(-3600, TZ_FIXED, &west, &err), 0);
    assert_int_equal(datetime_astimezone(&first, west, &back, &err), -1);
    assert_int_equal(datetime_from_epoch_micros(INT64_MAX, tz_utc(), &back, &err), -1);
    assert_int_equal(datetime_from_epoch_micros(INT64_MIN, west, &back, &err), -1);
    assert_int_equal(datetime_from_epoch_micros(-1, tz_utc(), &back, &err), 0);
    assert_added(datetime_add_iso(&out, &back, ' '), "1969-12-31 23:59:59.999999+00:00");
    assert_int_equal(datetime_epoch_micros(&back), -1);
}

static void iso_and_json_text(void **state)
{
    (void)state;
    struct datetime d = at(476, 9, 4, 5, 0, 0, 120);
    assert_added(datetime_add_iso(&out, &d, 'T'), "0476-09-04T05:00:00.000120");
    assert_added(datetime_add_json(&out, &d), "0476-09-04T05:00:00.000");
    d.time.microsecond = 987654;
    d.tz = tz_utc();
    assert_added(datetime_add_json(&out, &d), "0476-09-04T05:00:00.987Z");
    assert_int_equal(tz_fixed(-(3 * 3600 + 30 * 60 + 5), TZ_FIXED, &d.tz, NULL), 0);
    assert_added(datetime_add_json(&out, &d), "0476-09-04T05:00:00.987-03:30:05");
    assert_added(daytime_add_iso(&out, d.time), "05:00:00.987654");
    assert_added(daytime_add_json(&out, d.time), "05:00:00.987");
    assert_added(date_add_iso(&out, d.date), "0476-09-04");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duration_is_normal),
        cmocka_unit_test(duration_limits),
        cmocka_unit_test(duration_from_parts),
        cmocka_unit_test(duration_arithmetic),
        cmocka_unit_test(duration_text),
        cmocka_unit_test(dates_are_checked),
        cmocka_unit_test(every_date_has_its_number),
        cmocka_unit_test(weeks),
        cmocka_unit_test(moments_move),
        cmocka_unit_test(moments_and_zones),
        cmocka_unit_test(iso_and_json_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
