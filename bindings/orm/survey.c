/* SPDX-License-Identifier: MIT */
/* survey(): what bulk_create() and bulk_update() have to know of all their objects before they
 * write one, found in one pass. */
#include "bindings/orm/code.h"

#include "base/banned.h"

#include <lauxlib.h>
#include <stdlib.h>

enum { FEW = 64 };

struct survey {
    lua_Integer n, wrong, keyed;
    int64_t few[FEW], *keys;
    bool partial;
    bool numbers; /* all keys are whole numbers, and in keys */
    bool rising;  /* each is more than the one before */
};

enum { OBJECTS = 1, CLASS, KEY, LOADED, STATE };

/* Whether only() or defer() left something out of the object on top. */
static bool is_partial(lua_State *L)
{
    bool partial = false;
    lua_pushvalue(L, STATE);
    if (lua_rawget(L, -2) == LUA_TTABLE) {
        lua_pushvalue(L, LOADED);
        partial = lua_rawget(L, -2) != LUA_TNIL;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return partial;
}

static void note_key(lua_State *L, struct survey *s)
{
    int is_integer = 0;
    lua_pushvalue(L, KEY);
    if (lua_rawget(L, -2) == LUA_TNIL) {
        s->numbers = false;
        return;
    }
    if (s->numbers && lua_isinteger(L, -1)) {
        int64_t key = lua_tointegerx(L, -1, &is_integer);
        s->rising = s->rising && (!s->keyed || key > s->keys[s->keyed - 1]);
        s->keys[s->keyed] = key;
    }
    s->numbers = s->numbers && is_integer;
    s->keyed++;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static bool distinct(struct survey *s)
{
    if (!s->numbers || s->rising)
        return s->numbers;
    qsort(s->keys, (size_t)s->keyed, sizeof *s->keys, compare);
    for (lua_Integer i = 1; i < s->keyed; i++)
        if (s->keys[i] == s->keys[i - 1])
            return false;
    return true;
}

/* survey(objects, class, key) → the first that is no instance of the class or nil, how many have
 * a key, whether their keys are whole numbers and no two the same (else false, whatever they
 * are), whether only() or defer() left fields out of one.  key: the attribute, false for keys of
 * several columns. */
static int l_survey(lua_State *L)
{
    struct survey s = {.numbers = true, .rising = true};
    luaL_checktype(L, OBJECTS, LUA_TTABLE);
    luaL_checktype(L, CLASS, LUA_TTABLE);
    lua_settop(L, KEY);
    lua_pushliteral(L, "loaded");
    lua_pushliteral(L, ORM_STATE);
    s.n = (lua_Integer)lua_rawlen(L, OBJECTS);
    s.keys = s.few;
    if (s.n > FEW)
        s.keys = lua_newuserdatauv(L, (size_t)s.n * sizeof *s.keys, 0);
    int top = lua_gettop(L);
    bool keyed = lua_type(L, KEY) == LUA_TSTRING;
    for (lua_Integer i = 1; i <= s.n && !s.wrong; i++) {
        if (lua_rawgeti(L, OBJECTS, i) != LUA_TTABLE || !lua_getmetatable(L, -1) ||
            !lua_rawequal(L, -1, CLASS)) {
            s.wrong = i;
            break;
        }
        lua_pop(L, 1);
        s.partial = s.partial || is_partial(L);
        if (keyed)
            note_key(L, &s);
        lua_settop(L, top);
    }
    lua_settop(L, top);
    if (s.wrong)
        lua_pushinteger(L, s.wrong);
    else
        lua_pushnil(L);
    lua_pushinteger(L, s.keyed);
    lua_pushboolean(L, keyed && distinct(&s));
    lua_pushboolean(L, s.partial);
    return 4;
}

void orm_open_survey(lua_State *L)
{
    lua_pushcfunction(L, l_survey);
    lua_setfield(L, -2, "survey");
}
