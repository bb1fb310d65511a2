/* SPDX-License-Identifier: MIT */
/* What a SELECT gives: columns of models, of related ones, annotations. */
#include "orm/query_impl.h"

/* ---- which fields are loaded ---- */

/* only() and defer() as a tree of names. */
static struct related *mask_tree(struct query *q)
{
    struct related *root = NULL;
    for (uint32_t i = 0; i < q->deferred.n; i++) {
        struct str parts[NAMES_MAX];
        uint32_t n = split_names(q->deferred.items[i], parts);
        struct related **level = &root;
        for (uint32_t k = 0; n != UINT32_MAX && k < n; k++) {
            while (*level && !str_eq((*level)->name, parts[k]))
                level = &(*level)->next;
            if (!*level) {
                *level = c_alloc(q->c, sizeof **level);
                (*level)->name = parts[k];
            }
            if (k + 1 == n)
                (*level)->used = true; /* the field itself is named */
            level = &(*level)->children;
        }
    }
    return root;
}

static struct related *mask_find(struct related *mask, struct str name)
{
    while (mask && !str_eq(mask->name, name))
        mask = mask->next;
    return mask;
}

static bool field_loaded(const struct query *q, struct related *mask, const struct model *m,
                         const struct field *f)
{
    if (!mask || f == m->pk || f->primary_key)
        return true;
    for (uint32_t i = 0; i < m->pk->n_parts; i++)
        if (f == m->pk->parts[i])
            return true;
    struct related *at = mask_find(mask, f->name);
    if (!at)
        at = mask_find(mask, f->attname);
    return q->only ? at != NULL : !(at && at->used);
}

static int check_mask(struct query *q, struct related *mask, const struct model *m)
{
    for (; mask; mask = mask->next) {
        const struct member *member = model_member(m, mask->name);
        char hint[160];
        if (!member)
            return c_fail(q->c, ERR_FIELD, "%.*s has no field named '%.*s'%s", STR_ARG(m->name),
                          STR_ARG(str_head(mask->name, 80)),
                          near_member(m, mask->name, false, hint, sizeof hint));
        if (mask->children && !member->rel)
            return c_fail(q->c, ERR_FIELD, "%.*s is no relation", STR_ARG(mask->name));
        const struct model *to = !member->rel                     ? NULL
                                 : member->kind == MEMBER_REVERSE ? member->field->model
                                                                  : member->rel->to;
        if (mask->children && check_mask(q, mask->children, to) < 0)
            return -1;
    }
    return 0;
}

/* ---- columns ---- */

static struct out_column *add_column(struct query *q, struct select_plan *plan, struct expr *e,
                                     struct str alias)
{
    struct out_column *col = list_add(q->c, &plan->columns);
    *col = (struct out_column){.expr = e, .alias = alias};
    return col;
}

/* The columns of one model; those of `above`, which the row has already, are left out. */
static int add_model(struct query *q, struct select_plan *plan, const struct model *m,
                     struct alias *alias, struct related *mask, const struct model *above,
                     uint16_t node)
{
    struct statement_node *n = &plan->nodes.items[node];
    n->first = (uint16_t)plan->columns.n;
    n->model = m;
    n->key = UINT16_MAX;
    for (uint32_t i = 0; i < m->n_fields; i++) {
        const struct field *f = m->fields[i];
        if (above && model_is_a(above, f->model))
            continue;
        if (!field_loaded(q, mask, m, f)) {
            n->partial = true;
            continue;
        }
        struct alias *a = join_parent(q, m, f->model, alias);
        if (!a)
            return -1;
        struct out_column *col = add_column(q, plan, expr_column(q->c, a, f), STR(""));
        col->field = true;
        col->node = node;
        n = &plan->nodes.items[node];
        bool key = f == m->pk || (m->pk->n_parts && f == m->pk->parts[0]);
        if (key || (n->key == UINT16_MAX && f->primary_key))
            n->key = (uint16_t)(plan->columns.n - 1);
    }
    n->count = (uint16_t)(plan->columns.n - n->first);
    return 0;
}

/* ---- select_related ---- */

struct descent {
    const struct model *model;
    struct alias *alias;
    struct related *requested, *mask;
    uint16_t node;
    int depth;
    bool outer;
};

