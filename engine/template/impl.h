/* SPDX-License-Identifier: MIT */
/* What the parts of this module share.  Private. */
#ifndef TEMPLATE_IMPL_H
#define TEMPLATE_IMPL_H

#include "base/map.h"
#include "base/vec.h"
#include "template/parser.h"
#include "template/template.h"

/* ---- names that the language itself knows; their ids are the first ---- */

#define FIXED_NAMES(X)                                                                             \
    X(COUNTER, "counter")                                                                          \
    X(COUNTER0, "counter0")                                                                        \
    X(REVCOUNTER, "revcounter")                                                                    \
    X(REVCOUNTER0, "revcounter0")                                                                  \
    X(FIRST, "first")                                                                              \
    X(LAST, "last")                                                                                \
    X(LENGTH, "length")                                                                            \
    X(PARENTLOOP, "parentloop")                                                                    \
    X(FORLOOP, "forloop")                                                                          \
    X(BLOCK, "block")                                                                              \
    X(SUPER, "super")                                                                              \
    X(TRUE, "True")                                                                                \
    X(FALSE, "False")                                                                              \
    X(NONE, "None")                                                                                \
    X(GROUPER, "grouper")                                                                          \
    X(LIST, "list")                                                                                \
    X(VAR, "var")                                                                                  \
    X(BIDI, "bidi")                                                                                \
    X(CODE, "code")                                                                                \
    X(NAME, "name")                                                                                \
    X(NAME_LOCAL, "name_local")                                                                    \
    X(NAME_TRANSLATED, "name_translated")

enum fixed_name {
#define FIXED_ENUM(id, text) NAME_##id,
    FIXED_NAMES(FIXED_ENUM)
#undef FIXED_ENUM
        FIXED_NAME_COUNT
};

/* ---- engines and templates ---- */

struct template_engine {
    struct template_options options; /* string_if_invalid is a copy */
    bool invalid_has_name;           /* string_if_invalid holds "%s" */
    struct arena arena;              /* names */
    struct map names;
    struct map texts; /* names of templates in errors */
    const struct name *fixed[FIXED_NAME_COUNT];
    VEC(const struct library *) builtins;
    struct map cache;    /* name to struct template */
    unsigned generation; /* counts what left the cache */
    unsigned serial;     /* counts renders */
};

/* A copy that lives as long as the engine: of the few names that errors speak of. */
struct str engine_text(struct template_engine *e, struct str text);

static inline const struct name *engine_fixed(const struct template_engine *e, enum fixed_name id)
{
    return e->fixed[id];
}

struct block_node {
    struct node node;
    const struct name *name;
    struct nodelist body;
    struct template *template;
};

struct block_table { /* sorted by the names' ids */
    const struct block_node **items;
    size_t n;
};

struct extends_node;

struct dropped_node { /* a node that has something to free */
    struct node *node;
    struct dropped_node *next;
};

struct template
{
    unsigned refs;
    struct template_engine *engine;
    struct template *whole; /* of a partial: what it is a part of, and lives in */
    struct arena arena;
    struct str name, origin, text;
    struct nodelist nodes;
    struct block_table blocks;
    const struct extends_node *extends; /* NULL: a root */
    struct map *partials;               /* name to struct template, or NULL */
    struct dropped_node *drops;
    unsigned checked; /* render in which it was found to be fresh */
};

/* The template by its name, not asking for freshness twice in the render `serial` (0: asks
 * always).  A reference. */
struct template *engine_get(struct template_engine *e, struct str name, unsigned serial,
                            struct template_error *err);
/* The same, passing over the origins in skip[]. */
struct template *engine_get_skipping(struct template_engine *e, struct str name,
                                     const struct str *skip, size_t nskip, unsigned serial,
                                     struct template_error *err);

/* ---- parsing ---- */

