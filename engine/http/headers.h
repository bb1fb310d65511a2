/* SPDX-License-Identifier: MIT */
/* A list of header fields in order, names compared without ASCII case.  Used by
 * requests (strings borrowed from the connection) and responses (strings copied
 * into the response's arena). */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct header {
    struct str name, value; /* NUL-ended */
};

struct headers { /* read-only to callers */
    struct header *items;
    unsigned n, cap;
    struct arena *arena; /* where items and copies live */
};

void headers_init(struct headers *h, struct arena *arena);

/* Value of the first field called `name`; p NULL when there is none. */
struct str headers_get(const struct headers *h, struct str name);
bool headers_has(const struct headers *h, struct str name);

/* Fails with ERR_INVALID on a name that is no token, or on CR, LF or NUL in either
 * (Django's BadHeaderError).  Strings are copied. */
int headers_set(struct headers *h, struct str name, struct str value, struct err *err);
int headers_add(struct headers *h, struct str name, struct str value, struct err *err);
/* Only when there is no such field yet. */
int headers_setdefault(struct headers *h, struct str name, struct str value, struct err *err);
bool headers_remove(struct headers *h, struct str name);

/* Literal names and values that are right by construction: no check, no copy. */
void headers_put(struct headers *h, struct str name, struct str value);

bool header_name_valid(struct str name);
bool header_value_valid(struct str value);

#endif
