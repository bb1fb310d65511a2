/* SPDX-License-Identifier: MIT */
#include "bindings/value/pack.h"

#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/null.h"
#include "bindings/lua/scratch.h"
#include "bindings/value/decimal.h"
#include "bindings/value/json.h"
#include "bindings/value/safestring.h"
#include "bindings/value/time_values.h"

#include "value/pack.h"

#include <lauxlib.h>

/* The unpackers by name stand in the registry under this address. */
static const char unpackers_key = 0;

/* ---- packing ---- */

struct packer {
    lua_State *L;
    struct buf *out;
    bool extended;
    int depth;
    int keys[PACK_DEPTH_MAX]; /* stack index of the key on the way, for each table */
};

static void pack(struct packer *p, int idx);

/* Raises about the value at idx, with its place. */
static void refuse(struct packer *p, int idx, const char *what)
{
    lua_State *L = p->L;
    luaL_Buffer b;
    if (!what) {
        luaL_getmetafield(L, idx, "__name");
        what = lua_isstring(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, idx);
    }
    luaL_checkstack(L, 10, NULL);
    luaL_buffinit(L, &b);
    for (int i = 0; i < p->depth; i++) {
        int key = p->keys[i];
        if (lua_type(L, key) == LUA_TSTRING)
            lua_pushfstring(L, ".%s", lua_tostring(L, key));
        else
            lua_pushfstring(L, "[%s]", luaL_tolstring(L, key, NULL)), lua_remove(L, -2);
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    const char *place = lua_tostring(L, -1);
    exception_raise(L, "TypeError", "%s cannot be kept as data%s%s", what,
                    place[0] ? ": it is at " : "", place);
}

static bool pack_time(struct packer *p, int idx)
{
    const struct duration *d = time_test_timedelta(p->L, idx);
    if (d) {
        pack_add_timedelta(p->out, *d);
        return true;
    }
    const struct datetime *dt = time_test_datetime(p->L, idx);
    const struct date *date = dt ? NULL : time_test_date(p->L, idx);
    const struct daytime *t = dt || date ? NULL : time_test_time(p->L, idx);
    if (dt)
        pack_add_datetime(p->out, dt);
    else if (date)
        pack_add_date(p->out, *date);
    else if (t)
        pack_add_time(p->out, *t);
    return dt || date || t;
}

static void pack_userdata(struct packer *p, int idx)
{
    const struct decimal *d = decimal_test(p->L, idx);
    if (d) {
        pack_add_decimal(p->out, d);
        return;
    }
    struct str safe = safestring_test(p->L, idx);
    if (safe.p)
        pack_add_safe(p->out, safe);
    else if (!pack_time(p, idx))
        refuse(p, idx, NULL);
}

/* What __pack, on top of the stack, makes of the table at idx. It may use caches itself, and
 * so the buffer: what is in it stands on the stack meanwhile. */
static void pack_extension(struct packer *p, int idx)
{
    lua_State *L = p->L;
    lua_pushlstring(L, p->out->data, p->out->n);
    lua_insert(L, -2);
    lua_pushvalue(L, idx);
    lua_call(L, 1, 2);
    if (lua_type(L, -2) != LUA_TSTRING)
        refuse(p, idx, "a value whose __pack gives no name");
    size_t n;
    const char *text = lua_tolstring(L, -3, &n);
    buf_reset(p->out);
    buf_add(p->out, text, n);
    text = lua_tolstring(L, -2, &n);
    pack_add_extension(p->out, str_make(text, n));
    p->extended = true;
    pack(p, lua_gettop(L));
    lua_pop(L, 3);
}

static bool is_item(lua_State *L, int idx, lua_Unsigned items)
{
    return lua_isinteger(L, idx) && (lua_Unsigned)lua_tointeger(L, idx) - 1 < items;
}

static uint32_t count_members(lua_State *L, int idx, lua_Unsigned items)
{
    uint32_t n = 0;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        n += !is_item(L, -2, items);
        lua_pop(L, 1);
    }
    return n;
}

