/* SPDX-License-Identifier: MIT */
/* Strings to pointers, in insertion order.  Keys are copied; values are the
 * caller's.  The hash is seeded per process, so that clients cannot pick keys
 * that collide. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/mem.h"
#include "base/str.h"

struct map_entry {
    struct str key; /* NUL-ended, owned by the map; p NULL: removed */
    void *value;
    uint32_t hash;
};

struct map { /* read-only to callers: walk entries[0..used), skip key.p == NULL */
    struct map_entry *entries;
    uint32_t *index; /* entry number + 1, 0 = free */
    size_t used, cap, index_size;
    size_t n; /* live entries */
};

#define MAP_INIT                                                                                   \
    {                                                                                              \
        NULL, NULL, 0, 0, 0, 0                                                                     \
    }

void map_init(struct map *m);
/* Frees the keys; and the values with free_value, unless that is NULL. */
void map_release(struct map *m, void (*free_value)(void *));

/* NULL when there is no such key. */
void *map_get(const struct map *m, struct str key);
bool map_has(const struct map *m, struct str key);
/* Sets or replaces; gives the value that was there, or NULL. */
void *map_set(struct map *m, struct str key, void *value);
/* Gives the removed value, or NULL. */
void *map_remove(struct map *m, struct str key);

#endif
