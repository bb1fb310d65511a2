/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/clock.h"
#include "http/query.h"

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

static struct query parsed(const char *text)
{
    struct query q;
    query_init(&q, &arena);
    assert_int_equal(query_parse(&q, str_from(text), 1000, NULL), 0);
    return q;
}

/* The query as text again. */
static void assert_query(const struct query *q, const char *want)
{
    struct buf out = BUF_INIT;
    query_urlencode(q, &out, STR("/"));
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void parsing(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"a=1", "a=1"},
        {"a=1&b=2&a=3", "a=1&a=3&b=2"},
        {"a", "a="},
        {"a=&b", "a=&b="},
        {"&&a=1&&", "a=1"},
        {"a=1;b=2", "a=1%3Bb%3D2"},
        {"=x", "=x"},
        {"=", "="},
        {"a=b=c", "a=b%3Dc"},
        {"a+b=c+d%2B", "a%20b=c%20d%2B"},
        {"%61=%C3%A9", "a=%C3%A9"},
        {"a=%FF", "a=%EF%BF%BD"},
        {"a=\xff", "a=%EF%BF%BD"},
        {"a=%zz", "a=%25zz"},
        {"p=/x/", "p=/x/"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query q = parsed(cases[i][0]);
        assert_query(&q, cases[i][1]);
    }
}

static void writing(void **state)
{
    struct buf out = BUF_INIT;
    (void)state;
    struct query q = parsed("n=/a+b/&x=%26");
    query_urlencode(&q, &out, STR(""));
    query_urlencode(&q, &out, STR("/&"));
    assert_str(buf_str(&out), "n=%2Fa+b%2F&x=%26n=/a%20b/&x=&");
    buf_release(&out);
}

static void reading(void **state)
{
    (void)state;
    struct query q = parsed("a=1&b=&a=2");
    assert_str(query_get(&q, STR("a")), "2");
    assert_non_null(query_get(&q, STR("b")).p);
    assert_null(query_get(&q, STR("c")).p);
    assert_true(query_has(&q, STR("b")));
    assert_false(query_has(&q, STR("B")));
    assert_int_equal(query_count(&q, STR("a")), 2);
    assert_int_equal(query_count(&q, STR("c")), 0);
    assert_int_equal(q.keys, 2);
    const struct query_field *f = query_first(&q, STR("a"));
    assert_str(f->value, "1");
    f = query_next(&q, f);
    assert_str(f->value, "2");
    assert_null(query_next(&q, f));
    assert_string_equal(query_get(&q, STR("a")).p, "2"); /* NUL-ended */
}

static void nul_bytes_are_kept(void **state)
{
    (void)state;
    struct query q = parsed("a%00b=c%00");
    assert_true(str_eq(query_get(&q, STR("a\0b")), STR("c\0")));
}

static void changing(void **state)
{
    const struct str three[] = {STR("x"), STR("y"), STR("z")};
    (void)state;
    struct query q = parsed("a=1&b=2&a=3");
    query_set(&q, STR("a"), STR("9"));
    assert_query(&q, "a=9&b=2");
    query_add(&q, STR("b"), STR("4"));
    query_add(&q, STR("c"), STR("5"));
    assert_query(&q, "a=9&b=2&b=4&c=5");
    query_set_list(&q, STR("b"), three, 3);
    assert_query(&q, "a=9&b=x&b=y&b=z&c=5");
    query_set_list(&q, STR("d"), three, 2);
    assert_query(&q, "a=9&b=x&b=y&b=z&c=5&d=x&d=y");
    assert_true(query_remove(&q, STR("b")));
    assert_false(query_remove(&q, STR("b")));
    assert_query(&q, "a=9&c=5&d=x&d=y");
    query_set_list(&q, STR("c"), NULL, 0);
    assert_true(query_has(&q, STR("c")));
    assert_int_equal(query_count(&q, STR("c")), 0);
    assert_null(query_get(&q, STR("c")).p);
    assert_query(&q, "a=9&d=x&d=y");
    query_add(&q, STR("c"), STR("back"));
    assert_query(&q, "a=9&c=back&d=x&d=y");
    query_set_list(&q, STR("e"), NULL, 0);
    assert_true(query_has(&q, STR("e")));
    query_clear(&q);
    assert_int_equal(q.keys, 0);
    assert_query(&q, "");
    query_set(&q, STR("n"), STR_NULL);
    assert_non_null(query_get(&q, STR("n")).p);
}

static void adding_another(void **state)
{
    (void)state;
    struct query q = parsed("a=1"), other = parsed("b=2&a=3");
    query_set_list(&other, STR("z"), NULL, 0);
    query_add_all(&q, &other);
    assert_query(&q, "a=1&a=3&b=2");
    assert_true(query_has(&q, STR("z")));
    query_add_all(&q, &q);
    assert_query(&q, "a=1&a=3&a=1&a=3&b=2&b=2");
}

/* Enough keys for the index, against a model. */
static void many_keys(void **state)
{
    char key[16], value[16];
    (void)state;
    struct query q = parsed("");
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 300; i++) {
            snprintf(key, sizeof key, "k%d", i);
            snprintf(value, sizeof value, "%d.%d", round, i);
            query_add(&q, str_from(key), str_from(value));
        }
    assert_int_equal(q.keys, 300);
    for (int i = 0; i < 300; i += 2) {
        snprintf(key, sizeof key, "k%d", i);
        assert_true(query_remove(&q, str_from(key)));
    }
    assert_int_equal(q.keys, 150);
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof key, "k%d", i);
        snprintf(value, sizeof value, "2.%d", i);
        assert_int_equal(query_count(&q, str_from(key)), i % 2 ? 3 : 0);
        if (i % 2)
            assert_str(query_get(&q, str_from(key)), value);
    }
    for (int i = 1; i < 290; i += 2) {
        snprintf(key, sizeof key, "k%d", i);
        query_remove(&q, str_from(key));
    }
    assert_int_equal(q.keys, 5); /* few again: no index */
    assert_null(q.index);
    assert_str(query_get(&q, STR("k291")), "2.291");
}

static void number_of_fields_is_limited(void **state)
{
    struct query q;
    struct err e;
    (void)state;
    query_init(&q, &arena);
    assert_int_equal(query_parse(&q, STR("a&b"), 2, &e), 0);
    assert_int_equal(query_parse(&q, STR("a&b&c"), 2, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_non_null(strstr(e.msg, "data_upload_max_number_fields"));
    assert_int_equal(q.n, 2);
    assert_int_equal(query_parse(&q, STR("&&"), 2, &e), -1); /* empty ones count */
    assert_int_equal(query_parse(&q, STR("&&"), SIZE_MAX, &e), 0);
}

static void time_is_linear(void **state)
{
    struct buf text = BUF_INIT;
    struct query q;
    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_addf(&text, "key%d=%d&same=%d&", i, i, i);
    query_init(&q, &arena);
    int64_t start = clock_monotonic();
    assert_int_equal(query_parse(&q, buf_str(&text), SIZE_MAX, NULL), 0);
    assert_true(clock_monotonic() - start < 5 * CLOCK_SECOND);
    assert_int_equal(q.keys, 100001);
    buf_release(&text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(parsing),        TEST(writing),
        TEST(reading),        TEST(nul_bytes_are_kept),
        TEST(changing),       TEST(adding_another),
        TEST(many_keys),      TEST(number_of_fields_is_limited),
        TEST(time_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
