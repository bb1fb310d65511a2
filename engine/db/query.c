/* SPDX-License-Identifier: MIT */
/* Running a statement: on which connection, until the lock is free, row by row. */
#include "db/impl.h"

/* ---- who watches ---- */

static void tell(const struct db_cursor *cur, bool control, const struct err *err)
{
    struct databases *all = cur->db->all;
    struct db_event e;
    if (!cur->started || !all->observe)
        return;
    e = (struct db_event){.db = cur->db,
                          .sql = cur->sql->text,
                          .values = cur->params,
                          .n = cur->nparams,
                          .runs = cur->runs,
                          .control = control,
                          .err = err};
    e.ms = (double)(clock_monotonic() - cur->started) / (double)CLOCK_MS;
    all->observe(all->observe_data, &e);
}

/* ---- locks ---- */

static uint64_t random_below(struct databases *all, uint64_t n)
{
    all->random ^= all->random << 13;
    all->random ^= all->random >> 7;
    all->random ^= all->random << 17;
    return all->random % n;
}

int wait_for_lock(struct database *db, struct patience *p, struct err *err)
{
    struct databases *all = db->all;
    unsigned n = p->n++;
    db->stats.busy_waits++;
    if (!p->deadline)
        p->deadline = clock_deadline(db->options.timeout);
    else if (clock_monotonic() > p->deadline)
        return err_set(err, ERR_DB_OPERATIONAL,
                       "database is locked: another process has held it for %g s (options.timeout)",
                       db->options.timeout);
    if (n < 2)
        return fiber_yield(all->loop, err);
    return fiber_sleep(all->loop, 1e-3 * (double)(1 + random_below(all, n < 12 ? n : 12)) - 5e-4,
                       err);
}

/* ---- running on a connection ---- */

static void hold(struct db_cursor *cur, int by)
{
    cur->stmt->conn->cursors += (unsigned)by;
    if (cur->db->driver->holds_rows)
        cur->session->cursors += (unsigned)by;
}

static int wrong_count(const struct db_stmt *st, unsigned n, struct err *err)
{
    return err_set(err, ERR_DB_PROGRAMMING,
                   "incorrect number of bindings supplied: the statement uses %u, and there are "
                   "%u supplied",
                   st->nparams, n);
}

/* 0: cur stands before its first row or at its end.  1: it writes, and c is for reads. */
static int run_on(struct db_conn *c, struct db_sql *sql, struct db_cursor *cur, struct err *err)
{
    const struct db_driver *driver = c->db->driver;
    struct patience patience = {0, 0};
    for (;;) {
        struct db_stmt *st = statement_get(c, sql, err);
        enum db_outcome outcome;
        if (!st)
            return -1;
        if (st->access == DB_ACCESS_WRITE && c == c->db->reader) {
            sql->access = DB_ACCESS_WRITE;
            statement_done(st);
            return 1;
        }
        outcome = st->nparams == cur->nparams ? driver->run(st, cur->params, err)
                                              : wrong_count(st, cur->nparams, err);
        if (outcome == DB_ROW) {
            cur->stmt = st;
            cur->row = st->row;
            cur->ncolumns = st->ncolumns;
            cur->next = DB_ROW;
            hold(cur, 1);
            return 0;
        }
        if (outcome == DB_DONE) {
            cur->ncolumns = st->ncolumns;
            cur->changes = st->changes;
            cur->last_id = st->last_id;
            cur->next = DB_DONE;
        }
        statement_done(st);
        if (outcome != DB_BUSY)
            return outcome;
        if (wait_for_lock(c->db, &patience, err) != 0)
            return -1;
    }
}

