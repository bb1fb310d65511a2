/* SPDX-License-Identifier: MIT */
/* Private to cache*.c: one cache as Lua has it. */
#ifndef BINDINGS_CACHE_IMPL_H
#define BINDINGS_CACHE_IMPL_H

#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "base/buf.h"
#include "cache/cache.h"
#include "cache/codec.h"
#include "pipeline/pages.h"

#include <lauxlib.h>

struct lua_cache {
    struct cache *cache;
    struct host *host;
    char *alias, *prefix;
    lua_Integer version;
    struct buf base; /* "prefix:1:" */
    int64_t timeout; /* of values that name none, ns */
    size_t compress; /* bytes from which values are; 0: never */
    bool key_function, ignore_exceptions;
    bool warned_long, warned_odd;
    int64_t complained;
    bool busy;  /* a call into the backend is under way */
    int router; /* registry: function(write) that names the database; 0: "default" it is */
    struct buf key, value;
    struct page_place place; /* page.c: the same for pages; `cache` NULL until there are some */
    struct flights *flights; /* cache_flights(): NULL until there are some */
    int key_ref;             /* key_function in the registry; 0: not yet */
    struct near *near;       /* NULL: every value is read from the cache */
};

/* cache.c: the functions of a cache, by name. */
extern const luaL_Reg cache_methods[];

/* call.c */

/* Upvalues of the functions. */
enum { UP_HANDLE = 1, UP_KEY_FUNCTION, UP_PLACES, UP_VALUES, UPVALUES = UP_VALUES };

/* The cache whose function runs. */
struct lua_cache *cache_self(lua_State *L);

/* Buffers for a key and a value: the cache's own, or, while another fiber waits with those,
 * new ones on the stack. */
struct work {
    struct buf *key, *value;
    bool own;
};
/* Once per state. [-0, +0, may raise] */
void cache_work_open(lua_State *L);
/* [-0, +0|1, may raise] */
void cache_work(lua_State *L, struct lua_cache *c, struct work *w);

/* Around every call into a backend, which may wait. */
static inline void cache_enter(struct lua_cache *c, const struct work *w)
{
    c->busy |= w->own;
}
static inline void cache_leave(struct lua_cache *c, const struct work *w)
{
    if (w->own)
        c->busy = false;
}

/* The cache itself failed: raises, or, when it is not to be in the way, says so now and then
 * and gives 0, as if nothing were there. */
int cache_failed(lua_State *L, struct lua_cache *c, const struct err *err);
/* The same without raising: false when it is for the caller to fail. */
bool cache_forgive(struct lua_cache *c, const struct err *err);

/* The key at idx as text, which takes the place of a number. [-0, +0, may raise] */
struct str cache_key_text(lua_State *L, int idx);
/* Adds the whole key of the value at idx to w->key and gives it. [-0, +0, may raise] */
struct str cache_push_key(lua_State *L, struct lua_cache *c, struct work *w, int idx,
                          lua_Integer version);

struct options {
    lua_Integer version;
    int64_t ttl, fresh; /* ns; `fresh` realtime, INT64_MAX: as long as it is there */
    int tags;           /* stack index of the list; 0: none */
};
/* Argument `arg`: nil, a table of options, or, when `timed`, a timeout. What it names stays
 * on the stack. [-0, +n, may raise] */
struct options cache_options_read(lua_State *L, struct lua_cache *c, int arg, bool timed);
/* Seconds at idx as ns. [-0, +0, may raise] */
int64_t cache_seconds(lua_State *L, int idx);

/* values.c */

/* The value at idx as it is to be stored, in w->value: another one by then, when it is the
 * cache's and the packing waited. What belongs to it stays on the stack.
 * [-0, +n, may raise] May wait. */
void cache_encode(lua_State *L, struct lua_cache *c, struct work *w, int idx,
                  const struct options *o);
/* Pushes the value that stands for `stored`, which is in a buffer; gives false, with nothing
 * pushed, when it is damaged, another version's, or not valid any more. `place`: of
 * unpack_begin(), or 0. [-0, +0|1, may raise] May wait. */
bool cache_decode(lua_State *L, struct lua_cache *c, struct work *w, struct str stored, int place,
                  bool *fresh);
/* Is it nothing but data, the same until somebody sets it again? */
bool cache_is_plain(struct str stored);
/* invalidate_tags(self, tag, ...) */
int cache_l_invalidate_tags(lua_State *L);

/* flight.c */

/* Who computes for whom; NULL for a cache that keeps nothing. */
struct flights *cache_flights(struct lua_cache *c);
int cache_l_begin(lua_State *L);
int cache_l_land(lua_State *L);

/* near.c */

/* `check`: whoever asks for a value that somebody has changed is told. */
struct near *near_new(uint32_t max, bool check);
void near_free(struct near *near); /* NULL is allowed */
/* Pushes the value under the key at `key`, a string, and gives true when it is at hand and
 * still the cache's. [-0, +0|1, may raise] */
bool near_find(lua_State *L, struct lua_cache *c, int key);
/* Keeps the value on top, which `copy` is of. [-0, +0, may raise] */
void near_keep(lua_State *L, struct lua_cache *c, int key, const struct cache_copy *copy);
/* Tells the cache of the hits that it did not see. */
void near_flush(struct lua_cache *c);

/* many.c */
int cache_l_get_many(lua_State *L);
int cache_l_set_many(lua_State *L);
int cache_l_delete_many(lua_State *L);
int cache_l_keys(lua_State *L);
int cache_l_delete_pattern(lua_State *L);

#endif
