/* SPDX-License-Identifier: MIT */
#include "app/live.h"

#include "app/statics.h"
#include "app/worker.h"
#include "base/clock.h"
#include "base/mem.h"
#include "fiber/fiber.h"
#include "http/file_response.h"
#include "http/request.h"
#include "http/static.h"
#include "pipeline/pipeline.h"
#include "pipeline/request_signals.h"
#include "server/listen.h"

#include <stdlib.h>

struct live {
    struct app *app;
    struct http_server *http;
    struct static_files *statics;
    struct listener listener;
    size_t finishing; /* fibers with receivers of request_finished */
};

struct response *live_answer(struct app *app, struct static_files *statics, struct request *r)
{
    struct response *response;
    r->app = app;
    if (request_signal_wants_started(app->signals) && request_signal_started(app->signals, r) != 0)
        return pipeline_fail(app->pipeline, r);
    if (statics && (response = static_files_handle(statics, r)))
        return response;
    response = pipeline_handle(app->pipeline, r);
    file_response_finish(response, r);
    return response;
}

static struct response *handle(void *data, struct request *r)
{
    struct live *l = data;
    return live_answer(l->app, l->statics, r);
}

static void send_finished(void *data)
{
    struct live *l = data;
    request_signal_finished(l->app->signals, l->app->log);
    l->finishing--;
}

static void done(void *data, struct request *r, const struct http_outcome *o)
{
    struct live *l = data;
    (void)o;
    l->app->ops->request_end(l->app->script, r);
    if (r->app && request_signal_wants_finished(l->app->signals)) {
        l->finishing++;
        fiber_spawn(l->app->loop, send_finished, l, false);
    }
}

static int open_parts(struct live *l, struct err *err)
{
    const struct settings *s = l->app->settings;
    struct http_server_options o = worker_http_options(s);
    struct http_handler h = {handle, done, l};
    struct listen_options lo = {.backlog = 64, .uid = (uid_t)-1, .gid = (gid_t)-1};
    if (listener_open(&l->listener, STR("127.0.0.1:0"), &lo, err) != 0 ||
        statics_open(&l->statics, s, l->app->options.project_dir, true, l->app->log, err) != 0)
        return -1;
    l->http = http_server_new(l->app->loop, &o, &h, l->app->log, err);
    return l->http ? http_server_listen(l->http, l->listener.fd, err) : -1;
}

static void release(struct live *l)
{
    if (l->http)
        http_server_free(l->http);
    static_files_free(l->statics);
    listener_close(&l->listener);
    free(l);
}

struct live *live_open(struct app *app, struct err *err)
{
    struct live *l = mem_zalloc(sizeof *l);
    l->app = app;
    l->listener.fd = -1;
    if (open_parts(l, err) == 0)
        return l;
    release(l);
    return NULL;
}

uint16_t live_port(const struct live *l)
{
    const char *colon = strrchr(l->listener.name, ':');
    return (uint16_t)(colon ? strtoul(colon + 1, NULL, 10) : 0);
}

bool live_close(struct live *l)
{
    int64_t deadline = clock_deadline(5);
    while (http_server_stats(l->http).requests || l->finishing) {
        if (clock_monotonic() > deadline || fiber_sleep(l->app->loop, 0.002, NULL) != 0) {
            http_server_drain(l->http);
            return false;
        }
    }
    release(l);
    return true;
}
