/* SPDX-License-Identifier: MIT */
/* Conditions to text. */
#include "orm/lookups_impl.h"
#include "value/json.h"

static bool is_value(const struct expr *e)
{
    return e->kind == E_VALUE;
}

/* The right side of an operator: expressions stand in brackets. */
static int emit_rhs(struct compiler *c, struct expr *rhs, const struct type *as,
                    enum convert_bind bind)
{
    if (is_value(rhs))
        return emit_value(c, rhs, as, bind);
    if (rhs->kind == E_LITERAL)
        return emit(c, rhs);
    size_t at = c->out->n;
    struct emit_mark m = emit_mark(c);
    int r = emit(c, rhs);
    if (r != EMIT_OK)
        return r;
    if (c->out->n > at && c->out->data[at] == '(')
        return EMIT_OK;
    struct piece p = emit_cut(c, m);
    emit_text(c, "(");
    emit_piece(c, &p);
    emit_text(c, ")");
    return EMIT_OK;
}

static int emit_lhs(struct compiler *c, struct expr *lhs)
{
    if (lhs->kind != E_LOOKUP)
        return emit(c, lhs);
    emit_text(c, "(");
    int r = emit(c, lhs);
    emit_text(c, ")");
    return r;
}

static int emit_mixed(struct compiler *c, struct expr *lhs, const char *op, struct expr *rhs,
                      const struct type *as, enum convert_bind bind)
{
    int r = emit_lhs(c, lhs);
    if (r != EMIT_OK)
        return r;
    emit_text(c, " ");
    emit_text(c, op);
    emit_text(c, " ");
    return emit_rhs(c, rhs, as, bind);
}

/* ---- what values are bound as ---- */

/* Numbers are compared as they are; the other types know one way. */
static enum convert_bind compare_bind(const struct type *t, const struct lookup *def)
{
    return t->storage == STORE_INT || t->storage == STORE_DECIMAL ? def->bind
           : t->storage == STORE_JSON                             ? BIND_JSON_LOOKUP
                                                                  : BIND_PLAIN;
}

/* Of a transform: messages name the field that it begins with. */
static struct type value_type(const struct expr *lhs)
{
    struct type t = lhs->type;
    if (!t.field)
        t.field = lookup_field(lhs);
    return t;
}

/* Patterns are of text, whatever the column holds. */
static struct type pattern_type(const struct expr *lhs)
{
    struct type t = type_builtin(lhs->type.storage == STORE_UUID ? FIELD_UUID : FIELD_TEXT);
    t.field = lookup_field(lhs);
    return t;
}

/* ---- years as ranges: an index can be used ---- */

static bool is_year(const struct expr *lhs)
{
    return lhs->kind == E_EXTRACT && lhs->n == 1 &&
           (str_eq(lhs->text, STR("year")) || str_eq(lhs->text, STR("iso_year")));
}

static int emit_year(struct compiler *c, struct expr *e)
{
    struct expr *lhs = e->args[0]->args[0], *rhs = e->args[1];
    const struct lookup *def = e->lookup.def;
    bool iso = str_eq(e->args[0]->text, STR("iso_year"));
    enum convert_bind first = iso ? BIND_ISO_FIRST : BIND_YEAR_FIRST;
    enum convert_bind last = iso ? BIND_ISO_LAST : BIND_YEAR_LAST;
    int r = emit_lhs(c, lhs);
    if (r != EMIT_OK)
        return r;
    if (strcmp(def->name, "exact") == 0) {
        emit_text(c, " BETWEEN ");
        emit_value(c, rhs, &lhs->type, first);
        emit_text(c, " AND ");
        return emit_value(c, rhs, &lhs->type, last);
    }
    bool after = strcmp(def->name, "gt") == 0 || strcmp(def->name, "lte") == 0;
    emit_text(c, " ");
    emit_text(c, def->sql);
    emit_text(c, " ");
    return emit_value(c, rhs, &lhs->type, after ? last : first);
}

/* ---- JSON ---- */

static void add_key(struct buf *path, struct str key, bool may_index)
{
    int64_t index;
    if (may_index && str_to_int64(key, &index)) {
        buf_adds(path, index < 0 ? "[#" : "[");
        buf_addint(path, index);
        buf_addc(path, ']');
        return;
    }
    buf_addc(path, '.');
    if (json_add_string(path, key, true, NULL) < 0)
        buf_adds(path, "\"\"");
}

