/* SPDX-License-Identifier: MIT */
/* A query while it is compiled: what the files behind statement.h share.
 *
 *   replay.c     the ops of a query, one after the other, change a struct query
 *   query.c      what a query selects, groups by, loads
 *   read_expr.c  expressions in the words become struct expr, resolved against a query
 *   joins.c      paths of names become joins; their reuse, promotion, trimming
 *   where.c      conditions; negations over relations that have many rows become subqueries
 *   lookups.c    lookups and transforms by name      functions.c   database functions
 *   types.c      which type an expression has
 *   emit*.c      struct expr to text and parameters  select.c …    whole statements
 *
 * Everything lies in the arena of one compilation and is dropped with it; what stays of it is
 * copied into the statement.  Aliases are pointers, so renaming a table is one assignment.
 *
 * Functions give 0 or a pointer, -1 or NULL with c->err filled. */
#ifndef ORM_QUERY_IMPL_H
#define ORM_QUERY_IMPL_H

#include "base/vec.h"
#include "orm/code_impl.h"
#include "orm/statement.h"

#include <assert.h>

enum { NAMES_MAX = 32, PATH_MAX_JOINS = 48, ALIASES_MAX = 128, DEPTH_MAX = 150 };

typedef unsigned __int128 alias_set;
#define ALIAS_BIT(n) ((alias_set)1 << (n))

struct expr;
struct query;
struct lookup;
struct function;

/* ---- types ---- */

struct type {
    enum storage storage;
    enum field_type_id id; /* FIELD_TYPE_COUNT: unknown */
    int16_t digits, places;
    int length;
    const struct field *field; /* whose conversions apply; NULL: of the type alone */
};

extern const struct type type_unknown;
struct type type_of_field(const struct field *f);
struct type type_builtin(enum field_type_id id);
struct type type_of_value(enum value_kind kind);
static inline bool type_known(const struct type *t)
{
    return t->id != FIELD_TYPE_COUNT;
}
const char *type_name(const struct type *t);

/* ---- expressions ---- */

enum expr_kind {
    E_COLUMN,
    E_VALUE,    /* a cell */
    E_LITERAL,  /* text written by this module: 1, 0 */
    E_TEXT,     /* a text of this module as a parameter: kinds of dates */
    E_NUMBER,   /* a number of this module as a parameter */
    E_COMBINED, /* op; two */
    E_FUNCTION,
    E_AGGREGATE,
    E_CASE, /* condition, result, …, default when n is odd */
    E_SUBQUERY,
    E_EXISTS,
    E_NOT,
    E_WINDOW, /* the expression, partition, order */
    E_ORDER,  /* op: CODE_DESC … */
    E_RAW,
    E_COLLATE,
    E_CAST,
    E_WRAPPER,   /* another type for one expression */
    E_REF,       /* a selected expression by its alias */
    E_POSITION,  /* or by its place */
    E_WHERE,     /* op: connector; negated */
    E_LOOKUP,    /* left, right (none for isnull) */
    E_TRANSFORM, /* a part of a date, a key of a JSON document … of one expression */
    E_JSON_KEY,
    E_LIST,
    E_STAR,
    E_NOTHING, /* a condition that never holds */
    E_DEFAULT,
    E_EXTRACT, /* text: kind; zone in args[1], if any */
    E_TRUNC,
    E_NOW,
};

enum expr_flags {
    EF_AGGREGATE = 1,
    EF_WINDOW = 2,
    EF_SUBQUERY = 4,
    EF_COLUMN = 8,
    EF_SUMMARY = 16, /* names an annotation of the query it is computed over */
};

struct expr {
    uint8_t kind, flags, op;
    bool negated;
    uint32_t n;
    struct expr **args;
    struct type type;
    union {
        struct {
            struct alias *alias;
            const struct field *field;
            bool multivalued; /* came over a path of several names from a subquery */
            bool relation;    /* compared with instances and rows of a model */
        } col;
        struct {
            uint32_t slot, n; /* n: cells of one JSON array, else 0 */
            enum value_kind kind;
            enum convert_bind bind;
        } value;
        int64_t number;
        struct {
            struct str name;
            struct expr *to;
            uint32_t position;
        } ref;
        struct {
            const struct function *fn;
            struct expr *filter;
            uint32_t n_order; /* of an aggregate: the last arguments, which are E_ORDER */
            bool distinct;
        } fn;
        struct {
            const struct lookup *def;
            bool flag; /* isnull: which; has None among the values of `in` */
        } lookup;
        struct query *query;
        struct str text; /* JSON key, kind of a date, raw SQL, collation, literal */
        struct {
            uint32_t n_partition, n_order;
            struct code_frame frame;
        } window;
    };
};

