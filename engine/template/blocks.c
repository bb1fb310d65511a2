/* SPDX-License-Identifier: MIT */
/* {% extends %} and {% block %}.
 *
 * A frame (one template, and what it extends) has the blocks of each template as a level, the
 * innermost child first.  Rendering a block takes the first level that has its name; what it
 * overrides is looked for behind that, while it is being rendered. */
#include "template/impl.h"

struct extends_node {
    struct node node;
    struct expr *parent;
};

/* ---- finding blocks ---- */

static const struct block_node *table_find(const struct block_table *table, const struct name *name)
{
    size_t low = 0, high = table->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct block_node *b = table->items[middle];
        if (b->name == name)
            return b;
        if (b->name->id < name->id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The block that is next in turn for a name, and the levels behind it. */
static const struct block_node *next_block(const struct render_frame *f, const struct name *name,
                                           const struct block_level **behind)
{
    const struct block_level *level = f->levels;
    for (const struct block_active *a = f->active; a; a = a->outer)
        if (a->name == name) {
            level = a->next;
            break;
        }
    for (; level; level = level->next) {
        const struct block_node *b = table_find(level->blocks, name);
        if (b) {
            *behind = level->next;
            return b;
        }
    }
    *behind = NULL;
    return NULL;
}

/* ---- block ---- */

static int render_body(struct render *r, const struct block_node *b, bool in_context)
{
    struct block_scope scope = {b, in_context};
    struct template *around = r->template;
    const struct node *node = r->node;
    context_push(r);
    context_bind(r, engine_fixed(r->engine, NAME_BLOCK),
                 (struct tval){.type = TVAL_BLOCK, .u.block = &scope});
    r->template = b->template;
    int status = nodelist_render(&b->body, r);
    r->template = around;
    r->node = node;
    context_pop(r);
    if (status < 0 && around != b->template)
        render_trail(r, around, node);
    return status;
}

static int block_render_for(struct render *r, const struct block_node *self)
{
    struct render_frame *f = r->frame;
    struct block_active active = {.name = self->name, .outer = f->active};
    if (!f->levels)
        return render_body(r, self, false);
    const struct block_node *b = next_block(f, self->name, &active.next);
    f->active = &active;
    int status = render_body(r, b ? b : self, true);
    f->active = active.outer;
    return status;
}

static int block_render(const struct node *n, struct render *r)
{
    return block_render_for(r, (const struct block_node *)n);
}

int block_super(struct render *r, const struct block_scope *s, struct tval *out)
{
    const struct block_level *behind;
    size_t start = r->out->n;
    if (!s->in_context)
        return render_fail(r, "TemplateSyntaxError",
                           "'BlockNode' object has no attribute 'context'. Did you use {{ "
                           "block.super }} in a base template?");
    *out = tval_safe(STR(""));
    if (!next_block(r->frame, s->block->name, &behind))
        return 0;
    if (block_render_for(r, s->block) < 0) {
        buf_cut(r->out, start);
        return -1;
    }
    *out = render_cut_output(r, start, true);
    return 0;
}

static const struct node_ops block_ops = {.name = "block", .render = block_render};

TAG_FN(block)
{
    struct str *words, allowed[2];
    size_t n = token_words(p, t, &words);
    (void)tag;
    if (n != 2)
        return parser_fail(p, t, "'%.*s' tag takes only one argument", STR_ARG(words[0]));
    if (parser_get(p, "block", words[1]))
        return parser_fail(p, t, "'%.*s' tag with name '%.*s' appears more than once",
                           STR_ARG(words[0]), STR_ARG(words[1]));
    struct block_node *b = parser_node(p, t, &block_ops, sizeof *b);
    b->name = parser_name(p, words[1]);
    b->template = p->template;
    parser_put(p, "block", words[1], b);
    if (parser_parse(p, "endblock", &b->body) < 0)
        return -1;
    const struct token *end = parser_next(p);
    allowed[0] = STR("endblock");
    allowed[1] = str_from(arena_printf(parser_arena(p), "endblock %.*s", STR_ARG(words[1])));
    if (!str_eq(end->contents, allowed[0]) && !str_eq(end->contents, allowed[1]))
        return parser_fail_tag(p, end, allowed[0], allowed, 2);
    vec_push(&p->blocks, b);
    *out = &b->node;
    return 0;
}

/* ---- extends ---- */

static int fail_parent(struct render *r, const struct extends_node *n, struct tval v)
{
    struct buf repr = BUF_INIT;
    if (render_add_repr(r, v, &repr) < 0) {
        buf_release(&repr);
        return -1;
    }
    render_fail(r, "TemplateSyntaxError", "Invalid template name in 'extends' tag: %.*s.%s%.*s%s",
                STR_ARG(buf_str(&repr)), expr_is_computed(n->parent) ? " Got this from the '" : "",
                expr_is_computed(n->parent) ? (int)expr_text(n->parent).n : 0,
                expr_text(n->parent).p, expr_is_computed(n->parent) ? "' variable." : "");
    buf_release(&repr);
    return -1;
}

/* The origins of the templates that have been extended so far, which a template of the same
 * name must not have. */
static size_t history(struct render *r, struct str *out, size_t max)
{
    size_t n = 0;
    for (const struct extends_origin *o = r->frame->history; o && n < max; o = o->next)
        out[n++] = o->origin;
    return n;
}

static bool has_origin(const struct str *list, size_t n, struct str origin)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], origin))
            return true;
    return false;
}

