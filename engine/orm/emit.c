/* SPDX-License-Identifier: MIT */
/* Expressions to text.  What is written: names out of the metadata and checked aliases,
 * quoted; words of this module; placeholders.  Values go to the parameters. */
#include "orm/query_impl.h"

/* ---- values ---- */

struct param_type param_type_of(const struct type *t, enum convert_bind bind)
{
    return (struct param_type){.storage = t->storage,
                               .bind = bind,
                               .field = t->field,
                               .max_digits = t->digits,
                               .decimal_places = t->places};
}

int emit_value(struct compiler *c, struct expr *v, const struct type *as, enum convert_bind bind)
{
    struct statement_param p = {.source = PARAM_SLOT, .slot = v->value.slot};
    if (v->negated) { /* a list as a JSON document */
        p.source = PARAM_LIST;
        p.n = v->value.n;
        bind = BIND_JSON;
    }
    p.type = param_type_of(as, bind);
    emit_param(c, &p);
    return EMIT_OK;
}

/* A value among expressions is converted by its own type, or by the one that was said. */
static int emit_own_value(struct compiler *c, struct expr *e)
{
    if (e->value.kind == VALUE_NULL && !e->negated && e->type.storage != STORE_JSON) {
        emit_text(c, "NULL");
        return EMIT_OK;
    }
    bool cast = cast_to_numeric(c, e);
    emit_text(c, cast ? "CAST(" : "");
    int r =
        emit_value(c, e, &e->type, e->type.storage == STORE_JSON ? BIND_JSON_LOOKUP : BIND_PLAIN);
    emit_text(c, cast ? " AS NUMERIC)" : "");
    return r;
}

/* ---- lists and templates ---- */

int emit_list(struct compiler *c, struct expr **items, uint32_t n, const char *joiner)
{
    int r = EMIT_OK;
    for (uint32_t i = 0; i < n && r == EMIT_OK; i++) {
        emit_text(c, i ? joiner : "");
        r = emit_selected(c, items[i]);
    }
    return r;
}

int emit_template(struct compiler *c, const char *sql, struct expr **args, uint32_t n,
                  const char *joiner)
{
    int r = EMIT_OK;
    for (const char *p = sql; *p && r == EMIT_OK; p++) {
        if (*p != '%') {
            buf_addc(c->out, *p);
        } else if (*++p == 'a') {
            r = emit_list(c, args, n, joiner ? joiner : ", ");
        } else if (char_is_digit(*p)) {
            uint32_t i = (uint32_t)(*p - '1');
            r = i < n ? emit(c, args[i]) : EMIT_OK;
        } else {
            buf_addc(c->out, '%');
        }
    }
    return r;
}

/* ---- columns, references ---- */

static int emit_column(struct compiler *c, struct expr *e)
{
    if (!c->bare) {
        dialect_quote(c->out, e->col.alias->name);
        buf_addc(c->out, '.');
    }
    dialect_quote(c->out, e->col.field->column);
    return EMIT_OK;
}

/* ---- calculations ---- */

static bool is_moment(enum storage s)
{
    return s == STORE_DATE || s == STORE_DATETIME || s == STORE_TIME;
}

static int emit_two(struct compiler *c, const char *before, struct expr *e, const char *between,
                    const char *behind)
{
    emit_text(c, before);
    int r = emit(c, e->args[0]);
    emit_text(c, between);
    if (r == EMIT_OK)
        r = emit(c, e->args[1]);
    emit_text(c, behind);
    return r;
}

static int emit_duration(struct compiler *c, struct expr *e)
{
    char before[48];
    snprintf(before, sizeof before, "(django_format_dtdelta('%s', ", operator_name(e->op));
    return emit_two(c, before, e, ", ", "))");
}

