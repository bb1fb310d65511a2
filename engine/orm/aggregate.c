/* SPDX-License-Identifier: MIT */
/* count(), exists() and aggregate(): Django's get_aggregation. */
#include "orm/query_impl.h"

/* ---- exists ---- */

int terminal_exists(struct query *q)
{
    struct compiler *c = q->c;
    if (!(q->distinct && q->sliced)) {
        if (q->grouping == GROUP_MODEL) {
            q->select.n = q->names.n = 0;
            for (uint32_t i = 0; i < q->model->n_fields; i++) {
                struct str name = q->model->fields[i]->attname;
                if (query_add_fields(q, &name, 1, false) < 0)
                    return -1;
            }
            if (query_group(q, false) < 0)
                return -1;
        }
        for (uint32_t i = 0; q->grouping == GROUP_LIST && i < q->group_by.n; i++)
            if (q->group_by.items[i]->kind == E_REF)
                q->group_by.items[i] = q->group_by.items[i]->ref.to;
        query_clear_select(q);
    }
    for (uint32_t i = 0; q->combined && q->combinator <= CODE_UNION_ALL && i < q->parts.n; i++) {
        if (terminal_exists(q->parts.items[i]) < 0)
            return -1;
        q->parts.items[i]->sliced = false;
        q->parts.items[i]->literal_limit = 0;
    }
    query_clear_order(q, true);
    query_limit_one(q);
    return query_annotate(q, STR("a"), expr_literal(c, "1", FIELD_INT), true);
}

/* ---- aggregates ---- */

struct aggregates {
    struct str *names;
    struct expr **exprs;
    uint32_t n;
};

static bool mentions(const struct expr *e, unsigned flags)
{
    return e && e->flags & flags;
}

static bool refers_to(const struct expr *e, struct str name, unsigned with)
{
    if (!e)
        return false;
    if (e->kind == E_REF && (!name.p || str_eq(e->ref.name, name)) &&
        (!with || (e->ref.to && e->ref.to->flags & with)))
        return true;
    for (uint32_t i = 0; i < e->n; i++)
        if (refers_to(e->args[i], name, with))
            return true;
    if (e->kind == E_AGGREGATE)
        return refers_to(e->fn.filter, name, with);
    return false;
}

static bool needs_subquery(struct query *q, const struct aggregates *a, bool *existing,
                           bool *windows)
{
    struct expr *where, *having, *qualify;
    *existing = query_has_aggregates(q);
    *windows = false;
    if (where_split(q->c, q->where, q->grouping != GROUP_NONE, &where, &having, &qualify) < 0)
        return true;
    *existing |= having != NULL;
    *windows = qualify != NULL;
    bool refs = false;
    for (uint32_t i = 0; i < a->n; i++)
        refs |= refers_to(a->exprs[i], STR_NULL, EF_SUBQUERY | EF_WINDOW);
    return q->grouping == GROUP_LIST || q->sliced || *existing || refs || *windows || q->distinct ||
           q->combined;
}

/* Refs to annotations become the annotations themselves. */
static struct expr *inline_refs(struct compiler *c, struct expr *e)
{
    if (!e)
        return NULL;
    if (e->kind == E_REF)
        return e->ref.to;
    struct expr *copy = c_alloc(c, sizeof *copy);
    *copy = *e;
    if (e->n) {
        copy->args = c_alloc(c, e->n * sizeof *copy->args);
        for (uint32_t i = 0; i < e->n; i++)
            copy->args[i] = inline_refs(c, e->args[i]);
    }
    if (e->kind == E_AGGREGATE)
        copy->fn.filter = inline_refs(c, e->fn.filter);
    return copy;
}

static int plain_aggregation(struct query *q, const struct aggregates *a, struct select_plan *plan,
                             bool keep_empty)
{
    query_clear_select(q);
    q->annotations.n = 0;
    for (uint32_t i = 0; i < a->n; i++)
        query_annotate(q, a->names[i], inline_refs(q->c, a->exprs[i]), true);
    query_clear_order(q, true);
    q->grouping = GROUP_NONE;
    return emit_select(q, plan, false, true, keep_empty);
}

