/* SPDX-License-Identifier: MIT */
/* C modules: shared objects of settings.c_modules, loaded at start (include/perilune.h).
 *
 * A module is tried in a child process first, so that one whose code crashes while it is
 * loaded is an error with its name, not a worker that dies again and again.
 *
 * Owner: the process; immutable once loaded. */
#ifndef APP_MODULES_H
#define APP_MODULES_H

#include "base/err.h"
#include "base/str.h"
#include "include/perilune.h"

struct app;
struct middleware_ops;
struct modules;
struct view;

/* Loads those of the project's settings; *out is NULL when there are none. -1 with
 * ERR_CONFIG naming file, what was found and what was wanted; nothing is loaded then. */
int modules_open(struct modules **out, struct app *app, struct err *err);
/* After pipeline and script host are gone. NULL is allowed. */
void modules_close(struct modules *m);

/* All take NULL for "no modules". */
size_t modules_count(const struct modules *m);
const struct pln_module *modules_at(const struct modules *m, size_t i);
struct pln_env *modules_env(const struct modules *m, size_t i);

/* The layers, ending with NULL. */
const struct middleware_ops *const *modules_middleware(const struct modules *m);
/* By name, or NULL. */
struct view *modules_view(const struct modules *m, struct str name);
const struct pln_command *modules_command(const struct modules *m, struct str name,
                                          struct pln_env **env);

#endif