/* SQLite ends a key in a path at the first quotation mark, escaped or not.  NULL with c->err. */
static struct expr *check_keys(struct compiler *c, struct expr *e)
{
    for (struct expr *k = e; c->d->id == DIALECT_SQLITE && k->kind == E_JSON_KEY; k = k->args[0])
        if (str_has(k->text, '"'))
            return c_fail_expr(c, ERR_UNSUPPORTED,
                               "SQLite cannot look for keys of JSON with a quotation mark in them: "
                               "%.*s",
                               STR_ARG(str_head(k->text, 80)));
    return e;
}

/* The document that the keys are of, and the path to the last of them. */
static struct expr *json_path(struct compiler *c, struct expr *e, bool last_may_index,
                              struct str *path)
{
    struct expr *keys[DEPTH_MAX];
    uint32_t n = 0;
    while (e->kind == E_JSON_KEY && n < DEPTH_MAX) {
        keys[n++] = e;
        e = e->args[0];
    }
    struct buf b = BUF_INIT;
    buf_addc(&b, '$');
    while (n > 0) {
        n--;
        add_key(&b, keys[n]->text, n > 0 || last_may_index);
    }
    *path = arena_str(c->arena, buf_str(&b));
    buf_release(&b);
    return e;
}

int emit_json_key(struct compiler *c, struct expr *e)
{
    struct str path;
    if (!check_keys(c, e))
        return EMIT_ERROR;
    struct expr *of = json_path(c, e, true, &path);
    static const char *const parts[] = {"(CASE WHEN JSON_TYPE(",
                                        ") IN ('false','true','null') THEN JSON_TYPE(",
                                        ") ELSE JSON_EXTRACT("};
    for (int i = 0; i < 3; i++) {
        emit_text(c, parts[i]);
        int r = emit(c, of);
        if (r != EMIT_OK)
            return r;
        emit_text(c, ", ");
        emit_param_text(c, path);
    }
    emit_text(c, ") END)");
    return EMIT_OK;
}

static int emit_json_value(struct compiler *c, struct expr *v)
{
    if (!is_value(v))
        return emit_rhs(c, v, &v->type, BIND_PLAIN);
    const struct type json = type_builtin(FIELD_JSON);
    bool word = v->value.kind <= VALUE_TRUE && !v->negated;
    if (!word)
        emit_text(c, "JSON_EXTRACT(");
    int r = emit_value(c, v, &json, BIND_JSON_LOOKUP);
    if (!word)
        emit_text(c, ", '$')");
    return r;
}

static int emit_json_in(struct compiler *c, struct expr *e)
{
    struct expr *lhs = e->args[0], *rhs = e->args[1];
    if (rhs->kind != E_LIST)
        return emit_mixed(c, lhs, "IN", rhs, &lhs->type, BIND_PLAIN);
    if (!rhs->n)
        return EMIT_EMPTY;
    int r = EMIT_OK;
    if (lhs->kind != E_JSON_KEY) {
        for (int i = 0; i < 3 && r == EMIT_OK; i++) {
            static const char *const parts[] = {"(CASE WHEN JSON_TYPE(",
                                                ") IN ('false','true','null') THEN JSON_TYPE(",
                                                ") ELSE JSON_EXTRACT("};
            emit_text(c, parts[i]);
            r = emit(c, lhs);
            emit_text(c, ", ");
            emit_param_text(c, STR("$"));
        }
        emit_text(c, ") END)");
    } else {
        r = emit(c, lhs);
    }
    emit_text(c, " IN (");
    for (uint32_t i = 0; i < rhs->n && r == EMIT_OK; i++) {
        emit_text(c, i ? ", " : "");
        r = emit_json_value(c, rhs->args[i]);
    }
    emit_text(c, ")");
    return r;
}

static int emit_has_key(struct compiler *c, struct expr *e)
{
    struct expr *lhs = e->args[0], *rhs = e->args[1];
    struct expr *const *keys = rhs->kind == E_LIST ? rhs->args : &rhs;
    uint32_t n = rhs->kind == E_LIST ? rhs->n : 1;
    struct str path;
    if (!check_keys(c, lhs))
        return EMIT_ERROR;
    struct expr *of = json_path(c, lhs, true, &path);
    bool many = e->lookup.def->list;
    if (many)
        emit_text(c, "(");
    if (n == 0)
        return EMIT_EMPTY;
    for (uint32_t i = 0; i < n; i++) {
        emit_text(c, i ? e->lookup.def->sql : "");
        emit_text(c, "JSON_TYPE(");
        int r = emit(c, of);
        if (r != EMIT_OK)
            return r;
        if (!is_value(keys[i]))
            return c_fail(c, ERR_TYPE, "the lookup '%s' takes names of keys", e->lookup.def->name);
        emit_text(c, ", ");
        struct statement_param p = {
            .source = PARAM_SLOT, .slot = keys[i]->value.slot, .text = path};
        p.type = (struct param_type){.storage = STORE_TEXT, .bind = BIND_JSON_KEY};
        emit_param(c, &p);
        emit_text(c, ") IS NOT NULL");
    }
    if (many)
        emit_text(c, ")");
    return EMIT_OK;
}

