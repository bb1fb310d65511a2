/* SPDX-License-Identifier: MIT */
/* perilune._signals: the engine's dispatcher for perilune/signals.lua.
 *
 * A signal in Lua is a table; the engine knows of its receivers only by number, and the
 * functions themselves stand in the table, so that a signal and receivers that refer to
 * each other are garbage like anything else:
 *
 *   _handle   userdata with the struct signal
 *   _refs     number -> function      _weak     number -> function, weakly
 *   _senders  number -> sender        _uids     number -> dispatch_uid
 *   send      send_closure(), below
 *
 * Senders and dispatch_uids are compared by address; strings, numbers and booleans get one
 * in a table of the registry when somebody connects with them. */
#include "bindings/signals/signals.h"

#include "bindings/http/request.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"

#include "base/banned.h"
#include "base/mem.h"

#include <lauxlib.h>

/* Addresses as keys of the registry. */
static const char objects_key = 0;   /* struct signal -> its table, weakly */
static const char addresses_key = 0; /* value -> userdata, whose address stands for it */
static const char classes_key = 0;   /* lower-case label -> class; keeps it alive */
static const char empty_key = 0;     /* the plans after a change: none */

struct lua_receiver {
    struct host *host;
    struct signal *signal;
    lua_Integer number;
    bool weak;
};

/* Upvalues of `send`. */
enum {
    SEND_HANDLE = 1,
    SEND_PLANS,
    SEND_META,
    SEND_ADOPT,
    SEND_NOTHING,
    SEND_KEY, /* "signal" */
    SEND_UPVALUES = SEND_KEY
};

struct lua_signal { /* behind the handle */
    struct signal *signal;
    struct host *host;
    lua_Integer last;
};

/* ---- addresses ---- */

/* The address that stands for the value at idx; NULL for nil, and for one that never got
 * one unless `make`. [-0, +0, may raise when `make`] */
static const void *address_of(lua_State *L, int idx, bool make)
{
    const void *p;
    switch (lua_type(L, idx)) {
    case LUA_TNONE:
    case LUA_TNIL:
        return NULL;
    case LUA_TSTRING:
    case LUA_TNUMBER:
    case LUA_TBOOLEAN:
        break;
    default:
        return lua_topointer(L, idx);
    }
    idx = lua_absindex(L, idx);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &addresses_key);
    lua_pushvalue(L, idx);
    if (lua_rawget(L, -2) == LUA_TNIL && make) {
        lua_pushvalue(L, idx);
        lua_newuserdatauv(L, 1, 0);
        lua_replace(L, -3);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    p = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return p;
}

/* ---- what the engine calls ---- */

