/* SPDX-License-Identifier: MIT */
#include "http/url_names.h"

#include "http/url_tree.h"

static struct str view_key(const void *const *view)
{
    return str_make((const char *)view, sizeof *view);
}

static struct url_chain join(struct arena *a, const struct url_route *first,
                             const struct url_chain *rest)
{
    size_t n = rest ? rest->n : 0;
    struct url_chain c = {arena_alloc(a, sizeof(void *) * (n + 1)), n + 1};
    c.routes[0] = first;
    if (n > 0)
        memcpy(c.routes + 1, rest->routes, sizeof(void *) * n);
    return c;
}

static void add_chain(struct map *m, struct str key, struct url_chain c)
{
    struct url_chains *chains = map_get(m, key);
    if (!chains) {
        chains = mem_zalloc(sizeof *chains);
        map_set(m, key, chains);
    }
    vec_push(&chains->list, c);
}

static void add_instance(struct map *m, struct str app, struct str ns)
{
    struct url_apps *apps = map_get(m, app);
    if (!apps) {
        apps = mem_zalloc(sizeof *apps);
        map_set(m, app, apps);
    }
    vec_push(&apps->instances, ns);
}

/* Routes are walked from the last to the first, so the first one declared stays. */
static void set_namespace(struct map *m, struct str ns, struct url_chain c)
{
    struct url_chain *copy = mem_alloc(sizeof *copy);
    *copy = c;
    free(map_set(m, ns, copy));
}

static void take_chains(struct map *into, const struct map *from, const struct url_route *r,
                        struct arena *a)
{
    for (size_t i = 0; i < from->used; i++) {
        const struct map_entry *e = &from->entries[i];
        const struct url_chains *chains = e->value;
        for (size_t j = 0; e->key.p && j < chains->list.n; j++)
            add_chain(into, e->key, join(a, r, &chains->list.items[j]));
    }
}

/* Names behind an include without a namespace are names of this list. */
static void take_names(struct url_names *n, const struct url_names *from, const struct url_route *r,
                       struct arena *a)
{
    take_chains(&n->by_name, &from->by_name, r, a);
    take_chains(&n->by_view, &from->by_view, r, a);
    for (size_t i = 0; i < from->namespaces.used; i++) {
        const struct map_entry *e = &from->namespaces.entries[i];
        if (e->key.p)
            set_namespace(&n->namespaces, e->key, join(a, r, e->value));
    }
    for (size_t i = 0; i < from->apps.used; i++) {
        const struct map_entry *e = &from->apps.entries[i];
        const struct url_apps *apps = e->value;
        for (size_t j = 0; e->key.p && j < apps->instances.n; j++)
            add_instance(&n->apps, e->key, apps->instances.items[j]);
    }
}

void url_names_build(struct url_list *l)
{
    struct arena *a = &l->tree->arena;
    if (l->names) /* done, or an include of itself further up */
        return;
    struct url_names *n = l->names = mem_zalloc(sizeof *n);
    for (size_t i = l->routes.n; i-- > 0;) {
        const struct url_route *r = l->routes.items[i];
        const void *view = r->view;
        if (!r->include) {
            add_chain(&n->by_view, view_key(&view), join(a, r, NULL));
            if (r->name.p)
                add_chain(&n->by_name, r->name, join(a, r, NULL));
            continue;
        }
        url_names_build(r->include);
        if (r->app_name.p) {
            add_instance(&n->apps, r->app_name, r->ns);
            set_namespace(&n->namespaces, r->ns, join(a, r, NULL));
        } else if (r->include != l) {
            take_names(n, r->include->names, r, a);
        }
    }
}

static void free_chains(void *p)
{
    struct url_chains *chains = p;
    vec_release(&chains->list);
    free(chains);
}

static void free_apps(void *p)
{
    struct url_apps *apps = p;
    vec_release(&apps->instances);
    free(apps);
}

void url_names_free(struct url_names *n)
{
    if (!n)
        return;
    map_release(&n->by_name, free_chains);
    map_release(&n->by_view, free_chains);
    map_release(&n->namespaces, free);
    map_release(&n->apps, free_apps);
    free(n);
}

const struct url_chains *url_names_get(const struct url_names *n, struct str name, const void *view)
{
    return name.p ? map_get(&n->by_name, name) : map_get(&n->by_view, view_key(&view));
}
