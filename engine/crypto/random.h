/* SPDX-License-Identifier: MIT */
/* Random bytes for keys, tokens and salts, from the kernel.  A small buffer per
 * thread saves system calls for short requests; it is emptied by fork, so that no
 * two workers ever hand out the same bytes, and used bytes are wiped. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include "base/err.h"
#include "base/str.h"

/* Letters and digits, the alphabet of Django's get_random_string. */
#define RANDOM_ALPHABET STR("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

/* Fills p[0..n).  Cannot fail: without a working getrandom the process ends. */
void random_bytes(void *p, size_t n);
/* 0 .. limit - 1, each as likely as the others; limit > 0. */
uint32_t random_below(uint32_t limit);
/* n characters of `alphabet` (whole UTF-8 code points, 2 to 65536 of them) into
 * the n * 4 bytes at out; gives the bytes written, or -1 with ERR_INVALID. */
int64_t random_string(char *out, size_t n, struct str alphabet, struct err *err);

#endif
