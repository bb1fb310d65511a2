/* SPDX-License-Identifier: MIT */
/* Lua values as templates see them, and back; protected calls. */
#include "bindings/lua/error.h"
#include "bindings/template/impl.h"
#include "bindings/value/decimal.h"
#include "bindings/value/json.h"
#include "bindings/value/safestring.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"

int value_room(struct lua_render *lr, int n)
{
    if (lua_checkstack(lr->S, n))
        return 0;
    return render_fail(&lr->r, "MemoryError", "too many values at once");
}

/* ---- from Lua ---- */

static bool text_at(lua_State *S, int slot, uint8_t flags, struct tval *out)
{
    size_t n;
    const char *p = lua_tolstring(S, slot, &n);
    *out = tval_str(str_make(p, n));
    out->flags = flags;
    return true;
}

static bool object_at(int slot, uint8_t flags, struct tval *out)
{
    *out = (struct tval){.type = TVAL_OBJECT, .flags = flags, .u.object = slot};
    return true;
}

static bool moment_at(struct lua_render *lr, enum value_kind kind, const void *object,
                      struct tval *out)
{
    struct moment *m = render_alloc(&lr->r, sizeof *m);
    *m = (struct moment){0};
    if (kind == KIND_DATETIME) {
        m->kind = MOMENT_DATETIME;
        m->value = *(const struct datetime *)object;
    } else if (kind == KIND_DATE) {
        m->kind = MOMENT_DATE;
        m->value.date = *(const struct date *)object;
    } else {
        m->kind = MOMENT_TIME;
        m->value.time = *(const struct daytime *)object;
    }
    *out = (struct tval){.type = TVAL_MOMENT, .u.moment = m};
    return false;
}

static bool userdata_at(struct lua_render *lr, int slot, struct tval *out)
{
    lua_State *S = lr->S;
    enum value_kind kind = 0;
    if (lua_getmetatable(S, slot)) {
        lua_rawget(S, STORE_KINDS);
        kind = (enum value_kind)lua_tointeger(S, -1);
        lua_pop(S, 1);
    }
    if (kind == 0 || kind == KIND_TEMPLATE)
        return object_at(slot, 0, out);
    if (kind == KIND_SAFE) {
        lua_getiuservalue(S, slot, 1);
        lua_replace(S, slot);
        return text_at(S, slot, TVAL_SAFE, out);
    }
    const void *object = ((struct handle *)lua_touserdata(S, slot))->object;
    if (kind == KIND_DECIMAL)
        *out = (struct tval){.type = TVAL_DECIMAL, .u.decimal = object};
    else if (kind == KIND_TIMEDELTA)
        *out = (struct tval){.type = TVAL_TIMEDELTA, .u.duration = object};
    else
        return moment_at(lr, kind, object, out);
    return true;
}

/* Functions are called when a name finds them; a generator that coroutine.wrap() made is
 * something to loop over. */
static uint8_t callable(lua_State *S, int slot)
{
    lua_CFunction f = lua_tocfunction(S, slot);
    return f && f == thread_wrapped() ? 0 : TVAL_CALLABLE;
}

bool value_at(struct lua_render *lr, int slot, enum tval_type none, struct tval *out)
{
    lua_State *S = lr->S;
    switch (lua_type(S, slot)) {
    case LUA_TNIL:
        *out = (struct tval){.type = (uint8_t)none};
        return false;
    case LUA_TBOOLEAN:
        *out = tval_bool(lua_toboolean(S, slot));
        return false;
    case LUA_TNUMBER:
        *out = lua_isinteger(S, slot) ? tval_int(lua_tointeger(S, slot))
                                      : tval_double(lua_tonumber(S, slot));
        return false;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(S, slot))
            return object_at(slot, 0, out);
        *out = tval_none();
        return false;
    case LUA_TSTRING:
        return text_at(S, slot, 0, out);
    case LUA_TUSERDATA:
        return userdata_at(lr, slot, out);
    case LUA_TFUNCTION:
        return object_at(slot, callable(S, slot), out);
    default:
        return object_at(slot, 0, out);
    }
}

int value_take(struct lua_render *lr, enum tval_type none, struct tval *out)
{
    int top = lua_gettop(lr->S);
    if (!value_at(lr, top, none, out))
        lua_settop(lr->S, --top);
    lr->r.made = (size_t)top;
    return 0;
}

/* ---- to Lua ---- */

void value_push_object(struct lua_render *lr, struct tval v)
{
    int slot;
    lua_State *T = value_slot(lr, v, &slot);
    lua_pushvalue(T, slot); /* K has room for one: keep_object() */
    if (T != lr->S)
        lua_xmove(T, lr->S, 1);
}

static void push_moment(lua_State *L, const struct moment *m)
{
    if (m->kind == MOMENT_DATE)
        time_push_date(L, m->value.date);
    else if (m->kind == MOMENT_TIME)
        time_push_time(L, m->value.time);
    else
        time_push_datetime(L, &m->value);
}

