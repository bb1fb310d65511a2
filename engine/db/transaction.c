/* SPDX-License-Identifier: MIT */
/* Blocks, savepoints, and what is to run after the commit: Django's transaction.Atomic.
 *
 * Nothing is sent when the outermost block begins; its first statement begins the
 * transaction.  A block inside is a savepoint named after its depth. */
#include "db/impl.h"

#include "base/mem.h"

/* ---- state ---- */

int transaction_check(const struct db_link *link, struct err *err)
{
    if (!link->tx.broken)
        return 0;
    return err_set(err, ERR_DB_TRANSACTION,
                   "An error occurred in the current transaction. You can't execute queries until "
                   "the end of the 'atomic' block.");
}

void transaction_broke(struct db_link *link)
{
    struct db_tx *tx = &link->tx;
    if (tx->broken)
        return;
    tx->broken = true;
    /* What rolled everything back by itself (a full disk) left no savepoint to go to. */
    tx->mendable = tx->begun && link->conn && link->db->driver->in_transaction(link->conn);
}

struct db_conn *transaction_conn(struct db_link *link, struct err *err)
{
    struct db_tx *tx = &link->tx;
    if (tx->begun)
        return link->conn;
    if (!link->conn && !(link->conn = take_for(link, err)))
        return NULL;
    if (control_on(link->conn, &link->db->begin, err) != 0) {
        link_let_go(link);
        return NULL;
    }
    tx->begun = true;
    return link->conn;
}

bool db_in_atomic(struct database *db)
{
    return session_link(db)->tx.blocks.n > 0;
}

static int need_block(const struct db_link *link, const char *what, struct err *err)
{
    if (link->tx.blocks.n)
        return 0;
    return err_set(err, ERR_DB_TRANSACTION, "%s doesn't work outside of an 'atomic' block.", what);
}

int db_get_rollback(struct database *db, bool *out, struct err *err)
{
    struct db_link *link = session_link(db);
    if (need_block(link, "The rollback flag", err) != 0)
        return -1;
    *out = link->tx.broken;
    return 0;
}

int db_set_rollback(struct database *db, bool rollback, struct err *err)
{
    struct db_link *link = session_link(db);
    if (need_block(link, "The rollback flag", err) != 0)
        return -1;
    link->tx.broken = rollback;
    link->tx.mendable = false;
    return 0;
}

void db_mark_broken(struct database *db)
{
    struct db_link *link = session_link(db);
    if (link->tx.blocks.n)
        transaction_broke(link);
}

/* ---- hooks ---- */

int db_on_commit(struct database *db, const struct db_hook *hook, struct err *err)
{
    struct db_link *link = session_link(db);
    (void)err;
    if (!link->tx.blocks.n)
        return 1;
    vec_push(&link->tx.hooks, *hook);
    return 0;
}

static void drop_hooks_from(struct db_tx *tx, size_t first)
{
    while (tx->hooks.n > first) {
        struct db_hook h = vec_pop(&tx->hooks);
        h.drop(h.data);
    }
}

bool db_hooks_next(struct db_hooks *hooks, struct db_hook *out)
{
    if (hooks->at == hooks->n)
        return false;
    *out = hooks->items[hooks->at++];
    return true;
}

void db_hooks_release(struct db_hooks *hooks)
{
    struct db_hook h;
    while (db_hooks_next(hooks, &h))
        h.drop(h.data);
    free(hooks->items);
    *hooks = (struct db_hooks){0};
}

/* ---- savepoints ---- */

enum verb { SAVEPOINT, RELEASE, BACK };

/* Of a block by its level (number 0), or one made by hand. */
static int savepoint(struct db_link *link, enum verb verb, unsigned level, int64_t number,
                     struct err *err)
{
    static const char *const verbs[] = {"SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT"};
    struct databases *all = link->db->all;
    struct db_sql *kept[] = {all->savepoint, all->release, all->back}, sql;
    char text[64];
    int status;
    if (number == 0 && level <= BLOCK_LEVELS)
        return control_on(link->conn, &kept[verb][level - 1], err);
    snprintf(text, sizeof text, "%s \"%c%lld\"", verbs[verb], number ? 'x' : 's',
             number ? (long long)number : (long long)level);
    db_sql_init(&sql, str_from(text), DB_ACCESS_CONTROL);
    sql.once = true;
    status = control_on(link->conn, &sql, err);
    db_sql_release(&sql);
    return status;
}

int64_t db_savepoint(struct database *db, struct err *err)
{
    struct db_link *link = session_link(db);
    struct db_tx *tx = &link->tx;
    if (!tx->blocks.n)
        return 0;
    if (transaction_check(link, err) != 0 || !transaction_conn(link, err) ||
        savepoint(link, SAVEPOINT, 0, tx->serial + 1, err) != 0)
        return -1;
    vec_push(&tx->savepoints, ++tx->serial);
    return tx->serial;
}

/* Where it stands among those alive; -1: *err. */
static int find_savepoint(const struct db_link *link, int64_t id, struct err *err)
{
    const struct db_tx *tx = &link->tx;
    for (size_t i = 0; i < tx->savepoints.n; i++)
        if (tx->savepoints.items[i] == id)
            return (int)i;
    return err_set(err, ERR_DB_TRANSACTION, "no such savepoint: %lld", (long long)id);
}

