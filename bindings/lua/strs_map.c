/* SPDX-License-Identifier: MIT */
#include "bindings/lua/strs_map.h"

#include "bindings/lua/null.h"

#include "base/banned.h"

#include <lauxlib.h>

static struct str to_str(lua_State *L, int idx)
{
    size_t n;
    const char *p = lua_tolstring(L, idx, &n);
    return str_make(p, n);
}

static int wrong(const char *what, const char *key, const char *type, struct err *err)
{
    return err_set(err, ERR_CONFIG, "%s maps names to lists of strings; the value of '%s' is a %s",
                   what, key, type);
}

/* One entry, key and value on top: 1, or 0 when it says nothing. Its list becomes the part
 * of `items` from *used on. */
static int read_entry(lua_State *L, const char *what, struct strs_entry *e, struct str *items,
                      size_t *used, struct err *err)
{
    const char *key = lua_tostring(L, -2);
    size_t from = *used;
    *e = (struct strs_entry){.name = to_str(L, -2)};
    if (lua_type(L, -1) == LUA_TSTRING) {
        items[(*used)++] = to_str(L, -1);
    } else if (lua_type(L, -1) == LUA_TTABLE) {
        size_t n = lua_rawlen(L, -1);
        for (size_t i = 1; i <= n; i++) {
            if (lua_rawgeti(L, -1, (lua_Integer)i) != LUA_TSTRING)
                return wrong(what, key, "list with something else in it", err);
            items[(*used)++] = to_str(L, -1); /* the list keeps it alive */
            lua_pop(L, 1);
        }
    } else if (lua_isboolean(L, -1)) {
        e->flag = lua_toboolean(L, -1);
    } else if (!null_test(L, -1)) {
        return wrong(what, key, luaL_typename(L, -1), err);
    }
    e->values = (struct strs){items + from, *used - from};
    return e->flag || e->values.n;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct strs_entry *)a)->name, ((const struct strs_entry *)b)->name);
}

int strs_map_read(lua_State *L, int idx, const char *what, struct strs_map *out, struct err *err)
{
    size_t entries = 0, strings = 0, n = 0, used = 0;
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 8, NULL);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            return err_set(err, ERR_CONFIG, "%s maps names to lists of strings; a key is a %s",
                           what, luaL_typename(L, -2));
        entries++;
        strings += lua_istable(L, -1) ? lua_rawlen(L, -1) : 1;
    }
    struct strs_entry *list = lua_newuserdatauv(L, (entries + 1) * sizeof *list, 0);
    struct str *items = lua_newuserdatauv(L, (strings + 1) * sizeof *items, 0);
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        int found = read_entry(L, what, &list[n], items, &used, err);
        if (found < 0)
            return -1;
        n += (size_t)found;
    }
    if (n)
        qsort(list, n, sizeof *list, by_name);
    *out = (struct strs_map){list, n};
    return 0;
}
