/* SPDX-License-Identifier: MIT */
#include "db/impl.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "fiber/watch.h"
#include "value/timezone.h"

static const struct db_driver *const drivers[] = {&sqlite_driver, NULL};
const char *const db_engines[] = {"sqlite", NULL};

struct db_options db_options_defaults(void)
{
    return (struct db_options){
        .alias = STR("default"),
        .engine = STR("sqlite"),
        .pool = {.max_size = 10, .max_age = 3600, .timeout = 5},
        .timeout = 5,
        .statement_timeout = 30,
        .transaction_mode = STR("IMMEDIATE"),
        .synchronous = STR("NORMAL"),
        .cache_size = -8192,
    };
}

static void init_savepoints(struct databases *dbs)
{
    char text[64];
    for (int i = 0; i < BLOCK_LEVELS; i++) {
        snprintf(text, sizeof text, "SAVEPOINT \"s%d\"", i + 1);
        db_sql_init(&dbs->savepoint[i], str_from(text), DB_ACCESS_CONTROL);
        snprintf(text, sizeof text, "RELEASE SAVEPOINT \"s%d\"", i + 1);
        db_sql_init(&dbs->release[i], str_from(text), DB_ACCESS_CONTROL);
        snprintf(text, sizeof text, "ROLLBACK TO SAVEPOINT \"s%d\"", i + 1);
        db_sql_init(&dbs->back[i], str_from(text), DB_ACCESS_CONTROL);
    }
}

struct databases *databases_new(struct loop *l, struct log *log)
{
    struct databases *dbs = mem_zalloc(sizeof *dbs);
    dbs->loop = l;
    dbs->log = log;
    dbs->random = (uint64_t)clock_monotonic() | 1;
    dbs->raw = raw_cache_new();
    db_sql_init(&dbs->commit, STR("COMMIT"), DB_ACCESS_CONTROL);
    db_sql_init(&dbs->rollback, STR("ROLLBACK"), DB_ACCESS_CONTROL);
    init_savepoints(dbs);
    return dbs;
}

static void database_free(struct database *db)
{
    snapshot_end(db);
    timer_close(db->snapshot_timer);
    if (db->driver->teardown)
        db->driver->teardown(db);
    pool_close(db);
    assert(!db->open); /* a fiber still holds one */
    db_sql_release(&db->begin);
    vec_release(&db->idle);
    buf_release(&db->texts);
    free(db);
}

void databases_free(struct databases *dbs)
{
    if (!dbs)
        return;
    for (size_t i = 0; i < dbs->items.n; i++)
        database_free(dbs->items.items[i]);
    sessions_free(dbs);
    raw_cache_free(dbs->raw);
    if (dbs->zones)
        zones_free(dbs->zones);
    db_sql_release(&dbs->commit);
    db_sql_release(&dbs->rollback);
    for (int i = 0; i < BLOCK_LEVELS; i++) {
        db_sql_release(&dbs->savepoint[i]);
        db_sql_release(&dbs->release[i]);
        db_sql_release(&dbs->back[i]);
    }
    vec_release(&dbs->items);
    vec_release(&dbs->numbers);
    free(dbs);
}

/* ---- aliases ---- */

static const struct db_driver *find_driver(struct str engine, struct err *err)
{
    struct suggest s;
    char text[80];
    suggest_init(&s, engine);
    for (size_t i = 0; drivers[i]; i++) {
        if (str_eq(engine, str_from(drivers[i]->vendor)))
            return drivers[i];
        suggest_add(&s, str_from(drivers[i]->vendor));
    }
    err_set(err, ERR_CONFIG, "there is no database engine '%.*s'%s", STR_ARG(engine),
            suggest_text(&s, text, sizeof text));
    return NULL;
}

/* Copies of the texts of *o, one behind the other, each with its NUL. */
static void copy_options(struct database *db, const struct db_options *o)
{
    struct str *texts[] = {&db->options.alias,        &db->options.engine,
                           &db->options.name,         &db->options.transaction_mode,
                           &db->options.journal_mode, &db->options.synchronous,
                           &db->options.init_command};
    size_t n = sizeof texts / sizeof *texts, room = 0, at = 0;
    db->options = *o;
    for (size_t i = 0; i < n; i++)
        room += texts[i]->n + 1;
    buf_reserve(&db->texts, room);
    for (size_t i = 0; i < n; i++) {
        if (!texts[i]->p)
            continue;
        buf_addstr(&db->texts, *texts[i]);
        buf_addc(&db->texts, '\0');
        texts[i]->p = db->texts.data + at;
        at += texts[i]->n + 1;
    }
}

struct database *databases_add(struct databases *dbs, const struct db_options *o, struct err *err)
{
    const struct db_driver *driver = find_driver(o->engine, err);
    struct database *db;
    if (!driver)
        return NULL;
    if (databases_find(dbs, o->alias)) {
        err_set(err, ERR_CONFIG, "there are two databases '%.*s'", STR_ARG(o->alias));
        return NULL;
    }
    db = mem_zalloc(sizeof *db);
    buf_init(&db->texts);
    db->all = dbs;
    db->driver = driver;
    db->index = (unsigned)dbs->items.n;
    copy_options(db, o);
    db->limit = o->pool.max_size ? o->pool.max_size : 1;
    if (driver->setup(db, err) != 0) {
        buf_release(&db->texts);
        free(db);
        return NULL;
    }
    vec_push(&dbs->items, db);
    return db;
}

struct database *databases_find(const struct databases *dbs, struct str alias)
{
    for (size_t i = 0; i < dbs->items.n; i++)
        if (str_eq(dbs->items.items[i]->options.alias, alias))
            return dbs->items.items[i]->mirror ? dbs->items.items[i]->mirror : dbs->items.items[i];
    return NULL;
}

void database_mirror(struct database *db, struct database *other)
{
    db->mirror = other;
}

size_t databases_count(const struct databases *dbs)
{
    return dbs->items.n;
}

struct database *databases_at(const struct databases *dbs, size_t i)
{
    return dbs->items.items[i];
}

struct str db_alias(const struct database *db)
{
    return db->options.alias;
}

const struct db_options *db_options(const struct database *db)
{
    return &db->options;
}

const char *db_vendor(const struct database *db)
{
    return db->driver->vendor;
}

bool db_in_memory(const struct database *db)
{
    return db->in_memory;
}

void db_close_idle(struct database *db)
{
    snapshot_end(db);
    pool_close(db);
}

/* ---- who watches ---- */

void databases_on_connect(struct databases *dbs, void (*fn)(void *data, struct database *db),
                          void *data)
{
    dbs->on_connect = fn;
    dbs->on_connect_data = data;
}

void databases_observe(struct databases *dbs, void (*fn)(void *data, const struct db_event *e),
                       void *data)
{
    dbs->observe = fn;
    dbs->observe_data = data;
}

void db_stats(const struct database *db, struct db_stats *out)
{
    *out = db->stats;
}
