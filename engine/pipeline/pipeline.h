/* SPDX-License-Identifier: MIT */
/* What a request goes through: the layers of settings.middleware around the view.
 *
 * Between every two layers stands the same conversion, Django's: an exception that
 * comes out of one becomes a response before the next one outwards sees it.
 *
 *   layer 1 -> layer 2 -> ... -> resolver -> process_view hooks (outer to inner)
 *     -> view -> process_exception hooks (inner to outer) when it raised
 *     -> process_template_response hooks (inner to outer), render
 *
 * Owner: the worker; immutable once it serves. */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include "pipeline/middleware.h"

struct pipeline;

/* Something that answers requests. Owners put their own fields behind it. */
struct view {
    /* A response (one reference), or NULL after request_raise(). May wait. */
    struct response *(*call)(const struct view *v, struct request *r);
    const char *name;     /* "shop.views.detail" */
    bool no_append_slash; /* a 404 stays one: no redirect to the URL with a slash */
};

/* What the pipeline leaves to the application: error pages. */
struct pipeline_host {
    /* A page for r->exception with `status`; NULL for the built-in one (an exception
     * raised meanwhile replaces r->exception). May wait. */
    struct response *(*error)(void *data, struct request *r, int status);
    void *data;
};

struct pipeline *pipeline_new(const struct middleware_env *env, const struct pipeline_host *host);
void pipeline_free(struct pipeline *p);

/* Routes; borrowed. Before the layers, which may look at them. */
void pipeline_routes(struct pipeline *p, const struct url_tree *urls);
const struct url_tree *pipeline_urls(const struct pipeline *p);
struct middleware_env *pipeline_env(struct pipeline *p);

/* The chain as built so far, as the next layer outwards will see it. */
const struct layer *pipeline_inner(const struct pipeline *p);
/* Puts a layer around what is there: build from the innermost outwards. ERR_NOT_USED
 * means that it took itself out, and nothing was added. */
int pipeline_wrap(struct pipeline *p, const struct middleware_ops *ops, struct err *err);
/* The same for a layer that is open already. */
void pipeline_wrap_open(struct pipeline *p, const struct middleware_ops *ops, void *self);

/* Names of the layers, outermost first; gives their number. */
size_t pipeline_names(const struct pipeline *p, const char **names, size_t room);

/* The response to a request: never NULL, one reference. In the request's fiber; may wait. */
struct response *pipeline_handle(struct pipeline *p, struct request *r);

/* The response that r->exception turns into, outside of all layers. As pipeline_handle(). */
struct response *pipeline_fail(struct pipeline *p, struct request *r);

/* Status that an exception turns into. */
int exception_status(enum exception_kind kind);

#endif
