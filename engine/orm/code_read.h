/* SPDX-License-Identifier: MIT */
/* Reading conditions and expressions back, for those that write them down again: as source
 * text in migrations.
 *
 *     struct code_reader r;
 *     code_reader_init(&r, code);
 *     while ((got = code_read(&r, &t)) > 0) …
 *
 * Parts come in prefix order, each with the number of parts that belong to it, so that a
 * recursive reader needs nothing else. */
#ifndef ORM_CODE_READ_H
#define ORM_CODE_READ_H

#include "orm/code.h"

enum code_part_kind {
    PART_VALUE,     /* value */
    PART_LIST,      /* n parts, all PART_VALUE */
    PART_OPERANDS,  /* n parts */
    PART_Q,         /* arg: enum code_connector; negated; n parts */
    PART_LOOKUP,    /* text: the key; 1 part */
    PART_F,         /* text */
    PART_OUTER,     /* text; arg: depth */
    PART_STAR,      /* * */
    PART_COMBINED,  /* arg: enum code_operator; 2 parts */
    PART_OUTPUT,    /* type; 1 part */
    PART_CAST,      /* type; 1 part */
    PART_FUNCTION,  /* text: its name; n parts */
    PART_NAME,      /* text: a word among a function's arguments */
    PART_AGGREGATE, /* text; n parts, then those of arg: enum code_aggregate_flags */
    PART_CASE,      /* n times a condition and a result; has_default: one more part */
    PART_NOT,       /* 1 part */
    PART_COMPARE,   /* text: the lookup; 2 parts */
    PART_ORDER,     /* arg: enum code_order_flags; 1 part */
    PART_ORDER_BY,  /* n parts */
    PART_RAW,       /* text: SQL; n parts */
    PART_COLLATE,   /* text; 1 part */
    PART_DEFAULT,
    PART_WINDOW, /* an expression, arg expressions of the partition, the order: n parts; frame */
};

struct code_part {
    enum code_part_kind kind;
    uint32_t n, arg;
    bool negated, has_default;
    struct str text; /* in the block */
    struct value value;
    struct code_type type;
    struct code_frame frame;
};

struct code_reader { /* private */
    const struct code *code;
    const uint32_t *w, *end;
    uint32_t slot;
    uint32_t list; /* values of the open list that are left */
};

void code_reader_init(struct code_reader *r, const struct code *code);
/* 1: the next part.  0: the end.  -1: something that cannot be read back (a query, an
 * instance). */
int code_read(struct code_reader *r, struct code_part *out);

#endif
