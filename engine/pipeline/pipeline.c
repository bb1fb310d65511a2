/* SPDX-License-Identifier: MIT */
#include "pipeline/pipeline.h"

#include "base/log.h"
#include "base/mem.h"
#include "http/urls.h"
#include "pipeline/request_signals.h"

struct layer {
    const struct middleware_ops *ops; /* NULL: the innermost one, the view */
    void *self;
    struct layer *inner, *outer;
    struct pipeline *pipeline;
};

struct pipeline {
    struct layer core; /* resolver and view */
    struct layer *outermost;
    struct middleware_env env;
    struct pipeline_host host;
    /* Layers with the hook in question, so that chains without hooks cost nothing. */
    bool view_hooks, exception_hooks, template_hooks;
};

int exception_status(enum exception_kind kind)
{
    switch (kind) {
    case EXCEPTION_NOT_FOUND:
        return 404;
    case EXCEPTION_PERMISSION_DENIED:
        return 403;
    case EXCEPTION_BAD_REQUEST:
    case EXCEPTION_SUSPICIOUS:
        return 400;
    case EXCEPTION_TOO_LARGE:
        return 413;
    case EXCEPTION_TIMEOUT:
        return 504;
    case EXCEPTION_NONE:
    case EXCEPTION_ERROR:
        break;
    }
    return 500;
}

/* ---- exceptions into responses ---- */

/* One record per error, with Django's words and loggers. */
static void write_record(struct pipeline *p, const struct request *r, int status)
{
    const struct exception *e = &r->exception;
    const char *where = e->where ? e->where : "", *colon = e->where ? ": " : "";
    struct log_record record = {
        .level = status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
        .name = "perilune.request",
        .request_id = r->id,
    };
    char name[128];
    if (e->kind == EXCEPTION_SUSPICIOUS || e->kind == EXCEPTION_TOO_LARGE) {
        snprintf(name, sizeof name, "perilune.security.%s", e->name);
        record.name = name;
        record.level = LOG_LEVEL_ERROR;
        log_write_record(p->env.log, &record, "%s%s%s: %.*s", where, colon, e->message,
                         STR_ARG(r->target));
    } else if (status >= 500) {
        record.trace = e->traceback ? str_from(e->traceback) : STR_NULL;
        log_write_record(p->env.log, &record, "%s: %.*s: %s: %s%s%s", http_reason(status),
                         STR_ARG(r->target), e->name, where, colon, e->message);
    } else if (status == 404 || !e->message[0]) {
        log_write_record(p->env.log, &record, "%s: %.*s", http_reason(status), STR_ARG(r->path));
    } else {
        log_write_record(p->env.log, &record, "%s: %.*s: %s%s%s", http_reason(status),
                         STR_ARG(r->path), where, colon, e->message);
    }
}

static void report(struct pipeline *p, struct request *r, int status)
{
    write_record(p, r, status);
    if (status == 500)
        request_signal_exception(p->env.signals, p->env.log, r);
}

/* The page of last resort: says nothing but the status. */
static struct response *bare_page(int status)
{
    return response_text(status, STR("text/html; charset=utf-8"),
                         "<!doctype html>\n<html lang=\"en\">\n<head>\n<title>%s</title>\n</head>\n"
                         "<body>\n<h1>%s</h1><p></p>\n</body>\n</html>\n",
                         http_reason(status), http_reason(status));
}

/* The application's page, or NULL.  A handler that raises is an error of its own: it is
 * reported, and the page of a 500 asked for instead, unless that is the one that failed. */
static struct response *host_page(struct pipeline *p, struct request *r, int *status)
{
    while (p->host.error) {
        const char *message = r->exception.message;
        struct response *response = p->host.error(p->host.data, r, *status);
        if (response || r->exception.message == message)
            return response;
        bool out_of_time = r->exception.kind == EXCEPTION_TIMEOUT && *status == 504;
        bool last = *status == 500 || out_of_time;
        if (!out_of_time)
            *status = 500;
        report(p, r, *status);
        if (last)
            return NULL;
    }
    return NULL;
}

struct response *pipeline_fail(struct pipeline *p, struct request *r)
{
    int status = exception_status(r->exception.kind);
    struct response *response;
    report(p, r, status);
    response = host_page(p, r, &status);
    if (!response)
        response = bare_page(status);
    r->exception.kind = EXCEPTION_NONE;
    return response;
}

static struct response *no_response(struct request *r, const char *what, const char *name)
{
    return request_raise(r, EXCEPTION_ERROR, "ValueError",
                         "%s %s gave neither a response nor an error", what, name);
}

/* ---- the innermost layer ---- */

static int resolve(struct pipeline *p, struct request *r)
{
    struct err err;
    int found;
    if (!p->env.urls) {
        request_raise(r, EXCEPTION_NOT_FOUND, "Resolver404", "the project has no routes");
        return -1;
    }
    found = url_resolve(p->env.urls, r->path, r->arena, r, &r->match, &err);
    if (found > 0)
        return 0;
    if (found == 0)
        request_raise(r, EXCEPTION_NOT_FOUND, "Resolver404", "no route matches '%.*s'",
                      STR_ARG(r->path));
    else if (r->exception.kind == EXCEPTION_NONE)
        request_raise(r, EXCEPTION_ERROR, "Error", "%s", err.msg);
    return -1;
}

