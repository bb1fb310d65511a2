/* SPDX-License-Identifier: MIT */
/* The request as Lua sees it. */
#ifndef BINDINGS_HTTP_REQUEST_H
#define BINDINGS_HTTP_REQUEST_H

#include "http/request.h"

#include <lua.h>

/* User values of the userdata: fields that middleware attaches, the response in hand,
 * the error object in flight. */
enum { REQUEST_FIELDS = 1, REQUEST_RESPONSE, REQUEST_ERROR, REQUEST_VALUES = REQUEST_ERROR };

/* Pushes the one object that stands for r, making it at the first time. [-0, +1, may raise] */
void request_push(lua_State *L, struct request *r);
/* The request of argument `arg`; raises when it is none or has ended. */
struct request *request_check(lua_State *L, int arg);
struct request *request_test(lua_State *L, int arg);
/* The request ends: its object is detached and let go. L is any thread of the state. */
void request_detach(lua_State *L, struct request *r);

/* What was running when an error was raised. */
struct origin {
    const char *what, *who; /* "view", "shop.views.detail" */
    int function;           /* in the registry; 0: none */
};

/* Records the error object on top of the stack as the exception of r and pops it. `from`
 * may be NULL. [-1, +0] Never raises. */
void request_exception_from_lua(lua_State *L, struct request *r, const struct origin *from);
/* Pushes the error object of r->exception, made from its text when it came from C.
 * [-0, +1, may raise] */
void request_exception_push(lua_State *L, struct request *r);

int luaopen_perilune__request(lua_State *L);

#endif
