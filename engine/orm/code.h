/* SPDX-License-Identifier: MIT */
/* Queries and expressions as flat code.
 *
 * A query, an expression, a condition (Q) is one immutable block of bytes without pointers:
 *
 *     header | words (structure: what the SQL text depends on) | cells | bytes (the values)
 *
 * so that chaining a call onto a query copies the parent's block and appends, composing
 * expressions copies blocks into a new one, and nobody counts references.  The words, in
 * prefix order, hold operations, counts and names; each value that is bound has one cell, in
 * the order of the words.  Two blocks with the same words have the same SQL text: `hash` is
 * over the words only.
 *
 * Building: a struct code_builder collects one block at a time and is used again and again.
 *
 *     code_start_from(b, parent);                        code_start(b, CODE_CONDITION);
 *     code_filter(b, false);                             size_t q = code_q(b, CODE_OR, false);
 *     code_lookup(b, STR("price__gt"));                  code_append(b, left);
 *     code_value(b, &five);                              code_append(b, right);
 *     struct code *c = code_finish(b, memory);           code_close(b, q, 2);
 *
 * The functions only write: whether the words make sense is checked by statements_check(),
 * which never crashes on words that a builder cannot make, but reports them as invalid.
 *
 * An *operand* (of a lookup, an update, a function) is one of: a value, a list, an instance,
 * instances, an expression, a query. */
#ifndef ORM_CODE_H
#define ORM_CODE_H

#include "base/buf.h"
#include "base/err.h"
#include "orm/value.h"

enum code_kind {
    CODE_QUERY,
    CODE_CONDITION,
    CODE_EXPRESSION,
    CODE_ORDERING,
    CODE_INSERT,
    CODE_ROW_UPDATE
};

struct code { /* read-only */
    uint64_t hash;
    uint64_t created; /* creation counter of expressions: the order in which an author wrote */
    uint32_t n_words, n_cells, n_bytes;
    uint32_t kind;     /* enum code_kind */
    int64_t low, high; /* the slice of a query, from 0; high -1: to the end */
    uint64_t database; /* hash_str() of the alias that a query inside insists on; 0: none does */
};

struct code_cell { /* private */
    uint32_t kind, n;
    union {
        int64_t i;
        double d;
        uint64_t at; /* into the bytes */
    };
};

static inline const uint32_t *code_words(const struct code *c)
{
    return (const uint32_t *)(const void *)(c + 1);
}

static inline size_t code_size(const struct code *c)
{
    size_t words = ((size_t)c->n_words + 1) / 2 * 8;
    return sizeof *c + words + (size_t)c->n_cells * sizeof(struct code_cell) + c->n_bytes;
}

/* Cell `slot` of the block; text points into the block. */
struct value code_value_at(const struct code *c, uint32_t slot);
/* Same structure, hence same SQL text. */
bool code_same_shape(const struct code *a, const struct code *b);

/* Whether a query is nothing but all rows of a model. */
bool code_is_plain(const struct code *c);

/* ---- building ---- */

struct code_builder { /* private */
    struct buf words, cells, bytes;
    uint64_t created;
    enum code_kind kind;
    int64_t low, high;
    uint64_t database;
    size_t list_at; /* of the open list */
    uint32_t list_n;
};

void code_builder_init(struct code_builder *b);
void code_builder_release(struct code_builder *b);

/* Begins a block; what the builder held is dropped.  `kind` is not CODE_QUERY or CODE_INSERT. */
void code_start(struct code_builder *b, enum code_kind kind);
/* Begins Model.objects:all(). */
void code_start_query(struct code_builder *b, uint32_t model);
/* Begins with a copy of `parent`. */
void code_start_from(struct code_builder *b, const struct code *parent);
/* Size of the block so far; code_finish writes it to `memory`, 8-byte aligned and that large. */
size_t code_builder_size(const struct code_builder *b);
struct code *code_finish(struct code_builder *b, void *memory);

/* A copy of a condition or an expression, at a place where one is wanted. */
void code_append(struct code_builder *b, const struct code *fragment);
/* Ends what a function gave a mark for: `n` children have been written. */
void code_close(struct code_builder *b, size_t mark, uint32_t n);

/* ---- operands ---- */

void code_value(struct code_builder *b, const struct value *v);
/* A list of values: lookups in, range, has_keys …, JSON arrays. */
void code_list_begin(struct code_builder *b);
void code_list_item(struct code_builder *b, const struct value *v);
void code_list_end(struct code_builder *b);
/* A list with expressions or queries among its items; closed with the number of operands. */
size_t code_operands(struct code_builder *b);
/* Instances of a model: for each, code_slot of every field of model->targets follows. */
void code_instances(struct code_builder *b, uint32_t model, uint32_t n, bool list);
void code_slot(struct code_builder *b, const struct value *v);
/* What was written last is of one database and no other. */
void code_database(struct code_builder *b, struct str alias);

