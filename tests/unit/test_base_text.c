/* SPDX-License-Identifier: MIT */
/* engine/base, the part that says things: utf8, err, log, suggest, clock. */
#include "test.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/suggest.h"
#include "base/utf8.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

/* ---- utf8 ---- */

static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        char out[4];
        uint32_t back = 0;
        if (cp == 0xd800)
            cp = 0xe000;
        size_t n = utf8_encode(cp, out);
        assert_true(n == (cp < 0x80 ? 1u : cp < 0x800 ? 2u : cp < 0x10000 ? 3u : 4u));
        assert_true(utf8_decode(str_make(out, n), &back) == n);
        assert_true(back == cp);
        if (n > 1)
            assert_true(utf8_decode(str_make(out, n - 1), &back) == 0);
    }
}

/* What Python's bytes.decode("utf-8", "replace") makes of each. */
static const struct {
    const char *bytes, *replaced;
} broken[] = {
    {"\x80", "\ufffd"},                               /* a continuation alone */
    {"\xbf\xbf", "\ufffd\ufffd"},                     /* two of them */
    {"\xc0\xaf", "\ufffd\ufffd"},                     /* overlong '/' */
    {"\xc1\xbf", "\ufffd\ufffd"},                     /* overlong */
    {"\xe0\x80\xaf", "\ufffd\ufffd\ufffd"},           /* overlong */
    {"\xf0\x80\x80\xaf", "\ufffd\ufffd\ufffd\ufffd"}, /* overlong */
    {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},           /* surrogate U+D800 */
    {"\xed\xbf\xbf", "\ufffd\ufffd\ufffd"},           /* surrogate U+DFFF */
    {"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"}, /* U+110000 */
    {"\xf5\x80\x80\x80", "\ufffd\ufffd\ufffd\ufffd"}, /* no such lead */
    {"\xfe", "\ufffd"},                               /* no such lead */
    {"\xff", "\ufffd"},                               /* no such lead */
    {"\xe2\x82", "\ufffd"},                           /* cut short */
    {"\xf0\x9f\x8c", "\ufffd"},                       /* cut short */
    {"\xe2\x82z", "\ufffdz"},                         /* cut short by a letter */
    {"\xe2\x28\xa1", "\ufffd(\ufffd"},                /* continuation missing */
    {"a\xf0\x9f\x8c\xe2\x82\xac"
     "b",
     "a\ufffd\u20acb"}, /* a good one right after */
    {"\xc3", "\ufffd"}, /* cut short */
};

static void test_utf8_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct buf b = BUF_INIT;
        struct str bytes = str_from(broken[i].bytes);
        assert_false(utf8_valid(bytes));
        utf8_add_replaced(&b, bytes);
        assert_string_equal(b.data, broken[i].replaced);
        assert_true(utf8_valid(buf_str(&b)));
        buf_release(&b);
    }
}

static void test_utf8_whole(void **state)
{
    (void)state;
    struct str text = STR("plain and long enough, then \u00e9\u20ac\U0001f315 and on");
    struct buf b = BUF_INIT;
    assert_true(utf8_valid(text));
    assert_true(utf8_valid(STR("")));
    assert_true(utf8_valid(STR_NULL));
    assert_true(utf8_valid(STR("a\0b")));
    assert_int_equal(utf8_len(text), 38);
    assert_int_equal(utf8_len(STR_NULL), 0);
    assert_int_equal(utf8_len(STR("a\xff\xe2\x82\u00e9")), 5); /* each bad byte is one */
    utf8_add_replaced(&b, text);
    assert_true(str_eq(buf_str(&b), text));

    assert_int_equal(utf8_offset(text, 0), 0);
    assert_int_equal(utf8_offset(text, 28), 28);
    assert_int_equal(utf8_offset(text, 29), 30);
    assert_int_equal(utf8_offset(text, 30), 33);
    assert_int_equal(utf8_offset(text, 31), 37);
    assert_int_equal(utf8_offset(text, 99), text.n);
    assert_int_equal(utf8_offset(STR_NULL, 3), 0);

    buf_reset(&b);
    utf8_add(&b, 0x1f315);
    utf8_add(&b, 'x');
    assert_string_equal(b.data, "\U0001f315x");
    buf_release(&b);

    /* A bad byte is seen wherever it stands in the words that are read at once. */
    for (size_t i = 0; i < 40; i++) {
        char line[40];
        memset(line, 'a', sizeof line);
        line[i] = '\x80';
        assert_false(utf8_valid(str_make(line, sizeof line)));
        assert_true(utf8_valid(str_make(line, i)));
    }
}

