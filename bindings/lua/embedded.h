/* SPDX-License-Identifier: MIT */
/* The Lua half of the standard library, compiled in as text: embed_lua() of cmake/Modules.cmake. */
#ifndef BINDINGS_LUA_EMBEDDED_H
#define BINDINGS_LUA_EMBEDDED_H

#include <stddef.h>

struct embedded_lua {
    const char *module; /* "perilune.utils.text" */
    const char *file;   /* "perilune/utils/text.lua" */
    const char *source;
    size_t length;
};

extern const struct embedded_lua embedded_lua[]; /* ends with module NULL */

#endif
