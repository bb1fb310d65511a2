/* SPDX-License-Identifier: MIT */
/* {% include %} */
#include "template/impl.h"

struct include_node {
    struct node node;
    struct expr *template;
    struct str from; /* name of the template that the tag stands in */
    struct kwarg *vars;
    size_t nvars;
    bool only;
    /* Of a constant name: what the cache gave when it had this generation. */
    struct template *found;
    unsigned generation;
};

static struct template *get(struct render *r, struct str name, struct template_error *err)
{
    return engine_get(r->engine, name, r->frame->serial, err);
}

/* By a name of the author's, which may be relative. */
static struct template *find_named(const struct include_node *n, struct render *r, struct str name)
{
    struct buf path = BUF_INIT, error = BUF_INIT;
    struct template_error err;
    struct template *t = NULL;
    template_error_init(&err);
    if (!is_relative_path(name))
        t = get(r, name, &err);
    else if (relative_path(n->from, name, true, &path, &error) == 0)
        t = get(r, buf_str(&path), &err);
    if (!t && error.n)
        render_fail(r, "TemplateSyntaxError", "%s", error.data);
    else if (!t)
        render_fail_compile(r, &err);
    template_error_release(&err);
    buf_release(&path);
    buf_release(&error);
    return t;
}

/* The first of several names that exists. */
static struct template *find_first(struct render *r, struct tseq *names)
{
    struct buf missing = BUF_INIT;
    struct template *t = NULL;
    struct tval name;
    struct template_error err;
    template_error_init(&err);
    for (size_t i = 0; i < names->n && !t; i++) {
        if (render_item(r, names, i, &name) < 0 || render_str(r, name, &name) < 0)
            goto out;
        if ((t = get(r, tval_text(name), &err)))
            break;
        if (!err.kind || strcmp(err.kind, "TemplateDoesNotExist") != 0) {
            render_fail_compile(r, &err);
            goto out;
        }
        buf_adds(&missing, i ? ", " : "");
        buf_adds(&missing, err.text);
    }
    if (!t)
        render_fail(r, "TemplateDoesNotExist", "%s",
                    names->n ? missing.data : "No template names provided");
out:
    template_error_release(&err);
    buf_release(&missing);
    return t;
}

/* A reference to the template that a value is or names. */
static struct template *find(const struct include_node *n, struct render *r, struct tval v)
{
    struct tseq names = {0};
    bool truth;
    if (v.type == TVAL_OBJECT && r->ops->as_template) {
        struct template *t = r->ops->as_template(r, v);
        if (t)
            return template_ref(t);
    }
    if (tval_is_str(v) && v.n)
        return find_named(n, r, tval_text(v));
    if (render_truth(r, v, &truth) < 0)
        return NULL;
    int status = truth ? render_sequence(r, v, &names) : 0;
    if (status > 0)
        render_fail(r, "TypeError", "'%s' object is not iterable", tval_type_name(v));
    return status == 0 ? find_first(r, &names) : NULL;
}

static struct template *find_template(struct include_node *n, struct render *r)
{
    struct template_engine *e = r->engine;
    struct tval v;
    bool constant = expr_constant(n->template, &v) && !e->options.reload;
    if (constant && n->found && n->generation == e->generation)
        return template_ref(n->found);
    if (expr_eval(n->template, r, false, &v) < 0)
        return NULL;
    struct template *t = find(n, r, v);
    if (t && constant) {
        n->found = t;
        n->generation = e->generation;
    }
    return t;
}

static int bind_only(struct render *r, const struct kwarg *vars, size_t n, struct context **outer)
{
    struct tval *values = render_alloc(r, (n + 1) * sizeof *values);
    for (size_t i = 0; i < n; i++)
        if (expr_eval(vars[i].value, r, false, &values[i]) < 0)
            return -1;
    *outer = context_isolate(r, false);
    context_push(r);
    for (size_t i = 0; i < n; i++)
        context_bind(r, vars[i].name, values[i]);
    return 0;
}

static int render_with(const struct include_node *n, struct render *r, struct template *t)
{
    struct context *outer;
    int status;
    if (n->only) {
        if (bind_only(r, n->vars, n->nvars, &outer) < 0)
            return -1;
        status = template_render(t, r);
        context_restore(r, outer);
        return status;
    }
    if (bind_kwargs(r, n->vars, n->nvars) < 0)
        return -1;
    status = template_render(t, r);
    context_pop(r);
    return status;
}

static int include_render(const struct node *node, struct render *r)
{
    struct include_node *n = (struct include_node *)(uintptr_t)node;
    struct template *t = find_template(n, r);
    if (!t)
        return -1;
    int status = render_with(n, r, t);
    template_unref(t);
    return status;
}

static const struct node_ops include_ops = {.name = "include", .render = include_render};

static int fail_option(struct parser *p, const struct token *t, struct str option)
{
    return parser_fail(p, t, "The %s option was specified more than once.", str_repr(p, option));
}

static int parse_options(struct parser *p, const struct token *t, struct include_node *n,
                         struct str *bits, size_t count)
{
    bool with = false;
    for (size_t i = 2; i < count;) {
        struct str option = bits[i++];
        if (str_eq(option, STR("with"))) {
            if (with)
                return fail_option(p, t, option);
            with = true;
            if (parser_kwargs(p, t, bits, count, &i, false, &n->vars, &n->nvars) < 0)
                return -1;
            if (n->nvars == 0)
                return parser_fail(p, t, "\"with\" in %s tag needs at least one keyword argument.",
                                   str_repr(p, bits[0]));
        } else if (str_eq(option, STR("only"))) {
            if (n->only)
                return fail_option(p, t, option);
            n->only = true;
        } else {
            return parser_fail(p, t, "Unknown argument for %s tag: %s.", str_repr(p, bits[0]),
                               str_repr(p, option));
        }
    }
    return 0;
}

TAG_FN(include)
{
    struct include_node *n = parser_node(p, t, &include_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    if (count < 2)
        return parser_fail(p, t,
                           "%s tag takes at least one argument: the name of the template to be "
                           "included.",
                           str_repr(p, bits[0]));
    if (parse_options(p, t, n, bits, count) < 0 || parser_relative_path(p, t, &bits[1], true) < 0)
        return -1;
    n->template = parser_expr(p, t, bits[1]);
    n->from = p->template->name;
    *out = &n->node;
    return n->template ? 0 : -1;
}
