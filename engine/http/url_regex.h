/* SPDX-License-Identifier: MIT */
/* Regular expressions in Python's syntax on PCRE2, as URL patterns need them.
 * Groups are numbered for PCRE2 and named here, so names have no length limit.
 * Private to the URL resolver. */
#ifndef HTTP_URL_REGEX_H
#define HTTP_URL_REGEX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct url_span { /* bytes of the subject; from == UINT32_MAX: took no part */
    uint32_t from, to;
};

struct url_regex {
    void *code;        /* pcre2_code */
    unsigned groups;   /* capturing */
    bool named;        /* has a named one */
    struct str *names; /* [groups]; p NULL: unnamed */
};

enum {
    URL_REGEX_FULL = 1,  /* must match the whole subject, as re.fullmatch does */
    URL_REGEX_JIT = 2,   /* worth compiling to machine code */
    URL_REGEX_REPEAT = 4 /* a name may stand for more than one group */
};

/* Names go to the arena.  ERR_SYNTAX with "<what> at position <n>". */
int url_regex_compile(struct url_regex *re, struct arena *a, struct str pattern, unsigned flags,
                      struct err *err);
void url_regex_release(struct url_regex *re);

/* Working memory for matching, enough for every expression. */
struct url_regex_work;
struct url_regex_work *url_regex_work_new(void);
void url_regex_work_free(struct url_regex_work *w);

/* Finds the first match in subject, which is valid UTF-8.  spans[0] is the whole
 * match, spans[i] group i (1-based); spans may be NULL.  A match that takes too many
 * steps is none. */
bool url_regex_match(const struct url_regex *re, struct url_regex_work *w, struct str subject,
                     struct url_span *spans);

/* Is it an identifier, as group and parameter names have to be? */
bool url_identifier(struct str s);

#endif
