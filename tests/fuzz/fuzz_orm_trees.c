/* SPDX-License-Identifier: MIT */
/* Random trees of lookups, annotations and orders on the models of orm_world.h, written twice:
 * with the same names and kinds of values, but other values.  Both must be one shape and give
 * the same SQL; what a client may choose (values, keys of JSON, names that mean nothing) must
 * not be in it; and every name in it is one of the models' or an alias that was checked.
 *
 * For a million of them: echo "seed 1 1000000" > dir/seed; build/dev/fuzz_orm_trees dir
 *
 * Values and bad names hold the mark "zq7777"; aliases begin with "zqa". */
#include "../unit/orm_world.h"

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
    const uint8_t *p, *end; /* choices */
    uint64_t salt;          /* of the values */
    unsigned depth;
    struct orm *orm;
};

static unsigned choose(struct source *s, unsigned n)
{
    return s->p < s->end ? *s->p++ % n : 0;
}

#define PICK(s, list) ((list)[choose(s, sizeof(list) / sizeof *(list))])

/* ---- names ---- */

static const char *const parts[] = {
    "id",
    "pk",
    "name",
    "category",
    "parent",
    "children",
    "products",
    "brand",
    "price",
    "weight",
    "stock",
    "active",
    "note",
    "data",
    "created",
    "released",
    "lead",
    "opens",
    "code",
    "tags",
    "profile",
    "items",
    "order",
    "quantity",
    "placed",
    "customer",
    "stars",
    "friends",
    "exact",
    "iexact",
    "contains",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "range",
    "isnull",
    "regex",
    "startswith",
    "icontains",
    "endswith",
    "year",
    "month",
    "date",
    "week_day",
    "hour",
    "has_key",
    "has_keys",
    "0",
    "-1",
    "zqa1",
    "zqa2",
    "zq7777",
    "zq7777'b\"c$[0]",
    "zq7777\") OR 1=1 --",
    "_connector",
    "_negated",
    "",
    "zq7777\"; DROP TABLE x",
};

static void add_key(struct source *s, struct buf *out)
{
    unsigned n = 1 + choose(s, 4);
    for (unsigned i = 0; i < n; i++) {
        buf_adds(out, i ? "__" : "");
        buf_adds(out, PICK(s, parts));
    }
}

static const char *const aliases[] = {
    "zqa1",
    "zqa2",
    "zqa_3",
    "zqa1 ",
    "zqa\"x",
    "zqa;x",
    "zqa--",
    "zqa/*x*/",
    "zqa.name",
    "zqa\nx",
    "zqa%s",
    "zqa'x",
    "zqa#",
    "zqa x",
    "",
    "zqa\x80",
    "zqa\xc3\xbc",
    "zqa\xc2\xa0",
    "zqa\xe2\x80\xa8",
    "zqa4567890123456789012345678901234567890123456789012345678901234567890123456789",
};

static bool good_alias(struct str s)
{
    bool good = s.n > 0 && s.n < 64 && !char_is_digit(s.p[0]);
    for (size_t i = 0; i < s.n && good; i++)
        good = char_is_alpha(s.p[i]) || char_is_digit(s.p[i]) || s.p[i] == '_' || s.p[i] & 0x80;
    return good && utf8_valid(s);
}

/* ---- values ---- */

static struct value next_value(struct source *s, char text[48])
{
    uint64_t r = s->salt = s->salt * 6364136223846793005u + 1442695040888963407u;
    switch (choose(s, 8)) {
    case 0:
        return (struct value){.kind = VALUE_INT, .i = 7777000000 + (int64_t)(r >> 40)};
    case 1:
        return (struct value){.kind = VALUE_DOUBLE, .d = 7777.25 + (double)(r >> 50)};
    case 2:
        return (struct value){.kind = VALUE_TRUE};
    case 3:
        return (struct value){.kind = VALUE_NULL};
    case 4:
        return (struct value){.kind = VALUE_DATE, .i = 738000 + (int64_t)(r >> 54)};
    case 5:
        return (struct value){.kind = VALUE_DATETIME, .i = 1700000000000000 + (int64_t)(r >> 20)};
    default:
        snprintf(text, 48, "zq7777'\"%%_\\;--%llu", (unsigned long long)(r >> 44));
        return (struct value){.kind = VALUE_TEXT, .text = str_from(text)};
    }
}

