/* SPDX-License-Identifier: MIT */
/* Describing models to the engine, and asking what became of them. */
#include "bindings/orm/world.h"
#include "bindings/orm/code.h"

#include "bindings/lua/class.h"
#include "bindings/lua/error.h"

#include "orm/lookups.h"

#include "base/banned.h"

#include <lauxlib.h>

static const struct class world_class;

static struct orm_world *check(lua_State *L, int arg)
{
    return class_check(L, arg, &world_class);
}

struct orm_world *orm_world_check(lua_State *L, int arg)
{
    struct orm_world *w = check(L, arg);
    if (!w->orm->resolved)
        exception_raise(L, "AppRegistryNotReady",
                        "models cannot be queried before all of them are loaded");
    return w;
}

void orm_world_push_class(lua_State *L, int idx, const struct model *m)
{
    lua_getiuservalue(L, idx, 1);
    lua_rawgeti(L, -1, (lua_Integer)m->id);
    lua_remove(L, -2);
}

struct statements *orm_world_statements(struct orm_world *w, enum dialect_id id)
{
    if (!w->statements[id]) {
        w->statements[id] = statements_new(w->orm, &dialect_sqlite, 0);
        statements_on_drop(w->statements[id], orm_prepared_drop, w);
    }
    return w->statements[id];
}

/* ---- texts and switches of a description ---- */

static struct str text_field(lua_State *L, int idx, const char *name)
{
    struct str s = STR("");
    if (lua_getfield(L, idx, name) == LUA_TSTRING)
        s.p = lua_tolstring(L, -1, &s.n); /* lives in the table */
    else if (!lua_isnil(L, -1))
        exception_raise(L, "TypeError", "%s must be a string, not a %s", name,
                        luaL_typename(L, -1));
    lua_pop(L, 1);
    return s;
}

static bool bool_field(lua_State *L, int idx, const char *name)
{
    lua_getfield(L, idx, name);
    bool yes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
}

static int int_field(lua_State *L, int idx, const char *name)
{
    lua_getfield(L, idx, name);
    lua_Integer n = lua_isnil(L, -1) ? 0 : luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    return n > 0 && n <= INT32_MAX ? (int)n : 0;
}

static const struct code *code_field(lua_State *L, int idx, const char *name)
{
    lua_getfield(L, idx, name);
    const struct code *c = lua_isnil(L, -1) ? NULL : orm_code_check(L, -1);
    lua_pop(L, 1);
    return c; /* lives in the table */
}

static const char *optional(struct str s)
{
    return s.n ? s.p : NULL;
}

/* ---- describing ---- */

