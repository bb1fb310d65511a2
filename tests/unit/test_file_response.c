/* SPDX-License-Identifier: MIT */
/* Files as responses: opening, describing, conditions and ranges; opening below a root. */
#include "file_world.h"

#include "http/beneath.h"
#include "http/file_response.h"
#include "http/precompress.h"

#include <brotli/decode.h>
#include <errno.h>
#include <zlib.h>

#define TEN "0123456789"

static void open_ten(struct file *f)
{
    struct err err;
    write_file("ten.txt", TEN, 10);
    if (file_open(f, NULL, str_from(in_folder("ten.txt")), &err) != 0)
        fail_msg("%s", err.msg);
}

static struct response *ten(void)
{
    struct response *r = response_new(200);
    struct file f;
    open_ten(&f);
    headers_put(&r->headers, STR("Content-Type"), STR("text/plain"));
    file_response_set(r, &f);
    return r;
}

/* ---- opening ---- */

static void opens_regular_files_only(void **state)
{
    struct file f;
    struct err err;
    (void)state;
    open_ten(&f);
    assert_int_equal(f.size, 10);
    assert_int_equal(f.mtime, (int64_t)TIME * 1000000000);
    assert_true(fcntl(f.fd, F_GETFD) & FD_CLOEXEC);
    close(f.fd);

    assert_int_equal(file_open(&f, NULL, str_from(in_folder("no.txt")), &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, in_folder("no.txt")));
    assert_int_equal(file_open(&f, NULL, str_from(folder), &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.msg, "is a folder"));
    assert_int_equal(file_open(&f, NULL, STR("/dev/null"), &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    /* A FIFO without a writer must not make us wait. */
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(file_open(&f, NULL, str_from(in_folder("fifo")), &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
}

static int (*const openers[])(int, struct str, struct err *) = {beneath_open, beneath_open_steps};

static int try_open(int how, const char *path, struct err *err)
{
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = openers[how](dir, str_from(path), err);
    close(dir);
    if (fd >= 0)
        close(fd);
    return fd >= 0 ? 0 : -1;
}

static void nothing_leads_out_of_a_folder(void **state)
{
    static const char *const out[] = {
        "..",  "../x",       "a/../../x", "/etc/passwd", "//etc/passwd",
        "out", "out/passwd", "abs",       "a/up/x",      "loop",
    };
    struct err err;
    size_t before = open_descriptors();
    (void)state;
    make_folder("a");
    write_file("a/f.txt", "f", 1);
    make_link("/etc", "out");
    make_link("/etc/passwd", "abs");
    make_link("../..", "a/up");
    make_link("loop", "loop");
    for (int how = 0; how < 2; how++) {
        assert_int_equal(try_open(how, "a/f.txt", &err), 0);
        for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
            if (try_open(how, out[i], &err) == 0)
                fail_msg("'%s' was opened", out[i]);
            if (err.code != ERR_DENIED && err.code != ERR_NOT_FOUND)
                fail_msg("'%s': %s", out[i], err.msg);
        }
        assert_int_equal(try_open(how, "a/none", &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_int_equal(try_open(how, "a/f.txt/x", &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_int_equal(try_open(how, "", &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
        int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(openers[how](dir, str_make("a/f.txt\0x", 9), &err), -1);
        close(dir);
    }
    assert_int_equal(open_descriptors(), before);
}

static void links_inside_are_followed(void **state)
{
    struct err err;
    (void)state;
    make_folder("a");
    write_file("a/f.txt", "f", 1);
    make_link("a/f.txt", "inside");
    make_link("a", "b");
    assert_int_equal(try_open(0, "inside", &err), 0);
    assert_int_equal(try_open(0, "b/f.txt", &err), 0);
    /* without the kernel's help they are not: better safe */
    assert_int_equal(try_open(1, "inside", &err), -1);
    assert_int_equal(try_open(1, "b/f.txt", &err), -1);
}

static void files_below_a_root(void **state)
{
    struct file f;
    struct err err;
    (void)state;
    write_file("ten.txt", TEN, 10);
    assert_int_equal(file_open(&f, folder, STR("ten.txt"), &err), 0);
    assert_int_equal(f.size, 10);
    close(f.fd);
    assert_int_equal(file_open(&f, folder, STR("../ten.txt"), &err), -1);
    assert_int_equal(err.code, ERR_DENIED);
    assert_int_equal(file_open(&f, "/nowhere/at/all", STR("x"), &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "/nowhere/at/all"));
}

/* ---- describing ---- */

static void types(void **state)
{
    static const char *const cases[][2] = {
        {"a.txt", "text/plain"},
        {"a.html", "text/html"},
        {"a.tar.gz", "application/gzip"},
        {"a.tgz", "application/gzip"},
        {"a.txt.bz2", "application/x-bzip"},
        {"a.txt.xz", "application/x-xz"},
        {"a.css.br", "application/x-brotli"},
        {"a.Z", "application/x-compress"},
        {"a.unheardof", "application/octet-stream"},
        {"noextension", "application/octet-stream"},
        {"", "application/octet-stream"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str(file_content_type(str_from(cases[i][0])), cases[i][1]);
}

static void describes_itself(void **state)
{
    struct response *r = ten();
    char etag[FILE_ETAG_SIZE];
    struct file f = {.size = 10, .mtime = (int64_t)TIME * 1000000000};
    (void)state;
    assert_string_equal(field(r, "Last-Modified"), TIME_TEXT);
    assert_str(file_etag(&f, etag), field(r, "ETag"));
    ask("GET", "/", NULL);
    file_response_finish(r, &request);
    assert_int_equal(r->status, 200);
    assert_string_equal(field(r, "Accept-Ranges"), "bytes");
    assert_string_equal(body(r, NULL), TEN);
    response_unref(r);

    /* another time or size, another tag; the author's own stays */
    f.mtime++;
    r = response_new(200);
    headers_put(&r->headers, STR("ETag"), STR("\"mine\""));
    headers_put(&r->headers, STR("Last-Modified"), STR("Sun, 06 Nov 1994 08:49:37 GMT"));
    open_ten(&f);
    file_response_set(r, &f);
    assert_string_equal(field(r, "ETag"), "\"mine\"");
    assert_string_equal(field(r, "Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    response_unref(r);
}

static void every_time_and_size_has_a_tag(void **state)
{
    char a[FILE_ETAG_SIZE], b[FILE_ETAG_SIZE];
    struct file f = {.size = 10, .mtime = 5};
    (void)state;
    file_etag(&f, a);
    f.mtime = 6;
    file_etag(&f, b);
    assert_string_not_equal(a, b);
    f = (struct file){.size = 11, .mtime = 5};
    file_etag(&f, b);
    assert_string_not_equal(a, b);
    f = (struct file){.size = UINT64_MAX, .mtime = INT64_MIN};
    assert_true(file_etag(&f, b).n < FILE_ETAG_SIZE);
}

/* ---- conditions ---- */

static void expect(const char *method, const char *name, const char *value, int status)
{
    struct response *r = ten();
    if (strcmp(value, "ETAG") == 0)
        value = arena_strdup(&arena, field(r, "ETag"));
    ask(method, "/", name, value, NULL);
    file_response_finish(r, &request);
    if (r->status != status)
        fail_msg("%s with %s: %s gave %d, not %d", method, name, value, r->status, status);
    if (status == 304 || status == 412) {
        assert_int_equal(r->kind, RESPONSE_BYTES);
        assert_int_equal(r->bytes.n, 0);
        assert_string_not_equal(field(r, "ETag"), "");
        assert_string_not_equal(field(r, "Last-Modified"), "");
        assert_string_equal(field(r, "Content-Type"), "");
    }
    response_unref(r);
}

static void conditions(void **state)
{
    size_t before = open_descriptors();
    (void)state;
    expect("GET", "If-None-Match", "ETAG", 304);
    expect("HEAD", "If-None-Match", "ETAG", 304);
    expect("GET", "If-None-Match", "*", 304);
    expect("GET", "If-None-Match", "\"x\"", 200);
    expect("GET", "If-Modified-Since", TIME_TEXT, 304);
    expect("GET", "If-Modified-Since", "Sun, 15 Jun 2025 15:06:41 GMT", 304);
    expect("GET", "If-Modified-Since", "Sun, 15 Jun 2025 15:06:39 GMT", 200);
    expect("GET", "If-Modified-Since", "yesterday", 200);
    expect("GET", "If-Match", "ETAG", 200);
    expect("GET", "If-Match", "\"x\"", 412);
    expect("GET", "If-Unmodified-Since", TIME_TEXT, 200);
    expect("GET", "If-Unmodified-Since", "Sun, 15 Jun 2025 15:06:39 GMT", 412);
    expect("POST", "If-None-Match", "ETAG", 200);
    assert_int_equal(open_descriptors(), before);
}

static void not_modified_keeps_what_counts(void **state)
{
    struct response *r = ten();
    (void)state;
    headers_put(&r->headers, STR("Cache-Control"), STR("max-age=5"));
    headers_put(&r->headers, STR("Vary"), STR("Cookie"));
    headers_put(&r->headers, STR("Content-Disposition"), STR("attachment"));
    ask("GET", "/", "If-None-Match", arena_strdup(&arena, field(r, "ETag")), NULL);
    file_response_finish(r, &request);
    assert_int_equal(r->status, 304);
    assert_string_equal(field(r, "Cache-Control"), "max-age=5");
    assert_string_equal(field(r, "Vary"), "Cookie");
    assert_string_equal(field(r, "Content-Disposition"), "");
    response_unref(r);
}

static void other_responses_are_left_alone(void **state)
{
    struct response *r = response_new(200);
    (void)state;
    response_set_static_body(r, STR(TEN));
    ask("GET", "/", "Range", "bytes=0-0", NULL);
    file_response_finish(r, &request);
    assert_int_equal(r->status, 200);
    assert_string_equal(field(r, "Accept-Ranges"), "");
    response_unref(r);

    r = ten();
    r->status = 404; /* a file as an error page */
    file_response_finish(r, &request);
    assert_int_equal(r->status, 404);
    assert_string_equal(body(r, NULL), TEN);
    response_unref(r);

    r = ten();
    ask("HEAD", "/", "Range", "bytes=0-0", NULL);
    file_response_finish(r, &request);
    assert_int_equal(r->status, 200);
    assert_string_equal(field(r, "Accept-Ranges"), "bytes");
    response_unref(r);
}

/* ---- ranges ---- */

static struct response *ranged(const char *range, const char *if_range)
{
    struct response *r = ten();
    if (if_range && strcmp(if_range, "ETAG") == 0)
        if_range = arena_strdup(&arena, field(r, "ETag"));
    if (if_range)
        ask("GET", "/", "Range", range, "If-Range", if_range, NULL);
    else
        ask("GET", "/", "Range", range, NULL);
    file_response_finish(r, &request);
    return r;
}

static void one_range(void **state)
{
    static const struct {
        const char *range;
        int status;
        const char *body, *content_range;
    } cases[] = {
        {"bytes=0-0", 206, "0", "bytes 0-0/10"},
        {"bytes=-1", 206, "9", "bytes 9-9/10"},
        {"bytes=2-4", 206, "234", "bytes 2-4/10"},
        {"bytes=7-", 206, "789", "bytes 7-9/10"},
        {"bytes=0-18446744073709551615", 206, TEN, "bytes 0-9/10"},
        {"bytes=0-99999999999999999999999999", 206, TEN, "bytes 0-9/10"},
        {"bytes=-99", 206, TEN, "bytes 0-9/10"},
        {"bytes= 1 - 2", 200, TEN, ""},
        {"bytes=5-2", 200, TEN, ""},
        {"bytes=-", 200, TEN, ""},
        {"bytes=a-b", 200, TEN, ""},
        {"lines=1-2", 200, TEN, ""},
        {"bytes=", 200, TEN, ""},
        {"bytes=0x1-2", 200, TEN, ""},
        {"bytes=-0", 416, "", "bytes */10"},
        {"bytes=10-", 416, "", "bytes */10"},
        {"bytes=18446744073709551615-", 416, "", "bytes */10"},
        {"bytes=10-11,12-", 416, "", "bytes */10"},
        {"bytes=1-2,50-60", 206, "12", "bytes 1-2/10"},
        {"BYTES=1-2", 206, "12", "bytes 1-2/10"},
        {"bytes=0-4,3-6", 200, TEN, ""},                             /* overlapping */
        {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8", 200, TEN, ""}, /* too many */
    };
    size_t before = open_descriptors();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct response *r = ranged(cases[i].range, NULL);
        if (r->status != cases[i].status)
            fail_msg("%s gave %d", cases[i].range, r->status);
        assert_string_equal(field(r, "Content-Range"), cases[i].content_range);
        assert_string_equal(body(r, NULL), cases[i].body);
        assert_string_equal(field(r, "Accept-Ranges"), "bytes");
        response_unref(r);
    }
    assert_int_equal(open_descriptors(), before);
}

static void if_range(void **state)
{
    static const struct {
        const char *value;
        int status;
    } cases[] = {
        {"ETAG", 206},
        {TIME_TEXT, 206},
        {"\"other\"", 200},
        {"W/\"other\"", 200},
        {"Sun, 15 Jun 2025 15:06:41 GMT", 200}, /* exactly, or not at all */
        {"Sun, 15 Jun 2025 15:06:39 GMT", 200},
        {"rubbish", 200},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct response *r = ranged("bytes=0-1", cases[i].value);
        if (r->status != cases[i].status)
            fail_msg("%s gave %d", cases[i].value, r->status);
        response_unref(r);
    }
}

static void several_ranges(void **state)
{
    struct response *r = ranged("bytes=0-1, 4-5,-1", NULL);
    const char *type = field(r, "Content-Type"), *boundary = strstr(type, "boundary=");
    char *want;
    (void)state;
    assert_int_equal(r->status, 206);
    assert_int_equal(strncmp(type, "multipart/byteranges; boundary=", 31), 0);
    boundary += 9;
    assert_int_equal(strlen(boundary), 32);
    assert_string_equal(field(r, "Content-Range"), "");
    want = arena_printf(&arena,
                        "\r\n--%s\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10"
                        "\r\n\r\n01"
                        "\r\n--%s\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-5/10"
                        "\r\n\r\n45"
                        "\r\n--%s\r\nContent-Type: text/plain\r\nContent-Range: bytes 9-9/10"
                        "\r\n\r\n9\r\n--%s--\r\n",
                        boundary, boundary, boundary, boundary);
    assert_string_equal(body(r, NULL), want);
    response_unref(r);
}

static void several_ranges_of_bytes(void **state)
{
    struct response *r = response_new(200);
    char *owned = strdup(TEN);
    (void)state;
    response_set_owned_body(r, str_from(owned), free, owned);
    r->ranges = true;
    ask("GET", "/", "Range", "bytes=0-1,8-", NULL);
    file_response_finish(r, &request);
    assert_int_equal(r->status, 206);
    assert_non_null(strstr(body(r, NULL), "bytes 8-9/10\r\n\r\n89\r\n--"));
    response_unref(r); /* frees the bytes, and only once */
}

static void long_ranges_come_in_pieces(void **state)
{
    size_t size = 300000, n;
    char *data = arena_alloc(&arena, size);
    struct response *r = response_new(200);
    struct file f;
    struct err err;
    (void)state;
    memset(data, 'x', size);
    write_file("long", data, size);
    assert_int_equal(file_open(&f, folder, STR("long"), &err), 0);
    file_response_set(r, &f);
    ask("GET", "/", "Range", "bytes=0-199999,200001-299998", NULL);
    file_response_finish(r, &request);
    body(r, &n);
    assert_in_range(n, 299998, 299998 + 400);
    response_unref(r);
}

static void a_file_that_shrinks_is_an_error(void **state)
{
    struct response *r = ranged("bytes=0-1,8-9", NULL);
    struct buf out = BUF_INIT;
    struct err err;
    int more;
    (void)state;
    assert_int_equal(truncate(in_folder("ten.txt"), 4), 0);
    while ((more = r->source.pull(r->source.data, &out, &err)) == 1)
        continue;
    assert_int_equal(more, -1);
    assert_non_null(strstr(err.msg, "became shorter"));
    buf_release(&out);
    response_unref(r);
}

/* ---- compressing ahead ---- */

static void compresses(void **state)
{
    struct buf gz = BUF_INIT, br = BUF_INIT, again = BUF_INIT;
    size_t size = 100000, n = size;
    char *data = arena_alloc(&arena, size), *back = arena_alloc(&arena, size);
    z_stream z = {0};
    struct err err;
    (void)state;
    for (size_t i = 0; i < size; i++)
        data[i] = (char)('a' + i % 17);
    assert_int_equal(precompress(&gz, STR("gzip"), str_make(data, size), &err), 0);
    assert_int_equal(precompress(&again, STR("gzip"), str_make(data, size), &err), 0);
    assert_true(str_eq(buf_str(&gz), buf_str(&again)));
    assert_true(gz.n < size / 10);
    assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
    z.next_in = (Bytef *)gz.data;
    z.avail_in = (uInt)gz.n;
    z.next_out = (Bytef *)back;
    z.avail_out = (uInt)size;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    inflateEnd(&z);
    assert_memory_equal(back, data, size);

    assert_int_equal(precompress(&br, STR("br"), str_make(data, size), &err), 0);
    assert_int_equal(BrotliDecoderDecompress(br.n, (uint8_t *)br.data, &n, (uint8_t *)back),
                     BROTLI_DECODER_RESULT_SUCCESS);
    assert_int_equal(n, size);
    assert_memory_equal(back, data, size);

    buf_reset(&br);
    assert_int_equal(precompress(&br, STR("br"), STR(""), &err), 0);
    assert_true(br.n > 0);
    buf_reset(&br);
    assert_int_equal(precompress(&br, STR("zstd"), STR("x"), &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(br.n, 0);
    buf_release(&gz);
    buf_release(&br);
    buf_release(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_regular_files_only),
        TEST(nothing_leads_out_of_a_folder),
        TEST(links_inside_are_followed),
        TEST(files_below_a_root),
        TEST(types),
        TEST(describes_itself),
        TEST(every_time_and_size_has_a_tag),
        TEST(conditions),
        TEST(not_modified_keeps_what_counts),
        TEST(other_responses_are_left_alone),
        TEST(one_range),
        TEST(if_range),
        TEST(several_ranges),
        TEST(several_ranges_of_bytes),
        TEST(long_ranges_come_in_pieces),
        TEST(a_file_that_shrinks_is_an_error),
        TEST(compresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
