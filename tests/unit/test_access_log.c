/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "server/access_log.h"

static struct access_entry sample(void)
{
    return (struct access_entry){
        .remote_addr = STR("203.0.113.9"),
        .method = STR("GET"),
        .target = STR("/shop/?q=moon"),
        .version = STR("HTTP/1.1"),
        .status = 200,
        .bytes = 5120,
        .seconds = 0.00125,
        .time = INT64_C(1767225601) * CLOCK_SECOND + 250 * CLOCK_MS,
    };
}

static void expect(enum access_format format, const struct access_entry *e, const char *want)
{
    struct access_clock clock = {0};
    struct buf b = BUF_INIT;
    access_format(&b, format, e, &clock);
    assert_string_equal(b.data, want);
    buf_release(&b);
}

/* ---- formats ---- */

static void test_common(void **state)
{
    struct access_entry e = sample();
    (void)state;

    expect(
        ACCESS_COMMON, &e,
        "203.0.113.9 - - [01/Jan/2026:00:00:01 +0000] \"GET /shop/?q=moon HTTP/1.1\" 200 5120\n");
    e.user = STR("ada");
    e.bytes = 0;
    e.status = 304;
    expect(ACCESS_COMMON, &e,
           "203.0.113.9 - ada [01/Jan/2026:00:00:01 +0000] \"GET /shop/?q=moon HTTP/1.1\" 304 -\n");
}

static void test_combined(void **state)
{
    struct access_entry e = sample();
    (void)state;

    e.referer = STR("https://example.com/");
    expect(ACCESS_COMBINED, &e,
           "203.0.113.9 - - [01/Jan/2026:00:00:01 +0000] \"GET /shop/?q=moon HTTP/1.1\" 200 5120 "
           "\"https://example.com/\" \"-\"\n");
}

static void test_json(void **state)
{
    struct access_entry e = sample();
    (void)state;

    expect(ACCESS_JSON, &e,
           "{\"time\":\"2026-01-01T00:00:01.250Z\",\"status\":200,\"bytes\":5120,"
           "\"seconds\":0.001250,\"method\":\"GET\",\"target\":\"/shop/?q=moon\","
           "\"version\":\"HTTP/1.1\",\"remote_addr\":\"203.0.113.9\"}\n");
    e = (struct access_entry){.status = 400, .user = STR("a\"b\\\n\x7f\xff\xe2\x80\xa8é")};
    expect(ACCESS_JSON, &e,
           "{\"time\":\"1970-01-01T00:00:00.000Z\",\"status\":400,\"bytes\":0,"
           "\"seconds\":0.000000,\"user\":\"a\\\"b\\\\\\u000a\\u007f\\ufffd\\u2028é\"}\n");
}

static void test_nothing_known(void **state)
{
    struct access_entry e = {.status = 408};
    (void)state;

    expect(ACCESS_COMBINED, &e, "- - - [01/Jan/1970:00:00:00 +0000] \"-\" 408 - \"-\" \"-\"\n");
    e.method = STR("GET"); /* HTTP/0.9 has no version */
    e.target = STR("/");
    expect(ACCESS_COMMON, &e, "- - - [01/Jan/1970:00:00:00 +0000] \"GET /\" 408 -\n");
}

static void test_forged_lines(void **state)
{
    struct access_entry e = sample();
    (void)state;

    e.remote_addr = STR("1.2.3.4 - root");
    e.user = STR("a b\n\"c");
    e.target = STR("/\" 200 1\r\n1.1.1.1 - - \\ \x1b[2J\xff\xc2\x85");
    expect(ACCESS_COMMON, &e,
           "1.2.3.4\\x20-\\x20root - a\\x20b\\n\\\"c [01/Jan/2026:00:00:01 +0000] "
           "\"GET /\\\" 200 1\\r\\n1.1.1.1 - - \\\\ \\x1b[2J\\xff\\x85 HTTP/1.1\" 200 5120\n");
}