static struct template *find_parent(struct render *r, struct str name)
{
    struct str skip[TEMPLATE_TRAIL_MAX * 8];
    struct template_error err;
    size_t n = history(r, skip, sizeof skip / sizeof *skip);
    unsigned serial = r->frame->serial;
    template_error_init(&err);
    struct template *t = engine_get(r->engine, name, serial, &err);
    if (t && has_origin(skip, n, t->origin) && t->origin.n) {
        template_unref(t);
        t = engine_get_skipping(r->engine, name, skip, n, serial, &err);
    }
    if (!t)
        render_fail_compile(r, &err);
    template_error_release(&err);
    return t;
}

/* A reference. */
static struct template *get_parent(const struct extends_node *n, struct render *r)
{
    struct tval v;
    bool truth;
    if (expr_eval(n->parent, r, false, &v) < 0)
        return NULL;
    if (v.type == TVAL_OBJECT) {
        struct template *t = r->ops->as_template ? r->ops->as_template(r, v) : NULL;
        if (t)
            return template_ref(t);
    }
    if (render_truth(r, v, &truth) < 0)
        return NULL;
    if (!truth) {
        fail_parent(r, n, v);
        return NULL;
    }
    if (!tval_is_str(v) && render_str(r, v, &v) < 0)
        return NULL;
    return find_parent(r, tval_text(v));
}

static int render_parent(struct render *r, struct template *parent, struct block_level *behind)
{
    struct render_frame *f = r->frame;
    struct template *child = r->template;
    const struct node *node = r->node;
    struct block_level root = {.blocks = &parent->blocks};
    struct extends_origin origin = {parent->origin, f->history};
    if (!parent->extends)
        behind->next = &root;
    f->last = parent->extends ? behind : &root;
    f->history = &origin;
    r->template = parent;
    int status = nodelist_render(&parent->nodes, r);
    f->history = origin.next;
    behind->next = NULL;
    r->template = child;
    r->node = node;
    return status;
}

static int extends_render(const struct node *n, struct render *r)
{
    struct render_frame *f = r->frame;
    struct block_level level = {.blocks = &r->template->blocks}, *last = f->last;
    struct extends_origin first = {r->template->origin, NULL};
    if (!f->history)
        f->history = &first;
    if (r->depth >= r->engine->options.max_depth) {
        render_fail(r, "RecursionError", "Templates extend one another more than %u deep.",
                    r->depth);
        r->error.final = true;
        return -1;
    }
    struct template *parent = get_parent((const struct extends_node *)n, r);
    int status = -1;
    if (parent) {
        if (last)
            last->next = &level;
        else
            f->levels = &level;
        r->depth++;
        status = render_parent(r, parent, &level);
        r->depth--;
        if (status < 0)
            render_trail(r, r->template, n);
        template_unref(parent);
        if (last)
            last->next = NULL;
        else
            f->levels = NULL;
        f->last = last;
    }
    if (f->history == &first)
        f->history = NULL;
    return status;
}

const struct node_ops extends_node_ops = {.name = "extends", .render = extends_render};

TAG_FN(extends)
{
    struct str *bits;
    struct nodelist rest;
    size_t n = token_split(p, t, &bits);
    (void)tag;
    if (n != 2)
        return parser_fail(p, t, "'%.*s' takes one argument", STR_ARG(bits[0]));
    struct extends_node *e = parser_node(p, t, &extends_node_ops, sizeof *e);
    if (parser_relative_path(p, t, &bits[1], false) < 0)
        return -1;
    e->parent = parser_expr(p, t, bits[1]);
    if (!e->parent || parser_parse_words(p, NULL, 0, &rest) < 0)
        return -1;
    if (p->template->extends)
        return parser_fail(p, t, "'%.*s' cannot appear more than once in the same template",
                           STR_ARG(bits[0]));
    p->template->extends = e;
    *out = &e->node;
    return 0;
}
