/* SPDX-License-Identifier: MIT */
/* {% translate %}, and translations through the host. */
#include "template/i18n.h"

/* ---- through the host ---- */

bool i18n_is_one(struct tval n)
{
    double d;
    return value_double(n, &d) == 0 && d == 1;
}

int i18n_text(struct render *r, struct str context, struct str singular, struct str plural,
              struct tval n, struct str *out)
{
    struct tval v;
    *out = !plural.p || i18n_is_one(n) ? singular : plural;
    if (!r->ops->translate || singular.n == 0)
        return 0;
    if (r->ops->translate(r, context, singular, plural, n, &v) < 0)
        return -1;
    *out = tval_text(v);
    return 0;
}

int i18n_context(struct render *r, const struct expr *e, struct str *out)
{
    struct tval v;
    *out = STR_NULL;
    if (!e)
        return 0;
    if (expr_eval(e, r, false, &v) < 0 || render_str(r, v, &v) < 0)
        return -1;
    if (v.n)
        *out = tval_text(v);
    return 0;
}

/* ---- translate ---- */

struct translate_node {
    struct node node;
    struct expr *text, *context;
    const struct name *as;
    bool noop;
};

/* "%%" in what was added since start as "%". */
static void single_percent(struct buf *out, size_t start)
{
    size_t to = start;
    for (size_t i = start; i < out->n; i++) {
        out->data[to++] = out->data[i];
        if (out->data[i] == '%' && i + 1 < out->n && out->data[i + 1] == '%')
            i++;
    }
    buf_cut(out, to);
}

static int translate_render(const struct node *node, struct render *r)
{
    const struct translate_node *n = (const struct translate_node *)node;
    size_t start = r->out->n;
    struct str context;
    struct tval v;
    if (i18n_context(r, n->context, &context) < 0)
        return -1;
    int status =
        n->noop ? expr_eval(n->text, r, false, &v) : expr_eval_translated(n->text, r, context, &v);
    if (status < 0 || render_value(r, v) < 0)
        return -1;
    single_percent(r->out, start);
    if (!n->as)
        return 0;
    return context_set(r, n->as, render_cut_output(r, start, r->autoescape || tval_is_safe(v)));
}

static const struct node_ops translate_ops = {.name = "translate", .render = translate_render};

/* What stands behind "context" and "as". */
int i18n_option_value(struct parser *p, const struct token *t, struct str *bits, size_t n,
                      size_t *i, struct str *out)
{
    struct str option = bits[*i - 1];
    if (*i >= n)
        return parser_fail(p, t, "No argument provided to the '%.*s' tag for the %.*s option.",
                           STR_ARG(bits[0]), STR_ARG(option));
    *out = bits[(*i)++];
    return 0;
}

static int translate_option(struct parser *p, const struct token *t, struct translate_node *n,
                            struct str *bits, size_t count, size_t *i)
{
    struct str option = bits[(*i)++], value;
    if (str_eq(option, STR("noop"))) {
        n->noop = true;
        return 0;
    }
    if (str_eq(option, STR("as"))) {
        if (i18n_option_value(p, t, bits, count, i, &value) < 0)
            return -1;
        n->as = parser_name(p, value);
        return 0;
    }
    if (!str_eq(option, STR("context")))
        return parser_fail(p, t,
                           "Unknown argument for '%.*s' tag: '%.*s'. The only options available "
                           "are 'noop', 'context' \"xxx\", and 'as VAR'.",
                           STR_ARG(bits[0]), STR_ARG(option));
    if (i18n_option_value(p, t, bits, count, i, &value) < 0)
        return -1;
    if (str_eq(value, STR("as")) || str_eq(value, STR("noop")))
        return parser_fail(p, t,
                           "Invalid argument '%.*s' provided to the '%.*s' tag for the context "
                           "option",
                           STR_ARG(value), STR_ARG(bits[0]));
    n->context = parser_expr(p, t, value);
    return n->context ? 0 : -1;
}

static bool was_given(const struct translate_node *n, struct str option)
{
    return (n->noop && str_eq(option, STR("noop"))) || (n->as && str_eq(option, STR("as"))) ||
           (n->context && str_eq(option, STR("context")));
}

TAG_FN(translate)
{
    struct translate_node *n = parser_node(p, t, &translate_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    if (count < 2)
        return parser_fail(p, t, "'%.*s' takes at least one argument", STR_ARG(bits[0]));
    n->text = parser_expr(p, t, bits[1]);
    if (!n->text)
        return -1;
    for (size_t i = 2; i < count;) {
        if (was_given(n, bits[i]))
            return parser_fail(p, t, "The '%.*s' option was specified more than once.",
                               STR_ARG(bits[i]));
        if (translate_option(p, t, n, bits, count, &i) < 0)
            return -1;
    }
    *out = &n->node;
    return 0;
}
