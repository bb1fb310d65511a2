/* SPDX-License-Identifier: MIT */
/* Zones of the system's database, and of files written here: with rules that no
 * real zone has, damaged, and cut short at every byte. */
#include "test.h"

#include "value/datetime.h"

#include <sys/stat.h>
#include <unistd.h>

static struct datetime at(int y, int mo, int d, int h, int mi, struct tz tz)
{
    return (struct datetime){.date = {y, mo, d}, .time = {h, mi, 0, 0}, .tz = tz};
}

static struct tz get(struct zones *z, const char *name)
{
    struct tz tz;
    struct err err;
    if (zones_get(z, str_from(name), &tz, &err))
        fail_msg("%s", err.msg);
    return tz;
}

static void assert_info(struct datetime d, int fold, int offset, bool dst, const char *abbr)
{
    struct tz_info info;
    d.fold = fold;
    datetime_tz_info(&d, &info);
    if (info.offset != offset || info.dst != dst || strcmp(info.abbr, abbr) != 0)
        fail_msg("%d-%02d-%02d %02d:%02d fold %d: got %d %d %s, want %d %d %s", d.date.year,
                 d.date.month, d.date.day, d.time.hour, d.time.minute, fold, info.offset, info.dst,
                 info.abbr, offset, dst, abbr);
}

static void winter_and_summer(void **state)
{
    struct tz paris = get(*state, "Europe/Paris"), sydney = get(*state, "Australia/Sydney");
    assert_info(at(2026, 1, 31, 12, 0, paris), 0, 3600, false, "CET");
    assert_info(at(2026, 7, 1, 12, 0, paris), 0, 7200, true, "CEST");
    assert_info(at(2026, 1, 31, 12, 0, sydney), 0, 39600, true, "AEDT");
    assert_info(at(2026, 7, 1, 12, 0, sydney), 0, 36000, false, "AEST");
    assert_info(at(1800, 1, 1, 12, 0, paris), 0, 561, false, "LMT");
    assert_info(at(1943, 7, 1, 12, 0, paris), 0, 7200, true, "CEST");
    /* Past the table of the file: by its rule. */
    assert_info(at(2500, 7, 1, 12, 0, paris), 0, 7200, true, "CEST");
    assert_info(at(9999, 1, 1, 12, 0, sydney), 0, 39600, true, "AEDT");
}

static void twice_and_never(void **state)
{
    /* In 2026 by the table, in 2090 by the rule: the last Sundays of March and October. */
    static const int years[][3] = {{2026, 29, 25}, {2090, 26, 29}};
    struct tz paris = get(*state, "Europe/Paris");
    for (size_t i = 0; i < 2; i++) {
        int y = years[i][0], march = years[i][1], october = years[i][2];
        assert_info(at(y, 3, march, 1, 59, paris), 0, 3600, false, "CET");
        assert_info(at(y, 3, march, 2, 30, paris), 0, 3600, false, "CET");
        assert_info(at(y, 3, march, 2, 30, paris), 1, 7200, true, "CEST");
        assert_info(at(y, 3, march, 3, 0, paris), 0, 7200, true, "CEST");
        assert_info(at(y, 10, october, 1, 59, paris), 1, 7200, true, "CEST");
        assert_info(at(y, 10, october, 2, 30, paris), 0, 7200, true, "CEST");
        assert_info(at(y, 10, october, 2, 30, paris), 1, 3600, false, "CET");
        assert_info(at(y, 10, october, 3, 0, paris), 0, 3600, false, "CET");
        struct datetime d = at(y, 10, october, 2, 30, paris);
        assert_true(datetime_ambiguous_or_imaginary(&d, paris));
        d = at(y, 3, march, 2, 0, tz_none());
        assert_true(datetime_ambiguous_or_imaginary(&d, paris));
        d = at(y, 3, march, 3, 0, tz_none());
        assert_false(datetime_ambiguous_or_imaginary(&d, paris));
    }
}

