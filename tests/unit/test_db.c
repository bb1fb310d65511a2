/* SPDX-License-Identifier: MIT */
/* Statements, values, rows, errors, the cache, placeholders. */
#include "db_world.h"

#include <math.h>
#include <sys/stat.h>

/* ---- values ---- */

db_test(values_come_back)
{
    const struct db_value v[] = {db_null(),
                                 db_int(INT64_MIN),
                                 db_double(0.1),
                                 db_text(STR("a\0b \xc3\xa9")),
                                 db_blob(STR("\0\xff")),
                                 db_text(STR_NULL),
                                 db_blob(STR_NULL)};
    struct db_sql sql;
    struct db_cursor cur;
    db_sql_init(&sql, STR("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"), DB_ACCESS_READ);
    assert_int_equal(db_query(w->db, &sql, v, 7, &cur, &w->err), 0);
    assert_int_equal(db_step(&cur, &w->err), 1);
    assert_int_equal(cur.ncolumns, 7);
    assert_int_equal(cur.row[0].kind, DB_NULL);
    assert_true(cur.row[1].kind == DB_INT && cur.row[1].i == INT64_MIN);
    assert_true(cur.row[2].kind == DB_DOUBLE && cur.row[2].d == 0.1);
    assert_true(cur.row[3].kind == DB_TEXT && str_eq(cur.row[3].s, STR("a\0b \xc3\xa9")));
    assert_true(cur.row[4].kind == DB_BLOB && str_eq(cur.row[4].s, STR("\0\xff")));
    assert_true(cur.row[5].kind == DB_TEXT && cur.row[5].s.n == 0);
    assert_true(cur.row[6].kind == DB_BLOB && cur.row[6].s.n == 0);
    assert_int_equal(db_step(&cur, &w->err), 0);
    assert_int_equal(db_step(&cur, &w->err), 0); /* stays at its end */
    db_close(&cur);
    db_sql_release(&sql);
}

db_test(nan_is_refused)
{
    const struct db_value nan_ = db_double(NAN);
    must(w->db, "CREATE TABLE t (a)");
    assert_int_equal(run_values(w->db, "INSERT INTO t VALUES (?)", 1, &nan_, NULL, &w->err), -1);
    assert_int_equal(w->err.code, ERR_DB_DATA);
    assert_rows(w, "SELECT count(*) FROM t", "0\n");
}

