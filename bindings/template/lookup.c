/* SPDX-License-Identifier: MIT */
/* Names: variables of the context, what is behind a dot, and calling what was found. */
#include "bindings/lua/error.h"
#include "bindings/template/impl.h"

#include "base/banned.h"

/* ---- names as Lua strings ---- */

static int step_name(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->lr->e->names);
    lua_pushlstring(L, s->name->text.p, s->name->text.n);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, (lua_Integer)s->name->id + 1);
    return 1;
}

int name_push(struct lua_render *lr, const struct name *name)
{
    if (lua_rawgeti(lr->S, STORE_NAMES, (lua_Integer)name->id + 1) == LUA_TSTRING)
        return 0;
    lua_pop(lr->S, 1);
    return step_run(lr, step_name, &(struct step){.name = name}, true);
}

/* ---- raw access ---- */

enum found { FOUND_NOT, FOUND, FOUND_SLOWLY /* a metamethod has to be asked */ };

/* Looks the key on top of S up in the table at idx and in the tables that its __index
 * leads to; the value takes the key's place, or the key goes. [S: -1, +0|1] */
static enum found raw_get(lua_State *S, int idx)
{
    int key = lua_gettop(S);
    lua_pushvalue(S, key);
    if (lua_rawget(S, idx) != LUA_TNIL) {
        lua_replace(S, key);
        return FOUND;
    }
    lua_pop(S, 1);
    if (lua_getmetatable(S, idx)) {
        for (int depth = 0; depth < 32; depth++) {
            lua_pushvalue(S, STORE_INDEX);
            int type = lua_rawget(S, -2);
            if (type == LUA_TNIL)
                break;
            if (type != LUA_TTABLE) {
                lua_settop(S, key - 1);
                return FOUND_SLOWLY;
            }
            lua_replace(S, key + 1);
            lua_pushvalue(S, key);
            if (lua_rawget(S, key + 1) != LUA_TNIL) {
                lua_replace(S, key);
                lua_settop(S, key);
                return FOUND;
            }
            lua_pop(S, 1);
            if (!lua_getmetatable(S, key + 1))
                break;
            lua_replace(S, key + 1);
        }
    }
    lua_settop(S, key - 1);
    return FOUND_NOT;
}

/* ---- variables ---- */

static int step_context(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    lua_pushvalue(s->lr->S, STORE_CONTEXT);
    lua_xmove(s->lr->S, L, 1);
    lua_pushlstring(L, s->name->text.p, s->name->text.n);
    lua_gettable(L, -2);
    return 1;
}

static int from_context(struct lua_render *lr, const struct name *name, struct tval *out)
{
    lua_State *S = lr->S;
    if (name_push(lr, name) != 0)
        return -1;
    if (lr->context_raw) {
        lua_rawget(S, STORE_CONTEXT);
        return value_take(lr, TVAL_UNDEFINED, out);
    }
    enum found f = raw_get(S, STORE_CONTEXT);
    int missing = 0;
    if (f == FOUND_SLOWLY)
        missing = step_try(lr, step_context, &(struct step){.name = name}, true);
    if (missing < 0)
        return -1;
    if (f != FOUND_NOT && !missing)
        return value_take(lr, TVAL_UNDEFINED, out);
    *out = (struct tval){.type = TVAL_UNDEFINED};
    return 0;
}

int host_variable(struct render *r, const struct name *name, struct tval *out)
{
    struct lua_render *lr = render_lua(r);
    if (value_room(lr, 8) != 0 || from_context(lr, name, out) != 0)
        return -1;
    if (out->type != TVAL_UNDEFINED || !lr->has_extra)
        return 0;
    if (name_push(lr, name) != 0)
        return -1;
    lua_rawget(lr->S, STORE_EXTRA);
    return value_take(lr, TVAL_UNDEFINED, out);
}

/* ---- behind a dot ---- */

/* object.key, then object[index + 1] */
static int step_index(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    lua_pushlstring(L, s->str.p, s->str.n);
    lua_gettable(L, -2);
    if (lua_isnil(L, -1) && s->i >= 0) {
        lua_pushinteger(L, s->i + 1);
        lua_gettable(L, -3);
    }
    return 1;
}

/* Does the object say that it has a field of that name, which is NULL? */
static int step_has(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    if (luaL_getmetafield(L, -1, "__hasfield") == LUA_TNIL)
        return 0;
    lua_insert(L, -2);
    lua_pushlstring(L, s->str.p, s->str.n);
    lua_call(L, 2, 1);
    *s->flag = lua_toboolean(L, -1);
    return 0;
}

/* What a metamethod gives. */
static int lookup_slowly(struct lua_render *lr, struct tval obj, struct str name, int64_t index,
                         struct tval *out)
{
    struct step s = {.self = obj, .str = name, .i = index};
    int missing = step_try(lr, step_index, &s, true);
    if (missing == 0)
        return value_take(lr, TVAL_UNDEFINED, out);
    *out = (struct tval){.type = TVAL_UNDEFINED};
    return missing < 0 ? -1 : 0;
}

