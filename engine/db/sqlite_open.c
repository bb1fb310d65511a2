/* SPDX-License-Identifier: MIT */
/* The driver for SQLite: options, opening, closing.
 *
 * Durability: in WAL mode with synchronous=NORMAL a commit that was acknowledged survives
 * the death of the process, kill -9 included; the last ones before a loss of power may be
 * gone, without harm to the file.  synchronous=FULL waits for the disk at each commit. */
#include "db/sqlite_functions.h"
#include "db/sqlite_impl.h"

#include "base/mem.h"
#include "base/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STEPS_WATCHED = 20000,           /* of SQLite's machine between two looks at the clock */
    LENGTH_MAX = 256 * 1024 * 1024,  /* bytes of a value or a row */
    SQL_MAX = 4 * 1024 * 1024,       /* bytes of a statement */
    JOURNAL_KEPT = 64 * 1024 * 1024, /* bytes of the log after a checkpoint */
};

/* ---- options ---- */

static int one_of(const char *option, struct str value, const char *const *known, struct err *err)
{
    struct suggest s;
    char text[80];
    suggest_init(&s, value);
    for (; *known; known++) {
        if (str_ieq(value, str_from(*known)))
            return 0;
        suggest_add(&s, str_from(*known));
    }
    return err_set(err, ERR_CONFIG, "options.%s: there is no '%.*s'%s", option, STR_ARG(value),
                   suggest_text(&s, text, sizeof text));
}

static bool is_memory(struct str name)
{
    return str_eq(name, STR(":memory:")) || str_starts(name, STR("file::memory:")) ||
           (str_starts(name, STR("file:")) && str_find(name, STR("mode=memory")) < name.n);
}

static int check(const struct db_options *o, struct err *err)
{
    static const char *const modes[] = {"DEFERRED", "IMMEDIATE", "EXCLUSIVE", NULL};
    static const char *const journals[] = {"WAL",    "DELETE", "TRUNCATE", "PERSIST",
                                           "MEMORY", "OFF",    NULL};
    static const char *const syncs[] = {"OFF", "NORMAL", "FULL", "EXTRA", NULL};
    if (!o->name.n)
        return err_set(err, ERR_CONFIG, "set 'name' to the path of the file, or to ':memory:'");
    if (one_of("transaction_mode", o->transaction_mode, modes, err) != 0 ||
        one_of("synchronous", o->synchronous, syncs, err) != 0)
        return -1;
    return o->journal_mode.p ? one_of("journal_mode", o->journal_mode, journals, err) : 0;
}

int sqlite_setup(struct database *db, struct err *err)
{
    const struct db_options *o = &db->options;
    char begin[32];
    if (check(o, err) != 0)
        return -1;
    /* Before the first use in the process; refused, without harm, after it. */
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    db->in_memory = is_memory(o->name);
    db->shared_reads = !db->in_memory; /* another connection would be another database */
    db->limit = 1;
    db->options.pool.timeout = o->timeout;
    db->extra = mem_zalloc(sizeof(struct sqlite_db));
    snprintf(begin, sizeof begin, "BEGIN %.*s", STR_ARG(o->transaction_mode));
    db_sql_init(&db->begin, str_from(begin), DB_ACCESS_CONTROL);
    return 0;
}

/* ---- opening ---- */

static int on_progress(void *data)
{
    struct sqlite_conn *c = data;
    double limit = c->conn->db->options.statement_timeout;
    int64_t now = clock_monotonic();
    if (!c->running)
        c->running = now;
    c->timed_out = (double)(now - c->running) > limit * (double)CLOCK_SECOND;
    return c->timed_out;
}

/* Runs a text, waiting for locks; its first value goes into `out` when there is one. */
static int execute(struct sqlite_conn *c, const char *sql, char *out, size_t size, struct err *err)
{
    struct patience patience = {0, 0};
    for (;;) {
        sqlite3_stmt *st = NULL;
        int code = sqlite3_prepare_v2(c->h, sql, -1, &st, NULL);
        if (code == SQLITE_OK)
            code = sqlite3_step(st);
        if (code == SQLITE_ROW && out)
            snprintf(out, size, "%s", (const char *)sqlite3_column_text(st, 0));
        if ((code & 0xff) == SQLITE_BUSY) {
            sqlite3_finalize(st);
            if (wait_for_lock(c->conn->db, &patience, err) != 0)
                return -1;
            continue;
        }
        if (code != SQLITE_ROW && code != SQLITE_DONE) {
            sqlite_fail(c, code, err);
            sqlite3_finalize(st);
            return -1;
        }
        sqlite3_finalize(st);
        return 0;
    }
}

static int set_journal(struct sqlite_conn *c, struct err *err)
{
    const struct db_options *o = &c->conn->db->options;
    char value[32] = "", sql[64];
    if (c->conn->db->in_memory)
        return 0;
    if (o->journal_mode.p) {
        snprintf(sql, sizeof sql, "PRAGMA journal_mode=%.*s", STR_ARG(o->journal_mode));
        return execute(c, sql, NULL, 0, err);
    }
    if (execute(c, "PRAGMA page_count", value, sizeof value, err) != 0)
        return -1;
    /* Another program's file keeps what it has. */
    return strcmp(value, "0") == 0 ? execute(c, "PRAGMA journal_mode=WAL", NULL, 0, err) : 0;
}

