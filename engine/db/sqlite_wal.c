/* SPDX-License-Identifier: MIT */
/* The write-ahead log goes back into the database off the path of requests: SQLite's own
 * way would make the commit that fills it pay.
 *
 * After 1000 frames a timer does it between requests, as far as readers of other processes
 * let it (PASSIVE); when nothing has been written for a while the file is emptied
 * (TRUNCATE).  Past 64 MiB a commit pays after all (RESTART). */
#include "db/sqlite_impl.h"

#include "base/log.h"
#include "fiber/watch.h"

enum {
    FRAMES_DUE = 1000,
    FRAMES_MAX = 16384, /* past it a commit waits */
    FRAMES_WARNED = 65536,
    RESTART_WAIT = 100,  /* ms at most, for the others to pause */
    RESTART_PAUSE = 250, /* ms between two attempts */
    IDLE_SECONDS = 3,
    TRIES_MAX = 60,
    WARN_SECONDS = 60,
};
static const double TICK = 0.05; /* the longer, the more there is to put back at once */

static struct sqlite_db *state_of(const struct database *db)
{
    return db->extra;
}

static int on_commit(void *data, sqlite3 *h, const char *schema, int frames)
{
    struct sqlite_conn *c = data;
    struct sqlite_db *s = state_of(c->conn->db);
    (void)h, (void)schema;
    if (frames < s->frames) /* it has begun anew */
        s->done = 0;
    s->frames = frames;
    s->committed = loop_now(c->conn->db->all->loop);
    s->tries = 0;
    c->conn->db->stats.wal_frames = (uint64_t)frames;
    return SQLITE_OK;
}

void sqlite_wal_watch(struct sqlite_conn *c)
{
    sqlite3_wal_hook(c->h, on_commit, c); /* takes the place of autocheckpoint */
}

/* A connection that is in no transaction; NULL when there is none. */
static struct db_conn *free_conn(struct database *db)
{
    snapshot_end(db); /* it would stand in the way */
    return db->idle.n ? db->idle.items[0] : db->reader;
}

static void passive(struct database *db, struct db_conn *c)
{
    struct sqlite_db *s = state_of(db);
    int frames = 0, done = 0;
    sqlite3_wal_checkpoint_v2(sqlite_of(c)->h, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
    if (done > 0)
        s->done = done;
    db->stats.checkpoints++;
}

static void truncate_log(struct database *db)
{
    struct sqlite_db *s = state_of(db);
    s->tries++;
    if (!db->idle.n) /* the one that writes is in use */
        return;
    snapshot_end(db);
    if (sqlite3_wal_checkpoint_v2(sqlite_of(db->idle.items[0])->h, NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                  NULL, NULL) != SQLITE_OK)
        return; /* somebody reads; next time */
    s->frames = s->done = 0;
    db->stats.wal_frames = 0;
    db->stats.checkpoints++;
}

static void on_tick(void *data)
{
    struct database *db = data;
    struct sqlite_db *s = state_of(db);
    int64_t quiet = loop_now(db->all->loop) - s->committed;
    struct db_conn *c;
    if (s->frames - s->done >= FRAMES_DUE && (c = free_conn(db)))
        passive(db, c);
    if (s->frames && quiet > IDLE_SECONDS * CLOCK_SECOND)
        truncate_log(db);
    if (!s->frames || s->tries > TRIES_MAX) {
        timer_close(s->timer);
        s->timer = NULL;
    }
}

static void warn(struct database *db)
{
    struct sqlite_db *s = state_of(db);
    int64_t now = loop_now(db->all->loop);
    if (s->warned && now - s->warned < WARN_SECONDS * CLOCK_SECOND)
        return;
    s->warned = now;
    log_write(db->all->log, LOG_LEVEL_WARNING, "perilune.db",
              "database '%.*s': the write-ahead log has %d pages and cannot be emptied: another "
              "process keeps reading from it",
              STR_ARG(db->options.alias), s->frames);
}

/* Writers of several processes that never pause keep the log from ever being done: this one
 * stops them for a moment, all of it goes back, and the next commit begins the log anew. */
static void restart_log(struct database *db, struct db_conn *c)
{
    struct sqlite_db *s = state_of(db);
    sqlite3 *h = sqlite_of(c)->h;
    int64_t now = clock_monotonic();
    int code;
    if (s->restarted && now - s->restarted < RESTART_PAUSE * CLOCK_MS)
        return;
    snapshot_end(db);
    sqlite3_busy_timeout(h, RESTART_WAIT);
    code = sqlite3_wal_checkpoint_v2(h, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    sqlite3_busy_timeout(h, 0);
    s->restarted = clock_monotonic();
    db->stats.checkpoints++;
    if (code == SQLITE_OK)
        s->done = s->frames;
    else if (s->frames > FRAMES_WARNED)
        warn(db);
}

void sqlite_wal_wrote(struct db_conn *c)
{
    struct database *db = c->db;
    struct sqlite_db *s = state_of(db);
    if (!s->frames)
        return;
    if (s->frames > FRAMES_MAX && s->done < s->frames)
        restart_log(db, c);
    if (!s->timer)
        s->timer = timer_open(db->all->loop, TICK, false, on_tick, db);
}

void sqlite_teardown(struct database *db)
{
    struct sqlite_db *s = state_of(db);
    timer_close(s->timer);
    free(s);
    db->extra = NULL;
}
