/* SPDX-License-Identifier: MIT */
/* The exception of a request against Lua's error objects. */
#include "bindings/http/request.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/inspect.h"

#include "base/banned.h"

#include <lauxlib.h>

static const struct {
    const char *class;
    enum exception_kind kind;
} kinds[] = {
    {"Http404", EXCEPTION_NOT_FOUND},
    {"PermissionDenied", EXCEPTION_PERMISSION_DENIED},
    {"BadRequest", EXCEPTION_BAD_REQUEST},
    {"RequestDataTooBig", EXCEPTION_TOO_LARGE},
    {"SuspiciousOperation", EXCEPTION_SUSPICIOUS},
    {"TimeLimitExceeded", EXCEPTION_TIMEOUT},
    {"CancelledError", EXCEPTION_TIMEOUT},
};

static enum exception_kind kind_of(lua_State *L, int idx)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (exception_is(L, idx, kinds[i].class))
            return kinds[i].kind;
    return EXCEPTION_ERROR;
}

static const char *text_field(lua_State *L, struct request *r, const char *name,
                              const char *fallback)
{
    const char *text = fallback;
    lua_getfield(L, 2, name);
    if (lua_isstring(L, -1)) {
        size_t n;
        const char *p = lua_tolstring(L, -1, &n);
        text = arena_strndup(r->arena, p, n);
    }
    lua_pop(L, 1);
    return text;
}

/* Does the text begin with "file:line:", as what Lua itself raises does? A line of the
 * library tells the author nothing. */
static bool has_place(const char *text)
{
    const char *colon = strchr(text, ':');
    const char *space = strchr(text, ' ');
    return colon && colon != text && char_is_digit(colon[1]) && (!space || space > colon) &&
           !str_starts(str_from(text), STR("perilune/"));
}

/* The author's line, unless the message says it already. */
static const char *place(lua_State *L, struct request *r)
{
    const char *where = text_field(L, r, "where", NULL);
    size_t n = where ? strlen(where) : 0;
    if (n < 2 || has_place(r->exception.message))
        return NULL;
    return where[n - 1] == ' ' && where[n - 2] == ':' ? arena_strndup(r->arena, where, n - 2)
                                                      : where;
}

/* What the stack does not tell: the view or layer, and where its function begins when
 * none of the project's lines were running (after a tail call, or in C). */
static void add_origin(lua_State *L, const struct origin *from)
{
    lua_pushliteral(L, "during");
    lua_pushfstring(L, "%s %s", from->what, from->who);
    lua_rawset(L, 2);
    lua_pushliteral(L, "where");
    if (from->function && lua_rawget(L, 2) == LUA_TNIL) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, from->function);
        const char *place = inspect_defined(L, -1);
        if (place[0]) {
            lua_pushliteral(L, "where");
            lua_pushfstring(L, "%s: ", place);
            lua_rawset(L, 2);
        }
    }
    lua_settop(L, 3);
}

/* The message, with the place in a template that it came from. */
static const char *with_template(lua_State *L, struct request *r, const char *message)
{
    const char *name = text_field(L, r, "template_name", NULL);
    const char *where = text_field(L, r, "where", "");
    lua_getfield(L, 2, "line");
    int line = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (!name || str_starts(str_from(where), str_from(name)))
        return message;
    return arena_printf(r->arena, "%s (in the template %s, line %d)", message, name, line);
}

/* (light request, error object, light origin) */
static int record(lua_State *L)
{
    struct request *r = lua_touserdata(L, 1);
    struct exception *e = &r->exception;
    if (lua_type(L, 2) == LUA_TSTRING) { /* memory was out: no handler ran */
        lua_pushvalue(L, 2);
        exception_wrap(L);
        lua_replace(L, 2);
    }
    if (lua_istable(L, 2) && lua_touserdata(L, 3))
        add_origin(L, lua_touserdata(L, 3));
    e->kind = kind_of(L, 2);
    if (lua_istable(L, 2)) {
        e->name = text_field(L, r, "name", "Error");
        e->message = with_template(L, r, text_field(L, r, "message", ""));
        e->traceback = text_field(L, r, "traceback", NULL);
        e->where = place(L, r);
    } else {
        size_t n;
        const char *p = luaL_tolstring(L, 2, &n);
        e->name = "Error";
        e->message = arena_strndup(r->arena, p, n);
    }
    request_push(L, r);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, REQUEST_ERROR);
    e->from_script = true;
    return 0;
}

void request_exception_from_lua(lua_State *L, struct request *r, const struct origin *from)
{
    r->exception = (struct exception){
        .kind = EXCEPTION_ERROR, .name = "Error", .message = "not enough memory"};
    if (!lua_checkstack(L, 8)) {
        lua_pop(L, 1);
        return;
    }
    lua_pushcfunction(L, record);
    lua_insert(L, -2);
    lua_pushlightuserdata(L, r);
    lua_insert(L, -2);
    lua_pushlightuserdata(L, (void *)from);
    if (lua_pcall(L, 3, 0, 0) != LUA_OK)
        lua_pop(L, 1);
}

void request_exception_push(lua_State *L, struct request *r)
{
    const struct exception *e = &r->exception;
    if (e->from_script) {
        request_push(L, r);
        lua_getiuservalue(L, -1, REQUEST_ERROR);
        lua_remove(L, -2);
        return;
    }
    exception_push(L, e->name, e->message);
}
