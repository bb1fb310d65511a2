/* SPDX-License-Identifier: MIT */
/* UPDATE, DELETE and INSERT. */
#include "orm/query_impl.h"

/* ---- which rows ---- */

static uint32_t active_tables(const struct query *q)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->aliases.n; i++)
        n += q->aliases.items[i]->refs > 0;
    return n;
}

/* " WHERE …" of the one table; over several ones as the key's IN (SELECT …). */
static int emit_rows(struct query *q)
{
    struct compiler *c = q->c;
    if (active_tables(q) <= 1 && q->grouping == GROUP_NONE && !q->sliced) {
        struct emit_mark m = emit_mark(c);
        emit_text(c, " WHERE ");
        int r = emit(c, q->where);
        if (r != EMIT_FULL)
            return r;
        emit_rollback(c, m);
        return EMIT_OK;
    }
    const struct field *pk = q->model->pk;
    if (pk->n_parts)
        return c_fail(c, ERR_UNSUPPORTED,
                      "a model with a composite key cannot be changed by a query over joins");
    emit_text(c, " WHERE ");
    dialect_quote(c->out, q->model->table);
    emit_text(c, ".");
    dialect_quote(c->out, pk->column);
    emit_text(c, " IN ");
    for (uint32_t i = 0; i < q->annotations.n; i++)
        q->annotations.items[i].selected = false;
    if (q->grouping == GROUP_MODEL) {
        q->grouping = GROUP_LIST;
        q->group_by.n = 0;
        *list_add(c, &q->group_by) = expr_column(c, q->aliases.items[0], pk);
    }
    query_clear_select(q);
    *list_add(c, &q->select) = expr_column(c, q->aliases.items[0], pk);
    query_clear_order(q, true);
    struct query around = {.c = c, .prefix = q->prefix};
    query_bump(q, &around);
    return emit_subquery(c, q);
}

static int check_plain(struct query *q, const char *what)
{
    if (q->combined)
        return c_fail(q->c, ERR_UNSUPPORTED,
                      "Calling QuerySet.%s() after union() is not supported.", what);
    return 0;
}

/* ---- RETURNING ---- */

static void emit_returned(struct compiler *c, const struct field *f, struct select_plan *plan)
{
    emit_text(c, plan->columns.n ? ", " : " RETURNING ");
    dialect_quote(c->out, f->model->table);
    emit_text(c, ".");
    dialect_quote(c->out, f->column);
    struct out_column *col = list_add(c, &plan->columns);
    *col = (struct out_column){.expr = expr_column(c, c_alloc(c, sizeof(struct alias)), f),
                               .field = true};
}

/* ---- UPDATE ---- */

static const struct field *update_field(struct query *q, struct str name)
{
    struct compiler *c = q->c;
    const struct member *member = model_member(q->model, name);
    if (!member)
        return fail_name(q, q->model, name), NULL;
    const struct field *f = member->field;
    if (member->kind == MEMBER_FIELD && f->n_parts)
        return c_fail(c, ERR_FIELD, "Composite primary key fields must be updated individually."),
               NULL;
    if (member->kind == MEMBER_REVERSE || (f->rel && f->rel->kind == REL_MANY) || !f->column.n)
        return c_fail(c, ERR_FIELD,
                      "Cannot update model field '%.*s' (only non-relations and foreign keys "
                      "permitted).",
                      STR_ARG(name)),
               NULL;
    if (f->generated)
        return c_fail(c, ERR_FIELD, "Cannot update the generated field '%.*s'.", STR_ARG(name)),
               NULL;
    if (f->model->concrete != q->model->concrete)
        return c_fail(c, ERR_UNSUPPORTED,
                      "'%.*s' is a field of '%.*s': update that model's rows by their keys",
                      STR_ARG(name), STR_ARG(f->model->label)),
               NULL;
    return f;
}

static struct expr *instance_key(struct compiler *c, const struct field *f, struct expr *list)
{
    const struct model *m = list->col.field->model;
    struct expr *one = list->n == 1 && list->negated ? list->args[0] : NULL;
    const struct field *want = f->rel ? f->rel->target : NULL;
    for (uint32_t i = 0; one && want && i < m->n_targets && i < one->n; i++)
        if (m->targets[i] == want)
            return one->args[i];
    if (f->rel)
        return c_fail_expr(c, ERR_INVALID,
                           "Cannot assign \"%.*s object\": \"%.*s.%.*s\" must be a "
                           "\"%.*s\" instance.",
                           STR_ARG(m->name), STR_ARG(f->model->name), STR_ARG(f->name),
                           STR_ARG(f->rel->to->name));
    return c_fail_expr(c, ERR_TYPE,
                       "Tried to update field %.*s.%.*s with a model instance. Use a value "
                       "compatible with its type.",
                       STR_ARG(f->model->label), STR_ARG(f->name));
}

