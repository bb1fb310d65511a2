/* SPDX-License-Identifier: MIT */
/* What tests/bench/orm.lua is compared with: the same rows through sqlite3 and the Lua C API
 * and nothing else.
 *
 *   bench_orm_raw FILE [TEST COUNT]    makes FILE; one test alone is for callgrind */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *db;
static lua_State *L;
static volatile long sink;
static unsigned turn;

static void die(const char *what)
{
    fprintf(stderr, "bench_orm_raw: %s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void run_sql(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql);
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK)
        die(sql);
    return st;
}

static void open_database(const char *path)
{
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        die(path);
    run_sql("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            "DROP TABLE IF EXISTS person; DROP TABLE IF EXISTS pupil;"
            "CREATE TABLE person (id integer PRIMARY KEY AUTOINCREMENT, name text, email text,"
            " age integer, score real);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
            "INSERT INTO person SELECT i, 'person number ' || i, 'person' || i || '@example.com',"
            " i % 90, i * 0.75 FROM n;"
            "CREATE TABLE pupil (id integer PRIMARY KEY AUTOINCREMENT, name text, email text,"
            " age integer, score real);");
}

static void by_key(int n)
{
    sqlite3_stmt *st = prepare("SELECT id, name, email, age, score FROM person WHERE id = ?");
    while (n--) {
        sqlite3_bind_int64(st, 1, turn++ * 7919 % 10000 + 1);
        if (sqlite3_step(st) != SQLITE_ROW)
            die("select");
        sink += sqlite3_column_int64(st, 0) + sqlite3_column_text(st, 1)[0] +
                sqlite3_column_text(st, 2)[0] + sqlite3_column_int64(st, 3) +
                (long)sqlite3_column_double(st, 4);
        sqlite3_reset(st);
    }
    sqlite3_finalize(st);
}

static void by_key_in_transaction(int n)
{
    run_sql("BEGIN");
    by_key(n);
    run_sql("COMMIT");
}

static void push_column(sqlite3_stmt *st, int i)
{
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        lua_pushinteger(L, sqlite3_column_int64(st, i));
        break;
    case SQLITE_FLOAT:
        lua_pushnumber(L, sqlite3_column_double(st, i));
        break;
    case SQLITE_TEXT: {
        const char *s = (const char *)sqlite3_column_text(st, i);
        lua_pushlstring(L, s, (size_t)sqlite3_column_bytes(st, i));
        break;
    }
    default:
        lua_pushnil(L);
    }
}

static void thousand_rows(int n)
{
    sqlite3_stmt *st = prepare("SELECT id, name, email, age, score FROM person LIMIT 1000");
    while (n--) {
        int row = 0, base = lua_gettop(L);
        for (int i = 0; i < 5; i++)
            lua_pushstring(L, sqlite3_column_name(st, i));
        lua_createtable(L, 0, 0);
        while (sqlite3_step(st) == SQLITE_ROW) {
            lua_createtable(L, 0, 5);
            for (int i = 0; i < 5; i++) {
                lua_pushvalue(L, base + 1 + i);
                push_column(st, i);
                lua_rawset(L, -3);
            }
            lua_rawseti(L, -2, ++row);
        }
        sqlite3_reset(st);
        lua_settop(L, base);
    }
    sqlite3_finalize(st);
}

static void inserts(int n)
{
    sqlite3_stmt *st = prepare("INSERT INTO pupil (name, email, age, score) VALUES (?, ?, ?, ?)");
    while (n--) {
        run_sql("BEGIN IMMEDIATE");
        for (int i = 1; i <= 10000; i++) {
            char name[32], email[32];
            snprintf(name, sizeof name, "person number %d", i);
            snprintf(email, sizeof email, "person%d@example.com", i);
            sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
            sqlite3_bind_text(st, 2, email, -1, SQLITE_STATIC);
            sqlite3_bind_int64(st, 3, i % 90);
            sqlite3_bind_double(st, 4, i * 0.75);
            if (sqlite3_step(st) != SQLITE_DONE)
                die("insert");
            sqlite3_reset(st);
        }
        run_sql("COMMIT");
    }
    sqlite3_finalize(st);
}

/* 20 rows read, then written: what /updates does. */
static void twenty_updates(int n)
{
    sqlite3_stmt *get = prepare("SELECT id, name, email, age, score FROM person WHERE id = ?");
    sqlite3_stmt *set = prepare("UPDATE person SET age = ? WHERE id = ?");
    while (n--) {
        sqlite3_int64 ids[20];
        run_sql("BEGIN IMMEDIATE");
        for (int i = 0; i < 20; i++) {
            sqlite3_bind_int64(get, 1, turn++ * 7919 % 10000 + 1);
            if (sqlite3_step(get) != SQLITE_ROW)
                die("select");
            ids[i] = sqlite3_column_int64(get, 0);
            sink += sqlite3_column_text(get, 1)[0];
            sqlite3_reset(get);
        }
        for (int i = 0; i < 20; i++) {
            sqlite3_bind_int64(set, 1, (sqlite3_int64)(turn + (unsigned)i) % 90);
            sqlite3_bind_int64(set, 2, ids[i]);
            if (sqlite3_step(set) != SQLITE_DONE)
                die("update");
            sqlite3_reset(set);
        }
        run_sql("COMMIT");
    }
    sqlite3_finalize(get);
    sqlite3_finalize(set);
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const struct test {
    const char *name, *what;
    void (*run)(int n);
    int n, rounds;
} tests[] = {
    {"key", "select by key, 5 columns", by_key, 5000, 15},
    {"key-run", "the same in one read transaction", by_key_in_transaction, 5000, 15},
    {"rows", "1,000 rows x 5 columns to Lua tables", thousand_rows, 10, 15},
    {"updates", "20 selects, 20 updates, one transaction", twenty_updates, 200, 15},
    {"inserts", "10,000 prepared inserts", inserts, 1, 8},
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_orm_raw FILE [TEST COUNT]\n");
        return 2;
    }
    open_database(argv[1]);
    L = luaL_newstate();
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        const struct test *t = &tests[i];
        double best = 1e9;
        if (argc > 3) {
            if (strcmp(argv[2], t->name) == 0)
                t->run(atoi(argv[3]));
            continue;
        }
        for (int k = 0; k < t->rounds; k++) {
            double start = cpu();
            t->run(t->n);
            double used = cpu() - start;
            best = used < best ? used : best;
        }
        printf("%-40s %10.2f us\n", t->what, best / t->n * 1e6);
    }
    lua_close(L);
    sqlite3_close(db);
    return 0;
}
