/* SPDX-License-Identifier: MIT */
#include "base/fs.h"

#include "base/clock.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 32, PIECE = 65536 };

static int64_t mtime_of(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * CLOCK_SECOND + st->st_mtim.tv_nsec;
}

/* ---- looking ---- */

struct level { /* a folder on the way down, to notice one that contains itself */
    const struct level *up;
    dev_t dev;
    ino_t ino;
};

struct walk {
    struct arena *arena;
    bool (*skip)(const char *name, bool folder);
    VEC(struct fs_file) found;
};

static int walk_folder(struct walk *w, int fd, const char *prefix, const struct level *up,
                       struct err *err);

static int walk_entry(struct walk *w, int dir, const char *prefix, const char *name,
                      const struct level *up, struct err *err)
{
    struct stat st;
    const char *path;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || fstatat(dir, name, &st, 0) != 0)
        return 0; /* a link to nothing, or removed meanwhile */
    if (w->skip && w->skip(name, S_ISDIR(st.st_mode)))
        return 0;
    path = *prefix ? arena_printf(w->arena, "%s/%s", prefix, name) : arena_strdup(w->arena, name);
    if (S_ISDIR(st.st_mode)) {
        int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return err_set_errno(err, "cannot open the folder '%s'", path);
        return walk_folder(w, fd, path, up, err);
    }
    if (S_ISREG(st.st_mode))
        vec_push(&w->found, ((struct fs_file){.path = str_from(path),
                                              .size = (uint64_t)st.st_size,
                                              .mtime = mtime_of(&st)}));
    return 0;
}

static int enter(int fd, const char *prefix, struct level *here, struct err *err)
{
    struct stat st;
    int depth = 0;
    if (fstat(fd, &st) != 0)
        return err_set_errno(err, "cannot look at the folder '%s'", prefix);
    here->dev = st.st_dev;
    here->ino = st.st_ino;
    for (const struct level *l = here->up; l; l = l->up, depth++)
        if (l->dev == st.st_dev && l->ino == st.st_ino)
            return err_set(err, ERR_INVALID, "the folder '%s' contains itself, by a link", prefix);
    if (depth > DEPTH_MAX)
        return err_set(err, ERR_TOO_LARGE, "'%s' lies more than %d folders deep", prefix,
                       DEPTH_MAX);
    return 0;
}

/* Takes fd. */
static int walk_folder(struct walk *w, int fd, const char *prefix, const struct level *up,
                       struct err *err)
{
    struct level here = {.up = up};
    int rc = enter(fd, prefix, &here, err);
    DIR *d = rc == 0 ? fdopendir(fd) : NULL;
    if (!d) {
        rc = rc == 0 ? err_set_errno(err, "cannot read the folder '%s'", prefix) : rc;
        close(fd);
        return rc;
    }
    for (struct dirent *e; rc == 0 && (e = readdir(d));)
        rc = walk_entry(w, dirfd(d), prefix, e->d_name, &here, err);
    closedir(d);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    return str_cmp(((const struct fs_file *)a)->path, ((const struct fs_file *)b)->path);
}

int fs_walk(struct fs_list *out, struct arena *a, const char *dir,
            bool (*skip)(const char *name, bool folder), struct err *err)
{
    struct walk w = {.arena = a, .skip = skip, .found = VEC_INIT};
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    *out = (struct fs_list){NULL, 0};
    if (fd < 0)
        return err_set_errno(err, "cannot open the folder '%s'", dir);
    rc = walk_folder(&w, fd, "", NULL, err);
    if (rc == 0 && w.found.n) {
        qsort(w.found.items, w.found.n, sizeof *w.found.items, by_path);
        out->items = arena_alloc(a, mem_mul(w.found.n, sizeof *w.found.items));
        memcpy(out->items, w.found.items, w.found.n * sizeof *w.found.items);
        out->n = w.found.n;
    }
    vec_release(&w.found);
    return rc;
}