/* ---- conditions ---- */

enum code_connector { CODE_AND, CODE_OR, CODE_XOR };
/* A tree node; `close` it with the number of its children. */
size_t code_q(struct code_builder *b, enum code_connector connector, bool negated);
/* "category__name__icontains"; one operand follows. */
void code_lookup(struct code_builder *b, struct str key);
/* Any expression stands for itself: Exists, Case, a lookup on an expression … */

/* ---- expressions ---- */

void code_f(struct code_builder *b, struct str name);
/* depth 1: OuterRef, 2: OuterRef(OuterRef) … */
void code_outer(struct code_builder *b, struct str name, uint32_t depth);
void code_star(struct code_builder *b); /* of Count("*") */

enum code_operator {
    CODE_ADD,
    CODE_SUB,
    CODE_MUL,
    CODE_DIV,
    CODE_MOD,
    CODE_POW,
    CODE_BITAND,
    CODE_BITOR,
    CODE_BITXOR,
    CODE_SHIFT_LEFT,
    CODE_SHIFT_RIGHT,
    CODE_OPERATORS
};
/* Two operands follow. */
void code_combined(struct code_builder *b, enum code_operator op);

/* The type of a result: a field class by name and its sizes (0: none). */
struct code_type {
    struct str name;
    int max_length, max_digits, decimal_places;
};
/* ExpressionWrapper, Value{output_field=}, Func{output_field=}: an expression follows. */
void code_output(struct code_builder *b, const struct code_type *type);
void code_cast(struct code_builder *b, const struct code_type *type);

/* A function by its name in orm/functions.h or as registered; closed with the number of
 * arguments: operands, or code_name for those that are words (kinds of dates, keys). */
size_t code_function(struct code_builder *b, struct str name);
void code_name(struct code_builder *b, struct str text);

enum code_aggregate_flags {
    CODE_AGG_DISTINCT = 1,
    CODE_AGG_FILTER = 2,  /* a condition follows the arguments */
    CODE_AGG_DEFAULT = 4, /* then an operand */
    CODE_AGG_ORDER = 8,   /* then code_order_by */
};
/* Closed, before the parts that the flags announce, with the number of arguments. */
size_t code_aggregate(struct code_builder *b, struct str name, unsigned flags);

/* n times a condition and an operand, then an operand when has_default. */
void code_case(struct code_builder *b, uint32_t n, bool has_default);
void code_not(struct code_builder *b); /* a conditional expression follows */
/* A lookup as an expression, GreaterThan(a, b): an expression and an operand follow. */
void code_compare(struct code_builder *b, struct str lookup);

enum code_query_use { CODE_AS_LIST, CODE_AS_SUBQUERY, CODE_AS_EXISTS };
void code_query(struct code_builder *b, enum code_query_use use, const struct code *query);

enum code_order_flags { CODE_DESC = 1, CODE_NULLS_FIRST = 2, CODE_NULLS_LAST = 4 };
void code_order(struct code_builder *b, unsigned flags); /* an expression follows */

enum code_frame_kind { CODE_FRAME_NONE, CODE_FRAME_ROWS, CODE_FRAME_RANGE };
enum code_exclusion {
    CODE_EXCLUDE_NOTHING,
    CODE_EXCLUDE_CURRENT_ROW,
    CODE_EXCLUDE_GROUP,
    CODE_EXCLUDE_TIES,
    CODE_EXCLUDE_NO_OTHERS
};
struct code_frame {
    enum code_frame_kind kind;
    bool has_start, has_end; /* false: unbounded */
    int32_t start, end;      /* < 0 preceding, 0 the current row, > 0 following */
    enum code_exclusion exclusion;
    bool query_order; /* rows stand as the query orders them so far; n_order is 0 */
};
/* The expression, n_partition expressions and n_order expressions follow. */
void code_window(struct code_builder *b, uint32_t n_partition, uint32_t n_order,
                 const struct code_frame *frame);
/* `?` stands for one of the n operands that follow, `??` for a question mark. */
void code_raw(struct code_builder *b, struct str sql, uint32_t n);
void code_collate(struct code_builder *b, struct str collation); /* an expression follows */
void code_default(struct code_builder *b);                       /* the column's db_default */

/* ---- calls on queries: each appends to the query ---- */

