/* SPDX-License-Identifier: MIT */
/* JSON from and to Lua values, for the bindings that answer with it. */
#ifndef BINDINGS_JSON_H
#define BINDINGS_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <lua.h>

struct json_style {
    const char *item, *key; /* separators: "," and ":" */
    int indent;             /* spaces; < 0: on one line */
    bool ascii;             /* \uXXXX for everything beyond ASCII */
    bool sort_keys;
};
#define JSON_STYLE_COMPACT ((struct json_style){",", ":", -1, true, true})

/* Adds the value at idx. -1 with ERR_INVALID and the place ("$.items[3]: a function has no
 * JSON") when it cannot be written. Calls metamethods (__tojson), which may raise: `out`
 * must belong to something that survives that (bindings/scratch.h). [-0, +0, may raise] */
int json_encode(lua_State *L, int idx, struct buf *out, const struct json_style *style,
                struct err *err);

/* Pushes the value of the text; null is perilune.null. -1 with *err and nothing pushed.
 * [-0, +1|0, may raise for lack of memory] */
int json_decode(lua_State *L, struct str text, unsigned max_depth, struct err *err);

/* Pushes perilune.null. [-0, +1] */
void null_push(lua_State *L);
bool null_test(lua_State *L, int idx);

#endif
