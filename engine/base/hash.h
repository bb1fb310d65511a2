/* SPDX-License-Identifier: MIT */
/* Hashing for tables in memory (not for anything stored or signed: crypto/). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

/* SipHash-1-3 with a key drawn at random once per process. */
uint64_t hash_str(struct str s);
/* The same with ASCII letters lowered, for header names. */
uint64_t hash_istr(struct str s);
/* With a key of the caller's, for tables that processes share. */
uint64_t hash_keyed(struct str s, const uint64_t key[2]);

#endif
