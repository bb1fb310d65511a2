/* SPDX-License-Identifier: MIT */
/* An instance is one table: what the database gave under the fields' names, and ORM_STATE,
 * which all instances of one result share until one of them needs a state of its own.  Key
 * strings and classes stand on the stack while rows are read, so that a column costs a push
 * and a raw store. */
#include "bindings/orm/rows.h"
#include "bindings/orm/code.h"

#include "bindings/lua/error.h"
#include "bindings/lua/null.h"
#include "bindings/value/decimal.h"
#include "bindings/value/json.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"

#include <lauxlib.h>
#include <limits.h>

enum { SLOTS_PER_NODE = 4 }; /* class, state, the first instance, peers */

static const char weak_key = 'w';       /* in the registry: the metatable of peers */
static const char nulls_key = 'n';      /* the function of on_nulls() */
static const char list_nulls_key = 'l'; /* the metatable */

/* ---- values ---- */

static void push_moment(lua_State *L, int64_t us, struct tz zone)
{
    struct datetime d;
    struct err err;
    if (datetime_from_epoch_micros(us, zone, &d, &err) != 0)
        exception_raise_err(L, &err);
    time_push_datetime(L, &d);
}

static void push_datetime(lua_State *L, int64_t us, bool aware)
{
    push_moment(L, us, aware ? tz_utc() : tz_none());
}

/* In the zone that the column names, or the current one. */
static void push_local(lua_State *L, int64_t us, struct str zone)
{
    struct tz tz;
    if (zone.n) {
        lua_pushlstring(L, zone.p, zone.n);
        tz = time_zone_arg(L, lua_gettop(L));
        lua_pop(L, 1);
    } else {
        tz = time_current_zone(L);
    }
    push_moment(L, us, tz);
}

static void push_date(lua_State *L, int64_t ordinal)
{
    struct date d;
    struct err err;
    if (date_from_ordinal(ordinal, &d, &err) != 0)
        exception_raise_err(L, &err);
    time_push_date(L, d);
}

static void push_time(lua_State *L, int64_t us)
{
    time_push_time(L, (struct daytime){.hour = (int)(us / DURATION_HOUR % 24),
                                       .minute = (int)(us / DURATION_MINUTE % 60),
                                       .second = (int)(us / DURATION_SECOND % 60),
                                       .microsecond = (int)(us % DURATION_SECOND)});
}

static void push_duration(lua_State *L, int64_t us)
{
    struct duration d;
    struct err err;
    if (duration_from_total(us, &d, &err) != 0)
        exception_raise_err(L, &err);
    time_push_timedelta(L, d);
}

static void push_json(lua_State *L, struct str text)
{
    struct err err;
    if (json_decode(L, text, 512, &err) != 0)
        exception_raise(L, "ValueError", "the database holds JSON that does not parse: %s",
                        err.msg);
}

void orm_push_value(lua_State *L, const struct value *v)
{
    switch (v->kind) {
    case VALUE_FALSE:
    case VALUE_TRUE:
        lua_pushboolean(L, v->kind == VALUE_TRUE);
        break;
    case VALUE_INT:
        lua_pushinteger(L, v->i);
        break;
    case VALUE_DOUBLE:
        lua_pushnumber(L, v->d);
        break;
    case VALUE_TEXT:
    case VALUE_BLOB:
        lua_pushlstring(L, v->text.p, v->text.n);
        break;
    case VALUE_DECIMAL:
        decimal_push(L, (const struct decimal *)(const void *)v->text.p);
        break;
    case VALUE_DATE:
        push_date(L, v->i);
        break;
    case VALUE_TIME:
        push_time(L, v->i);
        break;
    case VALUE_DATETIME:
    case VALUE_NAIVE:
        push_datetime(L, v->i, v->kind == VALUE_DATETIME);
        break;
    case VALUE_DURATION:
        push_duration(L, v->i);
        break;
    case VALUE_JSON:
        push_json(L, v->text);
        break;
    default:
        lua_pushnil(L);
    }
}

