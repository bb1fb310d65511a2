/* SPDX-License-Identifier: MIT */
/* Lua values to JSON in one pass.  Nothing raises while the encoder holds memory: the only
 * calls into Lua, __tojson metamethods, are protected.  Since they may change any table,
 * the members of an object are held by the Lua stack, not by the table, while they are
 * written; but for those of a flat object, all of whose values are plain, so that nothing
 * can come in between.
 *
 * Cycles are found by depth alone.  The place in an error message is put together on the
 * way out, from the innermost step to the root. */
#include "bindings/value/json.h"

#include "bindings/lua/error.h"
#include "bindings/lua/null.h"
#include "bindings/value/decimal.h"

#include "base/vec.h"
#include "value/json.h"

#include <lauxlib.h>
#include <stdarg.h>

struct member {
    struct str key;
    int slot; /* stack index of the key; its value follows. 0: it is here: */
    int type; /* LUA_TNUMBER, and is it an integer? LUA_TSTRING, LUA_TBOOLEAN */
    bool flag;
    union {
        lua_Integer integer;
        lua_Number number;
        struct str text;
    } value;
};

/* What went wrong: a type that has no JSON form, or a value of one that has. */
enum fault { TYPE = ERR_INVALID, VALUE = ERR_TOO_LARGE };

enum { FEW_MEMBERS = 32, SHORT_SORT = 16 };

struct encoder {
    lua_State *L;
    struct buf *out;
    const struct json_style *style;
    unsigned depth;

    struct member few[FEW_MEMBERS], *members; /* of all open objects, one after another */
    size_t n, cap;

    /* once it failed */
    bool raised; /* by __tojson: what it raised is on top of the stack */
    struct err err;
    char place[200]; /* its end is in use: ".a[3]" */
    size_t place_start;
    bool place_cut; /* steps before that had no room */
};

static int write_value(struct encoder *e, int idx);

/* ---- errors ---- */

static int __attribute__((format(printf, 3, 4)))
fail(struct encoder *e, enum fault fault, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vset(&e->err, (enum err_code)fault, fmt, ap);
    va_end(ap);
    e->place_start = sizeof e->place;
    e->place_cut = false;
    return -1;
}

static int no_stack(struct encoder *e)
{
    return fail(e, VALUE, "a table of so many members");
}

/* Puts a step before the place. */
static int add_step(struct encoder *e, struct str step)
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

static int add_key_step(struct encoder *e, struct str key)
{
    char step[80];
    bool name = key.n && !char_is_digit(*key.p);
    for (size_t i = 0; name && i < key.n; i++)
        name = char_is_alpha(key.p[i]) || char_is_digit(key.p[i]) || key.p[i] == '_';
    int n = snprintf(step, sizeof step, name ? ".%.*s" : "[\"%.*s\"]", STR_ARG(str_head(key, 60)));
    return add_step(e, str_make(step, (size_t)n));
}

static int add_index_step(struct encoder *e, lua_Integer i)
{
    char step[32];
    int n = snprintf(step, sizeof step, "[%lld]", (long long)i);
    return add_step(e, str_make(step, (size_t)n));
}

/* ---- layout ---- */

static void add_line(struct encoder *e)
{
    if (e->style->indent < 0)
        return;
    buf_addc(e->out, '\n');
    for (unsigned i = e->depth * (unsigned)e->style->indent; i > 0; i--)
        buf_addc(e->out, ' ');
}

static void add_separator(struct encoder *e, const char *separator)
{
    if (separator[0] && !separator[1])
        buf_addc(e->out, separator[0]);
    else
        buf_adds(e->out, separator);
}

static int enter(struct encoder *e, char bracket)
{
    if (e->depth == JSON_ENCODE_DEPTH)
        return fail(e, VALUE, "a table that is nested deeper than %u levels, or contains itself,",
                    e->depth);
    e->depth++;
    buf_addc(e->out, bracket);
    return 0;
}

static void leave(struct encoder *e, char bracket, bool empty)
{
    e->depth--;
    if (!empty)
        add_line(e);
    buf_addc(e->out, bracket);
}

/* ---- lists ---- */

static int bad_list_key(struct encoder *e, lua_Integer n)
{
    lua_State *L = e->L;
    if (lua_isinteger(L, -2))
        return fail(e, TYPE,
                    "a list with holes (there is an index %lld behind %lld; perilune.null may "
                    "stand in between)",
                    (long long)lua_tointeger(L, -2), (long long)n);
    if (lua_type(L, -2) == LUA_TSTRING)
        return fail(e, TYPE,
                    "a table with both list items and the key '%.60s'; use one kind of keys",
                    lua_tostring(L, -2));
    return fail(e, TYPE, "a key of type %s in the table", luaL_typename(L, -2));
}

