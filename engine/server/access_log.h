/* SPDX-License-Identifier: MIT */
/* One line for every request answered: Apache's common and combined formats, or
 * JSON.  A line is one line whatever a client sends, and at most 8 KiB.
 *
 * Owner: the worker.  Lines gather in memory and go to the file together, so
 * that a request costs no system call: call access_log_flush() once a second.
 * A terminal gets each line at once.  A pipe that is full never blocks the
 * worker: what has no room waits, and past 1 MiB lines are dropped and counted. */
#ifndef SERVER_ACCESS_LOG_H
#define SERVER_ACCESS_LOG_H

#include "base/buf.h"
#include "base/err.h"

struct access_entry { /* borrowed for the call; an empty string: not known */
    struct str remote_addr, user, method, target, version, referer, user_agent, request_id;
    int status;
    int64_t bytes; /* of the body */
    double seconds;
    int64_t time; /* realtime ns, when the request came */
};

enum access_format { ACCESS_COMMON, ACCESS_COMBINED, ACCESS_JSON };

/* "common", "combined", "json"; -1 with the nearest name in *err. */
int access_format_parse(struct str name, enum access_format *out, struct err *err);

struct access_clock { /* the second that was formatted last; zero at first */
    int64_t second;
    char text[32];
};

/* Adds the line of e to b, with its line end.  The clock may be shared by calls
 * of one format, and spares most of them the conversion of the time. */
void access_format(struct buf *b, enum access_format format, const struct access_entry *e,
                   struct access_clock *clock);

struct access_log;

/* Appends to the file `path`; "-" is standard output. */
struct access_log *access_log_open(const char *path, enum access_format format, struct err *err);
/* Flushes; a NULL log is fine. */
void access_log_close(struct access_log *a);
void access_log_add(struct access_log *a, const struct access_entry *e);
/* Writes what is there, as far as it goes without blocking. */
void access_log_flush(struct access_log *a);
/* Flushes to the old file and opens `path` anew (it was moved by a rotation);
 * -1 keeps the old one. */
int access_log_reopen(struct access_log *a, struct err *err);
/* Lines dropped since the last call. */
uint64_t access_log_dropped(struct access_log *a);

#endif
