/* SPDX-License-Identifier: MIT */
/* From name to URL.  The patterns that a name stands for are turned round when it is
 * first asked for, and kept.  A form is filled in with the parameters and is right if
 * the pattern, forwards, matches it. */
#include "http/url_tree.h"

#include "base/suggest.h"
#include "base/utf8.h"
#include "http/percent.h"
#include "http/url_names.h"
#include "http/url_normal.h"

struct candidate {          /* one pattern that the name stands for */
    struct url_chain whole; /* all routes from the root */
    struct str pattern;     /* their regular expressions, joined */
    const struct url_form *forms;
    size_t n_forms;
    const struct url_param **defaults; /* extra values, which parameters may repeat */
    size_t n_defaults;
    struct url_pieces pieces; /* to check with, when path() is all there is */
    struct url_regex regex;   /* else */
    bool checkable;
};

struct reversal {
    struct candidate *items;
    size_t n;
};

struct reverser {
    struct url_tree *tree;
    const struct url_reverse *q;
    void *ctx;
    struct buf *out;
    struct err *err;
};

void url_reversal_free(void *p)
{
    struct reversal *r = p;
    for (size_t i = 0; i < r->n; i++) {
        vec_release(&r->items[i].pieces);
        url_regex_release(&r->items[i].regex);
    }
    free(r->items);
    free(r);
}

/* ---- namespaces ---- */

static const struct url_apps *find_app(const struct url_list *l, struct str name)
{
    return map_get(&l->names->apps, name);
}

static bool has_instance(const struct url_apps *apps, struct str ns)
{
    for (size_t i = 0; i < apps->instances.n; i++)
        if (str_eq(apps->instances.items[i], ns))
            return true;
    return false;
}

/* The instance that a part of the name stands for: the current one of an app, the one
 * with the app's own name, or the last. */
static struct str choose_instance(const struct url_list *l, struct str part, struct str current)
{
    const struct url_apps *apps = find_app(l, part);
    if (!apps)
        return part;
    if (current.n > 0 && has_instance(apps, current))
        return current;
    return has_instance(apps, part) ? part : apps->instances.items[0];
}

static int fail_text(struct reverser *r, enum err_code code, struct buf *text)
{
    err_set(r->err, code, "%s", text->data);
    buf_addstr(r->out, buf_str(text));
    buf_release(text);
    return -1;
}

static void suggest_keys(struct suggest *s, const struct map *m)
{
    for (size_t i = 0; i < m->used; i++)
        if (m->entries[i].key.p)
            suggest_add(s, m->entries[i].key);
}

static int unknown_namespace(struct reverser *r, const struct url_list *l, struct str ns,
                             struct str inside)
{
    struct buf text = BUF_INIT;
    struct suggest s;
    char hint[128];
    buf_addf(&text, "'%.*s' is not a registered namespace", STR_ARG(ns));
    if (inside.n > 0)
        buf_addf(&text, " inside '%.*s'", STR_ARG(inside));
    suggest_init(&s, ns);
    suggest_keys(&s, &l->names->namespaces);
    suggest_keys(&s, &l->names->apps);
    buf_adds(&text, suggest_text(&s, hint, sizeof hint));
    return fail_text(r, ERR_NOT_FOUND, &text);
}

/* Where a name is looked for once its namespaces are resolved. */
struct place {
    const struct url_list *list;
    VEC(const struct url_route *) outer; /* the includes that lead there */
    struct buf key;                      /* "ns:ns:" */
    struct str name;
};

static int enter(struct reverser *r, struct place *p)
{
    struct str rest = r->q->name, current = r->q->current_app, part, now;
    bool follow = current.n > 0;
    for (;;) {
        size_t colon = str_index(rest, ':');
        if (colon == rest.n)
            break;
        part = str_head(rest, colon);
        rest = str_skip(rest, colon + 1);
        now = STR_NULL;
        if (follow && !str_split(&current, ':', &now))
            follow = false;
        part = choose_instance(p->list, part, now);
        follow = follow && str_eq(part, now);
        const struct url_chain *c = map_get(&p->list->names->namespaces, part);
        if (!c)
            return unknown_namespace(r, p->list, part,
                                     str_head(buf_str(&p->key), p->key.n ? p->key.n - 1 : 0));
        for (size_t i = 0; i < c->n; i++)
            vec_push(&p->outer, c->routes[i]);
        p->list = c->routes[c->n - 1]->include;
        buf_addstr(&p->key, part);
        buf_addc(&p->key, ':');
    }
    p->name = rest;
    return 0;
}

