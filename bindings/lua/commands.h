/* SPDX-License-Identifier: MIT */
/* Commands: argv into perilune.commands, which knows the framework's and the apps'. */
#ifndef BINDINGS_LUA_COMMANDS_H
#define BINDINGS_LUA_COMMANDS_H

struct host;

/* Gives the exit status: 0, 1 failed (one line on stderr), 2 wrong usage. */
int commands_run(struct host *h, int argc, char **argv);

#endif
