/* SPDX-License-Identifier: MIT */
/* A whole SELECT: its columns, tables and clauses in Django's order. */
#include "orm/query_impl.h"

/* ---- tables ---- */

static int emit_join(struct query *q, struct alias *a)
{
    struct compiler *c = q->c;
    const struct path *p = &a->path;
    const struct field *target = p->fk->rel->target;
    emit_text(c, a->type == JOIN_OUTER ? " LEFT OUTER JOIN " : " INNER JOIN ");
    dialect_quote(c->out, a->table);
    if (!str_eq(a->name, a->table)) {
        emit_text(c, " ");
        dialect_quote(c->out, a->name);
    }
    emit_text(c, " ON (");
    dialect_quote(c->out, a->parent->name);
    emit_text(c, ".");
    dialect_quote(c->out, p->direct ? p->fk->column : target->column);
    emit_text(c, " = ");
    dialect_quote(c->out, a->name);
    emit_text(c, ".");
    dialect_quote(c->out, p->direct ? target->column : p->fk->column);
    if (a->condition) {
        struct emit_mark m = emit_mark(c);
        emit_text(c, " AND (");
        size_t at = c->out->n;
        int r = emit(c, a->condition);
        if (r == EMIT_ERROR)
            return r;
        if (r == EMIT_FULL)
            emit_rollback(c, m);
        else
            emit_text(c, r == EMIT_EMPTY ? "0 = 1)" : ")");
        if (r == EMIT_OK && c->out->data[at] == '(') { /* it has its own */
            memmove(c->out->data + at - 1, c->out->data + at, c->out->n - at);
            buf_cut(c->out, c->out->n - 2);
        }
    }
    emit_text(c, ")");
    return 0;
}

int emit_from(struct query *q)
{
    struct compiler *c = q->c;
    bool any = false;
    for (uint32_t i = 0; i < q->aliases.n; i++) {
        struct alias *a = q->aliases.items[i];
        if (a->refs <= 0)
            continue;
        if (a->type == JOIN_BASE) {
            emit_text(c, any ? ", " : " FROM ");
            dialect_quote(c->out, a->table);
            if (!str_eq(a->name, a->table)) {
                emit_text(c, " ");
                dialect_quote(c->out, a->name);
            }
        } else if (emit_join(q, a) < 0) {
            return -1;
        }
        any = true;
    }
    return 0;
}

/* ---- limits ---- */

static void emit_mark_param(struct query *q, bool low)
{
    struct compiler *c = q->c;
    uint32_t slot = low ? q->low_slot : q->high_slot;
    struct statement_param p = {.source = low ? PARAM_LOW : PARAM_COUNT};
    p.type = (struct param_type){.storage = STORE_INT, .bind = BIND_RAW};
    if (slot != UINT32_MAX) {
        p.source = PARAM_SLOT;
        p.slot = slot;
    }
    emit_param(c, &p);
}

int emit_limits(struct query *q)
{
    struct compiler *c = q->c;
    if (!q->sliced)
        return 0;
    if (q->literal_limit) {
        emit_text(c, " LIMIT ");
        buf_addint(c->out, q->literal_limit);
    } else if (q->has_high) {
        emit_text(c, " LIMIT ");
        emit_mark_param(q, false);
    } else if (c->d->no_limit.n) {
        emit_text(c, " LIMIT ");
        emit_str(c, c->d->no_limit);
    }
    if (q->has_low) {
        emit_text(c, " OFFSET ");
        emit_mark_param(q, true);
    }
    return 0;
}

/* ---- the statement ---- */

static bool column_is(const struct select_plan *plan, const struct piece *p)
{
    for (uint32_t i = 0; i < plan->columns.n; i++)
        if (piece_equal(&plan->columns.items[i].piece, p))
            return true;
    return false;
}

typedef LIST(struct out_column) column_list;

/* SELECT DISTINCT sorts only by what it selects. */
static void extra_columns(struct query *q, struct select_plan *plan, const out_orders *order,
                          column_list *extra)
{
    for (uint32_t i = 0; q->distinct && i < order->n; i++) {
        struct out_order *o = &order->items[i];
        struct piece without = o->piece;
        size_t end = without.sql.n;
        while (end > 4 && memcmp(without.sql.p + end - 4, " ASC", 4) != 0 &&
               memcmp(without.sql.p + end - 5 + (end < 5), " DESC", 5) != 0)
            end--;
        without.sql.n = end - (without.sql.p[end - 1] == 'C' && without.sql.p[end - 2] == 'S' &&
                                       without.sql.p[end - 3] == 'A'
                                   ? 4
                                   : 5);
        if (o->is_ref || column_is(plan, &without))
            continue;
        *list_add(q->c, extra) = (struct out_column){.expr = o->expr, .piece = without};
    }
}

