/* SPDX-License-Identifier: MIT */
/* Prepared statements.  A db_sql and its statements know each other: the db_sql by the
 * number of the connection, the statement by pointer, so that whichever ends first is
 * forgotten by the other, and finding one is one load.
 *
 * A connection keeps a bounded number; what goes is what a hand finds unused since it last
 * passed by (the clock form of "least recently used": a hit costs one store). */
#include "db/impl.h"

#include "base/mem.h"

enum { CACHE_MAX = 256 };

void db_sql_init(struct db_sql *sql, struct str text, enum db_access access)
{
    *sql = (struct db_sql){.access = access, .nslots = DB_SQL_SLOTS};
    sql->text = str_make(mem_strndup(text.p, text.n), text.n);
    sql->slots = sql->room;
    if (access == DB_ACCESS_GUESS)
        sql->access = access_of(sql->text);
}

static void statement_free(struct db_stmt *st)
{
    if (st->sql)
        st->sql->slots[st->conn->number] = NULL;
    st->conn->db->driver->finalize(st);
    for (unsigned i = 0; st->columns && i < st->ncolumns; i++)
        free((char *)st->columns[i].name.p);
    free(st->columns);
    free(st->row);
    free(st);
}

/* Out of the ring: the last one takes its place. */
static void leave_cache(struct db_stmt *st)
{
    struct db_conn *c = st->conn;
    struct db_stmt *last = vec_pop(&c->cache);
    if (last != st) {
        c->cache.items[st->slot] = last;
        last->slot = st->slot;
    }
}

static void drop(struct db_stmt *st)
{
    assert(!st->busy);
    leave_cache(st);
    statement_free(st);
}

void db_sql_release(struct db_sql *sql)
{
    for (unsigned i = 0; i < sql->nslots; i++)
        if (sql->slots[i])
            drop(sql->slots[i]);
    if (sql->slots != sql->room)
        free(sql->slots);
    free((char *)sql->text.p);
    *sql = (struct db_sql){0};
}

void statement_columns(struct db_stmt *st, unsigned n)
{
    for (unsigned i = 0; st->columns && i < st->ncolumns; i++)
        free((char *)st->columns[i].name.p);
    free(st->columns);
    st->columns = NULL;
    st->version = 0;
    if (n != st->ncolumns || !st->row)
        st->row = mem_realloc(st->row, mem_mul(n + 1, sizeof *st->row));
    st->ncolumns = n;
}

static struct db_stmt *prepare(struct db_conn *c, struct str text, bool keep, struct err *err)
{
    struct db_stmt *st = mem_zalloc(sizeof *st);
    st->conn = c;
    if (c->db->driver->prepare(st, text, keep, err) != 0) {
        free(st->row);
        free(st);
        return NULL;
    }
    c->db->stats.prepared++;
    return st;
}

static void make_room(struct db_conn *c)
{
    for (size_t left = 2 * c->cache.n; c->cache.n >= CACHE_MAX && left; left--) {
        struct db_stmt *st = c->cache.items[c->hand % c->cache.n];
        if (st->busy || st->used) {
            st->used = false;
            c->hand++;
            continue;
        }
        c->db->stats.evicted++;
        drop(st);
    }
}

static void put_slot(struct db_sql *sql, unsigned number, struct db_stmt *st)
{
    if (number >= sql->nslots) {
        unsigned n = number + 4;
        struct db_stmt **slots = mem_zalloc(mem_mul(n, sizeof *slots));
        memcpy(slots, sql->slots, sql->nslots * sizeof *slots);
        if (sql->slots != sql->room)
            free(sql->slots);
        sql->slots = slots;
        sql->nslots = n;
    }
    sql->slots[number] = st;
}

static struct db_stmt *add(struct db_conn *c, struct db_sql *sql, struct err *err)
{
    struct db_stmt *st;
    make_room(c);
    st = prepare(c, sql->text, true, err);
    if (!st)
        return NULL;
    st->sql = sql;
    st->slot = (unsigned)c->cache.n;
    vec_push(&c->cache, st);
    put_slot(sql, c->number, st);
    return st;
}

struct db_stmt *statement_get(struct db_conn *c, struct db_sql *sql, struct err *err)
{
    struct db_stmt *st = c->number < sql->nslots ? sql->slots[c->number] : NULL;
    if (st && !st->busy) {
        c->db->stats.hits++;
    } else { /* one that is being stepped is left alone */
        st = st || sql->once ? prepare(c, sql->text, false, err) : add(c, sql, err);
        if (!st)
            return NULL;
    }
    st->busy = st->used = true;
    return st;
}

void statement_done(struct db_stmt *st)
{
    st->busy = false;
    if (!st->sql)
        statement_free(st);
}

void statement_free_all(struct db_conn *c)
{
    while (c->cache.n)
        drop(c->cache.items[c->cache.n - 1]);
    vec_release(&c->cache);
}
