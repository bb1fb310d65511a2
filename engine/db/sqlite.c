/* SPDX-License-Identifier: MIT */
/* The driver for SQLite: statements and rows.  A statement never waits; when the file is
 * locked it is reset and tried again later, by the fiber. */
#include "db/sqlite_impl.h"

#include "base/mem.h"

#include <limits.h>
#include <math.h>

/* ---- preparing ---- */

static bool only_space(const char *p, const char *end)
{
    while (p < end) {
        if (*p == ' ' || (*p >= '\t' && *p <= '\r') || *p == ';') {
            p++;
        } else if (end - p > 1 && p[0] == '-' && p[1] == '-') {
            while (p < end && *p != '\n')
                p++;
        } else if (end - p > 1 && p[0] == '/' && p[1] == '*') {
            size_t n = str_find(str_make(p, (size_t)(end - p)), STR("*/"));
            p += n + 2 <= (size_t)(end - p) ? n + 2 : (size_t)(end - p);
        } else {
            return false;
        }
    }
    return true;
}

static int prepare(struct db_stmt *st, struct str text, bool keep, struct err *err)
{
    struct sqlite_conn *c = sqlite_of(st->conn);
    sqlite3_stmt *h = NULL;
    const char *tail = NULL;
    int code;
    if (text.n > INT_MAX / 2)
        return err_set(err, ERR_DB_DATA, "the SQL is too long");
    code = sqlite3_prepare_v3(c->h, text.p, (int)text.n, keep ? SQLITE_PREPARE_PERSISTENT : 0, &h,
                              &tail);
    if (code != SQLITE_OK)
        return sqlite_fail(c, code, err);
    if (!h)
        return err_set(err, ERR_DB_PROGRAMMING, "there is no SQL in this text");
    if (!only_space(tail, text.p + text.n)) {
        sqlite3_finalize(h);
        return err_set(err, ERR_DB_PROGRAMMING, "You can only execute one statement at a time.");
    }
    st->handle = h;
    st->nparams = (unsigned)sqlite3_bind_parameter_count(h);
    st->access = sqlite3_stmt_readonly(h) ? DB_ACCESS_READ : DB_ACCESS_WRITE;
    st->prepared_again = sqlite3_stmt_status(h, SQLITE_STMTSTATUS_REPREPARE, 0);
    statement_columns(st, (unsigned)sqlite3_column_count(h));
    return 0;
}

static void finalize(struct db_stmt *st)
{
    sqlite3_finalize(st->handle);
}

/* ---- columns ---- */

static enum db_convert convert_of(const char *type)
{
    static const struct {
        struct str name;
        enum db_convert convert;
    } types[] = {{STR_INIT("bool"), DB_AS_BOOL},
                 {STR_INIT("date"), DB_AS_DATE},
                 {STR_INIT("time"), DB_AS_TIME},
                 {STR_INIT("datetime"), DB_AS_DATETIME},
                 {STR_INIT("timestamp"), DB_AS_DATETIME}};
    struct str word = str_from(type);
    size_t n = 0;
    while (n < word.n && word.p[n] != ' ' && word.p[n] != '(')
        n++;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_ieq(str_head(word, n), types[i].name))
            return types[i].convert;
    return DB_AS_IS;
}

static void describe(struct db_stmt *st)
{
    st->columns = mem_zalloc(mem_mul(st->ncolumns + 1, sizeof *st->columns));
    for (unsigned i = 0; i < st->ncolumns; i++) {
        const char *name = sqlite3_column_name(st->handle, (int)i);
        char *copy = mem_strdup(name ? name : "");
        st->columns[i].name = str_from(copy);
        st->columns[i].convert = convert_of(sqlite3_column_decltype(st->handle, (int)i));
    }
}

/* SQLite prepared it again by itself: the schema has changed, and `*` may be wider now. */
static void look_again(struct db_stmt *st)
{
    int again = sqlite3_stmt_status(st->handle, SQLITE_STMTSTATUS_REPREPARE, 0);
    if (again == st->prepared_again)
        return;
    st->prepared_again = again;
    statement_columns(st, (unsigned)sqlite3_column_count(st->handle));
}

/* ---- running ---- */

