/* SPDX-License-Identifier: MIT */
/* Python's value[start:stop:step] of strings and sequences. */
#include "template/filters.h"
#include "value/unicode.h"

#include "base/banned.h"

struct slice {
    bool has[3]; /* start, stop, step */
    int64_t at[3];
};

/* "1:-1:2"; false when it is no slice. */
static bool parse(struct render *r, struct str s, struct slice *out)
{
    *out = (struct slice){.at = {0, 0, 1}};
    unsigned n = 0;
    for (bool more = true; more; n++) {
        size_t end = str_index(s, ':');
        struct str part = str_head(s, end);
        struct tval i;
        more = end < s.n;
        s = str_skip(s, end + 1);
        if (n == 3)
            return false;
        if (part.n == 0)
            continue;
        if (filter_int(r, tval_str(part), &i) != CONVERT_OK)
            return false;
        out->has[n] = true;
        out->at[n] = i.type == TVAL_INT ? i.u.i : i.u.decimal->negative ? INT64_MIN : INT64_MAX;
    }
    if (n == 1) { /* "3" is the end */
        out->has[1] = out->has[0];
        out->at[1] = out->at[0];
        out->has[0] = false;
    }
    return out->at[2] != 0;
}

static int64_t clamp(int64_t i, int64_t n, int64_t low, int64_t high)
{
    if (i < 0)
        i = i < -n ? low : i + n;
    return i < low ? low : i > high ? high : i;
}

struct range {
    int64_t start, step;
    size_t n;
};

/* Which of n items the slice takes. */
static struct range resolve(const struct slice *s, int64_t n)
{
    int64_t step = s->at[2] < -INT64_MAX ? -INT64_MAX : s->at[2];
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    int64_t start = s->has[0] ? clamp(s->at[0], n, low, high) : step < 0 ? high : low;
    int64_t stop = s->has[1] ? clamp(s->at[1], n, low, high) : step < 0 ? low : high;
    int64_t way = step < 0 ? start - stop : stop - start, size = step < 0 ? -step : step;
    return (struct range){start, step, way <= 0 ? 0 : (size_t)((way - 1) / size + 1)};
}

/* Every step-th character, backwards when step < 0, of which `rest` holds all that may
 * come. */
static void add_steps(struct buf *out, struct str rest, struct range range)
{
    int64_t wait = 0, step = range.step < 0 ? -range.step : range.step;
    while (range.n > 0 && rest.n > 0) {
        uint32_t cp;
        size_t n = range.step < 0 ? unicode_last(rest, &cp) : unicode_next(rest, &cp);
        if (wait == 0) {
            buf_add(out, range.step < 0 ? rest.p + rest.n - n : rest.p, n);
            wait = step;
            range.n--;
        }
        wait--;
        if (range.step < 0)
            rest.n -= n;
        else
            rest = str_skip(rest, n);
    }
}

static void slice_text(struct render *r, struct tval *v, const struct slice *s)
{
    struct str text = tval_text(*v);
    size_t start = r->scratch.n;
    struct range range = resolve(s, (int64_t)utf8_len(text));
    if (range.n == 0) {
        *v = filter_empty();
    } else if (range.step == 1) {
        text = str_skip(text, utf8_offset(text, (size_t)range.start));
        *v = tval_str(str_head(text, utf8_offset(text, range.n)));
    } else {
        if (range.step < 0)
            text = str_head(text, utf8_offset(text, (size_t)range.start + 1));
        else
            text = str_skip(text, utf8_offset(text, (size_t)range.start));
        add_steps(&r->scratch, text, range);
        *v = render_cut(r, start, false);
    }
}

static int slice_items(struct render *r, struct tval *v, const struct slice *s)
{
    struct tseq seq;
    int got = render_sequence(r, *v, &seq);
    if (got != 0 || seq.map)
        return got; /* no sequence: stays */
    struct range range = resolve(s, (int64_t)seq.n);
    struct tval *items = render_alloc(r, range.n * sizeof *items);
    for (size_t i = 0; i < range.n; i++) {
        size_t at = (size_t)(range.start + (int64_t)i * range.step);
        if (render_check(r) || render_item(r, &seq, at, &items[i]))
            return -1;
    }
    struct tlist *list = render_alloc(r, sizeof *list);
    *list = (struct tlist){.n = range.n, .items = items};
    *v = tval_list(list);
    return 0;
}

/* What the host can do without fetching the rest; 1 when it cannot. */
static int slice_host(struct render *r, struct tval *v, const struct slice *s)
{
    struct tval out;
    if (v->type != TVAL_OBJECT || !r->ops->slice || s->at[2] != 1 || s->at[0] < 0 || s->at[1] < 0)
        return 1;
    int got = r->ops->slice(r, *v, s->at[0], s->has[1] ? s->at[1] : -1, &out);
    if (got == 0)
        *v = out;
    return got;
}

FILTER(slice)
{
    (void)f;
    struct slice s;
    struct str text;
    if (filter_arg_text(r, arg, &text))
        return -1;
    if (!parse(r, text, &s))
        return 0;
    if (tval_is_str(*v)) {
        slice_text(r, v, &s);
        return 0;
    }
    int got = slice_host(r, v, &s);
    if (got > 0)
        got = slice_items(r, v, &s);
    return got < 0 ? -1 : 0;
}
