/* SPDX-License-Identifier: MIT */
/* Sending from Lua.
 *
 * For each list of the engine there is a plan, made in perilune/_signals_plan.lua: the
 * functions in order, and after them what to return when none of them returns anything.  Where
 * none of them can return anything (quiet.c) it is one function that calls them all: from one
 * function in Lua to the next is a shorter way than from C to each.  A plan stands on the stack
 * while it is carried out, so that nothing has to be given back when a receiver raises;
 * functions that are weak stand in it weakly.
 *
 * What counts here is how little there is besides the calls: the plan of the last sending is
 * at hand in an upvalue, a usual event costs a look at its metatable, and a receiver that
 * returns nothing leaves nothing on the stack to look at or to take away.
 * docs/decisions/0020-quiet-receivers.md has the figures. */
#include "bindings/signals/impl.h"

#include "base/banned.h"

/* Upvalues of `send`. */
enum {
    SEND_HANDLE = 1,
    SEND_PLANS,   /* number of a list -> its plan */
    SEND_AT_HAND, /* the plan that struct lua_signal describes */
    SEND_META,
    SEND_ADOPT,
    SEND_PLAN_OF, /* plan_of(functions, n, quiet) */
    SEND_KEY,     /* "signal" */
    SEND_UPVALUES = SEND_KEY
};

/* The stack of `send` while receivers are called. */
enum { SENDING_META = 4, SENDING_PLAN, SENDING_NOTHING, SENDING_RESULTS };

/* The plans of send() are out of date. Existing values are put in the place of others:
 * nothing is allocated, nothing raises. */
void signals_plans_changed(void *data, struct signal *s)
{
    struct host *h = data;
    lua_State *L = h->L;
    if (!L || !lua_checkstack(L, 6))
        return;
    if (signals_push_object(L, s)) {
        lua_pushliteral(L, "send");
        lua_rawget(L, -2);
        lua_getupvalue(L, -1, SEND_HANDLE);
        struct lua_signal *self = ((struct handle *)lua_touserdata(L, -1))->object;
        self->at_hand = 0;
        lua_rawgetp(L, LUA_REGISTRYINDEX, &signals_empty_key);
        lua_pushvalue(L, -1);
        lua_setupvalue(L, -4, SEND_PLANS);
        lua_setupvalue(L, -3, SEND_AT_HAND);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

/* The receiver as a function; nil when it is weak and gone. `_refs` and `_weak` are at refs
 * and refs + 1. [-0, +1, may raise] */
static void push_receiver(lua_State *L, const struct signal *s, const struct receiver *receiver,
                          int refs, bool *weak)
{
    const struct lua_receiver *r = lua_receiver_of(receiver);
    if (r)
        lua_rawgeti(L, r->weak ? refs + 1 : refs, r->number);
    else
        signals_push_foreign(L, s, receiver);
    *weak |= r && r->weak;
}

/* receivers(signal, sender) -> list of functions, number of them. A weak one that is gone is
 * left out. */
int signals_l_receivers(lua_State *L)
{
    struct lua_signal *s = signals_check(L);
    const struct receiver_list *l = signal_list(s->signal, signals_sender_address(L, s->signal));
    lua_Integer n = 0;
    bool weak = false;
    lua_settop(L, 1);
    lua_createtable(L, s->signal->live ? (int)l->n : 0, 0);
    lua_getfield(L, 1, "_refs");
    lua_getfield(L, 1, "_weak");
    for (size_t i = 0; s->signal->live && i < l->n; i++) {
        push_receiver(L, s->signal, l->items[i], 3, &weak);
        if (!lua_isnil(L, -1))
            lua_rawseti(L, 2, ++n);
        else
            lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_pushinteger(L, n);
    return 2;
}

/* Makes the plan of the list. [-0, +1, may raise] */
static void make_plan(lua_State *L, const struct receiver_list *l)
{
    const struct signal *s = signals_check(L)->signal;
    lua_Integer n = 0;
    bool weak = false, quiet = true;
    lua_createtable(L, (int)l->n + 1, 0);
    int plan = lua_gettop(L);
    lua_getfield(L, 1, "_refs");
    lua_getfield(L, 1, "_weak");
    for (size_t i = 0; i < l->n; i++) {
        push_receiver(L, s, l->items[i], plan + 1, &weak);
        quiet = quiet && signals_is_quiet(L);
        lua_rawseti(L, plan, ++n);
    }
    lua_settop(L, plan);
    if (weak) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &signals_objects_key);
        lua_getmetatable(L, -1); /* weak values */
        lua_setmetatable(L, plan);
        lua_pop(L, 1);
    } else {
        lua_pushvalue(L, lua_upvalueindex(SEND_PLAN_OF));
        lua_insert(L, plan);
        lua_pushinteger(L, n);
        lua_pushboolean(L, quiet);
        lua_call(L, 3, 1);
    }
}

static void push_plan(lua_State *L, const struct receiver_list *l)
{
    lua_Integer number = (lua_Integer)l->number;
    if (lua_rawgeti(L, lua_upvalueindex(SEND_PLANS), number) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    make_plan(L, l);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &signals_empty_key);
    if (lua_rawequal(L, -1, lua_upvalueindex(SEND_PLANS))) {
        lua_newtable(L);
        lua_replace(L, lua_upvalueindex(SEND_PLANS));
    }
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, lua_upvalueindex(SEND_PLANS), number);
}

/* The event at index 3 gets its `signal`: from the metatable that all events of the signal
 * have, or that it gets now, which is pushed; what is unusual is for a function in Lua, which
 * may do anything: false then. [-0, +1, may raise] */
