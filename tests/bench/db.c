/* SPDX-License-Identifier: MIT */
/* A select by key through engine/db against the same with sqlite3 alone, both prepared:
 *
 *   bench_db raw|raw-run|db|db-run COUNT      -run: all in one read transaction; db: each in a
 *                                             fiber of its own
 *
 * Compare under `valgrind --tool=callgrind` (instructions) or alone on a machine (time). */
#include "base/clock.h"
#include "base/log.h"
#include "db/databases.h"
#include "fiber/fiber.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 10000 };

static char path[] = "/tmp/perilune-bench-XXXXXX";
static int count;
static const char *mode;
static int64_t sum;

static void fill(void)
{
    sqlite3 *h;
    sqlite3_open(path, &h);
    sqlite3_exec(h,
                 "PRAGMA journal_mode=WAL; CREATE TABLE world (id integer PRIMARY KEY, n integer);"
                 "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 10000) "
                 "INSERT INTO world SELECT i, i * 7 % 10001 FROM c",
                 NULL, NULL, NULL);
    sqlite3_close(h);
}

static void raw(bool run)
{
    sqlite3 *h;
    sqlite3_stmt *st;
    sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_prepare_v3(h, "SELECT id, n FROM world WHERE id = ?", -1, SQLITE_PREPARE_PERSISTENT,
                       &st, NULL);
    if (run)
        sqlite3_exec(h, "BEGIN", NULL, NULL, NULL);
    for (int i = 0; i < count; i++) {
        sqlite3_bind_int64(st, 1, i % ROWS + 1);
        while (sqlite3_step(st) == SQLITE_ROW)
            sum += sqlite3_column_int64(st, 0) + sqlite3_column_int64(st, 1);
        sqlite3_reset(st);
    }
    if (run)
        sqlite3_exec(h, "COMMIT", NULL, NULL, NULL);
    sqlite3_finalize(st);
    sqlite3_close(h);
}

static void through_db(void *arg)
{
    struct databases *dbs = arg;
    struct database *db = databases_at(dbs, 0);
    struct db_cursor cur;
    struct db_sql sql;
    db_sql_init(&sql, STR("SELECT id, n FROM world WHERE id = ?1"), DB_ACCESS_READ);
    for (int i = 0; i < count; i++) {
        struct db_value key = db_int(i % ROWS + 1);
        if (db_query(db, &sql, &key, 1, &cur, NULL) != 0)
            exit(1);
        while (db_step(&cur, NULL) == 1)
            sum += cur.row[0].i + cur.row[1].i;
    }
    db_sql_release(&sql);
}

static struct loop *loop;

static void one(void *arg)
{
    struct database *db = databases_at(arg, 0);
    static struct db_sql sql;
    static int i;
    struct db_cursor cur;
    struct db_value key = db_int(i++ % ROWS + 1);
    if (!sql.text.p)
        db_sql_init(&sql, STR("SELECT id, n FROM world WHERE id = ?1"), DB_ACCESS_READ);
    if (db_query(db, &sql, &key, 1, &cur, NULL) != 0)
        exit(1);
    while (db_step(&cur, NULL) == 1)
        sum += cur.row[0].i + cur.row[1].i;
    if (i == count)
        db_sql_release(&sql);
}

static void with_databases(bool run)
{
    struct log log;
    struct databases *dbs;
    struct db_options o = db_options_defaults();
    log_init(&log, 2, LOG_LEVEL_WARNING);
    loop = loop_new(NULL, NULL);
    dbs = databases_new(loop, &log);
    o.name = str_from(path);
    databases_add(dbs, &o, NULL);
    if (run)
        fiber_start(loop, through_db, dbs);
    else
        for (int i = 0; i < count; i++)
            fiber_start(loop, one, dbs);
    databases_free(dbs);
    loop_turn(loop, false);
    loop_free(loop);
}

int main(int argc, char **argv)
{
    int64_t start;
    if (argc < 3)
        return 2;
    mode = argv[1];
    count = atoi(argv[2]);
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    close(mkstemp(path));
    fill();
    start = clock_monotonic();
    if (strncmp(mode, "raw", 3) == 0)
        raw(strcmp(mode, "raw-run") == 0);
    else
        with_databases(strcmp(mode, "db-run") == 0);
    printf("%s: %.0f ns each (%lld)\n", mode, (double)(clock_monotonic() - start) / count,
           (long long)sum);
    unlink(path);
    return 0;
}