/* How a value is bound that is written to a column of that type. */
static struct param_type stored_type(const struct type *t)
{
    struct param_type p = param_type_of(t, t->storage == STORE_JSON ? BIND_JSON : BIND_PLAIN);
    if ((t->storage == STORE_TEXT || t->storage == STORE_FILE) && t->length > 0)
        p.max_chars = (uint32_t)t->length;
    return p;
}

static int emit_stored(struct compiler *c, const struct field *f, struct expr *v)
{
    struct type t = type_of_field(f);
    bool null = v->kind == E_VALUE && v->value.kind == VALUE_NULL;
    if (v->kind == E_LIST && v->op == 1 && !(v = instance_key(c, f, v)))
        return -1;
    if (v->kind == E_LIST) {
        if (t.storage != STORE_JSON || !v->n)
            return c_fail(c, ERR_TYPE, "a list cannot be stored in '%.*s'", STR_ARG(f->name));
        struct statement_param p = {
            .source = PARAM_LIST, .slot = v->args[0]->value.slot, .n = v->n};
        p.type = param_type_of(&t, BIND_JSON);
        emit_param(c, &p);
        return 0;
    }
    if (null) { /* Value(null, { output_field = JSONField{} }) is the document */
        emit_text(c, t.storage == STORE_JSON && v->type.storage == STORE_JSON ? "'null'" : "NULL");
        return 0;
    }
    if (v->kind == E_VALUE && !v->negated) {
        struct statement_param p = {.source = PARAM_SLOT, .slot = v->value.slot};
        p.type = stored_type(&t);
        emit_param(c, &p);
        return 0;
    }
    if (v->kind == E_VALUE)
        return emit_value(c, v, &t, BIND_JSON);
    return emit_selected(c, v) == EMIT_ERROR ? -1 : 0;
}

static int read_update(struct query *q, bool first)
{
    struct compiler *c = q->c;
    struct str name = read_name(c);
    const struct field *f = name.p ? update_field(q, name) : NULL;
    struct resolve r = {.no_joins = true};
    struct expr *v = f ? read_operand(q, &r) : NULL;
    if (!v)
        return -1;
    if (v->flags & (EF_AGGREGATE | EF_WINDOW))
        return c_fail(c, ERR_FIELD, "%s expressions are not allowed in this query (%.*s).",
                      v->flags & EF_AGGREGATE ? "Aggregate" : "Window", STR_ARG(name));
    if (v->kind == E_SUBQUERY && v->query->default_cols && query_select_key(v->query) < 0)
        return -1;
    emit_text(c, first ? "" : ", ");
    dialect_quote(c->out, f->column);
    emit_text(c, " = ");
    if (v->kind == E_DEFAULT)
        return c_fail(c, ERR_UNSUPPORTED, "a database default cannot be given in an update");
    return emit_stored(c, f, v);
}

static int emit_update_returning(struct query *q, struct select_plan *plan)
{
    struct compiler *c = q->c;
    if (c->w >= c->end || OP_OF(*c->w) != OP_RETURNING)
        return EMIT_OK;
    for (uint32_t n = ARG_OF(read_word(c)); n; n--) {
        struct str name = read_name(c);
        const struct member *m = name.p ? model_member(q->model, name) : NULL;
        if (!m || m->kind == MEMBER_REVERSE || !m->field->column.n)
            return name.p ? fail_name(q, q->model, name), EMIT_ERROR : EMIT_ERROR;
        emit_returned(c, m->field, plan);
    }
    return EMIT_OK;
}

int terminal_update(struct query *q, uint32_t n, struct select_plan *plan)
{
    struct compiler *c = q->c;
    if (check_plain(q, "update") < 0 || !query_base(q))
        return EMIT_ERROR;
    if (q->sliced)
        return c_fail(c, ERR_TYPE, "Cannot update a query once a slice has been taken.");
    if (q->distinct_on.n)
        return c_fail(c, ERR_TYPE, "Cannot call update() after .distinct(*fields).");
    emit_text(c, "UPDATE ");
    dialect_quote(c->out, q->model->table);
    emit_text(c, " SET ");
    for (uint32_t i = 0; i < n; i++)
        if (read_update(q, i == 0) < 0)
            return EMIT_ERROR;
    if (!n)
        return c_fail(c, ERR_INVALID, "update() needs at least one field");
    int r = emit_rows(q);
    return r == EMIT_OK ? emit_update_returning(q, plan) : r;
}

