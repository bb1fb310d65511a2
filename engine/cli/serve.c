/* SPDX-License-Identifier: MIT */
#include "cli/serve.h"

#include "app/serve.h"
#include "base/banned.h"
#include "base/str.h"
#include "base/suggest.h"

#include <unistd.h>

enum { MAX_BINDS = 16 };

static int usage(const struct err *err, const char *line)
{
    fprintf(stderr, "perilune: %s\nusage: perilune %s\n", err->msg, line);
    return 2;
}

static int run(const struct script_ops *ops, struct cli_options *o, struct serve_options *so,
               struct log *log)
{
    struct script_options script;
    struct err err = {.code = ERR_OK, .msg = ""};
    int status;
    if (!o->project_dir[0]) {
        char here[PATH_MAX];
        fprintf(stderr,
                "perilune: no project here (no settings.lua in '%s'); go to its folder or say "
                "'perilune -C DIR %s'\n",
                getcwd(here, sizeof here) ? here : ".", o->argv[0]);
        return 1;
    }
    script = cli_script_options(o, log);
    status = serve(ops, &script, so, &err);
    if (status && err.msg[0])
        fprintf(stderr, "perilune: %s\n", err.msg);
    return status;
}

/* "serve does not know '--worker'; did you mean '--workers'?" */
static int unknown(const struct cli_options *o, int i, const char *const *options, struct err *err)
{
    static const char *const common[] = {"--settings",  "--verbosity", "--no-color",
                                         "--traceback", "--help",      NULL};
    struct suggest s;
    char text[128];
    suggest_init(&s, str_from(o->argv[i]));
    for (const char *const *p = options; *p; p++)
        suggest_add(&s, str_from(*p));
    for (const char *const *p = common; *p; p++)
        suggest_add(&s, str_from(*p));
    return err_set(err, ERR_USAGE, "%s does not know '%s'%s", o->argv[0], o->argv[i],
                   suggest_text(&s, text, sizeof text));
}

/* serve [--bind ADDR]... [--workers N] */
static int parse_serve(const struct cli_options *o, struct serve_options *so, const char **binds,
                       struct err *err)
{
    for (int i = 1; i < o->argc; i++) {
        const char *v;
        int64_t n = 0;
        err->code = ERR_OK;
        if ((v = cli_option_value("--bind", o->argc, o->argv, &i, err))) {
            if (so->nbinds == MAX_BINDS)
                return err_set(err, ERR_USAGE, "more than %d --bind", MAX_BINDS);
            binds[so->nbinds++] = v;
        } else if ((v = cli_option_value("--workers", o->argc, o->argv, &i, err))) {
            if (!err->code && (!str_to_int64(str_from(v), &n) || n < 1 || n > 1024))
                return err_set(err, ERR_USAGE, "--workers is '%s'; it must be from 1 to 1024", v);
            so->workers = (int)n;
        } else {
            return unknown(o, i, (const char *const[]){"--bind", "--workers", NULL}, err);
        }
        if (err->code)
            return -1;
    }
    return 0;
}

int cli_serve(const struct script_ops *ops, struct cli_options *o, struct log *log)
{
    const char *binds[MAX_BINDS];
    struct serve_options so = {.binds = binds, .workers = -1};
    struct err err;
    if (parse_serve(o, &so, binds, &err) != 0)
        return usage(&err, "serve [--bind ADDR:PORT|unix:PATH] [--workers N]");
    return run(ops, o, &so, log);
}

/* runserver [ADDR:PORT] */
static int parse_runserver(const struct cli_options *o, const char **bind, struct err *err)
{
    for (int i = 1; i < o->argc; i++) {
        const char *arg = o->argv[i];
        struct str name = str_head(str_from(arg), str_find(str_from(arg), STR("=")));
        if (arg[0] == '-' && (suggest_distance(name, STR("--port"), 2) <= 2 ||
                              suggest_distance(name, STR("--bind"), 2) <= 2))
            return err_set(err, ERR_USAGE,
                           "runserver does not know '%s'; the address stands alone, as in "
                           "'runserver 127.0.0.1:8001' or 'runserver 8001'",
                           arg);
        if (arg[0] == '-')
            return unknown(o, i, (const char *const[]){NULL}, err);
        if (i > 1)
            return err_set(err, ERR_USAGE,
                           "runserver does not know '%s': it listens on one address", arg);
        *bind = arg;
    }
    return 0;
}

int cli_runserver(const struct script_ops *ops, struct cli_options *o, struct log *log)
{
    const char *bind = "127.0.0.1:8000";
    struct serve_options so = {.binds = &bind, .nbinds = 1, .workers = 1, .development = true};
    struct err err;
    if (parse_runserver(o, &bind, &err) != 0)
        return usage(&err, "runserver [ADDR:PORT]");
    return run(ops, o, &so, log);
}
