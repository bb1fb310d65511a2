/* SPDX-License-Identifier: MIT */
/* Functions that have no place in this code, because none of them knows how
 * much room it has.  Included by mem.h, hence everywhere. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* The system headers that declare (and, when fortified, define) them come first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef strtok
#define strcpy(d, s) banned_use_memcpy_or_buf
#define strcat(d, s) banned_use_buf
#define sprintf(...) banned_use_snprintf_or_buf_addf
#define vsprintf(...) banned_use_vsnprintf_or_buf_vaddf
#define strtok(s, d) banned_use_str_split

#endif
