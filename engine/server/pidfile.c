/* SPDX-License-Identifier: MIT */
#include "server/pidfile.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Up to the first line end; empty when it cannot be read. */
static struct str read_line(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    if (fd >= 0) {
        n = read(fd, out, size);
        close(fd);
    }
    return str_head(str_make(out, n > 0 ? (size_t)n : 0),
                    n > 0 ? str_index(str_make(out, (size_t)n), '\n') : 0);
}

/* 0 when there is no number to read. */
static pid_t read_pid(const char *path)
{
    char text[32];
    int64_t pid;

    return str_to_int64(str_trim(read_line(path, text, sizeof text)), &pid) && pid > 0 &&
                   pid < INT32_MAX
               ? (pid_t)pid
               : 0;
}

/* Numbers are used again after a crash or a reboot, so the name of the program is
 * compared too.  Not the file: an upgrade replaces that under a running server. */
static bool runs_this_program(pid_t pid)
{
    char path[64], theirs[64], ours[64];

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    return str_eq(read_line(path, theirs, sizeof theirs),
                  read_line("/proc/self/comm", ours, sizeof ours));
}

int pidfile_write(const char *path, struct err *err)
{
    pid_t other = read_pid(path);
    struct buf temp = BUF_INIT;
    char text[24];
    int rc = -1, fd = -1, n;

    if (other && other != getpid() && runs_this_program(other))
        return err_set(err, ERR_EXISTS,
                       "pid file '%s' names process %d, which runs; stop it (kill %d) or use "
                       "another pid file",
                       path, (int)other, (int)other);
    buf_addf(&temp, "%s.%d", path, (int)getpid());
    fd = open(temp.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    n = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (fd >= 0 && write(fd, text, (size_t)n) == n && rename(temp.data, path) == 0)
        rc = 0;
    else
        err_set_errno(err, "cannot write pid file '%s'", path);
    if (fd >= 0) {
        close(fd);
        if (rc)
            unlink(temp.data);
    }
    buf_release(&temp);
    return rc;
}

void pidfile_remove(const char *path)
{
    if (read_pid(path) == getpid())
        unlink(path);
}
