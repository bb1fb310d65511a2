/* SPDX-License-Identifier: MIT */
/* Two steps: the pattern becomes a list of nodes, where a quantifier works on the node
 * before it; then the list is spelled out into forms. */
#include "http/url_normal.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "base/vec.h"

enum {
    MAX_NODES = 4096, /* (a{1000}){1000} is nobody's URL */
    MAX_FORMS = 256   /* eight optional groups */
};

enum node_kind { NODE_PART, NODE_SEQUENCE, NODE_OPTIONAL };

struct node {
    enum node_kind kind;
    struct url_part part;      /* of NODE_PART */
    const struct node **inner; /* of the others */
    size_t n;
};

struct parser {
    struct arena *arena;
    struct str in;
    size_t at;
    VEC(const struct node *) nodes;
    VEC(size_t) open; /* where non-capturing groups began */
    unsigned unnamed;
    bool failed, alternative;
};

struct symbol { /* one character of the pattern */
    struct str text;
    char c; /* the character, 0 when it was escaped */
};

/* ---- reading ---- */

/* What stands for an escaped character; p NULL: nothing, it has no width. */
static struct str representative(struct str escaped)
{
    switch (escaped.p[0]) {
    case 'A':
    case 'b':
    case 'B':
    case 'Z':
        return STR_NULL;
    case 'd':
        return STR("0");
    case 'D':
    case 'S':
    case 'w':
        return STR("x");
    case 's':
        return STR(" ");
    case 'W':
        return STR("!");
    default:
        return escaped;
    }
}

static struct str take_char(struct parser *p)
{
    uint32_t cp;
    struct str rest = str_skip(p->in, p->at);
    size_t n = utf8_decode(rest, &cp);
    struct str c = str_head(rest, n ? n : 1);
    p->at += c.n;
    return c;
}

static bool next(struct parser *p, struct symbol *s)
{
    while (p->at < p->in.n) {
        struct str c = take_char(p);
        *s = (struct symbol){c, c.p[0]};
        if (c.p[0] != '\\')
            return true;
        if (p->at >= p->in.n)
            return false;
        *s = (struct symbol){representative(take_char(p)), '\0'};
        if (s->text.p)
            return true;
    }
    return false;
}

static bool ahead(const struct parser *p, char c)
{
    return p->at < p->in.n && p->in.p[p->at] == c;
}

static void skip_set(struct parser *p)
{
    struct symbol s;
    bool first = true;
    while (next(p, &s)) {
        if (s.c == ']' && !first)
            return;
        first = first && s.c == '^';
    }
}

/* Behind the parenthesis that closes the group we are in. */
static void skip_group(struct parser *p)
{
    struct symbol s;
    size_t depth = 1;
    while (depth > 0 && next(p, &s)) {
        if (s.c == '[')
            skip_set(p);
        depth += s.c == '(';
        depth -= s.c == ')';
    }
}

/* ---- nodes ---- */

static void push(struct parser *p, const struct node *n)
{
    if (p->nodes.n == MAX_NODES)
        p->failed = true;
    else
        vec_push(&p->nodes, n);
}

static void push_part(struct parser *p, struct url_part part)
{
    struct node *n = arena_zalloc(p->arena, sizeof *n);
    n->kind = NODE_PART;
    n->part = part;
    push(p, n);
}

static void push_text(struct parser *p, struct str text)
{
    push_part(p, (struct url_part){.text = text});
}

static const struct node *group_of(struct parser *p, enum node_kind kind,
                                   const struct node *const *inner, size_t n)
{
    struct node *g = arena_zalloc(p->arena, sizeof *g);
    g->kind = kind;
    g->n = n;
    g->inner = arena_alloc(p->arena, sizeof *g->inner * (n + 1));
    if (n > 0)
        memcpy(g->inner, inner, sizeof *g->inner * n);
    return g;
}

static bool holds_group(const struct node *n)
{
    if (n->kind == NODE_PART)
        return !n->part.text.p;
    for (size_t i = 0; n->kind == NODE_SEQUENCE && i < n->n; i++)
        if (holds_group(n->inner[i]))
            return true;
    return false;
}

/* ---- groups ---- */