/* ---- candidates ---- */

/* Extra values of the view and of the includes around it; the outer ones win. */
static void collect_defaults(struct candidate *c, struct arena *a, size_t n_outer)
{
    size_t most = 0;
    for (size_t i = n_outer; i < c->whole.n; i++)
        most += c->whole.routes[i]->n_extra;
    c->defaults = arena_alloc(a, sizeof *c->defaults * (most + 1));
    for (size_t i = n_outer; i < c->whole.n; i++)
        for (size_t j = 0; j < c->whole.routes[i]->n_extra; j++) {
            const struct url_param *extra = &c->whole.routes[i]->extra[j];
            bool seen = false;
            for (size_t k = 0; k < c->n_defaults; k++)
                seen |= str_eq(c->defaults[k]->name, extra->name);
            if (!seen)
                c->defaults[c->n_defaults++] = extra;
        }
}

static void prepare_check(struct candidate *c, struct arena *a)
{
    bool paths = true;
    for (size_t i = 0; i < c->whole.n; i++)
        paths = paths && !c->whole.routes[i]->is_regex && c->whole.routes[i]->pieces.scannable;
    if (paths) {
        c->pieces.scannable = true;
        for (size_t i = 0; i < c->whole.n; i++)
            url_pieces_append(&c->pieces, &c->whole.routes[i]->pieces);
        c->checkable = true;
        return;
    }
    struct buf text = BUF_INIT;
    buf_adds(&text, "^/");
    buf_addstr(&text, c->pattern);
    c->checkable = url_regex_compile(&c->regex, a, buf_str(&text), URL_REGEX_REPEAT, NULL) == 0;
    buf_release(&text);
}

static void make_candidate(struct candidate *c, struct arena *a, const struct place *p,
                           const struct url_chain *chain)
{
    struct buf text = BUF_INIT;
    *c = (struct candidate){0};
    c->whole.n = p->outer.n + chain->n;
    c->whole.routes = arena_alloc(a, sizeof *c->whole.routes * c->whole.n);
    for (size_t i = 0; i < c->whole.n; i++) {
        c->whole.routes[i] = i < p->outer.n ? p->outer.items[i] : chain->routes[i - p->outer.n];
        buf_addstr(&text, url_route_tail(c->whole.routes[i]));
    }
    c->pattern = arena_str(a, buf_str(&text));
    buf_release(&text);
    c->n_forms = url_forms(a, c->pattern, &c->forms);
    collect_defaults(c, a, p->outer.n);
    prepare_check(c, a);
}

static const struct reversal *find_reversal(struct reverser *r, struct place *p)
{
    const void *view = r->q->view;
    if (r->q->name.p) {
        buf_addstr(&p->key, p->name);
    } else { /* no name starts with a NUL, and this is longer than one */
        buf_addc(&p->key, '\0');
        buf_add(&p->key, &view, sizeof view);
    }
    struct reversal *found = map_get(&r->tree->reversals, buf_str(&p->key));
    if (found)
        return found;
    const struct url_chains *chains =
        url_names_get(p->list->names, r->q->name.p ? p->name : STR_NULL, view);
    if (!chains)
        return NULL;
    found = mem_zalloc(sizeof *found);
    found->n = chains->list.n;
    found->items = mem_alloc(sizeof *found->items * found->n);
    for (size_t i = 0; i < found->n; i++)
        make_candidate(&found->items[i], &r->tree->arena, p, &chains->list.items[i]);
    map_set(&r->tree->reversals, buf_str(&p->key), found);
    return found;
}

/* ---- filling in ---- */

static const struct url_param *find_param(const struct url_reverse *q, struct str name)
{
    for (size_t i = 0; i < q->n_params; i++)
        if (str_eq(q->params[i].name, name))
            return &q->params[i];
    return NULL;
}

