/* SPDX-License-Identifier: MIT */
/* The second step of model.h: targets are found, join tables made, names collected. */
#include "base/suggest.h"
#include "orm/model_impl.h"

#define FAIL_FIELD(err, code, f, ...)                                                              \
    (err_set(err, code, __VA_ARGS__),                                                              \
     err_prefix(err, "%.*s.%.*s", STR_ARG((f)->model->label), STR_ARG((f)->name)))

static struct str affix(struct arena *a, const char *before, struct str x, const char *behind)
{
    return str_from(arena_printf(a, "%s%.*s%s", before, STR_ARG(x), behind));
}

/* ---- proxies, targets ---- */

static int resolve_proxy(struct model *m, int depth, struct err *err)
{
    struct model_impl *mi = model_impl(m);
    if (!m->proxy || m->concrete != m)
        return 0;
    struct model *base = orm_model(m->orm, m->app_label, mi->proxy_for, err);
    if (!base || depth > 32)
        return err_prefix(err, "%.*s", STR_ARG(m->label));
    if (resolve_proxy(base, depth + 1, err) < 0)
        return -1;
    m->concrete = base->concrete;
    m->table = base->table;
    return 0;
}

static int resolve_target_model(struct field_impl *fi, struct err *err)
{
    const struct model *m = fi->f.model;
    if (str_eq(fi->to, STR("self"))) {
        fi->r.to = m;
        return 0;
    }
    fi->r.to = orm_model(m->orm, m->app_label, fi->to, err);
    if (!fi->r.to)
        return err_prefix(err, "%.*s.%.*s", STR_ARG(m->label), STR_ARG(fi->f.name));
    return 0;
}

static const struct field *own_field(const struct model *m, struct str name)
{
    const struct model_impl *mi = model_impl(m->concrete);
    for (size_t i = 0; i < mi->fields.n; i++) {
        const struct field *f = mi->fields.items[i];
        if (str_eq(f->name, name) || str_eq(f->attname, name))
            return f;
    }
    return NULL;
}

static const struct field *key_of(const struct model *m)
{
    const struct model_impl *mi = model_impl(m->concrete);
    for (size_t i = 0; i < mi->fields.n; i++)
        if (mi->fields.items[i]->type->id == FIELD_COMPOSITE)
            return mi->fields.items[i];
    for (size_t i = 0; i < mi->fields.n; i++)
        if (mi->fields.items[i]->primary_key)
            return mi->fields.items[i];
    return NULL;
}

/* A field of m or of the models it inherits from. */
static const struct field *any_field(const struct model *m, struct str name)
{
    if (str_eq(name, STR("pk")))
        return key_of(m);
    const struct field *f = own_field(m, name);
    const struct model_impl *mi = model_impl(m->concrete);
    for (size_t i = 0; !f && i < mi->fields.n; i++)
        if (mi->fields.items[i]->rel && mi->fields.items[i]->rel->parent_link)
            f = any_field(mi->fields.items[i]->rel->to, name);
    return f;
}

/* Django's fields.E347: a relation's column holds one value. */
static int check_no_composite(const struct field *f, const struct model *m, const struct field *key,
                              struct err *err)
{
    if (!key || key->type->id != FIELD_COMPOSITE)
        return 0;
    return FAIL_FIELD(err, ERR_INVALID, f,
                      "Field defines a relation involving model '%.*s' which has a "
                      "CompositePrimaryKey and such relations are not supported (fields.E347): %s",
                      STR_ARG(m->name),
                      f->rel->kind == REL_MANY
                          ? "give it a through model, with columns for the parts of the key"
                          : "point at a unique field of it with to_field, or keep the parts of the "
                            "key in fields and filter by them");
}

static int resolve_target_field(struct field_impl *fi, struct err *err)
{
    const struct field *f = &fi->f;
    const struct model *to = fi->r.to;
    fi->r.target = fi->to_field.n ? any_field(to, fi->to_field) : key_of(to);
    if (!fi->r.target)
        return FAIL_FIELD(err, ERR_NOT_FOUND, f, "'%.*s' has no %s%.*s to point at",
                          STR_ARG(to->label), fi->to_field.n ? "field " : "primary key",
                          STR_ARG(fi->to_field));
    return check_no_composite(f, to, fi->r.target, err);
}

