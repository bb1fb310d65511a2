/* SPDX-License-Identifier: MIT */
/* The SQL functions that Django registers on a connection to SQLite, under its names and
 * with its results: SQL, constraints and indexes of both may stand in one file.
 *
 * Where Django's raise an exception for values of a wrong type, ours take the value as text
 * or number as SQLite would; what cannot be computed is an error. */
#ifndef DB_SQLITE_FUNCTIONS_H
#define DB_SQLITE_FUNCTIONS_H

#include "base/buf.h"
#include "base/str.h"

#include <sqlite3.h>
#include <stdbool.h>

struct databases;

struct sqlite_function {
    const char *name;
    int nargs;
    void (*call)(sqlite3_context *ctx, int n, sqlite3_value **args);
    /* Aggregates; with `value` and `inverse` window functions too. */
    void (*step)(sqlite3_context *ctx, int n, sqlite3_value **args);
    void (*inverse)(sqlite3_context *ctx, int n, sqlite3_value **args);
    void (*value)(sqlite3_context *ctx);
    void (*final)(sqlite3_context *ctx);
    bool random; /* not the same for the same arguments */
};

/* Tables of the files sqlite_date.c …; each ends with name NULL. */
extern const struct sqlite_function sqlite_date_functions[], sqlite_text_functions[],
    sqlite_math_functions[], sqlite_stats_functions[], sqlite_concat_functions[];

int sqlite_functions_add(sqlite3 *h, struct databases *all); /* an SQLite code */

/* ---- for those files ---- */

static inline struct databases *function_databases(sqlite3_context *ctx)
{
    return sqlite3_user_data(ctx);
}

static inline bool function_null(int n, sqlite3_value **args)
{
    for (int i = 0; i < n; i++)
        if (sqlite3_value_type(args[i]) == SQLITE_NULL)
            return true;
    return false;
}

static inline struct str function_text(sqlite3_value *v)
{
    const char *p = (const char *)sqlite3_value_text(v);
    return str_make(p ? p : "", (size_t)sqlite3_value_bytes(v));
}

static inline void function_result(sqlite3_context *ctx, struct str s)
{
    sqlite3_result_text64(ctx, s.p, s.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

#endif
