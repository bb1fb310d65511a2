/* SPDX-License-Identifier: MIT */
/* Extract and Trunc with their like: parts of moments, and moments cut to a part. */
#include "orm/lookups_impl.h"

static const char *const date_kinds[] = {"year", "iso_year", "quarter",  "month",
                                         "week", "day",      "week_day", "iso_week_day",
                                         "hour", "minute",   "second"};

/* Kinds of dates are words out of a closed list: nothing else ever gets there. */
static bool date_kind(struct str name, bool extract, struct str *out)
{
    for (size_t i = 0; i < sizeof date_kinds / sizeof *date_kinds; i++) {
        bool only_extract = i == 1 || i == 6 || i == 7;
        if (str_eq(name, str_from(date_kinds[i])) && (extract || !only_extract)) {
            *out = str_from(date_kinds[i]);
            return true;
        }
    }
    return false;
}

static struct expr *read_zone(struct query *q, const struct resolve *r)
{
    struct compiler *c = q->c;
    if (c->w < c->end && OP_OF(*c->w) == OP_NAME) {
        struct expr *e = expr_new(c, E_TEXT, 0);
        e->text = read_name(c);
        return e->text.p ? e : NULL;
    }
    return read_expr(q, r);
}

static bool is_any(struct str kind, const char *const *kinds)
{
    while (*kinds && !str_eq(kind, str_from(*kinds)))
        kinds++;
    return *kinds;
}

/* A part of a clock that a date has not, or the other way round, is most likely a mistake. */
static int check_part(struct compiler *c, const struct expr *of, bool extract, struct str kind)
{
    static const char *const clock[] = {"hour", "minute", "second", NULL};
    bool time = is_any(kind, clock);
    enum storage s = of->type.storage;
    if (!(s == STORE_DATE && time) && !(s == STORE_TIME && !time))
        return 0;
    const struct field *f = lookup_field(of);
    struct str name = f ? f->name : STR("?");
    const char *class = s == STORE_DATE ? "DateField" : "TimeField";
    if (extract)
        return c_fail(c, ERR_INVALID, "Cannot extract %scomponent '%.*s' from %s '%.*s'.",
                      time ? "time " : "", STR_ARG(kind), class, STR_ARG(name));
    return c_fail(c, ERR_INVALID, "Cannot truncate %s '%.*s' to %s: it has no %.*s.", class,
                  STR_ARG(name), time ? "DateTimeField" : "DateField", STR_ARG(kind));
}

static struct expr *date_part_of(struct query *q, const struct resolve *r, struct expr *of,
                                 bool extract, struct str kind, uint32_t zone)
{
    struct compiler *c = q->c;
    struct expr *e = expr_new(c, extract ? E_EXTRACT : E_TRUNC, 1 + zone);
    enum storage s = of->type.storage;
    bool cast = str_starts(kind, STR("cast_"));
    e->args[0] = of;
    if (zone && !(e->args[1] = read_zone(q, r)))
        return NULL;
    e->text = kind;
    if (extract && s == STORE_DURATION)
        return c_fail_expr(c, ERR_INVALID,
                           "Extract requires native DurationField database support.");
    if (s != STORE_DATE && s != STORE_DATETIME && s != STORE_TIME && type_known(&of->type))
        return c_fail_expr(c, ERR_INVALID,
                           extract ? "Extract input expression must be DateField, DateTimeField, "
                                     "TimeField, or DurationField."
                                   : "Trunc: the expression must be a DateField, TimeField, or "
                                     "DateTimeField.");
    if (!cast && check_part(c, of, extract, kind) < 0)
        return NULL;
    if (extract)
        e->type = type_builtin(FIELD_INT);
    else if (cast)
        e->type = type_builtin(str_eq(kind, STR("cast_date")) ? FIELD_DATE : FIELD_TIME);
    else
        e->type = type_known(&of->type) ? of->type : type_builtin(FIELD_DATETIME);
    e->type.field = NULL;
    expr_flags(e);
    return e;
}

static struct expr *read_date_part(struct query *q, const struct resolve *r, bool extract,
                                   struct str kind, uint32_t zone)
{
    struct expr *of = read_expr(q, r);
    return of ? date_part_of(q, r, of, extract, kind, zone) : NULL;
}

struct expr *read_date_function(struct query *q, const struct resolve *r, const struct function *fn,
                                uint32_t n)
{
    struct compiler *c = q->c;
    bool extract = strcmp(fn->name, "Extract") == 0;
    if (strcmp(fn->name, "TruncDate") == 0)
        return read_date_part(q, r, false, STR("cast_date"), n - 1);
    if (strcmp(fn->name, "TruncTime") == 0)
        return read_date_part(q, r, false, STR("cast_time"), n - 1);
    struct expr *of = read_expr(q, r);
    struct str kind = of ? read_name(c) : STR_NULL, known;
    if (!kind.p)
        return NULL;
    if (!date_kind(kind, extract, &known))
        return c_fail_expr(c, ERR_INVALID, "'%.*s' is no part of a date that %s knows",
                           STR_ARG(str_head(kind, 40)), fn->name);
    return date_part_of(q, r, of, extract, known, n - 2);
}

/* TruncMonth, ExtractIsoYear …: the kind is in the name. */
struct expr *read_kind_function(struct query *q, const struct resolve *r, struct str name,
                                uint32_t n)
{
    struct compiler *c = q->c;
    bool extract = str_starts(name, STR("Extract")), trunc = str_starts(name, STR("Trunc"));
    char kind[16];
    size_t len = 0;
    struct str rest = str_skip(name, extract ? 7 : 5);
    for (size_t i = 0; i < rest.n && len + 2 < sizeof kind; i++) {
        if (i && rest.p[i] != char_lower(rest.p[i]))
            kind[len++] = '_';
        kind[len++] = char_lower(rest.p[i]);
    }
    struct str known;
    if ((!extract && !trunc) || !rest.n || !date_kind(str_make(kind, len), extract, &known))
        return fail_function(c, name), NULL;
    if (n < 1 || n > 2)
        return c_fail_expr(c, ERR_TYPE, "'%.*s' takes one expression and a time zone",
                           STR_ARG(name));
    return read_date_part(q, r, extract, known, n - 1);
}
