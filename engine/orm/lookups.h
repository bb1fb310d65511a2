/* SPDX-License-Identifier: MIT */
/* Lookups and transforms by name, Django's and those of authors.
 *
 * An author's lookup is a template: "%(lhs)s <> %(rhs)s".  A transform is the name of a
 * database function or a template with %(expressions)s.  Both are registered for a field
 * class ("CharField"; "" for every field) before the first query. */
#ifndef ORM_LOOKUPS_H
#define ORM_LOOKUPS_H

#include "orm/code.h"
#include "orm/model.h"

/* ERR_INVALID when the template names anything else, or the name is none. */
int orm_add_lookup(struct orm *orm, struct str name, struct str field_class, struct str sql,
                   struct err *err);
/* `output` is the class of the result; empty: as what it is applied to. */
int orm_add_transform(struct orm *orm, struct str name, struct str field_class, struct str sql,
                      struct str output, struct err *err);
/* Func with another function or template; arity < 0: any number of arguments. */
int orm_add_function(struct orm *orm, struct str name, struct str sql, int arity, bool aggregate,
                     struct str output, struct err *err);

/* Whether the last name of a lookup key means a lookup that takes a list ("in", "range"). */
bool lookup_takes_list(struct str key);

#endif