/* ---- join tables ---- */

static struct field *add_through_fk(struct model *through, struct str name, const struct model *to,
                                    struct str hidden, bool constraint, struct err *err)
{
    struct field_def def = {.name = name,
                            .type = STR("ForeignKey"),
                            .to = to->label,
                            .db_index = true,
                            .no_db_constraint = !constraint,
                            .related_name = hidden};
    struct field *f = model_add_field(through, &def, err);
    if (f && resolve_target_model(field_impl(f), err) < 0)
        return NULL;
    return f;
}

static int make_through(struct field_impl *fi, struct err *err)
{
    const struct model *m = fi->f.model;
    struct orm *orm = m->orm;
    struct arena *a = &orm->arena;
    if (check_no_composite(&fi->f, fi->r.to, key_of(fi->r.to), err) < 0 ||
        check_no_composite(&fi->f, m, key_of(m), err) < 0)
        return -1;
    struct str table =
        fi->db_table.n
            ? fi->db_table
            : str_from(arena_printf(a, "%.*s_%.*s", STR_ARG(m->table), STR_ARG(fi->f.name)));
    struct model_def def = {
        .app_label = m->app_label,
        .name = str_from(arena_printf(a, "%.*s_%.*s", STR_ARG(m->name), STR_ARG(fi->f.name))),
        .table = table,
        .unmanaged = !m->managed,
        .auto_created = true};
    struct model *through = orm_add_model(orm, &def, err);
    struct field_def id = {.name = STR("id"), .type = orm->auto_field->name, .primary_key = true};
    if (!through || !model_add_field(through, &id, err))
        return -1;
    const struct model *to = fi->r.to;
    struct str from_name = m->lower, to_name = to->lower;
    if (m == to || str_eq(m->lower, to->lower)) {
        from_name = affix(a, "from_", m->lower, "");
        to_name = affix(a, "to_", to->lower, "");
    }
    struct str hidden =
        str_from(arena_printf(a, "%.*s_%.*s+", STR_ARG(m->name), STR_ARG(fi->f.name)));
    const struct field *from =
        add_through_fk(through, from_name, m, hidden, fi->r.db_constraint, err);
    const struct field *target =
        from ? add_through_fk(through, to_name, to, hidden, fi->r.db_constraint, err) : NULL;
    if (!target)
        return -1;
    fi->r.through = through;
    fi->r.source_fk = from;
    fi->r.target_fk = target;
    return 0;
}

static bool points_at(const struct field *f, const struct model *m)
{
    if (!f->rel || f->rel->kind == REL_MANY || !f->rel->to)
        return false;
    return f->rel->to->concrete == m->concrete;
}

/* The two ForeignKeys of a join table that the author describes. */
static int find_through(struct field_impl *fi, struct err *err)
{
    const struct field *f = &fi->f;
    const struct model *through = orm_model(f->model->orm, f->model->app_label, fi->through, err);
    if (!through)
        return err_prefix(err, "%.*s.%.*s: through", STR_ARG(f->model->label), STR_ARG(f->name));
    const struct field *found[2] = {NULL, NULL};
    const struct model *ends[2] = {f->model, fi->r.to};
    for (int side = 0; side < 2; side++) {
        if (fi->through_fields[side].n) {
            found[side] = any_field(through, fi->through_fields[side]);
            continue;
        }
        const struct model_impl *ti = model_impl(through);
        for (size_t i = 0; i < ti->fields.n && !found[side]; i++)
            if (points_at(ti->fields.items[i], ends[side]) &&
                (side == 0 || ti->fields.items[i] != found[0]))
                found[side] = ti->fields.items[i];
    }
    if (!found[0] || !found[1] || !found[0]->rel || !found[1]->rel)
        return FAIL_FIELD(
            err, ERR_INVALID, f, "through model '%.*s' has no ForeignKey to '%.*s' or to '%.*s'",
            STR_ARG(through->label), STR_ARG(ends[0]->label), STR_ARG(ends[1]->label));
    fi->r.through = through;
    fi->r.source_fk = found[0];
    fi->r.target_fk = found[1];
    return 0;
}

