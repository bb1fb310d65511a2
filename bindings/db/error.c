/* SPDX-License-Identifier: MIT */
/* Errors of databases as error objects: what was refused, the SQL, the values (in debug;
 * they are people's data), the author's line. */
#include "bindings/lua/error.h"
#include "bindings/db/db.h"
#include "bindings/lua/host.h"
#include "bindings/lua/inspect.h"

#include "base/banned.h"
#include "settings/settings.h"

#include <lauxlib.h>

enum { SHOWN_VALUES = 50, SHOWN_BYTES = 100, SHOWN_SQL = 4000 };

static bool shows_values(lua_State *L)
{
    const struct settings *s = host_of(L)->settings;
    return !s || settings_bool(s, SETTING_debug); /* outside of a project: a script, at hand */
}

static void add_value(lua_State *L, luaL_Buffer *b, const struct db_value *v)
{
    size_t n = v->kind == DB_TEXT && v->s.n > SHOWN_BYTES ? SHOWN_BYTES : v->s.n;
    switch (v->kind) {
    case DB_NULL:
        luaL_addstring(b, "NULL");
        return;
    case DB_INT:
        lua_pushinteger(L, v->i);
        break;
    case DB_DOUBLE:
        lua_pushnumber(L, v->d);
        break;
    case DB_BLOB:
        lua_pushfstring(L, "<%I bytes>", (LUAI_UACINT)v->s.n);
        break;
    case DB_TEXT:
        luaL_addchar(b, '\'');
        luaL_addlstring(b, v->s.p, n);
        luaL_addstring(b, n < v->s.n ? "…'" : "'");
        return;
    }
    luaL_tolstring(L, -1, NULL);
    lua_remove(L, -2);
    luaL_addvalue(b);
}

static void add_values(lua_State *L, luaL_Buffer *b, const struct db_value *values, unsigned n)
{
    luaL_addstring(b, "\nparameters: ");
    if (!shows_values(L)) {
        lua_pushfstring(L, "%d, hidden (setting debug shows them)", (int)n);
        luaL_addvalue(b);
        return;
    }
    for (unsigned i = 0; i < n && i < SHOWN_VALUES; i++) {
        if (i)
            luaL_addstring(b, ", ");
        add_value(L, b, &values[i]);
    }
    if (n > SHOWN_VALUES)
        luaL_addstring(b, ", …");
}

/* The text of the message: [-0, +1, may raise] */
static void push_message(lua_State *L, const struct err *err, struct str sql,
                         const struct db_value *values, unsigned n)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, err->msg);
    if (sql.p) {
        luaL_addstring(&b, "\nSQL: ");
        luaL_addlstring(&b, sql.p, sql.n < SHOWN_SQL ? sql.n : SHOWN_SQL);
        if (n)
            add_values(L, &b, values, n);
    }
    luaL_pushresult(&b);
}

static void set_params(lua_State *L, const struct db_value *values, unsigned n)
{
    if (!shows_values(L))
        return;
    lua_createtable(L, (int)n, 0);
    for (unsigned i = 0; i < n; i++) {
        if (values[i].kind == DB_NULL)
            lua_pushlightuserdata(L, NULL);
        else
            db_push_value(L, &values[i], DB_AS_IS, tz_none());
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "params");
}

static const char *kind_of(enum err_code code)
{
    switch (code) {
    case ERR_DB_UNIQUE:
        return "unique";
    case ERR_DB_FOREIGN_KEY:
        return "foreign_key";
    case ERR_DB_NOT_NULL:
        return "not_null";
    case ERR_DB_CHECK:
        return "check";
    default:
        return NULL;
    }
}

void db_push_error(lua_State *L, const struct err *err, struct str sql,
                   const struct db_value *values, unsigned n)
{
    luaL_checkstack(L, 8, NULL);
    push_message(L, err, sql, values, n);
    exception_push(L, exception_class(err->code), lua_tostring(L, -1));
    lua_remove(L, -2);
    if (!lua_istable(L, -1))
        return;
    if (sql.p) {
        lua_pushlstring(L, sql.p, sql.n);
        lua_setfield(L, -2, "sql");
        set_params(L, values, n);
    }
    if (kind_of(err->code)) {
        lua_pushstring(L, kind_of(err->code));
        lua_setfield(L, -2, "kind");
    }
    inspect_where(L, 1);
    lua_setfield(L, -2, "where");
}

int db_raise(lua_State *L, const struct err *err)
{
    db_push_error(L, err, STR_NULL, NULL, 0);
    return lua_error(L);
}
