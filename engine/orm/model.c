/* SPDX-License-Identifier: MIT */
/* Describing models, and asking about them once registry.c has resolved them. */
#include "orm/model.h"

#include "base/suggest.h"
#include "orm/code.h"
#include "orm/model_impl.h"

struct orm *orm_new(const struct field_type *auto_field)
{
    struct orm *orm = mem_zalloc(sizeof *orm);
    arena_init(&orm->arena, 0);
    orm->use_tz = true;
    map_init(&orm->by_label);
    map_init(&orm->field_types);
    map_init(&orm->lookups);
    map_init(&orm->transforms);
    map_init(&orm->functions);
    orm->auto_field = auto_field ? auto_field : &field_types[FIELD_AUTO_BIG];
    return orm;
}

void orm_free(struct orm *orm)
{
    if (!orm)
        return;
    for (uint32_t i = 0; i < orm->n_models; i++) {
        struct model_impl *m = model_impl(orm->models[i]);
        map_release(&m->m.members, NULL);
        vec_release(&m->fields);
        vec_release(&m->all);
        vec_release(&m->many);
        vec_release(&m->links);
        vec_release(&m->targets);
        vec_release(&m->parents);
        vec_release(&m->reverse);
    }
    free(orm->models);
    map_release(&orm->by_label, NULL);
    map_release(&orm->field_types, NULL);
    map_release(&orm->lookups, NULL);
    map_release(&orm->transforms, NULL);
    map_release(&orm->functions, NULL);
    arena_release(&orm->arena);
    free(orm);
}

static struct str lower(struct arena *a, struct str s)
{
    char *p = arena_strndup(a, s.p, s.n);
    for (size_t i = 0; i < s.n; i++)
        p[i] = char_lower(p[i]);
    return str_make(p, s.n);
}

static struct str label_key(struct arena *a, struct str app, struct str name)
{
    return lower(a, str_from(arena_printf(a, "%.*s.%.*s", STR_ARG(app), STR_ARG(name))));
}

/* Names reach SQL and are asked for in lookups; files of migrations bring them, too. */
static bool is_identifier(struct str name)
{
    bool good = name.n > 0 && !char_is_digit(name.p[0]);
    for (size_t i = 0; i < name.n; i++)
        good &= char_is_alpha(name.p[i]) || char_is_digit(name.p[i]) || name.p[i] == '_' ||
                (unsigned char)name.p[i] >= 0x80;
    return good;
}

struct model *orm_add_model(struct orm *orm, const struct model_def *def, struct err *err)
{
    struct arena *a = &orm->arena;
    if (!is_identifier(def->name)) {
        err_set(err, ERR_INVALID,
                "'%.*s' is no name for a model: it has letters, digits and '_', and no digit first",
                STR_ARG(str_head(def->name, 80)));
        return NULL;
    }
    struct str key = label_key(a, def->app_label, def->name);
    if (map_has(&orm->by_label, key)) {
        err_set(err, ERR_EXISTS, "there are two models '%.*s.%.*s'", STR_ARG(def->app_label),
                STR_ARG(def->name));
        return NULL;
    }
    struct model_impl *mi = arena_zalloc(a, sizeof *mi);
    struct model *m = &mi->m;
    m->orm = orm;
    m->id = orm->n_models;
    m->app_label = arena_str(a, def->app_label);
    m->name = arena_str(a, def->name);
    m->lower = lower(a, def->name);
    m->label = str_from(arena_printf(a, "%.*s.%.*s", STR_ARG(def->app_label), STR_ARG(def->name)));
    m->table =
        def->table.n
            ? arena_str(a, def->table)
            : str_from(arena_printf(a, "%.*s_%.*s", STR_ARG(def->app_label), STR_ARG(m->lower)));
    m->concrete = m;
    m->managed = !def->unmanaged;
    m->auto_created = def->auto_created;
    if (def->proxy_for) {
        m->proxy = true;
        mi->proxy_for = arena_str(a, str_from(def->proxy_for));
    }
    map_init(&m->members);
    map_set(&orm->by_label, key, m);
    orm->models = mem_realloc(orm->models, (orm->n_models + 1) * sizeof *orm->models);
    orm->models[orm->n_models++] = m;
    return m;
}

static const struct code *copy_code(struct arena *a, const struct code *c)
{
    if (!c)
        return NULL;
    void *p = arena_alloc(a, code_size(c));
    memcpy(p, c, code_size(c));
    return p;
}

