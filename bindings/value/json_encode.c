/* SPDX-License-Identifier: MIT */
/* Lua values to JSON in one pass.  Nothing raises while the encoder holds memory: the only
 * calls into Lua, __tojson metamethods, are protected.  Since they may change any table,
 * the members of an object are held by the Lua stack, not by the table, while they are
 * written; but for those of a flat one (json_flat.c).
 *
 * Cycles are found by depth alone.  The place in an error message is put together on the
 * way out, from the innermost step to the root. */
#include "bindings/value/json_encoder.h"

#include "bindings/lua/error.h"
#include "bindings/lua/null.h"
#include "bindings/value/decimal.h"

#include "value/json.h"

#include <stdarg.h>

static int write_value(struct json_encoder *e, int idx);

/* ---- errors ---- */

int json_fail(struct json_encoder *e, enum json_fault fault, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vset(&e->err, (enum err_code)fault, fmt, ap);
    va_end(ap);
    e->place_start = sizeof e->place;
    e->place_cut = false;
    return -1;
}

static int no_stack(struct json_encoder *e)
{
    return json_fail(e, JSON_VALUE, "a table of so many members");
}

/* Puts a step before the place. */
static int add_step(struct json_encoder *e, struct str step)
{
    if (e->raised)
        return -1;
    e->place_cut = e->place_cut || step.n > e->place_start;
    if (!e->place_cut) {
        e->place_start -= step.n;
        memcpy(e->place + e->place_start, step.p, step.n);
    }
    return -1;
}

int json_add_key_step(struct json_encoder *e, struct str key)
{
    char step[80];
    bool name = key.n && !char_is_digit(*key.p);
    for (size_t i = 0; name && i < key.n; i++)
        name = char_is_alpha(key.p[i]) || char_is_digit(key.p[i]) || key.p[i] == '_';
    int n = snprintf(step, sizeof step, name ? ".%.*s" : "[\"%.*s\"]", STR_ARG(str_head(key, 60)));
    return add_step(e, str_make(step, (size_t)n));
}

int json_add_index_step(struct json_encoder *e, lua_Integer i)
{
    char step[32];
    int n = snprintf(step, sizeof step, "[%lld]", (long long)i);
    return add_step(e, str_make(step, (size_t)n));
}

/* ---- layout ---- */

static void add_line(struct json_encoder *e)
{
    if (e->style->indent < 0)
        return;
    buf_addc(e->out, '\n');
    for (unsigned i = e->depth * (unsigned)e->style->indent; i > 0; i--)
        buf_addc(e->out, ' ');
}

void json_begin(struct json_encoder *e, bool first)
{
    const char *separator = e->style->item;
    if (!first && separator[0] && !separator[1])
        buf_addc(e->out, separator[0]);
    else if (!first)
        buf_adds(e->out, separator);
    add_line(e);
}

int json_enter(struct json_encoder *e, char bracket)
{
    if (e->depth == JSON_ENCODE_DEPTH)
        return json_fail(e, JSON_VALUE,
                         "a table that is nested deeper than %u levels, or contains itself,",
                         e->depth);
    e->depth++;
    buf_addc(e->out, bracket);
    return 0;
}

void json_leave(struct json_encoder *e, char bracket, bool empty)
{
    e->depth--;
    if (!empty)
        add_line(e);
    buf_addc(e->out, bracket);
}

/* ---- lists ---- */

static int bad_list_key(struct json_encoder *e, lua_Integer n)
{
    lua_State *L = e->L;
    if (lua_isinteger(L, -2))
        return json_fail(e, JSON_TYPE,
                         "a list with holes (there is an index %lld behind %lld; perilune.null may "
                         "stand in between)",
                         (long long)lua_tointeger(L, -2), (long long)n);
    if (lua_type(L, -2) == LUA_TSTRING)
        return json_fail(e, JSON_TYPE,
                         "a table with both list items and the key '%.60s'; use one kind of keys",
                         lua_tostring(L, -2));
    return json_fail(e, JSON_TYPE, "a key of type %s in the table", luaL_typename(L, -2));
}

