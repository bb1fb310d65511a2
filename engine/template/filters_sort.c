/* SPDX-License-Identifier: MIT */
/* dictsort: a list of maps by one of their values.  A stable merge sort, because comparing
 * may wait and may fail. */
#include "template/filters.h"

#include "base/banned.h"

struct sorted {
    struct tval key, item;
};

/* Which is a number like others for sorting, although it is less than none. */
static bool is_nan(struct tval v)
{
    return v.type == TVAL_DOUBLE && v.u.d != v.u.d;
}

/* Whether b has to stand before a; -1 on errors, 2 when they cannot be compared. */
static int before(struct render *r, const struct sorted *b, const struct sorted *a, bool reversed)
{
    enum tval_order order;
    if (render_check(r) || render_compare(r, b->key, a->key, &order))
        return -1;
    if (order == TVAL_UNORDERED)
        return is_nan(a->key) || is_nan(b->key) ? 0 : 2;
    return order == (reversed ? TVAL_GREATER : TVAL_LESS);
}

/* Merges from[low, mid) and from[mid, high) into to. */
static int merge(struct render *r, const struct sorted *from, struct sorted *to, size_t low,
                 size_t mid, size_t high, bool reversed)
{
    size_t a = low, b = mid;
    for (size_t i = low; i < high; i++) {
        int take = b == high ? 0 : a == mid ? 1 : before(r, &from[b], &from[a], reversed);
        if (take < 0 || take > 1)
            return take;
        to[i] = from[take ? b++ : a++];
    }
    return 0;
}

/* 0, -1, or 2 as above; the order is then in *items. */
static int sort(struct render *r, struct sorted **items, size_t n, bool reversed)
{
    struct sorted *from = *items, *to = render_alloc(r, n * sizeof *to);
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low < n; low += 2 * width) {
            size_t mid = low + width < n ? low + width : n;
            size_t high = low + 2 * width < n ? low + 2 * width : n;
            int failed = merge(r, from, to, low, mid, high, reversed);
            if (failed)
                return failed;
        }
        struct sorted *swap = from;
        from = to;
        to = swap;
    }
    *items = from;
    return 0;
}

/* Names that begin with an underscore are nobody's business. */
static bool is_private(struct str path)
{
    return path.n == 0 || path.p[0] == '_' || str_find(path, STR("._")) < path.n;
}

/* 1 when there are no items to sort by `path`. */
static int collect(struct render *r, struct tval v, struct str path, struct sorted **out, size_t *n)
{
    struct tseq seq;
    int got = render_sequence(r, v, &seq);
    if (got)
        return got;
    *n = seq.n;
    *out = render_alloc(r, seq.n * sizeof **out);
    for (size_t i = 0; i < seq.n; i++) {
        struct sorted *s = &(*out)[i];
        if (render_check(r) || render_item(r, &seq, i, &s->item) ||
            render_lookup_path(r, s->item, path, &s->key))
            return -1;
        if (s->key.type == TVAL_UNDEFINED)
            return 1;
    }
    return 0;
}

static int dictsort(struct render *r, struct tval *v, const struct tval *arg, bool reversed)
{
    struct sorted *sorted = NULL;
    struct str path = STR("");
    size_t n = 0;
    if ((tval_is_str(*arg) || arg->type == TVAL_INT) && filter_arg_text(r, arg, &path))
        return -1;
    int got = is_private(path) ? 1 : collect(r, *v, path, &sorted, &n);
    if (got == 0)
        got = sort(r, &sorted, n, reversed);
    if (got < 0)
        return -1;
    *v = filter_empty();
    if (got > 0)
        return 0;
    struct tval *items = render_alloc(r, n * sizeof *items);
    for (size_t i = 0; i < n; i++)
        items[i] = sorted[i].item;
    struct tlist *list = render_alloc(r, sizeof *list);
    *list = (struct tlist){.n = n, .items = items};
    *v = tval_list(list);
    return 0;
}

FILTER(dictsort)
{
    (void)f;
    return dictsort(r, v, arg, false);
}

FILTER(dictsortreversed)
{
    (void)f;
    return dictsort(r, v, arg, true);
}
