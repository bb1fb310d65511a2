/* SPDX-License-Identifier: MIT */
/* Lists, maps and iterators: what can be looped over, counted and is true. */
#include "bindings/template/impl.h"

#include "base/banned.h"

static const struct tlist empty_list;

/* ---- shapes ---- */

static bool is_array_mark(struct lua_render *lr, lua_State *T)
{
    if (T != lr->S)
        lua_xmove(T, lr->S, 1);
    lua_rawget(lr->S, STORE_KINDS);
    bool is = lua_tointeger(lr->S, -1) == KIND_ARRAY;
    lua_pop(lr->S, 1);
    return is;
}

enum object_shape object_shape(struct lua_render *lr, struct tval v)
{
    int slot;
    lua_State *T = value_slot(lr, v, &slot);
    int type = lua_type(T, slot);
    if (type == LUA_TFUNCTION || type == LUA_TTHREAD)
        return SHAPE_ITERATOR;
    if (type != LUA_TTABLE || !lua_checkstack(T, 2) || !lua_checkstack(lr->S, 2))
        return SHAPE_OBJECT;
    bool marked = lua_getmetatable(T, slot);
    if (marked && !is_array_mark(lr, T))
        return SHAPE_OBJECT;
    if (lua_rawlen(T, slot) > 0)
        return SHAPE_LIST;
    lua_pushnil(T);
    if (marked || !lua_next(T, slot))
        return lua_settop(T, lua_gettop(T) - (marked ? 1 : 0)), SHAPE_EMPTY;
    lua_pop(T, 2);
    return SHAPE_MAP;
}

bool object_has(struct lua_render *lr, struct tval v, enum meta metamethod)
{
    lua_State *S = lr->S;
    int top = lua_gettop(S);
    bool has = false;
    if (v.type != TVAL_OBJECT || !lua_checkstack(S, 3))
        return false;
    value_push_object(lr, v);
    if (lua_getmetatable(S, -1)) {
        lua_rawgeti(S, STORE_META, metamethod);
        has = lua_rawget(S, -2) != LUA_TNIL;
    }
    lua_settop(S, top);
    return has;
}

/* ---- maps ---- */

struct entry {
    struct tval key, value;
};

static int key_class(struct tval key)
{
    switch (key.type) {
    case TVAL_INT:
    case TVAL_DOUBLE:
        return 0;
    case TVAL_STR:
        return 1;
    case TVAL_BOOL:
        return 2;
    default:
        return 3;
    }
}

static double number(struct tval v)
{
    return v.type == TVAL_INT ? (double)v.u.i : v.u.d;
}

/* Numbers first, then strings by their bytes, then the rest in no order. */
static int compare_keys(const void *a, const void *b)
{
    struct tval x = ((const struct entry *)a)->key, y = ((const struct entry *)b)->key;
    int class = key_class(x);
    if (class != key_class(y))
        return class < key_class(y) ? -1 : 1;
    if (class == 1)
        return str_cmp(tval_text(x), tval_text(y));
    if (class == 2)
        return (int)x.u.b - (int)y.u.b;
    if (class == 3)
        return 0;
    if (x.type == TVAL_INT && y.type == TVAL_INT)
        return x.u.i < y.u.i ? -1 : x.u.i > y.u.i;
    return number(x) < number(y) ? -1 : number(x) > number(y);
}

/* Leaves keys and values on S above the table, which stays. */
static int read_entries(struct lua_render *lr, struct entry **out, size_t *n)
{
    lua_State *S = lr->S;
    int table = lua_gettop(S);
    size_t count = 0;
    for (lua_pushnil(S); lua_next(S, table); lua_pop(S, 1))
        count++;
    if (count > INT_MAX / 4 || value_room(lr, (int)(2 * count) + 8) != 0)
        return render_fail(&lr->r, "MemoryError", "a table of %zu keys is too large to loop over",
                           count);
    struct entry *e = render_alloc(&lr->r, (count + 1) * sizeof *e);
    size_t i = 0;
    for (lua_pushnil(S); lua_next(S, table) && i < count; i++) {
        int top = lua_gettop(S);
        lua_pushvalue(S, top - 1);
        value_at(lr, top - 1, TVAL_NONE, &e[i].key);
        value_at(lr, top, TVAL_NONE, &e[i].value);
    }
    qsort(e, i, sizeof *e, compare_keys);
    *out = e;
    *n = i;
    return 0;
}

int table_list(struct lua_render *lr, enum table_part part, struct tval *out)
{
    struct entry *e;
    size_t n;
    struct tlist *list = render_alloc(&lr->r, sizeof *list);
    if (read_entries(lr, &e, &n) != 0)
        return -1;
    struct tval *items = render_alloc(&lr->r, (n + 1) * sizeof *items);
    struct tlist *pairs = part == PART_ITEMS ? render_alloc(&lr->r, (n + 1) * sizeof *pairs) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (pairs)
            pairs[i] = (struct tlist){.n = 2, .items = &e[i].key};
        items[i] = pairs ? tval_list(&pairs[i]) : part == PART_KEYS ? e[i].key : e[i].value;
    }
    *list = (struct tlist){.n = n, .items = items};
    *out = tval_list(list);
    lr->r.made = (size_t)lua_gettop(lr->S);
    return 0;
}