static int write_item(struct json_encoder *e, lua_Integer i)
{
    json_begin(e, i == 1);
    return write_value(e, lua_gettop(e->L)) == 0 ? 0 : json_add_index_step(e, i);
}

/* The value on top if no __tojson can change the table meanwhile: 1, 0 when it is another one,
 * -1 on failure. */
static int write_simple_item(struct json_encoder *e, lua_Integer i)
{
    lua_State *L = e->L;
    struct json_member m;
    size_t start = e->out->n;
    int done;
    if (json_read_plain(L, &m)) {
        json_begin(e, i == 1);
        done = json_write_plain(e, &m) == 0 ? 1 : -1;
    } else if (m.type == LUA_TTABLE && !lua_getmetatable(L, -1)) {
        json_begin(e, i == 1);
        done = json_write_flat(e, lua_gettop(L));
        if (done == 0)
            buf_cut(e->out, start);
    } else {
        if (m.type == LUA_TTABLE)
            lua_pop(L, 1);
        return 0;
    }
    return done >= 0 ? done : json_add_index_step(e, i);
}

/* Writes the items while the keys come as 1, 2, 3 and they are simple.  Gives how many; *rest
 * says that the next key and value are on the stack. -1 on failure. */
static lua_Integer write_simple(struct json_encoder *e, int idx, bool *rest)
{
    lua_State *L = e->L;
    lua_Integer i = 0;
    *rest = true;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != i + 1)
            return i;
        int done = write_simple_item(e, i + 1);
        if (done <= 0)
            return done < 0 ? -1 : i;
        i++;
        lua_pop(L, 1);
    }
    *rest = false;
    return i;
}

/* Are the keys that come behind `done` others, from the one on the stack on, all there are
 * to 1..n?  Takes it off. */
static int check_list(struct json_encoder *e, int idx, lua_Integer done, lua_Integer n)
{
    lua_State *L = e->L;
    lua_Integer count = done;
    do {
        lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        if (key < 1 || key > n)
            return bad_list_key(e, n);
        lua_pop(L, 1);
        count++;
    } while (lua_next(L, idx));
    return count == n ? 0
                      : json_fail(e, JSON_TYPE, "a list with holes (perilune.null may fill them)");
}

/* The length of a list that says it in a field n, as table.pack and values_list() make them;
 * -1: it is none. */
static lua_Integer packed_length(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    lua_Integer n = -1, last = 0;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        bool item = lua_isinteger(L, -2) && lua_tointeger(L, -2) > 0;
        bool length = !item && lua_type(L, -2) == LUA_TSTRING && lua_isinteger(L, -1) &&
                      strcmp(lua_tostring(L, -2), "n") == 0;
        if (!item && !length) {
            lua_pop(L, 2);
            return -1;
        }
        if (length)
            n = lua_tointeger(L, -1);
        else if (lua_tointeger(L, -2) > last)
            last = lua_tointeger(L, -2);
        lua_pop(L, 1);
    }
    return n >= last && n <= INT32_MAX ? n : -1;
}

static int write_list(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    lua_Integer n = (lua_Integer)lua_rawlen(L, idx);
    bool rest;
    if (json_enter(e, '[') != 0)
        return -1;
    lua_Integer i = write_simple(e, idx, &rest);
    if (i < 0)
        return -1;
    lua_Integer packed = rest ? packed_length(e, idx) : -1;
    if (packed >= 0) {
        lua_pop(L, 2);
        n = packed;
    } else if (rest && check_list(e, idx, i, n) != 0) {
        return -1;
    }
    for (i++; rest && i <= n; i++) {
        lua_rawgeti(L, idx, i);
        if (write_item(e, i) != 0)
            return -1;
        lua_pop(L, 1);
    }
    json_leave(e, ']', n == 0);
    return 0;
}

