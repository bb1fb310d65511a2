/* SPDX-License-Identifier: MIT */
#include "bindings/lua/error.h"

#include "bindings/lua/inspect.h"

#include "base/banned.h"
#include "base/str.h"

#include <lauxlib.h>
#include <stdarg.h>

/* perilune.exceptions, or nil while it is not loaded. [-0, +1] */
static int push_module(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "perilune.exceptions");
    lua_remove(L, -2);
    return lua_istable(L, -1);
}

void exception_push(lua_State *L, const char *name, const char *message)
{
    luaL_checkstack(L, 6, NULL);
    if (push_module(L)) {
        lua_pushstring(L, name);
        if (lua_rawget(L, -2) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_getfield(L, -1, "Error");
        }
        lua_remove(L, -2);
        lua_pushstring(L, message);
        lua_call(L, 1, 1);
    } else {
        lua_pop(L, 1);
        lua_pushfstring(L, "%s: %s", name, message);
    }
}

/* "file:line: " of the author, who may have called a function of the library that called C;
 * of the caller outside of projects; nil where neither is to be seen: the handler that
 * catches the error looks again. [-0, +1, may raise] */
static void push_place(lua_State *L)
{
    inspect_where(L, 1);
    if (!lua_isnil(L, -1))
        return;
    luaL_where(L, 1);
    if (!lua_rawlen(L, -1) || str_starts(str_from(lua_tostring(L, -1)), STR("perilune/"))) {
        lua_pop(L, 1);
        return;
    }
    lua_remove(L, -2);
}

static int raise_text(lua_State *L, const char *name, const char *message)
{
    exception_push(L, name, message);
    if (lua_istable(L, -1)) {
        push_place(L);
        lua_setfield(L, -2, "where");
    }
    return lua_error(L);
}

int exception_raise(lua_State *L, const char *name, const char *fmt, ...)
{
    char message[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    return raise_text(L, name, message);
}

static const struct {
    enum err_code code;
    const char *name;
} classes[] = {
    {ERR_INVALID, "ValueError"},
    {ERR_NOT_FOUND, "NotFoundError"},
    {ERR_TOO_LARGE, "TooLargeError"},
    {ERR_DENIED, "PermissionDenied"},
    {ERR_TIMEOUT, "TimeoutError"},
    {ERR_CANCELLED, "CancelledError"},
    {ERR_CLOSED, "ClosedError"},
    {ERR_IO, "OSError"},
    {ERR_CONFIG, "ImproperlyConfigured"},
    {ERR_NOT_USED, "MiddlewareNotUsed"},
    {ERR_SYNTAX, "SyntaxError"},
    {ERR_USAGE, "UsageError"},
    {ERR_FIELD, "FieldError"},
    {ERR_UNSUPPORTED, "NotSupportedError"},
    {ERR_TYPE, "TypeError"},
    {ERR_DB, "DatabaseError"},
    {ERR_DB_INTERFACE, "InterfaceError"},
    {ERR_DB_DATA, "DataError"},
    {ERR_DB_OPERATIONAL, "OperationalError"},
    {ERR_DB_INTERNAL, "InternalError"},
    {ERR_DB_PROGRAMMING, "ProgrammingError"},
    {ERR_DB_INTEGRITY, "IntegrityError"},
    {ERR_DB_UNIQUE, "IntegrityError"},
    {ERR_DB_FOREIGN_KEY, "IntegrityError"},
    {ERR_DB_NOT_NULL, "IntegrityError"},
    {ERR_DB_CHECK, "IntegrityError"},
    {ERR_DB_TRANSACTION, "TransactionManagementError"},
    {ERR_DB_DURABLE, "RuntimeError"},
};

const char *exception_class(enum err_code code)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (classes[i].code == code)
            return classes[i].name;
    return "Error";
}

int exception_raise_err(lua_State *L, const struct err *e)
{
    return raise_text(L, exception_class(e->code), e->msg);
}

