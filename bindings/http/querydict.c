/* SPDX-License-Identifier: MIT */
/* http.QueryDict, what can be read of it; querydict_change.c has the rest. */
#include "bindings/http/querydict_impl.h"

#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/suggest.h"
#include "http/limits.h"
#include "settings/settings.h"

#define ARENA_BLOCK 960  /* a form of a few fields fits */
#define TIDY_FIRST 16384 /* bytes */

static const struct class *querydict_class(void);

/* ---- making ---- */

struct querydict *querydict_new(lua_State *L, bool is_mutable)
{
    struct querydict *d = class_new(L, querydict_class(), sizeof *d);
    arena_init(&d->arena, ARENA_BLOCK);
    query_init(&d->fields, &d->arena);
    buf_init(&d->text);
    d->is_mutable = is_mutable;
    d->tidy_at = TIDY_FIRST;
    return d;
}

static int querydict_gc(lua_State *L)
{
    struct querydict *d = class_test(L, 1, querydict_class());
    if (d) {
        arena_release(&d->arena);
        buf_release(&d->text);
    }
    return 0;
}

void querydict_push(lua_State *L, const struct query *fields, bool is_mutable)
{
    struct querydict *d = querydict_new(L, is_mutable);
    query_add_all(&d->fields, fields);
}

void querydict_push_parsed(lua_State *L, struct str text, size_t max_fields, bool is_mutable)
{
    struct err err;
    struct querydict *d = querydict_new(L, is_mutable);
    if (query_parse(&d->fields, text, max_fields, &err))
        exception_raise(L, "TooManyFieldsSent", "%s", err.msg);
}

const struct query *querydict_test(lua_State *L, int idx)
{
    struct querydict *d = class_test(L, idx, querydict_class());
    return d ? &d->fields : NULL;
}

struct querydict *querydict_self(lua_State *L)
{
    return class_check(L, 1, querydict_class());
}

void querydict_tidy(struct querydict *d)
{
    struct arena fresh;
    struct query copy;
    size_t live = 0;
    if (d->fields.dead < d->tidy_at)
        return;
    arena_init(&fresh, ARENA_BLOCK);
    query_init(&copy, &fresh);
    query_add_all(&copy, &d->fields);
    for (uint32_t i = 0; i < copy.n; i++)
        live += sizeof copy.fields[i] + copy.fields[i].key.n + copy.fields[i].value.n;
    arena_release(&d->arena);
    d->arena = fresh;
    d->fields = copy;
    d->fields.arena = &d->arena;
    d->tidy_at = TIDY_FIRST + 2 * live;
}

/* ---- reading ---- */

struct str querydict_text(lua_State *L, int idx, const char *what)
{
    size_t n;
    if (lua_type(L, idx) != LUA_TSTRING && lua_type(L, idx) != LUA_TNUMBER)
        exception_raise(L, "TypeError", "the %s of a QueryDict is a string, not a %s", what,
                        luaL_typename(L, idx));
    const char *p = lua_tolstring(L, idx, &n);
    return str_make(p, n);
}

static void push_str(lua_State *L, struct str s)
{
    lua_pushlstring(L, s.p, s.n);
}

/* The value, or nil for an empty list. */
static void push_value(lua_State *L, struct str value)
{
    if (value.p)
        push_str(L, value);
    else
        lua_pushnil(L);
}

static struct str last_value(const struct query *q, const struct query_field *first)
{
    return q->fields[first->last - 1].value;
}

void querydict_push_list(lua_State *L, const struct query *q, const struct query_field *first)
{
    lua_Integer n = 0;
    lua_newtable(L);
    for (const struct query_field *f = first; f; f = query_next(q, f)) {
        if (!f->value.p)
            continue;
        push_str(L, f->value);
        lua_rawseti(L, -2, ++n);
    }
}

/* q.key, q["key"]: the last value; methods come first, so q:get("get") reads a key "get" */
static int querydict_index(lua_State *L, void *self)
{
    struct querydict *d = self;
    if (lua_type(L, 2) != LUA_TSTRING && lua_type(L, 2) != LUA_TNUMBER)
        return 0;
    push_value(L, query_get(&d->fields, querydict_text(L, 2, "key")));
    return 1;
}

static int querydict_l_get(lua_State *L)
{
    struct querydict *d = querydict_self(L);
    struct str value = query_get(&d->fields, querydict_text(L, 2, "key"));
    lua_settop(L, 3);
    if (value.p)
        push_str(L, value);
    return 1;
}

