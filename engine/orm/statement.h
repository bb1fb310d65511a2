/* SPDX-License-Identifier: MIT */
/* From query code to SQL: compile once for each shape, look up afterwards.
 *
 *     const struct statement *s = statements_get(cache, query, &err);
 *     statement_bind(s, query, d, &zone, scratch, values, &err);
 *     db_query(db, s->db, values, s->n_params, &cursor, &err);
 *     db_step; for (j < s->n_columns) convert_column(d, &s->columns[j].type, …)
 *
 * A statement belongs to the cache and is read-only.  It stays until the cache drops it: hold
 * it across a wait only between statement_ref and statement_unref.
 *
 * Owner: worker. */
#ifndef ORM_STATEMENT_H
#define ORM_STATEMENT_H

#include "db/db.h"
#include "orm/code.h"
#include "orm/convert.h"

struct statements;

enum param_source {
    PARAM_SLOT,  /* cell `slot` of the query */
    PARAM_TEXT,  /* `text`: belongs to the statement */
    PARAM_INT,   /* `number` */
    PARAM_ZONE,  /* the name of the current time zone */
    PARAM_LOW,   /* the query's slice: code->low */
    PARAM_COUNT, /* code->high - code->low */
    PARAM_LIST,  /* cells `slot` … `slot + n - 1` as one JSON array */
};

struct statement_param {
    enum param_source source;
    uint32_t slot, n;
    union {
        struct str text;
        int64_t number;
    };
    struct param_type type;
    uint32_t as_is; /* PARAM_SLOT: convert_as_is() */
};

/* Where a column of a row goes. */
enum column_place {
    COLUMN_FIELD,      /* field of the instance of `node` */
    COLUMN_ANNOTATION, /* `name` on the instance of the model */
    COLUMN_VALUE,      /* `name` of a values() row; of values_list() the position */
    COLUMN_HIDDEN,     /* for the database only */
};

struct statement_column {
    enum column_place place;
    uint16_t node;             /* 0: the model; else one of the statement's nodes */
    const struct field *field; /* COLUMN_FIELD */
    struct str name;           /* of the statement */
    struct column_type type;
};

/* An instance in a row: number 0 is the query's model, the others come of select_related and
 * hang on an earlier one.  An outer-joined node whose key is NULL does not exist. */
struct statement_node {
    const struct model *model;
    uint16_t parent;
    bool reverse; /* a OneToOneField seen from the other end */
    bool outer;   /* may be missing */
    const struct relation *rel;
    struct str name;       /* under which the parent keeps it */
    uint16_t first, count; /* its columns */
    uint16_t key;          /* the column of its key */
    bool partial;          /* only/defer: some fields are missing */
    bool inherits; /* an heir of its parent's model: the fields that are not among its columns
                    * are those of the parent's columns */
};

enum statement_kind {
    STATEMENT_ROWS,      /* instances */
    STATEMENT_VALUES,    /* rows of values; also dates and datetimes (one column) */
    STATEMENT_COUNT,     /* one integer */
    STATEMENT_EXISTS,    /* a row or none */
    STATEMENT_AGGREGATE, /* one row */
    STATEMENT_CHANGE,    /* no rows; or those of RETURNING */
    STATEMENT_EXPLAIN,   /* rows of text and numbers as the database gives them */
};

struct statement { /* read-only */
    enum statement_kind kind;
    const struct model *model;
    /* Nothing can come out: there is no SQL.  count 0, exists false, no rows; aggregates are
     * in the columns' `empty`. */
    bool empty;
    bool values_list;
    bool locks;   /* select_for_update: must run in a transaction */
    bool ordered; /* by the query or the model */
    struct str sql;
    const struct statement_param *params;
    uint32_t n_params;
    const struct statement_column *columns;
    uint32_t n_columns;
    const struct statement_node *nodes;
    uint32_t n_nodes;
    /* STATEMENT_AGGREGATE: for each column, what it is when `empty`, or when the row is NULL
     * (Count: 0); VALUE_NULL mostly.  May be NULL. */
    const struct value *when_empty;
    struct db_sql *db; /* what db_query() runs; NULL when empty */
    void *prepared;    /* of the runner: what it keeps with the shape */
};

/* At most `limit` shapes are kept (0: 1024), the least lately used goes. `orm` is resolved. */
struct statements *statements_new(const struct orm *orm, const struct dialect *dialect,
                                  size_t limit);
/* `drop`, when not NULL, is called for each statement->prepared that is not NULL. */
void statements_on_drop(struct statements *s, void (*drop)(void *prepared, void *data), void *data);
/* No cursor of its statements may be open. */
void statements_free(struct statements *s);

/* The statement of a complete query or insert.  NULL with *err:
 * ERR_FIELD for names that mean nothing (Django's FieldError, with the nearest),
 * ERR_TYPE and ERR_INVALID for what cannot be combined (TypeError, ValueError),
 * ERR_UNSUPPORTED for what the database or Django does not do (NotSupportedError). */
const struct statement *statements_get(struct statements *s, const struct code *query,
                                       struct err *err);
void statement_ref(const struct statement *st);
void statement_unref(struct statements *s, const struct statement *st);

/* Whether a query that was just extended makes sense: the same errors, without making SQL.
 * Shapes that were found good cost a lookup. */
int statements_check(struct statements *s, const struct code *query, struct err *err);

/* Parameter i of the statement with the values of `query`: as convert_bind. */
int statement_param(const struct statement *st, uint32_t i, const struct code *query,
                    const struct dialect *d, const struct convert_zone *zone, struct arena *scratch,
                    struct value *out, struct err *err);

/* All of them, as db_query() takes them: `values` has room for st->n_params.  Their bytes lie
 * in the query, the statement and `scratch`. */
int statement_bind(const struct statement *st, const struct code *query, const struct dialect *d,
                   const struct convert_zone *zone, struct arena *scratch, struct db_value *values,
                   struct err *err);

/* The same for one row of an insert with CODE_INSERT_EACH or of an update of
 * code_start_row_update(): row[i] is what goes into its i-th field; text lies there or in
 * `scratch`. */
int statement_bind_row(const struct statement *st, const struct value *row, const struct dialect *d,
                       const struct convert_zone *zone, struct arena *scratch,
                       struct db_value *values, struct err *err);

/* A column of a row, for convert_column. */
static inline struct value statement_value(const struct db_value *v)
{
    static const enum value_kind kinds[] = {
        [DB_NULL] = VALUE_NULL, [DB_INT] = VALUE_INT,   [DB_DOUBLE] = VALUE_DOUBLE,
        [DB_TEXT] = VALUE_TEXT, [DB_BLOB] = VALUE_BLOB,
    };
    struct value out = {.kind = kinds[v->kind]};
    out.text = v->s; /* all members of both unions lie within it */
    return out;
}

/* The SQL with its values written into it, for people to read and for EXPLAIN texts: what
 * Django's str(query) shows.  Never to be run. */
int statement_text(const struct statement *st, const struct code *query, const struct dialect *d,
                   const struct convert_zone *zone, struct buf *out, struct err *err);

/* ---- parts of a schema ---- */

/* A condition or expression on the columns of one table, with its values written in as
 * literals: CHECK and WHERE of constraints and indexes, GENERATED ALWAYS AS, DEFAULT.
 * Columns are unqualified. */
int statement_schema_sql(const struct orm *orm, const struct dialect *d, const struct model *m,
                         const struct code *fragment, struct buf *out, struct err *err);

#endif
