/* SPDX-License-Identifier: MIT */
/* The words of query code.  Private to engine/orm: code.c writes them, replay reads them.
 *
 * A word is an operation in its low 8 bits and an argument in the others.  What follows an
 * operation, in prefix order, stands behind its name; [text] is bytes padded to words, their
 * number being the argument. */
#ifndef ORM_CODE_IMPL_H
#define ORM_CODE_IMPL_H

#include "orm/code.h"

enum op {
    OP_END,
    /* operands: each value takes one cell */
    OP_VALUE,     /* kind: cell */
    OP_LIST,      /* n: kinds, four in a word; n cells */
    OP_OPERANDS,  /* n: n operands */
    OP_INSTANCES, /* n | list << 23: model; n times as many cells as it has targets */
    OP_SLOT,      /* cell of any kind */
    OP_ROWS,      /* all cells of an insert */
    /* conditions */
    OP_Q,      /* n << 3 | negated << 2 | connector: n conditions */
    OP_LOOKUP, /* [key] operand */
    /* expressions */
    OP_F,     /* [name] */
    OP_OUTER, /* depth: OP_NAME */
    OP_STAR,
    OP_COMBINED,  /* operator: two operands */
    OP_OUTPUT,    /* [class] length-or-digits, places: expression */
    OP_CAST,      /* the same */
    OP_FUNCTION,  /* n: OP_NAME, n operands */
    OP_NAME,      /* [text] */
    OP_AGGREGATE, /* n << 4 | flags: OP_NAME, n operands, parts */
    OP_CASE,      /* n << 1 | default */
    OP_NOT,
    OP_COMPARE, /* [lookup] expression operand */
    OP_QUERY,   /* use: number of words; words of a query */
    OP_ORDER,   /* flags: expression */
    OP_WINDOW,  /* n_partition: n_order, kind | exclusion << 4 | has << 8, start, end */
    OP_RAW,     /* n: OP_NAME sql, n operands */
    OP_COLLATE, /* [name] expression */
    OP_DEFAULT,
    /* queries */
    OP_MODEL, /* id */
    OP_FILTER,
    OP_EXCLUDE,
    OP_ANNOTATE, /* n */
    OP_ALIAS,    /* n */
    OP_ORDER_BY, /* n */
    OP_REVERSE,
    OP_DISTINCT,       /* n */
    OP_VALUES,         /* n */
    OP_VALUES_LIST,    /* n */
    OP_DATES,          /* desc: OP_NAME field, OP_NAME kind */
    OP_DATETIMES,      /* desc: OP_NAME field, OP_NAME kind, OP_NAME zone */
    OP_ONLY,           /* n */
    OP_DEFER,          /* n */
    OP_SELECT_RELATED, /* n << 2 | which */
    OP_SLICE,          /* has low | has high << 1; the marks are in the header */
    OP_NONE,
    OP_COMBINE,           /* n << 2 | kind: n OP_QUERY */
    OP_LOCK,              /* n << 3 | flags: n OP_NAME */
    OP_FILTERED_RELATION, /* OP_NAME alias, OP_NAME relation, condition */
    OP_COUNT,
    OP_EXISTS,
    OP_GET,
    OP_FIRST,       /* last */
    OP_EARLIEST,    /* n << 1 | latest */
    OP_AGGREGATION, /* n: n OP_NAME expression */
    OP_UPDATE,      /* n: n OP_NAME operand */
    OP_RETURNING,   /* n: n OP_NAME */
    OP_DELETE,
    OP_EXPLAIN,    /* n: OP_NAME format, n OP_NAME */
    OP_INSERT,     /* flags: model, rows, fields, unique, update; names; operands or OP_ROWS */
    OP_ROW_UPDATE, /* returning: model, fields, keys; names */
    OP_COUNT_OF_OPS
};

#define OP_OF(word) ((enum op)((word)&0xff))
#define ARG_OF(word) ((word) >> 8)
#define ARG_MAX 0xffffffu

#endif
