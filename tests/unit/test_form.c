/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "http/form.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TYPE "multipart/form-data; boundary=B"
#define FIELD(name, value)                                                                         \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, file, content)                                                             \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file                   \
    "\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" content "\r\n"
#define END "--B--\r\n"

static struct arena arena;
static struct http_limits limits;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    http_limits_default(&limits);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Everything a form holds, as one text. */
static struct str shown(const struct form *f)
{
    struct buf out = BUF_INIT;
    query_urlencode(&f->fields, &out, STR(" "));
    for (size_t i = 0; i < f->n_files; i++) {
        const struct upload *u = f->files[i];
        char content[2000];
        struct err e;
        ptrdiff_t n = upload_read(u, 0, content, sizeof content, &e);
        assert_true(n >= 0);
        assert_int_equal(n, u->size < sizeof content ? u->size : sizeof content);
        buf_addf(&out, "|%.*s:%.*s:%.*s:", STR_ARG(u->field), STR_ARG(u->name),
                 STR_ARG(u->content_type));
        buf_add(&out, content, (size_t)n);
    }
    struct str s = arena_str(&arena, buf_str(&out));
    buf_release(&out);
    return s;
}

/* Feeds the body in pieces of `size` bytes after a first one of `first`. */
static struct form *fed(const char *type, struct str body, size_t first, size_t size,
                        struct err *err)
{
    struct form *f = form_new(&arena, &limits, str_from(type), err);
    if (!f)
        return NULL;
    for (size_t n = first; body.n; n = size) {
        struct str piece = str_head(body, n);
        body = str_skip(body, n);
        if (form_feed(f, piece, err))
            return NULL;
    }
    return form_end(f, err) ? NULL : f;
}

/* The same result however the body is cut. */
static void assert_form(const char *type, struct str body, const char *want)
{
    struct err e;
    struct form *f = fed(type, body, body.n, body.n, &e);
    if (!f)
        fail_msg("%s", e.msg);
    assert_str(shown(f), want);
    for (size_t at = 0; at <= body.n; at++)
        assert_str(shown(fed(type, body, at, body.n, &e)), want);
    assert_str(shown(fed(type, body, 1, 1, &e)), want);
    assert_str(shown(fed(type, body, 3, 7, &e)), want);
}

static void assert_fails(const char *type, struct str body, enum err_code code, const char *text)
{
    struct err e;
    assert_null(fed(type, body, body.n, body.n, &e));
    assert_int_equal(e.code, code);
    if (!strstr(e.msg, text))
        fail_msg("'%s' is not in '%s'", text, e.msg);
    for (size_t at = 0; at <= body.n; at++) {
        assert_null(fed(type, body, at, body.n, &e));
        assert_int_equal(e.code, code);
    }
    assert_null(fed(type, body, 1, 1, &e));
    assert_int_equal(e.code, code);
}

static void content_types(void **state)
{
    (void)state;
    assert_true(form_content_type(STR("application/x-www-form-urlencoded; charset=UTF-8")));
    assert_true(form_content_type(STR("Multipart/Form-Data; boundary=x")));
    assert_false(form_content_type(STR("application/json")));
    assert_false(form_content_type(STR("multipart/mixed; boundary=x")));
    assert_false(form_content_type(STR_NULL));
}

static void urlencoded(void **state)
{
    (void)state;
    assert_form("application/x-www-form-urlencoded", STR("a=1&b=x+y%26&a=2&c"),
                "a=1&a=2&b=x y%26&c=");
    assert_form("application/x-www-form-urlencoded", STR(""), "");
    assert_form("application/json", STR("{\"a\": 1}"), "");
}

