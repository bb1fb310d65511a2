/* SPDX-License-Identifier: MIT */
/* Compiling: what tags are made of.  A tag is a function that reads its token and, through
 * the parser, whatever stands up to its end tag, and gives a node. */
#ifndef TEMPLATE_PARSER_H
#define TEMPLATE_PARSER_H

#include "base/arena.h"
#include "template/render.h"

struct expr;
struct library;
struct parser;

/* ---- nodes ---- */

struct node_ops {
    const char *name; /* "if", for messages */
    int (*render)(const struct node *n, struct render *r);
    /* Frees what is not in the template's arena; may be NULL. */
    void (*drop)(struct node *n);
};

struct node { /* first member of every node; in the template's arena */
    const struct node_ops *ops;
    struct node *next;
    unsigned line, column;
    bool text; /* plain text: may stand before {% extends %} */
};

struct nodelist {
    struct node *first;
};

int nodelist_render(const struct nodelist *l, struct render *r);
/* Renders into a value instead of the output; safe text. */
int nodelist_capture(const struct nodelist *l, struct render *r, struct tval *out);

/* ---- tokens ---- */

enum token_type { TOKEN_TEXT, TOKEN_VAR, TOKEN_BLOCK, TOKEN_COMMENT };

struct token {
    enum token_type type;
    struct str contents; /* trimmed, without the braces */
    struct str source;   /* as it stands in the template */
    unsigned line, column;
};

/* Splits at spaces, leaving quoted parts and _("…") together, as Django's split_contents.
 * Gives the number of parts, which lie in the parser's arena. */
size_t token_split(struct parser *p, const struct token *t, struct str **bits);

/* ---- the parser ---- */

/* All functions that can fail give -1 or NULL after parser_fail(). */
int parser_fail(struct parser *p, const struct token *t, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The host keeps the error itself (what the author's tag raised); `text` describes it. */
int parser_fail_host(struct parser *p, const struct token *t, struct str text);
/* What parser_fail() filled last: of a tag that shows the error to its author's code. */
struct template_error *parser_error(struct parser *p);
struct arena *parser_arena(struct parser *p);
struct template_engine *parser_engine(struct parser *p);
struct str parser_template_name(struct parser *p);
const struct name *parser_name(struct parser *p, struct str text);

/* Reads nodes up to a block tag whose first word is in the space-separated `until`, which
 * is left for parser_next(); NULL: to the end of the template. */
int parser_parse(struct parser *p, const char *until, struct nodelist *out);
/* The same for any words; what has spaces in it is only named in errors. */
int parser_parse_words(struct parser *p, const struct str *until, size_t n, struct nodelist *out);
/* The next token is taken away; NULL at the end. */
const struct token *parser_next(struct parser *p);
/* Throws everything away up to {% end %}. */
int parser_skip_past(struct parser *p, const struct token *opening, const char *end);
/* The source text up to {% end %}, which is taken: of verbatim-like tags. */
int parser_source_until(struct parser *p, const struct token *opening, const char *end,
                        struct str *out);

/* The error of an end tag with a name that fits none of `expected`. */
int parser_fail_tag(struct parser *p, const struct token *t, struct str tag,
                    const struct str *expected, size_t n);
/* A new node with its place set; `size` is that of the tag's own struct. */
void *parser_node(struct parser *p, const struct token *t, const struct node_ops *ops, size_t size);
/* For what has to be found again within one template ({% cycle %} names, partials,
 * blocks): a value under a key of the tag's own. */
void *parser_get(struct parser *p, const char *space, struct str key);
void parser_put(struct parser *p, const char *space, struct str key, void *value);

/* name=value pairs from bits[*i] on, Django's token_kwargs; `legacy`: "value as name and …". */
struct kwarg {
    const struct name *name;
    struct expr *value;
};
int parser_kwargs(struct parser *p, const struct token *t, struct str *bits, size_t n, size_t *i,
                  bool legacy, struct kwarg **out, size_t *count);

/* ---- expressions: variable|filter:argument|… ---- */

struct expr *parser_expr(struct parser *p, const struct token *t, struct str text);
/* The value; a name that does not resolve is string_if_invalid, or None with
 * ignore_failures. */
int expr_eval(const struct expr *e, struct render *r, bool ignore_failures, struct tval *out);
struct str expr_text(const struct expr *e);
/* The constant when the expression is one without filters: a string or number. */
bool expr_constant(const struct expr *e, struct tval *out);

/* ---- libraries ---- */

struct filter;
/* Changes *v; arg is NULL when none was given. 0, or -1 after render_fail(). */
typedef int filter_fn(struct render *r, const struct filter *f, struct tval *v,
                      const struct tval *arg);

enum {                        /* filter.flags */
       FILTER_SAFE = 1,       /* is_safe: safe input gives safe output */
       FILTER_AUTOESCAPE = 2, /* looks at r->autoescape (documentation only) */
       FILTER_LOCALTIME = 4,  /* expects_localtime */
       FILTER_STRING = 8,     /* *v is a TVAL_STR when fn is called, and so is *arg's text:
                                 Django's stringfilter */
};

struct filter {
    const char *name;
    filter_fn *fn;
    unsigned flags;
    unsigned char min_args, max_args; /* beside the value: 0 or 1 */
    void *data;                       /* the host's */
};

/* Reads the tag; *out may stay NULL when nothing is to be rendered ({% load %}). */
struct tag;
typedef int tag_fn(struct parser *p, const struct token *t, const struct tag *tag,
                   struct node **out);

struct tag {
    const char *name;
    tag_fn *parse;
    void *data; /* the host's */
};

struct library {
    const struct tag *tags; /* end with name NULL; may be NULL */
    const struct filter *filters;
};

extern const struct library template_builtin_tags, template_builtin_filters;
/* {% load humanize %}, l10n, tz, i18n, cache's place: those that need no host. NULL when
 * the name is none of them. */
const struct library *template_library(struct str name);

/* Finds in a library; NULL. */
const struct tag *library_tag(const struct library *l, struct str name);
const struct filter *library_filter(const struct library *l, struct str name);

#endif
