/* SPDX-License-Identifier: MIT */
/* {% if %} and {% for %}. */
#include "template/cond.h"

/* ---- if ---- */

struct branch {
    struct cond *cond; /* NULL: else */
    struct nodelist body;
    struct branch *next;
};

struct if_node {
    struct node node;
    struct branch *branches;
};

static int if_render(const struct node *n, struct render *r)
{
    const struct branch *b = ((const struct if_node *)n)->branches;
    for (bool match = true; b; b = b->next) {
        if (b->cond && cond_eval(b->cond, r, &match) < 0)
            return -1;
        if (match || !b->cond)
            return nodelist_render(&b->body, r);
    }
    return 0;
}

static const struct node_ops if_ops = {.name = "if", .render = if_render};

/* The branch that token t opens, and the token behind it. */
static struct branch *parse_branch(struct parser *p, const struct token *t, bool is_else)
{
    struct branch *b = arena_zalloc(parser_arena(p), sizeof *b);
    struct str *bits;
    if (!is_else) {
        size_t n = token_split(p, t, &bits);
        b->cond = cond_parse(p, t, bits + 1, n - 1);
        if (!b->cond)
            return NULL;
    }
    return parser_parse(p, is_else ? "endif" : "elif else endif", &b->body) < 0 ? NULL : b;
}

TAG_FN(if)
{
    struct if_node *n = parser_node(p, t, &if_ops, sizeof *n);
    struct branch **at = &n->branches;
    const struct token *next = t;
    (void)tag;
    *out = &n->node;
    do {
        if (!(*at = parse_branch(p, next, false)))
            return -1;
        at = &(*at)->next;
        next = parser_next(p);
    } while (str_starts(next->contents, STR("elif")));
    if (token_is(next, "else")) {
        if (!(*at = parse_branch(p, next, true)))
            return -1;
        next = parser_next(p);
    }
    if (!token_is(next, "endif"))
        return parser_fail(p, next, "Malformed template tag at line %u: \"%.*s\"", next->line,
                           STR_ARG(next->contents));
    return 0;
}

/* ---- for ---- */

struct for_node {
    struct node node;
    const struct name **vars;
    size_t nvars;
    struct expr *sequence;
    bool reversed;
    struct nodelist body, empty;
};

struct for_loop { /* a rendering of one */
    struct render_loop loop;
    struct tseq items;
    size_t slot; /* of the only variable */
};

static int fail_unpack(struct render *r, size_t want, size_t got)
{
    return render_fail(r, "ValueError", "Need %zu values to unpack in for loop; got %zu. ", want,
                       got);
}

/* Binds {% for a, b in … %} in a scope of their own. */
static int unpack(const struct for_node *n, struct render *r, struct tval item)
{
    struct tseq parts;
    int64_t len = 1;
    int status = render_length(r, item, &len);
    if (status < 0)
        return -1;
    if (status > 0 || (size_t)len != n->nvars)
        return fail_unpack(r, n->nvars, status > 0 ? 1 : (size_t)len);
    status = render_sequence(r, item, &parts);
    if (status < 0)
        return -1;
    if (status > 0 || parts.n < n->nvars)
        return fail_unpack(r, n->nvars, status > 0 ? 1 : parts.n);
    context_push(r);
    for (size_t i = 0; i < n->nvars; i++) {
        struct tval part;
        if (render_item(r, &parts, i, &part) < 0) {
            context_pop(r);
            return -1;
        }
        context_bind(r, n->vars[i], part);
    }
    return 0;
}

static int render_turn(const struct for_node *n, struct render *r, struct for_loop *l, size_t i)
{
    struct tval item;
    r->node = &n->node;
    l->loop.index = i;
    if (render_item(r, &l->items, n->reversed ? l->loop.n - 1 - i : i, &item) < 0)
        return -1;
    if (n->nvars == 1) {
        context_slot_set(r, l->slot, item);
        return nodelist_render(&n->body, r);
    }
    if (unpack(n, r, item) < 0)
        return -1;
    int status = nodelist_render(&n->body, r);
    context_pop(r);
    return status;
}

