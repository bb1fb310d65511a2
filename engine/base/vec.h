/* SPDX-License-Identifier: MIT */
/* A growing array of any type, as a small set of macros:
 *
 *     VEC(struct route *) routes = VEC_INIT;
 *     vec_push(&routes, r);
 *     for (size_t i = 0; i < routes.n; i++) use(routes.items[i]);
 *     vec_release(&routes);
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/mem.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t n, cap;                                                                             \
    }
#define VEC_INIT                                                                                   \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

/* Makes room for one more item and gives its address; the item is not set. */
#define vec_add(v)                                                                                 \
    ((v)->n == (v)->cap ? ((v)->items = vec_grow((v)->items, &(v)->cap, sizeof *(v)->items),       \
                           &(v)->items[(v)->n++])                                                  \
                        : &(v)->items[(v)->n++])
#define vec_push(v, item) ((void)(*vec_add(v) = (item)))
#define vec_pop(v) ((v)->items[--(v)->n])
#define vec_last(v) ((v)->items[(v)->n - 1])
#define vec_clear(v) ((void)((v)->n = 0))
#define vec_release(v)                                                                             \
    do {                                                                                           \
        free((v)->items);                                                                          \
        (v)->items = NULL;                                                                         \
        (v)->n = (v)->cap = 0;                                                                     \
    } while (0)

void *vec_grow(void *items, size_t *cap, size_t item_size);

#endif
