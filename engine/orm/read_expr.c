/* SPDX-License-Identifier: MIT */
/* Expressions: from words to struct expr, every name resolved. */
#include "orm/lookups_impl.h"

/* ---- names ---- */

static struct expr *annotation_ref(struct query *q, struct annotation *a, const struct resolve *r)
{
    struct compiler *c = q->c;
    if (!r->summarize || a->summary)
        return a->expr;
    if (!a->selected)
        return c_fail_expr(c, ERR_FIELD,
                           "Cannot aggregate over the '%.*s' alias. Use annotate() to promote it.",
                           STR_ARG(a->name));
    struct expr *e = expr_new(c, E_REF, 0);
    e->ref.name = a->name;
    e->ref.to = a->expr;
    e->type = a->expr->type;
    e->flags = (uint8_t)(a->expr->flags | EF_SUMMARY);
    return e;
}

struct expr *resolve_name(struct query *q, struct str name, const struct resolve *r)
{
    struct compiler *c = q->c;
    struct str parts[NAMES_MAX];
    if (c->prefix.n)
        name = c_printf(c, "%.*s__%.*s", STR_ARG(c->prefix), STR_ARG(name));
    struct annotation *a = query_annotation(q, name);
    if (a)
        return annotation_ref(q, a, r);
    uint32_t n = split_names(name, parts);
    if (n == UINT32_MAX || !name.n) {
        fail_name(q, q->model, name);
        return NULL;
    }
    struct expr *e;
    uint32_t used = 1;
    a = query_annotation(q, parts[0]);
    if (a) {
        e = annotation_ref(q, a, r);
    } else {
        struct joined j;
        struct alias *alias, *base = query_base(q);
        const struct field *target;
        uint32_t n_aliases;
        if (!base || setup_joins(q, parts, n, q->model, base, r->reuse, true, &j) < 0)
            return NULL;
        trim_joins(&j, &alias, &target, &n_aliases);
        if (r->no_joins && n_aliases > 1)
            return c_fail_expr(c, ERR_FIELD,
                               "Joined field references are not permitted in this query");
        if (target->n_parts && c->counting) /* none of the parts is NULL where there is a row */
            target = target->parts[0];
        if (target->type->storage == STORE_NONE)
            return c_fail_expr(c, ERR_INVALID,
                               "Referencing multicolumn fields with F() objects isn't supported");
        if (r->reuse)
            *r->reuse |= alias_bits(&j, n_aliases);
        e = expr_column(c, alias, target);
        e->col.relation = j.relation;
        used = j.n_names;
    }
    for (uint32_t i = used; e && i < n; i++)
        e = apply_transform(q, e, parts[i], true);
    return e;
}

/* ---- values ---- */

static struct expr *value_at(struct compiler *c, enum value_kind kind)
{
    if (c->slot >= c->code->n_cells || kind >= VALUE_KINDS) {
        c_corrupt(c);
        return NULL;
    }
    struct expr *e = expr_new(c, E_VALUE, 0);
    e->value.slot = c->slot++;
    e->value.kind = kind;
    e->type = type_of_value(kind);
    return e;
}

static struct expr *read_list(struct compiler *c, uint32_t n)
{
    struct str kinds = read_bytes(c, n);
    if (!kinds.p || n > c->code->n_cells)
        return c_corrupt(c), NULL;
    struct expr *e = expr_new(c, E_LIST, n);
    for (uint32_t i = 0; i < n; i++)
        if (!(e->args[i] = value_at(c, (enum value_kind)(unsigned char)kinds.p[i])))
            return NULL;
    return e;
}

/* Instances: for each the values of what relations may point at; a lookup takes the one that
 * it needs. */
