/* SPDX-License-Identifier: MIT */
/* Arguments of constructors: numbers in order, a table of names, or both. */
#include "bindings/lua/error.h"
#include "bindings/value/time_impl.h"

#include "base/suggest.h"

static void read_number(lua_State *L, const char *what, int idx, struct time_part *p)
{
    int is_integer;
    if (lua_type(L, idx) != LUA_TNUMBER)
        exception_raise(L, "TypeError", "%s: %s must be a number, not a %s", what, p->name,
                        luaL_typename(L, idx));
    p->i = lua_tointegerx(L, idx, &is_integer);
    p->d = lua_tonumber(L, idx);
    p->is_float = !is_integer;
    p->set = true;
}

static bool is_null(lua_State *L, int idx)
{
    return (lua_isboolean(L, idx) && !lua_toboolean(L, idx)) ||
           (lua_islightuserdata(L, idx) && !lua_touserdata(L, idx));
}

/* tz = false (or null) takes the zone away. */
static bool read_zone(lua_State *L, const char *what, const char *key, struct time_zone_part *zone)
{
    if (strcmp(key, "tz") == 0) {
        zone->set = true;
        zone->tz = is_null(L, -1) ? tz_none() : time_zone_arg(L, -1);
        return true;
    }
    if (strcmp(key, "fold") == 0) {
        struct time_part fold = {.name = "fold"};
        read_number(L, what, -1, &fold);
        if (fold.is_float || fold.i < 0 || fold.i > 1)
            exception_raise(L, "ValueError", "%s: fold must be 0 or 1", what);
        zone->fold = (int)fold.i;
        return true;
    }
    return false;
}

static int unknown_key(lua_State *L, const char *what, const char *key,
                       const struct time_part *parts, bool with_zone)
{
    struct suggest s;
    char text[128];
    suggest_init(&s, str_from(key));
    for (; parts->name; parts++)
        suggest_add(&s, str_from(parts->name));
    if (with_zone) {
        suggest_add(&s, STR("tz"));
        suggest_add(&s, STR("fold"));
    }
    return exception_raise(L, "TypeError", "%s has no field '%s'%s", what, key,
                           suggest_text(&s, text, sizeof text));
}

static void read_table(lua_State *L, const char *what, int idx, struct time_part *parts,
                       struct time_zone_part *zone)
{
    luaL_checkstack(L, 4, NULL);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        struct time_part *p = parts;
        if (lua_type(L, -2) != LUA_TSTRING)
            exception_raise(L, "TypeError", "%s: the table must have names, as in { %s = … }", what,
                            parts->name);
        const char *key = lua_tostring(L, -2);
        while (p->name && strcmp(p->name, key) != 0)
            p++;
        if (p->name)
            read_number(L, what, -1, p);
        else if (!zone || !read_zone(L, what, key, zone))
            unknown_key(L, what, key, parts, zone != NULL);
    }
}

void time_read_parts(lua_State *L, const char *what, int first, struct time_part *parts,
                     struct time_zone_part *zone)
{
    struct time_part *p = parts;
    int top = lua_gettop(L), idx = first;
    for (; idx <= top && lua_type(L, idx) != LUA_TTABLE; idx++) {
        if (lua_isnil(L, idx) && idx == top)
            return; /* an option table that is not there */
        if (!p->name)
            exception_raise(L, "TypeError", "%s: too many arguments", what);
        read_number(L, what, idx, p++);
    }
    if (idx > top)
        return;
    read_table(L, what, idx, parts, zone);
    if (idx < top && !(idx + 1 == top && lua_isnil(L, top)))
        exception_raise(L, "TypeError", "%s: the table of names must be the last argument", what);
}

void time_read_integers(lua_State *L, const char *what, int first, struct time_part *parts,
                        struct time_zone_part *zone)
{
    time_read_parts(L, what, first, parts, zone);
    for (struct time_part *p = parts; p->name; p++)
        if (p->set && p->is_float)
            exception_raise(L, "TypeError", "%s: %s must be an integer, not %g", what, p->name,
                            p->d);
}

int time_bad_operands(lua_State *L, const char *verb)
{
    const char *a = luaL_getmetafield(L, 1, "__name") ? lua_tostring(L, -1) : luaL_typename(L, 1);
    const char *b = luaL_getmetafield(L, 2, "__name") ? lua_tostring(L, -1) : luaL_typename(L, 2);
    return exception_raise(L, "TypeError", "cannot %s %s and %s", verb, a, b);
}
