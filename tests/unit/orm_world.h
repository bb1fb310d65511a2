/* SPDX-License-Identifier: MIT */
/* A handful of models, and queries on them as short texts, for the tests of engine/orm:
 *
 *     (Product (filter (price__gt 5) (or (name "a") (not (name "b")))) (order_by -price))
 *
 * A call is a list: its name, then what it takes.  Operands are numbers, "texts", true,
 * false, null, [lists] and expressions: (f name), (+ a b), (fn Lower x), (agg Count x …),
 * (case (when c x) (else y)), (sub query), (outer pk) …
 *
 * Models, the reader of the texts and the printer need each other's names, hence one header. */
#ifndef TESTS_UNIT_ORM_WORLD_H
#define TESTS_UNIT_ORM_WORLD_H

#include "orm/code.h"
#include "orm/lookups.h"
#include "orm/statement.h"
#include "value/dateparse.h"
#include "value/decimal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- models ---- */

struct world_field {
    const char *model, *name, *type, *to, *related;
    int a, b; /* max_length, or max_digits and decimal_places */
    bool null, key, link;
};

static const struct world_field world_fields[] = {
    {"Category", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Category", "name", "CharField", 0, 0, 100, 0, 0, 0, 0},
    {"Category", "parent", "ForeignKey", "self", "children", 0, 0, 1, 0, 0},
    {"Tag", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Tag", "name", "CharField", 0, 0, 50, 0, 0, 0, 0},
    {"Product", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Product", "name", "CharField", 0, 0, 200, 0, 0, 0, 0},
    {"Product", "category", "ForeignKey", "Category", "products", 0, 0, 0, 0, 0},
    {"Product", "brand", "ForeignKey", "Brand", 0, 0, 0, 1, 0, 0},
    {"Product", "price", "DecimalField", 0, 0, 10, 2, 0, 0, 0},
    {"Product", "weight", "FloatField", 0, 0, 0, 0, 1, 0, 0},
    {"Product", "stock", "IntegerField", 0, 0, 0, 0, 0, 0, 0},
    {"Product", "active", "BooleanField", 0, 0, 0, 0, 0, 0, 0},
    {"Product", "note", "TextField", 0, 0, 0, 0, 1, 0, 0},
    {"Product", "data", "JSONField", 0, 0, 0, 0, 1, 0, 0},
    {"Product", "created", "DateTimeField", 0, 0, 0, 0, 0, 0, 0},
    {"Product", "released", "DateField", 0, 0, 0, 0, 1, 0, 0},
    {"Product", "lead", "DurationField", 0, 0, 0, 0, 1, 0, 0},
    {"Product", "opens", "TimeField", 0, 0, 0, 0, 1, 0, 0},
    {"Product", "code", "UUIDField", 0, 0, 0, 0, 1, 0, 0},
    {"Product", "tags", "ManyToManyField", "Tag", "products", 0, 0, 0, 0, 0},
    {"Brand", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Brand", "name", "CharField", 0, 0, 100, 0, 0, 0, 0},
    {"Brand", "country", "CharField", 0, 0, 2, 0, 1, 0, 0},
    {"Profile", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Profile", "product", "OneToOneField", "Product", "profile", 0, 0, 0, 0, 0},
    {"Profile", "text", "TextField", 0, 0, 0, 0, 0, 0, 0},
    {"Order", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Order", "customer", "CharField", 0, 0, 100, 0, 0, 0, 0},
    {"Order", "placed", "DateTimeField", 0, 0, 0, 0, 0, 0, 0},
    {"OrderItem", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"OrderItem", "order", "ForeignKey", "Order", "items", 0, 0, 0, 0, 0},
    {"OrderItem", "product", "ForeignKey", "Product", "items", 0, 0, 0, 0, 0},
    {"OrderItem", "quantity", "IntegerField", 0, 0, 0, 0, 0, 0, 0},
    {"OrderItem", "price", "DecimalField", 0, 0, 10, 2, 0, 0, 0},
    {"Place", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Place", "name", "CharField", 0, 0, 50, 0, 0, 0, 0},
    {"Restaurant", "place_ptr", "OneToOneField", "Place", 0, 0, 0, 0, 1, 1},
    {"Restaurant", "stars", "IntegerField", 0, 0, 0, 0, 0, 0, 0},
    {"Waiter", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Waiter", "restaurant", "ForeignKey", "Restaurant", 0, 0, 0, 0, 0, 0},
    {"Waiter", "name", "CharField", 0, 0, 50, 0, 0, 0, 0},
    {"Person", "id", "BigAutoField", 0, 0, 0, 0, 0, 1, 0},
    {"Person", "name", "CharField", 0, 0, 50, 0, 0, 0, 0},
    {"Person", "friends", "ManyToManyField", "self", 0, 0, 0, 0, 0, 0},
};

static inline struct str world_str(const char *s)
{
    return s ? str_from(s) : STR("");
}

static void world_order(struct orm *orm, const char *model, const char *name)
{
    struct code_builder b;
    struct err err;
    code_builder_init(&b);
    code_start(&b, CODE_ORDERING);
    code_order_by(&b, 1);
    code_name(&b, str_from(name));
    struct code *c = malloc(code_builder_size(&b));
    code_finish(&b, c);
    model_set_ordering(orm_model(orm, STR("shop"), str_from(model), &err), c);
    free(c);
    code_builder_release(&b);
}

/* NULL and a message on stderr when it does not resolve. */
static inline struct orm *world_new(void)
{
    struct orm *orm = orm_new(NULL);
    struct err err;
    struct model *m = NULL;
    for (size_t i = 0; i < sizeof world_fields / sizeof *world_fields; i++) {
        const struct world_field *w = &world_fields[i];
        if (!m || !str_eq(m->name, str_from(w->model))) {
            struct model_def def = {.app_label = STR("shop"), .name = str_from(w->model)};
            m = orm_add_model(orm, &def, &err);
        }
        struct field_def f = {.name = str_from(w->name),
                              .type = str_from(w->type),
                              .to = world_str(w->to),
                              .related_name = world_str(w->related),
                              .null = w->null,
                              .primary_key = w->key,
                              .parent_link = w->link};
        if (w->b) {
            f.max_digits = w->a;
            f.decimal_places = w->b;
        } else {
            f.max_length = w->a;
        }
        if (!m || !model_add_field(m, &f, &err)) {
            fprintf(stderr, "world: %s\n", err.msg);
            return NULL;
        }
    }
    world_order(orm, "Order", "-placed");
    world_order(orm, "Brand", "name");
    if (orm_resolve(orm, &err) < 0) {
        fprintf(stderr, "world: %s\n", err.msg);
        return NULL;
    }
    return orm;
}

/* ---- texts to code ---- */

struct world_text {
    struct orm *orm;
    struct code_builder *b;
    const char *p;
    bool bad;
};

static void wt_space(struct world_text *t)
{
    while (*t->p == ' ' || *t->p == '\n')
        t->p++;
}

static bool wt_is(struct world_text *t, char c)
{
    wt_space(t);
    if (*t->p != c)
        return false;
    t->p++;
    return true;
}

static struct str wt_word(struct world_text *t)
{
    wt_space(t);
    const char *start = t->p;
    while (*t->p && !strchr(" \n()[]\"", *t->p))
        t->p++;
    if (t->p == start)
        t->bad = true;
    return str_make(start, (size_t)(t->p - start));
}

static struct str wt_string(struct world_text *t)
{
    if (!wt_is(t, '"')) {
        t->bad = true;
        return STR("");
    }
    const char *start = t->p;
    while (*t->p && *t->p != '"')
        t->p++;
    struct str s = str_make(start, (size_t)(t->p - start));
    if (*t->p)
        t->p++;
    else
        t->bad = true;
    return s;
}

static uint32_t wt_count(struct world_text t)
{
    uint32_t n = 0;
    int depth = 0;
    bool in = false;
    for (const char *p = t.p; *p; p++) {
        if (*p == '"') {
            const char *end = strchr(p + 1, '"');
            if (!end)
                return n;
            n += depth == 0 && !in;
            in = true;
            p = end;
        } else if (*p == '(' || *p == '[') {
            n += depth == 0;
            depth++;
            in = true;
        } else if (*p == ')' || *p == ']') {
            if (depth-- == 0)
                return n;
            in = depth == 0 ? false : in;
        } else if (*p == ' ' || *p == '\n') {
            in = depth ? in : false;
        } else {
            n += depth == 0 && !in;
            in = true;
        }
    }
    return n;
}

static bool wt_end(struct world_text *t)
{
    wt_space(t);
    if (*t->p == ')' || *t->p == ']') {
        t->p++;
        return true;
    }
    if (!*t->p)
        t->bad = true;
    return t->bad;
}

static bool wt_peek(const struct world_text *t, const char *head)
{
    const char *p = t->p;
    while (*p == ' ' || *p == '\n')
        p++;
    if (*p++ != '(')
        return false;
    size_t n = strlen(head);
    return strncmp(p, head, n) == 0 && strchr(" )(", p[n]) && p[n];
}

static void wt_operand(struct world_text *t);
static void wt_condition(struct world_text *t);
static void wt_query(struct world_text *t, struct code_builder *b);

static bool wt_number(struct str w, struct value *v)
{
    if (str_to_int64(w, &v->i)) {
        v->kind = VALUE_INT;
        return true;
    }
    char text[64], *end;
    if (w.n >= sizeof text || !w.n || (!char_is_digit(w.p[0]) && w.p[0] != '-'))
        return false;
    memcpy(text, w.p, w.n);
    text[w.n] = '\0';
    v->kind = VALUE_DOUBLE;
    v->d = strtod(text, &end);
    return *end == '\0';
}

static void wt_value(struct world_text *t, struct value *v, struct decimal *d)
{
    struct datetime when;
    struct date day;
    struct daytime time;
    struct duration span;
    struct err err;
    wt_space(t);
    if (*t->p == '"') {
        *v = (struct value){.kind = VALUE_TEXT, .text = wt_string(t)};
        return;
    }
    if (*t->p != '(') {
        struct str w = wt_word(t);
        if (str_eq(w, STR("true")) || str_eq(w, STR("false")))
            v->kind = str_eq(w, STR("true")) ? VALUE_TRUE : VALUE_FALSE;
        else if (str_eq(w, STR("null")))
            v->kind = VALUE_NULL;
        else if (!wt_number(w, v))
            t->bad = true;
        return;
    }
    t->p++;
    struct str kind = wt_word(t), s = wt_string(t);
    if (str_eq(kind, STR("d")) && decimal_parse(d, s, &err) == 0)
        *v = (struct value){.kind = VALUE_DECIMAL,
                            .text = str_make((const char *)d, decimal_size(d))};
    else if (str_eq(kind, STR("dt")) && dateparse_datetime(s, &when, &err) == 1)
        *v = (struct value){.kind = VALUE_DATETIME, .i = datetime_epoch_micros(&when)};
    else if (str_eq(kind, STR("date")) && dateparse_date(s, &day, &err) == 1)
        *v = (struct value){.kind = VALUE_DATE, .i = date_ordinal(day)};
    else if (str_eq(kind, STR("time")) && dateparse_time(s, &time, &err) == 1)
        *v = (struct value){.kind = VALUE_TIME,
                            .i = ((time.hour * INT64_C(60) + time.minute) * 60 + time.second) *
                                 1000000};
    else if (str_eq(kind, STR("dur")) && dateparse_duration(s, &span, &err) == 1)
        *v = (struct value){.kind = VALUE_DURATION, .i = (int64_t)duration_total(span)};
    else if (str_eq(kind, STR("json")))
        *v = (struct value){.kind = VALUE_JSON, .text = s};
    else
        t->bad = true;
    wt_end(t);
}

static bool wt_is_value(const struct world_text *t)
{
    static const char *const kinds[] = {"d", "dt", "date", "time", "dur", "json"};
    struct world_text copy = *t;
    wt_space(&copy);
    if (*copy.p != '(')
        return *copy.p != '[';
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (wt_peek(t, kinds[i]))
            return true;
    return false;
}

static void wt_list(struct world_text *t)
{
    struct world_text look = *t;
    bool plain = true;
    for (uint32_t n = wt_count(look); n > 0 && plain && !look.bad; n--) {
        struct value v = {0};
        struct decimal d;
        plain = wt_is_value(&look);
        if (plain)
            wt_value(&look, &v, &d);
    }
    if (plain) {
        code_list_begin(t->b);
        while (!wt_end(t)) {
            struct value v = {0};
            struct decimal d;
            wt_value(t, &v, &d);
            code_list_item(t->b, &v);
        }
        code_list_end(t->b);
        return;
    }
    uint32_t n = wt_count(*t);
    size_t at = code_operands(t->b);
    while (!wt_end(t))
        wt_operand(t);
    code_close(t->b, at, n);
}

static void wt_nested(struct world_text *t, enum code_query_use use)
{
    struct code_builder inner;
    code_builder_init(&inner);
    wt_query(t, &inner);
    struct code *c = malloc(code_builder_size(&inner));
    code_finish(&inner, c);
    code_query(t->b, use, c);
    free(c);
    code_builder_release(&inner);
}

static struct code_type wt_type(struct world_text *t)
{
    struct str w = wt_word(t);
    struct code_type type = {.name = w};
    if (str_eq(w, STR("DecimalField"))) {
        type.max_digits = 10;
        type.decimal_places = 2;
    }
    return type;
}

static void wt_name_or_operand(struct world_text *t)
{
    wt_space(t);
    struct value v;
    struct world_text copy = *t;
    struct str w = *t->p == '(' || *t->p == '"' || *t->p == '[' ? STR("1") : wt_word(&copy);
    bool name = !wt_number(w, &v) && !str_eq(w, STR("true")) && !str_eq(w, STR("false")) &&
                !str_eq(w, STR("null")) && !str_eq(w, STR("*"));
    if (name)
        code_f(t->b, wt_word(t));
    else
        wt_operand(t);
}

static void wt_order_items(struct world_text *t)
{
    while (!wt_end(t)) {
        wt_space(t);
        if (*t->p == '(')
            wt_operand(t);
        else
            code_name(t->b, wt_word(t));
    }
}

static void wt_aggregate(struct world_text *t)
{
    struct str name = wt_word(t);
    uint32_t n = 0;
    unsigned flags = 0;
    size_t args_at = 0;
    struct world_text look = *t;
    (void)args_at;
    /* the parts that come behind the arguments */
    int depth = 0;
    for (const char *p = look.p; *p && depth >= 0; p++) {
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        if (*p != '(' || depth != 1)
            continue;
        struct world_text at = {.p = p};
        if (wt_peek(&at, "distinct"))
            flags |= CODE_AGG_DISTINCT;
        else if (wt_peek(&at, "where"))
            flags |= CODE_AGG_FILTER;
        else if (wt_peek(&at, "default"))
            flags |= CODE_AGG_DEFAULT;
    }
    size_t mark = code_aggregate(t->b, name, flags);
    uint32_t parts = (flags & 1) + (flags >> 1 & 1) + (flags >> 2 & 1);
    uint32_t all = wt_count(*t);
    n = all > parts ? all - parts : 0;
    for (uint32_t i = 0; i < n && !t->bad; i++)
        wt_name_or_operand(t);
    code_close(t->b, mark, n);
    while (!wt_end(t)) {
        if (wt_peek(t, "distinct")) {
            wt_is(t, '(');
            wt_word(t);
        } else if (wt_peek(t, "where")) {
            wt_is(t, '(');
            wt_word(t);
            uint32_t k = wt_count(*t);
            size_t q = code_q(t->b, CODE_AND, false);
            for (uint32_t i = 0; i < k && !t->bad; i++)
                wt_condition(t);
            code_close(t->b, q, k);
        } else {
            wt_is(t, '(');
            wt_word(t);
            wt_operand(t);
        }
        if (!wt_end(t))
            t->bad = true;
    }
}

static void wt_case(struct world_text *t)
{
    uint32_t n = wt_count(*t);
    struct world_text look = *t;
    bool has_else = false;
    int depth = 0;
    for (const char *p = look.p; *p && depth >= 0; p++) {
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        struct world_text at = {.p = p};
        has_else |= *p == '(' && depth == 1 && wt_peek(&at, "else");
    }
    code_case(t->b, n - has_else, has_else);
    while (!wt_end(t)) {
        wt_is(t, '(');
        struct str w = wt_word(t);
        if (str_eq(w, STR("when")))
            wt_condition(t);
        wt_operand(t);
        if (!wt_end(t))
            t->bad = true;
    }
}

static void wt_window(struct world_text *t)
{
    struct code_frame frame = {0};
    struct world_text look = *t;
    uint32_t partition = 0, order = 0;
    const char *parts[2] = {NULL, NULL};
    int depth = 0;
    for (const char *p = look.p; *p && depth >= 0; p++) {
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        struct world_text at = {.p = p};
        if (*p != '(' || depth != 1)
            continue;
        if (wt_peek(&at, "partition")) {
            at.p = parts[0] = p + 10;
            partition = wt_count(at);
        } else if (wt_peek(&at, "order")) {
            at.p = parts[1] = p + 6;
            order = wt_count(at);
        } else if (wt_peek(&at, "rows") || wt_peek(&at, "range")) {
            frame.kind = wt_peek(&at, "rows") ? CODE_FRAME_ROWS : CODE_FRAME_RANGE;
            at.p = p + (frame.kind == CODE_FRAME_ROWS ? 5 : 6);
            struct value v;
            frame.has_start = wt_number(wt_word(&at), &v);
            frame.start = frame.has_start ? (int32_t)v.i : 0;
            frame.has_end = wt_number(wt_word(&at), &v);
            frame.end = frame.has_end ? (int32_t)v.i : 0;
        }
    }
    code_window(t->b, partition, order, &frame);
    wt_operand(t);
    for (int i = 0; i < 2; i++) {
        struct world_text at = *t;
        at.p = parts[i];
        for (uint32_t k = 0; at.p && k < (i ? order : partition); k++) {
            wt_space(&at);
            if (*at.p == '(')
                wt_operand(&at);
            else if (i)
                code_name(t->b, wt_word(&at));
            else
                code_f(t->b, wt_word(&at));
        }
        t->bad |= at.bad;
    }
    for (int nest = 0; *t->p && nest >= 0; t->p++)
        nest += *t->p == '(' ? 1 : *t->p == ')' ? -1 : 0;
}

static bool wt_expression(struct world_text *t, struct str head)
{
    static const char *const operators[] = {"+", "-", "*", "/",  "%", "^",
                                            "&", "|", "#", "<<", ">>"};
    struct code_builder *b = t->b;
    for (unsigned i = 0; i < CODE_OPERATORS; i++)
        if (str_eq(head, str_from(operators[i]))) {
            code_combined(b, (enum code_operator)i);
            wt_name_or_operand(t);
            wt_name_or_operand(t);
            return true;
        }
    if (str_eq(head, STR("f"))) {
        code_f(b, wt_word(t));
    } else if (str_eq(head, STR("outer"))) {
        code_outer(b, wt_word(t), 1);
    } else if (str_eq(head, STR("outer2"))) {
        code_outer(b, wt_word(t), 2);
    } else if (str_eq(head, STR("v"))) {
        wt_operand(t);
    } else if (str_eq(head, STR("fn"))) {
        size_t at = code_function(b, wt_word(t));
        uint32_t n = wt_count(*t);
        for (uint32_t i = 0; i < n && !t->bad; i++)
            wt_name_or_operand(t);
        code_close(b, at, n);
    } else if (str_eq(head, STR("name"))) {
        code_name(b, wt_word(t));
    } else if (str_eq(head, STR("out"))) {
        struct code_type type = wt_type(t);
        code_output(b, &type);
        wt_name_or_operand(t);
    } else if (str_eq(head, STR("cast"))) {
        struct code_type type = wt_type(t);
        code_cast(b, &type);
        wt_name_or_operand(t);
    } else if (str_eq(head, STR("sub"))) {
        wt_nested(t, CODE_AS_SUBQUERY);
    } else if (str_eq(head, STR("exists"))) {
        wt_nested(t, CODE_AS_EXISTS);
    } else if (str_eq(head, STR("q"))) {
        wt_nested(t, CODE_AS_LIST);
    } else if (str_eq(head, STR("desc")) || str_eq(head, STR("asc"))) {
        code_order(b, str_eq(head, STR("desc")) ? CODE_DESC : 0);
        wt_name_or_operand(t);
    } else if (str_eq(head, STR("nulls_last")) || str_eq(head, STR("desc_nulls_first"))) {
        code_order(b, str_eq(head, STR("nulls_last")) ? CODE_NULLS_LAST
                                                      : CODE_DESC | CODE_NULLS_FIRST);
        wt_name_or_operand(t);
    } else if (str_eq(head, STR("collate"))) {
        code_collate(b, wt_word(t));
        wt_name_or_operand(t);
    } else if (str_eq(head, STR("lookup"))) {
        code_compare(b, wt_word(t));
        wt_name_or_operand(t);
        wt_operand(t);
    } else if (str_eq(head, STR("raw"))) {
        struct str sql = wt_string(t);
        uint32_t n = wt_count(*t);
        code_raw(b, sql, n);
        for (uint32_t i = 0; i < n && !t->bad; i++)
            wt_operand(t);
    } else if (str_eq(head, STR("inst"))) {
        struct err err;
        struct model *m = orm_model(t->orm, STR("shop"), wt_word(t), &err);
        struct value v = {0};
        t->bad |= !m || !wt_number(wt_word(t), &v);
        if (m)
            code_instances(b, m->id, 1, false);
        for (uint32_t i = 0; m && i < m->n_targets; i++)
            code_slot(b, &v);
    } else {
        return false;
    }
    return true;
}

static void wt_operand(struct world_text *t)
{
    if (t->bad)
        return;
    if (wt_is(t, '[')) {
        wt_list(t);
        return;
    }
    if (wt_is_value(t)) {
        struct value v = {0};
        struct decimal d;
        wt_space(t);
        if (*t->p == '*') {
            t->p++;
            code_star(t->b);
            return;
        }
        wt_value(t, &v, &d);
        if (!t->bad)
            code_value(t->b, &v);
        return;
    }
    if (wt_peek(t, "and") || wt_peek(t, "or") || wt_peek(t, "xor") || wt_peek(t, "not") ||
        wt_peek(t, "?")) {
        wt_condition(t);
        return;
    }
    wt_is(t, '(');
    struct str head = wt_word(t);
    if (str_eq(head, STR("agg"))) {
        wt_aggregate(t);
    } else if (str_eq(head, STR("case"))) {
        wt_case(t);
    } else if (str_eq(head, STR("win"))) {
        wt_window(t);
    } else if (str_eq(head, STR("cond"))) {
        wt_condition(t);
        wt_end(t);
    } else {
        if (!wt_expression(t, head))
            t->bad = true;
        if (!wt_end(t))
            t->bad = true;
    }
}

static void wt_children(struct world_text *t, enum code_connector how, bool negated)
{
    uint32_t n = wt_count(*t);
    size_t q = code_q(t->b, how, negated);
    while (!wt_end(t))
        wt_condition(t);
    code_close(t->b, q, n);
}

static void wt_condition(struct world_text *t)
{
    static const char *const expressions[] = {"exists", "case", "raw", "lookup", "fn"};
    if (t->bad)
        return;
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        if (wt_peek(t, expressions[i])) {
            wt_operand(t);
            return;
        }
    if (!wt_is(t, '(')) {
        t->bad = true;
        return;
    }
    struct str head = wt_word(t);
    if (str_eq(head, STR("and")))
        wt_children(t, CODE_AND, false);
    else if (str_eq(head, STR("or")))
        wt_children(t, CODE_OR, false);
    else if (str_eq(head, STR("xor")))
        wt_children(t, CODE_XOR, false);
    else if (str_eq(head, STR("not"))) {
        if (wt_peek(t, "exists")) {
            code_not(t->b);
            wt_operand(t);
            wt_end(t);
        } else {
            wt_children(t, CODE_AND, true);
        }
    } else if (str_eq(head, STR("?"))) {
        wt_operand(t);
        wt_end(t);
    } else {
        code_lookup(t->b, head);
        wt_operand(t);
        if (!wt_end(t))
            t->bad = true;
    }
}

static void wt_names(struct world_text *t)
{
    while (!wt_end(t))
        code_name(t->b, wt_word(t));
}

static void wt_pairs(struct world_text *t)
{
    while (!wt_end(t)) {
        wt_is(t, '(');
        code_name(t->b, wt_word(t));
        wt_operand(t);
        if (!wt_end(t))
            t->bad = true;
    }
}

static void wt_call(struct world_text *t)
{
    struct code_builder *b = t->b;
    struct err err;
    wt_is(t, '(');
    struct str call = wt_word(t);
    uint32_t n = wt_count(*t);
#define CALL(word) str_eq(call, STR(word))
    if (CALL("filter") || CALL("exclude")) {
        code_filter(b, CALL("exclude"));
        wt_children(t, CODE_AND, false);
    } else if (CALL("annotate") || CALL("alias")) {
        code_annotate(b, n, CALL("alias"));
        wt_pairs(t);
    } else if (CALL("order_by")) {
        code_order_by(b, n);
        wt_order_items(t);
    } else if (CALL("reverse")) {
        code_reverse(b);
        wt_end(t);
    } else if (CALL("distinct")) {
        code_distinct(b, n);
        wt_names(t);
    } else if (CALL("values") || CALL("values_list")) {
        code_values(b, n, CALL("values_list"));
        wt_names(t);
    } else if (CALL("only")) {
        code_only(b, n);
        wt_names(t);
    } else if (CALL("defer")) {
        code_defer(b, n);
        wt_names(t);
    } else if (CALL("select_related")) {
        code_select_related(b, n ? CODE_RELATED_NAMES : CODE_RELATED_ALL, n);
        wt_names(t);
    } else if (CALL("slice")) {
        struct value low = {0}, high = {.i = -1};
        wt_number(wt_word(t), &low);
        if (n > 1)
            wt_number(wt_word(t), &high);
        t->bad |= code_slice(b, low.i, n > 1 ? high.i : -1, &err) < 0;
        wt_end(t);
    } else if (CALL("none")) {
        code_none(b);
        wt_end(t);
    } else if (CALL("dates") || CALL("datetimes")) {
        struct str field = wt_word(t), kind = wt_word(t);
        bool desc = n > 2 && (wt_word(t), true);
        if (CALL("dates"))
            code_dates(b, field, kind, desc);
        else
            code_datetimes(b, field, kind, desc, STR(""));
        wt_end(t);
    } else if (CALL("union") || CALL("union_all") || CALL("intersection") || CALL("difference")) {
        code_combine(b,
                     CALL("union")          ? CODE_UNION
                     : CALL("union_all")    ? CODE_UNION_ALL
                     : CALL("intersection") ? CODE_INTERSECTION
                                            : CODE_DIFFERENCE,
                     n);
        while (!wt_end(t))
            wt_nested(t, CODE_AS_LIST);
    } else if (CALL("filtered")) {
        struct str alias = wt_word(t), relation = wt_word(t);
        code_filtered_relation(b, alias, relation);
        wt_children(t, CODE_AND, false);
    } else if (CALL("lock")) {
        code_lock(b, 0, 0);
        wt_end(t);
    } else if (CALL("count")) {
        code_count(b);
        wt_end(t);
    } else if (CALL("exists")) {
        code_exists(b);
        wt_end(t);
    } else if (CALL("get")) {
        code_get(b);
        wt_end(t);
    } else if (CALL("first") || CALL("last")) {
        code_first(b, CALL("last"));
        wt_end(t);
    } else if (CALL("earliest") || CALL("latest")) {
        code_earliest(b, n, CALL("latest"));
        wt_names(t);
    } else if (CALL("aggregate")) {
        code_aggregation(b, n);
        wt_pairs(t);
    } else if (CALL("update")) {
        code_update(b, n);
        wt_pairs(t);
    } else if (CALL("delete")) {
        code_delete(b);
        wt_end(t);
    } else if (CALL("explain")) {
        code_explain(b, STR(""), 0);
        wt_end(t);
    } else {
        t->bad = true;
    }
#undef CALL
}

static void wt_query(struct world_text *t, struct code_builder *b)
{
    struct world_text in = {.orm = t->orm, .b = b, .p = t->p};
    struct err err;
    if (!wt_is(&in, '('))
        in.bad = true;
    struct model *m = orm_model(t->orm, STR("shop"), wt_word(&in), &err);
    code_start_query(b, m ? m->id : 0);
    in.bad |= !m;
    while (!in.bad && !wt_end(&in))
        wt_call(&in);
    t->p = in.p;
    t->bad |= in.bad;
}

/* The code of a query; free() it.  NULL when the text is none. */
static inline struct code *world_query(struct orm *orm, const char *text)
{
    struct code_builder b;
    code_builder_init(&b);
    struct world_text t = {.orm = orm, .p = text};
    wt_query(&t, &b);
    wt_space(&t);
    struct code *c = NULL;
    if (!t.bad && !*t.p) {
        c = malloc(code_builder_size(&b));
        code_finish(&b, c);
    }
    code_builder_release(&b);
    return c;
}

#endif
