/* SPDX-License-Identifier: MIT */
/* Private to the Memcached backend: its protocol. Meta commands (Memcached 1.6), because they
 * tell the time that a value has left, and their replies can be told apart without knowing
 * the question; flush_all and stats in the classic form. */
#ifndef CACHE_MEMCACHED_WIRE_H
#define CACHE_MEMCACHED_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "net/link.h"

enum mc_code {
    MC_DONE,         /* HD, OK, MN */
    MC_VALUE,        /* VA */
    MC_MISSING,      /* EN, NF */
    MC_NOT_STORED,   /* NS */
    MC_CHANGED,      /* EX */
    MC_STAT,         /* a line of stats: more comes */
    MC_END,          /* the end of stats */
    MC_UNKNOWN,      /* ERROR */
    MC_CLIENT_ERROR, /* data: the text */
    MC_SERVER_ERROR,
};

struct mc_reply {
    enum mc_code code;
    struct str data; /* of a value, a line of stats, an error */
    int64_t ttl;     /* flag t: seconds; -1 for ever; MC_NO_TTL: it was not asked for */
    uint64_t cas;    /* flag c; 0: it was not asked for */
};
#define MC_NO_TTL INT64_MIN

/* Reads the reply that `in` begins with; it points into that. Gives the bytes it takes, 0
 * when there are more to come, -1 with *err when that is not the protocol. */
int64_t mc_parse(struct str in, struct mc_reply *out, struct err *err);

struct mc_value {
    enum mc_code code;
    int64_t ttl;
    uint64_t cas;
    size_t at, n; /* data, in the result's text */
};

struct mc_result { /* replies in the order of the commands */
    struct buf *text;
    struct mc_value *values;
    size_t n, cap; /* cap: how many will come; of the caller's */
};

static inline struct str mc_text(const struct mc_result *r, const struct mc_value *v)
{
    return str_make(r->text->data + v->at, v->n);
}

extern const struct link_codec mc_codec; /* fills struct mc_result */

#endif
