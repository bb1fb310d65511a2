/* SPDX-License-Identifier: MIT */
/* The nearest known name to one that is unknown: every error about a name uses it. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include "base/str.h"

struct suggest { /* read-only to callers */
    struct str wanted;
    struct str best; /* p NULL: nothing near enough */
    size_t distance;
    bool by_letters; /* false: best only begins with what was wanted */
};

void suggest_init(struct suggest *s, struct str wanted);
void suggest_add(struct suggest *s, struct str candidate);
/* "; did you mean 'x'?" in a buffer of the caller, or "" */
const char *suggest_text(const struct suggest *s, char *out, size_t size);

/* Edits (insert, delete, replace, swap of neighbours) between a and b, case
 * ignored; stops counting past `limit` and gives limit + 1. */
size_t suggest_distance(struct str a, struct str b, size_t limit);

#endif
