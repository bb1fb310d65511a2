/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/logging.h"
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- formats ---- */

static const struct log_record record = {
    .level = LOG_LEVEL_WARNING,
    .name = "shop.views",
    .text = STR_INIT("two\nlines"),
    .time = 1769860800 * CLOCK_SECOND + 123 * CLOCK_MS,
    .file = STR_INIT("shop/views.lua"),
    .function = STR_INIT("detail"),
    .line = 12,
};

/* The line that a format makes of the record; "error: text" when it does not compile. */
static const char *formatted(enum log_style style, const char *format, const struct log_record *r)
{
    static char line[1024];
    struct log_format_options o = {
        .style = style, .format = str_from(format), .datefmt = STR("%Y"), .multiline = true};
    struct err err;
    struct log_format *f = log_format_new(&o, &err);
    struct buf b = BUF_INIT;
    if (!f) {
        assert_int_equal(err.code, ERR_CONFIG);
        snprintf(line, sizeof line, "error: %s", err.msg);
        return line;
    }
    log_format_add(f, &b, r);
    snprintf(line, sizeof line, "%s", b.data);
    buf_release(&b);
    log_format_free(f);
    return line;
}

static void test_styles(void **state)
{
    (void)state;
    assert_string_equal(
        formatted(LOG_STYLE_BRACE, "{levelname} {asctime} {name}:{lineno} {message}", &record),
        "WARNING 2026 shop.views:12 two\\nlines\n");
    assert_string_equal(
        formatted(LOG_STYLE_PERCENT, "%(levelname)s %(filename)s %(module)s 100%%", &record),
        "WARNING views.lua views 100%\n");
    assert_string_equal(formatted(LOG_STYLE_DOLLAR, "$levelname ${funcName}! $$5", &record),
                        "WARNING detail! $5\n");
    assert_string_equal(formatted(LOG_STYLE_BRACE, "{{{levelno}}} {msecs} {request_id}", &record),
                        "{30} 123 -\n");
    assert_string_equal(formatted(LOG_STYLE_BRACE, "{created} {pathname} {threadName}", &record),
                        "1769860800.123000 shop/views.lua perilune\n");
}

static void test_widths(void **state)
{
    (void)state;
    assert_string_equal(formatted(LOG_STYLE_BRACE, "[{levelname:<9}][{levelname:>9}]", &record),
                        "[WARNING  ][  WARNING]\n");
    assert_string_equal(formatted(LOG_STYLE_BRACE, "[{levelname:^10}][{lineno:04d}]", &record),
                        "[ WARNING  ][0012]\n");
    assert_string_equal(formatted(LOG_STYLE_PERCENT, "[%(levelname)-9s][%(lineno)5d]", &record),
                        "[WARNING  ][   12]\n");
    assert_string_equal(formatted(LOG_STYLE_BRACE, "[{levelname:3}]", &record), "[WARNING]\n");
}

static void test_bad_formats(void **state)
{
    (void)state;
    assert_string_equal(formatted(LOG_STYLE_BRACE, "{levelnam}", &record),
                        "error: unknown field 'levelnam'; did you mean 'levelname'?");
    assert_non_null(strstr(formatted(LOG_STYLE_BRACE, "{name", &record), "'{' without '}'"));
    assert_non_null(strstr(formatted(LOG_STYLE_BRACE, "name}", &record), "'}' without '{'"));
    assert_non_null(strstr(formatted(LOG_STYLE_BRACE, "{name:x}", &record), "'x' is no width"));
    assert_non_null(strstr(formatted(LOG_STYLE_BRACE, "{name:999}", &record), "is no width"));
    assert_non_null(strstr(formatted(LOG_STYLE_PERCENT, "%s", &record), "%(message)s"));
    assert_non_null(strstr(formatted(LOG_STYLE_PERCENT, "%(name)", &record), "must end with s"));
    assert_non_null(strstr(formatted(LOG_STYLE_PERCENT, "%(name", &record), "without ')'"));
    assert_non_null(strstr(formatted(LOG_STYLE_DOLLAR, "$ {name}", &record), "'$$'"));
    assert_non_null(strstr(formatted(LOG_STYLE_BRACE, "a\nb", &record), "line end"));
}