/* Only the key of several columns is called "pk". */
static int check_name(const struct model *m, struct str name, bool composite, struct err *err)
{
    if (!is_identifier(name))
        return err_set(err, ERR_INVALID,
                       "%.*s: '%.*s' is no name for a field: it has letters, digits and '_', and "
                       "no digit first",
                       STR_ARG(m->label), STR_ARG(str_head(name, 80)));
    if (name.p[name.n - 1] == '_' || str_find(name, STR("__")) < name.n ||
        (str_eq(name, STR("pk")) && !composite))
        return err_set(err, ERR_INVALID,
                       "%.*s: a field cannot be called '%.*s': names are not 'pk', do not end with "
                       "'_' and have no '__'",
                       STR_ARG(m->label), STR_ARG(name));
    const struct model_impl *mi = model_impl(m);
    for (size_t i = 0; i < mi->fields.n; i++)
        if (str_eq(mi->fields.items[i]->name, name))
            return err_set(err, ERR_EXISTS, "%.*s has two fields '%.*s'", STR_ARG(m->label),
                           STR_ARG(name));
    return 0;
}

static void describe_relation(struct field_impl *fi, const struct field_def *def, struct arena *a)
{
    struct relation *r = &fi->r;
    enum field_type_id id = fi->f.type->id;
    r->kind = id == FIELD_FK ? REL_FK : id == FIELD_O2O ? REL_ONE : REL_MANY;
    r->field = &fi->f;
    r->parent_link = def->parent_link;
    r->symmetrical = r->kind == REL_MANY && str_eq(def->to, STR("self")) && !def->asymmetrical;
    r->db_constraint = !def->no_db_constraint;
    fi->f.rel = r;
    fi->to = arena_str(a, def->to);
    fi->to_field = arena_str(a, def->to_field);
    fi->related_name = arena_str(a, def->related_name);
    fi->related_query_name = arena_str(a, def->related_query_name);
    fi->through = arena_str(a, def->through);
    fi->through_fields[0] = arena_str(a, def->through_fields[0]);
    fi->through_fields[1] = arena_str(a, def->through_fields[1]);
    fi->db_table = arena_str(a, def->db_table);
}

static void name_columns(struct field *f, const struct field_def *def, struct arena *a)
{
    f->attname = f->name;
    if (f->rel && f->rel->kind != REL_MANY)
        f->attname = str_from(arena_printf(a, "%.*s_id", STR_ARG(f->name)));
    if (f->type->storage == STORE_NONE)
        f->column = STR("");
    else
        f->column = def->column.n ? arena_str(a, def->column) : f->attname;
}

struct field *model_add_field(struct model *m, const struct field_def *def, struct err *err)
{
    struct arena *a = &m->orm->arena;
    if (check_name(m, def->name, def->n_parts > 0, err) < 0)
        return NULL;
    const struct field_type *type = orm_field_type(m->orm, def->type, err);
    if (!type) {
        err_prefix(err, "%.*s.%.*s", STR_ARG(m->label), STR_ARG(def->name));
        return NULL;
    }
    struct field_impl *fi = arena_zalloc(a, sizeof *fi);
    struct field *f = &fi->f;
    f->model = m;
    f->name = arena_str(a, def->name);
    f->type = type;
    f->max_length = def->max_length ? def->max_length : -1;
    f->max_digits = def->max_digits;
    f->decimal_places = def->decimal_places;
    f->null = def->null;
    f->primary_key = def->primary_key || type->id == FIELD_COMPOSITE;
    f->unique = def->unique || def->primary_key || type->id == FIELD_O2O;
    f->db_index = def->db_index;
    f->collation = arena_str(a, def->collation);
    f->expression = copy_code(a, def->expression);
    f->generated = type->flags & FIELD_GENERATED;
    f->db_persist = def->db_persist;
    f->has_db_default = def->has_db_default;
    f->position = (uint32_t)model_impl(m)->fields.n;
    if (type->flags & FIELD_RELATION)
        describe_relation(fi, def, a);
    fi->output_type = arena_str(a, def->output_type);
    if (def->n_parts) {
        struct str *parts = arena_alloc(a, def->n_parts * sizeof *parts);
        for (uint32_t i = 0; i < def->n_parts; i++)
            parts[i] = arena_str(a, def->parts[i]);
        fi->parts = parts;
        f->n_parts = def->n_parts;
    }
    name_columns(f, def, a);
    vec_push(&model_impl(m)->fields, f);
    return f;
}