static int descend(struct query *q, struct select_plan *plan, const struct descent *d);

static int descend_into(struct query *q, struct select_plan *plan, const struct descent *d,
                        const struct member *member, struct str name, struct related *next)
{
    struct compiler *c = q->c;
    struct joined j;
    const struct relation *r = member->rel;
    bool reverse = member->kind == MEMBER_REVERSE;
    const struct model *to = reverse ? r->field->model : r->to;
    if (setup_joins(q, &name, 1, d->model, d->alias, NULL, true, &j) < 0)
        return -1;
    struct alias *alias = j.aliases[j.n_path];
    if (!reverse)
        to = r->to;
    struct related *mask = d->mask ? mask_find(d->mask, name) : NULL;
    uint16_t node = (uint16_t)plan->nodes.n;
    bool outer = d->outer || alias->type == JOIN_OUTER;
    *list_add(c, &plan->nodes) = (struct statement_node){.parent = d->node,
                                                         .reverse = reverse,
                                                         .outer = outer,
                                                         .rel = r,
                                                         .name = reverse ? r->accessor : name};
    const struct model *above =
        reverse && to != d->model && model_is_a(to, d->model) ? d->model : NULL;
    plan->nodes.items[node].inherits = above != NULL;
    if (add_model(q, plan, to, alias, mask ? mask->children : NULL, above, node) < 0)
        return -1;
    struct descent in = {.model = to,
                         .alias = alias,
                         .requested = next,
                         .mask = mask ? mask->children : NULL,
                         .node = node,
                         .depth = d->depth + 1,
                         .outer = outer};
    if (q->related_mode == CODE_RELATED_NAMES && !next)
        return 0;
    return descend(q, plan, &in);
}

static int fail_related(struct query *q, const struct model *m, struct related *at, bool plain)
{
    struct compiler *c = q->c;
    char choices[256] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < m->n_fields && n < 200; i++)
        if (m->fields[i]->rel)
            n += (size_t)snprintf(choices + n, sizeof choices - n, "%s%.*s", n ? ", " : "",
                                  STR_ARG(m->fields[i]->name));
    for (uint32_t i = 0; i < m->n_reverse && n < 200; i++)
        if (m->reverse[i]->kind == REL_ONE && !m->reverse[i]->hidden)
            n += (size_t)snprintf(choices + n, sizeof choices - n, "%s%.*s", n ? ", " : "",
                                  STR_ARG(m->reverse[i]->query_name));
    const struct member *member = model_member(m, at->name);
    char hint[160];
    near_member(m, at->name, true, hint, sizeof hint);
    if (!plain && member) /* a relation with many rows */
        snprintf(hint, sizeof hint, "; prefetch_related(\"%.*s\") reads many objects of each",
                 STR_ARG(str_head(at->name, 60)));
    return c_fail(c, ERR_FIELD,
                  plain ? "Non-relational field given in select_related: '%.*s'. Choices are: %s%s"
                        : "Invalid field name(s) given in select_related: '%.*s'. Choices are: "
                          "%s%s",
                  STR_ARG(str_head(at->name, 80)), n ? choices : "(none)", plain ? "" : hint);
}

static int descend_forward(struct query *q, struct select_plan *plan, const struct descent *d)
{
    bool restricted = q->related_mode == CODE_RELATED_NAMES;
    for (uint32_t i = 0; i < d->model->n_fields; i++) {
        const struct field *f = d->model->fields[i];
        struct related *at = restricted ? mask_find(d->requested, f->name) : NULL;
        if (at)
            at->used = true;
        if (!f->rel) {
            if (at)
                return fail_related(q, d->model, at, true);
            continue;
        }
        if (f->rel->parent_link || (restricted ? !at : f->null))
            continue;
        if (restricted && d->mask && !field_loaded(q, d->mask, d->model, f))
            return c_fail(q->c, ERR_FIELD,
                          "Field %.*s.%.*s cannot be both deferred and traversed using "
                          "select_related at the same time.",
                          STR_ARG(d->model->name), STR_ARG(f->name));
        const struct member *member = model_member(d->model, f->name);
        if (descend_into(q, plan, d, member, f->name, at ? at->children : NULL) < 0)
            return -1;
    }
    return 0;
}