static void there_and_back(void **state)
{
    struct tz paris = get(*state, "Europe/Paris"), york = get(*state, "America/New_York");
    struct datetime utc = at(2026, 10, 25, 0, 30, tz_utc()), local, back;
    for (int hour = 0; hour < 3; hour++) {
        utc.time.hour = hour;
        assert_int_equal(datetime_astimezone(&utc, paris, &local, NULL), 0);
        assert_int_equal(local.fold, hour == 1);
        assert_int_equal(local.time.hour, hour == 0 ? 2 : hour == 1 ? 2 : 3);
        assert_true(datetime_equal(&local, &utc));
        assert_int_equal(datetime_astimezone(&local, york, &back, NULL), 0);
        assert_true(datetime_equal(&back, &utc));
    }
    /* Within one zone the clock counts, between zones the instant. */
    struct datetime before = at(2026, 3, 28, 12, 0, paris), after = at(2026, 3, 29, 12, 0, paris);
    struct duration d;
    assert_int_equal(datetime_diff(&after, &before, &d, NULL), 0);
    assert_int_equal(d.days, 1);
    assert_int_equal(datetime_astimezone(&before, tz_utc(), &before, NULL), 0);
    assert_int_equal(datetime_diff(&after, &before, &d, NULL), 0);
    assert_int_equal(d.seconds, 23 * 3600);
}

static void offsets_and_names(void **state)
{
    static const struct {
        const char *name, *abbr;
        int offset;
    } good[] = {
        {"UTC", "UTC", 0},
        {"+02:00", "UTC+02:00", 7200},
        {"-0330", "-0330", -12600},
        {"+0000", "+0000", 0},
        {"UTC-05:00", "UTC-05:00", -18000},
        {"-05", "UTC-05:00", -18000},
        {"+05:30:10", "UTC+05:30:10", 19810},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct tz tz = get(*state, good[i].name);
        struct tz_info info;
        struct buf name = BUF_INIT;
        tz_at_utc(tz, 0, &info);
        assert_int_equal(info.offset, good[i].offset);
        assert_string_equal(info.abbr, good[i].abbr);
        tz_add_name(&name, tz);
        assert_true(tz_same(get(*state, name.data), tz));
        buf_release(&name);
    }
    assert_true(tz_same(get(*state, "+0000"), tz_utc()));
    assert_true(tz_same(get(*state, "Europe/Paris"), get(*state, "Europe/Paris")));
    assert_false(tz_same(get(*state, "Europe/Paris"), get(*state, "Europe/Rome")));
    assert_false(tz_same(tz_none(), tz_utc()));
}

