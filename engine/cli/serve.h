/* SPDX-License-Identifier: MIT */
/* The commands that open sockets: `serve` and `runserver`. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "base/log.h"
#include "cli/options.h"

struct script_ops;

/* Both take the command's argv in o->argv and give the exit status. */
int cli_serve(const struct script_ops *ops, struct cli_options *o, struct log *log);
int cli_runserver(const struct script_ops *ops, struct cli_options *o, struct log *log);

#endif
