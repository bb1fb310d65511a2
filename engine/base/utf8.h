/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, up to U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/buf.h"
#include "base/str.h"

/* Decodes the code point at the start of s (s.n > 0) into *cp and gives its
 * length in bytes; 0 when the bytes are not valid. */
size_t utf8_decode(struct str s, uint32_t *cp);
/* Writes 1 to 4 bytes to out (cp must be a scalar value); gives their number. */
size_t utf8_encode(uint32_t cp, char out[4]);
void utf8_add(struct buf *b, uint32_t cp);

bool utf8_valid(struct str s);
/* Number of code points; an invalid byte counts as one. */
size_t utf8_len(struct str s);
/* Bytes that the first n code points take. */
size_t utf8_offset(struct str s, size_t n);
/* Adds s with every invalid sequence replaced by U+FFFD, as Python's "replace". */
void utf8_add_replaced(struct buf *b, struct str s);

#endif
