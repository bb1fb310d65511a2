/* SPDX-License-Identifier: MIT */
#include "http/byteranges.h"

#include "crypto/random.h"

#include <errno.h>
#include <unistd.h>

enum { PIECE = 65536, BOUNDARY = 32 };

/* Owner: the response's source.  Holds the body that the response had. */
struct byteranges {
    struct range_set set;
    uint64_t size;
    size_t i;      /* the range in hand */
    uint64_t done; /* bytes of it */
    struct str content_type;
    char boundary[BOUNDARY];

    int fd; /* -1: bytes */
    uint64_t offset;
    struct str bytes;
    void (*release)(void *data);
    void *release_data;
};

static int add_file(const struct byteranges *b, uint64_t from, size_t n, struct buf *out,
                    struct err *err)
{
    ssize_t got;
    buf_reserve(out, n);
    do
        got = pread(b->fd, out->data + out->n, n, (off_t)(b->offset + from));
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_set_errno(err, "cannot read the file");
    if (got == 0)
        return err_set(err, ERR_IO, "the file became shorter while it was sent");
    out->n += (size_t)got;
    out->data[out->n] = '\0';
    return (int)got;
}

static int pull(void *data, struct buf *out, struct err *err)
{
    struct byteranges *b = data;
    struct str boundary = str_make(b->boundary, BOUNDARY);
    const struct range *r;

    if (b->i == b->set.n) {
        range_part_head(out, boundary, STR(""), NULL, b->size);
        return 0;
    }
    r = &b->set.items[b->i];
    if (b->done == 0)
        range_part_head(out, boundary, b->content_type, r, b->size);
    uint64_t left = r->length - b->done, from = r->start + b->done;
    size_t n = left < PIECE ? (size_t)left : PIECE;
    if (b->fd >= 0) {
        int got = add_file(b, from, n, out, err);
        if (got < 0)
            return -1;
        n = (size_t)got;
    } else {
        buf_add(out, b->bytes.p + from, n);
    }
    b->done += n;
    if (b->done == r->length) {
        b->i++;
        b->done = 0;
    }
    return 1;
}

static void close_ranges(void *data)
{
    struct byteranges *b = data;
    if (b->fd >= 0)
        close(b->fd);
    if (b->release)
        b->release(b->release_data);
    free(b);
}

void byteranges_set(struct response *response, const struct range_set *set, uint64_t size)
{
    struct byteranges *b = mem_alloc(sizeof *b);
    struct headers *h = &response->headers;
    struct err err;

    *b = (struct byteranges){
        .set = *set,
        .size = size,
        .content_type = headers_get(h, STR("Content-Type")), /* in the response's arena */
        .fd = response->kind == RESPONSE_FILE ? response->fd : -1,
        .offset = response->file_offset,
        .bytes = response->bytes,
        .release = response->release,
        .release_data = response->release_data,
    };
    random_string(b->boundary, BOUNDARY, STR("0123456789abcdef"), &err);
    response->fd = -1; /* both are the source's now */
    response->release = NULL;
    response_set_stream(response, (struct response_source){pull, close_ranges, b});

    char *type = arena_printf(&response->arena, "multipart/byteranges; boundary=%.*s", BOUNDARY,
                              b->boundary);
    headers_remove(h, STR("Content-Type"));
    headers_put(h, STR("Content-Type"), str_from(type));
}