/* Columns that aggregates use are selected by the inner query under names of their own. */
struct column_refs {
    struct query *inner;
    struct expr *from[128], *to[128];
    uint32_t n;
};

static int find_columns(struct column_refs *r, struct expr *e)
{
    struct compiler *c = r->inner->c;
    if (!e || e->kind == E_REF)
        return 0;
    if (e->kind == E_COLUMN) {
        for (uint32_t i = 0; i < r->n; i++)
            if (expr_equal(r->from[i], e))
                return 0;
        if (r->n == 128)
            return c_fail(c, ERR_UNSUPPORTED, "an aggregation uses more than 128 columns");
        struct expr *ref = expr_new(c, E_REF, 0);
        ref->ref.name = c_printf(c, "__col%u", r->n + 1);
        ref->ref.to = e;
        ref->type = e->type;
        query_annotate(r->inner, ref->ref.name, e, true);
        r->from[r->n] = e;
        r->to[r->n++] = ref;
        return 0;
    }
    for (uint32_t i = 0; i < e->n; i++)
        if (find_columns(r, e->args[i]) < 0)
            return -1;
    return e->kind == E_AGGREGATE ? find_columns(r, e->fn.filter) : 0;
}

static void note_grouped(void *data, struct expr *e)
{
    (void)e;
    *(bool *)data = true;
}

static void mask_annotations(struct query *inner, const struct aggregates *a)
{
    for (uint32_t i = 0; i < inner->annotations.n; i++) {
        struct annotation *x = &inner->annotations.items[i];
        bool used = false;
        for (uint32_t k = 0; inner->grouping == GROUP_LIST && k < inner->group_by.n; k++)
            used |= inner->group_by.items[k]->kind == E_REF &&
                    str_eq(inner->group_by.items[k]->ref.name, x->name);
        for (uint32_t k = 0; k < a->n; k++)
            used |= refers_to(a->exprs[k], x->name, 0);
        if (x->selected && !used)
            group_columns(inner->c, x->expr, note_grouped, &used);
        x->selected = x->selected && used;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < inner->selected.n; i++) {
        struct selected *s = &inner->selected.items[i];
        struct annotation *x = s->annotation ? query_annotation(inner, s->name) : NULL;
        if (!x || x->selected)
            inner->selected.items[n++] = *s;
    }
    inner->selected.n = n;
}

static bool order_in_group(struct query *q)
{
    if (q->grouping != GROUP_LIST || !q->order_by.n)
        return true;
    for (uint32_t i = 0; i < q->order_by.n; i++) {
        struct ordering *o = &q->order_by.items[i];
        struct str name = str_starts(o->name, STR("-")) ? str_skip(o->name, 1) : o->name;
        struct resolve r = {0};
        struct expr *e = o->expr                  ? o->expr
                         : str_eq(name, STR("?")) ? NULL
                                                  : resolve_name(q, name, &r);
        if (!e)
            return false;
        if (e->kind == E_ORDER)
            e = e->args[0];
        bool in = false;
        for (uint32_t k = 0; k < q->group_by.n && !in; k++) {
            struct expr *g = q->group_by.items[k];
            in = expr_equal(g->kind == E_REF ? g->ref.to : g, e);
        }
        if (!in)
            return false;
    }
    return true;
}

