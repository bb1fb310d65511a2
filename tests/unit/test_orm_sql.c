/* SPDX-License-Identifier: MIT */
/* Golden table: queries and the SQL that Django makes of them. */
#include "orm_world.h"
#include "test.h"

struct golden {
    const char *query, *sql;
};

static const struct golden golden[] = {
#include "orm_golden.inc"
};

/* All columns of Product, written P.* in the table. */
static void add_columns(struct buf *out, const struct orm *orm)
{
    const struct model *m = orm_model(orm, STR("shop"), STR("Product"), NULL);
    for (uint32_t i = 0; i < m->n_fields; i++) {
        buf_adds(out, i ? ", " : "");
        dialect_quote(out, m->table);
        buf_addc(out, '.');
        dialect_quote(out, m->fields[i]->column);
    }
}

static void expand(struct buf *out, const struct orm *orm, const char *sql)
{
    buf_reset(out);
    for (; *sql; sql++) {
        if (strncmp(sql, "P.*", 3) != 0) {
            buf_addc(out, *sql);
            continue;
        }
        add_columns(out, orm);
        sql += 2;
    }
}

static void show(struct statements *s, const struct code *c, struct buf *out)
{
    struct err err = {0};
    struct convert_zone utc = {.tz = tz_utc(), .tz_name = STR("UTC")};
    buf_reset(out);
    const struct statement *st = NULL;
    int bad = statements_check(s, c, &err);
    if (bad == 0)
        st = statements_get(s, c, &err);
    if (st && st->empty)
        buf_adds(out, "EMPTY");
    else if (!st || statement_text(st, c, &dialect_sqlite, &utc, out, &err) < 0)
        buf_addf(out, "ERROR %s: %s", err_name(err.code), err.msg);
}

static void sql_is_that_of_django(void **state)
{
    (void)state;
    struct orm *orm = world_new();
    assert_non_null(orm);
    struct statements *s = statements_new(orm, &dialect_sqlite, 64); /* some are dropped */
    struct buf got = BUF_INIT, want = BUF_INIT;
    int wrong = 0;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct code *c = world_query(orm, golden[i].query);
        if (!c)
            fail_msg("no query: %s", golden[i].query);
        show(s, c, &got);
        expand(&want, orm, golden[i].sql);
        if (!str_eq(buf_str(&got), buf_str(&want))) {
            print_error("%s\n  got  %s\n  want %s\n", golden[i].query, got.data, want.data);
            wrong++;
        }
        free(c);
    }
    buf_release(&got);
    buf_release(&want);
    statements_free(s);
    orm_free(orm);
    assert_int_equal(wrong, 0);
}

/* ---- shapes ---- */

static const struct statement *get(struct statements *s, struct orm *orm, const char *query)
{
    struct err err = {0};
    struct code *c = world_query(orm, query);
    assert_non_null(c);
    const struct statement *st = statements_get(s, c, &err);
    free(c);
    if (!st)
        fail_msg("%s: %s", query, err.msg);
    return st;
}

static void equal_shapes_share_a_statement(void **state)
{
    (void)state;
    struct orm *orm = world_new();
    struct statements *s = statements_new(orm, &dialect_sqlite, 0);
    const struct statement *a = get(s, orm, "(Product (filter (pk 5)))");
    assert_ptr_equal(a, get(s, orm, "(Product (filter (pk 6)))"));
    assert_ptr_not_equal(a, get(s, orm, "(Product (filter (pk null)))"));
    assert_ptr_not_equal(get(s, orm, "(Product (filter (pk__in [1 2])))"),
                         get(s, orm, "(Product (filter (pk__in [1 2 3])))"));
    assert_ptr_equal(get(s, orm, "(Product (slice 0 5))"), get(s, orm, "(Product (slice 0 9))"));
    assert_ptr_not_equal(get(s, orm, "(Product (slice 0 5))"),
                         get(s, orm, "(Product (slice 1 5))"));
    statements_free(s);
    orm_free(orm);
}

static void statements_in_use_outlive_the_cache(void **state)
{
    (void)state;
    struct orm *orm = world_new();
    struct statements *s = statements_new(orm, &dialect_sqlite, 2);
    const struct statement *a = get(s, orm, "(Product (filter (pk 5)))");
    statement_ref(a);
    get(s, orm, "(Product (count))");
    get(s, orm, "(Product (exists))");
    get(s, orm, "(Tag)");
    assert_true(str_ends(a->sql, STR("\"id\" = ?"))); /* dropped, but there */
    assert_ptr_not_equal(a, get(s, orm, "(Product (filter (pk 5)))"));
    statement_unref(s, a);
    statements_free(s);
    orm_free(orm);
}

/* ---- plans ---- */

