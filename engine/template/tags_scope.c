/* SPDX-License-Identifier: MIT */
/* Tags around a part of a template: autoescape, filter, spaceless, verbatim, with; and the
 * small ones: comment, load, templatetag. */
#include "template/impl.h"

#include "value/html.h"
#include "value/unicode.h"

/* ---- autoescape ---- */

struct autoescape_node {
    struct node node;
    bool on;
    struct nodelist body;
};

static int autoescape_render(const struct node *node, struct render *r)
{
    const struct autoescape_node *n = (const struct autoescape_node *)node;
    bool before = r->autoescape;
    r->autoescape = n->on;
    int status = nodelist_render(&n->body, r);
    r->autoescape = before;
    return status;
}

static const struct node_ops autoescape_ops = {.name = "autoescape", .render = autoescape_render};

TAG_FN(autoescape)
{
    struct str *words;
    size_t n = token_words(p, t, &words);
    (void)tag;
    if (n != 2)
        return parser_fail(p, t, "'autoescape' tag requires exactly one argument.");
    struct autoescape_node *a = parser_node(p, t, &autoescape_ops, sizeof *a);
    a->on = str_eq(words[1], STR("on"));
    if (!a->on && !str_eq(words[1], STR("off")))
        return parser_fail(p, t, "'autoescape' argument should be 'on' or 'off'");
    *out = &a->node;
    return parser_body(p, "endautoescape", &a->body);
}

/* ---- filter ---- */

struct filter_node {
    struct node node;
    struct expr *expr; /* var|… */
    struct nodelist body;
};

static int filter_render(const struct node *node, struct render *r)
{
    const struct filter_node *n = (const struct filter_node *)node;
    struct tval v;
    bool safe;
    if (nodelist_capture(&n->body, r, &v) < 0)
        return -1;
    context_push(r);
    context_bind(r, engine_fixed(r->engine, NAME_VAR), v);
    int status = expr_eval(n->expr, r, false, &v);
    context_pop(r);
    return status < 0 ? -1 : render_add_str(r, v, r->out, &safe);
}

static const struct node_ops filter_ops = {.name = "filter", .render = filter_render};

TAG_FN(filter)
{
    static const char *const refused[] = {"escape", "safe"};
    struct str filters = unicode_strip(str_skip(t->contents, strlen("filter")));
    struct filter_node *n = parser_node(p, t, &filter_ops, sizeof *n);
    (void)tag;
    if (filters.n == 0)
        return parser_fail(p, t, "'filter' tag requires at least one filter");
    const char *text = arena_printf(parser_arena(p), "var|%.*s", STR_ARG(filters));
    n->expr = parser_expr(p, t, str_from(text));
    if (!n->expr)
        return -1;
    for (size_t i = 0; i < 2; i++)
        if (expr_has_filter(n->expr, str_from(refused[i])))
            return parser_fail(p, t,
                               "\"filter %s\" is not permitted.  Use the \"autoescape\" tag "
                               "instead.",
                               refused[i]);
    *out = &n->node;
    return parser_body(p, "endfilter", &n->body);
}

/* ---- spaceless ---- */

struct body_node {
    struct node node;
    struct nodelist body;
};

static int spaceless_render(const struct node *node, struct render *r)
{
    struct tval v;
    if (nodelist_capture(&((const struct body_node *)node)->body, r, &v) < 0)
        return -1;
    html_strip_spaces(r->out, unicode_strip(tval_text(v)));
    return 0;
}

static const struct node_ops spaceless_ops = {.name = "spaceless", .render = spaceless_render};

TAG_FN(spaceless)
{
    struct body_node *n = parser_node(p, t, &spaceless_ops, sizeof *n);
    (void)tag;
    *out = &n->node;
    return parser_body(p, "endspaceless", &n->body);
}

/* ---- verbatim: the lexer has made text of what is inside ---- */

static int verbatim_render(const struct node *node, struct render *r)
{
    return nodelist_render(&((const struct body_node *)node)->body, r);
}

static const struct node_ops verbatim_ops = {.name = "verbatim", .render = verbatim_render};

TAG_FN(verbatim)
{
    struct body_node *n = parser_node(p, t, &verbatim_ops, sizeof *n);
    (void)tag;
    *out = &n->node;
    return parser_body(p, "endverbatim", &n->body);
}

/* ---- with ---- */

struct with_node {
    struct node node;
    struct kwarg *vars;
    size_t nvars;
    struct nodelist body;
};

