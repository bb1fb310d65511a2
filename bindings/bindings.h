/* SPDX-License-Identifier: MIT */
/* What main.c needs of the Lua side: the script host as a table of functions. */
#ifndef BINDINGS_BINDINGS_H
#define BINDINGS_BINDINGS_H

#include "app/script.h"

extern const struct script_ops lua_script_ops;

#endif
