/* SPDX-License-Identifier: MIT */
/* Blocks, savepoints, hooks: what Django's transaction tests ask. */
#include "db_world.h"

static void enter(struct db_world *w, unsigned flags)
{
    struct err err;
    if (db_atomic_enter(w->db, flags, &err) != 0)
        fail_msg("%s", err.msg);
}

static void leave(struct db_world *w, bool ok)
{
    struct db_hooks hooks;
    struct err err;
    struct db_hook h;
    if (db_atomic_leave(w->db, ok, &hooks, &err) != 0)
        fail_msg("%s", err.msg);
    while (db_hooks_next(&hooks, &h))
        buf_addf(&w->trace, "%s ", (const char *)h.data);
    db_hooks_release(&hooks);
}

static void drop(void *data)
{
    (void)data;
}

static void on_commit(struct db_world *w, const char *name)
{
    struct db_hook h = {(void *)name, drop, false};
    if (db_on_commit(w->db, &h, NULL) == 1)
        buf_addf(&w->trace, "%s! ", name);
}

static void insert(struct db_world *w, int n)
{
    char sql[64];
    snprintf(sql, sizeof sql, "INSERT INTO t VALUES (%d)", n);
    must(w->db, sql);
}

#define TABLE(w) must((w)->db, "CREATE TABLE t (a INTEGER UNIQUE)")
#define assert_content(w, want)                                                                    \
    assert_rows(w, "SELECT coalesce(group_concat(a), '-') FROM (SELECT a FROM t ORDER BY a)",      \
                want "\n")

db_test(commits_and_rolls_back)
{
    TABLE(w);
    enter(w, 0);
    assert_true(db_in_atomic(w->db));
    insert(w, 1);
    assert_content(w, "1");
    leave(w, true);
    assert_false(db_in_atomic(w->db));
    enter(w, 0);
    insert(w, 2);
    leave(w, false);
    enter(w, 0); /* nothing in it */
    leave(w, true);
    assert_content(w, "1");
}

db_test(nested_blocks_are_savepoints)
{
    TABLE(w);
    enter(w, 0);
    insert(w, 1);
    enter(w, 0);
    insert(w, 2);
    enter(w, 0);
    insert(w, 3);
    leave(w, true);
    leave(w, false); /* takes 3 with it */
    insert(w, 4);
    for (int i = 0; i < 12; i++) /* deeper than what is kept ready */
        enter(w, 0);
    insert(w, 5);
    for (int i = 0; i < 12; i++)
        leave(w, true);
    leave(w, true);
    assert_content(w, "1,4,5");
}

/* reference: catching IntegrityError inside the same atomic, later queries raise. */
db_test(a_failure_breaks_its_block)
{
    bool flag;
    TABLE(w);
    insert(w, 1);
    enter(w, 0);
    insert(w, 2);
    enter(w, 0);
    refused(w->db, "INSERT INTO t VALUES (1)", ERR_DB_UNIQUE);
    refused(w->db, "SELECT 1", ERR_DB_TRANSACTION);
    refused(w->db, "INSERT INTO t VALUES (3)", ERR_DB_TRANSACTION);
    assert_int_equal(db_get_rollback(w->db, &flag, NULL), 0);
    assert_true(flag);
    leave(w, true); /* rolled back though nothing was raised */
    assert_int_equal(db_get_rollback(w->db, &flag, NULL), 0);
    assert_false(flag);
    insert(w, 4);
    leave(w, true);
    assert_content(w, "1,2,4");

    enter(w, 0);
    insert(w, 5);
    refused(w->db, "INSERT INTO t VALUES (1)", ERR_DB_UNIQUE);
    leave(w, true);
    assert_content(w, "1,2,4");
}

db_test(a_block_without_savepoint_breaks_the_outer)
{
    TABLE(w);
    enter(w, 0);
    insert(w, 1);
    enter(w, DB_ATOMIC_NO_SAVEPOINT);
    insert(w, 2);
    leave(w, false);
    refused(w->db, "SELECT 1", ERR_DB_TRANSACTION);
    leave(w, true);
    assert_content(w, "-");
    enter(w, 0);
    enter(w, DB_ATOMIC_NO_SAVEPOINT);
    insert(w, 3);
    leave(w, true);
    leave(w, true);
    assert_content(w, "3");
}

db_test(durable_is_outermost)
{
    struct err err;
    TABLE(w);
    enter(w, DB_ATOMIC_DURABLE);
    insert(w, 1);
    assert_int_equal(db_atomic_enter(w->db, DB_ATOMIC_DURABLE, &err), -1);
    assert_int_equal(err.code, ERR_DB_DURABLE);
    insert(w, 2);
    leave(w, true);
    assert_content(w, "1,2");
}

