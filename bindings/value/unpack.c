/* SPDX-License-Identifier: MIT */
/* Unpacking.
 *
 * The keys of tables are mostly the same few words. They stand in a list of the state's, each
 * at a place that comes from its bytes: to compare them there costs less than to have Lua look
 * for the string. */
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/null.h"
#include "bindings/value/decimal.h"
#include "bindings/value/json.h"
#include "bindings/value/pack_impl.h"
#include "bindings/value/safestring.h"
#include "bindings/value/time_values.h"

#include "value/pack.h"

#include <lauxlib.h>

/* The unpackers by name stand in the registry under this address. */
static const char unpackers_key = 0;

enum { NAMES = 256 /* a power of two */, NAME_ROOM = 31 };

struct unpack_names { /* owner: the state */
    int list;         /* registry: the strings, from 1 */
    struct {
        unsigned char n; /* 0: there is none */
        char text[NAME_ROOM];
    } at[NAMES];
};

struct unpacker {
    lua_State *L;
    struct pack_reader reader;
    struct err *err;
    int depth;
    int objects;                /* stack index: nil, or the table of them by their numbers */
    struct unpack_names *known; /* whose list is at objects + 1 */
    lua_Integer n;
};

static inline int unpack(struct unpacker *u);
static int unpack_as(struct unpacker *u, enum pack_type type);

/* ---- tables ---- */

/* Pushes the text, which is a key. [-0, +1, may raise] */
static void push_name(struct unpacker *u, struct str s)
{
    lua_State *L = u->L;
    if (s.n == 0 || s.n > NAME_ROOM) {
        lua_pushlstring(L, s.p, s.n);
        return;
    }
    unsigned char first = (unsigned char)s.p[0], middle = (unsigned char)s.p[s.n / 2],
                  last = (unsigned char)s.p[s.n - 1];
    size_t place = (s.n * 31 + first * 7u + middle * 5u + last) & (NAMES - 1);
    if (u->known->at[place].n == s.n && memcmp(u->known->at[place].text, s.p, s.n) == 0) {
        lua_rawgeti(L, u->objects + 1, (lua_Integer)place + 1);
        return;
    }
    lua_pushlstring(L, s.p, s.n);
    lua_pushvalue(L, -1);
    lua_rawseti(L, u->objects + 1, (lua_Integer)place + 1);
    u->known->at[place].n = (unsigned char)s.n;
    memcpy(u->known->at[place].text, s.p, s.n);
}

/* Can the value on top be a key? A NaN cannot. */
static bool can_be_key(lua_State *L)
{
    int type = lua_type(L, -1);
    if (type == LUA_TNUMBER && !lua_isinteger(L, -1))
        return lua_tonumber(L, -1) == lua_tonumber(L, -1);
    return type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN;
}

static int unpack_key(struct unpacker *u)
{
    enum pack_type type = pack_next(&u->reader, u->err);
    if (type == PACK_STRING) {
        push_name(u, u->reader.text);
        return 0;
    }
    if (unpack_as(u, type) != 0)
        return -1;
    return can_be_key(u->L) ? 0 : err_set(u->err, ERR_SYNTAX, "packed data has a key that is none");
}

/* Of the Lua stack: what a level needs, and how many levels are provided for at once. */
enum { LEVEL_STACK = 3, LEVELS_AT_ONCE = 8 };

/* One level down. */
static int go_down(struct unpacker *u)
{
    if (u->depth % LEVELS_AT_ONCE == 0)
        luaL_checkstack(u->L, LEVEL_STACK * LEVELS_AT_ONCE + 8, "packed data");
    if (++u->depth > PACK_DEPTH_MAX)
        return err_set(u->err, ERR_SYNTAX, "packed data is nested too deep");
    return 0;
}

static int unpack_table(struct unpacker *u, bool list)
{
    lua_State *L = u->L;
    uint32_t items = u->reader.items, members = u->reader.members;
    if (go_down(u) != 0)
        return -1;
    lua_createtable(L, items <= INT32_MAX ? (int)items : 0,
                    members <= INT32_MAX ? (int)members : 0);
    if (list) {
        json_push_array_mark(L);
        lua_setmetatable(L, -2);
    }
    int table = items + members ? lua_gettop(L) : 0; /* found sooner than -2 and -3 */
    for (uint32_t i = 1; i <= items; i++) {
        if (unpack(u) != 0)
            return -1;
        lua_rawseti(L, table, i);
    }
    for (uint32_t i = 0; i < members; i++) {
        if (unpack_key(u) != 0 || unpack(u) != 0)
            return -1;
        lua_rawset(L, table);
    }
    u->depth--;
    return 0;
}

/* ---- others ---- */

