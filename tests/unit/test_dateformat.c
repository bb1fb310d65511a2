/* SPDX-License-Identifier: MIT */
/* Formats out of, and texts into, dates and times. */
#include "test.h"

#include "value/dateformat.h"
#include "value/dateparse.h"

static struct zones *zones;

static struct tz zone(const char *name)
{
    struct tz tz;
    struct err err;
    if (zones_get(zones, str_from(name), &tz, &err))
        fail_msg("%s", err.msg);
    return tz;
}

static struct moment moment(enum moment_kind kind, const char *text)
{
    struct moment m = {.kind = kind};
    int rc = kind == MOMENT_DATE   ? dateparse_date(str_from(text), &m.value.date, NULL)
             : kind == MOMENT_TIME ? dateparse_time(str_from(text), &m.value.time, NULL)
                                   : dateparse_datetime(str_from(text), &m.value, NULL);
    if (rc != 1)
        fail_msg("'%s' does not parse", text);
    return m;
}

static void assert_format(struct moment m, const char *format, const char *want)
{
    struct buf out = BUF_INIT;
    struct err err;
    if (dateformat_add(&out, str_from(format), &m, zone("Europe/Paris"), &err))
        fail_msg("%s", err.msg);
    assert_string_equal(out.data, want);
    buf_release(&out);
}

static void every_letter(void **state)
{
    (void)state;
    static const struct {
        const char *format, *want;
    } cases[] = {
        {"a A f g G h H i s u", "p.m. PM 3:04 3 15 03 15 04 09 000120"},
        {"P", "3:04 p.m."},
        {"b d D j E F l L m M n N",
         "sep 05 Sat 5 September September Saturday True 09 Sep 9 Sept."},
        {"o S t w W y Y z", "2020 th 30 6 36 20 2020 249"},
        {"c", "2020-09-05T15:04:09.000120"},
        {"r", "Sat, 05 Sep 2020 15:04:09 +0200"},
        {"U", "1599311049"},
        {"e I O T Z", " 1 +0200 CEST 7200"},
        {"", ""},
        {"k K v", "k K v"}, /* no letters of the language */
    };
    struct moment m = moment(MOMENT_DATETIME, "2020-09-05T15:04:09.000120");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_format(m, cases[i].format, cases[i].want);
}

static void backslashes(void **state)
{
    (void)state;
    struct moment m = moment(MOMENT_DATE, "2026-01-31");
    assert_format(m, "jS \\o\\f F", "31st of January");
    assert_format(m, "\\Y \\\\ Y", "Y \\ 2026");
    assert_format(m, "\\\\Y", "\\Y"); /* a letter behind any backslash is text */
    assert_format(m, "Y\\", "2026\\");
    assert_format(m, "\\\xc3\xa9 Y", "\xc3\xa9 2026");
}

