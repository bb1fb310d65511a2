/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "value/language.h"
#include "value/text.h"
#include "value/unicode.h"
#include "value/url.h"

/* Runs `call` with a fresh buffer `out` and compares what it added. */
#define check(want, call)                                                                          \
    do {                                                                                           \
        struct buf out = BUF_INIT;                                                                 \
        call;                                                                                      \
        assert_str(buf_str(&out), want);                                                           \
        buf_release(&out);                                                                         \
    } while (0)

static void test_slugify(void **state)
{
    (void)state;
    check("hello-world", text_slugify(&out, STR("Hello, World!"), false));
    check("jack-jill-like-numbers-123-and-4-and-silly-characters",
          text_slugify(&out,
                       STR("  Jack & Jill like numbers 1,2,3 and 4 and silly characters ?%.$!/"),
                       false));
    check("un-elephant-a-loree-du-bois",
          text_slugify(&out,
                       STR("Un \xc3\xa9l\xc3\xa9phant \xc3\xa0 l'or\xc3\xa9"
                           "e du bois"),
                       false));
    check("un-\xc3\xa9l\xc3\xa9phant", text_slugify(&out, STR("Un \xc3\x89L\xc3\xa9phant"), true));
    check("a-b", text_slugify(&out, STR("__a - \t-- b--_"), false));
    check("", text_slugify(&out, STR(" -_- "), false));
    check("", text_slugify(&out, STR(""), true));
    check("fi", text_slugify(&out, STR("\xef\xac\x81"), false)); /* a ligature */
    check("ab", text_slugify(&out,
                             STR("a\xff\xfe"
                                 "b"),
                             true));
}

static void test_filename(void **state)
{
    (void)state;
    struct err e;
    check("johns_portrait_in_2004.jpg",
          text_valid_filename(&out, STR(" john's portrait in 2004.jpg\n"), &e));
    check("J\xc3\xb6hns__pic_1.JPG",
          text_valid_filename(&out, STR("J\xc3\xb6hn's  pic (1)?.JPG"), &e));
    const char *empty[] = {"", "???", "$.$.$", ".", "..", "/../"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        struct buf out = BUF_INIT;
        assert_int_equal(text_valid_filename(&out, str_from(empty[i]), &e), -1);
        assert_int_equal(e.code, ERR_DENIED);
        assert_int_equal(out.n, 0);
        buf_release(&out);
    }
}

static void test_small(void **state)
{
    (void)state;
    check("\xc3\x89t\xc3\xa9", text_capfirst(&out, STR("\xc3\xa9t\xc3\xa9")));
    check("", text_capfirst(&out, STR("")));
    check("0800 3569377 \xc3\xa9", text_phone2numeric(&out, STR("0800 FLOWERS \xc3\x89")));
    check("model form set", text_camel_case_to_spaces(&out, STR("ModelFormSet ")));
    check("http response", text_camel_case_to_spaces(&out, STR("HTTPResponse")));
    check("a", text_camel_case_to_spaces(&out, STR("A")));
}

static void test_case(void **state)
{
    (void)state;
    check("\xcf\x83\xce\xb1\xcf\x82", unicode_lower(&out, STR("\xce\xa3\xce\x91\xce\xa3")));
    check("i\xcc\x87", unicode_lower(&out, STR("\xc4\xb0")));
    check("STRASSE\xce\xa9", unicode_upper(&out, STR("stra\xc3\x9f"
                                                     "e\xcf\x89")));
    check("a\xef\xbf\xbd", unicode_lower(&out, STR("A\xff")));
    /* A final sigma is one behind a letter, whatever ignorable stands between. */
    check("\xcf\x83 x'\xcf\x82'.", unicode_lower(&out, STR("\xce\xa3 X'\xce\xa3'.")));
    check("FFI\xca\xbcN", unicode_upper(&out, STR("\xef\xac\x83\xc5\x89")));
    check("Ffi Ss\xc7\x86 \xc7\x85",
          unicode_title(&out, STR("\xef\xac\x83 \xc3\x9f\xc7\x84 \xc7\x86")));
    check("They'Re Bill'S 3Rd\xef\xbf\xbdX", unicode_title(&out, STR("they're bill's 3RD\xffx")));
    check("\xce\x91\xcf\x82 \xe2\x92\xb6"
          "a",
          unicode_title(&out, STR("\xce\xb1\xce\xa3 \xe2\x93\x90"
                                  "A")));
}

