/* SPDX-License-Identifier: MIT */
/* The types that columns have: Django's field classes, one line each.
 *
 * A field type says how a value is stored, what the column is called in each database and
 * which lookups and transforms fit.  Everything that differs between field classes on the
 * SQL side is decided here, so a new class is one line of FIELD_TYPES; classes that authors
 * write in Lua are derived from one of these at start (orm_add_field_type, model.h).
 *
 * Owner: process. */
#ifndef ORM_FIELD_TYPES_H
#define ORM_FIELD_TYPES_H

#include "base/str.h"

#include <stdbool.h>

/* How values of a type lie in the database and what they are in a program. */
enum storage {
    STORE_NONE, /* no column: ManyToManyField, CompositePrimaryKey */
    STORE_INT,
    STORE_FLOAT,
    STORE_DECIMAL,
    STORE_BOOL,
    STORE_TEXT,
    STORE_DATE,
    STORE_DATETIME,
    STORE_TIME,
    STORE_DURATION,
    STORE_UUID,
    STORE_BINARY,
    STORE_JSON,
    STORE_IP,
    STORE_FILE,    /* text; NULL is written as '' */
    STORE_TARGET,  /* a relation: as the field that it points at */
    STORE_UNKNOWN, /* the type of an expression that nothing tells: values come as they are */
};

enum field_flags {
    FIELD_AUTO = 1,      /* the database gives the value */
    FIELD_POSITIVE = 2,  /* CHECK (column >= 0) */
    FIELD_RELATION = 4,  /* ForeignKey, OneToOneField, ManyToManyField */
    FIELD_GENERATED = 8, /* computed by the database, never written */
    FIELD_HOOKED = 16,   /* an author's class converts the values in Lua */
};

/* X(enumerator, class name, internal type, storage, flags, SQLite column, PostgreSQL column)
 * %n is max_length, %d and %p are max_digits and decimal_places. */
/* clang-format off */
#define FIELD_TYPES(X) \
    X(FIELD_AUTO_INT, "AutoField", "AutoField", STORE_INT, FIELD_AUTO, "integer", "integer") \
    X(FIELD_AUTO_BIG, "BigAutoField", "BigAutoField", STORE_INT, FIELD_AUTO, "integer", "bigint") \
    X(FIELD_AUTO_SMALL, "SmallAutoField", "SmallAutoField", STORE_INT, FIELD_AUTO, "integer", "smallint") \
    X(FIELD_INT, "IntegerField", "IntegerField", STORE_INT, 0, "integer", "integer") \
    X(FIELD_BIG, "BigIntegerField", "BigIntegerField", STORE_INT, 0, "bigint", "bigint") \
    X(FIELD_SMALL, "SmallIntegerField", "SmallIntegerField", STORE_INT, 0, "smallint", "smallint") \
    X(FIELD_POSITIVE_INT, "PositiveIntegerField", "PositiveIntegerField", STORE_INT, FIELD_POSITIVE, "integer unsigned", "integer") \
    X(FIELD_POSITIVE_BIG, "PositiveBigIntegerField", "PositiveBigIntegerField", STORE_INT, FIELD_POSITIVE, "bigint unsigned", "bigint") \
    X(FIELD_POSITIVE_SMALL, "PositiveSmallIntegerField", "PositiveSmallIntegerField", STORE_INT, FIELD_POSITIVE, "smallint unsigned", "smallint") \
    X(FIELD_FLOAT, "FloatField", "FloatField", STORE_FLOAT, 0, "real", "double precision") \
    X(FIELD_DECIMAL, "DecimalField", "DecimalField", STORE_DECIMAL, 0, "decimal", "numeric(%d, %p)") \
    X(FIELD_BOOL, "BooleanField", "BooleanField", STORE_BOOL, 0, "bool", "boolean") \
    X(FIELD_CHAR, "CharField", "CharField", STORE_TEXT, 0, "varchar(%n)", "varchar(%n)") \
    X(FIELD_TEXT, "TextField", "TextField", STORE_TEXT, 0, "text", "text") \
    X(FIELD_SLUG, "SlugField", "SlugField", STORE_TEXT, 0, "varchar(%n)", "varchar(%n)") \
    X(FIELD_EMAIL, "EmailField", "CharField", STORE_TEXT, 0, "varchar(%n)", "varchar(%n)") \
    X(FIELD_URL, "URLField", "CharField", STORE_TEXT, 0, "varchar(%n)", "varchar(%n)") \
    X(FIELD_DATE, "DateField", "DateField", STORE_DATE, 0, "date", "date") \
    X(FIELD_DATETIME, "DateTimeField", "DateTimeField", STORE_DATETIME, 0, "datetime", "timestamp with time zone") \
    X(FIELD_TIME, "TimeField", "TimeField", STORE_TIME, 0, "time", "time") \
    X(FIELD_DURATION, "DurationField", "DurationField", STORE_DURATION, 0, "bigint", "interval") \
    X(FIELD_UUID, "UUIDField", "UUIDField", STORE_UUID, 0, "char(32)", "uuid") \
    X(FIELD_BINARY, "BinaryField", "BinaryField", STORE_BINARY, 0, "BLOB", "bytea") \
    X(FIELD_JSON, "JSONField", "JSONField", STORE_JSON, 0, "text", "jsonb") \
    X(FIELD_IP, "GenericIPAddressField", "GenericIPAddressField", STORE_IP, 0, "char(39)", "inet") \
    X(FIELD_FILE, "FileField", "FileField", STORE_FILE, 0, "varchar(%n)", "varchar(%n)") \
    X(FIELD_IMAGE, "ImageField", "FileField", STORE_FILE, 0, "varchar(%n)", "varchar(%n)") \
    X(FIELD_FILE_PATH, "FilePathField", "FilePathField", STORE_TEXT, 0, "varchar(%n)", "varchar(%n)") \
    X(FIELD_COMPUTED, "GeneratedField", "GeneratedField", STORE_TARGET, FIELD_GENERATED, NULL, NULL) \
    X(FIELD_COMPOSITE, "CompositePrimaryKey", "CompositePrimaryKey", STORE_NONE, 0, NULL, NULL) \
    X(FIELD_FK, "ForeignKey", "ForeignKey", STORE_TARGET, FIELD_RELATION, NULL, NULL) \
    X(FIELD_O2O, "OneToOneField", "OneToOneField", STORE_TARGET, FIELD_RELATION, NULL, NULL) \
    X(FIELD_M2M, "ManyToManyField", "ManyToManyField", STORE_NONE, FIELD_RELATION, NULL, NULL)
/* clang-format on */

enum field_type_id {
#define FIELD_TYPE_ENUM(id, ...) id,
    FIELD_TYPES(FIELD_TYPE_ENUM)
#undef FIELD_TYPE_ENUM
        FIELD_TYPE_COUNT
};

struct field_type {
    enum field_type_id id; /* of a derived one: its base's */
    struct str name;       /* the class */
    struct str internal;   /* Django's get_internal_type() */
    enum storage storage;
    unsigned flags;         /* FIELD_AUTO … */
    const char *columns[2]; /* by enum dialect_id; NULL: by its target, or none */
};

/* The built-in ones by enum field_type_id. */
extern const struct field_type field_types[FIELD_TYPE_COUNT];

/* A built-in type by the name of its class; NULL when there is none. */
const struct field_type *field_type_find(struct str name);

#endif