static void times_of_day(void **state)
{
    (void)state;
    static const struct {
        const char *time, *format, *want;
    } cases[] = {
        {"00:00", "P", "midnight"},    {"12:00", "P", "noon"},
        {"00:30", "P", "12:30 a.m."},  {"12:30", "P", "12:30 p.m."},
        {"13:00", "P", "1 p.m."},      {"00:00", "g h G H", "12 12 0 00"},
        {"09:05", "f a", "9:05 a.m."}, {"12:00", "e O T Z I", "    "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_format(moment(MOMENT_TIME, cases[i].time), cases[i].format, cases[i].want);
}

static void suffixes(void **state)
{
    (void)state;
    static const char *const want[] = {"st", "nd", "rd", "th", "th", "th", "th", "th",
                                       "th", "th", "th", "th", "th", "th", "th", "th",
                                       "th", "th", "th", "th", "st", "nd", "rd", "th"};
    for (int day = 1; day <= 24; day++) {
        struct moment m = {MOMENT_DATE, {.date = {2026, 1, day}}};
        assert_format(m, "S", want[day - 1]);
    }
}

static void zones_of_moments(void **state)
{
    (void)state;
    struct moment m = moment(MOMENT_DATETIME, "2026-01-31T12:00:00-03:30");
    assert_format(m, "e|O|T|Z|I", "UTC-03:30|-0330|UTC-03:30|-12600|0");
    assert_format(m, "c", "2026-01-31T12:00:00-03:30");
    m = moment(MOMENT_DATETIME, "2026-10-25T02:30:00"); /* Paris has it twice */
    assert_format(m, "e|O|T|Z|I", "||||");
    m = moment(MOMENT_DATE, "2026-07-01");
    assert_format(m, "r U", "Wed, 01 Jul 2026 00:00:00 +0200 1782856800");
}

static void what_is_not_there(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    struct err err;
    struct moment date = moment(MOMENT_DATE, "2026-01-31"), time = moment(MOMENT_TIME, "12:00");
    buf_adds(&out, "kept");
    for (const char *p = "aAefgGhHiOPsTuZ"; *p; p++) {
        char format[] = {'Y', *p, '\0'};
        assert_int_equal(dateformat_add(&out, str_from(format), &date, tz_utc(), &err), -1);
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strchr(strchr(err.msg, '\''), *p));
    }
    for (const char *p = "bdDEFjlLmMnNorStUwWyYz"; *p; p++) {
        char format[] = {'H', *p, '\0'};
        assert_int_equal(dateformat_add(&out, str_from(format), &time, tz_utc(), &err), -1);
    }
    assert_string_equal(out.data, "kept");
    assert_format(date, "Y I.", "2026 .");
    buf_release(&out);
}

static void percent_signs(void **state)
{
    (void)state;
    static const struct {
        enum moment_kind kind;
        const char *text, *format, *want;
    } cases[] = {
        {MOMENT_DATE, "0005-01-02", "%Y-%m-%d %y %-Y %-d", "0005-01-02 05 5 2"},
        {MOMENT_DATE, "2026-01-31", "%a %A %b %B %H:%M", "Sat Saturday Jan January 00:00"},
        {MOMENT_DATE, "2021-01-03", "%G-W%V-%u %U %W %w %j %C", "2020-W53-7 01 00 0 003 20"},
        {MOMENT_TIME, "15:04:09.5", "%I:%M %p %f %S %x", "03:04 PM 500000 09 01/01/00"},
        {MOMENT_DATETIME, "2026-01-31T15:04:09+01:30", "%z %:z %Z %%", "+0130 +01:30 UTC+01:30 %"},
        {MOMENT_DATETIME, "2026-01-31T15:04:09", "[%z%Z] %s", "[] 1769871849"},
        {MOMENT_DATETIME, "2026-01-01T05:04:09", "%c|%D|%F|%T|%R|%r|%e|%k|%l|%P",
         "Thu Jan  1 05:04:09 2026|01/01/26|2026-01-01|05:04:09|05:04|05:04:09 AM| 1| 5| 5|am"},
    };
    struct buf out = BUF_INIT;
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct moment m = moment(cases[i].kind, cases[i].text);
        buf_reset(&out);
        assert_int_equal(dateformat_strftime(&out, str_from(cases[i].format), &m, &err), 0);
        assert_string_equal(out.data, cases[i].want);
    }
    static const char *const wrong[] = {"%Q", "%", "%-", "%:", "%:Y", "%Y %\xc3"};
    struct moment m = moment(MOMENT_DATE, "2026-01-31");
    buf_reset(&out);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(dateformat_strftime(&out, str_from(wrong[i]), &m, &err), -1);
    assert_int_equal(dateformat_strftime(&out, STR("%Y %Q"), &m, &err), -1);
    assert_string_equal(err.msg, "unknown directive '%Q' in the format '%Y %Q'");
    assert_string_equal(out.data, "");
    buf_release(&out);
}

/* ---- parsing: what comes out is compared by its ISO text ---- */

struct parse_case {
    const char *text, *want; /* want NULL: another form; "": right form, impossible value */
};

