/* SPDX-License-Identifier: MIT */
/* The template language: tokens, expressions, values, variables. */
#include "test.h"

#include "template_world.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void check(const struct world_case *cases, size_t n)
{
    struct world w;
    world_init(&w);
    assert_int_equal(world_check(&w, cases, n), 0);
    world_free(&w);
}

static void test_tokens(void **state)
{
    static const struct world_case cases[] = {
        {"plain", NULL, "plain"},
        {"", NULL, ""},
        {"a{# no } {{ x }} #}b", NULL, "ab"},
        {"{{ x\n }}", NULL, "{{ x\n }}"},
        {"{ {x} % }{", NULL, "{ {x} % }{"},
        {"{{{ x }}}", "{\"x\":1}",
         "TemplateSyntaxError: Could not parse the remainder: '{ x' "
         "from '{ x'"},
        {"{%verbatim%}{{ x }}{% if %}{%endverbatim%}{{ x }}", "{\"x\":1}", "{{ x }}{% if %}1"},
        {"{% verbatim a %}{% endverbatim %}{{ {% endverbatim a %} }}{% endverbatim a %}", NULL,
         "{% endverbatim %}{{ {% endverbatim a %} }}"},
        {"{{ }}", NULL, "TemplateSyntaxError: Empty variable tag on line 1"},
        {"\n{% %}", NULL, "TemplateSyntaxError: Empty block tag on line 2"},
        {"{% nope %}", NULL,
         "TemplateSyntaxError: Invalid block tag on line 1: 'nope'. Did you forget to register "
         "or load this tag?"},
        {"{% if x %}{% endfor %}", NULL,
         "TemplateSyntaxError: Invalid block tag on line 1: 'endfor', expected 'elif', 'else' or "
         "'endif'. Did you forget to register or load this tag?"},
        {"{% if x %}\n", NULL,
         "TemplateSyntaxError: Unclosed tag on line 1: 'if'. Looking for one of: elif, else, "
         "endif."},
        {"{% comment %}", NULL,
         "TemplateSyntaxError: Unclosed tag on line 1: 'comment'. Looking for one of: "
         "endcomment."},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_expressions(void **state)
{
    static const struct world_case cases[] = {
        {"{{ \"a\\\"b\" }}{{ 'c\\'d' }}{{ '\\\\' }}", NULL, "a\"bc'd\\"},
        {"{{ \"<b>\" }}{{ _('<i>') }}{{ _(\"100%\") }}", NULL, "<b><i>100%%"},
        {"{{ 1 }} {{ -5 }} {{ +5 }} {{ 1.5 }} {{ 1e3 }} {{ .5 }} {{ 1_000 }}", NULL,
         "1 -5 5 1.5 1000.0 0.5 1000"},
        {"{{ 99999999999999999999 }}", NULL, "99999999999999999999"},
        {"{{ a.b.0.c }}", "{\"a\":{\"b\":[{\"c\":\"<x>\"}]}}", "&lt;x&gt;"},
        {"{{ a.b.1 }}{{ a.x }}{{ a.b.c.d }}{{ y }}|{{ 2. }}", "{\"a\":{\"b\":[1]}}", "|"},
        {"{{ True }}{{ False }}{{ None }}{{ t }}{{ f }}{{ n }}",
         "{\"t\":true,\"f\":false,\"n\":null}", "TrueFalseNoneTrueFalseNone"},
        {"{{ True }}", "{\"True\":\"mine\"}", "mine"},
        {"{{ f }}{{ g.h }}{{ a }}|",
         "{\"f\":{\"$call\":1},\"g\":{\"h\":{\"$call\":{\"$call\":2}}},"
         "\"a\":{\"$alters\":3}}",
         "1&lt;function&gt;|"},
        {"{{ f }}", "{\"f\":{\"$fail\":\"boom\"}}", "host: boom"},
        {"{{ _x }}", NULL,
         "TemplateSyntaxError: Variables and attributes may not begin with underscores: '_x'"},
        {"{{ x._y }}", NULL,
         "TemplateSyntaxError: Variables and attributes may not begin with underscores: 'x._y'"},
        {"{{ x y }}", NULL, "TemplateSyntaxError: Could not parse the remainder: ' y' from 'x y'"},
        {"{{ x>y|upper }}", NULL,
         "TemplateSyntaxError: Could not parse some characters: x|>y||upper"},
        {"{{ |upper }}", NULL, "TemplateSyntaxError: Could not find variable at start of |upper."},
        {"{{ 'x }}", NULL, "TemplateSyntaxError: Could not parse the remainder: ''x' from ''x'"},
        {"{{ x|nope }}", NULL, "TemplateSyntaxError: Invalid filter: 'nope'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_values(void **state)
{
    static const struct world_case cases[] = {
        {"{{ l }}|{{ m }}", "{\"l\":[1,\"a\",null],\"m\":{\"k\":2.5}}",
         "[1, &#x27;a&#x27;, None]|{&#x27;k&#x27;: 2.5}"},
        {"{{ d }} {{ t }} {{ dt }}",
         "{\"d\":{\"$date\":\"2008-01-02\"},\"t\":{\"$time\":\"15:04:05\"},"
         "\"dt\":{\"$datetime\":\"2008-01-02T15:04:05+01:00\"}}",
         "Jan. 2, 2008 3:04 p.m. Jan. 2, 2008, 2:04 p.m."},
        {"{{ d }} {{ e }} {{ f }}",
         "{\"d\":{\"$decimal\":\"1.50\"},\"e\":1e22,\"f\":{\"$seconds\":90061}}",
         "1.50 10000000000000000000000 1 day, 1:01:01"},
        {"{{ s }}{% autoescape off %}{{ s }}{% endautoescape %}{{ h }}",
         "{\"s\":\"<&>\",\"h\":{\"$safe\":\"<b>\"}}", "&lt;&amp;&gt;<&><b>"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_invalid(void **state)
{
    struct world w;
    static const struct world_case plain[] = {
        {"{{ x }}{{ x.y }}{% if x %}a{% endif %}", NULL, "??"},
        {"{{ a.b }}", "{\"a\":{\"$alters\":1}}", "?"},
    };
    static const struct world_case named[] = {
        {"{{ x }}{{ x.y }}", NULL, "<x><x.y>"},
    };
    (void)state;
    world_init(&w);
    w.options.string_if_invalid = STR("?");
    assert_int_equal(world_check(&w, plain, COUNT(plain)), 0);
    world_free(&w);
    world_init(&w);
    w.options.string_if_invalid = STR("<%s>");
    w.autoescape = false;
    assert_int_equal(world_check(&w, named, COUNT(named)), 0);
    world_free(&w);
}

static void test_flow(void **state)
{
    static const struct world_case cases[] = {
        {"{% for x in l %}{{ x }}{% if not forloop.last %},{% endif %}{% endfor %}",
         "{\"l\":[1,2,3]}", "1,2,3"},
        {"{% for x in l reversed %}{{ forloop.counter }}{{ forloop.revcounter0 }}{{ x }} "
         "{% empty %}none{% endfor %}",
         "{\"l\":[\"a\",\"b\"]}", "11b 20a "},
        {"{% for x in l %}{% empty %}none{% endfor %}", "{\"l\":[]}", "none"},
        {"{% for x in nope %}{% empty %}none{% endfor %}", NULL, "none"},
        {"{% for k, v in m.items %}{{ k }}={{ v }};{% endfor %}", "{\"m\":{\"a\":1,\"b\":2}}",
         "a=1;b=2;"},
        {"{% for a,b in l %}{% endfor %}", "{\"l\":[[1]]}",
         "ValueError: Need 2 values to unpack in for loop; got 1. "},
        {"{% for c in s %}[{{ c }}]{% endfor %}", "{\"s\":\"h\\u00e9\"}", "[h][\xc3\xa9]"},
        {"{% for x in n %}{% endfor %}", "{\"n\":5}", "TypeError: 'int' object is not iterable"},
        {"{% for x in l %}{% for y in l %}{{ forloop.parentloop.counter }}{{ forloop.counter }} "
         "{% endfor %}{% endfor %}",
         "{\"l\":[1,2]}", "11 12 21 22 "},
        {"{% if a or b and not c %}y{% else %}n{% endif %}", "{\"b\":1,\"c\":1}", "n"},
        {"{% if 1 in l %}a{% endif %}{% if 'b' not in s %}b{% endif %}{% if a == b %}c{% endif %}",
         "{\"l\":[1],\"s\":\"abc\"}", "ac"},
        {"{% if 2 >= 1.5 and 'a' < 'b' and None is None and x is not None %}y{% endif %}",
         "{\"x\":0}", "y"},
        {"{% if a.b.c > 3 %}y{% elif 3 %}z{% endif %}", NULL, "z"},
        {"{% if %}", NULL, "TemplateSyntaxError: Unexpected end of expression in if tag."},
        {"{% if == %}", NULL,
         "TemplateSyntaxError: Not expecting '==' in this position in if tag."},
        {"{% if a not b %}", NULL,
         "TemplateSyntaxError: Not expecting 'not' as infix operator in if tag."},
        {"{% if a b %}", NULL, "TemplateSyntaxError: Unused 'b' at end of if expression."},
        {"{% with a=1 b=c %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{\"c\":2}", "12"},
        {"{% with c as b and 3 as d %}{{ b }}{{ d }}{% endwith %}", "{\"c\":2}", "23"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_inheritance(void **state)
{
    static const struct world_case cases[] = {
        {"{% extends 'base' %}{% block a %}A{{ block.super }}{% endblock %}", NULL, "[Aa|b]"},
        {"{% extends 'mid' %}{% block b %}B{{ block.super }}{% endblock b %}", NULL, "[MaM|Bb]"},
        {"{% extends name %}", "{\"name\":\"base\"}", "[a|b]"},
        {"{% extends 'self' %}", NULL, "2:self"},
        {"{% extends 'loop' %}", NULL, "TemplateDoesNotExist: loop"},
        {"{% extends 'missing' %}", NULL, "TemplateDoesNotExist: missing"},
        {"{% extends nope %}", NULL,
         "TemplateSyntaxError: Invalid template name in 'extends' tag: ''. Got this from the "
         "'nope' variable."},
        {"{% block x %}{% endblock %}{% extends 'base' %}", NULL,
         "TemplateSyntaxError: {% extends 'base' %} must be the first tag in the template."},
        {"{% include 'inc' with x=1 %}{% include 'inc' only %}", "{\"x\":5,\"y\":6}", "(16)()"},
        {"{% include list %}", "{\"x\":1,\"y\":2,\"list\":[\"nope\",\"inc\"]}", "(12)"},
        {"{% include list %}", "{\"list\":[\"nope\",\"no\"]}", "TemplateDoesNotExist: nope, no"},
        {"{% include nothing %}", NULL, "TemplateDoesNotExist: No template names provided"},
        {"{% include 'dir/rel' %}", NULL, "sibling"},
        {"{% include 'endless' %}", NULL,
         "RecursionError: Templates include one another more than 100 deep."},
        {"{% partialdef p %}<{{ x }}>{% endpartialdef p %}{% partial p %}{% partial p %}",
         "{\"x\":1}", "<1><1>"},
        {"{% partialdef p inline %}!{% endpartialdef %}", NULL, "!"},
        {"{% include 'parts#p' %}", "{\"x\":1}", "part 1"},
        {"{% include 'parts#q' %}", NULL, "TemplateDoesNotExist: q"},
    };
    struct world w;
    (void)state;
    world_init(&w);
    world_add(&w, "base", "[{% block a %}a{% endblock %}|{% block b %}b{% endblock %}]");
    world_add(&w, "mid", "{% extends 'base' %}{% block a %}M{{ block.super }}M{% endblock %}");
    world_add(&w, "self", "{% extends 'self' %}");
    world_add(&w, "2:self", "2:self");
    world_add(&w, "loop", "{% extends 'loop' %}");
    world_add(&w, "inc", "({{ x }}{{ y }})");
    world_add(&w, "dir/rel", "{% include './sibling' %}");
    world_add(&w, "dir/sibling", "sibling");
    world_add(&w, "endless", "{% include 'endless' %}");
    world_add(&w, "parts", "{% partialdef p %}part {{ x }}{% endpartialdef %}");
    assert_int_equal(world_check(&w, cases, COUNT(cases)), 0);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens), cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_values), cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_flow),   cmocka_unit_test(test_inheritance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
