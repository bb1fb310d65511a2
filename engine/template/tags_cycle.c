/* SPDX-License-Identifier: MIT */
/* Tags with a memory: cycle, resetcycle, ifchanged; and firstof. */
#include "template/impl.h"

struct exprs {
    struct expr **items;
    size_t n;
};

static int parse_exprs(struct parser *p, const struct token *t, const struct str *bits, size_t n,
                       struct exprs *out)
{
    out->items = arena_alloc(parser_arena(p), (n + 1) * sizeof *out->items);
    for (out->n = 0; out->n < n; out->n++)
        if (!(out->items[out->n] = parser_expr(p, t, bits[out->n])))
            return -1;
    return 0;
}

/* ---- cycle ---- */

struct cycle {
    struct exprs values;
    const struct name *name; /* NULL: none */
    bool silent;
};

struct cycle_node { /* several may be of one cycle */
    struct node node;
    const struct cycle *cycle;
};

static int cycle_render(const struct node *node, struct render *r)
{
    const struct cycle *c = ((const struct cycle_node *)node)->cycle;
    size_t *turn = render_state(r, c, sizeof *turn);
    const struct expr *e = c->values.items[*turn];
    struct tval v;
    *turn = (*turn + 1) % c->values.n;
    if (expr_eval(e, r, false, &v) < 0)
        return -1;
    if (c->name && context_set_upward(r, c->name, v) < 0)
        return -1;
    return c->silent ? 0 : render_value(r, v);
}

static const struct node_ops cycle_ops = {.name = "cycle", .render = cycle_render};

static int cycle_use(struct parser *p, const struct token *t, const struct cycle *c,
                     struct node **out)
{
    struct cycle_node *n = parser_node(p, t, &cycle_ops, sizeof *n);
    n->cycle = c;
    *out = &n->node;
    return 0;
}

/* {% cycle name %} */
static int cycle_again(struct parser *p, const struct token *t, struct str name, struct node **out)
{
    const struct cycle *c = parser_get(p, "cycle", name);
    if (c)
        return cycle_use(p, t, c, out);
    if (!parser_get(p, "cycles", STR("")))
        return parser_fail(p, t, "No named cycles in template. '%.*s' is not defined",
                           STR_ARG(name));
    return parser_fail(p, t, "Named cycle '%.*s' does not exist", STR_ARG(name));
}

static int cycle_parse(struct parser *p, const struct token *t, struct cycle *c, struct str *bits,
                       size_t n)
{
    if (n > 4 && str_eq(bits[n - 3], STR("as"))) {
        if (!str_eq(bits[n - 1], STR("silent")))
            return parser_fail(p, t,
                               "Only 'silent' flag is allowed after cycle's name, not '%.*s'.",
                               STR_ARG(bits[n - 1]));
        c->silent = true;
        n--;
    }
    if (c->silent || (n > 4 && str_eq(bits[n - 2], STR("as")))) {
        c->name = parser_name(p, bits[n - 1]);
        n -= 2;
    }
    return parse_exprs(p, t, bits + 1, n - 1, &c->values);
}

TAG_FN(cycle)
{
    struct str *bits;
    size_t n = token_split(p, t, &bits);
    (void)tag;
    if (n < 2)
        return parser_fail(p, t, "'cycle' tag requires at least two arguments");
    if (n == 2)
        return cycle_again(p, t, bits[1], out);
    struct cycle *c = arena_zalloc(parser_arena(p), sizeof *c);
    if (cycle_parse(p, t, c, bits, n) < 0)
        return -1;
    if (c->values.n == 0)
        return parser_fail(p, t, "'cycle' tag requires at least two arguments");
    if (c->name) {
        parser_put(p, "cycle", c->name->text, c);
        parser_put(p, "cycles", STR(""), c);
    }
    parser_put(p, "last cycle", STR(""), c);
    return cycle_use(p, t, c, out);
}

static int resetcycle_render(const struct node *node, struct render *r)
{
    *(size_t *)render_state(r, ((const struct cycle_node *)node)->cycle, sizeof(size_t)) = 0;
    return 0;
}

static const struct node_ops resetcycle_ops = {.name = "resetcycle", .render = resetcycle_render};

TAG_FN(resetcycle)
{
    struct str *bits;
    size_t n = token_split(p, t, &bits);
    const struct cycle *c;
    (void)tag;
    if (n > 2)
        return parser_fail(p, t, "%s tag accepts at most one argument.", str_repr(p, bits[0]));
    c = n == 2 ? parser_get(p, "cycle", bits[1]) : parser_get(p, "last cycle", STR(""));
    if (!c && n == 2)
        return parser_fail(p, t, "Named cycle '%.*s' does not exist.", STR_ARG(bits[1]));
    if (!c)
        return parser_fail(p, t, "No cycles in template.");
    struct cycle_node *reset = parser_node(p, t, &resetcycle_ops, sizeof *reset);
    reset->cycle = c;
    *out = &reset->node;
    return 0;
}

/* ---- ifchanged ---- */

