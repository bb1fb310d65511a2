/* SPDX-License-Identifier: MIT */
/* Unicode as Python's str sees it: normal forms, case, and the classes of \w and
 * \s.  Text that is not valid UTF-8 never fails: a wrong byte counts as U+FFFD. */
#ifndef VALUE_UNICODE_H
#define VALUE_UNICODE_H

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

enum unicode_form {
    UNICODE_NFC,
    UNICODE_NFD,
    UNICODE_NFKC,
    UNICODE_NFKD,
};

/* Adds the normal form of s.  Linear: a run of more than 128 combining marks is
 * cut, and its parts are put in order on their own. */
void unicode_normalize(struct buf *out, struct str s, enum unicode_form form);

/* Add s in lower or upper case, or with the first letter of each word in title case and the
 * others in lower case: with final sigma, and one letter as several (the sharp s). */
void unicode_lower(struct buf *out, struct str s);
void unicode_upper(struct buf *out, struct str s);
void unicode_title(struct buf *out, struct str s);

bool unicode_is_ascii(struct str s);
/* Python's \w: letters, numbers of every kind, underscore. */
bool unicode_is_word(uint32_t cp);
/* Python's \s and str.isspace(). */
bool unicode_is_space(uint32_t cp);
/* Whether cp joins the character before it (canonical combining class not 0). */
bool unicode_is_combining(uint32_t cp);

/* The code point at the start of s (s.n > 0), U+FFFD for a wrong byte; gives its
 * length, at least 1. */
static inline size_t unicode_next(struct str s, uint32_t *cp)
{
    if (!((unsigned char)s.p[0] & 0x80)) {
        *cp = (unsigned char)s.p[0];
        return 1;
    }
    size_t n = utf8_decode(s, cp);
    if (n)
        return n;
    *cp = 0xFFFD;
    return 1;
}

/* Bytes of the white space character at the start of s; 0 when it is none. */
static inline size_t unicode_space(struct str s)
{
    uint32_t cp;
    if (s.n == 0)
        return 0;
    size_t n = unicode_next(s, &cp);
    return unicode_is_space(cp) ? n : 0;
}

/* s without the white space at both ends, as str.strip(). */
struct str unicode_strip(struct str s);
/* Bytes of the last character of s (s.n > 0), and the character. */
size_t unicode_last(struct str s, uint32_t *cp);

#endif
