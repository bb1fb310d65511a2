/* SPDX-License-Identifier: MIT */
/* Tags that compute something: regroup, widthratio, now. */
#include "template/impl.h"

#include "value/numtext.h"

#include <math.h>

/* ---- regroup ---- */

struct regroup_node {
    struct node node;
    struct expr *target, *key; /* key: "var.attribute", with the item in var */
    const struct name *var;
};

struct groups {         /* being made */
    struct tval *items; /* all items */
    struct tlist *lists;
    struct tval *pairs; /* key and list of each group */
    struct tlist *groups;
    struct tval *values; /* what the variable holds: the groups */
    size_t n;
};

static int group_items(const struct regroup_node *n, struct render *r, struct tseq *seq,
                       struct groups *g, size_t slot)
{
    struct tval key;
    enum tval_order order;
    for (size_t i = 0; i < seq->n; i++) {
        if (render_check(r) < 0 || render_item(r, seq, i, &g->items[i]) < 0)
            return -1;
        context_slot_set(r, slot, g->items[i]);
        if (expr_eval(n->key, r, true, &key) < 0)
            return -1;
        order = TVAL_UNORDERED;
        if (g->n && render_compare(r, g->pairs[(g->n - 1) * 2], key, &order) < 0)
            return -1;
        if (order != TVAL_EQUAL) {
            g->pairs[g->n * 2] = key;
            g->lists[g->n] = (struct tlist){.items = &g->items[i]};
            g->n++;
        }
        g->lists[g->n - 1].n++;
    }
    return 0;
}

static struct tval groups_list(struct render *r, struct groups *g)
{
    struct tlist *all = render_alloc(r, sizeof *all);
    for (size_t i = 0; i < g->n; i++) {
        g->pairs[i * 2 + 1] = tval_list(&g->lists[i]);
        g->groups[i] = (struct tlist){.n = 2, .items = &g->pairs[i * 2], .group = true};
        g->values[i] = tval_list(&g->groups[i]);
    }
    *all = (struct tlist){.n = g->n, .items = g->values};
    return tval_list(all);
}

static int regroup_render(const struct node *node, struct render *r)
{
    const struct regroup_node *n = (const struct regroup_node *)node;
    struct tseq seq = {0};
    struct groups g = {0};
    struct tval v;
    if (expr_eval(n->target, r, true, &v) < 0)
        return -1;
    int status = v.type == TVAL_NONE ? 0 : render_sequence(r, v, &seq);
    if (status < 0)
        return -1;
    if (status > 0)
        return render_fail(r, "TypeError", "'%s' object is not iterable", tval_type_name(v));
    g.items = render_alloc(r, (seq.n + 1) * sizeof *g.items);
    g.lists = render_alloc(r, (seq.n + 1) * sizeof *g.lists);
    g.pairs = render_alloc(r, (seq.n + 1) * 2 * sizeof *g.pairs);
    context_push(r);
    status = group_items(n, r, &seq, &g, context_slot(r, n->var, tval_none()));
    context_pop(r);
    if (status < 0)
        return -1;
    g.groups = render_alloc(r, (g.n + 1) * sizeof *g.groups);
    g.values = render_alloc(r, (g.n + 1) * sizeof *g.values);
    return context_set(r, n->var, groups_list(r, &g));
}

static const struct node_ops regroup_ops = {.name = "regroup", .render = regroup_render};

