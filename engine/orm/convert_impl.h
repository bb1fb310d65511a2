/* SPDX-License-Identifier: MIT */
/* Conversions that only statements need.  Private to convert*.c and statement.c. */
#ifndef ORM_CONVERT_IMPL_H
#define ORM_CONVERT_IMPL_H

#include "orm/code.h"
#include "orm/convert.h"
#include "value/decimal.h"

/* Whether convert_bind takes every value of the kind. */
bool convert_always_fits(const struct param_type *t, enum value_kind kind);
/* A JSON path: `path`."key" */
int convert_json_key(struct str path, struct value key, struct arena *scratch, struct value *out,
                     struct err *err);
/* n cells as a JSON array. */
int convert_json_list(const struct code *code, uint32_t slot, uint32_t n, struct arena *scratch,
                      struct value *out, struct err *err);
/* A bound value as a literal of SQL: for texts that people read, and for schemas. */
void convert_literal(const struct value *v, struct buf *out);

/* convert_time.c: 0 and *out, or -1. */
int convert_date(const struct param_type *t, struct value v, const struct convert_zone *zone,
                 int64_t *ordinal, struct err *err);
int convert_moment(const struct param_type *t, struct value v, const struct convert_zone *zone,
                   int64_t *micros, struct err *err);
int convert_daytime(const struct param_type *t, struct value v, int64_t *micros, struct err *err);
struct str convert_date_text(int64_t ordinal, struct arena *scratch);
struct str convert_moment_text(int64_t micros, struct arena *scratch);
struct str convert_time_text(int64_t micros, struct arena *scratch);
int convert_year(const struct param_type *t, int64_t year, const struct convert_zone *zone,
                 struct arena *scratch, struct value *out, struct err *err);
/* What the database stores, back. */
int convert_read_time(enum storage storage, struct str text, struct value *out, struct err *err);

/* "Product.price", for messages. */
enum { CONVERT_PLACE = 176 };
const char *convert_place(const struct param_type *t, char out[CONVERT_PLACE]);
int convert_fail(const struct param_type *t, struct value v, const char *must, struct err *err);
int convert_fail_number(const struct param_type *t, struct value v, struct err *err);

/* convert_number.c: as convert_bind. */
struct decimal convert_decimal_of(struct value v);
/* Whether the value is looked for, not stored. */
bool convert_compares(const struct param_type *t);
int convert_int(const struct param_type *t, struct value v, struct value *out, struct err *err);
int convert_float(const struct param_type *t, struct value v, struct value *out, struct err *err);
int convert_decimal(const struct param_type *t, struct value v, struct arena *scratch,
                    struct value *out, struct err *err);
int convert_bool(const struct param_type *t, struct value v, struct value *out, struct err *err);

static inline void value_set_int(struct value *out, int64_t i)
{
    *out = (struct value){.kind = VALUE_INT, .i = i};
}

static inline void value_set_text(struct value *out, struct str s)
{
    *out = (struct value){.kind = VALUE_TEXT, .text = s};
}

#endif
