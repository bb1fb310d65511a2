/* SPDX-License-Identifier: MIT */
/* The ops of a query, from the first to the last, change a struct query as the calls on a
 * QuerySet change Django's. */
#include "orm/query_impl.h"

/* ---- words ---- */

uint32_t read_word(struct compiler *c)
{
    return c->w < c->end ? *c->w++ : OP_END;
}

struct str read_bytes(struct compiler *c, uint32_t n)
{
    size_t words = ((size_t)n + 3) / 4;
    if ((size_t)(c->end - c->w) < words) {
        c_corrupt(c);
        return STR_NULL;
    }
    struct str s = str_make((const char *)c->w, n);
    c->w += words;
    return s;
}

struct str read_name(struct compiler *c)
{
    uint32_t w = read_word(c);
    if (OP_OF(w) != OP_NAME) {
        c_corrupt(c);
        return STR_NULL;
    }
    return read_bytes(c, ARG_OF(w));
}

static struct str *read_names(struct compiler *c, uint32_t n)
{
    if (n > (size_t)(c->end - c->w)) {
        c_corrupt(c);
        return NULL;
    }
    struct str *names = arena_alloc(c->arena, (n + 1) * sizeof *names);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = read_name(c);
        if (!names[i].p)
            return NULL;
    }
    return names;
}

/* ---- ops ---- */

static int need_plain(struct query *q, const char *call)
{
    if (!q->combined)
        return 0;
    static const char *const names[] = {"union", "union", "intersection", "difference"};
    return c_fail(q->c, ERR_UNSUPPORTED, "Calling QuerySet.%s() after %s() is not supported.", call,
                  names[q->combinator]);
}

static int op_filter(struct query *q, bool exclude)
{
    if (need_plain(q, exclude ? "exclude" : "filter") < 0)
        return -1;
    if (q->sliced)
        return c_fail(q->c, ERR_TYPE, "Cannot filter a query once a slice has been taken.");
    return query_filter(q, exclude);
}

/* Where an annotation of the same call starts, by name: they may use each other. */
struct pending {
    struct str name;
    const uint32_t *w;
    uint32_t slot;
    int state;  /* 0 waits, 1 is being resolved, 2 done */
    bool apart; /* of aggregate(): the others mean the field or annotation of that name, not it */
    struct expr *e;
};

/* Whether the words use a name of the same call that has not been resolved yet. */
static bool names_pending(const uint32_t *w, const uint32_t *end, const struct pending *p,
                          uint32_t n, uint32_t self, uint32_t *which)
{
    for (; w < end; w++) {
        enum op o = OP_OF(*w);
        size_t words = ((size_t)ARG_OF(*w) + 3) / 4;
        bool text = o == OP_NAME || o == OP_F || o == OP_LOOKUP || o == OP_COLLATE;
        if (!text || (size_t)(end - w - 1) < words)
            continue;
        if (o != OP_F && o != OP_LOOKUP) {
            w += words;
            continue;
        }
        struct str name = str_make((const char *)(w + 1), ARG_OF(*w));
        for (uint32_t i = 0; i < n; i++) {
            bool is =
                str_eq(name, p[i].name) ||
                (str_starts(name, p[i].name) && str_starts(str_skip(name, p[i].name.n), STR("__")));
            if (is && i != self && p[i].state != 2 && !p[i].apart) {
                *which = i;
                return true;
            }
        }
        w += words;
    }
    return false;
}

