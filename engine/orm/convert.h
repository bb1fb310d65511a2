/* SPDX-License-Identifier: MIT */
/* Values to what the database stores, and back, by the type of the field.
 *
 * Bound: Django's get_db_prep_value for the dialect, with the conversions that lookups ask
 * for (LIKE patterns, bounds of a year).  A value that does not fit the field gives
 * ERR_INVALID with Django's message: "Field 'price' expected a number but got 'x'."
 * Read: Django's from_db_value and backend converters.  See interop.md 1.5 for the stored
 * forms; they are Django's to the byte. */
#ifndef ORM_CONVERT_H
#define ORM_CONVERT_H

#include "orm/dialect.h"
#include "orm/value.h"
#include "value/timezone.h"

/* What is done to a value on its way in, after the conversion of its type. */
enum convert_bind {
    BIND_PLAIN,
    BIND_CONTAINS,   /* %value% with %, _ and \ escaped */
    BIND_STARTS,     /* value% */
    BIND_ENDS,       /* %value */
    BIND_LIKE,       /* escaped only */
    BIND_YEAR_FIRST, /* first moment of the year, in the current zone for moments */
    BIND_YEAR_LAST,  /* its last one */
    BIND_ISO_FIRST,  /* of the ISO year */
    BIND_ISO_LAST,
    /* Of numbers that are compared with a column: what an integer column cannot hold stays a
     * double, what a decimal one cannot hold stays a decimal.  They are never cut to fit. */
    BIND_MATCH,       /* = IN BETWEEN */
    BIND_FLOOR,       /* the whole number before: integer columns > and <= */
    BIND_CEIL,        /* the next whole number: integer columns >= and < */
    BIND_JSON,        /* as a JSON document */
    BIND_JSON_LOOKUP, /* the same, and NULL is the document null */
    BIND_JSON_KEY,    /* a key as part of a JSON path: $."key" */
    BIND_RAW,         /* as it is, by its own kind */
};

struct param_type { /* how one parameter is converted */
    enum storage storage;
    enum convert_bind bind;
    const struct field *field;          /* for messages and sizes; may be NULL */
    int16_t max_digits, decimal_places; /* of decimals; 0: as they are */
    uint32_t max_chars;                 /* of text that is stored; 0: any number */
};

/* What a conversion may need from outside. */
struct convert_zone {
    struct tz tz;       /* the current time zone */
    struct tz fallback; /* that of moments without one: the setting time_zone; none: UTC */
    struct str tz_name; /* its name, for the database */
    bool naive;         /* setting use_tz is off: moments have no zone, here and in the database */
};

/* Gives a value of kind NULL, INT, DOUBLE, TEXT or BLOB; text lies in `v`, or in `scratch`,
 * which is only appended to. */
int convert_bind(const struct dialect *d, const struct param_type *t, struct value v,
                 const struct convert_zone *zone, struct arena *scratch, struct value *out,
                 struct err *err);

/* The kinds of values, as 1 << enum value_kind, that convert_bind leaves as they are: but for
 * booleans, which become 1 and 0, and doubles that are no numbers, which it refuses. */
unsigned convert_as_is(const struct param_type *t);

/* The type of a result column. */
struct column_type {
    enum storage storage;
    int16_t max_digits, decimal_places; /* decimals are given with that many places; -1: as
                                         * they come */
    bool hooked;                        /* field->type has FIELD_HOOKED: the binding converts */
    bool naive;                         /* moments have no zone */
    bool local;                /* a moment cut to a part of a date: it is shown in `zone` */
    struct str zone;           /* an IANA name or an offset; empty: the current zone */
    bool json_key;             /* a part of a JSON document: text is decoded if it is JSON */
    const struct field *field; /* may be NULL */
};

/* Whether a column's values are what the database gives: a binding may skip convert_column. */
static inline bool column_is_plain(const struct column_type *t)
{
    return !t->hooked &&
           (t->storage == STORE_INT || t->storage == STORE_FLOAT || t->storage == STORE_TEXT ||
            t->storage == STORE_FILE || t->storage == STORE_IP || t->storage == STORE_BINARY ||
            t->storage == STORE_UNKNOWN);
}

/* `v` is what the database gave: NULL, INT, DOUBLE, TEXT or BLOB.  text lies in v or in
 * `scratch`.
 * UUIDs are text with hyphens; moments are UTC. */
int convert_column(const struct dialect *d, const struct column_type *t, struct value v,
                   struct arena *scratch, struct value *out, struct err *err);

#endif