static int emit_combined_expr(struct compiler *c, struct expr *e)
{
    enum storage a = e->args[0]->type.storage, b = e->args[1]->type.storage;
    char between[8];
    if (c->d->id == DIALECT_SQLITE) {
        if (e->op == CODE_SUB && is_moment(a) && a == b)
            return emit_two(c, a == STORE_TIME ? "django_time_diff(" : "django_timestamp_diff(", e,
                            ", ", ")");
        bool duration = a == STORE_DURATION || b == STORE_DURATION;
        if (duration && (e->op <= CODE_DIV))
            return emit_duration(c, e);
        if (e->op == CODE_POW)
            return emit_two(c, "(POWER(", e, ",", "))");
        if (e->op == CODE_BITXOR)
            return emit_two(c, "(BITXOR(", e, ",", "))");
    }
    snprintf(between, sizeof between, " %s ", operator_name(e->op));
    return emit_two(c, "(", e, between, ")");
}

/* ---- Case ---- */

static int emit_branch(struct compiler *c, struct expr *condition, struct expr *result)
{
    struct emit_mark m = emit_mark(c);
    emit_text(c, " WHEN ");
    int r = emit(c, condition);
    if (r == EMIT_EMPTY) {
        emit_rollback(c, m);
        return EMIT_OK;
    }
    if (r == EMIT_FULL) { /* the others never come to it */
        emit_rollback(c, m);
        return EMIT_FULL;
    }
    emit_text(c, " THEN ");
    return r == EMIT_OK ? emit_selected(c, result) : r;
}

static int emit_case(struct compiler *c, struct expr *e)
{
    uint32_t n = e->n / 2;
    struct emit_mark m = emit_mark(c);
    struct expr *otherwise = e->n % 2 ? e->args[e->n - 1] : NULL;
    emit_text(c, "CASE");
    size_t before = c->out->n;
    for (uint32_t i = 0; i < n; i++) {
        int r = emit_branch(c, e->args[2 * i], e->args[2 * i + 1]);
        if (r == EMIT_ERROR)
            return r;
        if (r == EMIT_FULL) {
            otherwise = e->args[2 * i + 1];
            break;
        }
    }
    if (c->out->n == before) { /* no branch is left */
        emit_rollback(c, m);
        if (otherwise)
            return emit_selected(c, otherwise);
        emit_text(c, "NULL");
        return EMIT_OK;
    }
    emit_text(c, " ELSE ");
    if (otherwise) {
        int r = emit_selected(c, otherwise);
        if (r != EMIT_OK)
            return r;
    } else {
        emit_text(c, "NULL");
    }
    emit_text(c, " END");
    return EMIT_OK;
}

/* ---- trees ---- */

static int emit_flag(struct compiler *c, struct expr *e)
{
    struct emit_mark m = emit_mark(c);
    emit_text(c, "CASE WHEN ");
    int r = emit(c, e);
    if (r == EMIT_OK)
        emit_text(c, " THEN 1 ELSE 0 END");
    if (r == EMIT_OK || r == EMIT_ERROR)
        return r;
    emit_rollback(c, m);
    emit_text(c, r == EMIT_FULL ? "1" : "0");
    return EMIT_OK;
}

/* SQLite has no XOR: an odd number of the conditions holds.
 * ((a OR b OR c) AND 1 = (MOD(((a + b) + c), 2))) */
static int emit_xor(struct compiler *c, struct expr *w)
{
    emit_text(c, w->negated ? "NOT (" : "(");
    struct expr any = *w;
    any.op = CODE_OR;
    any.negated = false;
    int r = emit(c, &any);
    if (r != EMIT_OK)
        return r == EMIT_ERROR ? r : (r == EMIT_FULL) != w->negated ? EMIT_FULL : EMIT_EMPTY;
    emit_text(c, w->n > 2 ? " AND 1 = (MOD(" : " AND 1 = ");
    for (uint32_t i = 1; i < w->n; i++)
        emit_text(c, "(");
    for (uint32_t i = 0; i < w->n; i++) {
        emit_text(c, i ? " + " : "");
        if (emit_flag(c, w->args[i]) == EMIT_ERROR)
            return EMIT_ERROR;
        emit_text(c, i ? ")" : "");
    }
    emit_text(c, w->n > 2 ? ", 2)))" : ")");
    return EMIT_OK;
}