static int wrapped_aggregation(struct query *q, struct aggregates *a, struct select_plan *plan,
                               bool existing, bool windows, bool keep_empty)
{
    struct compiler *c = q->c;
    q->subquery = true;
    q->related_mode = CODE_RELATED_NONE;
    if (order_in_group(q))
        query_clear_order(q, false);
    if (!q->distinct) {
        if (q->default_cols && existing && !q->has_selected) {
            q->grouping = GROUP_LIST;
            q->group_by.n = 0;
            struct alias *base = query_base(q);
            const struct field *pk = q->model->pk;
            for (uint32_t i = 0; i < (pk->n_parts ? pk->n_parts : 1); i++)
                *list_add(c, &q->group_by) = expr_column(c, base, pk->n_parts ? pk->parts[i] : pk);
        }
        q->default_cols = false;
        if (!windows && !q->combined)
            mask_annotations(q, a);
    }
    struct column_refs refs = {.inner = q};
    for (uint32_t i = 0; i < a->n; i++) {
        if (find_columns(&refs, a->exprs[i]) < 0)
            return -1;
        a->exprs[i] = expr_replace(c, a->exprs[i], refs.from, refs.to, refs.n);
    }
    bool any = false;
    for (uint32_t i = 0; i < q->annotations.n; i++)
        any |= q->annotations.items[i].selected;
    if (!q->select.n && !q->default_cols && !any && !q->combined) {
        const struct field *pk = q->model->pk;
        *list_add(c, &q->select) = expr_column(c, query_base(q), pk->n_parts ? pk->parts[0] : pk);
        q->has_selected = false;
    }
    emit_text(c, "SELECT ");
    for (uint32_t i = 0; i < a->n; i++) {
        struct out_column *col = list_add(c, &plan->columns);
        *col = (struct out_column){.expr = a->exprs[i], .alias = a->names[i]};
        emit_text(c, i ? ", " : "");
        if (emit_selected(c, a->exprs[i]) < 0)
            return -1;
    }
    emit_text(c, " FROM (");
    struct select_plan inner = {0};
    int r = emit_select(q, &inner, true, false, keep_empty);
    emit_text(c, ") subquery");
    return r;
}

static int aggregation(struct query *q, struct aggregates *a, struct select_plan *plan,
                       bool keep_empty)
{
    bool existing, windows;
    if (needs_subquery(q, a, &existing, &windows))
        return wrapped_aggregation(q, a, plan, existing, windows, keep_empty);
    return plain_aggregation(q, a, plan, keep_empty);
}

int terminal_count(struct query *q, struct select_plan *plan)
{
    struct compiler *c = q->c;
    struct expr *count = expr_new(c, E_AGGREGATE, 1);
    struct str name = STR("__count");
    count->fn.fn = function_find(c->orm, STR("Count"));
    count->args[0] = expr_new(c, E_STAR, 0);
    count->flags = EF_AGGREGATE;
    count->type = type_builtin(FIELD_INT);
    struct aggregates a = {&name, &count, 1};
    return aggregation(q, &a, plan, false);
}

/* Whether nothing has to be asked when no row can match: *constant. */
int terminal_aggregate(struct query *q, uint32_t n, struct select_plan *plan, bool *constant)
{
    struct compiler *c = q->c;
    struct resolve r = {.summarize = true};
    if (q->distinct_on.n)
        return c_fail(c, ERR_UNSUPPORTED, "aggregate() + distinct(fields) not implemented.");
    /* They know each other as annotations, but are none: one that they have the name of stays. */
    uint32_t n_before = q->annotations.n, n_selected = q->selected.n;
    struct annotation *before = c_alloc(c, (n_before + 1) * sizeof *before);
    struct selected *selected = c_alloc(c, (n_selected + 1) * sizeof *selected);
    if (n_before)
        memcpy(before, q->annotations.items, n_before * sizeof *before);
    if (n_selected)
        memcpy(selected, q->selected.items, n_selected * sizeof *selected);
    struct str *names = read_annotations(q, n, &r, true);
    if (!names)
        return -1;
    struct aggregates a = {names, c_alloc(c, (n + 1) * sizeof *a.exprs), n};
    *constant = true;
    for (uint32_t i = 0; i < n; i++) {
        struct annotation *x = query_annotation(q, names[i]);
        a.exprs[i] = x->expr;
        if (!mentions(x->expr, EF_AGGREGATE))
            return c_fail(c, ERR_TYPE, "%.*s is not an aggregate expression", STR_ARG(names[i]));
        *constant &= x->expr->kind == E_AGGREGATE;
    }
    if (n_before)
        memcpy(q->annotations.items, before, n_before * sizeof *before);
    if (n_selected)
        memcpy(q->selected.items, selected, n_selected * sizeof *selected);
    q->annotations.n = n_before;
    q->selected.n = n_selected;
    return aggregation(q, &a, plan, !*constant);
}
