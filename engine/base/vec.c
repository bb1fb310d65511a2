/* SPDX-License-Identifier: MIT */
#include "base/vec.h"

void *vec_grow(void *items, size_t *cap, size_t item_size)
{
    *cap = *cap ? mem_mul(*cap, 2) : 8;
    return mem_realloc(items, mem_mul(*cap, item_size));
}