static int or_null_field(struct lua_render *lr, struct tval obj, struct str name, struct tval *out)
{
    bool has = false;
    if (out->type != TVAL_UNDEFINED || !object_has(lr, obj, META_HASFIELD))
        return 0;
    if (step_run(lr, step_has, &(struct step){.self = obj, .str = name, .flag = &has}, false) != 0)
        return -1;
    if (has)
        *out = tval_none();
    return 0;
}

static const struct str map_parts[] = {STR_INIT("items"), STR_INIT("keys"), STR_INIT("values")};

static bool map_part_named(struct str name)
{
    return str_eq(name, map_parts[0]) || str_eq(name, map_parts[1]) || str_eq(name, map_parts[2]);
}

/* `map.items` and its like, of plain tables. */
static int map_part(struct lua_render *lr, struct tval obj, struct str name, struct tval *out)
{
    for (int i = 0; i < 3; i++)
        if (str_eq(name, map_parts[i])) {
            value_push_object(lr, obj);
            return table_list(lr, (enum table_part)i, out);
        }
    *out = (struct tval){.type = TVAL_UNDEFINED};
    return 0;
}

/* What __tojson makes of the object. */
static int step_tojson(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->self);
    luaL_callmeta(L, -1, "__tojson");
    return 1;
}

/* The same of rows of values that hold a NULL: their metatable knows all names. */
static int row_part(struct lua_render *lr, struct tval obj, struct str name, struct tval *out)
{
    struct tval complete;
    if (!map_part_named(name))
        return 0;
    if (step_run(lr, step_tojson, &(struct step){.self = obj}, true) != 0 ||
        value_take(lr, TVAL_UNDEFINED, &complete) != 0)
        return -1;
    return complete.type == TVAL_OBJECT ? map_part(lr, complete, name, out) : 0;
}

/* The key stands on top of S, and is taken off. */
static int lookup_table(struct lua_render *lr, struct tval obj, struct str name, int64_t index,
                        struct tval *out)
{
    lua_State *S = lr->S;
    int slot, key = lua_gettop(S);
    bool plain;
    if (value_slot(lr, obj, &slot) != S) {
        value_push_object(lr, obj);
        lua_insert(S, key);
        slot = key++;
    }
    enum found f = raw_get(S, slot);
    if (f == FOUND)
        return value_take(lr, TVAL_UNDEFINED, out);
    if (f == FOUND_SLOWLY)
        return lookup_slowly(lr, obj, name, index, out) != 0 ? -1
                                                             : or_null_field(lr, obj, name, out);
    plain = !lua_getmetatable(S, slot);
    if (index >= 0) {
        if (lua_rawgeti(S, slot, index + 1) == LUA_TNIL && plain && lua_rawlen(S, slot) == 0) {
            lua_pop(S, 1);
            lua_rawgeti(S, slot, index); /* a map of numbers */
        }
        if (value_take(lr, TVAL_UNDEFINED, out) != 0)
            return -1;
        return plain ? 0 : or_null_field(lr, obj, name, out);
    }
    if (plain)
        return map_part(lr, obj, name, out);
    *out = (struct tval){.type = TVAL_UNDEFINED};
    if (or_null_field(lr, obj, name, out) != 0)
        return -1;
    return out->type == TVAL_UNDEFINED && object_has(lr, obj, META_HASFIELD)
               ? row_part(lr, obj, name, out)
               : 0;
}

/* Methods of text are a table of the Lua half: Python's, by their names. */
static int step_text_method(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->lr->e->callbacks);
    lua_getfield(L, -1, "text_methods");
    lua_pushlstring(L, s->str.p, s->str.n);
    lua_rawget(L, -2);
    return 1;
}

static int lookup_other(struct lua_render *lr, struct tval v, struct str name, int64_t index,
                        struct tval *out)
{
    struct step s = {.str = name};
    switch (v.type) {
    case TVAL_OBJECT:
    case TVAL_DECIMAL:
    case TVAL_MOMENT:
    case TVAL_TIMEDELTA:
        if (lookup_slowly(lr, v, name, index, out) != 0)
            return -1;
        return v.type == TVAL_OBJECT ? or_null_field(lr, v, name, out) : 0;
    case TVAL_STR:
        if (step_run(lr, step_text_method, &s, true) != 0)
            return -1;
        return value_take(lr, TVAL_UNDEFINED, out);
    default:
        *out = (struct tval){.type = TVAL_UNDEFINED};
        return 0;
    }
}

/* The Lua type of an object, of anything else that of a userdata: both have something behind a
 * dot, while functions and coroutines have not. */
static int type_of(struct lua_render *lr, struct tval v)
{
    int slot;
    if (v.type != TVAL_OBJECT)
        return LUA_TUSERDATA;
    lua_State *T = value_slot(lr, v, &slot);
    return lua_type(T, slot);
}