static void add_expression(struct source *s, struct code_builder *b);
static void add_condition(struct source *s, struct code_builder *b);

static void add_operand(struct source *s, struct code_builder *b)
{
    char text[48];
    unsigned what = choose(s, 8);
    if (what == 0 && s->depth < 6) {
        add_expression(s, b);
    } else if (what == 1) {
        unsigned n = choose(s, 4);
        code_list_begin(b);
        for (unsigned i = 0; i < n; i++) {
            struct value v = next_value(s, text);
            code_list_item(b, &v);
        }
        code_list_end(b);
    } else {
        struct value v = next_value(s, text);
        code_value(b, &v);
    }
}

/* ---- trees ---- */

static void add_expression(struct source *s, struct code_builder *b)
{
    static const char *const functions[] = {"Lower",  "Upper",    "Length",
                                            "Concat", "Coalesce", "Abs"};
    static const char *const aggregates[] = {"Count", "Sum", "Avg", "Min", "Max"};
    struct buf key = BUF_INIT;
    size_t mark;
    s->depth++;
    switch (s->depth > 6 ? 0 : choose(s, 6)) {
    case 1:
        code_combined(b, (enum code_operator)choose(s, CODE_OPERATORS));
        add_operand(s, b);
        add_operand(s, b);
        break;
    case 2:
        mark = code_function(b, str_from(PICK(s, functions)));
        add_operand(s, b);
        code_close(b, mark, 1);
        break;
    case 3:
        mark =
            code_aggregate(b, str_from(PICK(s, aggregates)), choose(s, 2) ? CODE_AGG_DISTINCT : 0);
        add_expression(s, b);
        code_close(b, mark, 1);
        break;
    case 4:
        code_case(b, 1, true);
        add_condition(s, b);
        add_operand(s, b);
        add_operand(s, b);
        break;
    default:
        add_key(s, &key);
        code_f(b, buf_str(&key));
    }
    buf_release(&key);
    s->depth--;
}

static void add_condition(struct source *s, struct code_builder *b)
{
    struct buf key = BUF_INIT;
    s->depth++;
    if (s->depth < 8 && choose(s, 3) == 0) {
        unsigned n = 1 + choose(s, 3);
        size_t mark = code_q(b, (enum code_connector)choose(s, 3), choose(s, 2));
        for (unsigned i = 0; i < n; i++)
            add_condition(s, b);
        code_close(b, mark, n);
    } else {
        add_key(s, &key);
        code_lookup(b, buf_str(&key));
        add_operand(s, b);
    }
    buf_release(&key);
    s->depth--;
}

static struct code *make(struct source s)
{
    struct code_builder b;
    struct buf key = BUF_INIT;
    code_builder_init(&b);
    code_start_query(&b, choose(&s, s.orm->n_models));
    unsigned n = 1 + choose(&s, 4);
    for (unsigned i = 0; i < n; i++) {
        buf_reset(&key);
        switch (choose(&s, 6)) {
        case 0:
            code_annotate(&b, 1, choose(&s, 2));
            code_name(&b, str_from(PICK(&s, aliases)));
            add_expression(&s, &b);
            break;
        case 1:
            code_order_by(&b, 1);
            buf_adds(&key, choose(&s, 2) ? "-" : "");
            add_key(&s, &key);
            code_name(&b, buf_str(&key));
            break;
        case 2:
            code_values(&b, 1, false);
            add_key(&s, &key);
            code_name(&b, buf_str(&key));
            break;
        case 3:
            code_filtered_relation(&b, str_from(PICK(&s, aliases)), str_from(PICK(&s, parts)));
            add_condition(&s, &b);
            break;
        default:
            code_filter(&b, choose(&s, 2));
            add_condition(&s, &b);
        }
    }
    struct code *c = malloc(code_builder_size(&b));
    code_finish(&b, c);
    code_builder_release(&b);
    buf_release(&key);
    return c;
}

/* ---- what is asserted ---- */

static bool of_models(const struct orm *orm, struct str name)
{
    for (uint32_t i = 0; i < orm->n_models; i++) {
        const struct model *m = orm->models[i];
        if (str_eq(m->table, name))
            return true;
        for (uint32_t k = 0; k < m->n_fields; k++)
            if (str_eq(m->fields[k]->column, name))
                return true;
    }
    return false;
}

