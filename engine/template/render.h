/* SPDX-License-Identifier: MIT */
/* One rendering: its output, its context, its memory and its error.  What tags and filters
 * work with. */
#ifndef TEMPLATE_RENDER_H
#define TEMPLATE_RENDER_H

#include "base/buf.h"
#include "template/host.h"

#include <signal.h>

struct node;
struct render_frame;
struct render_memory;
struct render_states;
struct template;
struct template_engine;

/* ---- errors ---- */

enum { TEMPLATE_TRAIL_MAX = 16 };

struct template_place {
    struct str
        name; /* template name, "" when it has none; lives as long as the engine or the render */
    struct str origin;
    unsigned line, column; /* from 1; 0: not known */
};

struct template_error {
    const char *kind; /* class: "TemplateSyntaxError", "TemplateDoesNotExist", "ValueError" …;
                         NULL: the host's own error, which it has kept */
    char text[1024];  /* the message, as Django has it */
    char hint[128];   /* what may help: "did you mean 'upper'?", or "" */
    bool final;       /* a limit was passed: nobody may go on as if nothing had been */
    struct template_place at;                        /* where it happened */
    struct template_place trail[TEMPLATE_TRAIL_MAX]; /* outwards: include, extends … */
    unsigned ntrail;
    struct buf tried; /* of TemplateDoesNotExist; release with template_error_release */
};
void template_error_init(struct template_error *e);
void template_error_release(struct template_error *e);
/* Fills kind and text; gives -1. */
int template_error_set(struct template_error *e, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the rendering ---- */

/* How numbers and moments print: one per language, lives as long as the render. */
struct template_formats {
    struct str date, time, datetime, short_date, short_datetime, year_month, month_day;
    struct str decimal_separator, thousand_separator;
    unsigned grouping; /* digits of a group; 0: none */
    bool use_thousand_separator;
};
/* English, and what holds where nothing is set and no language is asked for. */
extern const struct template_formats template_formats_en, template_formats_plain;

struct render_loop { /* `forloop` */
    size_t index, n; /* index from 0 */
    const struct render_loop *parent;
    struct render_states *states; /* private: of {% ifchanged %} in this loop */
};

struct render { /* of the caller, on its stack */
    /* set by the caller, after render_init() */
    struct buf *out;
    void *data; /* the host's own */
    bool autoescape, use_l10n, use_tz;
    bool urlize_http;       /* what urlize makes of "example.com": http:, not https: */
    bool strict;            /* report names that do not resolve: host.unresolved() */
    size_t made;            /* the host's count of values that it keeps alive */
    struct str language;    /* ["en-us"] */
    struct tz zone;         /* current time zone */
    struct tz default_zone; /* settings.time_zone, which naive datetimes are in */
    const struct template_formats *formats;          /* of the language */
    const struct template_formats *settings_formats; /* of the settings, with use_l10n off */
    const volatile sig_atomic_t *stop;               /* not 0: give up (time limit); may be NULL */

    /* read-only to tags and filters */
    struct template_engine *engine;
    const struct template_host_ops *ops;
    struct template *template; /* the one whose nodes are being rendered */
    const struct node *node;   /* the node */
    unsigned depth;
    struct template_error error;

    /* private */
    struct buf scratch; /* see render_cut */
    struct context *context;
    struct render_memory *memory;
    struct render_frame *frame;
    const char *stack;
    size_t max_output;
};

void render_init(struct render *r, struct template_engine *e);
void render_release(struct render *r); /* everything that is left, kept values too */

/* Fills r->error with the place of the node that is rendered; gives -1. */
int render_fail(struct render *r, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The host keeps the error itself (an error object of the author's); `text` describes it. */
int render_fail_host(struct render *r, struct str text);
/* Takes over the error of a template that did not compile; gives -1. */
int render_fail_compile(struct render *r, struct template_error *e);
/* -1 with the error set when the limit of time or output is passed: loops ask every turn. */
int render_check(struct render *r);

/* ---- memory ---- */

struct render_mark {
    char *next;
    void *block, *owned;
    size_t made;
};
struct render_mark render_mark(struct render *r);
/* Everything made since the mark is gone: memory, and the host's values.  Nodes need not do
 * it: what a node made is gone after it was rendered. */
void render_reset(struct render *r, struct render_mark m);
/* Until the mark is released. */
void *render_alloc(struct render *r, size_t size);
struct str render_copy(struct render *r, struct str s);
/* Text is made in r->scratch, so that it costs no allocation: note r->scratch.n, add behind
 * it, and take what was added from that `start` on as a value.  What is called in between
 * leaves the length as it was, but may move the bytes. */
struct tval render_cut(struct render *r, size_t start, bool safe);
/* Takes the content of a buffer (which is emptied and can be used again) as a value. */
struct tval render_take(struct render *r, struct buf *b, bool safe);

/* ---- context: a stack of scopes over the host's variables ---- */

void context_push(struct render *r);
void context_pop(struct render *r);
/* Binds in the innermost scope a value that stays at least as long as the scope: one that
 * was made before the scope's contents are rendered and released after. */
void context_bind(struct render *r, const struct name *name, struct tval v);
/* Sets a variable in the innermost scope ({% … as name %}), for any value: it is kept. */
int context_set(struct render *r, const struct name *name, struct tval v);
/* The value; TVAL_UNDEFINED when there is none. */
int context_get(struct render *r, const struct name *name, struct tval *out);
/* Whether a scope (not the host's variables) has the name. */
bool context_has(struct render *r, const struct name *name);
/* Calls f for each scope variable that is visible, innermost first, until it gives not 0;
 * gives what f gave last. */
int context_each(struct render *r, int (*f)(void *data, const struct name *n, struct tval v),
                 void *data);
/* Like context_set(), but where the variable is set already, in whatever scope. */
int context_set_upward(struct render *r, const struct name *name, struct tval v);
/* A context without any variables of the scopes around, until context_restore(): of
 * {% include … only %} and inclusion tags.  With `variables` the host is still asked for
 * its variables (it may have put others in their place). */
struct context *context_isolate(struct render *r, bool variables);
void context_restore(struct render *r, struct context *outer);

/* State of a node during one rendering (cycle, ifchanged …), keyed by any address; zeroed
 * when it is new.  {% include %} has states of its own, as in Django.  Freed with r. */
void *render_state(struct render *r, const void *key, size_t size);

/* ---- values ---- */

/* Python's bool(v). */
int render_truth(struct render *r, struct tval v, bool *out);
/* len(v) for str, list and objects; 1: has none. */
int render_length(struct render *r, struct tval v, int64_t *n);
/* Items of any value; 1 with an error *not* set when it is none ("'int' object is not iterable").
 */
int render_sequence(struct render *r, struct tval v, struct tseq *out);
int render_item(struct render *r, struct tseq *s, size_t i, struct tval *out);
/* v.name as templates look names up, and called when it is callable. */
int render_lookup(struct render *r, struct tval v, const struct name *name, struct tval *out);
/* "a.b.0" as above; TVAL_UNDEFINED. */
int render_lookup_path(struct render *r, struct tval v, struct str path, struct tval *out);
int render_compare(struct render *r, struct tval a, struct tval b, enum tval_order *out);
/* str(v) as a value of type TVAL_STR: strings as they are. No localisation. */
int render_str(struct render *r, struct tval v, struct tval *out);
/* Adds str(v). */
int render_add_str(struct render *r, struct tval v, struct buf *out, bool *safe);
int render_add_repr(struct render *r, struct tval v, struct buf *out);
/* Python's name of the type ("int", "str", "list"), for messages. */
const char *tval_type_name(struct tval v);
/* Datetimes in the current zone when use_tz says so; everything else, and what is
 * TVAL_ZONED, as it is. */
struct tval render_localtime(struct render *r, struct tval v);
/* Numbers and moments as the formats have them, strings otherwise untouched: what
 * {{ v }} does before escaping.  Result is TVAL_STR, or v itself. */
int render_localize(struct render *r, struct tval v, struct tval *out);
/* Adds s in Python's quotes: 'it' or "it's". */
void render_add_quoted(struct buf *out, struct str s);
/* Adds {{ v }}: localised, escaped when autoescape is on and v is not safe. */
int render_value(struct render *r, struct tval v);
/* Escapes unless safe; result is safe. */
int render_conditional_escape(struct render *r, struct tval v, struct tval *out);

#endif
