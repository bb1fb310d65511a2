/* SPDX-License-Identifier: MIT */
/* {% blocktranslate %} */
#include "template/i18n.h"

#include "value/unicode.h"

struct message { /* a format string, %(name)s for variables */
    struct str text;
    const struct name **vars;
    size_t nvars;
};

struct blocktranslate_node {
    struct node node;
    struct str tag;
    struct kwarg *vars, *counter; /* with; count, NULL when there is none */
    size_t nvars;
    struct expr *context;
    const struct name *as;
    bool trimmed, has_plural;
    struct message singular, plural;
};

/* The variable `name` of a message, as it prints. */
static int add_variable(struct render *r, struct str name)
{
    struct str invalid = r->engine->options.string_if_invalid;
    const struct name *known = engine_known_name(r->engine, name);
    struct tval v = {.type = TVAL_UNDEFINED};
    if (known && context_get(r, known, &v) < 0)
        return -1;
    if (v.type != TVAL_UNDEFINED)
        return render_value(r, v);
    if (!r->engine->invalid_has_name)
        return render_value(r, tval_str(invalid));
    size_t at = str_find(invalid, STR("%s"));
    const struct str parts[] = {str_head(invalid, at), name, str_skip(invalid, at + 2)};
    for (size_t i = 0; i < 3; i++)
        render_value(r, tval_str(parts[i]));
    return 0;
}

static bool has_variable(const struct message *m, struct str name)
{
    for (size_t i = 0; i < m->nvars; i++)
        if (str_eq(m->vars[i]->text, name))
            return true;
    return false;
}

/* Adds a translated format string; 1 when it is no good. */
static int add_format(const struct blocktranslate_node *n, struct render *r, struct str s)
{
    while (s.n > 0) {
        size_t percent = str_index(s, '%');
        buf_addstr(r->out, str_head(s, percent));
        s = str_skip(s, percent);
        if (s.n == 0)
            return 0;
        if (str_starts(s, STR("%%"))) {
            buf_addc(r->out, '%');
            s = str_skip(s, 2);
            continue;
        }
        size_t end = str_find(s, STR(")s"));
        struct str name = str_skip(str_head(s, end), 2);
        if (!str_starts(s, STR("%(")) || end == s.n ||
            (!has_variable(&n->singular, name) && !has_variable(&n->plural, name)))
            return 1;
        if (add_variable(r, name) < 0)
            return -1;
        s = str_skip(s, end + 2);
    }
    return 0;
}

static int fail_format(const struct blocktranslate_node *n, struct render *r, struct str text)
{
    struct buf b = BUF_INIT;
    render_add_quoted(&b, text);
    render_fail(r, "TemplateSyntaxError",
                "'%.*s' is unable to format string returned by gettext: %s", STR_ARG(n->tag),
                b.data);
    buf_release(&b);
    return -1;
}

/* With what the translation says, or without it when that cannot be used. */
static int add_message(const struct blocktranslate_node *n, struct render *r, struct tval count)
{
    size_t start = r->out->n;
    struct str context, text, plain;
    struct str plural = n->has_plural ? n->plural.text : STR_NULL;
    if (i18n_context(r, n->context, &context) < 0 ||
        i18n_text(r, context, n->singular.text, plural, count, &text) < 0)
        return -1;
    int status = add_format(n, r, text);
    if (status <= 0)
        return status;
    buf_cut(r->out, start);
    plain = !n->has_plural || i18n_is_one(count) ? n->singular.text : plural;
    status = add_format(n, r, plain);
    return status > 0 ? fail_format(n, r, plain) : status;
}

static int set_counter(const struct blocktranslate_node *n, struct render *r, struct tval *count)
{
    struct buf name = BUF_INIT;
    if (!n->has_plural)
        return 0;
    if (expr_eval(n->counter->value, r, false, count) < 0)
        return -1;
    if (count->type == TVAL_INT || count->type == TVAL_DOUBLE || count->type == TVAL_DECIMAL ||
        count->type == TVAL_BOOL) {
        context_bind(r, n->counter->name, *count);
        return 0;
    }
    render_add_quoted(&name, n->counter->name->text);
    render_fail(r, "TemplateSyntaxError", "%s argument to '%.*s' tag must be a number.", name.data,
                STR_ARG(n->tag));
    buf_release(&name);
    return -1;
}

static int blocktranslate_render(const struct node *node, struct render *r)
{
    const struct blocktranslate_node *n = (const struct blocktranslate_node *)node;
    size_t start = r->out->n;
    struct tval count = tval_none();
    if (bind_kwargs(r, n->vars, n->nvars) < 0)
        return -1;
    int status = set_counter(n, r, &count);
    if (status == 0)
        status = add_message(n, r, count);
    context_pop(r);
    if (status < 0)
        buf_cut(r->out, start);
    if (status < 0 || !n->as)
        return status;
    return context_set(r, n->as, render_cut_output(r, start, true));
}

static const struct node_ops blocktranslate_ops = {
    .name = "blocktranslate",
    .render = blocktranslate_render,
};

static int block_count(struct parser *p, const struct token *t, struct blocktranslate_node *n,
                       struct str *bits, size_t count, size_t *i)
{
    size_t found;
    if (parser_kwargs(p, t, bits, count, i, true, &n->counter, &found) < 0)
        return -1;
    if (found != 1)
        return parser_fail(p, t, "\"count\" in %s tag expected exactly one keyword argument.",
                           str_repr(p, bits[0]));
    return 0;
}

