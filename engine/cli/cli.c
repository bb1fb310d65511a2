/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "app/app.h"
#include "base/banned.h"
#include "base/logging.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/serve.h"
#include "pipeline/pipeline.h"

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
        .moved_to = o->moved_to,
        .program = "perilune",
        .verbosity = o->verbosity,
        .color = o->color,
        .traceback = o->traceback,
        .log = log,
    };
}

/* They help where settings.lua is broken, too; the rest of the project is not theirs. */
static bool works_without_settings(const char *command)
{
    static const char *const names[] = {"help", "startproject", "startapp", "startcmodule"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(command, names[i]) == 0)
            return true;
    return command[0] == '-'; /* --help */
}

static int open_app(struct app *app, const struct script_ops *ops, const char *command,
                    struct script_options *so, struct err *err)
{
    bool tolerant = so->settings_file && works_without_settings(command);
    if (app_open(app, ops, so, err) == 0) {
        if (tolerant || app_load_modules(app, err) == 0)
            return 0;
        app_close(app);
        return -1;
    }
    if (!tolerant)
        return -1;
    fprintf(stderr, "perilune: note: %s\n", err->msg);
    so->settings_file = NULL;
    return app_open(app, ops, so, err);
}

static int script_command(const struct script_ops *ops, struct cli_options *o, struct log *log)
{
    struct script_options so = cli_script_options(o, log);
    struct app app;
    struct err err;
    if (open_app(&app, ops, o->argv[0], &so, &err) != 0)
        return fail(&err);
    struct job job = {&app, o->argc, o->argv, 1};
    app_run(&app, run_job, &job);
    pipeline_free(app.pipeline); /* NULL unless the command has loaded the project */
    app_close(&app);
    return job.status;
}

static bool is_project(const struct cli_options *o, const char *path)
{
    struct cli_options probe = *o;
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           cli_options_project(&probe, path, NULL) == 0;
}

static bool is_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

/* `serve --help` is answered by the script's `help serve`, which knows the looks of it. */
static bool wants_help(const struct cli_options *o)
{
    for (int i = 1; i < o->argc && strcmp(o->argv[i], "--") != 0; i++)
        if (is_help(o->argv[i]))
            return true;
    return false;
}

static int run(const struct script_ops *ops, struct cli_options *o, struct log *log)
{
    static char help[] = "help";
    static char *help_of[] = {help, NULL, NULL};
    const char *command = o->argc ? o->argv[0] : help;
    bool version = strcmp(command, "version") == 0 || strcmp(command, "--version") == 0;
    bool serves = strcmp(command, "serve") == 0, develops = strcmp(command, "runserver") == 0;

    if (o->argc == 0 || ((version || serves || develops) && wants_help(o))) {
        help_of[1] = o->argc ? o->argv[0] : NULL;
        o->argc = help_of[1] ? 2 : 1;
        o->argv = help_of;
        return script_command(ops, o, log);
    }
    if (version) {
        puts(PERILUNE_VERSION);
        return 0;
    }
    if (serves)
        return cli_serve(ops, o, log);
    if (develops)
        return cli_runserver(ops, o, log);
    if (o->argc == 1 && is_project(o, command)) { /* `perilune DIR` serves it */
        struct err err;
        if (cli_options_project(o, command, &err) != 0)
            return fail(&err);
        return cli_serve(ops, o, log);
    }
    return script_command(ops, o, log);
}

int cli_main(const struct script_ops *ops, int argc, char **argv)
{
    struct cli_options o;
    struct log log;
    struct err err;
    int status;

    log_init(&log, STDERR_FILENO, LOG_LEVEL_INFO);
    if (cli_options_parse(&o, argc, argv, &err) != 0)
        return fail(&err);
    status = run(ops, &o, &log);
    logging_free(log.logging);
    return status;
}
