/* SPDX-License-Identifier: MIT */
/* What the files of db/ share.  Nobody else includes it.
 *
 * databases.c   aliases and options          session.c    what a fiber has of each alias
 * pool.c        connections                  statement.c  prepared statements, their cache
 * raw.c         SQL of authors               query.c      running, rows
 * transaction.c blocks, savepoints, hooks    snapshot.c   what reads share
 * sqlite*.c     the driver
 * share.c       one transaction for all fibers, for tests
 *
 * Another driver is a struct db_driver and a line in databases.c. */
#ifndef DB_IMPL_H
#define DB_IMPL_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/vec.h"
#include "db/databases.h"
#include "fiber/fiber.h"

#include <assert.h>

enum db_outcome { DB_DONE = 0, DB_ROW = 1, DB_FAILED = -1, DB_BUSY = 2 /* try it again later */ };

/* A driver may wait in its fiber wherever it talks to a server; one that never does, and
 * whose `run` gives rows that stay readable meanwhile, may set shared_reads. */
struct db_driver {
    const char *vendor;
    /* Checks the options, sets limit, shared_reads and in_memory. */
    int (*setup)(struct database *db, struct err *err);
    void (*teardown)(struct database *db);
    int (*open)(struct db_conn *c, struct err *err); /* May wait. */
    void (*close)(struct db_conn *c);
    bool (*alive)(struct db_conn *c); /* after a rest in the pool; may be NULL.  May wait. */
    /* Fills handle, nparams, ncolumns and access of st. `keep`: it will be run often. */
    int (*prepare)(struct db_stmt *st, struct str text, bool keep, struct err *err);
    void (*finalize)(struct db_stmt *st);
    /* Binds and runs up to the first row, or the next one: DB_ROW with st->row, DB_DONE with
     * changes and last_id, and nothing open any more.  DB_BUSY: reset, nothing has happened. */
    enum db_outcome (*run)(struct db_stmt *st, const struct db_value *values, struct err *err);
    enum db_outcome (*step)(struct db_stmt *st, struct err *err);
    void (*reset)(struct db_stmt *st);    /* before its end */
    void (*describe)(struct db_stmt *st); /* fills columns */
    bool (*in_transaction)(struct db_conn *c);
    /* Of the connection that reads share, without waiting.  Begins a transaction that only
     * reads, false: this database has none that can be kept; ends it; and tells whether nobody
     * has committed since it began.  NULL: no snapshots. */
    bool (*snapshot_begin)(struct db_conn *c);
    void (*snapshot_end)(struct db_conn *c);
    bool (*snapshot_current)(const struct db_conn *c);
    /* Would a commit fail for references to rows that are not there?  May be NULL. */
    bool (*unresolved)(struct db_conn *c);
    void (*wrote)(struct db_conn *c); /* a transaction or statement that may write has ended */
    void (*placeholder)(struct buf *out, unsigned number); /* from 1 */
    bool holds_rows; /* rows come out of an open statement: nobody may wait meanwhile */
};

extern const struct db_driver sqlite_driver;

/* ---- statements ---- */

struct db_stmt { /* owner: its connection */
    struct db_conn *conn;
    struct db_sql *sql; /* NULL: of one run only */
    void *handle;
    struct db_value *row;
    struct db_column *columns; /* names are their own */
    unsigned ncolumns, nparams, slot /* in conn->cache */;
    uint64_t version; /* 0: columns are not filled */
    enum db_access access;
    bool busy;          /* a cursor stands in it */
    bool used;          /* since the hand of the cache passed by */
    int prepared_again; /* of the driver */
    int64_t changes, last_id;
};

/* The statement of sql on c, not busy. NULL: *err. */
struct db_stmt *statement_get(struct db_conn *c, struct db_sql *sql, struct err *err);
void statement_done(struct db_stmt *st); /* not busy any more; frees one of one run */
/* Room for the row and forgotten columns: the driver has learnt how many there are. */
void statement_columns(struct db_stmt *st, unsigned n);
void statement_free_all(struct db_conn *c);

/* ---- connections ---- */

struct db_conn { /* owner: its database */
    struct database *db;
    void *handle;
    unsigned number;             /* of the worker's connections: place in db_sql.slots */
    unsigned users;              /* statements that run or wait for a lock on it */
    bool broken;                 /* to be closed when it is given back */
    bool snapshot;               /* in a transaction that reads (snapshot.c) */
    unsigned cursors;            /* that stand in a row */
    int64_t opened, rested;      /* monotonic ns */
    VEC(struct db_stmt *) cache; /* a ring for the hand */
    size_t hand;
    void *extra; /* of the driver */
};

struct database { /* owner: struct databases */
    struct databases *all;
    const struct db_driver *driver;
    struct db_options options;
    struct buf texts; /* what the options point to */
    unsigned index;
    bool shared_reads, in_memory;

    struct database *mirror;       /* that its alias stands for, in tests; NULL: itself */
    struct db_conn *reader;        /* of shared_reads */
    struct timer *snapshot_timer;  /* while reader->snapshot may be open */
    uint64_t reads, reads_at_tick; /* of the reader, to see whether it rests */
    VEC(struct db_conn *) idle;
    unsigned limit, taken, open;
    struct fiber_cond line; /* for a connection */
    struct db_sql begin;
    void *extra; /* of the driver */
    struct db_stats stats;
};

