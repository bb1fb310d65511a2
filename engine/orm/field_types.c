/* SPDX-License-Identifier: MIT */
#include "orm/field_types.h"

#include "orm/value.h"

#define FIELD_TYPE_ROW(id, name, internal, storage, flags, sqlite, postgresql)                     \
    {id, STR_INIT(name), STR_INIT(internal), storage, flags, {sqlite, postgresql}},

const struct field_type field_types[FIELD_TYPE_COUNT] = {FIELD_TYPES(FIELD_TYPE_ROW)};

const struct field_type *field_type_find(struct str name)
{
    for (size_t i = 0; i < FIELD_TYPE_COUNT; i++)
        if (str_eq(field_types[i].name, name))
            return &field_types[i];
    return NULL;
}

const char *value_kind_name(enum value_kind kind)
{
    static const char *const names[VALUE_KINDS] = {
        "null",    "false", "true", "integer",  "number",         "string",    "bytes",
        "decimal", "date",  "time", "datetime", "naive datetime", "timedelta", "JSON",
    };
    return kind < VALUE_KINDS ? names[kind] : "?";
}
