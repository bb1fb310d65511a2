/* SPDX-License-Identifier: MIT */
/* Conditions: Django's build_filter, _add_q, split_exclude and the votes that decide which
 * joins may be inner ones. */
#include "orm/query_impl.h"

/* ---- the tree ---- */

struct expr *where_new(struct compiler *c, enum code_connector connector, bool negated)
{
    struct expr *w = expr_new(c, E_WHERE, 0);
    w->op = (uint8_t)connector;
    w->negated = negated;
    w->type = type_builtin(FIELD_BOOL);
    return w;
}

static void push(struct compiler *c, struct expr *w, struct expr *child)
{
    if ((w->n & (w->n - 1)) == 0) { /* full at 0 and every power of two */
        struct expr **more = arena_alloc(c->arena, (w->n ? w->n * 2 : 1) * sizeof *more);
        if (w->n)
            memcpy(more, w->args, w->n * sizeof *more);
        w->args = more;
    }
    w->args[w->n++] = child;
    w->flags |= child->flags;
}

void where_add(struct compiler *c, struct expr *w, struct expr *child, enum code_connector how)
{
    if (w->op != how) {
        struct expr *old = c_alloc(c, sizeof *old);
        *old = *w;
        w->args = NULL;
        w->n = 0;
        w->negated = false;
        w->op = (uint8_t)how;
        push(c, w, old);
        push(c, w, child);
    } else if (child->kind == E_WHERE && !child->negated && (child->op == how || child->n == 1)) {
        for (uint32_t i = 0; i < child->n; i++)
            push(c, w, child->args[i]);
    } else {
        push(c, w, child);
    }
}

static struct expr *where_of(struct compiler *c, struct expr *condition)
{
    struct expr *w = where_new(c, CODE_AND, false);
    push(c, w, condition);
    return w;
}

/* ---- negation over many rows ---- */

/* Drops the first tables of the inner query, up to the relation with many rows: what is left
 * is joined to the outer query by one column.  Gives that column's two ends. */
static int trim_start(struct query *inner, const struct joined *outer_path, struct expr **inside,
                      uint32_t *trimmed, bool *outer_join)
{
    struct alias *tables[ALIASES_MAX];
    uint32_t n = 0, at = 0;
    *outer_join = false;
    for (uint32_t i = 0; i < inner->aliases.n; i++)
        if (i == 0 || inner->lookup_joins & ALIAS_BIT(i))
            tables[n++] = inner->aliases.items[i];
    while (at < outer_path->n_path && !outer_path->path[at].many) {
        if (tables[at + 1]->type == JOIN_OUTER)
            *outer_join = true;
        tables[at]->refs--;
        at++;
    }
    assert(at < outer_path->n_path && at + 1 < n);
    const struct field *fk = outer_path->path[at].fk;
    struct alias *first = tables[at + 1];
    if (first->type != JOIN_OUTER && !first->path.filtered) {
        tables[at]->refs--;
        *inside = expr_column(inner->c, first, fk);
    } else {
        *inside = expr_column(inner->c, tables[at], fk->rel->target);
    }
    for (uint32_t i = 0; i < inner->aliases.n; i++)
        if (inner->aliases.items[i]->refs > 0) {
            inner->aliases.items[i]->type = JOIN_BASE;
            break;
        }
    *trimmed = at;
    return 0;
}

/* The names that lead to the last table before the relation, and its column. */
static uint32_t prefix_names(const struct joined *path, const struct str *names, uint32_t trimmed,
                             struct str out[NAMES_MAX])
{
    uint32_t n = 0;
    int left = (int)trimmed;
    for (; n < path->n_names && left - path->steps[n] >= 0; n++) {
        out[n] = names[n];
        left -= path->steps[n];
    }
    out[n++] = path->path[trimmed].fk->rel->target->name;
    return n;
}