static int emit_where(struct compiler *c, struct expr *w)
{
    bool and = w->op == CODE_AND;
    if (w->op == CODE_XOR && w->n > 1)
        return emit_xor(c, w);
    uint32_t full = and? w->n : 1, empty = and? 1 : w->n, n = 0;
    struct emit_mark start = emit_mark(c);
    if (!w->n)
        return w->negated ? EMIT_EMPTY : EMIT_FULL;
    size_t opened = 0;
    emit_text(c, w->negated ? "NOT (" : "(");
    opened = c->out->n;
    for (uint32_t i = 0; i < w->n; i++) {
        struct emit_mark m = emit_mark(c);
        emit_text(c, n ? (and? " AND " : " OR ") : "");
        int r = emit(c, w->args[i]);
        if (r == EMIT_ERROR)
            return r;
        if (r == EMIT_OK) {
            n++;
            continue;
        }
        emit_rollback(c, m);
        if (r == EMIT_EMPTY)
            empty--;
        else
            full--;
        if (!empty || !full) {
            emit_rollback(c, start);
            return !empty == !w->negated ? EMIT_EMPTY : EMIT_FULL;
        }
    }
    if (!n) {
        emit_rollback(c, start);
        return EMIT_FULL;
    }
    if (n == 1 && !w->negated) { /* no brackets around one */
        memmove(c->out->data + start.text, c->out->data + opened, c->out->n - opened);
        buf_cut(c->out, c->out->n - (opened - start.text));
        return EMIT_OK;
    }
    emit_text(c, ")");
    return EMIT_OK;
}

/* ---- the rest ---- */

static int emit_raw(struct compiler *c, struct expr *e)
{
    uint32_t hole = 0;
    emit_text(c, "(");
    for (size_t i = 0; i < e->text.n; i++) {
        char ch = e->text.p[i];
        if (ch != '?') {
            buf_addc(c->out, ch);
        } else if (i + 1 < e->text.n && e->text.p[i + 1] == '?') {
            buf_addc(c->out, '?');
            i++;
        } else if (hole < e->n) {
            struct expr *v = e->args[hole++];
            int r = v->kind == E_VALUE ? emit_value(c, v, &type_unknown, BIND_RAW) : emit(c, v);
            if (r != EMIT_OK)
                return r;
        }
    }
    emit_text(c, ")");
    return EMIT_OK;
}

static int emit_cast(struct compiler *c, struct expr *e)
{
    struct type *t = &e->type;
    bool sqlite = c->d->id == DIALECT_SQLITE;
    struct expr *of = e->args[0];
    if (sqlite && t->storage == STORE_DATETIME) {
        emit_text(c, "strftime('%Y-%m-%d %H:%M:%f', ");
    } else if (sqlite && t->storage == STORE_TIME) {
        emit_text(c, "strftime('%H:%M:%f', ");
    } else if (sqlite && t->storage == STORE_DATE) {
        emit_text(c, "date(");
    } else {
        emit_text(c, "CAST(");
        int r = emit_selected(c, of);
        if (r != EMIT_OK)
            return r;
        struct field_type ft = field_types[t->id];
        if (ft.flags & FIELD_AUTO)
            ft = field_types[FIELD_INT];
        struct field f = {.type = &ft,
                          .max_length = t->length,
                          .max_digits = t->digits,
                          .decimal_places = t->places,
                          .column = STR("x")};
        f.storage = &f;
        emit_text(c, " AS ");
        if (t->storage == STORE_TEXT && t->length <= 0)
            emit_text(c, sqlite ? "text" : "varchar");
        else
            dialect_column_type(c->d, &f, c->out);
        emit_text(c, ")");
        return EMIT_OK;
    }
    int r = emit(c, of);
    emit_text(c, ")");
    return r;
}

static int emit_order(struct compiler *c, struct expr *e)
{
    struct expr *of = e->args[0];
    int r = emit_selected(c, of);
    emit_text(c, e->op & CODE_DESC ? " DESC" : " ASC");
    if (e->op & CODE_NULLS_FIRST)
        emit_text(c, " NULLS FIRST");
    if (e->op & CODE_NULLS_LAST)
        emit_text(c, " NULLS LAST");
    return r;
}

static int emit_exists(struct compiler *c, struct expr *e)
{
    struct query *q = e->query;
    struct emit_mark m = emit_mark(c);
    if (!e->negated || !q->has_selected) {
        if (terminal_exists(q) < 0)
            return EMIT_ERROR;
    }
    emit_text(c, e->negated ? "NOT EXISTS" : "EXISTS");
    int r = emit_subquery(c, q);
    if (r == EMIT_EMPTY) {
        emit_rollback(c, m);
        return e->negated ? EMIT_FULL : EMIT_EMPTY;
    }
    return r;
}