static void multipart(void **state)
{
    (void)state;
    assert_form(TYPE, STR(FIELD("a", "1") FIELD("b", "x\r\ny") FIELD("a", "") END),
                "a=1&a=&b=x%0D%0Ay");
    assert_form(TYPE,
                STR(FIELD("a", "1") FILE_PART("f", "x.txt", "hello\n") FILE_PART("f", "y", "") END),
                "a=1|f:x.txt:text/plain:hello\n|f:y:text/plain:");
    assert_form(TYPE, STR("preamble\r\n" FIELD("a", "1") END "epilogue" FIELD("b", "2")), "a=1");
    assert_form(TYPE, STR(""), "");
    assert_form(TYPE, STR(END), "");
    assert_form(TYPE, STR("no boundary at all"), "");
    assert_form("multipart/form-data; boundary=\"a b'()+_,-./:=?\"",
                STR("--a b'()+_,-./:=?\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--a "
                    "b'()+_,-./:=?--"),
                "x=1");
}

static void what_looks_like_a_boundary(void **state)
{
    (void)state;
    assert_form(TYPE, STR(FIELD("a", "--Bx\r\n--b\r\n-\r\n--\r\n\r--B\r\n -\n--") END),
                "a=--Bx%0D%0A--b%0D%0A-%0D%0A--%0D%0A%0D--B%0D%0A -%0A--");
    assert_form(TYPE, STR(FIELD("a", "1\r\n\r\n") END), "a=1%0D%0A%0D%0A");
    assert_form(TYPE, STR(FIELD("a", "\r") FIELD("b", "\n") END), "a=%0D&b=%0A");
    assert_form(TYPE, STR(FIELD("a", "1\r\r\r") END), "a=1%0D%0D%0D");
    /* Blanks behind a boundary, and a line end without CR before one. */
    assert_form(TYPE,
                STR("--B \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\n--B-- trailing"),
                "a=1");
    assert_form("multipart/form-data; boundary=BB",
                STR("--BB\r\nContent-Disposition: form-data; name=a\r\n\r\n--B\r\n-\r\n--BBB\r\n"
                    "--BB--"),
                "a=--B%0D%0A-%0D%0A--BBB");
    /* Sixty-five blanks are too many for a boundary. */
    assert_form(TYPE,
                STR("--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B"
                    "                                                                 \r\n" END),
                "a=1%0D%0A--B                                                                 ");
}

static void parts_without_use(void **state)
{
    (void)state;
    /* No headers, no blank line, no name, another header. */
    assert_form(TYPE,
                STR("--B\r\n\r\nlost\r\n--B\r\n--B\r\nContent-Disposition: form-data; "
                    "name=x\r\n--B\r\nContent-Disposition: form-data\r\n\r\nlost\r\n--B\r\n"
                    "Content-Type: text/plain\r\n\r\nlost\r\n" FIELD("a", "1") END),
                "a=1");
    /* Bad headers beside good ones. */
    assert_form(TYPE,
                STR("--B\r\nno colon\r\nX-\xff: 1\r\ncontent-disposition : form-data; "
                    "NAME=\" a \"\r\n\r\n1\r\n" END),
                "a=1");
}

static void truncated_bodies(void **state)
{
    (void)state;
    assert_form(TYPE, STR(FIELD("a", "1") "--B\r\nContent-Disposition: form-data; name=b\r\n\r\n2"),
                "a=1&b=2");
    assert_form(TYPE, STR(FIELD("a", "1") FILE_PART("f", "x", "never complete")), "a=1");
    assert_form(TYPE, STR(FIELD("a", "1") "--B\r\nContent-Dispo"), "a=1");
    assert_form(TYPE, STR("--B\r\nContent-Disposition: form-data; name=b\r\n\r\n2\r\n--"),
                "b=2%0D%0A--");
}

