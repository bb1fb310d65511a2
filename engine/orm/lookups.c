/* SPDX-License-Identifier: MIT */
/* From "name__icontains" and a value to a condition. */
#include "orm/lookups_impl.h"

#include "base/suggest.h"

static const struct lookup lookups[] = {
    {"exact", LOOKUP_COMPARE, "=", BIND_MATCH, true, false, {NULL, 0}},
    {"iexact", LOOKUP_IEXACT, NULL, BIND_LIKE, false, false, {NULL, 0}},
    {"contains", LOOKUP_PATTERN, NULL, BIND_CONTAINS, false, false, {NULL, 0}},
    {"icontains", LOOKUP_PATTERN, NULL, BIND_CONTAINS, false, false, {NULL, 0}},
    {"startswith", LOOKUP_PATTERN, NULL, BIND_STARTS, false, false, {NULL, 0}},
    {"istartswith", LOOKUP_PATTERN, NULL, BIND_STARTS, false, false, {NULL, 0}},
    {"endswith", LOOKUP_PATTERN, NULL, BIND_ENDS, false, false, {NULL, 0}},
    {"iendswith", LOOKUP_PATTERN, NULL, BIND_ENDS, false, false, {NULL, 0}},
    {"in", LOOKUP_IN, NULL, BIND_MATCH, true, true, {NULL, 0}},
    {"gt", LOOKUP_COMPARE, ">", BIND_FLOOR, true, false, {NULL, 0}},
    {"gte", LOOKUP_COMPARE, ">=", BIND_CEIL, true, false, {NULL, 0}},
    {"lt", LOOKUP_COMPARE, "<", BIND_CEIL, true, false, {NULL, 0}},
    {"lte", LOOKUP_COMPARE, "<=", BIND_FLOOR, true, false, {NULL, 0}},
    {"range", LOOKUP_RANGE, NULL, BIND_MATCH, false, true, {NULL, 0}},
    {"isnull", LOOKUP_ISNULL, NULL, BIND_PLAIN, true, false, {NULL, 0}},
    {"regex", LOOKUP_REGEX, "REGEXP ", BIND_RAW, false, false, {NULL, 0}},
    {"iregex", LOOKUP_REGEX, "REGEXP '(?i)' || ", BIND_RAW, false, false, {NULL, 0}},
};

static const struct lookup json_lookups[] = {
    {"contains", LOOKUP_JSON_CONTAINS, NULL, BIND_JSON, false, false, {NULL, 0}},
    {"contained_by", LOOKUP_JSON_CONTAINS, NULL, BIND_JSON, false, false, {NULL, 0}},
    {"has_key", LOOKUP_HAS_KEY, "", BIND_JSON_KEY, false, false, {NULL, 0}},
    {"has_keys", LOOKUP_HAS_KEY, " AND ", BIND_JSON_KEY, false, true, {NULL, 0}},
    {"has_any_keys", LOOKUP_HAS_KEY, " OR ", BIND_JSON_KEY, false, true, {NULL, 0}},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

const struct lookup *lookup_named(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(lookups); i++)
        if (strcmp(lookups[i].name, name) == 0)
            return &lookups[i];
    return NULL;
}

bool lookup_is(const struct expr *e, const char *name)
{
    return e->kind == E_LOOKUP && strcmp(e->lookup.def->name, name) == 0;
}

bool lookup_takes_list(struct str key)
{
    size_t at = key.n;
    while (at > 0 && !(at >= 2 && key.p[at - 1] == '_' && key.p[at - 2] == '_'))
        at--;
    struct str last = str_skip(key, at);
    for (size_t i = 0; i < COUNT_OF(lookups); i++)
        if (lookups[i].list && str_eq(last, str_from(lookups[i].name)))
            return at > 0;
    for (size_t i = 0; i < COUNT_OF(json_lookups); i++)
        if (json_lookups[i].list && str_eq(last, str_from(json_lookups[i].name)))
            return at > 0;
    return false;
}

/* ---- by name ---- */

static struct str class_of(const struct expr *lhs)
{
    const struct field *f = lhs->type.field;
    if (f && f->storage)
        return f->storage->type->name;
    return type_known(&lhs->type) ? field_types[lhs->type.id].name : STR("");
}

static bool is_class(struct str wanted, const struct expr *lhs)
{
    if (!wanted.n || str_eq(wanted, class_of(lhs)))
        return true;
    return type_known(&lhs->type) && str_eq(wanted, field_types[lhs->type.id].name);
}

