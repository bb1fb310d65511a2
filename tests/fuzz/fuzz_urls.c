/* SPDX-License-Identifier: MIT */
/* Input is lines.  "p PATTERN" and "r PATTERN" add routes to the current list, "( PATTERN"
 * and "[ PATTERN" include (path, re_path) a new list and go on inside of it, ")" goes back;
 * "/..." is a path to resolve, and every name is reversed with what was captured. */
#include "http/urls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LISTS = 16, MAX_ROUTES = 64 };

struct state {
    struct url_tree *tree;
    struct url_list *stack[MAX_LISTS];
    size_t depth, routes;
    struct arena arena;
};

static int even(void *data, void *ctx, struct str text, struct url_value *out, struct err *err)
{
    (void)data;
    (void)ctx;
    (void)err;
    out->text = text;
    return text.n % 2 == 0;
}

static int write_text(void *data, void *ctx, const struct url_value *v, struct buf *out,
                      struct err *err)
{
    (void)data;
    (void)ctx;
    (void)err;
    buf_addstr(out, v->text);
    return 1;
}

static void add_route(struct state *s, struct str line)
{
    struct err err;
    char kind = line.p[0];
    struct url_spec spec = {.is_regex = kind == 'r' || kind == '[',
                            .pattern = str_skip(line, 2),
                            .name = STR("name"),
                            .view = s};
    if (s->routes++ == MAX_ROUTES)
        return;
    if (kind == '(' || kind == '[') {
        if (s->depth == MAX_LISTS)
            return;
        spec.include = url_list_new(s->tree);
        if (s->routes % 2) {
            spec.app_name = STR("app");
            spec.ns = STR("ns");
        }
    }
    if (url_add(s->stack[s->depth - 1], &spec, &err) == 0 && spec.include)
        s->stack[s->depth++] = spec.include;
}

static void reverse(struct state *s, const struct url_match *m)
{
    static const char *const names[] = {"name", "app:name", "ns:ns:name"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct buf out = BUF_INIT;
        struct err err;
        struct url_reverse q = {.name = str_from(names[i]),
                                .params = m ? m->params : NULL,
                                .n_params = m ? m->n_params : 0};
        url_reverse(s->tree, &q, NULL, &out, &err);
        buf_release(&out);
    }
}

static void ignore(void *data, const char *id, struct str text, struct str where)
{
    (void)data;
    (void)id;
    (void)text;
    (void)where;
}

static void resolve(struct state *s, struct str path)
{
    struct err err;
    const struct url_match *m = NULL;
    const struct url_tried *tried;
    if (url_resolve(s->tree, path, &s->arena, NULL, &m, &err) == 1) {
        url_match_route(m, &s->arena);
        url_match_view_name(m, &s->arena);
        reverse(s, m);
    } else {
        url_tried(s->tree, path, &s->arena, NULL, &tried);
        reverse(s, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state s = {.tree = url_tree_new(), .depth = 1};
    struct url_converter c = {STR("even"), STR("\\w*"), even, write_text, NULL};
    struct str rest = str_make((const char *)data, size < 4096 ? size : 4096), line;
    struct str paths[8];
    size_t n_paths = 0;
    struct err err;
    s.stack[0] = url_tree_root(s.tree);
    arena_init(&s.arena, 0);
    url_tree_converter(s.tree, &c, &err);
    while (str_split(&rest, '\n', &line)) {
        if (line.n == 0)
            continue;
        if (line.p[0] == '/' && n_paths < 8)
            paths[n_paths++] = line;
        else if (line.p[0] == ')' && s.depth > 1)
            s.depth--;
        else if (line.n > 1)
            add_route(&s, line);
    }
    if (url_tree_compile(s.tree, &err) == 0) {
        url_tree_check(s.tree, true, ignore, NULL);
        for (size_t i = 0; i < n_paths; i++)
            resolve(&s, paths[i]);
    }
    arena_release(&s.arena);
    url_tree_free(s.tree);
    return 0;
}