/* T4, U0, col1, __col2, qual0, subquery: the compiler's own. */
static bool of_compiler(struct str s)
{
    static const char *const words[] = {"subquery", "qualify", "qualify_mask", "__count", "a"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(s, str_from(words[i])))
            return true;
    size_t n = s.n;
    while (n > 0 && char_is_digit(s.p[n - 1]))
        n--;
    struct str head = str_head(s, n);
    return n < s.n && ((n > 0 && n <= 3 && s.p[0] >= 'A' && s.p[0] <= 'Z') ||
                       str_eq(head, STR("col")) || str_eq(head, STR("__col")) ||
                       str_eq(head, STR("qual")) || str_eq(head, STR("__orderbycol")));
}

/* values("category__name", "data__-1__size") names its columns so: members of models, keys of
 * JSON without anything that means something to SQL. */
static bool is_path(struct str s)
{
    bool good = s.n > 0 && s.n < 64;
    for (size_t i = 0; i < s.n && good; i++)
        good = char_is_alpha(s.p[i]) || char_is_digit(s.p[i]) || s.p[i] == '_' ||
               (s.p[i] == '-' && str_starts(s, STR("data__")) && s.p[i - 1] != '-');
    return good;
}

static void check_sql(const struct orm *orm, struct str sql)
{
    for (size_t i = 0; i < sql.n; i++) {
        struct str rest = str_skip(sql, i);
        if (str_starts(rest, STR("7777")) || str_starts(rest, STR("zq7")))
            abort(); /* a value, or a name that means nothing */
        if (sql.p[i] != '"')
            continue;
        size_t end = i + 1;
        while (end < sql.n && sql.p[end] != '"')
            end++;
        struct str name = str_make(sql.p + i + 1, end - i - 1);
        bool alias = str_starts(name, STR("zqa")) && good_alias(name);
        if (end == sql.n || !(alias || of_models(orm, name) || of_compiler(name) || is_path(name)))
            abort();
        if (str_starts(name, STR("zq")) && !alias)
            abort();
        i = end;
    }
}

static void bind(const struct statement *st, const struct code *c)
{
    struct arena scratch;
    struct err err;
    struct convert_zone utc = {.tz = tz_utc(), .tz_name = STR("UTC")};
    struct db_value *values = malloc((st->n_params + 1) * sizeof *values);
    arena_init(&scratch, 0);
    statement_bind(st, c, &dialect_sqlite, &utc, &scratch, values, &err);
    arena_release(&scratch);
    free(values);
}

static void try_tree(const uint8_t *data, size_t size)
{
    static struct orm *orm;
    static struct statements *caches[2];
    struct code *codes[2];
    const struct statement *found[2];
    struct err err;
    if (!orm) {
        orm = world_new();
        for (int i = 0; i < 2; i++)
            caches[i] = statements_new(orm, &dialect_sqlite, 64);
    }
    for (int i = 0; i < 2; i++) {
        codes[i] = make((struct source){.p = data,
                                        .end = data + size,
                                        .salt = i ? 88172645463325252u : 2463534242u,
                                        .orm = orm});
        statements_check(caches[i], codes[i], &err); /* values may be wrong, names too */
        found[i] = statements_get(caches[i], codes[i], &err);
        if (found[i]) {
            check_sql(orm, found[i]->sql);
            bind(found[i], codes[i]);
        }
    }
    if (codes[0]->hash != codes[1]->hash || !code_same_shape(codes[0], codes[1]))
        abort(); /* values are part of the shape */
    if (!found[0] != !found[1] || (found[0] && !str_eq(found[0]->sql, found[1]->sql)))
        abort();
    free(codes[0]);
    free(codes[1]);
}

/* Choices, one a byte; or "seed 42 1000": a thousand random trees. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[32] = "";
    unsigned long long seed, n;
    memcpy(text, data, size < sizeof text ? size : sizeof text - 1);
    if (sscanf(text, "seed %llu %llu", &seed, &n) != 2 || n > 1000000) {
        try_tree(data, size);
        return 0;
    }
    for (uint64_t r = seed; n > 0; n--) {
        uint8_t bytes[96];
        for (size_t i = 0; i < sizeof bytes; i++) {
            r = r * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = (uint8_t)(r >> 56);
        }
        try_tree(bytes, sizeof bytes);
    }
    return 0;
}
