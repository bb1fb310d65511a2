/* SPDX-License-Identifier: MIT */
/* perilune.h: requests and responses.  The handles are the engine's own structs under
 * another name. */
#include "app/app.h"
#include "app/modules_impl.h"
#include "http/request.h"
#include "http/response.h"
#include "http/urls.h"
#include "pipeline/pipeline.h"

static const struct request *in(const struct pln_request *r)
{
    return (const struct request *)r;
}

static struct str str_in(struct pln_str s)
{
    return str_make(s.p, s.n);
}

static struct pln_str out(struct str s)
{
    return (struct pln_str){s.p, s.n};
}

static struct pln_response *give(struct response *response)
{
    return (struct pln_response *)response;
}

static struct response *take(struct pln_response *response)
{
    return (struct response *)response;
}

/* ---- requests ---- */

struct pln_str pln_request_method(const struct pln_request *r)
{
    return out(in(r)->method_name);
}

struct pln_str pln_request_path(const struct pln_request *r)
{
    return out(in(r)->path);
}

struct pln_str pln_request_target(const struct pln_request *r)
{
    return out(in(r)->target);
}

struct pln_str pln_request_query(const struct pln_request *r)
{
    return out(in(r)->query_string);
}

struct pln_str pln_request_remote_addr(const struct pln_request *r)
{
    return out(in(r)->remote_addr);
}

struct pln_str pln_request_id(const struct pln_request *r)
{
    return out(in(r)->id);
}

int pln_request_is_secure(const struct pln_request *r)
{
    return in(r)->secure_transport;
}

struct pln_str pln_request_body(const struct pln_request *r)
{
    if (in(r)->form_consumed)
        return out(STR_NULL);
    return out(in(r)->body.p ? in(r)->body : STR(""));
}

struct pln_str pln_request_header(const struct pln_request *r, const char *name)
{
    return out(headers_get(&in(r)->headers, str_from(name)));
}

int pln_request_header_at(const struct pln_request *r, size_t i, struct pln_str *name,
                          struct pln_str *value)
{
    const struct headers *h = &in(r)->headers;
    if (i >= h->n)
        return 0;
    *name = out(h->items[i].name);
    *value = out(h->items[i].value);
    return 1;
}

struct pln_str pln_request_param(const struct pln_request *r, const char *name)
{
    const struct url_match *m = in(r)->match;
    for (unsigned i = 0; m && i < m->n_params; i++)
        if (m->params[i].name.p && str_eq(m->params[i].name, str_from(name)))
            return out(m->params[i].value.text);
    return out(STR_NULL);
}

struct pln_str pln_request_attribute(struct pln_request *request, const char *name)
{
    struct request *r = (struct request *)request;
    const struct app *app = r->app;
    if (!app->ops->request_attribute)
        return out(STR_NULL);
    return out(app->ops->request_attribute(app->script, r, name));
}

int pln_request_set_attribute(struct pln_request *request, const char *name, struct pln_str value)
{
    struct request *r = (struct request *)request;
    const struct app *app = r->app;
    if (!app->ops->request_set_attribute)
        return -1;
    return app->ops->request_set_attribute(app->script, r, name, str_in(value));
}

void *pln_request_alloc(struct pln_request *r, size_t size)
{
    return arena_alloc(in(r)->arena, size);
}

struct pln_response *pln_raise(struct pln_request *r, enum pln_error error, const char *fmt, ...)
{
    static const struct {
        enum exception_kind kind;
        const char *name;
    } errors[] = {
        [PLN_ERROR_500] = {EXCEPTION_ERROR, "Error"},
        [PLN_ERROR_404] = {EXCEPTION_NOT_FOUND, "Http404"},
        [PLN_ERROR_403] = {EXCEPTION_PERMISSION_DENIED, "PermissionDenied"},
        [PLN_ERROR_400] = {EXCEPTION_BAD_REQUEST, "BadRequest"},
    };
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if ((unsigned)error >= sizeof errors / sizeof *errors)
        error = PLN_ERROR_500;
    return give(
        request_raise((struct request *)r, errors[error].kind, errors[error].name, "%s", text));
}

const char *pln_exception_name(const struct pln_request *r)
{
    return in(r)->exception.kind ? in(r)->exception.name : NULL;
}

const char *pln_exception_message(const struct pln_request *r)
{
    return in(r)->exception.kind ? in(r)->exception.message : NULL;
}

int pln_exception_status(const struct pln_request *r)
{
    return in(r)->exception.kind ? exception_status(in(r)->exception.kind) : 0;
}

