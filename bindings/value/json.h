/* SPDX-License-Identifier: MIT */
/* JSON from and to Lua values, for perilune.json and the bindings that answer with it. */
#ifndef BINDINGS_VALUE_JSON_H
#define BINDINGS_VALUE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <lua.h>
#include <stdbool.h>

enum { JSON_ENCODE_DEPTH = 200 };

struct json_style {
    const char *item, *key; /* separators: "," and ":" */
    int indent;             /* spaces of one level; < 0: all on one line */
    bool ascii;             /* \uXXXX for everything beyond ASCII */
    bool sort_keys;
};

/* What perilune.json.encode does without options: compact, ASCII, sorted. */
#define JSON_STYLE_COMPACT ((struct json_style){",", ":", -1, true, true})

/* Adds the value at idx to *out: 0, or -1 with *out as it was and *err with the place,
 * "cannot encode a function at $.items[3]": ERR_INVALID when a type has no JSON form,
 * ERR_TOO_LARGE for values that JSON cannot hold: strings that are not UTF-8, numbers that
 * are not finite, tables nested deeper than JSON_ENCODE_DEPTH (or in a cycle).
 *
 * A table is a list when its keys are 1..n or json.array() has marked it, and an object
 * when they are strings; an empty one is {}.  What has a metamethod __tojson is what that
 * gives for it; what it raises is raised, so `out` must belong to something that survives
 * that, and so must the style.  May wait in __tojson.  [-0, +0, may raise] */
int json_encode(lua_State *L, int idx, struct buf *out, const struct json_style *style,
                struct err *err);
/* Raises what json_encode failed with: TypeError or ValueError. Never returns. */
int json_raise(lua_State *L, const struct err *err);

/* Pushes the value of the text: 0, or -1 with *err set and nothing pushed.  null is
 * perilune.null, lists are marked as json.array() does.  `text` must stay where it is (on
 * the Lua stack) meanwhile.  [-0, +1|0, may raise for lack of memory] */
int json_decode(lua_State *L, struct str text, unsigned max_depth, struct err *err);

/* Once per state, before the others. [-0, +0, may raise] */
void json_open(lua_State *L);

/* Pushes the metatable that marks a list. [-0, +1] */
void json_push_array_mark(lua_State *L);
/* Is the metatable on top of the stack that mark? Takes it off. [-1, +0] */
bool json_pop_array_mark(lua_State *L);

#endif
