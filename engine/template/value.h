/* SPDX-License-Identifier: MIT */
/* Values as templates see them: 16 bytes, passed by value, owning nothing.
 *
 * Text, decimals and moments are borrowed pointers.  Whatever a value points to (and the
 * host's object behind TVAL_OBJECT) stays until the render mark under which it was made is
 * released (render.h); what shall live longer goes through context_set(). */
#ifndef TEMPLATE_VALUE_H
#define TEMPLATE_VALUE_H

#include "base/str.h"
#include "value/dateformat.h"
#include "value/datetime.h"
#include "value/decimal.h"

enum tval_type {
    TVAL_UNDEFINED, /* a name that does not resolve; never leaves expressions */
    TVAL_NONE,
    TVAL_BOOL,
    TVAL_INT,
    TVAL_DOUBLE,
    TVAL_STR,
    TVAL_DECIMAL,
    TVAL_MOMENT, /* date, time or datetime */
    TVAL_TIMEDELTA,
    TVAL_LIST,   /* made by a filter or tag */
    TVAL_LOOP,   /* the variable `forloop` */
    TVAL_BLOCK,  /* the variable `block` */
    TVAL_OBJECT, /* the host's: list, map, instance, function … */
};

enum {                    /* tval.flags */
       TVAL_SAFE = 1,     /* of TVAL_STR: HTML already */
       TVAL_CALLABLE = 2, /* of TVAL_OBJECT: names call it when they find it */
       TVAL_STATIC = 8,   /* stands in the template, and stays as long as it */
       TVAL_ZONED = 4,    /* of TVAL_MOMENT: in the zone it is to be shown in (|utc) */
};

struct block_scope;
struct name;
struct render_loop;
struct tlist;

struct tval {
    uint8_t type; /* enum tval_type */
    uint8_t flags;
    uint32_t n; /* of TVAL_STR: bytes */
    union {
        bool b;
        int64_t i;
        double d;
        const char *p;
        const struct decimal *decimal; /* only decimal_size() bytes are there */
        const struct moment *moment;
        const struct duration *duration;
        const struct tlist *list;
        const struct render_loop *loop;
        const struct block_scope *block;
        int64_t object; /* the host's number for it */
    } u;
};

struct tlist {
    size_t n;
    const struct tval *items;
    /* A named pair as {% regroup %} makes them: "grouper" is items[0], "list" items[1]. */
    bool group;
    /* A dict: the names of the items, which live as long as the engine; NULL for lists. */
    const struct name *const *names;
};

static inline struct tval tval_none(void)
{
    return (struct tval){.type = TVAL_NONE};
}

static inline struct tval tval_bool(bool b)
{
    return (struct tval){.type = TVAL_BOOL, .u.b = b};
}

static inline struct tval tval_int(int64_t i)
{
    return (struct tval){.type = TVAL_INT, .u.i = i};
}

static inline struct tval tval_double(double d)
{
    return (struct tval){.type = TVAL_DOUBLE, .u.d = d};
}

/* Bytes stay where they are; at most 4 GiB (limits hold them far below). */
static inline struct tval tval_str(struct str s)
{
    return (struct tval){.type = TVAL_STR, .n = (uint32_t)s.n, .u.p = s.p};
}

static inline struct tval tval_safe(struct str s)
{
    return (struct tval){.type = TVAL_STR, .flags = TVAL_SAFE, .n = (uint32_t)s.n, .u.p = s.p};
}

static inline struct tval tval_list(const struct tlist *list)
{
    return (struct tval){.type = TVAL_LIST, .u.list = list};
}

static inline bool tval_is_str(struct tval v)
{
    return v.type == TVAL_STR;
}

static inline bool tval_is_safe(struct tval v)
{
    return v.type == TVAL_STR && v.flags & TVAL_SAFE;
}

/* The text of a TVAL_STR. */
static inline struct str tval_text(struct tval v)
{
    return str_make(v.u.p, v.n);
}

#endif