static void pack_members(struct packer *p, int idx, lua_Unsigned items)
{
    lua_State *L = p->L;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        int key = lua_gettop(L) - 1;
        if (!is_item(L, key, items)) {
            p->keys[p->depth - 1] = key;
            if (lua_type(L, key) > LUA_TSTRING || lua_islightuserdata(L, key))
                refuse(p, key, lua_pushfstring(L, "a key that is a %s", luaL_typename(L, key)));
            pack(p, key);
            pack(p, key + 1);
        }
        lua_settop(L, key);
    }
}

static void pack_table(struct packer *p, int idx)
{
    lua_State *L = p->L;
    bool list = false;
    luaL_checkstack(L, 12, "too many tables in tables");
    if (p->depth == PACK_DEPTH_MAX)
        exception_raise(L, "ValueError",
                        "a table that is nested deeper than %d levels, or contains itself, cannot "
                        "be kept as data",
                        PACK_DEPTH_MAX);
    if (lua_getmetatable(L, idx)) {
        lua_pushvalue(L, -1);
        list = json_pop_array_mark(L);
        if (!list) {
            if (lua_istable(L, -1) && lua_getfield(L, -1, "__pack") == LUA_TFUNCTION) {
                lua_remove(L, -2);
                pack_extension(p, idx);
                return;
            }
            refuse(p, idx,
                   luaL_getmetafield(L, idx, "__name") == LUA_TSTRING ? lua_tostring(L, -1)
                                                                      : "a table with a metatable");
        }
        lua_pop(L, 1);
    }
    lua_Unsigned items = lua_rawlen(L, idx);
    uint32_t members = count_members(L, idx, items);
    pack_add_table(p->out, (uint32_t)items, members, list);
    int top = lua_gettop(L);
    p->depth++;
    for (lua_Unsigned i = 1; i <= items; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        p->keys[p->depth - 1] = top + 1;
        lua_rawgeti(L, idx, (lua_Integer)i);
        pack(p, top + 2);
        lua_settop(L, top);
    }
    if (members)
        pack_members(p, idx, items);
    p->depth--;
}

static void pack(struct packer *p, int idx)
{
    lua_State *L = p->L;
    struct str s;
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
        pack_add_simple(p->out, PACK_NIL);
        break;
    case LUA_TBOOLEAN:
        pack_add_simple(p->out, lua_toboolean(L, idx) ? PACK_TRUE : PACK_FALSE);
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx))
            pack_add_int(p->out, lua_tointeger(L, idx));
        else
            pack_add_double(p->out, lua_tonumber(L, idx));
        break;
    case LUA_TSTRING:
        s.p = lua_tolstring(L, idx, &s.n);
        pack_add_string(p->out, s);
        break;
    case LUA_TTABLE:
        pack_table(p, idx);
        break;
    case LUA_TUSERDATA:
        pack_userdata(p, idx);
        break;
    default:
        if (null_test(L, idx))
            pack_add_simple(p->out, PACK_NULL);
        else
            refuse(p, idx, lua_pushfstring(L, "a %s", luaL_typename(L, idx)));
    }
}

void pack_value(lua_State *L, int idx, struct buf *out, bool *extended)
{
    struct packer p = {.L = L, .out = out};
    int top = lua_gettop(L);
    pack(&p, lua_absindex(L, idx));
    lua_settop(L, top);
    *extended = p.extended;
}

/* ---- unpacking ---- */

struct unpacker {
    lua_State *L;
    struct pack_reader reader;
    struct err *err;
    int depth;
};

static int unpack(struct unpacker *u);

/* Can the value on top? A NaN cannot. */
static bool can_be_key(lua_State *L)
{
    int type = lua_type(L, -1);
    if (type == LUA_TNUMBER && !lua_isinteger(L, -1))
        return lua_tonumber(L, -1) == lua_tonumber(L, -1);
    return type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN;
}