/* ---- objects ---- */

static int bad_key(struct json_encoder *e)
{
    lua_State *L = e->L;
    if (lua_isinteger(L, -2))
        return json_fail(e, JSON_TYPE,
                         "a table with the key %lld, but no 1: keys of an object are strings "
                         "(tostring), those of a list begin with 1;",
                         (long long)lua_tointeger(L, -2));
    return json_fail(e, JSON_TYPE, "a key of type %s (keys are strings) in the table",
                     luaL_typename(L, -2));
}

/* Pushes all keys and values of the table and notes them as members. */
static int collect(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            return bad_key(e);
        if (!lua_checkstack(L, 8))
            return no_stack(e);
        struct json_member *m = json_add_member(e);
        m->key.p = lua_tolstring(L, -2, &m->key.n);
        m->slot = lua_gettop(L) - 1;
        lua_pushvalue(L, -2); /* for lua_next */
    }
    return 0;
}

static int write_object(struct json_encoder *e, int idx)
{
    int top = lua_gettop(e->L);
    size_t first = e->n;
    if (json_enter(e, '{') != 0 || collect(e, idx) != 0)
        return -1;
    size_t end = e->n;
    if (e->style->sort_keys)
        json_sort_members(e->members + first, end - first);
    for (size_t i = first; i < end; i++) {
        struct json_member m = e->members[i]; /* the array may move */
        json_begin(e, i == first);
        if (json_write_key(e, m.key) != 0 || write_value(e, m.slot + 1) != 0)
            return json_add_key_step(e, m.key);
    }
    json_leave(e, '}', end == first);
    e->n = first;
    lua_settop(e->L, top);
    return 0;
}

static int write_table(struct json_encoder *e, int idx)
{
    int flat;
    if (lua_rawlen(e->L, idx))
        return write_list(e, idx);
    flat = json_write_flat(e, idx);
    return flat == 0 ? write_object(e, idx) : flat > 0 ? 0 : -1;
}

/* ---- everything else ---- */

/* __tojson is on top. */
static int write_hook(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    int top = lua_gettop(L) - 1;
    if (e->hooks == JSON_ENCODE_DEPTH)
        return json_fail(e, JSON_VALUE, "what __tojson gives, deeper than %u levels,", e->hooks);
    lua_pushvalue(L, idx);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        e->raised = true;
        return -1;
    }
    e->hooks++;
    e->shape.n = 0; /* it may have let strings go, whose addresses others have now */
    if (write_value(e, top + 1) != 0)
        return -1;
    e->hooks--;
    lua_settop(L, top);
    return 0;
}

/* The names of metamethods stand in the registry under these addresses: making a string
 * could raise for lack of memory. */
static const char tojson_key, name_key, hint_key;

/* Pushes the field of the metatable of the value at idx, unless that is nil. [-0, +0|1] */
static bool push_metafield(lua_State *L, int idx, const char *key)
{
    if (!lua_getmetatable(L, idx))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    if (lua_rawget(L, -2) != LUA_TNIL) {
        lua_remove(L, -2);
        return true;
    }
    lua_pop(L, 2);
    return false;
}

static int no_form(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    if (push_metafield(L, idx, &hint_key) && lua_type(L, -1) == LUA_TSTRING)
        return json_fail(e, JSON_TYPE, "%.300s", lua_tostring(L, -1));
    if (push_metafield(L, idx, &name_key) && lua_type(L, -1) == LUA_TSTRING)
        return json_fail(e, JSON_TYPE, "a %.100s (it has no __tojson)", lua_tostring(L, -1));
    return json_fail(e, JSON_TYPE, "a %s", luaL_typename(L, idx));
}

