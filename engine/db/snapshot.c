/* SPDX-License-Identifier: MIT */
/* The read transaction that all reads outside of transactions share.
 *
 * Beginning and ending one costs a read more than the read itself: two locks of the file.  So
 * the connection of the reads stays in one, from one request to the next, for as long as it
 * makes no difference: before each read the driver says whether anybody has committed since,
 * in this process or another, and then it begins anew.  A read sees what was committed
 * before it, always.
 *
 * A transaction that stays open keeps the log of SQLite from being emptied; therefore it ends
 * before this process writes, and when nobody has read for a moment. */
#include "db/impl.h"

#include "fiber/watch.h"

static const double REST = 0.01; /* seconds without a read after which it ends */

void snapshot_end(struct database *db)
{
    struct db_conn *c = db->reader;
    if (!c || !c->snapshot || c->cursors)
        return;
    c->snapshot = false;
    db->driver->snapshot_end(c);
}

static void on_tick(void *data)
{
    struct database *db = data;
    if (db->reads != db->reads_at_tick) {
        db->reads_at_tick = db->reads;
        return;
    }
    snapshot_end(db);
    timer_close(db->snapshot_timer);
    db->snapshot_timer = NULL;
}

static void begin(struct database *db, struct db_conn *c)
{
    if (!db->driver->snapshot_begin(c))
        return;
    c->snapshot = true;
    db->stats.snapshots++;
    if (!db->snapshot_timer)
        db->snapshot_timer = timer_open(db->all->loop, REST, false, on_tick, db);
}

void snapshot_renew(struct database *db, struct db_conn *c)
{
    db->reads++;
    if (c->cursors) /* a statement in the middle of its rows holds it where it is */
        return;
    if (c->snapshot && db->driver->snapshot_current(c))
        return;
    snapshot_end(db);
    begin(db, c);
}
