/* SPDX-License-Identifier: MIT */
/* perilune._cache: what a cache does, for perilune/cache.lua.
 *
 * open() makes the functions of one cache, closures over its handle, and they stand in the
 * cache's table themselves: `cache:get(key)` finds its function at once, and that needs to
 * look for nothing.
 *
 * Keys and values go through two buffers of the cache. While they are needed and others may
 * come (the backend waits, a key_function runs) the cache is `busy`, and they get buffers of
 * their own. A value is packed before the key is made, for packing may run others' code. */
#include "bindings/cache/impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/keep.h"
#include "bindings/lua/libs.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "cache/flight.h"
#include "db/databases.h"
#include "settings/settings.h"

#include <math.h>
#include <pwd.h>
#include <unistd.h>

enum { KEY_WARN = 250, BUFFER_KEEP = 1 << 16 };

static const struct class cache_class = {.name = "perilune.cache.Cache"};

struct lua_cache *cache_self(lua_State *L)
{
    const struct handle *h = lua_touserdata(L, lua_upvalueindex(UP_HANDLE));
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
    exception_raise(L, "TypeError", "a cache key must be a string or a number, not a %s",
                    luaL_typename(L, idx));
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

static void read_option(lua_State *L, const char *name, bool timed, struct options *o)
{
    int value = lua_gettop(L);
    if (strcmp(name, "version") == 0) {
        read_version(L, value, o);
    } else if (timed && strcmp(name, "timeout") == 0 && lua_isnumber(L, value)) {
        o->ttl = cache_seconds(L, value);
    } else if (timed && strcmp(name, "fresh") == 0 && lua_isnumber(L, value)) {
        o->fresh = fresh_until(cache_seconds(L, value));
    } else if (timed && strcmp(name, "tags") == 0 && lua_istable(L, value)) {
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
        exception_raise(L, "TypeError", "cache: unknown option '%s' (a %s)%s", name,
                        luaL_typename(L, value), suggest_text(&s, text, sizeof text));
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

/* Reads the value under the key at index 2: pushes it, and gives whether it is there.
 * [-0, +0|1, may raise] May wait. */
static bool lookup(lua_State *L, struct lua_cache *c, lua_Integer version, bool *fresh)
{
    struct work w;
    struct err err;
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, version);
    cache_enter(c, &w);
    int status = cache_get(c->cache, key, w.value, &err);
    cache_leave(c, &w);
    *fresh = true;
    if (status <= 0)
        return status < 0 ? cache_failed(L, c, &err) : false;
    return cache_decode(L, c, &w, buf_str(w.value), 0, fresh);
}

/* ---- functions ---- */

/* get(self, key, default, options) */
static int cache_l_get(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    lua_Integer version = c->version;
    int n = lua_gettop(L);
    bool fresh;
    if (n == 2)
        lua_pushnil(L);
    else if (n < 2)
        lua_settop(L, 3);
    if (n > 3)
        version = cache_options_read(L, c, 4, false).version;
    if (lookup(L, c, version, &fresh) && fresh)
        return 1;
    lua_settop(L, 3); /* the default */
    return 1;
}

/* peek(self, key, options) -> found, value, fresh */
static int cache_l_peek(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    bool fresh;
    lua_settop(L, 3);
    lua_Integer version = cache_options_read(L, c, 3, false).version;
    if (!lookup(L, c, version, &fresh)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_pushboolean(L, 1);
    lua_insert(L, -2);
    lua_pushboolean(L, fresh);
    return 3;
}

static int store(lua_State *L, bool add)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    lua_settop(L, 4);
    struct options o = cache_options_read(L, c, 4, true);
    cache_work(L, c, &w);
    cache_encode(L, c, &w, 3, &o);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_set(c->cache, key, buf_str(w.value), o.ttl, add, &err);
    cache_leave(c, &w);
    lua_pushboolean(L, status < 0 ? cache_failed(L, c, &err) : status);
    return 1;
}

/* set(self, key, value, timeout or options) -> was it kept? */
static int cache_l_set(lua_State *L)
{
    return store(L, false);
}

static int cache_l_add(lua_State *L)
{
    return store(L, true);
}

static int cache_l_delete(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_remove(c->cache, key, &err);
    cache_leave(c, &w);
    lua_pushboolean(L, status < 0 ? cache_failed(L, c, &err) : status);
    return 1;
}

/* touch(self, key, timeout or options) -> is it there? */
static int cache_l_touch(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, true);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_touch(c->cache, key, o.ttl, &err);
    cache_leave(c, &w);
    lua_pushboolean(L, status < 0 ? cache_failed(L, c, &err) : status);
    return 1;
}

static int count(lua_State *L, lua_Integer sign)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    int64_t result = 0, by;
    lua_settop(L, 4);
    by = luaL_optinteger(L, 3, 1);
    if (by == INT64_MIN)
        by = -INT64_MAX;
    struct options o = cache_options_read(L, c, 4, false);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_incr(c->cache, key, sign * by, &result, &err);
    cache_leave(c, &w);
    if (status < 0 && err.code == ERR_INVALID)
        return exception_raise(L, "ValueError", "key '%s': %s", lua_tostring(L, 2), err.msg);
    if (status < 0 && cache_failed(L, c, &err) == 0)
        return 0;
    if (status == 0)
        return exception_raise(L, "ValueError", "key '%s' is not in the cache", lua_tostring(L, 2));
    lua_pushinteger(L, result);
    return 1;
}

