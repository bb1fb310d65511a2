/* SPDX-License-Identifier: MIT */
/* A request, settings, routes and a pipeline to run it through, for tests in C. */
#ifndef TESTS_UNIT_PIPELINE_WORLD_H
#define TESTS_UNIT_PIPELINE_WORLD_H

#include "test.h"

#include "base/log.h"
#include "http/request.h"
#include "http/response.h"
#include "http/urls.h"
#include "pipeline/pipeline.h"
#include "settings/settings.h"

struct world {
    struct arena arena;
    struct settings *settings;
    struct url_tree *urls;
    struct pipeline *pipeline;
    struct request request;
    struct log log;
    struct buf logged; /* "LEVEL name: text\n" */
    struct middleware_env env;
};

static inline void world_log(void *data, const struct log_record *r)
{
    buf_addf(data, "%s %s: %.*s\n", log_level_name(r->level), r->name, STR_ARG(r->text));
}

static inline void world_open(struct world *w)
{
    struct err err;
    *w = (struct world){.logged = BUF_INIT};
    arena_init(&w->arena, 0);
    w->settings = settings_new();
    assert_int_equal(
        settings_set_list(w->settings, SETTING_allowed_hosts, &STR(".example.com"), 1, &err), 0);
    w->urls = url_tree_new();
    w->log = (struct log){.level = LOG_LEVEL_DEBUG, .sink = world_log, .data = &w->logged};
    w->env = (struct middleware_env){.settings = w->settings, .log = &w->log};
}

static inline void world_close(struct world *w)
{
    pipeline_free(w->pipeline);
    url_tree_free(w->urls);
    settings_free(w->settings);
    arena_release(&w->arena);
    buf_release(&w->logged);
}

static inline void world_route(struct world *w, const char *pattern, struct view *v)
{
    struct err err = {.code = ERR_OK};
    struct url_spec spec = {.pattern = str_from(pattern), .view = v};
    assert_int_equal(url_add(url_tree_root(w->urls), &spec, &err), 0);
}

/* The pipeline with all routes added; layers come after it, innermost first. */
static inline void world_pipeline(struct world *w, const struct pipeline_host *host)
{
    struct err err;
    assert_int_equal(url_tree_compile(w->urls, &err), 0);
    w->pipeline = pipeline_new(&w->env, host);
    pipeline_routes(w->pipeline, w->urls);
}

/* A fresh request for "/path?query" with a Host. */
static inline struct request *world_request(struct world *w, const char *method, const char *target)
{
    struct request *r = &w->request;
    size_t n = strcspn(target, "?");
    *r = (struct request){
        .method = http_method_parse(str_from(method)),
        .method_name = str_from(method),
        .target = str_from(target),
        .path = str_make(target, n),
        .raw_path = str_make(target, n),
        .query_string = str_from(target[n] ? target + n + 1 : ""),
        .version = STR("HTTP/1.1"),
        .peer_addr = STR("192.0.2.1"),
        .remote_addr = STR("192.0.2.1"),
        .server_name = STR("server.example.com"),
        .server_port = 8000,
        .arena = &w->arena,
    };
    headers_init(&r->headers, &w->arena);
    headers_put(&r->headers, STR("Host"), STR("www.example.com"));
    return r;
}

static inline void world_header(struct world *w, const char *name, const char *value)
{
    headers_put(&w->request.headers, str_from(name), str_from(value));
}

static inline struct response *world_run(struct world *w)
{
    struct response *response = pipeline_handle(w->pipeline, &w->request);
    assert_non_null(response);
    assert_int_equal(w->request.exception.kind, EXCEPTION_NONE);
    return response;
}

#endif
