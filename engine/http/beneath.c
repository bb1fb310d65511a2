/* SPDX-License-Identifier: MIT */
#include "http/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, RACES = 8 };

static int fail(struct str path, struct err *err)
{
    /* ELOOP: a link where none may be; EXDEV: the path leads out of the folder */
    if (errno == ELOOP || errno == EXDEV)
        return err_set(err, ERR_DENIED, "'%.*s' leads out of its folder", STR_ARG(path));
    if (errno == ENOTDIR || errno == ENAMETOOLONG)
        errno = ENOENT;
    return err_set_errno(err, "cannot open '%.*s'", STR_ARG(path));
}

/* NUL-ended in `out`; false when no path can be so. */
static bool copy_path(char out[PATH_MAX], struct str path)
{
    if (path.n == 0 || path.n >= PATH_MAX || memchr(path.p, '\0', path.n)) {
        errno = ENOENT;
        return false;
    }
    memcpy(out, path.p, path.n);
    out[path.n] = '\0';
    return true;
}

int beneath_open_steps(int dir, struct str path, struct err *err)
{
    char steps[PATH_MAX];
    int at = dir;

    if (!copy_path(steps, path))
        return fail(path, err);
    for (char *step = steps, *next; step; step = next) {
        int fd;
        next = strchr(step, '/');
        if (next)
            *next++ = '\0';
        if (strcmp(step, "..") == 0 || *step == '\0') {
            errno = EXDEV; /* an empty first step is an absolute path */
            fd = -1;
        } else {
            fd = openat(at, step, FLAGS | O_NOFOLLOW | (next ? O_DIRECTORY : 0));
        }
        if (at != dir) {
            int error = errno;
            close(at);
            errno = error;
        }
        if (fd < 0)
            return fail(path, err);
        at = fd;
    }
    return at;
}

int beneath_open(int dir, struct str path, struct err *err)
{
    struct open_how how = {.flags = FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    char name[PATH_MAX];
    int fd = -1;

    if (!copy_path(name, path))
        return fail(path, err);
    for (int i = 0; i < RACES; i++) { /* EAGAIN: something was renamed meanwhile */
        fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    if (fd >= 0)
        return fd;
    if (errno == ENOSYS || errno == EPERM) /* an old kernel, or a sandbox that knows no better */
        return beneath_open_steps(dir, path, err);
    return fail(path, err);
}
