/* SPDX-License-Identifier: MIT */
/* Which type an expression has: Django's output_field rules. */
#include "orm/query_impl.h"

const struct type type_unknown = {.storage = STORE_UNKNOWN, .id = FIELD_TYPE_COUNT};

struct type type_builtin(enum field_type_id id)
{
    return (struct type){.storage = field_types[id].storage, .id = id};
}

struct type type_of_field(const struct field *f)
{
    const struct field *s = f->storage;
    if (!s)
        return type_unknown;
    return (struct type){.storage = s->type->storage,
                         .id = s->type->id,
                         .digits = (int16_t)s->max_digits,
                         .places = (int16_t)s->decimal_places,
                         .length = s->max_length,
                         .field = f};
}

struct type type_of_value(enum value_kind kind)
{
    static const enum field_type_id ids[VALUE_KINDS] = {
        [VALUE_FALSE] = FIELD_BOOL,      [VALUE_TRUE] = FIELD_BOOL,
        [VALUE_INT] = FIELD_INT,         [VALUE_DOUBLE] = FIELD_FLOAT,
        [VALUE_TEXT] = FIELD_CHAR,       [VALUE_BLOB] = FIELD_BINARY,
        [VALUE_DECIMAL] = FIELD_DECIMAL, [VALUE_DATE] = FIELD_DATE,
        [VALUE_TIME] = FIELD_TIME,       [VALUE_DATETIME] = FIELD_DATETIME,
        [VALUE_NAIVE] = FIELD_DATETIME,  [VALUE_DURATION] = FIELD_DURATION,
        [VALUE_JSON] = FIELD_JSON,
    };
    return kind == VALUE_NULL ? type_unknown : type_builtin(ids[kind]);
}

const char *type_name(const struct type *t)
{
    if (!type_known(t))
        return "an unknown type";
    return t->field && t->field->rel ? t->field->type->name.p : field_types[t->id].name.p;
}

static struct type plain(struct type t)
{
    t.field = NULL;
    return t;
}

static bool is_number(enum storage s)
{
    return s == STORE_INT || s == STORE_FLOAT || s == STORE_DECIMAL;
}

static bool is_moment(enum storage s)
{
    return s == STORE_DATE || s == STORE_DATETIME || s == STORE_TIME;
}

/* The type of a op b; false: Django asks for an output_field. */
static bool combine(enum code_operator op, enum storage a, enum storage b, enum field_type_id *out)
{
    bool sum = op == CODE_ADD || op == CODE_SUB;
    bool bits = op >= CODE_BITAND;
    if (bits) {
        *out = FIELD_INT;
        return a == STORE_INT && b == STORE_INT;
    }
    if (is_number(a) && is_number(b)) {
        if (a == STORE_INT && b == STORE_INT)
            *out = FIELD_INT;
        else if (a == STORE_FLOAT || b == STORE_FLOAT)
            *out = FIELD_FLOAT;
        else
            *out = FIELD_DECIMAL;
        /* decimals and floats do not mix */
        return !((a == STORE_FLOAT && b == STORE_DECIMAL) ||
                 (a == STORE_DECIMAL && b == STORE_FLOAT));
    }
    bool days =
        (a == STORE_DATE || a == STORE_DATETIME) && (b == STORE_DATE || b == STORE_DATETIME);
    if (op == CODE_SUB && ((is_moment(a) && a == b) || days))
        *out = FIELD_DURATION;
    else if (sum && a == STORE_DURATION && b == STORE_DURATION)
        *out = FIELD_DURATION;
    else if (sum && (a == STORE_DATE || a == STORE_DATETIME) && b == STORE_DURATION)
        *out = FIELD_DATETIME;
    else if (op == CODE_ADD && a == STORE_DURATION && (b == STORE_DATE || b == STORE_DATETIME))
        *out = FIELD_DATETIME;
    else if (sum && a == STORE_TIME && b == STORE_DURATION)
        *out = FIELD_TIME;
    else if (op == CODE_ADD && a == STORE_DURATION && b == STORE_TIME)
        *out = FIELD_TIME;
    else if ((op == CODE_MUL || op == CODE_DIV) && a == STORE_DURATION && is_number(b))
        *out = FIELD_DURATION;
    else if (op == CODE_MUL && is_number(a) && b == STORE_DURATION)
        *out = FIELD_DURATION;
    else
        return false;
    return true;
}

const char *operator_name(unsigned op)
{
    static const char *const names[] = {"+", "-", "*", "/", "%", "^", "&", "|", "#", "<<", ">>"};
    return op < CODE_OPERATORS ? names[op] : "?";
}

int resolve_combined(struct compiler *c, struct expr *e)
{
    const struct type *a = &e->args[0]->type, *b = &e->args[1]->type;
    enum field_type_id id;
    if (e->args[0]->kind == E_STAR || e->args[1]->kind == E_STAR)
        return c_fail(c, ERR_TYPE, "'*' cannot be calculated with");
    if (!type_known(a) && !type_known(b)) {
        e->type = type_unknown;
    } else if (!type_known(a) || !type_known(b)) {
        e->type = plain(type_known(a) ? *a : *b);
    } else if (combine((enum code_operator)e->op, a->storage, b->storage, &id)) {
        e->type = type_builtin(id);
    } else {
        /* An output_field around it may still say: the error is raised where the type is
         * asked for (read_expr.c). */
        e->type = type_unknown;
        e->negated = true; /* mixed */
    }
    return 0;
}

/* Whether class a is b or derived from it. */
static bool is_kind(enum field_type_id a, enum field_type_id b)
{
    static const enum field_type_id above[FIELD_TYPE_COUNT] = {
        [FIELD_EMAIL] = FIELD_CHAR,
        [FIELD_SLUG] = FIELD_CHAR,
        [FIELD_URL] = FIELD_CHAR,
        [FIELD_AUTO_BIG] = FIELD_BIG,
        [FIELD_AUTO_INT] = FIELD_INT,
        [FIELD_AUTO_SMALL] = FIELD_SMALL,
        [FIELD_BIG] = FIELD_INT,
        [FIELD_SMALL] = FIELD_INT,
        [FIELD_POSITIVE_INT] = FIELD_INT,
        [FIELD_POSITIVE_BIG] = FIELD_BIG,
        [FIELD_POSITIVE_SMALL] = FIELD_SMALL,
        [FIELD_IMAGE] = FIELD_FILE,
        [FIELD_DATETIME] = FIELD_DATE,
    };
    while (a != b && above[a])
        a = above[a];
    return a == b;
}

/* Case, Coalesce, Greatest …: all sources are of the first one's class. */
void resolve_same(struct expr *e)
{
    struct type t = type_unknown;
    for (uint32_t i = 0; i < e->n; i++) {
        bool condition = e->kind == E_CASE && i % 2 == 0 && i + 1 < e->n;
        const struct type *x = &e->args[i]->type;
        if (condition || !type_known(x))
            continue;
        if (!type_known(&t)) {
            t = *x;
        } else if (!is_kind(t.id, x->id)) {
            e->type = type_unknown;
            e->negated = true; /* mixed: see resolve_combined */
            return;
        }
    }
    e->type = plain(t);
}

/* SQLite keeps no decimals: what calculates with them is cast, so that it compares and
 * sorts as a number. */
bool cast_to_numeric(const struct compiler *c, const struct expr *e)
{
    return c->d->id == DIALECT_SQLITE && e->type.storage == STORE_DECIMAL;
}
