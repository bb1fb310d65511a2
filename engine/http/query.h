/* SPDX-License-Identifier: MIT */
/* An ordered map from names to lists of strings: query strings, forms, cookies
 * (Django's QueryDict).  A key stands where it came first; the last value of a
 * key is the one that counts.
 *
 * Owner: the arena it was made with, which also has the strings; there is nothing
 * to free.  Replaced values stay in the arena until it goes: see `dead`. */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct query_field {
    struct str key;   /* NUL-ended */
    struct str value; /* NUL-ended; p NULL: the key is there with an empty list */
    uint32_t hash;
    uint32_t next; /* number of the next field with this key, plus one; 0: none */
    uint32_t last; /* in the first field of a key: number of the last one, plus one; else 0 */
};

struct query { /* read-only to callers: a field with `last` starts a new key */
    struct query_field *fields;
    uint32_t n, cap, keys;
    uint32_t *index; /* of first fields; NULL while there are few keys */
    uint32_t index_size;
    struct arena *arena;
    size_t dead; /* bytes of the arena that are no longer used */
};

void query_init(struct query *q, struct arena *a);

/* Adds the fields of an application/x-www-form-urlencoded text, separated by "&"
 * only; a missing "=" or value is an empty value, invalid UTF-8 becomes U+FFFD.
 * Fails with ERR_TOO_LARGE when there are more than max_fields, before anything is added. */
int query_parse(struct query *q, struct str text, size_t max_fields, struct err *err);

/* The last value of the key; p NULL when there is none. */
struct str query_get(const struct query *q, struct str key);
bool query_has(const struct query *q, struct str key);
/* The first field of a key and the next ones, or NULL. */
const struct query_field *query_first(const struct query *q, struct str key);
const struct query_field *query_next(const struct query *q, const struct query_field *f);
/* Number of values. */
size_t query_count(const struct query *q, struct str key);

/* Key and value are copied. */
void query_add(struct query *q, struct str key, struct str value);
/* The key has this one value from now on. */
void query_set(struct query *q, struct str key, struct str value);
/* The key has these values from now on; they may be none. */
void query_set_list(struct query *q, struct str key, const struct str *values, size_t n);
bool query_remove(struct query *q, struct str key);
void query_clear(struct query *q);
/* Adds all fields of `from`, which may be q itself, behind those that are there. */
void query_add_all(struct query *q, const struct query *from);

/* Adds "a=1&a=2&b=3" with the values of a key together.  A space is "+", unless there
 * are bytes that are `safe`: these stay as they are, and a space is "%20" (as Django's). */
void query_urlencode(const struct query *q, struct buf *out, struct str safe);

#endif