static struct value from_db(const struct db_value *v)
{
    switch (v->kind) {
    case DB_INT:
        return (struct value){.kind = VALUE_INT, .i = v->i};
    case DB_DOUBLE:
        return (struct value){.kind = VALUE_DOUBLE, .d = v->d};
    case DB_TEXT:
        return (struct value){.kind = VALUE_TEXT, .text = v->s};
    case DB_BLOB:
        return (struct value){.kind = VALUE_BLOB, .text = v->s};
    default:
        return (struct value){.kind = VALUE_NULL};
    }
}

void orm_push_column(lua_State *L, struct orm_reader *r, const struct column_type *t,
                     const struct db_value *v)
{
    struct value in = from_db(v), out;
    struct err err;
    if (v->kind == DB_NULL) {
        lua_pushnil(L);
        return;
    }
    if (column_is_plain(t)) {
        orm_push_value(L, &in);
        return;
    }
    if (convert_column(r->dialect, t, in, r->scratch, &out, &err) != 0)
        exception_raise_err(L, &err);
    if (t->local && out.kind == VALUE_DATETIME)
        push_local(L, out.i, t->zone);
    else
        orm_push_value(L, &out);
}

/* ---- columns whose values pass through the author's functions ---- */

/* Names from the root's instance to the one that the column belongs to. [-0, +1] */
static void push_path(lua_State *L, const struct statement *st, uint32_t column)
{
    unsigned i = st->n_nodes, depth = 0;
    while (i-- > 1)
        if (column >= st->nodes[i].first &&
            column < (uint32_t)st->nodes[i].first + st->nodes[i].count)
            break;
    lua_newtable(L);
    if (st->columns[column].place == COLUMN_ANNOTATION || i == UINT_MAX)
        return;
    for (unsigned n = i; n; n = st->nodes[n].parent)
        depth++;
    for (unsigned n = i; n; n = st->nodes[n].parent, depth--) {
        lua_pushlstring(L, st->nodes[n].name.p, st->nodes[n].name.n);
        lua_rawseti(L, -2, (lua_Integer)depth);
    }
}

static void push_hook(lua_State *L, const struct statement *st, int world, uint32_t column,
                      lua_Integer position)
{
    const struct statement_column *c = &st->columns[column];
    const struct field *f = c->type.field->storage ? c->type.field->storage : c->type.field;
    lua_createtable(L, 0, 4);
    if (st->values_list)
        lua_pushinteger(L, position);
    else
        lua_pushlstring(L, c->name.p, c->name.n);
    lua_setfield(L, -2, "key");
    orm_world_push_class(L, world, f->model);
    lua_setfield(L, -2, "class");
    lua_pushlstring(L, f->name.p, f->name.n);
    lua_setfield(L, -2, "field");
    push_path(L, st, column);
    lua_setfield(L, -2, "path");
}

void orm_push_hooks(lua_State *L, const struct statement *st, int world)
{
    lua_Integer n = 0, position = 0;
    bool any = false;
    for (uint32_t i = 0; i < st->n_columns; i++)
        any = any || st->columns[i].type.hooked;
    if (!any) {
        lua_pushnil(L);
        return;
    }
    lua_newtable(L);
    for (uint32_t i = 0; i < st->n_columns; i++) {
        if (st->columns[i].place == COLUMN_HIDDEN)
            continue;
        position++;
        if (!st->columns[i].type.hooked)
            continue;
        push_hook(L, st, world, i, position);
        lua_rawseti(L, -2, ++n);
    }
}

/* ---- rows of values ---- */

void orm_push_nulls(lua_State *L, const struct statement *st)
{
    lua_Integer n = 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &nulls_key);
    lua_newtable(L);
    for (uint32_t c = 0; c < st->n_columns; c++) {
        if (st->columns[c].place == COLUMN_HIDDEN)
            continue;
        lua_pushlstring(L, st->columns[c].name.p, st->columns[c].name.n);
        lua_rawseti(L, -2, ++n);
    }
    lua_call(L, 1, 1);
}

/* on_nulls(fn, list): fn(names) gives the metatable of rows of values() that hold a NULL, list
 * is that of values_list() */
static int l_on_nulls(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &list_nulls_key);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &nulls_key);
    return 0;
}

void orm_open_rows(lua_State *L)
{
    lua_pushcfunction(L, l_on_nulls);
    lua_setfield(L, -2, "on_nulls");
}

/* ---- reading ---- */

