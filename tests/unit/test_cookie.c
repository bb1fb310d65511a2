/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "http/cookie.h"
#include "http/response.h"

#define NOW 1750000000 /* Sun, 15 Jun 2025 15:06:40 GMT */

static struct arena arena;
static struct response *response;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    response = response_new(200);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    response_unref(response);
    arena_release(&arena);
    return 0;
}

/* Cookies of a header as "name=value|…". */
static void assert_parsed(struct str header, const char *want)
{
    struct query q;
    struct buf out = BUF_INIT;
    query_init(&q, &arena);
    assert_int_equal(cookies_parse(&q, header, NULL), 0);
    for (uint32_t i = 0; i < q.n; i++)
        buf_addf(&out, "%s%.*s=%.*s", i ? "|" : "", STR_ARG(q.fields[i].key),
                 STR_ARG(q.fields[i].value));
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void parsing(void **state)
{
    (void)state;
    assert_parsed(STR("sessionid=abc; csrftoken=def"), "sessionid=abc|csrftoken=def");
    assert_parsed(STR("a=1;b=2;a=3"), "a=3|b=2");
    assert_parsed(STR("  a = 1 ;  b=  "), "a=1|b=");
    assert_parsed(STR("a=b=c; d"), "a=b=c|=d");
    assert_parsed(STR("; ;=; ; x=1;"), "x=1");
    assert_parsed(STR("a=\"x y\"; b=\"x"), "a=x y|b=\"x");
    assert_parsed(STR("a=\"x\\054y\\\"\\\\\\z\""), "a=x,y\"\\z");
    assert_parsed(STR("a=\"\\351\\303\""), "a=\xc3\xa9\xc3\x83");
    assert_parsed(STR("a=\"x\\\""), "a=x"); /* nothing left to escape */
    assert_parsed(STR("a=\"\\477\""), "a=477");
    assert_parsed(STR("a=\"\"; b=\""), "a=|b=\"");
    assert_parsed(STR("n=Andr\xc3\xa9; m=\xff"), "n=Andr\xc3\xa9|m=\xef\xbf\xbd");
    assert_parsed(STR(""), "");
    assert_parsed(STR_NULL, "");
}

static void parsing_is_limited(void **state)
{
    struct query q;
    struct err e;
    char *header = arena_printf(&arena, "a=%08189d", 0);
    (void)state;
    query_init(&q, &arena);
    assert_int_equal(cookies_parse(&q, str_make(header, COOKIE_HEADER_MAX), &e), 0);
    assert_int_equal(cookies_parse(&q, str_from(header), &e), 0 - (strlen(header) > 8192));
    memset(header, ';', 8191);
    assert_int_equal(cookies_parse(&q, str_make(header, 8191), &e), 0);
    assert_int_equal(cookies_parse(&q, str_make(header, 8193), &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
}

static void quoting_round_trip(void **state)
{
    static const struct {
        struct str value;
        const char *quoted;
    } cases[] = {
        {STR_INIT("abc-1.2_~:|"), "abc-1.2_~:|"},
        {STR_INIT(""), "\"\""},
        {STR_INIT("a b"), "\"a b\""},
        {STR_INIT("a;b,c"), "\"a\\073b\\054c\""},
        {STR_INIT("say \"hi\" \\o/"), "\"say \\\"hi\\\" \\\\o/\""},
        {STR_INIT("\r\n\0"), "\"\\015\\012\\000\""},
        {STR_INIT("\xc3\xa9\xe6\xb8\x85"), "\"\\351\xe6\xb8\x85\""},
        {STR_INIT("{\"a\": [1]}"), "\"{\\\"a\\\": [1]}\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT, back = BUF_INIT;
        cookie_quote(&out, cases[i].value);
        assert_str(buf_str(&out), cases[i].quoted);
        cookie_unquote(&back, buf_str(&out));
        assert_true(str_eq(buf_str(&back), cases[i].value));
        buf_release(&out);
        buf_release(&back);
    }
}

static void assert_set(const char *name, const char *value, struct cookie_options o,
                       const char *want)
{
    struct buf out = BUF_INIT;
    struct err e;
    if (cookie_set(response, str_from(name), str_from(value), &o, NOW, &e))
        fail_msg("%s", e.msg);
    cookie_render(&out, cookie_find(response, str_from(name)));
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void rendering(void **state)
{
    (void)state;
    assert_set("a", "1", (struct cookie_options){0}, "a=1; Path=/");
    assert_set("a", "", (struct cookie_options){.path = STR("")}, "a=\"\"");
    assert_set("a", "x y", (struct cookie_options){.httponly = true},
               "a=\"x y\"; HttpOnly; Path=/");
    assert_set("a", "1", (struct cookie_options){.has_max_age = true, .max_age = 10},
               "a=1; expires=Sun, 15 Jun 2025 15:06:50 GMT; Max-Age=10; Path=/");
    assert_set(
        "a", "1",
        (struct cookie_options){.has_max_age = true, .max_age = 0, .expires = STR("some day")},
        "a=1; expires=some day; Max-Age=0; Path=/");
    assert_set("a", "1", (struct cookie_options){.has_max_age = true, .max_age = INT64_MAX},
               "a=1; expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=9223372036854775807; Path=/");
    assert_set("sessionid", "k",
               (struct cookie_options){.path = STR("/app/"),
                                       .domain = STR(".example.com"),
                                       .samesite = STR("Lax"),
                                       .expires = STR("Thu, 01 Jan 1970 00:00:00 GMT"),
                                       .has_max_age = true,
                                       .max_age = 1209600,
                                       .secure = true,
                                       .httponly = true},
               "sessionid=k; Domain=.example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; "
               "Max-Age=1209600; Path=/app/; SameSite=Lax; Secure");
}

static void refused(const char *name, struct cookie_options o, const char *text)
{
    struct err e;
    assert_int_equal(cookie_set(response, str_from(name), STR("v"), &o, NOW, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    if (!strstr(e.msg, text))
        fail_msg("'%s' is not in '%s'", text, e.msg);
    assert_null(cookie_find(response, str_from(name)));
}

static void wrong_cookies(void **state)
{
    struct cookie_options none = {.samesite = STR("none")};
    (void)state;
    refused("", (struct cookie_options){0}, "illegal");
    refused("a b", (struct cookie_options){0}, "a b");
    refused("a=b", (struct cookie_options){0}, "illegal");
    refused("a;b", (struct cookie_options){0}, "illegal");
    refused("caf\xc3\xa9", (struct cookie_options){0}, "illegal");
    refused("Path", (struct cookie_options){0}, "attribute");
    refused("MAX-AGE", (struct cookie_options){0}, "attribute");
    refused("a", (struct cookie_options){.path = STR("/;x")}, "path");
    refused("a", (struct cookie_options){.domain = STR("a\r\nb")}, "domain");
    refused("a", (struct cookie_options){.expires = STR("x\0y")}, "expires");
    refused("a", (struct cookie_options){.samesite = STR("maybe")}, "samesite must be");
    refused("a", none, "secure = true");
    refused("__Secure-a", (struct cookie_options){0}, "secure = true");
    refused("__Host-a", (struct cookie_options){0}, "secure = true");
    refused("__host-a", (struct cookie_options){.secure = true, .path = STR("/x")}, "path");
    refused("__Host-a", (struct cookie_options){.secure = true, .domain = STR("x")}, "domain");
    assert_set("__Host-a", "1", (struct cookie_options){.secure = true},
               "__Host-a=1; Path=/; Secure");
    none.secure = true;
    assert_set("b", "1", none, "b=1; Path=/; SameSite=none; Secure");
}

static void replacing_and_deleting(void **state)
{
    struct cookie_options o = {0}, lax = {.samesite = STR("Lax")}, none = {.samesite = STR("None")};
    (void)state;
    assert_int_equal(cookie_set(response, STR("a"), STR("1"), &o, NOW, NULL), 0);
    assert_int_equal(cookie_set(response, STR("b"), STR("2"), &o, NOW, NULL), 0);
    assert_int_equal(cookie_set(response, STR("a"), STR("3"), &o, NOW, NULL), 0);
    assert_int_equal(cookie_delete(response, STR("sessionid"), &lax, NULL), 0);
    assert_int_equal(cookie_delete(response, STR("__Host-x"), &none, NULL), 0);
    cookies_to_headers(response);
    cookies_to_headers(response); /* once */
    assert_int_equal(response->headers.n, 4);
    assert_str(response->headers.items[0].value, "a=3; Path=/");
    assert_str(response->headers.items[1].value, "b=2; Path=/");
    assert_str(response->headers.items[2].value,
               "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; "
               "SameSite=Lax");
    assert_str(response->headers.items[3].value,
               "__Host-x=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; "
               "SameSite=None; Secure");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(parsing),   TEST(parsing_is_limited), TEST(quoting_round_trip),
        TEST(rendering), TEST(wrong_cookies),      TEST(replacing_and_deleting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
