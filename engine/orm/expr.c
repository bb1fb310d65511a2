/* SPDX-License-Identifier: MIT */
/* Expressions as such: made, compared, with parts replaced. */
#include "orm/query_impl.h"

struct expr *expr_new(struct compiler *c, enum expr_kind kind, uint32_t n)
{
    struct expr *e = c_alloc(c, sizeof *e);
    e->kind = (uint8_t)kind;
    e->n = n;
    e->args = n ? c_alloc(c, n * sizeof *e->args) : NULL;
    e->type = type_unknown;
    return e;
}

void expr_flags(struct expr *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        if (e->args[i])
            e->flags |= e->args[i]->flags;
}

struct expr *expr_literal(struct compiler *c, const char *text, enum field_type_id id)
{
    struct expr *e = expr_new(c, E_LITERAL, 0);
    e->text = str_from(text);
    e->type = type_builtin(id);
    return e;
}

struct expr *expr_column(struct compiler *c, struct alias *a, const struct field *f)
{
    struct expr *e = expr_new(c, E_COLUMN, 0);
    e->col.alias = a;
    e->col.field = f;
    e->type = type_of_field(f);
    e->flags = EF_COLUMN;
    return e;
}

struct expr *expr_order(struct compiler *c, struct expr *of, unsigned flags)
{
    struct expr *e = expr_new(c, E_ORDER, 1);
    e->args[0] = of;
    e->op = (uint8_t)flags;
    e->flags = of->flags;
    e->type = of->type;
    return e;
}

static bool same_list(struct expr **a, struct expr **b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!expr_equal(a[i], b[i]))
            return false;
    return true;
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->op != b->op || a->negated != b->negated ||
        a->n != b->n || a->type.storage != b->type.storage || a->type.id != b->type.id)
        return false;
    switch (a->kind) {
    case E_COLUMN:
        return a->col.alias == b->col.alias && a->col.field == b->col.field;
    case E_VALUE:
        return a->value.slot == b->value.slot && a->value.bind == b->value.bind;
    case E_NUMBER:
        return a->number == b->number;
    case E_REF:
    case E_POSITION:
        if (!str_eq(a->ref.name, b->ref.name) || a->ref.position != b->ref.position)
            return false;
        break;
    case E_FUNCTION:
    case E_AGGREGATE:
        if (a->fn.fn != b->fn.fn || a->fn.distinct != b->fn.distinct ||
            a->fn.n_order != b->fn.n_order || !expr_equal(a->fn.filter, b->fn.filter))
            return false;
        break;
    case E_LOOKUP:
        if (a->lookup.def != b->lookup.def || a->lookup.flag != b->lookup.flag)
            return false;
        break;
    case E_SUBQUERY:
    case E_EXISTS:
        return a->query == b->query;
    case E_TEXT:
    case E_LITERAL:
    case E_RAW:
    case E_COLLATE:
    case E_JSON_KEY:
    case E_EXTRACT:
    case E_TRUNC:
        if (!str_eq(a->text, b->text))
            return false;
        break;
    case E_WINDOW:
        if (memcmp(&a->window, &b->window, sizeof a->window) != 0)
            return false;
        break;
    default:
        break;
    }
    return same_list(a->args, b->args, a->n);
}

struct expr *expr_replace(struct compiler *c, struct expr *e, struct expr **from, struct expr **to,
                          uint32_t n)
{
    if (!e)
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        if (expr_equal(e, from[i]))
            return to[i];
    struct expr *copy = NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        struct expr *arg = expr_replace(c, e->args[i], from, to, n);
        if (arg == e->args[i])
            continue;
        if (!copy) {
            copy = c_alloc(c, sizeof *copy);
            *copy = *e;
            copy->args = c_alloc(c, e->n * sizeof *copy->args);
            memcpy(copy->args, e->args, e->n * sizeof *copy->args);
        }
        copy->args[i] = arg;
    }
    if (e->kind == E_AGGREGATE && e->fn.filter) {
        struct expr *filter = expr_replace(c, e->fn.filter, from, to, n);
        if (filter != e->fn.filter && !copy) {
            copy = c_alloc(c, sizeof *copy);
            *copy = *e;
        }
        if (copy)
            copy->fn.filter = filter;
    }
    if (copy) {
        copy->flags = e->kind == E_AGGREGATE ? EF_AGGREGATE : e->kind == E_WINDOW ? EF_WINDOW : 0;
        expr_flags(copy);
    }
    return copy ? copy : e;
}