struct lexer {
    struct str s;
    size_t at;
    unsigned line, column; /* of `at` */
    struct str verbatim;   /* what ends it, p NULL outside */
    size_t dead[3];        /* {{ {% {#: openings before this have no end on their line */
    size_t tag, tag_end;   /* the tag that was found behind the text; tag_end 0: none */
};
void lexer_init(struct lexer *l, struct str source);
/* false at the end */
bool lexer_next(struct lexer *l, struct token *out);

struct command {
    struct str name;
    const struct token *token;
};

struct loaded {
    const struct library *library;
    unsigned order; /* of parser.loads */
};

struct parser {
    struct template_engine *engine;
    struct template *template;
    struct template_error *error;
    struct lexer lexer;
    const struct token *back; /* put back */
    VEC(struct loaded) libraries;
    unsigned loads; /* counts {% load %} */
    bool picked;    /* a name was loaded from a library */
    VEC(struct command) commands;
    VEC(const struct block_node *) blocks;
    struct map values; /* parser_put: "space\0key" */
    struct buf key;
    unsigned depth;
};

/* Compiles all of p->template's text. */
int parser_run(struct parser *p, struct nodelist *out);
/* NULL after parser_fail(). */
const struct filter *parser_filter(struct parser *p, const struct token *t, struct str name);
/* NULL when there is none. */
const struct tag *parser_tag(struct parser *p, struct str name);
/* Adds to the error what may have been meant by an unknown tag. */
void parser_suggest_tag(struct parser *p, struct str name);
void parser_add_library(struct parser *p, const struct library *l);
/* One name of a library; false when it has not got it. */
bool parser_pick(struct parser *p, const struct library *l, struct str name);
struct str parser_first_word(struct str s);
/* The words of a token, split at white space without regard to quotes. */
size_t token_words(struct parser *p, const struct token *t, struct str **words);
/* ['a', 'b'] as Python prints it, in the parser's arena. */
const char *words_repr(struct parser *p, const struct str *words, size_t n);
/* s in Python's quotes, in the parser's arena. */
const char *str_repr(struct parser *p, struct str s);