static int emit_json_isnull(struct compiler *c, struct expr *e)
{
    struct str path;
    if (!check_keys(c, e->args[0]))
        return EMIT_ERROR;
    struct expr *of = json_path(c, e->args[0], true, &path);
    emit_text(c, "JSON_TYPE(");
    int r = emit(c, of);
    emit_text(c, ", ");
    emit_param_text(c, path);
    emit_text(c, e->lookup.flag ? ") IS NULL" : ") IS NOT NULL");
    return r;
}

/* Lookups on a part of a JSON document. */
static int emit_json_lookup(struct compiler *c, struct expr *e, bool *done)
{
    struct expr *lhs = e->args[0], *rhs = e->n > 1 ? e->args[1] : NULL;
    *done = true;
    switch (e->lookup.def->kind) {
    case LOOKUP_ISNULL:
        return emit_json_isnull(c, e);
    case LOOKUP_IN:
        return emit_json_in(c, e);
    case LOOKUP_COMPARE:
        if (strcmp(e->lookup.def->name, "exact") == 0) {
            int r = emit(c, lhs);
            emit_text(c, " = ");
            return r != EMIT_OK ? r : emit_json_value(c, rhs);
        }
        return emit_mixed(c, lhs, e->lookup.def->sql, rhs, &type_unknown, BIND_RAW);
    default:
        *done = false;
        return EMIT_OK;
    }
}

/* ---- the others ---- */

/* Conditions need no "= 1"; columns get one, for with it an index can be used.  (In schemas
 * Django writes the column alone.) */
static bool stands_alone(const struct expr *e)
{
    if (e->kind == E_WRAPPER)
        return stands_alone(e->args[0]);
    return e->kind == E_EXISTS || e->kind == E_LOOKUP || e->kind == E_WHERE || e->kind == E_NOT ||
           e->kind == E_NOTHING || (e->kind == E_RAW && e->type.storage == STORE_BOOL);
}

static int emit_compare(struct compiler *c, struct expr *e)
{
    struct expr *lhs = e->args[0], *rhs = e->args[1];
    const struct lookup *def = e->lookup.def;
    bool exact = strcmp(def->name, "exact") == 0;
    bool yes = (rhs->kind == E_LITERAL && str_eq(rhs->text, STR("1"))) ||
               (is_value(rhs) && rhs->value.kind == VALUE_TRUE);
    bool no = is_value(rhs) && rhs->value.kind == VALUE_FALSE;
    bool alone = stands_alone(lhs) || (c->bare && lhs->kind == E_COLUMN);
    if (exact && (yes || no) && alone && lhs->type.storage == STORE_BOOL) {
        emit_text(c, no ? "NOT " : "");
        return emit(c, lhs);
    }
    if (is_year(lhs) && is_value(rhs))
        return emit_year(c, e);
    struct type type = value_type(lhs);
    return emit_mixed(c, lhs, def->sql, rhs, &type, compare_bind(&type, def));
}

static int emit_pattern(struct compiler *c, struct expr *e)
{
    struct expr *lhs = e->args[0], *rhs = e->args[1];
    enum convert_bind bind = e->lookup.def->bind;
    struct type text = pattern_type(lhs);
    int r = emit_lhs(c, lhs);
    if (r != EMIT_OK)
        return r;
    emit_text(c, " LIKE ");
    if (is_value(rhs) || bind == BIND_LIKE) {
        r = emit_rhs(c, rhs, &text, bind);
    } else {
        if (bind != BIND_STARTS)
            emit_text(c, "'%' || ");
        emit_text(c, "REPLACE(REPLACE(REPLACE(");
        r = emit_rhs(c, rhs, &text, BIND_PLAIN);
        emit_text(c, ", '\\', '\\\\'), '%', '\\%'), '_', '\\_')");
        if (bind != BIND_ENDS)
            emit_text(c, " || '%'");
    }
    emit_text(c, " ESCAPE '\\'");
    return r;
}