int db_savepoint_commit(struct database *db, int64_t id, struct err *err)
{
    struct db_link *link = session_link(db);
    int at;
    if (!link->tx.blocks.n)
        return 0;
    if (transaction_check(link, err) != 0 || (at = find_savepoint(link, id, err)) < 0 ||
        savepoint(link, RELEASE, 0, id, err) != 0)
        return -1;
    link->tx.savepoints.n = (size_t)at;
    return 0;
}

int db_savepoint_rollback(struct database *db, int64_t id, struct err *err)
{
    struct db_link *link = session_link(db);
    struct db_tx *tx = &link->tx;
    int at;
    if (!tx->blocks.n)
        return 0;
    if ((at = find_savepoint(link, id, err)) < 0 || savepoint(link, BACK, 0, id, err) != 0)
        return -1;
    tx->savepoints.n = (size_t)at + 1;
    db->stats.rollbacks++;
    if (tx->mendable)
        tx->broken = tx->mendable = false;
    return 0;
}

/* ---- blocks ---- */

static int enter_nested(struct db_link *link, unsigned flags, struct err *err)
{
    struct db_tx *tx = &link->tx;
    struct db_block b = {.hooks = tx->hooks.n,
                         .test = flags & DB_ATOMIC_TEST,
                         .fiber = fiber_self(link->db->all->loop)};
    if (!(flags & DB_ATOMIC_NO_SAVEPOINT) && !tx->broken) {
        unsigned level = (unsigned)tx->blocks.n;
        if (!transaction_conn(link, err) || savepoint(link, SAVEPOINT, level, 0, err) != 0) {
            transaction_broke(link);
            return -1;
        }
        b.savepoint = level;
    }
    vec_push(&tx->blocks, b);
    return 0;
}

int db_atomic_enter(struct database *db, unsigned flags, struct err *err)
{
    struct db_link *link = session_link(db);
    struct db_tx *tx = &link->tx;
    if (!tx->blocks.n) {
        vec_push(&tx->blocks, ((struct db_block){.test = flags & DB_ATOMIC_TEST}));
        return 0;
    }
    if (db->all->shared && share_wait(link, err) != 0)
        return -1;
    if ((flags & DB_ATOMIC_DURABLE) && !vec_last(&tx->blocks).test)
        return err_set(err, ERR_DB_DURABLE,
                       "A durable atomic block cannot be nested within another atomic block.");
    return enter_nested(link, flags, err);
}

/* To the state before the block: its savepoint is gone afterwards. */
static void undo_nested(struct db_link *link, const struct db_block *b)
{
    struct db_tx *tx = &link->tx;
    struct err err;
    if (!b->savepoint) {
        tx->broken = true;
        tx->mendable = false;
        return;
    }
    tx->broken = tx->mendable = false;
    link->db->stats.rollbacks++;
    if (savepoint(link, BACK, b->savepoint, 0, &err) != 0 ||
        savepoint(link, RELEASE, b->savepoint, 0, &err) != 0)
        tx->broken = true; /* the connection has lost it: the outer block goes too */
    drop_hooks_from(tx, b->hooks);
}

static int leave_nested(struct db_link *link, bool ok, struct err *err)
{
    struct db_tx *tx = &link->tx;
    struct db_block b = vec_pop(&tx->blocks);
    if (!ok || tx->broken) {
        undo_nested(link, &b);
        return 0;
    }
    if (!b.savepoint || savepoint(link, RELEASE, b.savepoint, 0, err) == 0)
        return 0;
    undo_nested(link, &b);
    return -1;
}

/* The transaction is over, one way or the other. */
static void finish(struct db_link *link)
{
    struct db_tx *tx = &link->tx;
    drop_hooks_from(tx, 0);
    tx->blocks.n = tx->savepoints.n = 0;
    tx->serial = 0;
    tx->begun = tx->broken = tx->mendable = false;
    link_let_go(link);
}

static void roll_back(struct db_link *link)
{
    struct err err;
    link->db->stats.rollbacks++;
    if (link->tx.begun && link->db->driver->in_transaction(link->conn) &&
        control_on(link->conn, &link->db->all->rollback, &err) != 0)
        link->conn->broken = true; /* closed when it goes back */
    finish(link);
}

int db_atomic_leave(struct database *db, bool ok, struct db_hooks *hooks, struct err *err)
{
    struct db_link *link = session_link(db);
    struct db_tx *tx = &link->tx;
    *hooks = (struct db_hooks){0};
    assert(tx->blocks.n);
    if (tx->blocks.n > 1) {
        int status = leave_nested(link, ok, err);
        share_left(db->all);
        return status;
    }
    if (!ok || tx->broken) {
        roll_back(link);
        return 0;
    }
    if (tx->begun && control_on(link->conn, &db->all->commit, err) != 0) {
        roll_back(link);
        return -1;
    }
    hooks->items = tx->hooks.items; /* what they register is another list's */
    hooks->n = tx->hooks.n;
    tx->hooks.items = NULL;
    tx->hooks.n = tx->hooks.cap = 0;
    finish(link);
    return 0;
}
