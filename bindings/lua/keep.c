/* SPDX-License-Identifier: MIT */
#include "bindings/lua/keep.h"

#include "bindings/lua/host.h"

#include "base/mem.h"

#include <lauxlib.h>
#include <limits.h>

enum {
    ROOM = 1024, /* slots to begin with */
    CANARY = 1,  /* slot of an object that nobody has */
};

/* Something that the next collection finds dead. [-0, +0, may raise] */
static int release_canary(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, host_of(L)->keep.table);
    lua_createtable(L, 0, 0);
    lua_rawseti(L, -2, CANARY);
    return 0;
}

void keep_open(lua_State *L, struct keep *k)
{
    *k = (struct keep){.n = CANARY};
    lua_createtable(L, ROOM, 0);
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
        k->cap = k->cap ? k->cap * 2 : ROOM;
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
    return &k->slots[i];
}

void keep_weigh_heavy(lua_State *L, size_t bytes)
{
    lua_gc(L, LUA_GCSTEP, bytes / 1024 < INT_MAX ? (int)(bytes / 1024) : INT_MAX);
}

/* The table on top. [-0, +0] */
static void drop_garbage(lua_State *L, struct keep *k)
{
    for (size_t i = CANARY + 1; i <= k->n; i++) {
        struct keep_slot s = k->slots[i];
        if (!s.object)
            continue;
        if (lua_rawgeti(L, -1, (lua_Integer)i) == LUA_TNIL) {
            free_slot(k, i);
            s.drop(s.object);
        }
        lua_pop(L, 1);
    }
}

void keep_sweep(struct host *h)
{
    struct keep *k = &h->keep;
    lua_State *L = h->L;
    if (!lua_checkstack(L, 4))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, k->table);
    if (lua_rawgeti(L, -1, CANARY) == LUA_TNIL) {
        lua_pop(L, 1);
        drop_garbage(L, k);
        lua_pushcfunction(L, release_canary);
        lua_pcall(L, 0, 0, 0); /* without memory there is none: the next sweep is soon */
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 2);
}

void keep_close(struct keep *k)
{
    for (size_t i = CANARY + 1; i <= k->n; i++)
        if (k->slots[i].object)
            k->slots[i].drop(k->slots[i].object);
    free(k->slots);
    *k = (struct keep){0};
}
