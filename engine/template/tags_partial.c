/* SPDX-License-Identifier: MIT */
/* {% partialdef %} and {% partial %} */
#include "template/impl.h"

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
