/* SPDX-License-Identifier: MIT */
#include "app/serve.h"

#include "app/worker.h"
#include "base/logging.h"
#include "base/mem.h"
#include "settings/settings.h"

#include <unistd.h>

/* The master reads the settings once, for what is its own (addresses, workers, pid
 * file), in a script host that is gone before the first worker starts.  In development
 * the defaults do while they cannot be read: the worker says why. */
static int read_settings(const struct script_ops *ops, const struct script_options *so,
                         bool development, struct app *app, struct err *err)
{
    struct script_options bare = *so;
    if (app_open(app, ops, so, err) == 0)
        return 0;
    bare.settings_file = NULL;
    if (!development || app_open(app, ops, &bare, err) != 0)
        return -1;
    app->settings = settings_new();
    return 0;
}

static unsigned count_workers(const struct serve_options *o, const struct settings *s)
{
    int64_t n = o->workers >= 0 ? o->workers : settings_int(s, SETTING_workers);
    if (o->development)
        return 1;
    if (n == 0)
        n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (unsigned)n;
}

static const char *text_or_null(const struct settings *s, enum setting_id id)
{
    return settings_str(s, id).p;
}

/* In the master: the workers are told, and reopen theirs. */
static void reopen_logs(void *data)
{
    struct worker *w = data;
    logging_reopen(w->options.log->logging);
}

int serve(const struct script_ops *ops, const struct script_options *so,
          const struct serve_options *o, struct err *err)
{
    struct worker worker = {.ops = ops, .options = *so, .development = o->development};
    struct server_app sa = {
        .data = &worker, .load = worker_load, .work = worker_work, .reopen = reopen_logs};
    struct server_options server;
    struct app app;
    char *pid_file;
    int status = 1;

    if (read_settings(ops, so, o->development, &app, err) != 0)
        return 1;
    if (app.options.settings_file && ops->share(app.script, err) != 0 && !o->development) {
        app_close(&app);
        return 1;
    }
    const struct settings *s = app.settings;
    struct strs bind = settings_list(s, SETTING_bind);
    const char **binds = mem_alloc((bind.n + 1) * sizeof *binds);
    for (size_t i = 0; i < bind.n; i++)
        binds[i] = bind.items[i].p;
    server_options_init(&server);
    server.binds = o->nbinds ? o->binds : binds;
    server.nbinds = o->nbinds ? o->nbinds : bind.n;
    server.workers = count_workers(o, s);
    server.socket_mode = (mode_t)settings_int(s, SETTING_unix_socket_mode);
    server.pid_file = pid_file = app_path(&app, settings_str(s, SETTING_pid_file));
    server.user = text_or_null(s, SETTING_user);
    server.group = text_or_null(s, SETTING_group);
    server.graceful_timeout = settings_float(s, SETTING_graceful_timeout);
    /* The hook that ends a request at request_time_limit cannot end a C function. */
    server.hang_timeout = settings_float(s, SETTING_request_time_limit) + 0.4;
    worker.options.serving = true;
    worker.options.development = o->development;

    status = server_run(&server, &sa, so->log, err);
    free(binds);
    free(pid_file);
    app_close(&app);
    return status;
}
