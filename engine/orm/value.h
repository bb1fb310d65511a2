/* SPDX-License-Identifier: MIT */
/* A value on its way between a program and the database, as neither sees it: what query
 * code holds, what a statement binds, what a column gives.
 *
 * A plain value; `text` is borrowed (from the code block, from the row, from a scratch
 * buffer: each function says). */
#ifndef ORM_VALUE_H
#define ORM_VALUE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum value_kind {
    VALUE_NULL,
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_INT,      /* i */
    VALUE_DOUBLE,   /* d */
    VALUE_TEXT,     /* text: UTF-8, NULs allowed */
    VALUE_BLOB,     /* text: bytes */
    VALUE_DECIMAL,  /* text: decimal_size() bytes of a struct decimal, 8-byte aligned */
    VALUE_DATE,     /* i: ordinal day, 0001-01-01 being 1 */
    VALUE_TIME,     /* i: microseconds since midnight */
    VALUE_DATETIME, /* i: microseconds since 1970 UTC */
    VALUE_NAIVE,    /* i: the same on a clock that has no zone */
    VALUE_DURATION, /* i: microseconds */
    VALUE_JSON,     /* text: a JSON document */
    VALUE_KINDS
};

struct value {
    enum value_kind kind;
    union {
        int64_t i;
        double d;
        struct str text;
    };
};

/* "integer", "text" …: for messages. */
const char *value_kind_name(enum value_kind kind);

#endif