static struct expr *exists_of(struct query *inner, struct query *outer)
{
    struct compiler *c = inner->c;
    query_bump(inner, outer);
    inner->subquery = true;
    struct expr *e = expr_new(c, E_EXISTS, 0);
    e->query = inner;
    e->flags = EF_SUBQUERY;
    e->type = type_builtin(FIELD_BOOL);
    return e;
}

/* The value on our side that the inner query is held against. */
static struct expr *outer_column(struct query *q, const struct str *names, uint32_t n)
{
    struct str key = names[0];
    for (uint32_t i = 1; i < n; i++)
        key = c_printf(q->c, "%.*s__%.*s", STR_ARG(key), STR_ARG(names[i]));
    struct resolve r = {.reuse = NULL};
    struct expr *e = resolve_name(q, key, &r);
    if (e && e->kind == E_COLUMN)
        e->col.multivalued = n > 1;
    return e;
}

/* When the same filter() has joined the relation already, the row that it found is the one
 * that must not match: its key. */
static struct expr *row_in_use(struct query *q, const struct where_ctx *x,
                               const struct expr *inside)
{
    for (uint32_t i = 0; x->reuse && i < q->aliases.n; i++) {
        struct alias *a = q->aliases.items[i];
        if (*x->reuse & ALIAS_BIT(i) && str_eq(a->name, inside->col.alias->name))
            return expr_column(q->c, a, inside->col.field->model->pk);
    }
    return NULL;
}

static int build_tree(struct query *q, const struct where_ctx *outer, uint32_t arg,
                      struct expr **out, alias_set *needed);

/* exclude(child__name = x): NOT EXISTS(the children of this row with that name). */
static int split_exclude(struct query *q, const struct where_ctx *x, const uint32_t *start,
                         uint32_t start_slot, const struct str *names, const struct joined *path,
                         struct expr **out, alias_set *needed)
{
    struct compiler *c = q->c;
    struct query *inner = query_new(c, q->model, q);
    inner->filtered = q->filtered;
    inner->outer = q;
    c->w = start;
    c->slot = start_slot;
    struct where_ctx in = {.reuse = &inner->used};
    struct expr *condition;
    alias_set unused;
    inner->outer_f = true; /* F() on the right means the outer query */
    if (build_tree(inner, &in, 1u << 3, &condition, &unused) < 0)
        return -1;
    if (condition)
        where_add(c, inner->where, condition, CODE_AND);
    struct expr *inside;
    uint32_t trimmed;
    bool outer_join;
    if (trim_start(inner, path, &inside, &trimmed, &outer_join) < 0)
        return -1;
    struct str prefix[NAMES_MAX];
    uint32_t n = prefix_names(path, names, trimmed, prefix);
    struct expr *same, *joined_row = row_in_use(q, x, inside);
    if (joined_row) {
        const struct field *pk = inside->col.field->model->pk;
        same = make_exact(c, expr_column(c, inside->col.alias, pk), joined_row);
    } else {
        same = make_exact(c, inside, outer_column(q, prefix, n));
    }
    if (!same)
        return -1;
    where_add(c, inner->where, same, CODE_AND);
    inner->default_cols = false;
    query_clear_order(inner, true);
    *out = where_of(c, exists_of(inner, q));
    *needed = 0;
    if (!outer_join)
        return 0;
    /* NULL on our side would make the whole condition unknown. */
    struct joined j;
    struct alias *alias;
    const struct field *target;
    uint32_t n_aliases;
    if (setup_joins(q, prefix, n, q->model, query_base(q), x->reuse, true, &j) < 0)
        return -1;
    trim_joins(&j, &alias, &target, &n_aliases);
    where_add(c, *out, make_isnull(c, expr_column(c, alias, target), true), CODE_OR);
    return 0;
}

/* ---- one lookup ---- */

