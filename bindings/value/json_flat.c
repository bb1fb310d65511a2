/* SPDX-License-Identifier: MIT */
/* Tables whose members are all plain: numbers, strings, booleans.  Nothing can come in between
 * while they are read, so they need no place on the stack; and rows come in lists in which
 * each has the keys of the one before, whose order and text are known then. */
#include "bindings/value/json_encoder.h"

#include "base/mem.h"
#include "base/vec.h"
#include "value/json.h"

enum { SHORT_SORT = 16, COPIED_AT_ONCE = 24 };

/* ---- members ---- */

static __attribute__((noinline)) void more_members(struct json_encoder *e)
{
    if (e->members == e->few) {
        e->members = mem_alloc(sizeof e->few + sizeof e->few);
        memcpy(e->members, e->few, sizeof e->few);
        e->cap += JSON_FEW_MEMBERS;
    } else {
        e->members = vec_grow(e->members, &e->cap, sizeof *e->members);
    }
}

struct json_member *json_add_member(struct json_encoder *e)
{
    if (e->n == e->cap)
        more_members(e);
    return &e->members[e->n++];
}

static int compare_members(const void *a, const void *b)
{
    return str_cmp(((const struct json_member *)a)->key, ((const struct json_member *)b)->key);
}

void json_sort_members(struct json_member *m, size_t n)
{
    if (n > SHORT_SORT) {
        qsort(m, n, sizeof *m, compare_members);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct json_member x = m[i];
        size_t j = i;
        for (; j > 0 && str_cmp(x.key, m[j - 1].key) < 0; j--)
            m[j] = m[j - 1];
        m[j] = x;
    }
}

int json_write_key(struct json_encoder *e, struct str key)
{
    struct err err;
    if (json_add_string(e->out, key, e->style->ascii, &err) != 0)
        return json_fail(e, JSON_VALUE, "a key: %s", err.msg);
    buf_adds(e->out, e->style->key);
    return 0;
}

/* ---- plain values ---- */

bool json_read_plain(lua_State *L, struct json_member *m)
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

int json_write_plain(struct json_encoder *e, const struct json_member *m)
{
    struct err err;
    if (m->type == LUA_TNUMBER && m->flag)
        json_add_int(e->out, m->value.integer);
    else if (m->type == LUA_TSTRING) {
        if (json_add_string(e->out, m->value.text, e->style->ascii, &err) != 0)
            return json_fail(e, JSON_VALUE, "%s", err.msg);
    } else if (m->type == LUA_TBOOLEAN)
        buf_addstr(e->out, m->flag ? STR("true") : STR("false"));
    else if (json_add_double(e->out, m->value.number, &err) != 0)
        return json_fail(e, JSON_VALUE, "%s,", err.msg);
    return 0;
}

/* ---- objects ---- */

/* A key as the object before has it: its text is copied from there. */
static char *copy_key(const struct json_encoder *e, unsigned place, char *to)
{
    const char *from = e->out->data + e->shape.texts[place].start;
    size_t n = e->shape.texts[place].n;
    if (n <= COPIED_AT_ONCE) /* there is room behind both; what is too much may overlap */
        memmove(to, from, COPIED_AT_ONCE);
    else
        memcpy(to, from, n);
    return to + n;
}

/* The usual layout, all on one line: straight into the buffer, which has room for everything but
 * texts. */
static int write_known(struct json_encoder *e, size_t first)
{
    struct buf *out = e->out;
    buf_reserve(out, e->shape.room);
    char *p = out->data + out->n;
    for (unsigned i = 0; i < e->shape.n; i++) {
        const struct json_member *m = &e->members[first + e->shape.order[i]];
        if (i)
            *p++ = e->style->item[0];
        p = copy_key(e, i, p);
        if (m->type == LUA_TNUMBER && m->flag) {
            p = buf_putint(p, m->value.integer);
            continue;
        }
        out->n = (size_t)(p - out->data);
        if (json_write_plain(e, m) != 0)
            return json_add_key_step(e, m->key);
        buf_reserve(out, e->shape.room);
        p = out->data + out->n;
    }
    out->n = (size_t)(p - out->data);
    *p = '\0';
    return 0;
}

