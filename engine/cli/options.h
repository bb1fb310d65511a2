/* SPDX-License-Identifier: MIT */
/* The options that every command has, taken out of argv. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "app/script.h"
#include "base/err.h"

#include <limits.h>
#include <stdbool.h>

struct cli_options {
    char project_dir[PATH_MAX];   /* "" when there is no project here */
    char settings_file[PATH_MAX]; /* the same */
    bool settings_given;          /* --settings has named it */
    const char *moved_to;         /* -C DIR as it was given; NULL */
    int verbosity;
    bool color, traceback;
    int argc; /* the command and its arguments */
    char **argv;
};

/* Reads -C DIR before the command, and --settings FILE, --verbosity N, --no-color and
 * --traceback anywhere before "--" (only before FILE for `run`).  The rest is moved
 * together in argv.  ERR_USAGE when something is wrong. */
int cli_options_parse(struct cli_options *o, int argc, char **argv, struct err *err);

/* Makes `dir` the project directory; -1 when it holds no settings file. */
int cli_options_project(struct cli_options *o, const char *dir, struct err *err);

/* The value of an option that stands as "--name=value" or "--name value" at argv[*i],
 * which moves on; NULL when another option stands there. ERR_USAGE in *err when the
 * value is missing (the result is then ""). */
const char *cli_option_value(const char *name, int argc, char **argv, int *i, struct err *err);

struct script_options cli_script_options(const struct cli_options *o, struct log *log);

#endif
