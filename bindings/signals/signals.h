/* SPDX-License-Identifier: MIT */
/* Signals between C and Lua: for whoever sends built-in signals with Lua values.
 *
 *     if (signals_has(L, SIGNAL_post_save, model)) {
 *         lua_createtable(L, 0, 4);
 *         ... instance, created, using ...
 *         signals_send(L, SIGNAL_post_save, model);
 *     }
 */
#ifndef BINDINGS_SIGNALS_SIGNALS_H
#define BINDINGS_SIGNALS_SIGNALS_H

#include "bindings/lua/host.h"

#include "signals/signals.h"

/* Does anybody listen to what the table (or other object, not a string) at idx sends? */
static inline bool signals_has(lua_State *L, enum signal_builtin which, int idx)
{
    struct signal *s = signals_builtin(host_of(L)->options.signals, which);
    return s->live != 0 && signal_listens(s, lua_topointer(L, idx));
}

/* Sends the event on top for the sender at idx; what a receiver raises goes on.
 * [-1, +0, may raise] May wait. */
void signals_send(lua_State *L, enum signal_builtin which, int idx);

/* The class on top is what "shop.Product" stands for from now on. [-0, +0, may raise] */
void signals_appeared(lua_State *L, const char *label);

/* The Lua state ends: lets its receivers go. Before lua_close(). */
void signals_detach(struct host *h);

#endif