void orm_push_state(lua_State *L, int alias)
{
    lua_createtable(L, 0, 3); /* there may be peers */
    lua_pushvalue(L, alias);
    lua_setfield(L, -2, "db");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "adding");
}

/* The list of the instances of a batch, as long as somebody else holds them. [-0, +1] */
static void push_peers(lua_State *L, lua_Integer room)
{
    lua_createtable(L, (int)room, 0);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &weak_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "v");
        lua_setfield(L, -2, "__mode");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &weak_key);
    }
    lua_setmetatable(L, -2);
}

/* Notes the instance on top as one of the batch of a related model.  One alone has no peers. */
static void note_peer(lua_State *L, int slot)
{
    if (lua_isnil(L, slot + 2)) {
        lua_pushvalue(L, -1);
        lua_replace(L, slot + 2);
        return;
    }
    if (lua_isnil(L, slot + 3)) {
        push_peers(L, 8);
        lua_pushvalue(L, slot + 2);
        lua_rawseti(L, -2, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, slot + 1, "peers");
        lua_replace(L, slot + 3);
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, slot + 3, (lua_Integer)lua_rawlen(L, slot + 3) + 1);
}

/* Which fields a node of only() or defer() has: `loaded` of the state. */
static void note_loaded(lua_State *L, const struct orm_reader *r, const struct statement_node *n,
                        int state)
{
    lua_createtable(L, 0, n->count);
    for (unsigned i = 0; i < n->count; i++) {
        lua_pushvalue(L, r->keys + n->first + (int)i);
        lua_pushboolean(L, true);
        lua_rawset(L, -3);
    }
    lua_setfield(L, state, "loaded");
}

/* Names of annotations, which an instance lacks where they are NULL: `annotations` of the state. */
static void note_annotations(lua_State *L, const struct orm_reader *r)
{
    const struct statement *st = r->statement;
    bool any = false;
    if (st->kind != STATEMENT_ROWS || (st->n_nodes == 1 && st->n_columns == st->nodes[0].count))
        return;
    for (uint32_t c = 0; c < st->n_columns; c++) {
        if (st->columns[c].place != COLUMN_ANNOTATION)
            continue;
        if (!any)
            lua_newtable(L);
        any = true;
        lua_pushvalue(L, r->keys + (int)c);
        lua_pushboolean(L, true);
        lua_rawset(L, -3);
    }
    if (any)
        lua_setfield(L, r->classes + 1, "annotations");
}

static void open_node(lua_State *L, struct orm_reader *r, unsigned i)
{
    const struct statement_node *n = &r->statement->nodes[i];
    orm_world_push_class(L, r->world, n->model);
    if (lua_isnil(L, -1))
        exception_raise(L, "RuntimeError", "model %.*s has no class", STR_ARG(n->model->label));
    if (r->quiet)
        lua_pushnil(L);
    else
        orm_push_state(L, r->world + 1);
    if (n->partial)
        note_loaded(L, r, n, lua_gettop(L));
    lua_pushnil(L);
    lua_pushnil(L);
}

void orm_reader_open(lua_State *L, struct orm_reader *r, const struct statement *st, int world,
                     int keys_table)
{
    luaL_checkstack(L, (int)(st->n_columns + st->n_nodes * SLOTS_PER_NODE + 32), "columns");
    r->statement = st;
    r->world = world;
    r->n = 0;
    r->keys = lua_gettop(L) + 1;
    for (uint32_t i = 0; i < st->n_columns; i++)
        lua_rawgeti(L, keys_table, (lua_Integer)i + 1);
    lua_pushliteral(L, ORM_STATE);
    r->state = lua_gettop(L);
    r->classes = r->state + 1;
    if (st->kind == STATEMENT_ROWS)
        for (unsigned i = 0; i < st->n_nodes; i++)
            open_node(L, r, i);
    else
        lua_pushnil(L);
    note_annotations(L, r);
}

void orm_reader_list(lua_State *L, struct orm_reader *r, uint32_t expected)
{
    lua_createtable(L, (int)expected, 0);
    r->list = lua_gettop(L);
}

static int node_slot(const struct orm_reader *r, unsigned node)
{
    return r->classes + (int)node * SLOTS_PER_NODE;
}

