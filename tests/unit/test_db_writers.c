/* SPDX-License-Identifier: MIT */
/* Many writers in several processes, and processes that die.
 *
 *   test_db_writers            a short time of each, for the suite
 *   test_db_writers SECONDS    so long, and 50 crashes */
#include "db_world.h"

#include "base/clock.h"
#include "base/vec.h"

#include <signal.h>
#include <sys/wait.h>

enum { PROCESSES = 2, FIBERS = 64 };

static double seconds = 1.5;
static int crashes = 8;

/* ---- writers ---- */

struct report { /* of one process, through a pipe */
    int64_t acknowledged, failed;
    double longest; /* wait of one transaction, s */
    char why[512];
};

struct writers {
    struct loop *l;
    struct database *db;
    struct db_sql insert, read, update;
    struct report report;
    int64_t end;
    int process;
};

static void failed(struct writers *w, const struct err *err)
{
    w->report.failed++;
    snprintf(w->report.why, sizeof w->report.why, "%s", err->msg);
}

/* Reads a number and writes the next one: no update may be lost. */
static int count_up(struct writers *w, struct err *err)
{
    struct db_cursor cur;
    struct db_hooks hooks;
    struct db_value next;
    if (db_atomic_enter(w->db, 0, err) != 0)
        return -1;
    if (db_query(w->db, &w->read, NULL, 0, &cur, err) != 0 || db_step(&cur, err) != 1)
        goto fail;
    next = db_int(cur.row[0].i + 1);
    db_close(&cur);
    if (db_execute(w->db, &w->update, &next, 1, NULL, err) != 0)
        goto fail;
    return db_atomic_leave(w->db, true, &hooks, err);
fail:
    db_atomic_leave(w->db, false, &hooks, NULL);
    return -1;
}

static void writer(void *arg)
{
    struct writers *w = arg;
    struct db_value v = db_int(w->process);
    struct err err;
    for (int i = 0; clock_monotonic() < w->end; i++) {
        int64_t begun = clock_monotonic();
        double took;
        if (i % 2 ? count_up(w, &err) : db_execute(w->db, &w->insert, &v, 1, NULL, &err))
            failed(w, &err);
        else
            w->report.acknowledged++;
        took = (double)(clock_monotonic() - begun) / (double)CLOCK_SECOND;
        if (took > w->report.longest)
            w->report.longest = took;
    }
}

static struct databases *open_file(struct loop *l, struct log *log, const char *file)
{
    struct databases *dbs = databases_new(l, log);
    struct db_options o = db_options_defaults();
    o.name = str_from(file);
    databases_add(dbs, &o, NULL);
    return dbs;
}

static void write_for_a_while(const char *file, int process, int out)
{
    struct writers w = {.process = process};
    struct log log;
    struct databases *dbs;
    log_init(&log, 2, LOG_LEVEL_WARNING);
    w.l = loop_new(NULL, NULL);
    dbs = open_file(w.l, &log, file);
    w.db = databases_at(dbs, 0);
    w.end = clock_deadline(seconds);
    db_sql_init(&w.insert, STR("INSERT INTO t (p) VALUES (?1)"), DB_ACCESS_WRITE);
    db_sql_init(&w.read, STR("SELECT n FROM counter"), DB_ACCESS_READ);
    db_sql_init(&w.update, STR("UPDATE counter SET n = ?1"), DB_ACCESS_WRITE);
    for (int i = 0; i < FIBERS; i++)
        fiber_spawn(w.l, writer, &w, false);
    loop_run(w.l);
    db_sql_release(&w.insert);
    db_sql_release(&w.read);
    db_sql_release(&w.update);
    databases_free(dbs);
    loop_turn(w.l, false);
    loop_free(w.l);
    if (write(out, &w.report, sizeof w.report) != sizeof w.report)
        _exit(1);
    _exit(0);
}

db_test(prepares)
{
    must(w->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, p)");
    must(w->db, "CREATE TABLE counter (n)");
    must(w->db, "INSERT INTO counter VALUES (0)");
}

static char sum[64];

db_test(adds_up)
{
    snprintf(sum, sizeof sum, "%s",
             rows_at(w, w->db, "SELECT (SELECT count(*) FROM t) + (SELECT n FROM counter)", 0));
    assert_rows(w, "PRAGMA integrity_check", "ok\n");
}

static int64_t log_size(const struct db_world *w)
{
    char path[128];
    struct fs_file f;
    snprintf(path, sizeof path, "%s-wal", w->file);
    return fs_stat(path, &f, NULL) == 0 ? (int64_t)f.size : 0;
}

/* The largest that the log gets until the processes have ended. */
static int64_t watch_log(const struct db_world *w)
{
    int64_t largest = 0, size;
    for (int left = PROCESSES; left > 0;) {
        size = log_size(w);
        largest = size > largest ? size : largest;
        if (waitpid(-1, NULL, WNOHANG) > 0)
            left--;
        usleep(5000);
    }
    return largest;
}

