/* SPDX-License-Identifier: MIT */
/* What the template language asks of the language that values come from.
 *
 * Every function may wait, except where it says "Quick."  Those that return int give 0, or
 * -1 after render_fail() or render_fail_host().  Values they make stay until the host's
 * mark under which they were made is released. */
#ifndef TEMPLATE_HOST_H
#define TEMPLATE_HOST_H

#include "base/buf.h"
#include "base/err.h"
#include "template/value.h"

struct library;
struct parser;
struct render;
struct template_source;

/* A name that stands in a template, made once per engine: names are compared by address
 * and a host can keep its own key for it under the id. */
struct name {
    struct str text;
    int64_t index; /* what the digits say, -1 when the name is no number */
    uint32_t id;   /* from 0, without gaps */
};

/* A host's object as a sequence: {% for %}, join, unpacking … */
struct tseq {
    size_t n;
    bool map;                 /* the items are the keys of a map */
    const struct tlist *list; /* the engine's own, or NULL: */
    int64_t object;           /* the host's */
    struct str text;          /* characters of a string (p not NULL) */
    size_t i, at;             /* private: where character i begins */
};

enum tval_order { TVAL_LESS = -1, TVAL_EQUAL = 0, TVAL_GREATER = 1, TVAL_UNORDERED = 2 };

struct template_host_ops {
    /* ---- compiling ---- */
    /* A new name was met. Quick. */
    void (*name_added)(void *host, const struct name *name);
    /* load() and library() may fail with ERR_SCRIPT: the host's own error, which it has kept
     * (template_error.kind NULL).
     *
     * Source of the template `name`, skipping the origins in skip[] (of templates that
     * extend their own name).  -1 with ERR_NOT_FOUND, the places tried in source->tried. */
    int (*load)(void *host, struct str name, const struct str *skip, size_t nskip,
                struct template_source *source, struct err *err);
    /* The library that {% load name %} names; NULL with ERR_NOT_FOUND (and the nearest
     * name), or another code when its code does not load. */
    const struct library *(*library)(void *host, struct str name, struct err *err);
    /* Whether a compiled template is still what load() would give: asked once per template
     * and render, only while the engine has `reload` set. */
    bool (*fresh)(void *host, struct str name, struct str origin);

    /* ---- names ---- */
    /* The variable `name` of the context that the render was given; TVAL_UNDEFINED. */
    int (*variable)(struct render *r, const struct name *name, struct tval *out);
    /* obj.name: key, index, attribute or method; TVAL_UNDEFINED.  Of objects, and of other
     * values (but TVAL_LIST and TVAL_LOOP) for what the engine does not know of them: the
     * year of a date, a method of strings. */
    int (*lookup)(struct render *r, struct tval obj, const struct name *name, struct tval *out);
    /* The same for a name that is made while rendering (dictsort). */
    int (*lookup_str)(struct render *r, struct tval obj, struct str name, struct tval *out);
    /* Calls *v, found in `self` (TVAL_UNDEFINED: a variable), without arguments, and puts
     * the result there; TVAL_UNDEFINED for what must not be called (alters_data, arguments
     * are wanted) and for errors that say they are silent: string_if_invalid takes its place;
     * *v as it was for what asks not to be called. */
    int (*call)(struct render *r, struct tval self, struct tval *v);

    /* ---- objects (v is a TVAL_OBJECT) ---- */
    /* Items; a map gives its keys in order.  1 when v cannot be iterated. */
    int (*sequence)(struct render *r, struct tval v, struct tseq *out);
    int (*item)(struct render *r, const struct tseq *s, size_t i, struct tval *out);
    /* v[start:stop] without fetching the rest (a lazy QuerySet), stop -1: to the end; may be
     * NULL.  1 when v cannot: its items are taken from sequence() then. */
    int (*slice)(struct render *r, struct tval v, int64_t start, int64_t stop, struct tval *out);
    /* Python's len(); 1 when v has none. */
    int (*length)(struct render *r, struct tval v, int64_t *n);
    int (*truth)(struct render *r, struct tval v, bool *out);
    /* Adds what Python's str(v) would be; *safe when it is HTML already. */
    int (*text)(struct render *r, struct tval v, struct buf *out, bool *safe);
    /* Adds Python's repr(v). */
    int (*repr)(struct render *r, struct tval v, struct buf *out);
    /* At least one of the two is a TVAL_OBJECT. */
    int (*compare)(struct render *r, struct tval a, struct tval b, enum tval_order *out);
    /* {% if item in container %}, container a TVAL_OBJECT; 1 when it is no container. */
    int (*contains)(struct render *r, struct tval container, struct tval item, bool *out);
    /* Adds v, of any type, as JSON. */
    int (*json)(struct render *r, struct tval v, struct buf *out);

    /* ---- lifetimes; all quick ---- */
    /* The host counts in r->made what it keeps alive for the values it gave (a stack's
     * height, say): what was made since r->made was `made` is gone after this, and r->made
     * is that again.  Not called when r->made has not moved. */
    void (*release)(struct render *r, size_t made);
    /* *v, a TVAL_OBJECT, becomes a value that stays until drop() whatever is released. -1
     * as above, for lack of memory. */
    int (*keep)(struct render *r, struct tval *v);
    void (*drop)(struct render *r, struct tval v);

    /* ---- surroundings ---- */
    /* The present, UTC. */
    void (*now)(struct render *r, struct datetime *out);
    /* The time zone that v is or names (a string); 1 when it is none. */
    int (*zone)(struct render *r, struct tval v, struct tz *out);
    /* Translates: `context` and `plural` have p NULL when there is none, n counts for the
     * plural.  The result is a str in *out.  May be NULL: texts stay as they are. */
    int (*translate)(struct render *r, struct str context, struct str singular, struct str plural,
                     struct tval n, struct tval *out);
    /* {% language v %}: r->language and what goes with it are changed; the tag puts back
     * r->language, r->formats … and calls this again with that language.  May be NULL. */
    int (*language)(struct render *r, struct str code);
    /* settings.LANGUAGES: a list of (code, name); may be NULL. */
    int (*languages)(struct render *r, struct tval *out);
    /* A name did not resolve: only called while render->strict is set. `token` is the
     * whole dotted name, `bit` the part of it that was not found in `in` (TVAL_UNDEFINED:
     * a variable). */
    int (*unresolved)(struct render *r, struct str token, const struct name *bit, struct tval in);
    /* Template objects as values ({% include t %}, {% extends t %}): the template behind v,
     * NULL when v is something else. Quick. */
    struct template *(*as_template)(struct render *r, struct tval v);
    /* A template begins to be rendered (template_rendered); may be NULL. Quick. */
    void (*rendered)(struct render *r, const struct template *t);
};

#endif