/* Writes the members from `first` on and keeps their shape. */
static int write_new(struct json_encoder *e, size_t first)
{
    unsigned n = (unsigned)(e->n - first);
    bool keep = n <= JSON_SHAPE_MAX && e->style->indent < 0 && strlen(e->style->item) == 1;
    e->shape.n = 0;
    e->shape.in_order = true;
    e->shape.room = COPIED_AT_ONCE + 2 + n * (1 + BUF_INT_MAX);
    if (e->style->sort_keys)
        json_sort_members(e->members + first, n);
    for (unsigned i = 0; i < n; i++) {
        const struct json_member *m = &e->members[first + i];
        json_begin(e, i == 0);
        size_t start = e->out->n;
        if (json_write_key(e, m->key) != 0)
            return json_add_key_step(e, m->key);
        if (keep) {
            e->shape.keys[m->at] = m->string;
            e->shape.in_order = e->shape.in_order && m->at == i;
            e->shape.order[i] = (uint8_t)m->at;
            e->shape.texts[i].start = start;
            e->shape.texts[i].n = e->out->n - start;
            e->shape.room += e->out->n - start;
        }
        if (json_write_plain(e, m) != 0)
            return json_add_key_step(e, m->key);
    }
    e->shape.n = keep ? n : 0;
    return 0;
}

/* Takes a key and a value off, and what was written. */
static int not_alike(struct json_encoder *e, size_t start, int pop)
{
    lua_pop(e->L, pop);
    e->out->n = start;
    e->out->data[start] = '\0';
    return 0;
}

/* Writes the table at idx if it has the keys of the object before, in the order of that, and
 * plain values: 1, or 0 with nothing written, -1 on failure. */
static int write_alike(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    struct buf *out = e->out;
    const struct json_shape *shape = &e->shape;
    size_t start = out->n;
    unsigned i = 0;
    struct json_member m;
    buf_reserve(out, shape->room);
    char *p = out->data + start;
    for (lua_pushnil(L); lua_next(L, idx); i++) {
        if (i == shape->n || lua_topointer(L, -2) != shape->keys[i])
            return not_alike(e, start, 2);
        *p++ = i ? e->style->item[0] : '{';
        p = copy_key(e, i, p);
        if (lua_isinteger(L, -1)) {
            p = buf_putint(p, lua_tointeger(L, -1));
        } else {
            if (!json_read_plain(L, &m))
                return not_alike(e, start, 2);
            out->n = (size_t)(p - out->data);
            if (json_write_plain(e, &m) != 0) {
                m.key.p = lua_tolstring(L, -2, &m.key.n);
                return json_add_key_step(e, m.key);
            }
            buf_reserve(out, shape->room);
            p = out->data + out->n;
        }
        lua_pop(L, 1);
    }
    if (i < shape->n)
        return not_alike(e, start, 0);
    *p++ = '}';
    *p = '\0';
    out->n = (size_t)(p - out->data);
    return 1;
}

/* With the first key and its value on the stack, which are taken off. */
static int write_object(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    const struct json_shape *shape = &e->shape;
    size_t first = e->n;
    unsigned n = 0;
    bool known = true;
    do {
        struct json_member *m = json_add_member(e);
        if (lua_type(L, -2) != LUA_TSTRING || !json_read_plain(L, m)) {
            lua_pop(L, 2);
            e->n = first;
            return 0;
        }
        m->key.p = lua_tolstring(L, -2, &m->key.n);
        m->slot = 0;
        m->at = n;
        m->string = lua_topointer(L, -2);
        known = known && n < shape->n && m->string == shape->keys[n];
        n++;
        lua_pop(L, 1);
    } while (lua_next(L, idx));
    if (json_enter(e, '{') != 0)
        return -1;
    if ((known && n == shape->n ? write_known(e, first) : write_new(e, first)) != 0)
        return -1;
    json_leave(e, '}', false);
    e->n = first;
    return 1;
}

/* ---- lists ---- */

static int write_list(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    size_t start = e->out->n;
    lua_Integer i = 0;
    if (json_enter(e, '[') != 0)
        return -1;
    do {
        struct json_member m;
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != ++i || !json_read_plain(L, &m)) {
            lua_pop(L, 2);
            buf_cut(e->out, start);
            e->depth--;
            return 0;
        }
        json_begin(e, i == 1);
        if (json_write_plain(e, &m) != 0)
            return json_add_index_step(e, i);
        lua_pop(L, 1);
    } while (lua_next(L, idx));
    json_leave(e, ']', false);
    return 1;
}

int json_write_flat(struct json_encoder *e, int idx)
{
    lua_State *L = e->L;
    if (e->shape.n && e->shape.in_order && e->depth < JSON_ENCODE_DEPTH) {
        int done = write_alike(e, idx);
        if (done != 0)
            return done;
    }
    lua_pushnil(L);
    if (!lua_next(L, idx)) {
        if (json_enter(e, '{') != 0)
            return -1;
        json_leave(e, '}', true);
        return 1;
    }
    return lua_type(L, -2) == LUA_TSTRING ? write_object(e, idx) : write_list(e, idx);
}