static void bad_boundaries(void **state)
{
    struct err e;
    char type[300];
    (void)state;
    assert_null(form_new(&arena, &limits, STR("multipart/form-data"), &e));
    assert_int_equal(e.code, ERR_INVALID);
    assert_string_equal(e.msg, "Invalid boundary in multipart: None");
    assert_null(form_new(&arena, &limits, STR("multipart/form-data; boundary=\"\""), &e));
    assert_null(form_new(&arena, &limits, STR("multipart/form-data; boundary=\"a \""), &e));
    assert_null(form_new(&arena, &limits, STR("multipart/form-data; boundary=\"a\tb\""), &e));
    assert_null(form_new(&arena, &limits, STR("multipart/form-data; boundary=\xc3\xa9"), &e));
    snprintf(type, sizeof type, "multipart/form-data; boundary=%0202d", 1);
    assert_null(form_new(&arena, &limits, str_from(type), &e));
    snprintf(type, sizeof type, "multipart/form-data; boundary=%0201d", 1);
    assert_non_null(form_new(&arena, &limits, str_from(type), &e));
}

static void invalid_text_is_replaced(void **state)
{
    (void)state;
    assert_form(TYPE, STR(FIELD("a", "x\xffy") FIELD("b", "z\0") END), "a=x%EF%BF%BDy&b=z%00");
}

static void base64(void **state)
{
#define ENCODED(name, value)                                                                       \
    "--B\r\nContent-Disposition: form-data; name=\"" name                                          \
    "\"\r\nContent-Transfer-Encoding: BASE64\r\n\r\n" value "\r\n"
    (void)state;
    assert_form(TYPE, STR(ENCODED("a", "dmFs\r\ndWU=") ENCODED("b", "aA==") ENCODED("c", "") END),
                "a=value&b=h&c=");
    assert_form(TYPE, STR(ENCODED("a", "dmFsd") END), "a=dmFsd"); /* as it stands */
    assert_form(TYPE,
                STR("--B\r\nContent-Disposition: form-data; name=f; filename=x\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8h\r\n" END),
                "|f:x::hello!");
    assert_fails(TYPE,
                 STR("--B\r\nContent-Disposition: form-data; name=f; filename=x\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\naGVsb\r\n" END),
                 ERR_INVALID, "base64");
}

