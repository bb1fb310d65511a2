/* SPDX-License-Identifier: MIT */
/* Filters of sequences. */
#include "crypto/random.h"
#include "template/filters.h"
#include "value/unicode.h"

#include "base/banned.h"

/* The items of v; what cannot be iterated is an error. */
static int need_sequence(struct render *r, struct tval v, struct tseq *out)
{
    int got = render_sequence(r, v, out);
    return got > 0 ? render_fail(r, "TypeError", "'%s' object is not iterable", tval_type_name(v))
                   : got;
}

FILTER(length)
{
    (void)f, (void)arg;
    int64_t n = 0;
    int got = render_length(r, *v, &n);
    if (got < 0)
        return -1;
    *v = tval_int(got ? 0 : n);
    return 0;
}

/* ---- one item ---- */

enum which { WHICH_FIRST, WHICH_LAST, WHICH_RANDOM };

static size_t pick(enum which which, size_t n)
{
    if (which == WHICH_FIRST)
        return 0;
    return which == WHICH_LAST || n > UINT32_MAX ? n - 1 : random_below((uint32_t)n);
}

static struct tval pick_character(enum which which, struct str s)
{
    uint32_t cp;
    if (which == WHICH_RANDOM)
        s = str_skip(s, utf8_offset(s, pick(which, utf8_len(s))));
    else if (which == WHICH_LAST)
        s = str_skip(s, s.n - unicode_last(s, &cp));
    return tval_str(str_head(s, unicode_next(s, &cp)));
}

static int pick_item(struct render *r, struct tval *v, enum which which)
{
    struct tseq items;
    if (tval_is_str(*v)) {
        *v = v->n ? pick_character(which, tval_text(*v)) : filter_empty();
        return 0;
    }
    int got = render_sequence(r, *v, &items);
    if (got > 0)
        return render_fail(r, "TypeError", "'%s' object is not subscriptable", tval_type_name(*v));
    if (got < 0)
        return -1;
    if (items.map)
        return render_fail(r, "KeyError", "%d", which == WHICH_LAST ? -1 : 0);
    if (items.n > 0)
        return render_item(r, &items, pick(which, items.n), v);
    *v = filter_empty();
    return 0;
}

/* Of a QuerySet only the first row is fetched. */
FILTER(first)
{
    (void)f, (void)arg;
    struct tval part;
    if (v->type == TVAL_OBJECT && r->ops->slice) {
        int got = r->ops->slice(r, *v, 0, 1, &part);
        if (got < 0)
            return -1;
        if (got == 0)
            *v = part;
    }
    return pick_item(r, v, WHICH_FIRST);
}

FILTER(last)
{
    (void)f, (void)arg;
    return pick_item(r, v, WHICH_LAST);
}

FILTER(random)
{
    (void)f, (void)arg;
    return pick_item(r, v, WHICH_RANDOM);
}

/* ---- all items ---- */

static struct tval make_list(struct render *r, const struct tval *items, size_t n)
{
    struct tlist *list = render_alloc(r, sizeof *list);
    *list = (struct tlist){.n = n, .items = items};
    return tval_list(list);
}

FILTER(make_list)
{
    (void)f, (void)arg;
    struct str s = tval_text(*v);
    size_t n = utf8_len(s);
    struct tval *items = render_alloc(r, n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        uint32_t cp;
        size_t bytes = unicode_next(s, &cp);
        items[i] = tval_str(str_head(s, bytes));
        s = str_skip(s, bytes);
    }
    *v = make_list(r, items, n);
    return 0;
}

static int change_items(struct render *r, struct tval *v,
                        int (*change)(struct render *r, struct tval in, struct tval *out))
{
    struct tseq seq;
    if (need_sequence(r, *v, &seq))
        return -1;
    struct tval *items = render_alloc(r, seq.n * sizeof *items);
    for (size_t i = 0; i < seq.n; i++)
        if (render_check(r) || render_item(r, &seq, i, &items[i]) || change(r, items[i], &items[i]))
            return -1;
    *v = make_list(r, items, seq.n);
    return 0;
}

static int as_safe(struct render *r, struct tval in, struct tval *out)
{
    if (render_str(r, in, out))
        return -1;
    *out = tval_safe(tval_text(*out));
    return 0;
}

FILTER(safeseq)
{
    (void)f, (void)arg;
    return change_items(r, v, as_safe);
}

FILTER(escapeseq)
{
    (void)f, (void)arg;
    return change_items(r, v, render_conditional_escape);
}

/* Adds the item as `join` shows it; 1 when it is no string and nothing makes it one. */
static int add_joined(struct render *r, struct tval item)
{
    if (r->autoescape)
        return filter_add_escaped(r, item);
    if (!tval_is_str(item))
        return 1;
    buf_addstr(&r->scratch, tval_text(item));
    return 0;
}

static int join_items(struct render *r, struct tseq *seq, struct str between)
{
    for (size_t i = 0; i < seq->n; i++) {
        struct tval item;
        struct render_mark mark = render_mark(r);
        int failed = render_check(r) || render_item(r, seq, i, &item) ? -1 : 0;
        if (!failed && i > 0)
            buf_addstr(&r->scratch, between);
        if (!failed)
            failed = add_joined(r, item);
        render_reset(r, mark);
        if (failed)
            return failed;
    }
    return 0;
}

FILTER(join)
{
    (void)f;
    struct tseq seq;
    struct tval between = *arg;
    size_t start = r->scratch.n;
    if (r->autoescape) {
        if (render_conditional_escape(r, between, &between))
            return -1;
    } else if (!tval_is_str(between)) {
        return render_fail(r, "AttributeError", "'%s' object has no attribute 'join'",
                           tval_type_name(between));
    }
    int got = render_sequence(r, *v, &seq);
    if (got == 0)
        got = join_items(r, &seq, tval_text(between));
    if (got == 0)
        *v = render_cut(r, start, true);
    else
        buf_cut(&r->scratch, start); /* what cannot be joined stays as it is */
    return got < 0 ? -1 : 0;
}