/* ---- tables ---- */

enum join_type { JOIN_BASE, JOIN_INNER, JOIN_OUTER };

struct path { /* one step from a table to another */
    const struct model *to;
    const struct field *fk; /* the ForeignKey on whose columns the join is */
    bool direct;            /* it stands in the table we come from */
    bool many;
    struct filtered *filtered;
};

struct alias {
    struct str name, table;
    enum join_type type;
    bool nullable;
    uint16_t index;
    int refs;
    struct alias *parent;
    struct path path;       /* how it is joined */
    struct expr *condition; /* of a FilteredRelation */
};

struct filtered { /* FilteredRelation */
    struct str alias, relation;
    const uint32_t *words; /* its condition */
    uint32_t slot;
    struct filtered *next;
};

/* ---- queries ---- */

struct annotation {
    struct str name;
    struct expr *expr;
    bool selected; /* not an alias() and not left out by values() */
    bool summary;
};

struct selected { /* one column of values() */
    struct str name;
    bool annotation;
    struct expr *expr;
};

struct ordering {
    struct str name; /* with its sign; or */
    struct expr *expr;
};

struct related { /* select_related as a tree */
    struct str name;
    struct related *children, *next;
    bool used;
};

enum grouping { GROUP_NONE, GROUP_MODEL, GROUP_LIST };

/* Vectors that grow in the arena. */
#define LIST(type)                                                                                 \
    struct {                                                                                       \
        type *items;                                                                               \
        uint32_t n, cap;                                                                           \
    }
#define list_add(c, l)                                                                             \
    ((l)->n < (l)->cap                                                                             \
         ? &(l)->items[(l)->n++]                                                                   \
         : ((l)->items = list_grow((c)->arena, (l)->items, (l)->n, &(l)->cap, sizeof *(l)->items), \
            &(l)->items[(l)->n++]))
void *list_grow(struct arena *a, void *items, uint32_t n, uint32_t *cap, size_t size);

struct query {
    struct compiler *c;
    const struct model *model;
    struct query *outer;
    char prefix;
    uint32_t prefixes; /* those in use below: bit 0 is 'A' … */
    LIST(struct alias *) aliases;
    struct expr *where;
    LIST(struct annotation) annotations;
    LIST(struct expr *) select; /* columns of values(), in the order of `names` */
    LIST(struct str) names;
    LIST(struct selected) selected;
    bool has_selected, default_cols;
    enum grouping grouping;
    LIST(struct expr *) group_by;
    LIST(struct ordering) order_by;
    bool no_default_order, reversed;
    bool distinct;
    LIST(struct str) distinct_on;
    enum code_related related_mode;
    struct related *related;
    LIST(struct str) deferred;
    bool only; /* deferred names those that are loaded */
    bool sliced, has_low, has_high, limit_one;
    int64_t literal_limit;        /* > 0: known now, instead of has_high */
    uint32_t low_slot, high_slot; /* of a subquery; UINT32_MAX: of the code's header */
    struct filtered *filtered;
    bool combined, combined_all;
    enum code_combinator combinator;
    LIST(struct query *) parts;
    bool subquery, is_values, values_list;
    bool locks;
    bool outer_f;           /* F() on the right of a lookup means the outer query */
    alias_set lookup_joins; /* of the last lookup */
    alias_set used;
};

/* ---- the compilation ---- */

typedef VEC(struct statement_param) param_vec;

struct compiler {
    struct arena *arena; /* of this compilation */
    const struct orm *orm;
    const struct dialect *d;
    struct err *err;
    const struct code *code;
    const uint32_t *w, *end; /* next word */
    uint32_t slot;           /* next cell */
    unsigned depth;
    bool bare;                    /* columns without their tables: constraints, indexes */
    struct str prefix;            /* of names: the way to the model whose ordering is read */
    bool checking;                /* only: the query around that OuterRef means is not there */
    bool counting;                /* a key of several columns is counted by its first one */
    bool typed;                   /* the expression that is read next gets its type from outside */
    struct filtered *in_filtered; /* whose condition is being resolved */
    /* text so far */
    struct buf *out;
    param_vec *params;
    param_vec *checks; /* the values of conditions, to look at; NULL: they are not wanted */
};