static bool is_named(const char *s, struct str name)
{
    return name.n && s[0] == name.p[0] && str_eq(name, str_from(s));
}

static const struct lookup *find_lookup(struct query *q, const struct expr *lhs, struct str name)
{
    if (lhs->type.storage == STORE_JSON && lhs->kind != E_JSON_KEY)
        for (size_t i = 0; i < COUNT_OF(json_lookups); i++)
            if (is_named(json_lookups[i].name, name))
                return &json_lookups[i];
    if (lhs->kind == E_JSON_KEY)
        for (size_t i = 1; i < COUNT_OF(json_lookups); i++)
            if (is_named(json_lookups[i].name, name))
                return &json_lookups[i];
    for (size_t i = 0; i < COUNT_OF(lookups); i++)
        if (is_named(lookups[i].name, name))
            return &lookups[i];
    const struct lookup *own = map_get(&q->c->orm->lookups, name);
    return own && is_class(own->field_class, lhs) ? own : NULL;
}

static const char *const date_parts[] = {"year", "iso_year", "month",        "day",
                                         "week", "week_day", "iso_week_day", "quarter",
                                         "hour", "minute",   "second"};

static struct expr *date_part(struct query *q, struct expr *lhs, struct str name)
{
    struct compiler *c = q->c;
    enum storage s = lhs->type.storage;
    if (s == STORE_DATETIME && (str_eq(name, STR("date")) || str_eq(name, STR("time")))) {
        struct expr *e = expr_new(c, E_TRUNC, 1);
        e->args[0] = lhs;
        e->text = str_eq(name, STR("date")) ? STR("cast_date") : STR("cast_time");
        e->type = type_builtin(str_eq(name, STR("date")) ? FIELD_DATE : FIELD_TIME);
        expr_flags(e);
        return e;
    }
    size_t from = s == STORE_TIME ? 8 : 0, to = s == STORE_DATE ? 8 : COUNT_OF(date_parts);
    if (s != STORE_DATE && s != STORE_DATETIME && s != STORE_TIME)
        return NULL;
    for (size_t i = from; i < to; i++)
        if (str_eq(name, str_from(date_parts[i]))) {
            struct expr *e = expr_new(c, E_EXTRACT, 1);
            e->args[0] = lhs;
            e->text = str_from(date_parts[i]);
            e->type = type_builtin(FIELD_INT);
            expr_flags(e);
            return e;
        }
    return NULL;
}

static struct expr *own_transform(struct query *q, struct expr *lhs, struct str name)
{
    const struct transform *t = map_get(&q->c->orm->transforms, name);
    if (!t || !is_class(t->field_class, lhs))
        return NULL;
    struct expr *e = expr_new(q->c, E_FUNCTION, 1);
    e->args[0] = lhs;
    e->fn.fn = &t->function;
    e->type = t->keeps_type ? lhs->type : t->function.type;
    expr_flags(e);
    return e;
}

/* Behind a relation: a field of the model there, or one of few lookups. */
static struct expr *fail_related(struct query *q, const struct expr *lhs, struct str name)
{
    char hint[160];
    const struct relation *r = lhs->col.field->rel;
    if (!near_member(r ? r->to : lhs->col.field->model, name, false, hint, sizeof hint)[0]) {
        struct suggest s;
        suggest_init(&s, name);
        for (size_t i = 0; i < COUNT_OF(lookups); i++)
            if (lookups[i].related)
                suggest_add(&s, str_from(lookups[i].name));
        suggest_text(&s, hint, sizeof hint);
    }
    return c_fail_expr(q->c, ERR_FIELD, "Related Field got invalid lookup: %.*s%s",
                       STR_ARG(str_head(name, 80)), hint);
}

static struct expr *fail_transform(struct query *q, const struct expr *lhs, struct str name)
{
    struct suggest s;
    char hint[160];
    if (lhs->kind == E_COLUMN && lhs->col.field->rel &&
        near_member(lhs->col.field->rel->to, name, false, hint, sizeof hint)[0])
        return fail_related(q, lhs, name);
    suggest_init(&s, name);
    for (size_t i = 0; i < COUNT_OF(lookups); i++)
        suggest_add(&s, str_from(lookups[i].name));
    bool dates = lhs->type.storage == STORE_DATE || lhs->type.storage == STORE_DATETIME;
    for (size_t i = 0; dates && i < COUNT_OF(date_parts); i++)
        suggest_add(&s, str_from(date_parts[i]));
    for (size_t i = 0; i < q->c->orm->lookups.used; i++)
        if (q->c->orm->lookups.entries[i].key.p)
            suggest_add(&s, q->c->orm->lookups.entries[i].key);
    if (s.best.p)
        snprintf(hint, sizeof hint, ", perhaps you meant %.*s?", STR_ARG(s.best));
    else
        snprintf(hint, sizeof hint, ".");
    return c_fail_expr(q->c, ERR_FIELD,
                       "Unsupported lookup '%.*s' for %s or join on the field not permitted%s",
                       STR_ARG(str_head(name, 80)), type_name(&lhs->type), hint);
}