db_test(flags)
{
    bool flag;
    struct err err;
    TABLE(w);
    assert_int_equal(db_get_rollback(w->db, &flag, &err), -1);
    assert_int_equal(err.code, ERR_DB_TRANSACTION);
    assert_int_equal(db_set_rollback(w->db, true, &err), -1);
    enter(w, 0);
    insert(w, 1);
    assert_int_equal(db_set_rollback(w->db, true, &err), 0);
    leave(w, true);
    assert_content(w, "-");
    enter(w, 0);
    insert(w, 1);
    db_mark_broken(w->db);
    refused(w->db, "SELECT 1", ERR_DB_TRANSACTION);
    assert_int_equal(db_set_rollback(w->db, false, &err), 0);
    insert(w, 2);
    leave(w, true);
    assert_content(w, "1,2");
}

db_test(savepoints_by_hand)
{
    struct err err;
    int64_t one, two;
    TABLE(w);
    assert_int_equal(db_savepoint(w->db, &err), 0); /* outside: nothing */
    assert_int_equal(db_savepoint_rollback(w->db, 0, &err), 0);
    enter(w, 0);
    insert(w, 1);
    one = db_savepoint(w->db, &err);
    assert_true(one > 0);
    insert(w, 2);
    two = db_savepoint(w->db, &err);
    insert(w, 3);
    assert_int_equal(db_savepoint_rollback(w->db, two, &err), 0);
    assert_content(w, "1,2");
    /* mends what broke since */
    refused(w->db, "INSERT INTO t VALUES (1)", ERR_DB_UNIQUE);
    assert_int_equal(db_savepoint_rollback(w->db, two, &err), 0);
    insert(w, 4);
    assert_int_equal(db_savepoint_rollback(w->db, one, &err), 0);
    assert_int_equal(db_savepoint_rollback(w->db, two, &err), -1); /* gone with it */
    assert_int_equal(err.code, ERR_DB_TRANSACTION);
    insert(w, 5);
    assert_int_equal(db_savepoint_commit(w->db, one, &err), 0);
    assert_int_equal(db_savepoint_commit(w->db, one, &err), -1);
    leave(w, true);
    assert_content(w, "1,5");
}

/* reference: callbacks of a rolled-back savepoint are discarded; in order; outside at once. */
db_test(hooks)
{
    TABLE(w);
    on_commit(w, "now");
    assert_string_equal(w->trace.data, "now! ");
    buf_reset(&w->trace);
    enter(w, 0);
    on_commit(w, "outer");
    enter(w, 0);
    on_commit(w, "lost");
    enter(w, 0);
    on_commit(w, "lost too");
    leave(w, true);
    leave(w, false);
    enter(w, 0);
    on_commit(w, "inner-ok");
    leave(w, true);
    buf_adds(&w->trace, "body-end ");
    leave(w, true);
    assert_string_equal(w->trace.data, "body-end outer inner-ok ");
    buf_reset(&w->trace);
    enter(w, 0);
    on_commit(w, "never");
    insert(w, 1);
    leave(w, false);
    enter(w, 0);
    leave(w, true);
    assert_string_equal(w->trace.data, "");
}

db_test(deferred_constraints_fail_at_the_commit)
{
    struct db_hooks hooks;
    struct err err;
    must(w->db, "CREATE TABLE p (id INTEGER PRIMARY KEY)");
    must(w->db, "CREATE TABLE t (a REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)");
    enter(w, 0);
    insert(w, 9);
    on_commit(w, "never");
    assert_int_equal(db_atomic_leave(w->db, true, &hooks, &err), -1);
    assert_int_equal(err.code, ERR_DB_FOREIGN_KEY);
    db_hooks_release(&hooks);
    assert_false(db_in_atomic(w->db));
    assert_string_equal(w->trace.data, "");
    assert_content(w, "-");
    enter(w, 0);
    insert(w, 9);
    must(w->db, "INSERT INTO p VALUES (9)");
    leave(w, true);
    assert_content(w, "9");
}

/* ---- fibers ---- */

static void other_fiber(void *arg)
{
    struct db_world *w = arg;
    assert_false(db_in_atomic(w->db));
    assert_content(w, "-"); /* reads what is committed */
    insert(w, 2);           /* waits for its turn */
}

db_test(a_transaction_belongs_to_its_fiber)
{
    TABLE(w);
    enter(w, 0);
    insert(w, 1);
    fiber_spawn(w->l, other_fiber, w, false);
    fiber_sleep(w->l, 0.005, NULL);
    assert_content(w, "1");
    leave(w, true);
    fiber_sleep(w->l, 0.005, NULL);
    assert_content(w, "1,2");
}