/* An instance of one node. [-0, +1] */
static void push_instance(lua_State *L, struct orm_reader *r, unsigned i,
                          const struct db_value *row)
{
    const struct statement *st = r->statement;
    const struct statement_node *n = &st->nodes[i];
    int slot = node_slot(r, i);
    lua_createtable(L, 0, n->count + !r->quiet);
    for (unsigned c = n->first; c < (unsigned)n->first + n->count; c++) {
        if (row[c].kind == DB_NULL)
            continue;
        lua_pushvalue(L, r->keys + (int)c);
        orm_push_column(L, r, &st->columns[c].type, &row[c]);
        lua_rawset(L, -3);
    }
    if (!r->quiet) {
        lua_pushvalue(L, r->state);
        lua_pushvalue(L, slot + 1);
        lua_rawset(L, -3);
    }
    lua_pushvalue(L, slot);
    lua_setmetatable(L, -2);
    if (i > 0) /* the others are those of the list */
        note_peer(L, slot);
}

/* parent._cache[name] = the value on top, which may be false: none. [-1, +0] */
static void keep_related(lua_State *L, int parent, struct str name)
{
    lua_pushliteral(L, "_cache");
    if (lua_rawget(L, parent) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 2);
        lua_pushliteral(L, "_cache");
        lua_pushvalue(L, -2);
        lua_rawset(L, parent);
    }
    lua_pushlstring(L, name.p, name.n);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

/* The other side of a one-to-one relation knows its parent, too. */
static void keep_parent(lua_State *L, int child, int parent, const struct statement_node *n)
{
    struct str back = n->reverse ? n->rel->field->name : n->rel->accessor;
    if (n->rel->kind != REL_ONE || !back.n)
        return;
    lua_pushvalue(L, parent);
    keep_related(L, child, back);
}

/* An heir's instance has its parent's columns, too. */
static void inherit_columns(lua_State *L, const struct orm_reader *r, int child, int parent,
                            const struct statement_node *n)
{
    const struct statement_node *from = &r->statement->nodes[n->parent];
    for (unsigned c = from->first; c < (unsigned)from->first + from->count; c++) {
        lua_pushvalue(L, r->keys + (int)c);
        if (lua_rawget(L, child) == LUA_TNIL) {
            lua_pushvalue(L, r->keys + (int)c);
            lua_pushvalue(L, -1);
            lua_rawget(L, parent);
            lua_rawset(L, child);
        }
        lua_pop(L, 1);
    }
}

static void push_tree(lua_State *L, struct orm_reader *r, const struct db_value *row)
{
    const struct statement *st = r->statement;
    int base = lua_gettop(L);
    for (unsigned i = 0; i < st->n_nodes; i++) {
        const struct statement_node *n = &st->nodes[i];
        int parent = base + 1 + n->parent;
        bool missing = i > 0 && (lua_isboolean(L, parent) || row[n->key].kind == DB_NULL);
        if (missing)
            lua_pushboolean(L, false);
        else
            push_instance(L, r, i, row);
        if (i == 0 || lua_isboolean(L, parent))
            continue;
        if (!missing && n->inherits)
            inherit_columns(L, r, lua_gettop(L), parent, n);
        if (!missing)
            keep_parent(L, lua_gettop(L), parent, n);
        lua_pushvalue(L, -1);
        keep_related(L, parent, n->name);
    }
    lua_settop(L, base + 1);
    for (uint32_t c = 0; c < st->n_columns; c++) {
        if (st->columns[c].place != COLUMN_ANNOTATION || row[c].kind == DB_NULL)
            continue;
        lua_pushvalue(L, r->keys + (int)c);
        orm_push_column(L, r, &st->columns[c].type, &row[c]);
        lua_rawset(L, -3);
    }
}

static void push_values(lua_State *L, struct orm_reader *r, const struct db_value *row)
{
    const struct statement *st = r->statement;
    bool nulls = false;
    lua_createtable(L, 0, (int)st->n_columns);
    for (uint32_t c = 0; c < st->n_columns; c++) {
        if (st->columns[c].place == COLUMN_HIDDEN)
            continue;
        if (row[c].kind == DB_NULL) {
            nulls = true;
            continue;
        }
        lua_pushvalue(L, r->keys + (int)c);
        orm_push_column(L, r, &st->columns[c].type, &row[c]);
        lua_rawset(L, -3);
    }
    if (!nulls || st->kind != STATEMENT_VALUES)
        return;
    if (lua_isnil(L, r->classes)) {
        orm_push_nulls(L, st);
        lua_replace(L, r->classes);
    }
    lua_pushvalue(L, r->classes);
    lua_setmetatable(L, -2);
}