/* The signal's table, or nil while it is being collected. [-0, +1] */
static bool push_object(lua_State *L, const struct signal *s)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &objects_key);
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
    if (push_object(L, r->signal)) {
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
        if (push_object(L, r->signal)) {
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
    push_object(L, e->signal);
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
    push_object(L, r->signal);
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

static const struct receiver_ops strong_ops = {receiver_call, NULL, receiver_drop};
static const struct receiver_ops weak_ops = {receiver_call, receiver_alive, receiver_drop};

/* The plans of send() are out of date. An existing value is put in the place of another:
 * nothing is allocated, nothing raises. */
static void on_change(void *data, struct signal *s)
{
    struct host *h = data;
    lua_State *L = h->L;
    if (!L || !lua_checkstack(L, 6))
        return;
    if (push_object(L, s)) {
        lua_pushliteral(L, "send");
        lua_rawget(L, -2);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &empty_key);
        lua_setupvalue(L, -2, SEND_PLANS);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void signals_detach(struct host *h)
{
    if (!h->options.signals)
        return;
    signals_on_change(h->options.signals, NULL, NULL);
    signals_clear(h->options.signals);
}

/* ---- what Lua calls ---- */

static const struct class handle_class = {.name = "perilune.signals.Signal"};

/* The signal of the table at index 1. [-0, +0, may raise] */
static struct lua_signal *check_signal(lua_State *L)
{
    struct lua_signal *s = NULL;
    if (lua_istable(L, 1)) {
        lua_pushliteral(L, "_handle");
        lua_rawget(L, 1);
        s = class_test(L, -1, &handle_class);
        lua_pop(L, 1);
    }
    if (!s)
        luaL_argerror(L, 1, "signal expected; call its methods with a colon");
    return s;
}

static void drop_signal(void *object)
{
    signal_free(object);
}

/* Is the value at idx the label of a sender of this signal? Then *label is. */
static bool is_label(lua_State *L, int idx, const struct signal *s, struct str *label)
{
    size_t n;
    *label = STR_NULL;
    if (!s->labelled || lua_type(L, idx) != LUA_TSTRING)
        return false;
    label->p = lua_tolstring(L, idx, &n);
    label->n = n;
    return true;
}

static void set_part(lua_State *L, const char *name, lua_Integer number, int idx)
{
    lua_getfield(L, 1, name);
    lua_pushvalue(L, idx);
    lua_rawseti(L, -2, number);
    lua_pop(L, 1);
}

/* connect(signal, receiver, sender, uid, weak) -> number of the connection */
static int signals_l_connect(lua_State *L)
{
    struct lua_signal *s = check_signal(L);
    struct signal_connection c = {.ops = lua_toboolean(L, 5) ? &weak_ops : &strong_ops};
    lua_settop(L, 5);
    if (!is_label(L, 3, s->signal, &c.label))
        c.sender = address_of(L, 3, true);
    c.key = lua_isnil(L, 4) ? lua_topointer(L, 2) : address_of(L, 4, true);
    lua_Integer number = ++s->last;
    set_part(L, lua_toboolean(L, 5) ? "_weak" : "_refs", number, 2);
    set_part(L, "_senders", number, 3);
    set_part(L, "_uids", number, 4);
    struct lua_receiver *r = mem_alloc(sizeof *r);
    *r = (struct lua_receiver){s->host, s->signal, number, lua_toboolean(L, 5)};
    c.receiver = r;
    lua_pushinteger(L, (lua_Integer)signal_connect(s->signal, &c));
    return 1;
}

/* disconnect(signal, receiver, sender, uid) -> boolean */
static int signals_l_disconnect(lua_State *L)
{
    struct lua_signal *s = check_signal(L);
    struct str label;
    const void *sender = NULL, *key;
    lua_settop(L, 4);
    bool is = is_label(L, 3, s->signal, &label);
    if (!is)
        sender = address_of(L, 3, false);
    key = lua_isnil(L, 4) ? lua_topointer(L, 2) : address_of(L, 4, false);
    bool known = key && (is || sender || lua_isnil(L, 3));
    lua_pushboolean(L, known && signal_disconnect(s->signal, key, sender, label));
    return 1;
}

/* off(signal, number of a connection) -> boolean */
static int signals_l_off(lua_State *L)
{
    struct lua_signal *s = check_signal(L);
    lua_pushboolean(L, signal_disconnect_id(s->signal, (uint64_t)luaL_checkinteger(L, 2)));
    return 1;
}

/* The address of the sender at index 2, a label's when it has appeared. */
static const void *sender_address(lua_State *L, const struct signal *s)
{
    struct str label;
    return is_label(L, 2, s, &label) ? signals_find(s->owner, label) : address_of(L, 2, false);
}

/* has(signal, sender) -> boolean */
static int signals_l_has(lua_State *L)
{
    struct lua_signal *s = check_signal(L);
    lua_pushboolean(L, signal_has(s->signal, sender_address(L, s->signal)));
    return 1;
}

/* receivers(signal, sender) -> list of functions, number of them, whether any is weak. A
 * weak one that is gone is left out. */
static int signals_l_receivers(lua_State *L)
{
    struct lua_signal *s = check_signal(L);
    const struct receiver_list *l = signal_list(s->signal, sender_address(L, s->signal));
    lua_Integer n = 0;
    bool weak = false;
    lua_settop(L, 1);
    lua_createtable(L, s->signal->live ? (int)l->n : 0, 0);
    lua_getfield(L, 1, "_refs");
    lua_getfield(L, 1, "_weak");
    for (size_t i = 0; s->signal->live && i < l->n; i++) {
        const struct lua_receiver *r = receiver_data(l->items[i]);
        weak |= r->weak;
        if (lua_rawgeti(L, r->weak ? 4 : 3, r->number) != LUA_TNIL)
            lua_rawseti(L, 2, ++n);
        else
            lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_pushinteger(L, n);
    lua_pushboolean(L, weak);
    return 3;
}

/* ---- sending ----
 *
 * For each list of the engine there is a plan: the functions in order, and after them what
 * to return when none of them returns anything. It stands on the stack while they run, so
 * that nothing has to be given back when one raises; functions that are weak stand in it
 * weakly. */

static bool any_weak(const struct receiver_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (((const struct lua_receiver *)receiver_data(l->items[i]))->weak)
            return true;
    return false;
}

/* Makes the plan of the list. [-0, +1, may raise] */
static void make_plan(lua_State *L, const struct receiver_list *l)
{
    lua_Integer n = 0;
    check_signal(L);
    lua_getfield(L, 1, "_refs");
    lua_getfield(L, 1, "_weak");
    lua_createtable(L, (int)l->n + 1, 0);
    for (size_t i = 0; i < l->n; i++) {
        const struct lua_receiver *r = receiver_data(l->items[i]);
        lua_rawgeti(L, r->weak ? -2 : -3, r->number);
        lua_rawseti(L, -2, ++n);
    }
    if (any_weak(l)) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &objects_key);
        lua_getmetatable(L, -1); /* weak values */
        lua_setmetatable(L, -3);
        lua_pop(L, 1);
    } else {
        lua_pushvalue(L, lua_upvalueindex(SEND_NOTHING));
        lua_pushvalue(L, -2);
        lua_pushinteger(L, n);
        lua_call(L, 2, 1);
        lua_rawseti(L, -2, n + 1);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

static void push_plan(lua_State *L, const struct receiver_list *l)
{
    lua_Integer number = (lua_Integer)l->number;
    if (lua_rawgeti(L, lua_upvalueindex(SEND_PLANS), number) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    make_plan(L, l);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &empty_key);
    if (lua_rawequal(L, -1, lua_upvalueindex(SEND_PLANS))) {
        lua_newtable(L);
        lua_replace(L, lua_upvalueindex(SEND_PLANS));
    }
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, lua_upvalueindex(SEND_PLANS), number);
}

/* The event at index 3 gets its `signal`. */
static void adopt(lua_State *L)
{
    if (lua_type(L, 3) == LUA_TTABLE) {
        if (lua_getmetatable(L, 3)) {
            bool ours = lua_rawequal(L, -1, lua_upvalueindex(SEND_META));
            lua_pop(L, 1);
            if (ours)
                return;
        } else {
            lua_pushvalue(L, lua_upvalueindex(SEND_KEY));
            bool none = lua_rawget(L, 3) == LUA_TNIL;
            lua_pop(L, 1);
            if (none) {
                lua_pushvalue(L, lua_upvalueindex(SEND_META));
                lua_setmetatable(L, 3);
                return;
            }
        }
    }
    lua_pushvalue(L, lua_upvalueindex(SEND_ADOPT));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 1);
    lua_replace(L, 3);
}

enum { SENDING_PLAN = 4, SENDING_NOTHING, SENDING_RESULTS };

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

/* send(signal, sender, event) -> list */
static int signals_l_send(lua_State *L)
{
    const struct handle *h = lua_touserdata(L, lua_upvalueindex(SEND_HANDLE));
    struct signal *s = ((const struct lua_signal *)h->object)->signal;
    lua_settop(L, 3);
    const struct receiver_list *l = s->live ? signal_list(s, sender_address(L, s)) : NULL;
    if (!l || l->n == 0) {
        lua_newtable(L);
        return 1;
    }
    lua_Integer n = (lua_Integer)l->n;
    push_plan(L, l); /* the list may go from here on */
    adopt(L);
    if (lua_rawgeti(L, SENDING_PLAN, n + 1) == LUA_TNIL) /* some are weak */
        return collect(L, 1, n);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, SENDING_PLAN, i);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_call(L, 2, 1);
        if (lua_type(L, -1) != LUA_TNIL)
            return collect(L, i + 1, n);
        lua_pop(L, 1);
    }
    return 1;
}

