/* SPDX-License-Identifier: MIT */
/* One C type seen from Lua: a table of fields, methods and metamethods.
 *
 * A handle is not the object: the userdata holds a pointer that the owner sets to
 * NULL when the object ends (class_detach), and class_check raises from then on.
 * An access costs one table lookup. */
#ifndef BINDINGS_LUA_CLASS_H
#define BINDINGS_LUA_CLASS_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

struct class_field {
    const char *name;
    /* Pushes the value. [-0, +1, may raise] */
    int (*get)(lua_State *L, void *object);
    /* Takes the value at stack index 3; NULL: read-only. [-0, +0, may raise] */
    int (*set)(lua_State *L, void *object);
};

struct class
{
    const char *name;                 /* "perilune.http.Request", for messages */
    const struct class_field *fields; /* ends with name NULL; may be NULL */
    const luaL_Reg *methods;          /* may be NULL */
    const luaL_Reg *metamethods;      /* may be NULL; no __index, __newindex, __metatable */
    /* Fields that the class does not know live in a table of the object (user value 1);
     * reading one that was never set gives nil. */
    bool attachable;
    int user_values; /* of the userdata, 1 and up; at least 1 when attachable */
    /* Read and write of keys that are neither field nor method, instead of `attachable`;
     * key at index 2, value at 3. */
    int (*index)(lua_State *L, void *object);
    int (*newindex)(lua_State *L, void *object);
};

struct handle {
    void *object; /* NULL once the owner is gone */
};

/* Makes the metatable; once per Lua state and class. [-0, +0, may raise] */
void class_register(lua_State *L, const struct class *c);

/* Of a class that is registered. [-0, +1] */
void class_push_metatable(lua_State *L, const struct class *c);

/* A new handle for `object`. [-0, +1, may raise: before it holds anything] */
struct handle *class_push(lua_State *L, const struct class *c, void *object);

/* The same with the metatable at `metatable`, for functions that have it for an upvalue. */
struct handle *class_push_with(lua_State *L, const struct class *c, int metatable, void *object);
/* A handle for no object yet, of `size` bytes in all: the first part of a struct of the
 * caller's. [-0, +1, may raise] */
struct handle *class_push_larger(lua_State *L, const struct class *c, size_t size);

/* A handle with `size` bytes behind it, zeroed, that are the object themselves. [-0, +1, may raise]
 */
void *class_new(lua_State *L, const struct class *c, size_t size);

/* The object of argument `arg`; raises on another type or an ended object. [-0, +0, may raise] */
void *class_check(lua_State *L, int arg, const struct class *c);
/* The same without raising: NULL. [-0, +0] */
void *class_test(lua_State *L, int arg, const struct class *c);
/* The object ended: every later use raises. [-0, +0] */
static inline void class_detach(struct handle *h)
{
    if (h)
        h->object = NULL;
}

#endif