static void push_list(lua_State *L, struct orm_reader *r, const struct db_value *row)
{
    const struct statement *st = r->statement;
    lua_Integer n = 0;
    bool nulls = false;
    lua_createtable(L, (int)st->n_columns, 1);
    for (uint32_t c = 0; c < st->n_columns; c++) {
        if (st->columns[c].place == COLUMN_HIDDEN)
            continue;
        nulls = nulls || row[c].kind == DB_NULL;
        orm_push_column(L, r, &st->columns[c].type, &row[c]);
        lua_rawseti(L, -2, ++n);
    }
    lua_pushinteger(L, n);
    lua_setfield(L, -2, "n");
    if (nulls) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &list_nulls_key);
        lua_setmetatable(L, -2);
    }
}

static void push_flat(lua_State *L, struct orm_reader *r, const struct db_value *row)
{
    const struct statement *st = r->statement;
    uint32_t c = 0;
    while (c + 1 < st->n_columns && st->columns[c].place == COLUMN_HIDDEN)
        c++;
    if (row[c].kind == DB_NULL)
        null_push(L);
    else
        orm_push_column(L, r, &st->columns[c].type, &row[c]);
}

void orm_reader_push(lua_State *L, struct orm_reader *r, const struct db_value *row)
{
    const struct statement *st = r->statement;
    if (r->rows == ORM_ROWS_FLAT)
        push_flat(L, r, row);
    else if (st->kind == STATEMENT_ROWS && st->n_nodes == 1 && st->n_columns == st->nodes[0].count)
        push_instance(L, r, 0, row);
    else if (st->kind == STATEMENT_ROWS)
        push_tree(L, r, row);
    else if (st->values_list)
        push_list(L, r, row);
    else
        push_values(L, r, row);
}

bool orm_row_stands_alone(const struct statement *st)
{
    return st->kind == STATEMENT_ROWS && st->n_nodes == 1 && st->n_columns == st->nodes[0].count &&
           !st->nodes[0].partial;
}

bool orm_rows_are_quiet(lua_State *L, const struct statement *st, bool peers, int alias)
{
    struct str name;
    if (peers || !orm_row_stands_alone(st))
        return false;
    name.p = lua_tolstring(L, alias, &name.n);
    return str_eq(name, STR("default"));
}

void orm_push_alone(lua_State *L, struct orm_reader *r, const struct statement *st,
                    const struct db_value *row, int keys, int alias)
{
    lua_createtable(L, 0, (int)st->n_columns + (alias != 0));
    for (uint32_t i = 0; i < st->n_columns; i++) {
        if (row[i].kind == DB_NULL)
            continue;
        lua_rawgeti(L, keys, (lua_Integer)i + 1);
        orm_push_column(L, r, &st->columns[i].type, &row[i]);
        lua_rawset(L, -3);
    }
    if (alias) {
        orm_push_state(L, alias);
        lua_setfield(L, -2, ORM_STATE);
    }
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
}

bool orm_reader_wants_peers(const struct statement *st)
{
    if (st->kind != STATEMENT_ROWS)
        return false;
    const struct model *m = st->nodes[0].model;
    bool more = st->nodes[0].partial || m->n_reverse || m->n_many;
    for (uint32_t i = 0; i < m->n_fields && !more; i++)
        more = m->fields[i]->rel != NULL;
    return more;
}

void orm_reader_peers(lua_State *L, struct orm_reader *r)
{
    if (r->rows != ORM_ROWS_PLAIN || r->n < 2)
        return;
    push_peers(L, r->n);
    for (lua_Integer i = 1; i <= r->n; i++) {
        lua_rawgeti(L, r->list, i);
        lua_rawseti(L, -2, i);
    }
    lua_setfield(L, node_slot(r, 0) + 1, "peers");
}

void orm_reader_row(lua_State *L, struct orm_reader *r, const struct db_value *row)
{
    orm_reader_push(L, r, row);
    lua_rawseti(L, r->list, ++r->n);
}