/* open(object, index or nil, labelled, metatable of its events, adopt, nothing) -> send;
 * gives the table its handle */
static int signals_l_open(lua_State *L)
{
    struct host *h = host_of(L);
    lua_Integer index = luaL_optinteger(L, 2, 0);
    bool labelled = lua_toboolean(L, 3);
    lua_settop(L, 6);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &objects_key);
    struct lua_signal *s = class_new(L, &handle_class, sizeof *s);
    s->host = h;
    if (index) {
        s->signal = signals_builtin(h->options.signals, (enum signal_builtin)(index - 1));
    } else {
        struct keep_slot *slot = keep_reserve(L);
        s->signal = signal_new(h->options.signals, labelled);
        *slot = (struct keep_slot){.object = s->signal, .drop = drop_signal};
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, 1, "_handle");
    lua_pushvalue(L, 1);
    lua_rawsetp(L, -3, s->signal);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &empty_key);
    for (int i = 4; i <= 6; i++)
        lua_pushvalue(L, i);
    lua_pushliteral(L, "signal");
    lua_pushcclosure(L, signals_l_send, SEND_UPVALUES);
    return 1;
}

static int signals_l_disable(lua_State *L)
{
    signal_disable(check_signal(L)->signal);
    return 0;
}

static int signals_l_enable(lua_State *L)
{
    signal_enable(check_signal(L)->signal);
    return 0;
}

