/* SPDX-License-Identifier: MIT */
/* What a fiber has of the databases: the connections that it holds, its transactions, the
 * read transaction of the stretch since its last wait.  Made at first use, in the fiber's
 * slot; the fiber tells before each wait and at its end. */
#include "db/impl.h"

#include "base/mem.h"

static void end_snapshots(struct db_session *s)
{
    for (unsigned i = 0; i < s->n && s->snapshots; i++) {
        struct db_link *link = &s->links[i];
        if (!link->snapshot)
            continue;
        link->snapshot = false;
        s->snapshots--;
        session_end_snapshot(link->db);
    }
}

void session_end_snapshot(struct database *db)
{
    struct db_conn *c = db->reader;
    if (!c || !c->snapshot)
        return;
    c->snapshot = false;
    db->driver->snapshot(c, false);
}

void link_let_go(struct db_link *link)
{
    struct db_conn *c = link->conn;
    if (!c || link->pins || link->tx.begun)
        return;
    link->conn = NULL;
    pool_give(c);
}

void link_abandon(struct db_link *link)
{
    struct db_tx *tx = &link->tx;
    for (size_t i = 0; i < tx->hooks.n; i++)
        tx->hooks.items[i].drop(tx->hooks.items[i].data);
    vec_release(&tx->hooks);
    vec_release(&tx->blocks);
    vec_release(&tx->savepoints);
    *tx = (struct db_tx){0};
    link->pins = 0;
    link_let_go(link); /* pool_give() rolls back what is open */
}

static void end(struct db_session *s)
{
    for (unsigned i = 0; i < s->n; i++)
        link_abandon(&s->links[i]);
    *fiber_slot(s->fiber, FIBER_DB) = NULL;
    s->fiber = NULL;
    s->next = s->all->free;
    s->all->free = s;
}

static void on_leave(void *data, bool ended)
{
    struct db_session *s = data;
    assert(!s->cursors); /* a cursor must be closed before anything waits */
    if (s->snapshots)
        end_snapshots(s);
    s->run = ++s->all->runs;
    if (ended)
        end(s);
}

static struct db_session *new_session(struct databases *dbs)
{
    unsigned n = (unsigned)dbs->items.n;
    struct db_session *s = mem_zalloc(sizeof *s + n * sizeof *s->links);
    s->all = dbs;
    s->n = n;
    for (unsigned i = 0; i < n; i++)
        s->links[i].db = dbs->items.items[i];
    return s;
}

static struct db_session *make(struct databases *dbs, struct fiber *f)
{
    struct db_session *s = dbs->free;
    if (s)
        dbs->free = s->next;
    else
        s = new_session(dbs); /* one that is too short by now grows at its first use */
    s->fiber = f;
    s->number = ++dbs->sessions;
    s->run = ++dbs->runs;
    *fiber_slot(f, FIBER_DB) = s;
    fiber_on_leave(f, on_leave, s);
    return s;
}

/* A database was added since it was made. */
static struct db_session *grow(struct db_session *old)
{
    struct db_session *s = new_session(old->all);
    s->number = old->number;
    s->run = old->run;
    s->snapshots = old->snapshots;
    memcpy(s->links, old->links, old->n * sizeof *s->links);
    s->fiber = old->fiber;
    *fiber_slot(s->fiber, FIBER_DB) = s;
    fiber_on_leave(s->fiber, on_leave, s);
    free(old);
    return s;
}

struct db_session *session_of(struct database *db)
{
    struct fiber *f = fiber_self(db->all->loop);
    assert(f); /* databases are for fibers */
    struct db_session *s = *fiber_slot(f, FIBER_DB);
    if (!s)
        s = make(db->all, f);
    return db->index < s->n ? s : grow(s);
}

uint64_t db_fiber_number(struct databases *dbs)
{
    struct fiber *f = fiber_self(dbs->loop);
    struct db_session *s;
    if (!f)
        return 0;
    s = *fiber_slot(f, FIBER_DB);
    return s ? s->number : make(dbs, f)->number;
}

struct db_link *session_link(struct database *db)
{
    return &session_of(db)->links[db->index];
}

void sessions_free(struct databases *dbs)
{
    while (dbs->free) {
        struct db_session *s = dbs->free;
        dbs->free = s->next;
        free(s);
    }
}
