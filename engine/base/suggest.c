/* SPDX-License-Identifier: MIT */
#include "base/suggest.h"

#include "base/banned.h"

enum { LONGEST = 64 };

size_t suggest_distance(struct str a, struct str b, size_t limit)
{
    size_t row[3][LONGEST + 1], *before = row[0], *above = row[1], *now = row[2];
    if (a.n > LONGEST || b.n > LONGEST || (a.n > b.n ? a.n - b.n : b.n - a.n) > limit)
        return limit + 1;
    for (size_t j = 0; j <= b.n; j++)
        above[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t best = now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = char_lower(a.p[i - 1]), y = char_lower(b.p[j - 1]);
            size_t d = above[j - 1] + (x != y);
            if (above[j] + 1 < d)
                d = above[j] + 1;
            if (now[j - 1] + 1 < d)
                d = now[j - 1] + 1;
            if (i > 1 && j > 1 && x == char_lower(b.p[j - 2]) && y == char_lower(a.p[i - 2]) &&
                before[j - 2] + 1 < d)
                d = before[j - 2] + 1;
            now[j] = d;
            if (d < best)
                best = d;
        }
        if (best > limit)
            return limit + 1;
        size_t *t = before;
        before = above;
        above = now;
        now = t;
    }
    return above[b.n] > limit ? limit + 1 : above[b.n];
}

void suggest_init(struct suggest *s, struct str wanted)
{
    /* A third of the letters may differ: "procut" is near "product", "id" near nothing
     * but "ID". */
    *s = (struct suggest){.wanted = wanted, .distance = wanted.n <= 2 ? 0 : (wanted.n + 1) / 3};
}

/* "order" is short for "ordering", but not for "order_with_respect_to". */
static bool begins_with(struct str longer, struct str start)
{
    if (start.n < 4 || longer.n <= start.n || longer.n > start.n * 2)
        return false;
    for (size_t i = 0; i < start.n; i++)
        if (char_lower(longer.p[i]) != char_lower(start.p[i]))
            return false;
    return true;
}

void suggest_add(struct suggest *s, struct str candidate)
{
    if (s->by_letters && s->distance == 0)
        return;
    size_t limit = s->distance - (s->best.p && s->by_letters); /* only a nearer one */
    size_t d = suggest_distance(s->wanted, candidate, limit);
    if (d <= limit) {
        s->best = candidate;
        s->distance = d;
        s->by_letters = true;
    } else if (!s->best.p && begins_with(candidate, s->wanted)) {
        s->best = candidate; /* any that is near by letters takes its place */
    }
}

const char *suggest_text(const struct suggest *s, char *out, size_t size)
{
    out[0] = '\0';
    if (s->best.p)
        snprintf(out, size, "; did you mean '%.*s'?", STR_ARG(s->best));
    return out;
}