static int render_turns(const struct for_node *n, struct render *r, struct for_loop *l)
{
    struct render_mark m = render_mark(r);
    int status = 0;
    for (size_t i = 0; i < l->loop.n && status == 0; i++) {
        status = render_check(r);
        if (status == 0)
            status = render_turn(n, r, l, i);
        render_reset(r, m);
    }
    return status;
}

static int loop_over(const struct for_node *n, struct render *r, struct for_loop *l)
{
    struct tval outer;
    const struct name *forloop = engine_fixed(r->engine, NAME_FORLOOP);
    if (context_get(r, forloop, &outer) < 0)
        return -1;
    l->loop.n = l->items.n;
    l->loop.parent = outer.type == TVAL_LOOP ? outer.u.loop : NULL;
    context_bind(r, forloop, (struct tval){.type = TVAL_LOOP, .u.loop = &l->loop});
    if (n->nvars == 1)
        l->slot = context_slot(r, n->vars[0], tval_none());
    int status = render_turns(n, r, l);
    states_free(r, l->loop.states);
    return status;
}

static int for_render(const struct node *node, struct render *r)
{
    const struct for_node *n = (const struct for_node *)node;
    struct for_loop l = {.slot = 0};
    struct tval v;
    if (expr_eval(n->sequence, r, true, &v) < 0)
        return -1;
    int status = v.type == TVAL_NONE ? 0 : render_sequence(r, v, &l.items);
    if (status < 0)
        return -1;
    if (status > 0)
        return render_fail(r, "TypeError", "'%s' object is not iterable", tval_type_name(v));
    context_push(r);
    status = l.items.n ? loop_over(n, r, &l) : nodelist_render(&n->empty, r);
    context_pop(r);
    return status;
}

static const struct node_ops for_ops = {.name = "for", .render = for_render};

static int fail_variables(struct parser *p, const struct token *t)
{
    return parser_fail(p, t, "'for' tag received an invalid argument: %.*s", STR_ARG(t->contents));
}

/* "a, b" as names: words that are joined by spaces, then cut at commas. */
static int parse_variables(struct parser *p, const struct token *t, struct str *bits, size_t n,
                           struct for_node *out)
{
    struct buf joined = BUF_INIT;
    struct str rest, var;
    size_t commas = 1;
    int status = 0;
    for (size_t i = 0; i < n; i++) {
        buf_adds(&joined, i ? " " : "");
        buf_addstr(&joined, bits[i]);
    }
    rest = buf_str(&joined);
    for (size_t i = 0; i < rest.n; i++)
        commas += rest.p[i] == ',';
    out->vars = arena_alloc(parser_arena(p), commas * sizeof *out->vars);
    while (status == 0 && str_split(&rest, ',', &var)) {
        var = str_trim(var);
        bool bad = var.n == 0;
        for (size_t i = 0; i < var.n && !bad; i++)
            bad = strchr(" \"'|", var.p[i]) != NULL;
        if (bad)
            status = fail_variables(p, t);
        else
            out->vars[out->nvars++] = parser_name(p, var);
    }
    buf_release(&joined);
    return status;
}

static int parse_for(struct parser *p, const struct token *t, struct for_node *n)
{
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    if (count < 4)
        return parser_fail(p, t, "'for' statements should have at least four words: %.*s",
                           STR_ARG(t->contents));
    n->reversed = str_eq(bits[count - 1], STR("reversed"));
    size_t in = count - (n->reversed ? 3 : 2);
    if (!str_eq(bits[in], STR("in")))
        return parser_fail(p, t, "'for' statements should use the format 'for x in y': %.*s",
                           STR_ARG(t->contents));
    if (parse_variables(p, t, bits + 1, in - 1, n) < 0)
        return -1;
    n->sequence = parser_expr(p, t, bits[in + 1]);
    return n->sequence ? 0 : -1;
}

TAG_FN(for)
{
    struct for_node *n = parser_node(p, t, &for_ops, sizeof *n);
    (void)tag;
    if (parse_for(p, t, n) < 0 || parser_parse(p, "empty endfor", &n->body) < 0)
        return -1;
    if (token_is(parser_next(p), "empty") && parser_body(p, "endfor", &n->empty) < 0)
        return -1;
    *out = &n->node;
    return 0;
}
