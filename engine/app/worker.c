/* SPDX-License-Identifier: MIT */
#include "app/worker.h"

#include "app/devel.h"
#include "app/statics.h"
#include "base/clock.h"
#include "base/logging.h"
#include "base/mem.h"
#include "fiber/fiber.h"
#include "fiber/watch.h"
#include "http/file_response.h"
#include "http/request.h"
#include "http/response.h"
#include "http/static.h"
#include "pipeline/pipeline.h"
#include "pipeline/proxy.h"
#include "pipeline/request_signals.h"
#include "server/access_log.h"
#include "settings/settings.h"

/* ---- loading ---- */

struct load {
    struct worker *worker;
    struct err *err;
    int status;
    bool done;
};

static void load_in_fiber(void *arg)
{
    struct load *l = arg;
    struct app *app = &l->worker->app;
    l->status = app->ops->load(app->script, app, l->err);
    l->done = true;
}

static int load_project(struct worker *w, struct err *err)
{
    struct load l = {.worker = w, .err = err};
    if (app_open(&w->app, w->ops, &w->options, err) != 0)
        return -1;
    if (app_load_modules(&w->app, err) != 0 || loop_guard_stacks(w->app.loop, err) != 0)
        return -1;
    fiber_start(w->app.loop, load_in_fiber, &l);
    while (!l.done)
        loop_turn(w->app.loop, true);
    return l.status;
}

/* In development a project that does not load at the start is no reason to go: the worker
 * shows why, until the files change.  Later on the worker before it stays, whose code is
 * that of the files as they were. */
static int stay_up(struct worker *w, struct err *err)
{
    struct script_options bare = w->options;
    w->load_error = mem_strdup(err->msg);
    log_write(w->options.log, LOG_LEVEL_ERROR, "perilune.server", "%s", err->msg);
    if (w->app.loop)
        return 0;
    bare.settings_file = NULL; /* it is the settings that do not load */
    if (app_open(&w->app, w->ops, &bare, err) != 0)
        return -1;
    w->app.settings = settings_new();
    return loop_guard_stacks(w->app.loop, err);
}

int worker_load(struct server_worker *server, struct err *err)
{
    struct worker *w = server->data;
    w->options.worker = server->id + 1;
    w->snapshot = w->development ? devel_snapshot(w->options.project_dir) : 0;
    w->loaded = load_project(w, err) == 0;
    if (w->loaded)
        return 0;
    if (w->development && !server->relieves)
        return stay_up(w, err);
    pipeline_free(w->app.pipeline);
    app_close(&w->app);
    return -1;
}

/* ---- requests ---- */

static struct response *static_file(struct worker *w, struct request *r)
{
    return w->statics ? static_files_handle(w->statics, r) : NULL;
}

/* With the limit of running time in force. `tell`: somebody listens to request_started,
 * and nobody has looked for a static file yet. */
static struct response *answer(struct worker *w, struct request *r, bool tell)
{
    struct response *response;
    if (tell && request_signal_started(w->app.signals, r) != 0)
        return pipeline_fail(w->app.pipeline, r);
    if (tell && (response = static_file(w, r)))
        return response;
    response = pipeline_handle(w->app.pipeline, r);
    file_response_finish(response, r);
    if (w->load_error && w->ops->shows_errors(w->app.script, r))
        devel_banner(response, w->load_error);
    return response;
}

static struct response *handle(void *data, struct request *r)
{
    struct worker *w = data;
    struct response *response;
    server_worker_busy(w->server, r->target);
    if (!w->loaded)
        return w->ops->load_failed(w->app.script, r, w->load_error);
    r->app = &w->app;
    if (w->proxy)
        proxy_apply(w->proxy, r);
    bool tell = request_signal_wants_started(w->app.signals);
    if (!tell && (response = static_file(w, r)))
        return response;
    w->ops->limit(w->app.script, w->time_limit);
    response = answer(w, r, tell);
    w->ops->limit(w->app.script, 0);
    return response;
}

/* Once for every request that handle() took on. The request is gone when they run, and
 * they may wait: a fiber of their own. */
