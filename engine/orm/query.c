/* SPDX-License-Identifier: MIT */
/* A query under way: its memory, its errors, what is selected and grouped. */
#include "orm/query_impl.h"

/* ---- memory and errors of a compilation ---- */

void *list_grow(struct arena *a, void *items, uint32_t n, uint32_t *cap, size_t size)
{
    uint32_t more = *cap ? *cap * 2 : 8;
    void *p = arena_alloc(a, more * size);
    if (n)
        memcpy(p, items, n * size);
    *cap = more;
    return p;
}

void *c_alloc(struct compiler *c, size_t size)
{
    void *p = arena_alloc(c->arena, size);
    memset(p, 0, size);
    return p;
}

struct str c_printf(struct compiler *c, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        n = 0;
    return arena_str(c->arena,
                     str_make(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}

int c_fail(struct compiler *c, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vset(c->err, code, fmt, ap);
    va_end(ap);
    return -1;
}

struct expr *c_fail_expr(struct compiler *c, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vset(c->err, code, fmt, ap);
    va_end(ap);
    return NULL;
}

int c_corrupt(struct compiler *c)
{
    return c_fail(c, ERR_INVALID, "this is not the code of a query");
}

/* ---- annotations, values, grouping ---- */

struct query *query_new(struct compiler *c, const struct model *m, struct query *outer)
{
    struct query *q = c_alloc(c, sizeof *q);
    q->c = c;
    q->model = m;
    q->outer = outer;
    q->prefix = 'T';
    q->prefixes = 1u << ('T' - 'A');
    q->where = where_new(c, CODE_AND, false);
    q->default_cols = true;
    q->related_mode = CODE_RELATED_NONE;
    q->low_slot = q->high_slot = UINT32_MAX;
    return q;
}

struct annotation *query_annotation(struct query *q, struct str name)
{
    for (uint32_t i = 0; i < q->annotations.n; i++)
        if (str_eq(q->annotations.items[i].name, name))
            return &q->annotations.items[i];
    return NULL;
}

int query_annotate(struct query *q, struct str name, struct expr *e, bool selected)
{
    struct annotation *a = query_annotation(q, name);
    if (!a)
        a = list_add(q->c, &q->annotations);
    *a = (struct annotation){.name = name, .expr = e, .selected = selected};
    if (!q->has_selected)
        return 0;
    uint32_t n = 0; /* one of the same name goes */
    for (uint32_t i = 0; i < q->selected.n; i++)
        if (!str_eq(q->selected.items[i].name, name))
            q->selected.items[n++] = q->selected.items[i];
    q->selected.n = n;
    if (selected)
        *list_add(q->c, &q->selected) = (struct selected){name, true, e};
    return 0;
}

bool query_has_aggregates(const struct query *q)
{
    for (uint32_t i = 0; i < q->annotations.n; i++)
        if (q->annotations.items[i].expr->flags & EF_AGGREGATE)
            return true;
    return false;
}

void query_clear_select(struct query *q)
{
    q->select.n = q->names.n = q->selected.n = 0;
    q->has_selected = false;
    q->default_cols = false;
    q->related_mode = CODE_RELATED_NONE;
    for (uint32_t i = 0; i < q->annotations.n; i++)
        q->annotations.items[i].selected = false;
}

int query_add_fields(struct query *q, struct str *names, uint32_t n, bool allow_many)
{
    struct compiler *c = q->c;
    for (uint32_t i = 0; i < n; i++) {
        struct str parts[NAMES_MAX];
        struct joined j;
        uint32_t k = split_names(names[i], parts);
        struct alias *base = query_base(q), *alias;
        if (k == UINT32_MAX || !base)
            return c_fail(c, ERR_FIELD, "Invalid field name: '%.*s'",
                          STR_ARG(str_head(names[i], 80)));
        if (setup_joins(q, parts, k, q->model, base, NULL, allow_many, &j) < 0)
            return -1;
        if (j.multi)
            return c_fail(c, ERR_FIELD, "Invalid field name: '%.*s'", STR_ARG(names[i]));
        const struct field *target;
        uint32_t n_aliases;
        trim_joins(&j, &alias, &target, &n_aliases);
        struct expr *e = expr_column(c, alias, target);
        for (uint32_t t = j.n_names; e && t < k; t++)
            e = apply_transform(q, e, parts[t], true);
        if (!e)
            return -1;
        *list_add(c, &q->select) = e;
        *list_add(c, &q->names) = names[i];
    }
    q->default_cols = false;
    return 0;
}

/* The key alone: a query that stands on the right of `in`. */
int query_select_key(struct query *q)
{
    query_clear_select(q);
    const struct field *pk = q->model->pk;
    if (pk->n_parts == 0)
        return query_add_fields(q, (struct str[]){STR("pk")}, 1, false);
    for (uint32_t i = 0; i < pk->n_parts; i++) {
        struct str name = pk->parts[i]->name;
        if (query_add_fields(q, &name, 1, false) < 0)
            return -1;
    }
    return 0;
}

void query_clear_order(struct query *q, bool force)
{
    if (!force && (q->sliced || q->distinct_on.n))
        return;
    q->order_by.n = 0;
    q->no_default_order = true;
    for (uint32_t i = 0; i < q->parts.n; i++)
        query_clear_order(q->parts.items[i], false);
}

void query_limit_one(struct query *q)
{
    q->literal_limit = 1;
    q->sliced = true;
}

struct group_add {
    struct query *q;
};

static void add_group(void *data, struct expr *e)
{
    struct group_add *g = data;
    *list_add(g->q->c, &g->q->group_by) = e;
}

/* GROUP BY the columns selected so far. */
int query_group(struct query *q, bool aliases)
{
    struct compiler *c = q->c;
    struct group_add g = {q};
    q->grouping = GROUP_LIST;
    q->group_by.n = 0;
    if (aliases && q->names.n) {
        /* What is selected by name and is no plain column can be grouped by its name. */
        uint32_t kept = 0;
        for (uint32_t i = 0; i < q->names.n; i++) {
            struct expr *e = q->select.items[i];
            if (e->kind == E_COLUMN) {
                q->select.items[kept] = e;
                q->names.items[kept++] = q->names.items[i];
                continue;
            }
            struct annotation *a = list_add(c, &q->annotations);
            *a = (struct annotation){.name = q->names.items[i], .expr = e, .selected = true};
            for (uint32_t k = 0; k < q->selected.n; k++)
                if (str_eq(q->selected.items[k].name, a->name))
                    q->selected.items[k].annotation = true;
        }
        q->select.n = q->names.n = kept;
    }
    for (uint32_t i = 0; i < q->select.n; i++)
        add_group(&g, q->select.items[i]);
    for (uint32_t i = 0; i < q->annotations.n; i++) {
        struct annotation *a = &q->annotations.items[i];
        if (!a->selected)
            continue;
        uint32_t before = q->group_by.n;
        group_columns(c, a->expr, add_group, &g);
        if (q->group_by.n == before || !aliases || a->expr->flags & EF_AGGREGATE)
            continue;
        q->group_by.n = before;
        struct expr *ref = expr_new(c, E_REF, 0);
        ref->ref.name = a->name;
        ref->ref.to = a->expr;
        ref->type = a->expr->type;
        ref->flags = a->expr->flags;
        add_group(&g, ref);
    }
    return 0;
}

static int all_fields(struct query *q)
{
    for (uint32_t i = 0; i < q->model->n_fields; i++) {
        struct str name = q->model->fields[i]->attname;
        if (query_add_fields(q, &name, 1, false) < 0)
            return -1;
    }
    return 0;
}

static int select_names(struct query *q, struct str *names, uint32_t n, struct str *fields,
                        uint32_t *n_fields)
{
    struct compiler *c = q->c;
    bool any = false;
    for (uint32_t i = 0; i < q->annotations.n; i++)
        any |= q->annotations.items[i].selected;
    for (uint32_t i = 0; i < n; i++) {
        struct annotation *a = query_annotation(q, names[i]);
        if (a && !a->selected)
            return c_fail(c, ERR_FIELD,
                          any ? "Cannot select the '%.*s' alias. It was excluded by a previous "
                                "values() or values_list() call. Include '%.*s' in that call to "
                                "select it."
                              : "Cannot select the '%.*s' alias. Use annotate() to promote it.",
                          STR_ARG(names[i]), STR_ARG(names[i]));
        struct selected *s = list_add(c, &q->selected);
        *s = (struct selected){names[i], a != NULL, a ? a->expr : NULL};
        if (!a)
            fields[(*n_fields)++] = names[i];
    }
    for (uint32_t i = 0; i < q->annotations.n; i++) {
        struct annotation *a = &q->annotations.items[i];
        bool named = false;
        for (uint32_t k = 0; k < n; k++)
            named |= str_eq(names[k], a->name);
        a->selected = named;
    }
    return 0;
}

int query_values(struct query *q, struct str *names, uint32_t n, bool given)
{
    struct compiler *c = q->c;
    q->related_mode = CODE_RELATED_NONE;
    q->deferred.n = 0;
    q->only = false;
    q->select.n = q->names.n = q->selected.n = 0;
    q->has_selected = false;
    struct str *fields = arena_alloc(c->arena, (n + 1) * sizeof *fields);
    uint32_t n_fields = 0;
    if (given && select_names(q, names, n, fields, &n_fields) < 0)
        return -1;
    if (q->grouping == GROUP_MODEL) {
        q->default_cols = false;
        uint32_t selected = q->selected.n;
        if (all_fields(q) < 0 || query_group(q, false) < 0)
            return -1;
        q->selected.n = selected;
        q->select.n = q->names.n = 0;
    } else if (q->grouping == GROUP_LIST) {
        for (uint32_t i = 0; i < q->group_by.n; i++) {
            struct expr *e = q->group_by.items[i];
            bool still = e->kind != E_REF || !given;
            for (uint32_t k = 0; k < q->selected.n && !still; k++)
                still = str_eq(q->selected.items[k].name, e->ref.name);
            if (!still)
                q->group_by.items[i] = e->ref.to;
        }
    }
    q->default_cols = false;
    if (given ? query_add_fields(q, fields, n_fields, true) < 0 : all_fields(q) < 0)
        return -1;
    q->has_selected = given;
    return 0;
}

int query_defer(struct query *q, struct str *names, uint32_t n, bool only)
{
    struct compiler *c = q->c;
    LIST(struct str) old = {q->deferred.items, q->deferred.n, q->deferred.n};
    bool was_only = q->only;
    memset(&q->deferred, 0, sizeof q->deferred);
    if (!only && n == 0) { /* defer(None) */
        q->only = false;
        return 0;
    }
    LIST(struct str) wanted = {0};
    for (uint32_t i = 0; i < n; i++) {
        bool pk = only && str_eq(names[i], STR("pk"));
        *list_add(c, &wanted) = pk ? q->model->pk->name : names[i];
    }
#define HAS(l, s)                                                                                  \
    ({                                                                                             \
        bool has_ = false;                                                                         \
        for (uint32_t i_ = 0; i_ < (l).n; i_++)                                                    \
            has_ |= str_eq((l).items[i_], s);                                                      \
        has_;                                                                                      \
    })
    if (only) { /* replaces what was loaded, respects what was deferred */
        for (uint32_t i = 0; i < wanted.n; i++)
            if (was_only || !HAS(old, wanted.items[i]))
                *list_add(c, &q->deferred) = wanted.items[i];
        q->only = true;
        return 0;
    }
    for (uint32_t i = 0; i < old.n; i++)
        if (!was_only || !HAS(wanted, old.items[i]))
            *list_add(c, &q->deferred) = old.items[i];
    if (was_only && q->deferred.n) {
        q->only = true;
        return 0;
    }
    for (uint32_t i = 0; i < wanted.n; i++)
        if (was_only ? !HAS(old, wanted.items[i]) : !HAS(q->deferred, wanted.items[i]))
            *list_add(c, &q->deferred) = wanted.items[i];
    q->only = false;
    return 0;
}
