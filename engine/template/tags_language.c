/* SPDX-License-Identifier: MIT */
/* The tags of {% load i18n %} about languages. */
#include "template/i18n.h"

#include "value/language.h"

struct language_node {
    struct node node;
    struct expr *value;
    const struct name *as;
    struct nodelist body;
};

/* ---- what languages are called ---- */

static int language_info(struct render *r, struct str code, struct tval *out)
{
    enum { N = NAME_NAME_TRANSLATED - NAME_BIDI + 1 }; /* the names stand in a row */
    const struct language *l = language_find(code);
    struct str translated;
    if (!l)
        return render_fail(r, "KeyError", "'Unknown language code %.*s.'", STR_ARG(code));
    if (i18n_text(r, STR_NULL, l->name, STR_NULL, tval_none(), &translated) < 0)
        return -1;
    struct tlist *list = render_alloc(r, sizeof *list);
    struct tval *items = render_alloc(r, N * sizeof *items);
    items[0] = tval_bool(l->bidi);
    items[1] = tval_str(l->code);
    items[2] = tval_str(l->name);
    items[3] = tval_str(l->name_local);
    items[4] = tval_str(translated);
    *list = (struct tlist){.n = N, .items = items, .names = &r->engine->fixed[NAME_BIDI]};
    *out = tval_list(list);
    return 0;
}

static int info_render(const struct node *node, struct render *r)
{
    const struct language_node *n = (const struct language_node *)node;
    struct tval v;
    if (expr_eval(n->value, r, false, &v) < 0 || render_str(r, v, &v) < 0 ||
        language_info(r, tval_text(v), &v) < 0)
        return -1;
    return context_set(r, n->as, v);
}

static const struct node_ops info_ops = {.name = "get_language_info", .render = info_render};

/* A code, or a pair that begins with one. */
static int item_code(struct render *r, struct tval item, struct tval *out)
{
    struct tseq pair;
    *out = item;
    if (!tval_is_str(item)) {
        int status = render_sequence(r, item, &pair);
        if (status < 0 || (status == 0 && pair.n && render_item(r, &pair, 0, out) < 0))
            return -1;
    }
    return render_str(r, *out, out);
}

static int info_list_render(const struct node *node, struct render *r)
{
    const struct language_node *n = (const struct language_node *)node;
    struct tseq seq;
    struct tval v;
    if (expr_eval(n->value, r, false, &v) < 0)
        return -1;
    int status = render_sequence(r, v, &seq);
    if (status > 0)
        return render_fail(r, "TypeError", "'%s' object is not iterable", tval_type_name(v));
    if (status < 0)
        return -1;
    struct tlist *list = render_alloc(r, sizeof *list);
    struct tval *items = render_alloc(r, (seq.n + 1) * sizeof *items);
    for (size_t i = 0; i < seq.n; i++)
        if (render_item(r, &seq, i, &v) < 0 || item_code(r, v, &v) < 0 ||
            language_info(r, tval_text(v), &items[i]) < 0)
            return -1;
    *list = (struct tlist){.n = seq.n, .items = items};
    return context_set(r, n->as, tval_list(list));
}

static const struct node_ops info_list_ops = {
    .name = "get_language_info_list",
    .render = info_list_render,
};

