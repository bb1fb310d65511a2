/* SPDX-License-Identifier: MIT */
/* One transaction for all fibers: a test runs in one that is never committed, and the requests
 * that it makes, each in a fiber of its own, are to see what it wrote.
 *
 * Blocks are a stack, so those of two fibers must not interleave: a fiber that wants one waits
 * until the blocks that another has opened are left, as it would wait for SQLite's lock. */
#include "db/impl.h"

#include "base/mem.h"

void db_share(struct databases *dbs, bool shared)
{
    dbs->shared = NULL;
    if (shared && dbs->items.n)
        dbs->shared = session_of(dbs->items.items[0]);
    for (size_t i = 0; dbs->shared && i < dbs->items.n; i++)
        session_link(dbs->items.items[i]); /* there are links to all of them */
}

/* Is the innermost block another fiber's? Those of the test itself are nobody's. */
static bool others(const struct db_tx *tx, const struct fiber *self)
{
    const struct db_block *last = &tx->blocks.items[tx->blocks.n - 1];
    return !last->test && last->fiber && last->fiber != self;
}

int share_wait(struct db_link *link, struct err *err)
{
    struct databases *dbs = link->db->all;
    double seconds = link->db->options.pool.timeout;
    int64_t deadline = clock_deadline(seconds);
    while (others(&link->tx, fiber_self(dbs->loop))) {
        if (fiber_cond_wait(dbs->loop, &dbs->turn, deadline, err) == 0)
            continue;
        if (!err || err->code != ERR_TIMEOUT || clock_monotonic() < deadline)
            return -1;
        return err_set(err, ERR_DB_OPERATIONAL,
                       "database is locked: another fiber of this test has had an 'atomic' block "
                       "open for %g s (options.timeout)",
                       seconds);
    }
    return 0;
}

void share_left(struct databases *dbs)
{
    if (dbs->shared)
        fiber_cond_broadcast(&dbs->turn);
}

size_t db_hooks_count(struct database *db)
{
    return session_link(db)->tx.hooks.n;
}

struct db_hooks db_hooks_take(struct database *db, size_t first)
{
    struct db_tx *tx = &session_link(db)->tx;
    struct db_hooks out = {0};
    if (first >= tx->hooks.n)
        return out;
    out.n = tx->hooks.n - first;
    out.items = mem_alloc(mem_mul(out.n, sizeof *out.items));
    memcpy(out.items, &tx->hooks.items[first], out.n * sizeof *out.items);
    tx->hooks.n = first;
    return out;
}

bool db_unresolved(struct database *db)
{
    struct db_link *link = session_link(db);
    return link->tx.begun && !link->tx.broken && db->driver->unresolved &&
           db->driver->unresolved(link->conn);
}
