/* SPDX-License-Identifier: MIT */
/* perilune.json.  The encoder walks the Lua stack once and writes straight into one buffer;
 * the decoder turns the reader's tokens into tables.  Keys are sorted, because Lua tables
 * have no order and answers should not change from one run to the next. */
#include "json.h"

#include "class.h"
#include "error.h"
#include "libs.h"
#include "scratch.h"

#include "base/vec.h"
#include "value/json.h"

#include <lauxlib.h>

enum { MAX_DEPTH = 200, FEW_KEYS = 16 };

/* ---- encoding ---- */

struct step {        /* of the path to the value in hand, for messages */
    const char *key; /* NULL: index */
    size_t length;
    lua_Integer index;
};

struct writer {
    lua_State *L;
    struct buf *out;
    const struct json_style *style;
    struct err *err;
    int depth;
    struct step path[MAX_DEPTH];
};

static int write_value(struct writer *w);

static int fail(struct writer *w, const char *what)
{
    struct buf place = BUF_INIT;
    buf_addc(&place, '$');
    for (int i = 0; i < w->depth && place.n < 200; i++) {
        if (w->path[i].key)
            buf_addf(&place, ".%.*s", (int)w->path[i].length, w->path[i].key);
        else
            buf_addf(&place, "[%lld]", (long long)w->path[i].index);
    }
    err_set(w->err, ERR_INVALID, "cannot encode %s: %s", place.data, what);
    buf_release(&place);
    return -1;
}

static int push_step(struct writer *w, struct step s)
{
    if (w->depth == MAX_DEPTH - 1)
        return fail(w, "tables are nested too deeply, or contain themselves");
    w->path[w->depth++] = s;
    return 0;
}

static void new_line(struct writer *w, int depth)
{
    if (w->style->indent < 0)
        return;
    buf_addc(w->out, '\n');
    for (int i = 0; i < depth * w->style->indent; i++)
        buf_addc(w->out, ' ');
}

static int write_list(struct writer *w, lua_Integer n)
{
    buf_addc(w->out, '[');
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1)
            buf_adds(w->out, w->style->item);
        if (push_step(w, (struct step){NULL, 0, i}) != 0)
            return -1;
        new_line(w, w->depth);
        lua_rawgeti(w->L, -1, i);
        if (write_value(w) != 0)
            return -1;
        w->depth--;
    }
    new_line(w, w->depth);
    buf_addc(w->out, ']');
    return 0;
}

struct key {
    struct str text;
    lua_Integer number; /* of an integer key, whose text is in `digits` */
    bool is_number;
    char digits[24];
};

static int compare_keys(const void *a, const void *b)
{
    return str_cmp(((const struct key *)a)->text, ((const struct key *)b)->text);
}

static int read_key(struct writer *w, struct key *k)
{
    lua_State *L = w->L;
    k->is_number = lua_isinteger(L, -2);
    if (k->is_number) {
        k->number = lua_tointeger(L, -2);
        snprintf(k->digits, sizeof k->digits, "%lld", (long long)k->number);
    } else if (lua_type(L, -2) == LUA_TSTRING) {
        k->text.p = lua_tolstring(L, -2, &k->text.n); /* the table keeps it alive */
    } else {
        char what[96];
        snprintf(what, sizeof what, "a key is a %s; keys of an object are strings",
                 luaL_typename(L, -2));
        return fail(w, what);
    }
    return 0;
}

static int write_member(struct writer *w, const struct key *k, bool first)
{
    if (!first)
        buf_adds(w->out, w->style->item);
    new_line(w, w->depth + 1);
    if (json_add_string(w->out, k->text, w->style->ascii, w->err) != 0)
        return fail(w, "a key is not valid UTF-8");
    buf_adds(w->out, w->style->key);
    if (push_step(w, (struct step){k->text.p, k->text.n, 0}) != 0)
        return -1;
    if (k->is_number) {
        lua_rawgeti(w->L, -1, k->number);
    } else {
        lua_pushlstring(w->L, k->text.p, k->text.n);
        lua_rawget(w->L, -2);
    }
    if (write_value(w) != 0)
        return -1;
    w->depth--;
    return 0;
}

/* The keys of the table on top; more than FEW_KEYS are put into a userdata, which is
 * pushed below the table. */