/* ---- labels ---- */

/* The label at idx as the engine compares labels: only the last part in lower case. */
static void push_label_key(lua_State *L, int idx)
{
    size_t n;
    const char *p = luaL_checklstring(L, idx, &n);
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, n);
    const char *dot = memrchr(p, '.', n);
    for (size_t i = 0; i < n; i++)
        out[i] = dot && p + i < dot ? p[i] : char_lower(p[i]);
    luaL_pushresultsize(&b, n);
}

/* resolve(label, class) */
static int signals_l_resolve(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key);
    push_label_key(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, 3);
    signals_resolve(host_of(L)->options.signals, str_make(p, n), address_of(L, 2, true));
    return 0;
}

/* find(label) -> class or nil */
static int signals_l_find(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key);
    push_label_key(L, 1);
    lua_rawget(L, -2);
    return 1;
}

void signals_appeared(lua_State *L, const char *label)
{
    lua_pushcfunction(L, signals_l_resolve);
    lua_pushstring(L, label);
    lua_pushvalue(L, -3);
    lua_call(L, 2, 0);
}

void signals_send(lua_State *L, enum signal_builtin which, int idx)
{
    struct signal *s = signals_builtin(host_of(L)->options.signals, which);
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 6, NULL);
    push_object(L, s);
    lua_getfield(L, -1, "send");
    lua_insert(L, -2);
    lua_pushvalue(L, idx);
    lua_pushvalue(L, -4);
    lua_call(L, 3, 0);
    lua_pop(L, 1);
}

/* ---- module ---- */

static const luaL_Reg functions[] = {
    {"open", signals_l_open},
    {"connect", signals_l_connect},
    {"disconnect", signals_l_disconnect},
    {"off", signals_l_off},
    {"has", signals_l_has},
    {"receivers", signals_l_receivers},
    {"disable", signals_l_disable},
    {"enable", signals_l_enable},
    {"resolve", signals_l_resolve},
    {"find", signals_l_find},
    {NULL, NULL},
};

static void new_registry_table(lua_State *L, const void *key, const char *mode)
{
    lua_newtable(L);
    if (mode) {
        lua_createtable(L, 0, 1);
        lua_pushstring(L, mode);
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

/* The functions, `builtin` (a list of { name, labelled }) and `empty`. */
int luaopen_perilune__signals(lua_State *L)
{
    struct host *h = host_of(L);
    struct signals *all = h->options.signals;
    class_register(L, &handle_class);
    new_registry_table(L, &objects_key, "v");
    new_registry_table(L, &addresses_key, NULL);
    new_registry_table(L, &classes_key, NULL);
    new_registry_table(L, &empty_key, NULL);
    luaL_newlib(L, functions);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &empty_key);
    lua_setfield(L, -2, "empty");
    lua_createtable(L, SIGNAL_BUILTINS, 0);
    for (int i = 0; i < SIGNAL_BUILTINS; i++) {
        lua_createtable(L, 2, 0);
        lua_pushstring(L, all->builtin[i].name);
        lua_rawseti(L, -2, 1);
        lua_pushboolean(L, all->builtin[i].labelled);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "builtin");
    signals_on_change(all, on_change, h);
    return 1;
}