static bool adopt(lua_State *L, const struct lua_signal *s)
{
    if (lua_getmetatable(L, 3)) {
        if (lua_topointer(L, -1) == s->meta)
            return true;
        lua_pop(L, 1);
    } else if (lua_type(L, 3) == LUA_TTABLE) {
        lua_pushvalue(L, lua_upvalueindex(SEND_KEY));
        bool none = lua_rawget(L, 3) == LUA_TNIL;
        lua_pop(L, 1);
        lua_pushvalue(L, lua_upvalueindex(SEND_META));
        if (none) {
            lua_pushvalue(L, -1);
            lua_setmetatable(L, 3);
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pushvalue(L, lua_upvalueindex(SEND_ADOPT));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 1);
    lua_replace(L, 3);
    lua_pushnil(L);
    return false;
}

/* results[#results + 1] = { receiver =, response = the value on top }. [-1, +0] */
static void add_result(lua_State *L, lua_Integer i)
{
    lua_createtable(L, 0, 2);
    lua_rawgeti(L, SENDING_PLAN, i);
    lua_setfield(L, -2, "receiver");
    lua_insert(L, -2);
    lua_setfield(L, -2, "response");
    lua_rawseti(L, SENDING_RESULTS, (lua_Integer)lua_rawlen(L, SENDING_RESULTS) + 1);
}

/* Calls the receivers from the i-th on and gives the list of results; those before it had
 * none, but for the one just before, whose response is on top. */
static int collect(lua_State *L, lua_Integer i, lua_Integer n)
{
    lua_createtable(L, (int)n, 0);
    lua_insert(L, SENDING_RESULTS);
    for (lua_Integer k = 1; k < i; k++) {
        if (k < i - 1)
            lua_pushnil(L);
        else
            lua_pushvalue(L, SENDING_RESULTS + 1);
        add_result(L, k);
    }
    for (; i <= n; i++) {
        if (lua_rawgeti(L, SENDING_PLAN, i) == LUA_TNIL) { /* weak, and gone */
            lua_pop(L, 1);
            continue;
        }
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_call(L, 2, 1);
        add_result(L, i);
    }
    lua_settop(L, SENDING_RESULTS);
    return 1;
}

/* Carries out the plan on top, a table. */
static int call_each(lua_State *L, lua_Integer n)
{
    if (lua_rawgeti(L, SENDING_PLAN, n + 1) == LUA_TNIL) /* some are weak */
        return collect(L, 1, n);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, SENDING_PLAN, i);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_call(L, 2, LUA_MULTRET);
        if (lua_gettop(L) == SENDING_NOTHING)
            continue;
        lua_settop(L, SENDING_NOTHING + 1);
        if (!lua_isnil(L, -1))
            return collect(L, i + 1, n);
        lua_pop(L, 1);
    }
    return 1;
}

/* Is the plan at hand the one for the sender at index 2? Strings, numbers and booleans have
 * no address of their own: plans for them are never at hand, but for those of all senders. */
static bool at_hand(lua_State *L, const struct lua_signal *s)
{
    if (s->at_hand == 0)
        return false;
    if (s->of_all)
        return !s->signal->labelled || lua_type(L, 2) != LUA_TSTRING;
    return lua_topointer(L, 2) == s->sender;
}

/* The plan on top is that of the list, found for the sender at index 2. [-0, +0] */
static void keep_at_hand(lua_State *L, struct lua_signal *s, const struct receiver_list *l)
{
    const void *sender = lua_topointer(L, 2);
    bool of_all = signal_list_is_only(s->signal);
    if (!of_all && (!sender || sender != l->sender))
        return;
    s->at_hand = (lua_Integer)l->n;
    s->of_all = of_all;
    s->sender = sender;
    s->quiet = lua_isfunction(L, -1);
    lua_pushvalue(L, -1);
    lua_replace(L, lua_upvalueindex(SEND_AT_HAND));
}

/* send(signal, sender, event) -> list */
static int signals_l_send(lua_State *L)
{
    const struct handle *h = lua_touserdata(L, lua_upvalueindex(SEND_HANDLE));
    struct lua_signal *self = h->object;
    struct signal *s = self->signal;
    if (lua_gettop(L) != 3)
        lua_settop(L, 3);
    if (at_hand(L, self)) {
        if (adopt(L, self)) {
            if (!self->quiet) {
                lua_pushvalue(L, lua_upvalueindex(SEND_AT_HAND));
                return call_each(L, self->at_hand);
            }
            lua_copy(L, lua_upvalueindex(SEND_AT_HAND), 1);
            lua_call(L, 3, 1); /* the third, the metatable, is looked at by nobody */
            return 1;
        }
        lua_settop(L, 3);
    }
    const struct receiver_list *l = s->live ? signal_list(s, signals_sender_address(L, s)) : NULL;
    if (!l || l->n == 0) {
        lua_newtable(L);
        return 1;
    }
    lua_Integer n = (lua_Integer)l->n;
    push_plan(L, l);
    keep_at_hand(L, self, l);
    adopt(L, self); /* the list may go from here on */
    lua_insert(L, SENDING_META);
    if (!lua_isfunction(L, SENDING_PLAN))
        return call_each(L, n);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 1);
    return 1;
}

void signals_push_send(lua_State *L, int handle)
{
    lua_pushvalue(L, handle);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &signals_empty_key);
    lua_pushnil(L);
    for (int i = 4; i <= 6; i++)
        lua_pushvalue(L, i);
    lua_pushliteral(L, "signal");
    lua_pushcclosure(L, signals_l_send, SEND_UPVALUES);
}
