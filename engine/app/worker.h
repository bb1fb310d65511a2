/* SPDX-License-Identifier: MIT */
/* One worker: the project loaded, the HTTP server over it, the loop. */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include "app/app.h"
#include "http/server.h"
#include "server/server.h"

struct access_log;
struct proxy;
struct static_files;

struct worker {
    const struct script_ops *ops; /* set by the caller, as is `options` */
    struct script_options options;
    bool development;

    struct app app;
    struct http_server *http;
    struct server_worker *server;
    struct access_log *access;
    struct proxy *proxy;          /* NULL: nothing that a proxy says is believed */
    struct static_files *statics; /* NULL: none are served here */
    struct watch *control;
    struct hook *before, *after;
    struct timer *second, *changes;
    uint64_t snapshot; /* of the project's files, in development */
    bool loaded;       /* there is code to run; else load_error says why not */
    char *load_error;  /* in development: why the code on disk does not load */
    double time_limit;
    uint64_t requests, max_requests;
    bool draining;
    size_t finishing; /* fibers with receivers of request_finished */
};

/* The two functions of struct server_app; data is a struct worker. */
int worker_load(struct server_worker *server, struct err *err);
int worker_work(struct server_worker *w, struct err *err);

/* The HTTP server's options as the settings say. */
struct http_server_options worker_http_options(const struct settings *s);

#endif