/* ---- types of columns ---- */

static const struct field *storage_of(struct field_impl *fi, struct err *err)
{
    struct field *f = &fi->f;
    if (f->storage || f->type->storage == STORE_NONE)
        return f->storage;
    if (fi->seen) {
        FAIL_FIELD(err, ERR_INVALID, f, "its targets point at each other");
        return NULL;
    }
    fi->seen = true;
    if (f->rel) {
        f->storage = storage_of(field_impl(f->rel->target), err);
    } else if (f->generated) {
        struct field_impl *out = arena_zalloc(&f->model->orm->arena, sizeof *out);
        out->f = *f;
        out->f.generated = false;
        out->f.type = orm_field_type(f->model->orm, fi->output_type, err);
        out->f.storage = &out->f;
        f->storage = out->f.type ? &out->f : NULL;
    } else {
        f->storage = f;
    }
    fi->seen = false;
    return f->storage;
}

/* ---- inheritance ---- */

static void add_unique(const struct field *f, struct model_impl *mi)
{
    for (size_t i = 0; i < mi->all.n; i++)
        if (mi->all.items[i] == f)
            return;
    vec_push(&mi->all, f);
}

static int resolve_parents(struct model *m, struct err *err)
{
    struct model_impl *mi = model_impl(m);
    if (mi->state == 2)
        return 0;
    if (mi->state == 1)
        return err_set(err, ERR_INVALID, "%.*s: models inherit from each other", STR_ARG(m->label));
    mi->state = 1;
    const struct model_impl *own = model_impl(m->concrete);
    if (m->concrete != m && resolve_parents((struct model *)(size_t)m->concrete, err) < 0)
        return -1;
    for (size_t i = 0; i < own->fields.n; i++) {
        const struct field *f = own->fields.items[i];
        if (!f->rel || !f->rel->parent_link)
            continue;
        struct model *parent = (struct model *)(size_t)f->rel->to->concrete;
        if (resolve_parents(parent, err) < 0)
            return -1;
        vec_push(&mi->parents, parent);
        vec_push(&mi->links, f);
        for (uint32_t j = 0; j < parent->n_fields; j++)
            add_unique(parent->fields[j], mi);
        for (uint32_t j = 0; j < parent->n_many; j++)
            vec_push(&mi->many, parent->many[j]);
    }
    uint32_t local = 0;
    const struct field **locals = arena_alloc(&m->orm->arena, (own->fields.n + 1) * sizeof *locals);
    for (size_t i = 0; i < own->fields.n; i++) {
        const struct field *f = own->fields.items[i];
        if (f->rel && f->rel->kind == REL_MANY)
            vec_push(&mi->many, f);
        else if (f->column.n)
            add_unique(f, mi), locals[local++] = f;
    }
    m->local = locals;
    m->n_local = m->proxy ? 0 : local;
    m->pk = key_of(m);
    m->fields = mi->all.items;
    m->n_fields = (uint32_t)mi->all.n;
    m->many = mi->many.items;
    m->n_many = (uint32_t)mi->many.n;
    m->parents = mi->parents.items;
    m->links = mi->links.items;
    m->n_parents = (uint32_t)mi->parents.n;
    mi->state = 2;
    if (!m->pk)
        return err_set(err, ERR_INVALID, "%.*s has no primary key", STR_ARG(m->label));
    return 0;
}

/* ---- names ---- */

static void name_reverse(struct field_impl *fi)
{
    const struct model *m = fi->f.model;
    struct arena *a = &m->orm->arena;
    struct relation *r = &fi->r;
    if (r->symmetrical)
        fi->related_name = affix(a, "", fi->f.name, "_rel_+");
    struct str name = fi->related_name;
    r->hidden = name.n && name.p[name.n - 1] == '+';
    r->accessor = name.n ? name : r->kind == REL_ONE ? m->lower : affix(a, "", m->lower, "_set");
    r->query_name = fi->related_query_name.n ? fi->related_query_name : name.n ? name : m->lower;
}

