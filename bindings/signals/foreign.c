/* SPDX-License-Identifier: MIT */
/* Receivers in C for events that Lua sends: a function among the others of a plan, that
 * calls the receiver with an event which finds its values in Lua. */
#include "bindings/signals/impl.h"

#include "bindings/lua/error.h"
#include "bindings/value/decimal.h"
#include "bindings/value/safestring.h"

#include "base/banned.h"
#include "base/mem.h"

enum { SENDER = 1, EVENT = 2, LEVELS_MAX = 16 };

struct foreign_event {
    struct signal_event event; /* first */
    lua_State *L;              /* sender and event are at indexes 1 and 2 */
};

/* What a sender is called: a model's label, or a text itself. [-0, +1, may raise] */
static void push_sender(lua_State *L)
{
    lua_pushvalue(L, SENDER);
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "_meta");
        lua_rawget(L, -2);
        if (lua_istable(L, -1))
            lua_getfield(L, -1, "label");
    }
}

/* find(path): the value that the path leads to from the event. */
static int find_step(lua_State *L)
{
    const char *path = luaL_checkstring(L, 3);
    if (strcmp(path, "sender") == 0) {
        push_sender(L);
        return 1;
    }
    lua_pushvalue(L, EVENT);
    for (int i = 0; i < LEVELS_MAX && *path; i++) {
        const char *dot = strchr(path, '.');
        size_t n = dot ? (size_t)(dot - path) : strlen(path);
        if (!lua_istable(L, -1) && !luaL_getmetafield(L, -1, "__index")) {
            lua_pushnil(L);
            return 1;
        }
        if (!lua_istable(L, -1))
            lua_pop(L, 1);
        lua_pushlstring(L, path, n);
        lua_gettable(L, -2);
        path += n + (dot != NULL);
    }
    return 1;
}

/* The value on top; texts of decimals, dates and the like stay below it. */
static void read_value(lua_State *L, struct signal_value *out)
{
    struct str safe;
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
        break;
    case LUA_TBOOLEAN:
        out->type = SIGNAL_VALUE_BOOL;
        out->yes = lua_toboolean(L, -1);
        break;
    case LUA_TNUMBER:
        out->type = lua_isinteger(L, -1) ? SIGNAL_VALUE_INT : SIGNAL_VALUE_NUMBER;
        out->number = lua_tonumber(L, -1);
        out->integer = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        break;
    case LUA_TSTRING:
        out->type = SIGNAL_VALUE_STR;
        out->text.p = lua_tolstring(L, -1, &out->text.n);
        break;
    default:
        safe = lua_isuserdata(L, -1) ? safestring_test(L, -1) : STR_NULL;
        out->type = safe.p ? SIGNAL_VALUE_STR : SIGNAL_VALUE_OTHER;
        out->text = safe;
    }
}

static int find(struct signal_event *e, struct str path, struct signal_value *out, struct err *err)
{
    lua_State *L = ((struct foreign_event *)e)->L;
    if (!lua_checkstack(L, 8))
        return err_set(err, ERR_SCRIPT, "not enough memory");
    lua_pushcfunction(L, find_step);
    lua_pushvalue(L, SENDER);
    lua_pushvalue(L, EVENT);
    lua_pushlstring(L, path.p, path.n);
    if (script_call(L, 3, 1) != LUA_OK) {
        exception_to_line(L, -1, err);
        lua_pop(L, 1);
        return -1;
    }
    read_value(L, out); /* the value stays on the stack until the receiver returns */
    return 0;
}

/* function(sender, event); upvalues: struct signal, ops, receiver */
static int call(lua_State *L)
{
    const struct receiver_ops *ops = lua_touserdata(L, lua_upvalueindex(2));
    struct foreign_event f = {
        .event = {.signal = lua_touserdata(L, lua_upvalueindex(1)), .find = find}, .L = L};
    struct err err;
    lua_settop(L, 2);
    int status =
        ops->call(lua_touserdata(L, lua_upvalueindex(3)), lua_topointer(L, SENDER), &f.event, &err);
    free(f.event.trace);
    if (status != 0)
        exception_raise_err(L, &err);
    return 0;
}

void signals_push_foreign(lua_State *L, const struct signal *s, const struct receiver *r)
{
    lua_pushlightuserdata(L, (void *)s);
    lua_pushlightuserdata(L, (void *)receiver_ops_of(r));
    lua_pushlightuserdata(L, receiver_data(r));
    lua_pushcclosure(L, call, 3);
}