/* Inside of a FilteredRelation's condition its names mean the relation itself. */
static struct str filtered_key(struct compiler *c, struct str key)
{
    const struct filtered *f = c->in_filtered;
    if (f && str_starts(key, f->relation) && str_starts(str_skip(key, f->relation.n), STR("__")))
        return c_printf(c, "%.*s%.*s", STR_ARG(f->alias), STR_ARG(str_skip(key, f->relation.n)));
    return key;
}

static struct expr *annotation_of(struct query *q, const struct str *names, uint32_t n,
                                  uint32_t *used, bool summarize)
{
    struct str name = names[0];
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            name = str_make(name.p, (size_t)(names[i].p + names[i].n - name.p));
        struct annotation *a = query_annotation(q, name);
        if (!a)
            continue;
        *used = i + 1;
        if (!summarize)
            return a->expr;
        struct expr *ref = expr_new(q->c, E_REF, 0);
        ref->ref.name = a->name;
        ref->ref.to = a->expr;
        ref->type = a->expr->type;
        ref->flags = (uint8_t)(a->expr->flags | EF_SUMMARY);
        return ref;
    }
    return NULL;
}

static int filter_annotation(struct query *q, const struct where_ctx *x, struct expr *lhs,
                             const struct str *names, uint32_t n, struct expr **out)
{
    struct resolve r = {.no_joins = x->no_joins, .summarize = x->summarize, .reuse = x->reuse};
    struct expr *rhs = read_operand(q, &r);
    struct expr *condition = rhs ? build_lookup(q, names, n, lhs, rhs) : NULL;
    if (!condition)
        return -1;
    *out = where_of(q->c, condition);
    return 0;
}

/* What has no value must not match a negated condition: NOT (col = x AND col IS NOT NULL). */
static void add_null_checks(struct compiler *c, struct expr *clause, struct expr *condition,
                            const struct field *target, struct alias *alias)
{
    bool may_be_null = target->null || alias->type == JOIN_OUTER;
    if (may_be_null) {
        bool with_none = lookup_is(condition, "in") && condition->lookup.flag;
        struct expr *check = make_isnull(c, expr_column(c, alias, target), with_none);
        where_add(c, clause, check, with_none ? CODE_OR : CODE_AND);
    }
    struct expr *rhs = condition->n > 1 ? condition->args[1] : NULL;
    if (rhs && rhs->kind == E_COLUMN && rhs->col.field->null)
        where_add(c, clause, make_isnull(c, rhs, false), CODE_AND);
}

static int filter_lookup(struct query *q, const struct where_ctx *x, const uint32_t *start,
                         struct str key, struct expr **out, alias_set *needed)
{
    struct compiler *c = q->c;
    uint32_t start_slot = c->slot, used = 0;
    struct str names[NAMES_MAX];
    key = filtered_key(c, key);
    uint32_t n = split_names(key, names);
    if (n == UINT32_MAX || !key.n)
        return c_fail(c, ERR_FIELD, "Cannot parse keyword query '%.*s'",
                      STR_ARG(str_head(key, 80)));
    struct expr *ref = annotation_of(q, names, n, &used, x->summarize);
    if (ref)
        return filter_annotation(q, x, ref, names + used, n - used, out);

    /* The names first: a path with many rows in a negated branch reads its value elsewhere. */
    struct joined j;
    bool allow_many = !x->branch_negated || x->no_split;
    if (names_to_path(q, names, n, q->model, allow_many, &j) < 0)
        return -1;
    if (j.multi)
        return split_exclude(q, x, start, start_slot, names, &j, out, needed);
    if (x->no_joins && j.n_names > 1)
        return c_fail(c, ERR_FIELD, "Joined field references are not permitted in this query");

