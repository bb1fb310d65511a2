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
    /* Stack indexes. From the first __pack on `own` is a buffer of this packing alone, for
     * others may use the caller's meanwhile; and `memo` a table object -> its number, in the
     * order in which they were met. nil before that. */
    int own, memo;
    lua_Integer objects;
    int depth;
    int keys[PACK_DEPTH_MAX];   /* stack index of the key on the way, for each level; 0: none */
    int tables[PACK_DEPTH_MAX]; /* and of what it is the key of */
};

static void pack(struct packer *p, int idx);

/* ---- errors ---- */

static void add_key(lua_State *L, luaL_Buffer *b, int key)
{
    size_t n = 0;
    const char *text = lua_type(L, key) == LUA_TSTRING ? lua_tolstring(L, key, &n) : NULL;
    bool word = n > 0 && !char_is_digit(text[0]);
    for (size_t i = 0; i < n; i++)
        word = word && (char_is_alpha(text[i]) || char_is_digit(text[i]) || text[i] == '_');
    if (word && (strcmp(text, "_cache") == 0 || strcmp(text, "_prefetched") == 0))
        return; /* where instances keep what is related to them */
    if (word)
        lua_pushfstring(L, ".%s", text);
    else if (text)
        lua_pushfstring(L, "[\"%s\"]", text);
    else
        lua_pushfstring(L, "[%s]", luaL_tolstring(L, key, NULL)), lua_remove(L, -2);
    luaL_addvalue(b);
}

/* Pushes where the first `levels` levels lead: "value.items[3]". [-0, +1] */
static const char *push_place(struct packer *p, int levels)
{
    lua_State *L = p->L;
    luaL_Buffer b;
    luaL_checkstack(L, 12, NULL);
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "value");
    for (int i = 0; i < levels; i++)
        if (p->keys[i])
            add_key(L, &b, p->keys[i]);
    luaL_pushresult(&b);
    return lua_tostring(L, -1);
}

/* Raises about the value at idx, with its place. */
static void refuse(struct packer *p, int idx, const char *what)
{
    lua_State *L = p->L;
    luaL_checkstack(L, 12, NULL);
    if (!what) {
        luaL_getmetafield(L, idx, "__name");
        what = lua_isstring(L, -1) ? lua_tostring(L, -1) : luaL_typename(L, idx);
    }
    bool anywhere = false;
    for (int i = 0; i < p->depth; i++)
        anywhere = anywhere || p->keys[i];
    const char *place = push_place(p, p->depth);
    exception_raise(L, "TypeError", "%s cannot be kept as data%s%s", what,
                    anywhere ? ": it is at " : "", anywhere ? place : "");
}

/* Raises: it goes too deep, because a table is on the way to itself, or else in earnest. */
static void refuse_depth(struct packer *p)
{
    lua_State *L = p->L;
    for (int inner = 1; inner < p->depth; inner++)
        for (int outer = 0; outer < inner; outer++)
            if (lua_rawequal(L, p->tables[inner], p->tables[outer])) {
                const char *from = push_place(p, outer), *to = push_place(p, inner);
                exception_raise(L, "ValueError",
                                "a table that contains itself cannot be kept as data: %s is %s", to,
                                from);
            }
    exception_raise(L, "ValueError",
                    "a table that is nested deeper than %d levels cannot be kept as data",
                    PACK_DEPTH_MAX);
}

/* One level down, in the table at idx. */
static void go_down(struct packer *p, int idx)
{
    luaL_checkstack(p->L, 16, "too many tables in tables");
    if (p->depth == PACK_DEPTH_MAX)
        refuse_depth(p);
    p->tables[p->depth] = idx;
    p->keys[p->depth++] = 0;
}

/* ---- values ---- */

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

/* ---- objects ---- */

static int own_gc(lua_State *L)
{
    buf_release(lua_touserdata(L, 1));
    return 0;
}

static void begin_objects(struct packer *p)
{
    lua_State *L = p->L;
    if (!lua_isnil(L, p->own))
        return;
    struct buf *b = lua_newuserdatauv(L, sizeof *b, 0);
    buf_init(b);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, own_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_replace(L, p->own);
    lua_newtable(L);
    lua_replace(L, p->memo);
    buf_addstr(b, buf_str(p->out));
    p->out = b;
}

/* The head at `head`, the values that the object at idx has under the keys of the list at
 * head + 2, and its other members at head + 3: as one list. */
static void pack_record(struct packer *p, int idx, int head)
{
    lua_State *L = p->L;
    int keys = head + 2, top = lua_gettop(L);
    lua_Unsigned n = lua_rawlen(L, keys);
    pack_add_table(p->out, (uint32_t)n + 2, 0, false);
    pack(p, head);
    go_down(p, idx);
    for (lua_Unsigned i = 1; i <= n; i++) {
        lua_rawgeti(L, keys, (lua_Integer)i);
        p->keys[p->depth - 1] = top + 1;
        lua_pushvalue(L, top + 1);
        lua_rawget(L, head + 1);
        pack(p, top + 2);
        lua_settop(L, top);
    }
    p->keys[p->depth - 1] = 0;
    pack(p, head + 3);
    p->depth--;
}