static struct expr *read_instances(struct compiler *c, uint32_t arg)
{
    uint32_t id = read_word(c), n = arg & 0x7fffff;
    bool list = arg >> 23;
    if (id >= c->orm->n_models || n > c->code->n_cells)
        return c_corrupt(c), NULL;
    const struct model *m = c->orm->models[id];
    struct expr *e = expr_new(c, E_LIST, n);
    e->negated = !list; /* a single one */
    e->op = 1;          /* of instances */
    e->col.field = m->pk;
    for (uint32_t i = 0; i < n; i++) {
        struct expr *one = e->args[i] = expr_new(c, E_LIST, m->n_targets);
        one->op = 1;
        for (uint32_t k = 0; k < m->n_targets; k++)
            if (!(one->args[k] = value_at(c, VALUE_INT)))
                return NULL;
    }
    return e;
}

static struct expr *read_query(struct query *q, uint32_t use)
{
    struct compiler *c = q->c;
    uint32_t n = read_word(c), terminal;
    if (n > (size_t)(c->end - c->w) || use > CODE_AS_EXISTS)
        return c_corrupt(c), NULL;
    struct query *inner = query_replay(c, c->w + n, q, &terminal);
    if (!inner)
        return NULL;
    if (terminal || c->slot + 2 > c->code->n_cells)
        return c_corrupt(c), NULL;
    inner->low_slot = c->slot++;
    inner->high_slot = c->slot++;
    inner->subquery = true;
    query_bump(inner, q);
    for (uint32_t i = 0; i < inner->parts.n; i++) {
        query_bump(inner->parts.items[i], q);
        inner->parts.items[i]->subquery = true;
    }
    struct expr *e = expr_new(c, use == CODE_AS_EXISTS ? E_EXISTS : E_SUBQUERY, 0);
    e->query = inner;
    e->op = (uint8_t)use;
    e->flags = EF_SUBQUERY;
    if (use == CODE_AS_EXISTS)
        e->type = type_builtin(FIELD_BOOL);
    else if (inner->has_selected || inner->is_values)
        e->type = inner->selected.n && inner->selected.items[0].annotation
                      ? query_annotation(inner, inner->selected.items[0].name)->expr->type
                  : inner->select.n ? inner->select.items[0]->type
                                    : type_unknown;
    else
        e->type = type_of_field(inner->model->pk);
    return e;
}

/* ---- expressions ---- */

static bool read_type(struct query *q, uint32_t n, struct type *out)
{
    struct compiler *c = q->c;
    struct str name = read_bytes(c, n);
    uint32_t size = read_word(c), places = read_word(c);
    if (!name.p)
        return false;
    const struct field_type *t = orm_field_type(c->orm, name, c->err);
    if (!t)
        return false;
    *out = (struct type){.storage = t->storage, .id = t->id};
    if (t->storage == STORE_DECIMAL) {
        out->digits = (int16_t)(size < 1001 ? size : 0);
        out->places = (int16_t)(places < 1001 ? places : 0);
    }
    out->length = size < INT32_MAX ? (int)size : 0;
    if (t->storage == STORE_TARGET || t->storage == STORE_NONE)
        return c_fail(c, ERR_TYPE, "%.*s cannot be the type of an expression", STR_ARG(name)) == 0;
    return true;
}

/* What a moment can be cut to. */
static int check_trunc(struct compiler *c, const struct expr *trunc, const struct type *t)
{
    const struct type *from = &trunc->args[0]->type;
    if (t->storage != STORE_DATE && t->storage != STORE_DATETIME && t->storage != STORE_TIME)
        return c_fail(c, ERR_INVALID,
                      "output_field must be either DateField, TimeField, or DateTimeField");
    if (from->storage == t->storage || from->storage == STORE_DATETIME || !type_known(from))
        return 0;
    const struct field *f = lookup_field(trunc->args[0]);
    return c_fail(c, ERR_INVALID, "Cannot truncate %s '%.*s' to %.*s.",
                  from->storage == STORE_DATE ? "DateField" : "TimeField",
                  STR_ARG(f ? f->name : STR("?")), STR_ARG(field_types[t->id].name));
}

