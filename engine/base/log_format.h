/* SPDX-License-Identifier: MIT */
/* A log format, compiled once: "{asctime} {levelname} {name}: {message}" in Python's
 * three styles, or JSON.  Whatever a record holds, a line of the result begins with
 * what the format says: text is escaped (base/log.h), and the lines of a traceback are
 * indented when the format lets them stand. */
#ifndef BASE_LOG_FORMAT_H
#define BASE_LOG_FORMAT_H

#include "base/err.h"
#include "base/log.h"

enum log_style {
    LOG_STYLE_BRACE,   /* {levelname:<8} */
    LOG_STYLE_PERCENT, /* %(levelname)-8s */
    LOG_STYLE_DOLLAR,  /* ${levelname} */
    LOG_STYLE_JSON,    /* an object per line; `format` is not looked at */
};

struct log_format_options {
    enum log_style style;
    struct str format;  /* n 0: "{asctime} {levelname} {name}: {message}" */
    struct str datefmt; /* strftime's; n 0: "2026-01-31 12:00:00,123" */
    bool multiline;     /* a traceback in lines of its own, indented; else escaped */
};

struct log_format; /* owner: whoever made it */

/* NULL with *err (ERR_CONFIG): an unknown field, a bad field specification. */
struct log_format *log_format_new(const struct log_format_options *o, struct err *err);
void log_format_free(struct log_format *f); /* NULL is allowed */

/* Adds the record with its line end; never more than LOG_LINE_MAX bytes of text and as
 * many of traceback, before they are escaped. */
enum { LOG_LINE_MAX = 8192 };
void log_format_add(struct log_format *f, struct buf *b, const struct log_record *r);

#endif