/* What __pack, on top of the stack, makes of the table at idx: its number, when it was met
 * before. */
static void pack_object(struct packer *p, int idx)
{
    lua_State *L = p->L;
    begin_objects(p);
    lua_pushvalue(L, idx);
    if (lua_rawget(L, p->memo) != LUA_TNIL) {
        pack_add_reference(p->out, lua_tointeger(L, -1));
        lua_pop(L, 2);
        return;
    }
    lua_pop(L, 1);
    lua_pushvalue(L, idx);
    lua_pushinteger(L, ++p->objects);
    lua_rawset(L, p->memo);
    int name = lua_gettop(L);
    lua_pushvalue(L, idx);
    lua_pushvalue(L, p->memo);
    lua_call(L, 2, 5);
    if (lua_type(L, name) != LUA_TSTRING)
        refuse(p, idx, "a value whose __pack gives no name");
    size_t n;
    const char *text = lua_tolstring(L, name, &n);
    pack_add_extension(p->out, str_make(text, n));
    go_down(p, idx);
    if (lua_istable(L, name + 2) && lua_istable(L, name + 3))
        pack_record(p, idx, name + 1);
    else
        pack(p, name + 1);
    p->depth--;
    lua_settop(L, name - 1);
}

/* ---- tables ---- */

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
    luaL_checkstack(L, 16, "too many tables in tables");
    if (lua_getmetatable(L, idx)) {
        lua_pushvalue(L, -1);
        list = json_pop_array_mark(L);
        if (!list) {
            if (lua_istable(L, -1) && lua_getfield(L, -1, "__pack") == LUA_TFUNCTION) {
                lua_remove(L, -2);
                pack_object(p, idx);
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
    go_down(p, idx);
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

struct buf *pack_value(lua_State *L, int idx, struct buf *out)
{
    struct packer p = {.L = L, .out = out};
    idx = lua_absindex(L, idx);
    lua_pushnil(L);
    p.own = lua_gettop(L);
    lua_pushnil(L);
    p.memo = lua_gettop(L);
    pack(&p, idx);
    lua_settop(L, p.own);
    if (!lua_isnil(L, p.own))
        return p.out;
    lua_pop(L, 1);
    return NULL;
}

/* ---- unpacking ---- */

struct unpacker {
    lua_State *L;
    struct pack_reader reader;
    struct err *err;
    int depth;
    int objects; /* stack index: nil, or the table of them by their numbers */
    lua_Integer n;
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

/* The unpacker of a name: its function, and whether it fills an object that is there before
 * what belongs to it. [-0, +1] */
static int push_unpacker(struct unpacker *u, struct str name, bool *fills)
{
    lua_State *L = u->L;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &unpackers_key);
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
    luaL_checkstack(L, 8, "packed data");
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
    if (++u->depth > PACK_DEPTH_MAX)
        return err_set(u->err, ERR_SYNTAX, "packed data is nested too deep");
    if (unpack(u) != 0)
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
        return unpack_object(u);
    case PACK_REFERENCE:
        return unpack_reference(u);
    }
    return 0;
}

int unpack_value(lua_State *L, struct str data, struct err *err)
{
    struct unpacker u = {.L = L, .err = err};
    int top = lua_gettop(L);
    lua_pushnil(L);
    u.objects = top + 1;
    pack_reader_init(&u.reader, data);
    if (unpack(&u) == 0) {
        if (u.reader.p == u.reader.end) {
            lua_remove(L, u.objects);
            return 0;
        }
        err_set(err, ERR_SYNTAX, "packed data goes on after its end");
    }
    lua_settop(L, top);
    return -1;
}

/* ---- perilune._pack: for tests, and for those who extend it ---- */

/* pack(value) -> bytes */
static int pack_l_pack(lua_State *L)
{
    struct buf *out = scratch(L), *own;
    luaL_checkany(L, 1);
    own = pack_value(L, 1, out);
    if (!own)
        return scratch_push(L, out);
    lua_pushlstring(L, own->data, own->n);
    return 1;
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

/* register(name, unpack[, fills]): unpack(value, object, memo) makes the object of what
 * __pack gave under that name; nil: there is no such thing any more. `object` is nil, or,
 * for one that `fills`, an empty table that is it, so that what belongs to it may refer to
 * it. `memo` is one table for all objects of an unpacking, whose integer keys are taken. */
static int pack_l_register(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 3);
    lua_createtable(L, 2, 0);
    lua_insert(L, 2);
    lua_rawseti(L, 2, 2);
    lua_rawseti(L, 2, 1);
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