static struct expr *read_typed(struct query *q, const struct resolve *r, uint32_t n, bool cast)
{
    struct type t;
    if (!read_type(q, n, &t))
        return NULL;
    q->c->typed = true;
    struct expr *arg = read_expr(q, r);
    q->c->typed = false;
    if (!arg)
        return NULL;
    if (arg->kind == E_TRUNC && !cast && check_trunc(q->c, arg, &t) < 0)
        return NULL;
    if (arg->kind == E_COMBINED || arg->kind == E_CASE || arg->kind == E_FUNCTION)
        arg->negated = false; /* mixed types, but now it is said */
    bool wraps = cast || arg->kind == E_COLUMN || arg->kind == E_REF || arg->kind == E_WHERE ||
                 arg->kind == E_LOOKUP;
    if (!wraps) { /* its own output_field */
        arg->type = t;
        return arg;
    }
    struct expr *e = expr_new(q->c, cast ? E_CAST : E_WRAPPER, 1);
    e->args[0] = arg;
    e->type = t;
    expr_flags(e);
    return e;
}

static struct expr *read_combined(struct query *q, const struct resolve *r, uint32_t op)
{
    struct compiler *c = q->c;
    if (op >= CODE_OPERATORS)
        return c_corrupt(c), NULL;
    struct expr *e = expr_new(c, E_COMBINED, 2);
    e->op = (uint8_t)op;
    for (int i = 0; i < 2; i++)
        if (!(e->args[i] = read_expr(q, r)))
            return NULL;
    expr_flags(e);
    return resolve_combined(c, e) < 0 ? NULL : e;
}

static struct expr *read_condition(struct query *q, const struct resolve *r)
{
    struct compiler *c = q->c;
    alias_set needed, reuse = r->reuse ? *r->reuse : ~(alias_set)0;
    /* Joins of conditions inside of expressions stay outer where they are nullable. */
    struct where_ctx x = {.no_joins = r->no_joins,
                          .no_split = true,
                          .summarize = r->summarize,
                          .reuse = r->reuse ? r->reuse : &reuse};
    alias_set outer = 0;
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (q->aliases.items[i]->type == JOIN_OUTER)
            outer |= ALIAS_BIT(i);
    uint32_t before = q->aliases.n;
    struct expr *e;
    if (build_filter(q, &x, &e, &needed) < 0)
        return NULL;
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (i >= before || outer & ALIAS_BIT(i))
            promote_join(q, q->aliases.items[i]);
    if (!e) {
        e = where_new(c, CODE_AND, false);
    }
    return e;
}

static struct expr *read_case(struct query *q, const struct resolve *r, uint32_t arg)
{
    struct compiler *c = q->c;
    uint32_t n = arg >> 1, has_default = arg & 1;
    if (n > (size_t)(c->end - c->w))
        return c_corrupt(c), NULL;
    struct expr *e = expr_new(c, E_CASE, n * 2 + has_default);
    for (uint32_t i = 0; i < n; i++) {
        if (!(e->args[2 * i] = read_condition(q, r)) || !(e->args[2 * i + 1] = read_operand(q, r)))
            return NULL;
        if (!expr_is_condition(e->args[2 * i]))
            return c_fail_expr(c, ERR_TYPE,
                               "When() supports a Q object, a boolean expression, or "
                               "lookups as a condition.");
    }
    if (has_default && !(e->args[2 * n] = read_operand(q, r)))
        return NULL;
    expr_flags(e);
    resolve_same(e);
    return e;
}

