/* SPDX-License-Identifier: MIT */
/* The SQL functions: against what Django gives, and what it has no answer to. */
#include "db_world.h"

static const struct {
    const char *sql, *want;
} recorded[] = {
#include "sql_functions.inc"
};

db_test(are_those_of_django)
{
    char sql[512];
    int wrong = 0;
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        const char *got;
        snprintf(sql, sizeof sql, "SELECT %s", recorded[i].sql);
        got = rows_at(w, w->db, sql, __LINE__);
        if (strlen(got) != strlen(recorded[i].want) + 1 ||
            strncmp(got, recorded[i].want, strlen(recorded[i].want)) != 0) {
            print_error("%s: %.*s, Django has %s\n", recorded[i].sql, (int)strlen(got) - 1, got,
                        recorded[i].want);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
    /* since Django 4.0 */
    assert_rows(w,
                "SELECT django_format_dtdelta('*', 3, 4), django_format_dtdelta('*', 1.5, 4), "
                "django_format_dtdelta('/', 7, 2), django_format_dtdelta('/', 7.5, 2)",
                "12|6|3.5|3.75\n");
}

db_test(refuse_what_means_nothing)
{
    static const char *const bad[] = {
        "django_datetime_extract('yeer', '2024-01-01 00:00:00', 'UTC', 'UTC')",
        "django_datetime_trunc('microsecond', '2024-01-01 00:00:00', 'UTC', 'UTC')",
        "django_date_trunc('hour', '2024-01-01', NULL, NULL)",
        "django_time_trunc('day', '01:02:03', NULL, NULL)",
        "django_time_extract('day', '01:02:03')",
        "django_datetime_extract('year', '2024-01-01 00:00:00', 'Moon/Crater', 'UTC')",
        "django_time_diff('nonsense', '01:02:03')",
        "django_timestamp_diff('nonsense', '2024-01-01')",
        "django_format_dtdelta('/', 1, 0)",
        "django_format_dtdelta('+', '2024-01-01', '2024-01-01')",
        "django_format_dtdelta('+', '9999-12-31 00:00:00', 86400000000)",
        "'a' REGEXP '('",
        "COT(0)",
        "SIGN('x')",
        "BITXOR(1, 2.5)",
        "REPEAT('x', 1000000000)",
        "LPAD('x', 1000000000, 'yy')",
    };
    char sql[256];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        snprintf(sql, sizeof sql, "SELECT %s", bad[i]);
        if (run_values(w->db, sql, 0, NULL, NULL, &err) == 0)
            fail_msg("%s: not refused", bad[i]);
    }
}

db_test(aggregates_leave_nulls_out)
{
    assert_rows(w, "SELECT VAR_POP(column1), STDDEV_POP(column1) FROM (VALUES (1), (NULL), (3))",
                "1|1\n");
    assert_rows(w, "SELECT VAR_POP(1), STDDEV_SAMP(1), ANY_VALUE(1) WHERE 0", "NULL|NULL|NULL\n");
    assert_rows(w, "SELECT VAR_SAMP(7), STDDEV_SAMP(7)", "NULL|NULL\n");
    assert_rows(w, "SELECT VAR_POP(column1) FROM (VALUES (1), (9e999))", "NULL\n");
    assert_rows(w, "SELECT ANY_VALUE(column1) FROM (VALUES (NULL), ('x'), ('y'))", "x\n");
    assert_rows(w, "SELECT ANY_VALUE(a) FROM (VALUES (1)) v, (SELECT NULL AS a)", "NULL\n");
}

db_test(variances_of_windows)
{
    assert_rows(w,
                "SELECT VAR_POP(column1) OVER (ORDER BY column1 ROWS 1 PRECEDING) FROM "
                "(VALUES (1), (1e16), (3e16), (0.5))",
                "0\n0.0625\n2.4999999999999997e+31\n1.0000000000000001e+32\n");
    assert_rows(w,
                "SELECT STDDEV_POP(column1) OVER (ORDER BY column1 ROWS 1 PRECEDING) FROM "
                "(VALUES (1), (3), (NULL), (9))",
                "NULL\n0\n1\n3\n");
}

/* With trusted_schema off the schema itself may use them all the same. */
db_test(stand_in_schemas)
{
    must(w->db, "CREATE TABLE t (at text, y integer GENERATED ALWAYS AS "
                "(django_date_extract('year', at)) STORED, CHECK (at REGEXP '^[0-9]'))");
    must(w->db, "CREATE INDEX t_r ON t (REVERSE(at))");
    must(w->db, "CREATE VIEW v AS SELECT SHA1(at) AS h FROM t");
    must(w->db, "INSERT INTO t (at) VALUES ('2024-02-29')");
    refused(w->db, "INSERT INTO t (at) VALUES ('x')", ERR_DB_CHECK);
    assert_rows(w, "SELECT y FROM t WHERE REVERSE(at) = '92-20-4202'", "2024\n");
    assert_rows(w, "SELECT length(h) FROM v", "40\n");
}

db_test(random_numbers)
{
    assert_rows(w,
                "WITH RECURSIVE c(n, r) AS (SELECT 1, RAND() UNION ALL SELECT n + 1, RAND() FROM c "
                "LIMIT 1000) SELECT min(r) >= 0, max(r) < 1, count(DISTINCT r) FROM c",
                "1|1|1000\n");
}

/* Patterns and zones that are columns are read for each row. */
db_test(arguments_change)
{
    assert_rows(w, "SELECT 'abc' REGEXP column1 FROM (VALUES ('b'), ('x'), ('^a'), (NULL), ('c$'))",
                "1\n0\n1\nNULL\n1\n");
    assert_rows(w,
                "SELECT django_datetime_cast_time('2024-07-01 12:00:00', column1, 'UTC') FROM "
                "(VALUES ('UTC'), ('Europe/Paris'), ('+02:30'), ('Asia/Tokyo'))",
                "12:00:00\n14:00:00\n14:30:00\n21:00:00\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        db_unit(are_those_of_django),        db_unit(refuse_what_means_nothing),
        db_unit(aggregates_leave_nulls_out), db_unit(variances_of_windows),
        db_unit(stand_in_schemas),           db_unit(random_numbers),
        db_unit(arguments_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