/* What most names behind a dot are: a field that the table itself has. */
static bool own_field(struct lua_render *lr, struct tval table, const struct name *name,
                      struct tval *out)
{
    lua_State *S = lr->S;
    int slot;
    if (value_slot(lr, table, &slot) != S)
        return false;
    if (lua_rawgeti(S, STORE_NAMES, (lua_Integer)name->id + 1) == LUA_TSTRING &&
        lua_rawget(S, slot) != LUA_TNIL) {
        value_take(lr, TVAL_UNDEFINED, out);
        return true;
    }
    lua_pop(S, 1);
    return false;
}

int host_lookup(struct render *r, struct tval obj, const struct name *name, struct tval *out)
{
    struct lua_render *lr = render_lua(r);
    int type = type_of(lr, obj);
    *out = (struct tval){.type = TVAL_UNDEFINED};
    if (type != LUA_TTABLE && type != LUA_TUSERDATA)
        return 0;
    if (value_room(lr, 12) != 0)
        return -1;
    if (type != LUA_TTABLE)
        return lookup_other(lr, obj, name->text, name->index, out);
    if (own_field(lr, obj, name, out))
        return 0;
    if (name_push(lr, name) != 0)
        return -1;
    return lookup_table(lr, obj, name->text, name->index, out);
}

static int step_string(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    lua_pushlstring(L, s->str.p, s->str.n);
    return 1;
}

int host_lookup_str(struct render *r, struct tval obj, struct str name, struct tval *out)
{
    struct lua_render *lr = render_lua(r);
    int64_t index;
    int type = type_of(lr, obj);
    *out = (struct tval){.type = TVAL_UNDEFINED};
    if (type != LUA_TTABLE && type != LUA_TUSERDATA)
        return 0;
    if (value_room(lr, 12) != 0)
        return -1;
    if (!str_to_int64(name, &index) || index < 0)
        index = -1;
    if (type != LUA_TTABLE)
        return lookup_other(lr, obj, name, index, out);
    if (step_run(lr, step_string, &(struct step){.str = name}, true) != 0)
        return -1;
    return lookup_table(lr, obj, name, index, out);
}

/* ---- calls ---- */

/* Calls v with self, whatever that is. */
static int step_call(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    value_push(L, s->lr, s->arg);
    value_push(L, s->lr, s->self);
    lua_call(L, 1, 1);
    return 1;
}

/* Of an object or of nothing: function and argument only have to be moved. LUA_OK with the
 * result on S, or a status with the error object on L. */
static int call_directly(struct lua_render *lr, lua_State *L, struct tval self, struct tval f)
{
    int nargs = self.type == TVAL_OBJECT, status;
    if (!lua_checkstack(L, LUA_MINSTACK)) {
        lua_pushliteral(L, "cannot grow the Lua stack");
        return LUA_ERRMEM;
    }
    lua_pushcfunction(L, exception_handler);
    value_push_object(lr, f);
    if (nargs)
        value_push_object(lr, self);
    lua_xmove(lr->S, L, 1 + nargs);
    status = lua_pcall(L, nargs, 1, -(nargs + 2));
    if (status == LUA_OK) {
        lua_xmove(L, lr->S, 1);
        lua_pop(L, 1);
    } else {
        lua_remove(L, -2);
    }
    return status;
}

static enum call_mark mark_of(struct lua_render *lr, struct tval f)
{
    value_push_object(lr, f);
    lua_rawget(lr->S, STORE_MARKS);
    enum call_mark mark = (enum call_mark)lua_tointeger(lr->S, -1);
    lua_pop(lr->S, 1);
    return mark;
}

int host_call(struct render *r, struct tval self, struct tval *v)
{
    struct lua_render *lr = render_lua(r);
    lua_State *L = running_thread(lr->e);
    int status;
    if (value_room(lr, 6) != 0)
        return -1;
    switch (mark_of(lr, *v)) {
    case MARK_DO_NOT_CALL:
        return 0;
    case MARK_ALTERS_DATA:
        *v = (struct tval){.type = TVAL_UNDEFINED};
        return 0;
    default:
        break;
    }
    if (self.type == TVAL_UNDEFINED || self.type == TVAL_OBJECT) {
        status = call_directly(lr, L, self, *v);
    } else {
        int rc = step_try(lr, step_call,
                          &(struct step){.self = self, .arg = *v, .silent_only = true}, true);
        if (rc == 0)
            return value_take(lr, TVAL_NONE, v);
        *v = (struct tval){.type = TVAL_UNDEFINED};
        return rc < 0 ? -1 : 0;
    }
    if (status == LUA_OK)
        return value_take(lr, TVAL_NONE, v);
    if (!error_silent(L, -1))
        return error_keep(lr, L);
    lua_pop(L, 1);
    *v = (struct tval){.type = TVAL_UNDEFINED};
    return 0;
}