void code_filter(struct code_builder *b, bool exclude); /* a condition follows */
/* n times code_name and an expression; they may name each other in any order. */
void code_annotate(struct code_builder *b, uint32_t n, bool alias);
/* n times code_name ("name", "-name", "?") or an expression.  In a CODE_ORDERING block: a
 * model's ordering. */
void code_order_by(struct code_builder *b, uint32_t n);
void code_reverse(struct code_builder *b);
void code_distinct(struct code_builder *b, uint32_t n); /* n times code_name */
/* n times code_name; n 0: every field.  list: rows in the order of the names. */
void code_values(struct code_builder *b, uint32_t n, bool list);
/* dates("field", "year"); datetimes also with the name of a zone (empty: the current one). */
void code_dates(struct code_builder *b, struct str field, struct str kind, bool desc);
void code_datetimes(struct code_builder *b, struct str field, struct str kind, bool desc,
                    struct str zone);
void code_only(struct code_builder *b, uint32_t n);  /* n times code_name */
void code_defer(struct code_builder *b, uint32_t n); /* n 0: nothing is deferred any more */
enum code_related { CODE_RELATED_NAMES, CODE_RELATED_ALL, CODE_RELATED_NONE };
void code_select_related(struct code_builder *b, enum code_related which, uint32_t n);
/* From `start`, counted from 0 within the slice the query has, `stop` excluded (-1: to the
 * end).  -1 with ERR_INVALID when start is negative or stop is less than start. */
int code_slice(struct code_builder *b, int64_t start, int64_t stop, struct err *err);
void code_none(struct code_builder *b);
enum code_combinator {
    CODE_UNION,
    CODE_UNION_ALL,
    CODE_INTERSECTION,
    CODE_DIFFERENCE,
};
/* The query so far with n others, each written by code_query(CODE_AS_LIST). */
void code_combine(struct code_builder *b, enum code_combinator kind, uint32_t n);
enum code_lock_flags { CODE_LOCK_NOWAIT = 1, CODE_LOCK_SKIP = 2, CODE_LOCK_NO_KEY = 4 };
void code_lock(struct code_builder *b, unsigned flags, uint32_t n_of); /* names follow */
/* A condition follows. */
void code_filtered_relation(struct code_builder *b, struct str alias, struct str relation);

/* ---- the last op: what the query is run for; none: its rows ---- */

void code_count(struct code_builder *b);
void code_exists(struct code_builder *b);
void code_get(struct code_builder *b); /* rows, at most 21 of them */
/* One row, by the key where there is no order; last: from the end. */
void code_first(struct code_builder *b, bool last);
/* n times code_name; n 0: Meta.get_latest_by is up to the caller. */
void code_earliest(struct code_builder *b, uint32_t n, bool latest);
void code_aggregation(struct code_builder *b, uint32_t n); /* n times code_name, expression */
void code_update(struct code_builder *b, uint32_t n);      /* n times code_name, operand */
/* Right behind code_update() and its operands: what the columns are then comes back; n times
 * code_name. */
void code_returning(struct code_builder *b, uint32_t n);
void code_delete(struct code_builder *b);
/* format: "" or a name of the database's; options are pairs of names, sorted. */
void code_explain(struct code_builder *b, struct str format, uint32_t n_options);

/* ---- inserting: a block of its own ---- */

enum code_insert_flags {
    CODE_INSERT_IGNORE = 1,    /* ON CONFLICT DO NOTHING */
    CODE_INSERT_UPDATE = 2,    /* ON CONFLICT (unique…) DO UPDATE SET update… */
    CODE_INSERT_RETURNING = 4, /* columns that the database gives come back */
    CODE_INSERT_EACH = 8,      /* one row of parameters without values: statement_bind_row() */
};
/* Names of n_fields fields, then of n_unique and n_update fields (CODE_INSERT_UPDATE) follow,
 * then the rows: either code_rows and n_rows * n_fields times code_slot, or that many operands.
 * No field at all: a row of defaults. */
void code_start_insert(struct code_builder *b, uint32_t model, uint32_t n_rows, uint32_t n_fields,
                       unsigned flags, uint32_t n_unique, uint32_t n_update);
void code_rows(struct code_builder *b);

/* ---- one row by its key, again and again: a block of its own, for statement_bind_row() ---- */

/* Names of n_fields fields, then of the n_keys fields of the key follow; a row has values in
 * the same order.  returning: generated columns come back. */
void code_start_row_update(struct code_builder *b, uint32_t model, uint32_t n_fields,
                           uint32_t n_keys, bool returning);

#endif