static void file_names(void **state)
{
    static const char *const cases[][2] = {
        {"a.txt", "a.txt"},
        {"C:\\\\Windows\\\\x.txt", "x.txt"},
        {"C:\\Windows\\x.txt", "x.txt"},
        {"/etc/passwd", "passwd"},
        {"../../x", "x"},
        {"..\\\\..\\\\x", "x"},
        {"..&#x2F;..&#47;x", "x"},
        {"..&sol;x&period;txt", "x.txt"},
        {"&amp;lt;x&eacute;", "&lt;x\xc3\xa9"},
        {"a\x01\x7f\tb", "ab"},
        {"x\xe2\x80\xae"
         "gpj.exe",
         "xgpj.exe"},
        {"trailing. . .", "trailing"},
        {"quote\\\"d", "quote\"d"},
        {".htaccess", ".htaccess"},
        {"", NULL}, /* a field, not a file */
        {".", ""},
        {"..", ""},
        {"dir/", ""},
        {"C:\\\\", ""},
        {" ", ""},
        {"&#0;&#x1;", "\xef\xbf\xbd"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *body = arena_printf(&arena,
                                  "--B\r\nContent-Disposition: form-data; name=f; "
                                  "filename=\"%s\"\r\n\r\nx\r\n--B--",
                                  cases[i][0]);
        const char *want = cases[i][1];
        char *text = !want   ? arena_strdup(&arena, "f=x")
                     : *want ? arena_printf(&arena, "|f:%s::x", want)
                             : arena_strdup(&arena, "");
        assert_form(TYPE, str_from(body), text);
    }
}

static void extended_file_names(void **state)
{
    (void)state;
    assert_form(TYPE,
                STR("--B\r\nContent-Disposition: form-data; name=f; filename=\"old\"; "
                    "filename*=UTF-8''%c3%a9%2f..%2Fn.txt\r\n\r\nx\r\n" END),
                "|f:n.txt::x");
    assert_form(TYPE,
                STR("--B\r\nContent-Disposition: form-data; name=f; "
                    "filename*=iso-8859-1'en'%e9\r\n\r\nx\r\n" END),
                "|f:\xc3\xa9::x");
}

static void long_file_names(void **state)
{
    struct err e;
    (void)state;
    char *body = arena_printf(&arena,
                              "--B\r\nContent-Disposition: form-data; name=f; "
                              "filename=\"%0300d.tar.gz\"\r\n\r\nx\r\n--B--",
                              7);
    struct form *f = fed(TYPE, str_from(body), 1, 1, &e);
    assert_int_equal(f->n_files, 1);
    assert_int_equal(f->files[0]->name.n, 255);
    assert_true(str_ends(f->files[0]->name, STR(".gz")));
}

static void types_of_files(void **state)
{
    struct err e;
    struct str body = STR(FILE_PART("f", "x", "1") END);
    (void)state;
    struct form *f = fed(TYPE, body, 1, 1, &e);
    assert_str(f->files[0]->content_type, "text/plain");
    assert_str(f->files[0]->charset, "utf-8");
    assert_str(header_params_get(&f->files[0]->type_params, STR("charset")), "utf-8");
}

/* ---- limits ---- */

static void limit_of_fields(void **state)
{
    (void)state;
    limits.data_upload_max_number_fields = 2;
    assert_form(TYPE, STR(FIELD("a", "1") FIELD("b", "2") END), "a=1&b=2");
    assert_fails(TYPE, STR(FIELD("a", "1") FIELD("b", "2") FIELD("c", "3") END), ERR_TOO_LARGE,
                 "data_upload_max_number_fields");
    assert_fails("application/x-www-form-urlencoded", STR("a&b&c"), ERR_TOO_LARGE,
                 "data_upload_max_number_fields");
}

static void limit_of_files(void **state)
{
    (void)state;
    limits.data_upload_max_number_files = 1;
    assert_form(TYPE, STR(FILE_PART("a", "a", "1") END), "|a:a:text/plain:1");
    assert_fails(TYPE, STR(FILE_PART("a", "a", "1") FILE_PART("b", "..", "2") END), ERR_TOO_LARGE,
                 "data_upload_max_number_files");
}

static void limit_of_memory(void **state)
{
    (void)state;
    limits.data_upload_max_memory_size = 10;
    assert_form(TYPE, STR(FIELD("a", "1234567") FILE_PART("f", "f", "01234567890123") END),
                "a=1234567|f:f:text/plain:01234567890123");
    assert_fails(TYPE, STR(FIELD("a", "12345678") END), ERR_TOO_LARGE,
                 "data_upload_max_memory_size");
    assert_fails(TYPE, STR(FIELD("a", "1234") FIELD("b", "2") END), ERR_TOO_LARGE,
                 "data_upload_max_memory_size");
    assert_form("application/x-www-form-urlencoded", STR("a=12345678"), "a=12345678");
    assert_fails("application/x-www-form-urlencoded", STR("a=123456789"), ERR_TOO_LARGE,
                 "data_upload_max_memory_size");
    limits.data_upload_max_memory_size = LIMIT_NONE;
    assert_form(TYPE, STR(FIELD("a", "12345678") END), "a=12345678");
}

static void limit_of_part_headers(void **state)
{
    (void)state;
    limits.part_header_max_bytes = 60; /* of which 47 are the first line */
#define HEADERS(more)                                                                              \
    "--B\r\nContent-Disposition: form-data; name=\"abcdef\"\r\n" more "\r\n\r\n1\r\n"
    assert_form(TYPE, STR(HEADERS("X: 4567890123") END), "abcdef=1");
    assert_fails(TYPE, STR(HEADERS("X: 45678901234") END), ERR_TOO_LARGE, "60 bytes");
    assert_fails(TYPE, STR(HEADERS("X: 345678901234567890123456") END), ERR_TOO_LARGE, "60");
    /* A boundary where headers should end, at every distance. */
    for (size_t n = 0; n < 70; n++) {
        char line[80];
        memset(line, 'x', n);
        line[n] = '\0';
        struct str body = str_from(arena_printf(&arena, "--B\r\n%s\r\n--B--\r\n", line));
        struct err e;
        bool fits = fed(TYPE, body, body.n, body.n, &e) != NULL;
        for (size_t at = 0; at <= body.n; at++)
            assert_int_equal(fed(TYPE, body, at, body.n, &e) != NULL, fits);
        assert_int_equal(fed(TYPE, body, 1, 1, &e) != NULL, fits);
    }
}

static void failures_stay(void **state)
{
    struct err e;
    (void)state;
    limits.data_upload_max_number_files = 0;
    struct form *f = form_new(&arena, &limits, STR(TYPE), &e);
    assert_int_equal(form_feed(f, STR(FILE_PART("a", "a", "1")), &e), -1);
    e.code = ERR_OK;
    assert_int_equal(form_feed(f, STR(END), &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_int_equal(form_end(f, NULL), -1);
    assert_string_equal(form_error_class(f), "TooManyFilesSent");
}

/* ---- temporary files ---- */

static int open_files(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void large_files_go_to_disk(void **state)
{
    struct err e;
    struct stat st;
    char got[20];
    int before = open_files();
    (void)state;
    limits.file_upload_max_memory_size = 8;
    struct str body = STR(FILE_PART("a", "a", "123456") FILE_PART("b", "b", "0123456789abc")
                              FILE_PART("c", "c", "12") END);
    assert_form(TYPE, body,
                "|a:a:text/plain:123456|b:b:text/plain:0123456789abc|c:c:text/plain:12");
    struct form *f = fed(TYPE, body, body.n, body.n, &e);
    assert_true(f->files[0]->fd < 0);
    assert_true(f->files[1]->fd >= 0);
    assert_true(f->files[2]->fd < 0); /* the room that b left is free again */
    assert_int_equal(fstat(f->files[1]->fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(upload_read(f->files[1], 10, got, sizeof got, &e), 3);
    assert_memory_equal(got, "abc", 3);
    assert_int_equal(upload_read(f->files[1], 13, got, sizeof got, &e), 0);
    assert_int_equal(upload_read(f->files[0], 99, got, sizeof got, &e), 0);
    /* A file that breaks off, and one that is being written when the request ends. */
    assert_non_null(fed(TYPE, STR(FILE_PART("b", "b", "0123456789abc")), 30, 5, &e));
    f = form_new(&arena, &limits, STR(TYPE), &e);
    assert_int_equal(form_feed(f, STR(FILE_PART("b", "b", "0123456789abc")), &e), 0);
    arena_release(&arena);
    assert_int_equal(open_files(), before);
}

static void no_room_for_temporary_files(void **state)
{
    struct err e;
    (void)state;
    limits.file_upload_max_memory_size = 0;
    limits.file_upload_temp_dir = "/nonexistent/dir";
    struct form *f = form_new(&arena, &limits, STR(TYPE), &e);
    assert_int_equal(form_feed(f, STR(FILE_PART("b", "b", "0123456789abc")), &e), -1);
    assert_string_equal(form_error_class(f), "OSError");
    assert_non_null(strstr(e.msg, "/nonexistent/dir"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(content_types),
        TEST(urlencoded),
        TEST(multipart),
        TEST(what_looks_like_a_boundary),
        TEST(parts_without_use),
        TEST(truncated_bodies),
        TEST(bad_boundaries),
        TEST(invalid_text_is_replaced),
        TEST(base64),
        TEST(file_names),
        TEST(extended_file_names),
        TEST(long_file_names),
        TEST(types_of_files),
        TEST(limit_of_fields),
        TEST(limit_of_files),
        TEST(limit_of_memory),
        TEST(limit_of_part_headers),
        TEST(failures_stay),
        TEST(large_files_go_to_disk),
        TEST(no_room_for_temporary_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
