/* SPDX-License-Identifier: MIT */
/* The write-ahead log, of which a commit writes its part in one piece: nobody who reads the file
 * by other means may see a difference, and no page that was rolled back may get into it. */
#include "db_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

enum { ROWS = 2000 }; /* of 1,000 bytes: many times what the cache holds */

static int small_cache(void **state)
{
    if (db_world_open(state) != 0)
        return -1;
    struct db_world *w = *state;
    struct db_options o = db_options_defaults();
    o.alias = STR("default");
    o.name = str_from(w->file);
    o.cache_size = 10;
    w->db = databases_add(w->dbs, &o, &w->err);
    return w->db ? 0 : -1;
}

/* The first value of what a program with SQLite and nothing else sees; SQL that writes is
 * allowed to. */
static const char *elsewhere(const struct db_world *w, const char *sql)
{
    static char out[128];
    sqlite3 *h;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open_v2(w->file, &h, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK);
    *out = 0;
    if (sqlite3_step(st) == SQLITE_ROW)
        snprintf(out, sizeof out, "%s", (const char *)sqlite3_column_text(st, 0));
    if (sqlite3_finalize(st) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(h));
    sqlite3_close(h);
    return out;
}

static void whole(const struct db_world *w)
{
    assert_string_equal(elsewhere(w, "PRAGMA integrity_check"), "ok");
}

static void enter(struct db_world *w)
{
    assert_int_equal(db_atomic_enter(w->db, 0, &w->err), 0);
}

static int leave(struct db_world *w, bool ok)
{
    struct db_hooks hooks;
    return db_atomic_leave(w->db, ok, &hooks, &w->err);
}

static void fill(struct db_world *w)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT "
             "INTO t SELECT i, i, randomblob(1000) FROM n",
             ROWS);
    must(w->db, sql);
}

static void make(struct db_world *w)
{
    must(w->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, n, b)");
    must(w->db, "CREATE UNIQUE INDEX u ON t (n)");
}

/* Calls of the system that write, so far. */
static long calls(void)
{
    char text[512];
    int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    const char *at;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return -1;
    text[n] = 0;
    at = strstr(text, "syscw: ");
    return at ? strtol(at + 7, NULL, 10) : -1;
}

db_test(a_commit_is_one_call)
{
    long before, after;
    make(w);
    fill(w);
    enter(w);
    must(w->db, "UPDATE t SET n = -n WHERE id % 200 = 0"); /* ten rows, pages each of its own */
    before = calls();
    assert_int_equal(leave(w, true), 0);
    after = calls();
    if (before < 0) /* a system that does not count them */
        skip();
    assert_in_range(after - before, 1, 2);
    assert_string_equal(elsewhere(w, "SELECT count(*) FROM t WHERE n < 0"), "10");
    whole(w);
}

/* Pages that went into the log before the commit are written again by it. */
db_test(a_transaction_larger_than_the_cache)
{
    make(w);
    enter(w);
    fill(w);
    must(w->db, "UPDATE t SET n = n + 10000");
    must(w->db, "DELETE FROM t WHERE id % 3 = 0");
    must(w->db, "UPDATE t SET b = randomblob(900)");
    assert_string_equal(elsewhere(w, "SELECT count(*) FROM t"), "0");
    assert_int_equal(leave(w, true), 0);
    assert_string_equal(elsewhere(w, "SELECT count(*) || ' ' || min(n) FROM t"), "1334 10001");
    whole(w);
    assert_rows(w, "SELECT count(*) FROM t", "1334\n");
}

/* What a rollback leaves must not be written over what somebody else commits next. */
db_test(what_is_rolled_back_is_gone)
{
    make(w);
    must(w->db, "INSERT INTO t VALUES (5000, 2000, NULL)");
    for (int i = 0; i < 3; i++) { /* the last of its rows is refused */
        refused(w->db,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
                "INSERT INTO t SELECT i, i, randomblob(1000) FROM n",
                ERR_DB_UNIQUE);
        elsewhere(w, "INSERT INTO t (b) VALUES (randomblob(30000))");
        enter(w);
        refused(w->db,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
                "INSERT INTO t SELECT i, i, randomblob(1000) FROM n",
                ERR_DB_UNIQUE);
        assert_int_equal(leave(w, false), 0);
        elsewhere(w, "INSERT INTO t (b) VALUES (randomblob(30000))");
        must(w->db, "INSERT INTO t (b) VALUES (randomblob(20000))");
        whole(w);
    }
    assert_string_equal(elsewhere(w, "SELECT count(*) FROM t"), "10");
    assert_rows(w, "SELECT count(*) FROM t", "10\n");
}

/* Where no more can be written the commit fails, and the next one does not. */
db_test(a_full_disk)
{
    struct rlimit before, limit;
    make(w);
    must(w->db, "INSERT INTO t VALUES (1, 1, NULL)");
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    limit = before;
    limit.rlim_cur = 100 * 1024;
    enter(w);
    must(w->db,
         "UPDATE t SET b = randomblob(60000)"); /* more than the cache: some of it is there */
    setrlimit(RLIMIT_FSIZE, &limit);
    must(w->db, "INSERT INTO t VALUES (2, 2, randomblob(20000))");
    must(w->db, "UPDATE t SET n = 3 WHERE id = 2");
    int status =
        run_values(w->db, "INSERT INTO t VALUES (4, 4, randomblob(90000))", 0, NULL, NULL, &w->err);
    int left = leave(w, status == 0);
    enter(w);
    must(w->db, "UPDATE t SET n = 7");
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(leave(w, true), 0);
    assert_true(status != 0 || left != 0);
    assert_string_equal(elsewhere(w, "SELECT count(*) || ' ' || sum(n) FROM t"), "1 7");
    whole(w);
    signal(SIGXFSZ, SIG_DFL);
}

db_test(another_mode_of_the_journal)
{
    make(w);
    must(w->db, "PRAGMA journal_mode=DELETE"); /* closes the log in the step that holds it */
    fill(w);
    must(w->db, "PRAGMA journal_mode=WAL");
    must(w->db, "UPDATE t SET n = -n");
    whole(w);
    assert_string_equal(elsewhere(w, "SELECT count(*) FROM t WHERE n < 0"), "2000");
}

#define small(name) cmocka_unit_test_setup_teardown(name, small_cache, db_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        db_unit(a_commit_is_one_call),        small(a_transaction_larger_than_the_cache),
        small(what_is_rolled_back_is_gone),   small(a_full_disk),
        db_unit(another_mode_of_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
