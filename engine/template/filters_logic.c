/* SPDX-License-Identifier: MIT */
/* Filters that choose. */
#include "template/filters.h"
#include "value/text.h"

#include "base/banned.h"

FILTER(default)
{
    (void)f;
    bool yes;
    if (render_truth(r, *v, &yes))
        return -1;
    if (!yes)
        *v = *arg;
    return 0;
}

FILTER(default_if_none)
{
    (void)r, (void)f;
    if (v->type == TVAL_NONE)
        *v = *arg;
    return 0;
}

/* The parts of s between commas, at most `most` of them; gives how many there are in all. */
static size_t split(struct str s, struct str *parts, size_t most)
{
    size_t n = 0;
    for (bool more = true; more; n++) {
        size_t end = str_index(s, ',');
        more = end < s.n;
        if (n < most)
            parts[n] = str_head(s, end);
        s = str_skip(s, end + 1);
    }
    return n;
}

/* settings are read from the language: "yes,no,maybe" in its words. */
static int default_answers(struct render *r, struct str *out)
{
    struct tval text;
    *out = STR("yes,no,maybe");
    if (!r->ops->translate)
        return 0;
    if (r->ops->translate(r, STR_NULL, *out, STR_NULL, tval_none(), &text))
        return -1;
    *out = tval_text(text);
    return 0;
}

FILTER(yesno)
{
    (void)f;
    struct str answers, parts[3];
    bool yes = false;
    if (!arg) {
        if (default_answers(r, &answers))
            return -1;
    } else if (!tval_is_str(*arg)) {
        return render_fail(r, "AttributeError", "'%s' object has no attribute 'split'",
                           tval_type_name(*arg));
    } else {
        answers = tval_text(*arg);
    }
    size_t n = split(answers, parts, 3);
    if (n < 2)
        return 0;
    if (v->type != TVAL_NONE && render_truth(r, *v, &yes))
        return -1;
    if (v->type == TVAL_NONE)
        *v = tval_str(parts[n == 3 ? 2 : 1]);
    else
        *v = tval_str(parts[yes ? 0 : 1]);
    return 0;
}

/* Whether v is one thing: 1, 0, or 2 when it is no number and has no length. */
static int is_one(struct render *r, struct tval v)
{
    double d;
    int64_t n;
    enum convert got = v.type == TVAL_INT ? CONVERT_OK : filter_double(v, &d);
    if (v.type == TVAL_INT)
        return v.u.i == 1;
    if (got == CONVERT_OVERFLOW)
        return 0;
    if (got != CONVERT_TYPE)
        return got == CONVERT_OK ? d == 1 : 2;
    int failed = render_length(r, v, &n);
    return failed < 0 ? -1 : failed ? 2 : n == 1;
}

FILTER(pluralize)
{
    (void)f;
    struct str suffix = STR("s"), parts[2];
    if (arg && !tval_is_str(*arg))
        return render_fail(r, "TypeError", "argument of type '%s' is not iterable",
                           tval_type_name(*arg));
    if (arg)
        suffix = tval_text(*arg);
    size_t n = split(suffix, parts, 2);
    if (n == 1) {
        parts[1] = parts[0];
        parts[0] = STR("");
    }
    int one = n > 2 ? 2 : is_one(r, *v);
    if (one < 0)
        return -1;
    *v = one == 2 ? filter_empty() : tval_str(parts[one ? 0 : 1]);
    return 0;
}

FILTER(pprint)
{
    (void)f, (void)arg;
    size_t start = r->scratch.n;
    if (render_add_repr(r, *v, &r->scratch))
        return -1;
    *v = render_cut(r, start, false);
    return 0;
}
