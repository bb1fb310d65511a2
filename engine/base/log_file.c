/* SPDX-License-Identifier: MIT */
#include "base/log_file.h"

#include "base/buf.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct log_file {
    char *path;
    int fd;
    uint64_t max_bytes;
    unsigned backups;
    dev_t dev; /* of fd: is `path` still this file? */
    ino_t ino;
};

static int open_append(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
}

/* Workers may run as somebody else than the root that starts them: the file goes to the
 * owner of its folder. */
static void give_away(int fd, const char *path)
{
    struct stat st;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? mem_strndup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
    if (geteuid() == 0 && stat(folder, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0) {
        /* it stays root's */
    }
    free(folder);
}

static int open_file(struct log_file *f, struct err *err)
{
    struct stat st;
    int fd = open_append(f->path);
    if (fd < 0) {
        fd = open(f->path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0640);
        if (fd >= 0)
            give_away(fd, f->path);
        else
            fd = open_append(f->path); /* another process was faster */
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_set_errno(err, "cannot open log file '%s'", f->path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (f->fd >= 0)
        close(f->fd);
    f->fd = fd;
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    return 0;
}

struct log_file *log_file_open(const char *path, uint64_t max_bytes, unsigned backups,
                               struct err *err)
{
    struct log_file *f = mem_zalloc(sizeof *f);
    f->path = mem_strdup(path);
    f->fd = -1;
    f->max_bytes = backups ? max_bytes : 0;
    f->backups = backups;
    if (open_file(f, err) != 0) {
        log_file_close(f);
        return NULL;
    }
    return f;
}

void log_file_close(struct log_file *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    free(f->path);
    free(f);
}

void log_file_reopen(struct log_file *f)
{
    open_file(f, NULL);
}

/* Is `path` the file that is open? *size is its length. */
static bool is_current(const struct log_file *f, uint64_t *size)
{
    struct stat st;
    *size = 0;
    if (stat(f->path, &st) != 0 || st.st_dev != f->dev || st.st_ino != f->ino)
        return false;
    *size = (uint64_t)st.st_size;
    return true;
}

static void numbered(struct buf *b, const char *path, unsigned n)
{
    buf_reset(b);
    buf_adds(b, path);
    if (n)
        buf_addf(b, ".%u", n);
}

static void move_backups(const struct log_file *f)
{
    struct buf from = BUF_INIT, to = BUF_INIT;
    for (unsigned n = f->backups; n > 0; n--) {
        numbered(&from, f->path, n - 1);
        numbered(&to, f->path, n);
        rename(from.data, to.data); /* one that is not there yet is none to move */
    }
    buf_release(&from);
    buf_release(&to);
}

/* The lock is that of the full file itself: whoever waited for it finds that `path` is
 * another one by now. */
static void make_room(struct log_file *f, size_t more)
{
    uint64_t size;
    if (is_current(f, &size) && (size == 0 || size + more <= f->max_bytes))
        return;
    if (size && flock(f->fd, LOCK_EX) == 0) {
        if (is_current(f, &size))
            move_backups(f);
        flock(f->fd, LOCK_UN);
    }
    open_file(f, NULL);
}

void log_file_write(struct log_file *f, struct str line)
{
    if (f->max_bytes)
        make_room(f, line.n);
    log_line(f->fd, line);
}
