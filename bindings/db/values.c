/* SPDX-License-Identifier: MIT */
/* Lua values as parameters and columns as Lua values, in the forms that Django stores in
 * SQLite. */
#include "bindings/db/db.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/null.h"
#include "bindings/value/decimal.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"
#include "value/dateparse.h"

#include <lauxlib.h>
#include <math.h>

/* ---- in ---- */

static int cannot_bind(lua_State *L, int idx, unsigned number)
{
    const char *hint = lua_istable(L, idx) ? "; a list of values needs a placeholder for each, and "
                                             "JSON is for JSONField"
                                           : "";
    return exception_raise(L, "TypeError", "parameter %u is a %s, which a database cannot store%s",
                           number, luaL_typename(L, idx), hint);
}

/* Python's adapter: naive, in the zone of the database. */
static void add_datetime(lua_State *L, struct buf *out, const struct datetime *d, struct tz zone)
{
    struct datetime naive = *d;
    struct err err;
    if (d->tz.kind != TZ_NONE && zone.kind == TZ_NONE)
        exception_raise(L, "ValueError",
                        "this database does not store datetimes with a zone while setting use_tz "
                        "is false");
    if (d->tz.kind != TZ_NONE && datetime_astimezone(d, zone, &naive, &err) != 0)
        exception_raise_err(L, &err);
    naive.tz = tz_none();
    datetime_add_iso(out, &naive, ' ');
}

enum { MOMENT_TEXT = 64 };

/* The text of a date, time or datetime, pushed. false when it is none. */
static bool push_moment(lua_State *L, int idx, struct tz zone)
{
    const struct date *d = time_test_date(L, idx);
    const struct daytime *t = d ? NULL : time_test_time(L, idx);
    const struct datetime *dt = d || t ? NULL : time_test_datetime(L, idx);
    char room[MOMENT_TEXT];
    struct buf text = {room, 0, sizeof room}; /* long enough: it never grows */
    if (d)
        date_add_iso(&text, *d);
    else if (t)
        daytime_add_iso(&text, *t);
    else if (dt)
        add_datetime(L, &text, dt, zone);
    else
        return false;
    lua_pushlstring(L, text.data, text.n);
    return true;
}

static void push_decimal(lua_State *L, const struct decimal *d)
{
    luaL_Buffer b;
    size_t n = decimal_write(d, luaL_buffinitsize(L, &b, DECIMAL_TEXT_MAX));
    luaL_pushresultsize(&b, n);
}

static void take_text(lua_State *L, struct db_value *out)
{
    out->kind = DB_TEXT;
    out->s.p = lua_tolstring(L, -1, &out->s.n);
}

static void bind_userdata(lua_State *L, int idx, unsigned number, struct tz zone,
                          struct db_value *out)
{
    const struct decimal *decimal = decimal_test(L, idx);
    const struct duration *duration = time_test_timedelta(L, idx);
    struct err err;
    if (decimal) {
        push_decimal(L, decimal);
        take_text(L, out);
    } else if (duration) {
        out->kind = DB_INT;
        if (duration_to_int64(*duration, &out->i, &err) != 0)
            exception_raise_err(L, &err);
        lua_pushnil(L);
    } else if (push_moment(L, idx, zone)) {
        take_text(L, out);
    } else {
        cannot_bind(L, idx, number);
    }
}

/* db.binary(): a table { bytes, [marker] = true } of one metatable. */
static bool is_binary(lua_State *L, int idx)
{
    bool yes = lua_istable(L, idx) && luaL_getmetafield(L, idx, "__name") == LUA_TSTRING;
    if (!yes)
        return false;
    yes = strcmp(lua_tostring(L, -1), "perilune.db.Binary") == 0;
    lua_pop(L, 1);
    return yes;
}

void db_bind_value(lua_State *L, int idx, unsigned number, struct tz zone, struct db_value *out)
{
    idx = lua_absindex(L, idx);
    *out = db_null();
    switch (lua_type(L, idx)) {
    case LUA_TSTRING:
        lua_pushvalue(L, idx);
        take_text(L, out);
        return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx))
            *out = db_int(lua_tointeger(L, idx));
        else
            *out = db_double(lua_tonumber(L, idx));
        if (out->kind == DB_DOUBLE && isnan(out->d))
            exception_raise(L, "ValueError", "parameter %u is NaN, which is no value", number);
        break;
    case LUA_TBOOLEAN:
        *out = db_int(lua_toboolean(L, idx));
        break;
    case LUA_TLIGHTUSERDATA:
        if (!null_test(L, idx))
            cannot_bind(L, idx, number);
        break;
    case LUA_TUSERDATA:
        bind_userdata(L, idx, number, zone, out);
        return;
    case LUA_TNIL:
        exception_raise(L, "TypeError", "parameter %u is nil; perilune.null stands for NULL",
                        number);
        return;
    case LUA_TTABLE:
        if (is_binary(L, idx) && lua_rawgeti(L, idx, 1) == LUA_TSTRING) {
            take_text(L, out);
            out->kind = DB_BLOB;
            return;
        }
        cannot_bind(L, idx, number);
        return;
    default:
        cannot_bind(L, idx, number);
    }
    lua_pushnil(L);
}

/* ---- out ---- */

static bool push_converted(lua_State *L, struct str s, enum db_convert convert, struct tz zone)
{
    struct date date;
    struct daytime time;
    struct datetime dt;
    struct err err;
    switch (convert) {
    case DB_AS_DATE:
        if (dateparse_date(s, &date, &err) != 1)
            return false;
        time_push_date(L, date);
        return true;
    case DB_AS_TIME:
        if (dateparse_time(s, &time, &err) != 1)
            return false;
        time_push_time(L, time);
        return true;
    case DB_AS_DATETIME:
        if (dateparse_datetime(s, &dt, &err) != 1)
            return false;
        if (dt.tz.kind == TZ_NONE)
            dt.tz = zone;
        time_push_datetime(L, &dt);
        return true;
    default:
        return false;
    }
}

void db_push_value(lua_State *L, const struct db_value *v, enum db_convert convert, struct tz zone)
{
    switch (v->kind) {
    case DB_NULL:
        lua_pushnil(L);
        break;
    case DB_INT:
        if (convert == DB_AS_BOOL)
            lua_pushboolean(L, v->i != 0);
        else
            lua_pushinteger(L, v->i);
        break;
    case DB_DOUBLE:
        lua_pushnumber(L, v->d);
        break;
    case DB_TEXT:
        /* What does not read as its type is given as it stands. */
        if (convert == DB_AS_IS || !push_converted(L, v->s, convert, zone))
            lua_pushlstring(L, v->s.p, v->s.n);
        break;
    case DB_BLOB:
        lua_pushlstring(L, v->s.p, v->s.n);
        break;
    }
}
