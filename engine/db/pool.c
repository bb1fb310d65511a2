/* SPDX-License-Identifier: MIT */
/* The connections of one database.  Those that are taken are given out in order of arrival:
 * who gives one back hands it to the first in the line.  SQLite has one of them, for whoever
 * writes, so that the writers of a process never meet in the lock of the file. */
#include "db/impl.h"

#include "base/log.h"
#include "base/mem.h"

enum { REST_CHECKED = 30 }; /* seconds in the pool after which a connection is asked */

static unsigned take_number(struct databases *dbs)
{
    unsigned i = 0;
    while (i < dbs->numbers.n && dbs->numbers.items[i])
        i++;
    if (i == dbs->numbers.n)
        vec_push(&dbs->numbers, false);
    dbs->numbers.items[i] = true;
    return i;
}

static void close_conn(struct db_conn *c)
{
    struct database *db = c->db;
    statement_free_all(c);
    db->driver->close(c);
    db->all->numbers.items[c->number] = false;
    db->open--;
    db->stats.open = db->open;
    free(c);
}

static struct db_conn *open_conn(struct database *db, struct err *err)
{
    struct db_conn *c = mem_zalloc(sizeof *c);
    c->db = db;
    if (db->driver->open(c, err) != 0) {
        free(c);
        return NULL;
    }
    c->number = take_number(db->all);
    c->opened = c->rested = clock_monotonic();
    db->stats.open = ++db->open;
    db->stats.connects++;
    return c;
}

static bool too_old(const struct db_conn *c, int64_t now)
{
    double age = c->db->options.pool.max_age;
    return age > 0 && !c->db->in_memory && (double)(now - c->opened) > age * (double)CLOCK_SECOND;
}

/* One that rested and is still good; the others are closed. */
static struct db_conn *take_idle(struct database *db)
{
    while (db->idle.n) {
        struct db_conn *c = vec_pop(&db->idle);
        int64_t now = loop_now(db->all->loop);
        if (too_old(c, now) || (now - c->rested > REST_CHECKED * CLOCK_SECOND &&
                                db->driver->alive && !db->driver->alive(c))) {
            close_conn(c);
            continue;
        }
        return c;
    }
    return NULL;
}

static int wait_in_line(struct database *db, struct err *err)
{
    double seconds = db->options.pool.timeout;
    int64_t deadline = clock_deadline(seconds);
    if (fiber_cond_wait(db->all->loop, &db->line, deadline, err) == 0)
        return 0;
    if (!err || err->code != ERR_TIMEOUT || clock_monotonic() < deadline)
        return -1;
    if (db->limit == 1)
        return err_set(err, ERR_DB_OPERATIONAL,
                       "database is locked: another fiber of this process has had a transaction "
                       "open for %g s (options.timeout)",
                       seconds);
    return err_set(err, ERR_DB_OPERATIONAL,
                   "no connection was free for %g s (pool.timeout); all %u are in use "
                   "(pool.max_size)",
                   seconds, db->limit);
}

static void leave_line(struct database *db)
{
    if (db->line.waiting.first)
        fiber_cond_signal(&db->line); /* it has the place now */
    else
        db->taken--;
}

struct db_conn *pool_take(struct database *db, bool *fresh, struct err *err)
{
    struct db_conn *c;
    if (db->taken < db->limit)
        db->taken++;
    else if (wait_in_line(db, err) != 0)
        return NULL;
    c = take_idle(db);
    *fresh = !c;
    if (!c)
        c = open_conn(db, err);
    if (!c)
        leave_line(db);
    return c;
}

static void roll_back(struct db_conn *c)
{
    struct err err;
    if (control_on(c, &c->db->all->rollback, &err) != 0) {
        log_write(c->db->all->log, LOG_LEVEL_WARNING, "perilune.db",
                  "database '%.*s': a connection is closed: %s", STR_ARG(c->db->options.alias),
                  err.msg);
        c->broken = true;
    }
}

void pool_give(struct db_conn *c)
{
    struct database *db = c->db;
    if (db->driver->in_transaction(c))
        roll_back(c);
    if (db->driver->wrote && !c->broken)
        db->driver->wrote(c);
    c->rested = loop_now(db->all->loop);
    if (c->broken)
        close_conn(c);
    else
        vec_push(&db->idle, c);
    leave_line(db);
}

struct db_conn *pool_reader(struct database *db, bool *fresh, struct err *err)
{
    struct db_conn *c = db->reader;
    *fresh = false;
    if (c && (c->users || !too_old(c, loop_now(db->all->loop))))
        return c;
    if (c) {
        snapshot_end(db);
        close_conn(c);
    }
    db->reader = NULL;
    c = open_conn(db, err);
    if (!c)
        return NULL;
    if (db->reader) { /* another fiber was faster while this one waited */
        close_conn(c);
        return db->reader;
    }
    db->reader = c;
    *fresh = true;
    return c;
}

void pool_close(struct database *db)
{
    while (db->idle.n)
        close_conn(vec_pop(&db->idle));
    if (db->reader && !db->reader->users && !db->reader->snapshot) {
        close_conn(db->reader);
        db->reader = NULL;
    }
}
