/* SPDX-License-Identifier: MIT */
/* The driver for SQLite: read transactions that stay open.
 *
 * In WAL mode each commit ends with writing the header of the wal-index, which lies in memory
 * that all connections of the file share (walformat.html of SQLite's documentation, part
 * 2.1: it is of a fixed layout, and its copies are 48 bytes each).  As long as it is what
 * it was before a read transaction began, that transaction sees the newest commit.
 *
 * The words watched are the first copy of the header and nBackfill, the number of pages of
 * the log that are back in the database.  The latter is for the others: a transaction that
 * begins when all of them are reads from the database alone, and is not in the way of whoever
 * wants to begin the log anew. */
#include "db/sqlite_impl.h"

enum {
    REGION = 32768,    /* bytes of the first part of the wal-index, as SQLite maps it */
    VERSION = 3007000, /* of its layout: the first word */
    BACKFILL = 24,     /* word of 4 bytes */
};

/* Where SQLite itself has mapped it; never made here, for then SQLite would not know that it
 * has to be closed: c->wal says that the log is open. */
static const volatile uint64_t *find(struct sqlite_conn *c)
{
    sqlite3_file *file = NULL;
    void volatile *region = NULL;
    if (!c->wal || sqlite3_db_name(c->h, 2)) /* an attached file has a log of its own */
        return NULL;
    if (sqlite3_file_control(c->h, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file || !file->pMethods || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap ||
        file->pMethods->xShmMap(file, 0, REGION, 0, &region) != SQLITE_OK || !region)
        return NULL;
    return *(const volatile uint32_t *)region == VERSION ? region : NULL;
}

static uint64_t word(const volatile uint64_t *state, unsigned i)
{
    if (i < SQLITE_LOG_STATE - 1)
        return __atomic_load_n(&state[i], __ATOMIC_ACQUIRE);
    return __atomic_load_n((const volatile uint32_t *)state + BACKFILL, __ATOMIC_ACQUIRE);
}

/* BEGIN takes no lock and cannot be refused; the first read takes the snapshot, after the
 * state has been noted: it may be newer than `seen`, never older. */
bool sqlite_snapshot_begin(struct db_conn *conn)
{
    struct sqlite_conn *c = sqlite_of(conn);
    if (!c->log_state && !(c->log_state = find(c)))
        return false;
    for (unsigned i = 0; i < SQLITE_LOG_STATE; i++)
        c->seen[i] = word(c->log_state, i);
    sqlite3_step(c->begin);
    sqlite3_reset(c->begin);
    return true;
}

/* Nothing is written: it cannot be refused either. */
void sqlite_snapshot_end(struct db_conn *conn)
{
    struct sqlite_conn *c = sqlite_of(conn);
    sqlite3_step(c->commit);
    sqlite3_reset(c->commit);
}

bool sqlite_snapshot_current(const struct db_conn *conn)
{
    const struct sqlite_conn *c = sqlite_of(conn);
    uint64_t changed = 0;
    for (unsigned i = 0; i < SQLITE_LOG_STATE; i++)
        changed |= c->seen[i] ^ word(c->log_state, i);
    return !changed;
}
