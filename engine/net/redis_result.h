/* SPDX-License-Identifier: MIT */
/* Replies of Redis, flat: a value for each, and behind an array its members. Their texts
 * stand in one buffer of the caller's, so that the value of a GET lands where it is wanted. */
#ifndef NET_REDIS_RESULT_H
#define NET_REDIS_RESULT_H

#include "base/buf.h"
#include "base/err.h"

enum redis_type {
    REDIS_NIL,
    REDIS_INTEGER,
    REDIS_TEXT,
    REDIS_STATUS, /* "OK" */
    REDIS_ERROR,
    REDIS_ARRAY
};

struct redis_value {
    enum redis_type type;
    int64_t integer; /* of an array: how many members */
    size_t at, n;    /* of the text, in the buffer */
};

struct redis_result {
    struct buf *text;
    struct redis_value *values; /* read-only to callers: [0..n) */
    size_t n, cap;
    struct redis_value few[4];
};

/* Texts are added to `text`, which stays the caller's. */
void redis_result_init(struct redis_result *r, struct buf *text);
void redis_result_release(struct redis_result *r);

static inline struct str redis_text(const struct redis_result *r, const struct redis_value *v)
{
    return str_make(r->text->data + v->at, v->n);
}

/* The protocol's reader: bytes in any pieces; `result` is asked for every part of a reply
 * (NULL: it is dropped), `replied` told the end of each. */
struct redis_reader;
struct redis_reader *redis_reader_new(struct redis_result *(*result)(void *data),
                                      int (*replied)(void *data, struct err *err), void *data);
void redis_reader_free(struct redis_reader *r);
/* -1 with *err: not the protocol, or larger than 512 MiB; then it is of no more use. */
int redis_reader_feed(struct redis_reader *r, const char *p, size_t n, struct err *err);

#endif