static int annotate_one(struct query *q, struct pending *p, uint32_t n, uint32_t i,
                        const struct resolve *r, bool selected)
{
    struct compiler *c = q->c;
    uint32_t other;
    if (p[i].state == 2)
        return 0;
    if (p[i].state == 1)
        return c_fail(c, ERR_FIELD, "annotations name each other in a circle: '%.*s'",
                      STR_ARG(p[i].name));
    p[i].state = 1;
    while (names_pending(p[i].w, p[i + 1].w, p, n, i, &other))
        if (annotate_one(q, p, n, other, r, selected) < 0)
            return -1;
    c->w = p[i].w;
    c->slot = p[i].slot;
    struct expr *e = read_expr(q, r);
    if (!e)
        return -1;
    if (e->kind == E_STAR || e->kind == E_ORDER)
        return c_fail(c, ERR_TYPE, "annotation '%.*s' is not an expression", STR_ARG(p[i].name));
    p[i].state = 2;
    p[i].e = e;
    if (p[i].apart)
        return 0;
    query_annotate(q, p[i].name, e, selected);
    query_annotation(q, p[i].name)->summary = r->summarize;
    return 0;
}

struct str *read_annotations(struct query *q, uint32_t n, const struct resolve *r, bool selected)
{
    struct compiler *c = q->c;
    if (n > (size_t)(c->end - c->w)) {
        c_corrupt(c);
        return NULL;
    }
    struct pending *p = c_alloc(c, (n + 1) * sizeof *p);
    struct str *names = c_alloc(c, (n + 1) * sizeof *names);
    for (uint32_t i = 0; i < n; i++) {
        p[i].name = names[i] = read_name(c);
        if (!p[i].name.p || dialect_check_alias(p[i].name, c->err) < 0)
            return NULL;
        const struct member *member = model_member(q->model, p[i].name);
        if (!q->is_values && !r->summarize && member && !str_eq(p[i].name, STR("pk"))) {
            c_fail(c, ERR_INVALID, "The annotation '%.*s' conflicts with a field on the model.",
                   STR_ARG(p[i].name));
            return NULL;
        }
        p[i].w = c->w;
        p[i].slot = c->slot;
        p[i].apart = r->summarize && (member || query_annotation(q, p[i].name));
        if (skip_operand(c) < 0)
            return NULL;
    }
    p[n].w = c->w; /* p[i + 1].w lies behind the next name, which names_pending() steps over */
    p[n].slot = c->slot;
    for (uint32_t i = 0; i < n; i++)
        if (annotate_one(q, p, n, i, r, selected) < 0)
            return NULL;
    for (uint32_t i = 0; i < n; i++)
        if (p[i].apart)
            query_annotate(q, p[i].name, p[i].e, selected);
    c->w = p[n].w;
    c->slot = p[n].slot;
    return names;
}

static int op_annotate(struct query *q, uint32_t n, bool selected)
{
    struct resolve r = {0};
    if (need_plain(q, selected ? "annotate" : "alias") < 0)
        return -1;
    struct str *names = read_annotations(q, n, &r, selected);
    if (!names)
        return -1;
    for (uint32_t i = 0; i < n; i++) {
        if (!(query_annotation(q, names[i])->expr->flags & EF_AGGREGATE))
            continue;
        if (q->is_values)
            return query_group(q, true);
        q->grouping = GROUP_MODEL;
        break;
    }
    return 0;
}

static int check_order_name(struct query *q, struct str name)
{
    struct str parts[NAMES_MAX];
    struct joined j;
    if (str_eq(name, STR("?")))
        return 0;
    if (str_starts(name, STR("-")))
        name = str_skip(name, 1);
    uint32_t n = split_names(name, parts);
    if (n != UINT32_MAX && (query_annotation(q, name) || query_annotation(q, parts[0])))
        return 0;
    if (n == UINT32_MAX || names_to_path(q, parts, n, q->model, true, &j) < 0)
        return n == UINT32_MAX ? fail_name(q, q->model, name) : -1;
    /* What is left are transforms, or a name that there is not: better said here than where the
     * rows are read. */
    struct alias *base = query_base(q);
    struct expr *e = base && j.final_field ? expr_column(q->c, base, j.final_field) : NULL;
    for (uint32_t i = j.n_names; e && i < n; i++)
        if (!(e = apply_transform(q, e, parts[i], true)))
            return -1;
    return 0;
}

