/* SPDX-License-Identifier: MIT */
/* Folders walked, files written at once, trees removed. */
#include "test.h"

#include "base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static char folder[64];

static const char *in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    snprintf(folder, sizeof folder, "/tmp/test_fs.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    struct err err;
    (void)state;
    assert_int_equal(fs_clear(folder, &err), 0);
    assert_int_equal(rmdir(folder), 0);
    arena_release(&arena);
    return 0;
}

static void put(const char *name, const char *content)
{
    struct err err;
    if (fs_write(in_folder(name), str_from(content), -1, &err) != 0)
        fail_msg("%s", err.msg);
}

static bool skip_hidden(const char *name, bool is_folder)
{
    return name[0] == '.' || (is_folder && strcmp(name, "CVS") == 0);
}

static void walks_in_order(void **state)
{
    static const char *const want[] = {"CVS.txt", "a-b.txt", "a/c.txt", "a/link.txt", "b.txt"};
    struct fs_list list;
    struct err err;
    (void)state;
    put("b.txt", "1");
    put("a/c.txt", "22");
    put("a-b.txt", "");
    put(".hidden/x", "x");
    put("CVS/x", "x");
    put("CVS.txt", "x");
    assert_int_equal(symlink("../b.txt", in_folder("a/link.txt")), 0);
    assert_int_equal(symlink("nowhere", in_folder("dangling")), 0);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(fs_walk(&list, &arena, folder, skip_hidden, &err), 0);
    assert_int_equal(list.n, sizeof want / sizeof *want);
    for (size_t i = 0; i < list.n; i++)
        assert_str(list.items[i].path, want[i]);
    assert_int_equal(list.items[2].size, 2);
    assert_int_equal(fs_walk(&list, &arena, folder, NULL, &err), 0);
    assert_int_equal(list.n, 7);
    assert_int_equal(fs_walk(&list, &arena, in_folder("none"), NULL, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void a_circle_ends(void **state)
{
    struct fs_list list;
    struct err err;
    (void)state;
    put("a/x", "x");
    assert_int_equal(symlink("..", in_folder("a/up")), 0);
    assert_int_equal(fs_walk(&list, &arena, folder, NULL, &err), -1);
    assert_non_null(strstr(err.msg, "'a/up' contains itself"));
    for (int i = 0; i < 40; i++) {
        char *deep = arena_alloc(&arena, 256);
        memset(deep, 'd', 256);
        for (int k = 1; k < 2 * i; k += 2)
            deep[k] = '/';
        snprintf(deep + 2 * (size_t)i, 4, "d/x");
        put(deep, "x");
    }
    assert_int_equal(unlink(in_folder("a/up")), 0);
    assert_int_equal(fs_walk(&list, &arena, folder, NULL, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
}

static void writes_at_once(void **state)
{
    struct buf b = BUF_INIT;
    struct fs_file f;
    struct stat st;
    struct err err;
    (void)state;
    assert_int_equal(fs_write(in_folder("x/y/z"), str_make("a\0b", 3), INT64_C(1500000000), &err),
                     0);
    assert_int_equal(fs_read(&b, in_folder("x/y/z"), &err), 0);
    assert_int_equal(b.n, 3);
    assert_memory_equal(b.data, "a\0b", 3);
    assert_int_equal(stat(in_folder("x/y/z"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(fs_stat(in_folder("x/y/z"), &f, &err), 0);
    assert_int_equal(f.mtime, INT64_C(1500000000));

    assert_int_equal(fs_copy(in_folder("x/y/z"), in_folder("copy"), &err), 0);
    assert_int_equal(fs_stat(in_folder("copy"), &f, &err), 0);
    assert_int_equal(f.size, 3);
    assert_int_equal(f.mtime, INT64_C(1500000000));

    /* what cannot be written leaves nothing behind */
    struct fs_list before, after;
    assert_int_equal(fs_walk(&before, &arena, folder, NULL, &err), 0);
    assert_int_equal(fs_write(in_folder("x/y"), STR("x"), -1, &err), -1);
    assert_non_null(strstr(err.msg, "cannot write"));
    assert_int_equal(fs_write(in_folder("copy/z"), STR("x"), -1, &err), -1);
    assert_int_equal(fs_copy(in_folder("none"), in_folder("new"), &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(fs_stat(folder, &f, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(fs_walk(&after, &arena, folder, NULL, &err), 0);
    assert_int_equal(after.n, before.n);
    buf_release(&b);
}

static void clears_without_following(void **state)
{
    struct fs_list list;
    struct err err;
    (void)state;
    put("kept/x", "x");
    put("gone/a/b", "x");
    put("gone/.c", "x");
    assert_int_equal(symlink("../kept", in_folder("gone/link")), 0);
    assert_int_equal(fs_clear(in_folder("gone"), &err), 0);
    assert_int_equal(fs_walk(&list, &arena, in_folder("gone"), NULL, &err), 0);
    assert_int_equal(list.n, 0);
    assert_int_equal(access(in_folder("kept/x"), F_OK), 0);
    assert_int_equal(fs_clear(in_folder("none"), &err), 0);
    assert_int_equal(fs_clear(in_folder("kept/x"), &err), -1);
    assert_int_equal(fs_remove(in_folder("kept/x"), &err), 0);
    assert_int_equal(fs_remove(in_folder("kept/x"), &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(walks_in_order),
        TEST(a_circle_ends),
        TEST(writes_at_once),
        TEST(clears_without_following),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
