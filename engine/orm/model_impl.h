/* SPDX-License-Identifier: MIT */
/* Models while they are described.  Private to model.c and registry.c. */
#ifndef ORM_MODEL_IMPL_H
#define ORM_MODEL_IMPL_H

#include "base/vec.h"
#include "orm/model.h"

struct field_impl {
    struct field f;
    struct relation r;
    /* as described, until orm_resolve */
    struct str to, to_field, related_name, related_query_name;
    struct str through, through_fields[2], db_table, output_type;
    const struct str *parts;
    bool seen; /* in a chain of targets */
};

struct model_impl {
    struct model m; /* first: a struct model is one of these */
    struct str proxy_for, order_with_respect_to;
    VEC(const struct field *) fields; /* described here, ManyToManyFields too */
    VEC(const struct field *) all, many, links, targets;
    VEC(const struct model *) parents;
    VEC(const struct relation *) reverse;
    int state; /* of the walk over parents: 0 new, 1 under way, 2 done */
};

static inline struct model_impl *model_impl(const struct model *m)
{
    return (struct model_impl *)(void *)(size_t)m;
}

static inline struct field_impl *field_impl(const struct field *f)
{
    return (struct field_impl *)(void *)(size_t)f;
}

#endif