static void unknown_names(void **state)
{
    static const char *const bad[] = {
        "",         "/etc/passwd", "../zoneinfo/UTC", "Europe/../UTC", "Europe//Paris",
        "Europe",   "Europe/",     "Mars/Base",       "+25:00",        "+2",
        "+02:60",   "+02:0",       "+02:00:0",        "+02:00x",       "Europe/Paris\n",
        "zone.tab", "UTC+",
    };
    struct tz tz;
    struct err err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(zones_get(*state, str_from(bad[i]), &tz, &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
    }
    assert_int_equal(zones_get(*state, STR("Europe/Paris\0x"), &tz, &err), -1);
    char long_name[3000];
    memset(long_name, 'a', sizeof long_name);
    assert_int_equal(zones_get(*state, str_make(long_name, sizeof long_name), &tz, &err), -1);
    assert_int_equal(zones_get(*state, STR("europe/pari"), &tz, &err), -1);
    assert_string_equal(err.msg, "unknown time zone 'europe/pari'; did you mean 'Europe/Paris'?");
    assert_int_equal(zones_get(*state, STR("right/Europe/Paris"), &tz, &err), -1);
}

/* ---- files of our own ---- */

struct dir {
    char path[64];
    struct zones *zones;
};

static void dir_make(struct dir *d)
{
    snprintf(d->path, sizeof d->path, "/tmp/test_timezone.XXXXXX");
    assert_non_null(mkdtemp(d->path));
    d->zones = zones_new(d->path);
}

static void dir_remove(struct dir *d)
{
    char path[80];
    snprintf(path, sizeof path, "%s/Z", d->path);
    unlink(path);
    rmdir(d->path);
    zones_free(d->zones);
}

static void dir_write(struct dir *d, struct str bytes)
{
    char path[80];
    snprintf(path, sizeof path, "%s/Z", d->path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    fclose(f);
}

static void add_be(struct buf *b, uint64_t n, int bytes)
{
    while (bytes-- > 0)
        buf_addc(b, (char)(n >> (8 * bytes)));
}

static void add_header(struct buf *b, char version, uint32_t leap, uint32_t time, uint32_t type,
                       uint32_t chars)
{
    buf_adds(b, "TZif");
    buf_addc(b, version);
    for (int i = 0; i < 15 + 4 + 4; i++) /* reserved; no UT and standard indicators */
        buf_addc(b, '\0');
    add_be(b, leap, 4);
    add_be(b, time, 4);
    add_be(b, type, 4);
    add_be(b, chars, 4);
}

static void add_data(struct buf *b, int time_size)
{
    add_be(b, 1000, time_size);
    add_be(b, 2000, time_size);
    buf_add(b, "\1\0", 2);
    add_be(b, 0, 4); /* 0: AAA, 1: BBB +1 h daylight */
    buf_add(b, "\0\0", 2);
    add_be(b, 3600, 4);
    buf_add(b, "\1\4", 2);
    buf_add(b, "AAA\0BBB", 8);
}

static void build(struct buf *b, char version, const char *rule)
{
    buf_reset(b);
    add_header(b, version, 0, 2, 2, 8);
    add_data(b, 4);
    if (!version)
        return;
    add_header(b, version, 0, 2, 2, 8);
    add_data(b, 8);
    buf_addf(b, "\n%s\n", rule);
}

static int load(struct buf *bytes, struct tz *tz, struct err *err, struct dir *d)
{
    zones_free(d->zones); /* forget what was read before */
    d->zones = zones_new(d->path);
    dir_write(d, buf_str(bytes));
    return zones_get(d->zones, STR("Z"), tz, err);
}

static int offset_at(struct tz tz, int64_t utc)
{
    struct tz_info info;
    tz_at_utc(tz, utc, &info);
    return info.offset;
}

static void versions_and_rules(void **state)
{
    (void)state;
    struct dir d;
    struct buf b = BUF_INIT;
    struct tz tz;
    struct err err;
    dir_make(&d);
    build(&b, '\0', "");
    assert_int_equal(load(&b, &tz, &err, &d), 0);
    assert_int_equal(offset_at(tz, 999), 0);
    assert_int_equal(offset_at(tz, 1000), 3600);
    assert_int_equal(offset_at(tz, 2000), 0);
    assert_int_equal(offset_at(tz, INT64_C(1) << 40), 0);
    build(&b, '2', ""); /* no rule: the last type stays */
    assert_int_equal(load(&b, &tz, &err, &d), 0);
    assert_int_equal(offset_at(tz, INT64_C(1) << 40), 0);

    /* 2030-01-01 is 1893456000 */
    static const struct {
        const char *rule;
        int64_t utc;
        int offset;
    } rules[] = {
        {"<+0330>-3:30", 1893456000, 12600},
        {"AAA5", 1893456000, -18000},
        {"AAA0BBB,0/0,J365/25", 1893456000, 3600}, /* always */
        {"AAA0BBB,0/0,J365/25", 1893455999, 3600},
        {"AAA0BBB,J60/0,J61/0", 1893456000 + 58 * 86400, 0},    /* 28 February */
        {"AAA0BBB,J60/0,J61/0", 1893456000 + 59 * 86400, 3600}, /* 1 March */
        {"AAA0BBB,J60/0,J61/0", 1956528000 + 59 * 86400, 0},    /* 29 February 2032 */
        {"AAA0BBB,59/0,60/0", 1956528000 + 59 * 86400, 3600},
        {"AAA0BBB-2,M1.1.2/-167,M12.5.0", 1893456000, 7200},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 1893456000, 0}, /* negative daylight saving */
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 1893456000 + 180 * 86400, 3600},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        build(&b, '2', rules[i].rule);
        if (load(&b, &tz, &err, &d))
            fail_msg("%s", err.msg);
        if (offset_at(tz, rules[i].utc) != rules[i].offset)
            fail_msg("%s at %lld: %d", rules[i].rule, (long long)rules[i].utc,
                     offset_at(tz, rules[i].utc));
    }
    /* Far outside of the calendar nothing breaks. */
    offset_at(tz, INT64_MIN / 2);
    offset_at(tz, INT64_MAX / 2);

    static const char *const wrong[] = {
        "A0",
        "AAA",
        "AAA0BBB",
        "AAA25",
        "AAA0BBB,M13.1.0,M1.1.1",
        "<AAA0",
        "AAA0BBB,J0,J3",
        "AAA0BBB,366,1",
        "AAA0BBB,M1.6.0,M1.1.1",
        "AAA0BBB,1/168,3",
        "AAA0 ",
        "AAA0BBB,1,2x",
        "ABCDEFGHIJKLMNOPQRST0",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        build(&b, '2', wrong[i]);
        assert_int_equal(load(&b, &tz, &err, &d), -1);
        assert_int_equal(err.code, ERR_INVALID);
    }
    buf_release(&b);
    dir_remove(&d);
}