/* ---- err ---- */

static void test_err_set(void **state)
{
    (void)state;
    struct err e = {.code = ERR_OK};
    assert_int_equal(err_set(&e, ERR_INVALID, "no route '%s'", "x"), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_string_equal(e.msg, "no route 'x'");
    assert_int_equal(err_set(NULL, ERR_INVALID, "nobody asks"), -1);
    assert_int_equal(err_prefix(NULL, "nobody asks"), -1);

    err_set(&e, ERR_TOO_LARGE, "%01000d", 0);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
}

static void test_err_errno(void **state)
{
    (void)state;
    struct err e;
    errno = ENOENT;
    assert_int_equal(err_set_errno(&e, "cannot open '%s'", "x"), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_string_equal(e.msg, "cannot open 'x': No such file or directory");
    assert_int_equal(errno, ENOENT);
    errno = EACCES;
    err_set_errno(&e, "x");
    assert_int_equal(e.code, ERR_DENIED);
    errno = EIO;
    err_set_errno(&e, "x");
    assert_int_equal(e.code, ERR_IO);
    assert_int_equal(err_set_errno(NULL, "nobody asks"), -1);
    /* However long the subject is, the reason may be cut but nothing overflows. */
    err_set_errno(&e, "%0600d", 0);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
}

static void test_err_prefix(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, ERR_SYNTAX, "line %d", 3);
    assert_int_equal(err_prefix(&e, "%s", "urls.lua"), -1);
    assert_int_equal(err_prefix(&e, "app '%s'", "shop"), -1);
    assert_int_equal(e.code, ERR_SYNTAX);
    assert_string_equal(e.msg, "app 'shop': urls.lua: line 3");

    for (size_t n = sizeof e.msg - 8; n < sizeof e.msg + 8; n++) {
        err_set(&e, ERR_SYNTAX, "inner");
        err_prefix(&e, "%0*d", (int)n, 0);
        assert_true(strlen(e.msg) < sizeof e.msg);
    }
    /* A message that is cut stays text: no half of a character at its end. */
    for (size_t n = sizeof e.msg - 8; n < sizeof e.msg; n++) {
        err_set(&e, ERR_INVALID, "%0*d\u20ac\U0001f315", (int)n, 0);
        assert_true(utf8_valid(str_from(e.msg)));
        err_set(&e, ERR_INVALID, "\u20ac\u20ac\U0001f315");
        err_prefix(&e, "%0*d", (int)n - 4, 0);
        assert_true(utf8_valid(str_from(e.msg)));
    }
}

static void test_err_names(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_OK), "ok");
    assert_string_equal(err_name(ERR_NOT_FOUND), "not_found");
    assert_string_equal(err_name(ERR_USAGE), "usage");
#define EACH(code, name) assert_string_equal(err_name(code), name);
    ERR_CODES(EACH)
#undef EACH
}

/* ---- log ---- */

static struct str escaped(struct buf *b, struct str s)
{
    buf_reset(b);
    log_escape(b, s);
    return buf_str(b);
}

static void test_log_escape(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    assert_str(escaped(&b, STR("GET /caf\u00e9 \U0001f315")), "GET /caf\u00e9 \U0001f315");
    assert_str(escaped(&b, STR("a\r\nb\tc\\d")), "a\\r\\nb\\tc\\\\d");
    assert_str(escaped(&b, STR("\0\x1b[31m\x7f")), "\\x00\\x1b[31m\\x7f");
    assert_str(escaped(&b, STR("a\xc2\x85"
                               "b\xc2\x9f"
                               "c\u00a0")),
               "a\\x85b\\x9fc\u00a0");
    assert_str(escaped(&b, STR("a\u2028b\u2029c")), "a\\u2028b\\u2029c");
    assert_str(escaped(&b, STR("\xff\xc3(")), "\\xff\\xc3(");
    assert_str(escaped(&b, STR_NULL), "");
    for (int c = 0; c < 0x20; c++) { /* no control character gets through as itself */
        char one = (char)c;
        struct str got = escaped(&b, str_make(&one, 1));
        assert_true(got.n >= 2 && got.p[0] == '\\');
    }
    buf_release(&b);
}