int exception_is(lua_State *L, int idx, const char *name)
{
    int yes = 0, top = lua_gettop(L);
    idx = lua_absindex(L, idx);
    if (lua_istable(L, idx) && lua_checkstack(L, 6) && lua_getmetatable(L, idx)) {
        /* class.ancestors is a set of classes and their names, its own among them */
        lua_pushliteral(L, "ancestors");
        if (lua_rawget(L, -2) == LUA_TTABLE) {
            lua_pushstring(L, name);
            yes = lua_rawget(L, -2) != LUA_TNIL;
        }
    }
    lua_settop(L, top);
    return yes;
}

static int is_exception(lua_State *L, int idx)
{
    return exception_is(L, idx, "Exception");
}

/* Where the error object at index 1 was raised: the first handler that sees it knows. */
static void add_place(lua_State *L)
{
    lua_pushliteral(L, "where");
    if (lua_rawget(L, 1) == LUA_TNIL) {
        lua_pushliteral(L, "where");
        inspect_where(L, 1);
        lua_rawset(L, 1);
    }
    lua_pushliteral(L, "traceback");
    if (lua_rawget(L, 1) == LUA_TNIL) {
        lua_pushliteral(L, "traceback");
        lua_pushliteral(L, "tried"); /* where require() looked for a module */
        lua_rawget(L, 1);
        inspect_traceback(L, lua_tostring(L, -1), 1);
        lua_remove(L, -2);
        lua_rawset(L, 1);
    }
    lua_settop(L, 1);
}

void exception_wrap(lua_State *L)
{
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 6) || is_exception(L, top))
        return;
    if (push_module(L)) {
        lua_getfield(L, -1, "wrap");
        lua_pushvalue(L, top);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK)
            lua_replace(L, top);
    }
    lua_settop(L, top);
}

/* The module that knows what a failed call meant, when models are loaded; its answer takes the
 * place of Lua's text.  Runs while the stack is as the error left it. */
static void explain_call(lua_State *L)
{
    const char *text = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL;
    if (!text || !strstr(text, " value (method '") || !lua_checkstack(L, 6))
        return;
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, "perilune._models.absent") == LUA_TFUNCTION) {
        lua_pushvalue(L, 1);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK && is_exception(L, -1))
            lua_replace(L, 1);
    }
    lua_settop(L, 1);
}

int exception_handler(lua_State *L)
{
    lua_settop(L, 1);
    explain_call(L);
    exception_wrap(L);
    if (is_exception(L, 1)) {
        add_place(L);
        inspect_collect(L);
    }
    lua_settop(L, 1);
    return 1;
}

static int text_of(lua_State *L)
{
    if (is_exception(L, 1)) {
        lua_getfield(L, 1, "message");
        lua_replace(L, 1);
    }
    luaL_tolstring(L, 1, NULL);
    return 1;
}

int exception_to_err(lua_State *L, int idx, struct err *e)
{
    enum err_code code = ERR_SCRIPT;
    idx = lua_absindex(L, idx);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (exception_is(L, idx, classes[i].name))
            code = classes[i].code;
    if (!lua_checkstack(L, 8))
        return err_set(e, ERR_SCRIPT, "cannot grow the Lua stack");
    lua_pushcfunction(L, text_of);
    lua_pushvalue(L, idx);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK || !lua_isstring(L, -1))
        err_set(e, code, "an error that cannot be shown");
    else
        err_set(e, code, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return -1;
}

/* Does the text name a line, as "shop/views.lua:12"? */
static bool names_line(const char *text)
{
    while ((text = strstr(text, ".lua:"))) {
        text += 5;
        if (char_is_digit(*text))
            return true;
    }
    return false;
}

int exception_to_line(lua_State *L, int idx, struct err *err)
{
    idx = lua_absindex(L, idx);
    exception_to_err(L, idx, err);
    for (char *p = err->msg; *p; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    if (lua_istable(L, idx) && lua_checkstack(L, 4) && !names_line(err->msg)) {
        lua_pushliteral(L, "where");
        lua_rawget(L, idx);
        struct str where = lua_isstring(L, -1) ? str_from(lua_tostring(L, -1)) : STR("");
        if (str_ends(where, STR(": ")))
            err_prefix(err, "%.*s", (int)where.n - 2, where.p);
        lua_pop(L, 1);
    }
    return -1;
}