static void test_clock_moves(void **state)
{
    struct access_clock clock = {0};
    struct access_entry e = sample();
    struct buf b = BUF_INIT;
    (void)state;

    access_format(&b, ACCESS_COMMON, &e, &clock);
    e.time += CLOCK_SECOND;
    access_format(&b, ACCESS_COMMON, &e, &clock);
    assert_non_null(strstr(b.data, "2026:00:00:01 +0000"));
    assert_non_null(strstr(b.data, "2026:00:00:02 +0000"));
    buf_release(&b);
}

/* Whatever fills the fields, the line stays one line under 8 KiB and valid UTF-8. */
static void test_limit(void **state)
{
    static const char *const fill[] = {"a", "\"", "\n", "\xff", "é", "\xe2\x80\xa8", "😀", " "};
    (void)state;

    for (size_t f = 0; f < sizeof fill / sizeof *fill; f++) {
        for (size_t lead = 0; lead < 9; lead++) {
            struct buf huge = BUF_INIT, line = BUF_INIT;
            struct access_clock clock = {0};
            struct str h;

            for (size_t i = 0; i < lead; i++)
                buf_addc(&huge, 'x');
            while (huge.n < 20000)
                buf_adds(&huge, fill[f]);
            h = buf_str(&huge);
            for (int format = ACCESS_COMMON; format <= ACCESS_JSON; format++) {
                struct access_entry e = {h, h, h, h, h, h, h, h, 200, INT64_MIN, 1e300, INT64_MAX};
                buf_reset(&line);
                memset(&clock, 0, sizeof clock);
                access_format(&line, (enum access_format)format, &e, &clock);
                assert_true(line.n <= 8192);
                assert_int_equal(str_index(buf_str(&line), '\n'), line.n - 1);
                assert_true(utf8_valid(buf_str(&line)));
                assert_non_null(strstr(line.data, "..."));
            }
            buf_release(&huge);
            buf_release(&line);
        }
    }
}

/* A field of just the limit is whole; one byte more is cut to it. */
static void test_cut(void **state)
{
    struct access_entry e = {.status = 200};
    struct access_clock clock = {0};
    struct buf addr = BUF_INIT, line = BUF_INIT;
    (void)state;

    for (int i = 0; i < 64; i++)
        buf_addc(&addr, 'a');
    e.remote_addr = buf_str(&addr);
    access_format(&line, ACCESS_COMMON, &e, &clock);
    assert_int_equal(str_index(buf_str(&line), ' '), 64);
    assert_null(strstr(line.data, "..."));
    buf_addc(&addr, 'a');
    e.remote_addr = buf_str(&addr);
    buf_reset(&line);
    access_format(&line, ACCESS_COMMON, &e, &clock);
    assert_int_equal(str_index(buf_str(&line), ' '), 64);
    assert_memory_equal(line.data + 60, "a...", 4);
    buf_release(&addr);
    buf_release(&line);
}

static void test_names(void **state)
{
    enum access_format f = ACCESS_COMMON;
    struct err err;
    (void)state;

    assert_int_equal(access_format_parse(STR("json"), &f, &err), 0);
    assert_int_equal(f, ACCESS_JSON);
    assert_int_equal(access_format_parse(STR("combined"), &f, &err), 0);
    assert_int_equal(f, ACCESS_COMBINED);
    assert_int_equal(access_format_parse(STR("comon"), &f, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "'comon'"));
    assert_non_null(strstr(err.msg, "did you mean 'common'?"));
}

/* ---- writer ---- */

struct place {
    char dir[40], path[64], moved[64];
};

static void place_init(struct place *p)
{
    snprintf(p->dir, sizeof p->dir, "/tmp/perilune-test-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/access.log", p->dir);
    snprintf(p->moved, sizeof p->moved, "%s/access.log.1", p->dir);
}

static void place_release(struct place *p)
{
    unlink(p->path);
    unlink(p->moved);
    rmdir(p->dir);
}

