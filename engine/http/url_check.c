/* SPDX-License-Identifier: MIT */
/* Routes that work but probably not as meant: Django's checks urls.W001 to W010. */
#include "http/url_tree.h"

#include "base/buf.h"

struct checker {
    bool append_slash;
    void (*fn)(void *data, const char *id, struct str text, struct str where);
    void *data;
    struct map namespaces; /* full name -> where it was first used */
    unsigned found;
};

static void warn(struct checker *c, const char *id, struct str where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void warn(struct checker *c, const char *id, struct str where, const char *fmt, ...)
{
    struct buf b = BUF_INIT;
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    c->fn(c->data, id, buf_str(&b), where);
    c->found++;
    buf_release(&b);
}

/* "'articles/' [name='list']" */
static void describe(struct buf *b, const struct url_route *r)
{
    buf_addf(b, "'%.*s'", STR_ARG(r->pattern));
    if (r->name.n > 0)
        buf_addf(b, " [name='%.*s']", STR_ARG(r->name));
}

static void check_slash(struct checker *c, const struct url_route *r, const char *what)
{
    struct str re = r->regex_text;
    bool starts =
        str_starts(re, STR("/")) || str_starts(re, STR("^/")) || str_starts(re, STR("^\\/"));
    if (c->append_slash && starts && !str_ends(re, STR("/")))
        warn(c, "urls.W002", r->where,
             "Your URL pattern %s has a route beginning with a '/'. Remove this slash as it is "
             "unnecessary. If this pattern is targeted in an include(), ensure the include() "
             "pattern has a trailing '/'.",
             what);
}

static void check_brackets(struct checker *c, const struct url_route *r, const char *what)
{
    size_t open = 0;
    for (size_t i = 0; i < r->pattern.n; i++) {
        open += r->pattern.p[i] == '<';
        if (r->pattern.p[i] != '>')
            continue;
        if (open == 0)
            warn(c, "urls.W010", r->where, "Your URL pattern %s has an unmatched '>' bracket.",
                 what);
        else
            open--;
    }
    if (open > 0)
        warn(c, "urls.W010", r->where, "Your URL pattern %s has an unmatched '<' bracket.", what);
}

static void check_path(struct checker *c, const struct url_route *r, const char *what)
{
    check_brackets(c, r, what);
    if (str_find(r->pattern, STR("(?P<")) < r->pattern.n || str_starts(r->pattern, STR("^")) ||
        str_ends(r->pattern, STR("$")))
        warn(c, "2_0.W001", r->where,
             "Your URL pattern %s has a route that contains '(?P<', begins with a '^', or ends "
             "with a '$'. This was likely an oversight: path() takes no regular expression, "
             "re_path() does.",
             what);
}

static void check_route(struct checker *c, const struct url_route *r)
{
    struct buf b = BUF_INIT;
    describe(&b, r);
    if (!r->include && r->name.p && str_has(r->name, ':'))
        warn(c, "urls.W003", r->where,
             "Your URL pattern %s has a name including a ':'. Remove the colon, to avoid "
             "ambiguous namespace references.",
             b.data);
    check_slash(c, r, b.data);
    if (!r->is_regex)
        check_path(c, r, b.data);
    else if (r->include && str_ends(r->pattern, STR("$")) && !str_ends(r->pattern, STR("\\$")))
        warn(c, "urls.W001", r->where,
             "Your URL pattern %s uses include with a route ending with a '$'. Remove the dollar "
             "from the route to avoid problems including URLs.",
             b.data);
    buf_release(&b);
}

/* An include is looked at itself only when there is nothing to say about what it includes. */
static void check_list(struct checker *c, struct url_list *l)
{
    if (l->visiting)
        return;
    l->visiting = true;
    for (size_t i = 0; i < l->routes.n; i++) {
        const struct url_route *r = l->routes.items[i];
        unsigned before = c->found;
        if (r->include)
            check_list(c, r->include);
        if (c->found == before)
            check_route(c, r);
    }
    l->visiting = false;
}

static void check_namespaces(struct checker *c, struct url_list *l, struct buf *path)
{
    if (l->visiting)
        return;
    l->visiting = true;
    for (size_t i = 0; i < l->routes.n; i++) {
        const struct url_route *r = l->routes.items[i];
        size_t n = path->n;
        if (!r->include)
            continue;
        if (r->ns.p) {
            if (n > 0)
                buf_addc(path, ':');
            buf_addstr(path, r->ns);
            uintptr_t seen = (uintptr_t)map_get(&c->namespaces, buf_str(path));
            map_set(&c->namespaces, buf_str(path), (void *)(seen + 1));
            if (seen == 1)
                warn(c, "urls.W005", r->where,
                     "URL namespace '%s' isn't unique. You may not be able to reverse all URLs "
                     "in this namespace",
                     path->data);
        }
        check_namespaces(c, r->include, path);
        buf_cut(path, n);
    }
    l->visiting = false;
}

void url_tree_check(const struct url_tree *t, bool append_slash,
                    void (*fn)(void *data, const char *id, struct str text, struct str where),
                    void *data)
{
    struct checker c = {.append_slash = append_slash, .fn = fn, .data = data};
    struct buf path = BUF_INIT;
    map_init(&c.namespaces);
    check_list(&c, t->lists.items[0]);
    check_namespaces(&c, t->lists.items[0], &path);
    map_release(&c.namespaces, NULL);
    buf_release(&path);
}