static int read_orders(struct query *q, uint32_t n)
{
    struct compiler *c = q->c;
    for (uint32_t i = 0; i < n; i++) {
        struct ordering o = {.name = STR_NULL};
        if (c->w < c->end && OP_OF(*c->w) == OP_NAME) {
            o.name = read_name(c);
            if (!o.name.p || check_order_name(q, o.name) < 0)
                return -1;
        } else {
            const uint32_t *w = c->w;
            struct resolve r = {0};
            o.expr = read_expr(q, &r);
            if (!o.expr)
                return -1;
            if (OP_OF(*w) == OP_ORDER)
                w++;
            if (OP_OF(*w) == OP_F) /* F("name") may mean a selected column */
                o.name = str_make((const char *)(w + 1), ARG_OF(*w));
        }
        *list_add(c, &q->order_by) = o;
    }
    return 0;
}

static int op_order_by(struct query *q, uint32_t n)
{
    if (q->sliced)
        return c_fail(q->c, ERR_TYPE, "Cannot reorder a query once a slice has been taken.");
    q->order_by.n = 0;
    if (n == 0)
        q->no_default_order = true;
    else
        q->no_default_order = false;
    return read_orders(q, n);
}

static struct expr *trunc_of(struct query *q, struct expr *e, struct str kind, struct str zone,
                             enum field_type_id out)
{
    struct compiler *c = q->c;
    static const char *const kinds[] = {"year", "quarter", "month",  "week",
                                        "day",  "hour",    "minute", "second"};
    size_t known = out == FIELD_DATE ? 5 : 8;
    for (size_t i = 0; i < known; i++)
        if (str_eq(kind, str_from(kinds[i]))) {
            struct expr *t = expr_new(c, E_TRUNC, zone.n ? 2 : 1);
            t->args[0] = e;
            if (zone.n) {
                t->args[1] = expr_new(c, E_TEXT, 0);
                t->args[1]->text = zone;
            }
            t->text = str_from(kinds[i]);
            t->type = type_builtin(out);
            expr_flags(t);
            return t;
        }
    return c_fail_expr(
        c, ERR_INVALID, "'kind' must be one of 'year', 'month', 'week', 'day'%s, not '%.*s'.",
        known == 8 ? ", 'hour', 'minute' or 'second'" : "", STR_ARG(str_head(kind, 40)));
}

static int op_dates(struct query *q, bool desc, bool times)
{
    struct compiler *c = q->c;
    struct str field = read_name(c), kind = read_name(c), zone = times ? read_name(c) : STR("");
    if (!field.p || !kind.p || !zone.p || need_plain(q, times ? "datetimes" : "dates") < 0)
        return -1;
    struct resolve r = {0};
    struct expr *plain = resolve_name(q, field, &r);
    if (!plain)
        return -1;
    enum storage want = times ? STORE_DATETIME : STORE_DATE;
    if (plain->type.storage != want && !(plain->type.storage == STORE_DATETIME && !times))
        return c_fail(c, ERR_TYPE, "'%.*s' isn't a %s.", STR_ARG(field),
                      times ? "DateTimeField" : "DateField, TimeField, or DateTimeField");
    struct expr *trunc = trunc_of(q, plain, kind, zone, times ? FIELD_DATETIME : FIELD_DATE);
    if (!trunc)
        return -1;
    struct str name = times ? STR("datetimefield") : STR("datefield");
    query_annotate(q, name, trunc, true);
    query_annotate(q, STR("plain_field"), plain, true);
    if (query_values(q, &name, 1, true) < 0)
        return -1;
    q->is_values = q->values_list = q->distinct = true;
    where_add(c, q->where, make_isnull(c, plain, false), CODE_AND);
    q->order_by.n = 0;
    *list_add(c, &q->order_by) =
        (struct ordering){.name = desc ? c_printf(c, "-%.*s", STR_ARG(name)) : name};
    return 0;
}

