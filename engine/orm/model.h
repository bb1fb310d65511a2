/* SPDX-License-Identifier: MIT */
/* What the compiler knows of models: tables, fields, relations, names.
 *
 * A struct orm is one world of models: the project has one, each historical state of the
 * migrations another.  It is filled in two steps: models and their fields are described one
 * by one, relations naming their targets as text ("shop.Category", "Category", "self"); then
 * orm_resolve() finds the targets, makes the join tables of ManyToManyFields, the reverse
 * sides and the tables of names, and reports what does not fit.  After that nothing changes
 * any more, and every struct here is read-only to everybody.
 *
 * Abstract models do not appear: their fields are described again for each heir, by whoever
 * describes.  Defaults, validators, choices, managers are not known here either.
 *
 * Owner: process (a migration's state: whoever made it).  All memory is the world's; strings
 * of a description are copied. */
#ifndef ORM_MODEL_H
#define ORM_MODEL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "orm/field_types.h"

#include <stdint.h>

struct code;
struct field;
struct model;
struct orm;

enum relation_kind {
    REL_NONE,
    REL_FK,
    REL_ONE,  /* OneToOneField */
    REL_MANY, /* ManyToManyField */
};

struct relation {
    enum relation_kind kind;
    const struct field *field; /* the one that declares it */
    const struct model *to;
    const struct field *target; /* FK, one: the field it points at (to_field or the key) */
    struct str accessor;        /* of the reverse side on instances: "items", "item_set" */
    struct str query_name;      /* of the reverse side in lookups: "items", "item" */
    bool hidden;                /* related_name ends with '+': no accessor */
    bool parent_link;           /* multi-table inheritance: a row of `to` with more columns */
    bool symmetrical;
    bool db_constraint;
    const struct model *through; /* many: the join table's model, and its two ForeignKeys */
    const struct field *source_fk, *target_fk;
};

struct field {
    const struct model *model; /* that has the column; an heir lists its parent's fields too */
    struct str name;           /* "category" */
    struct str attname;        /* "category_id"; elsewhere the name */
    struct str column;         /* n 0: no column */
    const struct field_type *type;
    /* Of relations and generated fields, the field whose type the values have, at the end of
     * every chain; of others the field itself.  NULL for STORE_NONE. */
    const struct field *storage;
    const struct relation *rel; /* NULL unless FIELD_RELATION */
    int max_length;             /* -1: none */
    int max_digits, decimal_places;
    bool null, primary_key, unique, db_index;
    bool generated; /* GeneratedField; stored when db_persist */
    bool db_persist;
    bool has_db_default;
    uint32_t position; /* in model->local */
    struct str collation;
    const struct code *expression;    /* GeneratedField; or db_default; may be NULL */
    const struct field *const *parts; /* CompositePrimaryKey */
    uint32_t n_parts;
    void *user; /* of the describer */
};

/* What a name in a lookup may mean, on one model. */
enum member_kind { MEMBER_FIELD, MEMBER_REVERSE };

struct member {
    enum member_kind kind;
    const struct field *field;  /* the field; of a reverse side the one at the other end */
    const struct relation *rel; /* NULL for fields that are no relation */
};

struct model {
    struct orm *orm;
    uint32_t id;                /* index into orm->models */
    struct str app_label, name; /* "shop", "Product" */
    struct str label;           /* "shop.Product" */
    struct str lower;           /* "product" */
    struct str table;
    const struct model *concrete;      /* itself, or what a proxy stands for */
    bool proxy, managed, auto_created; /* auto_created: the join table of a ManyToManyField */
    const struct field *pk;
    const struct field *const *local; /* declared here, in order, no ManyToManyField */
    uint32_t n_local;
    const struct field *const *fields; /* with columns, parents' first: what a row has */
    uint32_t n_fields;
    const struct field *const *many; /* ManyToManyFields, parents' first */
    uint32_t n_many;
    const struct relation *const *reverse; /* that point here (or at a parent) */
    uint32_t n_reverse;
    /* Multi-table inheritance: the nearest parents and the links to them. */
    const struct model *const *parents;
    const struct field *const *links;
    uint32_t n_parents;
    /* Fields that relations point at, the key first: an instance that is given as a value
     * brings the values of all of them, in this order. */
    const struct field *const *targets;
    uint32_t n_targets;
    const struct code *ordering; /* a fragment made with code_order_by; NULL: none */
    const struct field *order_with_respect_to;
    struct map members; /* name → struct member */
    void *user;
};