int control_on(struct db_conn *c, struct db_sql *sql, struct err *err)
{
    struct db_cursor cur = {.db = c->db, .session = session_of(c->db), .sql = sql};
    int status;
    cur.started = c->db->all->observe ? clock_monotonic() : 0;
    c->users++;
    status = run_on(c, sql, &cur, err);
    c->users--;
    if (cur.stmt) {
        hold(&cur, -1);
        c->db->driver->reset(cur.stmt);
        statement_done(cur.stmt);
    }
    tell(&cur, true, status ? err : NULL);
    return status;
}

/* ---- which connection ---- */

/* Tells of a new connection, which the fiber has for itself meanwhile. */
static void greet(struct db_link *link, struct db_conn *c)
{
    struct databases *all = link->db->all;
    struct db_conn *before = link->conn;
    if (!all->on_connect || link->greeting)
        return;
    link->conn = c;
    link->greeting = true;
    all->on_connect(all->on_connect_data, link->db);
    link->greeting = false;
    link->conn = before;
}

struct db_conn *take_for(struct db_link *link, struct err *err)
{
    bool fresh;
    struct db_conn *c;
    snapshot_end(link->db);
    c = pool_take(link->db, &fresh, err);
    if (c && fresh)
        greet(link, c);
    return c;
}

static struct db_conn *read_conn(struct db_link *link, struct err *err)
{
    bool fresh;
    struct db_conn *c = pool_reader(link->db, &fresh, err);
    if (!c)
        return NULL;
    if (fresh)
        greet(link, c);
    if (link->db->driver->snapshot_begin)
        snapshot_renew(link->db, c);
    return c;
}

static struct db_conn *conn_for(struct database *db, const struct db_sql *sql,
                                struct db_cursor *cur, struct err *err)
{
    struct db_session *s = cur->session;
    struct db_link *link = s->links[db->index];
    struct db_conn *c;
    if (link->greeting)
        return link->conn;
    if (link->tx.blocks.n)
        return transaction_conn(link, err);
    if (link->conn)
        return link->conn;
    if (db->shared_reads && sql->access == DB_ACCESS_READ)
        return read_conn(link, err);
    c = take_for(link, err);
    cur->taken = c != NULL;
    return c;
}

/* ---- cursors ---- */

static int refuse_control(struct err *err)
{
    return err_set(err, ERR_DB_PROGRAMMING,
                   "transactions are not controlled with SQL: use db.atomic(), db.savepoint() …");
}

/* Everything is over but for the telling. */
static void let_go(struct db_cursor *cur)
{
    struct db_conn *c = cur->conn;
    cur->conn = NULL;
    cur->row = NULL;
    if (!c)
        return;
    c->users--;
    if (cur->taken)
        pool_give(c);
}

static int fail(struct db_cursor *cur, const struct err *err)
{
    struct db_link *link = cur->session->links[cur->db->index];
    cur->many = false;
    let_go(cur);
    if (link->tx.blocks.n)
        transaction_broke(link);
    tell(cur, false, err);
    cur->next = DB_DONE;
    return -1;
}

int db_query(struct database *db, struct db_sql *sql, const struct db_value *values, unsigned n,
             struct db_cursor *cur, struct err *err)
{
    struct err own;
    int status = -1;
    struct db_session *s = session_of(db);
    struct db_link *link = s->links[db->index];
    if (!err)
        err = &own;
    *cur = (struct db_cursor){
        .db = db, .session = s, .sql = sql, .params = values, .nparams = n, .runs = 1};
    if (db->all->observe)
        cur->started = clock_monotonic();
    if (sql->access == DB_ACCESS_CONTROL)
        return refuse_control(err);
    if (link->tx.broken && !link->greeting)
        return transaction_check(link, err);
    do {
        cur->taken = false;
        cur->conn = conn_for(db, sql, cur, err);
        if (!cur->conn)
            return fail(cur, err);
        cur->conn->users++;
        status = run_on(cur->conn, sql, cur, err);
        if (status == 1)
            let_go(cur);
    } while (status == 1);
    if (status != 0)
        return fail(cur, err);
    if (cur->next == DB_DONE) {
        let_go(cur);
        tell(cur, false, NULL);
    }
    return 0;
}

