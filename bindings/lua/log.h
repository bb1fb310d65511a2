/* SPDX-License-Identifier: MIT */
/* Loggers seen from Lua. */
#ifndef BINDINGS_LUA_LOG_H
#define BINDINGS_LUA_LOG_H

struct host;

/* The host goes: records have no request any more. */
void log_detach(struct host *h);

#endif
