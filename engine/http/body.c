/* SPDX-License-Identifier: MIT */
/* The body as it arrives: multipart goes through the form parser piece by piece, so
 * that large files never stand in memory; everything else is kept whole, up to
 * data_upload_max_memory_size. */
#include "http/form.h"
#include "http/server_impl.h"

/* Past a limit the rest is read and dropped up to this many bytes, so that a client that
 * sends all before it reads gets to see the answer. */
#define DROP_MAX (UINT64_C(1) << 20)

static int refuse(struct exchange *x, int status, const char *why)
{
    x->refused = status;
    x->why = why;
    return -1;
}

static int too_large(struct exchange *x)
{
    return refuse(x, 413,
                  x->form ? "the body is larger than setting body_max_bytes"
                          : "the body is larger than setting data_upload_max_memory_size");
}

static uint64_t limit_of(const struct exchange *x)
{
    const struct http_server_options *o = &x->server->options;
    return x->form ? o->body_max_bytes : o->limits.data_upload_max_memory_size;
}

static bool is_multipart(struct str type)
{
    return type.n >= 20 && str_ieq(str_head(type, 20), STR("multipart/form-data;"));
}

/* 413 for a body that is too large as a whole, 400 for anything else the client did. */
static int form_failed(struct exchange *x, const struct err *err)
{
    const char *class = x->form ? form_error_class(x->form) : NULL;
    bool large = class && strcmp(class, "RequestDataTooBig") == 0;
    return refuse(x,
                  err->code == ERR_IO ? 500
                  : large             ? 413
                                      : 400,
                  arena_strdup(&x->arena, err->msg));
}

int body_begin(struct exchange *x)
{
    struct request *r = &x->request;
    struct str type = headers_get(&r->headers, STR("content-type"));
    struct err err;
    if (!x->has_body)
        return 0;
    if (type.p && is_multipart(type)) {
        x->form = form_new(&x->arena, &x->server->options.limits, type, &err);
        if (!x->form)
            return form_failed(x, &err);
    }
    if (x->content_length > limit_of(x))
        return too_large(x);
    if (x->content_length && !x->form)
        buf_reserve(&x->body, x->content_length);
    return 0;
}

int body_feed(struct exchange *x, const char *data, size_t size)
{
    struct err err;
    x->body_received += size;
    if (x->refused)
        return (x->dropped += size) > DROP_MAX ? -1 : 0;
    if (x->body_received > limit_of(x))
        too_large(x);
    else if (!x->form)
        buf_add(&x->body, data, size);
    else if (form_feed(x->form, str_make(data, size), &err) != 0)
        form_failed(x, &err);
    return 0;
}

int body_end(struct exchange *x)
{
    struct request *r = &x->request;
    struct err err;
    r->body = buf_str(&x->body);
    if (!x->form)
        return 0;
    if (form_end(x->form, &err) != 0)
        return form_failed(x, &err);
    r->form = x->form;
    r->form_consumed = true;
    return 0;
}
