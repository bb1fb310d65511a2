/* SPDX-License-Identifier: MIT */
/* What a call of a cache begins with: buffers, the key, options; and what to do when the cache
 * fails. */
#include "bindings/cache/impl.h"
#include "bindings/lua/class.h"

#include "base/banned.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/suggest.h"

enum { KEY_WARN = 250, BUFFER_KEEP = 1 << 16 };

struct lua_cache *cache_self(lua_State *L)
{
    const struct handle *h = lua_touserdata(L, lua_upvalueindex(UP_HANDLE));
    if (lua_type(L, 1) != LUA_TTABLE)
        exception_raise(L, "TypeError",
                        "the cache is missing: its functions are called with a "
                        "colon, as in cache:get(key)");
    return h->object;
}

/* ---- buffers ---- */

static const char WORK[] = "perilune.cache.Work";

static int work_gc(lua_State *L)
{
    struct buf *b = lua_touserdata(L, 1);
    buf_release(&b[0]);
    buf_release(&b[1]);
    return 0;
}

static void trim(struct buf *b)
{
    if (b->cap > BUFFER_KEEP)
        buf_release(b);
    else
        buf_reset(b);
}

void cache_work(lua_State *L, struct lua_cache *c, struct work *w)
{
    *w = (struct work){&c->key, &c->value, true};
    if (c->busy) {
        struct buf *b = lua_newuserdatauv(L, 2 * sizeof *b, 0);
        buf_init(&b[0]);
        buf_init(&b[1]);
        luaL_setmetatable(L, WORK);
        *w = (struct work){&b[0], &b[1], false};
    }
    trim(w->key);
    trim(w->value);
}