/* A table with a metatable: a marked list, a value of a type of its own, or just a table. */
static int write_special(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    if (json_pop_array_mark(L))
        return write_list(e, idx);
    if (push_metafield(L, idx, &tojson_key))
        return write_hook(e, idx);
    if (push_metafield(L, idx, &name_key)) /* a type of its own is more than a table */
        return no_form(e, idx);
    return write_table(e, idx);
}

static int write_userdata(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    const struct decimal *d = decimal_test(L, idx);
    if (d) {
        buf_addc(e->out, '"');
        decimal_add_text(e->out, d);
        buf_addc(e->out, '"');
        return 0;
    }
    return push_metafield(L, idx, &tojson_key) ? write_hook(e, idx) : no_form(e, idx);
}

static int write_number(struct json_encoder *e, int idx)
{
    struct err err;
    if (lua_isinteger(e->L, idx))
        json_add_int(e->out, lua_tointeger(e->L, idx));
    else if (json_add_double(e->out, lua_tonumber(e->L, idx), &err) != 0)
        return json_fail(e, JSON_VALUE, "%s,", err.msg);
    return 0;
}

static int write_string(struct json_encoder *e, int idx)
{
    struct err err;
    struct str s;
    s.p = lua_tolstring(e->L, idx, &s.n);
    if (json_add_string(e->out, s, e->style->ascii, &err) != 0)
        return json_fail(e, JSON_VALUE, "%s", err.msg);
    return 0;
}

/* The value at the absolute index idx; leaves the stack as it was, unless it fails. */
static int write_value(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
        buf_adds(e->out, "null");
        return 0;
    case LUA_TBOOLEAN:
        buf_adds(e->out, lua_toboolean(L, idx) ? "true" : "false");
        return 0;
    case LUA_TNUMBER:
        return write_number(e, idx);
    case LUA_TSTRING:
        return write_string(e, idx);
    case LUA_TLIGHTUSERDATA:
        if (!null_test(L, idx))
            break;
        buf_adds(e->out, "null");
        return 0;
    case LUA_TTABLE:
        if (!lua_checkstack(L, 12))
            return no_stack(e);
        if (lua_getmetatable(L, idx))
            return write_special(e, idx);
        return write_table(e, idx);
    case LUA_TUSERDATA:
        if (!lua_checkstack(L, 12))
            return no_stack(e);
        return write_userdata(e, idx);
    default:
        break;
    }
    return no_form(e, idx);
}

int json_encode(lua_State *L, int idx, struct buf *out, const struct json_style *style,
                struct err *err)
{
    struct json_encoder e;
    int top = lua_gettop(L), rc;
    size_t start = out->n;
    e.L = L;
    e.out = out;
    e.style = style;
    e.depth = e.hooks = 0;
    e.members = e.few;
    e.n = 0;
    e.cap = JSON_FEW_MEMBERS;
    e.shape.n = 0;
    e.raised = false;
    idx = lua_absindex(L, idx);
    rc = lua_checkstack(L, 12) ? write_value(&e, idx) : no_stack(&e);
    if (e.members != e.few)
        free(e.members);
    if (rc == 0)
        return 0;
    buf_cut(out, start);
    if (e.raised)
        return lua_error(L);
    lua_settop(L, top);
    return err_set(err, e.err.code, "cannot encode %s at $%s%.*s", e.err.msg,
                   e.place_cut ? "..." : "", (int)(sizeof e.place - e.place_start),
                   e.place + e.place_start);
}

int json_raise(lua_State *L, const struct err *err)
{
    return exception_raise(L, err->code == ERR_INVALID ? "TypeError" : "ValueError", "%s",
                           err->msg);
}

/* ---- what the state holds ---- */

static const char mark_key;

void json_open(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "perilune.json.array");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &mark_key);
    lua_pushliteral(L, "__tojson");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tojson_key);
    lua_pushliteral(L, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &name_key);
    lua_pushliteral(L, "__nojson"); /* what to say of a value that has no form, and what to do */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &hint_key);
}

void json_push_array_mark(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mark_key);
}

bool json_pop_array_mark(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mark_key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}
