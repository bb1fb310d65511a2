/* SPDX-License-Identifier: MIT */
/* The built-in layers that look at bodies: gzip and conditional_get. */
#include "layer_world.h"

#include "base/mem.h"
#include "fiber/fiber.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

/* ---- gzip ---- */

#define GZIP "perilune.middleware.gzip"

static char page[1000];

/* Text that compresses, of n bytes. */
static struct str text_of(size_t n)
{
    for (size_t i = 0; i < sizeof page; i++)
        page[i] = "the quick brown fox "[i % 20];
    return str_make(page, n);
}

/* What a gzip file holds, as a fresh buffer; *name_length is that of its file name. */
static struct buf gunzip(struct str s, size_t *name_length)
{
    struct buf out = BUF_INIT;
    char name[256] = "";
    gz_header header = {.name = (Bytef *)name, .name_max = sizeof name};
    z_stream z = {.next_in = (Bytef *)s.p, .avail_in = (uInt)s.n};
    int rc;
    assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
    assert_int_equal(inflateGetHeader(&z, &header), Z_OK);
    do {
        char piece[4096];
        z.next_out = (Bytef *)piece;
        z.avail_out = sizeof piece;
        rc = inflate(&z, Z_NO_FLUSH);
        assert_true(rc == Z_OK || rc == Z_STREAM_END);
        buf_add(&out, piece, sizeof piece - z.avail_out);
    } while (rc != Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    inflateEnd(&z);
    if (name_length)
        *name_length = strlen(name);
    return out;
}

static size_t size = 500;

static void long_page(struct response *response, struct request *r)
{
    (void)r;
    response_set_static_body(response, text_of(size));
}

static struct response *run_gzip(const char *accept)
{
    world_request(&w, "GET", "/");
    if (accept)
        world_header(&w, "Accept-Encoding", accept);
    return world_run(&w);
}

static void open_gzip(void (*view_does)(struct response *, struct request *))
{
    prepare = view_does;
    world_route(&w, "", &view);
    layer(GZIP);
}

static void expect_plain(const char *accept, const char *vary)
{
    struct response *response = run_gzip(accept);
    assert_str(field(response, "Content-Encoding"), "");
    assert_str(field(response, "Vary"), vary);
    response_unref(response);
}

static void assert_holds(const struct response *response, struct str want)
{
    struct buf got = gunzip(response->bytes, NULL);
    assert_true(str_eq(buf_str(&got), want));
    buf_release(&got);
}

static void test_gzip(void **state)
{
    (void)state;
    open_gzip(long_page);
    for (int i = 0; i < 3; i++) { /* the stream is used again */
        struct response *response = run_gzip("deflate, gzip;q=0.8, br");
        assert_str(field(response, "Content-Encoding"), "gzip");
        assert_str(field(response, "Vary"), "Accept-Encoding");
        assert_true(response->bytes.n < 250);
        assert_str(field(response, "Content-Length"), "");
        assert_holds(response, text_of(500));
        response_unref(response);
    }
}

static void with_fields(struct response *response, struct request *r)
{
    long_page(response, r);
    headers_put(&response->headers, STR("Content-Length"), STR("500"));
    headers_put(&response->headers, STR("ETag"), STR("\"abc\""));
    headers_put(&response->headers, STR("Vary"), STR("Cookie"));
    headers_put(&response->headers, STR("Accept-Ranges"), STR("bytes"));
}

static void test_gzip_fields(void **state)
{
    char length[24];
    (void)state;
    open_gzip(with_fields);
    struct response *response = run_gzip("gzip");
    snprintf(length, sizeof length, "%zu", response->bytes.n);
    assert_str(field(response, "Content-Length"), length);
    assert_str(field(response, "ETag"), "W/\"abc\"");
    assert_str(field(response, "Vary"), "Cookie, Accept-Encoding");
    assert_str(field(response, "Accept-Ranges"), "");
    response_unref(response);
    response = run_gzip("br"); /* untouched, but for Vary */
    assert_str(field(response, "Content-Length"), "500");
    assert_str(field(response, "ETag"), "\"abc\"");
    assert_str(field(response, "Vary"), "Cookie, Accept-Encoding");
    assert_str(field(response, "Accept-Ranges"), "bytes");
    response_unref(response);
}

static void weak_tag(struct response *response, struct request *r)
{
    long_page(response, r);
    headers_put(&response->headers, STR("ETag"), STR("W/\"abc\""));
}

static void test_gzip_weak_tag(void **state)
{
    (void)state;
    open_gzip(weak_tag);
    struct response *response = run_gzip("gzip");
    assert_str(field(response, "ETag"), "W/\"abc\"");
    response_unref(response);
}

static void test_gzip_not_asked_for(void **state)
{
    (void)state;
    open_gzip(long_page);
    expect_plain(NULL, "Accept-Encoding");
    expect_plain("", "Accept-Encoding");
    expect_plain("identity, br", "Accept-Encoding");
    expect_plain("gzip;q=0", "Accept-Encoding");
    expect_plain("notgzip", "Accept-Encoding");
}

static void test_gzip_short(void **state)
{
    (void)state;
    open_gzip(long_page);
    size = 199;
    expect_plain("gzip", "");
    size = 200;
    struct response *response = run_gzip("gzip");
    assert_str(field(response, "Vary"), "Accept-Encoding");
    response_unref(response);
    size = 500;
}

static char noise[400];

static void random_page(struct response *response, struct request *r)
{
    uint32_t x = 12345;
    (void)r;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    response_set_static_body(response, str_make(noise, sizeof noise));
}

static void test_gzip_not_smaller(void **state)
{
    (void)state;
    open_gzip(random_page);
    expect_plain("gzip", "Accept-Encoding");
}

static void encoded(struct response *response, struct request *r)
{
    long_page(response, r);
    headers_put(&response->headers, STR("content-encoding"), STR("br"));
}

static void test_gzip_encoded_already(void **state)
{
    (void)state;
    open_gzip(encoded);
    struct response *response = run_gzip("gzip");
    assert_str(field(response, "Content-Encoding"), "br");
    assert_str(field(response, "Vary"), "");
    response_unref(response);
}

/* The same page has many lengths: BREACH cannot tell one byte more from chance. */
static void test_gzip_padding(void **state)
{
    bool lengths[100] = {false};
    size_t n, different = 0;
    (void)state;
    open_gzip(long_page);
    for (int i = 0; i < 300; i++) {
        struct response *response = run_gzip("gzip");
        struct buf got = gunzip(response->bytes, &n);
        assert_true(n < 100);
        different += !lengths[n];
        lengths[n] = true;
        buf_release(&got);
        response_unref(response);
    }
    assert_true(different > 50);
}

/* ---- gzip: streams and files ---- */

static int pulls, closes;

static int pull(void *data, struct buf *out, struct err *err)
{
    assert_ptr_equal(data, &w);
    if (pulls == -1)
        return err_set(err, ERR_SCRIPT, "the iterator broke");
    buf_addf(out, "piece %d of the stream\n", ++pulls);
    return pulls < 5;
}

static void close_source(void *data)
{
    assert_ptr_equal(data, &w);
    closes++;
}

static void stream_page(struct response *response, struct request *r)
{
    (void)r;
    response_set_stream(response, (struct response_source){pull, close_source, &w});
    headers_put(&response->headers, STR("Content-Length"), STR("1"));
}

static void test_gzip_stream(void **state)
{
    struct buf out = BUF_INIT, got;
    struct err err;
    int more = 1;
    (void)state;
    open_gzip(stream_page);
    pulls = closes = 0;
    struct response *response = run_gzip("gzip");
    assert_int_equal(response->kind, RESPONSE_STREAM);
    assert_str(field(response, "Content-Encoding"), "gzip");
    assert_str(field(response, "Content-Length"), "");
    for (int i = 1; more == 1; i++) {
        size_t before = out.n;
        more = response->source.pull(response->source.data, &out, &err);
        assert_int_equal(pulls, i);
        assert_true(out.n > before); /* every piece goes out at once */
    }
    assert_int_equal(more, 0);
    got = gunzip(buf_str(&out), NULL);
    assert_int_equal(got.n, 5 * strlen("piece 1 of the stream\n"));
    assert_int_equal(closes, 0);
    response_unref(response);
    assert_int_equal(closes, 1);
    buf_release(&got);
    buf_release(&out);
}

static void test_gzip_stream_breaks(void **state)
{
    struct buf out = BUF_INIT;
    struct err err;
    (void)state;
    open_gzip(stream_page);
    pulls = -1;
    closes = 0;
    struct response *response = run_gzip("gzip");
    assert_int_equal(response->source.pull(response->source.data, &out, &err), -1);
    assert_string_equal(err.msg, "the iterator broke");
    response_unref(response);
    assert_int_equal(closes, 1);
    buf_release(&out);
}

static const char *file_type;
static int file_status;

static void file_page(struct response *response, struct request *r)
{
    char name[] = "/tmp/perilune_gzip_XXXXXX";
    int fd = mkstemp(name);
    (void)r;
    assert_true(fd >= 0);
    unlink(name);
    for (int i = 0; i < 200; i++)
        assert_int_equal(write(fd, text_of(1000).p, 1000), 1000);
    response_set_file(response, fd, 500, 150000);
    headers_remove(&response->headers, STR("Content-Type"));
    headers_put(&response->headers, STR("Content-Type"), str_from(file_type));
    response->status = file_status;
}

static void test_gzip_file(void **state)
{
    struct buf out = BUF_INIT, got;
    struct err err;
    int more = 1;
    (void)state;
    open_gzip(file_page);
    file_type = "text/css; charset=utf-8";
    file_status = 200;
    struct response *response = run_gzip("gzip");
    assert_int_equal(response->kind, RESPONSE_STREAM);
    while (more == 1)
        more = response->source.pull(response->source.data, &out, &err);
    assert_int_equal(more, 0);
    got = gunzip(buf_str(&out), NULL);
    assert_int_equal(got.n, 150000);
    assert_memory_equal(got.data, text_of(1000).p + 500, 500);
    response_unref(response);
    buf_release(&got);
    buf_release(&out);

    file_status = 206; /* a part of the file as it is */
    expect_plain("gzip", "");
    file_status = 200;
    file_type = "video/mp4";
    expect_plain("gzip", "");
    file_type = "image/svg+xml";
    response = run_gzip("gzip");
    assert_str(field(response, "Content-Encoding"), "gzip");
    response_unref(response); /* nothing pulled: everything is closed all the same */
}

/* ---- gzip: long bodies, in a thread ---- */

static char *big;
enum { BIG = 600 * 1024 };

static void big_page(struct response *response, struct request *r)
{
    (void)r;
    response_set_static_body(response, str_make(big, BIG));
}

static bool other_ran, done;

static void other(void *arg)
{
    (void)arg;
    other_ran = true;
}

static void run_big(void *arg)
{
    struct loop *l = arg;
    world_request(&w, "GET", "/");
    world_header(&w, "Accept-Encoding", "gzip");
    w.request.loop = l;
    fiber_spawn(l, other, NULL, false);
    struct response *response = world_run(&w);
    assert_true(other_ran); /* the loop went on meanwhile */
    assert_holds(response, str_make(big, BIG));
    response_unref(response);
    done = true;
}

static void test_gzip_big(void **state)
{
    struct err err;
    struct loop *l = loop_new(NULL, &err);
    (void)state;
    big = malloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        big[i] = "0123456789abcdef"[i * i % 16];
    open_gzip(big_page);
    fiber_spawn(l, run_big, l, false);
    loop_run(l);
    assert_true(done);
    loop_free(l);
    struct response *response = run_gzip("gzip"); /* outside of a fiber: at once */
    assert_holds(response, str_make(big, BIG));
    response_unref(response);
    free(big);
}

/* ---- conditional_get ---- */

#define CONDITIONAL "perilune.middleware.conditional_get"
#define MD5_HELLO "\"5d41402abc4b2a76b9719d911017c592\""
#define CHANGED "Sun, 06 Nov 1994 08:49:37 GMT"

static void open_conditional(void (*view_does)(struct response *, struct request *))
{
    prepare = view_does;
    world_route(&w, "", &view);
    layer(CONDITIONAL);
}

static struct response *run_conditional(const char *method, const char *name, const char *value)
{
    world_request(&w, method, "/");
    if (name)
        world_header(&w, name, value);
    return world_run(&w);
}

static void test_etag(void **state)
{
    struct response *response;
    (void)state;
    open_conditional(NULL);
    response = run_conditional("GET", NULL, NULL);
    assert_str(field(response, "ETag"), MD5_HELLO);
    assert_int_equal(response->status, 200);
    response_unref(response);
    response = run_conditional("GET", "If-None-Match", "\"x\", W/" MD5_HELLO);
    assert_int_equal(response->status, 304);
    assert_str(field(response, "ETag"), MD5_HELLO);
    assert_str(field(response, "Content-Type"), "");
    assert_int_equal(response->bytes.n, 0);
    response_unref(response);
    response = run_conditional("GET", "If-None-Match", "\"other\"");
    assert_int_equal(response->status, 200);
    assert_str(response->bytes, "hello");
    response_unref(response);
    response = run_conditional("GET", "If-Match", "\"other\"");
    assert_int_equal(response->status, 412);
    assert_int_equal(response->bytes.n, 0);
    response_unref(response);
    response = run_conditional("HEAD", "If-None-Match", MD5_HELLO); /* as Django: GET only */
    assert_int_equal(response->status, 200);
    assert_str(field(response, "ETag"), "");
    response_unref(response);
    response = run_conditional("POST", "If-Match", "\"other\""); /* too late */
    assert_int_equal(response->status, 200);
    response_unref(response);
}

static void tagged(struct response *response, struct request *r)
{
    (void)r;
    headers_put(&response->headers, STR("etag"), STR("\"own\""));
    headers_put(&response->headers, STR("Expires"), STR("0"));
    headers_put(&response->headers, STR("X-Other"), STR("1"));
}

static void test_etag_of_the_view(void **state)
{
    struct response *response;
    (void)state;
    open_conditional(tagged);
    response = run_conditional("GET", "If-None-Match", "\"own\"");
    assert_int_equal(response->status, 304);
    assert_str(field(response, "Expires"), "0");
    assert_str(field(response, "X-Other"), "");
    response_unref(response);
}

static void no_store(struct response *response, struct request *r)
{
    (void)r;
    headers_put(&response->headers, STR("Cache-Control"), STR("private, No-Store"));
}

static void failed(struct response *response, struct request *r)
{
    (void)r;
    response->status = 404;
}

static void redirected(struct response *response, struct request *r)
{
    tagged(response, r);
    response->status = 302;
}

static void empty(struct response *response, struct request *r)
{
    (void)r;
    response_set_static_body(response, STR(""));
}

static void test_no_etag(void **state)
{
    void (*const views[])(struct response *, struct request *) = {no_store, failed, empty,
                                                                  stream_page};
    (void)state;
    open_conditional(NULL);
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        prepare = views[i];
        struct response *response = run_conditional("GET", "If-None-Match", MD5_HELLO);
        assert_str(field(response, "ETag"), "");
        assert_int_not_equal(response->status, 304);
        response_unref(response);
    }
    prepare = redirected; /* only success has conditions */
    struct response *response = run_conditional("GET", "If-None-Match", "\"own\"");
    assert_int_equal(response->status, 302);
    response_unref(response);
}