static void forgets_to_leave(void *arg)
{
    struct db_world *w = arg;
    enter(w, 0);
    insert(w, 1);
    enter(w, 0);
    on_commit(w, "never");
    insert(w, 2);
}

db_test(what_a_fiber_leaves_open_is_rolled_back)
{
    TABLE(w);
    fiber_start(w->l, forgets_to_leave, w);
    assert_content(w, "-");
    insert(w, 3);
    assert_content(w, "3");
}

static void is_cancelled(void *arg)
{
    struct db_world *w = arg;
    struct err err;
    enter(w, 0);
    insert(w, 1);
    assert_int_equal(fiber_sleep(w->l, 10, &err), -1);
    assert_int_equal(err.code, ERR_CANCELLED);
    leave(w, false);
    /* In the line for the connection, too. */
    fiber_uncancel(fiber_self(w->l));
    assert_int_equal(run_values(w->db, "INSERT INTO t VALUES (5)", 0, NULL, NULL, &err), -1);
    assert_int_equal(err.code, ERR_CANCELLED);
    buf_adds(&w->trace, "cancelled");
}

db_test(cancelled_fibers_roll_back)
{
    struct fiber *f;
    TABLE(w);
    f = fiber_spawn(w->l, is_cancelled, w, true);
    fiber_yield(w->l, NULL);
    fiber_cancel(f);
    enter(w, 0); /* lines up behind it */
    insert(w, 7);
    fiber_yield(w->l, NULL);
    fiber_cancel(f);
    assert_int_equal(fiber_join(f, CLOCK_NEVER, NULL), 0);
    assert_string_equal(w->trace.data, "cancelled");
    leave(w, true);
    assert_content(w, "7");
}

static struct database *impatient(struct db_world *w, const char *alias)
{
    struct db_options o = db_options_defaults();
    o.alias = str_from(alias);
    o.name = str_from(w->file);
    o.timeout = 0.05;
    return databases_add(w->dbs, &o, &w->err);
}

static void waits_in_vain(void *arg)
{
    struct db_world *w = arg;
    refused(w->db, "INSERT INTO t VALUES (2)", ERR_DB_OPERATIONAL);
    buf_adds(&w->trace, "locked");
}

static void locks_in(struct db_world *w)
{
    struct database *other = impatient(w, "other"); /* stands for another process */
    struct db_hooks hooks;
    struct db_stats s;
    w->db = impatient(w, "mine");
    TABLE(w);
    enter(w, 0);
    insert(w, 1);
    fiber_spawn(w->l, waits_in_vain, w, false); /* in the line of this process */
    fiber_sleep(w->l, 0.1, NULL);
    assert_string_equal(w->trace.data, "locked");
    refused(other, "INSERT INTO t VALUES (2)", ERR_DB_OPERATIONAL); /* for the file */
    db_stats(other, &s);
    assert_true(s.busy_waits > 3);
    assert_int_equal(db_atomic_enter(other, 0, NULL), 0);
    refused(other, "SELECT 1", ERR_DB_OPERATIONAL); /* the transaction cannot begin */
    refused(other, "SELECT 1", ERR_DB_TRANSACTION);
    assert_int_equal(db_atomic_leave(other, true, &hooks, NULL), 0);
    leave(w, true);
    must(other, "INSERT INTO t VALUES (3)");
    assert_content(w, "1,3");
}

static void locks(void **state)
{
    db_world_run(state, locks_in);
}

/* PRAGMA foreign_keys works only outside of transactions, on the connection it is for. */
db_test(pinned_connections)
{
    TABLE(w);
    assert_int_equal(db_pin(w->db, NULL), 0);
    must(w->db, "PRAGMA foreign_keys=OFF");
    enter(w, 0);
    insert(w, 1);
    assert_rows(w, "SELECT foreign_keys FROM pragma_foreign_keys", "0\n");
    leave(w, true);
    assert_rows(w, "SELECT foreign_keys FROM pragma_foreign_keys", "0\n");
    must(w->db, "PRAGMA foreign_keys=ON");
    db_unpin(w->db);
    assert_content(w, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        db_unit(commits_and_rolls_back),
        db_unit(nested_blocks_are_savepoints),
        db_unit(a_failure_breaks_its_block),
        db_unit(a_block_without_savepoint_breaks_the_outer),
        db_unit(durable_is_outermost),
        db_unit(flags),
        db_unit(savepoints_by_hand),
        db_unit(hooks),
        db_unit(deferred_constraints_fail_at_the_commit),
        db_unit(a_transaction_belongs_to_its_fiber),
        db_unit(what_a_fiber_leaves_open_is_rolled_back),
        db_unit(cancelled_fibers_roll_back),
        cmocka_unit_test_setup_teardown(locks, db_world_open, db_world_teardown),
        db_unit(pinned_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