static void send_finished(void *data)
{
    struct worker *w = data;
    w->ops->limit(w->app.script, w->time_limit);
    request_signal_finished(w->app.signals, w->app.log);
    w->ops->limit(w->app.script, 0);
    w->finishing--;
}

static struct str header_or_empty(const struct request *r, struct str name)
{
    struct str v = headers_get(&r->headers, name);
    return v.p ? v : STR("");
}

static void log_access(struct worker *w, const struct request *r, const struct http_outcome *o)
{
    int64_t elapsed = clock_monotonic() - r->started; /* from the header to the last byte */
    struct access_entry e = {
        .remote_addr = r->remote_addr,
        .method = r->method_name,
        .target = r->target,
        .version = r->version,
        .referer = header_or_empty(r, STR("referer")),
        .user_agent = header_or_empty(r, STR("user-agent")),
        .request_id = r->id,
        .status = o->status,
        .bytes = (int64_t)o->bytes,
        .seconds = (double)elapsed / (double)CLOCK_SECOND,
        .time = clock_realtime() - elapsed,
    };
    access_log_add(w->access, &e);
}

/* As Django's development server. */
static enum log_level level_of(int status)
{
    return status >= 500 ? LOG_LEVEL_ERROR : status >= 400 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
}

static void done(void *data, struct request *r, const struct http_outcome *o)
{
    struct worker *w = data;
    if (w->access)
        log_access(w, r, o);
    if (w->development && !o->refused)
        log_write(w->app.log, level_of(o->status), "perilune.server", "\"%.*s %.*s %.*s\" %d %llu",
                  STR_ARG(r->method_name), STR_ARG(r->target), STR_ARG(r->version), o->status,
                  (unsigned long long)o->bytes);
    w->ops->request_end(w->app.script, r);
    if (r->app && request_signal_wants_finished(w->app.signals)) {
        w->finishing++;
        fiber_spawn(w->app.loop, send_finished, w, false);
    }
    if (w->max_requests && ++w->requests >= w->max_requests)
        server_worker_recycle(w->server);
}

/* ---- the loop ---- */

static void before_wait(void *data)
{
    struct worker *w = data;
    if (w->ops->idle(w->app.script))
        server_worker_recycle(w->server);
    server_worker_idle(w->server);
    if (w->draining && !http_server_busy(w->http) && !w->finishing)
        loop_stop(w->app.loop);
}

static void after_wait(void *data)
{
    struct worker *w = data;
    server_worker_progress(w->server);
}

static void each_second(void *data)
{
    struct worker *w = data;
    if (w->access)
        access_log_flush(w->access);
    if (w->statics)
        static_files_sweep(w->statics);
    if (w->draining && clock_monotonic() > w->server->deadline)
        loop_stop(w->app.loop);
}

static void look_for_changes(void *data)
{
    struct worker *w = data;
    uint64_t now = devel_snapshot(w->options.project_dir);
    if (now != w->snapshot && !w->draining) {
        w->snapshot = now;
        log_write(w->app.log, LOG_LEVEL_INFO, "perilune.server", "files changed, reloading");
        server_worker_reload(w->server);
    }
}

static void drain(struct worker *w)
{
    w->draining = true;
    http_server_drain(w->http);
}

static void on_control(void *data, int events)
{
    struct worker *w = data;
    (void)events;
    for (;;) {
        struct err err;
        switch (server_worker_order(w->server)) {
        case SERVER_NONE:
            return;
        case SERVER_DRAIN:
            drain(w);
            break;
        case SERVER_ORPHANED:
            watch_close(w->control);
            w->control = NULL;
            drain(w);
            return;
        case SERVER_STOP:
            loop_stop(w->app.loop);
            return;
        case SERVER_REOPEN:
            logging_reopen(w->app.log->logging);
            if (w->access && access_log_reopen(w->access, &err) != 0)
                log_write(w->app.log, LOG_LEVEL_ERROR, "perilune.server", "%s", err.msg);
            break;
        case SERVER_RELOAD_FAILED:
            free(w->load_error);
            w->load_error = w->development ? mem_strdup(w->server->order) : NULL;
            break;
        }
    }
}

