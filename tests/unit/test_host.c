/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "http/host.h"

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

static void splitting(void **state)
{
    static const char *const cases[][3] = {
        {"example.com", "example.com", ""},
        {"Example.COM:8000", "example.com", "8000"},
        {"example.com.", "example.com", ""},
        {"example.com.:80", "example.com", "80"},
        {"127.0.0.1:1", "127.0.0.1", "1"},
        {"[::1]:8000", "[::1]", "8000"},
        {"[2001:DB8::1]", "[2001:db8::1]", ""},
        {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", ""},
        {"", NULL, NULL},
        {":80", NULL, NULL},
        {"a:", NULL, NULL},
        {"a:b", NULL, NULL},
        {"a:80/x", NULL, NULL},
        {"a b", NULL, NULL},
        {"a@b", NULL, NULL},
        {"a_b", NULL, NULL},
        {"caf\xc3\xa9", NULL, NULL},
        {"[::1", NULL, NULL},
        {"[::1]x", NULL, NULL},
        {"[1234]", NULL, NULL},
        {"[]", NULL, NULL},
        {"::1", NULL, NULL},
        {"a\n", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str domain, port;
        bool ok = host_split(&arena, str_from(cases[i][0]), &domain, &port);
        if (ok != (cases[i][1] != NULL))
            fail_msg("%s", cases[i][0]);
        assert_str(domain, cases[i][1]);
        assert_str(port, cases[i][2]);
    }
}

static void domains(void **state)
{
    (void)state;
    assert_true(host_is_same_domain(STR("a.com"), STR("a.com")));
    assert_true(host_is_same_domain(STR("a.com"), STR("A.com")));
    assert_true(host_is_same_domain(STR("x.a.com"), STR(".a.com")));
    assert_true(host_is_same_domain(STR("a.com"), STR(".a.com")));
    assert_false(host_is_same_domain(STR("xa.com"), STR(".a.com")));
    assert_false(host_is_same_domain(STR("x.a.com"), STR("a.com")));
    assert_false(host_is_same_domain(STR("a.com"), STR("")));
    assert_false(host_is_same_domain(STR(""), STR(".a")));
}

static void checking(void **state)
{
    const struct str allowed[] = {STR("a.com"), STR(".b.com")};
    const struct str all[] = {STR("*")};
    struct err e;
    (void)state;
    assert_int_equal(host_check(&arena, STR("A.com:80"), allowed, 2, false, &e), 0);
    assert_int_equal(host_check(&arena, STR("x.b.com."), allowed, 2, false, &e), 0);
    assert_int_equal(host_check(&arena, STR("evil.com"), allowed, 2, false, &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
    assert_non_null(strstr(e.msg, "add 'evil.com' to allowed_hosts"));
    assert_int_equal(host_check(&arena, STR("a.com@evil.com"), all, 1, false, &e), -1);
    assert_non_null(strstr(e.msg, "not valid"));
    assert_int_equal(host_check(&arena, STR("any.where"), all, 1, false, &e), 0);
    assert_int_equal(host_check(&arena, STR("."), all, 1, false, &e), -1);
    assert_int_equal(host_check(&arena, STR("x\ny"), all, 1, false, &e), -1);
    assert_null(strchr(e.msg, '\n'));
    assert_int_equal(host_check(&arena, STR("app.localhost:8000"), NULL, 0, true, &e), 0);
    assert_int_equal(host_check(&arena, STR("[::1]"), NULL, 0, true, &e), 0);
    assert_int_equal(host_check(&arena, STR("a.com"), NULL, 0, true, &e), -1);
    assert_int_equal(host_check(&arena, STR("localhost"), NULL, 0, false, &e), -1);
    assert_int_equal(host_check(&arena, STR("localhost"), allowed, 2, true, &e), -1);
}

static void redirects(void **state)
{
    const struct str hosts[] = {STR("good.com"), STR("[::1]:80")};
    static const char *const good[] = {
        "/a",
        "a/b",
        "?x=http://evil.com",
        "/?n=//evil.com",
        "//good.com/",
        "http://good.com",
        "HTTPS://good.com/x",
        "  /a  ",
        "/a:b",
        "#x",
        "http://[::1]:80/",
        "/caf\xc3\xa9",
    };
    static const char *const bad[] = {
        "",
        " ",
        "//evil.com",
        "\u00a0//evil.com",
        "\u2028//evil.com",
        "///evil.com",
        "////good.com",
        "http:///good.com",
        "http:good.com",
        "\\\\evil.com",
        "/\\evil.com",
        "\\/evil.com",
        "http:\\\\evil.com",
        "http:/\\evil.com",
        "javascript:alert(1)",
        "\njavascript:alert(1)",
        "java\nscript:alert(1)",
        "\x08//evil.com",
        "\x01/a",
        "\xe2\x80\x8e//evil.com",
        "ftp://good.com/",
        "http://good.com@evil.com/",
        "http://good.com\\@evil.com",
        "http://good.com:80/",
        "http://[evil.com/",
        "http://::1]/",
        "data:,x",
        "mailto:a@good.com",
        "/\t/evil.com",
        "\x80x",
        "https://good.com.evil.com",
    };
    char *longest = arena_printf(&arena, "/%02047d", 1);
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!url_has_allowed_host_and_scheme(str_from(good[i]), hosts, 2, false))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (url_has_allowed_host_and_scheme(str_from(bad[i]), hosts, 2, false))
            fail_msg("allowed: %s", bad[i]);
    assert_false(url_has_allowed_host_and_scheme(STR("//good.com\0.evil.com/"), hosts, 2, false));
    assert_true(url_has_allowed_host_and_scheme(str_from(longest), hosts, 2, false));
    longest = arena_printf(&arena, "/%02048d", 1);
    assert_false(url_has_allowed_host_and_scheme(str_from(longest), hosts, 2, false));
    assert_true(url_has_allowed_host_and_scheme(STR("/a"), NULL, 0, true));
    assert_true(url_has_allowed_host_and_scheme(STR("https://good.com"), hosts, 2, true));
    assert_false(url_has_allowed_host_and_scheme(STR("http://good.com"), hosts, 2, true));
    assert_false(url_has_allowed_host_and_scheme(STR("//good.com"), hosts, 2, true));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(splitting),
        TEST(domains),
        TEST(checking),
        TEST(redirects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