static void named_group(struct parser *p)
{
    bool repeats = ahead(p, '=');
    if (!repeats && !ahead(p, '<')) {
        p->failed = true;
        return;
    }
    p->at++;
    struct str rest = str_skip(p->in, p->at);
    struct str name = str_head(rest, str_index(rest, repeats ? ')' : '>'));
    p->at += name.n + 1;
    push_part(p, (struct url_part){.name = name, .repeats = repeats});
    if (!repeats)
        skip_group(p);
}

/* (?i) and the like change nothing here; (?i:...) groups. */
static void flag_group(struct parser *p)
{
    struct str rest = str_skip(p->in, p->at);
    size_t close = str_index(rest, ')'), colon = str_index(rest, ':');
    p->at += (close < colon ? close : colon) + 1;
    if (colon < close)
        vec_push(&p->open, p->nodes.n);
}

static void group(struct parser *p)
{
    if (!ahead(p, '?')) {
        char *name = arena_printf(p->arena, "_%u", p->unnamed++);
        push_part(p, (struct url_part){.name = str_from(name)});
        skip_group(p);
        return;
    }
    char kind = p->at + 1 < p->in.n ? p->in.p[p->at + 1] : '\0';
    p->at += 2;
    if (kind == 'P') {
        named_group(p);
    } else if (kind == ':' || kind == '>') {
        vec_push(&p->open, p->nodes.n);
    } else if (kind && strchr("=!<#", kind)) {
        skip_group(p);
    } else if (char_is_alpha(kind) || kind == '-') {
        p->at--;
        flag_group(p);
    } else {
        p->failed = true;
    }
}

static void close_group(struct parser *p)
{
    if (p->open.n == 0) {
        p->failed = true;
        return;
    }
    size_t start = vec_pop(&p->open);
    const struct node *g = group_of(
        p, NODE_SEQUENCE, (const struct node *const *)p->nodes.items + start, p->nodes.n - start);
    p->nodes.n = start;
    push(p, g);
}

/* ---- quantifiers ---- */

/* The least number of times in {m}, {m,}, {m,n} or {,n}; false: plain text. */
static bool braces(struct parser *p, size_t *least)
{
    struct str rest = str_skip(p->in, p->at);
    size_t close = str_index(rest, '}'), i = 0;
    *least = 0;
    if (close == rest.n)
        return false;
    for (; i < close && char_is_digit(rest.p[i]); i++)
        *least = *least > MAX_NODES ? *least : *least * 10 + (size_t)(rest.p[i] - '0');
    if (i < close && rest.p[i] == ',')
        i++;
    while (i < close && char_is_digit(rest.p[i]))
        i++;
    if (i != close || close == 0)
        return false;
    p->at += close + 1;
    return true;
}

static void quantify(struct parser *p, size_t least)
{
    size_t from = p->open.n > 0 ? vec_last(&p->open) : 0;
    if (ahead(p, '?') || ahead(p, '+')) /* lazy, possessive */
        p->at++;
    if (p->nodes.n <= from)
        return;
    const struct node *last = vec_last(&p->nodes);
    if (least == 0) {
        p->nodes.n--;
        if (holds_group(last))
            push(p, group_of(p, NODE_OPTIONAL, &last, 1));
    }
    for (size_t i = 1; i < least && !p->failed; i++)
        push(p, last);
}

static void parse(struct parser *p)
{
    struct symbol s;
    size_t least = 0;
    while (!p->failed && next(p, &s) && s.c != '$') {
        switch (s.c) {
        case '|':
            p->alternative = true;
            return;
        case '^':
            break;
        case '(':
            group(p);
            break;
        case ')':
            close_group(p);
            break;
        case '[': {
            size_t start = p->at;
            if (next(p, &s))
                push_text(p, s.text);
            p->at = start;
            skip_set(p);
            break;
        }
        case '{':
            if (braces(p, &least))
                quantify(p, least);
            else
                push_text(p, s.text);
            break;
        case '*':
        case '?':
            quantify(p, 0);
            break;
        case '+':
            quantify(p, 1);
            break;
        default:
            push_text(p, s.text);
        }
    }
}

/* ---- spelling out ---- */

struct draft {
    VEC(const struct url_part *) parts;
};

