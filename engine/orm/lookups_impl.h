/* SPDX-License-Identifier: MIT */
/* The table of lookups.  Private to lookups.c, emit_lookup.c, custom.c and
 * what reads expressions. */
#ifndef ORM_LOOKUPS_IMPL_H
#define ORM_LOOKUPS_IMPL_H

#include "orm/lookups.h"
#include "orm/query_impl.h"

enum lookup_kind {
    LOOKUP_COMPARE, /* sql is the operator */
    LOOKUP_IEXACT,
    LOOKUP_PATTERN, /* LIKE */
    LOOKUP_REGEX,
    LOOKUP_IN,
    LOOKUP_RANGE,
    LOOKUP_ISNULL,
    LOOKUP_JSON_CONTAINS,
    LOOKUP_HAS_KEY,
    LOOKUP_CUSTOM,
};

struct lookup {
    const char *name;
    enum lookup_kind kind;
    const char *sql;
    enum convert_bind bind;
    bool related;           /* of relations too */
    bool list;              /* takes one */
    struct str field_class; /* of an author's: "" for every field */
};

struct transform { /* an author's */
    struct str name, field_class;
    struct function function;
    bool keeps_type;
};

const struct lookup *lookup_named(const char *name);
/* The field that the left side of a condition begins with, for messages; may be NULL. */
const struct field *lookup_field(const struct expr *lhs);
/* What the values on the right side of a condition are bound as; false where any value is
 * good. */
bool lookup_param_type(const struct expr *e, struct param_type *out);

#endif
