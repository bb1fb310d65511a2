/* SPDX-License-Identifier: MIT */
/* What a statement's parameters are, run by run: of a query, of a row, as text for people. */
#include "orm/convert_impl.h"
#include "orm/query_impl.h"

#include <math.h>

int statement_param(const struct statement *st, uint32_t i, const struct code *query,
                    const struct dialect *d, const struct convert_zone *zone, struct arena *scratch,
                    struct value *out, struct err *err)
{
    const struct statement_param *p = &st->params[i];
    struct value v = {.kind = VALUE_INT};
    switch (p->source) {
    case PARAM_SLOT:
        v = code_value_at(query, p->slot);
        if (p->type.bind == BIND_JSON_KEY)
            return convert_json_key(p->text, v, scratch, out, err);
        return convert_bind(d, &p->type, v, zone, scratch, out, err);
    case PARAM_TEXT:
        *out = (struct value){.kind = VALUE_TEXT, .text = p->text};
        return 0;
    case PARAM_INT:
        v.i = p->number;
        break;
    case PARAM_ZONE:
        *out = (struct value){.kind = VALUE_TEXT, .text = zone->tz_name};
        return 0;
    case PARAM_LOW:
        v.i = query->low;
        break;
    case PARAM_COUNT:
        v.i = query->high - query->low;
        break;
    case PARAM_LIST:
        return convert_json_list(query, p->slot, p->n, scratch, out, err);
    }
    *out = v;
    return 0;
}

static const enum db_kind db_kinds[VALUE_KINDS] = {
    [VALUE_NULL] = DB_NULL, [VALUE_FALSE] = DB_INT,     [VALUE_TRUE] = DB_INT,
    [VALUE_INT] = DB_INT,   [VALUE_DOUBLE] = DB_DOUBLE, [VALUE_TEXT] = DB_TEXT,
    [VALUE_BLOB] = DB_BLOB,
};

static void to_db(const struct value *v, struct db_value *out)
{
    out->kind = db_kinds[v->kind];
    out->s = v->text; /* all members of both unions lie within it */
}

/* Most parameters are stored as they are: then there is nothing to convert. */
static bool param_as_is(const struct statement_param *p, const struct value *v,
                        struct db_value *out)
{
    if (!(p->as_is >> v->kind & 1) || (v->kind == VALUE_DOUBLE && !isfinite(v->d)) ||
        (v->kind == VALUE_TEXT && p->type.max_chars && v->text.n > p->type.max_chars))
        return false;
    to_db(v, out);
    if (v->kind <= VALUE_TRUE && v->kind != VALUE_NULL)
        out->i = v->kind == VALUE_TRUE;
    return true;
}

int statement_bind(const struct statement *st, const struct code *query, const struct dialect *d,
                   const struct convert_zone *zone, struct arena *scratch, struct db_value *values,
                   struct err *err)
{
    const struct statement_param *p = st->params;
    for (uint32_t i = 0; i < st->n_params; i++, p++) {
        struct value v;
        if (p->source == PARAM_SLOT) {
            v = code_value_at(query, p->slot);
            if (param_as_is(p, &v, &values[i]))
                continue;
        }
        if (statement_param(st, i, query, d, zone, scratch, &v, err) < 0)
            return -1;
        to_db(&v, &values[i]);
    }
    return 0;
}

int statement_bind_row(const struct statement *st, const struct value *row, const struct dialect *d,
                       const struct convert_zone *zone, struct arena *scratch,
                       struct db_value *values, struct err *err)
{
    const struct statement_param *p = st->params;
    for (uint32_t i = 0; i < st->n_params; i++, p++) {
        struct value v = {.kind = VALUE_TEXT, .text = p->text};
        if (p->source == PARAM_SLOT) {
            if (param_as_is(p, &row[p->slot], &values[i]))
                continue;
            if (convert_bind(d, &p->type, row[p->slot], zone, scratch, &v, err) < 0)
                return -1;
        }
        to_db(&v, &values[i]);
    }
    return 0;
}

int statement_text(const struct statement *st, const struct code *query, const struct dialect *d,
                   const struct convert_zone *zone, struct buf *out, struct err *err)
{
    struct arena scratch;
    arena_init(&scratch, 0);
    uint32_t param = 0;
    int bad = 0;
    char in = '\0'; /* the quote that is open */
    for (size_t i = 0; i < st->sql.n && bad == 0; i++) {
        char ch = st->sql.p[i];
        if (in)
            in = ch == in ? '\0' : in;
        else if (ch == '\'' || ch == '"')
            in = ch;
        if (ch != '?' || in || param >= st->n_params) {
            buf_addc(out, ch);
            continue;
        }
        struct value v;
        bad = statement_param(st, param++, query, d, zone, &scratch, &v, err);
        if (bad == 0)
            convert_literal(&v, out);
    }
    arena_release(&scratch);
    return bad;
}
