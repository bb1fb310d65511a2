/* SPDX-License-Identifier: MIT */
/* Short forms for the tests of http/urls.h: routes in one call, a match as one line. */
#ifndef TESTS_UNIT_URLS_HELPER_H
#define TESTS_UNIT_URLS_HELPER_H

#include "test.h"

#include "http/urls.h"

/* A view is a number; the pattern starts with "r " for re_path() and "p " for path(). */
static inline struct url_spec route(const char *pattern, const char *name, intptr_t view)
{
    return (struct url_spec){.is_regex = pattern[0] == 'r',
                             .pattern = str_from(pattern + 2),
                             .name = str_from(name),
                             .view = (void *)view,
                             .view_label = STR("app.view"),
                             .where = STR("urls.lua:1")};
}

static inline void add_spec(struct url_list *l, struct url_spec spec)
{
    struct err err;
    if (url_add(l, &spec, &err) != 0)
        fail_msg("%s", err.msg);
}

static inline void add(struct url_list *l, const char *pattern, const char *name, intptr_t view)
{
    add_spec(l, route(pattern, name, view));
}

/* app and ns may be NULL. */
static inline struct url_list *include_list(struct url_list *l, const char *pattern,
                                            struct url_list *what, const char *app, const char *ns)
{
    struct url_spec spec = route(pattern, NULL, 0);
    spec.include = what;
    spec.app_name = str_from(app);
    spec.ns = str_from(ns);
    add_spec(l, spec);
    return what;
}

static inline struct url_param extra(const char *name, const char *text, bool quoted)
{
    return (struct url_param){str_from(name),
                              {.kind = URL_EXTRA, .text = str_from(text), .quoted = quoted}};
}

static inline void compile(struct url_tree *t)
{
    struct err err;
    if (url_tree_compile(t, &err) != 0)
        fail_msg("%s", err.msg);
}

/* "7 year=#2003 slug=abc [unnamed] extra!text": the view, then its parameters; "none";
 * or the error. */
static inline void show_match(struct url_tree *t, struct str path, void *ctx, char *out,
                              size_t size)
{
    struct arena a;
    struct err err = {0};
    const struct url_match *m = NULL;
    struct buf b = BUF_INIT;
    arena_init(&a, 0);
    int rc = url_resolve(t, path, &a, ctx, &m, &err);
    if (rc != 1)
        buf_adds(&b, rc == 0 ? "none" : err.msg);
    else
        buf_addint(&b, (intptr_t)m->view);
    for (unsigned i = 0; rc == 1 && i < m->n_params; i++) {
        const struct url_param *p = &m->params[i];
        if (!p->name.p)
            buf_addf(&b, " [%.*s]", p->value.text.p ? (int)p->value.text.n : 1,
                     p->value.text.p ? p->value.text.p : "-");
        else if (p->value.kind == URL_INT)
            buf_addf(&b, " %.*s=#%lld", STR_ARG(p->name), (long long)p->value.integer);
        else
            buf_addf(&b, " %.*s%c%.*s", STR_ARG(p->name), p->value.kind == URL_EXTRA ? '!' : '=',
                     STR_ARG(p->value.text));
    }
    snprintf(out, size, "%s", b.data);
    buf_release(&b);
    arena_release(&a);
}

#define assert_match(tree, path, want)                                                             \
    do {                                                                                           \
        char shown_[512];                                                                          \
        show_match(tree, path, NULL, shown_, sizeof shown_);                                       \
        if (strcmp(shown_, want) != 0)                                                             \
            fail_msg("got \"%s\", want \"%s\"", shown_, want);                                     \
    } while (0)

#endif