static bool add_member(struct model *m, struct str name, enum member_kind kind,
                       const struct field *f)
{
    if (map_has(&m->members, name))
        return false;
    struct member *member = arena_alloc(&m->orm->arena, sizeof *member);
    *member = (struct member){kind, f, f->rel};
    map_set(&m->members, name, member);
    return true;
}

static int collect_forward(struct model *m, struct err *err)
{
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < m->n_fields; i++) {
            const struct field *f = m->fields[i];
            if (!add_member(m, pass ? f->attname : f->name, MEMBER_FIELD, f) && !pass)
                return FAIL_FIELD(err, ERR_EXISTS, f, "'%.*s' has this field already",
                                  STR_ARG(m->label));
        }
    for (uint32_t i = 0; i < m->n_many; i++)
        if (!add_member(m, m->many[i]->name, MEMBER_FIELD, m->many[i]))
            return FAIL_FIELD(err, ERR_EXISTS, m->many[i], "'%.*s' has this field already",
                              STR_ARG(m->label));
    const struct model_impl *own = model_impl(m->concrete);
    for (size_t i = 0; i < own->fields.n; i++)
        if (own->fields.items[i]->type->id == FIELD_COMPOSITE)
            add_member(m, own->fields.items[i]->name, MEMBER_FIELD, own->fields.items[i]);
    if (!map_has(&m->members, STR("pk")))
        add_member(m, STR("pk"), MEMBER_FIELD, m->pk);
    return 0;
}

/* The relation seen from its target, and from all that are one. */
static int collect_reverse(const struct relation *r, struct err *err)
{
    struct orm *orm = r->to->orm;
    for (uint32_t i = 0; i < orm->n_models; i++) {
        struct model *m = orm->models[i];
        if (!model_is_a(m, r->to))
            continue;
        if (r->parent_link && m->concrete != r->to->concrete)
            continue;
        vec_push(&model_impl(m)->reverse, r);
        if (r->hidden)
            continue;
        if (!add_member(m, r->query_name, MEMBER_REVERSE, r->field) &&
            m->concrete == r->to->concrete) {
            const struct member *other = model_member(m, r->query_name);
            return FAIL_FIELD(
                err, ERR_EXISTS, r->field,
                "the reverse name '%.*s' clashes with '%.*s.%.*s'; give a related_name",
                STR_ARG(r->query_name), STR_ARG(other->field->model->label),
                STR_ARG(other->field->name));
        }
    }
    return 0;
}

static void add_target(struct model_impl *mi, const struct field *f)
{
    for (size_t i = 0; i < mi->targets.n; i++)
        if (mi->targets.items[i] == f)
            return;
    vec_push(&mi->targets, f);
}

static void collect_targets(struct model *m)
{
    struct model_impl *mi = model_impl(m);
    if (m->pk->type->id == FIELD_COMPOSITE)
        for (uint32_t i = 0; i < m->pk->n_parts; i++)
            add_target(mi, m->pk->parts[i]);
    else
        add_target(mi, m->pk);
    for (size_t i = 0; i < mi->reverse.n; i++)
        if (mi->reverse.items[i]->kind != REL_MANY)
            add_target(mi, mi->reverse.items[i]->target);
    for (size_t i = 0; i < mi->reverse.n; i++)
        if (mi->reverse.items[i]->kind == REL_MANY)
            add_target(mi, mi->reverse.items[i]->target_fk->rel->target);
    m->reverse = mi->reverse.items;
    m->n_reverse = (uint32_t)mi->reverse.n;
    m->targets = mi->targets.items;
    m->n_targets = (uint32_t)mi->targets.n;
}

static const char *nearest_field(const struct model *m, struct str name, char *hint, size_t size)
{
    const struct model_impl *mi = model_impl(m);
    struct suggest s;
    suggest_init(&s, name);
    for (size_t i = 0; i < mi->fields.n; i++)
        suggest_add(&s, mi->fields.items[i]->name);
    return suggest_text(&s, hint, size);
}