static struct expr *read_window(struct query *q, const struct resolve *r, uint32_t n_partition)
{
    struct compiler *c = q->c;
    uint32_t n_order = read_word(c), bits = read_word(c);
    int32_t start = (int32_t)read_word(c), end = (int32_t)read_word(c);
    if ((uint64_t)n_partition + n_order > (size_t)(c->end - c->w))
        return c_corrupt(c), NULL;
    struct expr **order_of_query = NULL;
    if (bits & 1024 && query_order(q, &order_of_query, &n_order) < 0)
        return NULL;
    struct expr *e = expr_new(c, E_WINDOW, 1 + n_partition + n_order);
    e->window.n_partition = n_partition;
    e->window.n_order = n_order;
    e->window.frame.kind = (enum code_frame_kind)(bits & 15);
    e->window.frame.exclusion = (enum code_exclusion)(bits >> 4 & 15);
    e->window.frame.has_start = bits & 256;
    e->window.frame.has_end = bits & 512;
    e->window.frame.start = start;
    e->window.frame.end = end;
    if ((bits & 15) > CODE_FRAME_RANGE || (bits >> 4 & 15) > CODE_EXCLUDE_NO_OTHERS)
        return c_corrupt(c), NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        bool order = i > n_partition;
        if (order && order_of_query) {
            e->args[i] = order_of_query[i - n_partition - 1];
        } else if (order && c->w < c->end && OP_OF(*c->w) == OP_NAME) {
            struct str name = read_name(c);
            bool desc = name.p && str_starts(name, STR("-"));
            struct expr *f = name.p ? resolve_name(q, desc ? str_skip(name, 1) : name, r) : NULL;
            e->args[i] = f && desc ? expr_order(c, f, CODE_DESC) : f;
        } else {
            e->args[i] = read_expr(q, r);
        }
        if (!e->args[i])
            return NULL;
        if (order && e->args[i]->flags & EF_WINDOW)
            return c_fail_expr(c, ERR_TYPE, "a Window cannot be ordered by another one");
    }
    struct expr *of = e->args[0];
    bool window = of->kind == E_AGGREGATE ||
                  (of->kind == E_FUNCTION && of->fn.fn->flags & (FN_WINDOW | FN_AGGREGATE)) ||
                  (of->kind == E_FUNCTION && of->flags & EF_AGGREGATE);
    if (!window)
        return c_fail_expr(c, ERR_INVALID, "Expression isn't compatible with OVER clauses.");
    /* The aggregate belongs to the window; those inside of it and in the order stay. */
    for (uint32_t i = 0; i < of->n; i++)
        e->flags |= of->args[i] ? of->args[i]->flags : 0;
    for (uint32_t i = 1; i < e->n; i++)
        e->flags |= e->args[i]->flags;
    e->flags = (uint8_t)((e->flags & ~EF_AGGREGATE) | EF_WINDOW);
    e->type = of->type;
    return e;
}

static struct expr *read_raw(struct query *q, const struct resolve *r, uint32_t n)
{
    struct compiler *c = q->c;
    struct str sql = read_name(c);
    if (!sql.p || n > (size_t)(c->end - c->w))
        return c_corrupt(c), NULL;
    struct expr *e = expr_new(c, E_RAW, n);
    e->text = sql;
    for (uint32_t i = 0; i < n; i++)
        if (!(e->args[i] = read_expr(q, r)))
            return NULL;
    uint32_t holes = 0;
    for (size_t i = 0; i < sql.n; i++) {
        if (sql.p[i] != '?')
            continue;
        if (i + 1 < sql.n && sql.p[i + 1] == '?')
            i++;
        else
            holes++;
    }
    if (holes != n)
        return c_fail_expr(c, ERR_INVALID, "RawSQL has %u placeholders and %u parameters", holes,
                           n);
    expr_flags(e);
    return e;
}

