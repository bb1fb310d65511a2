/* SPDX-License-Identifier: MIT */
/* The options that every command has, taken out of argv. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>

struct cli_options {
    char project_dir[PATH_MAX];   /* "" when there is no project here */
    char settings_file[PATH_MAX]; /* the same */
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

#endif
