/* SPDX-License-Identifier: MIT */
/* Static files: what is served and what is not, variants, what is kept and for how long;
 * and which of them a project serves. */
#include "file_world.h"

#include "app/statics.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/static.h"
#include "settings/settings.h"

static struct static_files *files;

static struct static_files *open_files(bool development)
{
    const char *roots[] = {folder};
    struct static_options o = {
        .url = STR("/static/"),
        .roots = roots,
        .nroots = 1,
        .max_age = 60,
        .development = development,
    };
    return static_files_new(&o);
}

static int setup(void **state)
{
    files_setup(state);
    write_file("site.css", "body{}", 6);
    make_folder("img");
    write_file("img/dot.png", "png", 3);
    files = open_files(false);
    return 0;
}

static int teardown(void **state)
{
    static_files_free(files);
    return files_teardown(state);
}

static struct response *get(const char *path)
{
    ask("GET", path, NULL);
    return static_files_handle(files, &request);
}

static void expect(const char *path, int status)
{
    struct response *r = get(path);
    if (!r)
        fail_msg("'%s' was not answered", path);
    if (r->status != status)
        fail_msg("'%s' gave %d, not %d", path, r->status, status);
    response_unref(r);
}

static void serves(void **state)
{
    struct response *r = get("/static/site.css");
    (void)state;
    assert_int_equal(r->status, 200);
    assert_string_equal(body(r, NULL), "body{}");
    assert_string_equal(field(r, "Content-Type"), "text/css; charset=utf-8");
    assert_string_equal(field(r, "Last-Modified"), TIME_TEXT);
    assert_string_equal(field(r, "Cache-Control"), "public, max-age=60");
    assert_string_equal(field(r, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(field(r, "Accept-Ranges"), "bytes");
    assert_string_equal(field(r, "Vary"), "");
    assert_string_not_equal(field(r, "ETag"), "");
    response_unref(r);

    r = get("/static/img/dot.png");
    assert_string_equal(field(r, "Content-Type"), "image/png");
    response_unref(r);
    assert_null(get("/"));
    assert_null(get("/static"));
    assert_null(get("/statics/site.css"));
    assert_null(get("/x/static/site.css"));
}

static void types(void **state)
{
    static const char *const cases[][2] = {
        {"a.js", "text/javascript; charset=utf-8"},
        {"a.html", "text/html; charset=utf-8"},
        {"a.txt", "text/plain; charset=utf-8"},
        {"a.xml", "text/xml"},
        {"a.svg", "image/svg+xml"},
        {"a.json", "application/json"},
        {"a.woff2", "font/woff2"},
        {"a.tar.gz", "application/gzip"},
        {"a", "application/octet-stream"},
        {"a.csv", "text/csv; charset=utf-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(cases[i][0], "x", 1);
        struct response *r = get(arena_printf(&arena, "/static/%s", cases[i][0]));
        assert_string_equal(field(r, "Content-Type"), cases[i][1]);
        assert_string_equal(field(r, "Content-Encoding"), "");
        response_unref(r);
    }
    write_file("a.svgz", "x", 1);
    struct response *r = get("/static/a.svgz");
    assert_string_equal(field(r, "Content-Type"), "image/svg+xml");
    assert_string_equal(field(r, "Content-Encoding"), "gzip");
    response_unref(r);
}

static void what_is_not_there(void **state)
{
    static const char *const none[] = {
        "/static/",
        "/static/none.css",
        "/static/img",
        "/static/img/",
        "/static/img/.",
        "/static/img//dot.png",
        "/static//site.css",
        "/static/./site.css",
        "/static/../static/site.css",
        "/static/img/../site.css",
        "/static/..",
        "/static/../../../../../etc/passwd",
        "/static//etc/passwd",
        "/static/..\\..\\etc\\passwd",
        "/static/img\\dot.png",
        "/static/%2e%2e/site.css", /* decoded once, before: these are names */
        "/static/..%2fsite.css",
        "/static/site.css\n",
        "/static/site.css ",
        "/static/site.css/",
        "/static/site.css/x",
        "/static/SITE.CSS",
        "/static/.env",
        "/static/.git/config",
        "/static/img/.hidden",
        "/static/code.lua",
        "/static/code.LUA",
        "/static/code.lua.gz",
        "/static/code.lua~",
        "/static/code.lua.bak",
        "/static/out.txt",
        "/static/outdir/passwd",
        "/static/fifo",
    };
    (void)state;
    make_folder(".git");
    write_file(".git/config", "x", 1);
    write_file(".env", "x", 1);
    write_file("img/.hidden", "x", 1);
    write_file("code.lua", "x", 1);
    write_file("code.LUA", "x", 1);
    write_file("code.lua.gz", "x", 1);
    write_file("code.lua~", "x", 1);
    write_file("code.lua.bak", "x", 1);
    make_link("/etc/passwd", "out.txt");
    make_link("/etc", "outdir");
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect(none[i], 404);
    char *name = arena_alloc(&arena, 2001);
    memset(name, 'a', 2000);
    name[2000] = '\0';
    expect(arena_printf(&arena, "/static/%s", name), 404);
    /* a NUL, should one get so far */
    ask("GET", "/", NULL);
    request.path = str_make("/static/site.css\0.png", 21);
    struct response *r = static_files_handle(files, &request);
    assert_int_equal(r->status, 404);
    response_unref(r);
}

static void names(void **state)
{
    (void)state;
    assert_true(static_name_allowed(STR("a/b.c/d e.css")));
    assert_true(static_name_allowed(STR("h\xc3\xa9.css")));
    assert_true(static_name_allowed(STR("mode.lua.js"))); /* a highlighter */
    assert_false(static_name_allowed(STR("")));
    assert_false(static_name_allowed(STR("a/")));
    assert_false(static_name_allowed(STR("/a")));
}

static void links_inside(void **state)
{
    (void)state;
    make_link("site.css", "alias.css");
    make_link("img", "pictures");
    expect("/static/alias.css", 200);
    expect("/static/pictures/dot.png", 200);
}

static void methods(void **state)
{
    static const char *const refused[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    struct response *r;
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ask(refused[i], "/static/site.css", NULL);
        r = static_files_handle(files, &request);
        assert_int_equal(r->status, 405);
        assert_string_equal(field(r, "Allow"), "GET, HEAD");
        response_unref(r);
    }
    ask("HEAD", "/static/site.css", NULL);
    r = static_files_handle(files, &request);
    assert_int_equal(r->status, 200);
    assert_int_equal(r->bytes.n, 6); /* the length to announce */
    response_unref(r);
}

static void conditions_and_ranges(void **state)
{
    struct response *r = get("/static/site.css");
    const char *etag = arena_strdup(&arena, field(r, "ETag"));
    (void)state;
    response_unref(r);

    ask("GET", "/static/site.css", "If-None-Match", etag, NULL);
    r = static_files_handle(files, &request);
    assert_int_equal(r->status, 304);
    assert_string_equal(field(r, "ETag"), etag);
    assert_string_equal(field(r, "Cache-Control"), "public, max-age=60");
    response_unref(r);

    ask("GET", "/static/site.css", "Range", "bytes=1-3", NULL);
    r = static_files_handle(files, &request);
    assert_int_equal(r->status, 206);
    assert_string_equal(body(r, NULL), "ody");
    assert_string_equal(field(r, "Content-Range"), "bytes 1-3/6");
    response_unref(r);

    ask("GET", "/static/site.css", "Range", "bytes=6-", NULL);
    r = static_files_handle(files, &request);
    assert_int_equal(r->status, 416);
    assert_string_equal(field(r, "Content-Range"), "bytes */6");
    assert_string_equal(field(r, "Cache-Control"), "");
    response_unref(r);
}

/* ---- variants ---- */

static const char *coding_for(const char *accept)
{
    struct response *r;
    const char *coding;
    if (accept)
        ask("GET", "/static/v.css", "Accept-Encoding", accept, NULL);
    else
        ask("GET", "/static/v.css", NULL);
    r = static_files_handle(files, &request);
    assert_int_equal(r->status, 200);
    assert_string_equal(field(r, "Content-Type"), "text/css; charset=utf-8");
    assert_string_equal(field(r, "Vary"), "Accept-Encoding");
    coding = arena_strdup(&arena, field(r, "Content-Encoding"));
    assert_string_equal(body(r, NULL), *coding ? coding : "plain");
    response_unref(r);
    return coding;
}

static void variants(void **state)
{
    static const char *const cases[][2] = {
        {"gzip, deflate, br", "br"},
        {"gzip, deflate", "gzip"},
        {"gzip", "gzip"},
        {"GZIP", "gzip"},
        {"x-gzip", ""},
        {"deflate", ""},
        {"", ""},
        {"*", "br"},
        {"br;q=0, gzip", "gzip"},
        {"br;q=0, gzip;q=0", ""},
        {"gzip;q=0.5", "gzip"},
        {"gzip;q=1.0, br;q=0.5", "gzip"},
        {"gzip;q=0.5, br;q=1.0", "br"},
        {"gzip;q=0.5, identity", ""},
        {"gzip;q=0.5, identity;q=0.5", "gzip"},
        {"gzip;q=0.5, identity;q=0", "gzip"},
        {"gzip;q=0, *;q=0.1", "br"},
        {"*;q=0", ""},
    };
    (void)state;
    write_file("v.css", "plain", 5);
    write_file("v.css.gz", "gzip", 4);
    write_file("v.css.br", "br", 2);
    assert_string_equal(coding_for(NULL), "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = coding_for(cases[i][0]);
        if (strcmp(got, cases[i][1]) != 0)
            fail_msg("'%s' gave '%s'", cases[i][0], got);
    }
}

static void variants_have_tags_of_their_own(void **state)
{
    struct response *plain, *packed;
    (void)state;
    write_file("v.css", "plain", 5);
    write_file("v.css.gz", "gzip", 4);
    plain = get("/static/v.css");
    ask("GET", "/static/v.css", "Accept-Encoding", "gzip", NULL);
    packed = static_files_handle(files, &request);
    assert_string_not_equal(field(plain, "ETag"), field(packed, "ETag"));
    assert_string_equal(field(plain, "Last-Modified"), field(packed, "Last-Modified"));

    ask("GET", "/static/v.css", "Accept-Encoding", "gzip", "If-None-Match",
        arena_strdup(&arena, field(packed, "ETag")), NULL);
    response_unref(packed);
    packed = static_files_handle(files, &request);
    assert_int_equal(packed->status, 304);
    assert_string_equal(field(packed, "Vary"), "Accept-Encoding");
    response_unref(plain);
    response_unref(packed);

    /* asked for by its own name it is a file like others */
    expect("/static/v.css.gz", 200);
}

static void an_old_variant_is_not_used(void **state)
{
    (void)state;
    write_file("v.css", "plain", 5);
    write_file("v.css.gz", "gzip", 4);
    touch("v.css.gz", TIME - 1);
    ask("GET", "/static/v.css", "Accept-Encoding", "gzip", NULL);
    struct response *r = static_files_handle(files, &request);
    assert_string_equal(field(r, "Content-Encoding"), "");
    assert_string_equal(field(r, "Vary"), "");
    response_unref(r);
}

/* ---- hashed names ---- */

static void hashed_names(void **state)
{
    static const char *const cases[][2] = {
        {"css/a.69c5f142b6c0.css", "css/a.css"},
        {"img.55505ba281b0.png", "img.png"},
        {"noext.9dd4e461268c", "noext"},
        {"lib.tar.b2f5ff474366.gz", "lib.tar.gz"},
        {"js/a.js.99914b932bd3.map", "js/a.js.map"},
        {"a.css", NULL},
        {"a.69c5f142b6c.css", NULL},
        {"a.69c5f142b6c0a.css", NULL},
        {"a.69C5F142B6C0.css", NULL},
        {"69c5f142b6c0.css", NULL},
        {"dir.69c5f142b6c0/a.css", NULL},
        {"dir/.69c5f142b6c0.css", NULL},
        {"", NULL},
    };
    char plain[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = static_name_hashed(str_from(cases[i][0]), plain);
        if ((n > 0) != (cases[i][1] != NULL))
            fail_msg("'%s' gave %zu", cases[i][0], n);
        if (n)
            assert_str(str_make(plain, n), cases[i][1]);
    }
}

static void hashed_files_are_kept_for_ever(void **state)
{
    struct response *r;
    (void)state;
    write_file("site.69c5f142b6c0.css", "x", 1);
    r = get("/static/site.69c5f142b6c0.css");
    assert_string_equal(field(r, "Cache-Control"), "public, max-age=31536000, immutable");
    response_unref(r);
    write_file("tour.202401011230.jpg", "x", 1); /* no tour.jpg: it is only a date */
    r = get("/static/tour.202401011230.jpg");
    assert_string_equal(field(r, "Cache-Control"), "public, max-age=60");
    response_unref(r);
}

/* ---- what is kept ---- */

static void large_files_keep_a_descriptor(void **state)
{
    size_t size = 100000, before, n;
    char *data = arena_alloc(&arena, size);
    struct response *a, *b;
    (void)state;
    memset(data, 'x', size);
    write_file("large.bin", data, size);
    before = open_descriptors();
    a = get("/static/large.bin");
    b = get("/static/large.bin");
    assert_int_equal(a->kind, RESPONSE_FILE);
    assert_int_equal(a->file_length, size);
    assert_int_not_equal(a->fd, b->fd);
    body(b, &n);
    assert_int_equal(n, size);
    response_unref(a);
    response_unref(b);
    assert_int_equal(open_descriptors(), before + 1);
    static_files_free(files);
    assert_int_equal(open_descriptors(), before);
    files = open_files(false);
}

static void descriptors_are_limited(void **state)
{
    size_t size = 40000, before;
    char *data = arena_alloc(&arena, size);
    (void)state;
    memset(data, 'x', size);
    before = open_descriptors();
    for (int i = 0; i < 200; i++) {
        const char *name = arena_printf(&arena, "f%d", i);
        write_file(name, data, size);
        expect(arena_printf(&arena, "/static/%s", name), 200);
    }
    assert_in_range(open_descriptors(), before + 30, before + 64);
}

static void a_response_outlives_the_files(void **state)
{
    struct response *r = get("/static/site.css");
    (void)state;
    static_files_free(files);
    files = open_files(false);
    assert_string_equal(body(r, NULL), "body{}");
    assert_string_equal(field(r, "Content-Type"), "text/css; charset=utf-8");
    response_unref(r);
}

static void changes_are_seen_within_a_second(void **state)
{
    int64_t end = clock_monotonic() + 3 * CLOCK_SECOND;
    struct response *r = get("/static/site.css");
    const char *text = body(r, NULL);
    (void)state;
    assert_string_equal(text, "body{}");
    response_unref(r);
    write_file("new.css", "a{}", 3);
    assert_int_equal(rename(in_folder("new.css"), in_folder("site.css")), 0);
    do {
        usleep(20000);
        r = get("/static/site.css");
        text = body(r, NULL);
        response_unref(r);
    } while (strcmp(text, "a{}") != 0 && clock_monotonic() < end);
    assert_string_equal(text, "a{}");
    assert_int_equal(unlink(in_folder("site.css")), 0);
    usleep(1100000);
    expect("/static/site.css", 404);
    static_files_sweep(files);
}

static void development(void **state)
{
    struct response *r;
    (void)state;
    static_files_free(files);
    files = open_files(true);
    r = get("/static/site.css");
    assert_string_equal(field(r, "Cache-Control"), "no-cache");
    response_unref(r);
    write_file("site.css", "new", 3);
    r = get("/static/site.css"); /* at once */
    assert_string_equal(body(r, NULL), "new");
    response_unref(r);
    r = get("/static/none.css");
    assert_non_null(strstr(body(r, NULL), "'none.css'"));
    assert_non_null(strstr(body(r, NULL), folder));
    response_unref(r);
}

static void several_folders(void **state)
{
    const char *roots[] = {in_folder("none"), in_folder("img"), folder};
    struct static_options o = {.url = STR("/s/"), .roots = roots, .nroots = 3};
    struct response *r;
    (void)state;
    write_file("img/site.css", "first", 5);
    static_files_free(files);
    files = static_files_new(&o);
    r = get("/s/site.css");
    assert_string_equal(body(r, NULL), "first");
    response_unref(r);
    expect("/s/img/dot.png", 200);
    expect("/s/none.png", 404);
}

/* ---- settings ---- */

static void set(struct settings *s, enum setting_id id, const char *v)
{
    struct err err;
    assert_int_equal(settings_set_str(s, id, str_from(v), &err), 0);
}

static void urls(void **state)
{
    static const char *const cases[][2] = {
        {"/static/", "/static/"},
        {"static/", "/static/"},
        {"https://cdn.example.com/a/b/", "/a/b/"},
        {"//cdn.example.com/s/", "/s/"},
        {"/static", NULL},
        {"/", NULL},
        {"https://cdn.example.com/", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings *s = settings_new();
        struct buf url = BUF_INIT;
        struct err err;
        set(s, SETTING_static_url, cases[i][0]);
        int rc = statics_url(&url, s, &err);
        if ((rc == 0) != (cases[i][1] != NULL))
            fail_msg("'%s' gave %d", cases[i][0], rc);
        if (rc == 0)
            assert_string_equal(url.data, cases[i][1]);
        else
            assert_non_null(strstr(err.msg, "static_url"));
        buf_release(&url);
        settings_free(s);
    }
    struct settings *s = settings_new();
    struct buf url = BUF_INIT;
    set(s, SETTING_static_url, "static/");
    set(s, SETTING_force_script_name, "/shop");
    assert_int_equal(statics_url(&url, s, NULL), 0);
    assert_string_equal(url.data, "/shop/static/");
    buf_release(&url);
    settings_free(s);
}

static void which_are_served(void **state)
{
    struct settings *s = settings_new();
    struct static_files *f;
    struct str app = STR("shop.web"), dir = STR("img");
    struct log log;
    struct err err;
    int sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)state;
    log_init(&log, sink, LOG_LEVEL_INFO);
    assert_int_equal(statics_open(&f, s, folder, false, &log, &err), 0);
    assert_null(f);
    assert_int_equal(statics_open(&f, s, folder, true, &log, &err), 0);
    assert_null(f); /* development without debug */

    settings_set_bool(s, SETTING_serve_static, true, &err);
    assert_int_equal(statics_open(&f, s, folder, false, &log, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "static_root"));
    set(s, SETTING_static_root, "img");
    assert_int_equal(statics_open(&f, s, folder, false, &log, &err), 0);
    static_files_free(files);
    files = f;
    expect("/static/dot.png", 200);
    expect("/static/site.css", 404);

    /* in development: staticfiles_dirs, then the apps */
    make_folder("shop");
    make_folder("shop/web");
    make_folder("shop/web/static");
    write_file("shop/web/static/dot.png", "app", 3);
    write_file("shop/web/static/app.css", "app", 3);
    settings_set_bool(s, SETTING_debug, true, &err);
    settings_set_list(s, SETTING_installed_apps, &app, 1, &err);
    settings_set_list(s, SETTING_staticfiles_dirs, &dir, 1, &err);
    assert_int_equal(statics_open(&f, s, folder, true, &log, &err), 0);
    static_files_free(files);
    files = f;
    expect("/static/app.css", 200);
    struct response *r = get("/static/dot.png");
    assert_string_equal(body(r, NULL), "png");
    response_unref(r);

    /* in production, before collectstatic has run */
    set(s, SETTING_static_root, "collected");
    assert_int_equal(statics_open(&f, s, folder, false, &log, &err), 0);
    static_files_free(files);
    files = f;
    expect("/static/app.css", 200);
    expect("/static/views.lua", 404);
    set(s, SETTING_static_url, "https://cdn.example.com/static/");
    assert_int_equal(statics_open(&f, s, folder, true, &log, &err), 0);
    assert_null(f);
    settings_free(s);
    close(sink);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(serves),
        TEST(types),
        TEST(what_is_not_there),
        TEST(names),
        TEST(links_inside),
        TEST(methods),
        TEST(conditions_and_ranges),
        TEST(variants),
        TEST(variants_have_tags_of_their_own),
        TEST(an_old_variant_is_not_used),
        TEST(hashed_names),
        TEST(hashed_files_are_kept_for_ever),
        TEST(large_files_keep_a_descriptor),
        TEST(descriptors_are_limited),
        TEST(a_response_outlives_the_files),
        TEST(changes_are_seen_within_a_second),
        TEST(development),
        TEST(several_folders),
        TEST(urls),
        TEST(which_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
