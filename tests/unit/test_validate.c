/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "value/ip.h"
#include "value/regex.h"
#include "value/validate.h"

static void test_ip(void **state)
{
    (void)state;
    unsigned char a[16];
    assert_true(ip_parse_v4(STR("127.0.0.1"), a));
    const char *bad4[] = {"",         "1",        "1.2.3",  "1.2.3.4.5", "01.2.3.4",  "1.2.3.256",
                          "1.2.3.+4", "1.2.3.4 ", "1..2.3", "0x1.2.3.4", "1.2.3.4\n", "1.2.3."};
    for (size_t i = 0; i < sizeof bad4 / sizeof *bad4; i++)
        assert_false(ip_parse_v4(str_from(bad4[i]), a));
    static const char *const good6[][2] = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"0001:0:0:0:0:0:0:000A", "1::a"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
        {"1:0:0:4:0:0:0:8", "1:0:0:4::8"},
        {"2001:DB8::1.2.3.4", "2001:db8::102:304"},
        {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
        {"::ffff:0102:0304", "::ffff:1.2.3.4"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    };
    for (size_t i = 0; i < sizeof good6 / sizeof *good6; i++) {
        struct buf out = BUF_INIT;
        if (!ip_parse_v6(str_from(good6[i][0]), a))
            fail_msg("%s", good6[i][0]);
        ip_add_v6(&out, a);
        assert_string_equal(out.data, good6[i][1]);
        buf_release(&out);
    }
    const char *bad6[] = {"",
                          ":",
                          ":::",
                          "1:2:3:4:5:6:7",
                          "1:2:3:4:5:6:7:8:9",
                          "1::2::3",
                          "12345::",
                          "::g",
                          "fe80::1%eth0",
                          "1.2.3.4",
                          "::1.2.3",
                          "::1.2.3.4:1",
                          "1:2:3:4:5:6:7:1.2.3.4",
                          "1:2:3:4::5:6:7:8",
                          "1:",
                          ":1",
                          "0000:0000:0000:0000:0000:0000:0000:00001"};
    for (size_t i = 0; i < sizeof bad6 / sizeof *bad6; i++)
        if (ip_parse_v6(str_from(bad6[i]), a))
            fail_msg("%s", bad6[i]);
}

static void test_domain(void **state)
{
    (void)state;
    char long_label[80];
    memset(long_label, 'a', 63);
    memcpy(long_label + 63, ".com", 5);
    assert_true(validate_domain(str_from(long_label), true, true));
    long_label[63] = 'a';
    memcpy(long_label + 64, ".com", 5);
    assert_false(validate_domain(str_from(long_label), true, true));
    assert_true(validate_domain(STR("a.co"), false, false));
    assert_true(validate_domain(STR("a.b--c.de."), false, true));
    assert_false(validate_domain(STR("a.co."), true, false));
    assert_true(validate_domain(STR("\xe4\xbe\x8b.\xe6\xb5\x8b\xe8\xaf\x95"), true, true));
    assert_false(validate_domain(STR("\xe4\xbe\x8b.\xe6\xb5\x8b\xe8\xaf\x95"), false, true));
    assert_true(validate_domain(STR("x.xn--p1ai"), true, true));
    const char *bad[] = {"",
                         ".",
                         "a",
                         "a..b",
                         "-a.com",
                         "a-.com",
                         "a.-com",
                         "a.com-",
                         "a.c",
                         "a.c0m",
                         "a b.com",
                         "a_b.com",
                         "a.com\n",
                         "1.2.3.4",
                         "x.xn--",
                         "a.com..",
                         "\xf0\x9f\x91\x93.com"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (validate_domain(str_from(bad[i]), true, true))
            fail_msg("%s", bad[i]);
}

static void test_email(void **state)
{
    (void)state;
    const char *users[] = {"a", "a.b", "!#$%&'*+/=?^_`{}|~-", "\"\"", "\"a@b\"", "\"\\\"\""};
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        assert_true(validate_email_user(str_from(users[i])));
    const char *bad[] = {"",   ".",      "a.",     ".a",     "a..b", "a b",      "a\n",
                         "\"", "\"\\\"", "\"a\"b", "\"\n\"", "a@b",  "\xc3\xa9", "\"\\\n\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (validate_email_user(str_from(bad[i])))
            fail_msg("%s", bad[i]);
    assert_true(validate_email_domain(STR("[127.0.0.1]")));
    assert_true(validate_email_domain(STR("[::1]")));
    assert_false(validate_email_domain(STR("[]")));
    assert_false(validate_email_domain(STR("[127.0.0.1")));
    assert_false(validate_email_domain(STR("127.0.0.1")));
    assert_false(validate_email_domain(STR("localhost")));
}

static void test_url(void **state)
{
    (void)state;
    const char *good[] = {
        "http://example.com",    "http://localhost:8000/",   "http://u@example.com/",
        "http://u:@example.com", "http://u:p%20@e.com:1/?x", "http://e.com.#f",
        "http://1.2.3.4/",       "http://[::1]:8080/x",      "http://\xe4\xbe\x8b.com/"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!validate_url(str_from(good[i])))
            fail_msg("%s", good[i]);
    const char *bad[] = {"",
                         "http:/",
                         "http://",
                         "http://example",
                         "http://e.com:",
                         "http://e.com:123456",
                         "http://e.com:x",
                         "http://e.com/ x",
                         "http://[::1",
                         "http://[1.2.3.4]/",
                         "http://[::1]x",
                         "http://:@e.com",
                         "http://u:p:q@e.com",
                         "http://u@v@e.com",
                         "http://u/v@e.com",
                         "http://01.2.3.4",
                         "http://e.com\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (validate_url(str_from(bad[i])))
            fail_msg("%s", bad[i]);
}

static void test_slugs_and_integers(void **state)
{
    (void)state;
    assert_true(validate_slug(STR("a-B_9"), false));
    assert_false(validate_slug(STR(""), false));
    assert_false(validate_slug(STR("a\n"), true));
    assert_false(validate_slug(STR("\xc3\xa9"), false));
    assert_true(validate_slug(STR("\xc3\xa9"), true));
    assert_true(validate_integers(STR("-12"), STR(""), true));
    assert_false(validate_integers(STR("-12"), STR(""), false));
    assert_true(validate_integers(STR("1, 2, 3"), STR(", "), false));
    assert_false(validate_integers(STR("1, 2, "), STR(", "), false));
    assert_false(validate_integers(STR("1 2"), STR(""), false));
    assert_false(validate_integers(STR(""), STR(","), false));
}

static struct regex *compile(const char *pattern, unsigned flags)
{
    struct err e;
    struct regex *r = regex_new(str_from(pattern), flags, &e);
    if (!r)
        fail_msg("%s", e.msg);
    return r;
}

static void matches(const char *pattern, unsigned flags, struct str s, enum regex_mode mode,
                    int want)
{
    struct regex *r = compile(pattern, flags);
    int got = regex_run(r, s, 0, mode, NULL);
    if (got != want)
        fail_msg("'%s' on '%.*s': %d", pattern, STR_ARG(s), got);
    regex_free(r);
}

static void test_regex_syntax(void **state)
{
    (void)state;
    matches("^\\d+\\Z", 0, STR("12"), REGEX_SEARCH, 1);
    matches("^\\d+\\Z", 0, STR("12\n"), REGEX_SEARCH, 0); /* Python's \Z is the very end */
    matches("^\\d+$", 0, STR("12\n"), REGEX_SEARCH, 1);
    matches("\\w+", 0, STR("\xc3\xa9t\xc3\xa9"), REGEX_FULLMATCH, 1);
    matches("\\w+", REGEX_ASCII, STR("\xc3\xa9"), REGEX_FULLMATCH, 0);
    matches("\\u00e9", 0, STR("\xc3\xa9"), REGEX_FULLMATCH, 1);
    matches("[\\u00a1-\\uffff]", 0, STR("\xe4\xbd\xa0"), REGEX_FULLMATCH, 1);
    matches("\\U0001F453", 0, STR("\xf0\x9f\x91\x93"), REGEX_FULLMATCH, 1);
    matches("A", REGEX_IGNORECASE, STR("a"), REGEX_FULLMATCH, 1);
    matches("^b", REGEX_MULTILINE, STR("a\nb"), REGEX_SEARCH, 1);
    matches("a.b", REGEX_DOTALL, STR("a\nb"), REGEX_MATCH, 1);
    matches("a # x\n b", REGEX_VERBOSE, STR("ab"), REGEX_MATCH, 1);
    matches("b", 0, STR("ab"), REGEX_MATCH, 0);
    matches("a|ab", 0, STR("ab"), REGEX_FULLMATCH, 1);
    matches("", 0, STR_NULL, REGEX_SEARCH, 1);
    matches(".", 0, STR("\xff"), REGEX_SEARCH, 0); /* wrong bytes match nothing */
    matches("^a\\Z", 0, STR("a\xff"), REGEX_SEARCH, 0);
    matches("\\\\Z", 0, STR("\\Z"), REGEX_FULLMATCH, 1);
}

static void test_regex_groups(void **state)
{
    (void)state;
    struct regex *r = compile("(?P<year>[0-9]{4})-(x)?([0-9]+)", 0);
    size_t start, end;
    assert_int_equal(regex_group_count(r), 3);
    assert_string_equal(regex_group_name(r, 1), "year");
    assert_null(regex_group_name(r, 2));
    assert_null(regex_group_name(r, 4));
    assert_int_equal(regex_run(r, STR("on 2026-07"), 0, REGEX_SEARCH, NULL), 1);
    assert_true(regex_group(r, 0, &start, &end));
    assert_int_equal(start, 3);
    assert_int_equal(end, 10);
    assert_false(regex_group(r, 2, &start, &end));
    assert_true(regex_group(r, 3, &start, &end));
    assert_int_equal(start, 8);
    assert_int_equal(regex_run(r, STR("on 2026-07"), 4, REGEX_SEARCH, NULL), 0);
    assert_false(regex_group(r, 0, &start, &end));
    assert_int_equal(regex_run(r, STR("x"), 9, REGEX_SEARCH, NULL), 0);
    regex_free(r);
}

static void subs(const char *pattern, const char *with, const char *s, size_t limit,
                 const char *want, int64_t count)
{
    struct regex *r = compile(pattern, 0);
    struct buf out = BUF_INIT;
    struct err e;
    int64_t n = regex_sub(r, &out, str_from(s), str_from(with), limit, &e);
    assert_int_equal(n, count);
    assert_string_equal(out.data, want);
    buf_release(&out);
    regex_free(r);
}

static void test_regex_sub(void **state)
{
    (void)state;
    subs("(\\w)(\\w)", "\\2\\1", "abcd e", 0, "badc e", 2);
    subs("(?P<x>a)", "<\\g<x>\\g<0>\\n>", "aba", 1, "<aa\n>ba", 1);
    subs("x*", "-", "abxc", 0, "-a-b--c-", 5);
    subs("", "-", "\xc3\xa9z", 0, "-\xc3\xa9-z-", 3);
    subs("q", "-", "abc", 0, "abc", 0);
    subs("a", "\\5", "abc", 0, "", -1);
    subs("a", "\\g<y>", "abc", 0, "", -1);
}

static void test_regex_errors(void **state)
{
    (void)state;
    struct err e;
    assert_null(regex_new(STR("a(b"), 0, &e));
    assert_int_equal(e.code, ERR_SYNTAX);
    assert_non_null(strstr(e.msg, "regular expression 'a(b'"));
    assert_null(regex_new(STR("[z-a]"), 0, &e));
    assert_null(regex_new(STR("\\C"), 0, &e));
    struct buf big = BUF_INIT;
    for (int i = 0; i <= REGEX_PATTERN_MAX; i++)
        buf_addc(&big, 'a');
    assert_null(regex_new(buf_str(&big), 0, &e));
    assert_int_equal(e.code, ERR_TOO_LARGE);
    buf_release(&big);
    struct regex *r = compile("^(a+)+$", 0);
    assert_int_equal(
        regex_run(r, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), 0, REGEX_SEARCH, &e),
        -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    regex_free(r);
    regex_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ip),
        cmocka_unit_test(test_domain),
        cmocka_unit_test(test_email),
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_slugs_and_integers),
        cmocka_unit_test(test_regex_syntax),
        cmocka_unit_test(test_regex_groups),
        cmocka_unit_test(test_regex_sub),
        cmocka_unit_test(test_regex_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
