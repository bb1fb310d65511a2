/* SPDX-License-Identifier: MIT */
/* perilune._log: loggers, and what perilune.log makes of settings.logging.
 *
 * Handlers, formats and the tree of loggers are the engine's (base/logging.h), so that a
 * record never needs Lua once it is made: the engine logs from outside of fibers too. */
#include "bindings/lua/log.h"

#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"

#include "base/clock.h"
#include "base/logging.h"
#include "base/suggest.h"
#include "fiber/fiber.h"
#include "http/request.h"

#include <lauxlib.h>

/* Not a class of class.h: a call that writes nothing must cost next to nothing, so its
 * methods stand in a table that __index names, and the type is told by a word. */
struct lua_logger {
    const void *is; /* logger_mark */
    struct logger *logger;
};

static const char logger_mark;

/* ---- behind the host's log ---- */

static struct str request_id(void *data)
{
    struct host *h = data;
    struct fiber *f = fiber_self(h->loop);
    const struct request *r = f ? *fiber_slot(f, FIBER_REQUEST) : NULL;
    return r ? r->id : STR_NULL;
}

static struct logging *logging_of(lua_State *L)
{
    struct host *h = host_of(L);
    struct logging *g = h->log->logging ? h->log->logging : logging_new(h->log);
    logging_set_request_id(g, request_id, h);
    return g;
}

void log_detach(struct host *h)
{
    if (h->log->logging)
        logging_set_request_id(h->log->logging, NULL, NULL);
}

/* ---- arguments ---- */

static struct logger *check_logger(lua_State *L, const char *method)
{
    const struct lua_logger *l = lua_touserdata(L, 1);
    if (lua_type(L, 1) != LUA_TUSERDATA || lua_rawlen(L, 1) != sizeof *l || l->is != &logger_mark) {
        exception_raise(L, "TypeError", "call it with a colon: logger:%s(…), not logger.%s(…)",
                        method, method);
        return NULL;
    }
    return l->logger;
}

static int unknown_level(lua_State *L, struct str name)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};
    struct suggest s;
    char near[64];
    suggest_init(&s, name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        suggest_add(&s, str_from(names[i]));
    return exception_raise(L, "ValueError",
                           "unknown level '%.*s'%s (DEBUG, INFO, WARNING, ERROR, "
                           "CRITICAL or a number)",
                           STR_ARG(str_head(name, 40)), suggest_text(&s, near, sizeof near));
}

static int check_level(lua_State *L, int idx)
{
    if (lua_isinteger(L, idx)) {
        lua_Integer n = lua_tointeger(L, idx);
        if (n < 0 || n > 1000)
            return exception_raise(L, "ValueError", "a level is a number from 0 to 1000");
        return (int)n;
    }
    size_t n;
    const char *p = luaL_checklstring(L, idx, &n);
    if (str_ieq(str_make(p, n), STR("WARN")))
        return LOG_LEVEL_WARNING;
    int level = log_level_parse(str_make(p, n));
    return level >= 0 ? level : unknown_level(L, str_make(p, n));
}

/* ---- records ---- */

/* (string.format, format, ...) -> text. Without arguments the text is taken as it is. */
static int compose(lua_State *L)
{
    if (lua_gettop(L) > 2) {
        luaL_tolstring(L, 2, NULL);
        lua_replace(L, 2);
        lua_call(L, lua_gettop(L) - 1, 1);
    } else {
        luaL_tolstring(L, 2, NULL);
    }
    return 1;
}

/* The text of the arguments from `first` on. A logger never raises for a format that does
 * not fit: it would hide what it was about to tell. [-0, +1] */
static void push_text(lua_State *L, int first)
{
    int top = lua_gettop(L), n = top - first + 1;
    luaL_checkstack(L, n + 8, "too many arguments of a log call");
    if (n == 1 && lua_type(L, first) == LUA_TSTRING) {
        lua_pushvalue(L, first);
        return;
    }
    lua_pushcfunction(L, compose);
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "format");
    lua_remove(L, -2);
    if (n < 1)
        lua_pushliteral(L, "");
    for (int i = first; i <= top; i++)
        lua_pushvalue(L, i);
    if (lua_pcall(L, n < 1 ? 2 : n + 1, 1, 0) == LUA_OK)
        return;
    const char *why = lua_tostring(L, -1);
    const char *text = lua_type(L, first) == LUA_TSTRING ? lua_tostring(L, first) : "?";
    lua_pushfstring(L, "%s (cannot be formatted: %s)", text, why ? why : "?");
    lua_remove(L, -2);
}

static struct str stack_str(lua_State *L, int idx)
{
    size_t n = 0;
    const char *p = lua_tolstring(L, idx, &n);
    return str_make(p, n);
}

