/* SPDX-License-Identifier: MIT */
/* ORDER BY: names, expressions, the ordering of models behind relations. */
#include "orm/query_impl.h"

struct orders {
    struct query *q;
    struct select_plan *plan;
    LIST(struct out_order) list;
    uint32_t depth;
};

static void add(struct orders *o, struct expr *e, bool desc, bool is_ref)
{
    *list_add(o->q->c, &o->list) =
        (struct out_order){.expr = expr_order(o->q->c, e, desc ? CODE_DESC : 0), .is_ref = is_ref};
}

/* A selected column by its alias; NULL when there is none. */
static struct expr *position_of(struct orders *o, struct str name)
{
    for (uint32_t i = 0; i < o->plan->columns.n; i++) {
        struct out_column *col = &o->plan->columns.items[i];
        if (!col->alias.n || !str_eq(col->alias, name))
            continue;
        struct expr *e = expr_new(o->q->c, E_POSITION, 0);
        e->ref.position = i + 1;
        e->ref.name = name;
        e->ref.to = col->expr;
        e->type = col->expr->type;
        e->flags = col->expr->flags;
        return e;
    }
    return NULL;
}

/* Values of a model's ordering belong to its code, not to the query's: they become text of
 * the statement. */
static struct expr *freeze(struct compiler *c, const struct code *code, struct expr *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        if (e->args[i] && !(e->args[i] = freeze(c, code, e->args[i])))
            return NULL;
    if (e->kind != E_VALUE)
        return e;
    struct value v = code_value_at(code, e->value.slot);
    struct expr *out = expr_new(c, v.kind == VALUE_INT ? E_NUMBER : E_TEXT, 0);
    if (v.kind == VALUE_INT)
        out->number = v.i;
    else if (v.kind == VALUE_TEXT)
        out->text = v.text;
    else
        return c_fail_expr(c, ERR_UNSUPPORTED,
                           "an ordering of a model can hold numbers and strings, not %s",
                           value_kind_name(v.kind));
    out->type = e->type;
    return out;
}

static int add_name(struct orders *o, struct str name, const struct model *m, struct alias *alias,
                    bool flip, struct str prefix);

/* Meta.ordering of m, whose columns are found behind `prefix` and `alias`. */
static int add_model_order(struct orders *o, const struct model *m, struct alias *alias, bool flip,
                           struct str prefix)
{
    struct compiler *c = o->q->c;
    const struct code *code = m->ordering, *outer = c->code;
    const uint32_t *w = c->w, *end = c->end;
    uint32_t slot = c->slot;
    struct str outer_prefix = c->prefix;
    c->code = code;
    c->w = code_words(code);
    c->end = c->w + code->n_words;
    c->slot = 0;
    uint32_t n = ARG_OF(read_word(c));
    int bad = 0;
    for (uint32_t i = 0; i < n && bad == 0; i++) {
        if (c->w < c->end && OP_OF(*c->w) == OP_NAME) {
            struct str name = read_name(c);
            bad = name.p ? add_name(o, name, m, alias, flip, prefix) : -1;
            continue;
        }
        struct resolve r = {0};
        c->prefix = prefix;
        struct expr *e = read_expr(o->q, &r);
        c->prefix = outer_prefix;
        e = e ? freeze(c, code, e) : NULL;
        if (!e) {
            bad = -1;
            break;
        }
        bool desc = (e->kind == E_ORDER && e->op & CODE_DESC) != flip;
        unsigned nulls = e->kind == E_ORDER ? e->op & 6u : 0;
        if (flip && nulls)
            nulls ^= 6;
        struct expr *of = e->kind == E_ORDER ? e->args[0] : e;
        *list_add(c, &o->list) =
            (struct out_order){.expr = expr_order(c, of, nulls | (desc ? CODE_DESC : 0))};
    }
    c->code = outer;
    c->w = w;
    c->end = end;
    c->slot = slot;
    return bad;
}

static int add_name(struct orders *o, struct str name, const struct model *m, struct alias *alias,
                    bool flip, struct str prefix)
{
    struct query *q = o->q;
    struct compiler *c = q->c;
    bool desc = str_starts(name, STR("-"));
    if (desc)
        name = str_skip(name, 1);
    desc ^= flip;
    if (str_eq(name, STR("?"))) {
        struct expr *e = expr_new(c, E_FUNCTION, 0);
        e->fn.fn = function_find(c->orm, STR("Random"));
        add(o, e, desc, false);
        return 0;
    }
    struct str parts[NAMES_MAX];
    struct joined j;
    uint32_t n = split_names(name, parts);
    if (n == UINT32_MAX)
        return fail_name(q, m, name);
    if (setup_joins(q, parts, n, m, alias, NULL, true, &j) < 0)
        return -1;
    bool plain_id = j.final_field && str_eq(parts[n - 1], j.final_field->attname) &&
                    !str_eq(j.final_field->attname, j.final_field->name);
    if (j.relation && j.model->ordering && !plain_id && !str_eq(name, STR("pk")) &&
        j.n_names == n) {
        if (++o->depth > 16)
            return c_fail(c, ERR_FIELD, "Infinite loop caused by ordering.");
        struct str full =
            prefix.n ? c_printf(c, "%.*s__%.*s", STR_ARG(prefix), STR_ARG(name)) : name;
        int bad = add_model_order(o, j.model, j.aliases[j.n_path], desc, full);
        o->depth--;
        return bad;
    }
    const struct field *target;
    uint32_t n_aliases;
    trim_joins(&j, &alias, &target, &n_aliases);
    if (target->n_parts) {
        for (uint32_t i = 0; i < target->n_parts; i++)
            add(o, expr_column(c, alias, target->parts[i]), desc, false);
        return 0;
    }
    struct expr *e = expr_column(c, alias, target);
    for (uint32_t i = j.n_names; i < n; i++)
        if (!(e = apply_transform(q, e, parts[i], true)))
            return -1;
    add(o, e, desc, false);
    return 0;
}

