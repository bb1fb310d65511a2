/* SPDX-License-Identifier: MIT */
/* Where the engine says things.  A record is one line: whatever the text holds
 * (control characters, invalid UTF-8, line ends) is escaped before it is written,
 * and cut at 8 KiB.
 *
 * A struct log filters by level and hands records to a sink.  The default sink
 * writes "2026-01-31 12:00:00,123 INFO name: text" to a file descriptor; the
 * script host puts its own in front so that settings.logging decides. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/buf.h"
#include "base/str.h"

#include <stdarg.h>

/* Python's numbers, as settings.logging uses them. */
enum log_level {
    LOG_LEVEL_NOTSET = 0,
    LOG_LEVEL_DEBUG = 10,
    LOG_LEVEL_INFO = 20,
    LOG_LEVEL_WARNING = 30,
    LOG_LEVEL_ERROR = 40,
    LOG_LEVEL_CRITICAL = 50,
};

struct log_record {
    enum log_level level;
    const char *name; /* logger: "perilune.server" */
    struct str text;  /* not escaped yet */
    int64_t time;     /* realtime ns */
    /* What follows may be empty. */
    struct str trace;    /* a traceback, in lines */
    struct str file;     /* where the author's code said it */
    struct str function; /* the function there */
    int line;
    struct str request_id;
};

struct logging;

typedef void log_sink(void *data, const struct log_record *r);

struct log {
    enum log_level level; /* records below it are dropped at the call */
    log_sink *sink;
    void *data;
    int fd;                  /* of the default sink */
    struct logging *logging; /* loggers and handlers, once logging_new() (base/logging.h) */
};

/* Default sink on fd. */
void log_init(struct log *log, int fd, enum log_level level);
void log_write(struct log *log, enum log_level level, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void log_vwrite(struct log *log, enum log_level level, const char *name, const char *fmt,
                va_list ap) __attribute__((format(printf, 4, 0)));

/* The same for a record with more than a text; level and name are the caller's, text and
 * time are set here. */
void log_write_record(struct log *log, struct log_record *r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds s to b as it may stand in one line of a log: backslash, control characters,
 * U+0085, U+2028, U+2029 and invalid UTF-8 as \n, \xNN or \uNNNN. */
void log_escape(struct buf *b, struct str s);

/* "DEBUG" .. "CRITICAL" (any case); -1 when unknown. */
int log_level_parse(struct str name);
const char *log_level_name(enum log_level level);
/* The name, or "Level 25" for a number between the named ones. */
void log_add_level(struct buf *b, enum log_level level);

/* One write(2) of the whole line, whatever fd is; errors are ignored. */
void log_line(int fd, struct str line);

#endif
