/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "http/url_join.h"

static void assert_join(const char *base, const char *url, const char *want)
{
    struct buf out = BUF_INIT;
    struct err e;
    if (url_join(&out, str_from(base), str_from(url), &e) != 0)
        fail_msg("%s + %s: %s", base, url, e.msg);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

#define PAGE "http://a/x/y/z?q=1#f"

static void test_relative(void **state)
{
    (void)state;
    assert_join(PAGE, "b", "http://a/x/y/b");
    assert_join(PAGE, "./b", "http://a/x/y/b");
    assert_join(PAGE, "../b", "http://a/x/b");
    assert_join(PAGE, "..", "http://a/x/");
    assert_join(PAGE, ".", "http://a/x/y/");
    assert_join(PAGE, "b/..", "http://a/x/y/");
    assert_join(PAGE, "b//c", "http://a/x/y/b/c");
    assert_join(PAGE, "b?r#g", "http://a/x/y/b?r#g");
    assert_join("http://a/x/y/", "b", "http://a/x/y/b");
    assert_join("http://a/x/y/", "..", "http://a/x/");
}

static void test_absolute_path(void **state)
{
    (void)state;
    assert_join(PAGE, "/b", "http://a/b");
    assert_join(PAGE, "/a/./b", "http://a/a/b");
    assert_join(PAGE, "/a/../b/", "http://a/b/");
    assert_join(PAGE, "/", "http://a/");
    assert_join(PAGE, "/..", "http://a/");
}

static void test_past_the_root(void **state)
{
    (void)state;
    assert_join(PAGE, "/../c", "http://a/c");
    assert_join(PAGE, "../../../../c", "http://a/c");
    assert_join(PAGE, "../../../..", "http://a/");
}

static void test_without_path(void **state)
{
    (void)state;
    assert_join(PAGE, "", PAGE);
    assert_join(PAGE, "?r", "http://a/x/y/z?r");
    assert_join(PAGE, "#g", "http://a/x/y/z?q=1#g");
    assert_join("http://a", "b", "http://a/b");
    assert_join("http://a", "?r", "http://a?r");
    assert_join("http://a", "..", "http://a/");
}

static void test_whole_urls(void **state)
{
    (void)state;
    assert_join(PAGE, "//h/x?r", "http://h/x?r");
    assert_join(PAGE, "//h", "http://h");
    assert_join(PAGE, "https://h/../x", "https://h/../x");
    assert_join(PAGE, "mailto:somebody", "mailto:somebody");
    assert_join(PAGE, "http:b", "http://a/x/y/b");
}

static void test_wrong(void **state)
{
    struct buf out = BUF_INIT;
    struct err e;
    (void)state;
    assert_int_equal(url_join(&out, STR(PAGE), STR("//[nothing/x"), &e), -1);
    assert_int_equal(e.code, ERR_SYNTAX);
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relative),      cmocka_unit_test(test_absolute_path),
        cmocka_unit_test(test_past_the_root), cmocka_unit_test(test_without_path),
        cmocka_unit_test(test_whole_urls),    cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