static void push_list(lua_State *L, struct lua_render *lr, const struct tlist *list)
{
    static const char *const group[] = {"grouper", "list"};
    luaL_checkstack(L, 8, "list too deep");
    lua_createtable(L, (int)list->n, list->group ? 2 : 0);
    if (list->n == 0) { /* JSON has to know */
        json_push_array_mark(L);
        lua_setmetatable(L, -2);
    }
    for (size_t i = 0; i < list->n; i++) {
        value_push(L, lr, list->items[i]);
        if (list->group && i < 2) {
            lua_pushvalue(L, -1);
            lua_setfield(L, -3, group[i]);
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void set_int(lua_State *L, const char *name, size_t v)
{
    lua_pushinteger(L, (lua_Integer)v);
    lua_setfield(L, -2, name);
}

static void push_loop(lua_State *L, const struct render_loop *loop)
{
    luaL_checkstack(L, 8, "loops too deep");
    lua_createtable(L, 0, 8);
    set_int(L, "counter", loop->index + 1);
    set_int(L, "counter0", loop->index);
    set_int(L, "revcounter", loop->n - loop->index);
    set_int(L, "revcounter0", loop->n - loop->index - 1);
    set_int(L, "length", loop->n);
    lua_pushboolean(L, loop->index == 0);
    lua_setfield(L, -2, "first");
    lua_pushboolean(L, loop->index + 1 == loop->n);
    lua_setfield(L, -2, "last");
    if (loop->parent)
        push_loop(L, loop->parent);
    else
        lua_newtable(L);
    lua_setfield(L, -2, "parentloop");
}

/* Text that is safe and has nothing to escape is a plain string all the same: constants of
 * templates are safe, and functions want to compare them. */
static bool wants_mark(struct tval v)
{
    if (!(v.flags & TVAL_SAFE))
        return false;
    for (uint32_t i = 0; i < v.n; i++)
        if (v.u.p[i] && strchr("<>&\"'", v.u.p[i]))
            return true;
    return false;
}

void value_push(lua_State *L, struct lua_render *lr, struct tval v)
{
    switch (v.type) {
    case TVAL_BOOL:
        lua_pushboolean(L, v.u.b);
        break;
    case TVAL_INT:
        lua_pushinteger(L, v.u.i);
        break;
    case TVAL_DOUBLE:
        lua_pushnumber(L, v.u.d);
        break;
    case TVAL_STR:
        lua_pushlstring(L, v.u.p, v.n);
        if (wants_mark(v))
            safestring_mark(L);
        break;
    case TVAL_DECIMAL:
        decimal_push(L, v.u.decimal);
        break;
    case TVAL_MOMENT:
        push_moment(L, v.u.moment);
        break;
    case TVAL_TIMEDELTA:
        time_push_timedelta(L, *v.u.duration);
        break;
    case TVAL_LIST:
        push_list(L, lr, v.u.list);
        break;
    case TVAL_LOOP:
        push_loop(L, v.u.loop);
        break;
    case TVAL_OBJECT:
        if (!lua_checkstack(lr->S, 1))
            luaL_error(L, "too many values at once");
        value_push_object(lr, v);
        lua_xmove(lr->S, L, 1);
        break;
    default:
        lua_pushnil(L);
    }
}

/* ---- protected calls ---- */

int error_keep(struct lua_render *lr, lua_State *L)
{
    struct err err;
    exception_to_err(L, -1, &err);
    lua_rawseti(L, LUA_REGISTRYINDEX, lr->e->error); /* the slot exists */
    return render_fail_host(&lr->r, str_from(err.msg));
}

/* LUA_OK, or a status with the error object on L. */
static int run(lua_State *L, struct lua_render *lr, lua_CFunction step, struct step *s, bool result)
{
    int top = lua_gettop(lr->S), status;
    s->lr = lr;
    if (!lua_checkstack(L, 8) || !lua_checkstack(lr->S, 4)) {
        lua_pushliteral(L, "cannot grow the Lua stack"); /* EXTRA_STACK has room */
        return LUA_ERRMEM;
    }
    lua_pushcfunction(L, exception_handler);
    lua_pushcfunction(L, step);
    lua_pushlightuserdata(L, s);
    status = lua_pcall(L, 1, result, -3);
    if (status == LUA_OK) {
        if (result)
            lua_xmove(L, lr->S, 1);
        lua_pop(L, 1);
    } else {
        lua_remove(L, -2);
        lua_settop(lr->S, top);
    }
    return status;
}

int step_run(struct lua_render *lr, lua_CFunction step, struct step *s, bool result)
{
    lua_State *L = running_thread(lr->e);
    return run(L, lr, step, s, result) == LUA_OK ? 0 : error_keep(lr, L);
}

/* The field `name` of the error object at idx, or of its class. [-0, +1] */
static bool error_flag(lua_State *L, int idx, const char *name)
{
    bool set = false;
    if (!lua_istable(L, idx))
        return false;
    int top = lua_gettop(L);
    idx = lua_absindex(L, idx);
    lua_pushstring(L, name);
    lua_rawget(L, idx);
    set = lua_toboolean(L, -1);
    if (!set && lua_getmetatable(L, idx)) {
        lua_pushliteral(L, "__index");
        if (lua_rawget(L, -2) == LUA_TTABLE) {
            lua_pushstring(L, name);
            lua_rawget(L, -2);
            set = lua_toboolean(L, -1);
        }
    }
    lua_settop(L, top);
    return set;
}

bool error_silent(lua_State *L, int idx)
{
    return exception_is(L, idx, "ObjectDoesNotExist") ||
           (lua_checkstack(L, 6) && error_flag(L, idx, "silent_variable_failure"));
}

static bool is_missing(lua_State *L)
{
    return exception_is(L, -1, "AttributeError") || exception_is(L, -1, "KeyError") ||
           exception_is(L, -1, "IndexError") || error_silent(L, -1);
}

int step_try(struct lua_render *lr, lua_CFunction step, struct step *s, bool result)
{
    lua_State *L = running_thread(lr->e);
    if (run(L, lr, step, s, result) == LUA_OK)
        return 0;
    if (s->silent_only ? !error_silent(L, -1) : !is_missing(L))
        return error_keep(lr, L);
    lua_pop(L, 1);
    return 1;
}