static int write_object(struct writer *w)
{
    lua_State *L = w->L;
    struct key few[FEW_KEYS], *keys = few;
    size_t n = 0, room = FEW_KEYS;
    bool numbers = false;

    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (n == room) { /* [table, key, value] -> [userdata, table, key, value] */
            struct key *more = lua_newuserdatauv(L, room * 2 * sizeof *more, 0);
            memcpy(more, keys, n * sizeof *more);
            lua_insert(L, -4);
            if (keys != few)
                lua_remove(L, -5);
            keys = more;
            room *= 2;
        }
        if (read_key(w, &keys[n]) != 0)
            return -1;
        numbers |= keys[n++].is_number;
        lua_pop(L, 1);
    }
    for (size_t i = 0; numbers && i < n; i++)
        if (keys[i].is_number)
            keys[i].text = str_from(keys[i].digits);
    if (w->style->sort_keys && n > 1) {
        qsort(keys, n, sizeof *keys, compare_keys);
        for (size_t i = 0; numbers && i < n; i++) /* digits moved with their keys */
            if (keys[i].is_number)
                keys[i].text = str_from(keys[i].digits);
    }
    buf_addc(w->out, '{');
    for (size_t i = 0; i < n; i++)
        if (write_member(w, &keys[i], i == 0) != 0)
            return -1;
    if (n)
        new_line(w, w->depth);
    buf_addc(w->out, '}');
    if (keys != few)
        lua_remove(L, -2);
    return 0;
}

static char array_mark; /* its address: metatable of json.array{} in the registry */

static bool is_marked_array(lua_State *L)
{
    bool yes;
    if (!lua_getmetatable(L, -1))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mark);
    yes = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return yes;
}

/* A table is a list when its keys are 1..n, or when json.array() says so. */
static int write_table(struct writer *w)
{
    lua_State *L = w->L;
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1), count = 0;
    if (n == 0)
        return is_marked_array(L) ? (buf_adds(w->out, "[]"), 0) : write_object(w);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pop(L, 1);
        count++;
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1 || lua_tointeger(L, -1) > n) {
            lua_pop(L, 1);
            return fail(w, "a table has both a list's numbers and other keys; use one of them");
        }
    }
    if (count != n)
        return fail(w, "a list has holes; put perilune.null there, or use string keys");
    return write_list(w, n);
}

/* [-0, +1]: what __tojson or a list-like __index gives instead; false when there is none */
static int write_object_value(struct writer *w)
{
    lua_State *L = w->L;
    char what[128];
    if (null_test(L, -1)) {
        buf_adds(w->out, "null");
        return 0;
    }
    if (luaL_getmetafield(L, -1, "__tojson") != LUA_TNIL) {
        lua_pushvalue(L, -2);
        lua_call(L, 1, 1);
        if (push_step(w, (struct step){"__tojson()", 10, 0}) != 0)
            return -1;
        int rc = write_value(w);
        w->depth -= rc == 0;
        return rc;
    }
    if (lua_istable(L, -1))
        return write_table(w);
    snprintf(what, sizeof what, "a %s has no JSON form", luaL_typename(L, -1));
    if (luaL_getmetafield(L, -1, "__name") == LUA_TSTRING)
        snprintf(what, sizeof what, "a %s has no JSON form", lua_tostring(L, -1));
    return fail(w, what);
}

/* Writes the value on top and pops it; on failure the stack is the caller's to clear. */
static int write_value(struct writer *w)
{
    lua_State *L = w->L;
    int rc = 0;
    luaL_checkstack(L, 8, "JSON");
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
        buf_adds(w->out, "null");
        break;
    case LUA_TBOOLEAN:
        buf_adds(w->out, lua_toboolean(L, -1) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, -1))
            json_add_int(w->out, lua_tointeger(L, -1));
        else if (json_add_double(w->out, lua_tonumber(L, -1), w->err) != 0)
            rc = fail(w, "infinity and NaN have no JSON form");
        break;
    case LUA_TSTRING: {
        struct str s;
        s.p = lua_tolstring(L, -1, &s.n);
        if (json_add_string(w->out, s, w->style->ascii, w->err) != 0)
            rc = fail(w, "a string is not valid UTF-8");
        break;
    }
    case LUA_TTABLE:
        rc = lua_getmetatable(L, -1) ? (lua_pop(L, 1), write_object_value(w)) : write_table(w);
        break;
    default:
        rc = write_object_value(w);
        break;
    }
    if (rc == 0)
        lua_pop(L, 1);
    return rc;
}

int json_encode(lua_State *L, int idx, struct buf *out, const struct json_style *style,
                struct err *err)
{
    struct writer w;
    int top = lua_gettop(L), rc;
    w.L = L;
    w.out = out;
    w.style = style;
    w.err = err;
    w.depth = 0;
    lua_pushvalue(L, idx);
    rc = write_value(&w);
    lua_settop(L, top);
    return rc;
}

/* ---- decoding ---- */

static void push_text(lua_State *L, const struct json_reader *r)
{
    if (r->escaped) {
        luaL_Buffer b;
        char *p = luaL_buffinitsize(L, &b, r->text.n);
        luaL_pushresultsize(&b, json_unescape(r->text, p));
    } else {
        lua_pushlstring(L, r->text.p, r->text.n);
    }
}

static void new_array(lua_State *L)
{
    lua_newtable(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mark);
    lua_setmetatable(L, -2);
}