static bool in_params(const struct url_form *f, struct str name)
{
    for (size_t i = 0; i < f->n_params; i++)
        if (str_eq(f->params[i], name))
            return true;
    return false;
}

static bool same_value(const struct url_value *a, const struct url_value *b)
{
    return a->text.p && b->text.p && a->quoted == b->quoted && str_eq(a->text, b->text);
}

/* Do the named parameters fit the form?  Every gap has its value; what is left over
 * repeats an extra value. */
static bool names_fit(const struct candidate *c, const struct url_form *f,
                      const struct url_reverse *q)
{
    for (size_t i = 0; i < f->n_params; i++)
        if (!find_param(q, f->params[i]))
            return false;
    for (size_t i = 0; i < q->n_params; i++) {
        const struct url_param *given = &q->params[i];
        bool known = in_params(f, given->name);
        for (size_t j = 0; !known && j < c->n_defaults; j++)
            known = str_eq(c->defaults[j]->name, given->name) &&
                    same_value(&c->defaults[j]->value, &given->value);
        if (!known)
            return false;
    }
    return true;
}

static bool form_fits(const struct candidate *c, const struct url_form *f,
                      const struct url_reverse *q)
{
    if (q->n_params > 0 && !q->params[0].name.p)
        return q->n_params == f->n_params;
    return names_fit(c, f, q);
}

/* The value of a gap: by name, or the one at the place where the name stands last. */
static const struct url_value *value_of(const struct url_form *f, const struct url_reverse *q,
                                        struct str name)
{
    if (q->params[0].name.p)
        return &find_param(q, name)->value;
    for (size_t i = f->n_params; i-- > 0;)
        if (str_eq(f->params[i], name))
            return &q->params[i].value;
    return NULL;
}

static const struct url_converter *converter_of(const struct candidate *c, struct str name)
{
    for (size_t i = c->whole.n; i-- > 0;) {
        const struct url_pieces *p = &c->whole.routes[i]->pieces;
        for (size_t j = 0; j < p->n; j++)
            if (!p->items[j].literal.p && str_eq(p->items[j].name, name))
                return p->items[j].converter;
    }
    return NULL;
}

/* Adds the form's text, not quoted: 1, 0 when a converter refuses, -1. */
static int fill(struct reverser *r, const struct candidate *c, const struct url_form *f,
                struct buf *text)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct url_part *part = &f->parts[i];
        if (part->text.p) {
            buf_addstr(text, part->text);
            continue;
        }
        const struct url_value *v = r->q->n_params ? value_of(f, r->q, part->name) : NULL;
        const struct url_converter *custom = converter_of(c, part->name);
        int rc = 0;
        if (v && custom && custom->to_url) {
            rc = custom->to_url(custom->data, r->ctx, v, text, r->err);
        } else if (v && v->text.p) {
            buf_addstr(text, v->text);
            rc = 1;
        }
        if (rc != 1)
            return rc;
    }
    return 1;
}

/* text starts with '/' */
static bool matches(const struct reverser *r, const struct candidate *c, struct str text)
{
    struct url_span spans[URL_MAX_GROUPS + 1];
    if (!c->checkable || text.n >= UINT32_MAX || !utf8_valid(text))
        return false;
    if (!c->pieces.scannable)
        return url_regex_match(&c->regex, r->tree->work, text, NULL);
    return url_pieces_match(&c->pieces, 0, 0, true, str_skip(text, 1), spans);
}

static void write_url(struct reverser *r, struct str text)
{
    struct buf url = BUF_INIT;
    struct str prefix = r->q->script_prefix.n > 0 ? r->q->script_prefix : STR("/");
    percent_quote(&url, prefix, STR(URL_PATH_SAFE));
    percent_quote(&url, str_skip(text, 1), STR(URL_PATH_SAFE));
    escape_leading_slashes(r->out, buf_str(&url));
    buf_release(&url);
}