void *c_alloc(struct compiler *c, size_t size); /* zeroed */
struct str c_printf(struct compiler *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int c_fail(struct compiler *c, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
struct expr *c_fail_expr(struct compiler *c, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int c_corrupt(struct compiler *c); /* words that no builder makes */

struct resolve;

/* replay.c */
struct query *query_new(struct compiler *c, const struct model *m, struct query *outer);
/* The query at c->w up to `end`; *terminal has the op that ends it (0: none), c->w stands
 * behind that word. */
struct query *query_replay(struct compiler *c, const uint32_t *end, struct query *outer,
                           uint32_t *terminal);
int query_annotate(struct query *q, struct str name, struct expr *e, bool selected);
struct annotation *query_annotation(struct query *q, struct str name);
/* n names with expressions, which may use each other; gives the names. */
struct str *read_annotations(struct query *q, uint32_t n, const struct resolve *r, bool selected);
int query_values(struct query *q, struct str *names, uint32_t n, bool given);
int query_add_fields(struct query *q, struct str *names, uint32_t n, bool allow_many);
int query_group(struct query *q, bool aliases);
void query_clear_select(struct query *q);
int query_select_key(struct query *q);
void query_clear_order(struct query *q, bool force);
bool query_has_aggregates(const struct query *q);
int query_defer(struct query *q, struct str *names, uint32_t n, bool only);
void query_limit_one(struct query *q);

/* words */
uint32_t read_word(struct compiler *c);
struct str read_bytes(struct compiler *c, uint32_t n);
/* OP_NAME expected; p NULL with c->err otherwise. */
struct str read_name(struct compiler *c);
/* Steps over a condition or an operand. */
int skip_operand(struct compiler *c);

/* read_expr.c: `joins` false: only columns of the first table; reuse NULL: any join. */
struct resolve {
    bool no_joins, summarize, outer_f;
    alias_set *reuse;
};
struct expr *read_expr(struct query *q, const struct resolve *r);
/* Of a lookup: may be an E_LIST, E_VALUE … */
struct expr *read_operand(struct query *q, const struct resolve *r);
struct expr *resolve_name(struct query *q, struct str name, const struct resolve *r);
struct expr *expr_new(struct compiler *c, enum expr_kind kind, uint32_t n);
void expr_flags(struct expr *e); /* from its arguments */
struct expr *expr_literal(struct compiler *c, const char *text, enum field_type_id id);
struct expr *expr_column(struct compiler *c, struct alias *a, const struct field *f);
struct expr *expr_order(struct compiler *c, struct expr *e, unsigned flags);
bool expr_equal(const struct expr *a, const struct expr *b);
/* A copy in which every expression equal to from[i] is to[i]; the same one when there is none. */
struct expr *expr_replace(struct compiler *c, struct expr *e, struct expr **from, struct expr **to,
                          uint32_t n);
static inline bool expr_is_condition(const struct expr *e)
{
    return e->kind == E_WHERE || e->kind == E_LOOKUP || e->kind == E_EXISTS || e->kind == E_NOT ||
           e->kind == E_NOTHING || e->type.storage == STORE_BOOL;
}

/* joins.c */
struct joined {
    const struct field *target;      /* whose value it is */
    const struct member *final;      /* last member; NULL for plain columns */
    const struct field *final_field; /* NULL when the path ends in a relation seen backwards */
    const struct model *model;       /* at the end */
    uint32_t n_path;
    uint32_t n_names;         /* that are fields; the others are transforms */
    bool relation;            /* the end is a relation */
    bool multi;               /* stopped at a relation with many rows */
    uint8_t steps[NAMES_MAX]; /* paths of each name */
    /* Set as far as n_path goes: they are large. */
    struct path path[PATH_MAX_JOINS];
    struct alias *aliases[PATH_MAX_JOINS + 1];
};
uint32_t split_names(struct str key, struct str names[NAMES_MAX]);
/* Walks names over models; names that are no members end it.  -1 when not even the first is
 * one.  allow_many false: stops with j->multi at a step with many rows. */
int names_to_path(struct query *q, const struct str *names, uint32_t n, const struct model *m,
                  bool allow_many, struct joined *j);
/* Joins along the path that names_to_path() gave. */
int join_path(struct query *q, struct alias *from, alias_set *reuse, struct joined *j);
/* Both. */
int setup_joins(struct query *q, const struct str *names, uint32_t n, const struct model *m,
                struct alias *from, alias_set *reuse, bool allow_many, struct joined *j);
/* Leaves out the last joins whose column stands in the table before. */
void trim_joins(struct joined *j, struct alias **alias, const struct field **target,
                uint32_t *n_aliases);
struct alias *query_base(struct query *q); /* the first table, made when there is none */
struct alias *join_parent(struct query *q, const struct model *m, const struct model *owner,
                          struct alias *from);
void promote_join(struct query *q, struct alias *a);
void demote_join(struct query *q, struct alias *a);
void query_bump(struct query *inner, struct query *outer);
alias_set alias_bits(const struct joined *j, uint32_t n);
/* "Cannot resolve keyword …" with the nearest and the choices. */
int fail_name(struct query *q, const struct model *m, struct str name);
/* "; did you mean 'x'?" with the nearest name of m's, or ""; one: of relations to one object. */
const char *near_member(const struct model *m, struct str name, bool one, char *out, size_t size);

/* where.c */
struct where_ctx {
    bool branch_negated, current_negated, no_joins, no_split, summarize, keep_joins;
    alias_set *reuse;
};
/* A condition at c->w. *needed: aliases that must match.  *out NULL: it is empty. */
int build_filter(struct query *q, const struct where_ctx *x, struct expr **out, alias_set *needed);
int query_filter(struct query *q, bool exclude);
struct expr *where_new(struct compiler *c, enum code_connector connector, bool negated);
void where_add(struct compiler *c, struct expr *w, struct expr *child, enum code_connector how);
/* Splits q->where into what is for WHERE, HAVING and the query around; any may be NULL. */
int where_split(struct compiler *c, struct expr *w, bool must_group, struct expr **where,
                struct expr **having, struct expr **qualify);

/* lookups.c */
struct expr *build_lookup(struct query *q, const struct str *names, uint32_t n, struct expr *lhs,
                          struct expr *rhs);
struct expr *apply_transform(struct query *q, struct expr *lhs, struct str name, bool required);
struct expr *make_isnull(struct compiler *c, struct expr *lhs, bool is);
struct expr *make_exact(struct compiler *c, struct expr *lhs, struct expr *rhs);
int emit_lookup(struct compiler *c, struct expr *e);
int emit_json_key(struct compiler *c, struct expr *e);
bool lookup_is(const struct expr *e, const char *name);

/* functions.c */
enum function_rule {
    RULE_FIRST,  /* as its first argument */
    RULE_SAME,   /* all arguments have one type */
    RULE_NUMBER, /* decimal stays, integer becomes float */
    RULE_FLOAT,
    RULE_INT,
    RULE_CHAR,
    RULE_TEXT,
    RULE_JSON,
    RULE_DATETIME,
    RULE_NONE,
};
enum function_flags {
    FN_AGGREGATE = 1,
    FN_WINDOW = 2, /* only in a Window */
    FN_DISTINCT = 4,
    FN_ORDER = 8,      /* order_by in an aggregate */
    FN_TRANSFORM = 16, /* one argument: registered under a lookup name by authors */
    FN_NOT_EMPTY = 32, /* an aggregate with a value for no rows: Count */
    FN_SPECIAL = 64,   /* emitted by code */
    FN_CUSTOM = 128,
};
struct function {
    const char *name;
    int16_t min, max; /* arguments; max -1: any number */
    enum function_rule rule;
    unsigned flags;
    const char *sql[2]; /* by dialect: %a all arguments, %1 … one of them */
    const char *joiner; /* NULL: ", " */
    struct type type;   /* of an author's function, when it names one */
};
const struct function *function_find(const struct orm *orm, struct str name);
struct expr *read_function(struct query *q, const struct resolve *r, uint32_t n);
/* Extract, Trunc, TruncDate, TruncTime; and those that have the part in their name. */
struct expr *read_date_function(struct query *q, const struct resolve *r, const struct function *fn,
                                uint32_t n);
struct expr *read_kind_function(struct query *q, const struct resolve *r, struct str name,
                                uint32_t n);
struct expr *read_aggregate(struct query *q, const struct resolve *r, uint32_t arg);
int emit_function(struct compiler *c, struct expr *e);
int fail_function(struct compiler *c, struct str name);

/* types.c */
const char *operator_name(unsigned op);
int resolve_combined(struct compiler *c, struct expr *e);
void resolve_same(struct expr *e);
bool cast_to_numeric(const struct compiler *c, const struct expr *e);

/* emit.c */
enum { EMIT_OK = 0, EMIT_ERROR = -1, EMIT_EMPTY = 1, EMIT_FULL = 2 };
int emit(struct compiler *c, struct expr *e);
/* An expression as a select, with what stands for conditions that are always or never true. */
int emit_selected(struct compiler *c, struct expr *e);
void emit_text(struct compiler *c, const char *text);
void emit_str(struct compiler *c, struct str s);
void emit_param(struct compiler *c, const struct statement_param *p);
int emit_value(struct compiler *c, struct expr *value, const struct type *as,
               enum convert_bind bind);
int emit_list(struct compiler *c, struct expr **items, uint32_t n, const char *joiner);
int emit_template(struct compiler *c, const char *sql, struct expr **args, uint32_t n,
                  const char *joiner);
void emit_param_text(struct compiler *c, struct str text);
void emit_param_int(struct compiler *c, int64_t number);
void emit_zone(struct compiler *c, struct expr *zone, bool named);
int emit_extract(struct compiler *c, struct expr *e);
int emit_trunc(struct compiler *c, struct expr *e);
int emit_window(struct compiler *c, struct expr *e);
struct param_type param_type_of(const struct type *t, enum convert_bind bind);

struct piece { /* text with its parameters, cut out of the stream */
    struct str sql;
    struct statement_param *params;
    uint32_t n;
};
struct emit_mark {
    size_t text;
    size_t params;
};
struct emit_mark emit_mark(const struct compiler *c);
void emit_rollback(struct compiler *c, struct emit_mark m);
struct piece emit_cut(struct compiler *c, struct emit_mark m);
void emit_piece(struct compiler *c, const struct piece *p);
bool piece_equal(const struct piece *a, const struct piece *b);

/* select.c: emits a whole SELECT. */
struct out_column {
    struct expr *expr;
    struct str alias; /* n 0: none */
    struct str name;  /* in rows, where there is no alias; n 0: the field's */
    struct piece piece;
    bool field; /* of a model: `node` */
    uint16_t node;
};
struct select_plan { /* what came out, for the statement */
    LIST(struct out_column) columns;
    LIST(struct statement_node) nodes;
    bool ordered;
};
int emit_select(struct query *q, struct select_plan *plan, bool column_aliases, bool no_limits,
                bool keep_empty);
int emit_subquery(struct compiler *c, struct query *q);
int emit_from(struct query *q);
int plan_columns(struct query *q, struct select_plan *plan, bool column_aliases);
int emit_limits(struct query *q);

/* group_by.c, order_by.c, combine.c, qualify.c */
struct out_order {
    struct expr *expr;
    struct piece piece;
    bool is_ref;
};
typedef LIST(struct out_order) out_orders;
int plan_order(struct query *q, struct select_plan *plan, out_orders *out, bool *from_model);
/* What the rows of the query are ordered by, as far as it is known: E_ORDER each. */
int query_order(struct query *q, struct expr ***items, uint32_t *n);
typedef LIST(struct piece) pieces;
int plan_group(struct query *q, struct select_plan *plan, struct out_column *extra,
               uint32_t n_extra, out_orders *order, bool meta_order, struct expr *having,
               pieces *out);
void group_columns(struct compiler *c, struct expr *e, void (*add)(void *, struct expr *),
                   void *data);
int emit_combined(struct query *q, struct select_plan *plan, bool keep_empty);
int emit_qualify(struct query *q, struct select_plan *plan, struct expr *where, struct expr *having,
                 struct expr *qualify, bool keep_empty);

/* aggregate.c: what a query is run for.  They write the whole statement. */
int terminal_count(struct query *q, struct select_plan *plan);
int terminal_exists(struct query *q);
int terminal_aggregate(struct query *q, uint32_t n, struct select_plan *plan, bool *constant);

/* change.c */
int terminal_update(struct query *q, uint32_t n, struct select_plan *plan);
int terminal_delete(struct query *q);
/* The one of code_start_row_update(). */
int emit_row_update(struct compiler *c, bool returning, struct select_plan *plan,
                    const struct model **model);
int emit_insert(struct compiler *c, uint32_t flags, struct select_plan *plan,
                const struct model **model);

#endif
