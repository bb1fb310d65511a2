/* SPDX-License-Identifier: MIT */
/* What the database tests share: a loop, a folder, databases; each test runs in a fiber. */
#ifndef TESTS_UNIT_DB_WORLD_H
#define TESTS_UNIT_DB_WORLD_H

#include "base/fs.h"
#include "base/log.h"
#include "db/databases.h"
#include "fiber/fiber.h"
#include "test.h"

#include <unistd.h>

struct db_world {
    struct loop *l;
    struct log log;
    struct databases *dbs;
    struct database *db;
    char dir[64], file[96];
    struct err err;
    struct buf trace;
};

static inline struct database *db_world_add(struct db_world *w, const char *alias, const char *name)
{
    struct db_options o = db_options_defaults();
    o.alias = str_from(alias);
    o.name = str_from(name);
    struct database *db = databases_add(w->dbs, &o, &w->err);
    if (!db)
        fail_msg("%s", w->err.msg);
    return db;
}

static inline int db_world_open(void **state)
{
    struct db_world *w = calloc(1, sizeof *w);
    log_init(&w->log, 2, LOG_LEVEL_WARNING);
    buf_init(&w->trace);
    snprintf(w->dir, sizeof w->dir, "/tmp/perilune-db-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    snprintf(w->file, sizeof w->file, "%s/a.sqlite3", w->dir);
    w->l = loop_new(NULL, &w->err);
    w->dbs = databases_new(w->l, &w->log);
    *state = w;
    return w->l ? 0 : -1;
}

static inline int db_world_setup(void **state)
{
    if (db_world_open(state) != 0)
        return -1;
    struct db_world *w = *state;
    w->db = db_world_add(w, "default", w->file);
    return 0;
}

static inline int db_world_teardown(void **state)
{
    struct db_world *w = *state;
    databases_free(w->dbs);
    loop_turn(w->l, false);
    loop_free(w->l);
    fs_clear(w->dir, NULL);
    rmdir(w->dir);
    buf_release(&w->trace);
    free(w);
    return 0;
}

/* One statement with up to four values, rows dropped. */
static inline int run_values(struct database *db, const char *sql, unsigned n,
                             const struct db_value *v, struct db_result *out, struct err *err)
{
    struct db_raw *raw = db_raw_get(db, str_from(sql), err);
    int status = raw ? db_execute(db, &raw->sql, v, n, out, err) : -1;
    if (raw)
        db_raw_done(raw);
    return status;
}

static inline void must_at(struct database *db, const char *sql, int line)
{
    struct err err = {0};
    if (run_values(db, sql, 0, NULL, NULL, &err) != 0)
        fail_msg("line %d: %s: %s", line, sql, err.msg);
}
#define must(db, sql) must_at(db, sql, __LINE__)

#define refused(db, sql, want)                                                                     \
    do {                                                                                           \
        struct err e_ = {0};                                                                       \
        if (run_values(db, sql, 0, NULL, NULL, &e_) == 0)                                          \
            fail_msg("%s: not refused", sql);                                                      \
        if (e_.code != (want))                                                                     \
            fail_msg("%s: %s, want %s: %s", sql, err_name(e_.code), err_name(want), e_.msg);       \
    } while (0)

/* All rows as text: "1|a\n2|NULL\n". */
static inline const char *rows_at(struct db_world *w, struct database *db, const char *sql,
                                  int line)
{
    struct err err = {0};
    struct db_cursor cur;
    struct db_raw *raw = db_raw_get(db, str_from(sql), &err);
    int status = -1;
    buf_reset(&w->trace);
    if (!raw || db_query(db, &raw->sql, NULL, 0, &cur, &err) != 0)
        fail_msg("line %d: %s: %s", line, sql, err.msg);
    while ((status = db_step(&cur, &err)) == 1)
        for (unsigned i = 0; i < cur.ncolumns; i++) {
            const struct db_value *v = &cur.row[i];
            if (v->kind == DB_NULL)
                buf_adds(&w->trace, "NULL");
            else if (v->kind == DB_INT)
                buf_addint(&w->trace, v->i);
            else if (v->kind == DB_DOUBLE)
                buf_addf(&w->trace, "%.17g", v->d);
            else
                buf_addstr(&w->trace, v->s);
            buf_addc(&w->trace, i + 1 < cur.ncolumns ? '|' : '\n');
        }
    db_raw_done(raw);
    if (status != 0)
        fail_msg("line %d: %s: %s", line, sql, err.msg);
    return w->trace.data;
}
#define assert_rows(w, sql, want) assert_string_equal(rows_at(w, (w)->db, sql, __LINE__), want)

/* The test proper, in a fiber. */
struct db_task {
    void (*fn)(struct db_world *w);
    struct db_world *w;
    bool done;
};

static inline void db_task_run(void *arg)
{
    struct db_task *t = arg;
    t->fn(t->w);
    t->done = true;
}

static inline void db_world_run(void **state, void (*fn)(struct db_world *w))
{
    struct db_task t = {fn, *state, false};
    fiber_spawn(t.w->l, db_task_run, &t, false);
    loop_run(t.w->l);
    assert_true(t.done);
}

#define db_test(name)                                                                              \
    static void name##_in(struct db_world *w);                                                     \
    static void name(void **state)                                                                 \
    {                                                                                              \
        db_world_run(state, name##_in);                                                            \
    }                                                                                              \
    static void name##_in(struct db_world *w)
#define db_unit(name) cmocka_unit_test_setup_teardown(name, db_world_setup, db_world_teardown)

#endif
