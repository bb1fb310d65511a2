/* SPDX-License-Identifier: MIT */
/* Functions of numbers that SQLite does not have; ACOS … TAN are its own. */
#include "db/sqlite_functions.h"

#include "crypto/random.h"

#include <math.h>

static bool is_number(sqlite3_context *ctx, sqlite3_value *v, const char *message)
{
    int type = sqlite3_value_numeric_type(v);
    if (type == SQLITE_INTEGER || type == SQLITE_FLOAT)
        return true;
    sqlite3_result_error(ctx, message, -1);
    return false;
}

static void bitxor(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    if (function_null(n, args))
        return;
    if (sqlite3_value_numeric_type(args[0]) != SQLITE_INTEGER ||
        sqlite3_value_numeric_type(args[1]) != SQLITE_INTEGER)
        sqlite3_result_error(ctx, "BITXOR takes integers", -1);
    else
        sqlite3_result_int64(ctx, sqlite3_value_int64(args[0]) ^ sqlite3_value_int64(args[1]));
}

static void cot(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    double t;
    if (function_null(n, args) || !is_number(ctx, args[0], "COT takes a number"))
        return;
    t = tan(sqlite3_value_double(args[0]));
    if (t == 0)
        sqlite3_result_error(ctx, "COT: division by zero", -1);
    else
        sqlite3_result_double(ctx, 1 / t);
}

static void sign(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    double x;
    if (function_null(n, args) || !is_number(ctx, args[0], "SIGN takes a number"))
        return;
    x = sqlite3_value_double(args[0]);
    sqlite3_result_int(ctx, (x > 0) - (x < 0));
}

/* RAND(): 0 and more, less than 1 */
static void random_number(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    uint64_t bits;
    (void)n, (void)args;
    random_bytes(&bits, sizeof bits);
    sqlite3_result_double(ctx, (double)(bits >> 11) * 0x1p-53);
}

const struct sqlite_function sqlite_math_functions[] = {
    {.name = "BITXOR", .nargs = 2, .call = bitxor},
    {.name = "COT", .nargs = 1, .call = cot},
    {.name = "SIGN", .nargs = 1, .call = sign},
    {.name = "RAND", .nargs = 0, .call = random_number, .random = true},
    {0},
};