int fs_stat(const char *path, struct fs_file *out, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_set_errno(err, "cannot look at '%s'", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "'%s' is not a regular file", path);
    *out = (struct fs_file){str_from(path), (uint64_t)st.st_size, mtime_of(&st)};
    return 0;
}

int fs_read(struct buf *out, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;
    if (fd < 0)
        return err_set_errno(err, "cannot open '%s'", path);
    do {
        buf_reserve(out, PIECE);
        got = read(fd, out->data + out->n, PIECE);
        if (got > 0) {
            out->n += (size_t)got;
            out->data[out->n] = '\0';
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    int rc = got < 0 ? err_set_errno(err, "cannot read '%s'", path) : 0;
    close(fd);
    return rc;
}

/* ---- writing ---- */

static int make_folders(const char *path, struct err *err)
{
    char *copy = mem_strdup(path);
    int rc = 0;
    for (char *p = strchr(copy + 1, '/'); p && rc == 0; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST)
            rc = err_set_errno(err, "cannot make the folder '%s'", copy);
        *p = '/';
    }
    free(copy);
    return rc;
}

static int write_all(int fd, struct str content)
{
    while (content.n) {
        ssize_t n = write(fd, content.p, content.n);
        if (n < 0 && errno != EINTR)
            return -1;
        content = str_skip(content, n > 0 ? (size_t)n : 0);
    }
    return 0;
}

static int finish(int fd, int64_t mtime)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
    if (mtime >= 0)
        times[1] = (struct timespec){mtime / CLOCK_SECOND, mtime % CLOCK_SECOND};
    return fchmod(fd, 0644) != 0 || futimens(fd, times) != 0 ? -1 : 0;
}

int fs_write(const char *path, struct str content, int64_t mtime, struct err *err)
{
    struct buf temporary = BUF_INIT;
    int fd, rc = -1;

    if (make_folders(path, err) != 0)
        return -1;
    buf_addf(&temporary, "%s.XXXXXX", path);
    fd = mkostemp(temporary.data, O_CLOEXEC);
    if (fd < 0) {
        err_set_errno(err, "cannot write '%s'", path);
        goto out;
    }
    rc = write_all(fd, content) != 0 || finish(fd, mtime) != 0 ? -1 : 0;
    if (rc == 0)
        rc = rename(temporary.data, path);
    if (rc != 0) {
        err_set_errno(err, "cannot write '%s'", path);
        unlink(temporary.data);
    }
    close(fd);
out:
    buf_release(&temporary);
    return rc;
}

int fs_copy(const char *from, const char *to, struct err *err)
{
    struct buf content = BUF_INIT;
    struct fs_file f;
    int rc = fs_stat(from, &f, err);
    rc = rc == 0 ? fs_read(&content, from, err) : rc;
    rc = rc == 0 ? fs_write(to, buf_str(&content), f.mtime, err) : rc;
    buf_release(&content);
    return rc;
}

/* ---- removing ---- */

/* Takes fd. */
static int clear_folder(int fd, int depth)
{
    DIR *d = depth > DEPTH_MAX * 4 ? NULL : fdopendir(fd);
    int rc = 0;
    if (!d) {
        close(fd);
        return -1;
    }
    for (struct dirent *e; rc == 0 && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(d), e->d_name, 0) == 0)
            continue;
        int sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub < 0 || clear_folder(sub, depth + 1) != 0 ||
            unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) != 0)
            rc = -1;
    }
    closedir(d);
    return rc;
}

int fs_clear(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_set_errno(err, "cannot open the folder '%s'", dir);
    if (clear_folder(fd, 0) != 0)
        return err_set_errno(err, "cannot empty the folder '%s'", dir);
    return 0;
}

int fs_remove(const char *path, struct err *err)
{
    return unlink(path) == 0 ? 0 : err_set_errno(err, "cannot remove '%s'", path);
}