static void check(int rc, const struct parse_case *c, struct buf *got, struct err *err)
{
    int want = !c->want ? 0 : *c->want ? 1 : -1;
    if (rc != want)
        fail_msg("'%s' gives %d, want %d", c->text, rc, want);
    if (rc == 1 && strcmp(got->data, c->want) != 0)
        fail_msg("'%s' gives %s, want %s", c->text, got->data, c->want);
    if (rc == -1)
        assert_true(err->code == ERR_INVALID || err->code == ERR_TOO_LARGE);
    buf_reset(got);
}

static void parse_dates(void **state)
{
    (void)state;
    static const struct parse_case cases[] = {
        {"2026-01-31", "2026-01-31"},
        {"20260131", "2026-01-31"},
        {"2026-W05-6", "2026-01-31"},
        {"2026W056", "2026-01-31"},
        {"2026-W05", "2026-01-26"},
        {"2026W05", "2026-01-26"},
        {"2026-1-3", "2026-01-03"},
        {"2026-01-31\n", "2026-01-31"},
        {"2026-02-30", ""},
        {"2026-13-01", ""},
        {"0000-01-01", ""},
        {"20260230", NULL},
        {"2026-W54", NULL},
        {"2026-W05-8", NULL},
        {"2026W05-6", NULL},
        {"2026-0131", NULL},
        {"202601-31", NULL},
        {"26-01-31", NULL},
        {"2026-01-31x", NULL},
        {" 2026-01-31", NULL},
        {"", NULL},
        {"2026-001-1", NULL},
        {"2026/01/31", NULL},
        {"2026-01-31T00:00", NULL},
    };
    struct buf out = BUF_INIT;
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct date d;
        int rc = dateparse_date(str_from(cases[i].text), &d, &err);
        if (rc == 1)
            date_add_iso(&out, d);
        check(rc, &cases[i], &out, &err);
    }
    buf_release(&out);
}

static void parse_times(void **state)
{
    (void)state;
    static const struct parse_case cases[] = {
        {"12", "12:00:00"},
        {"12:30", "12:30:00"},
        {"1230", "12:30:00"},
        {"123045", "12:30:45"},
        {"123045.5", "12:30:45.500000"},
        {"12:30:45,123456789", "12:30:45.123456"},
        {"T12:30", "12:30:00"},
        {"12:30+02:00", "12:30:00"},
        {"12:30Z", "12:30:00"},
        {"1:2", "01:02:00"},
        {"1:2:3.04", "01:02:03.040000"},
        {"1:2:3.0400000000012", NULL},
        {"1:2:3.123456789012", "01:02:03.123456"},
        {"24:00", ""},
        {"12:60", ""},
        {"2460", NULL},
        {"12:30:45.", NULL},
        {"12:", NULL},
        {"12:3045", NULL},
        {"12:30:45 ", NULL},
        {"12:30+25:00", NULL},
        {"1230Zx", NULL},
        {"T1:2", NULL},
        {"", NULL},
    };
    struct buf out = BUF_INIT;
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct daytime t;
        int rc = dateparse_time(str_from(cases[i].text), &t, &err);
        if (rc == 1)
            daytime_add_iso(&out, t);
        check(rc, &cases[i], &out, &err);
    }
    buf_release(&out);
}