/* 1 when the URL was written, 0 when no form of the candidate takes the parameters, -1. */
static int try_candidate(struct reverser *r, const struct candidate *c)
{
    struct buf text = BUF_INIT;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->n_forms; i++) {
        if (!form_fits(c, &c->forms[i], r->q))
            continue;
        buf_reset(&text);
        buf_addc(&text, '/');
        rc = fill(r, c, &c->forms[i], &text);
        if (rc == 1 && !matches(r, c, buf_str(&text)))
            rc = 0;
        if (rc == 1)
            write_url(r, buf_str(&text));
    }
    buf_release(&text);
    return rc;
}

/* ---- messages ---- */

/* A string as Python writes it. */
static void add_repr(struct buf *b, struct str s)
{
    char quote = str_has(s, '\'') && !str_has(s, '"') ? '"' : '\'';
    buf_addc(b, quote);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\\' || c == (unsigned char)quote)
            buf_addf(b, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            buf_addf(b, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if (c < 0x20 || c == 0x7F)
            buf_addf(b, "\\x%02x", c);
        else
            buf_addc(b, (char)c);
    }
    buf_addc(b, quote);
}

static void add_value(struct buf *b, const struct url_value *v)
{
    if (!v->text.p)
        buf_adds(b, "...");
    else if (v->quoted)
        add_repr(b, v->text);
    else
        buf_addstr(b, v->text);
}

static void add_parameters(struct buf *b, const struct url_reverse *q)
{
    bool named = q->n_params > 0 && q->params[0].name.p;
    if (q->n_params == 0) {
        buf_adds(b, "no arguments");
        return;
    }
    buf_adds(b, named ? "keyword arguments '{" : "arguments '(");
    for (size_t i = 0; i < q->n_params; i++) {
        if (i > 0)
            buf_adds(b, ", ");
        if (named) {
            add_repr(b, q->params[i].name);
            buf_adds(b, ": ");
        }
        add_value(b, &q->params[i].value);
    }
    buf_adds(b, named ? "}'" : q->n_params == 1 ? ",)'" : ")'");
}

static int not_found(struct reverser *r, const struct place *p, const struct reversal *found)
{
    struct buf text = BUF_INIT;
    struct str label = r->q->name.p ? p->name : r->q->view_label;
    buf_addf(&text, "Reverse for '%.*s'", STR_ARG(label));
    if (!found) {
        struct suggest s;
        char hint[128];
        buf_addf(&text, " not found. '%.*s' is not a valid view function or pattern name.",
                 STR_ARG(label));
        suggest_init(&s, label);
        if (r->q->name.p)
            suggest_keys(&s, &p->list->names->by_name);
        const char *near = suggest_text(&s, hint, sizeof hint);
        if (near[0])
            buf_addf(&text, " Did%s", near + strlen("; did"));
        return fail_text(r, ERR_NOT_FOUND, &text);
    }
    buf_adds(&text, " with ");
    add_parameters(&text, r->q);
    buf_addf(&text, " not found. %zu pattern(s) tried: [", found->n);
    for (size_t i = 0; i < found->n; i++) {
        if (i > 0)
            buf_adds(&text, ", ");
        add_repr(&text, found->items[i].pattern);
    }
    buf_addc(&text, ']');
    return fail_text(r, ERR_NOT_FOUND, &text);
}

static int check_mixed(const struct url_reverse *q, struct err *err)
{
    for (size_t i = 1; i < q->n_params; i++)
        if (!q->params[i].name.p != !q->params[0].name.p)
            return err_set(err, ERR_INVALID, "Don't mix *args and **kwargs in call to reverse()!");
    return 0;
}

int url_reverse(struct url_tree *t, const struct url_reverse *q, void *ctx, struct buf *out,
                struct err *err)
{
    struct reverser r = {t, q, ctx, out, err};
    struct place p = {.list = t->lists.items[0], .outer = VEC_INIT, .key = BUF_INIT};
    int rc = check_mixed(q, err);
    if (rc == 0 && q->name.p)
        rc = enter(&r, &p);
    if (rc == 0) {
        const struct reversal *found = find_reversal(&r, &p);
        for (size_t i = 0; rc == 0 && found && i < found->n; i++)
            rc = try_candidate(&r, &found->items[i]);
        rc = rc == 0 ? not_found(&r, &p, found) : rc == 1 ? 0 : rc;
    }
    vec_release(&p.outer);
    buf_release(&p.key);
    return rc;
}