struct drafts {
    VEC(struct draft) list;
    bool failed;
};

static void drafts_release(struct drafts *d)
{
    for (size_t i = 0; i < d->list.n; i++)
        vec_release(&d->list.items[i].parts);
    vec_release(&d->list);
}

static void add_draft(struct drafts *d, const struct draft *head, const struct draft *tail)
{
    struct draft both = {VEC_INIT};
    for (size_t i = 0; head && i < head->parts.n; i++)
        vec_push(&both.parts, head->parts.items[i]);
    for (size_t i = 0; tail && i < tail->parts.n; i++)
        vec_push(&both.parts, tail->parts.items[i]);
    vec_push(&d->list, both);
}

/* Every draft continued with every ending. */
static void multiply(struct drafts *d, const struct drafts *endings)
{
    struct drafts out = {.list = VEC_INIT};
    out.failed = d->failed || endings->failed || d->list.n * endings->list.n > MAX_FORMS;
    for (size_t i = 0; !out.failed && i < d->list.n; i++)
        for (size_t j = 0; j < endings->list.n; j++)
            add_draft(&out, &d->list.items[i], &endings->list.items[j]);
    drafts_release(d);
    *d = out;
}

static void spell(struct drafts *out, const struct node *const *nodes, size_t n)
{
    for (size_t i = 0; i < n && !out->failed; i++) {
        const struct node *node = nodes[i];
        if (node->kind == NODE_PART) {
            for (size_t j = 0; j < out->list.n; j++)
                vec_push(&out->list.items[j].parts, &node->part);
            continue;
        }
        struct drafts with = {.list = VEC_INIT}, endings = {.list = VEC_INIT};
        add_draft(&with, NULL, NULL);
        spell(&with, node->inner, node->n);
        if (node->kind == NODE_OPTIONAL)
            add_draft(&endings, NULL, NULL);
        endings.failed = with.failed;
        for (size_t j = 0; j < with.list.n; j++)
            add_draft(&endings, &with.list.items[j], NULL);
        multiply(out, &endings);
        drafts_release(&with);
        drafts_release(&endings);
    }
}

static void flush_text(struct buf *text, struct url_part *parts, size_t *n, struct arena *a)
{
    if (text->n > 0)
        parts[(*n)++] = (struct url_part){.text = arena_str(a, buf_str(text))};
    buf_reset(text);
}

/* Neighbouring texts become one. */
static struct url_form settle(const struct draft *d, struct arena *a)
{
    struct buf text = BUF_INIT;
    struct url_part *parts = arena_alloc(a, sizeof *parts * (d->parts.n + 1));
    struct str *params = arena_alloc(a, sizeof *params * (d->parts.n + 1));
    struct url_form f = {parts, 0, params, 0};
    for (size_t i = 0; i < d->parts.n; i++) {
        const struct url_part *part = d->parts.items[i];
        if (part->text.p) {
            buf_addstr(&text, part->text);
            continue;
        }
        flush_text(&text, parts, &f.n, a);
        parts[f.n] = *part;
        parts[f.n].name = arena_str(a, part->name);
        if (!part->repeats)
            params[f.n_params++] = parts[f.n].name;
        f.n++;
    }
    flush_text(&text, parts, &f.n, a);
    buf_release(&text);
    return f;
}

size_t url_forms(struct arena *a, struct str pattern, const struct url_form **forms)
{
    struct arena scratch;
    arena_init(&scratch, 0);
    struct parser p = {.arena = &scratch, .in = pattern, .nodes = VEC_INIT, .open = VEC_INIT};
    struct drafts d = {.list = VEC_INIT};
    parse(&p);
    add_draft(&d, NULL, NULL);
    if (!p.alternative)
        spell(&d, p.nodes.items, p.nodes.n);
    size_t n = p.failed || d.failed ? 0 : d.list.n;
    struct url_form *out = arena_alloc(a, sizeof *out * (n + 1));
    for (size_t i = 0; i < n; i++)
        out[i] = settle(&d.list.items[i], a);
    *forms = out;
    drafts_release(&d);
    vec_release(&p.nodes);
    vec_release(&p.open);
    arena_release(&scratch);
    return n;
}