static int descend(struct query *q, struct select_plan *plan, const struct descent *d)
{
    bool restricted = q->related_mode == CODE_RELATED_NAMES;
    if (!restricted && d->depth > 5)
        return 0;
    if (d->depth > 40)
        return c_fail(q->c, ERR_TOO_LARGE, "select_related follows more than 40 relations");
    if (descend_forward(q, plan, d) < 0)
        return -1;
    if (!restricted)
        return 0;
    for (uint32_t i = 0; i < d->model->n_reverse; i++) {
        const struct relation *r = d->model->reverse[i];
        struct related *at =
            r->kind == REL_ONE && !r->hidden ? mask_find(d->requested, r->query_name) : NULL;
        if (!at || at->used)
            continue;
        at->used = true;
        const struct member *member = model_member(d->model, r->query_name);
        if (descend_into(q, plan, d, member, r->query_name, at->children) < 0)
            return -1;
    }
    for (struct related *at = d->requested; at; at = at->next) {
        struct filtered *f = q->filtered;
        while (f && (d->depth > 1 || !str_eq(f->alias, at->name)))
            f = f->next;
        if (at->used || !f) {
            if (!at->used)
                return fail_related(q, d->model, at, false);
            continue;
        }
        struct joined j;
        if (names_to_path(q, &at->name, 1, d->model, true, &j) < 0)
            return -1;
        if (descend_into(q, plan, d, j.final, at->name, at->children) < 0)
            return -1;
        plan->nodes.items[plan->nodes.n - 1].name = at->name;
    }
    return 0;
}

static void reset_used(struct related *r)
{
    for (; r; r = r->next) {
        r->used = false;
        reset_used(r->children);
    }
}

/* ---- the list ---- */

static int add_default(struct query *q, struct select_plan *plan)
{
    struct related *mask = mask_tree(q);
    struct alias *base = query_base(q);
    if (!base || check_mask(q, mask, q->model) < 0)
        return -1;
    base->refs--;
    if (base->refs == 0)
        base->refs = 1;
    *list_add(q->c, &plan->nodes) = (struct statement_node){.model = q->model};
    return add_model(q, plan, q->model, base, mask, NULL, 0);
}

static void add_selected(struct query *q, struct select_plan *plan)
{
    uint32_t k = 0;
    for (uint32_t i = 0; i < q->selected.n; i++) {
        struct selected *s = &q->selected.items[i];
        struct annotation *a = s->annotation ? query_annotation(q, s->name) : NULL;
        struct expr *e = a ? a->expr : k < q->select.n ? q->select.items[k] : NULL;
        k += a ? 0 : 1;
        if (e)
            add_column(q, plan, e, s->name);
    }
}

int plan_columns(struct query *q, struct select_plan *plan, bool column_aliases)
{
    struct compiler *c = q->c;
    if (q->has_selected) {
        add_selected(q, plan);
    } else {
        if (q->default_cols && add_default(q, plan) < 0)
            return -1;
        for (uint32_t i = 0; !q->default_cols && i < q->select.n; i++) {
            struct out_column *col = add_column(q, plan, q->select.items[i], STR(""));
            if (i < q->names.n) /* the column of an heir's `id` is that of its link */
                col->name = q->names.items[i];
        }
        for (uint32_t i = 0; i < q->annotations.n; i++)
            if (q->annotations.items[i].selected)
                add_column(q, plan, q->annotations.items[i].expr, q->annotations.items[i].name);
    }
    if (q->related_mode != CODE_RELATED_NONE && q->default_cols) {
        struct descent d = {.model = q->model,
                            .alias = q->aliases.items[0],
                            .requested = q->related,
                            .mask = mask_tree(q),
                            .depth = 1};
        reset_used(q->related);
        if (descend(q, plan, &d) < 0)
            return -1;
    }
    uint32_t number = 1;
    for (uint32_t i = 0; i < plan->columns.n; i++) {
        struct out_column *col = &plan->columns.items[i];
        struct emit_mark m = emit_mark(c);
        if (emit_selected(c, col->expr) < 0)
            return -1;
        col->piece = emit_cut(c, m);
        if (!col->alias.n && column_aliases)
            col->alias = c_printf(c, "col%u", number++);
    }
    return 0;
}