void model_set_ordering(struct model *m, const struct code *ordering)
{
    m->ordering = copy_code(&m->orm->arena, ordering);
}

int model_set_order_with_respect_to(struct model *m, struct str field, struct err *err)
{
    if (!field.n)
        return err_set(err, ERR_INVALID, "%.*s: order_with_respect_to names no field",
                       STR_ARG(m->label));
    model_impl(m)->order_with_respect_to = arena_str(&m->orm->arena, field);
    return 0;
}

/* ---- field types ---- */

int orm_add_field_type(struct orm *orm, struct str name, struct str base, const char *sqlite,
                       const char *postgresql, bool hooked, struct err *err)
{
    const struct field_type *from = orm_field_type(orm, base, err);
    if (!from)
        return -1;
    if (field_type_find(name) || map_has(&orm->field_types, name))
        return err_set(err, ERR_EXISTS, "there are two field classes '%.*s'", STR_ARG(name));
    struct field_type *t = arena_alloc(&orm->arena, sizeof *t);
    *t = *from;
    t->name = arena_str(&orm->arena, name);
    if (sqlite)
        t->columns[0] = arena_strdup(&orm->arena, sqlite);
    if (postgresql)
        t->columns[1] = arena_strdup(&orm->arena, postgresql);
    if (hooked)
        t->flags |= FIELD_HOOKED;
    map_set(&orm->field_types, t->name, t);
    return 0;
}

const struct field_type *orm_field_type(const struct orm *orm, struct str name, struct err *err)
{
    const struct field_type *t = field_type_find(name);
    if (!t)
        t = map_get(&orm->field_types, name);
    if (t)
        return t;
    struct suggest s;
    char hint[160];
    suggest_init(&s, name);
    for (size_t i = 0; i < FIELD_TYPE_COUNT; i++)
        suggest_add(&s, field_types[i].name);
    for (size_t i = 0; i < orm->field_types.used; i++)
        if (orm->field_types.entries[i].key.p)
            suggest_add(&s, orm->field_types.entries[i].key);
    err_set(err, ERR_NOT_FOUND, "there is no field class '%.*s'%s", STR_ARG(name),
            suggest_text(&s, hint, sizeof hint));
    return NULL;
}

/* ---- asking ---- */

struct model *orm_model(const struct orm *orm, struct str app, struct str label, struct err *err)
{
    struct arena scratch;
    arena_init(&scratch, 512);
    struct str key = str_has(label, '.') ? lower(&scratch, label) : label_key(&scratch, app, label);
    struct model *m = map_get(&orm->by_label, key);
    if (!m) {
        struct suggest s;
        char hint[200];
        suggest_init(&s, key);
        for (uint32_t i = 0; i < orm->n_models; i++)
            suggest_add(&s, orm->models[i]->label);
        err_set(err, ERR_NOT_FOUND, "there is no model '%.*s'%s", STR_ARG(label),
                suggest_text(&s, hint, sizeof hint));
    }
    arena_release(&scratch);
    return m;
}

const struct member *model_member(const struct model *m, struct str name)
{
    return map_get(&m->members, name);
}

const struct field *model_field(const struct model *m, struct str name, struct err *err)
{
    const struct member *found = model_member(m, name);
    if (found && found->kind == MEMBER_FIELD)
        return found->field;
    struct suggest s;
    char hint[160];
    suggest_init(&s, name);
    for (uint32_t i = 0; i < m->n_fields; i++)
        suggest_add(&s, m->fields[i]->name);
    for (uint32_t i = 0; i < m->n_many; i++)
        suggest_add(&s, m->many[i]->name);
    err_set(err, ERR_NOT_FOUND, "%.*s has no field '%.*s'%s", STR_ARG(m->label), STR_ARG(name),
            suggest_text(&s, hint, sizeof hint));
    return NULL;
}

bool model_is_a(const struct model *heir, const struct model *m)
{
    heir = heir->concrete;
    m = m->concrete;
    if (heir == m)
        return true;
    for (uint32_t i = 0; i < heir->n_parents; i++)
        if (model_is_a(heir->parents[i], m))
            return true;
    return false;
}

const struct field *model_link(const struct model *m, const struct model *ancestor)
{
    m = m->concrete;
    for (uint32_t i = 0; i < m->n_parents; i++)
        if (model_is_a(m->parents[i], ancestor))
            return m->links[i];
    return NULL;
}

struct str relation_query_name(const struct relation *rel)
{
    return rel->query_name;
}
