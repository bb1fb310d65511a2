/* SPDX-License-Identifier: MIT */
/* The databases of a worker: aliases, their options and pools, who watches.
 * Owner: the worker; one thread.  Connections are opened at first use, so never before the
 * fork. */
#ifndef DB_DATABASES_H
#define DB_DATABASES_H

#include "db/db.h"

struct databases;
struct log;
struct loop;

struct db_pool_options {
    unsigned max_size, min_size;
    double max_age; /* seconds a connection is used; 0: for ever */
    double timeout; /* seconds to wait for one */
};

struct db_options {
    struct str alias;
    struct str engine; /* "sqlite" */
    struct str name;   /* a path that does not depend on the current folder; ":memory:" */
    struct db_pool_options pool;
    bool atomic_requests;
    /* of SQLite */
    double timeout;              /* seconds to wait for a lock */
    double statement_timeout;    /* seconds of running; 0: no limit */
    struct str transaction_mode; /* IMMEDIATE, DEFERRED, EXCLUSIVE */
    struct str journal_mode;     /* p NULL: WAL when the file is made, else as it is */
    struct str synchronous;      /* NORMAL … */
    struct str init_command;     /* SQL for each new connection */
    int64_t cache_size;          /* as the PRAGMA: < 0 KiB, > 0 pages */
    int64_t mmap_size;           /* bytes */
};

struct db_options db_options_defaults(void);

struct databases *databases_new(struct loop *l, struct log *log);
/* Every fiber that used one has ended.  Closes the connections.  NULL is allowed. */
void databases_free(struct databases *dbs);

/* Copies what the options point to.  ERR_CONFIG: alias twice, unknown engine (names the
 * nearest), a value that does not fit. */
struct database *databases_add(struct databases *dbs, const struct db_options *o, struct err *err);
/* NULL when there is none. */
struct database *databases_find(const struct databases *dbs, struct str alias);
/* For tests: the alias of db stands for `other` from now on. */
void database_mirror(struct database *db, struct database *other);
size_t databases_count(const struct databases *dbs);
struct database *databases_at(const struct databases *dbs, size_t i);

/* "sqlite", of all drivers: for checks of settings. Ends with NULL. */
extern const char *const db_engines[];

struct str db_alias(const struct database *db);
const struct db_options *db_options(const struct database *db);
/* "sqlite" */
const char *db_vendor(const struct database *db);
bool db_in_memory(const struct database *db);
/* Where the database's connections are not in use, closes them: of the running fiber's
 * alias too. A database in memory loses what it has. */
void db_close_idle(struct database *db);

/* Called in the fiber after a connection was opened, before its first statement: Django's
 * connection_created.  One of each; NULL takes it away. */
void databases_on_connect(struct databases *dbs, void (*fn)(void *data, struct database *db),
                          void *data);

/* Tells the running fiber from every other that there is or was.  0 outside of fibers. */
uint64_t db_fiber_number(struct databases *dbs);

struct db_event { /* a statement that has ended */
    struct database *db;
    struct str sql;
    const struct db_value *values;
    unsigned n;
    uint64_t runs; /* more than 1: of db_many_run(), the values are those of the last one */
    double ms;
    bool control;          /* BEGIN, COMMIT, SAVEPOINT … */
    const struct err *err; /* NULL: it worked */
};
/* Called after every statement; costs two clock reads each. */
void databases_observe(struct databases *dbs, void (*fn)(void *data, const struct db_event *e),
                       void *data);

/* For the metrics and the tests. */
struct db_stats {
    uint64_t prepared, hits, evicted, snapshots, busy_waits, checkpoints, connects;
    uint64_t rollbacks; /* of transactions and of savepoints */
    unsigned open;      /* connections */
    uint64_t wal_frames;
};
void db_stats(const struct database *db, struct db_stats *out);

#endif
