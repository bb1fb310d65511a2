/* SPDX-License-Identifier: MIT */
/* perilune_string_agg(value, delimiter, mode, keys …): texts joined in an order of their own, each
 * once when the mode begins with 'u'.  GROUP_CONCAT knows no order before SQLite 3.44, and no
 * delimiter where it is DISTINCT.  Of each key the mode has a letter: a ascending, d descending;
 * in capitals when NULLs come last of the former, first of the latter, as they do not by
 * themselves. */
#include "db/sqlite_functions.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"

struct lines;

struct line {
    const struct lines *of;
    sqlite3_value *value, **keys;
    size_t at; /* in the order of the rows */
};

struct lines {
    VEC(struct line) items;
    struct str mode; /* of the keys; ends with NUL */
    struct buf delimiter;
    bool unique;
};

/* ---- the order of values: NULL, numbers, text, bytes ---- */

static int rank_of(int type)
{
    switch (type) {
    case SQLITE_NULL:
        return 0;
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
        return 1;
    default:
        return type == SQLITE_TEXT ? 2 : 3;
    }
}

static int compare_numbers(sqlite3_value *a, sqlite3_value *b)
{
    if (sqlite3_value_type(a) == SQLITE_INTEGER && sqlite3_value_type(b) == SQLITE_INTEGER) {
        sqlite3_int64 x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);
        return (x > y) - (x < y);
    }
    double x = sqlite3_value_double(a), y = sqlite3_value_double(b);
    return (x > y) - (x < y);
}

static int compare_bytes(sqlite3_value *a, sqlite3_value *b)
{
    const void *p = sqlite3_value_blob(a), *q = sqlite3_value_blob(b);
    int n = sqlite3_value_bytes(a), m = sqlite3_value_bytes(b), least = n < m ? n : m;
    int diff = least ? memcmp(p, q, (size_t)least) : 0;
    return diff ? diff : n - m;
}

static int compare_keys(sqlite3_value *a, sqlite3_value *b, char mode)
{
    int x = rank_of(sqlite3_value_type(a)), y = rank_of(sqlite3_value_type(b));
    bool descending = mode == 'd' || mode == 'D';
    int diff = x - y;
    if (diff && (!x || !y) && (mode == 'A' || mode == 'D'))
        diff = -diff;
    if (!diff && x)
        diff = x == 1 ? compare_numbers(a, b) : compare_bytes(a, b);
    return descending ? -diff : diff;
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    for (size_t i = 0; i < x->of->mode.n; i++) {
        int diff = compare_keys(x->keys[i], y->keys[i], x->of->mode.p[i]);
        if (diff)
            return diff;
    }
    return (x->at > y->at) - (x->at < y->at);
}

/* ---- the aggregate ---- */

static void begin(struct lines *all, sqlite3_value **args, size_t n_keys)
{
    struct str mode = function_text(args[2]);
    all->unique = str_starts(mode, STR("u"));
    mode = str_skip(mode, all->unique);
    char *copy = mem_alloc(n_keys + 1);
    for (size_t i = 0; i < n_keys; i++)
        copy[i] = i < mode.n ? mode.p[i] : 'a';
    copy[n_keys] = '\0';
    all->mode = str_make(copy, n_keys);
    buf_addstr(&all->delimiter, function_text(args[1]));
}

static void concat_step(sqlite3_context *ctx, int n, sqlite3_value **args)
{
    struct lines **all = sqlite3_aggregate_context(ctx, sizeof *all);
    size_t n_keys = n > 3 ? (size_t)n - 3 : 0;
    if (n < 3 || !all || sqlite3_value_type(args[0]) == SQLITE_NULL)
        return;
    if (!*all) {
        *all = mem_zalloc(sizeof **all);
        begin(*all, args, n_keys);
    }
    struct line line = {.of = *all, .at = (*all)->items.n};
    line.value = sqlite3_value_dup(args[0]);
    line.keys = mem_alloc(mem_mul(n_keys + 1, sizeof *line.keys));
    for (size_t i = 0; i < n_keys; i++)
        line.keys[i] = sqlite3_value_dup(args[i + 3]);
    vec_push(&(*all)->items, line);
}

static void lines_free(struct lines *all)
{
    for (size_t i = 0; i < all->items.n; i++) {
        struct line *line = &all->items.items[i];
        for (size_t k = 0; k < all->mode.n; k++)
            sqlite3_value_free(line->keys[k]);
        free(line->keys);
        sqlite3_value_free(line->value);
    }
    vec_release(&all->items);
    buf_release(&all->delimiter);
    free((char *)(uintptr_t)all->mode.p);
    free(all);
}

static void concat_final(sqlite3_context *ctx)
{
    struct lines **found = sqlite3_aggregate_context(ctx, 0), *all = found ? *found : NULL;
    if (!all)
        return;
    struct buf out = BUF_INIT;
    struct map seen = MAP_INIT;
    bool any = false;
    if (all->mode.n)
        qsort(all->items.items, all->items.n, sizeof *all->items.items, compare_lines);
    for (size_t i = 0; i < all->items.n; i++) {
        struct str text = function_text(all->items.items[i].value);
        if (all->unique && map_has(&seen, text))
            continue;
        if (all->unique)
            map_set(&seen, text, all);
        if (any)
            buf_addstr(&out, buf_str(&all->delimiter));
        buf_addstr(&out, text);
        any = true;
    }
    function_result(ctx, buf_str(&out));
    map_release(&seen, NULL);
    buf_release(&out);
    lines_free(all);
    *found = NULL;
}

const struct sqlite_function sqlite_concat_functions[] = {
    {.name = "perilune_string_agg", .nargs = -1, .step = concat_step, .final = concat_final},
    {0},
};