/* Where the author's code calls. The name of a chunk without a file is pushed. */
static void fill_place(lua_State *L, struct log_record *r)
{
    lua_Debug ar;
    if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "Sln", &ar))
        return;
    if (ar.source[0] == '@') {
        r->file = str_skip(str_make(ar.source, ar.srclen), 1);
    } else {
        lua_pushstring(L, ar.short_src); /* a buffer of `ar` */
        r->file = stack_str(L, -1);
    }
    r->line = ar.currentline > 0 ? ar.currentline : 0;
    r->function = str_from(ar.name);
}

/* Emits the text at index `text`; `trace` 0: none. */
static void emit(lua_State *L, struct logger *l, int level, int text, int trace)
{
    struct log_record r = {
        .level = (enum log_level)level, .text = stack_str(L, text), .time = clock_realtime()};
    if (trace)
        r.trace = stack_str(L, trace);
    fill_place(L, &r);
    logger_emit(l, &r);
}

static int write_at(lua_State *L, int level, const char *method)
{
    struct logger *l = check_logger(L, method);
    if (level >= logger_threshold(l)) {
        push_text(L, 2);
        emit(L, l, level, lua_gettop(L), 0);
    }
    return 0;
}

static int logger_l_debug(lua_State *L)
{
    return write_at(L, LOG_LEVEL_DEBUG, "debug");
}

static int logger_l_info(lua_State *L)
{
    return write_at(L, LOG_LEVEL_INFO, "info");
}

static int logger_l_warning(lua_State *L)
{
    return write_at(L, LOG_LEVEL_WARNING, "warning");
}

static int logger_l_error(lua_State *L)
{
    return write_at(L, LOG_LEVEL_ERROR, "error");
}

static int logger_l_critical(lua_State *L)
{
    return write_at(L, LOG_LEVEL_CRITICAL, "critical");
}

static int logger_l_log(lua_State *L)
{
    struct logger *l = check_logger(L, "log");
    int level = check_level(L, 2);
    if (level >= logger_threshold(l)) {
        push_text(L, 3);
        emit(L, l, level, lua_gettop(L), 0);
    }
    return 0;
}

/* (text, error) -> "ValueError: what\nstack traceback: …" */
static int trace_of(lua_State *L)
{
    size_t n;
    const char *title = luaL_tolstring(L, 2, &n);
    size_t size;
    const char *text = lua_tolstring(L, 1, &size);
    bool told = str_find(str_make(text, size), str_make(title, n)) < size;
    if (lua_getfield(L, 2, "traceback") != LUA_TSTRING) {
        lua_pop(L, 1);
        luaL_traceback(L, L, NULL, 1);
    }
    if (!told)
        lua_pushfstring(L, "%s\n%s", title, lua_tostring(L, -1));
    return 1;
}

/* exception(format, ...): as error(), with the traceback of the error object among the
 * arguments, or of the call when there is none. */
static int logger_l_exception(lua_State *L)
{
    struct logger *l = check_logger(L, "exception");
    int error = 0, top = lua_gettop(L);
    if (LOG_LEVEL_ERROR < logger_threshold(l))
        return 0;
    for (int i = 2; i <= top && !error; i++)
        error = exception_is(L, i, "Exception") ? i : 0;
    push_text(L, 2);
    int text = lua_gettop(L);
    if (error) {
        lua_pushcfunction(L, trace_of);
        lua_pushvalue(L, text);
        lua_pushvalue(L, error);
        lua_pcall(L, 2, 1, 0); /* a __tostring that raises: its error is what there is */
    } else {
        luaL_traceback(L, L, NULL, 1);
    }
    emit(L, l, LOG_LEVEL_ERROR, text, text + 1);
    return 0;
}

static int logger_l_enabled(lua_State *L)
{
    struct logger *l = check_logger(L, "enabled");
    lua_pushboolean(L, check_level(L, 2) >= logger_threshold(l));
    return 1;
}

static int logger_l_set_level(lua_State *L)
{
    struct logger *l = check_logger(L, "set_level");
    logger_set_level(l, check_level(L, 2));
    return 0;
}

static const luaL_Reg logger_methods[] = {
    {"debug", logger_l_debug},
    {"info", logger_l_info},
    {"warning", logger_l_warning},
    {"error", logger_l_error},
    {"critical", logger_l_critical},
    {"exception", logger_l_exception},
    {"log", logger_l_log},
    {"enabled", logger_l_enabled},
    {"set_level", logger_l_set_level},
    {NULL, NULL},
};

static int logger_tostring(lua_State *L)
{
    lua_pushfstring(L, "logger %s", logger_name(check_logger(L, "tostring")));
    return 1;
}

