/* SPDX-License-Identifier: MIT */
/* Building a tree: routes are parsed as they are added, so that an error names the
 * place of its declaration. */
#include "http/url_tree.h"

#include "base/suggest.h"
#include "base/utf8.h"
#include "http/url_names.h"

struct url_tree *url_tree_new(void)
{
    struct url_tree *t = mem_zalloc(sizeof *t);
    arena_init(&t->arena, 0);
    map_init(&t->converters.by_name);
    map_init(&t->reversals);
    t->work = url_regex_work_new();
    url_list_new(t);
    return t;
}

static void list_free(struct url_list *l)
{
    for (size_t i = 0; i < l->routes.n; i++) {
        vec_release(&l->routes.items[i]->pieces);
        url_regex_release(&l->routes.items[i]->regex);
    }
    vec_release(&l->routes);
    url_names_free(l->names);
    free(l);
}

void url_tree_free(struct url_tree *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->lists.n; i++)
        list_free(t->lists.items[i]);
    vec_release(&t->lists);
    map_release(&t->converters.by_name, NULL);
    map_release(&t->reversals, url_reversal_free);
    url_regex_work_free(t->work);
    arena_release(&t->arena);
    free(t);
}

struct url_list *url_tree_root(struct url_tree *t)
{
    return t->lists.items[0];
}

struct url_list *url_list_new(struct url_tree *t)
{
    struct url_list *l = mem_zalloc(sizeof *l);
    l->tree = t;
    vec_push(&t->lists, l);
    return l;
}

/* ---- converters ---- */

int url_tree_converter(struct url_tree *t, const struct url_converter *c, struct err *err)
{
    struct url_regex re;
    struct err why;
    if (url_kind_parse(c->name) >= 0 || map_has(&t->converters.by_name, c->name))
        return err_set(err, ERR_CONFIG, "URL converter '%.*s' is already registered",
                       STR_ARG(c->name));
    if (url_regex_compile(&re, &t->arena, c->regex, 0, &why) != 0)
        return err_set(err, ERR_CONFIG,
                       "URL converter '%.*s': \"%.*s\" is not a valid regular expression: %s",
                       STR_ARG(c->name), STR_ARG(c->regex), why.msg);
    url_regex_release(&re);
    struct url_converter *copy = arena_alloc(&t->arena, sizeof *copy);
    *copy = *c;
    copy->name = arena_str(&t->arena, c->name);
    copy->regex = arena_str(&t->arena, c->regex);
    map_set(&t->converters.by_name, copy->name, copy);
    return 0;
}

const struct url_converter *url_converters_get(const struct url_converters *c, struct str name)
{
    return map_get(&c->by_name, name);
}

const char *url_converters_suggest(const struct url_converters *c, struct str name, char *out,
                                   size_t size)
{
    struct suggest s;
    suggest_init(&s, name);
    for (int i = 0; i <= URL_PATH; i++)
        suggest_add(&s, url_kind_name((enum url_kind)i));
    for (size_t i = 0; i < c->by_name.used; i++)
        if (c->by_name.entries[i].key.p)
            suggest_add(&s, c->by_name.entries[i].key);
    return suggest_text(&s, out, size);
}

/* ---- routes ---- */

static struct str copy_str(struct arena *a, struct str s)
{
    return s.p ? arena_str(a, s) : STR_NULL;
}

static void copy_extra(struct arena *a, struct url_route *r, const struct url_spec *spec)
{
    r->n_extra = spec->n_extra;
    r->extra = arena_alloc(a, sizeof *r->extra * (spec->n_extra + 1));
    for (size_t i = 0; i < spec->n_extra; i++) {
        r->extra[i] = spec->extra[i];
        r->extra[i].name = copy_str(a, spec->extra[i].name);
        r->extra[i].value.text = copy_str(a, spec->extra[i].value.text);
        r->extra[i].value.kind = URL_EXTRA;
    }
}

