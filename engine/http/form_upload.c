/* SPDX-License-Identifier: MIT */
#include "http/form_upload.h"

#include "base/utf8.h"
#include "http/printable.h"
#include "value/html.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NAME_MAX_BYTES 255

/* ---- content ---- */

/* A file that has no name from the start, or loses it at once. */
static int open_temporary(const char *dir, struct err *err)
{
    if (!dir)
        dir = getenv("TMPDIR");
    if (!dir || !*dir)
        dir = "/tmp";
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;

    struct buf path = BUF_INIT; /* not every file system can do that */
    buf_addf(&path, "%s/perilune-upload-XXXXXX", dir);
    fd = mkostemp(path.data, O_CLOEXEC);
    if (fd >= 0)
        unlink(path.data);
    else
        err_set_errno(err, "cannot create a file for an upload in '%s' (file_upload_temp_dir)",
                      dir);
    buf_release(&path);
    return fd;
}

static int write_all(int fd, struct str bytes, struct err *err)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_errno(err, "cannot write an upload to disk");
        bytes = str_skip(bytes, (size_t)n);
    }
    return 0;
}

static int move_to_disk(struct upload *u, const char *temp_dir, struct err *err)
{
    int fd = open_temporary(temp_dir, err);
    if (fd < 0)
        return -1;
    u->fd = fd;
    if (write_all(fd, buf_str(&u->memory), err))
        return -1;
    buf_release(&u->memory);
    return 0;
}

int upload_write(struct upload *u, struct str bytes, size_t *memory_left, const char *temp_dir,
                 struct err *err)
{
    if (u->fd < 0 && bytes.n <= *memory_left) {
        buf_addstr(&u->memory, bytes);
        *memory_left -= bytes.n;
    } else {
        if (u->fd < 0) {
            size_t freed = u->memory.n;
            if (move_to_disk(u, temp_dir, err))
                return -1;
            *memory_left += freed;
        }
        if (write_all(u->fd, bytes, err))
            return -1;
    }
    u->size += bytes.n;
    return 0;
}

void upload_discard(struct upload *u)
{
    if (u->fd >= 0)
        close(u->fd);
    u->fd = -1;
    u->size = 0;
    buf_release(&u->memory);
}

ptrdiff_t upload_read(const struct upload *u, uint64_t offset, void *to, size_t n, struct err *err)
{
    if (u->fd < 0) {
        struct str rest = str_head(str_skip(buf_str(&u->memory), offset), n);
        if (rest.n)
            memcpy(to, rest.p, rest.n);
        return (ptrdiff_t)rest.n;
    }
    for (;;) {
        ssize_t got = pread(u->fd, to, n, (off_t)offset);
        if (got >= 0)
            return got;
        if (errno != EINTR)
            return err_set_errno(err, "cannot read the upload '%.*s'", STR_ARG(u->name));
    }
}

/* ---- name ---- */

static struct str basename_of(struct str s)
{
    size_t start = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '/' || s.p[i] == '\\')
            start = i + 1;
    return str_skip(s, start);
}

static void add_printable(struct buf *out, struct str s)
{
    while (s.n) {
        uint32_t cp;
        size_t n = utf8_decode(s, &cp);
        if (n && codepoint_is_printable(cp))
            buf_add(out, s.p, n);
        s = str_skip(s, n ? n : 1);
    }
}

/* Cuts s to n bytes, between characters. */
static struct str cut(struct str s, size_t n)
{
    if (s.n <= n)
        return s;
    while (n && (s.p[n] & 0xc0) == 0x80)
        n--;
    return str_head(s, n);
}

static struct str shorten(struct arena *a, struct str s)
{
    size_t dot = s.n;
    for (size_t i = s.n; i-- > 1;)
        if (s.p[i] == '.') {
            dot = i;
            break;
        }
    struct str extension = cut(str_skip(s, dot), NAME_MAX_BYTES / 2);
    struct str stem = cut(str_head(s, dot), NAME_MAX_BYTES - extension.n);
    char *p = arena_printf(a, "%.*s%.*s", STR_ARG(stem), STR_ARG(extension));
    return str_make(p, stem.n + extension.n);
}

struct str upload_clean_name(struct arena *a, struct str sent)
{
    struct buf decoded = BUF_INIT, clean = BUF_INIT;
    struct str name = STR_NULL;

    html_unescape(&decoded, sent);
    add_printable(&clean, basename_of(buf_str(&decoded)));
    struct str s = buf_str(&clean);
    while (s.n && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ' '))
        s.n--;
    if (s.n)
        name = s.n > NAME_MAX_BYTES ? shorten(a, s) : arena_str(a, s);
    buf_release(&decoded);
    buf_release(&clean);
    return name;
}