/* ---- responses ---- */

struct pln_response *pln_next(const struct pln_next *next, struct pln_request *r)
{
    return give(middleware_next((const struct layer *)next, (struct request *)r));
}

struct pln_response *pln_response_new(int status)
{
    return give(response_new(status));
}

struct pln_response *pln_response_text(int status, const char *content_type, const char *fmt, ...)
{
    struct response *response = response_new(status);
    struct buf body = BUF_INIT;
    struct err err;
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&body, fmt, ap);
    va_end(ap);
    response_set_body(response, buf_str(&body));
    buf_release(&body);
    if (!content_type ||
        headers_set(&response->headers, STR("Content-Type"), str_from(content_type), &err) != 0)
        headers_put(&response->headers, STR("Content-Type"), STR("text/plain; charset=utf-8"));
    return give(response);
}

void pln_response_free(struct pln_response *response)
{
    response_unref(take(response));
}

int pln_response_status(const struct pln_response *response)
{
    return ((const struct response *)response)->status;
}

void pln_response_set_status(struct pln_response *response, int status)
{
    take(response)->status = status;
    take(response)->reason = STR_NULL;
}

struct pln_str pln_response_header(const struct pln_response *response, const char *name)
{
    return out(headers_get(&((const struct response *)response)->headers, str_from(name)));
}

int pln_response_set_header(struct pln_response *response, const char *name, struct pln_str value)
{
    struct err err;
    return headers_set(&take(response)->headers, str_from(name), str_in(value), &err);
}

int pln_response_add_header(struct pln_response *response, const char *name, struct pln_str value)
{
    struct err err;
    return headers_add(&take(response)->headers, str_from(name), str_in(value), &err);
}

int pln_response_remove_header(struct pln_response *response, const char *name)
{
    return headers_remove(&take(response)->headers, str_from(name));
}

struct pln_str pln_response_body(const struct pln_response *response)
{
    const struct response *r = (const struct response *)response;
    return out(r->kind == RESPONSE_BYTES ? r->bytes : STR_NULL);
}

void pln_response_set_body(struct pln_response *response, struct pln_str body)
{
    response_set_body(take(response), str_in(body));
}

int pln_response_append(struct pln_response *response, struct pln_str more)
{
    struct response *r = take(response);
    struct buf b = BUF_INIT;
    size_t n;
    if (r->kind != RESPONSE_BYTES)
        return -1;
    buf_addstr(&b, r->bytes);
    buf_addstr(&b, str_in(more));
    if (b.n) {
        char *bytes = buf_detach(&b, &n);
        response_set_owned_body(r, str_make(bytes, n), free, bytes);
    }
    return 0;
}

/* ---- streams ---- */

struct stream {
    int (*pull)(void *data, struct pln_out *out);
    void (*close)(void *data);
    void *data;
};

static int stream_pull(void *data, struct buf *b, struct err *err)
{
    struct stream *s = data;
    int more = s->pull(s->data, (struct pln_out *)b);
    return more < 0 ? err_set(err, ERR_IO, "a C module's stream broke off") : more > 0;
}

static void stream_close(void *data)
{
    struct stream *s = data;
    if (s->close)
        s->close(s->data);
    free(s);
}

void pln_response_set_stream(struct pln_response *response,
                             int (*pull)(void *data, struct pln_out *out),
                             void (*close)(void *data), void *data)
{
    struct stream *s = mem_alloc(sizeof *s);
    *s = (struct stream){pull, close, data};
    response_set_stream(take(response), (struct response_source){stream_pull, stream_close, s});
}

void pln_write(struct pln_out *to, const void *p, size_t n)
{
    buf_add((struct buf *)to, p, n);
}

const void *const module_api_http[] = {
    pln_request_method,
    pln_request_path,
    pln_request_target,
    pln_request_query,
    pln_request_remote_addr,
    pln_request_id,
    pln_request_is_secure,
    pln_request_body,
    pln_request_header,
    pln_request_header_at,
    pln_request_param,
    pln_request_attribute,
    pln_request_set_attribute,
    pln_request_alloc,
    pln_raise,
    pln_exception_name,
    pln_exception_message,
    pln_exception_status,
    pln_next,
    pln_response_new,
    pln_response_text,
    pln_response_free,
    pln_response_status,
    pln_response_set_status,
    pln_response_header,
    pln_response_set_header,
    pln_response_add_header,
    pln_response_remove_header,
    pln_response_body,
    pln_response_set_body,
    pln_response_append,
    pln_response_set_stream,
    pln_write,
};
