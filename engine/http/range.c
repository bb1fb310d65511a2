/* SPDX-License-Identifier: MIT */
#include "http/range.h"

#include "http/conditional.h"
#include "http/http_date.h"

#include <inttypes.h>

/* Digits as a number; one that does not fit is as good as infinite. */
static bool take_number(struct str s, uint64_t *out)
{
    for (size_t i = 0; i < s.n; i++)
        if (!char_is_digit(s.p[i]))
            return false;
    if (s.n == 0)
        return false;
    if (!str_to_uint64(s, out))
        *out = UINT64_MAX;
    return true;
}

/* One "first-last", "first-" or "-suffix"; length 0 when it lies past the end.
 * False when it is malformed. */
static bool parse_spec(struct str spec, uint64_t size, struct range *out)
{
    size_t dash = str_index(spec, '-');
    struct str first = str_head(spec, dash), last = str_skip(spec, dash + 1);
    uint64_t from, to = UINT64_MAX;

    if (dash == spec.n)
        return false;
    if (first.n == 0) {
        if (!take_number(last, &to))
            return false;
        to = to < size ? to : size;
        *out = (struct range){size - to, to};
        return true;
    }
    if (!take_number(first, &from) || (last.n && !take_number(last, &to)) || to < from)
        return false;
    if (from >= size) {
        *out = (struct range){0, 0};
        return true;
    }
    if (to >= size)
        to = size - 1;
    *out = (struct range){from, to - from + 1};
    return true;
}

static bool overlap(const struct range_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < i; k++) {
            const struct range *a = &set->items[i], *b = &set->items[k];
            if (a->start < b->start + b->length && b->start < a->start + a->length)
                return true;
        }
    return false;
}

enum range_result range_parse(struct range_set *out, struct str header, uint64_t size)
{
    struct str part, unit = STR("bytes=");
    size_t asked = 0;

    out->n = 0;
    if (!header.p || !str_ieq(str_head(header, unit.n), unit))
        return RANGE_WHOLE;
    header = str_skip(header, unit.n);
    while (str_split(&header, ',', &part)) {
        struct range r;
        part = str_trim(part);
        if (part.n == 0)
            continue; /* RFC 9110, section 5.6.1: empty elements do not count */
        if (++asked > RANGES_MAX || !parse_spec(part, size, &r)) {
            out->n = 0;
            return RANGE_WHOLE;
        }
        if (r.length)
            out->items[out->n++] = r;
    }
    if (asked == 0)
        return RANGE_WHOLE;
    if (out->n == 0)
        return RANGE_UNSATISFIABLE;
    if (overlap(out)) {
        out->n = 0;
        return RANGE_WHOLE;
    }
    return RANGE_PARTIAL;
}

bool range_if_range_passes(struct str if_range, struct str etag, int64_t last_modified, int64_t now)
{
    int64_t date;
    if (!if_range.p)
        return true;
    if_range = str_trim(if_range);
    if (etag_valid(if_range))
        return if_range.p[0] == '"' && str_eq(if_range, etag);
    return last_modified != LAST_MODIFIED_NONE && http_date_parse(if_range, now, &date) &&
           date == last_modified;
}

void range_content_range(struct buf *out, const struct range *r, uint64_t size)
{
    if (r)
        buf_addf(out, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, r->start, r->start + r->length - 1,
                 size);
    else
        buf_addf(out, "bytes */%" PRIu64, size);
}

void range_part_head(struct buf *out, struct str boundary, struct str content_type,
                     const struct range *r, uint64_t size)
{
    buf_addf(out, "\r\n--%.*s", STR_ARG(boundary));
    if (!r) {
        buf_adds(out, "--\r\n");
        return;
    }
    buf_adds(out, "\r\n");
    if (content_type.n)
        buf_addf(out, "Content-Type: %.*s\r\n", STR_ARG(content_type));
    buf_adds(out, "Content-Range: ");
    range_content_range(out, r, size);
    buf_adds(out, "\r\n\r\n");
}