static bool is_scalar(lua_State *L, int idx)
{
    int type = lua_type(L, idx);
    return type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN;
}

static int write_item(struct encoder *e, lua_Integer i)
{
    if (i > 1)
        add_separator(e, e->style->item);
    add_line(e);
    return write_value(e, lua_gettop(e->L)) == 0 ? 0 : add_index_step(e, i);
}

/* Writes the items while the keys come as 1, 2, 3 and no __tojson can change the table.
 * Gives how many; *rest says that the next key and value are on the stack. -1 on failure. */
static lua_Integer write_scalars(struct encoder *e, int idx, bool *rest)
{
    lua_State *L = e->L;
    lua_Integer i = 0;
    *rest = true;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != i + 1 || !is_scalar(L, -1))
            return i;
        if (write_item(e, ++i) != 0)
            return -1;
        lua_pop(L, 1);
    }
    *rest = false;
    return i;
}

/* Are the keys that come behind `done` others, from the one on the stack on, all there are
 * to 1..n?  Takes it off. */
static int check_list(struct encoder *e, int idx, lua_Integer done, lua_Integer n)
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
    return count == n ? 0 : fail(e, TYPE, "a list with holes (perilune.null may fill them)");
}

/* The length of a list that says it in a field n, as table.pack and values_list() make them;
 * -1: it is none. */
static lua_Integer packed_length(struct encoder *e, int idx)
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

static int write_list(struct encoder *e, int idx)
{
    lua_State *L = e->L;
    lua_Integer n = (lua_Integer)lua_rawlen(L, idx);
    bool rest;
    if (enter(e, '[') != 0)
        return -1;
    lua_Integer i = write_scalars(e, idx, &rest);
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
    leave(e, ']', n == 0);
    return 0;
}

/* ---- objects ---- */

static struct member *add_member(struct encoder *e)
{
    if (e->n == e->cap) {
        if (e->members == e->few) {
            struct member *more = mem_alloc(sizeof e->few + sizeof e->few);
            memcpy(more, e->few, sizeof e->few);
            e->members = more;
            e->cap += FEW_MEMBERS;
        } else {
            e->members = vec_grow(e->members, &e->cap, sizeof *e->members);
        }
    }
    return &e->members[e->n++];
}

static int bad_key(struct encoder *e)
{
    lua_State *L = e->L;
    if (lua_isinteger(L, -2))
        return fail(e, TYPE,
                    "a table with the key %lld, but no 1: keys of an object are strings "
                    "(tostring), those of a list begin with 1;",
                    (long long)lua_tointeger(L, -2));
    return fail(e, TYPE, "a key of type %s (keys are strings) in the table", luaL_typename(L, -2));
}

/* Pushes all keys and values of the table and notes them as members. */
static int collect(struct encoder *e, int idx)
{
    lua_State *L = e->L;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            return bad_key(e);
        if (!lua_checkstack(L, 8))
            return no_stack(e);
        struct member *m = add_member(e);
        m->key.p = lua_tolstring(L, -2, &m->key.n);
        m->slot = lua_gettop(L) - 1;
        lua_pushvalue(L, -2); /* for lua_next */
    }
    return 0;
}

/* The plain value on top; false when it is another one. */
static bool read_plain(lua_State *L, struct member *m)
{
    m->type = lua_type(L, -1);
    switch (m->type) {
    case LUA_TNUMBER:
        m->flag = lua_isinteger(L, -1);
        if (m->flag)
            m->value.integer = lua_tointeger(L, -1);
        else
            m->value.number = lua_tonumber(L, -1);
        return true;
    case LUA_TSTRING:
        m->value.text.p = lua_tolstring(L, -1, &m->value.text.n);
        return true;
    case LUA_TBOOLEAN:
        m->flag = lua_toboolean(L, -1);
        return true;
    default:
        return false;
    }
}

/* Notes the members of a flat object, with nothing on the stack; false, with none noted, when
 * it is not one. */
static bool collect_flat(struct encoder *e, int idx)
{
    lua_State *L = e->L;
    size_t first = e->n;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        struct member *m = add_member(e);
        if (lua_type(L, -2) != LUA_TSTRING || !read_plain(L, m)) {
            lua_pop(L, 2);
            e->n = first;
            return false;
        }
        m->key.p = lua_tolstring(L, -2, &m->key.n);
        m->slot = 0;
        lua_pop(L, 1);
    }
    return true;
}