static int unknown_field(lua_State *L, const char *key)
{
    struct suggest s;
    char near[64];
    suggest_init(&s, str_from(key));
    suggest_add(&s, STR("name"));
    suggest_add(&s, STR("level"));
    for (const luaL_Reg *m = logger_methods; m->name; m++)
        suggest_add(&s, str_from(m->name));
    return exception_raise(L, "AttributeError", "a logger has no field '%s'%s", key,
                           suggest_text(&s, near, sizeof near));
}

/* What is not in the table of methods: the level, which may change. Upvalue: the logger */
static int logger_index(lua_State *L)
{
    const struct lua_logger *l = lua_touserdata(L, lua_upvalueindex(1));
    const char *key = luaL_tolstring(L, 2, NULL);
    if (strcmp(key, "level") != 0)
        return unknown_field(L, key);
    lua_pushinteger(L, logger_level(l->logger));
    return 1;
}

static int logger_newindex(lua_State *L)
{
    const char *key = luaL_tolstring(L, 2, NULL);
    bool level = strcmp(key, "level") == 0;
    return exception_raise(L, "AttributeError", "field '%s' of a logger is read-only%s", key,
                           level ? "; logger:set_level(…) changes it" : "");
}

/* [-0, +1] */
static void push_logger(lua_State *L, struct logger *logger)
{
    struct lua_logger *l = lua_newuserdatauv(L, sizeof *l, 0);
    *l = (struct lua_logger){&logger_mark, logger};
    lua_createtable(L, 0, 5); /* the metatable */
    lua_pushcfunction(L, logger_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, logger_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "perilune.log.Logger");
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__name");
    lua_setfield(L, -2, "__metatable");
    luaL_newlib(L, logger_methods);
    lua_pushstring(L, logger_name(logger));
    lua_setfield(L, -2, "name");
    lua_createtable(L, 0, 1); /* of the table of methods */
    lua_pushvalue(L, -4);
    lua_pushcclosure(L, logger_index, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* get(name) -> logger; one object for a name (upvalue 1) */
static int log_l_get(lua_State *L)
{
    size_t n = 0;
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_pushliteral(L, "");
    }
    const char *name = luaL_checklstring(L, 1, &n);
    if (strlen(name) != n || n > 200)
        return exception_raise(L, "ValueError",
                               "a logger's name has up to 200 characters and no NUL");
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) {
        push_logger(L, logging_logger(logging_of(L), str_make(name, n)));
        lua_pushvalue(L, 1);
        lua_pushvalue(L, -2);
        lua_rawset(L, lua_upvalueindex(1));
    }
    return 1;
}

/* level(value) -> number */
static int log_l_level(lua_State *L)
{
    lua_pushinteger(L, check_level(L, 1));
    return 1;
}

/* ---- configuration: tables as perilune.log prepares them ---- */

static struct str str_field(lua_State *L, const char *name)
{
    struct str s = STR_NULL;
    if (lua_getfield(L, -1, name) == LUA_TSTRING)
        s = stack_str(L, -1); /* the table keeps it alive */
    lua_pop(L, 1);
    return s;
}

static lua_Integer int_field(lua_State *L, const char *name, lua_Integer fallback)
{
    lua_getfield(L, -1, name);
    lua_Integer n = luaL_optinteger(L, -1, fallback);
    lua_pop(L, 1);
    return n;
}

static bool bool_field(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    bool yes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
}

struct builder { /* a userdata: freed with it, unless it was put in force */
    struct log_config *config;
};

static int builder_gc(lua_State *L)
{
    struct builder *b = lua_touserdata(L, 1);
    log_config_free(b->config);
    b->config = NULL;
    return 0;
}

static struct log_config *push_builder(lua_State *L)
{
    struct builder *b = lua_newuserdatauv(L, sizeof *b, 0);
    b->config = NULL;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, builder_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return b->config = log_config_new();
}

static int wrong(lua_State *L, const char *what, struct err *err)
{
    struct str name = str_field(L, "name");
    err_prefix(err, "%s '%.*s'", what, STR_ARG(name));
    err->code = ERR_CONFIG;
    return exception_raise_err(L, err);
}

static void add_formatter(lua_State *L, struct log_config *c)
{
    struct err err;
    struct log_format_options o = {.style = (enum log_style)int_field(L, "style", LOG_STYLE_BRACE),
                                   .format = str_field(L, "format"),
                                   .datefmt = str_field(L, "datefmt"),
                                   .multiline = bool_field(L, "multiline")};
    if (log_config_formatter(c, &o, &err) < 0)
        wrong(L, "formatter", &err);
}