void cache_work_open(lua_State *L)
{
    luaL_newmetatable(L, WORK);
    lua_pushcfunction(L, work_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

/* ---- errors ---- */

/* The cache itself failed: raises, or, when it is not to be in the way, says so now and then
 * and gives 0, as if nothing were there. */
int cache_failed(lua_State *L, struct lua_cache *c, const struct err *err)
{
    if (!cache_forgive(c, err)) {
        struct err e = *err;
        if (err->code != ERR_INVALID && err->code != ERR_CANCELLED)
            err_prefix(&e, "cache '%s'", c->alias);
        exception_raise_err(L, &e);
    }
    return 0;
}

bool cache_forgive(struct lua_cache *c, const struct err *err)
{
    int64_t now = clock_monotonic();
    if (err->code == ERR_INVALID || err->code == ERR_CANCELLED || !c->ignore_exceptions)
        return false;
    if (!c->complained || now - c->complained > 10 * CLOCK_SECOND) {
        c->complained = now;
        log_write(c->host->log, LOG_LEVEL_ERROR, "perilune.cache", "cache '%s': %s", c->alias,
                  err->msg);
    }
    return true;
}

/* ---- keys ---- */

static void warn(struct lua_cache *c, struct str key, bool *warned, const char *what)
{
    if (*warned)
        return;
    *warned = true;
    log_write(c->host->log, LOG_LEVEL_WARNING, "perilune.cache",
              "cache '%s': the key '%.*s' %s; memcached would refuse it", c->alias,
              STR_ARG(str_head(key, 300)), what);
}

/* Is one of eight bytes below 33, or 127? */
static bool has_odd8(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
    uint64_t is_del = w ^ (ones * 127);
    return (((w - ones * 33) & ~w) | ((is_del - ones) & ~is_del)) & high;
}

static bool is_odd(struct str key)
{
    uint64_t w;
    for (; key.n >= sizeof w; key = str_skip(key, sizeof w)) {
        memcpy(&w, key.p, sizeof w);
        if (has_odd8(w))
            return true;
    }
    for (size_t i = 0; i < key.n; i++) {
        unsigned char ch = (unsigned char)key.p[i];
        if (ch < 33 || ch == 127)
            return true;
    }
    return false;
}

static void check_key(struct lua_cache *c, struct str key)
{
    if (key.n > KEY_WARN)
        warn(c, key, &c->warned_long, "is longer than 250 bytes");
    if (!c->warned_odd && is_odd(key))
        warn(c, key, &c->warned_odd, "contains spaces or control characters");
}

struct str cache_key_text(lua_State *L, int idx)
{
    size_t n;
    int type = lua_type(L, idx);
    if (type == LUA_TSTRING) {
        const char *p = lua_tolstring(L, idx, &n);
        return str_make(p, n);
    }
    if (type == LUA_TNUMBER) { /* a copy: lua_next must find the number still */
        lua_pushvalue(L, idx);
        const char *p = lua_tolstring(L, -1, &n);
        lua_replace(L, idx);
        return str_make(p, n);
    }
    exception_raise(L, "TypeError", "a cache key must be a string or a number, not %s%s",
                    type > LUA_TNIL ? "a " : "", type == LUA_TNONE ? "nil" : luaL_typename(L, idx));
    return STR_NULL;
}

/* Adds the whole key of the value at idx to w->key and gives it. [-0, +0, may raise] */
struct str cache_push_key(lua_State *L, struct lua_cache *c, struct work *w, int idx,
                          lua_Integer version)
{
    struct str key = cache_key_text(L, idx);
    size_t start = w->key->n;
    if (c->key_function) {
        bool busy = c->busy;
        lua_pushvalue(L, lua_upvalueindex(UP_KEY_FUNCTION));
        lua_pushvalue(L, idx);
        lua_pushstring(L, c->prefix);
        lua_pushinteger(L, version);
        c->busy = true; /* it may use the cache: not with our buffers */
        int status = script_call(L, 3, 1);
        c->busy = busy;
        if (status != LUA_OK)
            lua_error(L);
        if (lua_type(L, -1) != LUA_TSTRING)
            exception_raise(L, "TypeError", "key_function of cache '%s' gave a %s, not a string",
                            c->alias, luaL_typename(L, -1));
        key.p = lua_tolstring(L, -1, &key.n);
        buf_addstr(w->key, key);
        lua_pop(L, 1);
    } else if (version == c->version) {
        buf_addstr(w->key, buf_str(&c->base));
        buf_addstr(w->key, key);
    } else {
        buf_addf(w->key, "%s:%lld:", c->prefix, (long long)version);
        buf_addstr(w->key, key);
    }
    key = str_skip(buf_str(w->key), start);
    check_key(c, key);
    return key;
}

/* ---- options ---- */

int64_t cache_seconds(lua_State *L, int idx)
{
    double s = lua_tonumber(L, idx);
    if (s != s)
        exception_raise(L, "ValueError", "the timeout is not a number");
    return s >= 9e9 ? CACHE_FOREVER : s <= 0 ? 0 : (int64_t)(s * 1e9);
}

static int64_t fresh_until(int64_t ttl)
{
    int64_t now = clock_realtime();
    return ttl >= INT64_MAX - now ? INT64_MAX : now + ttl;
}

static void read_version(lua_State *L, int idx, struct options *o)
{
    if (!lua_isinteger(L, idx))
        exception_raise(L, "TypeError", "the version must be an integer, not a %s",
                        luaL_typename(L, idx));
    o->version = lua_tointeger(L, idx);
}

/* The option on top must be of that type. */
static void want_type(lua_State *L, const char *name, int type, const char *what)
{
    if (lua_type(L, -1) != type)
        exception_raise(L, "TypeError", "cache: the option '%s' must be %s, not a %s", name, what,
                        luaL_typename(L, -1));
}

static void read_option(lua_State *L, const char *name, bool timed, struct options *o)
{
    int value = lua_gettop(L);
    if (strcmp(name, "version") == 0) {
        read_version(L, value, o);
    } else if (timed && strcmp(name, "timeout") == 0) {
        want_type(L, name, LUA_TNUMBER, "a number of seconds or cache.forever");
        o->ttl = cache_seconds(L, value);
    } else if (timed && strcmp(name, "fresh") == 0) {
        want_type(L, name, LUA_TNUMBER, "a number of seconds");
        o->fresh = fresh_until(cache_seconds(L, value));
    } else if (timed && strcmp(name, "tags") == 0) {
        want_type(L, name, LUA_TTABLE, "a list of strings");
        o->tags = value;
    } else {
        struct suggest s;
        char text[80];
        suggest_init(&s, str_from(name));
        suggest_add(&s, STR("version"));
        if (timed) {
            suggest_add(&s, STR("timeout"));
            suggest_add(&s, STR("tags"));
        }
        exception_raise(L, "TypeError", "cache: unknown option '%s'%s", name,
                        suggest_text(&s, text, sizeof text));
    }
}

/* Argument `arg`: nil, a table of options, or, when `timed`, a timeout. What it names stays
 * on the stack. [-0, +n, may raise] */
struct options cache_options_read(lua_State *L, struct lua_cache *c, int arg, bool timed)
{
    struct options o = {.version = c->version, .ttl = c->timeout, .fresh = INT64_MAX};
    switch (lua_type(L, arg)) {
    case LUA_TNONE:
    case LUA_TNIL:
        break;
    case LUA_TNUMBER:
        if (timed) {
            o.ttl = cache_seconds(L, arg);
            break;
        }
        read_version(L, arg, &o);
        break;
    case LUA_TTABLE:
        luaL_checkstack(L, 12, NULL);
        lua_pushnil(L);
        while (lua_next(L, arg)) {
            const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
            read_option(L, name, timed, &o);
            if (o.tags == lua_gettop(L)) { /* it stays below the key */
                lua_insert(L, -2);
                o.tags = lua_gettop(L) - 1;
            } else {
                lua_pop(L, 1);
            }
        }
        break;
    default:
        exception_raise(L, "TypeError",
                        timed ? "the timeout must be a number of seconds, cache.forever or a table "
                                "of options, not a %s"
                              : "the options must be a table, not a %s",
                        luaL_typename(L, arg));
    }
    return o;
}