static int compare_members(const void *a, const void *b)
{
    return str_cmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static void sort_members(struct member *m, size_t n)
{
    if (n > SHORT_SORT) {
        qsort(m, n, sizeof *m, compare_members);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct member x = m[i];
        size_t j = i;
        for (; j > 0 && str_cmp(x.key, m[j - 1].key) < 0; j--)
            m[j] = m[j - 1];
        m[j] = x;
    }
}

static int write_plain(struct encoder *e, const struct member *m)
{
    struct err err;
    if (m->type == LUA_TBOOLEAN)
        buf_adds(e->out, m->flag ? "true" : "false");
    else if (m->type == LUA_TSTRING &&
             json_add_string(e->out, m->value.text, e->style->ascii, &err))
        return fail(e, VALUE, "%s", err.msg);
    else if (m->type == LUA_TNUMBER && m->flag)
        json_add_int(e->out, m->value.integer);
    else if (m->type == LUA_TNUMBER && json_add_double(e->out, m->value.number, &err) != 0)
        return fail(e, VALUE, "%s,", err.msg);
    return 0;
}

static int write_member(struct encoder *e, const struct member *m, bool first)
{
    struct err err;
    if (!first)
        add_separator(e, e->style->item);
    add_line(e);
    if (json_add_string(e->out, m->key, e->style->ascii, &err) != 0)
        return fail(e, VALUE, "a key: %s", err.msg);
    add_separator(e, e->style->key);
    int status = m->slot ? write_value(e, m->slot + 1) : write_plain(e, m);
    return status == 0 ? 0 : add_key_step(e, m->key);
}

static int write_object(struct encoder *e, int idx)
{
    int top = lua_gettop(e->L);
    size_t first = e->n;
    if (enter(e, '{') != 0 || (!collect_flat(e, idx) && collect(e, idx) != 0))
        return -1;
    size_t end = e->n;
    if (e->style->sort_keys)
        sort_members(e->members + first, end - first);
    for (size_t i = first; i < end; i++) {
        struct member m = e->members[i]; /* the array may move */
        if (write_member(e, &m, i == first) != 0)
            return -1;
    }
    leave(e, '}', end == first);
    e->n = first;
    lua_settop(e->L, top);
    return 0;
}

/* ---- everything else ---- */

/* __tojson is on top. */
static int write_hook(struct encoder *e, int idx)
{
    lua_State *L = e->L;
    int top = lua_gettop(L) - 1;
    if (e->depth == JSON_ENCODE_DEPTH)
        return fail(e, VALUE, "what __tojson gives, deeper than %u levels,", e->depth);
    lua_pushvalue(L, idx);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        e->raised = true;
        return -1;
    }
    e->depth++;
    if (write_value(e, top + 1) != 0)
        return -1;
    e->depth--;
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

static int no_form(struct encoder *e, int idx)
{
    lua_State *L = e->L;
    if (push_metafield(L, idx, &hint_key) && lua_type(L, -1) == LUA_TSTRING)
        return fail(e, TYPE, "%.300s", lua_tostring(L, -1));
    if (push_metafield(L, idx, &name_key) && lua_type(L, -1) == LUA_TSTRING)
        return fail(e, TYPE, "a %.100s (it has no __tojson)", lua_tostring(L, -1));
    return fail(e, TYPE, "a %s", luaL_typename(L, idx));
}

/* A table with a metatable: a marked list, a value of a type of its own, or just a table. */
static int write_special(struct encoder *e, int idx)
{
    lua_State *L = e->L;
    if (json_pop_array_mark(L))
        return write_list(e, idx);
    if (push_metafield(L, idx, &tojson_key))
        return write_hook(e, idx);
    if (push_metafield(L, idx, &name_key)) /* a type of its own is more than a table */
        return no_form(e, idx);
    return lua_rawlen(L, idx) ? write_list(e, idx) : write_object(e, idx);
}

static int write_userdata(struct encoder *e, int idx)
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

static int write_number(struct encoder *e, int idx)
{
    struct err err;
    if (lua_isinteger(e->L, idx))
        json_add_int(e->out, lua_tointeger(e->L, idx));
    else if (json_add_double(e->out, lua_tonumber(e->L, idx), &err) != 0)
        return fail(e, VALUE, "%s,", err.msg);
    return 0;
}

static int write_string(struct encoder *e, int idx)
{
    struct err err;
    struct str s;
    s.p = lua_tolstring(e->L, idx, &s.n);
    if (json_add_string(e->out, s, e->style->ascii, &err) != 0)
        return fail(e, VALUE, "%s", err.msg);
    return 0;
}

/* The value at the absolute index idx; leaves the stack as it was, unless it fails. */
static int write_value(struct encoder *e, int idx)
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
        return lua_rawlen(L, idx) ? write_list(e, idx) : write_object(e, idx);
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
    struct encoder e;
    int top = lua_gettop(L), rc;
    size_t start = out->n;
    e.L = L;
    e.out = out;
    e.style = style;
    e.depth = 0;
    e.members = e.few;
    e.n = 0;
    e.cap = FEW_MEMBERS;
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