/* What keeps a field out of a key of several columns, as Django's models.E042; NULL: nothing. */
static const char *no_part(const struct field *key, const struct field *part,
                           const struct field **before, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (before[i] == part)
            return "it is named twice";
    return part->type->id == FIELD_COMPOSITE          ? "it is the key itself"
           : part->rel && part->rel->kind == REL_MANY ? "a ManyToManyField is no column"
           : part->model != key->model                ? "it is not a field of this model itself"
           : part->generated                          ? "it is a GeneratedField"
           : part->null                               ? "it has null = true"
                                                      : NULL;
}

static int resolve_parts(struct field *f, struct err *err)
{
    const struct field **parts = arena_alloc(&f->model->orm->arena, f->n_parts * sizeof *parts);
    for (uint32_t i = 0; i < f->n_parts; i++) {
        struct str name = field_impl(f)->parts[i];
        char hint[160];
        parts[i] = str_eq(name, STR("pk")) ? f : any_field(f->model, name);
        if (!parts[i])
            return FAIL_FIELD(err, ERR_NOT_FOUND, f, "there is no field '%.*s'%s", STR_ARG(name),
                              nearest_field(f->model, name, hint, sizeof hint));
        const char *why = no_part(f, parts[i], parts, i);
        if (why)
            return FAIL_FIELD(err, ERR_INVALID, f,
                              "'%.*s' cannot be included in the composite primary key: %s "
                              "(models.E042)",
                              STR_ARG(name), why);
    }
    f->parts = parts;
    return 0;
}

/* ---- the steps ---- */

typedef int (*field_step)(struct field_impl *fi, struct err *err);

static int each_field(struct orm *orm, bool relations, bool many, field_step step, struct err *err)
{
    for (uint32_t i = 0; i < orm->n_models; i++) {
        struct model_impl *mi = model_impl(orm->models[i]);
        for (size_t j = 0; j < mi->fields.n; j++) {
            struct field_impl *fi = field_impl(mi->fields.items[j]);
            bool is_many = fi->r.kind == REL_MANY;
            if (relations && (!fi->f.rel || is_many != many))
                continue;
            if (step(fi, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int step_through(struct field_impl *fi, struct err *err)
{
    return fi->through.n ? find_through(fi, err) : make_through(fi, err);
}

static int step_storage(struct field_impl *fi, struct err *err)
{
    if (fi->f.n_parts)
        return resolve_parts(&fi->f, err);
    if (fi->f.type->storage != STORE_NONE && !storage_of(fi, err))
        return -1;
    return 0;
}

static int step_reverse(struct field_impl *fi, struct err *err)
{
    name_reverse(fi);
    return collect_reverse(&fi->r, err);
}

int orm_resolve(struct orm *orm, struct err *err)
{
    for (uint32_t i = 0; i < orm->n_models; i++)
        if (resolve_proxy(orm->models[i], 0, err) < 0)
            return -1;
    if (each_field(orm, true, false, resolve_target_model, err) < 0 ||
        each_field(orm, true, true, resolve_target_model, err) < 0 ||
        each_field(orm, true, true, step_through, err) < 0 ||
        each_field(orm, true, false, resolve_target_field, err) < 0 ||
        each_field(orm, false, false, step_storage, err) < 0)
        return -1;
    for (uint32_t i = 0; i < orm->n_models; i++)
        if (resolve_parents(orm->models[i], err) < 0)
            return -1;
    for (uint32_t i = 0; i < orm->n_models; i++)
        if (collect_forward(orm->models[i], err) < 0)
            return -1;
    if (each_field(orm, true, false, step_reverse, err) < 0 ||
        each_field(orm, true, true, step_reverse, err) < 0)
        return -1;
    for (uint32_t i = 0; i < orm->n_models; i++) {
        struct model *m = orm->models[i];
        collect_targets(m);
        struct str owner = model_impl(m)->order_with_respect_to;
        if (owner.n && !(m->order_with_respect_to = model_field(m, owner, err)))
            return -1;
    }
    orm->resolved = true;
    return 0;
}
