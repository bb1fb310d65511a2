/* SPDX-License-Identifier: MIT */
#include "base/logging.h"

#include "base/log_handler.h"
#include "base/map.h"
#include "base/vec.h"

#include <limits.h>

struct logger {
    struct logging *logging;
    struct logger *parent; /* NULL: the root */
    char *name;
    int level;     /* its own; LOG_LEVEL_NOTSET: none */
    int threshold; /* worked out by refresh() */
    bool propagate, disabled;
    VEC(struct log_handler *) handlers;
};

struct log_config {
    VEC(struct log_format *) formats;
    VEC(struct log_handler *) handlers;
    VEC(struct logger *) loggers; /* by name; they are no part of the tree */
};

struct logging {
    struct log *log;
    struct logger *root;
    struct map loggers;        /* name -> struct logger; without the root */
    struct log_config *config; /* in force; NULL: none yet */
    struct log_handler *last_resort;
    struct log_format *last_format;
    struct str (*request_id)(void *data); /* may be NULL */
    void *request_id_data;
};

/* ---- loggers ---- */

static struct logger *new_logger(struct logging *g, struct logger *parent, struct str name)
{
    struct logger *l = mem_zalloc(sizeof *l);
    l->logging = g;
    l->parent = parent;
    l->name = mem_strndup(name.n ? name.p : "root", name.n ? name.n : 4);
    l->propagate = true;
    return l;
}

static void free_logger(void *arg)
{
    struct logger *l = arg;
    vec_release(&l->handlers);
    free(l->name);
    free(l);
}

const char *logger_name(const struct logger *l)
{
    return l->name;
}

int logger_threshold(const struct logger *l)
{
    return l->threshold;
}

int logger_level(const struct logger *l)
{
    for (; l->parent; l = l->parent)
        if (l->level != LOG_LEVEL_NOTSET)
            return l->level;
    return l->level != LOG_LEVEL_NOTSET ? l->level : LOG_LEVEL_WARNING;
}

/* The one whose handlers a record goes to after those of l. */
static const struct logger *above(const struct logger *l)
{
    return l->propagate ? l->parent : NULL;
}

/* A record that no handler would take need not be made at all. */
static void refresh(struct logger *l)
{
    int level = logger_level(l), lowest = INT_MAX;
    bool any = false;
    for (const struct logger *at = l; at; at = above(at)) {
        for (size_t i = 0; i < at->handlers.n; i++) {
            int takes = log_handler_level(at->handlers.items[i]);
            lowest = takes < lowest ? takes : lowest;
            any = true;
        }
    }
    if (!any)
        lowest = log_handler_level(l->logging->last_resort);
    l->threshold = l->disabled ? INT_MAX : level > lowest ? level : lowest;
}

static void refresh_all(struct logging *g)
{
    refresh(g->root);
    int lowest = g->root->threshold;
    for (size_t i = 0; i < g->loggers.used; i++) {
        struct logger *l = g->loggers.entries[i].value;
        refresh(l);
        lowest = l->threshold < lowest ? l->threshold : lowest;
    }
    /* Loggers yet to be made are not below the ones above them. */
    g->log->level = (enum log_level)lowest;
}

struct logger *logging_logger(struct logging *g, struct str name)
{
    struct logger *l, *parent = g->root;
    if (!name.n)
        return g->root;
    l = map_get(&g->loggers, name);
    if (l)
        return l;
    for (size_t n = 1; n < name.n; n++) { /* those above first, longest last */
        struct logger *at;
        if (name.p[n] != '.' || name.p[n - 1] == '.')
            continue;
        at = map_get(&g->loggers, str_head(name, n));
        if (!at) {
            at = new_logger(g, parent, str_head(name, n));
            map_set(&g->loggers, str_head(name, n), at);
            refresh(at);
        }
        parent = at;
    }
    l = new_logger(g, parent, name);
    map_set(&g->loggers, name, l);
    refresh(l);
    return l;
}

void logger_set_level(struct logger *l, int level)
{
    l->level = level;
    refresh_all(l->logging);
}

void logging_set_request_id(struct logging *g, struct str (*request_id)(void *data), void *data)
{
    g->request_id = request_id;
    g->request_id_data = data;
}

void logger_emit(struct logger *l, struct log_record *r)
{
    struct logging *g = l->logging;
    bool any = false;
    if ((int)r->level < l->threshold)
        return;
    r->name = l->name;
    if (!r->request_id.n && g->request_id)
        r->request_id = g->request_id(g->request_id_data);
    for (const struct logger *at = l; at; at = above(at)) {
        for (size_t i = 0; i < at->handlers.n; i++) {
            struct log_handler *h = at->handlers.items[i];
            any = true;
            if ((int)r->level >= log_handler_level(h))
                log_handler_write(h, g->log->fd, r);
        }
    }
    if (!any)
        log_handler_write(g->last_resort, g->log->fd, r);
}

/* ---- behind a struct log ---- */

