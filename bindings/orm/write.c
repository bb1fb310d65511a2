/* SPDX-License-Identifier: MIT */
/* write(): the attributes of instances straight into the parameters of a prepared statement,
 * row after row: no table, no code and no copy in between.
 *
 * The values of a row lie on the Lua stack while the database has them, for another fiber may
 * change the instance while this one waits for the lock. */
#include "bindings/orm/run.h"

#include "bindings/lua/error.h"
#include "bindings/lua/null.h"
#include "bindings/value/json.h"

#include "base/banned.h"

#include <lauxlib.h>

enum { TEMPLATE = 3, SOURCES, OBJECTS, FIRST, LAST, KEY, ARGUMENTS = KEY };

struct write {
    struct orm_run run; /* first */
    int n;              /* fields in a row */
    int sources;        /* where the sources are on the stack; the row's values follow */
    lua_Integer first, last, changes;
    struct value few[ORM_FEW_PARAMS], *row;
    bool lists; /* one of the sources is a list */
};

/* ---- a row ---- */

/* A document, as the text that is stored. [-1, +1] */
static void encode(lua_State *L, const struct field *f)
{
    static const struct json_style style = {", ", ": ", -1, true, true}; /* Django's */
    struct err err;
    struct buf *out = orm_json_buffer(L);
    uint64_t before = orm_builder_turn(L);
    if (json_encode(L, lua_gettop(L), out, &style, &err) != 0)
        exception_raise(L, "TypeError", "%.*s.%.*s: %s", STR_ARG(f->model->name), STR_ARG(f->name),
                        err.msg);
    if (orm_builder_turn(L) != before)
        exception_raise(L, "RuntimeError",
                        "%.*s: a __tojson metamethod must not query or wait here",
                        STR_ARG(f->name));
    lua_pushlstring(L, out->data, out->n);
    lua_replace(L, -2);
}

static const struct statement_param *param_of(const struct statement *st, int slot)
{
    for (uint32_t i = 0; i < st->n_params; i++)
        if (st->params[i].source == PARAM_SLOT && (int)st->params[i].slot == slot)
            return &st->params[i];
    return NULL;
}

/* A table, a function or the like at the top of the stack, for field j: true, it is a document;
 * false, other statements can take it; raises when nobody can. */
static bool is_document(lua_State *L, const struct write *w, int j)
{
    const struct statement_param *p = param_of(w->run.statement, j);
    const struct field *f = p ? p->type.field : NULL;
    if (!f || orm_code_test(L, -1) || orm_instance_model(L, -1))
        return false;
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "_code"); /* a QuerySet */
        bool query = lua_rawget(L, -2) != LUA_TNIL;
        lua_pop(L, 1);
        if (query || p->type.bind == BIND_JSON)
            return !query;
    }
    return exception_raise(L, "TypeError", "%.*s.%.*s: a %s cannot be a value of %.*s",
                           STR_ARG(f->model->name), STR_ARG(f->name), luaL_typename(L, -1),
                           STR_ARG(f->type->name));
}

/* Pushes value j of row i, of the object on the stack at `object`; its type. */
static int push_value(lua_State *L, const struct write *w, lua_Integer i, int object, int j)
{
    if (w->lists && lua_type(L, w->sources + j) == LUA_TTABLE)
        return lua_rawgeti(L, w->sources + j, i);
    lua_pushvalue(L, w->sources + j);
    return lua_rawget(L, object);
}

/* The object of row i and its values, on the stack and in w->row; false: there is one that is
 * more than a value (an expression, an instance …). */
static bool load_row(lua_State *L, struct write *w, lua_Integer i)
{
    int object = lua_gettop(L) + 1;
    lua_rawgeti(L, OBJECTS, i);
    luaL_checktype(L, -1, LUA_TTABLE);
    for (int j = 0; j < w->n; j++) {
        push_value(L, w, i, object, j);
        if (orm_to_value(L, -1, &w->row[j]))
            continue;
        if (!is_document(L, w, j))
            return false;
        encode(L, param_of(w->run.statement, j)->type.field);
        w->row[j].kind = VALUE_JSON;
        w->row[j].text.p = lua_tolstring(L, -1, &w->row[j].text.n);
    }
    return true;
}

static bool is_scalar(int type)
{
    return type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING;
}

/* Whether write() can do all rows: it must not find out half-way. */
static bool all_plain(lua_State *L, struct write *w)
{
    int top = lua_gettop(L);
    bool plain = true;
    for (lua_Integer i = w->first; i <= w->last && plain; i++) {
        lua_rawgeti(L, OBJECTS, i);
        luaL_checktype(L, -1, LUA_TTABLE);
        for (int j = 0; j < w->n && plain; j++) {
            struct value v;
            plain = is_scalar(push_value(L, w, i, top + 1, j)) || orm_to_value(L, -1, &v) ||
                    is_document(L, w, j);
        }
        lua_settop(L, top);
    }
    return plain;
}

