/* SPDX-License-Identifier: MIT */
/* What the two halves of the encoder share: json_encode.c knows all kinds of values,
 * json_flat.c writes tables of plain ones, which is what rows are. */
#ifndef BINDINGS_VALUE_JSON_ENCODER_H
#define BINDINGS_VALUE_JSON_ENCODER_H

#include "bindings/value/json.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <lauxlib.h>

struct json_member {
    struct str key;
    int slot; /* stack index of the key; its value follows. 0: it is here: */
    int type; /* LUA_TNUMBER, and is it an integer? LUA_TSTRING, LUA_TBOOLEAN */
    bool flag;
    unsigned at;        /* its place in the order of the table */
    const void *string; /* of lua_topointer(): the key */
    union {
        lua_Integer integer;
        lua_Number number;
        struct str text;
    } value;
};

/* What went wrong: a type that has no JSON form, or a value of one that has. */
enum json_fault { JSON_TYPE = ERR_INVALID, JSON_VALUE = ERR_TOO_LARGE };

enum { JSON_FEW_MEMBERS = 32, JSON_SHAPE_MAX = 16 };

/* The keys of the last flat object, for the next one often has the same: in the order of the
 * table, in the order written, and where the output has the text of each, `"key":`.  Short
 * strings of Lua are the same when they have the same address. */
struct json_shape {
    unsigned n;                       /* 0: none */
    bool in_order;                    /* written as they come */
    const void *keys[JSON_SHAPE_MAX]; /* of lua_topointer() */
    uint8_t order[JSON_SHAPE_MAX];
    struct {
        size_t start, n;
    } texts[JSON_SHAPE_MAX]; /* in the order written */
    size_t room;             /* for all texts, separators and numbers */
};

struct json_encoder {
    lua_State *L;
    struct buf *out;
    const struct json_style *style;
    unsigned depth, hooks; /* open tables; running __tojson */

    struct json_member few[JSON_FEW_MEMBERS], *members; /* of all open objects, in a row */
    size_t n, cap;
    struct json_shape shape;

    /* once it failed */
    bool raised; /* by __tojson: what it raised is on top of the stack */
    struct err err;
    char place[200]; /* its end is in use: ".a[3]" */
    size_t place_start;
    bool place_cut; /* steps before that had no room */
};

/* ---- errors: all give -1 ---- */

int json_fail(struct json_encoder *e, enum json_fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Put a step before the place of the error. */
int json_add_key_step(struct json_encoder *e, struct str key);
int json_add_index_step(struct json_encoder *e, lua_Integer i);

/* ---- layout ---- */

int json_enter(struct json_encoder *e, char bracket);
void json_leave(struct json_encoder *e, char bracket, bool empty);
/* Begins an item of a list or a member of an object. */
void json_begin(struct json_encoder *e, bool first);

/* ---- members and plain values ---- */

struct json_member *json_add_member(struct json_encoder *e);
void json_sort_members(struct json_member *m, size_t n);
/* The key and the separator behind it. */
int json_write_key(struct json_encoder *e, struct str key);
/* Reads the plain value on top of the stack; false when it is another one. */
bool json_read_plain(lua_State *L, struct json_member *m);
int json_write_plain(struct json_encoder *e, const struct json_member *m);

/* Writes the table at idx, which has no metatable, if all of its members are plain: 1 when it did
 * so, 0 when it is another one and nothing was written, -1 on failure. */
int json_write_flat(struct json_encoder *e, int idx);

#endif
