/* SPDX-License-Identifier: MIT */
/* Tags and filters by their names: those of the libraries that are loaded, and those that
 * were picked by {% load name from library %}.  What was loaded last wins. */
#include "template/impl.h"

#include "base/suggest.h"

struct picked { /* under its name */
    const struct tag *tag;
    const struct filter *filter;
    unsigned tag_order, filter_order;
};

const struct tag *library_tag(const struct library *l, struct str name)
{
    for (const struct tag *t = l->tags; t && t->name; t++)
        if (str_eq(str_from(t->name), name))
            return t;
    return NULL;
}

const struct filter *library_filter(const struct library *l, struct str name)
{
    for (const struct filter *f = l->filters; f && f->name; f++)
        if (str_eq(str_from(f->name), name))
            return f;
    return NULL;
}

/* ---- loading ---- */

void parser_add_library(struct parser *p, const struct library *l)
{
    size_t n = 0;
    for (size_t i = 0; i < p->libraries.n; i++)
        if (p->libraries.items[i].library != l)
            p->libraries.items[n++] = p->libraries.items[i];
    p->libraries.n = n;
    vec_push(&p->libraries, ((struct loaded){l, ++p->loads}));
}

bool parser_pick(struct parser *p, const struct library *l, struct str name)
{
    const struct tag *tag = library_tag(l, name);
    const struct filter *filter = library_filter(l, name);
    struct picked *k = parser_get(p, "picked", name);
    if (!tag && !filter)
        return false;
    if (!k) {
        k = arena_zalloc(parser_arena(p), sizeof *k);
        parser_put(p, "picked", name, k);
    }
    p->loads++;
    if (tag) {
        k->tag = tag;
        k->tag_order = p->loads;
    }
    if (filter) {
        k->filter = filter;
        k->filter_order = p->loads;
    }
    p->picked = true;
    return true;
}

/* ---- finding ---- */

static const struct picked *find_picked(struct parser *p, struct str name)
{
    return p->picked ? parser_get(p, "picked", name) : NULL;
}

const struct tag *parser_tag(struct parser *p, struct str name)
{
    const struct picked *k = find_picked(p, name);
    for (size_t i = p->libraries.n; i-- > 0;) {
        const struct loaded *l = &p->libraries.items[i];
        if (k && k->tag_order > l->order)
            break;
        const struct tag *t = library_tag(l->library, name);
        if (t)
            return t;
    }
    return k ? k->tag : NULL;
}

static const struct filter *find_filter(struct parser *p, struct str name)
{
    const struct picked *k = find_picked(p, name);
    for (size_t i = p->libraries.n; i-- > 0;) {
        const struct loaded *l = &p->libraries.items[i];
        if (k && k->filter_order > l->order)
            break;
        const struct filter *f = library_filter(l->library, name);
        if (f)
            return f;
    }
    return k ? k->filter : NULL;
}

/* ---- what may have been meant ---- */

static const char *const own[] = {"humanize", "i18n", "l10n", "tz"};

/* A library of the language that has the name, and is not loaded; or NULL. */
static const char *missing_library(struct str name, bool tag)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        const struct library *l = template_library(str_from(own[i]));
        if (tag ? library_tag(l, name) != NULL : library_filter(l, name) != NULL)
            return own[i];
    }
    return NULL;
}

/* Says what helps, if anything does. */
static void hint(struct parser *p, struct suggest *s, struct str name, bool tag)
{
    const char *library = missing_library(name, tag);
    char *out = p->error->hint;
    size_t size = sizeof p->error->hint;
    if (library)
        snprintf(out, size, "'%.*s' comes with {%% load %s %%}", (int)(name.n < 40 ? name.n : 40),
                 name.p, library);
    else if (s->best.p)
        snprintf(out, size, "did you mean '%.*s'?", (int)(s->best.n < 90 ? s->best.n : 90),
                 s->best.p);
}

void parser_suggest_tag(struct parser *p, struct str name)
{
    struct suggest s;
    suggest_init(&s, name);
    for (size_t i = p->libraries.n; i-- > 0;)
        for (const struct tag *t = p->libraries.items[i].library->tags; t && t->name; t++)
            suggest_add(&s, str_from(t->name));
    hint(p, &s, name, true);
}

static void suggest_filter(struct parser *p, struct str name)
{
    struct suggest s;
    suggest_init(&s, name);
    for (size_t i = p->libraries.n; i-- > 0;)
        for (const struct filter *f = p->libraries.items[i].library->filters; f && f->name; f++)
            suggest_add(&s, str_from(f->name));
    hint(p, &s, name, false);
}

const struct filter *parser_filter(struct parser *p, const struct token *t, struct str name)
{
    const struct filter *f = find_filter(p, name);
    if (f)
        return f;
    parser_fail(p, t, "Invalid filter: '%.*s'", STR_ARG(name));
    suggest_filter(p, name);
    return NULL;
}
