/* SPDX-License-Identifier: MIT */
/* What a fiber has of the databases: the connections that it holds and its transactions.
 * Made at first use, in the fiber's slot; the fiber tells before each wait and at its end. */
#include "db/impl.h"

#include "base/mem.h"

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
        link_abandon(s->links[i]);
    *fiber_slot(s->fiber, FIBER_DB) = NULL;
    s->fiber = NULL;
    s->next = s->all->free;
    s->all->free = s;
}

static void on_leave(void *data, bool ended)
{
    struct db_session *s = data;
    assert(!s->cursors); /* a cursor must be closed before anything waits */
    if (ended)
        end(s);
}

/* Links to the databases there are now. */
static void grow(struct db_session *s)
{
    unsigned n = (unsigned)s->all->items.n;
    s->links = mem_realloc(s->links, mem_mul(n, sizeof(struct db_link *)));
    for (unsigned i = s->n; i < n; i++) {
        s->links[i] = mem_zalloc(sizeof **s->links);
        s->links[i]->db = s->all->items.items[i];
    }
    s->n = n;
}

static struct db_session *make(struct databases *dbs, struct fiber *f)
{
    struct db_session *s = dbs->free;
    if (s)
        dbs->free = s->next;
    else
        s = mem_zalloc(sizeof *s);
    s->all = dbs;
    s->fiber = f;
    s->number = ++dbs->sessions;
    *fiber_slot(f, FIBER_DB) = s;
    fiber_on_leave(f, on_leave, s);
    return s;
}

struct db_session *session_of(struct database *db)
{
    struct fiber *f = fiber_self(db->all->loop);
    assert(f); /* databases are for fibers */
    struct db_session *s = db->all->shared;
    if (s)
        return s;
    s = *fiber_slot(f, FIBER_DB);
    if (!s)
        s = make(db->all, f);
    if (db->index >= s->n)
        grow(s);
    return s;
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
    return session_of(db)->links[db->index];
}

void sessions_free(struct databases *dbs)
{
    while (dbs->free) {
        struct db_session *s = dbs->free;
        dbs->free = s->next;
        for (unsigned i = 0; i < s->n; i++)
            free(s->links[i]);
        free(s->links);
        free(s);
    }
}