struct ifchanged_node {
    struct node node;
    struct exprs values;
    struct nodelist body, otherwise;
};

struct seen { /* what was there the last time; its values are kept */
    bool any;
    size_t n;
    struct tval *values;
};

static void seen_clear(struct render *r, void *data)
{
    struct seen *s = data;
    for (size_t i = 0; i < s->n; i++)
        value_unkeep(r, s->values[i]);
    free(s->values);
    *s = (struct seen){0};
}

static int seen_set(struct render *r, struct seen *s, const struct tval *values, size_t n)
{
    seen_clear(r, s);
    s->any = true;
    s->values = mem_alloc(mem_mul(n, sizeof *values));
    for (; s->n < n; s->n++) {
        s->values[s->n] = values[s->n];
        if (value_keep(r, &s->values[s->n]) < 0)
            return -1;
    }
    return 0;
}

static int seen_equal(struct render *r, const struct seen *s, const struct tval *values, size_t n,
                      bool *out)
{
    enum tval_order order = TVAL_EQUAL;
    for (size_t i = 0; s->any && i < n && order == TVAL_EQUAL; i++)
        if (render_compare(r, s->values[i], values[i], &order) < 0)
            return -1;
    *out = s->any && order == TVAL_EQUAL;
    return 0;
}

/* In the loop around, so that it begins anew with it, or of the whole template. */
static int ifchanged_state(const struct node *n, struct render *r, struct seen **out)
{
    struct tval loop;
    if (context_get(r, engine_fixed(r->engine, NAME_FORLOOP), &loop) < 0)
        return -1;
    struct render_states **states = &r->frame->states;
    if (loop.type == TVAL_LOOP && loop.u.loop)
        states = &((struct render_loop *)(uintptr_t)loop.u.loop)->states;
    *out = states_get(states, n, sizeof **out);
    states_on_free(states, n, seen_clear);
    return 0;
}

/* Without values it is the output that may have changed. */
static int ifchanged_values(const struct ifchanged_node *n, struct render *r, struct tval *out)
{
    if (n->values.n == 0)
        return nodelist_capture(&n->body, r, out);
    for (size_t i = 0; i < n->values.n; i++)
        if (expr_eval(n->values.items[i], r, true, &out[i]) < 0)
            return -1;
    return 0;
}

static int ifchanged_render(const struct node *node, struct render *r)
{
    const struct ifchanged_node *n = (const struct ifchanged_node *)node;
    size_t count = n->values.n ? n->values.n : 1;
    struct tval *values = render_alloc(r, count * sizeof *values);
    struct seen *seen;
    bool same;
    if (ifchanged_values(n, r, values) < 0 || ifchanged_state(node, r, &seen) < 0 ||
        seen_equal(r, seen, values, count, &same) < 0)
        return -1;
    if (same)
        return nodelist_render(&n->otherwise, r);
    if (seen_set(r, seen, values, count) < 0)
        return -1;
    if (n->values.n == 0 && values[0].n) {
        buf_addstr(r->out, tval_text(values[0]));
        return 0;
    }
    return nodelist_render(&n->body, r);
}

static const struct node_ops ifchanged_ops = {.name = "ifchanged", .render = ifchanged_render};

TAG_FN(ifchanged)
{
    struct ifchanged_node *n = parser_node(p, t, &ifchanged_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    if (parser_parse(p, "else endifchanged", &n->body) < 0)
        return -1;
    if (token_is(parser_next(p), "else") && parser_body(p, "endifchanged", &n->otherwise) < 0)
        return -1;
    *out = &n->node;
    return parse_exprs(p, t, bits + 1, count - 1, &n->values);
}

/* ---- firstof ---- */

struct firstof_node {
    struct node node;
    struct exprs values;
    const struct name *as;
};

static int firstof_find(const struct firstof_node *n, struct render *r, struct tval *out)
{
    bool truth = false;
    for (size_t i = 0; i < n->values.n; i++) {
        if (expr_eval(n->values.items[i], r, true, out) < 0 || render_truth(r, *out, &truth) < 0)
            return -1;
        if (truth)
            return 0;
    }
    *out = tval_str(STR(""));
    return 0;
}

static int firstof_render(const struct node *node, struct render *r)
{
    const struct firstof_node *n = (const struct firstof_node *)node;
    struct tval v;
    if (firstof_find(n, r, &v) < 0)
        return -1;
    if (!n->as)
        return render_value(r, v);
    return render_value_capture(r, v, &v) < 0 ? -1 : context_set(r, n->as, v);
}

static const struct node_ops firstof_ops = {.name = "firstof", .render = firstof_render};

TAG_FN(firstof)
{
    struct firstof_node *n = parser_node(p, t, &firstof_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits) - 1;
    (void)tag;
    bits++;
    if (count == 0)
        return parser_fail(p, t, "'firstof' statement requires at least one argument");
    if (count >= 2 && str_eq(bits[count - 2], STR("as"))) {
        n->as = parser_name(p, bits[count - 1]);
        count -= 2;
    }
    *out = &n->node;
    return parse_exprs(p, t, bits, count, &n->values);
}