static void test_normalize(void **state)
{
    (void)state;
    struct str decomposed = STR("e\xcc\x81");
    check("\xc3\xa9", unicode_normalize(&out, decomposed, UNICODE_NFC));
    check("e\xcc\x81", unicode_normalize(&out, STR("\xc3\xa9"), UNICODE_NFD));
    check("1", unicode_normalize(&out, STR("\xc2\xb9"), UNICODE_NFKC));
    check("\xea\xb0\x80", unicode_normalize(&out, STR("\xe1\x84\x80\xe1\x85\xa1"), UNICODE_NFC));
    /* A long run of marks is cut, and comes out whole. */
    struct buf marks = BUF_INIT, out = BUF_INIT;
    buf_addc(&marks, 'a');
    for (int i = 0; i < 100000; i++)
        buf_adds(&marks, i % 2 ? "\xcc\xa7" : "\xcc\x81");
    unicode_normalize(&out, buf_str(&marks), UNICODE_NFD);
    assert_int_equal(out.n, marks.n);
    buf_release(&marks);
    buf_release(&out);
}

static void test_classes(void **state)
{
    (void)state;
    assert_true(unicode_is_word('_') && unicode_is_word(0xE9) && unicode_is_word(0x4F60) &&
                unicode_is_word(0xB2) && unicode_is_word(0x0663));
    assert_false(unicode_is_word('-') || unicode_is_word(0x301) || unicode_is_word(0x2028));
    assert_true(unicode_is_space(0x1C) && unicode_is_space(0x3000) && unicode_is_space(0xA0));
    assert_false(unicode_is_space(0x200B) || unicode_is_space(0));
    assert_str(unicode_strip(STR("\xe2\x80\x83 a b\xc2\xa0\n")), "a b");
    assert_str(unicode_strip(STR(" \t ")), "");
}

static void test_wrap(void **state)
{
    (void)state;
    check("this is a long\nparagraph of\ntext that\nreally needs\nto be wrapped\nI'm afraid",
          text_wrap(
              &out,
              STR("this is a long paragraph of text that really needs to be wrapped I'm afraid"),
              14));
    check("a\nloooooooooong\nword", text_wrap(&out, STR("a loooooooooong word"), 6));
    check("ab c\n\n  d\n", text_wrap(&out, STR("ab c\r\n\n  d\n"), 4));
    check("x       y", text_wrap(&out, STR("x\ty"), 10));
    check("", text_wrap(&out, STR(""), 10));
    check("   ", text_wrap(&out, STR("   "), 2));
}

static void test_truncate(void **state)
{
    (void)state;
    struct str quick = STR("The quick brown fox");
    check("The quick brown fox", text_truncate_chars(&out, quick, 19, STR_NULL));
    check("The quick\xe2\x80\xa6", text_truncate_chars(&out, quick, 10, STR_NULL));
    check("The q...", text_truncate_chars(&out, quick, 8, STR("...")));
    check("...", text_truncate_chars(&out, quick, 1, STR("...")));
    check("", text_truncate_chars(&out, quick, 0, STR_NULL));
    check("[The q 5%]", text_truncate_chars(&out, quick, 10, STR("[%(truncated_text)s 5%%]")));
    check("e\xcc\xb1x\xe2\x80\xa6", text_truncate_chars(&out, STR("e\xcc\xb1xyz"), 3, STR_NULL));
    check("The quick\xe2\x80\xa6", text_truncate_words(&out, quick, 2, STR_NULL));
    check("a b", text_truncate_words(&out, STR(" a\n\t b "), 2, STR_NULL));
    check("a end", text_truncate_words(&out, STR("a end"), 2, STR(" end")));
    check("a end", text_truncate_words(&out, STR("a b c"), 1, STR(" end")));
    check("", text_truncate_words(&out, quick, 0, STR_NULL));
}