int template_error_vset(struct template_error *e, const char *kind, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static inline bool token_is(const struct token *t, const char *text)
{
    return t && t->type == TOKEN_BLOCK && str_eq(t->contents, str_from(text));
}

/* parser_parse() up to one end tag, which is taken. */
int parser_body(struct parser *p, const char *end, struct nodelist *out);
/* "NAME tag: 'as variable'" forms: sets *name from the last of exactly three words. */
int parser_as(struct parser *p, const struct token *t, const struct name **name);

/* ---- nodes the core itself looks into ---- */

extern const struct node_ops text_node_ops, variable_node_ops, extends_node_ops;

struct text_node {
    struct node node;
    struct str text;
    size_t cap; /* of a text that was put together here */
};

struct variable_node {
    struct node node;
    struct expr *expr;
};

/* Whether an expression has filters or a variable, as messages about it want to know. */
bool expr_is_computed(const struct expr *e);
/* Whether one of its filters has this name. */
bool expr_has_filter(const struct expr *e, struct str name);
/* The same with what the filters are applied to translated; `context` p NULL: none. */
int expr_eval_translated(const struct expr *e, struct render *r, struct str context,
                         struct tval *out);

/* ---- rendering ---- */

struct render_frame { /* of one template and what it extends */
    struct render_frame *outer;
    struct render_states *states;
    struct block_level *levels; /* blocks, from the innermost child on */
    struct block_active *active;
    struct block_level *last;
    struct extends_origin *history;
    unsigned serial;
};

struct block_level {
    const struct block_table *blocks;
    struct block_level *next;
    unsigned depth; /* from 0 */
};

struct block_active { /* a block that is being rendered */
    const struct name *name;
    const struct block_level *next; /* where to look for the one it overrides */
    struct block_active *outer;
};

struct block_scope { /* the variable `block` */
    const struct block_node *block;
    bool in_context;
};

struct extends_origin {
    struct str origin;
    struct extends_origin *next;
};

/* {{ block.super }} */
int block_super(struct render *r, const struct block_scope *s, struct tval *out);

/* Puts the place where something was included behind the error's. */
void render_trail(struct render *r, const struct template *t, const struct node *n);
/* Whether an error may be taken for "false", as {% if %} does; it is then forgotten. */
bool render_forgive(struct render *r);

struct render_states; /* node to state */
void *states_get(struct render_states **s, const void *key, size_t size);
/* drop(r, state) is called before the state is freed. */
void states_on_free(struct render_states **s, const void *key,
                    void (*drop)(struct render *r, void *state));
void states_free(struct render *r, struct render_states *s);

/* A copy of v that stays until value_unkeep(). */
int value_keep(struct render *r, struct tval *v);
void value_unkeep(struct render *r, struct tval v);

/* ---- context ---- */

struct binding {
    const struct name *name;
    struct tval value;
    bool kept;
};

struct replaced {
    struct tval value;
    size_t scope; /* freed when no more scopes than this are left */
};

struct context {
    VEC(struct binding) items;
    VEC(uint32_t) scopes; /* where each begins */
    VEC(struct replaced) replaced;
    bool variables; /* the host's are seen */
    struct context *outer;
};

/* A variable whose value changes, in the innermost scope: gives its place. */
size_t context_slot(struct render *r, const struct name *name, struct tval v);
void context_slot_set(struct render *r, size_t slot, struct tval v);
void context_free(struct render *r, struct context *c);

/* ---- memory ---- */

void memory_free(struct render *r);

/* ---- values ---- */

/* Calls *v, which is callable and was found in `self`. */
int render_call(struct render *r, struct tval self, struct tval *v);
/* The name when templates have it already, or NULL; what number a text is, or -1. */
const struct name *engine_known_name(const struct template_engine *e, struct str text);
int64_t name_index(struct str text);
/* What was added to the output since `start`, taken from there as a value. */
struct tval render_cut_output(struct render *r, size_t start, bool safe);
/* {{ v }} as a value: safe when it was escaped. */
int render_value_capture(struct render *r, struct tval v, struct tval *out);
/* Python's float(v) and int(v); 1 when v is no number. */
int value_double(struct tval v, double *out);
int value_int(struct tval v, int64_t *out);
/* Adds a moment by a format or the name of one ("DATE_FORMAT"). */
int moment_add(struct render *r, struct buf *out, struct str format, const struct moment *m);
void loop_member(const struct template_engine *e, const struct render_loop *loop,
                 const struct name *name, struct tval *out);

/* ---- tags ---- */

/* Opens a scope with name=value pairs; on failure there is none. */
int bind_kwargs(struct render *r, const struct kwarg *vars, size_t n);
/* "./a.html" or "../a.html", also in quotes. */
bool is_relative_path(struct str name);
/* Adds the name that is meant in the template `from`, or -1 with a message in `error`. */
int relative_path(struct str from, struct str name, bool recursion, struct buf *out,
                  struct buf *error);
/* Makes a relative name of a tag's argument a full one. */
int parser_relative_path(struct parser *p, const struct token *t, struct str *bit, bool recursion);

extern const struct tag template_l10n_tags[], template_tz_tags[], template_i18n_tags[];

#define TAG_FN(name)                                                                               \
    int tag_##name(struct parser *p, const struct token *t, const struct tag *tag,                 \
                   struct node **out)
TAG_FN(autoescape);
TAG_FN(block);
TAG_FN(comment);
TAG_FN(cycle);
TAG_FN(debug);
TAG_FN(extends);
TAG_FN(filter);
TAG_FN(firstof);
TAG_FN(for);
TAG_FN(if);
TAG_FN(ifchanged);
TAG_FN(include);
TAG_FN(load);
TAG_FN(lorem);
TAG_FN(now);
TAG_FN(partial);
TAG_FN(partialdef);
TAG_FN(regroup);
TAG_FN(resetcycle);
TAG_FN(spaceless);
TAG_FN(templatetag);
TAG_FN(verbatim);
TAG_FN(widthratio);
TAG_FN(with);

#endif
