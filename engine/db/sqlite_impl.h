/* SPDX-License-Identifier: MIT */
/* What the files of the SQLite driver share. */
#ifndef DB_SQLITE_IMPL_H
#define DB_SQLITE_IMPL_H

#include "db/impl.h"

#include <sqlite3.h>

struct timer;

enum { SQLITE_LOG_STATE = 7 }; /* words */

struct sqlite_conn { /* db_conn.handle */
    sqlite3 *h;
    sqlite3_stmt *begin, *commit;       /* of snapshots */
    const volatile uint64_t *log_state; /* sqlite_snapshot.c; NULL */
    uint64_t seen[SQLITE_LOG_STATE];    /* what it was when the snapshot began */
    struct db_conn *conn;
    bool wal;        /* the file has a write-ahead log */
    bool utf8;       /* the encoding of the file */
    bool timed_out;  /* statement_timeout struck */
    int64_t running; /* when the statement was first seen running, 0: not yet */
};

struct sqlite_db {       /* database.extra */
    struct timer *timer; /* of the checkpoints; NULL while there is nothing to do */
    int frames;          /* in the write-ahead log after the last commit */
    int done;            /* as many of them are in the database */
    int64_t committed;   /* when */
    int64_t warned, restarted;
    unsigned tries; /* to empty the log */
};

static inline struct sqlite_conn *sqlite_of(const struct db_conn *c)
{
    return c->handle;
}

/* ---- sqlite_open.c ---- */
int sqlite_setup(struct database *db, struct err *err);
void sqlite_teardown(struct database *db);
int sqlite_open(struct db_conn *c, struct err *err);
void sqlite_close(struct db_conn *c);

/* ---- sqlite_error.c ---- */
/* What `code` (extended) of the last call on c means; gives -1. */
int sqlite_fail(struct sqlite_conn *c, int code, struct err *err);

/* ---- sqlite_log_file.c ---- */
/* Name of the VFS that files are to be opened with; NULL: the system's. */
const char *sqlite_log_vfs(void);
/* Before and after a sqlite3_step() that is to end a transaction and gives no rows. The latter
 * takes and gives what the step gave, or the code of a failure. */
void sqlite_log_hold(struct sqlite_conn *c);
int sqlite_log_let_go(struct sqlite_conn *c, int code);

/* ---- sqlite_snapshot.c ---- */
bool sqlite_snapshot_begin(struct db_conn *c);
void sqlite_snapshot_end(struct db_conn *c);
bool sqlite_snapshot_current(const struct db_conn *c);

/* ---- sqlite_wal.c ---- */
void sqlite_wal_watch(struct sqlite_conn *c); /* a new connection */
void sqlite_wal_wrote(struct db_conn *c);

#endif
