/* SPDX-License-Identifier: MIT */
/* Entity tags, conditional requests, byte ranges, cache headers. */
#include "test.h"

#include "http/cache_control.h"
#include "http/conditional.h"
#include "http/range.h"
#include "http/response.h"

#define NOW 1750000000
#define CHANGED 784111777
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define EARLIER "Sun, 06 Nov 1994 08:49:36 GMT"

static struct arena arena;
static struct headers headers;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    headers_init(&headers, &arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void etags(void **state)
{
    struct str rest = STR("\"a\" , W/\"b\", bad, \"c\"d\", \"\" ,\"x\\y\""), tag;
    struct buf out = BUF_INIT;
    (void)state;
    assert_true(etag_next(&rest, &tag));
    assert_str(tag, "\"a\"");
    assert_true(etag_next(&rest, &tag));
    assert_str(tag, "W/\"b\"");
    assert_true(etag_next(&rest, &tag));
    assert_str(tag, "\"\"");
    assert_true(etag_next(&rest, &tag));
    assert_str(tag, "\"x\\y\"");
    assert_false(etag_next(&rest, &tag));
    assert_true(etag_any(STR(" * ")));
    assert_false(etag_any(STR("\"a\", *")) || etag_any(STR("\"*\"")) || etag_any(STR_NULL));
    rest = STR("\"a\", *");
    assert_true(etag_next(&rest, &tag));
    assert_false(etag_next(&rest, &tag)); /* "*" stands alone or for nothing */
    rest = STR_NULL;
    assert_false(etag_next(&rest, &tag));
    etag_quote(&out, STR("a"));
    etag_quote(&out, STR("\"b\""));
    etag_quote(&out, STR("W/\"c\""));
    etag_quote(&out, STR("W/d"));
    etag_quote(&out, STR("\""));
    assert_str(buf_str(&out), "\"a\"\"b\"W/\"c\"\"W/d\"\"\"\"");
    buf_reset(&out);
    etag_weaken(&out, STR("\"a\""));
    etag_weaken(&out, STR("W/\"b\""));
    assert_str(buf_str(&out), "W/\"a\"W/\"b\"");
    buf_release(&out);
}

struct request_headers {
    const char *match, *none_match, *modified, *unmodified;
};

static enum conditional checked(struct request_headers h, bool safe, const char *etag,
                                int64_t changed)
{
    const char *const fields[][2] = {{"If-Match", h.match},
                                     {"If-None-Match", h.none_match},
                                     {"If-Modified-Since", h.modified},
                                     {"If-Unmodified-Since", h.unmodified}};
    headers_init(&headers, &arena);
    for (size_t i = 0; i < 4; i++)
        if (fields[i][1])
            headers_put(&headers, str_from(fields[i][0]), str_from(fields[i][1]));
    return conditional_check(&headers, safe, str_from(etag), changed, NOW);
}

static void preconditions(void **state)
{
#define H(...) ((struct request_headers){__VA_ARGS__})
#define PASS CONDITIONAL_PASS
#define SAME CONDITIONAL_NOT_MODIFIED
#define FAILED CONDITIONAL_FAILED
    (void)state;
    assert_int_equal(checked(H(.match = NULL), true, "\"a\"", CHANGED), PASS);

    assert_int_equal(checked(H(.match = "\"a\""), true, "\"a\"", CHANGED), PASS);
    assert_int_equal(checked(H(.match = "\"b\", \"a\""), false, "\"a\"", CHANGED), PASS);
    assert_int_equal(checked(H(.match = "\"b\""), true, "\"a\"", CHANGED), FAILED);
    assert_int_equal(checked(H(.match = "*"), true, "W/\"a\"", CHANGED), PASS);
    assert_int_equal(checked(H(.match = "*"), true, NULL, CHANGED), FAILED);
    assert_int_equal(checked(H(.match = "W/\"a\""), true, "W/\"a\"", CHANGED), FAILED);
    assert_int_equal(checked(H(.match = "W/\"a\""), true, "\"a\"", CHANGED), FAILED);
    assert_int_equal(checked(H(.match = "nonsense"), true, "\"a\"", CHANGED), PASS);

    assert_int_equal(checked(H(.none_match = "\"a\""), true, "\"a\"", CHANGED), SAME);
    assert_int_equal(checked(H(.none_match = "\"a\""), false, "\"a\"", CHANGED), FAILED);
    assert_int_equal(checked(H(.none_match = "W/\"a\""), true, "\"a\"", CHANGED), SAME);
    assert_int_equal(checked(H(.none_match = "\"a\""), true, "W/\"a\"", CHANGED), SAME);
    assert_int_equal(checked(H(.none_match = "\"b\""), true, "\"a\"", CHANGED), PASS);
    assert_int_equal(checked(H(.none_match = "*"), true, "\"a\"", CHANGED), SAME);
    assert_int_equal(checked(H(.none_match = "*"), false, "\"a\"", CHANGED), FAILED);
    assert_int_equal(checked(H(.none_match = "*"), false, NULL, CHANGED), PASS);

    assert_int_equal(checked(H(.modified = DATE), true, NULL, CHANGED), SAME);
    assert_int_equal(checked(H(.modified = EARLIER), true, NULL, CHANGED), PASS);
    assert_int_equal(checked(H(.modified = DATE), false, NULL, CHANGED), PASS);
    assert_int_equal(checked(H(.modified = DATE), true, NULL, LAST_MODIFIED_NONE), PASS);
    assert_int_equal(checked(H(.modified = "yesterday"), true, NULL, CHANGED), PASS);

    assert_int_equal(checked(H(.unmodified = DATE), true, NULL, CHANGED), PASS);
    assert_int_equal(checked(H(.unmodified = EARLIER), true, NULL, CHANGED), FAILED);
    assert_int_equal(checked(H(.unmodified = DATE), true, NULL, LAST_MODIFIED_NONE), FAILED);

    /* Tags come before dates. */
    assert_int_equal(checked(H(.none_match = "\"b\"", .modified = DATE), true, "\"a\"", CHANGED),
                     PASS);
    assert_int_equal(checked(H(.none_match = "\"a\"", .modified = EARLIER), true, "\"a\"", CHANGED),
                     SAME);
    assert_int_equal(checked(H(.match = "\"a\"", .unmodified = EARLIER), true, "\"a\"", CHANGED),
                     PASS);
    assert_int_equal(checked(H(.match = "\"b\"", .none_match = "\"a\""), true, "\"a\"", CHANGED),
                     FAILED);
}

static void not_modified(void **state)
{
    (void)state;
    struct response *r = response_text(200, STR_NULL, "body");
    headers_put(&r->headers, STR("etag"), STR("\"a\""));
    headers_put(&r->headers, STR("Vary"), STR("Cookie"));
    headers_put(&r->headers, STR("X-Other"), STR("1"));
    headers_put(&r->headers, STR("Set-Cookie"), STR("a=1"));
    conditional_not_modified(r);
    assert_int_equal(r->status, 304);
    assert_int_equal(r->bytes.n, 0);
    assert_int_equal(r->headers.n, 3);
    assert_str(headers_get(&r->headers, STR("ETag")), "\"a\"");
    assert_str(headers_get(&r->headers, STR("Vary")), "Cookie");
    assert_str(headers_get(&r->headers, STR("Set-Cookie")), "a=1");
    response_unref(r);
}

/* ---- ranges ---- */

static void assert_range(const char *header, uint64_t size, enum range_result result,
                         const char *want)
{
    struct range_set set;
    struct buf out = BUF_INIT;
    assert_int_equal(range_parse(&set, str_from(header), size), result);
    for (size_t i = 0; i < set.n; i++) {
        if (i)
            buf_addc(&out, ' ');
        range_content_range(&out, &set.items[i], size);
    }
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void ranges(void **state)
{
    (void)state;
    assert_range("bytes=0-4", 10, RANGE_PARTIAL, "bytes 0-4/10");
    assert_range("Bytes=5-", 10, RANGE_PARTIAL, "bytes 5-9/10");
    assert_range("bytes=-3", 10, RANGE_PARTIAL, "bytes 7-9/10");
    assert_range("bytes=-30", 10, RANGE_PARTIAL, "bytes 0-9/10");
    assert_range("bytes=9-9", 10, RANGE_PARTIAL, "bytes 9-9/10");
    assert_range("bytes=5-99999999999999999999999", 10, RANGE_PARTIAL, "bytes 5-9/10");
    assert_range("bytes=0-1, 4-5 ,-1", 10, RANGE_PARTIAL, "bytes 0-1/10 bytes 4-5/10 bytes 9-9/10");
    assert_range("bytes=0-1,10-", 10, RANGE_PARTIAL, "bytes 0-1/10");
    assert_range("bytes=,0-1,", 10, RANGE_PARTIAL, "bytes 0-1/10");
    assert_range("bytes=8-9,0-1", 10, RANGE_PARTIAL, "bytes 8-9/10 bytes 0-1/10");

    assert_range("bytes=10-", 10, RANGE_UNSATISFIABLE, "");
    assert_range("bytes=-0", 10, RANGE_UNSATISFIABLE, "");
    assert_range("bytes=0-", 0, RANGE_UNSATISFIABLE, "");
    assert_range("bytes=99999999999999999999999-", 10, RANGE_UNSATISFIABLE, "");

    assert_range(NULL, 10, RANGE_WHOLE, "");
    assert_range("", 10, RANGE_WHOLE, "");
    assert_range("bytes=", 10, RANGE_WHOLE, "");
    assert_range("bytes=-", 10, RANGE_WHOLE, "");
    assert_range("bytes=3-1", 10, RANGE_WHOLE, "");
    assert_range("bytes=a-b", 10, RANGE_WHOLE, "");
    assert_range("bytes=1", 10, RANGE_WHOLE, "");
    assert_range("bytes=1-2-3", 10, RANGE_WHOLE, "");
    assert_range("bytes=0x1-2", 10, RANGE_WHOLE, "");
    assert_range("bytes = 0-1", 10, RANGE_WHOLE, "");
    assert_range("lines=0-1", 10, RANGE_WHOLE, "");
    assert_range("bytes=0-1,bad", 10, RANGE_WHOLE, "");
    assert_range("bytes=0-5,3-7", 10, RANGE_WHOLE, "");
    assert_range("bytes=0-,0-,0-,0-", 10, RANGE_WHOLE, "");
    assert_range("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14", 99, RANGE_PARTIAL,
                 "bytes 0-0/99 bytes 2-2/99 bytes 4-4/99 bytes 6-6/99 bytes 8-8/99 bytes 10-10/99 "
                 "bytes 12-12/99 bytes 14-14/99");
    assert_range("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16", 99, RANGE_WHOLE, "");
    assert_range("bytes=0-", UINT64_MAX, RANGE_PARTIAL,
                 "bytes 0-18446744073709551614/18446744073709551615");
}

static void if_range(void **state)
{
    (void)state;
    assert_true(range_if_range_passes(STR_NULL, STR_NULL, LAST_MODIFIED_NONE, NOW));
    assert_true(range_if_range_passes(STR("\"a\""), STR("\"a\""), CHANGED, NOW));
    assert_false(range_if_range_passes(STR("\"b\""), STR("\"a\""), CHANGED, NOW));
    assert_false(range_if_range_passes(STR("W/\"a\""), STR("W/\"a\""), CHANGED, NOW));
    assert_true(range_if_range_passes(STR(DATE), STR("\"a\""), CHANGED, NOW));
    assert_false(range_if_range_passes(STR(DATE), STR("\"a\""), CHANGED + 1, NOW));
    assert_false(range_if_range_passes(STR(DATE), STR("\"a\""), CHANGED - 1, NOW));
    assert_false(range_if_range_passes(STR(DATE), STR_NULL, LAST_MODIFIED_NONE, NOW));
    assert_false(range_if_range_passes(STR("x"), STR("x"), CHANGED, NOW));
}

static void parts_of_several_ranges(void **state)
{
    struct buf out = BUF_INIT;
    struct range r = {0, 5};
    (void)state;
    range_part_head(&out, STR("B"), STR("text/plain"), &r, 10);
    buf_adds(&out, "hello");
    range_part_head(&out, STR("B"), STR("text/plain"), NULL, 10);
    assert_str(buf_str(&out), "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes "
                              "0-4/10\r\n\r\nhello\r\n--B--\r\n");
    buf_reset(&out);
    range_content_range(&out, NULL, 10);
    assert_str(buf_str(&out), "bytes */10");
    buf_release(&out);
}

/* ---- caches ---- */

static void assert_patched(const char *before, const char *name, const char *value,
                           const char *after)
{
    struct cache_directive d = {str_from(name), str_from(value)};
    headers_init(&headers, &arena);
    if (before)
        headers_put(&headers, STR("Cache-Control"), str_from(before));
    assert_int_equal(cache_control_patch(&headers, &d, 1, NULL), 0);
    assert_str(headers_get(&headers, STR("cache-control")), after);
}

static void patching_cache_control(void **state)
{
    int64_t age;
    (void)state;
    assert_patched(NULL, "private", NULL, "private");
    assert_patched("max-age=60", "max_age", "30", "max-age=30");
    assert_patched("max-age=60", "max-age", "90", "max-age=60");
    assert_patched("max-age=bad", "max-age", "90", "max-age=90");
    assert_patched("Private , max-age=60", "public", NULL, "max-age=60, public");
    assert_patched("public", "private", NULL, "private");
    assert_patched("no-cache=a,no-cache=c", "no_cache", "b", "no-cache=a, no-cache=b, no-cache=c");
    assert_patched("no-cache=a, no-cache=b", "no_cache", NULL, "no-cache");
    assert_patched("no-cache", "no_cache", "b", "no-cache");
    assert_patched("no-cache=a", "no_cache", "a", "no-cache=a");
    assert_patched("no-store", "stale_while_revalidate", "5", "no-store, stale-while-revalidate=5");
    assert_patched("no-transform", "no_transform", NULL, "no-transform");
    assert_true(!cache_control_max_age(&headers, &age));
    assert_patched("public, Max-Age=70", "s_maxage", "5", "public, max-age=70, s-maxage=5");
    assert_true(cache_control_max_age(&headers, &age) && age == 70);
    struct cache_directive evil = {STR("private"), STR("a\r\nb")};
    assert_int_equal(cache_control_patch(&headers, &evil, 1, NULL), -1);
}

static void expiring(void **state)
{
    (void)state;
    assert_int_equal(cache_control_expire(&headers, 10, CHANGED, NULL), 0);
    assert_str(headers_get(&headers, STR("Expires")), "Sun, 06 Nov 1994 08:49:47 GMT");
    assert_str(headers_get(&headers, STR("Cache-Control")), "max-age=10");
    assert_int_equal(cache_control_never(&headers, CHANGED, NULL), 0);
    assert_str(headers_get(&headers, STR("Expires")), "Sun, 06 Nov 1994 08:49:47 GMT");
    assert_str(headers_get(&headers, STR("Cache-Control")),
               "max-age=0, no-cache, no-store, must-revalidate, private");
}

static void assert_vary(const char *before, const char *one, const char *two, const char *after)
{
    const struct str names[] = {str_from(one), str_from(two)};
    headers_init(&headers, &arena);
    if (before)
        headers_put(&headers, STR("Vary"), str_from(before));
    assert_int_equal(vary_patch(&headers, names, 2, NULL), 0);
    assert_str(headers_get(&headers, STR("Vary")), after);
}

static void patching_vary(void **state)
{
    (void)state;
    assert_vary(NULL, "Cookie", "Accept", "Cookie, Accept");
    assert_vary("cookie,  Accept", "Cookie", "X", "cookie, Accept, X");
    assert_true(vary_has(&headers, STR("ACCEPT")));
    assert_false(vary_has(&headers, STR("Acc")));
    assert_vary("Cookie", "*", "X", "*");
    assert_vary("*", "Cookie", "X", "*");
    assert_vary("", "Cookie", "X", "Cookie, X");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(etags),         TEST(preconditions),
        TEST(not_modified),  TEST(ranges),
        TEST(if_range),      TEST(parts_of_several_ranges),
        TEST(expiring),      TEST(patching_cache_control),
        TEST(patching_vary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
