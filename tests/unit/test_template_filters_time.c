/* SPDX-License-Identifier: MIT */
/* Filters of dates and times, and those of humanize, l10n, tz and i18n.  The present is
 * 2008-01-02 15:04:05 UTC. */
#include "test.h"

#include "template_world.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define NB "\xc2\xa0"
#define MOMENTS                                                                                    \
    "{\"d\":{\"$date\":\"2007-12-31\"},\"t\":{\"$time\":\"13:05:00\"},"                            \
    "\"m\":{\"$datetime\":\"2008-01-01T13:05:09.000123\"},"                                        \
    "\"a\":{\"$datetime\":\"2008-01-01T13:05:09+02:00\"},\"n\":null,\"s\":\"2008\"}"

static void check(const struct world_case *cases, size_t n)
{
    struct world w;
    world_init(&w);
    assert_int_equal(world_check(&w, cases, n), 0);
    world_free(&w);
}

static void test_date(void **state)
{
    static const struct world_case cases[] = {
        {"{{ d|date }}|{{ m|date }}|{{ t|time }}|{{ m|time }}", MOMENTS,
         "Dec. 31, 2007|Jan. 1, 2008|1:05 p.m.|1:05 p.m."},
        {"{{ d|date:\"Y-m-d\" }}|{{ m|date:\"D jS F y, H:i:s.u\" }}|{{ t|date:\"H\" }}", MOMENTS,
         "2007-12-31|Tue 1st January 08, 13:05:09.000123|13"},
        {"{{ m|date:\"DATE_FORMAT\" }}|{{ m|date:\"SHORT_DATETIME_FORMAT\" }}|"
         "{{ m|date:\"MONTH_DAY_FORMAT\" }}|{{ t|time:\"TIME_FORMAT\" }}|{{ m|date:\"\" }}",
         MOMENTS, "Jan. 1, 2008|01/01/2008 1:05 p.m.|January 1|1:05 p.m.|Jan. 1, 2008"},
        {"{{ n|date }}{{ s|date:\"Y\" }}{{ x|date }}{{ n|time }}{{ s|time }}|{{ d|time:\"H\" }}",
         MOMENTS, "|"},
        {"{{ d|date:\"H\" }}", MOMENTS,
         "TypeError: The format for date objects may not contain time-related format specifiers "
         "(found 'H')."},
        {"{{ t|date:\"Y\" }}|{{ m|time:\"Y\" }}|{{ m|time:\"\\\\Y\" }}|{{ t|time:\"e:T\" }}",
         MOMENTS, "||Y|:"},
        {"{{ t|date:\"c\" }}|{{ m|date:\"c\" }}|{{ d|date:\"c W o w\" }}|{{ t|time:\"c\" }}",
         MOMENTS, "13:05:00|2008-01-01T13:05:09.000123|2007-12-31 1 2008 1|"},
        {"{{ s|date:\"-\\a\" }}|{{ d|time:\"-\" }}", MOMENTS, "-a|-"},
        {"{{ m|date:\"<b>\" }}", MOMENTS, "&lt;jan&gt;"},
        {"{{ a|date:\"H:i T\" }}|{{ a|time:\"H O\" }}", MOMENTS, "11:05 UTC|11 +0000"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_since(void **state)
{
    static const struct world_case cases[] = {
        {"{{ d|timesince }}|{{ m|timesince }}|{{ a|timesince }}", MOMENTS,
         "2" NB "days, 15" NB "hours|1" NB "day, 1" NB "hour|1" NB "day, 3" NB "hours"},
        {"{{ d|timesince:m }}|{{ m|timesince:d }}|{{ m|timesince:n }}|{{ d|timeuntil }}", MOMENTS,
         "1" NB "day, 13" NB "hours|0" NB "minutes|1" NB "day, 1" NB "hour|0" NB "minutes"},
        {"{{ m|timeuntil:d }}|{{ a|timeuntil:a }}|{{ n|timesince }}|{{ n|timeuntil:d }}", MOMENTS,
         "1" NB "day, 13" NB "hours|0" NB "minutes||"},
        /* Naive and aware ones do not go together. */
        {"{{ m|timesince:a }}|{{ a|timeuntil:m }}", MOMENTS, "|"},
        {"{{ s|timesince }}", MOMENTS, "AttributeError: 'str' object has no attribute 'year'"},
        {"{{ m|timesince:s }}", MOMENTS, "AttributeError: 'str' object has no attribute 'year'"},
        {"{{ t|timeuntil }}", MOMENTS,
         "AttributeError: 'datetime.time' object has no attribute 'year'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

#define HUMAN "{% load humanize %}"

static void test_humanize(void **state)
{
    static const struct world_case cases[] = {
        {HUMAN "{{ a|ordinal }} {{ b|ordinal }} {{ c|ordinal }} {{ d|ordinal }} {{ e|ordinal }} "
               "{{ f|ordinal }} {{ g|ordinal }} {{ h|ordinal }} {{ i|ordinal }} {{ j|ordinal }}",
         "{\"a\":1,\"b\":\"2\",\"c\":3.9,\"d\":11,\"e\":112,\"f\":101,\"g\":0,\"h\":-5,\"i\":\"<"
         "x\","
         "\"j\":\"100000000000000000000021\"}",
         "1st 2nd 3rd 11th 112th 101st 0th -5 &lt;x 100000000000000000000021st"},
        {HUMAN
         "{{ a|intcomma }}|{{ b|intcomma }}|{{ c|intcomma }}|{{ d|intcomma }}|{{ e|intcomma }}"
         "|{{ f|intcomma }}|{{ g|intcomma }}|{{ h|intcomma }}",
         "{\"a\":1234567,\"b\":-1000,\"c\":1234.5678,\"d\":\"1000000\",\"e\":\"1234x5678\","
         "\"f\":{\"$decimal\":\"12345.60\"},\"g\":null,\"h\":true}",
         "1,234,567|-1,000|1,234.5678|1,000,000|1,234x5678|12,345.60|None|1"},
        {HUMAN "{{ a|intcomma:f }}|{{ b|intcomma:f }}|{{ c|intcomma:f }}",
         "{\"a\":-1234567.5,\"b\":\"x123456\",\"c\":\"123\",\"f\":false}",
         "-1,234,567.5|x123456|123"},
        {HUMAN "{{ a|intword }}|{{ b|intword }}|{{ c|intword }}|{{ d|intword }}|{{ e|intword }}|"
               "{{ f|intword }}|{{ g|intword }}",
         "{\"a\":999999,\"b\":1000000,\"c\":-1250000,\"d\":\"1999999999\",\"e\":1.5e20,\"f\":\"x\","
         "\"g\":999999999}",
         "999999|1.0 million|-1.3 million|2.0 billion|150.0 quintillion|x|1000.0 million"},
        {HUMAN
         "{{ a|apnumber }}|{{ b|apnumber }}|{{ c|apnumber }}|{{ d|apnumber }}|{{ e|apnumber }}",
         "{\"a\":1,\"b\":\"9\",\"c\":10,\"d\":0,\"e\":null}", "one|nine|10|0|None"},
        {HUMAN "{{ a|naturalday }}|{{ b|naturalday }}|{{ c|naturalday }}|{{ d|naturalday }}|"
               "{{ d|naturalday:\"Y\" }}|{{ e|naturalday }}",
         "{\"a\":{\"$date\":\"2008-01-02\"},\"b\":{\"$date\":\"2008-01-01\"},\"c\":{\"$datetime\":"
         "\"2008-01-03T23:00:00\"},\"d\":{\"$date\":\"2007-12-31\"},\"e\":5}",
         "today|yesterday|tomorrow|Dec. 31, 2007|2007|5"},
        {HUMAN "{{ a|naturaltime }}|{{ b|naturaltime }}|{{ c|naturaltime }}|{{ d|naturaltime }}|"
               "{{ e|naturaltime }}|{{ f|naturaltime }}|{{ g|naturaltime }}|{{ h|naturaltime }}",
         "{\"a\":{\"$datetime\":\"2008-01-02T15:04:05\"},\"b\":{\"$datetime\":"
         "\"2008-01-02T15:04:04\"},\"c\":{\"$datetime\":\"2008-01-02T15:02:00\"},\"d\":{"
         "\"$datetime\":\"2008-01-02T12:00:00Z\"},\"e\":{\"$datetime\":\"2007-01-01T00:00:00\"},"
         "\"f\":{\"$datetime\":\"2008-01-02T15:04:35\"},\"g\":{\"$datetime\":"
         "\"2008-01-02T16:04:06\"},\"h\":{\"$datetime\":\"2008-01-12T15:04:05+02:00\"}}",
         "now|a second ago|2" NB "minutes ago|3" NB "hours ago|1" NB "year ago|30" NB
         "seconds from now|an hour from now|1" NB "week, 2" NB "days from now"},
        {HUMAN "{{ a|naturaltime }}|{{ b|naturaltime }}", "{\"a\":5,\"b\":\"<\"}", "5|&lt;"},
        {HUMAN "{{ a|naturaltime }}", "{\"a\":{\"$date\":\"2008-01-02\"}}",
         "AttributeError: 'datetime.date' object has no attribute 'utcoffset'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_zones(void **state)
{
    static const struct world_case cases[] = {
        {"{% load tz %}{{ a|utc }}|{{ a|localtime }}|{{ a|timezone:\"Asia/Tokyo\" }}|"
         "{{ a|timezone:\"Asia/Tokyo\"|date:\"H:i e\" }}",
         MOMENTS,
         "Jan. 1, 2008, 11:05 a.m.|Jan. 1, 2008, 11:05 a.m.|Jan. 1, 2008, 8:05 p.m.|20:05 JST"},
        {"{% load tz %}{{ m|timezone:\"Asia/Tokyo\"|date:\"c\" }}|{{ m|utc|date:\"c\" }}", MOMENTS,
         "2008-01-01T22:05:09.000123+09:00|2008-01-01T13:05:09.000123+00:00"},
        {"{% load tz %}{{ a|timezone:\"Nowhere\" }}{{ a|timezone:5 }}{{ d|utc }}{{ s|localtime }}",
         MOMENTS, ""},
        {"{% load tz %}{% timezone \"Europe/Paris\" %}{{ a|time }}|{{ a|utc|time }}|{{ a|localtime "
         "}}"
         "{% endtimezone %}",
         MOMENTS, "12:05 p.m.|11:05 a.m.|Jan. 1, 2008, 12:05 p.m."},
        {"{% load l10n %}{{ f|localize }}|{{ f|unlocalize }}|{{ d|localize }}|{{ s|localize }}",
         "{\"f\":1234.5,\"d\":{\"$date\":\"2008-01-02\"},\"s\":\"<\"}",
         "1234.5|1234.5|Jan. 2, 2008|&lt;"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_languages(void **state)
{
    static const struct world_case cases[] = {
        {"{% load i18n %}{{ a|language_name }}|{{ a|language_name_local }}|{{ a|language_bidi }}|"
         "{{ b|language_name }}|{{ b|language_bidi }}|{{ c|language_name_translated }}",
         "{\"a\":\"de\",\"b\":\"ar\",\"c\":\"pt-br\"}",
         "German|Deutsch|False|Arabic|True|Brazilian Portuguese"},
        {"{% load i18n %}{{ a|language_name_local }}", "{\"a\":\"zh-tw\"}", "繁體中文"},
        {"{% load i18n %}{{ a|language_name }}", "{\"a\":\"xx\"}",
         "KeyError: 'Unknown language code xx.'"},
        {"{% load i18n %}{{ a|language_bidi }}", "{\"a\":\"xx-yy\"}",
         "KeyError: 'Unknown language code xx-yy and xx.'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date),      cmocka_unit_test(test_since),
        cmocka_unit_test(test_humanize),  cmocka_unit_test(test_zones),
        cmocka_unit_test(test_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
