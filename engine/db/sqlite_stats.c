/* SPDX-License-Identifier: MIT */
/* Aggregates: variances and deviations, exact; any value.  NULLs are left out. */
#include "db/sqlite_functions.h"

#include "value/variance.h"

/* ---- variances ---- */

static struct variance **variance_of(sqlite3_context *ctx, bool make)
{
    struct variance **v = sqlite3_aggregate_context(ctx, make ? sizeof *v : 0);
    if (v && !*v && make)
        *v = variance_new();
    return v;
}

static void step(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct variance **v;
    int type = sqlite3_value_numeric_type(args[0]);
    (void)n;
    if (type == SQLITE_NULL)
        return;
    v = variance_of(ctx, true);
    if (!v)
        sqlite3_result_error_nomem(ctx);
    else if (type == SQLITE_INTEGER)
        variance_add_int(*v, sqlite3_value_int64(args[0]));
    else
        variance_add(*v, sqlite3_value_double(args[0]));
}

static void inverse(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct variance **v = variance_of(ctx, false);
    int type = sqlite3_value_numeric_type(args[0]);
    (void)n;
    if (!v || !*v || type == SQLITE_NULL)
        return;
    if (type == SQLITE_INTEGER)
        variance_remove_int(*v, sqlite3_value_int64(args[0]));
    else
        variance_remove(*v, sqlite3_value_double(args[0]));
}

static void give(sqlite3_context *ctx, bool sample,
                 bool (*result)(struct variance *, bool sample, double *))
{
    struct variance **v = variance_of(ctx, false);
    double d;
    if (v && *v && result(*v, sample, &d))
        sqlite3_result_double(ctx, d);
    else
        sqlite3_result_null(ctx);
}

static void drop(sqlite3_context *ctx)
{
    struct variance **v = variance_of(ctx, false);
    if (v) {
        variance_free(*v);
        *v = NULL;
    }
}

#define AGGREGATE(name, sample, result)                                                            \
    static void name##_value(sqlite3_context *ctx)                                                 \
    {                                                                                              \
        give(ctx, sample, result);                                                                 \
    }                                                                                              \
    static void name##_final(sqlite3_context *ctx)                                                 \
    {                                                                                              \
        give(ctx, sample, result);                                                                 \
        drop(ctx);                                                                                 \
    }
AGGREGATE(var_pop, false, variance_result)
AGGREGATE(var_samp, true, variance_result)
AGGREGATE(stddev_pop, false, variance_deviation)
AGGREGATE(stddev_samp, true, variance_deviation)
#undef AGGREGATE

/* ---- any value ---- */

struct any { /* no window function: the first of a frame may leave it */
    sqlite3_value *first;
};

static void any_step(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct any *any = sqlite3_aggregate_context(ctx, sizeof *any);
    (void)n;
    if (!any || sqlite3_value_type(args[0]) == SQLITE_NULL || any->first)
        return;
    any->first = sqlite3_value_dup(args[0]);
}

static void any_final(sqlite3_context *ctx)
{
    struct any *any = sqlite3_aggregate_context(ctx, 0);
    if (!any || !any->first)
        return;
    sqlite3_result_value(ctx, any->first);
    sqlite3_value_free(any->first);
    any->first = NULL;
}

#define ROW(sql, fn)                                                                               \
    {                                                                                              \
        .name = sql, .nargs = 1, .step = step, .inverse = inverse, .value = fn##_value,            \
        .final = fn##_final                                                                        \
    }
const struct sqlite_function sqlite_stats_functions[] = {
    ROW("VAR_POP", var_pop),
    ROW("VAR_SAMP", var_samp),
    ROW("STDDEV_POP", stddev_pop),
    ROW("STDDEV_SAMP", stddev_samp),
    {.name = "ANY_VALUE", .nargs = 1, .step = any_step, .final = any_final},
    {0},
};