/* incr(self, key, by, options) -> the new value; ValueError when there is none */
static int cache_l_incr(lua_State *L)
{
    return count(L, 1);
}

static int cache_l_decr(lua_State *L)
{
    return count(L, -1);
}

static int cache_l_has_key(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    bool fresh;
    lua_settop(L, 3);
    lua_Integer version = cache_options_read(L, c, 3, false).version;
    lua_pushboolean(L, lookup(L, c, version, &fresh) && fresh);
    return 1;
}

/* ttl(self, key, options) -> seconds, math.huge for ever, nil when it is not there */
static int cache_l_ttl(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    struct err err;
    int64_t ttl = 0;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    cache_enter(c, &w);
    int status = cache_ttl(c->cache, key, &ttl, &err);
    cache_leave(c, &w);
    if (status < 0)
        cache_failed(L, c, &err);
    if (status <= 0)
        return 0;
    lua_pushnumber(L, ttl == CACHE_FOREVER ? HUGE_VAL : (double)ttl / 1e9);
    return 1;
}

static int cache_l_clear(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct err err;
    lua_pushboolean(L, cache_clear(c->cache, &err) < 0 ? cache_failed(L, c, &err) : 1);
    return 1;
}

/* cache_push_key(self, key, version) -> the whole key */
static int cache_l_make_key(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct work w;
    lua_settop(L, 3);
    struct options o = cache_options_read(L, c, 3, false);
    cache_work(L, c, &w);
    struct str key = cache_push_key(L, c, &w, 2, o.version);
    lua_pushlstring(L, key.p, key.n);
    return 1;
}

/* ---- figures ---- */

static int cache_l_stats(lua_State *L)
{
    struct lua_cache *c = cache_self(L);
    struct cache_stats s;
    struct err err;
    if (cache_stats(c->cache, &s, &err) < 0)
        cache_failed(L, c, &err);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"hits", s.hits},           {"misses", s.misses},   {"sets", s.sets},
        {"evictions", s.evictions}, {"expired", s.expired}, {"recovered", s.recovered},
        {"items", s.items},         {"bytes", s.bytes},     {"max_bytes", s.max_bytes},
    };
    lua_createtable(L, 0, 12);
    for (size_t i = 0; s.counted && i < sizeof rows / sizeof *rows; i++) {
        lua_pushinteger(L, (lua_Integer)rows[i].value);
        lua_setfield(L, -2, rows[i].name);
    }
    lua_pushstring(L, c->cache->ops->name);
    lua_setfield(L, -2, "backend");
    return 1;
}

