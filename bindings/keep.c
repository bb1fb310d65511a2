/* SPDX-License-Identifier: MIT */
#include "keep.h"

#include "host.h"

#include "base/mem.h"

#include <lauxlib.h>
#include <limits.h>

enum {
    SWEEP_FIRST = 1024, /* objects */
    LIGHT = 8192,       /* bytes that are not worth a thought */
    HEAVY = 4 << 20,    /* bytes that are worth a sweep */
};

void keep_open(lua_State *L, struct keep *k)
{
    *k = (struct keep){.sweep_at = SWEEP_FIRST};
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    k->table = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* Slots are numbered from 1, so that 0 ends the list of free ones. */
static size_t take_slot(struct keep *k)
{
    size_t i = k->free;
    if (i) {
        k->free = k->slots[i].next_free;
        return i;
    }
    if (k->n + 1 >= k->cap) {
        k->cap = k->cap ? k->cap * 2 : 256;
        k->slots = mem_realloc(k->slots, mem_mul(k->cap, sizeof *k->slots));
    }
    return ++k->n;
}

static void free_slot(struct keep *k, size_t i)
{
    k->slots[i] = (struct keep_slot){.next_free = k->free};
    k->free = i;
}

struct keep_slot *keep_reserve(lua_State *L)
{
    struct keep *k = &host_of(L)->keep;
    size_t i = take_slot(k);
    /* Free until it is in the table: setting it may raise. */
    free_slot(k, i);
    lua_rawgeti(L, LUA_REGISTRYINDEX, k->table);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (lua_Integer)i);
    lua_pop(L, 1);
    k->free = k->slots[i].next_free;
    k->used++;
    return &k->slots[i];
}

void keep_weigh(lua_State *L, size_t bytes)
{
    if (bytes < LIGHT)
        return;
    host_of(L)->keep.weight += bytes;
    lua_gc(L, LUA_GCSTEP, bytes / 1024 < INT_MAX ? (int)(bytes / 1024) : INT_MAX);
}

void keep_sweep(struct host *h)
{
    struct keep *k = &h->keep;
    lua_State *L = h->L;
    if ((k->used < k->sweep_at && k->weight < HEAVY) || !lua_checkstack(L, 4))
        return;
    k->weight = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, k->table);
    for (size_t i = 1; i <= k->n; i++) {
        struct keep_slot s = k->slots[i];
        if (!s.object)
            continue;
        if (lua_rawgeti(L, -1, (lua_Integer)i) == LUA_TNIL) {
            free_slot(k, i);
            k->used--;
            s.drop(s.object);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    k->sweep_at = k->used * 2 > SWEEP_FIRST ? k->used * 2 : SWEEP_FIRST;
}

void keep_close(struct keep *k)
{
    for (size_t i = 1; i <= k->n; i++)
        if (k->slots[i].object)
            k->slots[i].drop(k->slots[i].object);
    free(k->slots);
    *k = (struct keep){0};
}