static int bind_one(sqlite3_stmt *h, int at, const struct db_value *v)
{
    const char *p;
    switch (v->kind) {
    case DB_NULL:
        return sqlite3_bind_null(h, at);
    case DB_INT:
        return sqlite3_bind_int64(h, at, v->i);
    case DB_DOUBLE:
        return sqlite3_bind_double(h, at, v->d);
    case DB_TEXT: /* the bytes stay: nothing is copied; NULL would be the value NULL */
        p = v->s.p ? v->s.p : "";
        return sqlite3_bind_text64(h, at, p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case DB_BLOB:
        p = v->s.p ? v->s.p : "";
        return sqlite3_bind_blob64(h, at, p, v->s.n, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static int bind(struct db_stmt *st, const struct db_value *values, struct err *err)
{
    for (unsigned i = 0; i < st->nparams; i++) {
        int code;
        if (values[i].kind == DB_DOUBLE && isnan(values[i].d))
            return err_set(err, ERR_DB_DATA, "parameter %u is NaN: SQLite would store NULL", i + 1);
        code = bind_one(st->handle, (int)i + 1, &values[i]);
        if (code != SQLITE_OK)
            return sqlite_fail(sqlite_of(st->conn), code, err);
    }
    return 0;
}

/* sqlite3_value_blob() gives the bytes of a text as they are; sqlite3_value_text() is for
 * files in UTF-16. */
static struct str text_of(sqlite3_value *v, bool utf8)
{
    const char *p = utf8 ? sqlite3_value_blob(v) : (const char *)sqlite3_value_text(v);
    return str_make(p ? p : "", (size_t)sqlite3_value_bytes(v));
}

static void read_row(struct db_stmt *st)
{
    struct db_value *out = st->row;
    bool utf8 = sqlite_of(st->conn)->utf8;
    for (unsigned i = 0; i < st->ncolumns; i++, out++) {
        sqlite3_value *v = sqlite3_column_value(st->handle, (int)i);
        switch (sqlite3_value_type(v)) {
        case SQLITE_INTEGER:
            out->kind = DB_INT;
            out->i = sqlite3_value_int64(v);
            break;
        case SQLITE_FLOAT:
            out->kind = DB_DOUBLE;
            out->d = sqlite3_value_double(v);
            break;
        case SQLITE_TEXT:
            out->kind = DB_TEXT;
            out->s = text_of(v, utf8);
            break;
        case SQLITE_BLOB:
            out->kind = DB_BLOB;
            out->s = text_of(v, true);
            break;
        default:
            out->kind = DB_NULL;
        }
    }
}

static bool try_again_later(const struct sqlite_conn *c, int code)
{
    /* A snapshot that has grown old does not become young by waiting. */
    return (code & 0xff) == SQLITE_BUSY && code != SQLITE_BUSY_SNAPSHOT && c->h;
}

static enum db_outcome end_of(struct db_stmt *st, int code, struct err *err)
{
    struct sqlite_conn *c = sqlite_of(st->conn);
    if (code == SQLITE_DONE) {
        sqlite3_reset(st->handle);
        if (st->access != DB_ACCESS_READ) {
            bool changed = sqlite3_total_changes64(c->h) != st->changes;
            st->changes = changed ? sqlite3_changes64(c->h) : 0;
            st->last_id = sqlite3_last_insert_rowid(c->h);
        }
        return DB_DONE;
    }
    if (try_again_later(c, code)) {
        sqlite3_reset(st->handle);
        return DB_BUSY;
    }
    sqlite_fail(c, code, err);
    sqlite3_reset(st->handle);
    return DB_FAILED;
}

/* COMMIT, or a statement that is a transaction of its own. */
static bool ends_transaction(const struct db_stmt *st)
{
    if (st->access == DB_ACCESS_WRITE)
        return !st->ncolumns && sqlite3_get_autocommit(sqlite_of(st->conn)->h);
    return st->sql == &st->conn->db->all->commit;
}

/* A first step. */
static int step_first(struct db_stmt *st)
{
    struct sqlite_conn *c = sqlite_of(st->conn);
    if (!ends_transaction(st))
        return sqlite3_step(st->handle);
    sqlite_log_hold(c);
    return sqlite_log_let_go(c, sqlite3_step(st->handle));
}

static enum db_outcome run(struct db_stmt *st, const struct db_value *values, struct err *err)
{
    struct sqlite_conn *c = sqlite_of(st->conn);
    int code;
    if (bind(st, values, err) != 0)
        return DB_FAILED;
    c->running = 0;
    /* Until the end: how many there were before, so that what changes nothing counts 0. */
    st->changes = st->access == DB_ACCESS_READ ? 0 : sqlite3_total_changes64(c->h);
    code = step_first(st);
    look_again(st);
    if (code != SQLITE_ROW)
        return end_of(st, code, err);
    read_row(st);
    return DB_ROW;
}

static enum db_outcome step(struct db_stmt *st, struct err *err)
{
    int code = sqlite3_step(st->handle);
    if (code != SQLITE_ROW)
        return end_of(st, code, err);
    read_row(st);
    return DB_ROW;
}

static void reset(struct db_stmt *st)
{
    sqlite3_reset(st->handle);
}

/* ---- transactions ---- */

static bool in_transaction(struct db_conn *c)
{
    return !sqlite3_get_autocommit(sqlite_of(c)->h);
}

static bool unresolved(struct db_conn *c)
{
    int now = 0, most = 0;
    sqlite3_db_status(sqlite_of(c)->h, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &most, 0);
    return now != 0;
}

static void placeholder(struct buf *out, unsigned number)
{
    buf_addf(out, "?%u", number);
}

const struct db_driver sqlite_driver = {
    .vendor = "sqlite",
    .setup = sqlite_setup,
    .teardown = sqlite_teardown,
    .open = sqlite_open,
    .close = sqlite_close,
    .prepare = prepare,
    .finalize = finalize,
    .run = run,
    .step = step,
    .reset = reset,
    .describe = describe,
    .in_transaction = in_transaction,
    .snapshot_begin = sqlite_snapshot_begin,
    .snapshot_end = sqlite_snapshot_end,
    .snapshot_current = sqlite_snapshot_current,
    .unresolved = unresolved,
    .wrote = sqlite_wal_wrote,
    .placeholder = placeholder,
    .holds_rows = true,
};
