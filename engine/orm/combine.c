/* SPDX-License-Identifier: MIT */
/* UNION, INTERSECT, EXCEPT; and conditions on windows, which need a query around. */
#include "orm/query_impl.h"

static const char *const words[] = {" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "};

/* Parts that say nothing themselves select what the first one does. */
static int same_columns(struct query *q, struct query *part)
{
    if (!q->has_selected || part->has_selected)
        return 0;
    struct str *names = arena_alloc(q->c->arena, (q->selected.n + 1) * sizeof *names);
    for (uint32_t i = 0; i < q->selected.n; i++)
        names[i] = q->selected.items[i].name;
    return query_values(part, names, q->selected.n, true);
}

static int emit_part(struct query *q, struct query *part, struct select_plan *plan, bool first)
{
    struct compiler *c = q->c;
    if (same_columns(q, part) < 0)
        return EMIT_ERROR;
    if (part->order_by.n && !c->d->slices_in_combinators)
        return c_fail(c, ERR_DB, "ORDER BY not allowed in subqueries of compound statements.");
    if (part->sliced && !c->d->slices_in_combinators)
        return c_fail(c, ERR_DB, "LIMIT/OFFSET not allowed in subqueries of compound statements.");
    part->no_default_order = true;
    struct emit_mark m = emit_mark(c);
    emit_text(c, first ? "" : words[q->combinator]);
    if (part->combined)
        emit_text(c, "SELECT * FROM (");
    int r = emit_select(part, plan, true, false, false);
    if (part->combined)
        emit_text(c, ")");
    if (r != EMIT_OK)
        emit_rollback(c, m);
    return r;
}

int emit_combined(struct query *q, struct select_plan *plan, bool keep_empty)
{
    struct compiler *c = q->c;
    uint32_t written = 0;
    (void)plan;
    for (uint32_t i = 0; i < q->parts.n; i++) {
        struct select_plan part = {0};
        int r = emit_part(q, q->parts.items[i], &part, written == 0);
        if (r == EMIT_ERROR)
            return r;
        if (r == EMIT_OK) {
            written++;
            continue;
        }
        bool skip =
            q->combinator <= CODE_UNION_ALL || (q->combinator == CODE_DIFFERENCE && written);
        if (!skip)
            return EMIT_EMPTY;
    }
    (void)c;
    (void)keep_empty;
    return written ? EMIT_OK : EMIT_EMPTY;
}

/* ---- windows ---- */

struct qualified {
    struct query *q;
    struct select_plan *plan;
    struct expr *from[64], *to[64];
    uint32_t n, hidden;
};

static struct expr *ref_to(struct compiler *c, struct str name, struct expr *e)
{
    struct expr *ref = expr_new(c, E_REF, 0);
    ref->ref.name = name;
    ref->ref.to = e;
    ref->type = e->type;
    return ref;
}

/* Every expression of the condition that is selected is named; the others are selected
 * under names of their own. */
static int name_parts(struct qualified *x, struct expr *e)
{
    struct compiler *c = x->q->c;
    if (!e || e->kind == E_VALUE || e->kind == E_LITERAL || e->kind == E_NUMBER ||
        e->kind == E_TEXT)
        return 0;
    for (uint32_t i = 0; i < x->n; i++)
        if (expr_equal(x->from[i], e))
            return 0;
    if (x->n == 64)
        return c_fail(c, ERR_UNSUPPORTED, "a condition on windows has more than 64 parts");
    for (uint32_t i = 0; i < x->plan->columns.n; i++) {
        struct out_column *col = &x->plan->columns.items[i];
        if (!expr_equal(col->expr, e))
            continue;
        x->from[x->n] = e;
        x->to[x->n++] = ref_to(c, col->alias, e);
        return 0;
    }
    if (e->kind == E_LOOKUP || e->kind == E_WHERE || e->kind == E_LIST || e->kind == E_ORDER) {
        for (uint32_t i = 0; i < e->n; i++)
            if (name_parts(x, e->args[i]) < 0)
                return -1;
        return 0;
    }
    if (e->kind == E_REF || e->kind == E_POSITION)
        return 0;
    struct str name = c_printf(c, "qual%u", x->hidden++);
    query_annotate(x->q, name, e, true);
    x->from[x->n] = e;
    x->to[x->n++] = ref_to(c, name, e);
    return 0;
}

/* SELECT * FROM (…) "qualify" WHERE rank = 1 */
int emit_qualify(struct query *q, struct select_plan *plan, struct expr *where, struct expr *having,
                 struct expr *qualify, bool keep_empty)
{
    struct compiler *c = q->c;
    struct query *inner = c_alloc(c, sizeof *inner);
    *inner = *q;
    inner->subquery = true;
    inner->sliced = false;
    inner->annotations.items = list_grow(c->arena, q->annotations.items, q->annotations.n,
                                         &inner->annotations.cap, sizeof *q->annotations.items);
    inner->selected.cap = inner->selected.n; /* grows into memory of its own */
    inner->where = where_new(c, CODE_AND, false);
    if (where)
        where_add(c, inner->where, where, CODE_AND);
    if (having)
        where_add(c, inner->where, having, CODE_AND);
    struct select_plan named = {0};
    struct emit_mark m = emit_mark(c);
    if (plan_columns(inner, &named, true) < 0)
        return EMIT_ERROR;
    emit_rollback(c, m);
    for (uint32_t i = 0; i < plan->columns.n && i < named.columns.n; i++)
        plan->columns.items[i].alias = named.columns.items[i].alias;
    struct qualified x = {.q = inner, .plan = &named};
    out_orders order = {0};
    bool meta;
    if (name_parts(&x, qualify) < 0 || plan_order(q, plan, &order, &meta) < 0)
        return EMIT_ERROR;
    for (uint32_t i = 0; i < order.n; i++) {
        struct expr *of = order.items[i].expr->args[0];
        if (of->kind == E_POSITION)
            of = of->ref.to;
        order.items[i].expr = expr_order(c, of, order.items[i].expr->op);
        if (name_parts(&x, of) < 0)
            return EMIT_ERROR;
    }
    if (x.hidden) {
        for (uint32_t i = 0; i < named.columns.n; i++) {
            emit_text(c, i ? ", " : "SELECT ");
            dialect_quote(c->out, named.columns.items[i].alias);
        }
        emit_text(c, " FROM ( ");
    }
    emit_text(c, "SELECT * FROM ( ");
    struct select_plan again = {0};
    int r = emit_select(inner, &again, true, true, keep_empty);
    if (r != EMIT_OK)
        return r;
    emit_text(c, " ) \"qualify\" WHERE ");
    r = emit(c, expr_replace(c, qualify, x.from, x.to, x.n));
    if (r != EMIT_OK)
        return r;
    if (x.hidden)
        emit_text(c, " ) \"qualify_mask\"");
    for (uint32_t i = 0; i < order.n; i++) {
        emit_text(c, i ? ", " : " ORDER BY ");
        r = emit(c, expr_replace(c, order.items[i].expr, x.from, x.to, x.n));
        if (r != EMIT_OK)
            return r;
    }
    return EMIT_OK;
}