struct expr *apply_transform(struct query *q, struct expr *lhs, struct str name, bool required)
{
    struct compiler *c = q->c;
    struct expr *e = NULL;
    if (lhs->kind == E_COLUMN && lhs->col.relation)
        return required ? fail_transform(q, lhs, name) : NULL;
    e = own_transform(q, lhs, name);
    if (!e)
        e = date_part(q, lhs, name);
    if (!e && (lhs->type.storage == STORE_JSON || lhs->kind == E_JSON_KEY) && name.n) {
        e = expr_new(c, E_JSON_KEY, 1);
        e->args[0] = lhs;
        e->text = name;
        e->type = type_builtin(FIELD_JSON);
        expr_flags(e);
    }
    return e || !required ? e : fail_transform(q, lhs, name);
}

/* ---- conditions ---- */

static struct expr *condition_new(struct compiler *c, const struct lookup *def, struct expr *lhs,
                                  struct expr *rhs)
{
    struct expr *e = expr_new(c, E_LOOKUP, rhs ? 2 : 1);
    e->lookup.def = def;
    e->args[0] = lhs;
    if (rhs)
        e->args[1] = rhs;
    e->type = type_builtin(FIELD_BOOL);
    expr_flags(e);
    return e;
}

struct expr *make_isnull(struct compiler *c, struct expr *lhs, bool is)
{
    struct expr *e = condition_new(c, lookup_named("isnull"), lhs, NULL);
    e->lookup.flag = is;
    return e;
}

struct expr *make_exact(struct compiler *c, struct expr *lhs, struct expr *rhs)
{
    return lhs && rhs ? condition_new(c, &lookups[0], lhs, rhs) : NULL;
}

/* Of an instance, the value that is compared with the column. */
static struct expr *instance_value(struct compiler *c, const struct expr *lhs,
                                   const struct expr *list, struct expr *one)
{
    const struct model *m = list->col.field->model; /* the instance's, by its key */
    const struct field *f = lhs->col.field;
    const struct field *want = f->rel ? f->rel->target : f;
    for (uint32_t i = 0; i < m->n_targets && i < one->n; i++)
        if (m->targets[i] == want)
            return one->args[i];
    const struct model *must = f->rel ? f->rel->to : f->model;
    return c_fail_expr(c, ERR_INVALID, "Cannot query \"%.*s object\": Must be \"%.*s\" instance.",
                       STR_ARG(m->name), STR_ARG(must->name));
}

static struct expr *unpack_instances(struct compiler *c, const struct expr *lhs, struct expr *list)
{
    if (lhs->kind != E_COLUMN)
        return c_fail_expr(c, ERR_TYPE, "an instance can only be compared with a relation");
    if (list->negated && list->n == 1)
        return instance_value(c, lhs, list, list->args[0]);
    struct expr *out = expr_new(c, E_LIST, list->n);
    for (uint32_t i = 0; i < list->n; i++)
        if (!(out->args[i] = instance_value(c, lhs, list, list->args[i])))
            return NULL;
    return out;
}

/* Instances among the items of a list. */
static struct expr *unpack_items(struct compiler *c, const struct expr *lhs, struct expr *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->args[i]->kind == E_LIST && list->args[i]->op == 1 &&
            !(list->args[i] = unpack_instances(c, lhs, list->args[i])))
            return NULL;
    for (uint32_t i = 0; i < list->n; i++)
        if (list->args[i]->kind == E_LIST)
            return c_fail_expr(c, ERR_TYPE, "Field '%.*s' expected one value but got a list.",
                               STR_ARG(lhs->type.field ? lhs->type.field->name : STR("?")));
    return list;
}