TAG_FN(regroup)
{
    struct regroup_node *n = parser_node(p, t, &regroup_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    if (count != 6)
        return parser_fail(p, t, "'regroup' tag takes five arguments");
    n->target = parser_expr(p, t, bits[1]);
    if (!n->target)
        return -1;
    if (!str_eq(bits[2], STR("by")))
        return parser_fail(p, t, "second argument to 'regroup' tag must be 'by'");
    if (!str_eq(bits[4], STR("as")))
        return parser_fail(p, t, "next-to-last argument to 'regroup' tag must be 'as'");
    n->var = parser_name(p, bits[5]);
    n->key = parser_expr(
        p, t,
        str_from(arena_printf(parser_arena(p), "%.*s.%.*s", STR_ARG(bits[5]), STR_ARG(bits[3]))));
    *out = &n->node;
    return n->key ? 0 : -1;
}

/* ---- widthratio ---- */

struct widthratio_node {
    struct node node;
    struct expr *value, *max, *width;
    const struct name *as;
};

int value_double(struct tval v, double *out)
{
    switch ((enum tval_type)v.type) {
    case TVAL_BOOL:
        *out = v.u.b;
        return 0;
    case TVAL_INT:
        *out = (double)v.u.i;
        return 0;
    case TVAL_DOUBLE:
        *out = v.u.d;
        return 0;
    case TVAL_DECIMAL:
        return decimal_to_double(v.u.decimal, out, NULL) < 0 ? 1 : 0;
    case TVAL_STR:
        return numtext_double(tval_text(v), out) == NUMTEXT_NUMBER ? 0 : 1;
    default:
        return 1;
    }
}

int value_int(struct tval v, int64_t *out)
{
    double d;
    if (v.type == TVAL_STR)
        return numtext_int(tval_text(v), out) == NUMTEXT_NUMBER ? 0 : 1;
    if (v.type == TVAL_INT) {
        *out = v.u.i;
        return 0;
    }
    if (value_double(v, &d) > 0 || !(fabs(d) < 9.2e18))
        return 1;
    *out = (int64_t)d;
    return 0;
}

/* str(round(ratio)); "" when that cannot be. */
static struct str ratio_text(struct render *r, double value, double max, int64_t width)
{
    struct decimal exact;
    char text[DECIMAL_TEXT_MAX];
    if (max == 0)
        return STR("0");
    double ratio = nearbyint(value / max * (double)width); /* half to even */
    if (!isfinite(ratio) || decimal_from_double(&exact, ratio == 0 ? 0 : ratio, NULL) < 0)
        return STR("");
    return render_copy(r, str_make(text, decimal_write_fixed(&exact, text)));
}

static int widthratio_render(const struct node *node, struct render *r)
{
    const struct widthratio_node *n = (const struct widthratio_node *)node;
    struct tval value, max, width;
    double x, y;
    int64_t w;
    struct str text = STR("");
    if (expr_eval(n->value, r, false, &value) < 0 || expr_eval(n->max, r, false, &max) < 0 ||
        expr_eval(n->width, r, false, &width) < 0)
        return -1;
    if (value_int(width, &w) > 0)
        return render_fail(r, "TemplateSyntaxError", "widthratio final argument must be a number");
    if (value_double(value, &x) == 0 && value_double(max, &y) == 0)
        text = ratio_text(r, x, y, w);
    if (n->as)
        return context_set(r, n->as, tval_str(text));
    buf_addstr(r->out, text);
    return 0;
}

static const struct node_ops widthratio_ops = {.name = "widthratio", .render = widthratio_render};

TAG_FN(widthratio)
{
    struct widthratio_node *n = parser_node(p, t, &widthratio_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    if (count != 4 && count != 6)
        return parser_fail(p, t, "widthratio takes at least three arguments");
    if (count == 6 && !str_eq(bits[4], STR("as")))
        return parser_fail(p, t, "Invalid syntax in widthratio tag. Expecting 'as' keyword");
    if (count == 6)
        n->as = parser_name(p, bits[5]);
    *out = &n->node;
    return (n->value = parser_expr(p, t, bits[1])) && (n->max = parser_expr(p, t, bits[2])) &&
                   (n->width = parser_expr(p, t, bits[3]))
               ? 0
               : -1;
}

/* ---- now ---- */

struct now_node {
    struct node node;
    struct str format;
    const struct name *as;
};

static void present(struct render *r, struct moment *m)
{
    struct tz zone = r->use_tz ? r->zone : r->default_zone;
    struct datetime utc;
    r->ops->now(r, &utc);
    m->kind = MOMENT_DATETIME;
    if (datetime_astimezone(&utc, zone, &m->value, NULL) < 0)
        m->value = utc;
    if (!r->use_tz)
        m->value.tz = tz_none();
}

static int now_render(const struct node *node, struct render *r)
{
    const struct now_node *n = (const struct now_node *)node;
    size_t start = r->out->n;
    struct moment m;
    present(r, &m);
    moment_add(r, r->out, n->format.n ? n->format : STR("DATE_FORMAT"), &m);
    return n->as ? context_set(r, n->as, render_cut_output(r, start, false)) : 0;
}

static const struct node_ops now_ops = {.name = "now", .render = now_render};

TAG_FN(now)
{
    struct now_node *n = parser_node(p, t, &now_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    if (count == 4 && str_eq(bits[2], STR("as"))) {
        n->as = parser_name(p, bits[3]);
        count = 2;
    }
    if (count != 2)
        return parser_fail(p, t, "'now' statement takes one argument");
    if (bits[1].n > 2)
        n->format = str_make(bits[1].p + 1, bits[1].n - 2);
    *out = &n->node;
    return 0;
}
