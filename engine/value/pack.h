/* SPDX-License-Identifier: MIT */
/* Values as bytes, for caches and whatever else keeps data between processes: compact, and
 * data only, with nothing in it that could be run.
 *
 * Neither side knows where values live.  The writer adds one value at a time; a table is
 * its head, then its items, then key and value of each further member.  The reader gives
 * one value at a time and owns no memory.  Bytes are a version's own: whoever stores
 * them says which, and drops what another version wrote. */
#ifndef VALUE_PACK_H
#define VALUE_PACK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "value/datetime.h"
#include "value/decimal.h"

#include <stdbool.h>
#include <stdint.h>

enum { PACK_DEPTH_MAX = 100 }; /* tables in tables; held by those who write and read */

enum pack_type {
    PACK_ERROR = -1,
    PACK_END,
    PACK_NIL,
    PACK_NULL, /* SQL's and JSON's */
    PACK_FALSE,
    PACK_TRUE,
    PACK_INT,       /* integer */
    PACK_DOUBLE,    /* number */
    PACK_STRING,    /* text */
    PACK_SAFE,      /* text that is HTML already */
    PACK_DECIMAL,   /* text, for decimal_parse() */
    PACK_DATE,      /* moment.date */
    PACK_TIME,      /* moment.time */
    PACK_DATETIME,  /* moment, its zone by name in text: none when that is empty */
    PACK_TIMEDELTA, /* duration */
    PACK_TABLE,     /* items, members follow */
    PACK_LIST,      /* the same, marked as a list even when it is empty */
    PACK_EXTENSION, /* text: whose it is; one value follows */
    PACK_REFERENCE, /* integer: to extension number so and so, from 1, as they begin */
};

/* ---- writing ---- */

void pack_add_simple(struct buf *b, enum pack_type type); /* NIL NULL FALSE TRUE */
void pack_add_int(struct buf *b, int64_t v);
void pack_add_double(struct buf *b, double v);
void pack_add_string(struct buf *b, struct str s);
void pack_add_safe(struct buf *b, struct str s);
void pack_add_decimal(struct buf *b, const struct decimal *d);
void pack_add_date(struct buf *b, struct date d);
void pack_add_time(struct buf *b, struct daytime t);
void pack_add_datetime(struct buf *b, const struct datetime *d);
void pack_add_timedelta(struct buf *b, struct duration d);
void pack_add_table(struct buf *b, uint32_t items, uint32_t members, bool list);
/* The same for who knows how many there are only after them: what is between the two calls
 * is the table's; `start` is what the first one gave. */
size_t pack_begin_table(struct buf *b);
void pack_end_table(struct buf *b, size_t start, uint32_t items, uint32_t members, bool list);
void pack_add_extension(struct buf *b, struct str name);
void pack_add_reference(struct buf *b, int64_t number);

/* ---- reading ---- */

struct pack_reader {
    /* of the last value */
    int64_t integer;
    double number;
    struct str text; /* in the input */
    struct datetime moment;
    struct duration duration;
    uint32_t items, members;
    /* private */
    const unsigned char *p, *end;
};

/* `data` must stay where it is. */
void pack_reader_init(struct pack_reader *r, struct str data);

/* Private to the reader: first bytes below. pack.c has the others. */
enum { PACK_SMALL_INT = 0x80, PACK_SHORT_STRING = 0x80, PACK_SHORT_LIST = 0xc0 };
enum pack_type pack_next_other(struct pack_reader *r, struct err *err);

/* The next value.  PACK_ERROR with *err (ERR_SYNTAX) for bytes that nobody wrote; then the
 * reader must not be asked again.  A table has no more items and members than bytes that
 * are left, so that its counts may be trusted with memory. */
static inline enum pack_type pack_next(struct pack_reader *r, struct err *err)
{
    unsigned byte = r->p == r->end ? 0xff : *r->p;
    if (byte < PACK_SMALL_INT) {
        r->p++;
        r->integer = byte;
        return PACK_INT;
    }
    if (byte < PACK_SHORT_LIST && (size_t)(r->end - r->p) > byte - PACK_SHORT_STRING) {
        r->text = str_make((const char *)r->p + 1, byte - PACK_SHORT_STRING);
        r->p += 1 + r->text.n;
        return PACK_STRING;
    }
    return pack_next_other(r, err);
}

#endif
