/* SPDX-License-Identifier: MIT */
/* Private to bindings/signals.
 *
 * A signal in Lua is a table; the engine knows of its receivers only by number, and the
 * functions themselves stand in the table, so that a signal and receivers that refer to
 * each other are garbage like anything else:
 *
 *   _handle   userdata with the struct signal
 *   _refs     number -> function      _weak     number -> function, weakly
 *   _senders  number -> sender        _uids     number -> dispatch_uid
 *   send      of send.c
 *
 * signals.c    connecting, labels, the module
 * receivers.c  Lua functions as receivers of the engine
 * send.c       sending from Lua
 * quiet.c      functions that cannot return anything
 * foreign.c    receivers in C of what Lua sends */
#ifndef BINDINGS_SIGNALS_IMPL_H
#define BINDINGS_SIGNALS_IMPL_H

#include "bindings/lua/class.h"
#include "bindings/signals/signals.h"

#include <lauxlib.h>

/* Addresses as keys of the registry. */
extern const char signals_objects_key; /* struct signal -> its table, weakly */
extern const char signals_empty_key;   /* the plans after a change: none */

struct lua_receiver {
    struct host *host;
    struct signal *signal;
    lua_Integer number;
    bool weak;
};

struct lua_signal { /* behind the handle */
    struct signal *signal;
    struct host *host;
    lua_Integer last;
    const void *meta; /* the metatable of its events, by its address */
    /* Of the plan that send() has at hand: how many receivers it tells, 0 where there is none;
     * is it for events of all senders, or of which; is it a function? */
    lua_Integer at_hand;
    const void *sender;
    bool of_all, quiet;
};

extern const struct receiver_ops lua_receiver_strong, lua_receiver_weak;

/* The receiver's own data when it is a Lua function; NULL: it is in C. */
static inline struct lua_receiver *lua_receiver_of(const struct receiver *r)
{
    const struct receiver_ops *ops = receiver_ops_of(r);
    return ops == &lua_receiver_strong || ops == &lua_receiver_weak ? receiver_data(r) : NULL;
}

/* The signal's table, or nil while it is being collected. [-0, +1] */
bool signals_push_object(lua_State *L, const struct signal *s);

/* The signal of the table at index 1. [-0, +0, may raise] */
struct lua_signal *signals_check(lua_State *L);
/* The address of the sender at index 2, a label's when it has appeared; NULL when it never
 * got one. [-0, +0] */
const void *signals_sender_address(lua_State *L, const struct signal *s);

/* The answer to signal_list() may be another. */
void signals_plans_changed(void *data, struct signal *s);
int signals_l_receivers(lua_State *L);
/* Pushes the function send of a signal: the metatable of its events, adopt(signal, event) and
 * plan_of(functions, n, quiet) are at indexes 4, 5 and 6. [-0, +1, may raise] */
void signals_push_send(lua_State *L, int handle);

/* Is the value on top a function in Lua that cannot return anything? Said of many that do not,
 * never of one that does. [-0, +0] */
bool signals_is_quiet(lua_State *L);

/* Pushes a function(sender, event) that calls the receiver, which is in C and of `s`.
 * [-0, +1, may raise] */
void signals_push_foreign(lua_State *L, const struct signal *s, const struct receiver *r);

#endif
