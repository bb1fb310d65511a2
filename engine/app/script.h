/* SPDX-License-Identifier: MIT */
/* What the engine asks of a script host: the language in which authors write apps.
 * bindings/ implements it for Lua; main.c hands the table to the command line, so
 * that nothing in engine/ knows which language that is. */
#ifndef APP_SCRIPT_H
#define APP_SCRIPT_H

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include <stdbool.h>

struct app;
struct databases;
struct loop;
struct request;
struct response;
struct script;
struct settings;
struct signals;

struct script_options {
    const char *project_dir;   /* absolute; NULL outside of a project */
    const char *settings_file; /* absolute; NULL outside of a project */
    const char *moved_to;      /* -C DIR, as it was given: the current folder now; or NULL */
    const char *program;       /* how the binary was called, for usage lines */
    int verbosity;             /* 0..3 */
    bool color;
    bool traceback;   /* show the traceback of an error that ends a command */
    bool serving;     /* a worker: what would stop the process is refused */
    bool development; /* a worker of runserver: it tells what is wrong with the project */
    unsigned worker;  /* its number, from 1; 0: no worker */
    struct log *log;
    struct loop *loop;
    struct databases *databases; /* of the app; made by app_open() */
    struct signals *signals;
};

struct script_ops {
    struct script *(*open)(const struct script_options *o, struct err *err);
    void (*close)(struct script *s);
    /* Runs settings.lua and stores what it finds. Not called outside of a project. */
    int (*read_settings)(struct script *s, struct settings *settings, struct err *err);
    /* Loads the installed apps, then routes and middleware into the app's pipeline.
     * In a fiber; may wait. */
    int (*load)(struct script *s, struct app *app, struct err *err);
    /* In the master, after read_settings(): opens what its workers are to share, and keeps it
     * open until close(). */
    int (*share)(struct script *s, struct err *err);
    /* Runs a command of the framework or of an app; gives the exit status. In a fiber;
     * may wait. */
    int (*command)(struct script *s, struct app *app, int argc, char **argv);
    /* The request ends: whatever the script still holds of it is detached. */
    void (*request_end)(struct script *s, struct request *r);
    /* A turn of the loop has ended: the moment to collect garbage. True when the script
     * holds on to so much memory that another process should take its place. */
    bool (*idle)(struct script *s);
    /* In development: a page that says why the code on disk does not load. In the
     * request's fiber; never NULL. */
    struct response *(*load_failed)(struct script *s, struct request *r, const char *why);
    /* In development: is this a client who may see such things? In the request's fiber. */
    bool (*shows_errors)(struct script *s, struct request *r);
    /* Seconds of running time that the request of the running fiber may use from now;
     * 0 takes the limit away. */
    void (*limit)(struct script *s, double seconds);
    /* What the script sees as `request.NAME`, for C modules: a string, number or boolean
     * as text in the request's memory; p NULL: anything else. May be NULL. */
    struct str (*request_attribute)(struct script *s, struct request *r, const char *name);
    /* Attaches it; p NULL takes it away. -1 when memory is out. May be NULL. */
    int (*request_set_attribute)(struct script *s, struct request *r, const char *name,
                                 struct str value);
};

#endif
