/* SPDX-License-Identifier: MIT */
/* Numbers in base 36, for short links. */
#ifndef HTTP_BASE36_H
#define HTTP_BASE36_H

#include "base/err.h"
#include "base/str.h"

#define BASE36_SIZE 14 /* with the NUL */

struct str base36_encode(uint64_t n, char out[BASE36_SIZE]);
/* Fails with ERR_TOO_LARGE past 13 digits or INT64_MAX, ERR_INVALID on other characters. */
int base36_decode(struct str s, int64_t *out, struct err *err);

#endif