/* The engine writes a traceback below the message. */
static void split_trace(struct log_record *r)
{
    size_t n = str_find(r->text, STR("\nstack traceback:"));
    if (n < r->text.n) {
        r->trace = str_skip(r->text, n + 1);
        r->text = str_head(r->text, n);
    }
}

static void sink(void *data, const struct log_record *record)
{
    struct log_record r = *record;
    split_trace(&r);
    logger_emit(logging_logger(data, str_from(r.name)), &r);
}

struct logging *logging_new(struct log *log)
{
    struct logging *g = mem_zalloc(sizeof *g);
    struct log_handler_options o = {.level = LOG_LEVEL_WARNING, .name = STR("last resort")};
    struct log_format_options fo = {.multiline = true};
    g->log = log;
    map_init(&g->loggers);
    g->last_format = log_format_new(&fo, NULL);
    g->last_resort = log_handler_new(&o, g->last_format, NULL);
    g->root = new_logger(g, NULL, STR(""));
    log->sink = sink;
    log->data = g;
    log->logging = g;
    refresh_all(g);
    return g;
}

void logging_free(struct logging *g)
{
    if (!g)
        return;
    log_init(g->log, g->log->fd, LOG_LEVEL_INFO);
    log_config_free(g->config);
    map_release(&g->loggers, free_logger);
    free_logger(g->root);
    log_handler_free(g->last_resort);
    log_format_free(g->last_format);
    free(g);
}

/* ---- configuration ---- */

struct log_config *log_config_new(void)
{
    return mem_zalloc(sizeof(struct log_config));
}

void log_config_free(struct log_config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->loggers.n; i++)
        free_logger(c->loggers.items[i]);
    for (size_t i = 0; i < c->handlers.n; i++)
        log_handler_free(c->handlers.items[i]);
    for (size_t i = 0; i < c->formats.n; i++)
        log_format_free(c->formats.items[i]);
    vec_release(&c->loggers);
    vec_release(&c->handlers);
    vec_release(&c->formats);
    free(c);
}

int log_config_formatter(struct log_config *c, const struct log_format_options *o, struct err *err)
{
    struct log_format *f = log_format_new(o, err);
    if (!f)
        return -1;
    vec_push(&c->formats, f);
    return (int)c->formats.n - 1;
}

int log_config_handler(struct log_config *c, const struct log_handler_options *o, struct err *err)
{
    struct log_format_options fo = {.multiline = o->multiline};
    int n = o->formatter >= 0 ? o->formatter : log_config_formatter(c, &fo, err);
    struct log_handler *h = log_handler_new(o, c->formats.items[n], err);
    if (!h)
        return -1;
    vec_push(&c->handlers, h);
    return (int)c->handlers.n - 1;
}

void log_config_logger(struct log_config *c, const struct logger_options *o)
{
    struct logger *l = new_logger(NULL, NULL, o->name);
    if (!o->name.n)
        l->name[0] = '\0'; /* the root, whatever it is called */
    l->level = o->level;
    l->propagate = o->propagate;
    l->disabled = o->disabled;
    for (size_t i = 0; i < o->nhandlers; i++)
        vec_push(&l->handlers, c->handlers.items[o->handlers[i]]);
    vec_push(&c->loggers, l);
}

static void reset(struct logger *l)
{
    l->level = LOG_LEVEL_NOTSET;
    l->propagate = true;
    l->disabled = false;
    vec_clear(&l->handlers);
}

void logging_apply(struct logging *g, struct log_config *c)
{
    struct log_config *old = g->config;
    reset(g->root);
    for (size_t i = 0; i < g->loggers.used; i++)
        reset(g->loggers.entries[i].value);
    for (size_t i = 0; i < c->loggers.n; i++) {
        const struct logger *from = c->loggers.items[i];
        struct logger *l = logging_logger(g, str_from(from->name));
        l->level = from->level;
        l->propagate = from->propagate;
        l->disabled = from->disabled;
        vec_clear(&l->handlers);
        for (size_t k = 0; k < from->handlers.n; k++)
            vec_push(&l->handlers, from->handlers.items[k]);
    }
    g->config = c;
    log_config_free(old);
    refresh_all(g);
}

void logging_reopen(struct logging *g)
{
    if (!g || !g->config)
        return;
    for (size_t i = 0; i < g->config->handlers.n; i++)
        log_handler_reopen(g->config->handlers.items[i]);
}

/* ---- records kept ---- */

static struct log_handler *memory(const struct logging *g, struct str name)
{
    if (g->config)
        for (size_t i = 0; i < g->config->handlers.n; i++)
            if (log_handler_keeps(g->config->handlers.items[i]) &&
                str_eq(log_handler_name(g->config->handlers.items[i]), name))
                return g->config->handlers.items[i];
    return NULL;
}

const struct log_record *logging_kept(const struct logging *g, struct str handler, size_t i)
{
    struct log_handler *h = memory(g, handler);
    return h ? log_handler_kept(h, i) : NULL;
}

int logging_forget(struct logging *g, struct str handler)
{
    struct log_handler *h = memory(g, handler);
    if (h)
        log_handler_forget(h);
    return h ? 0 : -1;
}
