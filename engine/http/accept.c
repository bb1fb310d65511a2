/* SPDX-License-Identifier: MIT */
#include "http/accept.h"

#define TYPES_MAX 128
#define LANGUAGE_HEADER_MAX 500

/* ---- media types ---- */

/* A decimal between 0 and 1 rounded to three digits; 1 for anything else. */
static double parse_quality(struct str s)
{
    s = str_trim(s);
    size_t dot = str_index(s, '.');
    struct str whole = str_head(s, dot), fraction = str_skip(s, dot + 1);
    uint64_t ones = 0, n = 0;

    if (whole.n + fraction.n == 0 || (whole.n && !str_to_uint64(whole, &ones)))
        return 1;
    for (size_t i = 0; i < fraction.n; i++)
        if (!char_is_digit(fraction.p[i]))
            return 1;
    for (size_t i = 0; i < 4; i++)
        n = n * 10 + (i < fraction.n ? (uint64_t)(fraction.p[i] - '0') : 0);
    n = (n + 5) / 10; /* thousandths */
    return ones ? 1 : (double)n / 1000;
}

void media_type_parse(struct media_type *out, struct arena *a, struct str text)
{
    *out = (struct media_type){.quality = 1};
    if (header_params_parse(&out->params, a, text, 0, NULL))
        return;
    struct str value = out->params.value;
    size_t slash = str_index(value, '/');
    out->main = str_head(value, slash);
    out->sub = str_skip(value, slash + 1);
    for (size_t i = 0; i < out->params.n; i++) {
        const struct header_param *p = &out->params.items[i];
        if (str_eq(p->name, STR("q")))
            out->quality = parse_quality(p->value);
        else
            out->n_range_params++;
    }
}

int media_type_specificity(const struct media_type *t)
{
    if (str_eq(t->main, STR("*")))
        return 0;
    if (str_eq(t->sub, STR("*")))
        return 1;
    return t->n_range_params ? 3 : 2;
}

/* Parameters of both as sets; there are few. */
static bool same_params(const struct media_type *a, const struct media_type *b)
{
    if (a->n_range_params != b->n_range_params)
        return false;
    for (size_t i = 0; i < a->params.n; i++) {
        const struct header_param *p = &a->params.items[i];
        struct str other = header_params_get(&b->params, p->name);
        if (!str_eq(p->name, STR("q")) && (!other.p || !str_eq(other, p->value)))
            return false;
    }
    return true;
}

static bool same_or_any(struct str a, struct str b)
{
    return a.n && b.n && (str_eq(a, b) || str_eq(a, STR("*")) || str_eq(b, STR("*")));
}

bool media_type_match(const struct media_type *t, const struct media_type *range)
{
    if (!same_or_any(t->main, range->main) || !same_or_any(t->sub, range->sub))
        return false;
    return range->n_range_params == 0 || same_params(t, range);
}

static int by_preference(const void *x, const void *y)
{
    const struct media_type *a = x, *b = y;
    int sa = media_type_specificity(a), sb = media_type_specificity(b);
    if (a->quality < b->quality || a->quality > b->quality)
        return a->quality < b->quality ? 1 : -1;
    if (sa != sb)
        return sb - sa;
    return (a->rank > b->rank) - (a->rank < b->rank); /* as they came */
}

void accept_parse(struct accept *out, struct arena *a, struct str header)
{
    struct str rest = header.p ? str_head(header, HEADER_PARAMS_MAX) : STR("*/*"), part;
    struct media_type *types = arena_alloc(a, TYPES_MAX * sizeof *types);
    size_t n = 0;

    while (n < TYPES_MAX && str_split(&rest, ',', &part)) {
        if (str_trim(part).n == 0)
            continue;
        media_type_parse(&types[n], a, part);
        types[n].rank = (unsigned)n;
        if (types[n].quality > 0)
            n++;
    }
    if (n > 1)
        qsort(types, n, sizeof *types, by_preference);
    for (size_t i = 0; i < n; i++)
        types[i].rank = (unsigned)i;
    *out = (struct accept){types, n};
}

/* Most specific first, then by quality, then as they rank. */
static const struct media_type *best_match(const struct accept *acc, const struct media_type *t)
{
    const struct media_type *best = NULL;
    for (size_t i = 0; i < acc->n; i++) {
        const struct media_type *range = &acc->types[i];
        if (media_type_match(t, range) &&
            (!best || media_type_specificity(range) > media_type_specificity(best)))
            best = range; /* in order of quality: the first of its kind has the highest */
    }
    return best;
}

