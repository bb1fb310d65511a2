/* SPDX-License-Identifier: MIT */
/* unordered_list: nested lists as <li> and <ul>, without the outermost <ul>.  A list that
 * follows an item holds the item's children. */
#include "template/filters.h"
#include "value/html.h"

#include "base/banned.h"

enum { DEPTH_MAX = 100 };

static int add_list(struct render *r, struct tseq *seq, unsigned depth);

static void add_tabs(struct buf *out, unsigned n)
{
    while (n-- > 0)
        buf_addc(out, '\t');
}

/* Lists are children, strings and maps are items. */
static int children_of(struct render *r, struct tval v, struct tseq *out)
{
    int got = v.type == TVAL_LIST || v.type == TVAL_OBJECT ? render_sequence(r, v, out) : 1;
    return got == 0 && out->map ? 1 : got;
}

static int add_title(struct render *r, struct tval v)
{
    if (r->autoescape)
        return filter_add_escaped(r, v);
    if (render_str(r, v, &v))
        return -1;
    buf_addstr(&r->scratch, tval_text(v));
    return 0;
}

static int add_children(struct render *r, struct tseq *seq, unsigned depth)
{
    buf_addc(&r->scratch, '\n');
    add_tabs(&r->scratch, depth);
    buf_adds(&r->scratch, "<ul>\n");
    if (add_list(r, seq, depth + 1))
        return -1;
    buf_addc(&r->scratch, '\n');
    add_tabs(&r->scratch, depth);
    buf_adds(&r->scratch, "</ul>\n");
    add_tabs(&r->scratch, depth);
    return 0;
}

/* Adds item *i, and the children behind it, over which *i is moved. */
static int add_item(struct render *r, struct tseq *seq, size_t *i, unsigned depth)
{
    struct tval item, next;
    struct tseq children;
    int none = 1;
    if (render_check(r) || render_item(r, seq, *i, &item))
        return -1;
    add_tabs(&r->scratch, depth);
    buf_adds(&r->scratch, "<li>");
    if (add_title(r, item))
        return -1;
    if (*i + 1 < seq->n) {
        if (render_item(r, seq, *i + 1, &next) || (none = children_of(r, next, &children)) < 0)
            return -1;
        *i += none == 0;
    }
    if (none == 0 && children.n > 0 && add_children(r, &children, depth))
        return -1;
    buf_adds(&r->scratch, "</li>");
    return 0;
}

static int add_list(struct render *r, struct tseq *seq, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return render_fail(r, "RecursionError",
                           "unordered_list: lists are nested in more than %d others", DEPTH_MAX);
    for (size_t i = 0; i < seq->n; i++) {
        struct render_mark mark = render_mark(r);
        if (i > 0)
            buf_addc(&r->scratch, '\n');
        int failed = add_item(r, seq, &i, depth);
        render_reset(r, mark);
        if (failed)
            return -1;
    }
    return 0;
}

FILTER(unordered_list)
{
    (void)f, (void)arg;
    struct tseq seq;
    size_t start = r->scratch.n;
    int got = render_sequence(r, *v, &seq);
    if (got > 0)
        return render_fail(r, "TypeError", "'%s' object is not iterable", tval_type_name(*v));
    if (got < 0 || add_list(r, &seq, 1))
        return -1;
    *v = render_cut(r, start, true);
    return 0;
}
