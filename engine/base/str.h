/* SPDX-License-Identifier: MIT */
/* A borrowed run of bytes: pointer and length, never owning, not NUL-ended.
 * Strings end with a NUL only at the border with C libraries. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(lit) ((struct str){"" lit, sizeof(lit) - 1})
#define STR_INIT(lit)                                                                              \
    {                                                                                              \
        "" lit, sizeof(lit) - 1                                                                    \
    } /* for static tables */
#define STR_NULL ((struct str){NULL, 0})
/* printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_make(const char *p, size_t n)
{
    return (struct str){p, n};
}

static inline struct str str_from(const char *cstr)
{
    return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII letters compared without case. */
bool str_ieq(struct str a, struct str b);
int str_cmp(struct str a, struct str b); /* by bytes, shorter first */

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* s without its first n bytes (all of them when it is shorter). */
static inline struct str str_skip(struct str s, size_t n)
{
    if (n >= s.n)
        return str_make(s.p ? s.p + s.n : NULL, 0);
    return str_make(s.p + n, s.n - n);
}

static inline struct str str_head(struct str s, size_t n)
{
    return str_make(s.p, n < s.n ? n : s.n);
}

/* Index of the first c or of needle, or s.n when there is none; an empty needle is at 0. */
size_t str_index(struct str s, char c);
size_t str_find(struct str s, struct str needle);
bool str_has(struct str s, char c);

/* Without spaces and tabs at both ends (the HTTP OWS). */
struct str str_trim(struct str s);

/* Cuts the part before the first `sep` off *rest and gives it back in *part;
 * false when *rest is exhausted.  Start with *rest = the whole string; an empty
 * string has one empty part, as in most languages. */
bool str_split(struct str *rest, char sep, struct str *part);

/* Whole string as a decimal integer with an optional sign; false on anything
 * else, overflow included. */
bool str_to_int64(struct str s, int64_t *out);
bool str_to_uint64(struct str s, uint64_t *out); /* digits only */

static inline char char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline char char_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static inline bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool char_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 0..15, or -1 */
int char_hex(char c);

#endif
