/* SPDX-License-Identifier: MIT */
/* From tokens to nodes. */
#include "template/impl.h"

/* ---- tokens ---- */

const struct token *parser_next(struct parser *p)
{
    const struct token *t = p->back;
    struct token next;
    if (t) {
        p->back = NULL;
        return t;
    }
    if (!lexer_next(&p->lexer, &next))
        return NULL;
    struct token *copy = arena_alloc(&p->template->arena, sizeof *copy);
    *copy = next;
    return copy;
}

int parser_skip_past(struct parser *p, const struct token *opening, const char *end)
{
    const struct token *t;
    struct str until = str_from(end);
    (void)opening;
    while ((t = parser_next(p)))
        if (t->type == TOKEN_BLOCK && str_eq(t->contents, until))
            return 0;
    return parser_parse_words(p, &until, 1, &(struct nodelist){0}); /* says what is not closed */
}

int parser_source_until(struct parser *p, const struct token *opening, const char *end,
                        struct str *out)
{
    const struct token *t = p->back;
    const char *from = t ? t->source.p : p->lexer.s.p + p->lexer.at;
    struct str until = str_from(end);
    (void)opening;
    while ((t = parser_next(p)))
        if (t->type == TOKEN_BLOCK && str_eq(t->contents, until)) {
            *out = str_make(from, (size_t)(t->source.p - from));
            return 0;
        }
    return parser_parse_words(p, &until, 1, &(struct nodelist){0});
}

/* ---- nodes ---- */

void *parser_node(struct parser *p, const struct token *t, const struct node_ops *ops, size_t size)
{
    struct node *n = arena_zalloc(&p->template->arena, size);
    n->ops = ops;
    n->line = t->line;
    n->column = t->column;
    if (ops->drop) {
        struct dropped_node *d = arena_alloc(&p->template->arena, sizeof *d);
        *d = (struct dropped_node){n, p->template->drops};
        p->template->drops = d;
    }
    return n;
}

struct list { /* being built */
    struct nodelist *out;
    struct node *last;
    bool nontext;
};

static void append(struct list *l, struct node *n)
{
    if (l->last)
        l->last->next = n;
    else
        l->out->first = n;
    l->last = n;
}

/* Puts text behind that of a text node, which gets a memory of its own that grows by
 * doubling. */
static void text_join(struct arena *a, struct text_node *n, struct str more)
{
    if (n->text.p + n->text.n == more.p && !n->cap) {
        n->text.n += more.n;
        return;
    }
    size_t size = n->text.n + more.n;
    char *p = (char *)(uintptr_t)n->text.p;
    if (size > n->cap) {
        n->cap = size * 2;
        p = arena_alloc(a, n->cap);
        memcpy(p, n->text.p, n->text.n);
    }
    memcpy(p + n->text.n, more.p, more.n);
    n->text = str_make(p, size);
}

static void append_text(struct parser *p, struct list *l, const struct token *t, struct str text)
{
    if (text.n == 0)
        return;
    if (l->last && l->last->ops == &text_node_ops) {
        text_join(&p->template->arena, (struct text_node *)l->last, text);
        return;
    }
    struct text_node *n = parser_node(p, t, &text_node_ops, sizeof *n);
    n->node.text = true;
    n->text = text;
    append(l, &n->node);
}

static int parse_variable(struct parser *p, struct list *l, const struct token *t)
{
    struct tval constant;
    if (t->contents.n == 0)
        return parser_fail(p, t, "Empty variable tag on line %u", t->line);
    struct expr *e = parser_expr(p, t, t->contents);
    if (!e)
        return -1;
    l->nontext = true;
    if (expr_constant(e, &constant) && tval_is_str(constant)) {
        append_text(p, l, t, tval_text(constant));
        return 0;
    }
    struct variable_node *n = parser_node(p, t, &variable_node_ops, sizeof *n);
    n->expr = e;
    append(l, &n->node);
    return 0;
}

/* ---- tags ---- */

/* "'a', 'b' or 'c'" */
static void add_choices(struct buf *b, const struct str *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_adds(b, i + 1 == n ? " or " : ", ");
        buf_addf(b, "'%.*s'", STR_ARG(words[i]));
    }
}

