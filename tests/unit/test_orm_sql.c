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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sql_is_that_of_django),
        cmocka_unit_test(equal_shapes_share_a_statement),
        cmocka_unit_test(statements_in_use_outlive_the_cache),
        cmocka_unit_test(columns_say_where_they_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
