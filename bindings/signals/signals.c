/* SPDX-License-Identifier: MIT */
/* perilune._signals: the engine's dispatcher for perilune/signals.lua.
 *
 * Senders and dispatch_uids are compared by address; strings, numbers and booleans get one
 * in a table of the registry when somebody connects with them. */
#include "bindings/signals/impl.h"

#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"

#include "base/banned.h"
#include "base/mem.h"

/* Addresses as keys of the registry. */
const char signals_objects_key = 0;
const char signals_empty_key = 0;
static const char addresses_key = 0; /* value -> userdata, whose address stands for it */
static const char classes_key = 0;   /* lower-case label -> class; keeps it alive */

static const struct class handle_class = {.name = "perilune.signals.Signal"};

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

/* ---- connecting ---- */

struct lua_signal *signals_check(lua_State *L)
{
    struct lua_signal *s = NULL;
    if (lua_istable(L, 1)) {
        lua_pushliteral(L, "_handle");
        lua_rawget(L, 1);
        s = class_test(L, -1, &handle_class);
        lua_pop(L, 1);
    }
    if (!s)
        exception_raise(L, "TypeError",
                        "signal expected; its functions are called with a colon, as "
                        "in paid:send(sender, event)");
    return s;
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
    if (!str_has(str_skip(*label, 1), '.') || str_ends(*label, STR(".")))
        exception_raise(L, "ValueError", "the sender '%s' is no model: it is written \"app.Model\"",
                        label->p);
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
    struct lua_signal *s = signals_check(L);
    lua_settop(L, 5);
    struct signal_connection c = {.ops = lua_toboolean(L, 5) ? &lua_receiver_weak
                                                             : &lua_receiver_strong};
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
    struct lua_signal *s = signals_check(L);
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
    struct lua_signal *s = signals_check(L);
    lua_pushboolean(L, signal_disconnect_id(s->signal, (uint64_t)luaL_checkinteger(L, 2)));
    return 1;
}

const void *signals_sender_address(lua_State *L, const struct signal *s)
{
    struct str label;
    return is_label(L, 2, s, &label) ? signals_find(s->owner, label) : address_of(L, 2, false);
}

/* has(signal, sender) -> boolean */
static int signals_l_has(lua_State *L)
{
    struct lua_signal *s = signals_check(L);
    lua_pushboolean(L, signal_has(s->signal, signals_sender_address(L, s->signal)));
    return 1;
}

static void drop_signal(void *object)
{
    signal_free(object);
}

/* listens(sender): as has(), a function of one signal that costs a branch where nobody
 * listens */
static int signals_l_listens(lua_State *L)
{
    const struct handle *h = lua_touserdata(L, lua_upvalueindex(1));
    struct signal *s = ((const struct lua_signal *)h->object)->signal;
    bool listens = false;
    if (s->live) {
        lua_settop(L, 1);
        lua_pushnil(L);
        lua_insert(L, 1);
        listens = signal_has(s, signals_sender_address(L, s));
    }
    lua_pushboolean(L, listens);
    return 1;
}

/* open(object, index or nil, labelled, metatable of its events, adopt, plan_of, name or nil)
 * -> send, listens(sender); gives the table its handle */
static int signals_l_open(lua_State *L)
{
    struct host *h = host_of(L);
    lua_Integer index = luaL_optinteger(L, 2, 0);
    bool labelled = lua_toboolean(L, 3);
    lua_settop(L, 7);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &signals_objects_key);
    struct lua_signal *s = class_new(L, &handle_class, sizeof *s);
    s->host = h;
    s->meta = lua_topointer(L, 4);
    lua_pushvalue(L, -1);
    lua_setfield(L, 1, "_handle");
    if (index) {
        s->signal = signals_builtin(h->options.signals, (enum signal_builtin)(index - 1));
    } else {
        struct keep_slot *slot = keep_reserve(L);
        s->signal = signal_new(h->options.signals, lua_tostring(L, 7), labelled);
        *slot = (struct keep_slot){.object = s->signal, .drop = drop_signal};
    }
    lua_pushvalue(L, 1);
    lua_rawsetp(L, -3, s->signal);
    int handle = lua_gettop(L);
    signals_push_send(L, handle);
    lua_pushvalue(L, handle);
    lua_pushcclosure(L, signals_l_listens, 1);
    return 2;
}

static int signals_l_disable(lua_State *L)
{
    signal_disable(signals_check(L)->signal);
    return 0;
}

static int signals_l_enable(lua_State *L)
{
    signal_enable(signals_check(L)->signal);
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
    signals_push_object(L, s);
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

/* The functions, and `builtin`, a list of { name, labelled }. */
int luaopen_perilune__signals(lua_State *L)
{
    struct host *h = host_of(L);
    struct signals *all = h->options.signals;
    class_register(L, &handle_class);
    new_registry_table(L, &signals_objects_key, "v");
    new_registry_table(L, &addresses_key, NULL);
    new_registry_table(L, &classes_key, NULL);
    new_registry_table(L, &signals_empty_key, NULL);
    luaL_newlib(L, functions);
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
    signals_on_change(all, signals_plans_changed, h);
    return 1;
}