static struct expr *read_outer(struct query *q, uint32_t depth)
{
    struct compiler *c = q->c;
    struct str name = read_name(c);
    if (!name.p)
        return NULL;
    struct query *outer = q;
    for (uint32_t i = 0; i < depth && outer; i++)
        outer = outer->outer;
    if (!outer && c->checking && depth > 0) {
        struct expr *later = expr_literal(c, "NULL", FIELD_TEXT);
        later->type = type_unknown;
        return later;
    }
    if (!outer || depth == 0)
        return c_fail_expr(c, ERR_INVALID,
                           "This queryset contains a reference to an outer query and may only be "
                           "used in a subquery.");
    struct resolve r = {0};
    struct expr *e = resolve_name(outer, name, &r);
    if (e && e->flags & EF_WINDOW)
        return c_fail_expr(c, ERR_UNSUPPORTED,
                           "Referencing outer query window expression is not "
                           "supported: %.*s.",
                           STR_ARG(name));
    if (!e || e->kind != E_COLUMN)
        return e;
    struct expr *copy = c_alloc(c, sizeof *copy);
    *copy = *e;
    copy->col.multivalued = str_find(name, STR("__")) < name.n;
    return copy;
}

static bool good_collation(struct str s)
{
    bool good = s.n > 0 && s.n < 64;
    for (size_t i = 0; i < s.n; i++)
        good &= char_is_alpha(s.p[i]) || char_is_digit(s.p[i]) || s.p[i] == '_' || s.p[i] == '-' ||
                s.p[i] == '.';
    return good;
}

static struct expr *read_unary(struct query *q, const struct resolve *r, enum expr_kind kind,
                               uint32_t arg)
{
    struct compiler *c = q->c;
    struct str text = STR("");
    if (kind == E_COLLATE) {
        text = read_bytes(c, arg);
        if (!text.p || !good_collation(text))
            return c_fail_expr(c, ERR_INVALID, "Invalid collation name: '%.*s'.",
                               STR_ARG(str_head(text, 80)));
    }
    struct expr *e = expr_new(c, kind, 1);
    if (kind != E_COLLATE && kind != E_ORDER)
        e->args[0] = read_condition(q, r);
    else
        e->args[0] = read_expr(q, r);
    if (!e->args[0])
        return NULL;
    e->type = e->args[0]->type;
    e->text = text;
    expr_flags(e);
    if (kind == E_ORDER) {
        if ((arg & CODE_NULLS_FIRST) && (arg & CODE_NULLS_LAST))
            return c_fail_expr(c, ERR_INVALID, "nulls_first and nulls_last are mutually exclusive");
        e->op = (uint8_t)(arg & 7);
    }
    if (kind == E_NOT && !expr_is_condition(e->args[0]))
        return c_fail_expr(c, ERR_TYPE, "Cannot negate non-conditional expressions.");
    if (kind == E_NOT && e->args[0]->kind == E_EXISTS) {
        e->args[0]->negated = !e->args[0]->negated;
        return e->args[0];
    }
    return e;
}

/* GreaterThan(a, b) and its like. */
static struct expr *read_compare(struct query *q, const struct resolve *r, uint32_t n)
{
    struct str name = read_bytes(q->c, n), parts[NAMES_MAX];
    if (!name.p)
        return NULL;
    struct expr *lhs = read_expr(q, r), *rhs = lhs ? read_operand(q, r) : NULL;
    uint32_t k = split_names(name, parts);
    if (!rhs || k == UINT32_MAX)
        return rhs ? c_corrupt(q->c), NULL : NULL;
    return build_lookup(q, parts, k, lhs, rhs);
}

