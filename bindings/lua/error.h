/* SPDX-License-Identifier: MIT */
/* Error objects: struct err and the engine's exceptions against perilune.exceptions. */
#ifndef BINDINGS_LUA_ERROR_H
#define BINDINGS_LUA_ERROR_H

#include "base/err.h"

#include <lua.h>

/* Raises an error object of the class `name` of perilune.exceptions; its traceback
 * begins at the Lua caller. Never returns; the int is for `return exception_raise(…)`. */
int exception_raise(lua_State *L, const char *name, const char *fmt, ...)
    __attribute__((cold, format(printf, 3, 4)));

/* The same with the text of *e and the class that fits its code (ERR_INVALID:
 * ValueError, ERR_CONFIG: ImproperlyConfigured …). */
int exception_raise_err(lua_State *L, const struct err *e) __attribute__((cold));

/* The name of that class. */
const char *exception_class(enum err_code code);

/* Pushes the object instead of raising it. [-0, +1, may raise] */
void exception_push(lua_State *L, const char *name, const char *message);

/* The value on top as an error object, whatever it is; left as it is when memory is out.
 * [-1, +1] Never raises. */
void exception_wrap(lua_State *L);

/* Message handler for lua_pcall: turns whatever was raised into an error object with
 * a traceback. Never fails for lack of anything but memory. */
int exception_handler(lua_State *L);

/* Is the value at idx an error object of the class `name` or of one below it? [-0, +0] */
int exception_is(lua_State *L, int idx, const char *name);

/* Fills *e from the error object (or any value) at idx: "message", ERR_SCRIPT, or the
 * code of the class. [-0, +0] */
int exception_to_err(lua_State *L, int idx, struct err *e);
/* The same in one line that names file and line of the author's code, for logs and
 * terminals. [-0, +0] */
int exception_to_line(lua_State *L, int idx, struct err *e);

#endif
