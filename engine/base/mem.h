/* SPDX-License-Identifier: MIT */
/* Allocation that cannot fail: running out of memory ends the process with a
 * message.  Whatever a client can size is limited before it gets here (see
 * docs/lifetimes.md), and Lua's memory has an allocator of its own that fails
 * politely, so what is left are small requests of the engine itself. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/banned.h"

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_realloc(void *p, size_t size) __attribute__((alloc_size(2), returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));

/* a * b, or the process ends: sizes that overflow are a bug or an attack. */
size_t mem_mul(size_t a, size_t b);

#endif