    int before[ALIASES_MAX];
    uint32_t n_before = q->aliases.n;
    for (uint32_t i = 0; i < n_before; i++)
        before[i] = q->aliases.items[i]->refs;
    struct resolve r = {.no_joins = x->no_joins,
                        .summarize = x->summarize,
                        .reuse = x->reuse,
                        .outer_f = q->outer_f};
    struct expr *rhs = read_operand(q, &r);
    if (!rhs)
        return -1;
    alias_set joins = 0;
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (q->aliases.items[i]->refs > (i < n_before ? before[i] : 0))
            joins |= ALIAS_BIT(i);

    struct alias *base = query_base(q), *alias;
    if (!base || join_path(q, base, x->reuse, &j) < 0)
        return -1;
    q->lookup_joins = alias_bits(&j, j.n_path + 1);
    joins |= q->lookup_joins;
    const struct field *target;
    uint32_t n_aliases;
    trim_joins(&j, &alias, &target, &n_aliases);
    if (x->reuse)
        *x->reuse |= alias_bits(&j, n_aliases);
    struct expr *col = expr_column(c, alias, target);
    col->col.relation = j.relation;
    struct expr *condition = build_lookup(q, names + j.n_names, n - j.n_names, col, rhs);
    if (!condition)
        return -1;
    *out = where_of(c, condition);
    bool isnull = lookup_is(condition, "isnull");
    if (isnull && condition->lookup.flag && !x->current_negated)
        return 0;
    if (x->current_negated && (!isnull || !condition->lookup.flag)) {
        if (!isnull)
            add_null_checks(c, *out, condition, target, alias);
        return 0;
    }
    *needed = joins;
    return 0;
}

/* ---- trees ---- */

static void update_joins(struct query *q, const uint16_t *votes, uint32_t n_children, bool is_or,
                         alias_set *needed)
{
    *needed = 0;
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (votes[i] && is_or && votes[i] < n_children)
            promote_join(q, q->aliases.items[i]);
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (votes[i] && (!is_or || votes[i] == n_children)) {
            demote_join(q, q->aliases.items[i]);
            *needed |= ALIAS_BIT(i);
        }
}

static int build_tree(struct query *q, const struct where_ctx *outer, uint32_t arg,
                      struct expr **out, alias_set *needed)
{
    struct compiler *c = q->c;
    struct where_ctx x = *outer;
    enum code_connector connector = (enum code_connector)(arg & 3);
    bool negated = arg & 4;
    uint32_t n = arg >> 3;
    if ((arg & 3) > CODE_XOR)
        return c_corrupt(c);
    x.current_negated ^= negated;
    x.branch_negated |= negated;
    uint16_t votes[ALIASES_MAX] = {0};
    struct expr *w = where_new(c, connector, negated);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *child = NULL;
        alias_set child_needed = 0;
        if (build_filter(q, &x, &child, &child_needed) < 0)
            return -1;
        for (uint32_t k = 0; child_needed; k++, child_needed >>= 1)
            votes[k] = (uint16_t)(votes[k] + (child_needed & 1));
        if (child)
            where_add(c, w, child, connector);
    }
    /* NOT (a AND b) behaves like (NOT a OR NOT b), for joins as well. */
    bool is_or = x.current_negated ? connector == CODE_AND : connector == CODE_OR;
    bool xor = connector == CODE_XOR && !x.current_negated;
    if (!x.keep_joins && !xor)
        update_joins(q, votes, n, is_or, needed);
    *out = w->n ? w : NULL;
    return 0;
}

static int filter_expression(struct query *q, const struct where_ctx *x, struct expr **out)
{
    struct compiler *c = q->c;
    struct resolve r = {.no_joins = x->no_joins, .summarize = x->summarize, .reuse = x->reuse};
    struct expr *e = read_expr(q, &r);
    if (!e)
        return -1;
    if (!expr_is_condition(e))
        return c_fail(c, ERR_TYPE, "Cannot filter against a non-conditional expression.");
    if (e->kind != E_LOOKUP && e->kind != E_WHERE) {
        struct expr *yes = expr_new(c, E_LITERAL, 0);
        yes->text = STR("1");
        yes->type = type_builtin(FIELD_BOOL);
        e = make_exact(c, e, yes);
        if (!e)
            return -1;
    }
    *out = where_of(c, e);
    return 0;
}