/* Puts the finished value on top into the container below it: [.., table, (key,) value]. */
static void store(lua_State *L, bool in_object)
{
    if (in_object)
        lua_rawset(L, -3);
    else
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

int json_decode(lua_State *L, struct str text, unsigned max_depth, struct err *err)
{
    struct json_reader r;
    bool object[JSON_DEPTH_MAX + 1];
    int depth = 0, top = lua_gettop(L);
    json_reader_init(&r, text, max_depth);
    for (;;) {
        enum json_token t = json_next(&r, err);
        luaL_checkstack(L, 8, "JSON");
        switch (t) {
        case JSON_ERROR:
            lua_settop(L, top);
            return -1;
        case JSON_END:
            return 0;
        case JSON_KEY:
            push_text(L, &r);
            continue;
        case JSON_ARRAY:
            new_array(L);
            object[depth++] = false;
            continue;
        case JSON_OBJECT:
            lua_newtable(L);
            object[depth++] = true;
            continue;
        case JSON_ARRAY_END:
        case JSON_OBJECT_END:
            depth--;
            break;
        case JSON_NULL:
            null_push(L);
            break;
        case JSON_FALSE:
        case JSON_TRUE:
            lua_pushboolean(L, t == JSON_TRUE);
            break;
        case JSON_INT:
            lua_pushinteger(L, r.integer);
            break;
        case JSON_DOUBLE:
            lua_pushnumber(L, r.number);
            break;
        case JSON_STRING:
            push_text(L, &r);
            break;
        }
        if (depth)
            store(L, object[depth - 1]);
    }
}

/* ---- the module ---- */

static void read_separators(lua_State *L, int options, struct json_style *style)
{
    if (lua_getfield(L, options, "separators") == LUA_TTABLE) {
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        style->item = luaL_checkstring(L, -2); /* the options keep them alive */
        style->key = luaL_checkstring(L, -1);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

static bool flag(lua_State *L, int options, const char *name, bool fallback)
{
    bool v = lua_getfield(L, options, name) == LUA_TNIL ? fallback : lua_toboolean(L, -1);
    lua_pop(L, 1);
    return v;
}

static void check_names(lua_State *L, int options, const char *const *names, const char *function)
{
    lua_pushnil(L);
    while (lua_next(L, options)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        bool known = false;
        for (const char *const *n = names; *n; n++)
            known |= strcmp(key, *n) == 0;
        if (!known)
            exception_raise(L, "TypeError", "json.%s has no option '%s'", function, key);
        lua_pop(L, 1);
    }
}

/* encode(value, { indent =, sort_keys =, ensure_ascii =, separators = }) -> text */
static int json_l_encode(lua_State *L)
{
    static const char *const names[] = {"indent", "sort_keys",  "ensure_ascii",
                                        "ascii",  "separators", NULL};
    struct buf *out = scratch(L);
    struct json_style style = JSON_STYLE_COMPACT;
    struct err err;
    luaL_checkany(L, 1);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        check_names(L, 2, names, "encode");
        if (lua_getfield(L, 2, "indent") != LUA_TNIL) {
            style.indent = (int)luaL_checkinteger(L, -1);
            luaL_argcheck(L, style.indent >= 0 && style.indent <= 16, 2, "indent is from 0 to 16");
            style.key = ": ";
        }
        lua_pop(L, 1);
        read_separators(L, 2, &style);
        style.sort_keys = flag(L, 2, "sort_keys", true);
        style.ascii = flag(L, 2, "ensure_ascii", flag(L, 2, "ascii", true));
    }
    if (json_encode(L, 1, out, &style, &err) != 0)
        return exception_raise(L, "TypeError", "%s", err.msg);
    return scratch_push(L, out);
}

/* decode(text, { max_depth = }) -> value */
static int json_l_decode(lua_State *L)
{
    static const char *const names[] = {"max_depth", NULL};
    unsigned depth = JSON_DEPTH_DEFAULT;
    struct str text = scratch_arg(L, 1);
    struct err err;
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        check_names(L, 2, names, "decode");
        if (lua_getfield(L, 2, "max_depth") != LUA_TNIL) {
            lua_Integer n = luaL_checkinteger(L, -1);
            luaL_argcheck(L, n >= 1 && n <= JSON_DEPTH_MAX, 2, "max_depth is from 1 to 1024");
            depth = (unsigned)n;
        }
    }
    if (json_decode(L, text, depth, &err) != 0)
        return exception_raise(L, "ValueError", "%s", err.msg);
    return 1;
}

/* array(table) -> the same table, written as a list even when it is empty */
static int json_l_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        new_array(L);
        return 1;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mark);
    lua_setmetatable(L, 1);
    return 1;
}

static int json_l_is_array(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushboolean(L, lua_istable(L, 1) && (lua_pushvalue(L, 1), is_marked_array(L)));
    return 1;
}

int luaopen_perilune_json(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"encode", json_l_encode},
        {"decode", json_l_decode},
        {"array", json_l_array},
        {"is_array", json_l_is_array},
        {NULL, NULL},
    };
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "perilune.json.array");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_mark);
    scratch_newlib(L, functions);
    null_push(L);
    lua_setfield(L, -2, "null");
    return 1;
}
