/* SPDX-License-Identifier: MIT */
/* What `runserver` adds to a worker: it notices that the project's files changed. */
#ifndef APP_DEVEL_H
#define APP_DEVEL_H

#include <stdbool.h>
#include <stdint.h>

/* A number that changes when a source below `dir` (Lua, templates, settings, .env) is
 * added, removed or written.  Folders whose names begin with a dot, node_modules and
 * those of uploads and collected files are not looked at. */
uint64_t devel_snapshot(const char *dir);

#endif
