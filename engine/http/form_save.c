/* SPDX-License-Identifier: MIT */
#include "http/form_save.h"

#include "crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SUFFIX = 7, TRIES = 100, COPY_BLOCK = 65536 };

/* ---- where ---- */

/* The length of the path without the extension of its last part; ".profile" has none. */
static size_t stem_of(const char *path)
{
    const char *base = strrchr(path, '/'), *dot;
    base = base ? base + 1 : path;
    while (*base == '.')
        base++;
    dot = strrchr(base, '.');
    return dot ? (size_t)(dot - path) : strlen(path);
}

/* -1 with errno. */
static int make_parents(char *path)
{
    int rc = 0;
    for (char *p = path + 1; *p && rc == 0; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        rc = mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : -1;
        *p = '/';
    }
    return rc;
}

/* -1 with errno: EEXIST when the name is taken. */
static int create(char *path, unsigned mode)
{
    int flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(path, flags, mode);
    if (fd < 0 && errno == ENOENT && make_parents(path) == 0)
        fd = open(path, flags, mode);
    return fd;
}

/* Descriptor of a new file whose path is in final, or -1. */
static int take_name(const char *path, unsigned mode, char *final, size_t size, struct err *err)
{
    size_t stem = stem_of(path);
    if (strlen(path) + SUFFIX + 2 > size)
        return err_set(err, ERR_INVALID, "the path of a file has more than %zu bytes",
                       size - SUFFIX - 2);
    memcpy(final, path, strlen(path) + 1);
    for (int i = 0; i < TRIES; i++) {
        char suffix[SUFFIX * 4];
        int fd = create(final, mode);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST)
            return err_set_errno(err, "cannot create '%s'", final);
        int64_t n = random_string(suffix, SUFFIX, RANDOM_ALPHABET, err);
        if (n < 0)
            return -1;
        snprintf(final, size, "%.*s_%.*s%s", (int)stem, path, (int)n, suffix, path + stem);
    }
    return err_set(err, ERR_IO, "cannot find a free name for '%s'", path);
}

/* ---- what ---- */

static int write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

/* File systems that cannot copy by themselves. */
static int copy_by_hand(const struct upload *u, uint64_t from, int fd)
{
    char *block = malloc(COPY_BLOCK);
    ptrdiff_t n;
    struct err err;
    int rc = block ? 0 : -1;
    while (rc == 0 && from < u->size) {
        n = upload_read(u, from, block, COPY_BLOCK, &err);
        if (n <= 0 || write_all(fd, block, (size_t)n) != 0)
            rc = -1;
        else
            from += (uint64_t)n;
    }
    free(block);
    return rc;
}

static int copy_content(const struct upload *u, int fd)
{
    off_t at = 0;
    if (u->fd < 0)
        return write_all(fd, u->memory.data, u->memory.n);
    while ((uint64_t)at < u->size) {
        ssize_t n = copy_file_range(u->fd, &at, fd, NULL, u->size - (uint64_t)at, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return copy_by_hand(u, (uint64_t)at, fd);
    }
    return 0;
}

int upload_save(const struct upload *u, const char *path, unsigned mode, char *final, size_t size,
                struct err *err)
{
    int fd = take_name(path, mode, final, size, err);
    if (fd < 0)
        return -1;
    int rc = fchmod(fd, mode) != 0 || copy_content(u, fd) != 0 ? -1 : 0;
    if (rc != 0)
        err_set_errno(err, "cannot write the file '%s'", final);
    if (close(fd) != 0 && rc == 0)
        rc = err_set_errno(err, "cannot write the file '%s'", final);
    if (rc != 0)
        unlink(final);
    return rc;
}
