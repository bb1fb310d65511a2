/* SPDX-License-Identifier: MIT */
/* Django's database functions and aggregates, one line each. */
#include "base/suggest.h"
#include "orm/query_impl.h"

#define F1(name, rule, sql)                                                                        \
    {                                                                                              \
        name, 1, 1, rule, FN_TRANSFORM, {sql, sql}, NULL,                                          \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define FN(name, min, max, rule, sqlite, pg)                                                       \
    {                                                                                              \
        name, min, max, rule, 0, {sqlite, pg}, NULL,                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define AGG(name, max, rule, flags, sqlite, pg)                                                    \
    {                                                                                              \
        name, 1, max, rule, FN_AGGREGATE | (flags), {sqlite, pg}, NULL,                            \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define WIN(name, min, max, rule, sql)                                                             \
    {                                                                                              \
        name, min, max, rule, FN_WINDOW, {sql, sql}, NULL,                                         \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define SPECIAL(name, min, max, rule)                                                              \
    {                                                                                              \
        name, min, max, rule, FN_SPECIAL, {NULL, NULL}, NULL,                                      \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* clang-format off */
static const struct function functions[] = {
    /* comparison */
    FN("Coalesce", 2, -1, RULE_SAME, "COALESCE(%a)", "COALESCE(%a)"),
    FN("Greatest", 2, -1, RULE_SAME, "MAX(%a)", "GREATEST(%a)"),
    FN("Least", 2, -1, RULE_SAME, "MIN(%a)", "LEAST(%a)"),
    FN("NullIf", 2, 2, RULE_FIRST, "NULLIF(%a)", "NULLIF(%a)"),
    /* dates; Extract and Trunc take the kind as a name behind the expression */
    SPECIAL("Extract", 2, 3, RULE_INT),
    SPECIAL("Trunc", 2, 3, RULE_FIRST),
    SPECIAL("TruncDate", 1, 2, RULE_FIRST),
    SPECIAL("TruncTime", 1, 2, RULE_FIRST),
    FN("Now", 0, 0, RULE_DATETIME, "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')", "STATEMENT_TIMESTAMP()"),
    /* JSON */
    FN("JSONArray", 0, -1, RULE_JSON, "JSON_ARRAY(%a)", "JSONB_BUILD_ARRAY(%a)"),
    FN("JSONObject", 0, -1, RULE_JSON, "JSON_OBJECT(%a)", "JSONB_BUILD_OBJECT(%a)"),
    /* numbers */
    F1("Abs", RULE_FIRST, "ABS(%a)"),
    F1("ACos", RULE_NUMBER, "ACOS(%a)"),
    F1("ASin", RULE_NUMBER, "ASIN(%a)"),
    F1("ATan", RULE_NUMBER, "ATAN(%a)"),
    FN("ATan2", 2, 2, RULE_NUMBER, "ATAN2(%a)", "ATAN2(%a)"),
    F1("Ceil", RULE_FIRST, "CEILING(%a)"),
    F1("Cos", RULE_NUMBER, "COS(%a)"),
    F1("Cot", RULE_NUMBER, "COT(%a)"),
    F1("Degrees", RULE_NUMBER, "DEGREES(%a)"),
    F1("Exp", RULE_NUMBER, "EXP(%a)"),
    F1("Floor", RULE_FIRST, "FLOOR(%a)"),
    F1("Ln", RULE_NUMBER, "LN(%a)"),
    FN("Log", 2, 2, RULE_NUMBER, "LOG(%a)", "LOG(%a)"),
    FN("Mod", 2, 2, RULE_NUMBER, "MOD(%a)", "MOD(%a)"),
    FN("Pi", 0, 0, RULE_FLOAT, "PI()", "PI()"),
    FN("Power", 2, 2, RULE_NUMBER, "POWER(%a)", "POWER(%a)"),
    F1("Radians", RULE_NUMBER, "RADIANS(%a)"),
    FN("Random", 0, 0, RULE_FLOAT, "RAND()", "RANDOM()"),
    FN("Round", 1, 2, RULE_FIRST, "ROUND(%a)", "ROUND(%a)"),
    F1("Sign", RULE_FIRST, "SIGN(%a)"),
    F1("Sin", RULE_NUMBER, "SIN(%a)"),
    F1("Sqrt", RULE_NUMBER, "SQRT(%a)"),
    F1("Tan", RULE_NUMBER, "TAN(%a)"),
    /* text */
    {"Chr", 1, 1, RULE_CHAR, FN_TRANSFORM, {"CHAR(%a)", "CHR(%a)"}, NULL, {0}},
    SPECIAL("Concat", 2, -1, RULE_SAME),
    FN("Left", 2, 2, RULE_CHAR, "SUBSTR(%1, 1, %2)", "LEFT(%a)"),
    F1("Length", RULE_INT, "LENGTH(%a)"),
    F1("Lower", RULE_FIRST, "LOWER(%a)"),
    FN("LPad", 2, 3, RULE_CHAR, "LPAD(%a)", "LPAD(%a)"),
    F1("LTrim", RULE_FIRST, "LTRIM(%a)"),
    F1("MD5", RULE_FIRST, "MD5(%a)"),
    {"Ord", 1, 1, RULE_INT, FN_TRANSFORM, {"UNICODE(%a)", "ASCII(%a)"}, NULL, {0}},
    FN("Repeat", 2, 2, RULE_CHAR, "REPEAT(%a)", "REPEAT(%a)"),
    FN("Replace", 2, 3, RULE_FIRST, "REPLACE(%a)", "REPLACE(%a)"),
    F1("Reverse", RULE_FIRST, "REVERSE(%a)"),
    FN("Right", 2, 2, RULE_CHAR, "SUBSTR(%1, (%2 * -1), %2)", "RIGHT(%a)"),
    FN("RPad", 2, 3, RULE_CHAR, "RPAD(%a)", "RPAD(%a)"),
    F1("RTrim", RULE_FIRST, "RTRIM(%a)"),
    F1("SHA1", RULE_FIRST, "SHA1(%a)"),
    F1("SHA224", RULE_FIRST, "SHA224(%a)"),
    F1("SHA256", RULE_FIRST, "SHA256(%a)"),
    F1("SHA384", RULE_FIRST, "SHA384(%a)"),
    F1("SHA512", RULE_FIRST, "SHA512(%a)"),
    FN("Slice", 2, 3, RULE_CHAR, "SUBSTR(%a)", "SUBSTRING(%a)"), /* F("x"):slice() */
    FN("StrIndex", 2, 2, RULE_INT, "INSTR(%a)", "STRPOS(%a)"),
    FN("Substr", 2, 3, RULE_CHAR, "SUBSTR(%a)", "SUBSTRING(%a)"),
    F1("Trim", RULE_FIRST, "TRIM(%a)"),
    F1("Upper", RULE_FIRST, "UPPER(%a)"),
    /* windows */
    WIN("CumeDist", 0, 0, RULE_FLOAT, "CUME_DIST()"),
    WIN("DenseRank", 0, 0, RULE_INT, "DENSE_RANK()"),
    WIN("FirstValue", 1, 1, RULE_FIRST, "FIRST_VALUE(%a)"),
    WIN("Lag", 1, 3, RULE_FIRST, "LAG(%a)"),
    WIN("LastValue", 1, 1, RULE_FIRST, "LAST_VALUE(%a)"),
    WIN("Lead", 1, 3, RULE_FIRST, "LEAD(%a)"),
    WIN("NthValue", 2, 2, RULE_FIRST, "NTH_VALUE(%a)"),
    WIN("Ntile", 1, 1, RULE_INT, "NTILE(%a)"),
    WIN("PercentRank", 0, 0, RULE_FLOAT, "PERCENT_RANK()"),
    WIN("Rank", 0, 0, RULE_INT, "RANK()"),
    WIN("RowNumber", 0, 0, RULE_INT, "ROW_NUMBER()"),
    /* aggregates */
    AGG("AnyValue", 1, RULE_FIRST, 0, "MAX(%a)", "ANY_VALUE(%a)"),
    AGG("Avg", 1, RULE_NUMBER, FN_DISTINCT, "AVG(%a)", "AVG(%a)"),
    AGG("Count", 1, RULE_INT, FN_DISTINCT | FN_NOT_EMPTY, "COUNT(%a)", "COUNT(%a)"),
    AGG("Max", 1, RULE_FIRST, 0, "MAX(%a)", "MAX(%a)"),
    AGG("Min", 1, RULE_FIRST, 0, "MIN(%a)", "MIN(%a)"),
    AGG("StdDev", 1, RULE_NUMBER, 0, "STDDEV_POP(%a)", "STDDEV_POP(%a)"),
    AGG("StdDevSample", 1, RULE_NUMBER, 0, "STDDEV_SAMP(%a)", "STDDEV_SAMP(%a)"),
    AGG("StringAgg", 2, RULE_TEXT, FN_DISTINCT | FN_ORDER, "GROUP_CONCAT(%a)", "STRING_AGG(%a)"),
    AGG("Sum", 1, RULE_FIRST, FN_DISTINCT, "SUM(%a)", "SUM(%a)"),
    AGG("Variance", 1, RULE_NUMBER, 0, "VAR_POP(%a)", "VAR_POP(%a)"),
    AGG("VarianceSample", 1, RULE_NUMBER, 0, "VAR_SAMP(%a)", "VAR_SAMP(%a)"),
};
/* clang-format on */

const struct function *function_find(const struct orm *orm, struct str name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (str_eq(name, str_from(functions[i].name)))
            return &functions[i];
    return map_get(&orm->functions, name);
}

int fail_function(struct compiler *c, struct str name)
{
    struct suggest s;
    char hint[160];
    suggest_init(&s, name);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        suggest_add(&s, str_from(functions[i].name));
    return c_fail(c, ERR_FIELD, "there is no database function '%.*s'%s",
                  STR_ARG(str_head(name, 80)), suggest_text(&s, hint, sizeof hint));
}

/* ---- types ---- */

static int result_type(struct expr *e)
{
    const struct function *fn = e->fn.fn;
    struct type first = e->n ? e->args[0]->type : type_unknown;
    bool decimal = false, integer = false;
    if (fn->flags & FN_CUSTOM && type_known(&fn->type)) {
        e->type = fn->type;
        return 0;
    }
    switch (fn->rule) {
    case RULE_SAME:
        resolve_same(e);
        return 0;
    case RULE_NUMBER:
        for (uint32_t i = 0; i < e->n; i++) {
            decimal |= e->args[i]->type.storage == STORE_DECIMAL;
            integer |= e->args[i]->type.storage == STORE_INT;
        }
        if (decimal)
            e->type = type_builtin(FIELD_DECIMAL);
        else if (integer || !type_known(&first))
            e->type = type_builtin(FIELD_FLOAT);
        else
            e->type = first;
        e->type.field = NULL;
        return 0;
    case RULE_FLOAT:
        e->type = type_builtin(FIELD_FLOAT);
        return 0;
    case RULE_INT:
        e->type = type_builtin(FIELD_INT);
        return 0;
    case RULE_CHAR:
        e->type = type_builtin(FIELD_CHAR);
        return 0;
    case RULE_TEXT:
        e->type = type_builtin(FIELD_TEXT);
        return 0;
    case RULE_JSON:
        e->type = type_builtin(FIELD_JSON);
        return 0;
    case RULE_DATETIME:
        e->type = type_builtin(FIELD_DATETIME);
        return 0;
    case RULE_FIRST:
        e->type = first;
        return 0;
    default:
        e->type = type_unknown;
        return 0;
    }
}

/* ---- reading ---- */

static int check_arity(struct compiler *c, const struct function *fn, uint32_t n)
{
    if ((int64_t)n >= fn->min && (fn->max < 0 || (int64_t)n <= fn->max))
        return 0;
    return c_fail(c, ERR_TYPE, "'%s' takes %s%d argument%s (%u given)", fn->name,
                  fn->min == fn->max ? "exactly " : "at least ", fn->min, fn->min == 1 ? "" : "s",
                  n);
}

static struct expr *read_arg(struct query *q, const struct resolve *r)
{
    struct compiler *c = q->c;
    if (c->w < c->end && OP_OF(*c->w) == OP_NAME) { /* keys of JSONObject */
        struct expr *e = expr_new(c, E_TEXT, 0);
        e->text = read_name(c);
        e->type = type_builtin(FIELD_CHAR);
        return e->text.p ? e : NULL;
    }
    return read_expr(q, r);
}

static struct expr *new_call(struct query *q, enum expr_kind kind, const struct function *fn,
                             const struct resolve *r, uint32_t n)
{
    struct compiler *c = q->c;
    struct expr *e = expr_new(c, kind, n);
    e->fn.fn = fn;
    for (uint32_t i = 0; i < n; i++)
        if (!(e->args[i] = read_arg(q, r)))
            return NULL;
    expr_flags(e);
    return e;
}

static void default_args(struct compiler *c, struct expr *e)
{
    const char *name = e->fn.fn->name;
    const char *fill = strcmp(name, "Replace") == 0                             ? ""
                       : strcmp(name, "LPad") == 0 || strcmp(name, "RPad") == 0 ? " "
                                                                                : NULL;
    bool round = strcmp(name, "Round") == 0 && e->n == 1;
    bool lag = (strcmp(name, "Lag") == 0 || strcmp(name, "Lead") == 0) && e->n == 1;
    bool add = (fill && e->n == 2) || round || lag;
    if (!add)
        return;
    struct expr **args = c_alloc(c, (e->n + 1) * sizeof *args);
    memcpy(args, e->args, e->n * sizeof *args);
    struct expr *x = args[e->n] = expr_new(c, fill ? E_TEXT : E_NUMBER, 0);
    if (fill)
        x->text = str_from(fill);
    else
        x->number = lag ? 1 : 0;
    e->args = args;
    e->n++;
}

struct expr *read_function(struct query *q, const struct resolve *r, uint32_t n)
{
    struct compiler *c = q->c;
    struct str name = read_name(c);
    if (!name.p || n > (size_t)(c->end - c->w))
        return name.p ? c_corrupt(c), NULL : NULL;
    const struct function *fn = function_find(c->orm, name);
    if (!fn)
        return read_kind_function(q, r, name, n);
    if (fn->flags & FN_AGGREGATE)
        return c_fail_expr(c, ERR_INVALID, "%s is an aggregate", fn->name);
    if (check_arity(c, fn, n) < 0)
        return NULL;
    if (fn->flags & FN_SPECIAL && strcmp(fn->name, "Concat") != 0)
        return read_date_function(q, r, fn, n);
    struct expr *e = new_call(q, E_FUNCTION, fn, r, n);
    if (!e || result_type(e) < 0)
        return NULL;
    const struct type *sliced = strcmp(fn->name, "Slice") == 0 ? &e->args[0]->type : NULL;
    if (sliced && type_known(sliced) && sliced->storage != STORE_TEXT)
        return c_fail_expr(c, ERR_UNSUPPORTED, "%s does not support slicing; text does",
                           type_name(sliced));
    default_args(c, e);
    return e;
}

static int read_agg_parts(struct query *q, const struct resolve *r, struct expr *e, unsigned flags)
{
    struct compiler *c = q->c;
    if (flags & CODE_AGG_FILTER && !(e->fn.filter = read_expr(q, r)))
        return -1;
    if (e->fn.filter && !expr_is_condition(e->fn.filter))
        return c_fail(c, ERR_TYPE, "the filter of %s is not a condition", e->fn.fn->name);
    return 0;
}

static int read_agg_order(struct query *q, const struct resolve *r, struct expr *e)
{
    struct compiler *c = q->c;
    uint32_t w = read_word(c);
    if (OP_OF(w) != OP_ORDER_BY || ARG_OF(w) > (size_t)(c->end - c->w))
        return c_corrupt(c);
    uint32_t n = ARG_OF(w);
    struct expr **args = c_alloc(c, (e->n + n + 1) * sizeof *args);
    memcpy(args, e->args, e->n * sizeof *args);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *x;
        unsigned desc = 0;
        if (c->w < c->end && OP_OF(*c->w) == OP_NAME) {
            struct str name = read_name(c);
            desc = name.p && str_starts(name, STR("-")) ? CODE_DESC : 0;
            x = name.p ? resolve_name(q, desc ? str_skip(name, 1) : name, r) : NULL;
        } else {
            x = read_expr(q, r);
        }
        if (!x)
            return -1;
        args[e->n + i] = x->kind == E_ORDER ? x : expr_order(c, x, desc);
        e->flags |= x->flags & (EF_WINDOW | EF_SUBQUERY | EF_COLUMN);
    }
    e->args = args;
    e->n += n;
    e->fn.n_order = n;
    return 0;
}

static int check_aggregate(struct compiler *c, struct expr *e, unsigned flags, bool summarize)
{
    const struct function *fn = e->fn.fn;
    if (flags & CODE_AGG_DISTINCT && !(fn->flags & FN_DISTINCT))
        return c_fail(c, ERR_TYPE, "%s does not allow distinct.", fn->name);
    if (flags & CODE_AGG_ORDER && !(fn->flags & FN_ORDER))
        return c_fail(c, ERR_TYPE, "%s does not allow order_by.", fn->name);
    if (flags & CODE_AGG_DEFAULT && fn->flags & FN_NOT_EMPTY)
        return c_fail(c, ERR_TYPE, "%s does not allow default.", fn->name);
    if (flags & CODE_AGG_DISTINCT && e->n > 1 && c->d->id == DIALECT_SQLITE &&
        strcmp(fn->name, "StringAgg") != 0)
        return c_fail(c, ERR_UNSUPPORTED,
                      "%s does not support distinct with multiple expressions "
                      "on this database backend.",
                      fn->name);
    for (uint32_t i = 0; i < e->n; i++) {
        struct expr *x = e->args[i];
        if (x->kind == E_STAR && (flags & CODE_AGG_FILTER || !(fn->flags & FN_NOT_EMPTY)))
            return c_fail(c, ERR_INVALID,
                          "Star cannot be used with filter. Please specify a field.");
        bool summary = summarize && x->flags & EF_SUMMARY;
        if (x->flags & EF_AGGREGATE && !summary)
            return c_fail(c, ERR_FIELD, "Cannot compute %s('%s'): '%s' is an aggregate", fn->name,
                          x->kind == E_AGGREGATE ? x->fn.fn->name : "expression",
                          x->kind == E_AGGREGATE ? x->fn.fn->name : "expression");
    }
    return 0;
}

/* Coalesce(aggregate, default) */
static struct expr *with_default(struct query *q, const struct resolve *r, struct expr *e)
{
    struct compiler *c = q->c;
    struct expr *other = read_expr(q, r);
    if (!other)
        return NULL;
    if (other->kind == E_VALUE && type_known(&e->type) &&
        !(e->type.storage == STORE_FLOAT && other->type.storage == STORE_INT))
        other->type = e->type;
    struct expr *out = expr_new(c, E_FUNCTION, 2);
    out->fn.fn = function_find(c->orm, STR("Coalesce"));
    out->args[0] = e;
    out->args[1] = other;
    out->type = e->type;
    expr_flags(out);
    return out;
}

struct expr *read_aggregate(struct query *q, const struct resolve *r, uint32_t arg)
{
    struct compiler *c = q->c;
    uint32_t n = arg >> 4;
    unsigned flags = arg & 15;
    struct str name = read_name(c);
    if (!name.p || n > (size_t)(c->end - c->w))
        return name.p ? c_corrupt(c), NULL : NULL;
    const struct function *fn = function_find(c->orm, name);
    if (!fn || !(fn->flags & FN_AGGREGATE))
        return fail_function(c, name), NULL;
    if (check_arity(c, fn, n) < 0)
        return NULL;
    c->counting = str_eq(name, STR("Count")) && !(flags & CODE_AGG_DISTINCT) && c->w < c->end &&
                  OP_OF(*c->w) == OP_F;
    struct expr *e = new_call(q, E_AGGREGATE, fn, r, n);
    c->counting = false;
    if (!e || read_agg_parts(q, r, e, flags) < 0 ||
        check_aggregate(c, e, flags, r->summarize) < 0 || result_type(e) < 0)
        return NULL;
    e->fn.distinct = flags & CODE_AGG_DISTINCT;
    if (e->fn.filter)
        e->flags |= e->fn.filter->flags & (EF_WINDOW | EF_SUBQUERY);
    e->flags |= EF_AGGREGATE;
    if (fn->rule == RULE_FIRST && e->n && e->args[0]->kind == E_STAR)
        return c_fail_expr(c, ERR_TYPE, "only Count takes '*'");
    struct expr *out = e;
    if (flags & CODE_AGG_DEFAULT && !(out = with_default(q, r, e)))
        return NULL;
    if (flags & CODE_AGG_ORDER && read_agg_order(q, r, e) < 0)
        return NULL;
    return out;
}

/* ---- text ---- */

static struct expr *text_of(struct compiler *c, struct expr *e)
{
    enum storage s = e->type.storage;
    if (c->d->id != DIALECT_POSTGRESQL || s == STORE_TEXT)
        return e;
    struct expr *cast = expr_new(c, E_CAST, 1);
    cast->args[0] = e;
    cast->type = type_builtin(FIELD_TEXT);
    return cast;
}

/* Pairs from the right, NULL as '': (COALESCE(a, '') || COALESCE((…), '')). */
static int emit_concat(struct compiler *c, struct expr **args, uint32_t n)
{
    emit_text(c, "(COALESCE(");
    int r = emit(c, text_of(c, args[0]));
    emit_text(c, ", ");
    emit_param_text(c, STR(""));
    emit_text(c, ") || COALESCE(");
    if (r == EMIT_OK)
        r = n == 2 ? emit(c, text_of(c, args[1])) : emit_concat(c, args + 1, n - 1);
    emit_text(c, ", ");
    emit_param_text(c, STR(""));
    emit_text(c, "))");
    return r;
}

static int emit_call(struct compiler *c, struct expr *e)
{
    const struct function *fn = e->fn.fn;
    if (strcmp(fn->name, "Concat") == 0)
        return emit_concat(c, e->args, e->n);
    const char *sql = fn->sql[c->d->id];
    return emit_template(c, sql, e->args, e->n, fn->joiner);
}

/* GROUP_CONCAT has no order, and no delimiter with DISTINCT: db/sqlite_concat.c has both. */
static int emit_string_agg(struct compiler *c, struct expr *e)
{
    uint32_t n = e->n - e->fn.n_order;
    emit_text(c, "perilune_string_agg(");
    int r = emit_list(c, e->args, n, ", ");
    emit_text(c, n > 1 ? ", '" : ", ',', '");
    emit_text(c, e->fn.distinct ? "u" : "");
    for (uint32_t i = n; i < e->n; i++) {
        unsigned how = e->args[i]->op;
        bool odd = how & CODE_DESC ? how & CODE_NULLS_FIRST : how & CODE_NULLS_LAST;
        emit_text(c, how & CODE_DESC ? (odd ? "D" : "d") : (odd ? "A" : "a"));
    }
    emit_text(c, "'");
    for (uint32_t i = n; i < e->n && r == EMIT_OK; i++) {
        emit_text(c, ", ");
        r = emit_selected(c, e->args[i]->args[0]);
    }
    emit_text(c, ")");
    return r;
}

static int emit_aggregate_call(struct compiler *c, struct expr *e)
{
    const char *sql = e->fn.fn->sql[c->d->id];
    const char *at = strstr(sql, "%a");
    uint32_t n = e->n - e->fn.n_order;
    bool joins = strcmp(e->fn.fn->name, "StringAgg") == 0;
    if (joins && c->d->id == DIALECT_SQLITE && (e->fn.distinct || e->fn.n_order))
        return emit_string_agg(c, e);
    emit_str(c, str_make(sql, (size_t)(at - sql)));
    emit_text(c, e->fn.distinct ? "DISTINCT " : "");
    int r = emit_list(c, e->args, n, ", ");
    for (uint32_t i = n; r == EMIT_OK && i < e->n; i++) {
        emit_text(c, i > n ? ", " : " ORDER BY ");
        r = emit(c, e->args[i]);
    }
    emit_text(c, at + 2);
    return r;
}

static int emit_aggregate(struct compiler *c, struct expr *e)
{
    int r = emit_aggregate_call(c, e);
    if (r != EMIT_OK || !e->fn.filter)
        return r;
    struct emit_mark m = emit_mark(c);
    emit_text(c, " FILTER (WHERE ");
    r = emit(c, e->fn.filter);
    if (r == EMIT_FULL) {
        emit_rollback(c, m);
        return EMIT_OK;
    }
    emit_text(c, ")");
    return r;
}

int emit_function(struct compiler *c, struct expr *e)
{
    return e->kind == E_AGGREGATE ? emit_aggregate(c, e) : emit_call(c, e);
}
