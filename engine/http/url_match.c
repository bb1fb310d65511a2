/* SPDX-License-Identifier: MIT */
/* From path to view.  Captures of the levels wait in frames on the stack until a
 * view is found; only then the match is put together in the arena. */
#include "http/url_tree.h"

#include "base/utf8.h"

struct frame { /* one route that matched */
    const struct url_route *route;
    const struct frame *outer;
    struct str subject;
    struct url_span spans[URL_MAX_GROUPS + 1];
    struct url_value *values; /* [groups], converted; NULL without custom converters */
};

struct resolver {
    const struct url_tree *tree;
    struct arena *arena;
    void *ctx;
    struct err *err;
    bool text_checked, text_valid; /* is the path UTF-8? asked once, by the first regex */
    struct str path;
    const struct url_match *match;
};

/* ---- one route ---- */

static bool match_literal(const struct url_route *r, struct frame *f)
{
    bool fits = r->include ? str_starts(f->subject, r->prefix) : str_eq(f->subject, r->prefix);
    f->spans[0] = (struct url_span){0, (uint32_t)r->prefix.n};
    return fits;
}

static bool match_text(struct resolver *s, const struct url_route *r, struct frame *f)
{
    switch (r->matching) {
    case MATCH_LITERAL:
        return match_literal(r, f);
    case MATCH_PIECES:
        return str_starts(f->subject, r->prefix) &&
               url_pieces_match(&r->pieces, r->skip, r->prefix.n, !r->include, f->subject,
                                f->spans);
    default:
        if (!s->text_checked) {
            s->text_checked = true;
            s->text_valid = utf8_valid(s->path);
        }
        return s->text_valid && url_regex_match(&r->regex, s->tree->work, f->subject, f->spans);
    }
}

static struct str text_of(const struct frame *f, unsigned group)
{
    struct url_span span = f->spans[group + 1];
    return span.from == UINT32_MAX ? STR_NULL
                                   : str_make(f->subject.p + span.from, span.to - span.from);
}

static bool to_integer(struct str text, int64_t *out)
{
    return str_to_int64(text, out);
}

/* Converts what the route captured: 1, 0 when a converter refuses, -1. */
static int convert(struct resolver *s, struct frame *f)
{
    const struct url_route *r = f->route;
    int64_t integer;
    for (unsigned g = 0; r->params && g < r->regex.groups; g++) {
        const struct url_piece *piece = r->params[g];
        if (!piece)
            continue;
        if (piece->kind == URL_INT && !to_integer(text_of(f, g), &integer))
            return 0;
        if (piece->kind != URL_CUSTOM)
            continue;
        if (!f->values)
            f->values = arena_zalloc(s->arena, sizeof *f->values * r->regex.groups);
        const struct url_converter *c = piece->converter;
        struct str text = text_of(f, g);
        f->values[g] = (struct url_value){.kind = URL_CUSTOM, .text = text};
        int rc = c->to_value(c->data, s->ctx, text, &f->values[g], s->err);
        if (rc != 1)
            return rc;
    }
    return 1;
}

static int match_route(struct resolver *s, const struct url_route *r, struct str path,
                       const struct frame *outer, struct frame *f)
{
    f->route = r;
    f->outer = outer;
    f->subject = path;
    f->values = NULL;
    if (!match_text(s, r, f))
        return 0;
    return r->regex.groups > 0 ? convert(s, f) : 1;
}

/* ---- the match ---- */

static bool captures_names(const struct frame *f)
{
    const struct url_regex *re = &f->route->regex;
    for (unsigned g = 0; re->named && g < re->groups; g++)
        if (re->names[g].p && f->spans[g + 1].from != UINT32_MAX)
            return true;
    return false;
}

struct params {
    struct url_param *items;
    unsigned n;
};

/* A name that is there already gets the new value. */
static void put_named(struct params *p, const struct url_param *param)
{
    for (unsigned i = 0; i < p->n; i++)
        if (p->items[i].name.p && str_eq(p->items[i].name, param->name)) {
            p->items[i].value = param->value;
            return;
        }
    p->items[p->n++] = *param;
}

static struct url_value capture(const struct frame *f, unsigned g)
{
    const struct url_piece *piece = f->route->params ? f->route->params[g] : NULL;
    if (piece && piece->kind == URL_CUSTOM)
        return f->values[g];
    struct url_value v = {.kind = piece ? piece->kind : URL_STR, .text = text_of(f, g)};
    v.quoted = v.kind != URL_INT;
    if (v.kind == URL_INT)
        to_integer(v.text, &v.integer);
    return v;
}

/* With named groups the unnamed ones do not count. */
static void put_captures(struct params *p, const struct frame *f, bool positional)
{
    const struct url_regex *re = &f->route->regex;
    for (unsigned g = 0; g < re->groups; g++) {
        struct url_param param = {.name = re->names[g]};
        if (re->named ? !param.name.p || f->spans[g + 1].from == UINT32_MAX : !positional)
            continue;
        param.value = capture(f, g);
        if (param.name.p)
            put_named(p, &param);
        else
            p->items[p->n++] = param;
    }
    for (size_t i = 0; i < f->route->n_extra; i++)
        put_named(p, &f->route->extra[i]);
}