static void parse_datetimes(void **state)
{
    (void)state;
    static const struct parse_case cases[] = {
        {"2026-01-31", "2026-01-31T00:00:00"},
        {"2026-01-31T12:30", "2026-01-31T12:30:00"},
        {"2026-01-31 12:30:45.000001", "2026-01-31T12:30:45.000001"},
        {"2026-01-31\xe2\x80\xa6"
         "12:30",
         "2026-01-31T12:30:00"},
        {"20260131T123045Z", "2026-01-31T12:30:45+00:00"},
        {"2026W056 12", "2026-01-31T12:00:00"},
        {"2026-W05-6T12:30+01:00", "2026-01-31T12:30:00+01:00"},
        {"2026-W05-10:30", "2026-01-26T10:30:00"},
        {"2026-01-31T12:30:00-0330", "2026-01-31T12:30:00-03:30"},
        {"2026-01-31T12:30:00+05:30:10", "2026-01-31T12:30:00+05:30:10"},
        {"2026-1-3 4:5:6 +02", "2026-01-03T04:05:06+02:00"},
        {"2026-01-31T12:30 Z", "2026-01-31T12:30:00+00:00"},
        {"2026-1-31T4:5\n", "2026-01-31T04:05:00"},
        {"2026-01-31T24:00", ""},
        {"2026-02-29 12:00", ""},
        {"2026-1-1T1:1 +24:00", ""},
        {"2026-01-31T", NULL},
        {"2026-01-31T12:30:", NULL},
        {"2026-01-31T12:30+", NULL},
        {"2026-01-31T12:30+1", NULL},
        {"2026-01-31T12:30 +02:3", NULL},
        {"20260131123045", NULL},
        {"2026-01-31X4:5", NULL},
        {"2026-01-31\xe2", NULL},
        {"2026", NULL},
        {"", NULL},
    };
    struct buf out = BUF_INIT;
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct datetime d;
        int rc = dateparse_datetime(str_from(cases[i].text), &d, &err);
        if (rc == 1)
            datetime_add_iso(&out, &d, 'T');
        check(rc, &cases[i], &out, &err);
    }
    buf_release(&out);
}

static void parse_durations(void **state)
{
    (void)state;
    static const struct parse_case cases[] = {
        {"45", "00:00:45"},
        {"30:45", "00:30:45"},
        {"100:30:45.5", "4 04:30:45.500000"},
        {"3 04:05:06.000007", "3 04:05:06.000007"},
        {"3 days, 4:05:06", "3 04:05:06"},
        {"1 day, 90", "1 00:01:30"},
        {"-3 -0:00:01", "-4 23:59:59"},
        {"-15:30", "-1 23:44:30"},
        {"P3DT4H5M6.5S", "3 04:05:06.500000"},
        {"-P1DT1H", "-2 23:00:00"},
        {"+PT0.1M", "00:00:06"},
        {"P1,5D", "1 12:00:00"},
        {"PT0.0000005S", "00:00:00"},
        {"PT0.0000015S", "00:00:00.000002"},
        {"P", "00:00:00"},
        {"", "00:00:00"},
        {"3 days", "3 00:00:00"},
        {"-1 day +01:00:00", "-1 01:00:00"},
        {"3 days -04:05:06.7", "2 19:54:53.300000"},
        {"999999999 0:0:0", "999999999 00:00:00"},
        {"0000000000000000000000000001", "00:00:01"},
        {"1000000000 0:0:0", ""},
        {"1000000000 -24:00:00", ""},
        {"99999999999999999999999999", ""},
        {"PT99999999999999999999999999H", ""},
        {"3 days, ", NULL},
        {"3", "00:00:03"},
        {"3 ", NULL},
        {"P1Y", NULL},
        {"P1.D", NULL},
        {"PT1M1H", NULL},
        {"1:2:3:4", NULL},
        {"1::2", NULL},
        {"--1", NULL},
        {"1 day 1:2:3", NULL},
        {"1.5.5", NULL},
        {"one day", NULL},
    };
    struct buf out = BUF_INIT;
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct duration d;
        int rc = dateparse_duration(str_from(cases[i].text), &d, &err);
        if (rc == 1)
            duration_add_string(&out, d);
        check(rc, &cases[i], &out, &err);
    }
    buf_release(&out);
}

static int setup(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_letter),     cmocka_unit_test(backslashes),
        cmocka_unit_test(times_of_day),     cmocka_unit_test(suffixes),
        cmocka_unit_test(zones_of_moments), cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(percent_signs),    cmocka_unit_test(parse_dates),
        cmocka_unit_test(parse_times),      cmocka_unit_test(parse_datetimes),
        cmocka_unit_test(parse_durations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