static int prepare_query(struct query *q, const struct lookup *def, struct expr *lhs,
                         struct expr *rhs)
{
    struct compiler *c = q->c;
    struct query *inner = rhs->query;
    if (def->kind == LOOKUP_IN) {
        if (!inner->sliced)
            query_clear_order(inner, false);
    } else if (def->kind == LOOKUP_COMPARE && rhs->op == CODE_AS_LIST && !inner->literal_limit &&
               !inner->has_high) {
        return c_fail(c, ERR_INVALID,
                      "The QuerySet value for %s lookup must be limited to one result using "
                      "slicing.",
                      strcmp(def->name, "exact") == 0 ? "an exact" : "a comparing");
    }
    if (inner->has_selected || inner->is_values)
        return 0;
    if (inner->combined) /* its parts then select the key */
        return query_values(inner, (struct str[]){STR("pk")}, 1, true);
    const struct field *f = lhs->kind == E_COLUMN ? lhs->col.field : NULL;
    if (f && f->rel && lhs->col.relation && !model_is_a(inner->model, f->rel->to) &&
        !model_is_a(f->rel->to, inner->model))
        return c_fail(c, ERR_INVALID,
                      "Cannot use QuerySet for \"%.*s\": Use a QuerySet for \"%.*s\".",
                      STR_ARG(inner->model->name), STR_ARG(f->rel->to->name));
    if (f && f->rel && model_is_a(inner->model, f->rel->target->model) &&
        !f->rel->target->primary_key) {
        query_clear_select(inner);
        struct str name = f->rel->target->name;
        return query_add_fields(inner, &name, 1, false);
    }
    return query_select_key(inner);
}

/* None among the values of `in` never matches: it is left out, and remembered. */
static struct expr *without_none(struct compiler *c, struct expr *list, bool *had)
{
    struct expr *out = expr_new(c, E_LIST, list->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < list->n; i++) {
        struct expr *e = list->args[i];
        if (e->kind == E_VALUE && e->value.kind == VALUE_NULL)
            *had = true;
        else
            out->args[n++] = e;
    }
    out->n = n;
    out->flags = list->flags;
    return out;
}

/* A list where one value is wanted: a JSON document that is an array. */
static struct expr *list_as_value(struct compiler *c, const struct expr *lhs, struct expr *list)
{
    bool json = lhs->type.storage == STORE_JSON;
    for (uint32_t i = 0; i < list->n; i++)
        json &= list->args[i]->kind == E_VALUE;
    if (!json)
        return c_fail_expr(c, ERR_TYPE, "Field '%.*s' expected one value but got a list.",
                           STR_ARG(lhs->type.field ? lhs->type.field->name : STR("?")));
    struct expr *e = expr_new(c, E_VALUE, 0);
    e->value.slot = list->n ? list->args[0]->value.slot : 0;
    e->value.n = list->n;
    e->value.kind = VALUE_JSON;
    e->negated = true; /* an array of cells */
    e->type = type_builtin(FIELD_JSON);
    return e;
}

static struct expr *isnull_lookup(struct compiler *c, struct expr *lhs, const struct expr *rhs)
{
    if (rhs->kind != E_VALUE || (rhs->value.kind != VALUE_TRUE && rhs->value.kind != VALUE_FALSE))
        return c_fail_expr(c, ERR_INVALID,
                           "The QuerySet value for an isnull lookup must be True or False.");
    return make_isnull(c, lhs, rhs->value.kind == VALUE_TRUE);
}

const struct field *lookup_field(const struct expr *lhs)
{
    while (!lhs->type.field && lhs->n && lhs->args[0])
        lhs = lhs->args[0];
    return lhs->type.field;
}

static struct str name_of(const struct expr *lhs)
{
    const struct field *f = lookup_field(lhs);
    return f ? f->name : STR("value");
}

static void note_value(struct compiler *c, const struct expr *v, struct param_type type)
{
    if (v->kind == E_VALUE && !v->negated && v->value.kind != VALUE_NULL)
        vec_push(c->checks, ((struct statement_param){
                                .source = PARAM_SLOT, .slot = v->value.slot, .type = type}));
}

/* The values of a condition and what they will be bound as, for statements_check. */
static void note_values(struct compiler *c, const struct expr *e)
{
    struct param_type type;
    if (!lookup_param_type(e, &type))
        return;
    const struct expr *rhs = e->args[1];
    if (rhs->kind != E_LIST)
        note_value(c, rhs, type);
    for (uint32_t i = 0; rhs->kind == E_LIST && i < rhs->n; i++)
        note_value(c, rhs->args[i], type);
}

