/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "value/html.h"

#include <time.h>

#define check(want, call)                                                                          \
    do {                                                                                           \
        struct buf out = BUF_INIT;                                                                 \
        call;                                                                                      \
        assert_str(buf_str(&out), want);                                                           \
        buf_release(&out);                                                                         \
    } while (0)

static void test_escape(void **state)
{
    (void)state;
    check("&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;", html_escape(&out, STR("<a href='x'>&\"")));
    check("\xc3\xa9 plain", html_escape(&out, STR("\xc3\xa9 plain")));
    check("", html_escape(&out, STR_NULL));
    assert_true(html_needs_escape(STR("a>b")));
    assert_false(html_needs_escape(STR("a=b;")));
    check("\\u003Cb\\u003E \\u0027\\u0022\\u005C\\u000A\\u2028\\u0085\\u003D\\u002D\\u003B\\u0060",
          html_escapejs(&out, STR("<b> '\"\\\n\xe2\x80\xa8\xc2\x85=-;`")));
    check("{\"a\":\"\\u003C/script\\u003E\\u0026\"}",
          html_escape_json(&out, STR("{\"a\":\"</script>&\"}")));
}

static void test_unescape(void **state)
{
    (void)state;
    check("<&>\"'", html_unescape(&out, STR("&lt;&amp;&gt;&quot;&#x27;")));
    check("\xc3\xa9\xc3\xa9;x", html_unescape(&out, STR("&eacute;&eacute;;x")));
    check("\xc3\xa9x &nosuch; & &;", html_unescape(&out, STR("&eacutex &nosuch; & &;")));
    check("A\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd|", /* and nothing for a noncharacter */
          html_unescape(&out, STR("&#65;&#x80&#0;&#x110000;&#xFFFE;|")));
    check("\xe2\x88\xbe\xcc\xb3", html_unescape(&out, STR("&acE;"))); /* two code points */
    check("\xe2\x88\xb3", html_unescape(&out, STR("&CounterClockwiseContourIntegral;")));
    check("&#;&#x;&#xg", html_unescape(&out, STR("&#;&#x;&#xg")));
    check("\xef\xbf\xbd", html_unescape(&out, STR("&#99999999999999999999999;")));
}

static void test_strip_spaces(void **state)
{
    (void)state;
    check("<p>a </p><p> b</p> ", html_strip_spaces(&out, STR("<p>a </p>\n \t<p> b</p> ")));
    check(" > x", html_strip_spaces(&out, STR(" > x")));
    check(">", html_strip_spaces(&out, STR(">")));
    check("><", html_strip_spaces(&out, STR(">\xe2\x80\x83<")));
}

static void strips(const char *from, const char *want)
{
    struct err e;
    check(want, assert_int_equal(html_strip_tags(&out, str_from(from), &e), 0));
}

static void test_strip_tags(void **state)
{
    (void)state;
    strips("", "");
    strips("a < b & c > d", "a < b & c > d");
    strips("<p>x <b>y</b></p><br/>z", "x yz");
    strips("<a href='>'>x</a>", "x");
    strips("<a href=\"1\" title='\"'>x</a>", "x");
    strips("x<!-- a > b -- >y", "xy");
    strips("x<!DOCTYPE html><?pi?>y", "xy");
    strips("x<![CDATA[<b>]]>y<![if IE]>z", "xyz");
    strips("x<![nonsense[a]]>y", "xy");
    strips("a<script>if (a<b && c) { }</script>b", "aif (a<b && c) { }b");
    strips("a<script>never closed <b>x", "a");
    strips("<sc<b>ript>x</script>", "ript>x");
    strips("&lt;b&gt; &#65; &amp", "&lt;b&gt; &#65; &amp"); /* no tag: nothing is parsed */
    strips("<b>&lt;i&gt; &#65; &copy", "&lt;i&gt; &#65; &copy");
    strips("<b>&ampx y", "&ampx; y");
    strips("</ p>x</>y</1>z", "xyz");
    strips("<a/b='c'>x", "x");
    strips("<a b='>x", "<a b='>x");
    strips("<div", "<div");
    strips("x<", "x<");
    strips("<\xc3\xa9>x", "<\xc3\xa9>x");
}