db_test(counts_and_ids)
{
    struct db_result r;
    must(w->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    assert_int_equal(run_values(w->db, "INSERT INTO t (a) VALUES ('x'), ('y')", 0, NULL, &r, NULL),
                     0);
    assert_int_equal(r.changes, 2);
    assert_int_equal(r.last_id, 2);
    assert_int_equal(run_values(w->db, "UPDATE t SET a = 'z' WHERE id > 5", 0, NULL, &r, NULL), 0);
    assert_int_equal(r.changes, 0);
    assert_int_equal(run_values(w->db, "CREATE TABLE u (a)", 0, NULL, &r, NULL), 0);
    assert_int_equal(r.changes, 0); /* not those of the statement before */
    assert_int_equal(run_values(w->db, "DELETE FROM t", 0, NULL, &r, NULL), 0);
    assert_int_equal(r.changes, 2);
}

db_test(returning_gives_rows_and_writes)
{
    struct db_raw *raw;
    struct db_cursor cur;
    must(w->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    assert_rows(w, "INSERT INTO t (a) VALUES ('x'), ('y') RETURNING id, a", "1|x\n2|y\n");
    /* Left early it has written all the same. */
    raw = db_raw_get(w->db, STR("INSERT INTO t (a) VALUES ('p'), ('q') RETURNING id"), &w->err);
    assert_int_equal(db_query(w->db, &raw->sql, NULL, 0, &cur, &w->err), 0);
    assert_int_equal(db_step(&cur, &w->err), 1);
    db_close(&cur);
    db_raw_done(raw);
    assert_rows(w, "SELECT id, a FROM t", "1|x\n2|y\n3|p\n4|q\n");
    /* WITH is taken for a read until the driver knows better. */
    assert_rows(w, "WITH v(a) AS (VALUES ('w')) INSERT INTO t (a) SELECT a FROM v RETURNING id",
                "5\n");
}

db_test(columns_have_names_and_types)
{
    struct db_raw *raw;
    struct db_cursor cur;
    uint64_t one, two;
    const struct db_column *c;
    must(w->db, "CREATE TABLE t (b bool, d date, t time, at datetime, n varchar(5), s timestamp)");
    must(w->db,
         "INSERT INTO t VALUES (1, '2026-01-31', '12:00:00', '2026-01-31 12:00:00', 'x', '')");
    raw = db_raw_get(w->db, STR("SELECT *, 1 AS one FROM t"), &w->err);
    assert_int_equal(db_query(w->db, &raw->sql, NULL, 0, &cur, &w->err), 0);
    c = db_columns(&cur, &one);
    assert_int_equal(cur.ncolumns, 7);
    assert_str(c[0].name, "b");
    assert_int_equal(c[0].convert, DB_AS_BOOL);
    assert_int_equal(c[1].convert, DB_AS_DATE);
    assert_int_equal(c[2].convert, DB_AS_TIME);
    assert_int_equal(c[3].convert, DB_AS_DATETIME);
    assert_int_equal(c[4].convert, DB_AS_IS);
    assert_int_equal(c[5].convert, DB_AS_DATETIME);
    assert_str(c[6].name, "one");
    db_close(&cur);

    /* A column more: SQLite prepares it again, and so do we know of it. */
    must(w->db, "ALTER TABLE t ADD COLUMN more integer DEFAULT 7");
    assert_int_equal(db_query(w->db, &raw->sql, NULL, 0, &cur, &w->err), 0);
    assert_int_equal(db_step(&cur, &w->err), 1);
    c = db_columns(&cur, &two);
    assert_int_equal(cur.ncolumns, 8);
    assert_true(one != two);
    assert_str(c[6].name, "more");
    assert_int_equal(cur.row[6].i, 7);
    db_close(&cur);
    db_raw_done(raw);
}

/* ---- errors ---- */

db_test(errors_have_classes)
{
    must(w->db, "CREATE TABLE p (id INTEGER PRIMARY KEY)");
    must(w->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE NOT NULL, "
                "n INTEGER CHECK (n > 0), p INTEGER REFERENCES p (id))");
    must(w->db, "INSERT INTO t VALUES (1, 'x', 1, NULL)");
    refused(w->db, "INSERT INTO t VALUES (1, 'y', 1, NULL)", ERR_DB_UNIQUE);
    refused(w->db, "INSERT INTO t VALUES (2, 'x', 1, NULL)", ERR_DB_UNIQUE);
    refused(w->db, "INSERT INTO t VALUES (2, NULL, 1, NULL)", ERR_DB_NOT_NULL);
    refused(w->db, "INSERT INTO t VALUES (2, 'y', 0, NULL)", ERR_DB_CHECK);
    refused(w->db, "INSERT INTO t VALUES (2, 'y', 1, 9)", ERR_DB_FOREIGN_KEY);
    refused(w->db, "INSERT INTO t VALUES ('no', 'y', 1, 9)", ERR_DB_INTEGRITY);
    refused(w->db, "SELECT * FROM nowhere", ERR_DB_OPERATIONAL);
    refused(w->db, "SELEKT 1", ERR_DB_OPERATIONAL);
    refused(w->db, "SELECT ?", ERR_DB_PROGRAMMING);
    refused(w->db, "SELECT 1; SELECT 2", ERR_DB_PROGRAMMING);
    refused(w->db, " -- nothing\n", ERR_DB_PROGRAMMING);
    refused(w->db, "BEGIN", ERR_DB_PROGRAMMING);
    refused(w->db, "/* x */ rollback", ERR_DB_PROGRAMMING);
    refused(w->db, "SELECT zeroblob(1000000000)", ERR_DB_DATA);
    must(w->db, "SELECT 1; -- done\n /* really */ ;");
    assert_rows(w, "SELECT count(*) FROM t", "1\n");
}

/* A failure in the middle of rows, and of a statement that writes several. */
db_test(errors_between_rows)
{
    struct db_raw *raw;
    struct db_cursor cur;
    must(w->db, "CREATE TABLE t (a)");
    must(w->db, "INSERT INTO t VALUES (1), (2), (-9223372036854775808)");
    raw = db_raw_get(w->db, STR("SELECT abs(a) FROM t"), &w->err);
    assert_int_equal(db_query(w->db, &raw->sql, NULL, 0, &cur, &w->err), 0);
    assert_int_equal(db_step(&cur, &w->err), 1);
    assert_int_equal(db_step(&cur, &w->err), 1);
    assert_int_equal(db_step(&cur, &w->err), -1);
    assert_int_equal(w->err.code, ERR_DB_OPERATIONAL);
    db_close(&cur);
    db_raw_done(raw);
    must(w->db, "CREATE TABLE u (a UNIQUE)");
    refused(w->db, "INSERT INTO u VALUES (1), (2), (1)", ERR_DB_UNIQUE);
    assert_rows(w, "SELECT count(*) FROM u", "0\n");
}

static void opens_badly(void **state)
{
    struct db_world *w = *state;
    struct db_options o = db_options_defaults();
    o.name = STR("/tmp/no-such-folder-here/x.sqlite3");
    assert_non_null(databases_add(w->dbs, &o, &w->err));
    assert_null(databases_add(w->dbs, &o, &w->err)); /* the alias is there */
    assert_int_equal(w->err.code, ERR_CONFIG);
    o.alias = STR("b");
    o.engine = STR("sqlit");
    assert_null(databases_add(w->dbs, &o, &w->err));
    assert_string_equal(w->err.msg, "there is no database engine 'sqlit'; did you mean 'sqlite'?");
    o.engine = STR("sqlite");
    o.transaction_mode = STR("IMEDIATE");
    assert_null(databases_add(w->dbs, &o, &w->err));
    assert_string_equal(w->err.msg, "options.transaction_mode: there is no 'IMEDIATE'; did you "
                                    "mean 'IMMEDIATE'?");
}

static void cannot_open_in(struct db_world *w)
{
    struct database *db = databases_find(w->dbs, STR("default"));
    struct err err;
    assert_int_equal(run_values(db, "SELECT 1", 0, NULL, NULL, &err), -1);
    assert_int_equal(err.code, ERR_DB_OPERATIONAL);
    assert_non_null(strstr(err.msg, "there is no folder '/tmp/no-such-folder-here'"));
    /* and again: nothing was left half open */
    assert_int_equal(run_values(db, "CREATE TABLE t (a)", 0, NULL, NULL, &err), -1);
    assert_int_equal(run_values(db, "CREATE TABLE t (a)", 0, NULL, NULL, &err), -1);
}

static void cannot_open(void **state)
{
    opens_badly(state);
    db_world_run(state, cannot_open_in);
}

/* ---- the file ---- */

db_test(file_is_private_and_in_wal)
{
    struct stat st;
    must(w->db, "CREATE TABLE t (a)");
    assert_int_equal(stat(w->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_rows(w, "PRAGMA journal_mode", "wal\n");
    assert_rows(w, "PRAGMA foreign_keys", "1\n");
    assert_rows(w, "PRAGMA synchronous", "1\n");
    assert_rows(w, "PRAGMA trusted_schema", "1\n");
    assert_rows(w, "PRAGMA busy_timeout", "0\n");
    must(w->db, "PRAGMA writable_schema=ON"); /* taken and ignored: DEFENSIVE */
    refused(w->db, "UPDATE sqlite_master SET sql = ''", ERR_DB_OPERATIONAL);
}

/* ---- the cache of statements ---- */

db_test(statements_are_kept)
{
    struct db_stats s;
    struct db_sql sql;
    struct db_value one = db_int(1);
    db_sql_init(&sql, STR("SELECT ?1 + 1"), DB_ACCESS_READ);
    for (int i = 0; i < 50; i++)
        assert_int_equal(db_execute(w->db, &sql, &one, 1, NULL, &w->err), 0);
    db_stats(w->db, &s);
    assert_int_equal(s.prepared, 1);
    assert_int_equal(s.hits, 49);
    db_sql_release(&sql);

    for (int i = 0; i < 700; i++) { /* more than are kept, of texts and of statements */
        char text[64];
        snprintf(text, sizeof text, "SELECT %d, ?", i % 650);
        assert_int_equal(run_values(w->db, text, 1, &one, NULL, &w->err), 0);
    }
    db_stats(w->db, &s);
    assert_true(s.evicted > 0);
    assert_int_equal(s.open, 1);
}

db_test(evicted_statements_come_back)
{
    static struct db_sql sqls[400];
    char text[64];
    struct db_cursor cur;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 400; i++) {
            if (round == 0) {
                snprintf(text, sizeof text, "SELECT %d", i);
                db_sql_init(&sqls[i], str_from(text), DB_ACCESS_READ);
            }
            assert_int_equal(db_query(w->db, &sqls[i], NULL, 0, &cur, &w->err), 0);
            assert_int_equal(db_step(&cur, &w->err), 1);
            assert_int_equal(cur.row[0].i, i);
            db_close(&cur);
        }
    for (int i = 0; i < 200; i++)
        db_sql_release(&sqls[i]);
    db_close_idle(w->db); /* the connection goes first this time */
    for (int i = 200; i < 400; i++) {
        assert_int_equal(db_execute(w->db, &sqls[i], NULL, 0, NULL, &w->err), 0);
        db_sql_release(&sqls[i]);
    }
}

/* The same statement inside of itself gets a copy of its own. */
db_test(statements_nest)
{
    struct db_sql sql;
    struct db_cursor a, b;
    must(w->db, "CREATE TABLE t (a)");
    must(w->db, "INSERT INTO t VALUES (1), (2), (3)");
    db_sql_init(&sql, STR("SELECT a FROM t ORDER BY a"), DB_ACCESS_READ);
    assert_int_equal(db_query(w->db, &sql, NULL, 0, &a, &w->err), 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(db_step(&a, &w->err), 1);
        assert_int_equal(a.row[0].i, i);
        assert_int_equal(db_query(w->db, &sql, NULL, 0, &b, &w->err), 0);
        for (int k = 1; k <= 3; k++) {
            assert_int_equal(db_step(&b, &w->err), 1);
            assert_int_equal(b.row[0].i, k);
        }
        db_close(&b);
    }
    assert_int_equal(db_step(&a, &w->err), 0);
    db_sql_release(&sql);
}

/* ---- SQL of authors ---- */

static void rewrites(struct db_world *w, const char *sql, unsigned n, const char *native)
{
    struct db_raw *raw = db_raw_get(w->db, str_from(sql), &w->err);
    if (!raw)
        fail_msg("%s: %s", sql, w->err.msg);
    assert_int_equal(raw->parameters, n);
    assert_str(raw->sql.text, native);
    db_raw_done(raw);
}

db_test(placeholders)
{
    rewrites(w, "SELECT ?, ?", 2, "SELECT ?1, ?2");
    rewrites(w, "SELECT '?', \"?\", `?`, [?], ?", 1, "SELECT '?', \"?\", `?`, [?], ?1");
    rewrites(w, "SELECT 'a\?\?b', '\?\?'", 0, "SELECT 'a?b', '?'");
    rewrites(w, "SELECT 'it''s ?' || ?", 1, "SELECT 'it''s ?' || ?1");
    rewrites(w, "a ?? b", 0, "a ? b");
    rewrites(w, "SELECT ? -- what?\n, ?", 2, "SELECT ?1  , ?2");
    rewrites(w, "SELECT /* ? :x */ ?", 1, "SELECT   ?1");
    rewrites(w, "SELECT /* ? ", 0, "SELECT  ");
    rewrites(w, "SELECT 'open ?", 0, "SELECT 'open ?");
    rewrites(w, "SELECT :a, :b_1, :a", 2, "SELECT ?1, ?2, ?1");
    rewrites(w, "SELECT a::text, ':x', ?", 1, "SELECT a::text, ':x', ?1");
    rewrites(w, "SELECT '12:30', x[1:2]", 0, "SELECT '12:30', x[1:2]");
    rewrites(w, "", 0, "");
    rewrites(w, "?", 1, "?1");
    rewrites(w, ":", 0, ":");
    assert_null(db_raw_get(w->db, STR("SELECT ?, :a"), &w->err));
    assert_int_equal(w->err.code, ERR_DB_PROGRAMMING);
    assert_null(db_raw_get(w->db, STR("SELECT :a, ?"), &w->err));
}

db_test(long_texts_are_not_kept)
{
    char *text = malloc(200001);
    struct db_stats s;
    memset(text, ' ', 200000);
    memcpy(text, "SELECT 1", 8);
    text[200000] = '\0';
    must(w->db, text);
    must(w->db, text);
    db_stats(w->db, &s);
    assert_int_equal(s.prepared, 2);
    free(text);
}

/* ---- the transaction that reads share ---- */

static unsigned snapshots(struct db_world *w)
{
    struct db_stats s;
    db_stats(w->db, &s);
    return (unsigned)s.snapshots;
}

db_test(reads_share_a_snapshot)
{
    must(w->db, "CREATE TABLE t (a)");
    for (int i = 0; i < 20; i++)
        assert_rows(w, "SELECT count(*) FROM t", "0\n");
    assert_int_equal(snapshots(w), 1);
    fiber_yield(w->l, NULL); /* a wait does not end it */
    assert_rows(w, "SELECT count(*) FROM t", "0\n");
    assert_int_equal(snapshots(w), 1);
    must(w->db, "INSERT INTO t VALUES (1)"); /* a write does */
    assert_rows(w, "SELECT count(*) FROM t", "1\n");
    assert_rows(w, "SELECT count(*) FROM t", "1\n");
    assert_int_equal(snapshots(w), 2);
}

/* Another database object on the same file stands for another process: it knows nothing of
 * what this one has open. */
db_test(commits_of_others_are_seen_at_once)
{
    struct database *other = db_world_add(w, "other", w->file);
    must(w->db, "CREATE TABLE t (a)");
    for (int i = 0; i < 50; i++) {
        char want[16];
        snprintf(want, sizeof want, "%d\n", i);
        assert_rows(w, "SELECT count(*) FROM t", want);
        must(other, "INSERT INTO t VALUES (1)");
    }
    assert_rows(w, "SELECT count(*) FROM t", "50\n");
    assert_int_equal(snapshots(w), 51);
    must(other, "ALTER TABLE t ADD COLUMN b DEFAULT 7");
    assert_rows(w, "SELECT * FROM t LIMIT 1", "1|7\n");
    /* What a transaction of the other has not committed is not there. */
    assert_int_equal(db_atomic_enter(other, 0, &w->err), 0);
    must(other, "DELETE FROM t");
    assert_rows(w, "SELECT count(*) FROM t", "50\n");
    struct db_hooks hooks;
    assert_int_equal(db_atomic_leave(other, true, &hooks, &w->err), 0);
    db_hooks_release(&hooks);
    assert_rows(w, "SELECT count(*) FROM t", "0\n");
}

/* A cursor that stands in a row keeps its snapshot; the next read after it is up to date. */
db_test(a_cursor_keeps_its_snapshot)
{
    struct database *other = db_world_add(w, "other", w->file);
    struct db_raw *raw;
    struct db_cursor cur;
    must(w->db, "CREATE TABLE t (a)");
    must(w->db, "INSERT INTO t VALUES (1), (2), (3)");
    raw = db_raw_get(w->db, STR("SELECT a FROM t"), &w->err);
    assert_int_equal(db_query(w->db, &raw->sql, NULL, 0, &cur, &w->err), 0);
    assert_int_equal(db_step(&cur, &w->err), 1);
    must(other, "DELETE FROM t");
    assert_rows(w, "SELECT count(*) FROM t", "3\n");
    assert_int_equal(db_step(&cur, &w->err), 1);
    assert_int_equal(cur.row[0].i, 2);
    db_close(&cur);
    assert_rows(w, "SELECT count(*) FROM t", "0\n");
    db_raw_done(raw);
}

/* Who rests does not keep others from emptying the log. */
db_test(a_snapshot_ends_with_the_reads)
{
    struct database *other = db_world_add(w, "other", w->file);
    must(w->db, "CREATE TABLE t (a)");
    assert_rows(w, "SELECT count(*) FROM t", "0\n");
    must(other, "INSERT INTO t VALUES (1)");
    assert_int_equal(rows_at(w, other, "PRAGMA wal_checkpoint(TRUNCATE)", __LINE__)[0],
                     '1'); /* busy */
    fiber_sleep(w->l, 0.1, NULL);
    assert_string_equal(rows_at(w, other, "PRAGMA wal_checkpoint(TRUNCATE)", __LINE__), "0|0|0\n");
    assert_rows(w, "SELECT count(*) FROM t", "1\n");
}

/* A file that is not in WAL mode: others could not write meanwhile. */
db_test(no_snapshots_without_a_log)
{
    struct db_options o = db_options_defaults();
    char name[128];
    snprintf(name, sizeof name, "%s/b.sqlite3", w->dir);
    o.alias = STR("other");
    o.name = str_from(name);
    o.journal_mode = STR("DELETE");
    w->db = databases_add(w->dbs, &o, &w->err);
    must(w->db, "CREATE TABLE t (a)");
    for (int i = 0; i < 3; i++)
        assert_rows(w, "SELECT count(*) FROM t", "0\n");
    must(w->db, "INSERT INTO t VALUES (1)");
    assert_rows(w, "SELECT count(*) FROM t", "1\n");
    assert_int_equal(snapshots(w), 0);
}

static void writes_meanwhile(void *arg)
{
    struct db_world *w = arg;
    must(w->db, "INSERT INTO t VALUES (1)");
}

db_test(fibers_see_what_others_wrote)
{
    must(w->db, "CREATE TABLE t (a)");
    for (int i = 0; i < 3; i++)
        assert_rows(w, "SELECT count(*) FROM t", "0\n");
    fiber_spawn(w->l, writes_meanwhile, w, false);
    fiber_sleep(w->l, 0.005, NULL);
    assert_rows(w, "SELECT count(*) FROM t", "1\n");
    /* a fiber that runs on top of this one and writes */
    for (int i = 0; i < 3; i++)
        assert_rows(w, "SELECT count(*) FROM t", "1\n");
    fiber_start(w->l, writes_meanwhile, w);
    assert_rows(w, "SELECT count(*) FROM t", "2\n");
}

/* ---- in memory ---- */

static void holds_a_transaction(void *arg)
{
    struct db_world *w = arg;
    struct db_hooks hooks;
    struct err err;
    assert_int_equal(db_atomic_enter(w->db, 0, &err), 0);
    must(w->db, "INSERT INTO t VALUES (1)");
    fiber_sleep(w->l, 0.01, NULL);
    must(w->db, "INSERT INTO t VALUES (2)");
    assert_int_equal(db_atomic_leave(w->db, true, &hooks, &err), 0);
    db_hooks_release(&hooks);
}

static void memory_in(struct db_world *w)
{
    w->db = db_world_add(w, "memory", ":memory:");
    assert_true(db_in_memory(w->db));
    must(w->db, "CREATE TABLE t (a)");
    fiber_spawn(w->l, holds_a_transaction, w, false);
    fiber_yield(w->l, NULL);
    /* One connection: another fiber's transaction is waited for, not seen half. */
    assert_rows(w, "SELECT count(*) FROM t", "2\n");
}

static void memory(void **state)
{
    db_world_run(state, memory_in);
}

/* ---- who watches ---- */

static void note(void *data, const struct db_event *e)
{
    struct db_world *w = data;
    buf_addf(&w->trace, "%s%.*s(%u)%s\n", e->control ? "*" : "", STR_ARG(e->sql), e->n,
             e->err ? " failed" : "");
    assert_true(e->ms >= 0);
}

static void connected(void *data, struct database *db)
{
    struct db_world *w = data;
    must(db, "PRAGMA cache_size=-77"); /* on the new connection, not on another */
    buf_adds(&w->trace, "connected\n");
}

db_test(statements_are_observed)
{
    struct db_value one = db_int(1);
    struct db_hooks hooks;
    databases_on_connect(w->dbs, connected, w);
    must(w->db, "CREATE TABLE t (a UNIQUE)");
    assert_string_equal(w->trace.data, "connected\n");
    buf_reset(&w->trace);
    assert_int_equal(run_values(w->db, "SELECT 1", 0, NULL, NULL, NULL), 0);
    assert_string_equal(w->trace.data, "connected\n"); /* the one for reads */
    databases_observe(w->dbs, note, w);
    buf_reset(&w->trace);
    run_values(w->db, "INSERT INTO t VALUES (?)", 1, &one, NULL, NULL);
    run_values(w->db, "INSERT INTO t VALUES (?)", 1, &one, NULL, NULL);
    db_atomic_enter(w->db, 0, NULL);
    run_values(w->db, "SELECT a FROM t", 0, NULL, NULL, NULL);
    db_atomic_leave(w->db, true, &hooks, NULL);
    assert_string_equal(w->trace.data, "INSERT INTO t VALUES (?1)(1)\n"
                                       "INSERT INTO t VALUES (?1)(1) failed\n"
                                       "*BEGIN IMMEDIATE(0)\nSELECT a FROM t(0)\n*COMMIT(0)\n");
    databases_observe(w->dbs, NULL, NULL);
    assert_rows(w, "PRAGMA cache_size", "-77\n");
    assert_rows(w, "SELECT * FROM pragma_cache_size", "-77\n");
}

static void slow_in(struct db_world *w)
{
    struct db_options o = db_options_defaults();
    o.alias = STR("slow");
    o.name = STR(":memory:");
    o.statement_timeout = 0.05;
    w->db = databases_add(w->dbs, &o, &w->err);
    refused(w->db,
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c",
            ERR_DB_OPERATIONAL);
    must(w->db, "SELECT 1");
}

static void slow_statements_end(void **state)
{
    db_world_run(state, slow_in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        db_unit(values_come_back),
        db_unit(nan_is_refused),
        db_unit(counts_and_ids),
        db_unit(returning_gives_rows_and_writes),
        db_unit(columns_have_names_and_types),
        db_unit(errors_have_classes),
        db_unit(errors_between_rows),
        cmocka_unit_test_setup_teardown(cannot_open, db_world_open, db_world_teardown),
        db_unit(file_is_private_and_in_wal),
        db_unit(statements_are_kept),
        db_unit(evicted_statements_come_back),
        db_unit(statements_nest),
        db_unit(placeholders),
        db_unit(long_texts_are_not_kept),
        db_unit(reads_share_a_snapshot),
        db_unit(commits_of_others_are_seen_at_once),
        db_unit(a_cursor_keeps_its_snapshot),
        db_unit(a_snapshot_ends_with_the_reads),
        db_unit(no_snapshots_without_a_log),
        db_unit(fibers_see_what_others_wrote),
        cmocka_unit_test_setup_teardown(memory, db_world_open, db_world_teardown),
        db_unit(statements_are_observed),
        cmocka_unit_test_setup_teardown(slow_statements_end, db_world_open, db_world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
