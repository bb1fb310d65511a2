/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/fs.h"
#include "http/form_save.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define TYPE "multipart/form-data; boundary=B"

static struct arena arena;
static struct http_limits limits;
static char dir[64];

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    http_limits_default(&limits);
    snprintf(dir, sizeof dir, "/tmp/perilune-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    struct err e;
    (void)state;
    arena_release(&arena);
    return fs_clear(dir, &e) == 0 ? rmdir(dir) : -1;
}

/* A form with one file of that content; on disk when it may not be in memory. */
static const struct upload *upload_of(const char *content, bool on_disk)
{
    struct err e;
    struct str body;
    limits.file_upload_max_memory_size = on_disk ? 0 : 1 << 20;
    body = str_from(arena_printf(&arena,
                                 "--B\r\nContent-Disposition: form-data; name=\"f\"; "
                                 "filename=\"n.txt\"\r\n\r\n%s\r\n--B--\r\n",
                                 content));
    struct form *f = form_new(&arena, &limits, STR(TYPE), &e);
    assert_non_null(f);
    assert_int_equal(form_feed(f, body, &e), 0);
    assert_int_equal(form_end(f, &e), 0);
    assert_int_equal(f->n_files, 1);
    assert_int_equal(f->files[0]->fd >= 0, on_disk);
    return f->files[0];
}

static void assert_content(const char *path, const char *want)
{
    char have[100] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, have, sizeof have - 1);
    close(fd);
    assert_int_equal(n, strlen(want));
    assert_string_equal(have, want);
}

static const char *in_dir(const char *name)
{
    return arena_printf(&arena, "%s/%s", dir, name);
}

static const char *save(const struct upload *u, const char *path, unsigned mode)
{
    char *final = arena_alloc(&arena, PATH_MAX);
    struct err e;
    if (upload_save(u, path, mode, final, PATH_MAX, &e) != 0)
        fail_msg("%s: %s", path, e.msg);
    return final;
}

static void test_saves(void **state)
{
    (void)state;
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        const char *path = in_dir(on_disk ? "disk.txt" : "memory.txt");
        const char *final = save(upload_of("the content", on_disk), path, 0640);
        struct stat st;
        assert_string_equal(final, path);
        assert_content(final, "the content");
        assert_int_equal(stat(final, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
    }
    assert_content(save(upload_of("", false), in_dir("empty"), 0644), "");
}

static void test_taken_name(void **state)
{
    const struct upload *u = upload_of("new", false);
    const char *path = in_dir("a.tar.gz"), *final;
    (void)state;
    assert_content(save(upload_of("old", false), path, 0644), "old");
    final = save(u, path, 0644);
    assert_string_not_equal(final, path);
    assert_int_equal(strlen(final), strlen(path) + 8);
    assert_memory_equal(final + strlen(dir), "/a.tar_", 7);
    assert_string_equal(final + strlen(final) - 3, ".gz");
    assert_content(final, "new");
    assert_content(path, "old");
}

static void test_extension(void **state)
{
    const struct upload *u = upload_of("x", false);
    (void)state;
    save(u, in_dir(".profile"), 0644);
    const char *final = save(u, in_dir(".profile"), 0644);
    assert_memory_equal(final + strlen(dir), "/.profile_", 10);
    mkdir(in_dir("d.x"), 0777);
    save(u, in_dir("d.x/plain"), 0644);
    final = save(u, in_dir("d.x/plain"), 0644);
    assert_memory_equal(final + strlen(dir), "/d.x/plain_", 11);
}

static void test_folders_are_made(void **state)
{
    (void)state;
    assert_content(save(upload_of("deep", true), in_dir("one/two/f"), 0644), "deep");
}

static void test_links_are_not_followed(void **state)
{
    const char *target = in_dir("target"), *link = in_dir("link");
    (void)state;
    assert_int_equal(symlink(target, link), 0);
    const char *final = save(upload_of("x", false), link, 0644);
    assert_string_not_equal(final, link);
    assert_int_equal(access(target, F_OK), -1);
}

static void test_failures(void **state)
{
    const struct upload *u = upload_of("x", false);
    char final[PATH_MAX], longer[PATH_MAX + 10];
    struct err e;
    (void)state;
    save(u, in_dir("file"), 0644);
    assert_int_equal(upload_save(u, in_dir("file/below"), 0644, final, sizeof final, &e), -1);
    assert_int_equal(e.code, ERR_IO);
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(upload_save(u, longer, 0644, final, sizeof final, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(upload_save(u, "/dev/full/x", 0644, final, sizeof final, &e), -1);
}

/* A file that cannot be written whole is not left behind. */
static void test_nothing_is_left(void **state)
{
    const struct upload *u = upload_of("more than nothing", true);
    struct upload broken = *u;
    char final[PATH_MAX];
    struct err e;
    (void)state;
    broken.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(upload_save(&broken, in_dir("gone"), 0644, final, sizeof final, &e), -1);
    close(broken.fd);
    assert_int_equal(access(in_dir("gone"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_saves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_taken_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_extension, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders_are_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_are_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_left, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
