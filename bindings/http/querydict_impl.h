/* SPDX-License-Identifier: MIT */
/* Private to querydict*.c. */
#ifndef BINDINGS_HTTP_QUERYDICT_IMPL_H
#define BINDINGS_HTTP_QUERYDICT_IMPL_H

#include "bindings/http/querydict.h"

#include <lauxlib.h>

struct querydict { /* in the userdata; __gc releases it */
    struct arena arena;
    struct query fields;
    struct buf text; /* for what is being written */
    bool is_mutable;
    size_t tidy_at; /* dead bytes at which the arena is made anew */
};

/* An empty one. [-0, +1, may raise] */
struct querydict *querydict_new(lua_State *L, bool is_mutable);
/* Argument 1. [-0, +0, may raise] */
struct querydict *querydict_self(lua_State *L);
/* Gives back what changes left behind, when it is much. After each change. */
void querydict_tidy(struct querydict *d);

/* A string or number as text; raises TypeError on others. The text lives as long as the
 * stack slot, which a number is replaced in by its text. [-0, +0, may raise] */
struct str querydict_text(lua_State *L, int idx, const char *what);
/* The values of a key as a list; of none an empty one. [-0, +1, may raise] */
void querydict_push_list(lua_State *L, const struct query *q, const struct query_field *first);

/* querydict_change.c: all raise AttributeError on one that is immutable. */
int querydict_newindex(lua_State *L, void *self);
int querydict_l_appendlist(lua_State *L);
int querydict_l_clear(lua_State *L);
int querydict_l_pop(lua_State *L);
int querydict_l_popitem(lua_State *L);
int querydict_l_setdefault(lua_State *L);
int querydict_l_setlist(lua_State *L);
int querydict_l_setlistdefault(lua_State *L);
int querydict_l_update(lua_State *L);

#endif