static void test_log_levels(void **state)
{
    (void)state;
    assert_int_equal(log_level_parse(STR("debug")), LOG_LEVEL_DEBUG);
    assert_int_equal(log_level_parse(STR("Info")), LOG_LEVEL_INFO);
    assert_int_equal(log_level_parse(STR("WARNING")), LOG_LEVEL_WARNING);
    assert_int_equal(log_level_parse(STR("ERROR")), LOG_LEVEL_ERROR);
    assert_int_equal(log_level_parse(STR("CRITICAL")), LOG_LEVEL_CRITICAL);
    assert_int_equal(log_level_parse(STR("NOTSET")), LOG_LEVEL_NOTSET);
    assert_int_equal(log_level_parse(STR("verbose")), -1);
    assert_int_equal(log_level_parse(STR_NULL), -1);
    assert_string_equal(log_level_name(LOG_LEVEL_WARNING), "WARNING");
    assert_string_equal(log_level_name((enum log_level)33), "LEVEL");
}

/* What is in the pipe, as a C string. */
static char *drain(int fd, char *out, size_t size)
{
    ssize_t n = read(fd, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    return out;
}

static void test_log_default_sink(void **state)
{
    (void)state;
    int fds[2];
    struct log log;
    static char line[20000];
    assert_int_equal(pipe(fds), 0);
    log_init(&log, fds[1], LOG_LEVEL_INFO);

    log_write(&log, LOG_LEVEL_WARNING, "perilune.server", "user %s\nsaid %d", "x", 7);
    drain(fds[0], line, sizeof line);
    int y, mo, d, h, mi, s, ms, end = 0;
    assert_int_equal(
        sscanf(line, "%4d-%2d-%2d %2d:%2d:%2d,%3d%n", &y, &mo, &d, &h, &mi, &s, &ms, &end), 7);
    assert_string_equal(line + end, " WARNING perilune.server: user x\\nsaid 7\n");

    log_write(&log, LOG_LEVEL_DEBUG, "x", "below the level");
    log_write(&log, LOG_LEVEL_INFO, "x", "at the level");
    assert_non_null(strstr(drain(fds[0], line, sizeof line), "INFO x: at the level\n"));
    assert_null(strstr(line, "below"));

    /* Cut at 8 KiB, at the end of a character, still one line. */
    for (int pad = 0; pad < 4; pad++) {
        struct buf big = BUF_INIT;
        buf_add(&big, "xxxx", (size_t)pad);
        for (int i = 0; i < 5000; i++)
            buf_adds(&big, "\u20ac");
        log_write(&log, LOG_LEVEL_ERROR, "x", "%s", big.data);
        drain(fds[0], line, sizeof line);
        size_t n = strlen(line);
        assert_in_range(n, 8185, 8192);
        assert_string_equal(line + n - 4, "...\n");
        assert_true(utf8_valid(str_make(line, n)));
        buf_release(&big);
    }
    close(fds[0]);
    close(fds[1]);
    log_write(&log, LOG_LEVEL_ERROR, "x", "nobody reads"); /* errors are ignored */
}

struct kept {
    enum log_level level;
    char name[16], text[32];
    int64_t time;
};

static void keep(void *data, const struct log_record *r)
{
    struct kept *k = data;
    k->level = r->level;
    k->time = r->time;
    snprintf(k->name, sizeof k->name, "%s", r->name);
    snprintf(k->text, sizeof k->text, "%.*s", STR_ARG(r->text));
}

static void test_log_own_sink(void **state)
{
    (void)state;
    struct kept k = {.level = LOG_LEVEL_NOTSET};
    struct log log;
    log_init(&log, -1, LOG_LEVEL_NOTSET);
    log.sink = keep;
    log.data = &k;
    log_write(&log, LOG_LEVEL_DEBUG, "shop.views", "a\n%s", "b");
    assert_int_equal(k.level, LOG_LEVEL_DEBUG);
    assert_string_equal(k.name, "shop.views");
    assert_string_equal(k.text, "a\nb"); /* not escaped: the sink decides */
    assert_true(k.time > INT64_C(1700000000) * CLOCK_SECOND);
}

static void test_log_line(void **state)
{
    (void)state;
    int fds[2];
    char out[16];
    assert_int_equal(pipe(fds), 0);
    log_line(fds[1], STR(""));
    log_line(fds[1], STR("abc\n"));
    assert_string_equal(drain(fds[0], out, sizeof out), "abc\n");
    close(fds[0]);
    close(fds[1]);
    log_line(-1, STR("nowhere\n"));
}

/* ---- suggest ---- */

static void test_suggest_distance(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "abc", 3},
        {"name", "name", 0},
        {"name", "NAME", 0},
        {"name", "nmae", 1},
        {"name", "nam", 1},
        {"name", "names", 1},
        {"name", "game", 1},
        {"name", "user", 4},
        {"product", "procut", 2},
        {"ab", "ba", 1},
        {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str a = str_from(cases[i].a), b = str_from(cases[i].b);
        assert_int_equal(suggest_distance(a, b, 9), cases[i].distance);
        assert_int_equal(suggest_distance(b, a, 9), cases[i].distance);
        if (cases[i].distance > 1)
            assert_int_equal(suggest_distance(a, b, 1), 2); /* stops counting */
    }
    char longer[80];
    memset(longer, 'x', sizeof longer);
    assert_int_equal(suggest_distance(str_make(longer, 80), str_make(longer, 80), 3), 4);
    assert_int_equal(suggest_distance(str_make(longer, 64), str_make(longer, 64), 3), 0);
}

