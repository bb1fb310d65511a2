/* SPDX-License-Identifier: MIT */
/* Lookups, transforms and functions of authors. */
#include "orm/lookups_impl.h"

static int check_word(struct str name, const char *what, struct err *err)
{
    bool good = name.n > 0 && name.n < 64 && !char_is_digit(name.p[0]) &&
                str_find(name, STR("__")) == name.n;
    for (size_t i = 0; i < name.n; i++)
        good &= char_is_alpha(name.p[i]) || char_is_digit(name.p[i]) || name.p[i] == '_';
    if (good)
        return 0;
    return err_set(err, ERR_INVALID, "'%.*s' cannot be the name of a %s", STR_ARG(name), what);
}

/* "%(lhs)s" and its like as %1: from[i] becomes to[i]; "%%" stays, any other % is refused. */
static const char *template_of(struct arena *a, struct str sql, const char *const *from,
                               const char *const *to, size_t n, struct err *err)
{
    char *out = arena_alloc(a, sql.n * 2 + 1), *p = out;
    for (size_t i = 0; i < sql.n;) {
        if (sql.p[i] != '%') {
            *p++ = sql.p[i++];
            continue;
        }
        struct str rest = str_skip(sql, i);
        size_t k = 0;
        while (k < n && !str_starts(rest, str_from(from[k])))
            k++;
        if (k < n) {
            size_t len = strlen(to[k]);
            memcpy(p, to[k], len);
            p += len;
            i += strlen(from[k]);
        } else if (rest.n > 1 && rest.p[1] == '%') {
            *p++ = '%';
            *p++ = '%';
            i += 2;
        } else {
            err_set(err, ERR_INVALID,
                    "'%.*s' holds a '%%' that means nothing; write '%%%%' for one",
                    STR_ARG(str_head(sql, 200)));
            return NULL;
        }
    }
    *p = '\0';
    return out;
}

int orm_add_lookup(struct orm *orm, struct str name, struct str field_class, struct str sql,
                   struct err *err)
{
    static const char *const from[] = {"%(lhs)s", "%(rhs)s"}, *const to[] = {"%1", "%2"};
    if (check_word(name, "lookup", err) < 0)
        return -1;
    if (field_class.n && !orm_field_type(orm, field_class, err))
        return -1;
    struct lookup *l = arena_zalloc(&orm->arena, sizeof *l);
    l->name = arena_strndup(&orm->arena, name.p, name.n);
    l->kind = LOOKUP_CUSTOM;
    l->field_class = arena_str(&orm->arena, field_class);
    l->sql = template_of(&orm->arena, sql, from, to, 2, err);
    if (!l->sql)
        return -1;
    map_set(&orm->lookups, name, l);
    return 0;
}

static int fill_function(struct orm *orm, struct function *f, struct str name, struct str sql,
                         struct str output, struct err *err)
{
    static const char *const from[] = {"%(expressions)s", "%(lhs)s"}, *const to[] = {"%a", "%1"};
    struct arena *a = &orm->arena;
    f->name = arena_strndup(a, name.p, name.n);
    f->flags |= FN_CUSTOM;
    f->rule = RULE_FIRST;
    f->type = type_unknown;
    if (output.n) {
        const struct field_type *t = orm_field_type(orm, output, err);
        if (!t)
            return -1;
        f->type = (struct type){.storage = t->storage, .id = t->id};
    }
    bool word = !str_has(sql, '(') && !str_has(sql, '%') && !str_has(sql, ' ');
    if (word) {
        if (check_word(sql, "database function", err) < 0)
            return -1;
        f->sql[0] = arena_printf(a, "%.*s(%%a)", STR_ARG(sql));
    } else {
        f->sql[0] = template_of(a, sql, from, to, 2, err);
    }
    f->sql[1] = f->sql[0];
    return f->sql[0] ? 0 : -1;
}

int orm_add_transform(struct orm *orm, struct str name, struct str field_class, struct str sql,
                      struct str output, struct err *err)
{
    if (check_word(name, "transform", err) < 0)
        return -1;
    if (field_class.n && !orm_field_type(orm, field_class, err))
        return -1;
    struct transform *t = arena_zalloc(&orm->arena, sizeof *t);
    t->field_class = arena_str(&orm->arena, field_class);
    t->function.min = t->function.max = 1;
    t->function.flags = FN_TRANSFORM;
    t->keeps_type = output.n == 0;
    if (fill_function(orm, &t->function, name, sql, output, err) < 0)
        return -1;
    t->name = str_from(t->function.name);
    map_set(&orm->transforms, name, t);
    return 0;
}

int orm_add_function(struct orm *orm, struct str name, struct str sql, int arity, bool aggregate,
                     struct str output, struct err *err)
{
    struct function *f = arena_zalloc(&orm->arena, sizeof *f);
    f->min = (int16_t)(arity < 0 ? 0 : arity);
    f->max = (int16_t)(arity < 0 ? -1 : arity);
    f->flags = aggregate ? FN_AGGREGATE | FN_DISTINCT : 0;
    if (check_word(name, "function", err) < 0)
        return -1;
    if (fill_function(orm, f, name, sql, output, err) < 0)
        return -1;
    if (aggregate && !strstr(f->sql[0], "%a"))
        return err_set(err, ERR_INVALID, "the template of an aggregate needs %%(expressions)s");
    map_set(&orm->functions, name, f);
    return 0;
}