static void refuses(struct buf *text)
{
    struct err e;
    struct buf out = BUF_INIT;
    buf_adds(&out, "kept");
    assert_int_equal(html_strip_tags(&out, buf_str(text), &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
    assert_string_equal(out.data, "kept");
    buf_release(&out);
    buf_release(text);
}

static void repeat(struct buf *b, const char *unit, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_adds(b, unit);
}

static void test_strip_tags_attacks(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    repeat(&b, "<", 51);
    repeat(&b, "a>", 51);
    refuses(&b); /* tags in tags */
    repeat(&b, "<a", 501);
    buf_adds(&b, ">");
    refuses(&b);
    buf_adds(&b, ">");
    repeat(&b, "<a ", 40000);
    refuses(&b);
    /* Each tag here has an end for the first search, and none by its quotes. */
    repeat(&b, "<a x=\">\" ", 20000);
    buf_adds(&b, "y=\"");
    refuses(&b);
}

#define truncates(want, kind, text, n, mark)                                                       \
    check(want, assert_int_equal(html_truncate_##kind(&out, str_from(text), n, mark, NULL), 0))

static void test_truncate_chars(void **state)
{
    (void)state;
    const char *fox = "<p id=\"par\"><b>The quick brown fox</b> jumped.</p>";
    truncates(fox, chars, fox, 80, STR_NULL);
    truncates("<p id=\"par\"><b>The quick\xe2\x80\xa6</b></p>", chars, fox, 10, STR_NULL);
    truncates("<p id=\"par\"><b>The quick </b></p>", chars, fox, 10, STR(""));
    truncates("<p id=\"par\"><b>\xe2\x80\xa6</b></p>", chars, fox, 1, STR_NULL);
    truncates("", chars, fox, 0, STR_NULL);
    truncates("<br>a<hr/>b\xe2\x80\xa6", chars, "<br>a<hr/>bcdef", 3, STR_NULL);
    truncates("<p/></p>a\xe2\x80\xa6", chars, "<p/>abc", 2, STR_NULL);
    truncates("a &lt; b", chars, "a &lt; b", 6, STR_NULL);
    truncates("&lt;&amp;\xe2\x80\xa6", chars, "&lt;&amp;&gt;x", 3, STR_NULL);
    truncates("abc", chars, "abc", 3, STR_NULL);
}

static void test_truncate_words(void **state)
{
    (void)state;
    truncates("<p>one <b>two\xe2\x80\xa6</b></p>", words, "<p>one <b>two three</b> four</p>", 2,
              STR_NULL);
    truncates("<p>one two</p>", words, "<p>one\n two</p>", 5, STR_NULL);
    truncates("a b [more]", words, "a b c", 2, STR(" [more]"));
    truncates("<i>a</i>\xe2\x80\xa6", words, "<i>a</i> b", 1, STR_NULL);
    truncates("", words, "a b", 0, STR_NULL);
    truncates("xy", words, "x<!-- c -->y", 5, STR_NULL);
}

static void urlizes(const char *from, const char *want, const struct html_urlize *o)
{
    check(want, html_urlize(&out, str_from(from), o));
}

static void test_urlize(void **state)
{
    (void)state;
    struct html_urlize o = {.trim_url_limit = -1};
    urlizes("Go to www.example.com.",
            "Go to <a href=\"https://www.example.com\">www.example.com</a>.", &o);
    urlizes("(see http://e.com/a_(b))",
            "(see <a href=\"http://e.com/a_(b)\">http://e.com/a_(b)</a>)", &o);
    urlizes("info@example.org, x@y",
            "<a href=\"mailto:info@example.org\">info@example.org</a>, x@y", &o);
    urlizes("ex.com/?a=1&amp;b=2;",
            "<a href=\"https://ex.com/?a=1&amp;b=2\">ex.com/?a=1&amp;b=2</a>;", &o);
    urlizes(
        "e[x.Org a.b/c.net/@ x.com ex.come a@b.com/ ex.de",
        "<a href=\"https://e[x.Org\">e[x.Org</a> <a href=\"https://a.b/c.net/@\">a.b/c.net/@</a> "
        "x.com ex.come a@b.com/ ex.de",
        &o);
    o.http = true;
    urlizes(
        "www.e.com https://e.com",
        "<a href=\"http://www.e.com\">www.e.com</a> <a href=\"https://e.com\">https://e.com</a>",
        &o);
    o.http = false;
    urlizes("javascript:alert(1) data:x ftp://e.de", "javascript:alert(1) data:x ftp://e.de", &o);
    urlizes("http:// www http://", "http:// www http://", &o);
    urlizes("-e.com httpx.com", "-e.com httpx.com", &o);
    urlizes("", "", &o);
    o = (struct html_urlize){.trim_url_limit = 10, .nofollow = true, .autoescape = true};
    urlizes("<b>http://example.com/?a=b&c=1</b>",
            "&lt;b&gt;<a href=\"http://example.com/?a=b&amp;c=1\" "
            "rel=\"nofollow\">http://ex\xe2\x80\xa6"
            "</a>&lt;/b&gt;",
            &o);
    urlizes("a@b.com & \"x\"", "<a href=\"mailto:a@b.com\">a@b.com</a> &amp; &quot;x&quot;", &o);
    o.safe = true;
    urlizes("<i>ex.com</i>", "<i><a href=\"https://ex.com\" rel=\"nofollow\">ex.com</a></i>", &o);
}

/* Seconds of CPU for n bytes of `unit` through everything that reads text of users. */
static double seconds_for(const char *unit, size_t n)
{
    struct buf text = BUF_INIT, out = BUF_INIT;
    struct html_urlize o = {.trim_url_limit = 15, .autoescape = true};
    repeat(&text, unit, n / strlen(unit));
    struct str s = buf_str(&text);
    clock_t start = clock();
    html_escape(&out, s);
    html_escapejs(&out, s);
    html_unescape(&out, s);
    html_strip_spaces(&out, s);
    html_strip_tags(&out, s, NULL);
    html_truncate_chars(&out, s, n, STR_NULL, NULL);
    html_truncate_words(&out, s, n, STR_NULL, NULL);
    html_urlize(&out, s, &o);
    buf_release(&text);
    buf_release(&out);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Ten times the text, ten times the time: 30 leaves room for a busy machine, and is
 * far from the 100 of a scan that is not linear. */
static void test_linear(void **state)
{
    (void)state;
    static const char *const units[] = {
        "a",
        "<",
        "&",
        ";",
        "((",
        "([",
        ":",
        ".",
        "&:;",
        "&.;",
        "</",
        "<!--",
        "<![cdata[",
        "<!",
        "<?",
        "&#",
        "&#x",
        "&amp",
        "<a ",
        "<a x='",
        "<a>",
        "<script>",
        "a@",
        "www.a",
        "http://a",
        "> ",
        "--  ",
        "]] ",
        "'\"",
        "\xcc\x81\xcc\xa7",
        "<a x=\">\" y=\"",
        "&lt;;",
        "<p/>",
        "</p\t",
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double small = seconds_for(units[i], 20000), big = seconds_for(units[i], 200000);
        if (big > 0.1 && big > small * 30)
            fail_msg("'%s': %.4f s for 20 KB, %.4f s for 200 KB", units[i], small, big);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_strip_spaces),
        cmocka_unit_test(test_strip_tags),
        cmocka_unit_test(test_strip_tags_attacks),
        cmocka_unit_test(test_truncate_chars),
        cmocka_unit_test(test_truncate_words),
        cmocka_unit_test(test_urlize),
        cmocka_unit_test(test_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
