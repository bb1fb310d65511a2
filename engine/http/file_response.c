/* SPDX-License-Identifier: MIT */
#include "http/file_response.h"

#include "base/clock.h"
#include "http/beneath.h"
#include "http/byteranges.h"
#include "http/conditional.h"
#include "http/http_date.h"
#include "http/mime.h"
#include "http/range.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

int file_of_fd(struct file *out, int fd, struct str name, struct err *err)
{
    struct stat st;
    int rc;
    if (fstat(fd, &st) != 0)
        rc = err_set_errno(err, "cannot look at '%.*s'", STR_ARG(name));
    else if (S_ISDIR(st.st_mode))
        rc = err_set(err, ERR_INVALID, "'%.*s' is a folder", STR_ARG(name));
    else if (!S_ISREG(st.st_mode))
        rc = err_set(err, ERR_INVALID, "'%.*s' is not a regular file", STR_ARG(name));
    else
        rc = 0;
    if (rc != 0) {
        close(fd);
        return rc;
    }
    *out = (struct file){
        .fd = fd,
        .size = (uint64_t)st.st_size,
        .mtime = (int64_t)st.st_mtim.tv_sec * CLOCK_SECOND + st.st_mtim.tv_nsec,
    };
    return 0;
}

static int open_below(const char *root, struct str path, struct err *err)
{
    int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd;
    if (dir < 0)
        return err_set_errno(err, "cannot open the folder '%s'", root);
    fd = beneath_open(dir, path, err);
    close(dir);
    return fd;
}

int file_open(struct file *out, const char *root, struct str path, struct err *err)
{
    int fd;
    if (root) {
        fd = open_below(root, path, err);
    } else {
        char *name = mem_strndup(path.p, path.n);
        /* A FIFO must not make the worker wait for somebody who writes. */
        fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
            err_set_errno(err, "cannot open '%s'", name);
        free(name);
    }
    return fd < 0 ? -1 : file_of_fd(out, fd, path, err);
}

struct str file_etag(const struct file *f, char out[FILE_ETAG_SIZE])
{
    int n =
        snprintf(out, FILE_ETAG_SIZE, "\"%" PRIx64 "-%" PRIx64 "\"", (uint64_t)f->mtime, f->size);
    return str_make(out, (size_t)n);
}

struct str file_content_type(struct str filename)
{
    static const struct {
        struct str encoding, type;
    } packed[] = {
        {STR_INIT("br"), STR_INIT("application/x-brotli")},
        {STR_INIT("bzip2"), STR_INIT("application/x-bzip")},
        {STR_INIT("compress"), STR_INIT("application/x-compress")},
        {STR_INIT("gzip"), STR_INIT("application/gzip")},
        {STR_INIT("xz"), STR_INIT("application/x-xz")},
    };
    struct mime m = mime_guess(filename);
    for (size_t i = 0; m.encoding.p && i < sizeof packed / sizeof *packed; i++)
        if (str_eq(m.encoding, packed[i].encoding))
            return packed[i].type;
    return m.type.p ? m.type : STR("application/octet-stream");
}

void file_response_set(struct response *response, const struct file *f)
{
    struct headers *h = &response->headers;
    char etag[FILE_ETAG_SIZE], date[HTTP_DATE_SIZE];

    response_set_file(response, f->fd, 0, f->size);
    if (!headers_has(h, STR("Last-Modified")))
        headers_put(h, STR("Last-Modified"),
                    arena_str(&response->arena, http_date(f->mtime / CLOCK_SECOND, date)));
    if (!headers_has(h, STR("ETag")))
        headers_put(h, STR("ETag"), arena_str(&response->arena, file_etag(f, etag)));
    response->ranges = true;
}

/* ---- conditions and ranges ---- */

/* Most requests ask for neither: one look at the names tells. */
static bool asks_for_part(const struct headers *h)
{
    for (unsigned i = 0; i < h->n; i++) {
        struct str name = h->items[i].name;
        if ((name.n == 5 && str_ieq(name, STR("Range"))) ||
            (name.n >= 8 && str_ieq(str_head(name, 3), STR("If-"))))
            return true;
    }
    return false;
}

/* An answer about the file instead of the file. */
static void replace(struct response *response, int status, struct str field, struct str value)
{
    static const struct str about[] = {
        STR_INIT("Content-Type"),     STR_INIT("Content-Disposition"), STR_INIT("Content-Encoding"),
        STR_INIT("Content-Language"), STR_INIT("Content-Length"),
    };
    for (size_t i = 0; i < sizeof about / sizeof *about; i++)
        headers_remove(&response->headers, about[i]);
    headers_remove(&response->headers, STR("Cache-Control"));
    if (field.n)
        headers_put(&response->headers, field, value);
    response_clear_body(response);
    response->status = status;
    response->reason = STR_NULL;
}

static struct str content_range(struct response *response, const struct range *range, uint64_t size)
{
    struct buf b = BUF_INIT;
    range_content_range(&b, range, size);
    struct str value = arena_str(&response->arena, buf_str(&b));
    buf_release(&b);
    return value;
}

static void send_one(struct response *response, const struct range *range, uint64_t size)
{
    headers_put(&response->headers, STR("Content-Range"), content_range(response, range, size));
    if (response->kind == RESPONSE_FILE) {
        response->file_offset += range->start;
        response->file_length = range->length;
    } else {
        response->bytes = str_make(response->bytes.p + range->start, (size_t)range->length);
    }
}

static void apply_ranges(struct response *response, const struct headers *asked, struct str etag,
                         int64_t changed, int64_t now)
{
    struct range_set set;
    uint64_t size;
    struct str range = headers_get(asked, STR("Range"));

    if (!range.p || !response_length(response, &size) ||
        !range_if_range_passes(headers_get(asked, STR("If-Range")), etag, changed, now))
        return;
    switch (range_parse(&set, range, size)) {
    case RANGE_WHOLE:
        return;
    case RANGE_UNSATISFIABLE:
        replace(response, 416, STR("Content-Range"), content_range(response, NULL, size));
        return;
    case RANGE_PARTIAL:
        break;
    }
    response->status = 206;
    response->reason = STR_NULL;
    headers_remove(&response->headers, STR("Content-Length"));
    if (set.n == 1)
        send_one(response, &set.items[0], size);
    else
        byteranges_set(response, &set, size);
}

void file_response_finish(struct response *response, const struct request *r)
{
    struct headers *h = &response->headers;
    int64_t now, changed = LAST_MODIFIED_NONE;

    if (!response->ranges || response->status != 200 ||
        (r->method != METHOD_GET && r->method != METHOD_HEAD))
        return;
    response->ranges = false;
    if (response->kind != RESPONSE_STREAM && !headers_has(h, STR("Accept-Ranges")))
        headers_put(h, STR("Accept-Ranges"), STR("bytes"));
    if (!asks_for_part(&r->headers))
        return;

    struct str etag = headers_get(h, STR("ETag"));
    struct str modified = headers_get(h, STR("Last-Modified"));
    now = clock_realtime() / CLOCK_SECOND;
    if (modified.n && !http_date_parse(modified, now, &changed))
        changed = LAST_MODIFIED_NONE;
    switch (conditional_check(&r->headers, true, etag, changed, now)) {
    case CONDITIONAL_NOT_MODIFIED:
        conditional_not_modified(response);
        return;
    case CONDITIONAL_FAILED:
        replace(response, 412, STR(""), STR(""));
        return;
    case CONDITIONAL_PASS:
        break;
    }
    if (r->method == METHOD_GET) /* RFC 9110, section 14.2: of no other method */
        apply_ranges(response, &r->headers, etag, changed, now);
}
