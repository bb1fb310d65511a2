/* SPDX-License-Identifier: MIT */
/* Packing, and the library; unpack.c is the way back. */

#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/null.h"
#include "bindings/lua/scratch.h"
#include "bindings/value/decimal.h"
#include "bindings/value/json.h"
#include "bindings/value/pack_impl.h"
#include "bindings/value/safestring.h"
#include "bindings/value/time_values.h"

#include "value/pack.h"

#include <lauxlib.h>

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

/* Of the Lua stack: what a level needs, how many levels are provided for at once, and what
 * an object needs besides. */
enum { LEVEL_STACK = 2, LEVELS_AT_ONCE = 8, OBJECT_STACK = LEVEL_STACK * LEVELS_AT_ONCE + 24 };

/* One level down, in the table at idx. */
static void go_down(struct packer *p, int idx)
{
    if (p->depth % LEVELS_AT_ONCE == 0)
        luaL_checkstack(p->L, OBJECT_STACK, "too many tables in tables");
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
    luaL_checkstack(L, OBJECT_STACK, "too many tables in tables");
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

/* Adds what needs no table to be said; false: it is something else. [-0, +0] */
static bool pack_plain(lua_State *L, int idx, int type, struct buf *out)
{
    struct str s;
    switch (type) {
    case LUA_TSTRING:
        s.p = lua_tolstring(L, idx, &s.n);
        pack_add_string(out, s);
        return true;
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx))
            pack_add_int(out, lua_tointegerx(L, idx, NULL));
        else
            pack_add_double(out, lua_tonumberx(L, idx, NULL));
        return true;
    case LUA_TBOOLEAN:
        pack_add_simple(out, lua_toboolean(L, idx) ? PACK_TRUE : PACK_FALSE);
        return true;
    case LUA_TNIL:
        pack_add_simple(out, PACK_NIL);
        return true;
    default:
        return false;
    }
}

/* Is the table at idx, which has a metatable, marked as a list? Takes it as what its __pack
 * says, if it has one: then *done. [-0, +0, may raise] */
static bool pack_special(struct packer *p, int idx, bool *done)
{
    lua_State *L = p->L;
    luaL_checkstack(L, OBJECT_STACK, "too many tables in tables");
    lua_getmetatable(L, idx);
    lua_pushvalue(L, -1);
    if (json_pop_array_mark(L)) {
        lua_pop(L, 1);
        return true;
    }
    if (lua_istable(L, -1) && lua_getfield(L, -1, "__pack") == LUA_TFUNCTION) {
        lua_remove(L, -2);
        pack_object(p, idx);
        return *done = true;
    }
    refuse(p, idx,
           luaL_getmetafield(L, idx, "__name") == LUA_TSTRING ? lua_tostring(L, -1)
                                                              : "a table with a metatable");
    return false;
}

/* Is the integer key at idx, the first after `items`, one of a list's? A few that are nil may
 * be between them, if the table counts beyond them. Adds those, and gives the new number. */
static uint32_t pack_holes(struct packer *p, int table, int idx, uint32_t items)
{
    lua_Integer key = lua_tointegerx(p->L, idx, NULL), next = (lua_Integer)items + 1;
    if (key == next)
        return items + 1;
    if (key < next || key > 2 * next + 16 || (lua_Unsigned)key > lua_rawlen(p->L, table))
        return items;
    for (; next < key; next++)
        pack_add_simple(p->out, PACK_NIL);
    return (uint32_t)key;
}

/* What the table gives first under 1, 2, 3 … are its items, the rest its members: one way
 * through it finds both. */
static void pack_table(struct packer *p, int idx)
{
    lua_State *L = p->L;
    bool list = false, done = false;
    uint32_t items = 0, members = 0;
    if (lua_getmetatable(L, idx)) {
        lua_pop(L, 1);
        list = pack_special(p, idx, &done);
        if (done)
            return;
    }
    go_down(p, idx);
    size_t start = pack_begin_table(p->out);
    int key = lua_gettop(L) + 1;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        int type = lua_type(L, key);
        p->keys[p->depth - 1] = key;
        uint32_t before = items;
        if (type == LUA_TNUMBER && !members && lua_isinteger(L, key))
            items = pack_holes(p, idx, key, items);
        if (items == before) {
            if (type > LUA_TSTRING || !pack_plain(L, key, type, p->out))
                refuse(p, key, lua_pushfstring(L, "a key that is a %s", lua_typename(L, type)));
            members++;
        }
        pack(p, key + 1);
        lua_settop(L, key);
    }
    pack_end_table(p->out, start, items, members, list);
    p->depth--;
}

static void pack(struct packer *p, int idx)
{
    lua_State *L = p->L;
    int type = lua_type(L, idx);
    if (pack_plain(L, idx, type, p->out))
        return;
    if (type == LUA_TTABLE)
        pack_table(p, idx);
    else if (type == LUA_TUSERDATA)
        pack_userdata(p, idx);
    else if (null_test(L, idx))
        pack_add_simple(p->out, PACK_NULL);
    else
        refuse(p, idx, lua_pushfstring(L, "a %s", lua_typename(L, type)));
}

struct buf *pack_value(lua_State *L, int idx, struct buf *out)
{
    struct packer p; /* its arrays are not cleared: `depth` says what is in them */
    if (pack_plain(L, idx, lua_type(L, idx), out))
        return NULL;
    idx = lua_absindex(L, idx);
    p.L = L;
    p.out = out;
    p.objects = p.depth = 0;
    lua_pushnil(L);
    p.own = lua_gettop(L);
    lua_pushnil(L);
    p.memo = p.own + 1;
    pack(&p, idx);
    lua_settop(L, p.own);
    if (!lua_isnil(L, p.own))
        return p.out;
    lua_settop(L, p.own - 1);
    return NULL;
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
    unpack_push_registered(L);
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
    scratch_newlib(L, functions);
    return 1;
}