/* A connection that nobody else has, until it is given back.  *fresh: it was opened now.
 * May wait. */
struct db_conn *pool_take(struct database *db, bool *fresh, struct err *err);
void pool_give(struct db_conn *c);
/* The one for reads.  May wait, the first time. */
struct db_conn *pool_reader(struct database *db, bool *fresh, struct err *err);
void pool_close(struct database *db);

/* ---- what a fiber has ---- */

enum { BLOCK_LEVELS = 8 }; /* savepoints with statements kept ready */

struct db_block {
    unsigned savepoint;  /* its level, 0: none */
    size_t hooks;        /* as many were there when it began */
    bool test;           /* DB_ATOMIC_TEST */
    struct fiber *fiber; /* that is in it; looked at while transactions are shared */
};

struct db_tx {
    VEC(struct db_block) blocks; /* outermost first */
    VEC(struct db_hook) hooks;
    VEC(int64_t) savepoints; /* made by hand, alive */
    int64_t serial;
    bool begun;
    bool broken;   /* needs a rollback */
    bool mendable; /* because a statement failed */
};

struct db_link { /* one fiber and one database */
    struct database *db;
    struct db_conn *conn; /* held; NULL */
    unsigned pins;
    bool greeting; /* conn has just been opened, and who wanted to know of it is told */
    struct db_tx tx;
};

struct db_session {
    struct databases *all;
    struct fiber *fiber;
    struct db_session *next; /* free ones */
    uint64_t number;         /* of the fiber */
    unsigned cursors;
    unsigned n;
    struct db_link **links; /* each stays where it is */
};

/* What the running fiber has of db; made at first use. */
struct db_link *session_link(struct database *db);
struct db_session *session_of(struct database *db);

/* ---- the transaction that reads share (snapshot.c) ---- */

/* Before each read on the reader: what it sees is as new as if it began now. */
void snapshot_renew(struct database *db, struct db_conn *c);
/* Ends it, if one is open: somebody is to write, or the log is to be emptied. */
void snapshot_end(struct database *db);

/* Gives link->conn back unless it is pinned or in a transaction. */
void link_let_go(struct db_link *link);
/* Rolls back and forgets everything. */
void link_abandon(struct db_link *link);
void sessions_free(struct databases *dbs);

/* The connection for a statement inside of the link's transaction, which begins if it has
 * not.  NULL: *err.  May wait. */
struct db_conn *transaction_conn(struct db_link *link, struct err *err);
/* A statement in it has failed. */
void transaction_broke(struct db_link *link);
int transaction_check(const struct db_link *link, struct err *err);
/* share.c: waits until no other fiber is in a block that it opened while transactions are
 * shared.  May wait. */
int share_wait(struct db_link *link, struct err *err);
void share_left(struct databases *dbs); /* a block has ended */

/* ---- running ---- */

/* Waits for a lock that another process has; starts as {0}. */
struct patience {
    unsigned n;
    int64_t deadline;
};
/* Lets others run; longer each time, and never in step with another process.  -1 when it has
 * taken too long.  May wait. */
int wait_for_lock(struct database *db, struct patience *p, struct err *err);

/* Runs a statement of control (BEGIN …) on c.  May wait. */
int control_on(struct db_conn *c, struct db_sql *sql, struct err *err);
/* pool_take() for a fiber: ends its reads first, and tells of a new connection.  May wait. */
struct db_conn *take_for(struct db_link *link, struct err *err);

/* ---- SQL of authors ---- */

struct raw_cache;
struct raw_cache *raw_cache_new(void);
void raw_cache_free(struct raw_cache *cache);

/* Rewrites ? and :name in the dialect of the driver.  names (may stay empty) are runs of
 * `sql`. */
struct placeholders {
    VEC(struct str) names;
    unsigned n;
};
int placeholders_rewrite(struct buf *out, struct str sql, const struct db_driver *driver,
                         struct placeholders *p, struct err *err);
/* By its first word. */
enum db_access access_of(struct str sql);

struct databases {
    struct loop *loop;
    struct log *log;
    VEC(struct database *) items;
    VEC(bool) numbers; /* of connections: taken */
    uint64_t versions; /* of column lists */
    uint64_t sessions;
    uint64_t random; /* for waits that must not be in step */
    struct db_session *free;
    struct db_session *shared; /* everybody's, while a test runs; NULL */
    struct fiber_cond turn;    /* a block of the shared transactions has ended */
    struct raw_cache *raw;
    struct zones *zones; /* of the SQL functions; NULL until one is named */
    struct db_sql commit, rollback;
    struct db_sql savepoint[BLOCK_LEVELS], release[BLOCK_LEVELS], back[BLOCK_LEVELS];
    void (*on_connect)(void *data, struct database *db);
    void *on_connect_data;
    void (*observe)(void *data, const struct db_event *e);
    void *observe_data;
};

#endif
