/* SPDX-License-Identifier: MIT */
#include "bindings/lua/class.h"

#include "bindings/lua/error.h"

#include "base/suggest.h"

/* The metatable stands in the registry under the class's address, and has that address for
 * its first element: an instance is known without any search. */

enum { METATABLE_CLASS = 1 };

static bool is_instance(lua_State *L, int arg, const struct class *c)
{
    bool same;
    if (lua_type(L, arg) != LUA_TUSERDATA || !lua_getmetatable(L, arg))
        return false;
    same = lua_rawgeti(L, -1, METATABLE_CLASS) == LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) == c;
    lua_pop(L, 2);
    return same;
}

void *class_test(lua_State *L, int arg, const struct class *c)
{
    return is_instance(L, arg, c) ? ((struct handle *)lua_touserdata(L, arg))->object : NULL;
}

void *class_check(lua_State *L, int arg, const struct class *c)
{
    struct handle *h;
    if (!is_instance(L, arg, c))
        luaL_typeerror(L, arg, c->name);
    h = lua_touserdata(L, arg);
    if (!h->object)
        luaL_error(L, "%s used after it ended; keep the values you need, not the object", c->name);
    return h->object;
}

/* Upvalues of the index functions: [1] light class, [2] members. A member is a function
 * (method) or a light userdata (row of a field). */

static int unknown_field(lua_State *L, const struct class *c)
{
    struct suggest s;
    char text[128];
    size_t n;
    const char *key = luaL_tolstring(L, 2, &n);
    suggest_init(&s, str_make(key, n));
    for (const struct class_field *f = c->fields; f && f->name; f++)
        suggest_add(&s, str_from(f->name));
    for (const luaL_Reg *m = c->methods; m && m->name; m++)
        suggest_add(&s, str_from(m->name));
    return exception_raise(L, "AttributeError", "%s has no field '%s'%s", c->name, key,
                           suggest_text(&s, text, sizeof text));
}

static int class_index(lua_State *L)
{
    const struct class *c = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushvalue(L, 2);
    switch (lua_rawget(L, lua_upvalueindex(2))) {
    case LUA_TFUNCTION:
        return 1;
    case LUA_TLIGHTUSERDATA: {
        const struct class_field *f = lua_touserdata(L, -1);
        return f->get(L, class_check(L, 1, c));
    }
    default:
        if (c->index)
            return c->index(L, class_check(L, 1, c));
        if (!c->attachable)
            return unknown_field(L, c);
        class_check(L, 1, c);
        if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE)
            return 0;
        lua_pushvalue(L, 2);
        lua_rawget(L, -2);
        return 1;
    }
}

static int class_newindex(lua_State *L)
{
    const struct class *c = lua_touserdata(L, lua_upvalueindex(1));
    void *object = class_check(L, 1, c);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TLIGHTUSERDATA) {
        const struct class_field *f = lua_touserdata(L, -1);
        lua_pop(L, 1);
        if (!f->set)
            return exception_raise(L, "AttributeError", "field '%s' of %s is read-only", f->name,
                                   c->name);
        return f->set(L, object);
    }
    if (lua_isfunction(L, -1) && !c->index)
        return exception_raise(L, "AttributeError", "'%s' is a method of %s", lua_tostring(L, 2),
                               c->name);
    lua_pop(L, 1);
    if (c->newindex)
        return c->newindex(L, object);
    if (!c->attachable)
        return unknown_field(L, c);
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 4);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, 1);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, -3);
    return 0;
}

void class_push_metatable(lua_State *L, const struct class *c)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, c);
}

void class_register(lua_State *L, const struct class *c)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, c) == LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    lua_createtable(L, METATABLE_CLASS, 8);
    lua_pushlightuserdata(L, (void *)c);
    lua_rawseti(L, -2, METATABLE_CLASS);
    if (c->metamethods)
        luaL_setfuncs(L, c->metamethods, 0);
    lua_pushstring(L, c->name);
    lua_setfield(L, -2, "__name");
    lua_pushstring(L, c->name); /* hides the metatable: its functions trust their arguments */
    lua_setfield(L, -2, "__metatable");

    lua_newtable(L);
    if (c->methods)
        luaL_setfuncs(L, c->methods, 0);
    for (const struct class_field *f = c->fields; f && f->name; f++) {
        lua_pushlightuserdata(L, (void *)f);
        lua_setfield(L, -2, f->name);
    }
    lua_pushlightuserdata(L, (void *)c);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, class_index, 2);
    lua_setfield(L, -3, "__index");
    lua_pushlightuserdata(L, (void *)c);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, class_newindex, 2);
    lua_setfield(L, -3, "__newindex");
    lua_pop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, c);
}

/* Without a metatable. [-0, +1, may raise] */
static struct handle *new_block(lua_State *L, const struct class *c, size_t size)
{
    int values = c->user_values > c->attachable ? c->user_values : c->attachable;
    struct handle *h = lua_newuserdatauv(L, size, values);
    h->object = NULL; /* consistent before anything can raise */
    return h;
}

static struct handle *new_handle(lua_State *L, const struct class *c, size_t size)
{
    struct handle *h = new_block(L, c, size);
    lua_rawgetp(L, LUA_REGISTRYINDEX, c);
    lua_setmetatable(L, -2);
    return h;
}

struct handle *class_push(lua_State *L, const struct class *c, void *object)
{
    struct handle *h = new_handle(L, c, sizeof *h);
    h->object = object;
    return h;
}

struct handle *class_push_larger(lua_State *L, const struct class *c, size_t size)
{
    return new_handle(L, c, size);
}

struct handle *class_push_with(lua_State *L, const struct class *c, int metatable, void *object)
{
    struct handle *h = new_block(L, c, sizeof *h);
    lua_pushvalue(L, metatable);
    lua_setmetatable(L, -2);
    h->object = object;
    return h;
}

void *class_new(lua_State *L, const struct class *c, size_t size)
{
    struct {
        struct handle handle;
        _Alignas(8) char object[];
    } * h;
    h = (void *)new_handle(L, c, sizeof *h + size);
    memset(h->object, 0, size);
    h->handle.object = h->object;
    return h->object;
}
