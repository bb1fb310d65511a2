/* SPDX-License-Identifier: MIT */
/* perilune.http.Response: the object holds one reference of the C response, so that a
 * response may be kept as long as one likes. */
#include "bindings/http/response.h"

#include "bindings/http/pipeline.h"
#include "bindings/http/request.h"
#include "bindings/http/response_impl.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/keep.h"
#include "bindings/value/safestring.h"
#include "bindings/value/text_value.h"

#include "base/banned.h"
#include "http/header_params.h"

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

struct response *response_push_new(lua_State *L, int status)
{
    struct handle *h = class_push_with(L, &response_class, lua_upvalueindex(1), NULL);
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

static int push_str(lua_State *L, struct str s)
{
    if (s.p)
        lua_pushlstring(L, s.p, s.n);
    else
        lua_pushnil(L);
    return 1;
}

static int get_status(lua_State *L, void *self)
{
    lua_pushinteger(L, ((struct response *)self)->status);
    return 1;
}

int response_check_status(lua_State *L, int arg)
{
    int is_integer;
    lua_Integer status = lua_tointegerx(L, arg, &is_integer);
    if (!is_integer || lua_type(L, arg) != LUA_TNUMBER)
        exception_raise(L, "TypeError", "HTTP status code must be an integer, not a %s",
                        luaL_typename(L, arg));
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
    return push_str(L, r->reason.p ? r->reason : str_from(http_reason(r->status)));
}

void response_set_reason(lua_State *L, struct response *r, struct str text)
{
    if (!header_value_valid(text))
        exception_raise(L, "BadHeaderError", "a reason phrase cannot hold line ends");
    r->reason = arena_str(&r->arena, text);
}

static int set_reason(lua_State *L, void *self)
{
    response_set_reason(L, self, text_value(L, 3, "a reason phrase"));
    return 0;
}

static int get_content(lua_State *L, void *self)
{
    struct response *r = self;
    if (r->render)
        return exception_raise(L, "ContentNotRenderedError",
                               "The response content must be rendered before it can be accessed.");
    if (r->kind != RESPONSE_BYTES)
        return exception_raise(L, "AttributeError",
                               "a streaming response has no content; it is sent piece by piece "
                               "(streaming_content)");
    return push_str(L, r->bytes);
}

static int set_content(lua_State *L, void *self)
{
    struct response *r = self;
    if (r->kind != RESPONSE_BYTES)
        return exception_raise(L, "AttributeError",
                               "a streaming response has no content; set streaming_content");
    response_set_body(r, lua_isnil(L, 3) ? STR("") : text_value(L, 3, "the content of a response"));
    r->render = NULL; /* that is its content now */
    return 0;
}

static int get_rendered(lua_State *L, void *self)
{
    lua_pushboolean(L, !((struct response *)self)->render);
    return 1;
}

static int get_streaming(lua_State *L, void *self)
{
    lua_pushboolean(L, ((struct response *)self)->kind != RESPONSE_BYTES);
    return 1;
}

static struct str header_of(void *self, struct str name)
{
    return headers_get(&((struct response *)self)->headers, name);
}

static int get_content_type(lua_State *L, void *self)
{
    return push_str(L, header_of(self, STR("Content-Type")));
}

void response_set_header(lua_State *L, struct response *r, struct str name, struct str value)
{
    struct err err;
    if (headers_set(&r->headers, name, value, &err) != 0)
        exception_raise(L, "BadHeaderError", "%s", err.msg);
}

static int set_content_type(lua_State *L, void *self)
{
    response_set_header(L, self, STR("Content-Type"), text_value(L, 3, "content_type"));
    return 0;
}

/* The charset that Content-Type names, or "utf-8". */
static int get_charset(lua_State *L, void *self)
{
    struct response *r = self;
    struct str type = header_of(r, STR("Content-Type")), charset;
    struct header_params h;
    struct err err;
    if (!type.p || header_params_parse(&h, &r->arena, type, 0, &err) != 0)
        return push_str(L, STR("utf-8"));
    charset = header_params_get(&h, STR("charset"));
    return push_str(L, charset.n ? charset : STR("utf-8"));
}

/* Where a redirect leads to; nil for other responses. */
static int get_url(lua_State *L, void *self)
{
    return push_str(L, header_of(self, STR("Location")));
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
    {"is_rendered", get_rendered, NULL},
    {"streaming", get_streaming, NULL},
    {"streaming_content", response_get_stream, response_set_stream_content},
    {"content_type", get_content_type, set_content_type},
    {"charset", get_charset, NULL},
    {"headers", response_get_headers, NULL},
    {"cookies", response_get_cookies, NULL},
    {"url", get_url, NULL},
    {"csrf_exempt", get_exempt, set_exempt},
    {"xframe_options_exempt", get_xframe_exempt, set_xframe_exempt},
    {NULL, NULL, NULL},
};

/* <Response status_code=200, "text/html; charset=utf-8"> */
static int to_string(lua_State *L)
{
    struct response *r = response_check(L, 1);
    struct str type = header_of(r, STR("Content-Type"));
    if (type.n)
        lua_pushfstring(L, "<Response status_code=%d, \"%s\">", r->status, type.p);
    else
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

/* ---- from what a view gives ---- */

/* The object stays in hand for a Lua layer further out. */
static void keep_in_hand(lua_State *L, int idx, struct request *r, const struct response *response)
{
    if (!r || (!r->script && !response->render)) /* what it has to be rendered is the object's */
        return;
    request_push(L, r);
    lua_pushvalue(L, idx);
    lua_setiuservalue(L, -2, REQUEST_RESPONSE);
    lua_pop(L, 1);
}

static struct response *from_html(struct str text)
{
    struct response *response = response_new(200);
    headers_put(&response->headers, STR("Content-Type"), RESPONSE_HTML);
    response_set_body(response, text);
    return response;
}

/* Of a safe string, as format_html makes it, or NULL. */
static struct response *from_safe(lua_State *L, int idx)
{
    struct str html = safestring_test(L, idx);
    return html.p ? from_html(html) : NULL;
}

static struct response *take_object(lua_State *L, int idx, struct request *r)
{
    struct response *response = class_test(L, idx, &response_class);
    if (!response)
        return from_safe(L, idx);
    keep_in_hand(L, idx, r, response);
    keep_weigh(L, response->bytes.n);
    response_ref(response);
    return response;
}

struct response *response_from_value(lua_State *L, int idx, struct request *r, const char *who)
{
    struct response *response = NULL;
    struct str html;
    idx = lua_absindex(L, idx);
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
        return NULL;
    case LUA_TBOOLEAN:
        if (!lua_toboolean(L, idx))
            return NULL;
        break;
    case LUA_TSTRING:
        html.p = lua_tolstring(L, idx, &html.n);
        return from_html(html);
    case LUA_TTABLE:
        return response_from_table(L, idx);
    case LUA_TUSERDATA:
        response = take_object(L, idx, r);
        break;
    default:
        break;
    }
    if (!response)
        exception_raise(L, "TypeError",
                        "%s gave a %s; a response, a string (HTML) or a table (JSON) is wanted",
                        who, luaL_typename(L, idx));
    return response;
}

/* from_value(value, who) -> the response that the value of a view stands for, or nil */
static int response_l_from_value(lua_State *L)
{
    const char *who = luaL_optstring(L, 2, "the view");
    lua_settop(L, 2);
    if (class_test(L, 1, &response_class)) {
        lua_settop(L, 1);
        return 1;
    }
    struct response *response = response_from_value(L, 1, NULL, who);
    if (!response)
        return 0;
    response_push(L, NULL, response);
    response_unref(response);
    return 1;
}

/* defer(response): its content is what perilune.template.response renders, after the
 * process_template_response hooks */
static int response_l_defer(lua_State *L)
{
    struct response *r = response_check(L, 1);
    r->render = lua_render_response;
    r->render_data = host_of(L);
    return 0;
}

int luaopen_perilune__response(lua_State *L)
{
    class_register(L, &response_class);
    response_headers_register(L);
    response_cookies_register(L);
    response_json_open(L);
    lua_newtable(L);
    class_push_metatable(L, &response_class);
    luaL_setfuncs(L, response_makers, 1);
    lua_pushcfunction(L, response_l_from_value);
    lua_setfield(L, -2, "from_value");
    lua_pushcfunction(L, response_l_defer);
    lua_setfield(L, -2, "defer");
    return 1;
}