static const char *given(const struct expr *rhs)
{
    if (rhs->kind != E_VALUE)
        return "an expression";
    switch (rhs->value.kind) {
    case VALUE_TEXT:
        return "a string";
    case VALUE_INT:
    case VALUE_DOUBLE:
        return "a number";
    default:
        return "one value";
    }
}

/* ---- keys of several columns ---- */

static struct expr *part_of(struct compiler *c, const struct expr *lhs, uint32_t i)
{
    return expr_column(c, lhs->col.alias, lhs->col.field->parts[i]);
}

static struct expr *compare_part(struct compiler *c, const char *op, const struct expr *lhs,
                                 uint32_t i, struct expr *value)
{
    struct expr *e = condition_new(c, lookup_named(op), part_of(c, lhs, i), value);
    if (c->checks)
        note_values(c, e);
    return e;
}

/* The values of one key: a list, or what an instance brings. */
static struct expr *key_values(struct compiler *c, const struct lookup *def, const struct expr *lhs,
                               struct expr *tuple)
{
    const struct field *pk = lhs->col.field;
    if (tuple->op == 1 && tuple->n == 1 && tuple->args[0]->kind == E_LIST)
        tuple = tuple->args[0];
    bool instance = tuple->op == 1;
    if (tuple->kind == E_LIST && (instance ? tuple->n >= pk->n_parts : tuple->n == pk->n_parts))
        return tuple;
    return c_fail_expr(c, ERR_INVALID, "'%s' lookup of '%.*s' must have %u elements", def->name,
                       STR_ARG(pk->name), pk->n_parts);
}

/* (a, b) = (1, 2); (a, b) > (1, 2): a > 1 OR (a = 1 AND b > 2) */
static struct expr *compare_key(struct compiler *c, const struct lookup *def,
                                const struct expr *lhs, struct expr *tuple)
{
    uint32_t n = lhs->col.field->n_parts;
    bool exact = strcmp(def->name, "exact") == 0;
    const char *strict = def->name[0] == 'g' ? "gt" : "lt";
    struct expr *any = where_new(c, CODE_OR, false);
    for (uint32_t last = exact ? n - 1 : 0; last < n; last++) {
        struct expr *all = where_new(c, CODE_AND, false);
        for (uint32_t i = 0; i <= last; i++) {
            const char *op = exact || i < last ? "exact" : last + 1 < n ? strict : def->name;
            where_add(c, all, compare_part(c, op, lhs, i, tuple->args[i]), CODE_AND);
        }
        where_add(c, any, all, CODE_OR);
    }
    return any;
}

static struct expr *key_isnull(struct compiler *c, const struct expr *lhs, const struct expr *rhs)
{
    struct expr *test = isnull_lookup(c, part_of(c, lhs, 0), rhs);
    if (!test)
        return NULL;
    bool is = test->lookup.flag;
    struct expr *w = where_new(c, is ? CODE_OR : CODE_AND, false);
    for (uint32_t i = 0; i < lhs->col.field->n_parts; i++)
        where_add(c, w, make_isnull(c, part_of(c, lhs, i), is), is ? CODE_OR : CODE_AND);
    return w;
}

static struct expr *composite_lookup(struct query *q, const struct lookup *def, struct expr *lhs,
                                     struct expr *rhs)
{
    struct compiler *c = q->c;
    const struct field *pk = lhs->col.field;
    if (def->kind == LOOKUP_ISNULL)
        return key_isnull(c, lhs, rhs);
    if (def->kind != LOOKUP_COMPARE && def->kind != LOOKUP_IN)
        return c_fail_expr(c, ERR_FIELD,
                           "'%s' is no lookup of '%.*s', a key of %u columns: there are exact, in, "
                           "gt, gte, lt, lte and isnull",
                           def->name, STR_ARG(pk->name), pk->n_parts);
    if (rhs->kind != E_LIST)
        return c_fail_expr(c, ERR_INVALID, "'%s' lookup of '%.*s' must be a list of %u values",
                           def->name, STR_ARG(pk->name), pk->n_parts);
    if (def->kind == LOOKUP_COMPARE) {
        struct expr *tuple = key_values(c, def, lhs, rhs);
        return tuple ? compare_key(c, def, lhs, tuple) : NULL;
    }
    struct expr *any = where_new(c, CODE_OR, false);
    for (uint32_t i = 0; i < rhs->n; i++) {
        struct expr *tuple = key_values(c, def, lhs, rhs->args[i]);
        if (!tuple)
            return NULL;
        where_add(c, any, compare_key(c, &lookups[0], lhs, tuple), CODE_OR);
    }
    if (!any->n)
        where_add(c, any, expr_new(c, E_NOTHING, 0), CODE_OR);
    return any;
}