int parser_fail_tag(struct parser *p, const struct token *t, struct str tag,
                    const struct str *expected, size_t n)
{
    struct buf b = BUF_INIT;
    if (n) {
        buf_adds(&b, ", expected ");
        add_choices(&b, expected, n);
    }
    parser_fail(p, t,
                "Invalid block tag on line %u: '%.*s'%s. Did you forget to register or load this "
                "tag?",
                t->line, STR_ARG(tag), b.data);
    buf_release(&b);
    parser_suggest_tag(p, tag);
    return -1;
}

static int fail_must_be_first(struct parser *p, const struct token *t)
{
    struct str name = p->template->name;
    const char *in = name.n ? str_repr(p, name) : "the template";
    return parser_fail(p, t, "{%% %.*s %%} must be the first tag in %s.", STR_ARG(t->contents), in);
}

static int parse_tag(struct parser *p, struct list *l, const struct token *t, struct str command,
                     const struct str *until, size_t nuntil)
{
    struct node *n = NULL;
    const struct tag *tag = parser_tag(p, command);
    vec_push(&p->commands, ((struct command){command, t}));
    if (!tag)
        return parser_fail_tag(p, t, command, until, nuntil);
    if (tag->parse(p, t, tag, &n) < 0)
        return -1;
    if (n && n->ops == &extends_node_ops && l->nontext)
        return fail_must_be_first(p, t);
    l->nontext = true;
    if (n)
        append(l, n);
    (void)vec_pop(&p->commands);
    return 0;
}

/* ---- lists of nodes ---- */

static bool is_one_of(struct str word, const struct str *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(word, words[i]))
            return true;
    return false;
}

static int fail_unclosed(struct parser *p, const struct str *until, size_t n)
{
    struct buf b = BUF_INIT;
    struct command c = vec_last(&p->commands);
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s%.*s", i ? ", " : "", STR_ARG(until[i]));
    parser_fail(p, c.token, "Unclosed tag on line %u: '%.*s'. Looking for one of: %s.",
                c.token->line, STR_ARG(c.name), b.data);
    buf_release(&b);
    return -1;
}

/* 1: a word of `until` was met and put back. */
static int parse_token(struct parser *p, struct list *l, const struct token *t,
                       const struct str *until, size_t n)
{
    switch (t->type) {
    case TOKEN_TEXT:
        append_text(p, l, t, t->contents);
        return 0;
    case TOKEN_VAR:
        return parse_variable(p, l, t);
    case TOKEN_COMMENT:
        return 0;
    case TOKEN_BLOCK:
        break;
    }
    struct str command = parser_first_word(t->contents);
    if (command.n == 0)
        return parser_fail(p, t, "Empty block tag on line %u", t->line);
    if (is_one_of(command, until, n)) {
        p->back = t;
        return 1;
    }
    return parse_tag(p, l, t, command, until, n);
}

int parser_parse_words(struct parser *p, const struct str *until, size_t n, struct nodelist *out)
{
    struct list l = {out, NULL, false};
    const struct token *t;
    int status = 0;
    out->first = NULL;
    if (p->depth >= p->engine->options.max_depth)
        return parser_fail(p, p->commands.n ? vec_last(&p->commands).token : NULL,
                           "Tags are nested more than %u deep.", p->depth);
    p->depth++;
    while (status == 0 && (t = parser_next(p)))
        status = parse_token(p, &l, t, until, n);
    p->depth--;
    if (status < 0)
        return -1;
    if (n && status == 0)
        return fail_unclosed(p, until, n);
    return 0;
}

int parser_parse(struct parser *p, const char *until, struct nodelist *out)
{
    struct str words[8], rest = str_from(until);
    size_t n = 0;
    while (until && n < 8 && str_split(&rest, ' ', &words[n]))
        n++;
    return parser_parse_words(p, words, n, out);
}

int parser_body(struct parser *p, const char *end, struct nodelist *out)
{
    struct str until = str_from(end);
    if (parser_parse_words(p, &until, 1, out) < 0)
        return -1;
    parser_next(p);
    return 0;
}

int parser_run(struct parser *p, struct nodelist *out)
{
    return parser_parse_words(p, NULL, 0, out);
}
