/* SPDX-License-Identifier: MIT */
/* The built-in tags. */
#include "test.h"

#include "template_world.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void check(const struct world_case *cases, size_t n)
{
    struct world w;
    world_init(&w);
    world_add(&w, "changed", "{% ifchanged x %}{{ x }}{% endifchanged %}");
    world_add(&w, "cycle", "{% cycle 1 2 3 %}");
    assert_int_equal(world_check(&w, cases, n), 0);
    world_free(&w);
}

static void test_scope(void **state)
{
    static const struct world_case cases[] = {
        {"{% autoescape off %}{{ s }}{% autoescape on %}{{ s }}{% endautoescape %}{% endautoescape "
         "%}",
         "{\"s\":\"<\"}", "<&lt;"},
        {"{% autoescape %}", NULL,
         "TemplateSyntaxError: 'autoescape' tag requires exactly one argument."},
        {"{% autoescape yes %}", NULL,
         "TemplateSyntaxError: 'autoescape' argument should be 'on' or 'off'"},
        {"{% filter %}", NULL, "TemplateSyntaxError: 'filter' tag requires at least one filter"},
        {"{% spaceless %} <p> <a> x </a>\n</p> {% endspaceless %}", NULL, "<p><a> x </a></p>"},
        {"a{% comment \"note\" %}{{ x| }}{% nope %}{% endcomment %}b", NULL, "ab"},
        {"{% templatetag openblock %}{% templatetag closecomment %}", NULL, "{%#}"},
        {"{% templatetag x %}", NULL,
         "TemplateSyntaxError: Invalid templatetag argument: 'x'. Must be one of: ['openblock', "
         "'closeblock', 'openvariable', 'closevariable', 'openbrace', 'closebrace', "
         "'opencomment', 'closecomment']"},
        {"{% with %}", NULL,
         "TemplateSyntaxError: 'with' expected at least one variable assignment"},
        {"{% with a=1 b %}", NULL, "TemplateSyntaxError: 'with' received an invalid token: 'b'"},
        {"{% load nope %}", NULL,
         "TemplateSyntaxError: 'nope' is not a registered tag library. Must be one "
         "of:\ni18n\nl10n\ntz\nworld"},
        {"{% load localtime from tz %}{% localtime off %}{% endlocaltime %}", NULL, ""},
        {"{% load nope from tz %}", NULL,
         "TemplateSyntaxError: 'nope' is not a valid tag or filter in tag library 'tz'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_cycle(void **state)
{
    static const struct world_case cases[] = {
        {"{% for i in l %}{% cycle 'a' x '<' %}{% endfor %}", "{\"l\":[1,2,3,4],\"x\":\">\"}",
         "a&gt;<a"},
        {"{% cycle 'a' 'b' as c %}{% cycle c %}{% cycle c %}{{ c }}", NULL, "abaa"},
        {"{% cycle 'a' 'b' as c silent %}{{ c }}{% cycle c %}{{ c }}", NULL, "ab"},
        {"{% for i in l %}{% cycle 'a' 'b' as c silent %}{% with d=c %}{% for j in l %}{% cycle c "
         "%}{{ c }}{{ d }} {% endfor %}{% endwith %}{% endfor %}",
         "{\"l\":[1,2]}", "ba aa ab bb "},
        {"{% cycle 'a' 'b' 'c' as x %}{% resetcycle %}{% cycle x %}{% resetcycle x %}{% cycle x %}",
         NULL, "aaa"},
        {"{% for i in l %}{% include 'cycle' %}{% endfor %}", "{\"l\":[1,2]}", "11"},
        {"{% cycle %}", NULL, "TemplateSyntaxError: 'cycle' tag requires at least two arguments"},
        {"{% cycle a %}", NULL,
         "TemplateSyntaxError: No named cycles in template. 'a' is not defined"},
        {"{% cycle 1 2 as a %}{% cycle b %}", NULL,
         "TemplateSyntaxError: Named cycle 'b' does not exist"},
        {"{% cycle 1 2 as a loud %}", NULL,
         "TemplateSyntaxError: Only 'silent' flag is allowed after cycle's name, not 'loud'."},
        {"{% resetcycle %}", NULL, "TemplateSyntaxError: No cycles in template."},
        {"{% resetcycle a %}", NULL, "TemplateSyntaxError: Named cycle 'a' does not exist."},
        {"{% resetcycle a b %}", NULL,
         "TemplateSyntaxError: 'resetcycle' tag accepts at most one argument."},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_ifchanged(void **state)
{
    static const struct world_case cases[] = {
        {"{% for x in l %}{% ifchanged %}{{ x }}{% endifchanged %}{% endfor %}",
         "{\"l\":[1,1,2,2,1]}", "121"},
        {"{% for x in l %}{% ifchanged x.a x.b %}{{ x.a }}{{ x.b }} {% else %}same {% "
         "endifchanged %}{% endfor %}",
         "{\"l\":[{\"a\":1,\"b\":2},{\"a\":1,\"b\":2},{\"a\":1,\"b\":3}]}", "12 same 13 "},
        {"{% for x in l %}{% for y in x %}{% ifchanged y %}{{ y }}{% endifchanged %}{% endfor "
         "%},{% "
         "endfor %}",
         "{\"l\":[[1,1],[1,2]]}", "1,12,"},
        {"{% for x in l %}{% include 'changed' %}{% endfor %}", "{\"l\":[1,1,2]}", "12"},
        {"{% ifchanged %}a{% endifchanged %}", NULL, "a"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_data(void **state)
{
    static const struct world_case cases[] = {
        {"{% firstof a b '<x>' %}{% firstof a b %}{% firstof c %}", "{\"a\":0,\"c\":\"<\"}",
         "<x>&lt;"},
        {"{% firstof a as f %}[{{ f }}]{% firstof c as f %}{{ f }}", "{\"c\":\"<\"}", "[]&lt;"},
        {"{% firstof %}", NULL,
         "TemplateSyntaxError: 'firstof' statement requires at least one argument"},
        {"{% regroup l by k as g %}{% for x in g %}{{ x.grouper }}:{% for i in x.list %}{{ i.v "
         "}}{% endfor %}{{ x.list|length }};{% endfor %}",
         "{\"l\":[{\"k\":1,\"v\":\"a\"},{\"k\":1,\"v\":\"b\"},{\"k\":2,\"v\":\"c\"}]}",
         "1:ab2;2:c1;"},
        {"{% regroup l by k as g %}{% for x in g %}{{ x.grouper }}:{% for i in x.list %}{{ i.v "
         "}}{% endfor %};{% endfor %}{% for k, v in g %}{{ k }}{% endfor %}",
         "{\"l\":[{\"k\":1,\"v\":\"a\"},{\"k\":1,\"v\":\"b\"},{\"k\":2,\"v\":\"c\"}]}",
         "1:ab;2:c;12"},
        {"{% regroup nope by k as g %}[{{ g }}]", NULL, "[[]]"},
        {"{% regroup l by k %}", NULL, "TemplateSyntaxError: 'regroup' tag takes five arguments"},
        {"{% widthratio 1 3 100 %} {% widthratio 5 0 100 %} {% widthratio x 3 100 %} {% widthratio "
         "'2.5' 1 1 as w %}{{ w }} {% widthratio 1 2 -1 %}",
         NULL, "33 0  2 0"},
        {"{% widthratio 1 2 x %}", NULL,
         "TemplateSyntaxError: widthratio final argument must be a number"},
        {"{% now \"Y-m-d H:i\" %} {% now 'SHORT_DATE_FORMAT' as d %}[{{ d }}]", NULL,
         "2008-01-02 15:04 [01/02/2008]"},
        {"{% now %}", NULL, "TemplateSyntaxError: 'now' statement takes one argument"},
        {"{% lorem 3 w %}", NULL, "lorem ipsum dolor"},
        {"{% lorem x y z %}", NULL, "TemplateSyntaxError: Incorrect format for 'lorem' tag"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_local(void **state)
{
    static const struct world_case cases[] = {
        {"{% load l10n %}{{ x }} {% localize off %}{{ x }}{% localize on %} {{ x }}{% endlocalize "
         "%}{% endlocalize %}",
         "{\"x\":1e22}", "10000000000000000000000 1e+22 10000000000000000000000"},
        {"{% load tz %}{% timezone 'Europe/Paris' %}{{ t }}{% get_current_timezone as z %} {{ z "
         "}}{% localtime off %} {{ t }}{% endlocaltime %}{% endtimezone %} {{ t }}",
         "{\"t\":{\"$datetime\":\"2008-01-02T15:04:05Z\"}}",
         "Jan. 2, 2008, 4:04 p.m. Europe/Paris Jan. 2, 2008, 3:04 p.m. Jan. 2, 2008, 3:04 p.m."},
        {"{% load tz %}{% timezone 'Nowhere' %}{% endtimezone %}", NULL,
         "ZoneInfoNotFoundError: No time zone found with key Nowhere"},
        {"{% load tz %}{% get_current_timezone %}", NULL,
         "TemplateSyntaxError: 'get_current_timezone' requires 'as variable' (got "
         "['get_current_timezone'])"},
        {"{% load l10n %}{% localize yes %}", NULL,
         "TemplateSyntaxError: 'localize' argument should be 'on' or 'off'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_i18n(void **state)
{
#define I18N "{% load i18n %}"
    static const struct world_case cases[] = {
        {I18N "{% trans 'a%' %}{% translate x %}{% trans 'b' as c %}[{{ c }}]{% trans 'd' noop %}",
         "{\"x\":\"<\"}", "a%&lt;[b]d"},
        {I18N "{% blocktrans %}Hi {{ x }}, 100%{% endblocktrans %}", "{\"x\":\"<\"}",
         "Hi &lt;, 100%"},
        {I18N "{% blocktranslate with a=l.0 %}{{ a }}{{ nope }}{% endblocktranslate %}",
         "{\"l\":[7]}", "7"},
        {I18N "{% blocktrans count n=x %}one{% plural %}{{ n }} many{% endblocktrans %}",
         "{\"x\":1}", "one"},
        {I18N "{% blocktrans count n=x %}one{% plural %}{{ n }} many{% endblocktrans %}",
         "{\"x\":2}", "2 many"},
        {I18N "{% blocktrans trimmed asvar v %}\n  a\n\n  b \n{% endblocktrans %}[{{ v }}]", NULL,
         "[a b]"},
        {I18N "{% blocktrans count n=x %}{% plural %}{% endblocktrans %}", "{\"x\":\"s\"}",
         "TemplateSyntaxError: 'n' argument to 'blocktrans' tag must be a number."},
        {I18N "{% blocktrans %}{% if %}{% endblocktrans %}", NULL,
         "TemplateSyntaxError: 'blocktrans' doesn't allow other block tags (seen 'if') inside "
         "it"},
        {I18N "{% get_current_language as l %}{% get_current_language_bidi as b %}{{ l }}{{ b }}",
         NULL, "en-usFalse"},
        {I18N "{% get_language_info for 'de' as d %}{{ d.code }} {{ d.name_local }} {{ d.bidi }}",
         NULL, "de Deutsch False"},
        {I18N "{% get_language_info_list for l as d %}{% for x in d %}{{ x.name }} {% endfor %}",
         "{\"l\":[\"ar\",[\"fr\",\"x\"]]}", "Arabic French "},
        {I18N "{% get_available_languages as l %}{% for c, n in l %}{{ c }} {{ n }}{% endfor %}",
         NULL, "en-us English"},
        {I18N "{% language 'de' %}{% get_current_language as l %}{{ l }}{% endlanguage %}{{ l }}",
         NULL, "dede"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scope),     cmocka_unit_test(test_cycle),
        cmocka_unit_test(test_ifchanged), cmocka_unit_test(test_data),
        cmocka_unit_test(test_local),     cmocka_unit_test(test_i18n),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