static struct response *view_hooks(struct pipeline *p, struct request *r, const struct view *v)
{
    for (struct layer *l = p->outermost; l->ops; l = l->inner) {
        if (!l->ops->process_view)
            continue;
        struct response *response = l->ops->process_view(l->self, r, v);
        if (response || r->exception.kind)
            return response;
    }
    return NULL;
}

/* A response instead of r->exception, or NULL when nobody has one. */
static struct response *exception_hooks(struct pipeline *p, struct request *r)
{
    if (!p->exception_hooks)
        return NULL;
    for (struct layer *l = p->core.outer; l; l = l->outer) {
        if (!l->ops->process_exception)
            continue;
        const char *message = r->exception.message;
        struct response *response = l->ops->process_exception(l->self, r);
        if (response) {
            r->exception.kind = EXCEPTION_NONE;
            return response;
        }
        if (r->exception.message != message) /* the hook itself raised: nobody else is asked */
            return NULL;
    }
    return NULL;
}

static struct response *render(struct pipeline *p, struct request *r, struct response *response)
{
    struct err err = {.code = ERR_OK};
    for (struct layer *l = p->template_hooks ? p->core.outer : NULL; l; l = l->outer) {
        if (!l->ops->process_template_response)
            continue;
        response = l->ops->process_template_response(l->self, r, response);
        if (!response)
            return r->exception.kind ? NULL
                                     : no_response(r, "process_template_response of", l->ops->name);
    }
    if (response->render && response->render(response, response->render_data, &err) != 0) {
        response_unref(response);
        if (r->exception.kind == EXCEPTION_NONE)
            request_raise(r, EXCEPTION_ERROR, "Error", "%s", err.msg);
        return exception_hooks(p, r);
    }
    return response;
}

static struct response *core(struct pipeline *p, struct request *r)
{
    struct response *response = NULL;
    const struct view *v;

    if (resolve(p, r) != 0)
        return NULL;
    v = r->match->view;
    if (p->view_hooks)
        response = view_hooks(p, r, v);
    if (!response && r->exception.kind == EXCEPTION_NONE) {
        response = v->call(v, r);
        if (!response && r->exception.kind == EXCEPTION_NONE)
            return no_response(r, "view", v->name);
        if (!response && !r->exception.final)
            response = exception_hooks(p, r);
    }
    if (response && response->render)
        response = render(p, r, response);
    return response;
}

/* ---- the chain ---- */

struct response *middleware_next(const struct layer *l, struct request *r)
{
    struct response *response;
    if (l->ops) {
        response = l->ops->call(l->self, r, l->inner);
        if (!response && r->exception.kind == EXCEPTION_NONE)
            no_response(r, "middleware", l->ops->name);
    } else {
        response = core(l->pipeline, r);
    }
    return response ? response : pipeline_fail(l->pipeline, r);
}

struct response *pipeline_handle(struct pipeline *p, struct request *r)
{
    return middleware_next(p->outermost, r);
}

/* ---- building ---- */

struct pipeline *pipeline_new(const struct middleware_env *env, const struct pipeline_host *host)
{
    struct pipeline *p = mem_zalloc(sizeof *p);
    p->env = *env;
    if (host)
        p->host = *host;
    p->core.pipeline = p;
    p->outermost = &p->core;
    return p;
}

void pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    while (p->outermost != &p->core) {
        struct layer *l = p->outermost;
        p->outermost = l->inner;
        if (l->ops->close)
            l->ops->close(l->self);
        free(l);
    }
    free(p);
}

void pipeline_routes(struct pipeline *p, const struct url_tree *urls)
{
    p->env.urls = urls;
}

const struct url_tree *pipeline_urls(const struct pipeline *p)
{
    return p->env.urls;
}

struct middleware_env *pipeline_env(struct pipeline *p)
{
    return &p->env;
}

const struct layer *pipeline_inner(const struct pipeline *p)
{
    return p->outermost;
}

void pipeline_wrap_open(struct pipeline *p, const struct middleware_ops *ops, void *self)
{
    struct layer *l = mem_zalloc(sizeof *l);
    l->ops = ops;
    l->self = self;
    l->pipeline = p;
    l->inner = p->outermost;
    p->outermost->outer = l;
    p->outermost = l;
    p->view_hooks |= ops->process_view != NULL;
    p->exception_hooks |= ops->process_exception != NULL;
    p->template_hooks |= ops->process_template_response != NULL;
}

int pipeline_wrap(struct pipeline *p, const struct middleware_ops *ops, struct err *err)
{
    void *self = NULL;
    p->env.ops = ops;
    if (ops->open && ops->open(&p->env, &self, err) != 0)
        return -1;
    pipeline_wrap_open(p, ops, self);
    return 0;
}

size_t pipeline_names(const struct pipeline *p, const char **names, size_t room)
{
    size_t n = 0;
    for (const struct layer *l = p->outermost; l->ops; l = l->inner, n++)
        if (n < room)
            names[n] = l->ops->name;
    return n;
}
