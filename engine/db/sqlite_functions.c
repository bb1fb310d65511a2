/* SPDX-License-Identifier: MIT */
#include "db/sqlite_functions.h"

static int add(sqlite3 *h, const struct sqlite_function *f, struct databases *all)
{
    int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | (f->random ? 0 : SQLITE_DETERMINISTIC);
    if (f->step)
        return sqlite3_create_window_function(h, f->name, f->nargs, flags, all, f->step, f->final,
                                              f->value, f->inverse, NULL);
    return sqlite3_create_function_v2(h, f->name, f->nargs, flags, all, f->call, NULL, NULL, NULL);
}

int sqlite_functions_add(sqlite3 *h, struct databases *all)
{
    static const struct sqlite_function *const tables[] = {
        sqlite_date_functions,  sqlite_text_functions,   sqlite_math_functions,
        sqlite_stats_functions, sqlite_concat_functions, NULL};
    for (int i = 0; tables[i]; i++)
        for (const struct sqlite_function *f = tables[i]; f->name; f++) {
            int code = add(h, f, all);
            if (code != SQLITE_OK)
                return code;
        }
    return SQLITE_OK;
}
