/* SPDX-License-Identifier: MIT */
/* What differs between databases in the SQL that is made for them.
 *
 * One constant table of texts and switches for each; the compiler asks nothing else.  Names
 * are the only thing that is ever put into text, quoted by dialect_quote; values are bound.
 *
 * Owner: process (constants). */
#ifndef ORM_DIALECT_H
#define ORM_DIALECT_H

#include "base/buf.h"
#include "orm/model.h"

enum dialect_id { DIALECT_SQLITE, DIALECT_POSTGRESQL };

struct dialect {
    enum dialect_id id;
    struct str name;            /* "sqlite" */
    bool numbered;              /* parameters are $1, $2 …, not ? */
    bool for_update;            /* locking clauses */
    bool nulls_order;           /* NULLS FIRST and LAST */
    bool returning;             /* INSERT … RETURNING */
    bool distinct_on;           /* SELECT DISTINCT ON */
    bool slices_in_combinators; /* LIMIT and ORDER BY in the parts of a UNION */
    bool boolean_literals;      /* true and false, not 1 and 0 */
    bool aggregate_filter;      /* FILTER (WHERE …) */
    int64_t max_parameters;
    struct str no_limit; /* what LIMIT says where there is only an OFFSET */
};

extern const struct dialect dialect_sqlite;

/* "name" with quotes in it doubled. */
void dialect_quote(struct buf *out, struct str name);

/* The type of f's column as CREATE TABLE has it, without NULL and CHECK: "varchar(200)".
 * false when f has no column. */
bool dialect_column_type(const struct dialect *d, const struct field *f, struct buf *out);
/* "integer unsigned" needs CHECK ("x" >= 0), JSON its own: the text in the brackets, or false. */
bool dialect_column_check(const struct dialect *d, const struct field *f, struct buf *out);

/* Whether `name` may be an alias: letters, digits, '_' and what Django allows, nothing that
 * could end a quoted name.  ERR_INVALID with Django's words otherwise. */
int dialect_check_alias(struct str name, struct err *err);

#endif
