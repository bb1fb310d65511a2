/* SPDX-License-Identifier: MIT */
/* perilune._settings: the table that settings.lua returns, into the engine's typed rows. */
#include "settings/settings.h"

#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/strs_map.h"

#include "base/banned.h"

#include <lauxlib.h>

static struct str to_str(lua_State *L, int idx)
{
    size_t n;
    const char *p = lua_tolstring(L, idx, &n);
    return str_make(p, n);
}

static int store_list(struct settings *s, enum setting_id id, lua_State *L, struct err *err)
{
    size_t n = lua_rawlen(L, -1);
    struct str *items = lua_newuserdatauv(L, (n + 1) * sizeof *items, 0);
    lua_insert(L, -2);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING) {
            int type = lua_type(L, -1);
            lua_pop(L, 1);
            return err_set(err, ERR_CONFIG,
                           "setting '%s' must be a list of strings; item %zu is a %s",
                           setting_rows[id].name, i + 1, lua_typename(L, type));
        }
        items[i] = to_str(L, -1); /* the list keeps it alive */
        lua_pop(L, 1);
    }
    return settings_set_list(s, id, items, n, err);
}

/* { ["script-src"] = { "'self'" }, ["upgrade-insecure-requests"] = true } */
static int store_map(struct settings *s, enum setting_id id, lua_State *L, struct err *err)
{
    struct strs_map m;
    char what[80];
    snprintf(what, sizeof what, "setting '%s'", setting_rows[id].name);
    return strs_map_read(L, -1, what, &m, err) == 0 ? settings_set_map(s, id, m.entries, m.n, err)
                                                    : -1;
}

/* A setting of the author's own, when it is one value: C modules ask for it as text. */
static void store_extra(struct settings *s, lua_State *L)
{
    int type = lua_type(L, -1);
    if (type == LUA_TBOOLEAN) {
        settings_set_extra(s, to_str(L, -2), lua_toboolean(L, -1) ? STR("true") : STR("false"));
    } else if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        lua_pushvalue(L, -1); /* the table keeps its number */
        settings_set_extra(s, to_str(L, -3), to_str(L, -1));
    }
}

static int store_value(struct settings *s, enum setting_id id, lua_State *L, struct err *err)
{
    if (setting_rows[id].type == SETTING_ANY)
        return 0;
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        return settings_set_bool(s, id, lua_toboolean(L, -1), err);
    case LUA_TNUMBER:
        return settings_set_number(s, id, lua_tonumber(L, -1), err);
    case LUA_TSTRING:
        return settings_set_str(s, id, to_str(L, -1), err);
    case LUA_TTABLE:
        if (setting_rows[id].type == SETTING_LIST)
            return store_list(s, id, L, err);
        if (setting_rows[id].type == SETTING_MAP)
            return store_map(s, id, L, err);
        break;
    default:
        break;
    }
    return err_set(err, ERR_CONFIG, "setting '%s' cannot be a %s", setting_rows[id].name,
                   luaL_typename(L, -1));
}

/* store(table): raises ImproperlyConfigured on what is wrong */
static int settings_l_store(lua_State *L)
{
    struct host *h = host_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        int id = lua_type(L, -2) == LUA_TSTRING ? settings_find(to_str(L, -2)) : -1;
        struct err err;
        int top = lua_gettop(L);
        if (id >= 0 && store_value(h->settings, (enum setting_id)id, L, &err) != 0)
            return exception_raise_err(L, &err);
        if (id < 0 && lua_type(L, -2) == LUA_TSTRING)
            store_extra(h->settings, L);
        lua_settop(L, top - 1);
    }
    return 0;
}

/* unset(name): the engine's default again */
static int settings_l_unset(lua_State *L)
{
    luaL_checkstring(L, 1);
    int id = settings_find(to_str(L, 1));
    if (id >= 0)
        settings_unset(host_of(L)->settings, (enum setting_id)id);
    return 0;
}

/* misspelt(name) -> the known setting it must mean, or nil */
static int settings_l_misspelt(lua_State *L)
{
    char nearest[64];
    luaL_checkstring(L, 1);
    if (!settings_misspelt(to_str(L, 1), nearest, sizeof nearest))
        return 0;
    lua_pushstring(L, nearest);
    return 1;
}

static void push_default(lua_State *L, const struct setting_row *row)
{
    switch (row->type) {
    case SETTING_BOOL:
        lua_pushboolean(L, row->fallback[0] == 't');
        break;
    case SETTING_INT:
        lua_pushinteger(L, (lua_Integer)strtoll(row->fallback, NULL, 10));
        break;
    case SETTING_FLOAT: {
        double d = strtod(row->fallback, NULL);
        if (d == (double)(lua_Integer)d)
            lua_pushinteger(L, (lua_Integer)d);
        else
            lua_pushnumber(L, d);
        break;
    }
    case SETTING_STR:
        lua_pushstring(L, row->fallback);
        break;
    case SETTING_LIST:
    case SETTING_MAP:
    case SETTING_ANY: {
        struct str part, rest = str_from(row->fallback);
        lua_newtable(L);
        for (int i = 1; rest.n && str_split(&rest, ',', &part); i++) {
            lua_pushlstring(L, part.p, part.n);
            lua_rawseti(L, -2, i);
        }
        break;
    }
    }
}

/* rows() -> list of { name, type, default, doc } */
static int settings_l_rows(lua_State *L)
{
    static const char *const types[] = {"bool", "int", "float", "str", "list", "map", "any"};
    lua_createtable(L, SETTING_COUNT, 0);
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_row *row = &setting_rows[i];
        lua_createtable(L, 0, 4);
        lua_pushstring(L, row->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, types[row->type]);
        lua_setfield(L, -2, "type");
        lua_pushstring(L, row->doc);
        lua_setfield(L, -2, "doc");
        if (row->fallback) {
            push_default(L, row);
            lua_setfield(L, -2, "default");
        }
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"store", settings_l_store},
    {"unset", settings_l_unset},
    {"misspelt", settings_l_misspelt},
    {"rows", settings_l_rows},
    {NULL, NULL},
};

int luaopen_perilune__settings(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
