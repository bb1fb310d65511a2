/* SPDX-License-Identifier: MIT */
/* perilune.http.Response: the object holds one reference of the C response, so that a
 * response may be kept as long as one likes. */
#include "response.h"

#include "class.h"
#include "error.h"
#include "keep.h"
#include "request.h"
#include "response_impl.h"

#include "base/banned.h"

const struct class response_class;

struct response *response_check(lua_State *L, int arg)
{
    return class_check(L, arg, &response_class);
}

/* The handle is gone, and with it the reference that it had. */
static void drop(void *object)
{
    struct response *r = object;
    r->script = NULL;
    response_unref(r);
}

static struct response *push_new(lua_State *L, int status)
{
    struct handle *h = class_push(L, &response_class, NULL);
    struct keep_slot *slot = keep_reserve(L);
    struct response *r = response_new(status);
    *slot = (struct keep_slot){.object = r, .drop = drop};
    h->object = r;
    r->script = h;
    return r;
}

void response_push(lua_State *L, struct request *r, struct response *response)
{
    struct keep_slot *slot;
    struct handle *h;
    if (r && r->script && response->script) {
        request_push(L, r);
        if (lua_getiuservalue(L, -1, REQUEST_RESPONSE) == LUA_TUSERDATA &&
            ((struct handle *)lua_touserdata(L, -1))->object == response) {
            lua_remove(L, -2);
            return;
        }
        lua_pop(L, 2);
    }
    h = class_push(L, &response_class, NULL);
    slot = keep_reserve(L);
    response_ref(response);
    *slot = (struct keep_slot){.object = response, .drop = drop};
    h->object = response;
    response->script = h;
}

/* ---- fields ---- */

static struct str check_str(lua_State *L, int arg)
{
    size_t n;
    const char *p = luaL_checklstring(L, arg, &n);
    return str_make(p, n);
}

static int get_status(lua_State *L, void *self)
{
    lua_pushinteger(L, ((struct response *)self)->status);
    return 1;
}

int response_check_status(lua_State *L, int arg)
{
    lua_Integer status = luaL_checkinteger(L, arg);
    if (status < 100 || status > 599)
        exception_raise(L, "ValueError",
                        "HTTP status code must be an integer from 100 to 599, not %lld",
                        (long long)status);
    return (int)status;
}

static int set_status(lua_State *L, void *self)
{
    ((struct response *)self)->status = response_check_status(L, 3);
    return 0;
}

static int get_reason(lua_State *L, void *self)
{
    struct response *r = self;
    if (r->reason.p)
        lua_pushlstring(L, r->reason.p, r->reason.n);
    else
        lua_pushstring(L, http_reason(r->status));
    return 1;
}

static int set_reason(lua_State *L, void *self)
{
    struct response *r = self;
    struct str text = check_str(L, 3);
    if (!header_value_valid(text))
        return exception_raise(L, "BadHeaderError", "a reason phrase cannot hold line ends");
    r->reason = arena_str(&r->arena, text);
    return 0;
}

static int get_content(lua_State *L, void *self)
{
    struct response *r = self;
    if (r->kind != RESPONSE_BYTES)
        return exception_raise(L, "AttributeError",
                               "a streaming response has no content; it is sent piece by piece");
    lua_pushlstring(L, r->bytes.p, r->bytes.n);
    return 1;
}

static int set_content(lua_State *L, void *self)
{
    size_t n;
    const char *p = luaL_tolstring(L, 3, &n);
    response_set_body(self, str_make(p, n));
    return 0;
}

static int get_streaming(lua_State *L, void *self)
{
    lua_pushboolean(L, ((struct response *)self)->kind != RESPONSE_BYTES);
    return 1;
}

static int get_content_type(lua_State *L, void *self)
{
    struct str v = headers_get(&((struct response *)self)->headers, STR("content-type"));
    if (!v.p)
        return 0;
    lua_pushlstring(L, v.p, v.n);
    return 1;
}

void response_set_header(lua_State *L, struct response *r, struct str name, struct str value)
{
    struct err err;
    if (headers_set(&r->headers, name, value, &err) != 0)
        exception_raise(L, "BadHeaderError", "%s", err.msg);
}

static int set_content_type(lua_State *L, void *self)
{
    response_set_header(L, self, STR("Content-Type"), check_str(L, 3));
    return 0;
}

static int get_exempt(lua_State *L, void *self)
{
    lua_pushboolean(L, ((struct response *)self)->csrf_exempt);
    return 1;
}

static int set_exempt(lua_State *L, void *self)
{
    ((struct response *)self)->csrf_exempt = lua_toboolean(L, 3);
    return 0;
}

static int get_xframe_exempt(lua_State *L, void *self)
{
    lua_pushboolean(L, ((struct response *)self)->xframe_exempt);
    return 1;
}

static int set_xframe_exempt(lua_State *L, void *self)
{
    ((struct response *)self)->xframe_exempt = lua_toboolean(L, 3);
    return 0;
}