static void dated(struct response *response, struct request *r)
{
    (void)r;
    response_set_stream(response, (struct response_source){pull, close_source, &w});
    headers_put(&response->headers, STR("Last-Modified"), STR(CHANGED));
}

static void test_last_modified(void **state)
{
    struct response *response;
    (void)state;
    open_conditional(dated);
    closes = 0;
    response = run_conditional("GET", "If-Modified-Since", CHANGED);
    assert_int_equal(response->status, 304);
    assert_int_equal(closes, 1); /* the stream is not needed any more */
    assert_str(field(response, "Last-Modified"), CHANGED);
    response_unref(response);
    response = run_conditional("GET", "If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT");
    assert_int_equal(response->status, 200);
    response_unref(response);
    response = run_conditional("GET", "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT");
    assert_int_equal(response->status, 412);
    response_unref(response);
    response = run_conditional("GET", "If-Modified-Since", "yesterday");
    assert_int_equal(response->status, 200);
    response_unref(response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_gzip),
        TEST(test_gzip_fields),
        TEST(test_gzip_weak_tag),
        TEST(test_gzip_not_asked_for),
        TEST(test_gzip_short),
        TEST(test_gzip_not_smaller),
        TEST(test_gzip_encoded_already),
        TEST(test_gzip_padding),
        TEST(test_gzip_stream),
        TEST(test_gzip_stream_breaks),
        TEST(test_gzip_file),
        TEST(test_gzip_big),
        TEST(test_etag),
        TEST(test_etag_of_the_view),
        TEST(test_no_etag),
        TEST(test_last_modified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
