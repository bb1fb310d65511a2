/* SPDX-License-Identifier: MIT */
/* Pages in C: a page as bytes, damaged ones, and caches that fail. What is kept and under which
 * key is tested with a server: tests/http/pages.py. */
#include "pipeline/pages_impl.h"

#include "cache/cache.h"
#include "pipeline_world.h"

static const unsigned char check[PAGE_CHECK] = "0123456789abcde";

static struct response *sample(void)
{
    struct response *r = response_new(200);
    headers_put(&r->headers, STR("Content-Type"), STR("text/plain"));
    headers_put(&r->headers, STR("X-Empty"), STR(""));
    headers_put(&r->headers, STR("Vary"), STR("Accept"));
    response_set_static_body(r, STR("the body of the page, the body of the page, the body of it"));
    return r;
}

static void encode(struct buf *out, struct response *r, size_t compress)
{
    page_encode(out, r, 42, check, compress);
    response_unref(r);
}

static void same(struct str a, struct str b)
{
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
}

static void round_trip(size_t compress)
{
    struct buf b = BUF_INIT;
    struct response *want = sample(), *r;
    int64_t fresh = 0;
    want->status = 203;
    want->reason = STR("Fine");
    want->csrf_exempt = true;
    page_encode(&b, want, 42, check, compress);
    r = page_decode(&b, check, &fresh);
    assert_non_null(r);
    buf_release(&b);
    assert_int_equal(fresh, 42);
    assert_int_equal(r->status, 203);
    same(r->reason, want->reason);
    same(r->bytes, want->bytes);
    assert_int_equal(r->headers.n, want->headers.n);
    for (unsigned i = 0; i < r->headers.n; i++) {
        same(r->headers.items[i].name, want->headers.items[i].name);
        same(r->headers.items[i].value, want->headers.items[i].value);
        assert_int_equal(r->headers.items[i].value.p[r->headers.items[i].value.n], '\0');
    }
    assert_true(r->csrf_exempt && !r->xframe_exempt && r->cache_hit);
    response_unref(want);
    response_clear_body(r); /* the fields stay where they are */
    assert_true(headers_has(&r->headers, STR("Vary")));
    response_unref(r);
}

static void comes_back(void **state)
{
    (void)state;
    round_trip(0);
    round_trip(1);
    round_trip(1 << 20);
}

static void of_other_values(void **state)
{
    unsigned char other[PAGE_CHECK] = "0123456789abcd!";
    struct buf b = BUF_INIT;
    int64_t fresh;
    (void)state;
    encode(&b, sample(), 0);
    assert_null(page_decode(&b, other, &fresh));
    buf_release(&b);
}

/* Whatever stands in the cache: a page, or none; never a field that a client could not read. */
static void try_bytes(struct str bytes)
{
    struct buf b = BUF_INIT;
    int64_t fresh;
    buf_addstr(&b, bytes);
    struct response *r = page_decode(&b, check, &fresh);
    for (unsigned i = 0; r && i < r->headers.n; i++)
        assert_true(header_name_valid(r->headers.items[i].name) &&
                    header_value_valid(r->headers.items[i].value));
    response_unref(r);
    buf_release(&b);
}

static void damaged(void **state)
{
    static const unsigned char changes[] = {0x01, 0x80, 0xff, 0x0d};
    (void)state;
    for (size_t compress = 0; compress < 2; compress++) {
        struct buf b = BUF_INIT;
        encode(&b, sample(), compress);
        for (size_t n = 0; n < b.n; n++)
            try_bytes(str_head(buf_str(&b), n));
        for (size_t i = 0; i < b.n; i++)
            for (size_t k = 0; k < sizeof changes; k++) {
                char before = b.data[i];
                b.data[i] = (char)(before ^ changes[k]);
                try_bytes(buf_str(&b));
                b.data[i] = before;
            }
        buf_release(&b);
    }
}

/* ---- caches that fail ---- */

static bool forgiving;

static int fail_get(struct cache *c, struct str key, struct buf *out, struct err *err)
{
    (void)c, (void)key, (void)out;
    return err_set(err, ERR_IO, "it is not there");
}

static int fail_set(struct cache *c, struct str key, struct str value, int64_t ttl, bool add,
                    struct err *err)
{
    (void)c, (void)key, (void)value, (void)ttl, (void)add;
    return err_set(err, ERR_IO, "it is not there");
}

static bool forgive(void *data, const struct err *err)
{
    (void)data, (void)err;
    return forgiving;
}

static const struct cache_ops broken_ops = {.name = "broken", .get = fail_get, .set = fail_set};
static struct cache broken = {.ops = &broken_ops};
static struct page_place broken_place = {
    .cache = &broken, .base = STR_INIT("::"), .forgive = forgive};

static const struct page_place *place(void *data, struct str alias, struct err *err)
{
    (void)data;
    if (str_eq(alias, STR("default")))
        return &broken_place;
    err_set(err, ERR_CONFIG, "no cache '%.*s'", STR_ARG(alias));
    return NULL;
}

static struct response *answer(const struct view *v, struct request *r)
{
    (void)v, (void)r;
    return sample();
}

static void failures(void **state)
{
    struct view v = {.call = answer, .name = "answer"};
    const struct page_host host = {.place = place};
    struct world w;
    struct response *r;
    (void)state;
    world_open(&w);
    w.env.pages = &host;
    world_route(&w, "", &v);
    world_pipeline(&w, NULL);
    struct pages_options o = {.timeout = 60};
    struct pages *p = pages_new(&w.env, &o);

    forgiving = true;
    r = pages_view(p, &v, world_request(&w, "GET", "/"));
    assert_non_null(r);
    assert_int_equal(w.request.exception.kind, EXCEPTION_NONE);
    assert_true(headers_has(&r->headers, STR("Expires")));
    response_unref(r);

    forgiving = false;
    assert_null(pages_view(p, &v, world_request(&w, "GET", "/")));
    assert_string_equal(w.request.exception.message, "cache 'default': it is not there");
    r = pages_view(p, &v, world_request(&w, "POST", "/"));
    assert_non_null(r);
    assert_false(headers_has(&r->headers, STR("Expires")));
    response_unref(r);
    pages_free(p);

    o.alias = STR("other");
    p = pages_new(&w.env, &o);
    assert_null(pages_view(p, &v, world_request(&w, "GET", "/")));
    assert_string_equal(w.request.exception.name, "ImproperlyConfigured");
    assert_string_equal(w.request.exception.message, "no cache 'other'");
    pages_free(p);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(of_other_values),
        cmocka_unit_test(damaged),
        cmocka_unit_test(failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
