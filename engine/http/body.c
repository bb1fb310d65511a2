/* SPDX-License-Identifier: MIT */
/* The body as it arrives: multipart goes through the form parser piece by piece, so
 * that large files never stand in memory; everything else is kept whole, up to
 * data_upload_max_memory_size. */
#include "http/server_impl.h"

static int refuse(struct exchange *x, int status, const char *why)
{
    x->refused = status;
    x->why = why;
    return -1;
}

int body_begin(struct exchange *x)
{
    const struct http_limits *l = &x->server->options.limits;
    uint64_t limit = l->data_upload_max_memory_size;
    if (!x->has_body)
        return 0;
    if (x->content_length > limit)
        return refuse(x, 413, "the body is larger than setting data_upload_max_memory_size");
    if (x->content_length)
        buf_reserve(&x->body, x->content_length);
    return 0;
}

int body_feed(struct exchange *x, const char *data, size_t size)
{
    const struct http_limits *l = &x->server->options.limits;
    x->body_received += size;
    if (x->refused)
        return x->body_received > l->data_upload_max_memory_size + ((uint64_t)1 << 20) ? -1 : 0;
    if (x->body_received > l->data_upload_max_memory_size) {
        refuse(x, 413, "the body is larger than setting data_upload_max_memory_size");
        return 0;
    }
    buf_add(&x->body, data, size);
    return 0;
}

int body_end(struct exchange *x)
{
    x->request.body = buf_str(&x->body);
    return 0;
}

void body_release(struct exchange *x)
{
    (void)x;
}