/* The length of literal text at the start of a pattern, metacharacters excluded. */
static size_t literal_length(struct str s)
{
    size_t n = 0, last = 0;
    while (n < s.n && !strchr("\\^$.|?*+()[]{}", s.p[n]) && s.p[n]) {
        if (((unsigned char)s.p[n] & 0xC0) != 0x80)
            last = n;
        n++;
    }
    /* a quantifier makes the character before it something else */
    return n < s.n && strchr("?*+{", s.p[n]) ? last : n;
}

/* Text that every match of the regular expression starts with. */
static struct str regex_prefix(struct str pattern, bool anchored)
{
    if (str_has(pattern, '|')) /* of the other alternative we know nothing */
        return STR("");
    if (str_starts(pattern, STR("^")))
        pattern = str_skip(pattern, 1);
    else if (!anchored)
        return STR("");
    return str_head(pattern, literal_length(pattern));
}

static int compile_regex(struct url_route *r, struct arena *a, struct str text, unsigned flags,
                         struct err *err)
{
    struct err why;
    if (url_regex_compile(&r->regex, a, text, flags | URL_REGEX_JIT, &why) == 0)
        return 0;
    return err_set(err, ERR_CONFIG, "\"%.*s\" is not a valid regular expression: %s",
                   STR_ARG(r->pattern), why.msg);
}

/* The piece that each group of the regular expression stands for, NULL where a custom
 * converter brought groups of its own. */
static void map_params(struct url_route *r, struct arena *a)
{
    r->params = arena_zalloc(a, sizeof *r->params * (r->regex.groups + 1));
    for (unsigned g = 0; g < r->regex.groups; g++)
        for (size_t i = 0; i < r->pieces.n && r->regex.names[g].p; i++) {
            const struct url_piece *piece = &r->pieces.items[i];
            if (!piece->literal.p && str_eq(piece->name, r->regex.names[g]))
                r->params[g] = piece;
        }
}

/* Lets path() look like a regular expression to those who read captures. */
static void number_params(struct url_route *r, struct arena *a)
{
    r->regex.names = arena_alloc(a, sizeof *r->regex.names * (r->pieces.n + 1));
    r->params = arena_alloc(a, sizeof *r->params * (r->pieces.n + 1));
    for (size_t i = 0; i < r->pieces.n; i++)
        if (!r->pieces.items[i].literal.p) {
            r->params[r->regex.groups] = &r->pieces.items[i];
            r->regex.names[r->regex.groups++] = r->pieces.items[i].name;
            r->regex.named = true;
        }
}

static int parse_path(struct url_route *r, struct url_tree *t, struct err *err)
{
    struct buf text = BUF_INIT;
    if (url_pieces_parse(&r->pieces, r->pattern, &t->converters, err) != 0)
        return -1;
    buf_addc(&text, '^');
    url_pieces_regex(&r->pieces, &text);
    if (!r->include)
        buf_adds(&text, "\\Z");
    r->regex_text = arena_str(&t->arena, buf_str(&text));
    buf_release(&text);
    if (r->pieces.n > 0 && r->pieces.items[0].literal.p) {
        r->prefix = r->pieces.items[0].literal;
        r->skip = 1;
    } else {
        r->prefix = STR("");
    }
    if (r->pieces.n == r->skip) {
        r->matching = MATCH_LITERAL;
        return 0;
    }
    if (r->pieces.scannable) {
        r->matching = MATCH_PIECES;
        number_params(r, &t->arena);
        return 0;
    }
    r->matching = MATCH_REGEX;
    if (compile_regex(r, &t->arena, r->regex_text, 0, err) != 0)
        return -1;
    map_params(r, &t->arena);
    return 0;
}

static int parse_regex(struct url_route *r, struct url_tree *t, struct err *err)
{
    bool full = !r->include && str_ends(r->pattern, STR("$"));
    r->matching = MATCH_REGEX;
    r->regex_text = r->pattern;
    r->prefix = regex_prefix(r->pattern, full);
    return compile_regex(r, &t->arena, r->pattern, full ? URL_REGEX_FULL : 0, err);
}

