/* SPDX-License-Identifier: MIT */
/* Lua functions as receivers of the engine: called, asked whether they are there still, let
 * go.  An event of the engine becomes a table for the first of them. */
#include "bindings/signals/impl.h"

#include "bindings/http/request.h"
#include "bindings/lua/error.h"

#include "base/banned.h"
#include "base/mem.h"

bool signals_push_object(lua_State *L, const struct signal *s)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &signals_objects_key);
    bool there = lua_rawgetp(L, -1, s) == LUA_TTABLE;
    lua_remove(L, -2);
    return there;
}

/* object[name][number], the object on top. [-0, +1] */
static int push_part(lua_State *L, const char *name, lua_Integer number)
{
    lua_pushstring(L, name); /* a key of the object: there is nothing to allocate */
    lua_rawget(L, -2);
    int type = lua_rawgeti(L, -1, number);
    lua_remove(L, -2);
    return type;
}

static void clear_part(lua_State *L, const char *name, lua_Integer number)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_rawgeti(L, -1, number) != LUA_TNIL) {
        lua_pushnil(L);
        lua_rawseti(L, -3, number);
    }
    lua_pop(L, 2);
}

static bool receiver_alive(void *receiver)
{
    struct lua_receiver *r = receiver;
    lua_State *L = r->host->L;
    bool alive = false;
    if (!lua_checkstack(L, 6))
        return true;
    if (signals_push_object(L, r->signal)) {
        alive = push_part(L, "_weak", r->number) != LUA_TNIL;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return alive;
}

static void receiver_drop(void *receiver)
{
    struct lua_receiver *r = receiver;
    lua_State *L = r->host->L;
    if (L && lua_checkstack(L, 6)) {
        if (signals_push_object(L, r->signal)) {
            clear_part(L, r->weak ? "_weak" : "_refs", r->number);
            clear_part(L, "_senders", r->number);
            clear_part(L, "_uids", r->number);
        }
        lua_pop(L, 1);
    }
    free(r);
}

static void push_arg(lua_State *L, const struct signal_arg *a)
{
    switch (a->type) {
    case SIGNAL_BOOL:
        lua_pushboolean(L, a->yes);
        break;
    case SIGNAL_INT:
        lua_pushinteger(L, a->integer);
        break;
    case SIGNAL_STR:
        lua_pushlstring(L, a->text.p ? a->text.p : "", a->text.n);
        break;
    case SIGNAL_REQUEST:
        request_push(L, a->object);
        break;
    case SIGNAL_ENVIRON:
        request_push(L, a->object);
        lua_getfield(L, -1, "META");
        lua_remove(L, -2);
        break;
    case SIGNAL_EXCEPTION:
        request_exception_push(L, a->object);
        break;
    }
}

static void release_event(struct signal_event *e)
{
    struct host *h = e->host;
    if (h->L)
        luaL_unref(h->L, LUA_REGISTRYINDEX, e->script);
}

/* The event's table, made for the first receiver. [-0, +1, may raise] */
static void push_event(lua_State *L, struct signal_event *e)
{
    if (e->release) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, e->script);
        return;
    }
    lua_createtable(L, 0, (int)e->nargs + 1);
    for (size_t i = 0; i < e->nargs; i++) {
        push_arg(L, &e->args[i]);
        lua_setfield(L, -2, e->args[i].name);
    }
    signals_push_object(L, e->signal);
    lua_setfield(L, -2, "signal");
    lua_pushvalue(L, -1);
    e->script = luaL_ref(L, LUA_REGISTRYINDEX);
    e->host = host_of(L);
    e->release = release_event;
}

struct step {
    struct lua_receiver *receiver;
    struct signal_event *event;
};

static int call_step(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    struct lua_receiver *r = s->receiver;
    signals_push_object(L, r->signal);
    if (push_part(L, r->weak ? "_weak" : "_refs", r->number) == LUA_TNIL)
        return 0; /* collected since somebody looked */
    lua_insert(L, -2);
    push_part(L, "_senders", r->number);
    lua_replace(L, -2);
    push_event(L, s->event);
    lua_call(L, 2, 0);
    return 0;
}

static int receiver_call(void *receiver, const void *sender, struct signal_event *e,
                         struct err *err)
{
    struct lua_receiver *r = receiver;
    lua_State *L = host_thread(r->host);
    struct step s = {r, e};
    (void)sender; /* what connected with one has it */
    if (!L || !lua_checkstack(L, 8))
        return err_set(err, ERR_SCRIPT, "not enough memory");
    lua_pushcfunction(L, call_step);
    lua_pushlightuserdata(L, &s);
    if (script_call(L, 1, 0) == LUA_OK)
        return 0;
    exception_to_line(L, -1, err);
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "traceback");
        lua_rawget(L, -2);
        e->trace = lua_isstring(L, -1) ? mem_strdup(lua_tostring(L, -1)) : NULL;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return -1;
}

const struct receiver_ops lua_receiver_strong = {receiver_call, NULL, receiver_drop};
const struct receiver_ops lua_receiver_weak = {receiver_call, receiver_alive, receiver_drop};

void signals_detach(struct host *h)
{
    if (!h->options.signals)
        return;
    signals_on_change(h->options.signals, NULL, NULL);
    signals_clear(h->options.signals);
}
