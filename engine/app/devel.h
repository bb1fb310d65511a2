/* SPDX-License-Identifier: MIT */
/* What `runserver` adds to a worker: it notices that the project's files changed, and says
 * on the pages of the old code that the new one does not load. */
#ifndef APP_DEVEL_H
#define APP_DEVEL_H

#include <stdbool.h>
#include <stdint.h>

struct response;

/* A number that changes when a source below `dir` (Lua, templates, settings, .env) is
 * added, removed or written.  Folders whose names begin with a dot, node_modules and
 * those of uploads and collected files are not looked at. */
uint64_t devel_snapshot(const char *dir);

/* Writes `why` over an HTML page (a body in memory that ends a <body>), and as X-Load-Error
 * into the header of any response. */
void devel_banner(struct response *response, const char *why);

#endif