static struct expr *finish_lookup(struct query *q, const struct lookup *def, struct expr *lhs,
                                  struct expr *rhs)
{
    struct compiler *c = q->c;
    if (lhs->kind == E_COLUMN && lhs->col.field->n_parts)
        return composite_lookup(q, def, lhs, rhs);
    if (lhs->kind == E_COLUMN && lhs->col.relation && !def->related)
        return c_fail_expr(
            c, ERR_FIELD,
            "Related Field got invalid lookup: %s; name a field of the %.*s, as in %.*s__name__%s",
            def->name, STR_ARG(lhs->col.field->rel ? lhs->col.field->rel->to->name : STR("model")),
            STR_ARG(lhs->col.field->name), def->name);
    if (def->kind == LOOKUP_ISNULL)
        return isnull_lookup(c, lhs, rhs);
    if (rhs->kind == E_LIST && rhs->op == 1 && !(rhs = unpack_instances(c, lhs, rhs)))
        return NULL;
    if (rhs->kind == E_LIST && !(rhs = unpack_items(c, lhs, rhs)))
        return NULL;
    if ((rhs->kind == E_SUBQUERY) && prepare_query(q, def, lhs, rhs) < 0)
        return NULL;
    bool json = lhs->type.storage == STORE_JSON;
    if (rhs->kind == E_VALUE && rhs->value.kind == VALUE_NULL && !json) {
        if (strcmp(def->name, "exact") != 0 && strcmp(def->name, "iexact") != 0)
            return c_fail_expr(c, ERR_INVALID,
                               "Cannot use None as a query value: NULL is found by '%.*s' and "
                               "'%.*s__isnull', not by '%s'",
                               STR_ARG(name_of(lhs)), STR_ARG(name_of(lhs)), def->name);
        return make_isnull(c, lhs, true);
    }
    bool had_none = false;
    if (def->list) {
        bool query = (rhs->kind == E_SUBQUERY || rhs->kind == E_RAW) && def->kind == LOOKUP_IN;
        if (rhs->kind != E_LIST && !query)
            return c_fail_expr(c, ERR_TYPE, "%.*s__%s takes a list%s, not %s",
                               STR_ARG(name_of(lhs)), def->name,
                               def->kind == LOOKUP_IN ? " or a QuerySet" : "", given(rhs));
        if (def->kind == LOOKUP_RANGE && rhs->n != 2)
            return c_fail_expr(c, ERR_INVALID, "%.*s__range takes two values, not %u",
                               STR_ARG(name_of(lhs)), rhs->n);
        if (def->kind == LOOKUP_IN && rhs->kind == E_LIST && !json)
            rhs = without_none(c, rhs, &had_none);
    } else if (rhs->kind == E_LIST && def->kind == LOOKUP_HAS_KEY) {
        return c_fail_expr(c, ERR_TYPE,
                           "%.*s__%s takes the name of one key; has_keys and has_any_keys take a "
                           "list",
                           STR_ARG(name_of(lhs)), def->name);
    } else if (rhs->kind == E_LIST && !(rhs = list_as_value(c, lhs, rhs))) {
        return NULL;
    }
    struct expr *e = condition_new(c, def, lhs, rhs);
    e->lookup.flag = had_none;
    if (c->checks)
        note_values(c, e);
    if (def->kind == LOOKUP_JSON_CONTAINS && c->d->id == DIALECT_SQLITE)
        return c_fail_expr(c, ERR_UNSUPPORTED,
                           "%s lookup is not supported on this database backend.", def->name);
    return e;
}

struct expr *build_lookup(struct query *q, const struct str *names, uint32_t n, struct expr *lhs,
                          struct expr *rhs)
{
    for (uint32_t i = 0; i + 1 < n; i++)
        if (!(lhs = apply_transform(q, lhs, names[i], true)))
            return NULL;
    struct str name = n ? names[n - 1] : STR("exact");
    const struct lookup *def = find_lookup(q, lhs, name);
    if (!def) {
        if (lhs->kind == E_COLUMN && lhs->col.relation)
            return fail_related(q, lhs, name);
        lhs = apply_transform(q, lhs, name, true);
        def = &lookups[0];
    }
    return lhs ? finish_lookup(q, def, lhs, rhs) : NULL;
}