static int querydict_l_getlist(lua_State *L)
{
    struct querydict *d = querydict_self(L);
    const struct query_field *f = query_first(&d->fields, querydict_text(L, 2, "key"));
    lua_settop(L, 3);
    if (f || lua_isnil(L, 3))
        querydict_push_list(L, &d->fields, f);
    return 1;
}

static int querydict_l_has_key(lua_State *L)
{
    struct querydict *d = querydict_self(L);
    lua_pushboolean(L, query_has(&d->fields, querydict_text(L, 2, "key")));
    return 1;
}

/* A list with what `push` pushes for each key. */
static int list_of_keys(lua_State *L,
                        void (*push)(lua_State *, const struct query *, const struct query_field *))
{
    const struct query *q = &querydict_self(L)->fields;
    lua_Integer n = 0;
    lua_createtable(L, (int)q->keys, 0);
    for (uint32_t i = 0; i < q->n; i++) {
        if (!q->fields[i].last)
            continue;
        push(L, q, &q->fields[i]);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

static void push_key(lua_State *L, const struct query *q, const struct query_field *first)
{
    (void)q;
    push_str(L, first->key);
}

static void push_last(lua_State *L, const struct query *q, const struct query_field *first)
{
    struct str value = last_value(q, first);
    if (value.p)
        push_str(L, value);
    else
        lua_newtable(L); /* a list must not have a hole */
}

static void push_pair(lua_State *L, const struct query *q, const struct query_field *first)
{
    lua_createtable(L, 2, 0);
    push_str(L, first->key);
    lua_rawseti(L, -2, 1);
    push_last(L, q, first);
    lua_rawseti(L, -2, 2);
}

static void push_key_and_list(lua_State *L, const struct query *q, const struct query_field *first)
{
    lua_createtable(L, 2, 0);
    push_str(L, first->key);
    lua_rawseti(L, -2, 1);
    querydict_push_list(L, q, first);
    lua_rawseti(L, -2, 2);
}

static int querydict_l_keys(lua_State *L)
{
    return list_of_keys(L, push_key);
}

static int querydict_l_values(lua_State *L)
{
    return list_of_keys(L, push_last);
}

static int querydict_l_items(lua_State *L)
{
    return list_of_keys(L, push_pair);
}

static int querydict_l_lists(lua_State *L)
{
    return list_of_keys(L, push_key_and_list);
}

static int querydict_l_dict(lua_State *L)
{
    const struct query *q = &querydict_self(L)->fields;
    lua_createtable(L, 0, (int)q->keys);
    for (uint32_t i = 0; i < q->n; i++) {
        if (!q->fields[i].last)
            continue;
        push_key(L, q, &q->fields[i]);
        push_value(L, last_value(q, &q->fields[i]));
        lua_rawset(L, -3);
    }
    return 1;
}

static int querydict_l_copy(lua_State *L)
{
    querydict_push(L, &querydict_self(L)->fields, true);
    return 1;
}

static int querydict_l_urlencode(lua_State *L)
{
    struct querydict *d = querydict_self(L);
    struct str safe = scratch_opt(L, 2);
    buf_reset(&d->text);
    query_urlencode(&d->fields, &d->text, safe);
    return scratch_push(L, &d->text);
}

/* ---- metamethods ---- */

/* pairs(): key, last value in the order of the keys */
static int querydict_next(lua_State *L)
{
    const struct query *q = &querydict_self(L)->fields;
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(1));
    while (i < (lua_Integer)q->n && !q->fields[i].last)
        i++;
    if (i >= (lua_Integer)q->n)
        return 0;
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(1));
    push_str(L, q->fields[i].key);
    push_value(L, last_value(q, &q->fields[i]));
    return 2;
}

static int querydict_pairs(lua_State *L)
{
    querydict_self(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, querydict_next, 1);
    lua_pushvalue(L, 1);
    return 2;
}

static int querydict_len(lua_State *L)
{
    lua_pushinteger(L, querydict_self(L)->fields.keys);
    return 1;
}

static bool same_values(const struct query *a, const struct query_field *x, const struct query *b,
                        const struct query_field *y)
{
    for (; x && y; x = query_next(a, x), y = query_next(b, y))
        if (!str_eq(x->value, y->value) || !x->value.p != !y->value.p)
            return false;
    return !x && !y;
}

static int querydict_eq(lua_State *L)
{
    const struct query *a = querydict_test(L, 1), *b = querydict_test(L, 2);
    bool same = a && b && a->keys == b->keys;
    for (uint32_t i = 0; same && i < a->n; i++)
        if (a->fields[i].last)
            same = same_values(a, &a->fields[i], b, query_first(b, a->fields[i].key));
    lua_pushboolean(L, same);
    return 1;
}

