/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "app/app.h"
#include "base/banned.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/serve.h"

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

struct script_options cli_script_options(const struct cli_options *o, struct log *log)
{
    bool project = o->project_dir[0] != '\0';
    return (struct script_options){
        .project_dir = project ? o->project_dir : NULL,
        .settings_file = project ? o->settings_file : NULL,
        .program = "perilune",
        .verbosity = o->verbosity,
        .color = o->color,
        .traceback = o->traceback,
        .log = log,
    };
}

static int script_command(const struct script_ops *ops, struct cli_options *o, struct log *log)
{
    struct script_options so = cli_script_options(o, log);
    struct app app;
    struct err err;
    if (app_open(&app, ops, &so, &err) != 0)
        return fail(&err);
    if (app_load_modules(&app, &err) != 0) {
        app_close(&app);
        return fail(&err);
    }
    struct job job = {&app, o->argc, o->argv, 1};
    app_run(&app, run_job, &job);
    app_close(&app);
    return job.status;
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
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
    if (strcmp(o.argv[0], "serve") == 0)
        return cli_serve(ops, &o, &log);
    if (strcmp(o.argv[0], "runserver") == 0)
        return cli_runserver(ops, &o, &log);
    if (o.argc == 1 && is_directory(o.argv[0])) { /* `perilune DIR` serves it */
        if (cli_options_project(&o, o.argv[0], &err) != 0)
            return fail(&err);
        return cli_serve(ops, &o, &log);
    }
    return script_command(ops, &o, &log);
}
