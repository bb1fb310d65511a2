/* SPDX-License-Identifier: MIT */
/* The perilune command: global options, finding the project, starting the server or
 * handing the rest to the script host. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

struct script_ops;

/* Gives the exit status: 0, 1 failed, 2 wrong usage. */
int cli_main(const struct script_ops *script, int argc, char **argv);

#endif