static int unpack_table(struct unpacker *u, bool list)
{
    lua_State *L = u->L;
    uint32_t items = u->reader.items, members = u->reader.members;
    if (++u->depth > PACK_DEPTH_MAX)
        return err_set(u->err, ERR_SYNTAX, "packed data is nested too deep");
    luaL_checkstack(L, 4, "packed data");
    lua_createtable(L, items <= INT32_MAX ? (int)items : 0,
                    members <= INT32_MAX ? (int)members : 0);
    if (list) {
        json_push_array_mark(L);
        lua_setmetatable(L, -2);
    }
    for (uint32_t i = 1; i <= items; i++) {
        if (unpack(u) != 0)
            return -1;
        lua_rawseti(L, -2, i);
    }
    for (uint32_t i = 0; i < members; i++) {
        if (unpack(u) != 0)
            return -1;
        if (!can_be_key(L))
            return err_set(u->err, ERR_SYNTAX, "packed data has a key that is none");
        if (unpack(u) != 0)
            return -1;
        lua_rawset(L, -3);
    }
    u->depth--;
    return 0;
}

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

static int unpack_extension(struct unpacker *u)
{
    lua_State *L = u->L;
    luaL_checkstack(L, 4, "packed data");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &unpackers_key);
    lua_pushlstring(L, u->reader.text.p, u->reader.text.n);
    lua_rawget(L, -2);
    if (!lua_isfunction(L, -1))
        return err_set(u->err, ERR_SYNTAX, "nobody here unpacks '%.*s'",
                       STR_ARG(str_head(u->reader.text, 60)));
    lua_remove(L, -2);
    if (++u->depth > PACK_DEPTH_MAX)
        return err_set(u->err, ERR_SYNTAX, "packed data is nested too deep");
    if (unpack(u) != 0)
        return -1;
    u->depth--;
    lua_call(L, 1, 1);
    return 0;
}

/* On failure some values may have been pushed. */
static int unpack(struct unpacker *u)
{
    lua_State *L = u->L;
    struct pack_reader *r = &u->reader;
    struct decimal d;
    switch (pack_next(r, u->err)) {
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
        return unpack_extension(u);
    }
    return 0;
}

int unpack_value(lua_State *L, struct str data, struct err *err)
{
    struct unpacker u = {.L = L, .err = err};
    int top = lua_gettop(L);
    pack_reader_init(&u.reader, data);
    if (unpack(&u) == 0) {
        if (u.reader.p == u.reader.end)
            return 0;
        err_set(err, ERR_SYNTAX, "packed data goes on after its end");
    }
    lua_settop(L, top);
    return -1;
}

/* ---- perilune._pack: for tests, and for those who extend it ---- */

/* pack(value) -> bytes */
static int pack_l_pack(lua_State *L)
{
    struct buf *out = scratch(L);
    bool extended;
    luaL_checkany(L, 1);
    pack_value(L, 1, out, &extended);
    return scratch_push(L, out);
}

/* unpack(bytes) -> value */
static int pack_l_unpack(lua_State *L)
{
    struct str data = scratch_arg(L, 1);
    struct err err;
    if (unpack_value(L, data, &err) != 0)
        return exception_raise(L, "ValueError", "%s", err.msg);
    return 1;
}

/* register(name, unpack): what __pack gave that name is given to unpack, which makes the
 * object of it */
static int pack_l_register(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &unpackers_key);
    lua_insert(L, 1);
    lua_rawset(L, 1);
    return 0;
}

int luaopen_perilune__pack(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"pack", pack_l_pack},
        {"unpack", pack_l_unpack},
        {"register", pack_l_register},
        {NULL, NULL},
    };
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &unpackers_key);
    scratch_newlib(L, functions);
    return 1;
}
