/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "http/percent.h"

typedef void converter(struct buf *out, struct str s);

static void convert(converter *fn, const char *from, const char *to)
{
    struct buf out = BUF_INIT;
    fn(&out, str_from(from));
    assert_str(buf_str(&out), to);
    buf_release(&out);
}

static void decoding(void **state)
{
    static const struct {
        struct str from, to;
        bool plus;
        unsigned found;
    } cases[] = {
        {STR_INIT(""), STR_INIT(""), false, 0},
        {STR_INIT("abc"), STR_INIT("abc"), false, 0},
        {STR_INIT("a%20b%2fc%2F"), STR_INIT("a b/c/"), false, 0},
        {STR_INIT("a+b"), STR_INIT("a+b"), false, 0},
        {STR_INIT("a+b%2B"), STR_INIT("a b+"), true, 0},
        {STR_INIT("%2541"), STR_INIT("%41"), false, 0},
        {STR_INIT("a%00b"), STR_INIT("a\0b"), false, PERCENT_NUL},
        {STR_INIT("100%"), STR_INIT("100%"), false, PERCENT_BAD},
        {STR_INIT("%4"), STR_INIT("%4"), false, PERCENT_BAD},
        {STR_INIT("%zz%41"), STR_INIT("%zzA"), false, PERCENT_BAD},
        {STR_INIT("%%41"), STR_INIT("%A"), false, PERCENT_BAD},
        {STR_INIT("%C3%A9"), STR_INIT("\xc3\xa9"), false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT;
        assert_int_equal(percent_decode(&out, cases[i].from, cases[i].plus), cases[i].found);
        assert_true(str_eq(buf_str(&out), cases[i].to));
        buf_release(&out);
    }
}

static void decoding_to_text(void **state)
{
    struct arena a;
    unsigned found;
    (void)state;
    arena_init(&a, 0);
    assert_str(percent_decode_text(&a, STR("a%FFb"), false, &found), "a\xef\xbf\xbd"
                                                                     "b");
    assert_int_equal(found, 0);
    assert_str(percent_decode_text(&a, STR("x+y"), true, NULL), "x y");
    assert_true(str_eq(percent_decode_text(&a, STR("%00"), true, &found), STR("\0")));
    assert_int_equal(found, PERCENT_NUL);
    arena_release(&a);
}

static void quoting(void **state)
{
    struct buf out = BUF_INIT;
    (void)state;
    percent_quote(&out, STR("a b/c~-_.\xc3\xa9&\0"), STR("/"));
    assert_str(buf_str(&out), "a%20b/c~-_.%C3%A9%26%00");
    buf_reset(&out);
    percent_quote_plus(&out, STR("a b+c/"), STR(""));
    assert_str(buf_str(&out), "a+b%2Bc%2F");
    buf_reset(&out);
    percent_quote_plus(&out, STR("a b"), STR(" "));
    assert_str(buf_str(&out), "a b");
    buf_reset(&out);
    for (int c = 0; c < 256; c++) { /* every byte comes back */
        char one = (char)c;
        percent_quote(&out, str_make(&one, 1), STR(""));
    }
    struct buf back = BUF_INIT;
    assert_int_equal(percent_decode(&back, buf_str(&out), false), PERCENT_NUL);
    assert_int_equal(back.n, 256);
    for (int c = 0; c < 256; c++)
        assert_int_equal((unsigned char)back.data[c], c);
    buf_release(&back);
    buf_release(&out);
}

static void iris(void **state)
{
    (void)state;
    convert(iri_to_uri, "/caf\xc3\xa9/?q=a b&c=%20#x", "/caf%C3%A9/?q=a%20b&c=%20#x");
    convert(iri_to_uri, "100%", "100%");
    convert(iri_to_uri, "a\"<>\\^`{|}", "a%22%3C%3E%5C%5E%60%7B%7C%7D");
    convert(uri_to_iri, "/caf%C3%A9/%20%41%2D%5f%7E%2F", "/caf\xc3\xa9/%20A-_~%2F");
    convert(uri_to_iri, "%e2%99%a5%E2%99", "\xe2\x99\xa5%E2%99");
    convert(uri_to_iri, "%", "%");
    convert(uri_to_iri, "%4", "%4");
    convert(repercent_broken_unicode, "a\xff\xc3\xa9\xe2\x99", "a%FF\xc3\xa9%E2%99");
    convert(escape_uri_path, "/a?b#c;d=e\\f%", "/a%3Fb%23c%3Bd%3De%5Cf%25");
    convert(filepath_to_uri, "up\\2026/a b.txt", "up/2026/a%20b.txt");
    convert(filepath_to_uri, "", "");
    convert(escape_leading_slashes, "//evil.example", "/%2Fevil.example");
    convert(escape_leading_slashes, "/fine//", "/fine//");
    convert(escape_leading_slashes, "/", "/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding),
        cmocka_unit_test(decoding_to_text),
        cmocka_unit_test(quoting),
        cmocka_unit_test(iris),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
