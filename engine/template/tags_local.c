/* SPDX-License-Identifier: MIT */
/* The tags of {% load l10n %} and {% load tz %}. */
#include "template/impl.h"

struct local_node {
    struct node node;
    bool on;
    struct expr *value;
    const struct name *as;
    struct nodelist body;
};

/* A switch that is "on", "off" or, without a word, on. */
static int parse_switch(struct parser *p, const struct token *t, struct local_node *n,
                        const char *end)
{
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    n->on = count == 1 || str_eq(bits[1], STR("on"));
    if (count > 2 || (!n->on && !str_eq(bits[1], STR("off"))))
        return parser_fail(p, t, "%s argument should be 'on' or 'off'", str_repr(p, bits[0]));
    return parser_body(p, end, &n->body);
}

/* ---- localize, localtime ---- */

static int localize_render(const struct node *node, struct render *r)
{
    const struct local_node *n = (const struct local_node *)node;
    bool before = r->use_l10n;
    r->use_l10n = n->on;
    int status = nodelist_render(&n->body, r);
    r->use_l10n = before;
    return status;
}

static const struct node_ops localize_ops = {.name = "localize", .render = localize_render};

static TAG_FN(localize)
{
    struct local_node *n = parser_node(p, t, &localize_ops, sizeof *n);
    (void)tag;
    *out = &n->node;
    return parse_switch(p, t, n, "endlocalize");
}

static int localtime_render(const struct node *node, struct render *r)
{
    const struct local_node *n = (const struct local_node *)node;
    bool before = r->use_tz;
    r->use_tz = n->on;
    int status = nodelist_render(&n->body, r);
    r->use_tz = before;
    return status;
}

static const struct node_ops localtime_ops = {.name = "localtime", .render = localtime_render};

static TAG_FN(localtime)
{
    struct local_node *n = parser_node(p, t, &localtime_ops, sizeof *n);
    (void)tag;
    *out = &n->node;
    return parse_switch(p, t, n, "endlocaltime");
}

/* ---- timezone, get_current_timezone ---- */

static int find_zone(struct render *r, struct tval v, struct tz *out)
{
    struct tval text;
    if (v.type == TVAL_NONE) {
        *out = r->default_zone;
        return 0;
    }
    int status = r->ops->zone ? r->ops->zone(r, v, out) : 1;
    if (status <= 0)
        return status;
    if (render_str(r, v, &text) < 0)
        return -1;
    return render_fail(r, "ZoneInfoNotFoundError", "No time zone found with key %.*s",
                       STR_ARG(tval_text(text)));
}

static int timezone_render(const struct node *node, struct render *r)
{
    const struct local_node *n = (const struct local_node *)node;
    struct tz before = r->zone, zone;
    struct tval v;
    if (expr_eval(n->value, r, false, &v) < 0 || find_zone(r, v, &zone) < 0)
        return -1;
    r->zone = zone;
    int status = nodelist_render(&n->body, r);
    r->zone = before;
    return status;
}

static const struct node_ops timezone_ops = {.name = "timezone", .render = timezone_render};

static TAG_FN(timezone)
{
    struct local_node *n = parser_node(p, t, &timezone_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits);
    (void)tag;
    if (count != 2)
        return parser_fail(p, t, "'%.*s' takes one argument (timezone)", STR_ARG(bits[0]));
    n->value = parser_expr(p, t, bits[1]);
    *out = &n->node;
    return n->value ? parser_body(p, "endtimezone", &n->body) : -1;
}

static int current_timezone_render(const struct node *node, struct render *r)
{
    size_t start = r->scratch.n;
    tz_add_name(&r->scratch, r->zone);
    return context_set(r, ((const struct local_node *)node)->as, render_cut(r, start, false));
}

static const struct node_ops current_timezone_ops = {
    .name = "get_current_timezone",
    .render = current_timezone_render,
};

static TAG_FN(get_current_timezone)
{
    struct local_node *n = parser_node(p, t, &current_timezone_ops, sizeof *n);
    (void)tag;
    *out = &n->node;
    return parser_as(p, t, &n->as);
}

const struct tag template_l10n_tags[] = {
    {"localize", tag_localize, NULL},
    {NULL, NULL, NULL},
};

const struct tag template_tz_tags[] = {
    {"get_current_timezone", tag_get_current_timezone, NULL},
    {"localtime", tag_localtime, NULL},
    {"timezone", tag_timezone, NULL},
    {NULL, NULL, NULL},
};