/* world(auto_field or nil, use_tz) */
static int l_world(lua_State *L)
{
    const struct field_type *type = NULL;
    if (!lua_isnoneornil(L, 1)) {
        struct str name = str_from(luaL_checkstring(L, 1));
        type = field_type_find(name);
        if (!type || !(type->flags & FIELD_AUTO))
            return exception_raise(L, "ImproperlyConfigured",
                                   "'%s' is no automatic field: AutoField, BigAutoField or "
                                   "SmallAutoField",
                                   name.p);
    }
    struct orm_world *w = class_new(L, &world_class, sizeof *w);
    lua_createtable(L, 16, 0);
    lua_setiuservalue(L, -2, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    w->L = lua_tothread(L, -1);
    lua_pop(L, 1);
    w->orm = orm_new(type);
    w->orm->use_tz = lua_toboolean(L, 2);
    return 1;
}

static struct model *check_model(lua_State *L, struct orm_world *w, int arg)
{
    lua_Integer id = luaL_checkinteger(L, arg);
    luaL_argcheck(L, id >= 0 && id < w->orm->n_models, arg, "no such model");
    return w->orm->models[id];
}

static struct orm_world *check_open(lua_State *L)
{
    struct orm_world *w = check(L, 1);
    if (w->orm->resolved)
        exception_raise(L, "RuntimeError", "models are loaded; no more can be described");
    return w;
}

/* world:add_model{ app_label=, name=, table=, proxy_for=, unmanaged=, auto_created= } → id */
static int l_add_model(lua_State *L)
{
    struct orm_world *w = check_open(L);
    struct err err;
    luaL_checktype(L, 2, LUA_TTABLE);
    struct model_def def = {
        .app_label = text_field(L, 2, "app_label"),
        .name = text_field(L, 2, "name"),
        .table = text_field(L, 2, "table"),
        .proxy_for = optional(text_field(L, 2, "proxy_for")),
        .unmanaged = bool_field(L, 2, "unmanaged"),
        .auto_created = bool_field(L, 2, "auto_created"),
    };
    struct model *m = orm_add_model(w->orm, &def, &err);
    if (!m)
        return exception_raise_err(L, &err);
    lua_pushinteger(L, m->id);
    return 1;
}

enum { PARTS_MAX = 32 };

/* world:add_field(id, { … }): the fields of struct field_def */
static int l_add_field(lua_State *L)
{
    struct orm_world *w = check_open(L);
    struct model *m = check_model(L, w, 2);
    struct str parts[PARTS_MAX];
    struct err err;
    luaL_checktype(L, 3, LUA_TTABLE);
    struct field_def def = {
        .name = text_field(L, 3, "name"),
        .type = text_field(L, 3, "type"),
        .column = text_field(L, 3, "column"),
        .max_length = int_field(L, 3, "max_length"),
        .max_digits = int_field(L, 3, "max_digits"),
        .decimal_places = int_field(L, 3, "decimal_places"),
        .null = bool_field(L, 3, "null"),
        .primary_key = bool_field(L, 3, "primary_key"),
        .unique = bool_field(L, 3, "unique"),
        .db_index = bool_field(L, 3, "db_index"),
        .collation = text_field(L, 3, "collation"),
        .to = text_field(L, 3, "to"),
        .to_field = text_field(L, 3, "to_field"),
        .related_name = text_field(L, 3, "related_name"),
        .related_query_name = text_field(L, 3, "related_query_name"),
        .parent_link = bool_field(L, 3, "parent_link"),
        .asymmetrical = bool_field(L, 3, "asymmetrical"),
        .no_db_constraint = bool_field(L, 3, "no_db_constraint"),
        .through = text_field(L, 3, "through"),
        .through_fields = {text_field(L, 3, "through_source"), text_field(L, 3, "through_target")},
        .db_table = text_field(L, 3, "db_table"),
        .expression = code_field(L, 3, "expression"),
        .db_persist = bool_field(L, 3, "db_persist"),
        .has_db_default = bool_field(L, 3, "has_db_default"),
        .output_type = text_field(L, 3, "output_type"),
        .parts = parts,
    };
    if (lua_getfield(L, 3, "parts") == LUA_TTABLE)
        for (; def.n_parts < PARTS_MAX; def.n_parts++) {
            if (lua_rawgeti(L, -1, (lua_Integer)def.n_parts + 1) != LUA_TSTRING)
                break;
            parts[def.n_parts].p = lua_tolstring(L, -1, &parts[def.n_parts].n);
            lua_pop(L, 1); /* lives in the table */
        }
    if (!model_add_field(m, &def, &err))
        return exception_raise_err(L, &err);
    return 0;
}

/* world:set_ordering(id, ordering) */
static int l_set_ordering(lua_State *L)
{
    struct orm_world *w = check_open(L);
    model_set_ordering(check_model(L, w, 2), orm_code_check(L, 3));
    return 0;
}

/* world:set_order_with_respect_to(id, field) */
static int l_set_order_with_respect_to(lua_State *L)
{
    struct orm_world *w = check_open(L);
    struct err err;
    struct model *m = check_model(L, w, 2);
    if (model_set_order_with_respect_to(m, str_from(luaL_checkstring(L, 3)), &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

/* world:add_field_type(name, base, sqlite or nil, postgresql or nil, hooked) */
static int l_add_field_type(lua_State *L)
{
    struct orm_world *w = check_open(L);
    struct err err;
    if (orm_add_field_type(w->orm, str_from(luaL_checkstring(L, 2)),
                           str_from(luaL_checkstring(L, 3)), luaL_optstring(L, 4, NULL),
                           luaL_optstring(L, 5, NULL), lua_toboolean(L, 6), &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

static struct str opt_text(lua_State *L, int arg)
{
    return lua_isnoneornil(L, arg) ? (struct str){0} : str_from(luaL_checkstring(L, arg));
}

/* world:add_lookup(name, field class or nil, sql) */
static int l_add_lookup(lua_State *L)
{
    struct orm_world *w = check_open(L);
    struct err err;
    if (orm_add_lookup(w->orm, str_from(luaL_checkstring(L, 2)), opt_text(L, 3),
                       str_from(luaL_checkstring(L, 4)), &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

/* world:add_transform(name, field class or nil, sql, output field class or nil) */
static int l_add_transform(lua_State *L)
{
    struct orm_world *w = check_open(L);
    struct err err;
    if (orm_add_transform(w->orm, str_from(luaL_checkstring(L, 2)), opt_text(L, 3),
                          str_from(luaL_checkstring(L, 4)), opt_text(L, 5), &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

/* world:add_function(name, sql, arity or -1, aggregate, output field class or nil) */
static int l_add_function(lua_State *L)
{
    struct orm_world *w = check_open(L);
    struct err err;
    if (orm_add_function(w->orm, str_from(luaL_checkstring(L, 2)), str_from(luaL_checkstring(L, 3)),
                         (int)luaL_checkinteger(L, 4), lua_toboolean(L, 5), opt_text(L, 6),
                         &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

static int l_resolve(lua_State *L)
{
    struct orm_world *w = check_open(L);
    struct err err;
    if (orm_resolve(w->orm, &err) != 0)
        return exception_raise_err(L, &err);
    return 0;
}

/* world:bind(id, class): instances of the model get `class` as their metatable. */
static int l_bind(lua_State *L)
{
    struct orm_world *w = check(L, 1);
    struct model *m = check_model(L, w, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    orm_mark_class(L, 3, m);
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, m->id);
    return 0;
}

/* check(world, query): raises FieldError and the like at the author's line; gives the query. */
static int l_check(lua_State *L)
{
    struct orm_world *w = orm_world_check(L, 1);
    struct err err;
    if (statements_check(orm_world_statements(w, DIALECT_SQLITE), orm_code_check(L, 2), &err) != 0)
        return exception_raise_err(L, &err);
    lua_settop(L, 2);
    return 1;
}

/* ---- asking ---- */

static void set_str(lua_State *L, const char *name, struct str s)
{
    if (!s.n)
        return;
    lua_pushlstring(L, s.p, s.n);
    lua_setfield(L, -2, name);
}

static void set_int(lua_State *L, const char *name, lua_Integer i)
{
    lua_pushinteger(L, i);
    lua_setfield(L, -2, name);
}

static void set_true(lua_State *L, const char *name, bool yes)
{
    if (!yes)
        return;
    lua_pushboolean(L, true);
    lua_setfield(L, -2, name);
}

static void push_relation(lua_State *L, const struct relation *r)
{
    static const char *const kinds[] = {"", "fk", "one", "many"};
    lua_createtable(L, 0, 12);
    lua_pushstring(L, kinds[r->kind]);
    lua_setfield(L, -2, "kind");
    set_int(L, "model", r->field->model->id);
    set_int(L, "to", r->to->id);
    set_str(L, "field", r->field->name);
    if (r->target)
        set_str(L, "target", r->target->attname);
    set_str(L, "accessor", r->accessor);
    set_str(L, "query_name", r->query_name);
    set_true(L, "hidden", r->hidden);
    set_true(L, "parent_link", r->parent_link);
    set_true(L, "symmetrical", r->symmetrical);
    if (r->through) {
        set_int(L, "through", r->through->id);
        set_true(L, "auto_created", r->through->auto_created);
        set_str(L, "source", r->source_fk->name);
        set_str(L, "target", r->target_fk->name);
    }
}

static void push_field(lua_State *L, const struct field *f)
{
    lua_createtable(L, 0, 12);
    set_str(L, "name", f->name);
    set_str(L, "attname", f->attname);
    set_str(L, "column", f->column);
    set_str(L, "type", f->type->name);
    set_str(L, "internal", f->type->internal);
    set_int(L, "model", f->model->id);
    set_true(L, "null", f->null);
    set_true(L, "primary_key", f->primary_key);
    set_true(L, "unique", f->unique);
    set_true(L, "generated", f->generated);
    set_true(L, "auto", f->type->flags & FIELD_AUTO);
    if (f->rel) {
        push_relation(L, f->rel);
        lua_setfield(L, -2, "relation");
    }
}

static void push_fields(lua_State *L, const struct field *const *fields, uint32_t n,
                        const char *name)
{
    lua_createtable(L, (int)n, 0);
    for (uint32_t i = 0; i < n; i++) {
        push_field(L, fields[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, name);
}

/* world:describe(id): what became of the model */
static int l_describe(lua_State *L)
{
    struct orm_world *w = orm_world_check(L, 1);
    const struct model *m = check_model(L, w, 2);
    lua_createtable(L, 0, 20);
    set_int(L, "id", m->id);
    set_str(L, "app_label", m->app_label);
    set_str(L, "name", m->name);
    set_str(L, "label", m->label);
    set_str(L, "model_name", m->lower);
    set_str(L, "table", m->table);
    set_str(L, "pk", m->pk->name);
    set_int(L, "concrete", m->concrete->id);
    set_true(L, "proxy", m->proxy);
    set_true(L, "managed", m->managed);
    set_true(L, "auto_created", m->auto_created);
    push_fields(L, m->fields, m->n_fields, "fields");
    push_fields(L, m->local, m->n_local, "local_fields");
    push_fields(L, m->many, m->n_many, "many");
    push_fields(L, m->links, m->n_parents, "links");
    push_fields(L, m->targets, m->n_targets, "targets");
    lua_createtable(L, (int)m->n_reverse, 0);
    for (uint32_t i = 0; i < m->n_reverse; i++) {
        push_relation(L, m->reverse[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "reverse");
    return 1;
}

/* world:count() → number of models, with those that relations made */
static int l_count(lua_State *L)
{
    lua_pushinteger(L, check(L, 1)->orm->n_models);
    return 1;
}

static const struct field *check_field(lua_State *L, struct orm_world *w)
{
    struct err err;
    const struct field *f =
        model_field(check_model(L, w, 2), str_from(luaL_checkstring(L, 3)), &err);
    if (!f)
        exception_raise_err(L, &err);
    return f;
}

/* world:column(id, field, dialect) → type, check: "varchar(200)", nil */
static int l_column(lua_State *L)
{
    struct orm_world *w = orm_world_check(L, 1);
    const struct field *f = check_field(L, w);
    struct buf *out = orm_json_buffer(L);
    if (!dialect_column_type(&dialect_sqlite, f, out))
        return 0;
    lua_pushlstring(L, out->data, out->n);
    buf_reset(out);
    if (!dialect_column_check(&dialect_sqlite, f, out))
        return 1;
    lua_pushlstring(L, out->data, out->n);
    return 2;
}

/* world:schema_sql(id, fragment): a condition or expression with its values written in */
static int l_schema_sql(lua_State *L)
{
    struct orm_world *w = orm_world_check(L, 1);
    struct err err;
    struct buf *out = orm_json_buffer(L);
    if (statement_schema_sql(w->orm, &dialect_sqlite, check_model(L, w, 2), orm_code_check(L, 3),
                             out, &err) != 0)
        return exception_raise_err(L, &err);
    lua_pushlstring(L, out->data, out->n);
    return 1;
}

static lua_Integer changes_of(const struct orm_world *w, const struct model *m)
{
    lua_Integer n = w->changes ? w->changes[m->concrete->id] : 0;
    for (uint32_t i = 0; i < m->concrete->n_parents; i++)
        n += changes_of(w, m->concrete->parents[i]);
    return n;
}

/* world:changes(model id): grows with every statement of this worker's that changes rows of the
 * model, in whatever database. */
static int l_changes(lua_State *L)
{
    const struct orm_world *w = orm_world_check(L, 1);
    lua_Integer id = luaL_checkinteger(L, 2);
    luaL_argcheck(L, id >= 0 && id < w->orm->n_models, 2, "no such model");
    lua_pushinteger(L, changes_of(w, w->orm->models[id]));
    return 1;
}

static int world_gc(lua_State *L)
{
    struct orm_world *w = class_test(L, 1, &world_class);
    if (!w || !w->orm)
        return 0;
    for (int i = 0; i < ORM_DIALECTS; i++)
        if (w->statements[i])
            statements_free(w->statements[i]);
    free(w->changes);
    orm_free(w->orm);
    w->orm = NULL;
    return 0;
}

static const struct class world_class = {
    .name = "perilune.models.World",
    .user_values = 1, /* classes by the numbers of their models */
    .methods =
        (const luaL_Reg[]){
            {"add_model", l_add_model},
            {"add_field", l_add_field},
            {"set_ordering", l_set_ordering},
            {"set_order_with_respect_to", l_set_order_with_respect_to},
            {"add_field_type", l_add_field_type},
            {"add_lookup", l_add_lookup},
            {"add_transform", l_add_transform},
            {"add_function", l_add_function},
            {"resolve", l_resolve},
            {"bind", l_bind},
            {"changes", l_changes},
            {"describe", l_describe},
            {"count", l_count},
            {"column", l_column},
            {"schema_sql", l_schema_sql},
            {NULL, NULL},
        },
    .metamethods = (const luaL_Reg[]){{"__gc", world_gc}, {NULL, NULL}},
};

void orm_open_world(lua_State *L)
{
    class_register(L, &world_class);
    lua_pushcfunction(L, l_world);
    lua_setfield(L, -2, "world");
    lua_pushcfunction(L, l_check);
    lua_setfield(L, -2, "check");
}