int build_filter(struct query *q, const struct where_ctx *x, struct expr **out, alias_set *needed)
{
    struct compiler *c = q->c;
    *out = NULL;
    *needed = 0;
    if (++c->depth > DEPTH_MAX)
        return c_fail(c, ERR_TOO_LARGE, "conditions are nested more than %d deep", (int)DEPTH_MAX);
    const uint32_t *start = c->w;
    int bad;
    if (c->w < c->end && OP_OF(*c->w) == OP_Q) {
        bad = build_tree(q, x, ARG_OF(read_word(c)), out, needed);
    } else if (c->w < c->end && OP_OF(*c->w) == OP_LOOKUP) {
        uint32_t w = read_word(c);
        struct str key = read_bytes(c, ARG_OF(w));
        bad = key.p ? filter_lookup(q, x, start, key, out, needed) : -1;
    } else {
        bad = filter_expression(q, x, out);
    }
    c->depth--;
    return bad;
}

int query_filter(struct query *q, bool exclude)
{
    struct compiler *c = q->c;
    alias_set inner = 0, reuse = 0, needed;
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (q->aliases.items[i]->type == JOIN_INNER)
            inner |= ALIAS_BIT(i);
    struct where_ctx x = {.reuse = &reuse};
    uint32_t arg = 1u << 3; /* one child */
    if (c->w < c->end && OP_OF(*c->w) == OP_Q && !(exclude && *c->w & 4u << 8))
        arg = ARG_OF(read_word(c));
    struct expr *w;
    if (build_tree(q, &x, exclude ? arg | 4 : arg, &w, &needed) < 0)
        return -1;
    if (w)
        where_add(c, q->where, w, CODE_AND);
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (inner & ALIAS_BIT(i))
            demote_join(q, q->aliases.items[i]);
    return 0;
}

/* ---- WHERE, HAVING, and what needs a query around ---- */

static void keep(struct compiler *c, struct expr **list, const struct expr *like,
                 struct expr *child)
{
    if (!child)
        return;
    if (!*list)
        *list = where_new(c, (enum code_connector)like->op, like->negated);
    push(c, *list, child);
}

int where_split(struct compiler *c, struct expr *w, bool must_group, struct expr **where,
                struct expr **having, struct expr **qualify)
{
    *where = *having = *qualify = NULL;
    if (!(w->flags & (EF_AGGREGATE | EF_WINDOW))) {
        *where = w->n ? w : NULL;
        return 0;
    }
    bool together =
        (w->op == CODE_AND && w->negated) || (w->op == CODE_OR && !w->negated) || w->op == CODE_XOR;
    bool aggregates = w->flags & EF_AGGREGATE, windows = w->flags & EF_WINDOW;
    if (together && (aggregates || windows)) {
        if (windows) {
            if (must_group && aggregates)
                return c_fail(c, ERR_UNSUPPORTED,
                              "Heterogeneous disjunctive predicates against window functions are "
                              "not implemented when performing conditional aggregation.");
            *qualify = w;
        } else {
            *having = w;
        }
        return 0;
    }
    for (uint32_t i = 0; i < w->n; i++) {
        struct expr *child = w->args[i], *parts[3] = {NULL, NULL, NULL};
        if (child->kind == E_WHERE) {
            if (where_split(c, child, must_group, &parts[0], &parts[1], &parts[2]) < 0)
                return -1;
        } else {
            parts[child->flags & EF_WINDOW ? 2 : child->flags & EF_AGGREGATE ? 1 : 0] = child;
        }
        keep(c, where, w, parts[0]);
        keep(c, having, w, parts[1]);
        keep(c, qualify, w, parts[2]);
    }
    return 0;
}