static void nobody_is_locked_out(void **state)
{
    struct db_world *w = *state;
    int64_t total = 0, largest;
    int fds[PROCESSES][2];
    char want[64];
    prepares(state);
    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(pipe(fds[i]), 0);
        if (fork() == 0)
            write_for_a_while(w->file, i, fds[i][1]);
        close(fds[i][1]);
    }
    largest = watch_log(w);
    for (int i = 0; i < PROCESSES; i++) {
        struct report r = {0};
        assert_int_equal(read(fds[i][0], &r, sizeof r), sizeof r);
        close(fds[i][0]);
        print_message("process %d: %lld transactions, %lld failed, the longest took %.2f s\n", i,
                      (long long)r.acknowledged, (long long)r.failed, r.longest);
        if (r.failed)
            fail_msg("%s", r.why);
        assert_true(r.acknowledged > 0);
        total += r.acknowledged;
    }
    print_message("log: %lld kB at most\n", (long long)largest / 1024);
    assert_true(largest < 160 << 20); /* they never pause */
    adds_up(state);
    snprintf(want, sizeof want, "%lld\n", (long long)total);
    assert_string_equal(sum, want);
}

/* ---- crashes ---- */

struct dying {
    struct database *db;
    struct db_sql insert;
    int out;
    int64_t next;
};

/* Two rows in each transaction; its number is told once it is committed. */
static void writes_until_killed(void *arg)
{
    struct dying *d = arg;
    struct db_hooks hooks;
    for (;;) {
        struct db_value id = db_int(d->next++);
        if (db_atomic_enter(d->db, 0, NULL) != 0 ||
            db_execute(d->db, &d->insert, &id, 1, NULL, NULL) != 0 ||
            db_execute(d->db, &d->insert, &id, 1, NULL, NULL) != 0 ||
            db_atomic_leave(d->db, true, &hooks, NULL) != 0 ||
            write(d->out, &id.i, sizeof id.i) != sizeof id.i)
            _exit(1);
    }
}

static void die_writing(const char *file, int64_t first, int out)
{
    struct log log;
    struct loop *l = loop_new(NULL, NULL);
    struct dying d = {.out = out, .next = first};
    log_init(&log, 2, LOG_LEVEL_WARNING);
    d.db = databases_at(open_file(l, &log, file), 0);
    db_sql_init(&d.insert, STR("INSERT INTO t (p) VALUES (?1)"), DB_ACCESS_WRITE);
    for (int i = 0; i < 4; i++)
        fiber_spawn(l, writes_until_killed, &d, false);
    loop_run(l);
    _exit(1);
}

static VEC(int64_t) acknowledged = VEC_INIT;

static void read_all(int fd)
{
    int64_t id;
    while (read(fd, &id, sizeof id) == sizeof id)
        vec_push(&acknowledged, id);
    close(fd);
}

db_test(has_all_of_them)
{
    static struct db_sql count;
    db_sql_init(&count, STR("SELECT count(*) FROM t WHERE p = ?1"), DB_ACCESS_READ);
    for (size_t i = 0; i < acknowledged.n; i++) {
        struct db_value id = db_int(acknowledged.items[i]);
        struct db_cursor cur;
        assert_int_equal(db_query(w->db, &count, &id, 1, &cur, &w->err), 0);
        assert_int_equal(db_step(&cur, &w->err), 1);
        assert_int_equal(cur.row[0].i, 2);
        db_close(&cur);
    }
    db_sql_release(&count);
    assert_rows(w, "SELECT count(*) FROM (SELECT p FROM t GROUP BY p HAVING count(*) <> 2)", "0\n");
    assert_rows(w, "PRAGMA integrity_check", "ok\n");
    must(w->db, "CREATE INDEX IF NOT EXISTS t_p ON t (p)");
    db_close_idle(w->db); /* the next one starts from the log alone */
}

static void no_acknowledged_row_is_lost(void **state)
{
    struct db_world *w = *state;
    prepares(state);
    for (int i = 0; i < crashes; i++) {
        int fd[2], status;
        pid_t pid;
        assert_int_equal(pipe(fd), 0);
        pid = fork();
        if (pid == 0)
            die_writing(w->file, (int64_t)(i + 1) * 1000000, fd[1]);
        close(fd[1]);
        usleep((useconds_t)(20000 + (i * 37 % 60) * 1000));
        kill(pid, SIGKILL);
        read_all(fd[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        has_all_of_them(state);
    }
    print_message("%zu acknowledged transactions, %d crashes\n", acknowledged.n, crashes);
    assert_true(acknowledged.n > 0);
    vec_release(&acknowledged);
}

/* ---- the log of SQLite ---- */

db_test(the_log_stays_small)
{
    static char text[4000];
    struct db_value v;
    struct db_stats s;
    int64_t largest = 0;
    memset(text, 'x', sizeof text);
    v = db_text(str_make(text, sizeof text));
    must(w->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, p)");
    for (int i = 0; i < 6000; i++) { /* 24 MB and more */
        assert_int_equal(run_values(w->db, "INSERT INTO t (p) VALUES (?)", 1, &v, NULL, &w->err),
                         0);
        if (i % 100 == 99) {
            fiber_sleep(w->l, 0.02, NULL);
            largest = log_size(w) > largest ? log_size(w) : largest;
        }
    }
    db_stats(w->db, &s);
    print_message("log: %lld kB at most, %llu checkpoints\n", (long long)largest / 1024,
                  (unsigned long long)s.checkpoints);
    assert_true(s.checkpoints > 0);
    assert_true(largest < 16 << 20);
    /* Nobody writes: it is emptied. */
    for (int i = 0; i < 90 && log_size(w) > 0; i++)
        fiber_sleep(w->l, 0.1, NULL);
    assert_int_equal(log_size(w), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        db_unit(nobody_is_locked_out),
        db_unit(no_acknowledged_row_is_lost),
        db_unit(the_log_stays_small),
    };
    if (argc > 1) {
        seconds = atof(argv[1]);
        crashes = 50;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