static int set_pragmas(struct sqlite_conn *c, struct err *err)
{
    const struct db_options *o = &c->conn->db->options;
    static const char *const fixed[] = {"PRAGMA foreign_keys=ON", "PRAGMA secure_delete=OFF",
                                        "PRAGMA temp_store=MEMORY", NULL};
    char value[32] = "", sql[96];
    for (const char *const *p = fixed; *p; p++)
        if (execute(c, *p, NULL, 0, err) != 0)
            return -1;
    snprintf(sql, sizeof sql, "PRAGMA synchronous=%.*s", STR_ARG(o->synchronous));
    if (execute(c, sql, NULL, 0, err) != 0)
        return -1;
    snprintf(sql, sizeof sql, "PRAGMA cache_size=%lld", (long long)o->cache_size);
    if (execute(c, sql, NULL, 0, err) != 0)
        return -1;
    snprintf(sql, sizeof sql, "PRAGMA mmap_size=%lld", (long long)o->mmap_size);
    if (o->mmap_size && execute(c, sql, NULL, 0, err) != 0)
        return -1;
    snprintf(sql, sizeof sql, "PRAGMA journal_size_limit=%d", JOURNAL_KEPT);
    if (set_journal(c, err) != 0 || execute(c, sql, NULL, 0, err) != 0 ||
        execute(c, "PRAGMA encoding", value, sizeof value, err) != 0)
        return -1;
    c->utf8 = strcmp(value, "UTF-8") == 0;
    /* A read first: it opens the log, and before that the mode is not known. */
    if (execute(c, "PRAGMA schema_version", NULL, 0, err) != 0 ||
        execute(c, "PRAGMA journal_mode", value, sizeof value, err) != 0)
        return -1;
    c->wal = str_ieq(str_from(value), STR("wal"));
    return 0;
}

/* What a database file, which may come from anywhere, may make SQLite do. */
static void confine(sqlite3 *h)
{
    sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* Checks, indexes and generated columns call functions: JSON_VALID in each JSONField's
     * check, which SQLite 3.40 refuses in a schema that is not trusted. */
    sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_limit(h, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(h, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
    sqlite3_limit(h, SQLITE_LIMIT_TRIGGER_DEPTH, 100);
    sqlite3_limit(h, SQLITE_LIMIT_WORKER_THREADS, 0);
}

static int run_init_command(struct sqlite_conn *c, struct err *err)
{
    struct str sql = c->conn->db->options.init_command;
    char *message = NULL;
    int code;
    if (!sql.p)
        return 0;
    code = sqlite3_exec(c->h, sql.p, NULL, NULL, &message);
    sqlite3_free(message);
    if (code == SQLITE_OK)
        return 0;
    sqlite_fail(c, code, err);
    return err_prefix(err, "options.init_command");
}

/* Made here, so that nobody else can read it; what SQLite puts beside it has its mode. */
static int make_file(struct str name, struct err *err)
{
    const char *slash;
    struct stat st;
    int fd;
    if (str_starts(name, STR("file:")))
        return 0;
    fd = open(name.p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    if (fd >= 0 || errno == EEXIST)
        return 0;
    slash = strrchr(name.p, '/');
    if (errno == ENOENT && slash && slash != name.p) {
        char *folder = mem_strndup(name.p, (size_t)(slash - name.p));
        bool missing = stat(folder, &st) != 0;
        if (missing)
            err_set(err, ERR_DB_OPERATIONAL, "cannot open '%s': there is no folder '%s'", name.p,
                    folder);
        free(folder);
        if (missing)
            return -1;
    }
    return err_set(err, ERR_DB_OPERATIONAL, "cannot open '%s': %s", name.p, strerror(errno));
}

static int open_handle(struct sqlite_conn *c, struct err *err)
{
    struct str name = c->conn->db->options.name;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI |
                SQLITE_OPEN_EXRESCODE;
    int code;
    if (!c->conn->db->in_memory && make_file(name, err) != 0)
        return -1;
    code = sqlite3_open_v2(name.p, &c->h, flags, sqlite_log_vfs());
    if (code == SQLITE_OK)
        return 0;
    if (!c->h)
        return err_set(err, ERR_DB_OPERATIONAL, "out of memory");
    sqlite_fail(c, code, err);
    return err_prefix(err, "cannot open '%.*s'", STR_ARG(name));
}

static int prepare_own(struct sqlite_conn *c, struct err *err)
{
    int code = sqlite3_prepare_v3(c->h, "BEGIN", -1, SQLITE_PREPARE_PERSISTENT, &c->begin, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v3(c->h, "COMMIT", -1, SQLITE_PREPARE_PERSISTENT, &c->commit, NULL);
    return code == SQLITE_OK ? 0 : sqlite_fail(c, code, err);
}

int sqlite_open(struct db_conn *conn, struct err *err)
{
    struct sqlite_conn *c = mem_zalloc(sizeof *c);
    c->conn = conn;
    int code;
    conn->handle = c;
    if (open_handle(c, err) != 0)
        goto fail;
    confine(c->h);
    code = sqlite_functions_add(c->h, conn->db->all);
    if (code != SQLITE_OK) {
        sqlite_fail(c, code, err);
        goto fail;
    }
    sqlite_wal_watch(c);
    if (set_pragmas(c, err) != 0 || prepare_own(c, err) != 0 || run_init_command(c, err) != 0)
        goto fail;
    if (conn->db->options.statement_timeout > 0)
        sqlite3_progress_handler(c->h, STEPS_WATCHED, on_progress, c);
    return 0;
fail:
    sqlite_close(conn);
    return -1;
}

void sqlite_close(struct db_conn *conn)
{
    struct sqlite_conn *c = sqlite_of(conn);
    int code;
    sqlite3_finalize(c->begin);
    sqlite3_finalize(c->commit);
    code = sqlite3_close(c->h);
    assert(code == SQLITE_OK); /* every statement has been finalized */
    (void)code;
    free(c);
    conn->handle = NULL;
}