int bind_kwargs(struct render *r, const struct kwarg *vars, size_t n)
{
    struct tval small[8], *values = n <= 8 ? small : render_alloc(r, n * sizeof *values);
    for (size_t i = 0; i < n; i++)
        if (expr_eval(vars[i].value, r, false, &values[i]) < 0)
            return -1;
    context_push(r);
    for (size_t i = 0; i < n; i++)
        context_bind(r, vars[i].name, values[i]);
    return 0;
}

static int with_render(const struct node *node, struct render *r)
{
    const struct with_node *n = (const struct with_node *)node;
    if (bind_kwargs(r, n->vars, n->nvars) < 0)
        return -1;
    int status = nodelist_render(&n->body, r);
    context_pop(r);
    return status;
}

static const struct node_ops with_ops = {.name = "with", .render = with_render};

TAG_FN(with)
{
    struct with_node *n = parser_node(p, t, &with_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits), i = 1;
    (void)tag;
    if (parser_kwargs(p, t, bits, count, &i, true, &n->vars, &n->nvars) < 0)
        return -1;
    if (n->nvars == 0)
        return parser_fail(p, t, "%s expected at least one variable assignment",
                           str_repr(p, bits[0]));
    if (i < count)
        return parser_fail(p, t, "%s received an invalid token: %s", str_repr(p, bits[0]),
                           str_repr(p, bits[i]));
    *out = &n->node;
    return parser_body(p, "endwith", &n->body);
}

/* ---- comment, load, templatetag ---- */

TAG_FN(comment)
{
    (void)tag;
    (void)out;
    return parser_skip_past(p, t, "endcomment");
}

static const struct library *find_library(struct parser *p, const struct token *t, struct str name)
{
    const struct template_options *o = &p->engine->options;
    struct err err = {0};
    const struct library *l = NULL;
    if (o->ops->library)
        l = o->ops->library(o->host, name, &err);
    if (!l && (err.code == ERR_OK || err.code == ERR_NOT_FOUND))
        l = template_library(name);
    if (l)
        return l;
    if (err.code == ERR_SCRIPT)
        parser_fail_host(p, t, str_from(err.msg));
    else if (err.msg[0])
        parser_fail(p, t, "%s", err.msg);
    else
        parser_fail(p, t, "'%.*s' is not a registered tag library.", STR_ARG(name));
    return NULL;
}

/* {% load a b from library %} */
static int load_from(struct parser *p, const struct token *t, const struct str *names, size_t n,
                     struct str label)
{
    const struct library *from = find_library(p, t, label);
    if (!from)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!parser_pick(p, from, names[i]))
            return parser_fail(p, t, "'%.*s' is not a valid tag or filter in tag library '%.*s'",
                               STR_ARG(names[i]), STR_ARG(label));
    return 0;
}

TAG_FN(load)
{
    struct str *words;
    size_t n = token_words(p, t, &words);
    (void)tag;
    (void)out;
    if (n >= 4 && str_eq(words[n - 2], STR("from")))
        return load_from(p, t, words + 1, n - 3, words[n - 1]);
    for (size_t i = 1; i < n; i++) {
        const struct library *l = find_library(p, t, words[i]);
        if (!l)
            return -1;
        parser_add_library(p, l);
    }
    return 0;
}

TAG_FN(templatetag)
{
    static const struct {
        const char *name, *text;
    } pieces[] = {
        {"openblock", "{%"}, {"closeblock", "%}"}, {"openvariable", "{{"}, {"closevariable", "}}"},
        {"openbrace", "{"},  {"closebrace", "}"},  {"opencomment", "{#"},  {"closecomment", "#}"},
    };
    struct str *words;
    size_t n = token_words(p, t, &words);
    (void)tag;
    if (n != 2)
        return parser_fail(p, t, "'templatetag' statement takes one argument");
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (str_eq(words[1], str_from(pieces[i].name))) {
            struct text_node *text = parser_node(p, t, &text_node_ops, sizeof *text);
            text->text = str_from(pieces[i].text);
            *out = &text->node;
            return 0;
        }
    return parser_fail(p, t,
                       "Invalid templatetag argument: '%.*s'. Must be one of: ['openblock', "
                       "'closeblock', 'openvariable', 'closevariable', 'openbrace', "
                       "'closebrace', 'opencomment', 'closecomment']",
                       STR_ARG(words[1]));
}
