/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "http/headers.h"
#include "http/response.h"

#include <fcntl.h>
#include <unistd.h>

static void names_ignore_case(void **state)
{
    struct arena a;
    struct headers h;
    (void)state;
    arena_init(&a, 0);
    headers_init(&h, &a);
    assert_null(headers_get(&h, STR("Vary")).p);
    assert_false(headers_has(&h, STR("Vary")));
    assert_int_equal(headers_set(&h, STR("Vary"), STR("Cookie"), NULL), 0);
    assert_int_equal(headers_set(&h, STR("X-A"), STR(""), NULL), 0);
    assert_str(headers_get(&h, STR("vArY")), "Cookie");
    assert_non_null(headers_get(&h, STR("x-a")).p);
    assert_true(headers_has(&h, STR("X-a")));
    assert_false(headers_has(&h, STR("X-")));
    arena_release(&a);
}

static void strings_are_copied_and_ended(void **state)
{
    struct arena a;
    struct headers h;
    char name[] = "X-Name!", value[] = "value!";
    (void)state;
    arena_init(&a, 0);
    headers_init(&h, &a);
    assert_int_equal(headers_set(&h, str_make(name, 6), str_make(value, 5), NULL), 0);
    memset(name, '#', sizeof name);
    memset(value, '#', sizeof value);
    assert_string_equal(h.items[0].name.p, "X-Name");
    assert_string_equal(h.items[0].value.p, "value");
    /* A value taken from the list itself. */
    assert_int_equal(headers_set(&h, h.items[0].name, h.items[0].value, NULL), 0);
    assert_str(headers_get(&h, STR("x-name")), "value");
    arena_release(&a);
}

static void set_replaces_all_add_keeps(void **state)
{
    struct arena a;
    struct headers h;
    (void)state;
    arena_init(&a, 0);
    headers_init(&h, &a);
    headers_put(&h, STR("A"), STR("1"));
    assert_int_equal(headers_add(&h, STR("B"), STR("1"), NULL), 0);
    assert_int_equal(headers_add(&h, STR("a"), STR("2"), NULL), 0);
    assert_int_equal(headers_add(&h, STR("A"), STR("3"), NULL), 0);
    assert_int_equal(h.n, 4);
    assert_str(headers_get(&h, STR("A")), "1");
    assert_int_equal(headers_set(&h, STR("A"), STR("4"), NULL), 0);
    assert_int_equal(h.n, 2);
    assert_str(h.items[0].value, "4");
    assert_str(h.items[1].name, "B");
    assert_int_equal(headers_setdefault(&h, STR("b"), STR("9"), NULL), 0);
    assert_int_equal(headers_setdefault(&h, STR("C"), STR("9"), NULL), 0);
    assert_str(headers_get(&h, STR("B")), "1");
    assert_str(headers_get(&h, STR("C")), "9");
    assert_true(headers_remove(&h, STR("b")));
    assert_false(headers_remove(&h, STR("b")));
    assert_int_equal(h.n, 2);
    arena_release(&a);
}

static void many_fields_grow_the_list(void **state)
{
    struct arena a;
    struct headers h;
    (void)state;
    arena_init(&a, 0);
    headers_init(&h, &a);
    for (int i = 0; i < 100; i++) {
        char name[20];
        snprintf(name, sizeof name, "X-%d", i);
        assert_int_equal(headers_add(&h, str_from(name), str_from(name), NULL), 0);
    }
    assert_int_equal(h.n, 100);
    assert_str(headers_get(&h, STR("x-99")), "X-99");
    assert_str(headers_get(&h, STR("x-0")), "X-0");
    arena_release(&a);
}