/* Unnamed captures of an include count only while nothing from there on is named. */
static void collect_params(struct url_match *m, struct arena *a, const struct frame *const *frames,
                           unsigned n)
{
    size_t most = 0;
    unsigned unnamed_from = n - 1;
    bool named = captures_names(frames[n - 1]) || frames[n - 1]->route->n_extra > 0;
    for (unsigned i = 0; i < n; i++)
        most += frames[i]->route->regex.groups + frames[i]->route->n_extra;
    if (most == 0)
        return;
    while (!named && unnamed_from > 0) {
        const struct frame *f = frames[unnamed_from - 1];
        named = captures_names(f) || f->route->n_extra > 0;
        unnamed_from -= !named;
    }
    struct params p = {arena_alloc(a, sizeof *p.items * most), 0};
    for (unsigned i = 0; i < n; i++)
        put_captures(&p, frames[i], i >= unnamed_from);
    m->params = p.items;
    m->n_params = p.n;
}

static void finish(struct resolver *s, const struct frame *leaf)
{
    const struct frame *frames[URL_MAX_DEPTH + 1];
    unsigned n = 0;
    struct url_match *m = arena_zalloc(s->arena, sizeof *m);
    for (const struct frame *f = leaf; f; f = f->outer)
        n++;
    const struct frame *f = leaf;
    for (unsigned i = n; i-- > 0; f = f->outer)
        frames[i] = f;
    m->route = leaf->route;
    m->view = leaf->route->view;
    m->url_name = leaf->route->name;
    if (n > 1) {
        const struct url_route **includes = arena_alloc(s->arena, sizeof(void *) * (n - 1));
        for (unsigned i = 0; i + 1 < n; i++)
            includes[i] = frames[i]->route;
        m->includes = includes;
        m->n_includes = n - 1;
    }
    collect_params(m, s->arena, frames, n);
    s->match = m;
}

static int resolve_list(struct resolver *s, const struct url_list *l, struct str path,
                        const struct frame *outer, unsigned depth)
{
    const struct url_index_node *node = url_index_find(&l->index, path);
    struct frame f;
    if (depth > URL_MAX_DEPTH)
        return 0;
    for (uint32_t i = 0; i < node->n_routes; i++) {
        const struct url_route *r = l->routes.items[node->routes[i]];
        int rc = match_route(s, r, path, outer, &f);
        if (rc == 0)
            continue;
        if (rc > 0 && !r->include)
            finish(s, &f);
        else if (rc > 0)
            rc = resolve_list(s, r->include, str_skip(path, f.spans[0].to), &f, depth + 1);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int url_resolve(const struct url_tree *t, struct str path, struct arena *a, void *ctx,
                const struct url_match **match, struct err *err)
{
    if (path.n == 0 || path.p[0] != '/' || path.n >= UINT32_MAX)
        return 0;
    struct resolver s = {.tree = t, .arena = a, .ctx = ctx, .err = err, .path = path};
    int rc = resolve_list(&s, t->lists.items[0], str_skip(path, 1), NULL, 1);
    if (rc == 1)
        *match = s.match;
    return rc;
}

bool url_is_valid_path(const struct url_tree *t, struct str path, void *ctx)
{
    const struct url_match *m;
    struct arena a;
    arena_init(&a, 0);
    int rc = url_resolve(t, path, &a, ctx, &m, NULL);
    arena_release(&a);
    return rc == 1;
}

/* ---- what was tried ---- */

struct tries {
    struct resolver s;
    VEC(struct url_tried) list;
};

enum { TRIED_LIMIT = 10000 }; /* a page nobody reads to its end */

static void add_tried(struct tries *t, const struct url_route *r, const struct frame *outer)
{
    struct url_tried *entry = vec_add(&t->list);
    *entry = (struct url_tried){.n = 1, .name = r->name};
    for (const struct frame *f = outer; f; f = f->outer)
        entry->n++;
    struct str *patterns = arena_alloc(t->s.arena, sizeof *patterns * entry->n);
    patterns[entry->n - 1] = r->pattern;
    size_t i = entry->n - 1;
    for (const struct frame *f = outer; f; f = f->outer)
        patterns[--i] = f->route->pattern;
    entry->patterns = patterns;
}

static void try_list(struct tries *t, const struct url_list *l, struct str path,
                     const struct frame *outer, unsigned depth)
{
    struct frame f;
    if (depth > URL_MAX_DEPTH)
        return;
    for (size_t i = 0; i < l->routes.n && t->list.n < TRIED_LIMIT; i++) {
        const struct url_route *r = l->routes.items[i];
        if (r->include && match_route(&t->s, r, path, outer, &f) == 1)
            try_list(t, r->include, str_skip(path, f.spans[0].to), &f, depth + 1);
        else
            add_tried(t, r, outer);
    }
}

size_t url_tried(const struct url_tree *t, struct str path, struct arena *a, void *ctx,
                 const struct url_tried **tried)
{
    struct tries tries = {.s = {.tree = t, .arena = a, .ctx = ctx, .path = path}, .list = VEC_INIT};
    if (path.n > 0 && path.p[0] == '/' && path.n < UINT32_MAX)
        try_list(&tries, t->lists.items[0], str_skip(path, 1), NULL, 1);
    size_t n = tries.list.n;
    struct url_tried *copy = arena_alloc(a, sizeof *copy * (n + 1));
    if (n > 0)
        memcpy(copy, tries.list.items, sizeof *copy * n);
    vec_release(&tries.list);
    *tried = copy;
    return n;
}