static void columns_say_where_they_go(void **state)
{
    (void)state;
    struct orm *orm = world_new();
    struct statements *s = statements_new(orm, &dialect_sqlite, 0);
    const struct statement *st = get(s, orm,
                                     "(Product (only name brand__name) (select_related brand)"
                                     " (annotate (n (agg Count items))))");
    assert_int_equal(st->kind, STATEMENT_ROWS);
    assert_int_equal(st->n_nodes, 2);
    assert_true(st->nodes[0].partial && st->nodes[1].partial && st->nodes[1].outer);
    assert_str(st->nodes[1].name, "brand");
    assert_int_equal(st->columns[st->nodes[1].key].node, 1);
    assert_str(st->columns[0].field->name, "id");
    uint32_t last = 0;
    while (st->columns[last].place != COLUMN_ANNOTATION)
        last++;
    assert_str(st->columns[last].name, "n");
    assert_int_equal(st->columns[last].type.storage, STORE_INT);
    st = get(s, orm, "(Product (values_list name price))");
    assert_true(st->kind == STATEMENT_VALUES && st->values_list && st->n_columns == 2);
    assert_int_equal(st->columns[1].type.decimal_places, 2);
    st = get(s, orm, "(Product (none) (aggregate (n (agg Count id)) (m (agg Max price))))");
    assert_true(st->empty);
    assert_true(st->when_empty[0].kind == VALUE_INT && st->when_empty[0].i == 0);
    assert_int_equal(st->when_empty[1].kind, VALUE_NULL);
    st = get(s, orm, "(Place (select_related restaurant))");
    assert_true(st->nodes[1].reverse && st->nodes[1].inherits);
    statements_free(s);
    orm_free(orm);
}

/* ---- schemas ---- */

static void add_active(struct code_builder *b)
{
    struct value yes = {.kind = VALUE_TRUE}, zero = {.kind = VALUE_INT};
    size_t q = code_q(b, CODE_AND, false);
    code_lookup(b, STR("active"));
    code_value(b, &yes);
    code_lookup(b, STR("stock__gte"));
    code_value(b, &zero);
    code_lookup(b, STR("name__startswith"));
    struct value text = {.kind = VALUE_TEXT, .text = STR("it's")};
    code_value(b, &text);
    code_close(b, q, 3);
}

static void conditions_of_schemas_have_literals(void **state)
{
    (void)state;
    struct orm *orm = world_new();
    struct code_builder b;
    struct buf out = BUF_INIT;
    struct err err = {0};
    code_builder_init(&b);
    code_start(&b, CODE_CONDITION);
    add_active(&b);
    struct code *c = malloc(code_builder_size(&b));
    code_finish(&b, c);
    const struct model *m = orm_model(orm, STR("shop"), STR("Product"), &err);
    if (statement_schema_sql(orm, &dialect_sqlite, m, c, &out, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(out.data,
                        "(\"active\" AND \"stock\" >= 0 AND \"name\" LIKE 'it''s%' ESCAPE '\\')");
    free(c);
    code_builder_release(&b);
    buf_release(&out);
    orm_free(orm);
}

/* ---- limits ---- */

static void too_many_values_are_refused(void **state)
{
    (void)state;
    struct orm *orm = world_new();
    struct dialect small = dialect_sqlite;
    small.max_parameters = 3;
    struct statements *s = statements_new(orm, &small, 0);
    struct err err = {0};
    struct code *c = world_query(orm, "(Product (filter (id__in [1 2 3 4])))");
    assert_null(statements_get(s, c, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    free(c);
    statements_free(s);
    orm_free(orm);
}

static void deep_conditions_are_refused(void **state)
{
    (void)state;
    struct orm *orm = world_new();
    struct statements *s = statements_new(orm, &dialect_sqlite, 0);
    struct code_builder b;
    struct err err = {0};
    struct value one = {.kind = VALUE_INT, .i = 1};
    code_builder_init(&b);
    code_start_query(&b, orm_model(orm, STR("shop"), STR("Product"), &err)->id);
    code_filter(&b, false);
    for (int i = 0; i < 100000; i++)
        code_close(&b, code_q(&b, CODE_AND, true), 1);
    code_lookup(&b, STR("id"));
    code_value(&b, &one);
    struct code *c = malloc(code_builder_size(&b));
    code_finish(&b, c);
    assert_null(statements_get(s, c, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    free(c);
    code_builder_release(&b);
    statements_free(s);
    orm_free(orm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sql_is_that_of_django),
        cmocka_unit_test(equal_shapes_share_a_statement),
        cmocka_unit_test(statements_in_use_outlive_the_cache),
        cmocka_unit_test(columns_say_where_they_go),
        cmocka_unit_test(conditions_of_schemas_have_literals),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(deep_conditions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
