/* SPDX-License-Identifier: MIT */
/* Making responses: Response(content, options) and its kin. */
#include "bindings/http/response_impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/option.h"
#include "bindings/value/text_value.h"

#include "base/banned.h"

/* ---- options ---- */

enum {
    OPT_STATUS,
    OPT_CONTENT_TYPE,
    OPT_HEADERS,
    OPT_REASON,
    OPT_CHARSET,
    OPT_SAFE,
    OPT_INDENT,
    OPT_SORT_KEYS,
    OPT_ENSURE_ASCII,
    OPT_SEPARATORS,
};
/* In the order of the numbers; the second list is the first without what JSON alone has. */
static const char *const json_names[] = {"status",       "content_type", "headers", "reason",
                                         "charset",      "safe",         "indent",  "sort_keys",
                                         "ensure_ascii", "separators",   NULL};
static const char *const plain_names[] = {"status", "content_type", "headers",
                                          "reason", "charset",      NULL};

/* A short string on top of the stack, copied: the value that is encoded may run code that
 * changes the options. */
static const char *short_text(lua_State *L, char space[OPTION_TEXT])
{
    size_t n = 0;
    const char *p = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    if (!p || n >= OPTION_TEXT || strlen(p) != n)
        exception_raise(L, "TypeError",
                        "option 'separators' is a list of two strings of up to %d bytes",
                        OPTION_TEXT - 1);
    memcpy(space, p, n + 1);
    return space;
}

static void read_separators(lua_State *L, struct response_options *o)
{
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
    } else {
        lua_pushnil(L);
        lua_pushnil(L);
    }
    o->json.key = short_text(L, o->key);
    lua_pop(L, 1);
    o->json.item = short_text(L, o->item);
    o->spaced = true;
    lua_pop(L, 1);
}

static void read_indent(lua_State *L, struct response_options *o)
{
    int is_integer;
    lua_Integer n = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || n < 0 || n > 16)
        exception_raise(L, "TypeError", "option 'indent' is a number of spaces up to 16");
    o->json.indent = (int)n;
}

static void read_option(lua_State *L, int which, struct response_options *o)
{
    switch (which) {
    case OPT_STATUS:
        o->status = response_check_status(L, -1);
        break;
    case OPT_CONTENT_TYPE:
        o->content_type = option_str(L, "content_type");
        break;
    case OPT_HEADERS:
        if (!lua_istable(L, -1))
            exception_raise(L, "TypeError", "option 'headers' is a table, not a %s",
                            luaL_typename(L, -1));
        o->headers = 1;
        break;
    case OPT_REASON:
        o->reason = option_str(L, "reason");
        break;
    case OPT_CHARSET:
        o->charset = option_str(L, "charset");
        break;
    case OPT_SAFE:
        o->safe = lua_toboolean(L, -1);
        break;
    case OPT_INDENT:
        read_indent(L, o);
        break;
    case OPT_SORT_KEYS:
        o->json.sort_keys = lua_toboolean(L, -1);
        break;
    case OPT_ENSURE_ASCII:
        o->json.ascii = lua_toboolean(L, -1);
        break;
    default:
        read_separators(L, o);
        break;
    }
}

void response_read_options(lua_State *L, int idx, const char *what, bool json,
                           struct response_options *o)
{
    int which;
    if (!option_table(L, idx, what))
        return;
    lua_pushnil(L);
    while ((which = option_next(L, idx, json ? json_names : plain_names, what)) >= 0) {
        read_option(L, which, o);
        lua_pop(L, 1);
    }
    if (json && o->json.indent >= 0 && !o->spaced)
        o->json.key = ": ";
    if (o->headers) {
        lua_pushliteral(L, "headers");
        lua_rawget(L, idx);
        o->headers = lua_gettop(L);
    }
}

/* ---- header fields ---- */

static void set_header_table(lua_State *L, struct response *r, int idx, bool typed)
{
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            exception_raise(L, "TypeError", "the headers of a response are { name = value }");
        struct str name, value = text_value(L, -1, "the value of a header field");
        name.p = lua_tolstring(L, -2, &name.n);
        if (typed && str_ieq(name, STR("content-type")))
            exception_raise(L, "ValueError",
                            "'headers' must not contain 'Content-Type' when the option "
                            "'content_type' is given");
        response_set_header(L, r, name, value);
        lua_pop(L, 1);
    }
}

