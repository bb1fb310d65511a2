/* SPDX-License-Identifier: MIT */
/* A folder of files and a request without a server, for the tests of files. */
#ifndef TESTS_UNIT_FILE_WORLD_H
#define TESTS_UNIT_FILE_WORLD_H

#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "http/request.h"
#include "http/response.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIME 1750000000 /* when every file was written */
#define TIME_TEXT "Sun, 15 Jun 2025 15:06:40 GMT"

static struct arena arena;
static struct request request;
static char folder[64];

static inline const char *in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static inline void touch(const char *name, time_t seconds)
{
    struct timespec t[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, in_folder(name), t, AT_SYMLINK_NOFOLLOW), 0);
}

static inline void write_file(const char *name, const char *content, size_t n)
{
    FILE *f = fopen(in_folder(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, n, f), n);
    fclose(f);
    touch(name, TIME);
}

static inline void make_folder(const char *name)
{
    assert_int_equal(mkdir(in_folder(name), 0755), 0);
}

static inline void make_link(const char *target, const char *name)
{
    assert_int_equal(symlink(target, in_folder(name)), 0);
}

static inline int files_setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_files.XXXXXX");
    assert_non_null(mkdtemp(folder));
    arena_init(&arena, 0);
    return 0;
}

static inline void remove_all(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char *name = arena_printf(&arena, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlink(name) != 0)
            remove_all(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static inline int files_teardown(void **state)
{
    (void)state;
    remove_all(folder);
    arena_release(&arena);
    return 0;
}

/* A request with header fields given as name, value, ..., NULL. */
static inline void ask(const char *method, const char *path, ...)
{
    va_list ap;
    request = (struct request){
        .method = http_method_parse(str_from(method)),
        .method_name = str_from(method),
        .path = str_from(path),
        .arena = &arena,
    };
    headers_init(&request.headers, &arena);
    va_start(ap, path);
    for (const char *name; (name = va_arg(ap, const char *));)
        headers_put(&request.headers, str_from(name), str_from(va_arg(ap, const char *)));
    va_end(ap);
}

static inline const char *field(const struct response *r, const char *name)
{
    struct str v = headers_get(&r->headers, str_from(name));
    return v.p ? v.p : "";
}

/* The body as a server would send it; in the arena. */
static inline const char *body(struct response *r, size_t *n)
{
    struct buf b = BUF_INIT;
    struct err err;
    char *copy;
    if (r->kind == RESPONSE_STREAM) {
        int more;
        while ((more = r->source.pull(r->source.data, &b, &err)) == 1)
            continue;
        assert_int_equal(more, 0);
    } else if (r->kind == RESPONSE_FILE) {
        buf_reserve(&b, (size_t)r->file_length);
        ssize_t got = pread(r->fd, b.data, (size_t)r->file_length, (off_t)r->file_offset);
        assert_int_equal(got, r->file_length);
        b.n = (size_t)got;
    } else {
        buf_addstr(&b, r->bytes);
    }
    copy = arena_strndup(&arena, b.data, b.n);
    if (n)
        *n = b.n;
    buf_release(&b);
    return copy;
}

/* Descriptors that this process has open. */
static inline size_t open_descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)

#endif