static void test_trace(void **state)
{
    struct log_record r = record;
    (void)state;
    r.text = STR("it broke\r\x1b[31m");
    r.trace = STR("stack traceback:\n\tshop/views.lua:12: in detail\n2026 ERROR forged");
    assert_string_equal(formatted(LOG_STYLE_BRACE, "{message}", &r),
                        "it broke\\r\\x1b[31m\n  stack traceback:\n"
                        "    shop/views.lua:12: in detail\n  2026 ERROR forged\n");
    struct log_format_options o = {.format = STR("{message}")};
    struct log_format *f = log_format_new(&o, NULL);
    struct buf b = BUF_INIT;
    log_format_add(f, &b, &r);
    assert_string_equal(b.data,
                        "it broke\\r\\x1b[31m\\nstack traceback:\\n\\tshop/views.lua:12: in "
                        "detail\\n2026 ERROR forged\n");
    buf_release(&b);
    log_format_free(f);
}

static void test_json(void **state)
{
    struct log_record r = record;
    char want[512];
    (void)state;
    r.text = STR("say \"hi\"\n\xff\x01");
    r.request_id = STR("abc");
    snprintf(want, sizeof want,
             "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"WARNING\",\"logger\":"
             "\"shop.views\",\"message\":\"say \\\"hi\\\"\\n\\ufffd\\u0001\",\"file\":"
             "\"shop/views.lua\",\"line\":12,\"request_id\":\"abc\",\"process\":%d}\n",
             (int)getpid());
    assert_string_equal(formatted(LOG_STYLE_JSON, "", &r), want);
}

static void test_long(void **state)
{
    struct log_record r = record;
    char *text = mem_alloc(20000);
    struct log_format *f =
        log_format_new(&(struct log_format_options){.format = STR("{message}")}, NULL);
    struct buf b = BUF_INIT;
    (void)state;
    memset(text, 'x', 20000);
    r.text = str_make(text, 20000);
    log_format_add(f, &b, &r);
    assert_int_equal(b.n, LOG_LINE_MAX + 4); /* "...\n" */
    buf_release(&b);
    log_format_free(f);
    free(text);
}

/* ---- loggers ---- */

struct world {
    struct log log;
    struct logging *g;
    char dir[64];
    char path[128];
};