static int check_spec(const struct url_list *l, const struct url_spec *s, struct err *err)
{
    if (s->pattern.n > URL_MAX_PATTERN)
        return err_set(err, ERR_CONFIG, "URL route '%.40s...' is longer than %d bytes",
                       s->pattern.p, URL_MAX_PATTERN);
    if (!utf8_valid(s->pattern))
        return err_set(err, ERR_CONFIG, "URL route '%.*s' is not valid UTF-8", STR_ARG(s->pattern));
    if (s->include && s->include->tree != l->tree)
        return err_set(err, ERR_CONFIG, "URL route '%.*s' includes a list of another tree",
                       STR_ARG(s->pattern));
    if (s->include && s->ns.n > 0 && s->app_name.n == 0)
        return err_set(err, ERR_CONFIG,
                       "URL route '%.*s': specifying a namespace ('%.*s') in include() without "
                       "providing an app_name is not supported. Set app_name in the included "
                       "list of routes",
                       STR_ARG(s->pattern), STR_ARG(s->ns));
    return 0;
}

int url_add(struct url_list *l, const struct url_spec *spec, struct err *err)
{
    struct url_tree *t = l->tree;
    struct arena *a = &t->arena;
    struct url_route *r = arena_zalloc(a, sizeof *r);
    r->list = l;
    r->is_regex = spec->is_regex;
    r->where = arena_str(a, spec->where);
    r->name = copy_str(a, spec->name);
    r->view = spec->view;
    r->view_label = arena_str(a, spec->view_label);
    r->include = spec->include;
    r->app_name = spec->app_name.n ? arena_str(a, spec->app_name) : STR_NULL;
    r->ns = spec->ns.n ? arena_str(a, spec->ns) : r->app_name;
    copy_extra(a, r, spec);
    int rc = check_spec(l, spec, err);
    if (rc == 0) {
        r->pattern = arena_str(a, spec->pattern);
        rc = r->is_regex ? parse_regex(r, t, err) : parse_path(r, t, err);
    }
    if (rc == 0) {
        vec_push(&l->routes, r);
        return 0;
    }
    vec_release(&r->pieces);
    return r->where.n ? err_prefix(err, "%.*s", STR_ARG(r->where)) : -1;
}

/* ---- compiling ---- */

static void build_index(struct url_list *l)
{
    struct str *prefixes = mem_alloc(sizeof *prefixes * (l->routes.n + 1));
    for (size_t i = 0; i < l->routes.n; i++)
        prefixes[i] = l->routes.items[i]->prefix;
    url_index_build(&l->index, &l->tree->arena, prefixes, (uint32_t)l->routes.n);
    free(prefixes);
}

/* A list that includes itself without a prefix would never end. */
static int check_loops(struct url_list *l, const struct url_route *by, struct err *err)
{
    if (l->visiting) {
        err_set(err, ERR_CONFIG,
                "URL route '' includes the list it is in: give the include() a prefix");
        return by->where.n ? err_prefix(err, "%.*s", STR_ARG(by->where)) : -1;
    }
    int rc = 0;
    l->visiting = true;
    for (size_t i = 0; rc == 0 && i < l->routes.n; i++) {
        const struct url_route *r = l->routes.items[i];
        if (r->include && r->pattern.n == 0)
            rc = check_loops(r->include, r, err);
    }
    l->visiting = false;
    return rc;
}

int url_tree_compile(struct url_tree *t, struct err *err)
{
    for (size_t i = 0; i < t->lists.n; i++)
        if (check_loops(t->lists.items[i], NULL, err) != 0)
            return -1;
    for (size_t i = 0; i < t->lists.n; i++)
        build_index(t->lists.items[i]);
    for (size_t i = 0; i < t->lists.n; i++)
        url_names_build(t->lists.items[i]);
    return 0;
}

struct str url_route_where(const struct url_route *r)
{
    return r->where;
}

struct str url_route_pattern(const struct url_route *r)
{
    return r->pattern;
}

struct str url_route_name(const struct url_route *r)
{
    return r->name;
}