const struct media_type *accept_find(const struct accept *acc, struct arena *a, struct str type)
{
    struct media_type t;
    media_type_parse(&t, a, type);
    return best_match(acc, &t);
}

int accept_preferred(const struct accept *acc, struct arena *a, const struct str *types, size_t n)
{
    int best = -1;
    unsigned best_rank = 0;
    for (size_t i = 0; i < n; i++) {
        const struct media_type *range = accept_find(acc, a, types[i]);
        if (range && (best < 0 || range->rank < best_rank)) {
            best = (int)i;
            best_rank = range->rank;
        }
    }
    return best;
}

/* ---- codings ---- */

double accept_encoding_quality(struct str header, struct str coding)
{
    bool identity = str_ieq(coding, STR("identity"));
    double any = -1;
    struct str rest = str_head(header, HEADER_PARAMS_MAX), part;

    if (!header.p)
        return identity ? 1 : 0;
    while (str_split(&rest, ',', &part)) {
        size_t semicolon = str_index(part, ';');
        struct str name = str_trim(str_head(part, semicolon));
        struct str weight = str_trim(str_skip(part, semicolon + 1));
        double quality = 1;
        if (weight.n >= 2 && char_lower(weight.p[0]) == 'q' && weight.p[1] == '=')
            quality = parse_quality(str_skip(weight, 2));
        if (str_ieq(name, coding))
            return quality;
        if (str_eq(name, STR("*")))
            any = quality;
    }
    if (any >= 0)
        return any;
    return identity ? 1 : 0;
}

/* ---- languages ---- */

/* Takes "en-au" or "*" off s. */
static bool take_tag(struct str *s, struct str *tag)
{
    size_t i = 0, run = 0;
    bool first = true;
    if (s->n && s->p[0] == '*') {
        i = 1;
    } else {
        for (; i < s->n; i++) {
            char c = s->p[i];
            if (c == '-' && run > 0)
                first = false, run = 0;
            else if ((char_is_alpha(c) || (!first && char_is_digit(c))) && run < 8)
                run++;
            else
                break;
        }
        if (run == 0)
            return false;
    }
    *tag = str_head(*s, i);
    *s = str_skip(*s, i);
    return true;
}

/* "0", "0.5", "1", "1.000" at the start of s. */
static bool take_weight(struct str *s, double *quality)
{
    size_t i = 1, digits = 0;
    if (s->n == 0 || (s->p[0] != '0' && s->p[0] != '1'))
        return false;
    if (i < s->n && s->p[i] == '.') {
        i++;
        for (; i < s->n && digits < 3 && char_is_digit(s->p[i]); i++, digits++)
            if (s->p[0] == '1' && s->p[i] != '0')
                return false;
    }
    *quality = parse_quality(digits ? str_head(*s, i) : str_head(*s, 1));
    *s = str_skip(*s, i);
    return true;
}

static bool take_language(struct str *s, struct accept_language *out)
{
    out->quality = 1;
    if (!take_tag(s, &out->tag))
        return false;
    *s = str_trim(*s);
    if (s->n && s->p[0] == ';') {
        *s = str_trim(str_skip(*s, 1));
        if (s->n < 2 || char_lower(s->p[0]) != 'q' || s->p[1] != '=')
            return false;
        *s = str_skip(*s, 2);
        if (!take_weight(s, &out->quality))
            return false;
        *s = str_trim(*s);
    }
    if (s->n == 0)
        return true;
    if (s->p[0] != ',')
        return false;
    *s = str_trim(str_skip(*s, 1));
    return true;
}

/* Up to the last comma before the limit. */
static struct str cut_header(struct str header)
{
    if (header.n <= LANGUAGE_HEADER_MAX)
        return header;
    for (size_t i = LANGUAGE_HEADER_MAX; i-- > 1;)
        if (header.p[i] == ',')
            return str_head(header, i);
    return str_head(header, 0);
}

size_t accept_language_parse(struct accept_language *out, size_t max, struct arena *a,
                             struct str header)
{
    size_t n = 0;
    if (!header.p)
        return 0;
    header = cut_header(header);
    while (header.n) {
        struct accept_language l;
        if (!take_language(&header, &l))
            return 0;
        size_t at = n < max ? n : max;
        while (at > 0 && out[at - 1].quality < l.quality)
            at--;
        if (at >= max)
            continue;
        n += n < max;
        memmove(&out[at + 1], &out[at], (n - 1 - at) * sizeof *out);
        char *tag = arena_strndup(a, l.tag.p, l.tag.n);
        for (size_t i = 0; i < l.tag.n; i++)
            tag[i] = char_lower(tag[i]);
        l.tag.p = tag;
        out[at] = l;
    }
    return n;
}