static int op_select_related(struct query *q, uint32_t arg)
{
    struct compiler *c = q->c;
    uint32_t n = arg >> 2;
    struct str *names = read_names(c, n);
    if (!names || need_plain(q, "select_related") < 0)
        return -1;
    if (q->is_values)
        return c_fail(c, ERR_TYPE,
                      "Cannot call select_related() after .values() or .values_list()");
    q->related_mode = (enum code_related)(arg & 3);
    if (q->related_mode != CODE_RELATED_NAMES) {
        q->related = NULL;
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct str parts[NAMES_MAX];
        uint32_t k = split_names(names[i], parts);
        struct related **level = &q->related;
        for (uint32_t p = 0; k != UINT32_MAX && p < k; p++) {
            while (*level && !str_eq((*level)->name, parts[p]))
                level = &(*level)->next;
            if (!*level) {
                *level = c_alloc(c, sizeof **level);
                (*level)->name = parts[p];
            }
            level = &(*level)->children;
        }
    }
    return 0;
}

static int read_part(struct query *q, struct query **out)
{
    struct compiler *c = q->c;
    uint32_t w = read_word(c), n = read_word(c), terminal;
    if (OP_OF(w) != OP_QUERY || n > (size_t)(c->end - c->w))
        return c_corrupt(c);
    *out = query_replay(c, c->w + n, NULL, &terminal);
    if (!*out)
        return -1;
    (*out)->low_slot = c->slot++;
    (*out)->high_slot = c->slot++;
    if (c->slot > c->code->n_cells)
        return c_corrupt(c);
    return 0;
}

static int op_combine(struct query *q, uint32_t arg)
{
    struct compiler *c = q->c;
    struct query *first = c_alloc(c, sizeof *first);
    *first = *q;
    first->low_slot = c->slot++;
    first->high_slot = c->slot++;
    if (c->slot > c->code->n_cells)
        return c_corrupt(c);
    memset(&q->parts, 0, sizeof q->parts);
    *list_add(c, &q->parts) = first;
    for (uint32_t i = 0; i < arg >> 2; i++) {
        struct query *part;
        if (read_part(q, &part) < 0)
            return -1;
        *list_add(c, &q->parts) = part;
    }
    q->combined = true;
    q->combinator = (enum code_combinator)(arg & 3);
    q->combined_all = q->combinator == CODE_UNION_ALL;
    q->sliced = q->has_low = q->has_high = false;
    q->literal_limit = 0;
    q->low_slot = q->high_slot = UINT32_MAX;
    q->order_by.n = 0;
    q->no_default_order = true;
    q->related_mode = CODE_RELATED_NONE;
    return 0;
}

static int op_filtered_relation(struct query *q)
{
    struct compiler *c = q->c;
    struct filtered *f = c_alloc(c, sizeof *f);
    f->alias = read_name(c);
    f->relation = read_name(c);
    if (!f->alias.p || !f->relation.p)
        return -1;
    if (dialect_check_alias(f->alias, c->err) < 0)
        return -1;
    struct str parts[NAMES_MAX];
    struct joined j;
    uint32_t n = split_names(f->relation, parts);
    if (n == UINT32_MAX || names_to_path(q, parts, n, q->model, true, &j) < 0)
        return n == UINT32_MAX ? c_corrupt(c) : -1;
    if (j.n_names != n || !j.relation)
        return c_fail(c, ERR_INVALID,
                      "FilteredRelation's relation_name cannot contain lookups (got '%.*s').",
                      STR_ARG(f->relation));
    if (model_member(q->model, f->alias))
        return c_fail(c, ERR_INVALID, "The annotation '%.*s' conflicts with a field on the model.",
                      STR_ARG(f->alias));
    f->words = c->w;
    f->slot = c->slot;
    f->next = q->filtered;
    q->filtered = f;
    return skip_operand(c);
}