/* Out of the statement, at its end or before. */
static void leave_statement(struct db_cursor *cur)
{
    struct db_stmt *st = cur->stmt;
    hold(cur, -1);
    cur->stmt = NULL;
    statement_done(st);
}

int db_step(struct db_cursor *cur, struct err *err)
{
    enum db_outcome outcome;
    struct err own;
    if (cur->next >= 0) {
        int first = cur->next;
        cur->next = first == DB_ROW ? -1 : DB_DONE;
        return first;
    }
    if (!err)
        err = &own;
    outcome = cur->db->driver->step(cur->stmt, err);
    if (outcome == DB_ROW)
        return 1;
    if (outcome == DB_BUSY)
        outcome = err_set(err, ERR_DB_OPERATIONAL, "database is locked");
    cur->changes = cur->stmt->changes;
    cur->last_id = cur->stmt->last_id;
    leave_statement(cur);
    if (outcome != DB_DONE)
        return fail(cur, err);
    cur->next = DB_DONE;
    if (!cur->many) {
        let_go(cur);
        tell(cur, false, NULL);
    }
    return 0;
}

void db_close(struct db_cursor *cur)
{
    if (!cur->stmt)
        return;
    cur->db->driver->reset(cur->stmt);
    leave_statement(cur);
    cur->next = DB_DONE;
    if (!cur->many) {
        let_go(cur);
        tell(cur, false, NULL);
    }
}

/* ---- one statement, many runs ---- */

int db_many_open(struct database *db, struct db_sql *sql, struct db_cursor *cur, struct err *err)
{
    struct db_session *s = session_of(db);
    struct db_link *link = s->links[db->index];
    *cur = (struct db_cursor){.db = db, .session = s, .sql = sql, .next = DB_DONE};
    if (db->all->observe)
        cur->started = clock_monotonic();
    if (link->tx.broken && !link->greeting)
        return transaction_check(link, err);
    cur->conn = conn_for(db, sql, cur, err);
    if (!cur->conn)
        return fail(cur, err);
    cur->conn->users++;
    cur->many = true;
    return 0;
}

int db_many_run(struct db_cursor *cur, const struct db_value *values, unsigned n, struct err *err)
{
    cur->params = values;
    cur->nparams = n;
    cur->runs++;
    if (run_on(cur->conn, cur->sql, cur, err) != 0)
        return fail(cur, err);
    return 0;
}

void db_many_close(struct db_cursor *cur)
{
    if (!cur->many)
        return;
    db_close(cur);
    cur->many = false;
    let_go(cur);
    tell(cur, false, NULL);
}

const struct db_column *db_columns(const struct db_cursor *cur, uint64_t *version)
{
    struct db_stmt *st = cur->stmt;
    if (version)
        *version = 0;
    if (!st)
        return NULL;
    if (!st->version) {
        cur->db->driver->describe(st);
        st->version = ++cur->db->all->versions;
    }
    if (version)
        *version = st->version;
    return st->columns;
}

int db_execute(struct database *db, struct db_sql *sql, const struct db_value *values, unsigned n,
               struct db_result *out, struct err *err)
{
    struct db_cursor cur;
    int status;
    if (db_query(db, sql, values, n, &cur, err) != 0)
        return -1;
    while ((status = db_step(&cur, err)) == 1)
        ;
    if (status == 0 && out)
        *out = (struct db_result){cur.changes, cur.last_id};
    return status;
}

int db_pin(struct database *db, struct err *err)
{
    struct db_link *link = session_link(db);
    if (!link->conn && !(link->conn = take_for(link, err)))
        return -1;
    link->pins++;
    return 0;
}

void db_unpin(struct database *db)
{
    struct db_link *link = session_link(db);
    assert(link->pins);
    link->pins--;
    link_let_go(link);
}
