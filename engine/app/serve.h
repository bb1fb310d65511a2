/* SPDX-License-Identifier: MIT */
/* A project behind sockets: what a worker process of the server does. */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include "app/script.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct serve_options {
    const char *const *binds; /* n 0: those of settings.bind */
    size_t nbinds;
    int workers;      /* < 0: settings.workers; 0: one per CPU */
    bool development; /* one worker, reload on change, requests logged to the terminal */
};

/* Runs the master and its workers until told to stop; gives the exit status. */
int serve(const struct script_ops *ops, const struct script_options *so,
          const struct serve_options *o, struct err *err);

#endif