static const struct class_field fields[] = {
    {"status_code", get_status, set_status},
    {"reason_phrase", get_reason, set_reason},
    {"content", get_content, set_content},
    {"streaming", get_streaming, NULL},
    {"content_type", get_content_type, set_content_type},
    {"headers", response_get_headers, NULL},
    {"csrf_exempt", get_exempt, set_exempt},
    {"xframe_options_exempt", get_xframe_exempt, set_xframe_exempt},
    {NULL, NULL, NULL},
};

static int to_string(lua_State *L)
{
    struct response *r = response_check(L, 1);
    lua_pushfstring(L, "<Response status_code=%d>", r->status);
    return 1;
}

const struct class response_class = {
    .name = "perilune.http.Response",
    .fields = fields,
    .methods = response_methods,
    .metamethods = (const luaL_Reg[]){{"__tostring", to_string}, {NULL, NULL}},
    .attachable = true,
    .user_values = RESPONSE_VALUES,
};

/* ---- making ---- */

static const char *const option_names[] = {"status", "content_type", "headers",
                                           "reason", "charset",      NULL};

static void check_options(lua_State *L, int options)
{
    lua_pushnil(L);
    while (lua_next(L, options)) {
        lua_pop(L, 1);
        const char *key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
        for (const char *const *n = option_names; key && *n; n++)
            if (strcmp(key, *n) == 0)
                key = NULL;
        if (key)
            exception_raise(L, "TypeError",
                            "Response has no option '%s'; there are status, content_type, headers, "
                            "reason, charset",
                            key);
        if (lua_type(L, -1) != LUA_TSTRING)
            exception_raise(L, "TypeError", "the options of Response are { name = value }");
    }
}

static void set_header_table(lua_State *L, struct response *r, int idx)
{
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        lua_pushvalue(L, -2); /* tolstring must not change the key in place */
        struct str name = check_str(L, -1);
        size_t n;
        const char *p = luaL_tolstring(L, -2, &n);
        response_set_header(L, r, name, str_make(p, n));
        lua_pop(L, 3);
    }
}

static void apply_options(lua_State *L, struct response *r, int options)
{
    bool typed = false;
    if (!lua_isnoneornil(L, options)) {
        luaL_checktype(L, options, LUA_TTABLE);
        check_options(L, options);
        if (lua_getfield(L, options, "status") != LUA_TNIL)
            r->status = response_check_status(L, -1);
        if (lua_getfield(L, options, "reason") != LUA_TNIL)
            r->reason = arena_str(&r->arena, check_str(L, -1));
        if (lua_getfield(L, options, "headers") != LUA_TNIL)
            set_header_table(L, r, lua_gettop(L));
        if (lua_getfield(L, options, "content_type") != LUA_TNIL) {
            response_set_header(L, r, STR("Content-Type"), check_str(L, -1));
            typed = true;
        }
        lua_pop(L, 4);
    }
    if (!typed && !headers_has(&r->headers, STR("content-type")))
        headers_put(&r->headers, STR("Content-Type"), STR("text/html; charset=utf-8"));
}

/* Response(content, options) */
static int response_l_new(lua_State *L)
{
    struct response *r;
    lua_settop(L, 2);
    r = push_new(L, 200);
    apply_options(L, r, 2);
    if (!lua_isnil(L, 1)) {
        size_t n;
        const char *p = luaL_tolstring(L, 1, &n);
        response_set_body(r, str_make(p, n));
        lua_pop(L, 1);
    }
    return 1;
}

struct response *response_from_value(lua_State *L, int idx, struct request *r, const char *who)
{
    struct response *response;
    idx = lua_absindex(L, idx);
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
        return NULL;
    case LUA_TBOOLEAN:
        if (!lua_toboolean(L, idx))
            return NULL;
        break;
    case LUA_TSTRING: {
        size_t n;
        const char *p = lua_tolstring(L, idx, &n);
        response = response_new(200);
        headers_put(&response->headers, STR("Content-Type"), STR("text/html; charset=utf-8"));
        response_set_body(response, str_make(p, n));
        return response;
    }
    case LUA_TTABLE:
        return response_from_table(L, idx);
    case LUA_TUSERDATA:
        response = class_test(L, idx, &response_class);
        if (!response)
            break;
        if (r && r->script) { /* the object stays in hand for a Lua layer further out */
            request_push(L, r);
            lua_pushvalue(L, idx);
            lua_setiuservalue(L, -2, REQUEST_RESPONSE);
            lua_pop(L, 1);
        }
        response_ref(response);
        return response;
    default:
        break;
    }
    exception_raise(L, "TypeError",
                    "%s gave a %s; a response, a string (HTML) or a table (JSON) is wanted", who,
                    luaL_typename(L, idx));
    return NULL;
}

int luaopen_perilune__response(lua_State *L)
{
    class_register(L, &response_class);
    response_headers_register(L);
    lua_newtable(L);
    lua_pushcfunction(L, response_l_new);
    lua_setfield(L, -2, "Response");
    lua_pushcfunction(L, response_l_stream);
    lua_setfield(L, -2, "stream");
    return 1;
}
