/* SPDX-License-Identifier: MIT */
/* The driver for SQLite: what a commit adds to the write-ahead log is written in one piece.
 *
 * SQLite writes the log a frame at a time, and each frame in two calls: its header of 24 bytes
 * and the page.  A commit of fourteen pages is 28 calls of the system, which cost several times
 * what copying the pages does.  Therefore the log is opened through a VFS of our own, the
 * system's but for this one file: while it is *held* what is written at its end is collected,
 * until the frame that ends the transaction is complete.
 *
 * It is safe because the order in which the bytes of a transaction arrive in the log has no
 * meaning (each frame's checksum covers those before it) until the wal-index names them, which
 * SQLite does after the call that wrote the last frame: by then they are in the file, and if
 * they are not, that call has failed.  A frame that is the last one of its transaction says
 * so: bytes 4 to 7 of its header are not zero (fileformat2.html, part 4.1).
 *
 * The log is held only for the one call of sqlite3_step() in which a transaction ends.
 * Pages that go into the log before that, since the cache is full, are written at once: a
 * rollback would leave them behind, for nothing tells a file of it, and they must not be written
 * once the lock of the log is another's. */
#include "db/sqlite_impl.h"

#include "base/mem.h"

#include <string.h>

enum {
    HEADER = 24,       /* bytes before each page; the log's own header is longer */
    ROOM = 128 * 1024, /* bytes that are collected at most */
};

struct log_file { /* SQLite's memory; the system's file lies behind it */
    sqlite3_file base;
    char *kept; /* ROOM bytes, from the first time it is held on */
    int n;
    sqlite3_int64 at; /* where the bytes that are kept belong */
    bool held;
    bool ends; /* the frame being written is the transaction's last */
};

static struct log_file *log_of(sqlite3_file *f)
{
    return (struct log_file *)(void *)f;
}

static sqlite3_file *real(const struct log_file *log)
{
    return (sqlite3_file *)(void *)(log + 1);
}

static int flush(struct log_file *log)
{
    int n = log->n;
    log->n = 0; /* bytes that could not be written are those of a commit that failed */
    return n ? real(log)->pMethods->xWrite(real(log), log->kept, n, log->at) : SQLITE_OK;
}

static void keep(struct log_file *log, const void *p, int n, sqlite3_int64 at)
{
    if (!log->n)
        log->at = at;
    memcpy(log->kept + log->n, p, (size_t)n);
    log->n += n;
}

/* ---- methods of the file ---- */

/* Bytes that are not the next ones do not join those that are kept. */
static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    struct log_file *log = log_of(f);
    const unsigned char *bytes = p;
    int code = SQLITE_OK;
    if (!log->held || n > ROOM)
        return (code = flush(log)) ? code : real(log)->pMethods->xWrite(real(log), p, n, at);
    if (log->n && (at != log->at + log->n || log->n + n > ROOM))
        code = flush(log);
    if (code != SQLITE_OK)
        return code;
    keep(log, p, n, at);
    if (n == HEADER) {
        log->ends = bytes[4] | bytes[5] | bytes[6] | bytes[7];
    } else if (log->ends) {
        log->held = log->ends = false; /* headers that are now mended go through */
        return flush(log);
    }
    return SQLITE_OK;
}

static int on_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    int code = flush(log_of(f));
    return code ? code : real(log_of(f))->pMethods->xRead(real(log_of(f)), p, n, at);
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int code = flush(log_of(f));
    return code ? code : real(log_of(f))->pMethods->xTruncate(real(log_of(f)), size);
}

static int on_sync(sqlite3_file *f, int flags)
{
    int code = flush(log_of(f));
    return code ? code : real(log_of(f))->pMethods->xSync(real(log_of(f)), flags);
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    int code = flush(log_of(f));
    return code ? code : real(log_of(f))->pMethods->xFileSize(real(log_of(f)), size);
}

static int on_close(sqlite3_file *f)
{
    struct log_file *log = log_of(f);
    free(log->kept);
    log->kept = NULL;
    return real(log)->pMethods->xClose(real(log));
}

static int on_lock(sqlite3_file *f, int level)
{
    return real(log_of(f))->pMethods->xLock(real(log_of(f)), level);
}

static int on_unlock(sqlite3_file *f, int level)
{
    return real(log_of(f))->pMethods->xUnlock(real(log_of(f)), level);
}

static int on_check_lock(sqlite3_file *f, int *reserved)
{
    return real(log_of(f))->pMethods->xCheckReservedLock(real(log_of(f)), reserved);
}

static int on_control(sqlite3_file *f, int what, void *data)
{
    return real(log_of(f))->pMethods->xFileControl(real(log_of(f)), what, data);
}

static int on_sector_size(sqlite3_file *f)
{
    return real(log_of(f))->pMethods->xSectorSize(real(log_of(f)));
}

static int on_characteristics(sqlite3_file *f)
{
    return real(log_of(f))->pMethods->xDeviceCharacteristics(real(log_of(f)));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
};

/* ---- the VFS ---- */

static const char vfs_name[] = "perilune";

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *out)
{
    sqlite3_vfs *system = vfs->pAppData;
    struct log_file *log = log_of(f);
    int code;
    if (!(flags & SQLITE_OPEN_WAL))
        return system->xOpen(system, name, f, flags, out);
    memset(log, 0, sizeof *log + sizeof(sqlite3_file));
    code = system->xOpen(system, name, real(log), flags, out);
    if (real(log)->pMethods)
        log->base.pMethods = &methods;
    return code;
}

const char *sqlite_log_vfs(void)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL), *own;
    if (!system || sqlite3_vfs_find(vfs_name))
        return system ? vfs_name : NULL;
    own = mem_alloc(sizeof *own); /* SQLite's, until the process ends */
    *own = *system;
    own->pNext = NULL;
    own->zName = vfs_name;
    own->pAppData = system;
    own->szOsFile = (int)sizeof(struct log_file) + system->szOsFile;
    own->xOpen = on_open;
    return sqlite3_vfs_register(own, 0) == SQLITE_OK ? vfs_name : NULL;
}

/* ---- holding it ---- */

/* Looked for each time: a change of journal_mode closes it. */
static struct log_file *find(struct sqlite_conn *c)
{
    sqlite3_file *file = NULL;
    if (!c->wal ||
        sqlite3_file_control(c->h, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK ||
        !file || file->pMethods != &methods)
        return NULL;
    return log_of(file);
}

void sqlite_log_hold(struct sqlite_conn *c)
{
    struct log_file *log = find(c);
    if (!log)
        return;
    if (!log->kept)
        log->kept = mem_alloc(ROOM);
    log->held = true;
    log->ends = false;
}

int sqlite_log_let_go(struct sqlite_conn *c, int code)
{
    struct log_file *log = find(c);
    int written = SQLITE_OK;
    if (!log || !log->held)
        return code;
    log->held = false;
    if (log->n && sqlite3_txn_state(c->h, "main") == SQLITE_TXN_WRITE)
        written = flush(log);
    log->n = 0; /* what is left was rolled back, and the lock of the log is gone */
    return written ? written : code;
}