static int block_with(struct parser *p, const struct token *t, struct blocktranslate_node *n,
                      struct str *bits, size_t count, size_t *i)
{
    if (parser_kwargs(p, t, bits, count, i, true, &n->vars, &n->nvars) < 0)
        return -1;
    if (n->nvars == 0)
        return parser_fail(p, t, "\"with\" in %s tag needs at least one keyword argument.",
                           str_repr(p, bits[0]));
    return 0;
}

static int block_context(struct parser *p, const struct token *t, struct blocktranslate_node *n,
                         struct str *bits, size_t count, size_t *i)
{
    if (*i < count)
        n->context = parser_expr(p, t, bits[(*i)++]);
    if (!n->context)
        return parser_fail(p, t, "\"context\" in %s tag expected exactly one argument.",
                           str_repr(p, bits[0]));
    return 0;
}

static int block_asvar(struct parser *p, const struct token *t, struct blocktranslate_node *n,
                       struct str *bits, size_t count, size_t *i)
{
    struct str name;
    if (i18n_option_value(p, t, bits, count, i, &name) < 0)
        return -1;
    n->as = parser_name(p, name);
    return 0;
}

static int block_trimmed(struct parser *p, const struct token *t, struct blocktranslate_node *n,
                         struct str *bits, size_t count, size_t *i)
{
    (void)p;
    (void)t;
    (void)bits;
    (void)count;
    (void)i;
    n->trimmed = true;
    return 0;
}

static int block_options(struct parser *p, const struct token *t, struct blocktranslate_node *n,
                         struct str *bits, size_t count)
{
    static const struct {
        struct str name;
        int (*parse)(struct parser *p, const struct token *t, struct blocktranslate_node *n,
                     struct str *bits, size_t count, size_t *i);
    } options[] = {
        {STR_INIT("with"), block_with},       {STR_INIT("count"), block_count},
        {STR_INIT("context"), block_context}, {STR_INIT("trimmed"), block_trimmed},
        {STR_INIT("asvar"), block_asvar},
    };
    unsigned given = 0;
    for (size_t i = 1; i < count;) {
        size_t k = 0;
        struct str bit = bits[i++];
        while (k < 5 && !str_eq(options[k].name, bit))
            k++;
        if (k == 5)
            return parser_fail(p, t, "Unknown argument for %s tag: %s.", str_repr(p, bits[0]),
                               str_repr(p, bit));
        if (given & 1u << k)
            return parser_fail(p, t, "The %s option was specified more than once.",
                               str_repr(p, bit));
        given |= 1u << k;
        if (options[k].parse(p, t, n, bits, count, &i) < 0)
            return -1;
    }
    return 0;
}

/* Lines without the space around their ends, joined by single spaces. */
static void trim_lines(struct buf *b)
{
    struct buf out = BUF_INIT;
    struct str rest = unicode_strip(buf_str(b)), line;
    bool first = true;
    while (str_split(&rest, '\n', &line)) {
        line = unicode_strip(line);
        if (line.n && !first)
            buf_addc(&out, ' ');
        first = first && line.n == 0;
        buf_addstr(&out, line);
    }
    buf_reset(b);
    buf_addstr(b, buf_str(&out));
    buf_release(&out);
}

static void add_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%')
            buf_addc(b, '%');
        buf_addc(b, s.p[i]);
    }
}

/* Texts and variables up to the next tag of another kind, which is given back. */
static const struct token *read_message(struct parser *p, const struct token *last, bool trimmed,
                                        struct message *out)
{
    VEC(const struct name *) vars = VEC_INIT;
    struct buf b = BUF_INIT;
    const struct token *t;
    while ((t = parser_next(p))) {
        last = t;
        if (t->type == TOKEN_TEXT) {
            add_text(&b, t->contents);
        } else if (t->type == TOKEN_VAR) {
            buf_addf(&b, "%%(%.*s)s", STR_ARG(t->contents));
            vec_push(&vars, parser_name(p, t->contents));
        } else {
            break;
        }
    }
    if (trimmed)
        trim_lines(&b);
    out->text = arena_str(parser_arena(p), buf_str(&b));
    out->nvars = vars.n;
    out->vars = arena_alloc(parser_arena(p), (vars.n + 1) * sizeof *out->vars);
    if (vars.n)
        memcpy(out->vars, vars.items, vars.n * sizeof *out->vars);
    vec_release(&vars);
    buf_release(&b);
    return last;
}

TAG_FN(blocktranslate)
{
    struct blocktranslate_node *n = parser_node(p, t, &blocktranslate_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    n->tag = bits[0];
    if (block_options(p, t, n, bits, count) < 0)
        return -1;
    const struct token *last = read_message(p, t, n->trimmed, &n->singular);
    n->has_plural = n->counter != NULL;
    if (n->has_plural) {
        if (!str_eq(last->contents, STR("plural")))
            return parser_fail(p, t, "%s doesn't allow other block tags inside it",
                               str_repr(p, bits[0]));
        last = read_message(p, last, n->trimmed, &n->plural);
    }
    if (!str_starts(last->contents, STR("end")) || !str_eq(str_skip(last->contents, 3), bits[0]))
        return parser_fail(p, t, "%s doesn't allow other block tags (seen %s) inside it",
                           str_repr(p, bits[0]), str_repr(p, last->contents));
    *out = &n->node;
    return 0;
}
