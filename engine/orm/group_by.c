/* SPDX-License-Identifier: MIT */
/* GROUP BY: what is asked for, and what the other clauses need on top of it. */
#include "orm/query_impl.h"

static bool owns(const struct query *q, const struct alias *a)
{
    return a->index < q->aliases.n && q->aliases.items[a->index] == a;
}

struct externals {
    const struct query *inner;
    LIST(struct expr *) list;
    bool multivalued;
};

static void find_external(struct compiler *c, struct expr *e, struct externals *x);

static void find_external_query(struct compiler *c, struct query *q, struct externals *x)
{
    find_external(c, q->where, x);
    for (uint32_t i = 0; i < q->annotations.n; i++)
        find_external(c, q->annotations.items[i].expr, x);
}

/* Columns of the query around that a subquery uses. */
static void find_external(struct compiler *c, struct expr *e, struct externals *x)
{
    if (!e)
        return;
    if (e->kind == E_COLUMN) {
        if (!owns(x->inner, e->col.alias)) {
            *list_add(c, &x->list) = e;
            x->multivalued |= e->col.multivalued;
        }
        return;
    }
    if (e->kind == E_SUBQUERY || e->kind == E_EXISTS) {
        find_external_query(c, e->query, x);
        return;
    }
    for (uint32_t i = 0; i < e->n; i++)
        find_external(c, e->args[i], x);
}

void group_columns(struct compiler *c, struct expr *e, void (*add)(void *, struct expr *),
                   void *data)
{
    if (!e)
        return;
    switch ((enum expr_kind)e->kind) {
    case E_VALUE:
    case E_TEXT:
    case E_NUMBER:
    case E_LITERAL:
    case E_AGGREGATE:
    case E_STAR:
    case E_NOTHING:
        return;
    case E_COLUMN:
    case E_REF:
    case E_RAW:
        add(data, e);
        return;
    case E_SUBQUERY:
    case E_EXISTS: {
        struct externals x = {.inner = e->query};
        find_external_query(c, e->query, &x);
        if (x.multivalued)
            add(data, e);
        for (uint32_t i = 0; !x.multivalued && i < x.list.n; i++)
            add(data, x.list.items[i]);
        return;
    }
    case E_WINDOW:
        for (uint32_t i = 1; i < e->n; i++)
            group_columns(c, e->args[i], add, data);
        return;
    case E_ORDER:
    case E_LOOKUP:
    case E_WHERE:
    case E_LIST:
    case E_WRAPPER:
        break;
    default:
        if (!(e->flags & EF_AGGREGATE) &&
            !(e->kind == E_FUNCTION && strcmp(e->fn.fn->name, "Random") == 0)) {
            add(data, e);
            return;
        }
    }
    for (uint32_t i = 0; i < e->n; i++)
        group_columns(c, e->args[i], add, data);
}

struct grouping_list {
    struct compiler *c;
    LIST(struct expr *) list;
};

static void collect(void *data, struct expr *e)
{
    struct grouping_list *g = data;
    *list_add(g->c, &g->list) = e;
}

static uint32_t position(const struct select_plan *plan, const struct expr *e)
{
    uint32_t found = 0; /* the last one, as in a dictionary */
    for (uint32_t i = 0; i < plan->columns.n; i++)
        if (plan->columns.items[i].alias.n && expr_equal(plan->columns.items[i].expr, e))
            found = i + 1;
    return found;
}

static bool grouped_by_name(const struct query *q, struct str alias)
{
    for (uint32_t i = 0; q->grouping == GROUP_LIST && alias.n && i < q->group_by.n; i++)
        if (q->group_by.items[i]->kind == E_REF && str_eq(q->group_by.items[i]->ref.name, alias))
            return true;
    return false;
}

int plan_group(struct query *q, struct select_plan *plan, struct out_column *extra,
               uint32_t n_extra, out_orders *order, bool meta_order, struct expr *having,
               pieces *out)
{
    struct compiler *c = q->c;
    struct grouping_list g = {.c = c};
    for (uint32_t i = 0; q->grouping == GROUP_LIST && i < q->group_by.n; i++) {
        struct expr *e = q->group_by.items[i];
        collect(&g, e->kind == E_REF ? e->ref.to : e);
    }
    for (uint32_t i = 0; i < plan->columns.n; i++)
        if (!grouped_by_name(q, plan->columns.items[i].alias))
            group_columns(c, plan->columns.items[i].expr, collect, &g);
    for (uint32_t i = 0; i < n_extra; i++)
        group_columns(c, extra[i].expr, collect, &g);
    for (uint32_t i = 0; !meta_order && i < order->n; i++)
        if (!order->items[i].is_ref)
            group_columns(c, order->items[i].expr, collect, &g);
    group_columns(c, having, collect, &g);
    for (uint32_t i = 0; i < g.list.n; i++) {
        struct emit_mark m = emit_mark(c);
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = expr_equal(g.list.items[k], g.list.items[i]);
        if (seen)
            continue;
        uint32_t at = position(plan, g.list.items[i]);
        int r = EMIT_OK;
        if (at)
            buf_addint(c->out, at);
        else
            r = emit(c, g.list.items[i]);
        if (r == EMIT_ERROR)
            return -1;
        if (r != EMIT_OK)
            continue;
        *list_add(c, out) = emit_cut(c, m);
    }
    return 0;
}