static void emit_columns(struct compiler *c, const struct out_column *cols, uint32_t n, bool more)
{
    for (uint32_t i = 0; i < n; i++) {
        emit_text(c, i || more ? ", " : " ");
        emit_piece(c, &cols[i].piece);
        if (cols[i].alias.n) {
            emit_text(c, " AS ");
            dialect_quote(c->out, cols[i].alias);
        }
    }
}

static int emit_clause(struct compiler *c, const char *word, struct expr *w, bool keep_empty)
{
    struct emit_mark m = emit_mark(c);
    if (!w)
        return EMIT_OK;
    emit_text(c, word);
    int r = emit(c, w);
    if (r == EMIT_FULL) {
        emit_rollback(c, m);
        return EMIT_OK;
    }
    if (r == EMIT_EMPTY && keep_empty) {
        emit_text(c, "0 = 1");
        return EMIT_OK;
    }
    return r;
}

static void emit_orders(struct compiler *c, const out_orders *order)
{
    for (uint32_t i = 0; i < order->n; i++) {
        emit_text(c, i ? ", " : " ORDER BY ");
        emit_piece(c, &order->items[i].piece);
    }
}

static int emit_plain_select(struct query *q, struct select_plan *plan, bool no_limits,
                             bool keep_empty, struct expr *where, struct expr *having,
                             out_orders *order, bool meta_order)
{
    struct compiler *c = q->c;
    column_list extra = {0};
    pieces group = {0};
    extra_columns(q, plan, order, &extra);
    if (q->grouping != GROUP_NONE &&
        plan_group(q, plan, extra.items, extra.n, order, meta_order, having, &group) < 0)
        return EMIT_ERROR;
    bool wrap = q->subquery && extra.n;
    if (wrap) {
        for (uint32_t i = 0; i < plan->columns.n; i++)
            if (!plan->columns.items[i].alias.n)
                plan->columns.items[i].alias = c_printf(c, "col%u", i + 1);
        for (uint32_t i = 0; i < plan->columns.n; i++) {
            emit_text(c, i ? ", \"subquery\"." : "SELECT \"subquery\".");
            dialect_quote(c->out, plan->columns.items[i].alias);
        }
        emit_text(c, " FROM (");
    }
    emit_text(c, q->distinct ? "SELECT DISTINCT" : "SELECT");
    emit_columns(c, plan->columns.items, plan->columns.n, false);
    emit_columns(c, extra.items, extra.n, plan->columns.n > 0);
    if (emit_from(q) < 0)
        return EMIT_ERROR;
    int r = emit_clause(c, " WHERE ", where, keep_empty);
    if (r != EMIT_OK)
        return r;
    for (uint32_t i = 0; i < group.n; i++) {
        emit_text(c, i ? ", " : " GROUP BY ");
        emit_piece(c, &group.items[i]);
    }
    if (group.n && meta_order)
        order->n = 0;
    r = emit_clause(c, " HAVING ", having, keep_empty);
    if (r != EMIT_OK)
        return r;
    emit_orders(c, order);
    if (!no_limits)
        emit_limits(q);
    if (wrap)
        emit_text(c, ") subquery");
    return EMIT_OK;
}

int emit_select(struct query *q, struct select_plan *plan, bool column_aliases, bool no_limits,
                bool keep_empty)
{
    struct compiler *c = q->c;
    int refs[ALIASES_MAX];
    uint32_t n_aliases = q->aliases.n;
    bool any = false;
    for (uint32_t i = 0; i < n_aliases; i++) {
        refs[i] = q->aliases.items[i]->refs;
        any |= refs[i] > 0;
    }
    if (!any && !query_base(q))
        return EMIT_ERROR;
    out_orders order = {0};
    bool meta_order = false;
    struct expr *where, *having, *qualify;
    if (plan_columns(q, plan, column_aliases || q->combined) < 0 ||
        plan_order(q, plan, &order, &meta_order) < 0 ||
        where_split(c, q->where, q->grouping != GROUP_NONE, &where, &having, &qualify) < 0)
        return EMIT_ERROR;
    plan->ordered = order.n > 0;
    int r;
    if (q->combined) {
        r = emit_combined(q, plan, keep_empty);
        if (r == EMIT_OK) {
            emit_orders(c, &order);
            if (!no_limits)
                emit_limits(q);
        }
    } else if (qualify) {
        r = emit_qualify(q, plan, where, having, qualify, keep_empty);
        if (r == EMIT_OK && !no_limits)
            emit_limits(q);
    } else {
        r = emit_plain_select(q, plan, no_limits, keep_empty, where, having, &order, meta_order);
    }
    for (uint32_t i = 0; i < q->aliases.n; i++)
        q->aliases.items[i]->refs = i < n_aliases ? refs[i] : 0;
    return r;
}

int emit_subquery(struct compiler *c, struct query *q)
{
    struct select_plan plan = {0};
    struct emit_mark m = emit_mark(c);
    emit_text(c, "(");
    int r = emit_select(q, &plan, false, false, false);
    emit_text(c, ")");
    if (r != EMIT_OK)
        emit_rollback(c, m);
    return r;
}