static void put_type(lua_State *L, struct response *r, const struct response_options *o,
                     struct str type)
{
    if (o->content_type.p) {
        if (!header_value_valid(o->content_type))
            exception_raise(L, "BadHeaderError",
                            "the value of header field 'Content-Type' holds a line end");
        type = arena_str(&r->arena, o->content_type);
    } else if (o->charset.p && str_starts(type, STR("text/"))) {
        if (!header_name_valid(o->charset))
            exception_raise(L, "ValueError", "option 'charset' is no name of a charset");
        type = str_head(type, str_index(type, ';'));
        type = str_from(
            arena_printf(&r->arena, "%.*s; charset=%.*s", STR_ARG(type), STR_ARG(o->charset)));
    }
    if (type.n)
        headers_put(&r->headers, STR("Content-Type"), type);
}

void response_apply_options(lua_State *L, struct response *r, const struct response_options *o,
                            struct str type)
{
    put_type(L, r, o, type);
    if (o->reason.p)
        response_set_reason(L, r, o->reason);
    if (o->headers)
        set_header_table(L, r, o->headers, o->content_type.p != NULL);
}

/* ---- functions ---- */

/* The content, an argument, as text; it comes first, since it may run the author's code. */
static struct str read_content(lua_State *L, int arg)
{
    return lua_isnoneornil(L, arg) ? STR("") : text_value(L, arg, "the content of a response");
}

/* A response of content and the options at idx, on top of the stack. */
static struct response *make(lua_State *L, struct str content, int options, int status,
                             struct str type, const char *what)
{
    struct response_options o = {.status = status};
    response_read_options(L, options, what, false, &o);
    struct response *r = response_push_new(L, o.status);
    response_apply_options(L, r, &o, type);
    if (content.n)
        response_set_body(r, content);
    return r;
}

/* Response(content, options) */
static int l_response(lua_State *L)
{
    lua_settop(L, 2);
    make(L, read_content(L, 1), 2, 200, RESPONSE_HTML, "Response");
    return 1;
}

/* The same with another status. */
static int with_status(lua_State *L, int status, const char *what)
{
    lua_settop(L, 2);
    make(L, read_content(L, 1), 2, status, RESPONSE_HTML, what);
    return 1;
}

static int l_bad_request(lua_State *L)
{
    return with_status(L, 400, "BadRequest");
}

static int l_forbidden(lua_State *L)
{
    return with_status(L, 403, "Forbidden");
}

static int l_not_found(lua_State *L)
{
    return with_status(L, 404, "NotFound");
}

static int l_gone(lua_State *L)
{
    return with_status(L, 410, "Gone");
}

static int l_server_error(lua_State *L)
{
    return with_status(L, 500, "ServerError");
}

/* NotModified(options): neither a body nor a type */
static int l_not_modified(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING)
        return exception_raise(L, "TypeError", "NotModified has no content; it takes options");
    make(L, STR(""), 1, 304, STR(""), "NotModified");
    return 1;
}

/* { "GET", "POST" } as "GET, POST". */
static void push_methods(lua_State *L, int list)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (lua_Integer i = 1;; i++) {
        int type = lua_rawgeti(L, list, i);
        if (type == LUA_TNIL)
            break;
        if (type != LUA_TSTRING)
            exception_raise(L, "TypeError", "method %d of NotAllowed is a %s, not a string", (int)i,
                            luaL_typename(L, -1));
        lua_pushstring(L, i > 1 ? ", " : "");
        lua_insert(L, -2);
        lua_concat(L, 2);
        luaL_addvalue(&b);
    }
    lua_pop(L, 1);
    luaL_pushresult(&b);
}

/* NotAllowed(methods, content, options) */
static int l_not_allowed(lua_State *L)
{
    lua_settop(L, 3);
    if (!lua_istable(L, 1))
        return exception_raise(
            L, "TypeError", "NotAllowed takes the list of the methods that are allowed, not a %s",
            luaL_typename(L, 1));
    push_methods(L, 1);
    lua_replace(L, 1);
    struct response *r = make(L, read_content(L, 2), 3, 405, RESPONSE_HTML, "NotAllowed");
    struct str allow;
    allow.p = lua_tolstring(L, 1, &allow.n);
    response_set_header(L, r, STR("Allow"), allow);
    return 1;
}

const luaL_Reg response_makers[] = {
    {"Response", l_response},
    {"JsonResponse", response_l_json},
    {"BadRequest", l_bad_request},
    {"Forbidden", l_forbidden},
    {"Gone", l_gone},
    {"NotAllowed", l_not_allowed},
    {"NotFound", l_not_found},
    {"NotModified", l_not_modified},
    {"ServerError", l_server_error},
    {"stream", response_l_stream},
    {NULL, NULL},
};
