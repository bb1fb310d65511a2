/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "base/banned.h"
#include "base/str.h"

#include <unistd.h>

static int absolute(const char *path, char out[PATH_MAX], struct err *err)
{
    if (!realpath(path, out))
        return err_set_errno(err, "cannot open '%s'", path);
    return 0;
}

int cli_options_project(struct cli_options *o, const char *dir, struct err *err)
{
    const char *name = getenv("PERILUNE_SETTINGS");
    char path[PATH_MAX * 2];
    if (absolute(dir, o->project_dir, err) != 0)
        return -1;
    if (o->settings_given)
        return 0;
    if (!name || !*name)
        name = "settings.lua";
    snprintf(path, sizeof path, name[0] == '/' ? "%.0s%s" : "%s/%s", o->project_dir, name);
    if (access(path, F_OK) != 0) {
        err_set(err, ERR_NOT_FOUND, "no %s in '%s'", name, o->project_dir);
        o->project_dir[0] = '\0';
        return -1;
    }
    return absolute(path, o->settings_file, err);
}

const char *cli_option_value(const char *name, int argc, char **argv, int *i, struct err *err)
{
    size_t n = strlen(name);
    if (strncmp(argv[*i], name, n) != 0)
        return NULL;
    if (argv[*i][n] == '=')
        return argv[*i] + n + 1;
    if (n == 2 && char_is_digit(argv[*i][n])) /* -v0 */
        return argv[*i] + n;
    if (argv[*i][n] != '\0')
        return NULL;
    if (*i + 1 >= argc) {
        err_set(err, ERR_USAGE, "option %s wants a value", name);
        return "";
    }
    return argv[++*i];
}

static int parse_verbosity(struct cli_options *o, const char *text, struct err *err)
{
    if (text[0] < '0' || text[0] > '3' || text[1])
        return err_set(err, ERR_USAGE, "--verbosity is '%s'; it must be 0, 1, 2 or 3", text);
    o->verbosity = text[0] - '0';
    return 0;
}

/* 1: argv[*i] was a global option, 0: it was not, -1: it is wrong */
static int take_option(struct cli_options *o, int argc, char **argv, int *i, struct err *err)
{
    const char *v;
    err->code = ERR_OK;
    if (strcmp(argv[*i], "--no-color") == 0) {
        o->color = false;
    } else if (strcmp(argv[*i], "--traceback") == 0) {
        o->traceback = true;
    } else if ((v = cli_option_value("--verbosity", argc, argv, i, err)) ||
               (v = cli_option_value("-v", argc, argv, i, err))) {
        if (err->code || parse_verbosity(o, v, err) != 0)
            return -1;
    } else if ((v = cli_option_value("--settings", argc, argv, i, err))) {
        if (err->code || absolute(v, o->settings_file, err) != 0)
            return -1;
        o->settings_given = true;
    } else {
        return 0;
    }
    return 1;
}

int cli_options_parse(struct cli_options *o, int argc, char **argv, struct err *err)
{
    int n = 0, stop = argc;

    *o = (struct cli_options){
        .verbosity = 1, .color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"), .argv = argv};
    for (int i = 1; i < argc; i++) {
        if (i < stop && strcmp(argv[i], "--") == 0)
            stop = i;
        if (i < stop && n == 0 && strcmp(argv[i], "-C") == 0) {
            if (++i >= argc)
                return err_set(err, ERR_USAGE, "option -C wants a directory");
            if (chdir(argv[i]) != 0) /* as git: what is relative is relative to it */
                return err_set_errno(err, "cannot enter '%s'", argv[i]);
            o->moved_to = argv[i];
            continue;
        }
        if (i < stop) {
            int taken = take_option(o, argc, argv, &i, err);
            if (taken < 0)
                return -1;
            if (taken)
                continue;
        }
        argv[n++] = argv[i];
        if (n == 2 && strcmp(argv[0], "run") == 0)
            stop = i; /* what follows belongs to the script */
    }
    o->argc = n;
    argv[n] = NULL;
    if (cli_options_project(o, ".", err) != 0)
        o->project_dir[0] = '\0'; /* fine: not every command needs one */
    return 0;
}
