/* SPDX-License-Identifier: MIT */
/* What a match can tell beyond its view and parameters, put together when asked for;
 * and a walk over all routes, for listings. */
#include "http/url_tree.h"

static struct str in_arena(struct arena *a, struct buf *b)
{
    struct str s = arena_str(a, buf_str(b));
    buf_release(b);
    return s;
}

struct str url_match_route(const struct url_match *m, struct arena *a)
{
    struct buf b = BUF_INIT;
    for (unsigned i = 0; i <= m->n_includes; i++) {
        struct str part = i < m->n_includes ? m->includes[i]->pattern : m->route->pattern;
        if (b.n > 0 && str_starts(part, STR("^")))
            part = str_skip(part, 1);
        buf_addstr(&b, part);
    }
    return in_arena(a, &b);
}

size_t url_match_app_names(const struct url_match *m, struct arena *a, struct str **names)
{
    size_t n = 0;
    *names = arena_alloc(a, sizeof **names * (m->n_includes + 1));
    for (unsigned i = 0; i < m->n_includes; i++)
        if (m->includes[i]->app_name.n > 0)
            (*names)[n++] = m->includes[i]->app_name;
    return n;
}

size_t url_match_namespaces(const struct url_match *m, struct arena *a, struct str **names)
{
    size_t n = 0;
    *names = arena_alloc(a, sizeof **names * (m->n_includes + 1));
    for (unsigned i = 0; i < m->n_includes; i++)
        if (m->includes[i]->ns.n > 0)
            (*names)[n++] = m->includes[i]->ns;
    return n;
}

static void add_namespaces(struct buf *b, const struct url_match *m)
{
    for (unsigned i = 0; i < m->n_includes; i++) {
        if (m->includes[i]->ns.n == 0)
            continue;
        if (b->n > 0)
            buf_addc(b, ':');
        buf_addstr(b, m->includes[i]->ns);
    }
}

struct str url_match_namespace(const struct url_match *m, struct arena *a)
{
    struct buf b = BUF_INIT;
    add_namespaces(&b, m);
    return in_arena(a, &b);
}

struct str url_match_view_name(const struct url_match *m, struct arena *a)
{
    struct buf b = BUF_INIT;
    add_namespaces(&b, m);
    if (b.n > 0)
        buf_addc(&b, ':');
    buf_addstr(&b, m->url_name.n > 0 ? m->url_name : m->route->view_label);
    return in_arena(a, &b);
}

/* ---- walking ---- */

struct walk {
    void (*fn)(void *data, const struct url_match *m, struct arena *a);
    void *data;
    const struct url_route *includes[URL_MAX_DEPTH];
    struct arena arena;
};

static void walk_list(struct walk *w, struct url_list *l, unsigned depth)
{
    if (l->visiting || depth == URL_MAX_DEPTH)
        return;
    l->visiting = true;
    for (size_t i = 0; i < l->routes.n; i++) {
        const struct url_route *r = l->routes.items[i];
        if (r->include) {
            w->includes[depth] = r;
            walk_list(w, r->include, depth + 1);
            continue;
        }
        struct url_match m = {.view = r->view,
                              .url_name = r->name,
                              .route = r,
                              .includes = w->includes,
                              .n_includes = depth};
        w->fn(w->data, &m, &w->arena);
        arena_reset(&w->arena);
    }
    l->visiting = false;
}

void url_tree_walk(const struct url_tree *t,
                   void (*fn)(void *data, const struct url_match *m, struct arena *a), void *data)
{
    struct walk w = {.fn = fn, .data = data};
    arena_init(&w.arena, 0);
    walk_list(&w, t->lists.items[0], 0);
    arena_release(&w.arena);
}
