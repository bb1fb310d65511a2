/* SPDX-License-Identifier: MIT */
/* Turns a regular expression round: texts with gaps that it would match.  Private to
 * the URL resolver. */
#ifndef HTTP_URL_NORMAL_H
#define HTTP_URL_NORMAL_H

#include "base/arena.h"
#include "base/str.h"

struct url_part {
    struct str text; /* or, when p is NULL, a gap: */
    struct str name; /* of the group; "_0", "_1" … for unnamed ones */
    bool repeats;    /* a (?P=name): takes the value, but is no parameter of its own */
};

struct url_form { /* one possibility */
    const struct url_part *parts;
    size_t n;
    const struct str *params; /* the gaps in order, without repeats */
    size_t n_params;
};

/* The forms of a pattern that compiles: what may be left out is left out, once with
 * and once without where it holds a group; of a class or a choice of characters one
 * stands for all; look-around is skipped; an alternative ('|') makes it one empty form.
 * Gives their number; 0 when the pattern cannot be turned round. */
size_t url_forms(struct arena *a, struct str pattern, const struct url_form **forms);

#endif