static int emit_plain(struct compiler *c, struct expr *e)
{
    int r;
    switch ((enum expr_kind)e->kind) {
    case E_COLUMN:
        return emit_column(c, e);
    case E_VALUE:
        return emit_own_value(c, e);
    case E_LITERAL:
        emit_str(c, e->text);
        return EMIT_OK;
    case E_TEXT:
        emit_param_text(c, e->text);
        return EMIT_OK;
    case E_NUMBER:
        emit_param_int(c, e->number);
        return EMIT_OK;
    case E_COMBINED:
        return emit_combined_expr(c, e);
    case E_FUNCTION:
    case E_AGGREGATE:
        return emit_function(c, e);
    case E_CASE:
        return emit_case(c, e);
    case E_SUBQUERY:
        return emit_subquery(c, e->query);
    case E_EXISTS:
        return emit_exists(c, e);
    case E_NOT: {
        struct emit_mark m = emit_mark(c);
        emit_text(c, "NOT ");
        r = emit(c, e->args[0]);
        if (r == EMIT_OK || r == EMIT_ERROR)
            return r;
        emit_rollback(c, m);
        return r == EMIT_EMPTY ? EMIT_FULL : EMIT_EMPTY;
    }
    case E_WINDOW:
        return emit_window(c, e);
    case E_ORDER:
        return emit_order(c, e);
    case E_RAW:
        return emit_raw(c, e);
    case E_COLLATE:
        r = emit(c, e->args[0]);
        emit_text(c, " COLLATE ");
        dialect_quote(c->out, e->text);
        return r;
    case E_CAST:
        return emit_cast(c, e);
    case E_WRAPPER:
        return emit(c, e->args[0]);
    case E_REF:
        dialect_quote(c->out, e->ref.name);
        return EMIT_OK;
    case E_POSITION:
        buf_addint(c->out, e->ref.position);
        return EMIT_OK;
    case E_WHERE:
        return emit_where(c, e);
    case E_LOOKUP:
        return emit_lookup(c, e);
    case E_JSON_KEY:
        return emit_json_key(c, e);
    case E_STAR:
        emit_text(c, "*");
        return EMIT_OK;
    case E_NOTHING:
        return EMIT_EMPTY;
    case E_EXTRACT:
        return emit_extract(c, e);
    case E_TRUNC:
        return emit_trunc(c, e);
    case E_DEFAULT:
        return c_fail(c, ERR_INVALID, "a database default can only be written to its field");
    default:
        return c_corrupt(c);
    }
}

static bool casts(const struct expr *e)
{
    return e->kind == E_COMBINED || e->kind == E_FUNCTION || e->kind == E_AGGREGATE ||
           e->kind == E_CASE || e->kind == E_WRAPPER || e->kind == E_WINDOW;
}

int emit(struct compiler *c, struct expr *e)
{
    struct emit_mark m = emit_mark(c);
    bool cast = casts(e) && cast_to_numeric(c, e);
    if (++c->depth > 4 * DEPTH_MAX)
        return c_fail(c, ERR_TOO_LARGE, "the query is nested too deep");
    emit_text(c, cast ? "CAST(" : "");
    int r = emit_plain(c, e);
    emit_text(c, cast ? " AS NUMERIC)" : "");
    c->depth--;
    if (r == EMIT_EMPTY || r == EMIT_FULL)
        emit_rollback(c, m);
    return r;
}

/* What has no row or every row is a value here. */
int emit_selected(struct compiler *c, struct expr *e)
{
    int r = emit(c, e);
    if (r == EMIT_FULL) {
        emit_text(c, "1");
        return EMIT_OK;
    }
    if (r != EMIT_EMPTY)
        return r;
    if (e->kind == E_AGGREGATE && e->fn.fn->flags & FN_NOT_EMPTY)
        emit_text(c, "0");
    else if (expr_is_condition(e))
        emit_text(c, "0");
    else
        emit_text(c, "NULL");
    return EMIT_OK;
}
