/* SPDX-License-Identifier: MIT */
/* Running SQL: statements, rows, transactions.  What bindings and engine/orm use.
 *
 * A `struct database` is one alias of settings.databases in this worker (databases.h).
 * It has connections; which one a statement runs on is decided here:
 *
 *   in a transaction    the one connection that the running fiber holds since its first
 *                       statement in it, until the outermost block ends
 *   otherwise           one from the pool for this statement; reads of a driver that never
 *                       waits in the middle of a statement (SQLite on a file) share one
 *
 * All functions are called from a fiber.  Those that say "May wait." may let other fibers
 * run; nothing else does, so rows may be read straight into a script's values.
 *
 * A cursor must be closed before the fiber waits on anything: between db_query() and
 * db_close() call nothing that waits but db_step().  (A statement left open would pin the
 * write-ahead log of SQLite, and asserts.)
 *
 * A read outside of a transaction sees all that was committed before it, in this process or
 * another.  Who wants several reads to see one state puts them into a transaction.
 *
 * Errors are those of PEP 249, one code for each class (ERR_DB_…, base/err.h), with
 * sub-kinds of IntegrityError of their own. */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct database;
struct databases;
struct db_conn;
struct db_session;
struct db_stmt;

/* ---- values ---- */

enum db_kind { DB_NULL, DB_INT, DB_DOUBLE, DB_TEXT, DB_BLOB };

struct db_value {
    enum db_kind kind;
    union {
        int64_t i;
        double d;
        struct str s; /* borrowed */
    };
};

static inline struct db_value db_null(void)
{
    return (struct db_value){.kind = DB_NULL};
}
static inline struct db_value db_int(int64_t i)
{
    return (struct db_value){.kind = DB_INT, .i = i};
}
static inline struct db_value db_double(double d)
{
    return (struct db_value){.kind = DB_DOUBLE, .d = d};
}
static inline struct db_value db_text(struct str s)
{
    return (struct db_value){.kind = DB_TEXT, .s = s};
}
static inline struct db_value db_blob(struct str s)
{
    return (struct db_value){.kind = DB_BLOB, .s = s};
}

/* ---- SQL ---- */

/* What a statement does decides where it runs. */
enum db_access {
    DB_ACCESS_GUESS, /* by its first word; the driver corrects it */
    DB_ACCESS_READ,
    DB_ACCESS_WRITE,
    DB_ACCESS_CONTROL, /* BEGIN, COMMIT …: db_atomic_enter() instead; refused */
};

enum { DB_SQL_SLOTS = 4 };

/* A compiled text: whoever runs it again keeps it, and running it costs no hashing and no
 * look-up but one load: it knows its prepared statement on each connection.  Belongs to the
 * thread; must not move while it is in use, and may be used with any database of the
 * dialect it was written in.  Read-only to callers. */
struct db_sql {
    struct str text; /* a copy, with the placeholders of the dialect */
    enum db_access access;
    bool once;              /* prepared for one run and forgotten */
    unsigned nslots;        /* the rest is private */
    struct db_stmt **slots; /* by number of the connection */
    struct db_stmt *room[DB_SQL_SLOTS];
};

/* DB_ACCESS_GUESS is right for text of authors; the ORM knows. */
void db_sql_init(struct db_sql *sql, struct str text, enum db_access access);
/* Its prepared statements go too; no cursor of it may be open. */
void db_sql_release(struct db_sql *sql);

/* Text as an author writes it, with ? (?? for a question mark) or :name placeholders.
 * Borrowed, from a bounded cache of the worker: run it, do not keep it.
 * names: in order of their first use when the text has named placeholders.
 * NULL with ERR_DB_PROGRAMMING. */
struct db_raw {
    struct db_sql sql;
    struct str text;          /* as written */
    const struct str *names;  /* :name, without the colon; NULL: placeholders by position */
    unsigned parameters;      /* how many values it takes */
    uint64_t hash, last_used; /* private */
    struct db_raw *next;
    unsigned users;
};
struct db_raw *db_raw_get(struct database *db, struct str text, struct err *err);
void db_raw_done(struct db_raw *raw); /* once for each db_raw_get() */

/* ---- running it ---- */

/* How Django reads a column of a declared type. */
enum db_convert { DB_AS_IS, DB_AS_BOOL, DB_AS_DATE, DB_AS_TIME, DB_AS_DATETIME };

struct db_column {
    struct str name;
    enum db_convert convert; /* by its declared type; of use for SQL of authors only */
};

struct db_cursor {              /* on the caller's stack; read-only to callers */
    const struct db_value *row; /* after db_step() gave 1: valid until the next one */
    unsigned ncolumns;
    int64_t changes; /* rows inserted, updated, deleted: after db_step() gave 0 */
    int64_t last_id; /* key of the last row that this connection inserted, then too */

    struct database *db; /* the rest is private */
    struct db_session *session;
    struct db_conn *conn;
    struct db_stmt *stmt;
    struct db_sql *sql;
    const struct db_value *params;
    unsigned nparams;
    int64_t started;  /* ns, when somebody observes */
    signed char next; /* what the first step gave, taken in db_query(): 1, 0; else -1 */
    bool taken;       /* conn goes back to the pool at the end */
    bool many;        /* of db_many_open() */
    uint64_t runs;
};

/* Runs sql with n values and stands before its first row.  The values' bytes must stay until
 * db_close().  On failure the cursor is closed.  May wait. */