struct http_server_options worker_http_options(const struct settings *s)
{
    struct http_server_options o = http_server_defaults();
    struct http_limits *l = &o.limits;
    struct str dir = settings_str(s, SETTING_file_upload_temp_dir);
#define SIZE(name) l->name = (size_t)settings_int(s, SETTING_##name)
#define SECONDS(name) l->name = settings_float(s, SETTING_##name)
    SIZE(request_uri_max_bytes);
    SIZE(request_header_max_bytes);
    SIZE(request_header_max_count);
    SIZE(data_upload_max_memory_size);
    SIZE(data_upload_max_number_fields);
    SIZE(data_upload_max_number_files);
    SIZE(file_upload_max_memory_size);
    SIZE(json_max_depth);
    SIZE(max_connections);
    SIZE(max_connections_per_ip);
    SECONDS(header_timeout);
    SECONDS(body_timeout);
    SECONDS(body_min_rate);
    SECONDS(response_timeout);
    SECONDS(keepalive_timeout);
#undef SIZE
#undef SECONDS
    if (dir.p)
        l->file_upload_temp_dir = dir.p;
    o.body_max_bytes = (uint64_t)settings_int(s, SETTING_body_max_bytes);
    o.request_deadline = settings_float(s, SETTING_request_deadline);
    o.server_header = settings_str(s, SETTING_server_header);
    return o;
}

static int open_access_log(struct worker *w, struct err *err)
{
    const struct settings *s = w->app.settings;
    struct str path = settings_str(s, SETTING_access_log);
    enum access_format format;
    if (!path.p || w->development)
        return 0;
    if (access_format_parse(settings_str(s, SETTING_access_log_format), &format, err) != 0)
        return err_prefix(err, "setting 'access_log_format'");
    char *file = str_eq(path, STR("-")) ? mem_strdup("-") : app_path(&w->app, path);
    w->access = access_log_open(file, format, err);
    free(file);
    return w->access ? 0 : err_prefix(err, "setting 'access_log'");
}

static int open_all(struct worker *w, struct err *err)
{
    struct http_server_options ho = worker_http_options(w->app.settings);
    struct http_handler h = {handle, done, w};
    w->time_limit = settings_float(w->app.settings, SETTING_request_time_limit);
    w->max_requests = (uint64_t)settings_int(w->app.settings, SETTING_max_requests);
    if (proxy_open(&w->proxy, w->app.settings, err) != 0 || open_access_log(w, err) != 0 ||
        statics_open(&w->statics, w->app.settings, w->options.project_dir, w->development,
                     w->app.log, err) != 0)
        return -1;
    w->http = http_server_new(w->app.loop, &ho, &h, w->app.log, err);
    if (!w->http)
        return -1;
    w->control = watch_open(w->app.loop, w->server->control_fd, FIBER_READ, on_control, w, err);
    return w->control ? 0 : -1;
}

static void close_all(struct worker *w)
{
    if (w->http)
        http_server_free(w->http);
    watch_close(w->control);
    hook_close(w->before);
    hook_close(w->after);
    timer_close(w->second);
    timer_close(w->changes);
    free(w->load_error);
    access_log_close(w->access);
    proxy_close(w->proxy);
    static_files_free(w->statics);
    loop_turn(w->app.loop, false); /* libuv frees closed handles on its next turn */
    pipeline_free(w->app.pipeline);
    app_close(&w->app);
}

int worker_work(struct server_worker *server, struct err *err)
{
    struct worker *w = server->data;
    int status = -1;
    w->server = server;
    if (open_all(w, err) != 0 || server_worker_ready(server, err) != 0)
        goto out;
    for (size_t i = 0; i < server->nlisteners; i++)
        if (http_server_listen(w->http, server->listeners[i].fd, err) != 0)
            goto out;
    w->before = hook_open(w->app.loop, true, before_wait, w);
    w->after = hook_open(w->app.loop, false, after_wait, w);
    w->second = timer_open(w->app.loop, 1, true, each_second, w);
    if (w->development)
        w->changes = timer_open(w->app.loop, 0.4, false, look_for_changes, w);
    loop_run(w->app.loop);
    status = 0;
out:
    close_all(w);
    return status;
}
