/* SPDX-License-Identifier: MIT */
/* Loggers and handlers, as Python's logging has them: a logger has a dotted name; a
 * record goes to the handlers of its logger and of every one above it, as long as they
 * propagate.  What goes where is a struct log_config, put in force as a whole.
 *
 * It stands behind a struct log: what the engine writes goes through the logger named.
 * Nothing here waits, raises or knows of fibers: records may come from anywhere in the
 * thread.  Owner: the process (whoever owns the struct log). */
#ifndef BASE_LOGGING_H
#define BASE_LOGGING_H

#include "base/log_format.h"

#include <stdint.h>

struct logging;
struct logger;

/* Becomes the sink of `log`; records of level WARNING and above go to log->fd until a
 * configuration says otherwise. */
struct logging *logging_new(struct log *log);
/* Gives the log its default sink back. NULL is allowed. */
void logging_free(struct logging *g);

/* The logger of that name, made when it is new; "" is the root. Lives as long as g. */
struct logger *logging_logger(struct logging *g, struct str name);
const char *logger_name(const struct logger *l);
/* Records below it go nowhere: what the levels of logger and handlers come to. */
int logger_threshold(const struct logger *l);
/* The level in force: its own, or that of the nearest above which has one. */
int logger_level(const struct logger *l);
/* LOG_LEVEL_NOTSET: that of the one above. Until the next logging_apply(). */
void logger_set_level(struct logger *l, int level);
/* What r->request_id is filled from when it is empty; NULL for none. */
void logging_set_request_id(struct logging *g, struct str (*request_id)(void *data), void *data);
/* r->name is taken to be the logger's. */
void logger_emit(struct logger *l, struct log_record *r);

/* ---- configuration ---- */

enum log_output { LOG_TO_STDERR, LOG_TO_STDOUT, LOG_TO_FILE, LOG_TO_MEMORY, LOG_TO_NOTHING };

struct log_handler_options {
    enum log_output output;
    struct str name;
    int level;      /* INT_MAX: takes nothing */
    int formatter;  /* as log_config_formatter gave it; -1: the default format */
    bool multiline; /* of the default format */
    const char *path;
    uint64_t max_bytes; /* as log_file_open() */
    unsigned backups;
    size_t capacity; /* of LOG_TO_MEMORY: older records make room; 0: 1000 */
};

struct logger_options {
    struct str name; /* "": the root */
    int level;       /* LOG_LEVEL_NOTSET: that of the one above; WARNING for the root */
    bool propagate, disabled;
    const int *handlers; /* as log_config_handler gave them */
    size_t nhandlers;
};

struct log_config; /* owner: whoever made it, until logging_apply() */
struct log_config *log_config_new(void);
void log_config_free(struct log_config *c); /* NULL is allowed */
/* Both give a number for it; -1 with *err. A file is opened here. */
int log_config_formatter(struct log_config *c, const struct log_format_options *o, struct err *err);
int log_config_handler(struct log_config *c, const struct log_handler_options *o, struct err *err);
void log_config_logger(struct log_config *c, const struct logger_options *o);

/* Takes c and forgets what was configured before; loggers stay where they are. */
void logging_apply(struct logging *g, struct log_config *c);
/* Opens log files anew, after a rotation by others. NULL is allowed. */
void logging_reopen(struct logging *g);

/* ---- records kept in memory, for tests ---- */

/* The i-th record (0: the oldest) of the memory handler of that name, valid until the
 * next record; NULL past the last, or when there is no such handler. */
const struct log_record *logging_kept(const struct logging *g, struct str handler, size_t i);
/* -1: there is no such handler. */
int logging_forget(struct logging *g, struct str handler);

#endif
