/* SPDX-License-Identifier: MIT */
/* Built-in filters of lists and numbers, and those that choose. */
#include "test.h"

#include "template_world.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define S(text) "{\"s\":" text "}"

static void check(const struct world_case *cases, size_t n)
{
    struct world w;
    world_init(&w);
    assert_int_equal(world_check(&w, cases, n), 0);
    world_free(&w);
}

static void test_items(void **state)
{
    static const struct world_case cases[] = {
        {"{{ s|length }}|{{ s|first }}|{{ s|last }}", S("[1,\"<\",3]"), "3|1|3"},
        {"{{ s|length }}|{{ s|first }}|{{ s|last }}", S("\"é<ß\""), "3|é|ß"},
        {"{{ s|length }}|{{ s|first }}|{{ s|last }}|{{ s|random }}", S("\"\""), "0|||"},
        {"{{ s|length }}|{{ s|first }}|{{ s|last }}|{{ s|random }}", S("[]"), "0|||"},
        {"{{ s|length }}|{{ n|length }}|{{ x|length }}", "{\"s\":5,\"n\":null}", "0|0|0"},
        {"{{ s|first }}", S("null"), "TypeError: 'NoneType' object is not subscriptable"},
        {"{{ s|random }}", S("[\"a\",\"a\"]"), "a"},
        {"{{ s|first }}", S("{\"a\":1}"), "KeyError: 0"},
        {"{{ s|last }}", S("{\"a\":1}"), "KeyError: -1"},
        {"{{ s|first }}{{ s|last }}", S("{\"$safe\":\"<&\"}"), "&lt;&"},
        {"{{ s|make_list }}|{{ s|make_list|join:\"-\" }}", S("123"),
         "[&#x27;1&#x27;, &#x27;2&#x27;, &#x27;3&#x27;]|1-2-3"},
        {"{{ s|make_list }}|{% for c in s|make_list %}{{ c }},{% endfor %}",
         S("{\"$safe\":\"<é\"}"), "[&#x27;&lt;&#x27;, &#x27;é&#x27;]|&lt;,é,"},
        {"{{ s|join:\", \" }}|{{ s|join:\"<br>\" }}|{{ s|join:t }}",
         "{\"s\":[\"a<\",{\"$safe\":\"<b>\"},1,null,true],\"t\":\"&\"}",
         "a&lt;, <b>, 1, None, True|a&lt;<br><b><br>1<br>None<br>True|"
         "a&lt;&amp;<b>&amp;1&amp;None&amp;True"},
        {"{% autoescape off %}{{ s|join:\"<\" }}|{{ t|join:\"-\" }}|{{ t }}{% endautoescape %}",
         "{\"s\":[\"a<\",\"b\"],\"t\":[1,2]}", "a<<b|[1, 2]|[1, 2]"},
        {"{{ s|join:\"-\" }}|{{ t|join:\"-\" }}|{{ m|join:\"-\" }}|{{ s|join:1 }}",
         "{\"s\":\"ab\",\"t\":5,\"m\":{\"x\":1,\"y\":2}}", "a-b|5|x-y|a1b"},
        {"{% autoescape off %}{{ s|join:1 }}{% endautoescape %}", S("\"ab\""),
         "AttributeError: 'int' object has no attribute 'join'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_slice(void **state)
{
    static const struct world_case cases[] = {
        {"{{ s|slice:\":2\" }}|{{ s|slice:\"-2:\" }}|{{ s|slice:\"1:-1\" }}|{{ s|slice:\"::2\" }}",
         S("\"aéb<d\""), "aé|&lt;d|éb&lt;|abd"},
        {"{{ s|slice:\"::-1\" }}|{{ s|slice:\"3:0:-2\" }}|{{ s|slice:\"-1:-99:-3\" }}",
         S("\"aébcd\""), "dcbéa|cé|dé"},
        {"{{ s|slice:1 }}|{{ s|slice:\"1\" }}|{{ s|slice:\"-1\" }}|{{ s|slice:\"\" }}",
         S("\"abc\""), "a|a|ab|abc"},
        {"{{ s|slice:\"1:\" }}|{{ s|slice:\":-1\" }}|{{ s|slice:\"::-1\" }}", S("[1,2,3]"),
         "[2, 3]|[1, 2]|[3, 2, 1]"},
        {"{{ s|slice:\"99999999999999999999:\" }}|{{ s|slice:\"-99999999999999999999:1\" }}|"
         "{{ s|slice:\"::99999999999999999999\" }}|{{ s|slice:\"::-99999999999999999999\" }}",
         S("\"abc\""), "|a|a|c"},
        {"{{ s|slice:\"::9223372036854775807\" }}|{{ s|slice:\"1::-9223372036854775808\" }}",
         S("[1,2,3]"), "[1]|[2]"},
        /* What is no slice changes nothing. */
        {"{{ s|slice:\"x\" }}|{{ s|slice:\"1:2:0\" }}|{{ s|slice:\"1:2:3:4\" }}|{{ s|slice:1.5 }}",
         S("\"abc\""), "abc|abc|abc|abc"},
        {"{{ s|slice:\":2\" }}|{{ n|slice:\":2\" }}", "{\"s\":12,\"n\":null}", "12|None"},
        {"{{ s|slice:\":1\" }}", S("{\"a\":1,\"b\":2}"), "{&#x27;a&#x27;: 1, &#x27;b&#x27;: 2}"},
        {"{{ s|slice:\" 1 : 2 \" }}|{{ s|slice:\"1_0:\" }}", S("\"abc\""), "b|"},
        {"{{ s|slice:\":2\" }}|{{ s|slice:\"::2\" }}", S("{\"$safe\":\"<&\"}"), "<&|<"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

#define PEOPLE                                                                                     \
    "{\"s\":[{\"n\":\"c\",\"a\":{\"b\":2},\"_p\":1},{\"n\":\"a\",\"a\":{\"b\":10},\"_p\":1},"      \
    "{\"n\":\"b\",\"a\":{\"b\":2},\"_p\":1}]}"
#define NAMES(filter) "{% for p in s|" filter " %}{{ p.n }}{% endfor %}"

static void test_sort(void **state)
{
    static const struct world_case cases[] = {
        {NAMES("dictsort:\"n\"") "|" NAMES("dictsortreversed:\"n\""), PEOPLE, "abc|cba"},
        /* Equal ones keep their order, both ways. */
        {NAMES("dictsort:\"a.b\"") "|" NAMES("dictsortreversed:\"a.b\""), PEOPLE, "cba|acb"},
        {NAMES("dictsort:\"_p\"") "|" NAMES("dictsort:\"a._b\"") "|" NAMES("dictsort:\"x\""),
         PEOPLE, "||"},
        {"{{ s|dictsort:0 }}|{{ s|dictsortreversed:1 }}", S("[[2,\"a\"],[1,\"b\"],[10,\"c\"]]"),
         "[[1, &#x27;b&#x27;], [2, &#x27;a&#x27;], [10, &#x27;c&#x27;]]|"
         "[[10, &#x27;c&#x27;], [1, &#x27;b&#x27;], [2, &#x27;a&#x27;]]"},
        {"{{ s|dictsort:\"a\" }}|{{ t|dictsort:\"a\" }}|{{ u|dictsort:\"a\" }}",
         "{\"s\":[{\"a\":1},{\"a\":\"x\"}],\"t\":5,\"u\":[]}", "||[]"},
        {"{{ s|dictsort:n }}|{{ s|dictsort:\"\" }}", "{\"s\":[{\"a\":1}],\"n\":null}", "|"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_unordered_list(void **state)
{
    static const struct world_case cases[] = {
        {"{{ s|unordered_list }}", S("[\"x\",\"<y>\"]"), "\t<li>x</li>\n\t<li>&lt;y&gt;</li>"},
        {"{{ s|unordered_list }}", S("[\"x\",[\"y\",[\"z\"]],1]"),
         "\t<li>x\n\t<ul>\n\t\t<li>y\n\t\t<ul>\n\t\t\t<li>z</li>\n\t\t</ul>\n\t\t</li>\n\t</ul>"
         "\n\t</li>\n\t<li>1</li>"},
        {"{{ s|unordered_list }}", S("[\"x\",[],\"y\"]"), "\t<li>x</li>\n\t<li>y</li>"},
        {"{{ s|unordered_list }}", S("[[\"x\"],\"y\"]"),
         "\t<li>[&#x27;x&#x27;]</li>\n\t<li>y</li>"},
        {"{{ s|unordered_list }}", S("[\"x\",{\"a\":1}]"),
         "\t<li>x</li>\n\t<li>{&#x27;a&#x27;: 1}</li>"},
        {"{{ s|unordered_list }}|{{ t|unordered_list }}", "{\"s\":[],\"t\":\"ab\"}",
         "|\t<li>a</li>\n\t<li>b</li>"},
        {"{% autoescape off %}{{ s|unordered_list }}{% endautoescape %}", S("[\"<\"]"),
         "\t<li><</li>"},
        {"{{ s|unordered_list }}", S("[{\"$safe\":\"<\"}]"), "\t<li><</li>"},
        {"{{ s|unordered_list }}", S("5"), "TypeError: 'int' object is not iterable"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

/* Lists inside one another without end are an error, and no crash. */
static void test_nesting(void **state)
{
    struct world w;
    struct buf out = BUF_INIT, json = BUF_INIT;
    (void)state;
    world_init(&w);
    buf_adds(&json, "{\"s\":");
    for (int i = 0; i < 150; i++)
        buf_adds(&json, "[\"x\",");
    buf_adds(&json, "1");
    for (int i = 0; i < 150; i++)
        buf_adds(&json, "]");
    buf_adds(&json, "}");
    assert_int_equal(world_render(&w, "{{ s|unordered_list }}", json.data, &out), -1);
    assert_string_equal(w.error.kind, "RecursionError");
    buf_release(&json);
    buf_release(&out);
    world_free(&w);
}

static void test_choices(void **state)
{
    static const struct world_case cases[] = {
        {"{{ x|default:\"<d>\" }}|{{ s|default:\"d\" }}|{{ z|default:1 }}|{{ e|default:s }}",
         "{\"s\":\"<\",\"z\":0,\"e\":[]}", "<d>|&lt;|1|&lt;"},
        {"{{ x|default_if_none:\"d\" }}|{{ n|default_if_none:\"d\" }}|{{ z|default_if_none:1 }}",
         "{\"n\":null,\"z\":0}", "|d|0"},
        {"{{ t|yesno }}|{{ f|yesno }}|{{ n|yesno }}|{{ e|yesno }}",
         "{\"t\":true,\"f\":0,\"n\":null,\"e\":\"\"}", "yes|no|maybe|no"},
        {"{{ t|yesno:\"<b>,n\" }}|{{ f|yesno:\"<b>,n\" }}|{{ n|yesno:\"y,n\" }}|{{ "
         "n|yesno:\"y,n,m\" "
         "}}|{{ n|yesno:\"a,b,c,d\" }}|{{ t|yesno:\"a\" }}",
         "{\"t\":[1],\"f\":false,\"n\":null}", "&lt;b&gt;|n|n|m|b|[1]"},
        {"{{ t|yesno:5 }}", "{\"t\":1}", "AttributeError: 'int' object has no attribute 'split'"},
        {"{{ a|pluralize }}{{ b|pluralize }}{{ c|pluralize }}{{ d|pluralize }}{{ e|pluralize }}|"
         "{{ f|pluralize }}{{ g|pluralize }}|{{ h|pluralize }}|{{ i|pluralize }}",
         "{\"a\":1,\"b\":2,\"c\":0,\"d\":1.0,\"e\":1.5,\"f\":[1],\"g\":[1,2],\"h\":\"x\","
         "\"i\":null}",
         "sss|s||"},
        {"{{ a|pluralize:\"es\" }}|{{ a|pluralize:\"y,ies\" }}|{{ b|pluralize:\"y,ies\" }}|"
         "{{ b|pluralize:\"a,b,c\" }}|{{ t|pluralize }}|{{ s|pluralize:\"<,>\" }}",
         "{\"a\":2,\"b\":1,\"t\":true,\"s\":\" 1_0 \"}", "es|ies|y|||&gt;"},
        {"{{ a|pluralize:5 }}", "{\"a\":2}", "TypeError: argument of type 'int' is not iterable"},
        {"{{ a|pprint }}|{{ b|pprint }}|{{ c|pprint }}",
         "{\"a\":\"<'\",\"b\":[1,\"x\"],\"c\":{\"$decimal\":\"1.50\"}}",
         "&quot;&lt;&#x27;&quot;|[1, &#x27;x&#x27;]|Decimal(&#x27;1.50&#x27;)"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_integers(void **state)
{
    static const struct world_case cases[] = {
        {"{{ a|add:2 }}|{{ a|add:\"2\" }}|{{ a|add:1.9 }}|{{ f|add:f }}|{{ t|add:t }}|{{ d|add:1 "
         "}}",
         "{\"a\":1,\"f\":1.9,\"t\":true,\"d\":{\"$decimal\":\"2.9\"}}", "3|3|2|2|2|3"},
        {"{{ a|add:\"x\" }}|{{ a|add:b }}|{{ s|add:b }}|{{ s|add:1 }}|{{ n|add:1 }}|{{ f|add:a }}",
         "{\"a\":\"<\",\"b\":\"&\",\"s\":{\"$safe\":\"<\"},\"n\":null,\"f\":1.5}",
         "&lt;x|&lt;&amp;|&lt;&amp;|||"},
        {"{{ s|add:\">\" }}", S("{\"$safe\":\"<\"}"), "<>"},
        {"{{ a|add:b }}|{{ a|add:1 }}|{{ m|add:d }}",
         "{\"a\":[1],\"b\":[2,3],\"m\":{\"$date\":"
         "\"2020-02-28\"},\"d\":{\"$seconds\":172800}}",
         "[1, 2, 3]||March 1, 2020"},
        {"{{ d|add:d }}|{{ d|add:m }}|{{ m|add:m }}",
         "{\"m\":{\"$datetime\":\"2020-01-01T10:00:00\"},\"d\":{\"$seconds\":5400}}",
         "3:00:00|Jan. 1, 2020, 11:30 a.m.|"},
        {"{{ a|add:1 }}|{{ a|add:a }}|{{ s|add:1 }}",
         "{\"a\":9223372036854775807,\"s\":\"99999999999999999999\"}",
         "9223372036854775808|18446744073709551614|100000000000000000000"},
        {"{{ a|divisibleby:2 }}|{{ a|divisibleby:\"3\" }}|{{ s|divisibleby:5.9 }}",
         "{\"a\":4,\"s\":\"10\"}", "True|False|True"},
        {"{{ a|divisibleby:0 }}", "{\"a\":4}", "ZeroDivisionError: integer modulo by zero"},
        {"{{ a|divisibleby:-1 }}|{{ s|divisibleby:7 }}",
         "{\"a\":-9223372036854775808,\"s\":\"70000000000000000000000\"}", "True|True"},
        {"{{ a|divisibleby:10 }}|{{ a|divisibleby:7 }}|{{ a|divisibleby:b }}",
         "{\"a\":1e300,\"b\":\"-100000000000000000000\"}",
         "OverflowError: divisibleby: the quotient of // or % has more than 28 digits"},
        {"{{ a|divisibleby:10 }}|{{ a|divisibleby:7 }}", "{\"a\":1e300}", "True|False"},
        {"{{ a|divisibleby:1 }}", "{\"a\":\"x\"}",
         "ValueError: invalid literal for int() with base 10: 'x'"},
        {"{{ a|get_digit:1 }}{{ a|get_digit:3 }}{{ a|get_digit:4 }}|{{ a|get_digit:0 }}|"
         "{{ a|get_digit:\"x\" }}|{{ s|get_digit:1 }}|{{ f|get_digit:0 }}",
         "{\"a\":123,\"s\":\"xyz\",\"f\":45.6}", "310|123|123|xyz|45"},
        {"{{ a|get_digit:2 }}", "{\"a\":-1}",
         "ValueError: invalid literal for int() with base 10: '-'"},
        {"{{ a|get_digit:1 }}", "{\"a\":null}",
         "TypeError: int() argument must be a string, a bytes-like object or a real number, not "
         "'NoneType'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

#define NB "\xc2\xa0"

static void test_filesizeformat(void **state)
{
    static const struct world_case cases[] = {
        {"{{ a|filesizeformat }}|{{ b|filesizeformat }}|{{ c|filesizeformat }}",
         "{\"a\":0,\"b\":1,\"c\":1023}", "0" NB "bytes|1" NB "byte|1023" NB "bytes"},
        {"{{ a|filesizeformat }}|{{ b|filesizeformat }}|{{ c|filesizeformat }}",
         "{\"a\":1024,\"b\":1536,\"c\":1048575}", "1.0" NB "KB|1.5" NB "KB|1024.0" NB "KB"},
        {"{{ a|filesizeformat }}|{{ b|filesizeformat }}|{{ c|filesizeformat }}",
         "{\"a\":1126,\"b\":1177,\"c\":-52428800}", "1.1" NB "KB|1.1" NB "KB|-50.0" NB "MB"},
        /* A tie goes to the even digit. */
        {"{{ a|filesizeformat }}|{{ b|filesizeformat }}", "{\"a\":1280,\"b\":1792}",
         "1.2" NB "KB|1.8" NB "KB"},
        {"{{ a|filesizeformat }}|{{ b|filesizeformat }}|{{ c|filesizeformat }}",
         "{\"a\":1099511627776,\"b\":9223372036854775807,\"c\":\"99999999999999999999\"}",
         "1.0" NB "TB|8192.0" NB "PB|88817.8" NB "PB"},
        {"{{ a|filesizeformat }}|{{ b|filesizeformat }}|{{ c|filesizeformat }}|{{ d|filesizeformat "
         "}}",
         "{\"a\":null,\"b\":\"x\",\"c\":1.9,\"d\":\"2048\"}",
         "0" NB "bytes|0" NB "bytes|1" NB "byte|2.0" NB "KB"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_floatformat(void **state)
{
    static const struct world_case cases[] = {
        {"{{ a|floatformat }}|{{ b|floatformat }}|{{ c|floatformat }}|{{ d|floatformat }}",
         "{\"a\":34.23234,\"b\":34.0,\"c\":34.26,\"d\":7}", "34.2|34|34.3|7"},
        {"{{ a|floatformat:3 }}|{{ b|floatformat:3 }}|{{ b|floatformat:\"-3\" }}|"
         "{{ a|floatformat:-3 }}|{{ a|floatformat:\"0\" }}",
         "{\"a\":34.23254,\"b\":34.0}", "34.233|34.000|34|34.233|34"},
        /* Half goes up, by the digits that the number is shown with. */
        {"{{ a|floatformat:2 }}|{{ b|floatformat:2 }}|{{ c|floatformat:0 }}|{{ d|floatformat:0 }}|"
         "{{ e|floatformat:2 }}",
         "{\"a\":1.005,\"b\":2.675,\"c\":0.5,\"d\":-1.5,\"e\":{\"$decimal\":\"0.005\"}}",
         "1.01|2.68|1|-2|0.01"},
        {"{{ a|floatformat }}|{{ b|floatformat:0 }}|{{ c|floatformat:2 }}|{{ d|floatformat }}",
         "{\"a\":-0.01,\"b\":-0.499,\"c\":-0.0,\"d\":999.95}", "0.0|0|0.00|1000.0"},
        {"{{ a|floatformat:\"g\" }}|{{ a|floatformat:\"2g\" }}|{{ a|floatformat:\"0g\" }}|"
         "{{ a|floatformat:\"2gu\" }}|{{ a|floatformat:\"u\" }}|{{ a|floatformat:\"ug\" }}",
         "{\"a\":66666.666}", "66,666.7|66,666.67|66,667|66666.67|66666.7|66666.7"},
        {"{{ a|floatformat:\"g2\" }}|{{ a|floatformat:\"x\" }}|{{ a|floatformat:\"2g2\" }}",
         "{\"a\":66666.666}", "66666.666|66666.666|66666.666"},
        {"{{ a|floatformat:2 }}|{{ b|floatformat:2 }}|{{ c|floatformat }}|{{ d|floatformat }}",
         "{\"a\":\"12.345\",\"b\":\" 1_2.5 \",\"c\":\"<x>\",\"d\":null}", "12.35|12.50||"},
        {"{{ a|floatformat }}|{{ b|floatformat }}|{{ c|floatformat }}|{{ d|floatformat }}",
         "{\"a\":true,\"b\":[1],\"c\":\"inf\",\"d\":\"-nan\"}", "1||inf|-nan"},
        {"{{ a|floatformat:2 }}|{{ b|floatformat:2 }}|{{ c|floatformat:1 }}",
         "{\"a\":1e22,\"b\":1.5e-9,\"c\":123456789012345680000.5}",
         "10000000000000000000000.00|0.00|123456789012345680000.0"},
        {"{{ a|floatformat }}|{{ b|floatformat }}|{{ c|floatformat:30 }}",
         "{\"a\":\"1e200\",\"b\":\"1E-400\",\"c\":{\"$decimal\":\"1234567890.1234567890123456789\"}"
         "}",
         "1e200|1E-400|1234567890.123456789012345678900000000000"},
        {"{{ a|floatformat:25 }}|{{ a|floatformat:5 }}",
         "{\"a\":{\"$decimal\":\"98765432109876543210.987655\"}}",
         "98765432109876543210.9876550000000000000000000|98765432109876543210.98766"},
        {"{{ a|floatformat:1000000000 }}", "{\"a\":1}",
         "OverflowError: floatformat: at most 1000000 places can be shown"},
        {"{{ a|floatformat:\"-1000000000\" }}", "{\"a\":1}", "1"},
        {"{{ a|floatformat:\"\" }}", "{\"a\":1}", "IndexError: string index out of range"},
        {"{{ a|floatformat:n }}", "{\"a\":1,\"n\":null}",
         "TypeError: int() argument must be a string, a bytes-like object or a real number, not "
         "'NoneType'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_stringformat(void **state)
{
    static const struct world_case cases[] = {
        {"{{ a|stringformat:\"03d\" }}|{{ a|stringformat:\"-4d|\" }}|{{ a|stringformat:\"+d\" }}|"
         "{{ a|stringformat:\" i\" }}|{{ a|stringformat:\".3u\" }}|{{ a|stringformat:\"-05d|\" }}",
         "{\"a\":7}", "007|7   ||+7| 7|007|7    |"},
        {"{{ a|stringformat:\"d\" }}|{{ a|stringformat:\"06d\" }}|{{ a|stringformat:\"+.2d\" }}|"
         "{{ f|stringformat:\"d\" }}|{{ s|stringformat:\"d\" }}",
         "{\"a\":-7,\"f\":3.99,\"s\":\"3\"}", "-7|-00007|-07|3|"},
        {"{{ a|stringformat:\"x\" }}|{{ a|stringformat:\"#X\" }}|{{ a|stringformat:\"#o\" }}|"
         "{{ a|stringformat:\"#010x\" }}|{{ a|stringformat:\"#10x\" }}|{{ n|stringformat:\"#06x\" "
         "}}|"
         "{{ f|stringformat:\"x\" }}",
         "{\"a\":255,\"n\":-1,\"f\":2.0}", "ff|0XFF|0o377|0x000000ff|      0xff|-0x001|"},
        {"{{ a|stringformat:\"f\" }}|{{ a|stringformat:\".2f\" }}|{{ a|stringformat:\"08.1f\" }}|"
         "{{ a|stringformat:\"e\" }}|{{ a|stringformat:\".3G\" }}|{{ a|stringformat:\"#.0f\" }}",
         "{\"a\":1234.5}", "1234.500000|1234.50|001234.5|1.234500e+03|1.23E+03|1234."},
        {"{{ i|stringformat:\"5.1f\" }}|{{ i|stringformat:\"-6.1f|\" }}|{{ d|stringformat:\".1f\" "
         "}}|"
         "{{ n|stringformat:\"f\" }}",
         "{\"i\":2,\"d\":{\"$decimal\":\"2.25\"},\"n\":null}", "  2.0|2.0   ||2.2|"},
        {"{{ s|stringformat:\"s\" }}|{{ s|stringformat:\"5s\" }}|{{ s|stringformat:\"-5s|\" }}|"
         "{{ s|stringformat:\".1s\" }}|{{ s|stringformat:\"05s\" }}|{{ s|stringformat:\"r\" }}",
         S("\"é<\""), "é&lt;|   é&lt;|é&lt;   ||é|   é&lt;|&#x27;é&lt;&#x27;"},
        {"{{ s|stringformat:\"a\" }}|{{ s|stringformat:\"c\" }}|{{ i|stringformat:\"3c\" }}|"
         "{{ s|stringformat:\"s!%%\" }}|{{ s|stringformat:\"s%s\" }}|{{ s|stringformat:\"%\" }}",
         "{\"s\":\"é\",\"i\":8364}", "&#x27;\\xe9&#x27;|é|  €|é!%||"},
        {"{{ s|stringformat:\"\" }}|{{ s|stringformat:\"y\" }}|{{ s|stringformat:\"5\" }}|"
         "{{ s|stringformat:\"ls\" }}|{{ n|stringformat:\"s\" }}|{{ l|stringformat:\"s\" }}",
         "{\"s\":\"a\",\"n\":null,\"l\":[1]}", "|||a|None|[1]"},
        {"{{ m|stringformat:\"(a)s-%(b)03d\" }}|{{ m|stringformat:\"%\" }}|{{ "
         "s|stringformat:\"(a)s\" "
         "}}|{{ i|stringformat:\"*d\" }}",
         "{\"m\":{\"a\":\"x\",\"b\":5},\"s\":\"x\",\"i\":5}", "x-005|%||"},
        {"{{ s|stringformat:\"%5%\" }}|{{ s|stringformat:\"s %5%\" }}", S("1"), "|"},
        {"{{ m|stringformat:\"(c)s\" }}", "{\"m\":{\"a\":\"x\"}}", "KeyError: 'c'"},
        {"{{ a|stringformat:\"1000000000d\" }}", "{\"a\":1}",
         "OverflowError: the width and the precision of stringformat are limited to 16777216"},
        {"{{ a|stringformat:\".99999999999999999999f\" }}", "{\"a\":1}",
         "OverflowError: the width and the precision of stringformat are limited to 16777216"},
        {"{{ a|stringformat:\"c\" }}", "{\"a\":-1}",
         "OverflowError: %c arg not in range(0x110000)"},
        {"{{ a|stringformat:\"s\" }}|{{ a|stringformat:\"6s\" }}", "{\"a\":{\"$safe\":\"<b>\"}}",
         "<b>|   <b>"},
        {"{{ a|stringformat:\"d\" }}|{{ a|stringformat:\".30d\" }}",
         "{\"a\":{\"$decimal\":\"-12345678901234567890123.9\"}}",
         "-12345678901234567890123|-000000012345678901234567890123"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),       cmocka_unit_test(test_slice),
        cmocka_unit_test(test_sort),        cmocka_unit_test(test_unordered_list),
        cmocka_unit_test(test_nesting),     cmocka_unit_test(test_choices),
        cmocka_unit_test(test_integers),    cmocka_unit_test(test_filesizeformat),
        cmocka_unit_test(test_floatformat), cmocka_unit_test(test_stringformat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
