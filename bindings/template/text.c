/* SPDX-License-Identifier: MIT */
/* Lua values as text: str(), repr() and JSON. */
#include "bindings/lua/error.h"
#include "bindings/template/impl.h"
#include "bindings/value/json.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"

enum { REPR_DEPTH = 64 };

/* ---- str ---- */

static int step_text(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    size_t n;
    value_push(L, s->lr, s->self);
    if (luaL_getmetafield(L, -1, "__html") != LUA_TNIL) {
        lua_insert(L, -2);
        lua_call(L, 1, 1);
        *s->flag = true;
    }
    const char *p = luaL_tolstring(L, -1, &n);
    buf_add(s->buf, p, n);
    return 0;
}

/* "<shop.Product object>": an address would tell where memory lies. */
static int step_name(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    const char *name = luaL_typename(L, -1);
    if (luaL_getmetafield(L, -1, "__name") == LUA_TSTRING)
        name = lua_tostring(L, -1);
    buf_addf(s->buf, "<%s object>", name);
    return 0;
}

int host_text(struct render *r, struct tval v, struct buf *out, bool *safe)
{
    struct lua_render *lr = render_lua(r);
    struct step s = {.self = v, .buf = out, .flag = safe};
    *safe = false;
    switch (object_shape(lr, v)) {
    case SHAPE_LIST:
    case SHAPE_MAP:
    case SHAPE_EMPTY:
        return host_repr(r, v, out);
    case SHAPE_ITERATOR:
        buf_adds(out, v.flags & TVAL_CALLABLE ? "<function>" : "<generator object>");
        return 0;
    default:
        if (object_has(lr, v, META_HTML) || object_has(lr, v, META_TOSTRING))
            return step_run(lr, step_text, &s, false);
        return step_run(lr, step_name, &s, false);
    }
}

/* ---- repr ---- */

struct inside { /* the tables around the one that is written */
    const void *table;
    const struct inside *outer;
    int depth;
};

static int add_repr(struct lua_render *lr, struct tval v, struct buf *out,
                    const struct inside *outer);

/* What was made for an item goes again. */
static int add_item(struct lua_render *lr, struct tval v, struct buf *out,
                    const struct inside *outer)
{
    if (render_check(&lr->r) != 0)
        return -1;
    return v.type == TVAL_OBJECT ? add_repr(lr, v, out, outer) : render_add_repr(&lr->r, v, out);
}

static int add_list(struct lua_render *lr, struct tval v, struct buf *out,
                    const struct inside *outer)
{
    int slot, rc = 0;
    lua_State *T = value_slot(lr, v, &slot);
    struct tseq s = {.n = lua_rawlen(T, slot), .object = v.u.object};
    buf_addc(out, '[');
    for (size_t i = 0; i < s.n && rc == 0; i++) {
        struct render_mark mark = render_mark(&lr->r);
        struct tval item;
        if (i)
            buf_adds(out, ", ");
        if ((rc = host_item(&lr->r, &s, i, &item)) == 0)
            rc = add_item(lr, item, out, outer);
        render_reset(&lr->r, mark);
    }
    buf_addc(out, ']');
    return rc;
}

static int add_map(struct lua_render *lr, struct tval v, struct buf *out,
                   const struct inside *outer)
{
    struct tval items;
    value_push_object(lr, v);
    if (table_list(lr, PART_ITEMS, &items) != 0)
        return -1;
    buf_addc(out, '{');
    for (size_t i = 0; i < items.u.list->n; i++) {
        const struct tlist *pair = items.u.list->items[i].u.list;
        if (i)
            buf_adds(out, ", ");
        if (add_item(lr, pair->items[0], out, outer) != 0)
            return -1;
        buf_adds(out, ": ");
        if (add_item(lr, pair->items[1], out, outer) != 0)
            return -1;
    }
    buf_addc(out, '}');
    return 0;
}

static bool is_inside(const struct inside *i, const void *table)
{
    for (; i; i = i->outer)
        if (i->table == table)
            return true;
    return false;
}

static int add_repr(struct lua_render *lr, struct tval v, struct buf *out,
                    const struct inside *outer)
{
    int slot;
    bool safe;
    lua_State *T = value_slot(lr, v, &slot);
    struct inside here = {lua_topointer(T, slot), outer, outer ? outer->depth + 1 : 0};
    enum object_shape shape = object_shape(lr, v);
    if (value_room(lr, 8) != 0)
        return -1;
    switch (shape) {
    case SHAPE_EMPTY: /* a table without anything is as good a list as a map */
        buf_adds(out, "[]");
        return 0;
    case SHAPE_LIST:
    case SHAPE_MAP:
        if (here.depth > REPR_DEPTH || is_inside(outer, here.table)) {
            buf_adds(out, shape == SHAPE_LIST ? "[...]" : "{...}");
            return 0;
        }
        return (shape == SHAPE_LIST ? add_list : add_map)(lr, v, out, &here);
    default:
        return host_text(&lr->r, v, out, &safe);
    }
}

int host_repr(struct render *r, struct tval v, struct buf *out)
{
    return add_repr(render_lua(r), v, out, NULL);
}

/* ---- JSON ---- */

static int step_json(lua_State *L)
{
    static const struct json_style style = {", ", ": ", -1, true, true};
    struct step *s = lua_touserdata(L, 1);
    struct err err;
    if (s->self.type == TVAL_NONE || s->self.type == TVAL_UNDEFINED)
        lua_pushlightuserdata(L, NULL);
    else
        value_push(L, s->lr, s->self);
    if (json_encode(L, -1, s->buf, &style, &err) != 0)
        return json_raise(L, &err);
    return 0;
}

int host_json(struct render *r, struct tval v, struct buf *out)
{
    return step_run(render_lua(r), step_json, &(struct step){.self = v, .buf = out}, false);
}

/* ---- time zones ---- */

static int step_zone(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    *(struct tz *)s->data = time_zone_arg(L, -1);
    return 0;
}

int host_zone(struct render *r, struct tval v, struct tz *out)
{
    struct lua_render *lr = render_lua(r);
    lua_State *L = running_thread(lr->e);
    struct step s = {.lr = lr, .self = v, .data = out};
    if (v.type != TVAL_STR && v.type != TVAL_OBJECT && v.type != TVAL_INT)
        return 1;
    if (!lua_checkstack(L, 8))
        return render_fail(r, "MemoryError", "cannot grow the Lua stack");
    lua_pushcfunction(L, exception_handler);
    lua_pushcfunction(L, step_zone);
    lua_pushlightuserdata(L, &s);
    if (lua_pcall(L, 1, 0, -3) == LUA_OK) {
        lua_pop(L, 1);
        return 0;
    }
    lua_remove(L, -2);
    if (!exception_is(L, -1, "ValueError") && !exception_is(L, -1, "TypeError"))
        return error_keep(lr, L);
    lua_pop(L, 1);
    return 1;
}