/* ---- sequences ---- */

/* A list of what the Lua half finds in the object; nil when it is nothing to loop over. */
static int step_collect(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->lr->e->callbacks);
    lua_getfield(L, -1, "collect");
    value_push(L, s->lr, s->self);
    lua_call(L, 1, 1);
    return 1;
}

static int collect(struct lua_render *lr, struct tval v, struct tseq *out)
{
    lua_State *S = lr->S;
    if (step_run(lr, step_collect, &(struct step){.self = v}, true) != 0)
        return -1;
    if (!lua_istable(S, -1)) {
        lua_pop(S, 1);
        return 1;
    }
    *out = (struct tseq){.n = lua_rawlen(S, -1), .object = lua_gettop(S)};
    lr->r.made = (size_t)lua_gettop(S);
    return 0;
}

int host_sequence(struct render *r, struct tval v, struct tseq *out)
{
    struct lua_render *lr = render_lua(r);
    struct tval keys;
    int slot;
    if (value_room(lr, 8) != 0)
        return -1;
    switch (object_shape(lr, v)) {
    case SHAPE_LIST: {
        lua_State *T = value_slot(lr, v, &slot);
        *out = (struct tseq){.n = lua_rawlen(T, slot), .object = v.u.object};
        return 0;
    }
    case SHAPE_EMPTY:
        *out = (struct tseq){.list = &empty_list};
        return 0;
    case SHAPE_MAP:
        value_push_object(lr, v);
        if (table_list(lr, PART_KEYS, &keys) != 0)
            return -1;
        *out = (struct tseq){.n = keys.u.list->n, .list = keys.u.list, .map = true};
        return 0;
    default:
        return collect(lr, v, out);
    }
}

int host_item(struct render *r, const struct tseq *s, size_t i, struct tval *out)
{
    struct lua_render *lr = render_lua(r);
    int slot;
    lua_State *T = value_slot(lr, (struct tval){.u.object = s->object}, &slot);
    if (value_room(lr, 2) != 0)
        return -1;
    lua_rawgeti(T, slot, (lua_Integer)i + 1); /* K has room for one: host_keep() */
    if (T != lr->S)
        lua_xmove(T, lr->S, 1);
    return value_take(lr, TVAL_NONE, out);
}

/* A QuerySet and its like cuts itself; 1 when the object does not. */
static int step_slice(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->lr->e->callbacks);
    lua_getfield(L, -1, "slice");
    value_push(L, s->lr, s->self);
    lua_pushinteger(L, s->i);
    lua_pushinteger(L, *s->number);
    lua_call(L, 3, 1);
    return 1;
}

int host_slice(struct render *r, struct tval v, int64_t start, int64_t stop, struct tval *out)
{
    struct lua_render *lr = render_lua(r);
    struct step s = {.self = v, .i = start, .number = &stop};
    if (value_room(lr, 4) != 0)
        return -1;
    if (object_shape(lr, v) != SHAPE_OBJECT)
        return 1;
    if (step_run(lr, step_slice, &s, true) != 0)
        return -1;
    value_take(lr, TVAL_UNDEFINED, out);
    return out->type == TVAL_UNDEFINED;
}

/* ---- length and truth ---- */

static int step_length(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    *s->number = luaL_len(L, -1);
    return 0;
}

int host_length(struct render *r, struct tval v, int64_t *n)
{
    struct lua_render *lr = render_lua(r);
    int slot;
    lua_State *T = value_slot(lr, v, &slot);
    *n = 0;
    switch (object_shape(lr, v)) {
    case SHAPE_LIST:
        *n = (int64_t)lua_rawlen(T, slot);
        return 0;
    case SHAPE_EMPTY:
        return 0;
    case SHAPE_MAP:
        if (!lua_checkstack(T, 3))
            return render_fail(r, "MemoryError", "too many values at once");
        for (lua_pushnil(T); lua_next(T, slot); lua_pop(T, 1))
            ++*n;
        return 0;
    case SHAPE_OBJECT:
        if (object_has(lr, v, META_LEN))
            return step_run(lr, step_length, &(struct step){.self = v, .number = n}, false);
        if (lua_istable(T, slot) && lua_rawlen(T, slot) > 0) {
            *n = (int64_t)lua_rawlen(T, slot);
            return 0;
        }
        return 1;
    default:
        return 1;
    }
}

static int step_truth(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    if (luaL_getmetafield(L, -1, "__bool") != LUA_TNIL) {
        lua_insert(L, -2);
        lua_call(L, 1, 1);
        *s->flag = lua_toboolean(L, -1);
    } else {
        *s->flag = luaL_len(L, -1) > 0;
    }
    return 0;
}

int host_truth(struct render *r, struct tval v, bool *out)
{
    struct lua_render *lr = render_lua(r);
    enum object_shape shape = object_shape(lr, v);
    *out = shape != SHAPE_EMPTY;
    if (shape != SHAPE_OBJECT || (!object_has(lr, v, META_BOOL) && !object_has(lr, v, META_LEN)))
        return 0;
    return step_run(lr, step_truth, &(struct step){.self = v, .flag = out}, false);
}
