/* SPDX-License-Identifier: MIT */
/* Names to joins: Django's names_to_path, setup_joins, trim_joins, and how joins become inner
 * or outer ones. */
#include "base/suggest.h"
#include "orm/query_impl.h"

uint32_t split_names(struct str key, struct str names[NAMES_MAX])
{
    uint32_t n = 0;
    while (n < NAMES_MAX) {
        size_t at = str_find(key, STR("__"));
        names[n++] = str_head(key, at);
        if (at == key.n)
            return n;
        key = str_skip(key, at + 2);
    }
    return UINT32_MAX; /* too many */
}

/* ---- errors ---- */

static int compare_names(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

int fail_name(struct query *q, const struct model *m, struct str name)
{
    struct compiler *c = q->c;
    LIST(struct str) names = {0};
    for (size_t i = 0; m && i < m->members.used; i++) {
        struct str key = m->members.entries[i].key;
        const struct member *member = m->members.entries[i].value;
        bool attname = key.p && member->kind == MEMBER_FIELD && !str_eq(member->field->name, key) &&
                       !str_eq(member->field->attname, key);
        if (key.p && !attname)
            *list_add(c, &names) = key;
    }
    if (m == q->model) {
        for (uint32_t i = 0; i < q->annotations.n; i++)
            *list_add(c, &names) = q->annotations.items[i].name;
        for (struct filtered *f = q->filtered; f; f = f->next)
            *list_add(c, &names) = f->alias;
    }
    struct suggest s;
    char hint[160];
    suggest_init(&s, name);
    for (uint32_t i = 0; i < names.n; i++)
        suggest_add(&s, names.items[i]);
    if (names.n)
        qsort(names.items, names.n, sizeof *names.items, compare_names);
    char choices[320];
    size_t at = 0;
    choices[0] = '\0';
    for (uint32_t i = 0; i < names.n; i++) {
        struct str x = names.items[i];
        if (at + x.n + 8 > sizeof choices) {
            snprintf(choices + at, sizeof choices - at, ", ...");
            break;
        }
        at += (size_t)snprintf(choices + at, sizeof choices - at, "%s%.*s", i ? ", " : "",
                               STR_ARG(x));
    }
    return c_fail(c, ERR_FIELD, "Cannot resolve keyword '%.*s' into field. Choices are: %s%s",
                  STR_ARG(str_head(name, 80)), choices, suggest_text(&s, hint, sizeof hint));
}

const char *near_member(const struct model *m, struct str name, bool one, char *out, size_t size)
{
    struct suggest s;
    suggest_init(&s, name);
    for (size_t i = 0; i < m->members.used; i++) {
        const struct member *member = m->members.entries[i].value;
        bool wanted =
            !one || (member->rel && (member->kind == MEMBER_FIELD ? member->rel->kind != REL_MANY
                                                                  : member->rel->kind == REL_ONE));
        if (m->members.entries[i].key.p && wanted)
            suggest_add(&s, m->members.entries[i].key);
    }
    return suggest_text(&s, out, size);
}

/* ---- paths ---- */

static int add_path(struct query *q, struct joined *j, const struct field *fk, bool direct,
                    bool many, struct filtered *filtered)
{
    if (j->n_path == PATH_MAX_JOINS)
        return c_fail(q->c, ERR_UNSUPPORTED, "a name leads over more than %d joins",
                      (int)PATH_MAX_JOINS);
    j->path[j->n_path++] = (struct path){.to = direct ? fk->rel->to->concrete : fk->model,
                                         .fk = fk,
                                         .direct = direct,
                                         .many = many,
                                         .filtered = filtered};
    j->steps[j->n_names]++;
    return 0;
}

static const struct filtered *find_filtered(const struct query *q, struct str name)
{
    for (const struct filtered *f = q->filtered; f; f = f->next)
        if (str_eq(f->alias, name))
            return f;
    return NULL;
}

/* Over the links of multi-table inheritance up to the model that has the member. */
static int climb(struct query *q, struct joined *j, const struct model **m,
                 const struct model *owner)
{
    while ((*m)->concrete != owner->concrete) {
        const struct field *link = model_link(*m, owner);
        if (!link)
            return 0; /* a proxy's own */
        if (add_path(q, j, link, true, false, NULL) < 0)
            return -1;
        *m = link->rel->to;
    }
    return 0;
}

static const struct model *owner_of(const struct member *member)
{
    if (member->kind == MEMBER_REVERSE)
        return member->rel->to;
    return member->field->model;
}

/* The steps of one relation.  Gives the model behind it; j->target what an id there is. */
static const struct model *step(struct query *q, struct joined *j, const struct member *member,
                                struct filtered *filtered)
{
    const struct relation *r = member->rel;
    int bad;
    if (r->kind == REL_MANY) {
        bool forward = member->kind == MEMBER_FIELD;
        const struct field *first = forward ? r->source_fk : r->target_fk;
        const struct field *second = forward ? r->target_fk : r->source_fk;
        bad = add_path(q, j, first, false, true, NULL);
        bad = bad < 0 ? bad : add_path(q, j, second, true, false, filtered);
        j->target = second->rel->target;
        if (bad == 0)
            return second->rel->to;
    } else if (member->kind == MEMBER_FIELD) {
        bad = add_path(q, j, r->field, true, false, filtered);
        j->target = r->target;
        if (bad == 0)
            return r->to;
    } else {
        bad = add_path(q, j, r->field, false, r->kind == REL_FK, filtered);
        j->target = r->field->model->pk;
        if (bad == 0)
            return r->field->model;
    }
    return NULL;
}

static bool step_is_many(const struct member *member)
{
    const struct relation *r = member->rel;
    return r->kind == REL_MANY || (member->kind == MEMBER_REVERSE && r->kind == REL_FK);
}

static int filtered_path(struct query *q, const struct model *m, const struct filtered *f,
                         struct joined *j, const struct member **last)
{
    struct str names[NAMES_MAX];
    uint32_t n = split_names(f->relation, names);
    for (uint32_t i = 0; i < n; i++) {
        const struct member *member = model_member(m, names[i]);
        if (!member || !member->rel)
            return fail_name(q, m, names[i]);
        if (climb(q, j, &m, owner_of(member)) < 0)
            return -1;
        *last = member;
        if (i + 1 < n && !(m = step(q, j, member, NULL)))
            return -1;
    }
    return 0;
}

int names_to_path(struct query *q, const struct str *names, uint32_t n, const struct model *m,
                  bool allow_many, struct joined *j)
{
    memset(j, 0, offsetof(struct joined, path));
    const struct model *start = m;
    for (uint32_t i = 0; i < n; i++) {
        const struct member *member = model_member(m, names[i]);
        const struct filtered *filtered = NULL;
        if (!member && i == 0 && (filtered = find_filtered(q, names[i])) != NULL &&
            filtered_path(q, m, filtered, j, &member) < 0)
            return -1;
        if (!member) {
            if (i == 0)
                return fail_name(q, start, names[i]);
            break;
        }
        if (!filtered && climb(q, j, &m, owner_of(member)) < 0)
            return -1;
        j->final = member;
        j->relation = member->rel != NULL;
        j->final_field = member->field;
        if (!member->rel) {
            j->target = member->field;
            j->n_names = i + 1;
            break;
        }
        bool many = !allow_many && step_is_many(member);
        m = step(q, j, member, (struct filtered *)(size_t)filtered);
        if (!m)
            return -1;
        j->n_names = i + 1;
        if (many) {
            j->multi = true;
            return 0;
        }
    }
    j->model = m;
    return 0;
}

/* ---- joins ---- */

static struct alias *alias_new(struct query *q, struct str table)
{
    struct compiler *c = q->c;
    if (q->aliases.n == ALIASES_MAX) {
        c_fail(c, ERR_UNSUPPORTED, "a query cannot join more than %d tables", (int)ALIASES_MAX);
        return NULL;
    }
    struct alias *a = c_alloc(c, sizeof *a);
    a->table = table;
    a->index = (uint16_t)q->aliases.n;
    a->refs = 1;
    a->name = table;
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (str_eq(q->aliases.items[i]->table, table)) {
            a->name = c_printf(c, "%c%u", q->prefix, q->aliases.n + 1);
            break;
        }
    *list_add(c, &q->aliases) = a;
    return a;
}

struct alias *query_base(struct query *q)
{
    if (q->aliases.n) {
        struct alias *a = q->aliases.items[0];
        a->refs++;
        return a;
    }
    return alias_new(q, q->model->table);
}

static int resolve_filtered(struct query *q, struct alias *a, const alias_set *reuse);

static struct alias *join(struct query *q, struct alias *parent, const struct path *p,
                          const alias_set *reuse)
{
    const alias_set *may = p->many ? reuse : NULL;
    struct alias *found = NULL;
    for (uint32_t i = 0; i < q->aliases.n; i++) {
        struct alias *a = q->aliases.items[i];
        if (a->type == JOIN_BASE || a->parent != parent || a->path.fk != p->fk ||
            a->path.direct != p->direct || a->path.filtered != p->filtered)
            continue;
        if (!may || (*may & ALIAS_BIT(a->index)))
            found = a; /* the most recent one */
    }
    if (found) {
        found->refs++;
        return found;
    }
    struct alias *a = alias_new(q, p->to->table);
    if (!a)
        return NULL;
    if (p->filtered && a->name.p == a->table.p)
        a->name = p->filtered->alias;
    a->parent = parent;
    a->path = *p;
    a->nullable = p->direct ? p->fk->null : true;
    a->type = parent->type == JOIN_OUTER || a->nullable ? JOIN_OUTER : JOIN_INNER;
    if (p->filtered && resolve_filtered(q, a, reuse) < 0)
        return NULL;
    return a;
}

int join_path(struct query *q, struct alias *from, alias_set *reuse, struct joined *j)
{
    j->aliases[0] = from;
    for (uint32_t i = 0; i < j->n_path; i++) {
        from = join(q, from, &j->path[i], reuse);
        if (!from)
            return -1;
        j->aliases[i + 1] = from;
        if (j->path[i].filtered && reuse)
            *reuse |= ALIAS_BIT(from->index);
    }
    return 0;
}

int setup_joins(struct query *q, const struct str *names, uint32_t n, const struct model *m,
                struct alias *from, alias_set *reuse, bool allow_many, struct joined *j)
{
    if (names_to_path(q, names, n, m, allow_many, j) < 0)
        return -1;
    return j->multi ? 0 : join_path(q, from, reuse, j);
}

void trim_joins(struct joined *j, struct alias **alias, const struct field **target,
                uint32_t *n_aliases)
{
    uint32_t n = j->n_path;
    const struct field *t = j->target;
    while (n > 0) {
        const struct path *p = &j->path[n - 1];
        if (!p->direct || p->filtered || p->fk->rel->target != t)
            break;
        t = p->fk;
        j->aliases[n]->refs--;
        n--;
    }
    *alias = j->aliases[n];
    *target = t;
    *n_aliases = n + 1;
}

alias_set alias_bits(const struct joined *j, uint32_t n)
{
    alias_set set = 0;
    for (uint32_t i = 0; i < n; i++)
        set |= ALIAS_BIT(j->aliases[i]->index);
    return set;
}

struct alias *join_parent(struct query *q, const struct model *m, const struct model *owner,
                          struct alias *from)
{
    while (m->concrete != owner->concrete) {
        const struct field *link = model_link(m, owner);
        if (!link)
            break;
        struct path p = {.to = link->rel->to->concrete, .fk = link, .direct = true};
        from = join(q, from, &p, NULL);
        if (!from)
            return NULL;
        m = link->rel->to;
    }
    return from;
}

/* ---- inner and outer ---- */

void promote_join(struct query *q, struct alias *a)
{
    if (a->type != JOIN_INNER)
        return;
    if (!a->nullable && a->parent->type != JOIN_OUTER)
        return;
    a->type = JOIN_OUTER;
    for (uint32_t i = 0; i < q->aliases.n; i++)
        if (q->aliases.items[i]->type != JOIN_BASE && q->aliases.items[i]->parent == a)
            promote_join(q, q->aliases.items[i]);
}

void demote_join(struct query *q, struct alias *a)
{
    (void)q;
    if (a->type == JOIN_OUTER)
        a->type = JOIN_INNER;
}

/* ---- aliases of subqueries ---- */

/* The inner query's tables get names that no other query around or below it has. */
void query_bump(struct query *inner, struct query *outer)
{
    if (inner->prefix != outer->prefix)
        return;
    char p = inner->prefix;
    inner->prefixes |= 1u << (p - 'A');
    do
        p = p == 'Z' ? 'A' : (char)(p + 1);
    while (inner->prefixes & 1u << (p - 'A') && p != inner->prefix);
    inner->prefix = p;
    inner->prefixes |= 1u << (p - 'A');
    outer->prefixes |= inner->prefixes;
    for (uint32_t i = 0; i < inner->aliases.n; i++)
        inner->aliases.items[i]->name = c_printf(inner->c, "%c%u", p, i);
}

/* ---- FilteredRelation ---- */

/* Its condition is read with the names of the relation leading to this join. */
static int resolve_filtered(struct query *q, struct alias *a, const alias_set *reuse)
{
    struct compiler *c = q->c;
    struct filtered *f = a->path.filtered;
    if (a->condition || c->in_filtered)
        return 0;
    const uint32_t *w = c->w;
    uint32_t slot = c->slot;
    c->w = f->words;
    c->slot = f->slot;
    c->in_filtered = f;
    alias_set may = (reuse ? *reuse : ~(alias_set)0) | ALIAS_BIT(a->index);
    struct where_ctx x = {.no_split = true, .keep_joins = true, .reuse = &may};
    alias_set needed;
    int bad = build_filter(q, &x, &a->condition, &needed);
    c->in_filtered = NULL;
    c->w = w;
    c->slot = slot;
    return bad;
}