static int parse_info(struct parser *p, const struct token *t, const char *what,
                      const struct node_ops *ops, struct node **out)
{
    struct language_node *n = parser_node(p, t, ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    if (count != 5 || !str_eq(bits[1], STR("for")) || !str_eq(bits[3], STR("as")))
        return parser_fail(p, t, "'%.*s' requires 'for %s as variable' (got %s)", STR_ARG(bits[0]),
                           what, words_repr(p, bits + 1, count - 1));
    n->value = parser_expr(p, t, bits[2]);
    n->as = parser_name(p, bits[4]);
    *out = &n->node;
    return n->value ? 0 : -1;
}

static TAG_FN(get_language_info)
{
    (void)tag;
    return parse_info(p, t, "string", &info_ops, out);
}

static TAG_FN(get_language_info_list)
{
    (void)tag;
    return parse_info(p, t, "sequence", &info_list_ops, out);
}

/* ---- the current language ---- */

static int current_render(const struct node *node, struct render *r)
{
    return context_set(r, ((const struct language_node *)node)->as, tval_str(r->language));
}

static int bidi_render(const struct node *node, struct render *r)
{
    const struct language *l = language_find(r->language);
    return context_set(r, ((const struct language_node *)node)->as, tval_bool(l && l->bidi));
}

/* The languages of the settings; without any, the one in use. */
static int available_render(const struct node *node, struct render *r)
{
    const struct language_node *n = (const struct language_node *)node;
    const struct language *l = language_find(r->language);
    struct tval pair[2] = {tval_str(r->language), tval_str(l ? l->name : r->language)}, v;
    struct tlist list = {.n = 2, .items = pair}, all = {.n = 1, .items = &v};
    if (r->ops->languages)
        return r->ops->languages(r, &v) < 0 ? -1 : context_set(r, n->as, v);
    v = tval_list(&list);
    return context_set(r, n->as, tval_list(&all));
}

static const struct node_ops current_ops = {.name = "get_current_language",
                                            .render = current_render};
static const struct node_ops bidi_ops = {.name = "get_current_language_bidi",
                                         .render = bidi_render};
static const struct node_ops available_ops = {.name = "get_available_languages",
                                              .render = available_render};

static int parse_as(struct parser *p, const struct token *t, const struct node_ops *ops,
                    struct node **out)
{
    struct language_node *n = parser_node(p, t, ops, sizeof *n);
    *out = &n->node;
    return parser_as(p, t, &n->as);
}

static TAG_FN(get_current_language)
{
    (void)tag;
    return parse_as(p, t, &current_ops, out);
}

static TAG_FN(get_current_language_bidi)
{
    (void)tag;
    return parse_as(p, t, &bidi_ops, out);
}

static TAG_FN(get_available_languages)
{
    (void)tag;
    return parse_as(p, t, &available_ops, out);
}

/* ---- language ---- */

static int use_language(struct render *r, struct str code)
{
    r->language = code;
    return r->ops->language ? r->ops->language(r, code) : 0;
}

static int language_render(const struct node *node, struct render *r)
{
    const struct language_node *n = (const struct language_node *)node;
    const struct template_formats *formats = r->formats;
    struct str before = r->language;
    struct tval v;
    if (expr_eval(n->value, r, false, &v) < 0 || render_str(r, v, &v) < 0)
        return -1;
    int status = use_language(r, render_copy(r, tval_text(v)));
    if (status == 0)
        status = nodelist_render(&n->body, r);
    r->formats = formats;
    r->language = before;
    if (r->ops->language && r->ops->language(r, before) < 0)
        return -1;
    return status;
}

static const struct node_ops language_ops = {.name = "language", .render = language_render};

static TAG_FN(language)
{
    struct language_node *n = parser_node(p, t, &language_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    if (count != 2)
        return parser_fail(p, t, "'%.*s' takes one argument (language)", STR_ARG(bits[0]));
    n->value = parser_expr(p, t, bits[1]);
    *out = &n->node;
    return n->value ? parser_body(p, "endlanguage", &n->body) : -1;
}

const struct tag template_i18n_tags[] = {
    {"blocktrans", tag_blocktranslate, NULL},
    {"blocktranslate", tag_blocktranslate, NULL},
    {"get_available_languages", tag_get_available_languages, NULL},
    {"get_current_language", tag_get_current_language, NULL},
    {"get_current_language_bidi", tag_get_current_language_bidi, NULL},
    {"get_language_info", tag_get_language_info, NULL},
    {"get_language_info_list", tag_get_language_info_list, NULL},
    {"language", tag_language, NULL},
    {"trans", tag_translate, NULL},
    {"translate", tag_translate, NULL},
    {NULL, NULL, NULL},
};
