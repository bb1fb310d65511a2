/* SPDX-License-Identifier: MIT */
/* Lua values as operands of query code. */
#include "bindings/orm/code.h"

#include "bindings/lua/error.h"
#include "bindings/lua/null.h"
#include "bindings/value/decimal.h"
#include "bindings/value/json.h"
#include "bindings/value/safestring.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"

#include <lauxlib.h>

static const char model_key = 'm'; /* of classes: their model, by the address of this */

/* ---- classes and instances ---- */

void orm_mark_class(lua_State *L, int idx, const struct model *m)
{
    idx = lua_absindex(L, idx);
    lua_pushlightuserdata(L, (void *)m);
    lua_rawsetp(L, idx, &model_key);
}

const struct model *orm_class_model(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TTABLE)
        return NULL;
    lua_rawgetp(L, idx, &model_key);
    const struct model *m = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return m;
}

const struct model *orm_instance_model(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TTABLE || !lua_getmetatable(L, idx))
        return NULL;
    const struct model *m = orm_class_model(L, -1);
    lua_pop(L, 1);
    return m;
}

/* ---- scalars ---- */

static bool moment_value(lua_State *L, int idx, struct value *v)
{
    struct moment m;
    if (!time_test_moment(L, idx, &m)) {
        const struct duration *d = time_test_timedelta(L, idx);
        if (!d)
            return false;
        v->kind = VALUE_DURATION;
        v->i = (int64_t)duration_total(*d);
        return true;
    }
    const struct daytime *t = &m.value.time;
    switch (m.kind) {
    case MOMENT_DATE:
        v->kind = VALUE_DATE;
        v->i = date_ordinal(m.value.date);
        return true;
    case MOMENT_TIME:
        v->kind = VALUE_TIME;
        v->i = ((t->hour * 60 + t->minute) * 60 + t->second) * DURATION_SECOND + t->microsecond;
        return true;
    default:
        v->kind = m.value.tz.kind == TZ_NONE ? VALUE_NAIVE : VALUE_DATETIME;
        v->i = datetime_epoch_micros(&m.value);
        return true;
    }
}

static bool userdata_value(lua_State *L, int idx, struct value *v)
{
    const struct decimal *d = decimal_test(L, idx);
    if (d) {
        v->kind = VALUE_DECIMAL;
        v->text = str_make((const char *)d, decimal_size(d));
        return true;
    }
    if (moment_value(L, idx, v))
        return true;
    struct str s = safestring_test(L, idx);
    if (!s.p)
        return false;
    v->kind = VALUE_TEXT;
    v->text = s;
    return true;
}

bool orm_to_value(lua_State *L, int idx, struct value *v)
{
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
    case LUA_TNONE:
        v->kind = VALUE_NULL;
        return true;
    case LUA_TBOOLEAN:
        v->kind = lua_toboolean(L, idx) ? VALUE_TRUE : VALUE_FALSE;
        return true;
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx)) {
            v->kind = VALUE_INT;
            v->i = lua_tointeger(L, idx);
        } else {
            v->kind = VALUE_DOUBLE;
            v->d = lua_tonumber(L, idx);
        }
        return true;
    case LUA_TSTRING:
        v->kind = VALUE_TEXT;
        v->text.p = lua_tolstring(L, idx, &v->text.n);
        return true;
    case LUA_TLIGHTUSERDATA:
        v->kind = VALUE_NULL;
        return null_test(L, idx);
    case LUA_TUSERDATA:
        return userdata_value(L, idx, v);
    default:
        return false;
    }
}

/* ---- tables ---- */

/* The code of the QuerySet or Manager at idx, pushed; NULL (and nothing) when it is none.
 * [-0, +1|0] */
static const struct code *push_query(lua_State *L, int idx)
{
    lua_pushliteral(L, "_code");
    lua_rawget(L, idx);
    const struct code *c = orm_code_test(L, -1);
    if (!c)
        lua_pop(L, 1);
    return c;
}

/* The database that using() of the QuerySet at idx names. */
static void write_database(lua_State *L, int idx, struct code_builder *b)
{
    struct str alias;
    lua_pushliteral(L, "_db");
    if (lua_rawget(L, idx) == LUA_TSTRING) {
        alias.p = lua_tolstring(L, -1, &alias.n);
        code_database(b, alias);
    }
    lua_pop(L, 1);
}

/* The values of an instance that relations may point at. */
static void write_slots(lua_State *L, int idx, struct code_builder *b, const struct model *m,
                        const char *what)
{
    for (uint32_t i = 0; i < m->n_targets; i++) {
        struct value v;
        lua_pushlstring(L, m->targets[i]->attname.p, m->targets[i]->attname.n);
        lua_rawget(L, idx);
        if (i == 0 && lua_isnil(L, -1))
            exception_raise(L, "ValueError",
                            "%s: model instances passed to related filters must be saved; this "
                            "%.*s has no key yet",
                            what, STR_ARG(m->label));
        if (!orm_to_value(L, -1, &v))
            exception_raise(L, "TypeError", "%s: '%.*s' of a %.*s is a %s", what,
                            STR_ARG(m->targets[i]->attname), STR_ARG(m->label),
                            luaL_typename(L, -1));
        code_slot(b, &v);
        lua_pop(L, 1);
    }
}