/* ---- what comes back ---- */

static void take_row(lua_State *L, struct write *w, int object)
{
    const struct statement *st = w->run.statement;
    for (uint32_t c = 0; c < st->n_columns; c++) {
        lua_pushlstring(L, st->columns[c].name.p, st->columns[c].name.n);
        orm_push_column(L, &w->run.reader, &st->columns[c].type, &w->run.cursor.row[c]);
        lua_rawset(L, object);
    }
}

static void take_key(lua_State *L, int object, int64_t id)
{
    lua_pushvalue(L, KEY);
    lua_pushinteger(L, id);
    lua_rawset(L, object);
}

/* ---- running ---- */

static void write_row(lua_State *L, struct write *w, const struct convert_zone *zone)
{
    struct orm_run *run = &w->run;
    struct db_cursor *cur = &run->cursor;
    int object = w->sources + w->n;
    struct err err;
    int got;
    if (statement_bind_row(run->statement, w->row, run->dialect, zone, &run->scratch, run->values,
                           &err) != 0)
        exception_raise_err(L, &err);
    if (!run->open) {
        if (db_many_open(run->db, run->statement->db, cur, &err) != 0)
            exception_raise_err(L, &err);
        run->open = true;
        orm_note_change(run->world, run->statement->model);
    }
    if (db_many_run(cur, run->values, run->statement->n_params, &err) != 0)
        orm_run_fail(L, run, &err);
    while ((got = db_step(cur, &err)) == 1)
        take_row(L, w, object);
    if (got < 0)
        orm_run_fail(L, run, &err);
    w->changes += cur->changes;
    if (cur->changes == 1 && lua_type(L, KEY) == LUA_TSTRING)
        take_key(L, object, cur->last_id);
}

static void make_room(lua_State *L, struct write *w)
{
    const struct statement *st = w->run.statement;
    size_t n = (size_t)w->n, p = st->n_params;
    w->row = w->few;
    luaL_checkstack(L, 2 * w->n + 20, "too many fields");
    if (n <= ORM_FEW_PARAMS && p <= ORM_FEW_PARAMS)
        return;
    w->row = lua_newuserdatauv(L, n * sizeof *w->row + p * sizeof *w->run.values, 0);
    w->run.values = (struct db_value *)(void *)(w->row + n);
}

/* (world, alias, template, sources, objects, first, last, key, run) → changes or nil, hooks */
static int write_inner(lua_State *L)
{
    struct write *w = lua_touserdata(L, -1);
    struct orm_run *run = &w->run;
    lua_settop(L, ARGUMENTS);
    make_room(L, w);
    w->sources = lua_gettop(L) + 1;
    for (int j = 1; j <= w->n; j++)
        w->lists |= lua_rawgeti(L, SOURCES, j) == LUA_TTABLE;
    run->reader = (struct orm_reader){.dialect = run->dialect, .scratch = &run->scratch};
    struct convert_zone zone = orm_run_prepare(L, run);
    zone.tz_name = STR(""); /* no value is it, and the scratch memory is used again and again */
    if (w->first < w->last && !all_plain(L, w))
        return lua_pushnil(L), 1;
    for (lua_Integer i = w->first; i <= w->last; i++) {
        if (!load_row(L, w, i)) {
            if (run->open)
                exception_raise(L, "RuntimeError", "object %d was changed while it was written",
                                (int)i);
            return lua_pushnil(L), 1;
        }
        write_row(L, w, &zone);
        lua_settop(L, w->sources + w->n - 1);
        if (i % 64 == 0)
            arena_reset(&run->scratch);
    }
    db_many_close(&run->cursor);
    lua_pushinteger(L, w->changes);
    orm_push_hooks(L, run->statement, 1);
    return 2;
}

/* write(world, alias, template, sources, objects, first, last[, key]) → changes, hooks
 *
 * Runs insert_each() or update_each() for objects[first … last].  sources: for each field (and
 * then each part of the key) the attribute, or a list that has the value of object i at i.
 * key: the attribute that gets the key which the database made.  What RETURNING gives is put
 * into the objects; hooks: orm_push_hooks.
 *
 * nil: nothing was written, for a row has an expression, or something else that is more than a
 * value. */
static int l_write(lua_State *L)
{
    struct write w = {.n = 0};
    lua_settop(L, ARGUMENTS);
    luaL_checktype(L, SOURCES, LUA_TTABLE);
    luaL_checktype(L, OBJECTS, LUA_TTABLE);
    w.n = (int)lua_rawlen(L, SOURCES);
    w.first = luaL_checkinteger(L, FIRST);
    w.last = luaL_checkinteger(L, LAST);
    orm_run_begin(L, &w.run, orm_code_check(L, TEMPLATE));
    return orm_run_protected(L, &w.run, write_inner, 2);
}

void orm_open_write(lua_State *L)
{
    lua_pushcfunction(L, l_write);
    lua_setfield(L, -2, "write");
}