static void check_split(const char *text, const char *want)
{
    struct text_splitter t;
    struct str bit;
    struct buf out = BUF_INIT;
    text_splitter_init(&t, str_from(text));
    while (text_splitter_next(&t, &bit)) {
        if (out.n)
            buf_addc(&out, '|');
        buf_addstr(&out, bit);
    }
    text_splitter_release(&t);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void test_split(void **state)
{
    (void)state;
    check_split("", "");
    check_split("  a  b ", "a|b");
    check_split("This is \"a person\" test.", "This|is|\"a person\"|test.");
    check_split("Another 'person\\'s' test.", "Another|'person\\'s'|test.");
    check_split("a=\"x y\"b='z'", "a=\"x y\"b='z'");
    check_split("\"a 'one", "\"a|'one");
    check_split("words=\"something else", "words=\"something|else");
    check_split("\"\\\nx\" y", "\"\\|x\"|y");
    check_split("\"a b\"'c", "\"a b\"|'c");
}

/* Quotes that are never closed must not be searched for again and again. */
static void test_split_is_linear(void **state)
{
    (void)state;
    struct buf text = BUF_INIT;
    for (int i = 0; i < 200000; i++)
        buf_adds(&text, "\\\" ");
    struct text_splitter t;
    struct str bit;
    size_t n = 0;
    text_splitter_init(&t, buf_str(&text));
    while (text_splitter_next(&t, &bit))
        n++;
    assert_int_equal(n, 200000);
    text_splitter_release(&t);
    buf_release(&text);
}

static void test_url_quote(void **state)
{
    (void)state;
    check("a%20b%2F~%C3%A9", url_quote(&out, STR("a b/~\xc3\xa9"), ""));
    check("a%20b/", url_quote(&out, STR("a b/"), "/"));
    check("a+b%2B", url_quote_plus(&out, STR("a b+")));
    check("a b+%zz%", url_unquote(&out, STR("a%20b+%zz%"), false));
    check("a  \xef\xbf\xbd", url_unquote(&out, STR("a%20+%ff"), true));
}

static void test_url_split(void **state)
{
    (void)state;
    struct url u;
    struct err e;
    assert_int_equal(url_split(STR("https://u:p@ex.com:8/a/b?c=d#e"), &u, &e), 0);
    assert_str(u.scheme, "https");
    assert_str(u.netloc, "u:p@ex.com:8");
    assert_str(u.path, "/a/b");
    assert_str(u.query, "c=d");
    assert_str(u.fragment, "e");
    assert_str(url_host(u.netloc), "ex.com");
    assert_int_equal(url_split(STR("//[::1]:80"), &u, &e), 0);
    assert_str(url_host(u.netloc), "::1");
    assert_int_equal(url_split(STR("a:b"), &u, &e), 0);
    assert_str(u.path, "b");
    assert_int_equal(url_split(STR("1a:b"), &u, &e), 0);
    assert_str(u.path, "1a:b");
    assert_int_equal(url_split(STR("http://[::1"), &u, &e), -1);
    assert_int_equal(url_split(STR("http://[1.2.3.4]/"), &u, &e), -1);
    assert_int_equal(url_split(STR("http://a\xe2\x84\x80"
                                   "b.com/"),
                               &u, &e),
                     -1);
    assert_null(url_host(STR("u@")).p);
}

static void test_url_smart_quote(void **state)
{
    (void)state;
    check("http://%C3%B6.com/%C3%B6/", url_smart_quote(&out, STR("http://\xc3\xb6.com/\xc3\xb6/")));
    check("http://e.com/?x=1&y=2+3&z=", url_smart_quote(&out, STR("HTTP://e.com/?x=1&y=2+3&z=")));
    check("http://e.com/?q=a%26b%3D", url_smart_quote(&out, STR("http://e.com/?q=a%26b=")));
    check("http://e.com/a%20b#c%22", url_smart_quote(&out, STR("http://e.com/a%20b#c\"")));
    check("http://[bad/", url_smart_quote(&out, STR("http://[bad/")));
}

static void test_language(void **state)
{
    (void)state;
    assert_str(language_find(STR("de"))->name_local, "Deutsch");
    assert_str(language_find(STR("de-ch"))->name, "German");
    assert_str(language_find(STR("pt-br"))->name, "Brazilian Portuguese");
    assert_str(language_find(STR("zh-tw"))->code, "zh-hant");
    assert_true(language_find(STR("he"))->bidi);
    assert_null(language_find(STR("xx-yy")));
    assert_null(language_find(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slugify),         cmocka_unit_test(test_filename),
        cmocka_unit_test(test_small),           cmocka_unit_test(test_case),
        cmocka_unit_test(test_language),        cmocka_unit_test(test_normalize),
        cmocka_unit_test(test_classes),         cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_truncate),        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_is_linear), cmocka_unit_test(test_url_quote),
        cmocka_unit_test(test_url_split),       cmocka_unit_test(test_url_smart_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
