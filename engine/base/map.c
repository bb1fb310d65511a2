/* SPDX-License-Identifier: MIT */
/* Entries stand in insertion order in one array; an open-addressing index of
 * entry numbers finds them.  A removed entry leaves a hole until the next rebuild. */
#include "base/map.h"

#include "base/hash.h"
#include "base/vec.h"

void map_init(struct map *m)
{
    *m = (struct map)MAP_INIT;
}

void map_release(struct map *m, void (*free_value)(void *))
{
    for (size_t i = 0; i < m->used; i++) {
        struct map_entry *e = &m->entries[i];
        if (!e->key.p)
            continue;
        free((char *)e->key.p);
        if (free_value)
            free_value(e->value);
    }
    free(m->entries);
    free(m->index);
    map_init(m);
}

static void rebuild(struct map *m)
{
    size_t live = 0, size = 16;
    for (size_t i = 0; i < m->used; i++)
        if (m->entries[i].key.p)
            m->entries[live++] = m->entries[i];
    m->used = live;
    while (size < live * 4)
        size *= 2;
    free(m->index);
    m->index = mem_zalloc(mem_mul(size, sizeof *m->index));
    m->index_size = size;
    for (size_t i = 0; i < live; i++) {
        size_t slot = m->entries[i].hash & (size - 1);
        while (m->index[slot])
            slot = (slot + 1) & (size - 1);
        m->index[slot] = (uint32_t)i + 1;
    }
}

static struct map_entry *lookup(const struct map *m, struct str key, uint32_t hash)
{
    if (m->index_size == 0)
        return NULL;
    for (size_t slot = hash & (m->index_size - 1); m->index[slot];
         slot = (slot + 1) & (m->index_size - 1)) {
        struct map_entry *e = &m->entries[m->index[slot] - 1];
        if (e->hash == hash && e->key.p && str_eq(e->key, key))
            return e;
    }
    return NULL;
}

void *map_get(const struct map *m, struct str key)
{
    struct map_entry *e = lookup(m, key, (uint32_t)hash_str(key));
    return e ? e->value : NULL;
}

bool map_has(const struct map *m, struct str key)
{
    return lookup(m, key, (uint32_t)hash_str(key)) != NULL;
}

void *map_set(struct map *m, struct str key, void *value)
{
    uint32_t hash = (uint32_t)hash_str(key);
    struct map_entry *e = lookup(m, key, hash);
    if (e) {
        void *old = e->value;
        e->value = value;
        return old;
    }
    if ((m->used + 1) * 2 > m->index_size)
        rebuild(m);
    if (m->used == m->cap)
        m->entries = vec_grow(m->entries, &m->cap, sizeof *m->entries);
    m->entries[m->used] =
        (struct map_entry){str_make(mem_strndup(key.p, key.n), key.n), value, hash};
    size_t slot = hash & (m->index_size - 1);
    while (m->index[slot])
        slot = (slot + 1) & (m->index_size - 1);
    m->index[slot] = (uint32_t)++m->used;
    m->n++;
    return NULL;
}

void *map_remove(struct map *m, struct str key)
{
    struct map_entry *e = lookup(m, key, (uint32_t)hash_str(key));
    if (!e)
        return NULL;
    free((char *)e->key.p);
    e->key = STR_NULL;
    m->n--;
    return e->value;
}