/* ---- DELETE ---- */

int terminal_delete(struct query *q)
{
    struct compiler *c = q->c;
    if (check_plain(q, "delete") < 0 || !query_base(q))
        return EMIT_ERROR;
    if (q->sliced)
        return c_fail(c, ERR_TYPE, "Cannot use 'limit' or 'offset' with delete().");
    if (q->distinct_on.n)
        return c_fail(c, ERR_TYPE, "Cannot call delete() after .distinct(*fields).");
    if (q->is_values)
        return c_fail(c, ERR_TYPE, "Cannot call delete() after .values() or .values_list()");
    emit_text(c, "DELETE FROM ");
    dialect_quote(c->out, q->model->table);
    return emit_rows(q);
}

/* ---- INSERT ---- */

struct insert {
    const struct model *model;
    uint32_t rows, n, n_unique, n_update;
    const struct field **fields, **unique, **update;
    bool *computed; /* of fields: a row has an expression */
};

static const struct field **insert_fields(struct query *q, uint32_t n)
{
    struct compiler *c = q->c;
    if (n > (size_t)(c->end - c->w))
        return c_corrupt(c), NULL;
    const struct field **fields = c_alloc(c, (n + 1) * sizeof *fields);
    for (uint32_t i = 0; i < n; i++) {
        struct str name = read_name(c);
        if (!name.p || !(fields[i] = update_field(q, name)))
            return NULL;
    }
    return fields;
}

/* SQLite has no DEFAULT among the values: the expression itself is written. */
static int emit_default(struct compiler *c, const struct field *f)
{
    if (!f->has_db_default || !f->expression)
        return c_fail(c, ERR_INVALID, "'%.*s' has no database default", STR_ARG(f->name));
    return statement_schema_sql(c->orm, c->d, f->model, f->expression, c->out, c->err);
}

/* "?" for a value that comes when the statement is run. */
static void emit_slot(struct compiler *c, const struct field *f)
{
    struct type t = type_of_field(f);
    struct statement_param p = {.source = PARAM_SLOT, .slot = c->slot++};
    p.type = stored_type(&t);
    emit_param(c, &p);
}

static int emit_rows_of(struct query *q, const struct insert *in, bool each)
{
    struct compiler *c = q->c;
    bool slots = c->w < c->end && OP_OF(*c->w) == OP_ROWS;
    if ((uint64_t)in->rows * in->n > UINT32_MAX / 4 || (each && (!slots || in->rows != 1)) ||
        (slots && !each && c->slot + in->rows * in->n > c->code->n_cells))
        return c_corrupt(c);
    if ((int64_t)in->rows * in->n > c->d->max_parameters)
        return c_fail(c, ERR_TOO_LARGE, "an insert of %u rows has more than %lld values", in->rows,
                      (long long)c->d->max_parameters);
    for (uint32_t row = 0; row < in->rows; row++) {
        emit_text(c, row ? "), (" : "(");
        for (uint32_t i = 0; i < in->n; i++) {
            emit_text(c, i ? ", " : "");
            if (slots) {
                emit_slot(c, in->fields[i]);
                continue;
            }
            struct resolve r = {.no_joins = true};
            struct expr *v = read_operand(q, &r);
            if (!v)
                return -1;
            if (v->kind == E_SUBQUERY && v->query->default_cols && query_select_key(v->query) < 0)
                return -1;
            if (v->flags & EF_COLUMN)
                return c_fail(c, ERR_INVALID,
                              "F() expressions can only be used to update, not to "
                              "insert.");
            in->computed[i] |= v->kind != E_VALUE && v->kind != E_LIST;
            int bad = v->kind == E_DEFAULT ? emit_default(c, in->fields[i])
                                           : emit_stored(c, in->fields[i], v);
            if (bad < 0)
                return -1;
        }
    }
    emit_text(c, ")");
    return 0;
}

static void emit_names(struct compiler *c, const struct field **fields, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        emit_text(c, i ? ", " : "");
        dialect_quote(c->out, fields[i]->column);
    }
}