static int unpack_datetime(struct unpacker *u)
{
    lua_State *L = u->L;
    struct datetime d = u->reader.moment;
    if (u->reader.text.n) {
        lua_pushlstring(L, u->reader.text.p, u->reader.text.n);
        d.tz = time_zone_arg(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    time_push_datetime(L, &d);
    return 0;
}

/* The unpacker of a name: its function, and whether it fills an object that is there before
 * what belongs to it. [-0, +1] */
static int push_unpacker(struct unpacker *u, struct str name, bool *fills)
{
    lua_State *L = u->L;
    unpack_push_registered(L);
    lua_pushlstring(L, name.p, name.n);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (!lua_istable(L, -1))
        return err_set(u->err, ERR_SYNTAX, "nobody here unpacks '%.*s'",
                       STR_ARG(str_head(name, 60)));
    lua_rawgeti(L, -1, 2);
    *fills = lua_toboolean(L, -1);
    lua_pop(L, 1);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    return 0;
}

static int unpack_object(struct unpacker *u)
{
    lua_State *L = u->L;
    lua_Integer number = ++u->n;
    struct str name = u->reader.text;
    bool fills;
    luaL_checkstack(L, LEVEL_STACK * LEVELS_AT_ONCE + 8, "packed data");
    if (push_unpacker(u, name, &fills) != 0)
        return -1;
    if (lua_isnil(L, u->objects)) {
        lua_newtable(L);
        lua_replace(L, u->objects);
    }
    if (fills) {
        lua_newtable(L);
        lua_rawseti(L, u->objects, number);
    }
    if (go_down(u) != 0 || unpack(u) != 0)
        return -1;
    u->depth--;
    lua_rawgeti(L, u->objects, number);
    lua_pushvalue(L, u->objects);
    lua_call(L, 3, 1);
    if (lua_isnil(L, -1))
        return err_set(u->err, ERR_SYNTAX, "'%.*s' is not what it was any more",
                       STR_ARG(str_head(name, 60)));
    lua_pushvalue(L, -1);
    lua_rawseti(L, u->objects, number);
    return 0;
}

static int unpack_reference(struct unpacker *u)
{
    lua_State *L = u->L;
    if (lua_isnil(L, u->objects))
        lua_pushnil(L);
    else
        lua_rawgeti(L, u->objects, (lua_Integer)u->reader.integer);
    return lua_isnil(L, -1) ? err_set(u->err, ERR_SYNTAX, "packed data refers to what is not there")
                            : 0;
}

/* On failure some values may have been pushed. */
static inline int unpack(struct unpacker *u)
{
    enum pack_type type = pack_next(&u->reader, u->err);
    if (type == PACK_INT) {
        lua_pushinteger(u->L, u->reader.integer);
        return 0;
    }
    return unpack_as(u, type);
}

/* What the reader has come to is of that type. */
static int unpack_as(struct unpacker *u, enum pack_type type)
{
    lua_State *L = u->L;
    struct pack_reader *r = &u->reader;
    struct decimal d;
    switch (type) {
    case PACK_ERROR:
        return -1;
    case PACK_END:
        return err_set(u->err, ERR_SYNTAX, "packed data ends too early");
    case PACK_NIL:
        lua_pushnil(L);
        break;
    case PACK_NULL:
        null_push(L);
        break;
    case PACK_FALSE:
        lua_pushboolean(L, 0);
        break;
    case PACK_TRUE:
        lua_pushboolean(L, 1);
        break;
    case PACK_INT:
        lua_pushinteger(L, r->integer);
        break;
    case PACK_DOUBLE:
        lua_pushnumber(L, r->number);
        break;
    case PACK_STRING:
        lua_pushlstring(L, r->text.p, r->text.n);
        break;
    case PACK_SAFE:
        lua_pushlstring(L, r->text.p, r->text.n);
        safestring_mark(L);
        break;
    case PACK_DECIMAL:
        if (decimal_parse(&d, r->text, u->err) != 0)
            return -1;
        decimal_push(L, &d);
        break;
    case PACK_DATE:
        time_push_date(L, r->moment.date);
        break;
    case PACK_TIME:
        time_push_time(L, r->moment.time);
        break;
    case PACK_DATETIME:
        return unpack_datetime(u);
    case PACK_TIMEDELTA:
        time_push_timedelta(L, r->duration);
        break;
    case PACK_TABLE:
        return unpack_table(u, false);
    case PACK_LIST:
        return unpack_table(u, true);
    case PACK_EXTENSION:
        return unpack_object(u);
    case PACK_REFERENCE:
        return unpack_reference(u);
    }
    return 0;
}

static int unpack_whole(lua_State *L, int place, struct str data, struct err *err)
{
    struct unpacker u;
    u.L = L;
    u.err = err;
    u.depth = 0;
    u.n = 0;
    u.objects = place;
    u.known = host_of(L)->names;
    pack_reader_init(&u.reader, data);
    if (unpack(&u) != 0)
        return -1;
    return u.reader.p == u.reader.end
               ? 0
               : err_set(err, ERR_SYNTAX, "packed data goes on after its end");
}

int unpack_begin(lua_State *L)
{
    lua_pushnil(L); /* objects */
    lua_rawgeti(L, LUA_REGISTRYINDEX, host_of(L)->names->list);
    return lua_gettop(L) - 1;
}

int unpack_next(lua_State *L, int place, struct str data, struct err *err)
{
    int top = lua_gettop(L);
    int status = unpack_whole(L, place, data, err);
    if (status != 0)
        lua_settop(L, top);
    if (!lua_isnil(L, place)) {
        lua_pushnil(L);
        lua_replace(L, place);
    }
    return status;
}

int unpack_value(lua_State *L, struct str data, struct err *err)
{
    bool deep = data.n && (unsigned char)data.p[0] >= PACK_SHORT_LIST;
    int place = deep ? unpack_begin(L) : lua_gettop(L) + 1;
    int status = unpack_whole(L, place, data, err);
    if (status == 0 && deep)
        lua_replace(L, place);
    if (status != 0 || deep)
        lua_settop(L, status == 0 ? place : place - 1);
    return status;
}

/* ---- the state's part ---- */

void pack_open(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &unpackers_key);
    lua_createtable(L, NAMES, 1);
    struct unpack_names *known = lua_newuserdatauv(L, sizeof *known, 0);
    memset(known, 0, sizeof *known);
    lua_rawsetp(L, -2, known); /* as long as the list */
    known->list = luaL_ref(L, LUA_REGISTRYINDEX);
    host_of(L)->names = known;
}

void unpack_push_registered(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &unpackers_key);
}