static int emit_in(struct compiler *c, struct expr *e)
{
    struct expr *lhs = e->args[0], *rhs = e->args[1];
    if (rhs->kind == E_SUBQUERY || rhs->kind == E_RAW) {
        int r = emit_lhs(c, lhs);
        emit_text(c, " IN ");
        return r != EMIT_OK ? r : emit(c, rhs);
    }
    if (!rhs->n)
        return EMIT_EMPTY;
    struct type type = value_type(lhs);
    enum convert_bind bind = compare_bind(&type, e->lookup.def);
    int r = emit_lhs(c, lhs);
    emit_text(c, " IN (");
    for (uint32_t i = 0; i < rhs->n && r == EMIT_OK; i++) {
        if (i)
            emit_text(c, ", ");
        r = is_value(rhs->args[i]) ? emit_value(c, rhs->args[i], &type, bind)
                                   : emit(c, rhs->args[i]);
    }
    emit_text(c, ")");
    return r;
}

static int emit_range(struct compiler *c, struct expr *e)
{
    struct expr *lhs = e->args[0];
    struct type type = value_type(lhs);
    int r = emit_lhs(c, lhs);
    emit_text(c, " BETWEEN ");
    for (int i = 0; i < 2 && r == EMIT_OK; i++) {
        emit_text(c, i ? " AND " : "");
        struct expr *x = e->args[1]->args[i];
        r = emit_rhs(c, x, &type, compare_bind(&type, e->lookup.def));
    }
    return r;
}

static int emit_custom(struct compiler *c, struct expr *e)
{
    const char *sql = e->lookup.def->sql;
    for (const char *p = sql; *p; p++) {
        if (*p != '%') {
            emit_str(c, str_make(p, 1));
            continue;
        }
        p++;
        int r = EMIT_OK;
        if (*p == '1')
            r = emit_lhs(c, e->args[0]);
        else if (*p == '2')
            r = emit_rhs(c, e->args[1], &e->args[0]->type, BIND_PLAIN);
        else
            emit_text(c, "%");
        if (r != EMIT_OK)
            return r;
    }
    return EMIT_OK;
}

bool lookup_param_type(const struct expr *e, struct param_type *out)
{
    const struct expr *lhs = e->args[0];
    struct type type = value_type(lhs);
    enum convert_bind bind = BIND_PLAIN;
    if (e->n < 2 || lhs->kind == E_JSON_KEY || type.storage == STORE_JSON)
        return false;
    switch (e->lookup.def->kind) {
    case LOOKUP_IEXACT:
    case LOOKUP_PATTERN:
        type = pattern_type(lhs);
        bind = e->lookup.def->bind;
        break;
    case LOOKUP_COMPARE:
        if (is_year(lhs)) {
            type = lhs->args[0]->type;
            bind = str_eq(lhs->text, STR("year")) ? BIND_YEAR_FIRST : BIND_ISO_FIRST;
            break;
        }
        bind = compare_bind(&type, e->lookup.def);
        break;
    case LOOKUP_IN:
    case LOOKUP_RANGE:
        bind = compare_bind(&type, e->lookup.def);
        break;
    case LOOKUP_CUSTOM:
        break;
    default:
        return false;
    }
    *out = param_type_of(&type, bind);
    return true;
}

int emit_lookup(struct compiler *c, struct expr *e)
{
    struct expr *lhs = e->args[0];
    bool done = false;
    int r;
    if (lhs->kind == E_JSON_KEY) {
        r = emit_json_lookup(c, e, &done);
        if (done)
            return r;
    }
    switch (e->lookup.def->kind) {
    case LOOKUP_COMPARE:
        return emit_compare(c, e);
    case LOOKUP_IEXACT:
    case LOOKUP_PATTERN:
        return emit_pattern(c, e);
    case LOOKUP_REGEX:
        return emit_mixed(c, lhs, e->lookup.def->name[0] == 'i' ? "REGEXP '(?i)' ||" : "REGEXP",
                          e->args[1], &type_unknown, BIND_RAW);
    case LOOKUP_IN:
        return lhs->type.storage == STORE_JSON ? emit_json_in(c, e) : emit_in(c, e);
    case LOOKUP_RANGE:
        return emit_range(c, e);
    case LOOKUP_ISNULL:
        r = emit_lhs(c, lhs);
        emit_text(c, e->lookup.flag ? " IS NULL" : " IS NOT NULL");
        return r;
    case LOOKUP_HAS_KEY:
        return emit_has_key(c, e);
    case LOOKUP_CUSTOM:
        return emit_custom(c, e);
    default:
        return c_fail(c, ERR_UNSUPPORTED, "%s lookup is not supported on this database backend.",
                      e->lookup.def->name);
    }
}