static void splitting_is_refused(void **state)
{
    struct arena a;
    struct headers h;
    struct err e;
    static const struct str bad_names[] = {STR_INIT(""),     STR_INIT("A B"),  STR_INIT("A:"),
                                           STR_INIT("A\n"),  STR_INIT("\xc3"), STR_INIT("A\0B"),
                                           STR_INIT("A\x7f")};
    static const struct str bad_values[] = {STR_INIT("a\r\nSet-Cookie: b"), STR_INIT("a\n"),
                                            STR_INIT("\r"), STR_INIT("a\0b")};
    (void)state;
    arena_init(&a, 0);
    headers_init(&h, &a);
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        assert_int_equal(headers_set(&h, bad_names[i], STR("x"), &e), -1);
        assert_int_equal(e.code, ERR_INVALID);
        assert_int_equal(headers_add(&h, bad_names[i], STR("x"), &e), -1);
        assert_int_equal(headers_setdefault(&h, bad_names[i], STR("x"), &e), -1);
    }
    for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++) {
        assert_int_equal(headers_set(&h, STR("X-A"), bad_values[i], &e), -1);
        assert_int_equal(e.code, ERR_INVALID);
        assert_non_null(strstr(e.msg, "X-A"));
        assert_null(strchr(e.msg, '\n'));
        assert_int_equal(headers_add(&h, STR("X-A"), bad_values[i], NULL), -1);
    }
    assert_int_equal(h.n, 0);
    assert_true(header_value_valid(STR("caf\xc3\xa9\t \x7f")));
    assert_true(header_name_valid(STR("X-!#$%&'*+.^_`|~9")));
    arena_release(&a);
}

/* ---- responses ---- */

static void count(void *data)
{
    ++*(int *)data;
}

static void text_responses(void **state)
{
    uint64_t n;
    (void)state;
    struct response *r = response_text(404, STR_NULL, "no %s", "page");
    assert_int_equal(r->status, 404);
    assert_str(r->bytes, "no page");
    assert_str(headers_get(&r->headers, STR("content-type")), "text/plain; charset=utf-8");
    assert_true(response_length(r, &n));
    assert_int_equal(n, 7);
    response_unref(r);
    r = response_text(200, STR("text/html"), "%2000d", 1);
    assert_str(headers_get(&r->headers, STR("content-type")), "text/html");
    assert_int_equal(r->bytes.n, 2000);
    response_unref(r);
    response_unref(NULL);
}

static void bodies_are_released_once(void **state)
{
    int released = 0;
    uint64_t n;
    char bytes[] = "abc";
    (void)state;
    struct response *r = response_new(200);
    assert_true(response_length(r, &n) && n == 0);
    response_set_owned_body(r, STR("owned"), count, &released);
    assert_str(r->bytes, "owned");
    response_set_body(r, str_make(bytes, 3));
    assert_int_equal(released, 1);
    bytes[0] = 'X';
    assert_str(r->bytes, "abc");
    response_set_body(r, str_skip(r->bytes, 1));
    assert_str(r->bytes, "bc");
    response_set_static_body(r, STR("static"));
    assert_str(r->bytes, "static");
    response_set_owned_body(r, STR("owned"), count, &released);
    response_ref(r);
    response_unref(r);
    assert_int_equal(released, 1);
    response_unref(r);
    assert_int_equal(released, 2);
}

static void files_are_closed(void **state)
{
    uint64_t n;
    (void)state;
    struct response *r = response_new(200);
    int fd = open("/dev/null", O_RDONLY), second = open("/dev/null", O_RDONLY);
    response_set_file(r, fd, 5, 10);
    assert_int_equal(r->kind, RESPONSE_FILE);
    assert_true(response_length(r, &n) && n == 10);
    response_set_file(r, second, 0, 3);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    response_unref(r);
    assert_int_equal(fcntl(second, F_GETFD), -1);
}

static void streams_are_closed_once(void **state)
{
    int closed = 0;
    uint64_t n;
    (void)state;
    struct response *r = response_new(200);
    response_set_stream(r, (struct response_source){.close = count, .data = &closed});
    assert_false(response_length(r, &n));
    response_clear_body(r);
    assert_int_equal(closed, 1);
    assert_true(response_length(r, &n) && n == 0);
    response_unref(r);
    assert_int_equal(closed, 1);
}

static void reasons(void **state)
{
    (void)state;
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(404), "Not Found");
    assert_string_equal(http_reason(503), "Service Unavailable");
    assert_string_equal(http_reason(299), "Unknown Status Code");
    assert_string_equal(http_reason(-1), "Unknown Status Code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_ignore_case),
        cmocka_unit_test(strings_are_copied_and_ended),
        cmocka_unit_test(set_replaces_all_add_keeps),
        cmocka_unit_test(many_fields_grow_the_list),
        cmocka_unit_test(splitting_is_refused),
        cmocka_unit_test(text_responses),
        cmocka_unit_test(bodies_are_released_once),
        cmocka_unit_test(files_are_closed),
        cmocka_unit_test(streams_are_closed_once),
        cmocka_unit_test(reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
