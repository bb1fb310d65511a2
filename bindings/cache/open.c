/* SPDX-License-Identifier: MIT */
/* perilune._cache: opening caches, as perilune/_caches.lua asks for them. */
#include "bindings/cache/impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/keep.h"
#include "bindings/lua/libs.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"
#include "base/mem.h"
#include "cache/flight.h"
#include "db/databases.h"
#include "settings/settings.h"

#include <pwd.h>
#include <unistd.h>

static const struct class cache_class = {.name = "perilune.cache.Cache"};

static void drop(void *object)
{
    struct lua_cache *c = object;
    flights_free(c->flights);
    near_free(c->near);
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
 * near_entries near_check router zone attach */
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
    uint64_t near = number_field(L, "near_entries");
    if (near)
        c->near = near_new((uint32_t)near, flag_field(L, "near_check"));
    lua_settop(L, 4);
    lua_replace(L, 3); /* the handle, in place of the servers */
    c->key_function = lua_getfield(L, 1, "key_function") != LUA_TNIL;
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, 2);
    lua_insert(L, 3);
    luaL_setfuncs(L, cache_methods, UPVALUES);
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
    cache_work_open(L);
    luaL_newlib(L, functions);
    return 1;
}
