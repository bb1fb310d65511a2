/* SPDX-License-Identifier: MIT */
/* The writer; access_format.c makes the lines. */
#include "server/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLUSH_AT = 64 * 1024, DROP_AT = 1024 * 1024, CLOSE_WAIT_MS = 500 };

enum sink {
    SINK_FILE, /* takes everything at once, whole lines even when several workers append */
    SINK_PIPE, /* pipe, socket or device: may be full */
    SINK_TERMINAL,
};

struct access_log {
    int fd;
    char *path;
    enum access_format format;
    enum sink sink;
    struct access_clock clock;
    struct buf pending;
    size_t flush_at; /* pending bytes at which the next line asks for a flush */
    uint64_t dropped;
};

static int open_sink(const char *path, enum sink *sink, struct err *err)
{
    bool standard = strcmp(path, "-") == 0;
    struct stat st;
    /* Non-blocking, or opening a named pipe would wait for its reader. */
    int fd =
        standard
            ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
            : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);

    if (fd < 0)
        return err_set_errno(err, "cannot open access log '%s'",
                             standard ? "standard output" : path);
    *sink = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? SINK_FILE
            : isatty(fd)                               ? SINK_TERMINAL
                                                       : SINK_PIPE;
    return fd;
}

struct access_log *access_log_open(const char *path, enum access_format format, struct err *err)
{
    enum sink sink;
    int fd = open_sink(path, &sink, err);
    struct access_log *a;

    if (fd < 0)
        return NULL;
    a = mem_zalloc(sizeof *a);
    a->fd = fd;
    a->path = mem_strdup(path);
    a->format = format;
    a->sink = sink;
    a->flush_at = sink == SINK_TERMINAL ? 1 : FLUSH_AT;
    buf_init(&a->pending);
    return a;
}

/* ---- writing ---- */

static void drop_pending(struct access_log *a)
{
    for (size_t i = 0; i < a->pending.n; i++)
        a->dropped += a->pending.data[i] == '\n';
    buf_reset(&a->pending);
}

/* How much to write now: everything to a file.  Into a pipe no more than
 * PIPE_BUF, which poll() has promised room for, and whole lines where possible,
 * so that those of several workers do not mix. */
static size_t next_chunk(const struct access_log *a, size_t from)
{
    size_t n = a->pending.n - from;

    if (a->sink == SINK_FILE || n <= PIPE_BUF)
        return n;
    for (n = PIPE_BUF; n && a->pending.data[from + n - 1] != '\n';)
        n--;
    return n ? n : PIPE_BUF;
}

static bool has_room(const struct access_log *a, int wait_ms)
{
    struct pollfd p = {a->fd, POLLOUT, 0};
    return a->sink == SINK_FILE || poll(&p, 1, wait_ms) > 0;
}

static void flush_pending(struct access_log *a, int wait_ms)
{
    size_t done = 0;

    while (done < a->pending.n && has_room(a, wait_ms)) {
        ssize_t n = write(a->fd, a->pending.data + done, next_chunk(a, done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) { /* disk full, nobody reads */
            memmove(a->pending.data, a->pending.data + done, a->pending.n - done);
            buf_cut(&a->pending, a->pending.n - done);
            drop_pending(a);
            return;
        }
        done += (size_t)n;
    }
    if (done && done < a->pending.n)
        memmove(a->pending.data, a->pending.data + done, a->pending.n - done);
    buf_cut(&a->pending, a->pending.n - done);
}

void access_log_flush(struct access_log *a)
{
    flush_pending(a, 0);
    if (a->sink == SINK_TERMINAL)
        a->flush_at = 1;
    else /* a full pipe is asked again some lines later, not for each */
        a->flush_at = a->pending.n ? a->pending.n + FLUSH_AT / 4 : FLUSH_AT;
}

void access_log_add(struct access_log *a, const struct access_entry *e)
{
    if (a->pending.n >= DROP_AT) {
        a->dropped++;
        return;
    }
    access_format(&a->pending, a->format, e, &a->clock);
    if (a->pending.n >= a->flush_at)
        access_log_flush(a);
}

int access_log_reopen(struct access_log *a, struct err *err)
{
    enum sink sink;
    int fd;

    access_log_flush(a);
    if (strcmp(a->path, "-") == 0)
        return 0;
    fd = open_sink(a->path, &sink, err);
    if (fd < 0)
        return -1;
    close(a->fd);
    a->fd = fd;
    a->sink = sink;
    access_log_flush(a);
    return 0;
}

uint64_t access_log_dropped(struct access_log *a)
{
    uint64_t n = a->dropped;
    a->dropped = 0;
    return n;
}

void access_log_close(struct access_log *a)
{
    if (!a)
        return;
    flush_pending(a, CLOSE_WAIT_MS);
    close(a->fd);
    buf_release(&a->pending);
    free(a->path);
    free(a);
}