static int setup(void **state)
{
    struct world *w = mem_zalloc(sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/perilune-log-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/err", w->dir);
    int fd = open(w->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_init(&w->log, fd, LOG_LEVEL_INFO);
    w->g = logging_new(&w->log);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[128];
    logging_free(w->g);
    assert_null(w->log.logging);
    close(w->log.fd);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    assert_int_equal(system(command), 0); /* NOLINT */
    free(w);
    return 0;
}

static const char *content(const char *path)
{
    static char text[4096];
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static int memory_handler(struct log_config *c, const char *name, int level)
{
    struct log_handler_options o = {.output = LOG_TO_MEMORY,
                                    .name = str_from(name),
                                    .level = level,
                                    .formatter = -1,
                                    .capacity = 3};
    return log_config_handler(c, &o, NULL);
}

static void add_logger(struct log_config *c, const char *name, int level, bool propagate,
                       int handler)
{
    struct logger_options o = {.name = str_from(name),
                               .level = level,
                               .propagate = propagate,
                               .handlers = &handler,
                               .nhandlers = handler >= 0};
    log_config_logger(c, &o);
}

static size_t count(struct world *w, const char *handler)
{
    size_t n = 0;
    while (logging_kept(w->g, str_from(handler), n))
        n++;
    return n;
}

static void test_last_resort(void **state)
{
    struct world *w = *state;
    log_write(&w->log, LOG_LEVEL_INFO, "perilune.server", "quiet");
    log_write(&w->log, LOG_LEVEL_WARNING, "perilune.server", "loud %d", 1);
    assert_null(strstr(content(w->path), "quiet"));
    assert_non_null(strstr(content(w->path), "WARNING perilune.server: loud 1\n"));
}

static void test_tree(void **state)
{
    struct world *w = *state;
    struct logger *before = logging_logger(w->g, STR("shop.views"));
    struct log_config *c = log_config_new();
    int top = memory_handler(c, "top", LOG_LEVEL_INFO), own = memory_handler(c, "own", 0);
    add_logger(c, "", LOG_LEVEL_WARNING, true, top);
    add_logger(c, "shop", LOG_LEVEL_DEBUG, true, own);
    add_logger(c, "shop.quiet", LOG_LEVEL_NOTSET, false, -1);
    logging_apply(w->g, c);

    assert_ptr_equal(logging_logger(w->g, STR("shop.views")), before);
    assert_string_equal(logger_name(before), "shop.views");
    assert_int_equal(logger_level(before), LOG_LEVEL_DEBUG);
    assert_int_equal(logger_threshold(before), LOG_LEVEL_DEBUG);
    assert_int_equal(w->log.level, LOG_LEVEL_DEBUG);
    log_write(&w->log, LOG_LEVEL_DEBUG, "shop.views", "one");
    log_write(&w->log, LOG_LEVEL_INFO, "shop.views.list", "two");
    log_write(&w->log, LOG_LEVEL_INFO, "other", "nobody");
    log_write(&w->log, LOG_LEVEL_ERROR, "other", "three");
    assert_int_equal(count(w, "own"), 2);
    assert_int_equal(count(w, "top"), 2);
    assert_string_equal(logging_kept(w->g, STR("own"), 1)->name, "shop.views.list");
    assert_string_equal(logging_kept(w->g, STR("top"), 1)->text.p, "three");

    /* what does not propagate and has no handler is left to the last resort */
    log_write(&w->log, LOG_LEVEL_ERROR, "shop.quiet", "alone");
    assert_int_equal(count(w, "top"), 2);
    assert_non_null(strstr(content(w->path), "alone"));

    logger_set_level(before, LOG_LEVEL_ERROR);
    assert_int_equal(logger_threshold(logging_logger(w->g, STR("shop.views.x"))), LOG_LEVEL_ERROR);
    assert_int_equal(logger_threshold(logging_logger(w->g, STR("shop.view"))), LOG_LEVEL_DEBUG);
}

static void test_memory(void **state)
{
    struct world *w = *state;
    struct log_config *c = log_config_new();
    add_logger(c, "", LOG_LEVEL_DEBUG, true, memory_handler(c, "m", 0));
    logging_apply(w->g, c);
    for (int i = 0; i < 5; i++)
        log_write(&w->log, LOG_LEVEL_INFO, "x", "%d\nstack traceback:\n\there", i);
    assert_int_equal(count(w, "m"), 3);
    assert_string_equal(logging_kept(w->g, STR("m"), 0)->text.p, "2");
    assert_string_equal(logging_kept(w->g, STR("m"), 2)->trace.p, "stack traceback:\n\there");
    assert_int_equal(logging_forget(w->g, STR("m")), 0);
    assert_int_equal(count(w, "m"), 0);
    assert_int_equal(logging_forget(w->g, STR("n")), -1);
    assert_null(logging_kept(w->g, STR("n"), 0));
}

static void test_disabled(void **state)
{
    struct world *w = *state;
    struct log_config *c = log_config_new();
    struct logger_options o = {.name = STR("off"), .propagate = true, .disabled = true};
    add_logger(c, "", LOG_LEVEL_NOTSET, true, memory_handler(c, "never", INT_MAX));
    log_config_logger(c, &o);
    logging_apply(w->g, c);
    assert_int_equal(logger_threshold(logging_logger(w->g, STR("off"))), INT_MAX);
    assert_int_equal(logger_threshold(logging_logger(w->g, STR("on"))), INT_MAX);
    log_write(&w->log, LOG_LEVEL_CRITICAL, "on", "nothing");
    assert_string_equal(content(w->path), "");
}

/* ---- files ---- */

static void file_handler(struct world *w, const char *path, uint64_t max, unsigned backups)
{
    struct log_config *c = log_config_new();
    struct log_format_options fo = {.format = STR("{message}")};
    struct log_handler_options o = {.output = LOG_TO_FILE,
                                    .path = path,
                                    .max_bytes = max,
                                    .backups = backups,
                                    .formatter = log_config_formatter(c, &fo, NULL)};
    struct err err;
    int handler = log_config_handler(c, &o, &err);
    assert_int_equal(handler, 0);
    add_logger(c, "", LOG_LEVEL_INFO, true, handler);
    logging_apply(w->g, c);
}

static void test_rotation(void **state)
{
    struct world *w = *state;
    char path[128], old[160];
    snprintf(path, sizeof path, "%s/app.log", w->dir);
    file_handler(w, path, 10, 2);
    for (int i = 1; i <= 4; i++)
        log_write(&w->log, LOG_LEVEL_INFO, "x", "line %d", i);
    assert_string_equal(content(path), "line 4\n");
    snprintf(old, sizeof old, "%s.1", path);
    assert_string_equal(content(old), "line 3\n");
    snprintf(old, sizeof old, "%s.2", path);
    assert_string_equal(content(old), "line 2\n");
    snprintf(old, sizeof old, "%s.3", path);
    assert_null(content(old));
}

static void test_reopen(void **state)
{
    struct world *w = *state;
    char path[128], old[160];
    snprintf(path, sizeof path, "%s/app.log", w->dir);
    snprintf(old, sizeof old, "%s.old", path);
    file_handler(w, path, 0, 0);
    log_write(&w->log, LOG_LEVEL_INFO, "x", "one");
    assert_int_equal(rename(path, old), 0);
    log_write(&w->log, LOG_LEVEL_INFO, "x", "two");
    assert_string_equal(content(old), "one\ntwo\n");
    logging_reopen(w->g);
    log_write(&w->log, LOG_LEVEL_INFO, "x", "three");
    assert_string_equal(content(path), "three\n");
    logging_reopen(NULL);
}

/* Two processes fill one file: no line is lost, none is torn. */
static void test_shared_rotation(void **state)
{
    struct world *w = *state;
    char path[128], name[160];
    int lines = 0;
    snprintf(path, sizeof path, "%s/app.log", w->dir);
    pid_t child = fork();
    file_handler(w, path, 1000, 50);
    for (int i = 0; i < 500; i++)
        log_write(&w->log, LOG_LEVEL_INFO, "x", "line %03d of %d", i, child == 0);
    if (child == 0)
        _exit(0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    for (int i = 0; i <= 50; i++) {
        snprintf(name, sizeof name, i ? "%s.%d" : "%s", path, i);
        const char *text = content(name);
        for (const char *p = text; p && *p; p = strchr(p, '\n') + 1) {
            assert_memory_equal(p, "line ", 5);
            lines++;
        }
    }
    assert_int_equal(lines, 1000);
}

static void test_no_file(void **state)
{
    struct world *w = *state;
    struct log_config *c = log_config_new();
    struct log_handler_options o = {
        .output = LOG_TO_FILE, .path = "/nowhere/app.log", .formatter = -1};
    struct err err;
    (void)w;
    assert_int_equal(log_config_handler(c, &o, &err), -1);
    assert_string_equal(err.msg,
                        "cannot open log file '/nowhere/app.log': No such file or directory");
    log_config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_styles),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_bad_formats),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_long),
        cmocka_unit_test_setup_teardown(test_last_resort, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disabled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_rotation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