static void add_handler(lua_State *L, struct log_config *c)
{
    struct err err;
    struct log_handler_options o = {
        .output = (enum log_output)int_field(L, "output", LOG_TO_STDERR),
        .name = str_field(L, "name"),
        .level = (int)int_field(L, "level", 0),
        .formatter = (int)int_field(L, "formatter", 0) - 1,
        .multiline = bool_field(L, "multiline"),
        .path = str_field(L, "path").p,
        .max_bytes = (uint64_t)int_field(L, "max_bytes", 0),
        .backups = (unsigned)int_field(L, "backups", 0),
        .capacity = (size_t)int_field(L, "capacity", 0),
    };
    if (log_config_handler(c, &o, &err) < 0)
        wrong(L, "handler", &err);
}

static void add_logger(lua_State *L, struct log_config *c)
{
    int handlers[64];
    struct logger_options o = {.name = str_field(L, "name"),
                               .level = (int)int_field(L, "level", 0),
                               .propagate = bool_field(L, "propagate"),
                               .disabled = bool_field(L, "disabled"),
                               .handlers = handlers};
    lua_getfield(L, -1, "handlers");
    for (lua_Integer i = 1; i <= 64 && lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
        handlers[o.nhandlers++] = (int)lua_tointeger(L, -1) - 1;
        lua_pop(L, 1);
    }
    log_config_logger(c, &o);
}

static void each(lua_State *L, struct log_config *c, const char *list,
                 void (*add)(lua_State *L, struct log_config *c))
{
    lua_getfield(L, 1, list);
    int at = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, at, i) == LUA_TTABLE; i++) {
        add(L, c);
        lua_settop(L, at);
    }
    lua_settop(L, at - 1);
}

/* configure{ formatters = { … }, handlers = { … }, loggers = { … } }; handlers name their
 * formatter, loggers their handlers, by number in these lists */
static int log_l_configure(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct log_config *c = push_builder(L);
    struct builder *b = lua_touserdata(L, 2);
    each(L, c, "formatters", add_formatter);
    each(L, c, "handlers", add_handler);
    each(L, c, "loggers", add_logger);
    b->config = NULL;
    logging_apply(logging_of(L), c);
    return 0;
}

/* ---- records kept ---- */

static void set_str(lua_State *L, const char *key, struct str s)
{
    if (!s.n)
        return;
    lua_pushlstring(L, s.p, s.n);
    lua_setfield(L, -2, key);
}

static void push_record(lua_State *L, const struct log_record *r)
{
    lua_createtable(L, 0, 8);
    lua_pushinteger(L, (lua_Integer)r->level);
    lua_setfield(L, -2, "levelno");
    lua_pushstring(L, log_level_name(r->level));
    lua_setfield(L, -2, "level");
    lua_pushnumber(L, (lua_Number)r->time / (lua_Number)CLOCK_SECOND);
    lua_setfield(L, -2, "time");
    lua_pushlstring(L, r->text.p, r->text.n);
    lua_setfield(L, -2, "message");
    set_str(L, "name", str_from(r->name));
    set_str(L, "traceback", r->trace);
    set_str(L, "file", r->file);
    set_str(L, "request_id", r->request_id);
    lua_pushinteger(L, r->line);
    lua_setfield(L, -2, "line");
}

static struct str handler_arg(lua_State *L)
{
    size_t n;
    const char *p = luaL_optlstring(L, 1, "memory", &n);
    return str_make(p, n);
}

/* (light string of the handler's name) -> list */
static int list_records(lua_State *L)
{
    const struct str *name = lua_touserdata(L, 1);
    const struct log_record *r;
    lua_newtable(L);
    for (size_t i = 0; (r = logging_kept(logging_of(L), *name, i)) != NULL; i++) {
        push_record(L, r);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* records(handler) -> list, oldest first. Meanwhile no finalizer may log: the handler
 * would throw a record away while it is copied. */
static int log_l_records(lua_State *L)
{
    struct str name = handler_arg(L);
    lua_pushcfunction(L, list_records);
    lua_pushlightuserdata(L, &name);
    lua_gc(L, LUA_GCSTOP);
    int status = lua_pcall(L, 1, 1, 0);
    lua_gc(L, LUA_GCRESTART);
    return status == LUA_OK ? 1 : lua_error(L);
}

static int log_l_clear(lua_State *L)
{
    struct str name = handler_arg(L);
    if (logging_forget(logging_of(L), name) != 0)
        return exception_raise(L, "ValueError",
                               "settings.logging has no handler '%.*s' of class \"memory\"",
                               STR_ARG(name));
    return 0;
}

int luaopen_perilune__log(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"configure", log_l_configure}, {"level", log_l_level}, {"records", log_l_records},
        {"clear", log_l_clear},         {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_newtable(L);
    lua_pushcclosure(L, log_l_get, 1);
    lua_setfield(L, -2, "get");
    return 1;
}