static void damaged_files(void **state)
{
    (void)state;
    struct dir d;
    struct buf b = BUF_INIT, part = BUF_INIT;
    struct tz tz;
    struct err err;
    dir_make(&d);
    build(&b, '2', "AAA0");
    for (size_t n = 0; n < b.n - 5; n++) { /* short of the last line the rule is missing */
        buf_reset(&part);
        buf_add(&part, b.data, n);
        assert_int_equal(load(&part, &tz, &err, &d), -1);
        assert_int_equal(err.code, ERR_INVALID);
    }
    /* One byte at a time, anything may come out, but in one piece. */
    for (size_t i = 0; i < b.n; i++) {
        char was = b.data[i];
        b.data[i] = (char)0xff;
        if (load(&b, &tz, &err, &d) == 0)
            offset_at(tz, 1500);
        b.data[i] = was;
    }
    /* Transitions that go back, a type that does not exist, an abbreviation beyond its table. */
    size_t block = b.n - 6 - 8 - 12 - 2 - 16; /* of the 64-bit part: behind it "\nAAA0\n" */
    b.data[block + 8] = (char)0x80;
    assert_int_equal(load(&b, &tz, &err, &d), -1);
    b.data[block + 8] = 0;
    b.data[block + 16] = 2;
    assert_int_equal(load(&b, &tz, &err, &d), -1);
    b.data[block + 16] = 1;
    b.data[block + 23] = 8;
    assert_int_equal(load(&b, &tz, &err, &d), -1);
    b.data[block + 23] = 0;
    assert_int_equal(load(&b, &tz, &err, &d), 0);

    buf_reset(&b);
    add_header(&b, '\0', 1, 2, 2, 8);
    add_data(&b, 4);
    add_be(&b, 0, 8);
    assert_int_equal(load(&b, &tz, &err, &d), -1);
    assert_string_equal(err.msg, "time zone 'Z': the zone counts leap seconds");
    buf_release(&b);
    buf_release(&part);
    dir_remove(&d);
}

static void no_database(void **state)
{
    (void)state;
    struct zones *z = zones_new("/nonexistent");
    struct tz tz;
    struct err err;
    assert_int_equal(zones_get(z, STR("Europe/Paris"), &tz, &err), -1);
    assert_int_equal(zones_get(z, STR("UTC"), &tz, &err), 0);
    zones_free(z);
}

static int setup(void **state)
{
    *state = zones_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    zones_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(winter_and_summer), cmocka_unit_test(twice_and_never),
        cmocka_unit_test(there_and_back),    cmocka_unit_test(offsets_and_names),
        cmocka_unit_test(unknown_names),     cmocka_unit_test(versions_and_rules),
        cmocka_unit_test(damaged_files),     cmocka_unit_test(no_database),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
