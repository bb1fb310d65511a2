/* SPDX-License-Identifier: MIT */
/* Which of two values comes first, and what is in what. */
#include "bindings/template/impl.h"

#include "base/banned.h"

/* Lists of the engine and plain tables are compared item by item, as Python does it. */

static bool is_sequence(struct lua_render *lr, struct tval v)
{
    if (v.type == TVAL_LIST)
        return true;
    if (v.type != TVAL_OBJECT)
        return false;
    enum object_shape shape = object_shape(lr, v);
    return shape == SHAPE_LIST || shape == SHAPE_EMPTY;
}

static bool is_map(struct lua_render *lr, struct tval v)
{
    if (v.type != TVAL_OBJECT)
        return false;
    enum object_shape shape = object_shape(lr, v);
    return shape == SHAPE_MAP || shape == SHAPE_EMPTY;
}

static bool same_object(struct lua_render *lr, struct tval a, struct tval b)
{
    int i, j;
    if (a.type != TVAL_OBJECT || b.type != TVAL_OBJECT)
        return false;
    lua_State *S = value_slot(lr, a, &i), *T = value_slot(lr, b, &j);
    return lua_type(S, i) == lua_type(T, j) && lua_topointer(S, i) == lua_topointer(T, j);
}

static int compare_items(struct render *r, struct tseq *a, struct tseq *b, enum tval_order *out)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        struct render_mark mark = render_mark(r);
        struct tval x, y;
        int rc = render_check(r);
        if (rc == 0)
            rc = render_item(r, a, i, &x);
        if (rc == 0)
            rc = render_item(r, b, i, &y);
        if (rc == 0)
            rc = render_compare(r, x, y, out);
        render_reset(r, mark);
        if (rc != 0 || *out != TVAL_EQUAL)
            return rc;
    }
    *out = a->n < b->n ? TVAL_LESS : a->n > b->n ? TVAL_GREATER : TVAL_EQUAL;
    return 0;
}

static int compare_lists(struct render *r, struct tval a, struct tval b, enum tval_order *out)
{
    struct lua_render *lr = render_lua(r);
    struct tseq x, y;
    if (lr->depth >= 100) /* a list that is in itself */
        return render_fail(r, "RecursionError", "maximum recursion depth exceeded in comparison");
    lr->depth++;
    int rc = render_sequence(r, a, &x);
    if (rc == 0)
        rc = render_sequence(r, b, &y);
    if (rc == 0)
        rc = compare_items(r, &x, &y, out);
    lr->depth--;
    return rc;
}

/* Equal or not: maps have no order. */
static int compare_maps(struct render *r, struct tval a, struct tval b, enum tval_order *out)
{
    struct lua_render *lr = render_lua(r);
    struct tval x, y;
    if (value_room(lr, 4) != 0)
        return -1;
    value_push_object(lr, a);
    if (table_list(lr, PART_ITEMS, &x) != 0 || value_room(lr, 4) != 0)
        return -1;
    value_push_object(lr, b);
    if (table_list(lr, PART_ITEMS, &y) != 0)
        return -1;
    if (x.u.list->n == y.u.list->n && compare_lists(r, x, y, out) != 0)
        return -1;
    if (x.u.list->n != y.u.list->n || *out != TVAL_EQUAL)
        *out = TVAL_UNORDERED;
    return 0;
}

static int step_compare(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    enum tval_order *out = s->data;
    value_push(L, s->lr, s->self);
    value_push(L, s->lr, s->arg);
    if (lua_compare(L, -2, -1, LUA_OPEQ))
        *out = TVAL_EQUAL;
    else if (!s->i)
        *out = TVAL_UNORDERED;
    else if (lua_compare(L, -2, -1, LUA_OPLT))
        *out = TVAL_LESS;
    else
        *out = lua_compare(L, -1, -2, LUA_OPLT) ? TVAL_GREATER : TVAL_UNORDERED;
    return 0;
}

int host_compare(struct render *r, struct tval a, struct tval b, enum tval_order *out)
{
    struct lua_render *lr = render_lua(r);
    struct step s = {.self = a, .arg = b, .data = out};
    *out = TVAL_UNORDERED;
    if (same_object(lr, a, b)) {
        *out = TVAL_EQUAL;
        return 0;
    }
    if (is_sequence(lr, a) && is_sequence(lr, b))
        return compare_lists(r, a, b, out);
    if (is_map(lr, a) && is_map(lr, b))
        return compare_maps(r, a, b, out);
    s.i = object_has(lr, a, META_LT) && object_has(lr, b, META_LT);
    if (!s.i && !object_has(lr, a, META_EQ) && !object_has(lr, b, META_EQ))
        return 0;
    return step_run(lr, step_compare, &s, false);
}

/* ---- in ---- */

static int step_contains(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    luaL_getmetafield(L, -1, "__contains");
    lua_insert(L, -2);
    value_push(L, s->lr, s->arg);
    lua_call(L, 2, 1);
    *s->flag = lua_toboolean(L, -1);
    return 0;
}

static int step_has_key(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    s->arg.flags = 0; /* keys are plain strings */
    value_push(L, s->lr, s->arg);
    if (!lua_isnil(L, -1)) {
        lua_rawget(L, -2);
        *s->flag = !lua_isnil(L, -1);
    }
    return 0;
}

static int in_items(struct render *r, struct tval container, struct tval item, bool *out)
{
    struct tseq s;
    int rc = render_sequence(r, container, &s);
    for (size_t i = 0; rc == 0 && i < s.n && !*out; i++) {
        struct render_mark mark = render_mark(r);
        enum tval_order order;
        struct tval v;
        rc = render_check(r);
        if (rc == 0)
            rc = render_item(r, &s, i, &v);
        if (rc == 0)
            rc = render_compare(r, v, item, &order);
        *out = rc == 0 && order == TVAL_EQUAL;
        render_reset(r, mark);
    }
    return rc;
}

int host_contains(struct render *r, struct tval container, struct tval item, bool *out)
{
    struct lua_render *lr = render_lua(r);
    struct step s = {.self = container, .arg = item, .flag = out};
    *out = false;
    if (object_shape(lr, container) == SHAPE_MAP)
        return step_run(lr, step_has_key, &s, false);
    if (object_has(lr, container, META_CONTAINS))
        return step_run(lr, step_contains, &s, false);
    return in_items(r, container, item, out);
}
