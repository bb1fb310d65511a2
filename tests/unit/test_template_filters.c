/* SPDX-License-Identifier: MIT */
/* Built-in filters of text and HTML, with and without escaping. */
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

static void test_case(void **state)
{
    static const struct world_case cases[] = {
        {"{{ s|upper }}|{{ s|lower }}|{{ s|title }}|{{ s|capfirst }}", S("\"hello WORLD\""),
         "HELLO WORLD|hello world|Hello World|Hello WORLD"},
        {"{{ s|upper }}|{{ s|lower }}|{{ s|title }}|{{ s|capfirst }}", S("\"éàß Ïx\""),
         "ÉÀSS ÏX|éàß ïx|Éàß Ïx|Éàß Ïx"},
        {"{{ s|upper }}|{{ s|lower }}|{{ s|title }}|{{ s|capfirst }}", S("\"\""), "|||"},
        {"{{ s|upper }}|{{ s|lower }}|{{ s|title }}|{{ s|capfirst }}", S("[\"a\", null]"),
         "[&#x27;A&#x27;, NONE]|[&#x27;a&#x27;, none]|[&#x27;A&#x27;, None]|[&#x27;a&#x27;, None]"},
        {"{{ s|title }}", S("\"joe's 2ND and ça va 'tis o'CLOCK\""),
         "Joe&#x27;s 2nd And Ça Va &#x27;Tis O&#x27;Clock"},
        {"{{ s|title }}|{{ s|upper }}", S("12.5"), "12.5|12.5"},
        /* Upper case is no HTML any more, lower case still is. */
        {"{{ s|upper }}|{{ s|lower }}", S("{\"$safe\":\"<B>&amp;</B>\"}"),
         "&lt;B&gt;&amp;AMP;&lt;/B&gt;|<b>&amp;</b>"},
        {"{% autoescape off %}{{ s|upper }}|{{ s|title }}{% endautoescape %}", S("\"<a>&\""),
         "<A>&|<A>&"},
        {"{{ s|capfirst }}", S("\"<a\""), "&lt;a"},
        {"{{ s|addslashes }}", S("\"\\\"a\\\" 'b' \\\\c\""),
         "\\&quot;a\\&quot; \\&#x27;b\\&#x27; \\\\c"},
        {"{{ s|addslashes }}", S("{\"$safe\":\"<a>'\"}"), "<a>\\'"},
        {"{{ s|phone2numeric }}", S("\"<1-800-COLLECT>\""), "&lt;1-800-2655328&gt;"},
        {"{{ s|phone2numeric }}", S("18"), "AttributeError: 'int' object has no attribute 'lower'"},
        {"{{ s|slugify }}", S("\" Jack & Jill, déjà_vu -- \\u00e9\\u2163 \""),
         "jack-jill-deja_vu-eiv"},
        {"{{ s|slugify }}|{{ n|slugify }}", "{\"s\":\"--_-\",\"n\":null}", "|none"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_padding(void **state)
{
    static const struct world_case cases[] = {
        {"[{{ s|ljust:5 }}][{{ s|rjust:5 }}][{{ s|center:5 }}][{{ s|center:6 }}]", S("\"<é\""),
         "[&lt;é   ][   &lt;é][  &lt;é ][  &lt;é  ]"},
        {"[{{ s|center:4 }}][{{ s|center:7 }}][{{ s|center:\"-1\" }}]", S("{\"$safe\":\"<b>\"}"),
         "[<b> ][  <b>  ][<b>]"},
        {"[{{ s|ljust:\"0\" }}][{{ s|rjust:2.9 }}]", S("5"), "[5][ 5]"},
        {"{{ s|ljust:s }}", S("\"x\""), "ValueError: invalid literal for int() with base 10: 'x'"},
        {"{{ s|center:n }}", "{\"s\":\"x\",\"n\":null}",
         "TypeError: int() argument must be a string, a bytes-like object or a real number, not "
         "'NoneType'"},
        {"{{ s|rjust:1000000000 }}", S("1"),
         "OverflowError: the argument of the filter 'rjust' is limited to 16777216 characters, "
         "not 1000000000"},
        {"{{ s|center:\"99999999999999999999\" }}", S("1"),
         "OverflowError: the argument of the filter 'center' is limited to 16777216 characters, "
         "not 9223372036854775807"},
        {"{{ s|cut:\"a\" }}|{{ s|cut:\"\" }}|{{ s|cut:\"aa\" }}|{{ s|cut:\"x\" }}", S("\"aaba&\""),
         "b&amp;|aaba&amp;|ba&amp;|aaba&amp;"},
        {"{{ s|cut:\"a\" }}|{{ s|cut:\";\" }}", S("{\"$safe\":\"&amp;\"}"), "&mp;|&amp;amp"},
        {"{{ s|cut:2 }}", S("123"), "TypeError: replace() argument 1 must be str, not int"},
        {"{{ s|cut:\"2\" }}", S("1232"), "13"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_words(void **state)
{
    static const struct world_case cases[] = {
        {"{{ s|wordcount }}|{{ t|wordcount }}|{{ u|wordcount }}",
         "{\"s\":\" a\\u00a0b\\u2003\\n c \",\"t\":\"\",\"u\":17}", "3|0|1"},
        {"{{ s|wordwrap:5 }}", S("\"aaa bb c dddddddd\\n  e\\n\""), "aaa\nbb c\ndddddddd\n  e\n"},
        {"{{ s|wordwrap:\"3\" }}", S("{\"$safe\":\"<a> <b>\"}"), "<a>\n<b>"},
        {"{{ s|wordwrap:0 }}", S("\"a\""), "ValueError: invalid width 0 (must be > 0)"},
        {"{{ s|wordwrap:0 }}", S("\"\""), ""},
        {"{{ s|wordwrap:99999999999999999999 }}", S("\"a b\""), "a b"},
        {"{{ s|truncatewords:2 }}|{{ s|truncatewords:3 }}|{{ s|truncatewords:0 }}",
         S("\"a  b\\n<c\""), "a b …|a b &lt;c|"},
        {"{{ s|truncatewords:\"x\" }}|{{ s|truncatewords:\"-1\" }}", S("\"a  b\""), "a  b|"},
        {"{{ s|truncatewords:1 }}", S("{\"$safe\":\"<b>x</b> y\"}"), "<b>x</b> …"},
        {"{{ s|truncatechars:3 }}|{{ s|truncatechars:4 }}|{{ s|truncatechars:1 }}", S("\"a&bc\""),
         "a&amp;…|a&amp;bc|…"},
        {"{{ s|truncatechars:3 }}|{{ s|truncatechars:0 }}|{{ s|truncatechars:\"\" }}",
         S("\"e\\u0301a\\u00dfcd\""),
         "\xc3\xa9"
         "a…||e\xcc\x81"
         "aßcd"},
        {"{{ s|truncatechars:n }}", "{\"s\":1,\"n\":null}",
         "TypeError: int() argument must be a string, a bytes-like object or a real number, not "
         "'NoneType'"},
        {"{{ s|truncatechars_html:3 }}|{{ s|truncatechars_html:9 }}",
         S("{\"$safe\":\"<p>one <b>two</b></p>\"}"), "<p>on…</p>|<p>one <b>two</b></p>"},
        {"{{ s|truncatewords_html:1 }}|{{ s|truncatewords_html:\"x\" }}",
         S("{\"$safe\":\"<p>one <b>two</b></p>\"}"), "<p>one <b> …</b></p>|<p>one <b>two</b></p>"},
        {"{{ s|truncatewords_html:1 }}", S("\"<p>one two\""), "&lt;p&gt;one …&lt;/p&gt;"},
        {"{{ s|truncatechars_html:99999999999999999999 }}", S("{\"$safe\":\"<i>a</i>\"}"),
         "<i>a</i>"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_escaping(void **state)
{
    static const struct world_case cases[] = {
        {"{{ s|escape }}|{{ s|escape|escape }}|{{ s|force_escape }}|{{ s|force_escape|escape }}",
         S("\"<'&\""), "&lt;&#x27;&amp;|&lt;&#x27;&amp;|&lt;&#x27;&amp;|&lt;&#x27;&amp;"},
        {"{{ s|escape }}|{{ s|force_escape }}|{{ s|safe }}", S("{\"$safe\":\"<&amp;\"}"),
         "<&amp;|&lt;&amp;amp;|<&amp;"},
        {"{% autoescape off %}{{ s|escape }}|{{ s|force_escape }}|{{ s }}{% endautoescape %}",
         S("\"<\""), "&lt;|&lt;|<"},
        {"{{ s|force_escape|force_escape }}", S("\"<\""), "&amp;lt;"},
        {"{{ s|safe }}|{{ n|safe }}|{{ l|safe }}", "{\"s\":\"<\",\"n\":null,\"l\":[\"<\"]}",
         "<|None|['<']"},
        {"{{ s|escapejs }}", S("\"<a b='\\\"`\\\\\\n\\u2028\\u007f\\u00e9\""),
         "\\u003Ca b\\u003D\\u0027\\u0022\\u0060\\u005C\\u000A\\u2028\\u007F\xc3\xa9"},
        {"{{ s|safeseq|join:\",\" }}|{{ s|escapeseq|join:\",\" }}", S("[\"<\",1,null]"),
         "<,1,None|&lt;,1,None"},
        {"{% autoescape off %}{{ s|escapeseq|join:\"&\" }}{% endautoescape %}",
         S("[\"<\",{\"$safe\":\"<\"}]"), "&lt;&<"},
        {"{{ s|safeseq }}", S("5"), "TypeError: 'int' object is not iterable"},
        {"{{ s|striptags }}", S("\"<b>a</b> <i\\n>b & c <\""), "a b &amp; c &lt;"},
        {"{{ s|striptags }}", S("{\"$safe\":\"<b>a</b>&amp;\"}"), "a&amp;"},
        {"{{ s|json_script:\"a<b\" }}", S("[\"</script>&\", 1]"),
         "<script id=\"a<b\" type=\"application/json\">[\"\\u003C/script\\u003E\\u0026\", 1]"
         "</script>"},
        {"{{ s|json_script:s }}", S("\"<\""),
         "<script id=\"&lt;\" type=\"application/json\">\"\\u003C\"</script>"},
        {"{{ s|json_script }}|{{ s|json_script:\"\" }}", S("\"x\""),
         "<script type=\"application/json\">\"x\"</script>|<script "
         "type=\"application/json\">\"x\"</script>"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_lines(void **state)
{
    static const struct world_case cases[] = {
        {"{{ s|linebreaks }}|{{ s|linebreaksbr }}", S("\"a\\nb<\\r\\n\\r\\rc\\n\""),
         "<p>a<br>b&lt;</p>\n\n<p>c<br></p>|a<br>b&lt;<br><br><br>c<br>"},
        {"{{ s|linebreaks }}|{{ s|linebreaksbr }}", S("\"\""), "<p></p>|"},
        {"{{ s|linebreaks }}", S("\"\\n\\na\""), "<p></p>\n\n<p>a</p>"},
        {"{{ s|linebreaks }}|{{ s|linebreaksbr }}", S("{\"$safe\":\"<\\n&\"}"),
         "<p><<br>&</p>|<<br>&"},
        {"{% autoescape off %}{{ s|linebreaks }}|{{ s|linebreaksbr }}|{{ s|linenumbers }}"
         "{% endautoescape %}",
         S("\"<\\n&\""), "<p><<br>&</p>|<<br>&|1. <\n2. &"},
        {"{{ s|linenumbers }}", S("\"<\\n\""), "1. &lt;\n2. "},
        {"{{ s|linenumbers }}", S("{\"$safe\":\"<a>\"}"), "1. <a>"},
        {"{{ s|linenumbers }}", S("\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n10\""),
         "01. 1\n02. 2\n03. 3\n04. 4\n05. 5\n06. 6\n07. 7\n08. 8\n09. 9\n10. 10"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void test_urls(void **state)
{
    static const struct world_case cases[] = {
        {"{{ s|urlencode }}|{{ s|urlencode:\"\" }}|{{ s|urlencode:\"&é/\" }}", S("\"/a b&é<\""),
         "/a%20b%26%C3%A9%3C|%2Fa%20b%26%C3%A9%3C|/a%20b&amp;%C3%A9%3C"},
        {"{{ s|iriencode }}", S("\"?é=a&b#c %20\\\"\""), "?%C3%A9=a&amp;b#c%20%20%22"},
        {"{{ s|iriencode }}", S("{\"$safe\":\"?a=b&c\"}"), "?a=b&c"},
        {"{{ s|urlize }}", S("\"see www.ex.com/?a&b <b>\""),
         "see <a href=\"https://www.ex.com/?a=&amp;b=\" rel=\"nofollow\">www.ex.com/?a&amp;b</a> "
         "&lt;b&gt;"},
        {"{{ s|urlize }}", S("{\"$safe\":\"<b>http://ex.com</b>\"}"),
         "<b><a href=\"http://ex.com\" rel=\"nofollow\">http://ex.com</a></b>"},
        {"{% autoescape off %}{{ s|urlize }}{% endautoescape %}", S("\"<b> a@ex.org\""),
         "<b> <a href=\"mailto:a@ex.org\">a@ex.org</a>"},
        {"{{ s|urlizetrunc:8 }}|{{ s|urlizetrunc:\"0\" }}", S("\"http://ex.com/abc\""),
         "<a href=\"http://ex.com/abc\" rel=\"nofollow\">http://…</a>|<a "
         "href=\"http://ex.com/abc\" rel=\"nofollow\">…</a>"},
        {"{{ s|urlizetrunc:\"x\" }}", S("\"a\""),
         "ValueError: invalid literal for int() with base 10: 'x'"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

/* Bytes that are no UTF-8 are characters, and nothing fails. */
static void test_invalid(void **state)
{
    static const char *const filters[] = {
        "addslashes",
        "capfirst",
        "escape",
        "escapejs",
        "first",
        "force_escape",
        "iriencode",
        "last",
        "length",
        "linebreaks",
        "linebreaksbr",
        "linenumbers",
        "lower",
        "make_list",
        "phone2numeric",
        "pprint",
        "random",
        "safe",
        "slugify",
        "striptags",
        "title",
        "upper",
        "urlencode",
        "urlize",
        "wordcount",
        "center:9",
        "cut:\"a\"",
        "ljust:9",
        "rjust:9",
        "slice:\"1:\"",
        "slice:\"::-1\"",
        "stringformat:\"5.2s\"",
        "stringformat:\"a\"",
        "truncatechars:2",
        "truncatechars_html:2",
        "truncatewords:1",
        "truncatewords_html:1",
        "urlizetrunc:3",
        "wordwrap:2",
        "join:\",\"",
        "unordered_list",
        "floatformat",
        "filesizeformat",
        "add:\"x\"",
        "date",
        "time",
        "pluralize",
        "yesno",
        "default:1",
    };
    struct world w;
    struct buf out = BUF_INIT;
    (void)state;
    world_init(&w);
    for (size_t i = 0; i < COUNT(filters); i++) {
        char source[200];
        snprintf(source, sizeof source,
                 "{%% with s=\"\xff"
                 "a\xe2\x82 \xf0\x9f<\xc3\" %%}{{ s|%s }}"
                 "{%% endwith %%}",
                 filters[i]);
        buf_reset(&out);
        if (world_render(&w, source, NULL, &out))
            fail_msg("%s: %s", filters[i], out.data);
    }
    buf_release(&out);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_case),    cmocka_unit_test(test_padding),
        cmocka_unit_test(test_words),   cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_urls),
        cmocka_unit_test(test_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
