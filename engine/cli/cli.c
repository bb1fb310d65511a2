/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "app/app.h"
#include "base/banned.h"
#include "base/str.h"
#include "cli/options.h"

#include <sys/stat.h>
#include <unistd.h>

struct job {
    struct app *app;
    int argc;
    char **argv;
    int status;
};

static void run_job(void *arg)
{
    struct job *j = arg;
    j->status = j->app->ops->command(j->app->script, j->app, j->argc, j->argv);
}

static int fail(const struct err *err)
{
    fprintf(stderr, "perilune: %s\n", err->msg);
    if (err->code == ERR_USAGE)
        fprintf(stderr, "usage: perilune [-C DIR] <command> [arguments]; see 'perilune help'\n");
    return err->code == ERR_USAGE ? 2 : 1;
}

static int script_command(const struct script_ops *ops, struct cli_options *o, struct log *log)
{
    bool project = o->project_dir[0] != '\0';
    struct script_options so = {
        .project_dir = project ? o->project_dir : NULL,
        .settings_file = project ? o->settings_file : NULL,
        .program = "perilune",
        .verbosity = o->verbosity,
        .color = o->color,
        .traceback = o->traceback,
        .log = log,
    };
    struct app app;
    struct err err;
    if (app_open(&app, ops, &so, &err) != 0)
        return fail(&err);
    struct job job = {&app, o->argc, o->argv, 1};
    app_run(&app, run_job, &job);
    app_close(&app);
    return job.status;
}

int cli_main(const struct script_ops *ops, int argc, char **argv)
{
    static char name[] = "help";
    static char *help[] = {name, NULL};
    struct cli_options o;
    struct log log;
    struct err err;

    log_init(&log, STDERR_FILENO, LOG_LEVEL_INFO);
    if (cli_options_parse(&o, argc, argv, &err) != 0)
        return fail(&err);
    if (o.argc == 0) {
        o.argc = 1;
        o.argv = help;
    }
    if (strcmp(o.argv[0], "version") == 0 || strcmp(o.argv[0], "--version") == 0) {
        puts(PERILUNE_VERSION);
        return 0;
    }
    return script_command(ops, &o, &log);
}