static int add_given(struct orders *o, const struct ordering *given)
{
    struct query *q = o->q;
    struct compiler *c = q->c;
    if (given->expr) {
        struct expr *e = given->expr, *of = e->kind == E_ORDER ? e->args[0] : e;
        unsigned flags = e->kind == E_ORDER ? e->op : 0;
        if (q->reversed) {
            flags ^= CODE_DESC;
            if (flags & (CODE_NULLS_FIRST | CODE_NULLS_LAST))
                flags ^= CODE_NULLS_FIRST | CODE_NULLS_LAST;
        }
        struct expr *ref = given->name.n ? position_of(o, given->name) : NULL;
        if (!ref && of->kind == E_VALUE) { /* a constant has no place of its own */
            struct expr *cast = expr_new(c, E_CAST, 1);
            cast->args[0] = of;
            cast->type = of->type;
            of = cast;
        }
        *list_add(c, &o->list) =
            (struct out_order){.expr = expr_order(c, ref ? ref : of, flags), .is_ref = ref != NULL};
        return 0;
    }
    struct str name = given->name;
    bool desc = str_starts(name, STR("-"));
    if (desc)
        name = str_skip(name, 1);
    struct expr *ref = position_of(o, name);
    if (ref) {
        add(o, ref, desc != q->reversed, true);
        return 0;
    }
    struct str parts[NAMES_MAX];
    uint32_t n = split_names(name, parts);
    struct annotation *a = query_annotation(q, name);
    uint32_t used = n;
    if (!a && n != UINT32_MAX && (a = query_annotation(q, parts[0])) != NULL)
        used = 1;
    if (a) {
        struct expr *e = a->expr;
        for (uint32_t i = used; i < n; i++)
            if (!(e = apply_transform(q, e, parts[i], true)))
                return -1;
        add(o, e, desc != q->reversed, false);
        return 0;
    }
    struct alias *base = query_base(q);
    return base ? add_name(o, given->name, q->model, base, q->reversed, STR("")) : -1;
}

static struct str column_of(const struct out_column *col)
{
    if (col->alias.n)
        return col->alias;
    return col->expr->kind == E_COLUMN ? col->expr->col.field->column : STR("");
}

/* The parts of a union are sorted by what all of them select. */
static int sort_combined(struct orders *o, struct out_order *order)
{
    struct expr *of = order->expr->args[0];
    if (order->is_ref)
        return 0;
    for (uint32_t i = 0; i < o->plan->columns.n; i++) {
        struct out_column *col = &o->plan->columns.items[i];
        if (!expr_equal(col->expr, of))
            continue;
        struct expr *ref = expr_new(o->q->c, E_REF, 0);
        ref->ref.name = column_of(col);
        ref->ref.to = of;
        order->expr = expr_order(o->q->c, ref, order->expr->op);
        return 0;
    }
    return c_fail(o->q->c, ERR_DB, "ORDER BY term does not match any column in the result set.");
}

static int add_all(struct orders *o, bool *from_model)
{
    struct query *q = o->q;
    int bad = 0;
    *from_model = false;
    for (uint32_t i = 0; i < q->order_by.n && bad == 0; i++)
        bad = add_given(o, &q->order_by.items[i]);
    if (!q->order_by.n && !q->no_default_order && q->model->ordering) {
        struct alias *base = query_base(q);
        *from_model = true;
        bad = base ? add_model_order(o, q->model, base, q->reversed, STR("")) : -1;
    }
    return bad;
}

int query_order(struct query *q, struct expr ***items, uint32_t *n)
{
    struct select_plan nothing = {0};
    struct orders o = {.q = q, .plan = &nothing};
    bool from_model;
    if (add_all(&o, &from_model) < 0)
        return -1;
    *items = c_alloc(q->c, (o.list.n + 1) * sizeof **items);
    *n = o.list.n;
    for (uint32_t i = 0; i < o.list.n; i++)
        (*items)[i] = o.list.items[i].expr;
    return 0;
}

int plan_order(struct query *q, struct select_plan *plan, out_orders *out, bool *from_model)
{
    struct compiler *c = q->c;
    struct orders o = {.q = q, .plan = plan};
    int bad = add_all(&o, from_model);
    for (uint32_t i = 0; i < o.list.n && bad == 0; i++) {
        struct out_order order = o.list.items[i];
        if (q->combined && sort_combined(&o, &order) < 0)
            return -1;
        struct emit_mark m = emit_mark(c);
        if (emit_selected(c, order.expr) < 0)
            return -1;
        order.piece = emit_cut(c, m);
        bool seen = false;
        for (uint32_t k = 0; k < out->n && !seen; k++)
            seen = expr_equal(out->items[k].expr->args[0], order.expr->args[0]);
        if (!seen)
            *list_add(c, out) = order;
    }
    return bad;
}
