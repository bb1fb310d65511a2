/* SPDX-License-Identifier: MIT */
/* The Django template language: engines, compiled templates, rendering.
 *
 * An engine belongs to a worker (or to a script host's state) and is used by one thread.  A
 * template is compiled once and then read-only; it is counted, because in development a
 * newer one may take its place while a render that waits still uses it. */
#ifndef TEMPLATE_TEMPLATE_H
#define TEMPLATE_TEMPLATE_H

#include "template/host.h"
#include "template/render.h"

struct template;
struct template_engine;

/* Defaults in brackets are what template_options_init() sets. */
struct template_options {
    bool autoescape;              /* [true] */
    bool reload;                  /* [false] ask host.fresh() about cached templates */
    struct str string_if_invalid; /* [""] "%s" in it stands for the name */
    size_t max_source;            /* [4 MiB] bytes of one template */
    size_t max_output;            /* [256 MiB] bytes of one render */
    unsigned max_depth;           /* [100] includes and extends inside one another, nested tags */
    size_t max_stack;             /* [384 KiB] of the C stack for one render */
    const struct template_host_ops *ops;
    void *host;
};
void template_options_init(struct template_options *o);

struct template_engine *template_engine_new(const struct template_options *o);
void template_engine_free(struct template_engine *e);
/* The name, made when it is new; lives as long as the engine. */
const struct name *template_engine_name(struct template_engine *e, struct str text);
/* A library whose tags and filters need no {% load %}; must outlive the engine. The
 * language's own are there already. */
void template_engine_builtin(struct template_engine *e, const struct library *l);
/* Every template is compiled anew when it is next asked for. */
void template_engine_forget(struct template_engine *e);
const struct template_options *template_engine_options(const struct template_engine *e);

struct template_source { /* filled by host.load(); text and origin are copied from it */
    struct str text;
    struct str origin; /* full path, or a name of another kind, for messages */
    struct buf *tried; /* lines "origin (cause)", on failure */
};

/* ---- templates; functions that give one give a reference ---- */

/* By name, "a.html" or "a.html#partial", through the engine's cache.  NULL with *e filled:
 * TemplateDoesNotExist or TemplateSyntaxError. May wait. */
struct template *template_get(struct template_engine *e, struct str name,
                              struct template_error *err);
/* From text; `name` (may be empty) is for messages and relative paths. */
struct template *template_compile(struct template_engine *e, struct str text, struct str name,
                                  struct str origin, struct template_error *err);
struct template *template_ref(struct template *t);
void template_unref(struct template *t);
struct str template_name(const struct template *t);
struct str template_origin(const struct template *t);
struct str template_text(const struct template *t);
struct template_engine *template_engine_of(const struct template *t);

/* Renders t into r->out, which is not reset.  0, or -1 with r->error filled and the output
 * cut to what it was.  Inside of a render it does what {% include t %} does: the variables
 * are those of the scopes around. May wait. */
int template_render(struct template *t, struct render *r);

#endif