static void write_instances(lua_State *L, int idx, struct code_builder *b, const struct model *m,
                            lua_Unsigned n, const char *what)
{
    code_instances(b, m->id, (uint32_t)n, true);
    for (lua_Unsigned i = 1; i <= n; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i);
        const struct model *other = orm_instance_model(L, -1);
        if (!other || other->concrete != m->concrete)
            exception_raise(L, "TypeError", "%s: item %d of the list is no %.*s", what, (int)i,
                            STR_ARG(m->label));
        write_slots(L, lua_gettop(L), b, m, what);
        lua_pop(L, 1);
    }
}

static bool all_values(lua_State *L, int idx, lua_Unsigned n)
{
    bool yes = true;
    struct value v;
    for (lua_Unsigned i = 1; i <= n && yes; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i);
        yes = !lua_isnil(L, -1) && orm_to_value(L, -1, &v);
        lua_pop(L, 1);
    }
    return yes;
}

/* { a = 1 } is no list, and would be an empty one. */
static void check_list(lua_State *L, int idx, const char *what)
{
    lua_pushnil(L);
    if (!lua_next(L, idx))
        return;
    exception_raise(L, "TypeError", "%s takes a list; this table has no first item, but '%s'", what,
                    luaL_tolstring(L, -2, NULL));
}

static void write_list(lua_State *L, int idx, struct code_builder *b, enum orm_table items,
                       const char *what)
{
    lua_Unsigned n = lua_rawlen(L, idx);
    if (n == 0)
        check_list(L, idx, what);
    lua_rawgeti(L, idx, 1);
    const struct model *m = n ? orm_instance_model(L, -1) : NULL;
    lua_pop(L, 1);
    if (m) {
        write_instances(L, idx, b, m, n, what);
    } else if (all_values(L, idx, n)) {
        code_list_begin(b);
        for (lua_Unsigned i = 1; i <= n; i++) {
            struct value v;
            lua_rawgeti(L, idx, (lua_Integer)i);
            orm_to_value(L, -1, &v);
            code_list_item(b, &v); /* copies */
            lua_pop(L, 1);
        }
        code_list_end(b);
    } else {
        size_t mark = code_operands(b);
        for (lua_Unsigned i = 1; i <= n; i++) {
            lua_rawgeti(L, idx, (lua_Integer)i);
            orm_write_operand(L, -1, b, items, what);
            lua_pop(L, 1);
        }
        code_close(b, mark, (uint32_t)n);
    }
}

/* Django's json.dumps. */
static const struct json_style json_style = {", ", ": ", -1, true, true};

static void write_json(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    struct err err;
    struct buf *out = orm_json_buffer(L);
    uint64_t before = orm_builder_turn(L);
    if (json_encode(L, idx, out, &json_style, &err) != 0)
        exception_raise(L, "TypeError", "%s: %s", what, err.msg);
    if (orm_builder_turn(L) != before)
        exception_raise(L, "RuntimeError", "%s: a __tojson metamethod must not query or wait here",
                        what);
    struct value v = {.kind = VALUE_JSON, .text = buf_str(out)};
    code_value(b, &v);
}

static void write_table(lua_State *L, int idx, struct code_builder *b, enum orm_table table,
                        const char *what)
{
    const struct model *m = orm_instance_model(L, idx);
    const struct model *class = m ? NULL : orm_class_model(L, idx);
    if (class)
        exception_raise(L, "TypeError", "%s: %.*s is a model; one of its objects is wanted", what,
                        STR_ARG(class->label));
    if (m) {
        code_instances(b, m->id, 1, false);
        write_slots(L, idx, b, m, what);
        return;
    }
    const struct code *query = push_query(L, idx);
    if (query) {
        code_query(b, CODE_AS_LIST, query);
        lua_pop(L, 1);
        write_database(L, idx, b);
    } else if (table != ORM_TABLE_JSON) {
        write_list(L, idx, b, table == ORM_TABLE_LISTS ? ORM_TABLE_LIST : ORM_TABLE_JSON, what);
    } else {
        write_json(L, idx, b, what);
    }
}

/* ---- operands ---- */

static int wrong(lua_State *L, int idx, const char *what)
{
    return exception_raise(L, "TypeError", "%s: a %s cannot be a value of a query", what,
                           luaL_typename(L, idx));
}

void orm_write_operand(lua_State *L, int idx, struct code_builder *b, enum orm_table table,
                       const char *what)
{
    struct value v;
    idx = lua_absindex(L, idx);
    if (lua_type(L, idx) == LUA_TTABLE) {
        luaL_checkstack(L, 8, what);
        write_table(L, idx, b, table, what);
        return;
    }
    const struct code *c = orm_code_test(L, idx);
    if (c && c->kind == CODE_QUERY)
        code_query(b, CODE_AS_LIST, c);
    else if (c)
        code_append(b, c);
    else if (orm_to_value(L, idx, &v))
        code_value(b, &v);
    else
        wrong(L, idx, what);
}

void orm_write_expression(lua_State *L, int idx, struct code_builder *b, const char *what)
{
    if (lua_type(L, idx) == LUA_TSTRING) {
        size_t n;
        const char *p = lua_tolstring(L, idx, &n);
        code_f(b, str_make(p, n));
    } else {
        orm_write_operand(L, idx, b, ORM_TABLE_JSON, what);
    }
}
