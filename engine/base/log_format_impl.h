/* SPDX-License-Identifier: MIT */
/* The compiled form of a log format. Private to base/log_format*.c. */
#ifndef BASE_LOG_FORMAT_IMPL_H
#define BASE_LOG_FORMAT_IMPL_H

#include "base/arena.h"
#include "base/log_format.h"
#include "base/vec.h"

enum field {
    FIELD_MESSAGE,
    FIELD_LEVELNAME,
    FIELD_LEVELNO,
    FIELD_NAME,
    FIELD_ASCTIME,
    FIELD_CREATED,
    FIELD_MSECS,
    FIELD_PROCESS,
    FIELD_PROCESS_NAME,
    FIELD_PATHNAME,
    FIELD_FILENAME,
    FIELD_MODULE,
    FIELD_LINENO,
    FIELD_FUNCTION,
    FIELD_REQUEST_ID,
};

struct part {
    struct str before; /* text in front of the field */
    bool literal;      /* nothing but text */
    enum field field;
    char align; /* < > ^ */
    bool zero;  /* filled with zeros instead of spaces */
    size_t width;
};

struct log_format {
    struct arena arena;
    enum log_style style;
    bool multiline;
    const char *datefmt; /* NULL: the default, with milliseconds */
    VEC(struct part) parts;
    int64_t cached_second; /* what `cached` shows */
    char cached[128];
};

/* Fills f->parts. */
int log_format_compile(struct log_format *f, struct str format, struct err *err);
int log_field_find(struct str name, enum field *out, struct err *err);

#endif
