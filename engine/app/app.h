/* SPDX-License-Identifier: MIT */
/* A project put together: settings, script host, loop and what requests go through.
 * Owner: the process (a worker or a command); one per process. */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/script.h"
#include "base/err.h"
#include "base/log.h"

struct databases;
struct modules;
struct signals;
struct view;

struct app { /* read-only to callers */
    const struct script_ops *ops;
    struct script *script;
    struct script_options options;
    struct loop *loop;
    struct settings *settings;   /* NULL outside of a project */
    struct pipeline *pipeline;   /* after app_load of a project that serves */
    struct modules *modules;     /* after app_load_modules; NULL: none */
    struct databases *databases; /* none of them opened yet; the script host adds them */
    struct signals *signals;
    struct log *log;
};

/* Loop and script host, and settings.lua when the options name a project. On failure
 * nothing is left open. */
int app_open(struct app *app, const struct script_ops *ops, const struct script_options *o,
             struct err *err);
void app_close(struct app *app);

/* Loads the C modules of the project, before anything asks for what they bring; once. */
int app_load_modules(struct app *app, struct err *err);
/* A view of a C module: urls.path("x/", "geo.nearby"). NULL when there is none. */
struct view *app_find_view(const struct app *app, struct str name);

/* A path of the settings: below the project directory unless it is absolute. free() it;
 * NULL when path.p is. */
char *app_path(const struct app *app, struct str path);

/* Runs fn(arg) in a fiber and the loop until nothing is left to do. */
void app_run(struct app *app, void (*fn)(void *arg), void *arg);

#endif