static const char *nearest(const char *wanted, const char *const *names, char *out, size_t size)
{
    struct suggest s;
    suggest_init(&s, str_from(wanted));
    for (; *names; names++)
        suggest_add(&s, str_from(*names));
    return suggest_text(&s, out, size);
}

static void test_suggest(void **state)
{
    (void)state;
    static const char *const names[] = {
        "debug", "databases", "allowed_hosts", "id", "middleware", "time_zone", "pk", NULL};
    char out[64], tiny[8];
    assert_string_equal(nearest("databse", names, out, sizeof out), "; did you mean 'databases'?");
    assert_string_equal(nearest("DEBUG", names, out, sizeof out), "; did you mean 'debug'?");
    assert_string_equal(nearest("midleware", names, out, sizeof out),
                        "; did you mean 'middleware'?");
    assert_string_equal(nearest("alowed_host", names, out, sizeof out),
                        "; did you mean 'allowed_hosts'?");
    assert_string_equal(nearest("unrelated", names, out, sizeof out), "");
    assert_string_equal(nearest("", names, out, sizeof out), "");
    /* Two letters are near nothing, but for their case. */
    assert_string_equal(nearest("ip", names, out, sizeof out), "");
    assert_string_equal(nearest("xy", names, out, sizeof out), "");
    assert_string_equal(nearest("ID", names, out, sizeof out), "; did you mean 'id'?");
    assert_string_equal(nearest("debgu", names, tiny, sizeof tiny), "; did y");

    /* The first of the equally near, and a nearer one later. */
    static const char *const twins[] = {"colt", "bolt", "colts", NULL};
    assert_string_equal(nearest("holt", twins, out, sizeof out), "; did you mean 'colt'?");
    assert_string_equal(nearest("colts", twins, out, sizeof out), "; did you mean 'colts'?");
}

/* ---- clock ---- */

static void test_clock(void **state)
{
    (void)state;
    int64_t a = clock_monotonic(), b = clock_monotonic();
    assert_true(a > 0 && b >= a);
    assert_true(clock_realtime() > INT64_C(1700000000) * CLOCK_SECOND);
    assert_true(CLOCK_SECOND == 1000 * CLOCK_MS);

    int64_t d = clock_deadline(1.5);
    int64_t late = d - clock_monotonic();
    assert_true(late <= 3 * CLOCK_SECOND / 2 && late > CLOCK_SECOND);
    assert_true(clock_deadline(0) >= b && clock_deadline(0) != CLOCK_NEVER);
    assert_true(clock_deadline(-1) == CLOCK_NEVER);
    assert_true(clock_deadline((double)NAN) == CLOCK_NEVER);
    assert_true(clock_deadline((double)INFINITY) == CLOCK_NEVER);
    assert_true(clock_deadline(1e300) == CLOCK_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_round_trip),
        cmocka_unit_test(test_utf8_broken),
        cmocka_unit_test(test_utf8_whole),
        cmocka_unit_test(test_err_set),
        cmocka_unit_test(test_err_errno),
        cmocka_unit_test(test_err_prefix),
        cmocka_unit_test(test_err_names),
        cmocka_unit_test(test_log_escape),
        cmocka_unit_test(test_log_levels),
        cmocka_unit_test(test_log_default_sink),
        cmocka_unit_test(test_log_own_sink),
        cmocka_unit_test(test_log_line),
        cmocka_unit_test(test_suggest_distance),
        cmocka_unit_test(test_suggest),
        cmocka_unit_test(test_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
