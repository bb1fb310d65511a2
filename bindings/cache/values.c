/* SPDX-License-Identifier: MIT */
/* Values in a cache, and tags. */
#include "bindings/cache/impl.h"
#include "bindings/value/pack.h"

#include "base/banned.h"
#include "base/clock.h"
#include "base/mem.h"
#include "crypto/random.h"

/* ---- tags ----
 *
 * A tag has a version, which is kept under "prefix:tag:name", and an entry remembers the
 * versions that its tags had. Another version: the entry is no more. So is it when the
 * version is not there; a lost tag costs hits, never a wrong value. */

static void cache_add_tag_key(struct lua_cache *c, struct buf *key, struct str name)
{
    buf_addf(key, "%s:tag:", c->prefix);
    buf_addstr(key, name);
}

static int cache_new_version(struct lua_cache *c, struct str key, bool add,
                             char version[CODEC_VERSION], struct err *err)
{
    char value[1 + CODEC_VERSION] = {'T'};
    random_bytes(version, CODEC_VERSION);
    memcpy(value + 1, version, CODEC_VERSION);
    return cache_set(c->cache, key, str_make(value, sizeof value), CACHE_FOREVER, add, err);
}

/* 1 with the tag's version, 0 when it has none. */
static int tag_version(struct lua_cache *c, struct str key, char version[CODEC_VERSION],
                       struct err *err)
{
    struct buf b = BUF_INIT;
    int status = cache_get(c->cache, key, &b, err);
    if (status > 0 && b.n == 1 + CODEC_VERSION)
        memcpy(version, b.data + 1, CODEC_VERSION);
    else if (status > 0)
        status = 0;
    buf_release(&b);
    return status;
}

/* The version that an entry is to remember; makes one when there is none. */
static int current_version(struct lua_cache *c, struct str key, char version[CODEC_VERSION],
                           struct err *err)
{
    for (int i = 0; i < 3; i++) {
        int status = tag_version(c, key, version, err);
        if (status != 0)
            return status < 0 ? -1 : 0;
        status = cache_new_version(c, key, true, version, err);
        if (status != 0)
            return status < 0 ? -1 : 0;
    }
    random_bytes(version, CODEC_VERSION); /* the entry will not be found */
    return 0;
}

/* Have the tags of the entry the versions that it remembers? All of them are asked for at
 * once. -1: the cache failed. */
static int tags_hold(struct lua_cache *c, struct str tags, struct err *err)
{
    struct str names[CODEC_TAGS_MAX], versions[CODEC_TAGS_MAX], keys[CODEC_TAGS_MAX];
    struct buf text = BUF_INIT, *values;
    bool found[CODEC_TAGS_MAX];
    size_t n = 0, ends[CODEC_TAGS_MAX];
    while (n < CODEC_TAGS_MAX && tags.n && codec_next_tag(&tags, &names[n], &versions[n])) {
        cache_add_tag_key(c, &text, names[n]);
        ends[n++] = text.n;
    }
    values = mem_alloc((n + 1) * sizeof *values);
    for (size_t i = 0; i < n; i++) {
        size_t start = i ? ends[i - 1] : 0;
        keys[i] = str_make(text.data + start, ends[i] - start);
        buf_init(&values[i]);
    }
    int status = cache_get_many(c->cache, keys, n, values, found, err) < 0 ? -1 : 1;
    for (size_t i = 0; i < n; i++) {
        const struct buf *v = &values[i];
        if (status > 0 && !(found[i] && v->n == 1 + CODEC_VERSION &&
                            memcmp(v->data + 1, versions[i].p, CODEC_VERSION) == 0))
            status = 0;
        buf_release(&values[i]);
    }
    free(values);
    buf_release(&text);
    return status;
}

static struct str cache_tag_name(lua_State *L, int idx)
{
    size_t n = 0;
    const char *p = lua_type(L, idx) == LUA_TSTRING ? lua_tolstring(L, idx, &n) : NULL;
    if (!p)
        exception_raise(L, "TypeError", "a tag must be a string, not a %s", luaL_typename(L, idx));
    if (n == 0 || n > CODEC_TAG_MAX)
        exception_raise(L, "ValueError", "a tag must have from 1 to %d bytes", CODEC_TAG_MAX);
    return str_make(p, n);
}

/* Adds the head of an entry with the tags of the list at idx to w->value. [-0, +0, may raise]
 */
