/* SPDX-License-Identifier: MIT */
/* Which static files a worker serves itself, by the settings of the project.
 *
 *   runserver with debug   the files where they are written: staticfiles_dirs, then the
 *                          folder static/ of every installed app
 *   serve_static = true    static_root, as `perilune collectstatic` filled it
 *   otherwise              none: a server in front does, or another machine */
#ifndef APP_STATICS_H
#define APP_STATICS_H

#include "base/err.h"

#include <stdbool.h>

struct buf;
struct log;
struct settings;
struct static_files;

/* *out is NULL when it is none. ERR_CONFIG names the setting that does not fit. A folder
 * that is not there is logged, not more: it may come; meanwhile those of the apps serve for
 * static_root. */
int statics_open(struct static_files **out, const struct settings *s, const char *project_dir,
                 bool development, struct log *log, struct err *err);

/* Adds the path of static_url: "/static/" of "static/" and of "https://cdn.example.com/static/".
 * ERR_CONFIG when files cannot be served under it. */
int statics_url(struct buf *out, const struct settings *s, struct err *err);

#endif
