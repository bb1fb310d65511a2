/* SPDX-License-Identifier: MIT */
#include "app/app.h"

#include "app/modules.h"
#include "base/buf.h"
#include "db/databases.h"
#include "fiber/fiber.h"
#include "settings/settings.h"
#include "signals/signals.h"

int app_open(struct app *app, const struct script_ops *ops, const struct script_options *o,
             struct err *err)
{
    *app = (struct app){.ops = ops, .options = *o, .log = o->log};
    app->loop = loop_new(NULL, err);
    if (!app->loop)
        return -1;
    app->options.loop = app->loop;
    app->options.databases = app->databases = databases_new(app->loop, app->log);
    app->options.signals = app->signals = signals_new();
    app->script = ops->open(&app->options, err);
    if (!app->script)
        goto fail;
    if (o->settings_file) {
        app->settings = settings_new();
        if (ops->read_settings(app->script, app->settings, err) != 0)
            goto fail;
    }
    return 0;
fail:
    app_close(app);
    return -1;
}

void app_close(struct app *app)
{
    if (app->loop) {
        if (loop_fibers(app->loop)) { /* nobody will wake them: their waits fail, and they end */
            loop_cancel(app->loop);
            loop_run(app->loop);
        }
        databases_free(app->databases);
        loop_turn(app->loop, false); /* libuv frees closed handles on its next turn */
        loop_free(app->loop);        /* gives pooled script threads back first */
    }
    if (app->script)
        app->ops->close(app->script);
    signals_free(app->signals);
    modules_close(app->modules);
    settings_free(app->settings);
    *app = (struct app){0};
}

int app_load_modules(struct app *app, struct err *err)
{
    return app->modules ? 0 : modules_open(&app->modules, app, err);
}

struct view *app_find_view(const struct app *app, struct str name)
{
    return modules_view(app->modules, name);
}

char *app_path(const struct app *app, struct str path)
{
    const char *dir = app->options.project_dir;
    struct buf b = BUF_INIT;
    if (!path.p)
        return NULL;
    if (!str_starts(path, STR("/")) && dir)
        buf_addf(&b, "%s/", dir);
    buf_addstr(&b, path);
    return buf_detach(&b, NULL);
}

void app_run(struct app *app, void (*fn)(void *arg), void *arg)
{
    fiber_spawn(app->loop, fn, arg, false);
    loop_run(app->loop);
}