static void show(struct buf *out, struct str s)
{
    buf_addc(out, '\'');
    log_escape(out, s);
    buf_addc(out, '\'');
}

static void show_list(struct buf *out, const struct query *q, const struct query_field *first)
{
    buf_adds(out, ": [");
    for (const struct query_field *f = first; f; f = query_next(q, f)) {
        if (f != first)
            buf_adds(out, ", ");
        if (f->value.p)
            show(out, f->value);
    }
    buf_addc(out, ']');
}

/* <QueryDict: {'a': ['1', '2']}> */
static int querydict_tostring(lua_State *L)
{
    struct querydict *d = querydict_self(L);
    const struct query q = d->fields;
    struct buf *out = &d->text;
    const char *separator = "";

    buf_reset(out);
    buf_adds(out, "<QueryDict: {");
    for (uint32_t i = 0; i < q.n; i++) {
        if (!q.fields[i].last)
            continue;
        buf_adds(out, separator);
        separator = ", ";
        show(out, q.fields[i].key);
        show_list(out, &q, &q.fields[i]);
    }
    buf_adds(out, "}>");
    return scratch_push(L, out);
}

static const struct class *querydict_class(void)
{
    static const luaL_Reg methods[] = {
        {"copy", querydict_l_copy},
        {"dict", querydict_l_dict},
        {"get", querydict_l_get},
        {"getlist", querydict_l_getlist},
        {"has_key", querydict_l_has_key},
        {"items", querydict_l_items},
        {"keys", querydict_l_keys},
        {"lists", querydict_l_lists},
        {"urlencode", querydict_l_urlencode},
        {"values", querydict_l_values},
        {"appendlist", querydict_l_appendlist},
        {"clear", querydict_l_clear},
        {"pop", querydict_l_pop},
        {"popitem", querydict_l_popitem},
        {"setdefault", querydict_l_setdefault},
        {"setlist", querydict_l_setlist},
        {"setlistdefault", querydict_l_setlistdefault},
        {"update", querydict_l_update},
        {NULL, NULL},
    };
    static const luaL_Reg metamethods[] = {
        {"__gc", querydict_gc}, {"__pairs", querydict_pairs},       {"__len", querydict_len},
        {"__eq", querydict_eq}, {"__tostring", querydict_tostring}, {NULL, NULL},
    };
    static const struct class c = {
        .name = "perilune.http.QueryDict",
        .methods = methods,
        .metamethods = metamethods,
        .index = querydict_index,
        .newindex = querydict_newindex,
    };
    return &c;
}

void querydict_register(lua_State *L)
{
    class_register(L, querydict_class());
}

/* ---- http.QueryDict(text, { mutable =, encoding = }) ---- */

static void check_options(lua_State *L, int idx)
{
    static const char *const known[] = {"mutable", "encoding"};
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        struct suggest s;
        char text[128];
        lua_pop(L, 1);
        const char *key = luaL_tolstring(L, -1, NULL);
        suggest_init(&s, str_from(key));
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            suggest_add(&s, str_from(known[i]));
        if (strcmp(key, known[0]) != 0 && strcmp(key, known[1]) != 0)
            exception_raise(L, "TypeError", "QueryDict has no option '%s'%s", key,
                            suggest_text(&s, text, sizeof text));
        lua_pop(L, 1);
    }
    if (lua_getfield(L, idx, "encoding") != LUA_TNIL) {
        struct str encoding = scratch_arg(L, -1);
        if (!str_ieq(encoding, STR("utf-8")) && !str_ieq(encoding, STR("utf8")))
            exception_raise(L, "ValueError", "QueryDict reads utf-8 only, not '%.*s'",
                            STR_ARG(encoding));
    }
    lua_pop(L, 1);
}

static size_t max_fields(lua_State *L)
{
    const struct settings *s = host_of(L)->settings;
    struct http_limits limits;
    if (s)
        return (size_t)settings_int(s, SETTING_data_upload_max_number_fields);
    http_limits_default(&limits);
    return limits.data_upload_max_number_fields;
}

static int l_querydict(lua_State *L)
{
    bool is_mutable = false;
    struct str text = scratch_opt(L, 1);
    if (!lua_isnoneornil(L, 2)) {
        check_options(L, 2);
        lua_getfield(L, 2, "mutable");
        is_mutable = lua_toboolean(L, -1);
    }
    querydict_push_parsed(L, text, max_fields(L), is_mutable);
    return 1;
}

int luaopen_perilune__querydict(lua_State *L)
{
    querydict_register(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_querydict);
    lua_setfield(L, -2, "QueryDict");
    return 1;
}