static void op_slice(struct query *q, uint32_t arg)
{
    q->has_low = arg & 1;
    q->has_high = arg & 2;
    q->sliced = arg & 3;
}

static int op_one(struct query *q, uint32_t w)
{
    struct compiler *c = q->c;
    uint32_t n = ARG_OF(w);
    struct str *names;
    switch (OP_OF(w)) {
    case OP_FILTER:
    case OP_EXCLUDE:
        return op_filter(q, OP_OF(w) == OP_EXCLUDE);
    case OP_ANNOTATE:
    case OP_ALIAS:
        return op_annotate(q, n, OP_OF(w) == OP_ANNOTATE);
    case OP_ORDER_BY:
        return op_order_by(q, n);
    case OP_REVERSE:
        if (q->sliced)
            return c_fail(c, ERR_TYPE, "Cannot reverse a query once a slice has been taken.");
        q->reversed = !q->reversed;
        return 0;
    case OP_DISTINCT:
        names = read_names(c, n);
        if (!names || need_plain(q, "distinct") < 0)
            return -1;
        if (q->sliced)
            return c_fail(c, ERR_TYPE,
                          "Cannot create distinct fields once a slice has been taken.");
        if (n && !c->d->distinct_on)
            return c_fail(c, ERR_UNSUPPORTED,
                          "DISTINCT ON fields is not supported by this database backend");
        q->distinct = true;
        return 0;
    case OP_VALUES:
    case OP_VALUES_LIST:
        names = read_names(c, n);
        if (!names)
            return -1;
        for (uint32_t i = 0; i < n; i++)
            if (dialect_check_alias(names[i], c->err) < 0)
                return -1;
        q->is_values = true;
        q->values_list = OP_OF(w) == OP_VALUES_LIST;
        return query_values(q, names, n, n > 0);
    case OP_DATES:
    case OP_DATETIMES:
        return op_dates(q, n, OP_OF(w) == OP_DATETIMES);
    case OP_ONLY:
    case OP_DEFER:
        names = read_names(c, n);
        if (!names || need_plain(q, OP_OF(w) == OP_ONLY ? "only" : "defer") < 0)
            return -1;
        if (q->is_values)
            return c_fail(c, ERR_TYPE, "Cannot call %s() after .values() or .values_list()",
                          OP_OF(w) == OP_ONLY ? "only" : "defer");
        return query_defer(q, names, n, OP_OF(w) == OP_ONLY);
    case OP_SELECT_RELATED:
        return op_select_related(q, n);
    case OP_SLICE:
        op_slice(q, n);
        return 0;
    case OP_NONE:
        where_add(c, q->where, expr_new(c, E_NOTHING, 0), CODE_AND);
        return 0;
    case OP_COMBINE:
        return op_combine(q, n);
    case OP_LOCK:
        q->locks = true;
        return read_names(c, n >> 3) ? need_plain(q, "select_for_update") : -1;
    case OP_FILTERED_RELATION:
        return op_filtered_relation(q);
    default:
        return c_corrupt(c);
    }
}

struct query *query_replay(struct compiler *c, const uint32_t *end, struct query *outer,
                           uint32_t *terminal)
{
    uint32_t w = read_word(c);
    *terminal = 0;
    if (OP_OF(w) != OP_MODEL || ARG_OF(w) >= c->orm->n_models) {
        c_corrupt(c);
        return NULL;
    }
    if (++c->depth > DEPTH_MAX) {
        c_fail(c, ERR_TOO_LARGE, "queries are nested more than %d deep", (int)DEPTH_MAX);
        return NULL;
    }
    struct query *q = query_new(c, c->orm->models[ARG_OF(w)], outer);
    while (c->w < end) {
        w = read_word(c);
        if (OP_OF(w) >= OP_COUNT && OP_OF(w) <= OP_EXPLAIN) {
            *terminal = w;
            break;
        }
        if (op_one(q, w) < 0)
            return NULL;
    }
    c->depth--;
    return q;
}
