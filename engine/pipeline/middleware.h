/* SPDX-License-Identifier: MIT */
/* One layer of the onion, in C or in a script alike: a vtable.
 *
 * A layer is made once, when the worker starts, and called for every request; it
 * keeps nothing of a request in itself.  `call` may answer without going further
 * in, or call middleware_next() (once, normally) and work on what comes back, which
 * is always a response: whatever is raised further in has become one before it gets
 * here.  A hook that fails raises with request_raise() and returns NULL. */
#ifndef PIPELINE_MIDDLEWARE_H
#define PIPELINE_MIDDLEWARE_H

#include "base/err.h"
#include "base/str.h"
#include "http/request.h"
#include "http/response.h"

struct layer; /* a place in the chain */
struct log;
struct page_host;
struct settings;
struct signals;
struct url_tree;
struct view;
struct middleware_ops;

/* What a layer may look at while it is made. Lives as long as the pipeline. */
struct middleware_env {
    const struct settings *settings;
    const struct url_tree *urls;
    struct log *log;
    struct signals *signals; /* NULL: nobody is told of anything */
    const char *project_dir;
    const struct middleware_ops *ops; /* in open(): those of the layer being made */
    /* Layers that C modules brought, ending with NULL; may be NULL itself. */
    const struct middleware_ops *const *registered;
    const struct page_host *pages; /* NULL: there are no caches */
    bool debug;
};

struct middleware_ops {
    const char *name; /* "perilune.middleware.security", as settings.middleware has it */
    const void *data; /* its owner's, for layers that share their functions */

    /* Gives the layer's own data in *self. ERR_NOT_USED leaves it out of the chain. May be NULL. */
    int (*open)(const struct middleware_env *env, void **self, struct err *err);
    void (*close)(void *self); /* may be NULL */

    /* The onion step. Gives a response (one reference), or NULL after request_raise(). */
    struct response *(*call)(void *self, struct request *r, const struct layer *next);

    /* Hooks; any may be NULL. NULL from one means "go on" unless an exception is set. */
    struct response *(*process_view)(void *self, struct request *r, const struct view *view);
    struct response *(*process_exception)(void *self, struct request *r);
    /* Takes the reference of `response` and gives one. */
    struct response *(*process_template_response)(void *self, struct request *r,
                                                  struct response *response);
};

/* The rest of the chain. Never NULL; one reference. May wait. */
struct response *middleware_next(const struct layer *next, struct request *r);

/* A built-in layer by name, or NULL. */
const struct middleware_ops *middleware_builtin(struct str name);
/* The same, or one that a C module registered. */
const struct middleware_ops *middleware_find(const struct middleware_env *env, struct str name);
/* All of them, ending with NULL: for listings and suggestions. */
extern const struct middleware_ops *const middleware_builtins[];

#endif