static int64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static void test_file(void **state)
{
    struct place p;
    struct access_entry e = sample();
    struct access_log *a;
    struct err err;
    int64_t line;
    (void)state;

    place_init(&p);
    a = access_log_open(p.path, ACCESS_COMMON, &err);
    assert_non_null(a);
    access_log_add(a, &e);
    assert_int_equal(size_of(p.path), 0); /* waits for the flush */
    access_log_flush(a);
    line = size_of(p.path);
    assert_true(line > 60);
    for (int i = 0; i < 1000; i++)
        access_log_add(a, &e);
    assert_true(size_of(p.path) >= 64 * 1024); /* a full buffer goes by itself */
    assert_int_equal(size_of(p.path) % line, 0);

    assert_int_equal(rename(p.path, p.moved), 0);
    access_log_add(a, &e);
    assert_int_equal(access_log_reopen(a, &err), 0);
    assert_int_equal(size_of(p.moved), 1002 * line); /* what came before is in the old file */
    access_log_add(a, &e);
    access_log_close(a);
    assert_int_equal(size_of(p.path), line);

    a = access_log_open(p.path, ACCESS_COMMON, &err); /* appends */
    access_log_add(a, &e);
    access_log_close(a);
    assert_int_equal(size_of(p.path), 2 * line);
    place_release(&p);
    access_log_close(NULL);
}

static void test_reopen_fails(void **state)
{
    struct place p;
    struct access_entry e = sample();
    struct access_log *a;
    struct err err;
    (void)state;

    assert_null(access_log_open("/nonexistent/access.log", ACCESS_JSON, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "cannot open access log '/nonexistent/access.log'"));

    place_init(&p);
    a = access_log_open(p.path, ACCESS_COMMON, &err);
    assert_int_equal(rename(p.path, p.moved), 0);
    assert_int_equal(mkdir(p.path, 0700), 0);
    assert_int_equal(access_log_reopen(a, &err), -1);
    access_log_add(a, &e); /* the old file goes on */
    access_log_close(a);
    assert_true(size_of(p.moved) > 60);
    rmdir(p.path);
    place_release(&p);
}

static void test_full_pipe(void **state)
{
    struct place p;
    struct access_entry e = sample();
    struct access_log *a;
    struct err err;
    char got[8192];
    int64_t total = 0, lines = 0, n;
    uint64_t dropped;
    int fd;
    (void)state;

    place_init(&p);
    assert_int_equal(mkfifo(p.path, 0600), 0);
    assert_null(access_log_open(p.path, ACCESS_COMMON, &err)); /* nobody reads: no waiting */
    fd = open(p.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    a = access_log_open(p.path, ACCESS_COMMON, &err);
    assert_non_null(a);
    for (int i = 0; i < 20000; i++) /* 1.7 MB, and a pipe holds 64 KiB */
        access_log_add(a, &e);
    dropped = access_log_dropped(a);
    assert_true(dropped > 1000);
    assert_int_equal(access_log_dropped(a), 0);
    do {
        access_log_flush(a);
        while ((n = read(fd, got, sizeof got)) > 0) {
            total += n;
            for (int64_t i = 0; i < n; i++)
                lines += got[i] == '\n';
        }
        access_log_flush(a);
    } while ((n = read(fd, got, 1)) > 0 && (total += n, lines += got[0] == '\n', true));
    assert_int_equal(lines + (int64_t)dropped, 20000);
    assert_int_equal(total % lines, 0);

    close(fd); /* the reader goes away */
    access_log_add(a, &e);
    access_log_flush(a);
    assert_int_equal(access_log_dropped(a), 1);
    access_log_close(a);
    place_release(&p);
}

static void test_terminal(void **state)
{
    struct access_entry e = sample();
    struct access_log *a;
    struct err err;
    char got[512];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    (void)state;

    if (master < 0 || grantpt(master) || unlockpt(master)) {
        print_message("skipped: no pseudo terminal here\n");
        skip();
    }
    a = access_log_open(ptsname(master), ACCESS_COMMON, &err);
    assert_non_null(a);
    access_log_add(a, &e);
    assert_true(read(master, got, sizeof got) > 60); /* at once */
    access_log_close(a);
    close(master);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_common),       cmocka_unit_test(test_combined),
        cmocka_unit_test(test_json),         cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_forged_lines), cmocka_unit_test(test_clock_moves),
        cmocka_unit_test(test_limit),        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_names),        cmocka_unit_test(test_file),
        cmocka_unit_test(test_reopen_fails), cmocka_unit_test(test_full_pipe),
        cmocka_unit_test(test_terminal),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
