/* SPDX-License-Identifier: MIT */
/* The first characters or words of a text. */
#include "template/filters.h"
#include "value/html.h"
#include "value/text.h"

#include "base/banned.h"

#define WORDS_MARK STR(" \xe2\x80\xa6")

/* The length that is asked for, not below 0; 1 when the argument is none and the value
 * stays, which is then no safe string any more. */
static int wanted(struct render *r, struct tval *v, const struct tval *arg, size_t *length)
{
    struct tval i;
    enum convert got = filter_int(r, *arg, &i);
    if (got == CONVERT_VALUE) {
        *v = tval_str(tval_text(*v));
        return 1;
    }
    if (got != CONVERT_OK)
        return filter_raise_int(r, *arg, got);
    if (i.type == TVAL_DECIMAL)
        *length = i.u.decimal->negative ? 0 : SIZE_MAX / 2;
    else
        *length = i.u.i > 0 ? (size_t)i.u.i : 0;
    return 0;
}

FILTER(truncatechars)
{
    (void)f;
    size_t length, start = r->scratch.n;
    int stays = wanted(r, v, arg, &length);
    if (stays)
        return stays < 0 ? -1 : 0;
    text_truncate_chars(&r->scratch, tval_text(*v), length, STR_NULL);
    *v = render_cut(r, start, false);
    return 0;
}

FILTER(truncatewords)
{
    (void)f;
    size_t length, start = r->scratch.n;
    int stays = wanted(r, v, arg, &length);
    if (stays)
        return stays < 0 ? -1 : 0;
    text_truncate_words(&r->scratch, tval_text(*v), length, WORDS_MARK);
    *v = render_cut(r, start, false);
    return 0;
}

static int truncate_html(struct render *r, struct tval *v, const struct tval *arg, struct str mark,
                         int (*truncate)(struct buf *, struct str, size_t, struct str,
                                         struct err *))
{
    struct err err;
    size_t length, start = r->scratch.n;
    int stays = wanted(r, v, arg, &length);
    if (stays)
        return stays < 0 ? -1 : 0;
    if (length > 0 && truncate(&r->scratch, tval_text(*v), length, mark, &err))
        return render_fail(r, "SuspiciousOperation", "%s", err.msg);
    *v = render_cut(r, start, false);
    return 0;
}

FILTER(truncatechars_html)
{
    (void)f;
    return truncate_html(r, v, arg, STR_NULL, html_truncate_chars);
}

FILTER(truncatewords_html)
{
    (void)f;
    return truncate_html(r, v, arg, WORDS_MARK, html_truncate_words);
}