/* ---- opening ---- */

static void drop(void *object)
{
    struct lua_cache *c = object;
    flights_free(c->flights);
    cache_close(c->cache);
    buf_release(&c->base);
    buf_release(&c->key);
    buf_release(&c->value);
    if (c->router && c->host->L)
        luaL_unref(c->host->L, LUA_REGISTRYINDEX, c->router);
    free(c->alias);
    free(c->prefix);
    free(c);
}

/* Whose the shared memory is: of the user that the workers run as, when the master, who
 * makes it, is somebody else. */
static int64_t owner_of(const struct host *h)
{
    struct str user = h->settings ? settings_str(h->settings, SETTING_user) : STR_NULL;
    if (geteuid() != 0 || !user.p || !user.n)
        return -1;
    int64_t number;
    if (str_to_int64(user, &number))
        return number;
    const struct passwd *p = getpwnam(user.p);
    return p ? (int64_t)p->pw_uid : -1;
}

/* The database that a router names for the cache. */
static struct database *choose_database(void *data, bool write, struct err *err)
{
    const struct lua_cache *c = data;
    struct host *h = c->host;
    struct str alias = STR("default");
    struct database *db;
    lua_State *L = c->router ? host_thread(h) : NULL;
    if (L) {
        if (!lua_checkstack(L, 6)) {
            err_set(err, ERR_SCRIPT, "not enough memory");
            return NULL;
        }
        lua_rawgeti(L, LUA_REGISTRYINDEX, c->router);
        lua_pushboolean(L, write);
        if (script_call(L, 1, 1) != LUA_OK) {
            exception_to_line(L, -1, err);
            lua_pop(L, 1);
            return NULL;
        }
        alias.p = lua_tolstring(L, -1, &alias.n); /* the function has made sure that it is there */
        lua_pop(L, 1);
    }
    db = databases_find(h->options.databases, alias);
    if (!db)
        err_set(err, ERR_CONFIG, "there is no database '%.*s'", STR_ARG(alias));
    return db;
}

static const char *text_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1); /* stays in the table */
    return text;
}

static uint64_t number_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    lua_Integer n = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return n > 0 ? (uint64_t)n : 0;
}

static bool flag_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    bool yes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
}

static const luaL_Reg methods[] = {
    {"get", cache_l_get},
    {"_peek", cache_l_peek},
    {"_begin", cache_l_begin},
    {"_land", cache_l_land},
    {"set", cache_l_set},
    {"add", cache_l_add},
    {"delete", cache_l_delete},
    {"touch", cache_l_touch},
    {"incr", cache_l_incr},
    {"decr", cache_l_decr},
    {"has_key", cache_l_has_key},
    {"ttl", cache_l_ttl},
    {"clear", cache_l_clear},
    {"make_key", cache_l_make_key},
    {"get_many", cache_l_get_many},
    {"set_many", cache_l_set_many},
    {"delete_many", cache_l_delete_many},
    {"keys", cache_l_keys},
    {"delete_pattern", cache_l_delete_pattern},
    {"invalidate_tags", cache_l_invalidate_tags},
    {"stats", cache_l_stats},
    {NULL, NULL},
};

/* The texts of the list in field "servers"; they stay in the list, the array on the stack.
 * [-0, +1, may raise] */