int db_query(struct database *db, struct db_sql *sql, const struct db_value *values, unsigned n,
             struct db_cursor *cur, struct err *err);
/* 1: cur->row is the next row.  0: no more; it is closed, and done when it wrote.  -1: closed
 * too.  May wait with a driver that waits for rows. */
int db_step(struct db_cursor *cur, struct err *err);
/* Ends it early, or after the end (then it does nothing).  A statement that writes and gives
 * rows has written: at its first row all of them. */
void db_close(struct db_cursor *cur);
/* One statement that is run with many sets of values: on one connection, and told to those who
 * observe as one, with the values of the last run.
 *
 *     db_many_open(db, sql, &cur, &err);
 *     for each: db_many_run(&cur, values, n, &err); then db_step() until it gives 0
 *     db_many_close(&cur);
 *
 * A failure closes the cursor.  Only in a transaction are the runs one change.  May wait. */
int db_many_open(struct database *db, struct db_sql *sql, struct db_cursor *cur, struct err *err);
/* As db_query().  The values stay until the next run or the end. */
int db_many_run(struct db_cursor *cur, const struct db_value *values, unsigned n, struct err *err);
void db_many_close(struct db_cursor *cur);

/* Names and declared types, ncolumns of them; until the cursor is closed.  `version` (may be
 * NULL) changes whenever they do, and is never the same for two statements: cache by it. */
const struct db_column *db_columns(const struct db_cursor *cur, uint64_t *version);

struct db_result {
    int64_t changes, last_id;
};
/* Runs it to its end; rows are dropped.  out may be NULL.  May wait. */
int db_execute(struct database *db, struct db_sql *sql, const struct db_value *values, unsigned n,
               struct db_result *out, struct err *err);

/* ---- transactions ----
 *
 * A block of db_atomic_enter() .. db_atomic_leave() in one fiber; the outermost is the
 * transaction, those inside are savepoints.  It begins with its first statement, with the
 * right to write (BEGIN IMMEDIATE): what has read in it never fails because somebody else
 * wrote meanwhile.
 *
 * A statement that fails inside a block breaks it: others fail with ERR_DB_TRANSACTION until
 * the block, or a savepoint from before, is left or rolled back.  What a fiber leaves open
 * when it ends is rolled back. */

enum {
    DB_ATOMIC_DURABLE = 1,      /* fail inside of another block */
    DB_ATOMIC_NO_SAVEPOINT = 2, /* inside of another block: part of it; failing breaks it */
    DB_ATOMIC_TEST = 4,         /* a test's: what is durable may stand directly inside */
};
/* ERR_DB_DURABLE, or what beginning or the savepoint gave; nothing to leave then.  May wait. */
int db_atomic_enter(struct database *db, unsigned flags, struct err *err);

struct db_hook { /* what is to run after the commit */
    void *data;
    void (*drop)(void *data); /* it will not run */
    bool robust;              /* its failure is logged, and the others run */
};
struct db_hooks { /* read-only to callers */
    struct db_hook *items;
    size_t n, at;
};
/* Ends the innermost block: kept when `ok` and not broken, else rolled back.  -1 when it
 * could not be kept (it is rolled back then: an IntegrityError of deferred constraints).
 * When a transaction was committed *hooks has what is to run now, in order: take each with
 * db_hooks_next(), then release.  May wait. */
int db_atomic_leave(struct database *db, bool ok, struct db_hooks *hooks, struct err *err);
bool db_hooks_next(struct db_hooks *hooks, struct db_hook *out); /* it is yours now */
void db_hooks_release(struct db_hooks *hooks);                   /* drops the rest */

bool db_in_atomic(struct database *db);
/* 0: kept for the commit.  1: there is no transaction, run it now.  Takes *hook in the first
 * case only.  -1: the transaction is being managed by hand. */
int db_on_commit(struct database *db, const struct db_hook *hook, struct err *err);

/* The flag of the innermost block; ERR_DB_TRANSACTION outside of one. */
int db_get_rollback(struct database *db, bool *out, struct err *err);
int db_set_rollback(struct database *db, bool rollback, struct err *err);
/* Breaks the transaction, if there is one: what the ORM does when an operation of several
 * statements fails half-way. */
void db_mark_broken(struct database *db);

/* Savepoints by hand: their id (> 0), or 0 outside of a transaction. -1: failed.  Rolling
 * back to one mends what broke since.  May wait. */
int64_t db_savepoint(struct database *db, struct err *err);
int db_savepoint_commit(struct database *db, int64_t id, struct err *err);
int db_savepoint_rollback(struct database *db, int64_t id, struct err *err);

/* For tests, whose transaction everything they call is to see.  While shared, every fiber has
 * the running one's transactions; a block of one fiber waits for those that another has opened
 * since.  In blocks of all databases only, and until they end.  */
void db_share(struct databases *dbs, bool shared);
/* How many hooks the running fiber's transaction has, and those from the `first` on (0 is
 * that of the beginning), which will not run by themselves. */
size_t db_hooks_count(struct database *db);
struct db_hooks db_hooks_take(struct database *db, size_t first);
/* Has the transaction references that its commit would refuse?  It can be rolled back still. */
bool db_unresolved(struct database *db);

/* Holds one connection for the fiber, outside of transactions too, for what is a property
 * of the connection (PRAGMA foreign_keys); nests.  May wait. */
int db_pin(struct database *db, struct err *err);
void db_unpin(struct database *db);

#endif
