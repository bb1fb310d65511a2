/* SPDX-License-Identifier: MIT */
/* {% include %}, {% partialdef %}, {% partial %}, and relative names. */
#include "template/impl.h"

/* ---- relative names ---- */

/* dir/./a/../b without its dots, as posixpath.normpath; out has room for s. */
static size_t normalize(struct str s, char *out)
{
    struct str part;
    size_t n = 0;
    while (str_split(&s, '/', &part)) {
        bool up = str_eq(part, STR(".."));
        if (part.n == 0 || str_eq(part, STR(".")))
            continue;
        if (up && n > 0 && !str_ends(str_make(out, n), STR(".."))) {
            while (n > 0 && out[n - 1] != '/')
                n--;
            n -= n > 0;
            continue;
        }
        if (n > 0)
            out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    return n;
}

static struct str without_quotes(struct str s)
{
    while (s.n && (s.p[0] == '"' || s.p[0] == '\''))
        s = str_skip(s, 1);
    while (s.n && (s.p[s.n - 1] == '"' || s.p[s.n - 1] == '\''))
        s.n--;
    return s;
}

bool is_relative_path(struct str name)
{
    name = without_quotes(name);
    return str_starts(name, STR("./")) || str_starts(name, STR("../"));
}

int relative_path(struct str from, struct str name, bool recursion, struct buf *out,
                  struct buf *error)
{
    struct str base = from, plain = without_quotes(name);
    if (from.n == 0) {
        buf_addf(error,
                 "The relative path %.*s cannot be evaluated due to an unknown template origin.",
                 STR_ARG(name));
        return -1;
    }
    while (str_starts(base, STR("/")))
        base = str_skip(base, 1);
    struct str self = base;
    while (base.n && base.p[base.n - 1] != '/')
        base.n--;
    struct buf joined = BUF_INIT;
    buf_addstr(&joined, base);
    buf_addstr(&joined, plain);
    size_t start = out->n;
    buf_reserve(out, joined.n + 1);
    out->n += normalize(buf_str(&joined), out->data + out->n);
    out->data[out->n] = '\0';
    buf_release(&joined);
    struct str result = str_skip(buf_str(out), start);
    if (str_starts(result, STR("../")))
        buf_addf(error,
                 "The relative path '%.*s' points outside the file hierarchy that template '%.*s' "
                 "is in.",
                 STR_ARG(name), STR_ARG(from));
    else if (!recursion && str_eq(result, self))
        buf_addf(error,
                 "The relative path '%.*s' was translated to template name '%.*s', the same "
                 "template in which the tag appears.",
                 STR_ARG(name), STR_ARG(result));
    return error->n ? -1 : 0;
}

int parser_relative_path(struct parser *p, const struct token *t, struct str *bit, bool recursion)
{
    struct buf path = BUF_INIT, error = BUF_INIT;
    bool quoted =
        bit->n > 1 && (bit->p[0] == '"' || bit->p[0] == '\'') && bit->p[0] == bit->p[bit->n - 1];
    if (!is_relative_path(*bit))
        return 0;
    if (quoted)
        buf_addc(&path, '"');
    int status = relative_path(p->template->name, *bit, recursion, &path, &error);
    if (quoted)
        buf_addc(&path, '"');
    if (status < 0)
        parser_fail(p, t, "%s", error.data);
    else
        *bit = arena_str(parser_arena(p), buf_str(&path));
    buf_release(&path);
    buf_release(&error);
    return status;
}

/* ---- include ---- */

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

/* ---- partials ---- */

struct partialdef_node {
    struct node node;
    struct nodelist body;
    bool is_inline;
};

static int partialdef_render(const struct node *node, struct render *r)
{
    const struct partialdef_node *n = (const struct partialdef_node *)node;
    return n->is_inline ? nodelist_render(&n->body, r) : 0;
}

static const struct node_ops partialdef_ops = {.name = "partialdef", .render = partialdef_render};

static void free_partials(void *partials)
{
    map_release(partials, NULL);
}

static int add_partial(struct parser *p, const struct token *t, struct str name,
                       const struct partialdef_node *n, struct str text)
{
    struct template *whole = p->template;
    if (!whole->partials) {
        whole->partials = arena_alloc(&whole->arena, sizeof *whole->partials);
        map_init(whole->partials);
        arena_defer(&whole->arena, free_partials, whole->partials);
    }
    if (map_has(whole->partials, name))
        return parser_fail(p, t, "Partial '%.*s' is already defined in the '%.*s' template.",
                           STR_ARG(name), STR_ARG(whole->origin));
    struct template *part = arena_zalloc(&whole->arena, sizeof *part);
    part->engine = whole->engine;
    part->whole = whole;
    part->name = name;
    part->origin = whole->origin;
    part->text = text;
    part->nodes = n->body;
    map_set(whole->partials, name, part);
    return 0;
}

static int parse_partialdef(struct parser *p, const struct token *t, struct partialdef_node *n,
                            struct str *name)
{
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    if (count == 1)
        return parser_fail(p, t, "'partialdef' tag requires a name");
    if (count > 3)
        return parser_fail(p, t, "'partialdef' tag takes at most 2 arguments");
    n->is_inline = count == 3;
    if (n->is_inline && !str_eq(bits[2], STR("inline")))
        return parser_fail(p, t,
                           "The 'inline' argument does not have any parameters; either use "
                           "'inline' or remove it completely.");
    *name = bits[1];
    return 0;
}

TAG_FN(partialdef)
{
    struct partialdef_node *n = parser_node(p, t, &partialdef_ops, sizeof *n);
    struct str name = STR_NULL, ends[2];
    (void)tag;
    if (parse_partialdef(p, t, n, &name) < 0)
        return -1;
    ends[0] = STR("endpartialdef");
    ends[1] = str_from(arena_printf(parser_arena(p), "endpartialdef %.*s", STR_ARG(name)));
    if (parser_parse_words(p, ends, 2, &n->body) < 0)
        return -1;
    const struct token *end = parser_next(p);
    if (!str_eq(end->contents, ends[0]) && !str_eq(end->contents, ends[1]))
        return parser_fail_tag(p, end, ends[0], ends, 2);
    const char *start = t->source.p + t->source.n;
    *out = &n->node;
    return add_partial(p, t, name, n, str_make(start, (size_t)(end->source.p - start)));
}

struct partial_node {
    struct node node;
    struct str name;
    struct template *whole; /* a later {% partialdef %} counts too */
};

static int partial_render(const struct node *node, struct render *r)
{
    const struct partial_node *n = (const struct partial_node *)node;
    struct template *t = n->whole->partials ? map_get(n->whole->partials, n->name) : NULL;
    if (!t)
        return render_fail(r, "TemplateSyntaxError",
                           "Partial '%.*s' is not defined in the current template.",
                           STR_ARG(n->name));
    return template_render(t, r);
}

static const struct node_ops partial_ops = {.name = "partial", .render = partial_render};

TAG_FN(partial)
{
    struct partial_node *n = parser_node(p, t, &partial_ops, sizeof *n);
    struct str *bits;
    (void)tag;
    if (token_split(p, t, &bits) != 2)
        return parser_fail(p, t, "'partial' tag requires a single argument");
    n->name = bits[1];
    n->whole = p->template;
    *out = &n->node;
    return 0;
}