static void read_servers(lua_State *L, struct cache_options *o)
{
    if (lua_getfield(L, 1, "servers") != LUA_TTABLE)
        return;
    size_t n = (size_t)lua_rawlen(L, -1);
    const char **servers = lua_newuserdatauv(L, (n + 1) * sizeof *servers, 0);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        servers[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    o->servers = servers;
    o->nservers = n;
    lua_remove(L, -2);
}

/* The options at index 1, which have been checked. [-0, +1, may raise] */
static struct cache_options read_open_options(lua_State *L)
{
    struct host *h = host_of(L);
    int top = lua_gettop(L);
    struct cache_options o = {
        .alias = text_field(L, "alias"),
        .scope = text_field(L, "scope"),
        .location = text_field(L, "location"),
        .max_bytes = number_field(L, "max_bytes"),
        .max_entries = number_field(L, "max_entries"),
        .cull = (unsigned)number_field(L, "cull"),
        .attach = flag_field(L, "attach"),
        .max_connections = (unsigned)number_field(L, "max_connections"),
        .sharding = flag_field(L, "sharding"),
        .owner = owner_of(h),
        .database = choose_database,
        .loop = h->loop,
        .log = h->log,
    };
    lua_getfield(L, 1, "socket_timeout");
    o.timeout = (int64_t)(lua_tonumber(L, -1) * 1e9);
    if (lua_getfield(L, 1, "zone") != LUA_TNIL)
        o.zone = time_zone_arg(L, lua_gettop(L));
    lua_settop(L, top);
    read_servers(L, &o);
    return o;
}

/* check(options): raises when the cache cannot be opened; for backends that are elsewhere,
 * whose opening connects to nothing. */
static int cache_l_check(lua_State *L)
{
    struct err err;
    lua_settop(L, 1);
    struct cache_options o = read_open_options(L);
    struct cache *c = cache_backend(str_from(text_field(L, "backend")))->open(&o, &err);
    if (!c)
        return exception_raise_err(L, &err);
    cache_backend(str_from(text_field(L, "backend")))->close(c);
    return 0;
}

/* open(options, table): puts the functions of the cache into the table. The options have
 * been checked: alias backend scope location servers socket_timeout max_connections sharding
 * max_bytes max_entries cull prefix version timeout compress key_function ignore_exceptions
 * router zone attach */
static int cache_l_open(lua_State *L)
{
    struct host *h = host_of(L);
    struct err err;
    lua_settop(L, 2);
    struct cache_options o = read_open_options(L);
    const struct cache_ops *ops = cache_backend(str_from(text_field(L, "backend")));
    struct handle *handle = class_push(L, &cache_class, NULL);
    struct keep_slot *slot = keep_reserve(L);
    struct lua_cache *c = mem_zalloc(sizeof *c);
    *slot = (struct keep_slot){.object = c, .drop = drop};
    handle->object = c;
    c->host = h;
    buf_init(&c->base);
    buf_init(&c->key);
    buf_init(&c->value);
    c->alias = mem_strdup(o.alias);
    c->prefix = mem_strdup(text_field(L, "prefix"));
    lua_getfield(L, 1, "version");
    c->version = lua_tointeger(L, -1);
    lua_getfield(L, 1, "timeout");
    c->timeout = cache_seconds(L, -1);
    c->compress = (size_t)number_field(L, "compress");
    c->ignore_exceptions = flag_field(L, "ignore_exceptions");
    o.database_data = c;
    if (lua_getfield(L, 1, "router") == LUA_TFUNCTION)
        c->router = luaL_ref(L, LUA_REGISTRYINDEX);
    buf_addf(&c->base, "%s:%lld:", c->prefix, (long long)c->version);
    c->cache = cache_open(ops, &o, &err);
    if (!c->cache)
        return exception_raise_err(L, &err);
    lua_settop(L, 4);
    lua_replace(L, 3); /* the handle, in place of the servers */
    c->key_function = lua_getfield(L, 1, "key_function") != LUA_TNIL;
    lua_pushvalue(L, 2);
    lua_insert(L, 3);
    luaL_setfuncs(L, methods, UPVALUES);
    return 0;
}

/* backends() -> list of names */
static int cache_l_backends(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; cache_backends[i]; i++) {
        lua_pushstring(L, cache_backends[i]->name);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

int luaopen_perilune__cache(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"open", cache_l_open},
        {"backends", cache_l_backends},
        {"check", cache_l_check},
        {NULL, NULL},
    };
    class_register(L, &cache_class);
    luaL_newmetatable(L, WORK);
    lua_pushcfunction(L, work_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
