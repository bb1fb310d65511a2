/* SPDX-License-Identifier: MIT */
/* Regular expressions as Python's re writes them, run by PCRE2: Unicode classes, a
 * limit on the steps of a match, no recursion on the C stack.  A compiled
 * expression belongs to one thread. */
#ifndef VALUE_REGEX_H
#define VALUE_REGEX_H

#include "base/buf.h"
#include "base/err.h"

enum {
    REGEX_IGNORECASE = 1,
    REGEX_MULTILINE = 2,
    REGEX_DOTALL = 4,
    REGEX_VERBOSE = 8,
    REGEX_ASCII = 16, /* \w \d \s and case by ASCII */
};

#define REGEX_PATTERN_MAX 65536

struct regex;

/* NULL with ERR_SYNTAX naming the place in the pattern. */
struct regex *regex_new(struct str pattern, unsigned flags, struct err *err);
void regex_free(struct regex *r); /* NULL is allowed */

size_t regex_group_count(const struct regex *r);
/* Name of group 1 .. regex_group_count, or NULL; lives as long as r. */
const char *regex_group_name(const struct regex *r, size_t group);

enum regex_mode {
    REGEX_SEARCH,    /* anywhere at or behind `from` */
    REGEX_MATCH,     /* at `from` */
    REGEX_FULLMATCH, /* from `from` to the end */
};
/* 1 and the groups are set, 0 no match, -1 with ERR_TOO_LARGE past the limit of
 * steps.  Bytes that are no UTF-8 match nothing. */
int regex_run(struct regex *r, struct str s, size_t from, enum regex_mode mode, struct err *err);
/* Group of the last match, 0 the whole of it; false when it took no part.  start
 * and end are bytes of the string that was searched. */
bool regex_group(const struct regex *r, size_t group, size_t *start, size_t *end);

/* Adds s with up to `limit` (0: all) matches replaced; in `with`, \1 and \g<name>
 * are groups.  Gives the number of replacements, or -1. */
int64_t regex_sub(struct regex *r, struct buf *out, struct str s, struct str with, size_t limit,
                  struct err *err);

#endif