static struct expr *read_one(struct query *q, const struct resolve *r)
{
    struct compiler *c = q->c;
    uint32_t w = read_word(c), n = ARG_OF(w);
    struct str name;
    switch (OP_OF(w)) {
    case OP_VALUE:
        return value_at(c, (enum value_kind)n);
    case OP_SLOT:
        return value_at(c, VALUE_NULL);
    case OP_LIST:
        return read_list(c, n);
    case OP_INSTANCES:
        return read_instances(c, n);
    case OP_F:
        name = read_bytes(c, n);
        if (!name.p)
            return NULL;
        if (r->outer_f && q->outer) {
            struct resolve plain = {0};
            return resolve_name(q->outer, name, &plain);
        }
        return resolve_name(q, name, r);
    case OP_OUTER:
        return read_outer(q, r->outer_f ? n + 1 : n);
    case OP_STAR:
        return expr_new(c, E_STAR, 0);
    case OP_DEFAULT:
        return expr_new(c, E_DEFAULT, 0);
    case OP_COMBINED:
        return read_combined(q, r, n);
    case OP_OUTPUT:
        return read_typed(q, r, n, false);
    case OP_CAST:
        return read_typed(q, r, n, true);
    case OP_FUNCTION:
        return read_function(q, r, n);
    case OP_AGGREGATE:
        return read_aggregate(q, r, n);
    case OP_CASE:
        return read_case(q, r, n);
    case OP_NOT:
        return read_unary(q, r, E_NOT, n);
    case OP_ORDER:
        return read_unary(q, r, E_ORDER, n);
    case OP_COLLATE:
        return read_unary(q, r, E_COLLATE, n);
    case OP_COMPARE:
        return read_compare(q, r, n);
    case OP_QUERY:
        return read_query(q, n);
    case OP_WINDOW:
        return read_window(q, r, n);
    case OP_RAW:
        return read_raw(q, r, n);
    case OP_Q:
    case OP_LOOKUP:
        c->w--;
        return read_condition(q, r);
    default:
        return c_corrupt(c), NULL;
    }
}

static struct expr *fail_mixed(struct compiler *c, const struct expr *e)
{
    const struct type *first = NULL, *other = NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct type *t = &e->args[i]->type;
        bool condition = e->kind == E_CASE && i % 2 == 0 && i + 1 < e->n;
        if (condition || !type_known(t))
            continue;
        if (!first)
            first = t;
        else if (t->id != first->id && !other)
            other = t;
    }
    return c_fail_expr(c, ERR_FIELD,
                       "Expression contains mixed types: %s, %s. You must set output_field.",
                       first ? type_name(first) : "?", other ? type_name(other) : "?");
}

static struct expr *read_inner(struct query *q, const struct resolve *r)
{
    struct compiler *c = q->c;
    if (++c->depth > DEPTH_MAX)
        return c_fail_expr(c, ERR_TOO_LARGE, "expressions are nested more than %d deep",
                           (int)DEPTH_MAX);
    uint32_t w = c->w < c->end ? *c->w : 0;
    bool typed = c->typed;
    c->typed = false;
    struct expr *e;
    if (OP_OF(w) == OP_OPERANDS) {
        read_word(c);
        if (ARG_OF(w) > (size_t)(c->end - c->w))
            return c_corrupt(c), NULL;
        e = expr_new(c, E_LIST, ARG_OF(w));
        for (uint32_t i = 0; i < e->n; i++)
            if (!(e->args[i] = read_inner(q, r)))
                return NULL;
        expr_flags(e);
    } else {
        e = read_one(q, r);
    }
    c->depth--;
    if (e && e->kind == E_COMBINED && e->negated && !typed)
        return c_fail_expr(c, ERR_FIELD,
                           "Cannot infer type of '%s' expression involving these types: %s, %s. "
                           "You must set output_field.",
                           operator_name(e->op), type_name(&e->args[0]->type),
                           type_name(&e->args[1]->type));
    if (e && (e->kind == E_CASE || e->kind == E_FUNCTION) && e->negated && !typed)
        return fail_mixed(c, e);
    return e;
}

struct expr *read_operand(struct query *q, const struct resolve *r)
{
    return read_inner(q, r);
}

struct expr *read_expr(struct query *q, const struct resolve *r)
{
    struct resolve inner = *r;
    inner.outer_f = false;
    struct expr *e = read_inner(q, &inner);
    if (e && e->kind == E_LIST)
        return c_fail_expr(q->c, ERR_TYPE, "a list or an instance cannot stand in an expression");
    return e;
}