struct orm {
    struct arena arena;
    struct model **models;
    uint32_t n_models;
    bool resolved;
    bool use_tz;                               /* moments are aware, and stored in UTC */
    struct map by_label;                       /* "shop.product" (lower) → struct model */
    struct map field_types;                    /* derived ones */
    struct map lookups, transforms, functions; /* authors' own: orm/custom.h */
    const struct field_type *auto_field;       /* of join tables: BigAutoField */
};

/* ---- describing ---- */

/* auto_field NULL: BigAutoField. */
struct orm *orm_new(const struct field_type *auto_field);
void orm_free(struct orm *orm);

struct model_def {
    struct str app_label, name;
    struct str table;      /* empty: app_name, lower */
    const char *proxy_for; /* label of the model a proxy stands for; NULL: no proxy */
    bool unmanaged;
    bool auto_created;
};

/* ERR_EXISTS when the label is taken.  NULL on error. */
struct model *orm_add_model(struct orm *orm, const struct model_def *def, struct err *err);

struct field_def {
    struct str name;
    struct str type;   /* "CharField" or a derived one */
    struct str column; /* empty: by Django's rules */
    int max_length;    /* 0: none */
    int max_digits, decimal_places;
    bool null, primary_key, unique, db_index;
    struct str collation;
    /* relations */
    struct str to;       /* "shop.Category", "Category", "self" */
    struct str to_field; /* empty: the key */
    struct str related_name, related_query_name;
    bool parent_link, asymmetrical, no_db_constraint;
    struct str through;           /* many: label; empty: made by orm_resolve */
    struct str through_fields[2]; /* empty: found */
    struct str db_table;          /* many: of the join table made */
    /* GeneratedField: output_* give the type of the result.  CompositePrimaryKey: parts. */
    const struct code *expression; /* or db_default; copied */
    bool db_persist, has_db_default;
    struct str output_type;
    const struct str *parts;
    uint32_t n_parts;
};

/* ERR_EXISTS for a name that is taken, ERR_NOT_FOUND for an unknown type (with the
 * nearest), ERR_INVALID for a name that is none or holds "__".  NULL on error. */
struct field *model_add_field(struct model *m, const struct field_def *def, struct err *err);

/* `ordering` is a fragment of code_order_by; copied. */
void model_set_ordering(struct model *m, const struct code *ordering);
int model_set_order_with_respect_to(struct model *m, struct str field, struct err *err);

/* Django's app_label.ModelName rules: "Model" is looked for in `app`; lower or upper case.
 * NULL with ERR_NOT_FOUND and the nearest label. */
struct model *orm_model(const struct orm *orm, struct str app, struct str label, struct err *err);

/* A field class of an author: named, derived from a built-in type, with the columns it asks
 * for (NULL: its base's).  `hooked`: its values pass through the author's functions. */
int orm_add_field_type(struct orm *orm, struct str name, struct str base, const char *sqlite,
                       const char *postgresql, bool hooked, struct err *err);
/* Built-in or derived; NULL with ERR_NOT_FOUND and the nearest. */
const struct field_type *orm_field_type(const struct orm *orm, struct str name, struct err *err);

/* Makes the world usable.  -1 with the first thing that does not fit: a target that does not
 * exist (nearest label), two relations with one reverse name, a model without a key … */
int orm_resolve(struct orm *orm, struct err *err);

/* ---- asking ---- */

/* "pk" is the key.  NULL when the model has no such member. */
const struct member *model_member(const struct model *m, struct str name);
/* Fields by name or attname, "pk" too; NULL with ERR_NOT_FOUND and the nearest name. */
const struct field *model_field(const struct model *m, struct str name, struct err *err);
/* Whether `heir` is m, a proxy of it, or inherits from it by links. */
bool model_is_a(const struct model *heir, const struct model *m);
/* The link from m to its ancestor, over several steps the first; NULL when there is none. */
const struct field *model_link(const struct model *m, const struct model *ancestor);
/* What a lookup of a related manager filters by: from_fk__pk and so on are up to the caller;
 * this gives the name in lookups on `rel->to` that leads to rel->field's model. */
struct str relation_query_name(const struct relation *rel);

#endif