static void emit_conflict(struct compiler *c, const struct insert *in)
{
    emit_text(c, " ON CONFLICT(");
    emit_names(c, in->unique, in->n_unique);
    emit_text(c, ") DO UPDATE SET ");
    for (uint32_t i = 0; i < in->n_update; i++) {
        emit_text(c, i ? ", " : "");
        dialect_quote(c->out, in->update[i]->column);
        emit_text(c, " = EXCLUDED.");
        dialect_quote(c->out, in->update[i]->column);
    }
}

/* What the database makes: its automatic key, generated columns, defaults that were not given,
 * what expressions gave. */
static void emit_returning(struct compiler *c, const struct insert *in, struct select_plan *plan)
{
    const struct model *m = in->model->concrete;
    for (uint32_t i = 0; i < m->n_local; i++) {
        const struct field *f = m->local[i];
        bool given = false, computed = false;
        for (uint32_t k = 0; k < in->n; k++) {
            given |= in->fields[k] == f;
            computed |= in->fields[k] == f && in->computed[k];
        }
        if (computed || (f->type->flags & FIELD_AUTO) || f->generated ||
            (f->has_db_default && !given))
            emit_returned(c, f, plan);
    }
}

int emit_insert(struct compiler *c, uint32_t flags, struct select_plan *plan,
                const struct model **model)
{
    uint32_t id = read_word(c);
    struct insert in = {.rows = read_word(c), .n = read_word(c)};
    in.n_unique = read_word(c);
    in.n_update = read_word(c);
    if (id >= c->orm->n_models)
        return c_corrupt(c);
    in.model = *model = c->orm->models[id];
    struct query *q = query_new(c, in.model, NULL);
    if (!(in.fields = insert_fields(q, in.n)) || !(in.unique = insert_fields(q, in.n_unique)) ||
        !(in.update = insert_fields(q, in.n_update)))
        return -1;
    in.computed = c_alloc(c, (in.n + 1) * sizeof *in.computed);
    emit_text(c, flags & CODE_INSERT_IGNORE ? "INSERT OR IGNORE INTO " : "INSERT INTO ");
    dialect_quote(c->out, in.model->table);
    emit_text(c, " (");
    if (in.n) {
        emit_names(c, in.fields, in.n);
    } else {
        const struct field *pk = in.model->pk;
        dialect_quote(c->out, pk->n_parts ? pk->parts[0]->column : pk->column);
    }
    emit_text(c, ") VALUES ");
    if (in.n) {
        if (emit_rows_of(q, &in, flags & CODE_INSERT_EACH) < 0)
            return -1;
    } else {
        for (uint32_t i = 0; i < (in.rows ? in.rows : 1); i++)
            emit_text(c, i ? ", (NULL)" : "(NULL)");
    }
    if (flags & CODE_INSERT_UPDATE) {
        if (!in.n_unique || !in.n_update)
            return c_fail(c, ERR_INVALID, "update_conflicts needs unique_fields and update_fields");
        emit_conflict(c, &in);
    }
    if (flags & CODE_INSERT_RETURNING && c->d->returning)
        emit_returning(c, &in, plan);
    return 0;
}

/* ---- UPDATE of one row by its key ---- */

int emit_row_update(struct compiler *c, bool returning, struct select_plan *plan,
                    const struct model **model)
{
    uint32_t id = read_word(c), n = read_word(c), n_keys = read_word(c);
    if (id >= c->orm->n_models || !n || !n_keys)
        return c_corrupt(c);
    struct query *q = query_new(c, *model = c->orm->models[id], NULL);
    const struct field **fields = insert_fields(q, n);
    const struct field **keys = fields ? insert_fields(q, n_keys) : NULL;
    if (!keys)
        return -1;
    emit_text(c, "UPDATE ");
    dialect_quote(c->out, q->model->table);
    for (uint32_t i = 0; i < n + n_keys; i++) {
        const struct field *f = i < n ? fields[i] : keys[i - n];
        emit_text(c, i == 0 ? " SET " : i < n ? ", " : i == n ? " WHERE " : " AND ");
        if (i >= n) {
            dialect_quote(c->out, q->model->table);
            emit_text(c, ".");
        }
        dialect_quote(c->out, f->column);
        emit_text(c, " = ");
        emit_slot(c, f);
    }
    for (uint32_t i = 0; returning && i < q->model->concrete->n_local; i++)
        if (q->model->concrete->local[i]->generated)
            emit_returned(c, q->model->concrete->local[i], plan);
    return 0;
}
