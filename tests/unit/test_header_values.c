/* SPDX-License-Identifier: MIT */
/* Parameters of headers, Accept, dates, Content-Disposition, content types, base 36. */
#include "test.h"

#include "http/accept.h"
#include "http/base36.h"
#include "http/disposition.h"
#include "http/http_date.h"
#include "http/mime.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* ---- parameters ---- */

static void assert_params(const char *line, const char *want)
{
    struct header_params h;
    struct buf out = BUF_INIT;
    assert_int_equal(header_params_parse(&h, &arena, str_from(line), 0, NULL), 0);
    buf_addstr(&out, h.value);
    for (size_t i = 0; i < h.n; i++)
        buf_addf(&out, "|%s=%s", h.items[i].name.p, h.items[i].value.p);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void parameters(void **state)
{
    (void)state;
    assert_params("", "");
    assert_params("Text/HTML", "text/html");
    assert_params(" text/html ; Charset = UTF-8 ;", "text/html|charset=UTF-8");
    assert_params("text/html;charset=\"utf-8\"", "text/html|charset=utf-8");
    assert_params("a; x=\"b;c\"; y=2", "a|x=b;c|y=2");
    assert_params("a; x=\"q\\\"uo\\\\te\\d\"", "a|x=q\"uo\\te\\d");
    assert_params("a; flag; =1; x=", "a|flag=|x=");
    assert_params("a; x=1=2", "a|x=1=2");
    assert_params("a; x=\"open; y=2", "a|x=\"open; y=2");
    assert_params("a; x=\"", "a|x=\"");
    assert_params(";x=1", "|x=1");
}

static void extended_parameters(void **state)
{
    struct header_params h;
    (void)state;
    assert_params("a; t*=UTF-8''%e2%82%ac%20x", "a|t=\xe2\x82\xac x");
    assert_params("a; t*=utf-8'en'x'y", "a|t=x'y");
    assert_params("a; t*=iso-8859-1''%e9", "a|t=\xc3\xa9");
    assert_params("a; t*=nonsense''%ff", "a|t=\xef\xbf\xbd");
    assert_params("a; t*='x", "a|t='x");
    assert_params("a; t*=%zz", "a|t=%zz");
    assert_params("a; t*0=one; t*1=\" two\"; u=3", "a|u=3|t=one two");
    assert_params("a; t*1=b; t*0*=utf-8''%61; t*3=lost", "a|t=ab");
    assert_params("a; t=plain; t*=utf-8''better", "a|t=plain|t=better");
    assert_params("a; t*x=1; t*99=2", "a|t*x=1|t*99=2");
    assert_params("a; *=1; *0=2; *1*=3", "a");
    assert_int_equal(header_params_parse(&h, &arena, STR("a; t=plain; t*=utf-8''better"), 0, NULL),
                     0);
    assert_str(header_params_get(&h, STR("t")), "better");
    assert_null(header_params_get(&h, STR("u")).p);
}

static void parameters_are_limited(void **state)
{
    struct header_params h;
    struct err e;
    struct buf line = BUF_INIT;
    (void)state;
    for (int i = 0; line.n < HEADER_PARAMS_MAX; i++)
        buf_addf(&line, ";t*%d=x\"", i % 70);
    buf_cut(&line, HEADER_PARAMS_MAX);
    assert_int_equal(header_params_parse(&h, &arena, buf_str(&line), 0, &e), 0);
    buf_addc(&line, 'x');
    assert_int_equal(header_params_parse(&h, &arena, buf_str(&line), 0, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_int_equal(header_params_parse(&h, &arena, STR("abc"), 2, &e), -1);
    buf_release(&line);
}

/* ---- Accept ---- */

static int preferred(const char *header, const char *a, const char *b)
{
    struct accept acc;
    const struct str types[] = {str_from(a), str_from(b)};
    accept_parse(&acc, &arena, str_from(header));
    return accept_preferred(&acc, &arena, types, b ? 2 : 1);
}

static void accepting(void **state)
{
    (void)state;
    assert_int_equal(preferred(NULL, "a/b", NULL), 0);
    assert_int_equal(preferred("", "a/b", NULL), -1);
    assert_int_equal(preferred("*/*", "a/b", "c/d"), 0);
    assert_int_equal(preferred("text/*", "text/plain", NULL), 0);
    assert_int_equal(preferred("text/*", "image/png", NULL), -1);
    assert_int_equal(preferred("text/html", "TEXT/HTML", NULL), 0);
    assert_int_equal(preferred("text/html;q=0", "text/html", NULL), -1);
    assert_int_equal(preferred("text/html;q=0.000", "text/html", NULL), -1);
    assert_int_equal(preferred("text/html;q=0.001", "text/html", NULL), 0);
    assert_int_equal(preferred("a/b;q=0.5, c/d;q=0.6", "a/b", "c/d"), 1);
    assert_int_equal(preferred("a/b;q=zzz, c/d;q=0.9", "c/d", "a/b"), 1);
    assert_int_equal(preferred("a/b;q=7, c/d;q=0.9", "c/d", "a/b"), 1);
    assert_int_equal(preferred("a/*, c/d", "a/b", "c/d"), 1); /* more specific */
    assert_int_equal(preferred("a/b;v=1", "a/b", NULL), -1);
    assert_int_equal(preferred("a/b;v=1", "a/b;v=1", NULL), 0);
    assert_int_equal(preferred("a/b;v=1", "a/b;v=2", NULL), -1);
    assert_int_equal(preferred("a/b;v=1;w=2", "a/b;w=2;v=1", NULL), 0);
    assert_int_equal(preferred("a/b", "a/b;v=1", NULL), 0);
    assert_int_equal(preferred("nonsense, a/b", "a/b", "nonsense"), 0);
    assert_int_equal(preferred(",,a/b,,", "a/b", NULL), 0);
}

static void encodings(void **state)
{
    (void)state;
#define QUALITY(header, coding) (int)(1000 * accept_encoding_quality(header, STR(coding)))
    assert_int_equal(QUALITY(STR("gzip, deflate, br"), "gzip"), 1000);
    assert_int_equal(QUALITY(STR("GZIP;q=0.5"), "gzip"), 500);
    assert_int_equal(QUALITY(STR("gzip;q=0"), "gzip"), 0);
    assert_int_equal(QUALITY(STR("gzip; q=0, *"), "gzip"), 0);
    assert_int_equal(QUALITY(STR("br, *;q=0.1"), "gzip"), 100);
    assert_int_equal(QUALITY(STR("br"), "gzip"), 0);
    assert_int_equal(QUALITY(STR("x-gzip"), "gzip"), 0);
    assert_int_equal(QUALITY(STR_NULL, "gzip"), 0);
    assert_int_equal(QUALITY(STR_NULL, "identity"), 1000);
    assert_int_equal(QUALITY(STR("gzip"), "identity"), 1000);
    assert_int_equal(QUALITY(STR("gzip, *;q=0"), "identity"), 0);
    assert_int_equal(QUALITY(STR("identity;q=0"), "identity"), 0);
}

static void assert_languages(const char *header, const char *want)
{
    struct accept_language l[4];
    struct buf out = BUF_INIT;
    size_t n = accept_language_parse(l, 4, &arena, str_from(header));
    for (size_t i = 0; i < n; i++)
        buf_addf(&out, "%s%.*s:%g", i ? " " : "", STR_ARG(l[i].tag), l[i].quality);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void languages(void **state)
{
    char *longer = arena_printf(&arena, "de,%0600d", 1);
    (void)state;
    assert_languages(NULL, "");
    assert_languages("", "");
    assert_languages("en-us,en;q=0.8,bn;q=0.6,ar;q=0.4,de", "en-us:1 de:1 en:0.8 bn:0.6");
    assert_languages("de-AT , DE ; q=0.5", "de-at:1 de:0.5");
    assert_languages("*", "*:1");
    assert_languages("de;q=0.", "de:0");
    assert_languages("es-419,de;q=1.000", "es-419:1 de:1");
    assert_languages("en,", "en:1");
    assert_languages("en-gb;q=1.0000", "");
    assert_languages("en;q=0.1234", "");
    assert_languages("da, en-gb;q=0.25;", "");
    assert_languages("xxxxxxxxx", "");
    assert_languages("419", "");
    assert_languages("en-", "");
    assert_languages("en;q=1.5", "");
    assert_languages(";q=1.0", "");
    assert_languages("en us", "");
    assert_languages(longer, "de:1");
    assert_languages(longer + 3, "");
}

/* ---- dates ---- */

static void dates_out(void **state)
{
    char out[HTTP_DATE_SIZE];
    (void)state;
    assert_str(http_date(784111777, out), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_str(http_date(0, out), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_str(http_date(-1, out), "Wed, 31 Dec 1969 23:59:59 GMT");
    assert_str(http_date(951782400, out), "Tue, 29 Feb 2000 00:00:00 GMT");
    assert_str(http_date(INT64_MAX, out), "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_str(http_date(INT64_MIN, out), "Mon, 01 Jan 0001 00:00:00 GMT");
}

static void assert_date(const char *text, int64_t now, int64_t want)
{
    int64_t got = -1;
    bool ok = http_date_parse(str_from(text), now, &got);
    if (got != want || ok != (want >= 0))
        fail_msg("%s: %lld", text, (long long)got);
}

static void dates_in(void **state)
{
    const int64_t now = 1750000000, in_2048 = INT64_C(2488000000);
    (void)state;
    assert_date("Sun, 06 Nov 1994 08:49:37 GMT", now, 784111777);
    assert_date("Sunday, 06-Nov-94 08:49:37 GMT", now, 784111777);
    assert_date("Sun Nov  6 08:49:37 1994", now, 784111777);
    assert_date("Sun Nov 16 08:49:37 1994", now, 784975777);
    assert_date("mon, 06 nOV 1994 08:49:37 GMT", now, 784111777);
    assert_date("Thursday, 31-Dec-75 00:00:00 GMT", now, INT64_C(3344976000));
    assert_date("Thursday, 31-Dec-76 00:00:00 GMT", now, 220838400);
    assert_date("Sunday, 31-Dec-00 08:49:37 GMT", in_2048, 978252577);
    assert_date("Sun, 06 Nov 1994 08:49:37", now, -1);
    assert_date("Sun, 6 Nov 1994 08:49:37 GMT", now, -1);
    assert_date("Sun, 31 Feb 1994 08:49:37 GMT", now, -1);
    assert_date("Sun, 00 Feb 1994 08:49:37 GMT", now, -1);
    assert_date("Sun, 06 Now 1994 08:49:37 GMT", now, -1);
    assert_date("Sun, 06 Nov 1994 24:00:00 GMT", now, -1);
    assert_date("Sun, 06 Nov 1994 08:60:37 GMT", now, -1);
    assert_date("Sun, 06 Nov 1994 08:49:37 GMT ", now, -1);
    assert_date("Sun, 06 Nov 1994 08:49:37 GMT\n", now, -1);
    assert_date("", now, -1);
    assert_date("784111777", now, -1);
}

/* ---- names ---- */

static void dispositions(void **state)
{
    static const struct {
        bool attachment;
        const char *name, *want;
    } cases[] = {
        {true, "a.txt", "attachment; filename=\"a.txt\""},
        {false, "a.txt", "inline; filename=\"a.txt\""},
        {true, "", "attachment"},
        {true, "a \"b\"\\.txt", "attachment; filename=\"a \\\"b\\\"\\\\.txt\""},
        {true, "caf\xc3\xa9.txt", "attachment; filename*=utf-8''caf%C3%A9.txt"},
        {true, "a\r\nb", "attachment; filename*=utf-8''a%0D%0Ab"},
    };
    struct buf out = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_reset(&out);
        assert_true(content_disposition(&out, cases[i].attachment, str_from(cases[i].name)));
        assert_str(buf_str(&out), cases[i].want);
    }
    buf_reset(&out);
    assert_false(content_disposition(&out, false, STR("")));
    assert_int_equal(out.n, 0);
    buf_release(&out);
}

static void assert_mime(const char *name, const char *type, const char *encoding)
{
    struct mime m = mime_guess(str_from(name));
    assert_str(m.type, type);
    assert_str(m.encoding, encoding);
}

static void content_types(void **state)
{
    (void)state;
    assert_mime("a.html", "text/html", "");
    assert_mime("dir.x/A.HTM", "text/html", "");
    assert_mime("a.js", "text/javascript", "");
    assert_mime("a.min.css", "text/css", "");
    assert_mime("a.png", "image/png", "");
    assert_mime("a.woff2", "font/woff2", "");
    assert_mime("a.3g2", "audio/3gpp2", "");
    assert_mime("a.zip", "application/zip", "");
    assert_mime("a.tar.gz", "application/x-tar", "gzip");
    assert_mime("a.tgz", "application/x-tar", "gzip");
    assert_mime("a.svgz", "image/svg+xml", "gzip");
    assert_mime("a.css.br", "text/css", "br");
    assert_mime("a.gz", "", "gzip");
    assert_mime("a.unknown", "", "");
    assert_mime("a.averyveryverylongextension", "", "");
    assert_mime("Makefile", "", "");
    assert_mime(".html", "", "");
    assert_mime("dir/.html", "", "");
    assert_mime("a.html/b", "", "");
    assert_mime("a.", "", "");
    assert_mime("", "", "");
    assert_true(mime_compressible(STR("text/html; charset=utf-8")));
    assert_true(mime_compressible(STR("image/svg+xml")));
    assert_true(mime_compressible(STR("Application/JSON")));
    assert_false(mime_compressible(STR("image/png")));
    assert_false(mime_compressible(STR("")));
}

static void base36(void **state)
{
    char out[BASE36_SIZE];
    int64_t v;
    struct err e;
    (void)state;
    assert_str(base36_encode(0, out), "0");
    assert_str(base36_encode(35, out), "z");
    assert_str(base36_encode(36, out), "10");
    assert_str(base36_encode(UINT64_MAX, out), "3w5e11264sgsf");
    assert_int_equal(base36_decode(STR("1y2P0ij32e8e7"), &v, &e), 0);
    assert_true(v == INT64_MAX);
    assert_int_equal(base36_decode(STR("1y2p0ij32e8e8"), &v, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_int_equal(base36_decode(STR("00000000000001"), &v, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_int_equal(base36_decode(STR("#"), &v, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(base36_decode(STR(""), &v, &e), -1);
    assert_int_equal(base36_decode(STR("-1"), &v, &e), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(parameters),
        TEST(extended_parameters),
        TEST(parameters_are_limited),
        TEST(accepting),
        TEST(encodings),
        TEST(languages),
        TEST(dates_out),
        TEST(dates_in),
        TEST(dispositions),
        TEST(content_types),
        TEST(base36),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