static void add_head(lua_State *L, struct lua_cache *c, struct work *w, const struct options *o)
{
    struct buf tags = BUF_INIT, key = BUF_INIT;
    struct err err;
    lua_Unsigned n = o->tags ? lua_rawlen(L, o->tags) : 0;
    int status = 0;
    if (n == 0) {
        codec_add_head(w->value, o->fresh, STR(""), 0);
        return;
    }
    if (n > CODEC_TAGS_MAX)
        exception_raise(L, "ValueError", "%d tags; %d are the most", (int)n, CODEC_TAGS_MAX);
    for (lua_Unsigned i = 1; i <= n; i++) { /* may raise: before anything is held */
        lua_rawgeti(L, o->tags, (lua_Integer)i);
        cache_tag_name(L, -1);
        lua_pop(L, 1);
    }
    cache_enter(c, w);
    for (lua_Unsigned i = 1; i <= n && status == 0; i++) {
        char version[CODEC_VERSION];
        lua_rawgeti(L, o->tags, (lua_Integer)i);
        struct str name = cache_tag_name(L, -1); /* was good before */
        lua_pop(L, 1);                           /* stays in the list */
        buf_reset(&key);
        cache_add_tag_key(c, &key, name);
        status = current_version(c, buf_str(&key), version, &err);
        codec_add_tag(&tags, name, version);
    }
    cache_leave(c, w);
    if (status == 0)
        codec_add_head(w->value, o->fresh, buf_str(&tags), (unsigned)n);
    buf_release(&tags);
    buf_release(&key);
    if (status != 0) {
        cache_failed(L, c, &err);
        codec_add_head(w->value, o->fresh, STR(""), 0);
    }
}

/* ---- values ---- */

/* The value at idx as it is to be stored, in w->value. [-0, +n, may raise] */
void cache_encode(lua_State *L, struct lua_cache *c, struct work *w, int idx,
                  const struct options *o)
{
    size_t head = w->value->n, start;
    if (lua_isinteger(L, idx) && !o->tags && o->fresh == INT64_MAX) {
        buf_addint(w->value, lua_tointeger(L, idx));
        return;
    }
    add_head(L, c, w, o);
    start = w->value->n;
    const struct buf *own = pack_value(L, idx, w->value);
    if (own) {
        if (w->value == &c->value) /* somebody may be waiting with it by now */
            cache_work(L, c, w);
        buf_reset(w->value);
        buf_addstr(w->value, buf_str(own));
    }
    if (own || c->compress)
        codec_finish(w->value, head, start, own != NULL, c->compress);
}

static bool read_value(lua_State *L, int place, struct str packed)
{
    struct err err;
    return (place ? unpack_next(L, place, packed, &err) : unpack_value(L, packed, &err)) == 0;
}

bool cache_decode(lua_State *L, struct lua_cache *c, struct work *w, struct str stored, int place,
                  bool *fresh)
{
    struct codec e;
    struct err err;
    if (stored.n && (unsigned char)stored.p[0] == CODEC_MARK) /* nothing but the value */
        return read_value(L, place, str_skip(stored, 1));
    if (!codec_read(stored, &e))
        return false;
    if (e.is_integer) {
        lua_pushinteger(L, e.integer);
        return true;
    }
    *fresh = e.fresh == INT64_MAX || e.fresh > clock_realtime();
    if (e.flags & CODEC_TAGS) {
        cache_enter(c, w);
        int status = tags_hold(c, e.tags, &err);
        cache_leave(c, w);
        if (status <= 0)
            return status < 0 ? cache_failed(L, c, &err) : false;
    }
    if (!(e.flags & (CODEC_ZIP | CODEC_EXTENSION)))
        return read_value(L, place, e.packed);
    /* Where code of others runs the bytes must not be in a buffer that they may use. */
    if (e.flags & CODEC_ZIP) {
        struct buf plain = BUF_INIT;
        if (codec_unzip(&e, &plain, &err) != 0) {
            buf_release(&plain);
            return false;
        }
        buf_reset(w->key);
        buf_addstr(w->key, buf_str(&plain));
        buf_release(&plain);
        lua_pushlstring(L, w->key->data, w->key->n);
    } else {
        lua_pushlstring(L, e.packed.p, e.packed.n);
    }
    size_t n;
    const char *p = lua_tolstring(L, -1, &n);
    if (!read_value(L, place, str_make(p, n))) {
        lua_pop(L, 1);
        return false;
    }
    lua_remove(L, -2);
    return true;
}

bool cache_is_plain(struct str stored)
{
    const unsigned own = CODEC_TAGS | CODEC_FRESH | CODEC_EXTENSION;
    struct codec e;
    if (!codec_read(stored, &e))
        return false;
    return e.is_integer || !(e.flags & own);
}

/* ---- invalidating ---- */

/* invalidate_tags(self, tag, ...) */
int cache_l_invalidate_tags(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct err err;
    int n = lua_gettop(L);
    for (int i = 2; i <= n; i++)
        cache_tag_name(L, i);
    for (int i = 2; i <= n; i++) {
        struct work w;
        char version[CODEC_VERSION];
        cache_work(L, c, &w);
        cache_add_tag_key(c, w.key, cache_tag_name(L, i));
        cache_enter(c, &w);
        int status = cache_new_version(c, buf_str(w.key), false, version, &err);
        cache_leave(c, &w);
        if (status < 0)
            cache_failed(L, c, &err);
        lua_settop(L, n);
    }
    return 0;
}
